//! `ignored-stop`: a goroutine waits where nothing tells it that everybody else has stopped.

use super::wishes::wishes;
use super::wording::{blocked, cause, channel, guard};
use crate::finding::{Diagnosis, FixKind};
use crate::leak::{Caller, Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let caller = leak.facts.caller.as_ref()?;
    let stops = caller.release.is_some() || caller.context.is_some();
    let waits = matches!(
        leak.op.kind,
        OpKind::Send | OpKind::Receive | OpKind::Range | OpKind::Select
    );
    // A range that no close ends is none that a stop should end: who closes it is missing.
    let unclosed = leak.op.kind == OpKind::Range && leak.skipped_close.is_none();
    if !stops || !waits || unclosed || leak.op.nil || leak.stranding.exit == Exit::Stuck {
        return None;
    }
    Some(Diagnosis {
        message: format!("{}: {}", blocked(leak), cause(leak)),
        help: help(leak, caller),
        fixes: wishes(leak, &[FixKind::SelectStop]),
    })
}

fn help(leak: &Leak, caller: &Caller) -> String {
    match (leak.op.kind, &caller.release) {
        (OpKind::Send, None) => guard(leak),
        (OpKind::Send, Some(release)) => format!(
            "send in a select that also waits for what {} gives, such as a channel it closes: `select {{ case {} <- v: \
             case <-done: return }}`; then one of the two cases always becomes ready",
            release,
            channel(leak).replace('`', "")
        ),
        (_, Some(release)) => format!(
            "wait in a select that has a case for what {} gives as well, or close {} there; then the goroutine always \
             goes on",
            release,
            channel(leak)
        ),
        (_, None) => format!(
            "wait in a select that also has `case <-ctx.Done(): return`; then {} is not the only way on",
            channel(leak)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;

    #[test]
    fn the_overlap_and_the_stop_are_told() {
        let mut stopped = leak(OpKind::Send, Exit::Stop, "case <-q.quit");
        stopped.assumptions = vec!["a call of `Put` overlaps with `Close`".to_owned()];
        stopped.facts.caller = Some(Caller {
            release: Some("`Close`".to_owned()),
            stuck_in: Some("Put".to_owned()),
            ..Caller::default()
        });
        let said = classify(&stopped).expect("claimed");
        assert_eq!(
            said.message,
            "send on `ch` blocks for ever if a call of `Put` overlaps with `Close`: the receiver leaves when `case \
             <-q.quit` wins the select"
        );
        assert!(said.help.contains("`Close`"), "{}", said.help);
    }

    #[test]
    fn a_caller_that_lets_go_is_told_as_such() {
        let mut left = leak(OpKind::Send, Exit::Context, "`ctx` ends");
        left.facts.caller = Some(Caller {
            context: Some("ctx".to_owned()),
            left: true,
            ..Caller::default()
        });
        let said = classify(&left).expect("claimed");
        assert!(
            said.message.ends_with("nobody receives once `ctx` ends"),
            "{}",
            said.message
        );
        assert!(said.help.contains("<-ctx.Done()"), "{}", said.help);
    }

    #[test]
    fn without_callers_elsewhere_it_is_another_story() {
        assert_eq!(
            classify(&leak(OpKind::Send, Exit::Stop, "case <-quit")),
            None
        );
    }
}
