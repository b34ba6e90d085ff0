//! `relock`: a goroutine locks what it holds already.

use super::wording::{blocked, code};
use crate::finding::Diagnosis;
use crate::leak::{Leak, LockTrouble, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let lock = leak.lock_in(LockTrouble::Itself)?;
    let since = code(&lock.taken());
    let why = match (leak.op.kind, lock.other.is_some()) {
        (OpKind::ReadLock, true) => format!(
            "the goroutine reads under it already, and one that wants to write waits in between at {}",
            code(&format!("{}.Lock()", lock.other_name))
        ),
        _ => format!("the goroutine holds it itself, since {since}"),
    };
    Some(Diagnosis {
        message: format!("{}: {why}", blocked(leak)),
        help: "unlock before the call that locks, or split the callee: one function that locks and one, for callers that \
               hold the lock, that does not; Go's locks cannot be taken twice by the same goroutine"
            .to_owned(),
        fixes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{held, leak};
    use super::*;
    use crate::leak::Exit;

    #[test]
    fn a_lock_taken_twice() {
        let mut twice = leak(OpKind::Lock, Exit::Never, "");
        twice.op.target = "s.mu".to_owned();
        twice.facts.lock = Some(held(LockTrouble::Itself));
        let said = classify(&twice).expect("claimed");
        assert_eq!(
            said.message,
            "lock of `s.mu` is never got: the goroutine holds it itself, since `s.mu.Lock()`"
        );
    }

    #[test]
    fn a_lock_of_somebody_else_is_none() {
        let mut other = leak(OpKind::Lock, Exit::Never, "");
        assert_eq!(classify(&other), None);
        other.facts.lock = Some(held(LockTrouble::Left));
        assert_eq!(classify(&other), None);
    }
}
