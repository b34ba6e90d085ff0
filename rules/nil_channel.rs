//! `nil-channel`: an operation on a channel that was never made.

use super::wording::{blocked, made};
use crate::finding::Diagnosis;
use crate::leak::{Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let nil = match leak.op.kind {
        OpKind::Send | OpKind::Receive | OpKind::Range => leak.op.nil,
        OpKind::Select => !leak.cases.is_empty() && leak.cases.iter().all(|case| case.nil),
        _ => false,
    };
    nil.then(|| Diagnosis {
        message: format!("{}: {}", blocked(leak), why(leak)),
        help: help(leak),
        fixes: Vec::new(),
    })
}

fn why(leak: &Leak) -> &'static str {
    match (leak.op.kind, leak.facts.skipped_make, &leak.origin) {
        (OpKind::Select, ..) => "all its channels are nil",
        (_, Some(_), _) => "the channel is nil, as this run does not come to its `make` before",
        (_, None, Some(_)) => "the channel is nil, as nobody ever makes it",
        (_, None, None) => "the channel is nil",
    }
}

fn help(leak: &Leak) -> String {
    if leak.op.kind == OpKind::Select {
        return "keep one case that can become ready, such as `case <-ctx.Done(): return`; a case on a nil channel never \
                does"
            .to_owned();
    }
    let what = match leak.op.kind {
        OpKind::Send => "a send on",
        OpKind::Range => "a range over",
        _ => "a receive from",
    };
    format!(
        "make {} on every path that comes here, or keep the path away; {what} a nil channel never goes on, whatever \
         anybody else does",
        made(leak)
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::{leak, place};
    use super::*;
    use crate::leak::Exit;

    fn nil(kind: OpKind) -> Leak {
        let mut nil = leak(kind, Exit::Never, "");
        nil.op.nil = true;
        nil
    }

    #[test]
    fn never_made() {
        let said = classify(&nil(OpKind::Send)).expect("claimed");
        assert_eq!(
            said.message,
            "send on `ch` blocks for ever: the channel is nil, as nobody ever makes it"
        );
        assert!(classify(&nil(OpKind::Range)).is_some());
    }

    #[test]
    fn made_on_another_path() {
        let mut other = nil(OpKind::Receive);
        other.facts.skipped_make = Some(place(12));
        let said = classify(&other).expect("claimed");
        assert!(
            said.message.contains("does not come to its `make`"),
            "{}",
            said.message
        );
        assert!(said.help.contains("a receive from"), "{}", said.help);
    }

    #[test]
    fn a_select_is_claimed_when_all_its_cases_are_nil() {
        let mut select = leak(OpKind::Select, Exit::Never, "");
        select.cases = vec![nil(OpKind::Receive).op, nil(OpKind::Send).op];
        assert!(classify(&select).is_some());
        select.cases[1].nil = false;
        assert_eq!(classify(&select), None);
    }

    #[test]
    fn a_channel_that_was_made_is_none() {
        assert_eq!(classify(&leak(OpKind::Send, Exit::Never, "")), None);
    }
}
