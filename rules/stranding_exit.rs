//! `stranding-exit`: a check ends a test, and a goroutine it has started stays behind.

use super::wording::{blocked, code};
use crate::finding::Diagnosis;
use crate::leak::{Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let exit = leak.facts.test_exit.as_ref()?;
    let waits = !matches!(
        leak.op.kind,
        OpKind::Lock | OpKind::ReadLock | OpKind::CondWait | OpKind::Call
    );
    if !waits || leak.stranding.exit == Exit::Stuck {
        return None;
    }
    Some(Diagnosis {
        message: format!("{}: the test ends at {} first", blocked(leak), code(exit)),
        help: "release the goroutine in a deferred call or in `t.Cleanup`, or give the channel room; both also help when a \
               check ends the test; deferred calls run then, the rest of the function does not"
            .to_owned(),
        fixes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;

    #[test]
    fn the_check_is_named() {
        let mut failed = leak(OpKind::Send, Exit::Goexit, "t.Fatal(err)");
        failed.facts.test_exit = Some("t.Fatal(err)".to_owned());
        let said = classify(&failed).expect("claimed");
        assert_eq!(
            said.message,
            "send on `ch` blocks for ever: the test ends at `t.Fatal(err)` first"
        );
    }

    #[test]
    fn an_end_that_is_no_check_is_none() {
        let goexit = leak(OpKind::Send, Exit::Goexit, "runtime.Goexit()");
        assert_eq!(classify(&goexit), None);
    }
}
