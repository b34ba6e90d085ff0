//! Every SARIF output is valid against the official schema and says what GitHub's code scanning needs, whatever names and
//! texts it is made from.

#[path = "support/sarif.rs"]
mod schema;

use goleash::analyze::{Problem, Report};
use goleash::finding::{Diagnosis, Finding, assign_fingerprints};
use goleash::leak::{
    Confidence, Exit, Facts, Leak, OpKind, Operation, Origin, Step, StepKind, Stranding, Witness,
};
use goleash::report::{Invocation, sarif};
use goleash::rules::{RULES, by_id};
use goleash::source::{FileId, Place, SourceFile, Span};
use serde_json::Value;

const SOURCE: &str = "package p\n\nfunc f() {\n\tch := make(chan int)\n\tgo func() {\n\t\t/* ß😀 */ ch <- 1\n\t}()\n\treturn\n}\n";

const HOSTILE: [&str; 6] = [
    "a b/100%/x\"y'.go",
    "./é😀/日本.go",
    "/abs/a:b.go",
    "c:d.go",
    "\u{1b}[31m\n\u{202e}.go",
    "q?x=1#y[0](1){0}.go",
];

fn find(needle: &str) -> Place {
    let start = SOURCE.find(needle).expect("in the source");
    Place {
        file: FileId(0),
        span: Span::new(start, start + needle.len()),
    }
}

fn leak(steps: usize) -> Leak {
    let step = |at, kind, text: &str| Step {
        at,
        kind,
        goroutine: 0,
        text: text.to_owned(),
    };
    let mut run = vec![step(find("make(chan int)"), StepKind::Make, "`ch` is made")];
    run.resize(
        steps,
        step(find("return"), StepKind::Branch, "x[0](1) \u{7}"),
    );
    run.push(step(
        find("ch <- 1"),
        StepKind::Stuck,
        "the goroutine stays here",
    ));
    Leak {
        op: Operation {
            kind: OpKind::Send,
            at: find("ch <- 1"),
            target: "ch".to_owned(),
            nil: false,
            function: "f.func1".to_owned(),
            in_loop: false,
            again: false,
            pipe: false,
        },
        cases: Vec::new(),
        origin: Some(Origin {
            at: find("make(chan int)"),
            name: "ch".to_owned(),
            in_loop: false,
            capacity: 0,
            capacity_text: None,
            channel: true,
        }),
        spawn: Some(find("go func() {\n\t\t/* ß😀 */ ch <- 1\n\t}()")),
        root: "f".to_owned(),
        stranding: Stranding {
            exit: Exit::Return,
            at: Some(find("return")),
            text: "return".to_owned(),
        },
        completed_before: 0,
        siblings: 1,
        spawned_in_loop: false,
        served: 0,
        partner: None,
        partner_in_loop: false,
        skipped_close: None,
        facts: Facts::default(),
        witness: Witness { steps: run },
        confidence: Confidence::High,
        assumptions: Vec::new(),
    }
}

fn finding(message: &str, steps: usize, files: &[SourceFile]) -> Finding {
    let diagnosis = Diagnosis {
        message: message.to_owned(),
        help: "give `ch` room".to_owned(),
        fixes: Vec::new(),
    };
    let rule = by_id("early-return").expect("a rule");
    rule.finding(&leak(steps), diagnosis, ".", files)
}

fn report(path: &str, findings: &[(&str, usize)], problems: Vec<Problem>) -> Report {
    let files = vec![SourceFile::new(path, SOURCE.as_bytes())];
    let mut findings: Vec<_> = findings
        .iter()
        .map(|(m, steps)| finding(m, *steps, &files))
        .collect();
    assign_fingerprints(&mut findings, &files, ".");
    Report {
        files,
        findings,
        problems,
        ..Report::default()
    }
}

/// The SARIF of a report, validated.
fn valid(report: &Report) -> Value {
    let text = sarif::render(
        report,
        &Invocation {
            version: "1.2.3",
            execution_successful: true,
            exit_code: 1,
        },
        &sarif::Options::default(),
    );
    let log: Value = serde_json::from_str(&text).expect("JSON");
    schema::assert_valid(&log);
    log
}

