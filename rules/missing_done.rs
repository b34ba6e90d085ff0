//! `missing-done`: a `WaitGroup.Wait` that some counted goroutine never ends.

use super::wishes::wishes;
use super::wording::{blocked, channel, times, way_out};
use crate::finding::{Diagnosis, FixKind};
use crate::leak::{Exit, Leak, OpKind, Tally};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    if leak.op.kind == OpKind::Room {
        // Who waits for others that are stuck is told there.
        let is_counted = leak.facts.waits_for_itself || leak.facts.limit == Some(0);
        return is_counted.then(|| no_room(leak));
    }
    // Behind a goroutine that is stuck elsewhere, that one is the leak and this its consequence.
    if leak.op.kind != OpKind::Wait || leak.stranding.exit == Exit::Stuck {
        return None;
    }
    let tally = leak.facts.tally.clone().unwrap_or_default();
    let (why, help) = story(leak, &tally);
    Some(Diagnosis {
        message: format!("{}: {why}", blocked(leak)),
        help,
        fixes: wishes(leak, &[FixKind::DeferDone]),
    })
}

/// A group that runs only so many at a time has no room for one more.
fn no_room(leak: &Leak) -> Diagnosis {
    let room = leak.facts.limit.unwrap_or_default();
    let why = match room {
        0 => "the group may run no goroutine at all".to_owned(),
        1 => "the group runs one goroutine at a time, and it is the one that calls".to_owned(),
        _ => format!(
            "the group runs {room} goroutines at a time, and they all wait for room for more"
        ),
    };
    Diagnosis {
        message: format!("{}: {why}", blocked(leak)),
        help: format!(
            "call `Go` of {0} from outside its own goroutines, or start what they start in another group; `Go` waits until one of \
             those that run has ended",
            channel(leak)
        ),
        fixes: Vec::new(),
    }
}

/// Why the counter stays above zero, and what to do.
fn story(leak: &Leak, tally: &Tally) -> (String, String) {
    let group = channel(leak);
    let call = |method: &str| format!("`{}.{method}`", group.replace('`', ""));
    let done = call("Done()");
    let defer = format!("`defer {}`", done.replace('`', ""));
    if leak.op.in_loop && !tally.added_in_loop && tally.done > 0 {
        return (
            "it stands in the loop that starts the goroutines, and those of later rounds are counted already".to_owned(),
            "wait after the loop; there all counted goroutines have been started and can call `Done`".to_owned(),
        );
    }
    if tally.copied {
        return (
            format!("{done} is called on a copy of {group}"),
            format!(
                "hand on a pointer to {group}; a `WaitGroup` that is passed or assigned by value is another one, which \
                 nobody waits for"
            ),
        );
    }
    if leak.facts.waits_for_itself {
        return (
            format!("the goroutine that waits is counted itself, and calls {done} later only"),
            format!(
                "wait in a goroutine that {group} does not count; one that is counted keeps the counter above zero for as \
                 long as it waits"
            ),
        );
    }
    if let Some(why) = way_out(leak, "goroutine", &format!("before it calls {done}")) {
        return (
            why,
            format!(
                "call {defer} first thing in the goroutine; a deferred call runs on every way out, and the counter comes \
                 to zero"
            ),
        );
    }
    if tally.unstarted.is_some() {
        return (
            format!(
                "the goroutine that {} counts is not started on this path",
                call("Add")
            ),
            format!(
                "call {} right before the `go` statement, behind every way past it; then as many are counted as are \
                 started",
                call("Add(1)")
            ),
        );
    }
    let counts = if tally.done == 0 {
        format!("nobody calls {done}")
    } else {
        format!(
            "`Add` counts {}, and {done} is called {}",
            tally.added,
            times(tally.done)
        )
    };
    (
        counts,
        format!(
            "call {defer} in every goroutine that is counted, and count as many as are started; the wait ends when there \
             have been as many `Done` as `Add` has counted"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::{leak, place};
    use super::*;

    fn wait(exit: Exit, text: &str) -> Leak {
        let mut wait = leak(OpKind::Wait, exit, text);
        wait.op.target = "wg".to_owned();
        wait
    }

    #[test]
    fn a_return_before_the_done() {
        let said = classify(&wait(Exit::Return, "return")).expect("claimed");
        assert_eq!(
            said.message,
            "wait for `wg` never ends: the goroutine leaves by `return` before it calls `wg.Done()`"
        );
        assert!(said.help.contains("`defer wg.Done()`"), "{}", said.help);
    }

    #[test]
    fn a_group_without_room_for_what_it_starts_itself() {
        let mut full = leak(OpKind::Room, Exit::Never, "");
        full.op.target = "g".to_owned();
        full.facts.limit = Some(1);
        assert_eq!(classify(&full), None, "those that run may end");
        full.facts.waits_for_itself = true;
        let said = classify(&full).expect("claimed");
        assert_eq!(
            said.message,
            "wait for room in `g` never ends: the group runs one goroutine at a time, and it is the one that calls"
        );
        full.facts.limit = Some(2);
        let said = classify(&full).expect("claimed");
        assert!(said.message.ends_with("they all wait for room for more"));
    }

    #[test]
    fn an_add_without_a_goroutine() {
        let mut skipped = wait(Exit::Never, "");
        skipped.facts.tally = Some(Tally {
            added: 1,
            unstarted: Some(place(5)),
            ..Tally::default()
        });
        let said = classify(&skipped).expect("claimed");
        assert_eq!(
            said.message,
            "wait for `wg` never ends: the goroutine that `wg.Add` counts is not started on this path"
        );
    }

    #[test]
    fn a_wait_in_the_loop_that_starts() {
        let mut looped = wait(Exit::Done, "");
        looped.op.in_loop = true;
        looped.facts.tally = Some(Tally {
            added: 2,
            done: 1,
            ..Tally::default()
        });
        let said = classify(&looped).expect("claimed");
        assert!(
            said.help.starts_with("wait after the loop"),
            "{}",
            said.help
        );
    }

    #[test]
    fn a_count_too_high() {
        let mut more = wait(Exit::Done, "");
        more.facts.tally = Some(Tally {
            added: 2,
            done: 1,
            ..Tally::default()
        });
        let said = classify(&more).expect("claimed");
        assert_eq!(
            said.message,
            "wait for `wg` never ends: `Add` counts 2, and `wg.Done()` is called once"
        );
    }

    #[test]
    fn one_that_waits_for_itself() {
        let mut own = wait(Exit::Never, "");
        own.facts.waits_for_itself = true;
        let said = classify(&own).expect("claimed");
        assert!(
            said.message.contains("is counted itself"),
            "{}",
            said.message
        );
    }

    #[test]
    fn a_wait_behind_a_stuck_goroutine_or_another_operation_is_none() {
        assert_eq!(classify(&wait(Exit::Stuck, "")), None);
        assert_eq!(
            classify(&leak(OpKind::Receive, Exit::Return, "return")),
            None
        );
    }
}
