//! The repairs that rules ask for, so that equal leaks are offered equal repairs.
//!
//! A wish is cheap: where its kind of repair does not fit the code, none is offered.

use crate::finding::{FixKind, FixWish};
use crate::leak::{Exit, Leak};

/// Wishes of these kinds, the best first.
pub(super) fn wishes(leak: &Leak, kinds: &[FixKind]) -> Vec<FixWish> {
    kinds.iter().map(|kind| FixWish::new(*kind, leak)).collect()
}

/// The repairs of a send that is left without a receiver; what [`super::wording::send_remedy`] says in words.
pub(super) fn send(leak: &Leak) -> Vec<FixWish> {
    use FixKind::{Close, Drain, RoomForAll, RoomForOne, SelectStop};
    let fresh = leak.origin.as_ref().is_some_and(|origin| origin.in_loop);
    let many = leak.siblings > 1
        || leak.served > leak.completed_before
        || leak.completed_before > 0
        || (leak.spawned_in_loop && !fresh);
    let kinds: &[FixKind] = match leak.stranding.exit {
        // Whoever should receive waits for the sender.
        Exit::Stuck => &[Close, RoomForAll],
        // How many values that comes to nobody knows.
        _ if leak.facts.run_elsewhere => &[SelectStop, Drain],
        // A loop may send once and leave.
        _ if leak.op.in_loop => &[SelectStop, RoomForOne, RoomForAll, Drain],
        _ if many => &[RoomForAll, SelectStop, Drain],
        _ => &[RoomForOne, SelectStop],
    };
    wishes(leak, kinds)
}
