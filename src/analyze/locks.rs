//! Locks on a line that somebody asks about: operations that the search knows of, and follows where that is worth it.
//!
//! In: a package, every byte of it read. Out: where such operations stand. Nothing is decided about them: a lock is
//! always free, as `docs/architecture.md` says under "What is silent".

use super::search::Unit;
use crate::flow;
use crate::flow::ir::{Callee, Op, Pc};
use crate::library::{Effect, Fact};
use crate::resolve::Package;
use crate::source::Place;
use std::collections::BTreeSet;

/// What an operation is called, and the methods that are meant.
const KINDS: [(&str, &[&str]); 2] = [
    (
        "lock",
        &[
            "sync.(Mutex).Lock",
            "sync.(RWMutex).Lock",
            "sync.(RWMutex).RLock",
            "sync.(Locker).Lock",
        ],
    ),
    (
        "unlock",
        &[
            "sync.(Mutex).Unlock",
            "sync.(RWMutex).Unlock",
            "sync.(RWMutex).RUnlock",
            "sync.(Locker).Unlock",
        ],
    ),
];

/// The operations of a package on locks, with what they are called.
pub(super) fn operations(package: Unit<'_>) -> Vec<(Place, &'static str)> {
    let known = waits(package, &[]);
    let mut operations = Vec::new();
    for (name, methods) in KINDS {
        let found = waits(package, methods);
        operations.extend(found.difference(&known).map(|at| (*at, name)));
    }
    operations
}

/// Where somebody waits for a group, if these methods wait for one as well: the types of receivers are known to who
/// lowers a function and to nobody later.
fn waits(package: Unit<'_>, methods: &[&str]) -> BTreeSet<Place> {
    let facts = methods.iter().map(|name| Fact {
        name: (*name).to_owned(),
        effect: Effect::WaitWait,
        argument: 0,
        returns: None,
    });
    let library = package.options.library.with(facts);
    let mut tables = Package::new(package.files());
    let program = flow::lower(&mut tables, &library, package.dir.go);
    let mut places = BTreeSet::new();
    for body in &program.bodies {
        for (pc, op) in body.code.iter().enumerate() {
            let (Op::Call(call) | Op::Defer(call) | Op::Go(call)) = op else {
                continue;
            };
            if matches!(call.callee, Callee::Library(Effect::WaitWait, _)) {
                places.insert(body.place(pc as Pc));
            }
        }
    }
    places
}
