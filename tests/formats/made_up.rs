//! A report that has everything a report can have: repairs, suppressions, more than one stranding step, problems.

use crate::HOSTILE_CODE;
use goleash::analyze::{Problem, Report};
use goleash::finding::{
    Edit, Finding, Fix, FixKind, Identity, Label, LabelRole, Safety, Severity, Suppression,
    SuppressionKind, assign_fingerprints,
};
use goleash::leak::{Confidence, Step, StepKind};
use goleash::report::Invocation;
use goleash::source::{FileId, Place, SourceFile, Span};

pub(crate) const INVOCATION: Invocation = Invocation {
    version: "1.2.3",
    execution_successful: false,
    exit_code: 2,
};

pub(crate) fn find(needle: &str) -> Place {
    let start = HOSTILE_CODE.find(needle).expect("in the source");
    Place {
        file: FileId(0),
        span: Span::new(start, start + needle.len()),
    }
}

pub(crate) fn finding(confidence: Confidence) -> Finding {
    Finding {
        rule: "early-return",
        severity: Severity::Error,
        confidence,
        configured_level: None,
        message: "send on `ch` blocks for ever".to_owned(),
        help: "give `ch` room; it then never blocks".to_owned(),
        primary: find("ch <- data()"),
        primary_text: "this send on `ch` blocks for ever".to_owned(),
        wait_reason: "chan send",
        function: "save.func1".to_owned(),
        package: ".".to_owned(),
        labels: vec![Label {
            at: find("make(chan error)"),
            role: LabelRole::Make,
            text: "`ch` is made here".to_owned(),
        }],
        also_stranded_at: vec![find("return <-ch"), find("err != nil")],
        witness: vec![Step {
            at: find("ch <- data()"),
            kind: StepKind::Stuck,
            goroutine: 1,
            text: "stuck".to_owned(),
        }],
        fixes: Vec::new(),
        assumptions: vec!["`n` > 1".to_owned()],
        in_test: false,
        identity: Identity::default(),
        fingerprint: String::new(),
        suppressed: None,
        baseline: None,
    }
}

fn fix(safety: Safety, edits: &[(Place, &str)]) -> Fix {
    Fix {
        title: "give `ch` room for one value".to_owned(),
        kind: FixKind::RoomForOne,
        safety,
        edits: edits
            .iter()
            .map(|(at, text)| Edit {
                at: *at,
                replacement: (*text).to_owned(),
            })
            .collect(),
    }
}

/// One finding that can be repaired in two ways, one that is suppressed, one that is only noted.
pub(crate) fn report() -> Report {
    let mut repairable = finding(Confidence::High);
    let room = (find("make(chan error)"), "make(chan error, 1)");
    let body = find("/* ß😀 */ ch <- data()");
    let end = Place {
        span: Span {
            start: body.span.end,
            end: body.span.end,
        },
        ..body
    };
    repairable.fixes = vec![
        fix(Safety::Safe, &[room]),
        fix(Safety::Unsafe, &[room, (end, "\n\t\tclose(ch)")]),
        fix(Safety::Unsafe, &[(end, "\n\t\tclose(ch)")]),
    ];
    let mut suppressed = finding(Confidence::Medium);
    suppressed.suppressed = Some(Suppression {
        kind: SuppressionKind::InSource,
        justification: "the process ends \"soon\"".to_owned(),
    });
    let noted = finding(Confidence::Low);
    let files = vec![SourceFile::new("x.go", HOSTILE_CODE.as_bytes())];
    // The least severe first: formats that sort have something to do.
    let mut findings = vec![noted, suppressed, repairable];
    assign_fingerprints(&mut findings, &files, "example.com/m");
    let problem = |lines| Problem {
        path: "y.go".to_owned(),
        lines,
        message: "could not be read".to_owned(),
        fatal: lines.is_none(),
    };
    Report {
        files,
        findings,
        problems: vec![problem(None), problem(Some((3, 5)))],
        ..Report::default()
    }
}
