//! Which functions a process runs once at most, on its way from the command line to its end.
//!
//! In: the skeletons of a package. Out: [`Commands`], by which a leak is told from what a command leaves to the end of its
//! process. Deliberately absent: `main` itself, where the shortest of examples are written as well.

use super::callers::{Call, Uses};
use crate::flow::Program;
use crate::flow::ir::{Body, BodyId, Op, Var};
use crate::leak::{Confidence, Leak};
use crate::library::Library;
use crate::resolve::Ty;
use crate::source::FileId;
use rustc_hash::FxHashSet;

/// The functions that run once at most.
pub(super) struct Commands(FxHashSet<BodyId>);

impl Commands {
    /// Those that a library for command lines runs (`[[command]]` in `rules/library.toml`), and those that only they call,
    /// outside loops; `is_main` says whether nobody else can call what is exported.
    pub(super) fn of(
        program: &Program,
        library: &Library,
        is_main: bool,
        in_test: &dyn Fn(FileId) -> bool,
    ) -> Self {
        let bodies = program.bodies.iter().zip(0..);
        let run = bodies.filter(|(body, _)| is_command(body, library));
        let run: FxHashSet<BodyId> = run.map(|(_, id)| BodyId(id)).collect();
        if run.is_empty() {
            return Self(run);
        }
        // A test may run them as often as it likes; its process ends as well.
        let uses = Uses::of(program, &|file| !in_test(file));
        let mut once = FxHashSet::default();
        let mut next: Vec<BodyId> = run.iter().copied().collect();
        while let Some(body) = next.pop() {
            let calls = if run.contains(&body) {
                Some(uses.calls_of(body))
            } else {
                uses.known_calls(program, body, is_main)
            };
            let in_turn = |call: &Call| !call.in_loop && once.contains(&call.from);
            if calls.is_some_and(|calls| calls.iter().all(in_turn)) && once.insert(body) {
                let code = &program.bodies[body.0 as usize].code;
                next.extend(code.iter().filter_map(called));
            }
        }
        Self(once)
    }

    /// Makes a leak less sure where all that is left behind is left by a `root` that has come to its end, once in the life of
    /// a process.
    pub(super) fn judge(&self, root: BodyId, leak: &mut Leak) {
        if leak.facts.root_ended && self.0.contains(&root) {
            leak.confidence = Confidence::Low;
            let goes_on = "the process goes on after the command".to_owned();
            leak.assumptions.push(goes_on);
        }
    }
}

/// Whether a function is handed a command line, or returns what one comes to.
fn is_command(body: &Body, library: &Library) -> bool {
    let is_listed = |var: &Var| match &body.vars[*var as usize].ty {
        Ty::Ptr(to) => is_listed(to, library),
        ty => is_listed(ty, library),
    };
    // The methods of such a type are the library's own.
    let params = body.params.iter().skip(usize::from(body.method));
    body.client.is_empty() && params.chain(&body.results).any(is_listed)
}

fn is_listed(ty: &Ty, library: &Library) -> bool {
    matches!(ty, Ty::Ext(path, name) if library.is_command(path, name))
}

/// The function or literal that an operation runs.
fn called(op: &Op) -> Option<BodyId> {
    match op {
        Op::Call(call) | Op::Go(call) | Op::Defer(call) => call.body(),
        _ => None,
    }
}
