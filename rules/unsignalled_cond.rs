//! `unsignalled-cond`: a `Cond.Wait` that no signal reaches.

use super::wording::{blocked, code};
use crate::finding::Diagnosis;
use crate::leak::{Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    if leak.op.kind != OpKind::CondWait {
        return None;
    }
    let cond = &leak.op.target;
    let broadcast = code(&format!("{cond}.Broadcast()"));
    let (why, help) = match &leak.facts.signal {
        Some(signal) => (
            format!(
                "{} goroutines wait, and {} wakes {} of them",
                signal.waited,
                code(&format!("{cond}.Signal()")),
                signal.woken
            ),
            format!(
                "call {broadcast} where all who wait have to look again, such as at the end; a signal wakes one of them \
                 only, whichever"
            ),
        ),
        None => (
            "in this run nobody signals it from then on".to_owned(),
            format!(
                "signal on every way to what is waited for, also when there is an error, and call {broadcast} in the \
                 end; who waits then looks again, and can leave"
            ),
        ),
    };
    Some(Diagnosis {
        message: format!("{}: {why}", blocked(leak)),
        help,
        fixes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{leak, place};
    use super::*;
    use crate::leak::{Exit, Signal};

    #[test]
    fn one_signal_for_two() {
        let mut wait = leak(OpKind::CondWait, Exit::Done, "");
        wait.op.target = "q.ready".to_owned();
        wait.facts.signal = Some(Signal {
            at: place(9),
            waited: 2,
            woken: 1,
        });
        let said = classify(&wait).expect("claimed");
        assert_eq!(
            said.message,
            "wait for `q.ready` never ends: 2 goroutines wait, and `q.ready.Signal()` wakes 1 of them"
        );
    }

    #[test]
    fn no_signal() {
        let mut wait = leak(OpKind::CondWait, Exit::Never, "");
        wait.op.target = "q.ready".to_owned();
        let said = classify(&wait).expect("claimed");
        assert_eq!(
            said.message,
            "wait for `q.ready` never ends: in this run nobody signals it from then on"
        );
    }

    #[test]
    fn another_wait_is_none() {
        assert_eq!(classify(&leak(OpKind::Wait, Exit::Never, "")), None);
    }
}
