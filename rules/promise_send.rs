//! `promise-send`: a function returns the channel on which its goroutine sends its one result, and nobody takes it.

use super::wishes;
use super::wording::{blocked, cause, code, send_remedy};
use crate::finding::Diagnosis;
use crate::leak::{Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let function = leak.facts.promise.as_ref()?;
    let room = leak.origin.as_ref().map_or(0, |origin| origin.capacity);
    let one = leak.op.kind == OpKind::Send
        && !leak.op.nil
        && !leak.op.in_loop
        // Goroutines of several calls have a channel each.
        && !leak.spawned_in_loop
        && leak.completed_before == 0
        && room == 0;
    if !one || leak.stranding.exit == Exit::Stuck {
        return None;
    }
    Some(Diagnosis {
        message: format!(
            "{}: {} returns the channel, and {}",
            blocked(leak),
            code(function),
            cause(leak)
        ),
        help: send_remedy(leak),
        fixes: wishes::send(leak),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;

    fn promise(exit: Exit, text: &str) -> Leak {
        let mut promise = leak(OpKind::Send, exit, text);
        promise.facts.promise = Some("fetch".to_owned());
        promise
    }

    #[test]
    fn a_caller_that_leaves() {
        let said = classify(&promise(Exit::Return, "return err")).expect("claimed");
        assert_eq!(
            said.message,
            "send on `ch` blocks for ever: `fetch` returns the channel, and the receiver leaves by `return err` before it \
             has received"
        );
        assert!(said.help.contains("`make(chan T, 1)`"), "{}", said.help);
    }

    #[test]
    fn a_generator_or_a_channel_of_the_function_itself_is_none() {
        let mut generator = promise(Exit::Break, "break");
        generator.op.in_loop = true;
        assert_eq!(classify(&generator), None);
        let mut several = promise(Exit::Return, "return");
        several.spawned_in_loop = true;
        assert_eq!(classify(&several), None);
        assert_eq!(classify(&leak(OpKind::Send, Exit::Return, "return")), None);
    }
}
