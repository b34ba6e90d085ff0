//! `held-lock`: a lock that its holder took along and never gives back.

use super::wording::{blocked, code, way_out};
use crate::finding::Diagnosis;
use crate::leak::{Exit, Leak, LockTrouble};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let lock = leak.lock_in(LockTrouble::Left)?;
    let unlock = code(&lock.given_back());
    let why = way_out(
        leak,
        "goroutine that holds it",
        &format!("without {unlock}"),
    );
    let why = why.unwrap_or_else(|| {
        let gone = if lock.ended {
            "has ended"
        } else {
            "has gone on"
        };
        format!("the goroutine that holds it {gone} without {unlock}")
    });
    Some(Diagnosis {
        message: format!("{}: {why}", blocked(leak)),
        help: help(leak, &unlock),
        fixes: Vec::new(),
    })
}

fn help(leak: &Leak, unlock: &str) -> String {
    let defer = format!("`defer {}`", unlock.replace('`', ""));
    match leak.stranding.exit {
        Exit::Return | Exit::Break | Exit::Goto => format!(
            "call {unlock} on this way out too, or {defer} right behind the lock; a deferred call runs on every way out"
        ),
        _ => format!("call {defer} right behind the lock; a deferred call runs on every way out"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{held, leak};
    use super::*;
    use crate::leak::OpKind;

    #[test]
    fn a_return_with_the_lock() {
        let mut kept = leak(OpKind::Lock, Exit::Return, "return err");
        kept.op.target = "s.mu".to_owned();
        kept.facts.lock = Some(held(LockTrouble::Left));
        let said = classify(&kept).expect("claimed");
        assert_eq!(
            said.message,
            "lock of `s.mu` is never got: the goroutine that holds it leaves by `return err` without `s.mu.Unlock()`"
        );
        assert!(said.help.contains("`defer s.mu.Unlock()`"), "{}", said.help);
    }

    #[test]
    fn an_end_with_the_lock() {
        let mut kept = leak(OpKind::ReadLock, Exit::Never, "");
        kept.op.target = "s.mu".to_owned();
        kept.facts.lock = Some(held(LockTrouble::Left));
        let said = classify(&kept).expect("claimed");
        assert_eq!(
            said.message,
            "read lock of `s.mu` is never got: the goroutine that holds it has ended without `s.mu.Unlock()`"
        );
    }

    #[test]
    fn a_lock_held_by_itself_is_none() {
        let mut own = leak(OpKind::Lock, Exit::Never, "");
        own.facts.lock = Some(held(LockTrouble::Itself));
        assert_eq!(classify(&own), None);
    }
}
