//! The style of messages, over leaks of every kind and cause in many circumstances.

use goleash::leak::{
    Caller, Confidence, DeadContext, Exit, Facts, HeldLock, Leak, LockTrouble, OpKind, Operation,
    Origin, Signal, StoppedClock, Stranding, Tally, Undying, Witness,
};
use goleash::rules::classify;
use goleash::source::{FileId, Place, Span};

/// Leaks of every kind and cause, in several circumstances.
fn leaks() -> Vec<Leak> {
    use Exit as E;
    use OpKind as K;
    let kinds = [
        K::Send,
        K::Receive,
        K::Range,
        K::Select,
        K::EmptySelect,
        K::Wait,
        K::Room,
        K::Lock,
    ];
    let exits = [
        (E::Timer, "case <-time.After(time.Second)"),
        (E::Context, "case <-ctx.Done()"),
        (E::Stop, ""),
        (E::Sibling, "case err := <-errs"),
        (E::Default, "default"),
        (E::Return, "return fmt.Errorf(`x`)"),
        (E::Break, "break"),
        (E::Goto, "goto end"),
        (E::Panic, ""),
        (E::Goexit, "t.Fatal(err)"),
        (E::Done, ""),
        (E::Stuck, ""),
        (E::Never, ""),
    ];
    let mut leaks = Vec::new();
    for kind in kinds {
        for (exit, text) in exits {
            for circumstances in 0u32..1024 {
                leaks.push(leak(kind, exit, text, circumstances));
            }
        }
    }
    leaks
}

fn leak(kind: OpKind, exit: Exit, text: &str, circumstances: u32) -> Leak {
    let yes = |bit: u32| circumstances & (1 << bit) != 0;
    let at = Place {
        file: FileId(0),
        span: Span::new(0, 1),
    };
    Leak {
        op: Operation {
            kind,
            at,
            target: "results".to_owned(),
            nil: yes(5),
            function: "run".to_owned(),
            in_loop: yes(0),
            again: yes(0),
            pipe: yes(9) && matches!(kind, OpKind::Send | OpKind::Receive | OpKind::Range),
        },
        cases: Vec::new(),
        origin: yes(1).then(|| Origin {
            at,
            name: "results".to_owned(),
            in_loop: false,
            capacity: u32::from(yes(2)),
            capacity_text: None,
            channel: true,
        }),
        spawn: Some(at),
        root: "run".to_owned(),
        stranding: Stranding {
            exit,
            at: Some(at),
            text: text.to_owned(),
        },
        completed_before: u32::from(yes(3)),
        siblings: 1 + u32::from(yes(4)),
        spawned_in_loop: yes(4),
        served: u32::from(yes(3)) + u32::from(yes(2)),
        partner: yes(1).then_some(at),
        partner_in_loop: yes(2),
        skipped_close: yes(1).then_some(at),
        facts: facts(kind, at, yes),
        witness: Witness::default(),
        confidence: Confidence::Medium,
        assumptions: if yes(4) {
            vec!["`n` > 1".to_owned()]
        } else {
            Vec::new()
        },
    }
}

