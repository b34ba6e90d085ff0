//! `unguarded-send`: a bare send on a channel that is sent to with another way on elsewhere.

use super::wishes::wishes;
use super::wording::{blocked, cause, guard};
use crate::finding::{Diagnosis, FixKind};
use crate::leak::{Exit, Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    leak.facts.guarded?;
    let left = !matches!(leak.stranding.exit, Exit::Stuck | Exit::Never);
    let bare = leak.op.kind == OpKind::Send && !leak.op.nil && leak.siblings <= 1;
    (bare && left).then(|| Diagnosis {
        message: format!(
            "{}: other sends on this channel have another way on, this one does not, and {}",
            blocked(leak),
            cause(leak)
        ),
        help: guard(leak),
        fixes: wishes(leak, &[FixKind::SelectStop]),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{leak, place};
    use super::*;

    #[test]
    fn the_bare_one_of_two() {
        let mut bare = leak(OpKind::Send, Exit::Context, "case <-ctx.Done()");
        bare.facts.guarded = Some(place(70));
        let said = classify(&bare).expect("claimed");
        assert_eq!(
            said.message,
            "send on `ch` blocks for ever: other sends on this channel have another way on, this one does not, and the \
             receiver leaves when `case <-ctx.Done()` wins the select"
        );
        assert!(said.help.contains("case <-ctx.Done()"), "{}", said.help);
    }

    #[test]
    fn without_a_guarded_sibling_or_without_a_receiver_at_all_it_is_none() {
        assert_eq!(classify(&leak(OpKind::Send, Exit::Context, "")), None);
        let mut nobody = leak(OpKind::Send, Exit::Never, "");
        nobody.facts.guarded = Some(place(70));
        assert_eq!(classify(&nobody), None);
    }
}
