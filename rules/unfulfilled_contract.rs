//! `unfulfilled-contract`: a value whose goroutine only one of its methods releases is dropped without that call.

use super::wishes::wishes;
use super::wording::{blocked, channel, code};
use crate::finding::{Diagnosis, FixKind};
use crate::leak::{Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let method = leak.facts.released_by.as_ref()?;
    let waits = matches!(
        leak.op.kind,
        OpKind::Receive | OpKind::Range | OpKind::Select
    );
    // The goroutine belongs to a value that the root got ready made; what a function starts itself is its own.
    let own = leak.op.function.starts_with(&leak.root);
    if !waits || own || leak.spawn.is_none() || leak.op.nil || leak.stranding.exit == Exit::Stuck {
        return None;
    }
    Some(Diagnosis {
        message: format!(
            "{}: {} is not called on this path",
            blocked(leak),
            code(method)
        ),
        help: format!(
            "call {} on every way out, such as by `defer` right after the value was made; it is what lets the goroutine \
             at {} go on",
            code(method),
            channel(leak)
        ),
        fixes: wishes(leak, &[FixKind::DeferRelease]),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;

    #[test]
    fn the_method_that_was_not_called_is_named() {
        let mut dropped = leak(OpKind::Select, Exit::Return, "return err");
        dropped.op.function = "(*poller).loop".to_owned();
        dropped.facts.released_by = Some("Stop".to_owned());
        let said = classify(&dropped).expect("claimed");
        assert!(
            said.message.ends_with("`Stop` is not called on this path"),
            "{}",
            said.message
        );
        assert!(said.help.contains("`defer`"), "{}", said.help);
    }

    #[test]
    fn a_channel_of_the_function_itself_is_no_contract() {
        let mut own = leak(OpKind::Receive, Exit::Return, "return err");
        own.facts.released_by = Some("Stop".to_owned());
        assert_eq!(classify(&own), None);
        assert_eq!(
            classify(&leak(OpKind::Receive, Exit::Return, "return")),
            None
        );
    }
}
