//! `unsent-receive`: the general case, a receive or a select that nobody can serve.

use super::wishes::wishes;
use super::wording::{blocked, cause, serve_remedy};
use crate::finding::{Diagnosis, FixKind, FixWish};
use crate::leak::{Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let message = match leak.op.kind {
        OpKind::EmptySelect => format!("{}: it has no case", blocked(leak)),
        OpKind::Select if leak.stranding.exit == Exit::Never => {
            format!("{}: none of its cases is ever served", blocked(leak))
        }
        OpKind::Receive | OpKind::Select => format!("{}: {}", blocked(leak), cause(leak)),
        _ => return None,
    };
    Some(Diagnosis {
        message,
        help: help(leak),
        fixes: fixes(leak),
    })
}

fn fixes(leak: &Leak) -> Vec<FixWish> {
    match leak.op.kind {
        OpKind::Receive if !leak.op.nil => wishes(leak, &[FixKind::Close, FixKind::SelectStop]),
        OpKind::Select => wishes(leak, &[FixKind::SelectStop]),
        _ => Vec::new(),
    }
}

fn help(leak: &Leak) -> String {
    match leak.op.kind {
        OpKind::EmptySelect => "return instead, or wait for something that happens, such as `<-ctx.Done()`; a goroutine \
                                that can go on can end"
            .to_owned(),
        OpKind::Select => "add a case for something that always happens in the end, such as `case <-ctx.Done(): return`; \
                           a select with one case that becomes ready goes on"
            .to_owned(),
        _ => serve_remedy(leak),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{leak, place};
    use super::*;

    #[test]
    fn a_receive_nobody_serves() {
        let mut nobody = leak(OpKind::Receive, Exit::Never, "");
        nobody.partner = None;
        let said = classify(&nobody).expect("claimed");
        assert_eq!(
            said.message,
            "receive from `ch` blocks for ever: in this run nobody ever sends on this channel"
        );
    }

    #[test]
    fn who_would_close_is_no_sender() {
        let mut signal = leak(OpKind::Receive, Exit::Return, "return err");
        signal.partner = None;
        signal.skipped_close = Some(place(60));
        let said = classify(&signal).expect("claimed");
        assert_eq!(
            said.message,
            "receive from `ch` blocks for ever: the goroutine that closes it leaves by `return err` before it has done so"
        );
        signal.stranding.exit = Exit::Never;
        let said = classify(&signal).expect("claimed");
        assert_eq!(
            said.message,
            "receive from `ch` blocks for ever: in this run nobody ever closes it"
        );
    }

    #[test]
    fn a_select_names_its_cases() {
        let mut select = leak(OpKind::Select, Exit::Never, "");
        select.cases = vec![select.op.clone(), select.op.clone()];
        select.cases[1].target = "quit".to_owned();
        let said = classify(&select).expect("claimed");
        assert_eq!(
            said.message,
            "select on `ch` and `quit` blocks for ever: none of its cases is ever served"
        );
    }

    #[test]
    fn an_empty_select() {
        let said = classify(&leak(OpKind::EmptySelect, Exit::Never, "")).expect("claimed");
        assert_eq!(said.message, "empty select blocks for ever: it has no case");
    }

    #[test]
    fn a_send_or_a_wait_is_none() {
        assert_eq!(classify(&leak(OpKind::Send, Exit::Never, "")), None);
        assert_eq!(classify(&leak(OpKind::Wait, Exit::Never, "")), None);
    }
}
