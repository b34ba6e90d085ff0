//! `endless-loop`: a goroutine of a value that can be let go of waits in a loop that nothing ends.

use super::wording::{blocked, channel};
use crate::finding::Diagnosis;
use crate::leak::{Confidence, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let caller = leak.facts.caller.as_ref()?;
    let keeps = caller.release.is_none() && caller.context.is_none();
    let loops = leak.op.in_loop
        && matches!(
            leak.op.kind,
            OpKind::Receive | OpKind::Range | OpKind::Select
        );
    if !keeps || !loops || leak.op.nil || leak.spawn.is_none() {
        return None;
    }
    // A guess about callers, whatever else is certain.
    (leak.confidence == Confidence::Low).then(|| Diagnosis {
        message: format!(
            "{}: no method ends the loop of this goroutine",
            blocked(leak)
        ),
        help: format!(
            "give the value a method that ends the loop at {}, such as one that closes a channel the loop waits for as \
             well; whoever drops the value can then end its goroutine",
            channel(leak)
        ),
        fixes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;
    use crate::leak::{Caller, Exit};

    fn endless() -> Leak {
        let mut endless = leak(OpKind::Range, Exit::Never, "");
        endless.op.in_loop = true;
        endless.confidence = Confidence::Low;
        endless.facts.caller = Some(Caller::default());
        endless
    }

    #[test]
    fn a_value_nobody_can_let_go_of() {
        let said = classify(&endless()).expect("claimed");
        assert_eq!(
            said.message,
            "range over `ch` never ends: no method ends the loop of this goroutine"
        );
    }

    #[test]
    fn one_that_can_be_closed_or_is_certain_is_none() {
        let mut closed = endless();
        closed.facts.caller = Some(Caller {
            release: Some("`Close`".to_owned()),
            ..Caller::default()
        });
        assert_eq!(classify(&closed), None);
        let mut certain = endless();
        certain.confidence = Confidence::High;
        assert_eq!(classify(&certain), None);
    }
}
