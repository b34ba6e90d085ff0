//! `unanswered-reply`: a reply channel that travelled in a message, and its other end has left.

use super::wishes::wishes;
use super::wording::{blocked, cause, channel, made};
use crate::finding::{Diagnosis, FixKind};
use crate::leak::{Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let one = leak.facts.reply && !leak.op.nil && leak.siblings <= 1;
    if !one || leak.stranding.exit == Exit::Stuck {
        return None;
    }
    match leak.op.kind {
        // An answer that fails once is one; a stream of answers is a producer.
        OpKind::Send if leak.completed_before == 0 => Some(Diagnosis {
            message: format!(
                "{}: the answer finds nobody, {}",
                blocked(leak),
                cause(leak)
            ),
            help: format!(
                "give {} room for the one answer where the request is made; then the answer always finds room, whether or \
                 not anybody still waits for it",
                made(leak)
            ),
            fixes: wishes(leak, &[FixKind::RoomForOne, FixKind::SelectStop]),
        }),
        OpKind::Receive => Some(Diagnosis {
            message: format!(
                "{}: the request is not answered, {}",
                blocked(leak),
                cause(leak)
            ),
            help: format!(
                "answer on {} on every path of whoever takes the request, also on errors; each request then gets its one \
                 answer",
                channel(leak)
            ),
            fixes: Vec::new(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;

    fn reply(kind: OpKind, exit: Exit, text: &str) -> Leak {
        let mut reply = leak(kind, exit, text);
        reply.op.target = "req.reply".to_owned();
        reply.op.in_loop = true;
        reply.facts.reply = true;
        reply
    }

    #[test]
    fn a_requester_that_leaves() {
        let said =
            classify(&reply(OpKind::Send, Exit::Context, "case <-ctx.Done()")).expect("claimed");
        assert_eq!(
            said.message,
            "send on `req.reply` blocks for ever: the answer finds nobody, the receiver leaves when `case <-ctx.Done()` \
             wins the select"
        );
        assert!(said.help.contains("one answer"), "{}", said.help);
    }

    #[test]
    fn a_request_that_is_dropped() {
        let said = classify(&reply(OpKind::Receive, Exit::Return, "return")).expect("claimed");
        assert!(
            said.message.contains("the request is not answered"),
            "{}",
            said.message
        );
    }

    #[test]
    fn a_channel_that_did_not_travel_or_a_stream_is_none() {
        assert_eq!(classify(&leak(OpKind::Send, Exit::Timer, "")), None);
        let mut stream = reply(OpKind::Send, Exit::Context, "");
        stream.completed_before = 1;
        assert_eq!(classify(&stream), None);
    }
}
