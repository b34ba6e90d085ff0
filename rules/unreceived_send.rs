//! `unreceived-send`: the general case, a send that nobody can receive.

use super::wishes;
use super::wording::{blocked, cause, made, send_remedy};
use crate::finding::Diagnosis;
use crate::leak::{Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    if leak.op.kind != OpKind::Send || leak.op.nil {
        return None;
    }
    let help = match leak.stranding.exit {
        Exit::Stuck => format!(
            "start receiving from {} before anything that waits for the senders, such as by moving that wait into a \
             goroutine of its own; the sends then find a receiver and the wait can pass",
            made(leak)
        ),
        Exit::Never => format!(
            "receive from {} on this path too, or do without the send; a send without room waits for a receive, and here \
             none comes",
            made(leak)
        ),
        _ => send_remedy(leak),
    };
    Some(Diagnosis {
        message: format!("{}: {}", blocked(leak), cause(leak)),
        help,
        fixes: wishes::send(leak),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;

    #[test]
    fn no_receiver_at_all() {
        let mut nobody = leak(OpKind::Send, Exit::Never, "");
        nobody.partner = None;
        let said = classify(&nobody).expect("claimed");
        assert_eq!(
            said.message,
            "send on `ch` blocks for ever: in this run nobody ever receives on this channel"
        );
    }

    #[test]
    fn a_receiver_that_waits_for_the_sender() {
        let said = classify(&leak(OpKind::Send, Exit::Stuck, "wg.Wait()")).expect("claimed");
        assert!(
            said.message
                .ends_with("the receiver is stuck itself and never receives")
        );
        assert!(
            said.help.starts_with("start receiving from `ch`"),
            "{}",
            said.help
        );
    }

    #[test]
    fn a_receive_is_none() {
        assert_eq!(classify(&leak(OpKind::Receive, Exit::Never, "")), None);
    }
}
