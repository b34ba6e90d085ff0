//! `blocked-under-lock`: a goroutine that waits with a lock in its hands for somebody who waits for that lock.

use super::wording::{blocked, code};
use crate::finding::Diagnosis;
use crate::leak::{Leak, LockTrouble, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let lock = leak.lock_in(LockTrouble::Under)?;
    let held = code(&lock.name);
    let (who, act) = match leak.op.kind {
        OpKind::Send => ("receiver", "send"),
        OpKind::Receive | OpKind::Range => ("sender", "receive"),
        OpKind::Wait => ("goroutine it waits for", "wait"),
        _ => ("partner", "wait"),
    };
    Some(Diagnosis {
        message: format!(
            "{}: the goroutine holds {held}, and the {who} waits for that",
            blocked(leak)
        ),
        help: format!(
            "give {held} back before the {act}: copy under the lock what is needed, unlock, and {act} then; whoever has to \
             take {held} first can come then"
        ),
        fixes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{held, leak};
    use super::*;
    use crate::leak::Exit;

    #[test]
    fn a_send_under_the_lock_of_the_receiver() {
        let mut under = leak(OpKind::Send, Exit::Stuck, "");
        under.facts.lock = Some(held(LockTrouble::Under));
        let said = classify(&under).expect("claimed");
        assert_eq!(
            said.message,
            "send on `ch` blocks for ever: the goroutine holds `s.mu`, and the receiver waits for that"
        );
    }

    #[test]
    fn a_send_without_a_lock_is_none() {
        assert_eq!(classify(&leak(OpKind::Send, Exit::Stuck, "")), None);
    }
}
