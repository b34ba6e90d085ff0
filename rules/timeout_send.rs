//! `timeout-send`: the receiver waits in a select and leaves by another case.

use super::wishes;
use super::wording::{blocked, cause, send_remedy};
use crate::finding::Diagnosis;
use crate::leak::{Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    // Several goroutines of one spawn appear in a witness only when the leak needs them: they share the channel.
    let single = leak.op.kind == OpKind::Send && !leak.op.nil && leak.siblings <= 1;
    // A producer and a consumer that both loop are another story, whichever way the consumer leaves.
    let stream = leak.op.in_loop && leak.partner_in_loop;
    let other_case = matches!(
        leak.stranding.exit,
        Exit::Timer | Exit::Context | Exit::Stop | Exit::Sibling | Exit::Default
    );
    (single && other_case && !stream).then(|| Diagnosis {
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
    fn one_slot_is_advised_for_one_send() {
        let said =
            classify(&leak(OpKind::Send, Exit::Context, "case <-ctx.Done()")).expect("claimed");
        assert_eq!(
            said.message,
            "send on `ch` blocks for ever: the receiver leaves when `case <-ctx.Done()` wins the select"
        );
        assert!(said.help.contains("`make(chan T, 1)`"), "{}", said.help);
    }

    #[test]
    fn one_slot_is_not_advised_for_a_loop() {
        let mut looped = leak(OpKind::Send, Exit::Timer, "case <-time.After(d)");
        looped.op.in_loop = true;
        let said = classify(&looped).expect("claimed");
        assert!(!said.help.contains("make("), "{}", said.help);
        assert!(said.help.contains("select"), "{}", said.help);
    }

    #[test]
    fn room_for_one_is_not_enough_after_a_value_was_buffered() {
        let mut second = leak(OpKind::Send, Exit::Timer, "case <-t.C");
        second.completed_before = 1;
        let said = classify(&second).expect("claimed");
        assert!(said.help.contains("`make(chan T, 2)`"), "{}", said.help);
    }

    #[test]
    fn an_assumption_is_stated() {
        let mut assumed = leak(OpKind::Send, Exit::Default, "default");
        assumed.assumptions = vec!["`n` > 0".to_owned()];
        let said = classify(&assumed).expect("claimed");
        assert!(
            said.message
                .starts_with("send on `ch` blocks for ever if `n` > 0: ")
        );
    }

    #[test]
    fn a_plain_return_is_none() {
        assert_eq!(
            classify(&leak(OpKind::Send, Exit::Return, "return err")),
            None
        );
        assert_eq!(classify(&leak(OpKind::Receive, Exit::Timer, "")), None);
    }
}
