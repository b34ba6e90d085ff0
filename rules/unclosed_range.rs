//! `unclosed-range`: a range over a channel that nobody closes in this run.

use super::wishes::wishes;
use super::wording::{blocked, cause, channel};
use crate::finding::{Diagnosis, FixKind};
use crate::leak::{Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    if leak.op.kind != OpKind::Range || leak.op.nil {
        return None;
    }
    let channel = channel(leak);
    let why = match (leak.skipped_close, leak.stranding.exit) {
        (Some(_), Exit::Never | Exit::Stuck) => "its `close` is never reached".to_owned(),
        (Some(_), _) => format!("its `close` is skipped, {}", cause(leak)),
        (None, _) => format!("nobody closes {channel}"),
    };
    Some(Diagnosis {
        message: format!("{}: {why}", blocked(leak)),
        help: format!(
            "close {channel} when the last value is sent: `defer close({})` in a single sender, or after the `Wait` that \
             all senders pass when there are several; the range ends as soon as a closed channel is empty",
            channel.replace('`', "")
        ),
        fixes: wishes(leak, &[FixKind::Close, FixKind::DeferDone]),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{leak, place};
    use super::*;

    #[test]
    fn nobody_closes() {
        let said = classify(&leak(OpKind::Range, Exit::Done, "")).expect("claimed");
        assert_eq!(
            said.message,
            "range over `ch` never ends: nobody closes `ch`"
        );
    }

    #[test]
    fn a_close_that_is_skipped() {
        let mut skipped = leak(OpKind::Range, Exit::Return, "return err");
        skipped.skipped_close = Some(place(60));
        let said = classify(&skipped).expect("claimed");
        assert_eq!(
            said.message,
            "range over `ch` never ends: its `close` is skipped, the sender leaves by `return err` before it has sent"
        );
    }

    #[test]
    fn a_nil_channel_or_a_plain_receive_is_none() {
        let mut nil = leak(OpKind::Range, Exit::Never, "");
        nil.op.nil = true;
        assert_eq!(classify(&nil), None);
        assert_eq!(classify(&leak(OpKind::Receive, Exit::Done, "")), None);
    }
}
