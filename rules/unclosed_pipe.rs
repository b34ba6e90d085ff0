//! `unclosed-pipe`: a goroutine reads from a pipe or writes to one, and who has its other end leaves without closing it.

use super::wishes::wishes;
use super::wording::{blocked, cause, made};
use crate::finding::{Diagnosis, FixKind};
use crate::leak::{Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    if !leak.op.pipe {
        return None;
    }
    let (help, fix) = if leak.op.kind == OpKind::Send {
        let reason = "a write to a pipe that nobody reads any more then fails at once";
        (remedy(leak, "reader", "pr", reason), FixKind::CloseReader)
    } else {
        let reason = "the read then ends, with `io.EOF` or that error";
        (remedy(leak, "writer", "pw", reason), FixKind::CloseWriter)
    };
    Some(Diagnosis {
        message: format!("{}: {}", blocked(leak), cause(leak)),
        help,
        fixes: wishes(leak, &[fix]),
    })
}

/// To close the other end, which is called `end` where it has no name.
fn remedy(leak: &Leak, who: &str, end: &str, reason: &str) -> String {
    let named = leak.origin.as_ref().is_some_and(|o| !o.name.is_empty());
    let end = if named {
        made(leak).replace('`', "")
    } else {
        end.to_owned()
    };
    format!(
        "close the end of the {who} on every way out of it, such as by `defer {end}.Close()`, or with an error by \
         `{end}.CloseWithError(err)`; {reason}"
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;
    use crate::leak::Exit;

    fn on_pipe(kind: OpKind, exit: Exit, text: &str) -> Leak {
        let mut leak = leak(kind, exit, text);
        leak.op.pipe = true;
        leak.op.target = "enc".to_owned();
        if let Some(origin) = &mut leak.origin {
            origin.name = "body".to_owned();
        }
        leak
    }

    #[test]
    fn a_reader_that_leaves() {
        let said = classify(&on_pipe(OpKind::Send, Exit::Return, "return err")).expect("claimed");
        assert_eq!(
            said.message,
            "write to the pipe `enc` blocks for ever: the reader leaves by `return err` before it has read"
        );
        assert!(said.help.contains("`defer body.Close()`"), "{}", said.help);
    }

    #[test]
    fn a_writer_that_closes_nothing() {
        let said = classify(&on_pipe(OpKind::Range, Exit::Done, "")).expect("claimed");
        assert_eq!(
            said.message,
            "read from the pipe `enc` never comes to its end: the writer is done before it has written"
        );
        let mut unnamed = on_pipe(OpKind::Range, Exit::Never, "");
        unnamed.origin = None;
        unnamed.partner = None;
        let said = classify(&unnamed).expect("claimed");
        assert!(
            said.message
                .ends_with("in this run nobody ever writes at its other end"),
            "{}",
            said.message
        );
        assert!(said.help.contains("`defer pw.Close()`"), "{}", said.help);
    }

    #[test]
    fn a_channel_is_none() {
        assert_eq!(classify(&leak(OpKind::Send, Exit::Return, "return")), None);
    }
}
