//! `lock-order`: goroutines that hold a lock each and wait for each other's.

use super::wording::{blocked, code};
use crate::finding::Diagnosis;
use crate::leak::{Leak, LockTrouble};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let lock = leak.lock_in(LockTrouble::Order)?;
    let (wanted, held) = (code(&lock.name), code(&lock.other_name));
    Some(Diagnosis {
        message: format!(
            "{}: the goroutine that holds {wanted} waits for {held}, and this one is in its way",
            blocked(leak)
        ),
        help: format!(
            "take {wanted} and {held} in the same order everywhere, or give one back before the other is taken; then \
             nobody holds one while waiting for the other"
        ),
        fixes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{held, leak};
    use super::*;
    use crate::leak::{Exit, OpKind};

    #[test]
    fn two_locks_in_two_orders() {
        let mut crossed = leak(OpKind::Lock, Exit::Stuck, "");
        crossed.op.target = "s.mu".to_owned();
        let mut lock = held(LockTrouble::Order);
        lock.other_name = "t.mu".to_owned();
        crossed.facts.lock = Some(lock);
        let said = classify(&crossed).expect("claimed");
        assert_eq!(
            said.message,
            "lock of `s.mu` is never got: the goroutine that holds `s.mu` waits for `t.mu`, and this one is in its way"
        );
    }

    #[test]
    fn another_trouble_is_none() {
        let mut left = leak(OpKind::Lock, Exit::Never, "");
        left.facts.lock = Some(held(LockTrouble::Left));
        assert_eq!(classify(&left), None);
    }
}
