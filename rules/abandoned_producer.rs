//! `abandoned-producer`: a goroutine sends in a loop, and its consumer has left.

use super::wishes;
use super::wording::{blocked, cause, guard};
use crate::finding::Diagnosis;
use crate::leak::{Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let producer =
        leak.op.kind == OpKind::Send && !leak.op.nil && leak.op.again && leak.siblings <= 1;
    let left = matches!(
        leak.stranding.exit,
        Exit::Return | Exit::Break | Exit::Goto | Exit::Panic | Exit::Goexit | Exit::Done
    );
    let by_case = matches!(
        leak.stranding.exit,
        Exit::Timer | Exit::Context | Exit::Stop | Exit::Default
    );
    (producer && (left || by_case && leak.partner_in_loop)).then(|| Diagnosis {
        message: format!(
            "{}: the goroutine sends in a loop, {}",
            blocked(leak),
            cause(leak)
        ),
        help: guard(leak),
        fixes: wishes::send(leak),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;

    #[test]
    fn a_consumer_that_breaks_out() {
        let mut producer = leak(OpKind::Send, Exit::Break, "break");
        producer.op.again = true;
        producer.served = 1;
        producer.completed_before = 1;
        let said = classify(&producer).expect("claimed");
        assert_eq!(
            said.message,
            "send on `ch` blocks for ever: the goroutine sends in a loop, the receiver leaves its loop by `break` after it \
             has received once"
        );
        assert!(said.help.contains("case ch <- v"), "{}", said.help);
    }

    #[test]
    fn a_single_send_or_a_missing_consumer_is_none() {
        assert_eq!(classify(&leak(OpKind::Send, Exit::Break, "break")), None);
        let mut nobody = leak(OpKind::Send, Exit::Never, "");
        nobody.op.again = true;
        assert_eq!(classify(&nobody), None);
    }
}
