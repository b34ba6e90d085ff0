//! `dead-context`: a goroutine waits for the end of a context that never ends.

use super::wishes::wishes;
use super::wording::{blocked, code};
use crate::finding::{Diagnosis, FixKind};
use crate::leak::{DeadContext, Exit, Leak, OpKind, Undying};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let context = leak.facts.dead_context.as_ref()?;
    let waits = matches!(
        leak.op.kind,
        OpKind::Receive | OpKind::Range | OpKind::Select
    );
    // Where somebody has a way to let go and did not take it, that is the story.
    let owned = leak.facts.caller.is_some() || leak.facts.released_by.is_some();
    if !waits || owned || leak.stranding.exit == Exit::Stuck {
        return None;
    }
    Some(Diagnosis {
        message: format!("{}: {}", blocked(leak), why(context)),
        help: help(context),
        fixes: wishes(leak, &[FixKind::DeferRelease]),
    })
}

fn named(context: &DeadContext) -> String {
    match context.name.as_str() {
        "" => "its context".to_owned(),
        name => code(name),
    }
}

fn why(context: &DeadContext) -> String {
    let name = named(context);
    match context.why {
        Undying::Never => {
            format!("{name} never ends, and the Done channel of such a context is nil")
        }
        Undying::Lost => format!("the cancel function of {name} is not kept, so nobody ends it"),
        Undying::NotCalled => {
            format!("nobody calls the cancel function of {name} on this path")
        }
    }
}

fn help(context: &DeadContext) -> String {
    match context.why {
        Undying::Never => "derive a context that somebody ends, such as by `ctx, cancel := context.WithCancel(parent)` with \
                           `defer cancel()`, and wait for that one; its Done channel is closed on every way out"
            .to_owned(),
        Undying::Lost => "keep the cancel function, `ctx, cancel := context.WithCancel(parent)`, and `defer cancel()`; the \
                          context then ends on every way out"
            .to_owned(),
        Undying::NotCalled => {
            "call `defer cancel()` right after the context was made; the context then ends on every way out".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;

    fn dead(kind: OpKind, why: Undying) -> Leak {
        let mut dead = leak(kind, Exit::Never, "");
        dead.op.target = "ctx.Done()".to_owned();
        dead.op.nil = why == Undying::Never;
        dead.facts.dead_context = Some(DeadContext {
            name: "ctx".to_owned(),
            why,
        });
        dead
    }

    #[test]
    fn why_it_never_ends_is_told() {
        let said = classify(&dead(OpKind::Receive, Undying::Never)).expect("claimed");
        assert_eq!(
            said.message,
            "receive from `ctx.Done()` blocks for ever: `ctx` never ends, and the Done channel of such a context is nil"
        );
        let said = classify(&dead(OpKind::Receive, Undying::Lost)).expect("claimed");
        assert!(said.message.contains("is not kept"), "{}", said.message);
        let said = classify(&dead(OpKind::Receive, Undying::NotCalled)).expect("claimed");
        assert!(said.help.contains("`defer cancel()`"), "{}", said.help);
    }

    #[test]
    fn a_send_or_a_value_with_a_release_is_none() {
        assert_eq!(classify(&dead(OpKind::Send, Undying::Lost)), None);
        let mut owned = dead(OpKind::Select, Undying::NotCalled);
        owned.facts.released_by = Some("Close".to_owned());
        assert_eq!(classify(&owned), None);
    }
}