#[test]
fn the_validator_refuses_what_the_schema_does() {
    let validator = schema::validator();
    let wrong = serde_json::json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x", "nonsense": 1}}}]});
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn a_report_without_findings_lists_all_rules() {
    let log = valid(&Report::default());
    let driver = &log["runs"][0]["tool"]["driver"];
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
    assert_eq!(driver["semanticVersion"], "1.2.3");
    let rules = driver["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), RULES.len());
    for rule in rules {
        assert_ne!(rule["id"], rule["name"]);
        let markdown = rule["help"]["markdown"].as_str().expect("markdown");
        assert!(
            !markdown.contains("```go leaks") && !markdown.contains("---\nid:"),
            "{markdown}"
        );
        assert!(
            rule["fullDescription"]["text"]
                .as_str()
                .expect("text")
                .len()
                <= 1024
        );
    }
}

#[test]
fn hostile_names_and_texts_stay_valid() {
    let messages = [
        "a \"quoted\" \u{1b}[0m\ttext",
        "x[i](9) of []int{0}",
        "",
        "ß😀",
    ];
    for path in HOSTILE {
        let problem = |lines, fatal| Problem {
            path: path.to_owned(),
            lines,
            message: format!("cannot read {path}"),
            fatal,
        };
        let problems = vec![
            problem(None, true),
            problem(Some((0, 0)), false),
            problem(Some((3, 1)), false),
        ];
        let findings: Vec<_> = messages.iter().map(|m| (*m, 1)).collect();
        let log = valid(&report(path, &findings, problems));
        for result in log["runs"][0]["results"].as_array().expect("results") {
            let text = result["message"]["text"].as_str().expect("text");
            assert!(
                !text.contains("](9)") && !text.contains("{0}") && !text.contains('\u{1b}'),
                "{text}"
            );
            let at = &result["locations"][0]["physicalLocation"]["artifactLocation"];
            let uri = at["uri"].as_str().expect("uri");
            assert!(
                uri.bytes()
                    .all(|b| b.is_ascii_graphic() && !b"\"#?[]{}\\".contains(&b)),
                "{uri}"
            );
        }
    }
}

#[test]
fn columns_count_utf16_units_and_regions_stay_on_one_line() {
    let log = valid(&report("p.go", &[("m", 1)], Vec::new()));
    let result = &log["runs"][0]["results"][0];
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!(
        *region,
        serde_json::json!({"startLine": 6, "startColumn": 13, "endLine": 6, "endColumn": 20})
    );
    let spawn = &result["relatedLocations"][1]["physicalLocation"]["region"];
    assert_eq!(
        (&spawn["startLine"], &spawn["endLine"]),
        (&5.into(), &5.into())
    );
    assert_eq!(log["runs"][0]["columnKind"], "utf16CodeUnits");
}

#[test]
fn a_result_links_its_places_and_tells_its_run() {
    let log = valid(&report(
        "p.go",
        &[("send on `ch` blocks", 1), ("again", 40)],
        Vec::new(),
    ));
    let results = &log["runs"][0]["results"];
    let first = &results[0];
    assert_eq!(
        first["message"]["text"],
        "Send on `ch` blocks. Made [here](1), goroutine started [here](2), stranded [here](3). Give `ch` room."
    );
    let rules = &log["runs"][0]["tool"]["driver"]["rules"];
    let index = first["ruleIndex"].as_u64().expect("an index") as usize;
    assert_eq!(rules[index]["id"], first["ruleId"]);
    let flow = |i: usize| {
        results[i]["codeFlows"][0]["threadFlows"][0]["locations"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(flow(0), Some(2));
    assert!(flow(1) <= Some(10), "{:?}", flow(1));
    let print = |i: usize| {
        results[i]["partialFingerprints"]["goleash/v1"]
            .as_str()
            .map(str::len)
    };
    assert_eq!((print(0), print(1)), (Some(16), Some(16)));
    assert_ne!(
        results[0]["partialFingerprints"],
        results[1]["partialFingerprints"]
    );
    assert_eq!(
        results[0]["partialFingerprints"]["primaryLocationLineHash"],
        results[1]["partialFingerprints"]["primaryLocationLineHash"]
    );
}
