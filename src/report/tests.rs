//! The formats for people and goleash's own JSON, on one small report.

use super::{Invocation, concise, human, json};
use crate::analyze::{Problem, Report};
use crate::finding::{Finding, Identity, Label, LabelRole, Severity};
use crate::leak::{Confidence, Step, StepKind};
use crate::source::{FileId, Place, SourceFile, Span};

const SOURCE: &str = "package p

func run() error {
\tch := make(chan int)
\tgo func() {
\t\tch <- 1
\t}()
\tif bad() {
\t\treturn err
\t}
\t<-ch
\treturn nil
}
";

fn find(source: &str, needle: &str) -> Place {
    let start = source.find(needle).expect("in the source");
    Place {
        file: FileId(0),
        span: Span::new(start, start + needle.len()),
    }
}

fn report(path: &str, source: &str) -> Report {
    let label = |needle, role, text: &str| Label {
        at: find(source, needle),
        role,
        text: text.to_owned(),
    };
    let step = |needle, kind, goroutine, text: &str| Step {
        at: find(source, needle),
        kind,
        goroutine,
        text: text.to_owned(),
    };
    let finding = Finding {
        rule: "early-return",
        severity: Severity::Warning,
        confidence: Confidence::High,
        configured_level: None,
        message: "send on `ch` blocks for ever: the receiver leaves by `return err`".to_owned(),
        help: "give `ch` room for one value".to_owned(),
        primary: find(source, "ch <- 1"),
        primary_text: "this send on `ch` blocks for ever".to_owned(),
        wait_reason: "chan send",
        function: "run.func1".to_owned(),
        package: ".".to_owned(),
        labels: vec![
            label(
                "make(chan int)",
                LabelRole::Make,
                "`ch` is made here, without room",
            ),
            label(
                "go func() {\n\t\tch <- 1\n\t}()",
                LabelRole::Spawn,
                "the goroutine is started here",
            ),
            label(
                "return err",
                LabelRole::Stranding,
                "the receiver leaves here",
            ),
        ],
        also_stranded_at: Vec::new(),
        witness: vec![
            step("make(chan int)", StepKind::Make, 0, "`ch` is made"),
            step("go func", StepKind::Spawn, 0, "the goroutine starts"),
            step("return err", StepKind::Leave, 0, "`run` returns"),
            step("ch <- 1", StepKind::Stuck, 1, "the send finds no receiver"),
        ],
        fixes: Vec::new(),
        assumptions: Vec::new(),
        in_test: false,
        identity: Identity::default(),
        fingerprint: "0123456789abcdef".to_owned(),
        suppressed: None,
        baseline: None,
    };
    Report {
        files: vec![SourceFile::new(path, source.as_bytes())],
        findings: vec![finding],
        problems: vec![Problem {
            path: "q.go".to_owned(),
            lines: Some((3, 4)),
            message: "not understood".to_owned(),
            fatal: false,
        }],
        ..Report::default()
    }
}

#[test]
fn human_shows_code_run_and_remedy() {
    let plain = human::Style::default();
    insta::assert_snapshot!(human::render(&report("p.go", SOURCE), &plain));
}

#[test]
fn human_colours_on_request_only() {
    let report = report("p.go", SOURCE);
    assert!(
        human::render(
            &report,
            &human::Style {
                color: true,
                ..human::Style::default()
            }
        )
        .contains("\u{1b}[")
    );
    assert!(!human::render(&report, &human::Style::default()).contains('\u{1b}'));
}

#[test]
fn rule_ids_link_to_their_pages_on_request() {
    let report = report("p.go", SOURCE);
    for color in [false, true] {
        let linked = human::render(&report, &human::Style { color, links: true });
        let link = "warning[\u{1b}]8;;https://github.com/goleash/goleash/blob/main/rules/early-return.md\u{1b}\\early-return\u{1b}]8;;\u{1b}\\]";
        assert!(linked.contains(link), "{linked:?}");
    }
}

#[test]
fn concise_is_one_line_with_byte_columns() {
    let source = SOURCE
        .replace("\t\tch <- 1", "\t\t/* ß😀 */ ch <- 1")
        .replace("go func() {\n\t\tch", "");
    let mut report = report("p.go", SOURCE);
    report.files = vec![SourceFile::new("p.go", source.as_bytes())];
    report.findings[0].primary = find(&source, "ch <- 1");
    assert_eq!(
        concise::render(&report),
        "p.go:6:16: warning: send on `ch` blocks for ever: the receiver leaves by `return err` [early-return]\n"
    );
}

#[test]
fn terminals_are_safe_from_names_and_code() {
    let source = SOURCE.replace("ch <- 1", "ch <- 1 // \u{1b}[2J\u{202e}\u{9b}31m\r");
    let mut report = report("a\u{1b}[31m\n.go", SOURCE);
    report.files = vec![SourceFile::new("a\u{1b}[31m\n.go", source.as_bytes())];
    report.findings[0].message.push_str("\u{1b}]0;x\u{7}\n");
    let both = human::render(&report, &human::Style::default()) + &concise::render(&report);
    assert!(
        !both.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\u{7}', '\r']),
        "{both:?}"
    );
    assert_eq!(concise::render(&report).lines().count(), 1);
}

#[test]
fn places_that_cut_characters_or_leave_the_file_do_no_harm() {
    let mut report = report("p.go", SOURCE);
    report.files = vec![SourceFile::new("p.go", "ß😀\u{feff}\n😀".as_bytes())];
    for (start, end) in [(1, 3), (0, 99), (50, 99), (4, 4), (9, 14)] {
        for file in [0, 7] {
            report.findings[0].primary = Place {
                file: FileId(file),
                span: Span::new(start, end),
            };
            assert!(human::render(&report, &human::Style::default()).contains("early-return"));
            assert!(concise::render(&report).contains("early-return"));
        }
    }
}

#[test]
fn json_resolves_places_and_carries_everything() {
    let invocation = Invocation {
        version: "1.2.3",
        execution_successful: true,
        exit_code: 1,
    };
    let text = json::render(&report("p.go", SOURCE), &invocation);
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["schema_version"], 1);
    assert_eq!(value["exit_code"], 1);
    let finding = &value["findings"][0];
    assert_eq!(finding["at"]["path"], "p.go");
    assert_eq!(finding["at"]["start"]["line"], 6);
    assert_eq!(finding["at"]["end"]["column"], 10);
    assert_eq!(finding["wait_reason"], "chan send");
    assert_eq!(finding["labels"][2]["role"], "stranding");
    assert_eq!(finding["witness"][3]["kind"], "stuck");
    assert_eq!(finding["fingerprint"], "0123456789abcdef");
    assert_eq!(value["problems"][0]["lines"]["first"], 3);
    assert_eq!(value["stats"]["packages"], 0);
}
