//! Which locks are worth following.
//!
//! In: the bodies of a package as they were lowered. Out: the same, with what is done to other locks gone. A lock that is
//! never held where its holder may have to wait, and never left held, is free again before anybody could notice, and most
//! locks are of that kind. A lock is told by the struct type and field it stands in, or by the variable.
//!
//! A lock is followed when it may be held
//!
//! 1. at an operation that may wait, in the same function or in one that it calls;
//! 2. where it is locked again, by itself or through calls, or where another is locked that is held elsewhere while this
//!    one is locked, or that such locks are locked behind; or
//! 3. at an end of a function that unlocks it elsewhere: one that never does so keeps it on purpose.
//!
//! What is left alone counts as free.

mod change;
mod earlier;
mod finder;
mod held;
mod mark;
mod order;
mod traits;

use super::ir::{Body, BodyId, Call, Callee, Expr, Op, Var};
use crate::library::Effect;
use crate::resolve::{Ty, TypeDef, TypeId};
use crate::syntax::ast::Name;
use change::Change;
pub(super) use earlier::Earlier;
use finder::Finder;
use mark::Marker;
use std::collections::BTreeSet;
use std::sync::Arc;
use traits::Traits;

/// The type of locks that are followed; those of others stay what they are.
pub(crate) fn lock_type() -> Ty {
    Ty::Ext(PATH, FOLLOWED)
}

const PATH: Name = Name::new_static("sync");
const FOLLOWED: Name = Name::new_static("followed lock");

/// Whether values of this type are locks that are followed.
pub(crate) fn is_lock(ty: &Ty) -> bool {
    matches!(ty, Ty::Ext(path, name) if *path == PATH && *name == FOLLOWED)
}

/// A lock, as far as names tell it from others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Lock {
    /// The field of a struct type.
    Field(TypeId, Name),
    /// A variable, in the body that declares it.
    Var(usize, Var),
    /// One that nothing here tells from others.
    Other,
}

/// What an operation does to a lock.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Lock,
    Unlock,
}

fn act_of(callee: &Callee) -> Option<Act> {
    match callee {
        Callee::Library(Effect::Lock | Effect::ReadLock | Effect::TryLock, _) => Some(Act::Lock),
        Callee::Library(Effect::Unlock | Effect::ReadUnlock, _) => Some(Act::Unlock),
        _ => None,
    }
}

/// Drops what is done to locks that are not worth following, and gives the others a type of their own; what is in `earlier`
/// is not changed again. Returns the bodies that get into trouble with a lock by themselves; nothing where no lock is
/// followed.
pub(super) fn follow_locks(
    bodies: &mut [Arc<Body>],
    types: &mut [TypeDef],
    mut earlier: Option<&mut Earlier>,
) -> Option<BTreeSet<BodyId>> {
    if !bodies.iter().any(|body| Traits::of(body).acts) {
        return None;
    }
    let found = match &mut earlier {
        Some(earlier) => earlier.find(bodies, types),
        None => Arc::new(Finder::find(bodies, types)),
    };
    let any = !found.followed.is_empty() || found.made;
    let marker = any.then(|| Marker::new(&found, bodies, types));
    let mut changed = earlier.map(|earlier| &mut earlier.changed);
    for (index, body) in bodies.iter_mut().enumerate() {
        let marked = marker.as_ref().map(|marker| marker.change(index, body));
        let change = Change {
            dropped: found.dropped.get(&index).cloned().unwrap_or_default(),
            ..marked.unwrap_or_default()
        };
        if change.is_nothing() {
            continue;
        }
        match &mut changed {
            Some(changed) => changed.apply(BodyId(index as u32), change, body),
            None => change.apply(body),
        }
    }
    any.then(|| found.troubled.clone())
}

/// The call by which an operation locks or unlocks something.
fn lock_call(op: &Op) -> Option<(&Call, Act)> {
    match op {
        Op::Call(call) | Op::Defer(call) | Op::Go(call) => Some((call, act_of(&call.callee)?)),
        _ => None,
    }
}

/// The lock that an operation makes a condition with.
fn lock_of_cond(op: &Op) -> Option<&Expr> {
    match op {
        Op::Call(call) if matches!(call.callee, Callee::Library(Effect::Cond, _)) => {
            call.args.first()
        }
        _ => None,
    }
}

/// Whether a mutex is made here, such as in `&sync.Mutex{}` and `new(sync.Mutex)`.
fn is_made_mutex(made: &Expr) -> bool {
    matches!(made, Expr::Zero(ty, _) if is_mutex(ty))
}

/// Whether a goroutine may have to wait at an operation for somebody else.
fn may_wait(op: &Op) -> bool {
    match op {
        Op::Send(..) | Op::Recv { .. } => true,
        Op::Select { default, .. } => default.is_none(),
        Op::Call(call) | Op::Defer(call) => {
            matches!(
                call.callee,
                Callee::Library(Effect::WaitWait | Effect::CondWait, _)
            )
        }
        _ => false,
    }
}

fn is_mutex(ty: &Ty) -> bool {
    matches!(ty, Ty::Ext(path, name) if path == "sync" && (name == "Mutex" || name == "RWMutex"))
}
