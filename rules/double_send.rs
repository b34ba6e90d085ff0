//! `double-send`: one goroutine sends again where its partner takes one value.

use super::wishes::wishes;
use super::wording::{blocked, channel, times};
use crate::finding::{Diagnosis, FixKind};
use crate::leak::{Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let again = leak.op.kind == OpKind::Send
        && !leak.op.nil
        && !leak.op.in_loop
        && leak.siblings <= 1
        // Who fills a large room has sent far more often than this run shows.
        && !leak.facts.large_room
        && leak.completed_before >= 1
        // Values of other goroutines among those received: that is a matter of counts, not of this goroutine's path.
        && (1..=leak.completed_before).contains(&leak.served);
    // Who leaves a loop would have taken more.
    let left = match leak.stranding.exit {
        Exit::Done => true,
        Exit::Return => !leak.partner_in_loop,
        _ => false,
    };
    (again && left).then(|| Diagnosis {
        message: format!(
            "{}: the goroutine has sent {} before, and the receiver takes {}",
            blocked(leak),
            times(leak.completed_before),
            match leak.served {
                1 => "one value only".to_owned(),
                n => format!("{n} values only"),
            }
        ),
        help: format!(
            "leave the goroutine right after the earlier send, such as by a `return` after sending the error; every path \
             then sends on {} no more often than the receiver receives",
            channel(leak)
        ),
        fixes: wishes(leak, &[FixKind::ReturnAfterSend, FixKind::RoomForAll]),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;

    #[test]
    fn a_second_send_after_the_only_receive() {
        let mut second = leak(OpKind::Send, Exit::Return, "return <-ch");
        second.completed_before = 1;
        second.served = 1;
        let said = classify(&second).expect("a double send");
        assert_eq!(
            said.message,
            "send on `ch` blocks for ever: the goroutine has sent once before, and the receiver takes one value only"
        );
    }

    #[test]
    fn a_first_send_a_loop_or_a_crowd_is_none() {
        let mut first = leak(OpKind::Send, Exit::Done, "");
        first.served = 1;
        assert_eq!(classify(&first), None);
        first.completed_before = 1;
        let mut looped = first.clone();
        looped.op.in_loop = true;
        assert_eq!(classify(&looped), None);
        let mut filled = first.clone();
        filled.facts.large_room = true;
        assert_eq!(classify(&filled), None);
        let mut ranged = leak(OpKind::Send, Exit::Return, "return err");
        ranged.completed_before = 1;
        ranged.served = 1;
        ranged.partner_in_loop = true;
        assert_eq!(classify(&ranged), None);
        first.siblings = 2;
        assert_eq!(classify(&first), None);
    }
}
