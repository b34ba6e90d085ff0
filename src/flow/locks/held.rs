//! Which locks a goroutine may hold where in a body: a forward dataflow.
//!
//! In: a body, and what its operations do to which lock. Out: the locks that may be held, per position.

use super::Act;
use crate::flow::ir::{Body, BodyId, Op, Pc};

/// The locks of a body, by their place in its own list.
pub(super) type Mask = u32;

/// The lock at this place; none where there are more locks than bits.
pub(super) fn bit(at: usize) -> Mask {
    1_u32.checked_shl(at as u32).unwrap_or(0)
}

/// Per position, the locks that may be held there; nothing where control never comes. With `at_end`, which says of a literal
/// whether it unlocks anything, those that may still be held in the end: what is deferred counts where it is deferred.
pub(super) fn held(
    body: &Body,
    acts: &[Option<(usize, Act)>],
    at_end: Option<&dyn Fn(BodyId) -> bool>,
) -> Vec<Option<Mask>> {
    let mut held: Vec<Option<Mask>> = vec![None; body.code.len()];
    let mut todo: Vec<(Pc, Mask)> = vec![(0, 0)];
    while let Some((pc, mask)) = todo.pop() {
        let Some(known) = held.get_mut(pc as usize) else {
            continue;
        };
        let joined = known.unwrap_or(0) | mask;
        if *known == Some(joined) {
            continue;
        }
        *known = Some(joined);
        let op = &body.code[pc as usize];
        let after = match (op, acts[pc as usize]) {
            (Op::Call(_), Some((at, Act::Lock))) => joined | bit(at),
            (Op::Call(_), Some((at, Act::Unlock))) => joined & !bit(at),
            (Op::Defer(_), Some((at, Act::Unlock))) if at_end.is_some() => joined & !bit(at),
            (Op::Defer(call), None)
                if at_end
                    .zip(call.body())
                    .is_some_and(|(unlocks, id)| unlocks(id)) =>
            {
                0
            }
            _ => joined,
        };
        op.successors(pc, &mut |next| todo.push((next, after)));
    }
    held
}
