//! `ncast`: more values are sent on one channel than are received.

use super::wishes;
use super::wording::{blocked, cause, guard, send_remedy};
use crate::finding::Diagnosis;
use crate::leak::{Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    if leak.op.kind != OpKind::Send || leak.op.nil {
        return None;
    }
    // A loop starts the senders of one channel, and not all are received: however many there are in this run.
    let shared = leak.origin.as_ref().is_some_and(|o| !o.in_loop);
    let of_one_spawn = leak.siblings > 1
        || (leak.spawned_in_loop
            && shared
            && leak.stranding.exit == Exit::Done
            && leak.partner.is_some());
    // Another goroutine's value was received: several `go` statements share the channel.
    let of_several = !leak.op.in_loop && leak.served > leak.completed_before;
    let counted = leak.op.in_loop
        && leak.partner_in_loop
        && leak.served > 0
        && leak.stranding.exit == Exit::Done;
    if !(of_one_spawn || of_several || counted) || leak.stranding.exit == Exit::Stuck {
        return None;
    }
    let senders = if of_one_spawn && leak.spawned_in_loop {
        "the loop starts more senders than there are receives"
    } else if counted {
        "the goroutine sends more values than are received"
    } else {
        "several goroutines send and not all values are received"
    };
    Some(Diagnosis {
        message: format!("{}: {senders}, {}", blocked(leak), cause(leak)),
        help: if leak.op.in_loop {
            guard(leak)
        } else {
            send_remedy(leak)
        },
        fixes: wishes::send(leak),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;

    #[test]
    fn first_result_wins_among_several() {
        let mut several = leak(OpKind::Send, Exit::Return, "return <-ch");
        several.siblings = 2;
        several.spawned_in_loop = true;
        several.served = 1;
        several.assumptions = vec!["`len(items)` > 1".to_owned()];
        let said = classify(&several).expect("claimed");
        assert_eq!(
            said.message,
            "send on `ch` blocks for ever if `len(items)` > 1: the loop starts more senders than there are receives, the \
             receiver leaves by `return <-ch` after it has received once"
        );
        assert!(said.help.contains("room for every value"), "{}", said.help);
    }

    #[test]
    fn two_go_statements_share_a_channel() {
        let mut two = leak(OpKind::Send, Exit::Done, "");
        two.served = 1;
        assert!(classify(&two).is_some());
    }

    #[test]
    fn a_counted_consumer_of_a_loop() {
        let mut counted = leak(OpKind::Send, Exit::Done, "");
        counted.op.in_loop = true;
        counted.partner_in_loop = true;
        counted.served = 3;
        counted.completed_before = 3;
        let said = classify(&counted).expect("claimed");
        assert!(said.help.contains("stop signal"), "{}", said.help);
    }

    #[test]
    fn a_lone_sender_or_a_stuck_receiver_is_none() {
        assert_eq!(classify(&leak(OpKind::Send, Exit::Return, "return")), None);
        let mut waiting = leak(OpKind::Send, Exit::Stuck, "");
        waiting.siblings = 2;
        assert_eq!(classify(&waiting), None);
    }
}
