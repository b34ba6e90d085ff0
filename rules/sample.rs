//! Leaks for the unit tests of the classifiers.

use crate::leak::{
    Confidence, Exit, Facts, HeldLock, Leak, LockTrouble, OpKind, Operation, Origin, Step,
    StepKind, Stranding, Witness,
};
use crate::source::{FileId, Place, Span};

pub(super) fn place(start: usize) -> Place {
    Place {
        file: FileId(0),
        span: Span::new(start, start + 1),
    }
}

/// One goroutine at an operation of `kind` on an unbuffered `ch`, its partner lost by `exit` at `text`.
pub(super) fn leak(kind: OpKind, exit: Exit, text: &str) -> Leak {
    let op = Operation {
        kind,
        at: place(30),
        target: "ch".to_owned(),
        nil: false,
        function: "run.func1".to_owned(),
        in_loop: false,
        again: false,
        pipe: false,
    };
    Leak {
        op,
        cases: Vec::new(),
        origin: Some(Origin {
            at: place(10),
            name: "ch".to_owned(),
            in_loop: false,
            capacity: 0,
            capacity_text: None,
            channel: true,
        }),
        spawn: Some(place(20)),
        root: "run".to_owned(),
        stranding: Stranding {
            exit,
            at: (exit != Exit::Never).then(|| place(40)),
            text: text.to_owned(),
        },
        completed_before: 0,
        siblings: 1,
        spawned_in_loop: false,
        served: 0,
        partner: Some(place(50)),
        partner_in_loop: false,
        skipped_close: None,
        facts: Facts::default(),
        witness: Witness {
            steps: vec![Step {
                at: place(30),
                kind: StepKind::Stuck,
                goroutine: 1,
                text: "the goroutine is stuck here".to_owned(),
            }],
        },
        confidence: Confidence::High,
        assumptions: Vec::new(),
    }
}

/// A lock `s.mu` that has to do with a leak in this way; its holder has ended.
pub(super) fn held(trouble: LockTrouble) -> HeldLock {
    HeldLock {
        trouble,
        name: "s.mu".to_owned(),
        read: false,
        at: place(25),
        ended: true,
        other: None,
        other_name: String::new(),
    }
}
