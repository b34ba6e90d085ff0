//! `early-return`: the partner leaves between the spawn and its operation.

use super::wishes;
use super::wording::{blocked, cause, send_remedy};
use crate::finding::Diagnosis;
use crate::leak::{Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let early = matches!(
        leak.stranding.exit,
        Exit::Return | Exit::Break | Exit::Goto | Exit::Panic | Exit::Goexit
    );
    if !early || leak.op.nil || leak.op.kind != OpKind::Send {
        return None;
    }
    Some(Diagnosis {
        message: format!("{}: {}", blocked(leak), cause(leak)),
        help: send_remedy(leak),
        fixes: wishes::send(leak),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;

    #[test]
    fn a_return_before_the_receive() {
        let said = classify(&leak(OpKind::Send, Exit::Return, "return err")).expect("claimed");
        assert_eq!(
            said.message,
            "send on `ch` blocks for ever: the receiver leaves by `return err` before it has received"
        );
        assert!(said.help.contains("`make(chan T, 1)`"), "{}", said.help);
    }

    #[test]
    fn a_receive_whose_sender_left_is_another_rule() {
        assert!(classify(&leak(OpKind::Receive, Exit::Return, "return")).is_none());
    }

    #[test]
    fn one_slot_is_not_promised_for_goroutines_of_a_loop() {
        let mut looped = leak(OpKind::Send, Exit::Return, "return err");
        looped.spawned_in_loop = true;
        let said = classify(&looped).expect("claimed");
        assert!(!said.help.contains("make(chan T, 1)"), "{}", said.help);
    }

    #[test]
    fn other_ways_out_and_other_operations_are_none() {
        assert_eq!(classify(&leak(OpKind::Send, Exit::Timer, "")), None);
        assert_eq!(classify(&leak(OpKind::Range, Exit::Return, "return")), None);
    }
}
