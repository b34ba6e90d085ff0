//! Reading, writing and matching, on made-up findings.

use super::{Baseline, Entry, Unsure};
use crate::analyze::Report;
use crate::finding::{BaselineState, Finding, Identity, Severity, Suppression, SuppressionKind};
use crate::leak::Confidence;
use crate::source::{FileId, Place, SourceFile, Span};

fn finding(operation: &str, stranded: &[&str], fingerprint: u64) -> Finding {
    Finding {
        rule: "early-return",
        severity: Severity::Warning,
        confidence: Confidence::High,
        configured_level: None,
        message: String::new(),
        help: String::new(),
        primary: Place {
            file: FileId(0),
            span: Span::new(0, 1),
        },
        primary_text: String::new(),
        wait_reason: "chan send",
        function: "(*T).run.func1".to_owned(),
        package: "p".to_owned(),
        labels: Vec::new(),
        also_stranded_at: Vec::new(),
        witness: Vec::new(),
        fixes: Vec::new(),
        assumptions: Vec::new(),
        in_test: false,
        identity: Identity {
            package: "example.com/m/p".to_owned(),
            function: "(*T).run".to_owned(),
            operation: operation.to_owned(),
            made: "make(chan int)".to_owned(),
            stranded: stranded.iter().map(|s| (*s).to_owned()).collect(),
        },
        fingerprint: format!("{fingerprint:016x}"),
        suppressed: None,
        baseline: None,
    }
}

fn baseline(findings: &[Finding]) -> Baseline {
    let report = Report {
        files: vec![SourceFile::new("p/x.go", *b"x")],
        findings: findings.to_vec(),
        ..Report::default()
    };
    Baseline::of(&report, |path| format!("../{path}"))
}

fn states(baseline: &Baseline, findings: &[Finding]) -> (Vec<Option<BaselineState>>, Vec<bool>) {
    let mut findings = findings.to_vec();
    let used = baseline.mark(&mut findings);
    (findings.iter().map(|f| f.baseline).collect(), used)
}

const NEW: Option<BaselineState> = Some(BaselineState::New);
const UNCHANGED: Option<BaselineState> = Some(BaselineState::Unchanged);
const UPDATED: Option<BaselineState> = Some(BaselineState::Updated);

#[test]
fn the_file_reads_back_and_is_sorted() {
    let mut medium = finding("a <- 1", &[], 7);
    medium.confidence = Confidence::Medium;
    let one = baseline(&[finding("b <- \"\n\"", &["return"], 9), medium]);
    let text = one.render();
    assert_eq!(Baseline::parse(&text), Ok(one.clone()));
    assert_eq!(
        text,
        r#"{
  "version": 1,
  "findings": [
    {
      "package": "example.com/m/p",
      "function": "(*T).run",
      "rule": "early-return",
      "operation": "a <- 1",
      "made": "make(chan int)",
      "file": "../p/x.go",
      "confidence": "medium",
      "fingerprint": "0000000000000007"
    },
    {
      "package": "example.com/m/p",
      "function": "(*T).run",
      "rule": "early-return",
      "operation": "b <- \"\n\"",
      "made": "make(chan int)",
      "stranded": [
        "return"
      ],
      "file": "../p/x.go",
      "fingerprint": "0000000000000009"
    }
  ]
}
"#
    );
    assert_eq!(one.entries[0].confidence, Some(Unsure::Medium));
    // Whatever order a merge has left, and however often it has left an entry.
    let mut entries: Vec<Entry> = one.entries.iter().rev().cloned().collect();
    entries.push(one.entries[0].clone());
    assert_eq!(Baseline::sorted(entries), one);
}

#[test]
fn what_is_no_baseline_is_refused_with_its_line() {
    let good = baseline(&[finding("a <- 1", &["return"], 7)]).render();
    for (text, line, message) in [
        (String::new(), 1, "EOF while parsing"),
        ("7".to_owned(), 1, "invalid type"),
        (
            "{\n  \"findings\": []\n}".to_owned(),
            3,
            "missing field `version`",
        ),
        (
            good.replace("\"version\": 1", "\"version\": 2"),
            2,
            "not version 2",
        ),
        (
            good.replace("\"rule\"", "\"rules\""),
            7,
            "unknown field `rules`",
        ),
        (
            good.replace("\"early-return\"", "7"),
            7,
            "invalid type: integer `7`",
        ),
        (
            good.replace(
                "      \"fingerprint\"",
                "<<<<<<< HEAD\n      \"fingerprint\"",
            ),
            14,
            "merge conflict",
        ),
        (good.clone() + "x", 18, "trailing characters"),
    ] {
        let invalid = Baseline::parse(&text).expect_err(message);
        assert!(invalid.message.contains(message), "{invalid:?}");
        assert_eq!(invalid.line, line, "{invalid:?}");
        assert!(!invalid.message.contains(" at line "), "{invalid:?}");
    }
}

#[test]
fn equal_findings_are_known_and_counted() {
    let known = baseline(&[finding("a <- 1", &[], 1), finding("a <- 1", &[], 2)]);
    let three = [1, 2, 3].map(|print| finding("a <- 1", &[], print));
    assert_eq!(
        states(&known, &three),
        (vec![UNCHANGED, UNCHANGED, NEW], vec![true, true])
    );
    assert_eq!(
        states(&known, &three[..1]),
        (vec![UNCHANGED], vec![true, false])
    );
    assert_eq!(
        states(&Baseline::default(), &three[..1]),
        (vec![NEW], vec![])
    );
}

#[test]
fn another_stranding_step_of_several_is_no_news() {
    let known = baseline(&[finding("a <- 1", &["return", "case <-done"], 1)]);
    let told = |stranded: &[&str]| states(&known, &[finding("a<-1", stranded, 5)]).0;
    assert_eq!(told(&["case <- done", "panic(x)"]), [UPDATED]);
    assert_eq!(told(&["return"]), [UPDATED]);
    assert_eq!(told(&["panic(x)"]), [NEW]);
    assert_eq!(told(&[]), [NEW]);
    let other = [finding("b <- 1", &["return"], 5)];
    assert_eq!(states(&known, &other), (vec![NEW], vec![false]));
    // One entry does for one finding, and first for the one it is equal to.
    let both = [
        finding("a <- 1", &["return"], 5),
        finding("a <- 1", &["return", "case <-done"], 1),
    ];
    assert_eq!(states(&known, &both).0, [NEW, UNCHANGED]);
}

#[test]
fn a_renamed_rule_keeps_its_entries() {
    let mut known = baseline(&[finding("a <- 1", &["return"], 1)]);
    "premature return".clone_into(&mut known.entries[0].rule);
    known.entries[0].fingerprint = "00000000000000ff".to_owned();
    let now = [finding("a <- 1", &["return"], 1)];
    let metadata = crate::rules::by_id("early-return")
        .expect("a rule")
        .metadata();
    let renamed = metadata
        .also_known_as
        .first()
        .expect("another name")
        .clone();
    assert_eq!(states(&known, &now).0, [NEW]);
    known.entries[0].rule = renamed;
    assert_eq!(states(&known, &now).0, [UPDATED]);
}

#[test]
fn suppressed_findings_have_nothing_to_do_with_it() {
    let mut one = finding("a <- 1", &[], 1);
    let known = baseline(&[one.clone()]);
    one.suppressed = Some(Suppression {
        kind: SuppressionKind::InSource,
        justification: String::new(),
    });
    assert_eq!(states(&known, &[one.clone()]), (vec![None], vec![false]));
    assert_eq!(baseline(&[one]), Baseline::default());
}
