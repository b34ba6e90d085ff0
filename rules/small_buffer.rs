//! `small-buffer`: constant room for fewer values than are sent after the receiver has left.

use super::wishes::wishes;
use super::wording::{blocked, cause, made, times};
use crate::finding::{Diagnosis, FixKind};
use crate::leak::{Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let origin = leak.origin.as_ref()?;
    let constant = origin.capacity > 0 && origin.capacity_text.is_none();
    let few = leak.op.kind == OpKind::Send
        && !leak.op.nil
        && !leak.op.in_loop
        && leak.siblings <= 1
        && leak.completed_before >= origin.capacity;
    let left = !matches!(leak.stranding.exit, Exit::Done | Exit::Never | Exit::Stuck);
    if !(constant && few && left) {
        return None;
    }
    let sends = leak.completed_before + 1;
    Some(Diagnosis {
        message: format!(
            "{}: there is room for {}, the goroutine sends {}, and {}",
            blocked(leak),
            origin.capacity,
            times(sends),
            cause(leak)
        ),
        help: format!(
            "give {} room for every value that is sent, at least {sends}, or send in a select with a stop signal; then no \
             send needs a receiver that has left",
            made(leak)
        ),
        fixes: wishes(leak, &[FixKind::RoomForAll, FixKind::SelectStop]),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;

    fn buffered(exit: Exit, text: &str) -> Leak {
        let mut buffered = leak(OpKind::Send, exit, text);
        buffered.completed_before = 1;
        if let Some(origin) = &mut buffered.origin {
            origin.capacity = 1;
        }
        buffered
    }

    #[test]
    fn room_for_one_of_two() {
        let said = classify(&buffered(Exit::Return, "return err")).expect("claimed");
        assert_eq!(
            said.message,
            "send on `ch` blocks for ever: there is room for 1, the goroutine sends twice, and the receiver leaves by \
             `return err` before it has received"
        );
        assert!(said.help.contains("at least 2"), "{}", said.help);
    }

    #[test]
    fn no_room_at_all_a_loop_or_a_crowd_is_none() {
        assert_eq!(classify(&leak(OpKind::Send, Exit::Return, "return")), None);
        let mut looped = buffered(Exit::Return, "return");
        looped.op.in_loop = true;
        assert_eq!(classify(&looped), None);
        let mut crowd = buffered(Exit::Return, "return");
        crowd.siblings = 2;
        assert_eq!(classify(&crowd), None);
    }
}