fn facts(kind: OpKind, at: Place, yes: impl Fn(u32) -> bool) -> Facts {
    let wait = kind == OpKind::Wait;
    Facts {
        tally: wait.then(|| Tally {
            added: 2,
            done: u32::from(yes(3)),
            added_in_loop: yes(0),
            unstarted: yes(2).then_some(at),
            copied: yes(4),
        }),
        skipped_done: (wait && yes(1)).then_some(at),
        limit: (kind == OpKind::Room).then(|| u8::from(yes(0)) + u8::from(yes(1))),
        waits_for_itself: yes(5),
        skipped_make: (yes(5) && yes(3)).then_some(at),
        caller: yes(6).then(|| Caller {
            release: yes(0).then(|| "`Close`".to_owned()),
            context: (!yes(0)).then(|| "ctx".to_owned()),
            stuck_in: yes(1).then(|| "Put".to_owned()),
            left: yes(2),
        }),
        released_by: (!yes(6) && yes(1)).then(|| "Stop".to_owned()),
        test_exit: None,
        clock_stopped: (yes(7) && yes(8)).then(|| StoppedClock {
            by: "defer t.Stop()".to_owned(),
            is_timer: yes(9),
        }),
        dead_context: (yes(7) && !yes(8)).then(|| DeadContext {
            name: if yes(3) { "ctx" } else { "" }.to_owned(),
            why: match (yes(0), yes(1)) {
                (true, _) => Undying::Never,
                (_, true) => Undying::Lost,
                _ => Undying::NotCalled,
            },
        }),
        promise: (yes(8) && yes(2)).then(|| "fetch".to_owned()),
        reply: yes(8) && yes(3),
        guarded: (yes(8) && yes(1)).then_some(at),
        owner_acts: false,
        run_elsewhere: false,
        large_room: yes(2) && yes(5),
        root_ended: yes(1),
        items: 0,
        signal: (kind == OpKind::CondWait && yes(3)).then_some(Signal {
            at,
            waited: 2,
            woken: 1,
        }),
        lock: lock(kind, at, yes),
    }
}

/// A lock in one of the ways it comes into a leak at such an operation.
fn lock(kind: OpKind, at: Place, yes: impl Fn(u32) -> bool) -> Option<HeldLock> {
    let trouble = match (kind, yes(9), yes(0)) {
        (OpKind::Lock | OpKind::ReadLock, true, true) => LockTrouble::Itself,
        (OpKind::Lock | OpKind::ReadLock, true, false) => LockTrouble::Left,
        (OpKind::Lock | OpKind::ReadLock, false, true) => LockTrouble::Order,
        (_, true, true) => LockTrouble::Under,
        _ => return None,
    };
    Some(HeldLock {
        trouble,
        name: "s.mu".to_owned(),
        read: yes(1),
        at,
        ended: yes(2),
        other: yes(3).then_some(at),
        other_name: "t.mu".to_owned(),
    })
}

#[test]
fn messages_follow_the_style() {
    for leak in leaks() {
        let claimed = match leak.op.kind {
            // Behind a stuck goroutine a wait is a consequence, and that goroutine is told.
            OpKind::Wait => leak.stranding.exit != Exit::Stuck || leak.facts.lock.is_some(),
            // So is one for room in a group, but for that of its own goroutines.
            OpKind::Room => {
                leak.facts.waits_for_itself
                    || leak.facts.limit == Some(0)
                    || leak.facts.lock.is_some()
            }
            // Nothing is said of a lock of which nobody knows who has it.
            OpKind::Lock => leak.facts.lock.is_some(),
            _ => true,
        };
        let said = classify(&leak);
        assert_eq!(said.is_some(), claimed, "{leak:?}");
        let Some((rule, said)) = said else { continue };
        for text in [&said.message, &said.help] {
            let shown = format!("{}: {text}", rule.id);
            assert!(
                text.starts_with(|c: char| c.is_ascii_lowercase()),
                "{shown}"
            );
            assert!(!text.ends_with('.') && !text.contains('\n'), "{shown}");
            assert!(!text.contains("  ") && !text.contains("``"), "{shown}");
            assert!(text.matches('`').count() % 2 == 0, "{shown}");
            assert!(
                !text.contains("goroutine leak") && !text.contains("line "),
                "{shown}"
            );
        }
        if leak.op.kind != OpKind::EmptySelect {
            assert!(said.message.contains("`results`"), "{}", said.message);
        }
        for assumption in &leak.assumptions {
            assert!(
                said.message.contains(assumption.as_str()),
                "{}",
                said.message
            );
        }
        // The reason why a remedy suffices follows the remedy.
        assert!(said.help.contains("; "), "{}", said.help);
        // No fixed room is enough for a send that repeats.
        if leak.op.kind == OpKind::Send && leak.op.in_loop && !leak.op.nil {
            assert!(!said.help.contains("make(chan"), "{}", said.help);
        }
    }
}
