//! JSON formats against schemas: our own, which documents them, and those that GitLab's and reviewdog's documents amount to.

use crate::made_up::{INVOCATION, finding, report};
use crate::{parsed, paths, printed};
use goleash::analyze::Report;
use goleash::leak::Confidence;
use goleash::report::{checkstyle, concise, github, gitlab, human, json, jsonl, rdjson, sarif};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const REPORT: &str = include_str!("../../docs/schema/report.json");
const GITLAB: &str = include_str!("../data/gitlab-code-quality.schema.json");
const RDJSON: &str = include_str!("../data/rdjson.schema.json");

/// The schema with every object closed: what it does not name must not be there.
fn strict(schema: &str, entry: Option<&str>) -> Value {
    let mut schema = parsed(schema);
    close(&mut schema);
    match entry {
        Some(entry) => json!({ "$ref": format!("#/$defs/{entry}"), "$defs": schema["$defs"] }),
        None => schema,
    }
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") && object.get("type") == Some(&json!("object")) {
                object
                    .entry("additionalProperties")
                    .or_insert(Value::Bool(false));
            }
            object.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

#[track_caller]
fn fits(schema: &Value, value: &Value) {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    let errors: Vec<_> = validator
        .iter_errors(value)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}\n{value:#}", errors.join("\n"));
}

/// A JSON line without the word that says what it is.
fn untyped(line: &str) -> (String, Value) {
    let mut value = parsed(line);
    let kind = value.as_object_mut().and_then(|o| o.remove("type"));
    (
        kind.expect("a type").as_str().expect("text").to_owned(),
        value,
    )
}

#[test]
fn json_is_what_its_schema_says_and_nothing_more() {
    let schema = strict(REPORT, None);
    for text in [
        printed("json"),
        json::render(&report(), &INVOCATION),
        json::render(&Report::default(), &INVOCATION),
    ] {
        fits(&schema, &parsed(&text));
        fits(&parsed(REPORT), &parsed(&text));
    }
    // A schema that would take anything would prove nothing.
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let mut wrong = parsed(&printed("json"));
    wrong["findings"][0]["more"] = json!(1);
    assert!(!validator.is_valid(&wrong));
    let mut wrong = parsed(&printed("json"));
    wrong["findings"][0]["at"]["start"]["line"] = json!(0);
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn json_lines_are_the_same_objects_and_end_with_the_run() {
    let text = jsonl::render(&report(), &INVOCATION);
    let whole = parsed(&json::render(&report(), &INVOCATION));
    let lines: Vec<_> = text.lines().map(untyped).collect();
    let kinds: Vec<_> = lines.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["finding", "finding", "finding", "problem", "problem", "run"]
    );
    for (kind, value) in &lines {
        fits(&strict(REPORT, Some(kind)), value);
    }
    for line in text.lines() {
        let line_schema = json!({ "$ref": "#/$defs/line", "$defs": parsed(REPORT)["$defs"] });
        fits(&line_schema, &parsed(line));
    }
    assert_eq!(lines[2].1, whole["findings"][2]);
    assert_eq!(lines[4].1, whole["problems"][1]);
    assert_eq!(lines[5].1["exit_code"], whole["exit_code"]);
    assert_eq!(printed("jsonl").lines().count(), paths().len() + 1);
}

#[test]
fn gitlab_gets_entries_it_can_tell_apart() {
    let schema = strict(GITLAB, None);
    let entries = parsed(&printed("gitlab"));
    fits(&schema, &entries);
    let shown: Vec<_> = entries.as_array().expect("an array").iter().collect();
    let at: Vec<_> = shown
        .iter()
        .map(|e| e["location"]["path"].as_str())
        .collect();
    assert_eq!(at, paths().into_iter().map(Some).collect::<Vec<_>>());
    // Equal fingerprints (two packages outside modules) must not make one entry of two.
    let mut report = report();
    report.findings = vec![finding(Confidence::High); 3];
    for finding in &mut report.findings {
        finding.fingerprint = "0123456789abcdef".to_owned();
    }
    let entries = parsed(&gitlab::render(&report));
    fits(&schema, &entries);
    let prints = entries.as_array().expect("an array").iter();
    let prints: BTreeSet<_> = prints.map(|e| e["fingerprint"].to_string()).collect();
    assert_eq!(prints.len(), 3);
    assert_eq!(parsed(&gitlab::render(&Report::default())), json!([]));
}

#[test]
fn reviewdog_gets_columns_in_bytes_and_suggestions_for_one_place() {
    let schema = strict(RDJSON, None);
    let result = parsed(&printed("rdjson"));
    fits(&schema, &result);
    let range = &result["diagnostics"][0]["location"]["range"];
    // Two tabs, then a comment of 14 bytes.
    assert_eq!(range["start"], json!({"line": 8, "column": 16}));
    let result = parsed(&rdjson::render(&report()));
    fits(&schema, &result);
    let repaired = &result["diagnostics"][1];
    assert_eq!(repaired["severity"], "ERROR");
    assert_eq!(
        repaired["suggestions"],
        json!([{
            "range": {"start": {"line": 6, "column": 8}, "end": {"line": 6, "column": 24}},
            "text": "make(chan error, 1)",
        }])
    );
    assert_eq!(
        repaired["relatedLocations"].as_array().map(Vec::len),
        Some(3)
    );
}

#[test]
fn what_is_suppressed_is_marked_or_left_out() {
    let report = report();
    let left = |text: &str| text.matches("send on `ch` blocks for ever").count();
    assert_eq!(
        parsed(&gitlab::render(&report)).as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(
        parsed(&rdjson::render(&report))["diagnostics"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    assert_eq!(left(&checkstyle::render(&report)), 2);
    assert_eq!(left(&github::render(&report)), 2);
    let lines = concise::render(&report);
    assert_eq!(
        lines
            .matches(" (suppressed: the process ends \"soon\")\n")
            .count(),
        1,
        "{lines}"
    );
    let full = human::render(&report, &human::Style::default());
    assert!(
        full.contains("suppressed: the process ends \"soon\""),
        "{full}"
    );
    let whole = parsed(&json::render(&report, &INVOCATION));
    assert_eq!(
        whole["findings"][1]["suppressed"],
        json!({"kind": "inSource", "justification": "the process ends \"soon\""})
    );
}

#[test]
fn sarif_carries_repairs_and_suppressions_most_severe_first() {
    let text = sarif::render(&report(), &INVOCATION, &sarif::Options::default());
    let log = parsed(&text);
    crate::sarif_schema::assert_valid(&log);
    let results = log["runs"][0]["results"].as_array().expect("results");
    let levels: Vec<_> = results.iter().map(|r| r["level"].as_str()).collect();
    assert_eq!(levels, [Some("error"), Some("warning"), Some("note")]);
    let suppressed: Vec<_> = results.iter().map(|r| r["suppressions"].clone()).collect();
    let reason = json!({"kind": "inSource", "justification": "the process ends \"soon\""});
    assert_eq!(suppressed, [json!([]), json!([reason]), json!([])]);
    let change = &results[0]["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "x.go");
    assert_eq!(
        change["replacements"][0],
        json!({
            "deletedRegion": {"startLine": 6, "startColumn": 8, "endLine": 6, "endColumn": 24},
            "insertedContent": {"text": "make(chan error, 1)"},
        })
    );
    let insertion = &results[0]["fixes"][1]["artifactChanges"][0]["replacements"][1];
    let region = &insertion["deletedRegion"];
    assert_eq!(region["startColumn"], region["endColumn"]);
    let related = results[0]["relatedLocations"].as_array().expect("places");
    assert_eq!(related.len(), 3);
    assert_eq!(
        results[0]["message"]["text"],
        "Send on `ch` blocks for ever. Made [here](1), also [here](2), [here](3). Give `ch` room; it then never blocks."
    );
}

#[test]
fn sarif_of_hostile_names_is_valid() {
    let log = parsed(&printed("sarif"));
    crate::sarif_schema::assert_valid(&log);
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.len(), paths().len());
    // Without suppressions in the report, nothing is said of them.
    assert!(results.iter().all(|r| r.get("suppressions").is_none()));
}

#[test]
fn more_than_github_takes_is_mentioned() {
    let mut report = report();
    let one = finding(Confidence::High);
    report.findings = vec![one.clone(); 5_000];
    assert_eq!(sarif::beyond_limits(&report), None);
    report.findings.push(one.clone());
    let note = sarif::beyond_limits(&report).expect("a note");
    assert!(
        note.starts_with("5001 results") && note.contains("shows the 5000"),
        "{note}"
    );
    report.findings.resize(25_001, one);
    let note = sarif::beyond_limits(&report).expect("a note");
    assert!(note.contains("refuses"), "{note}");
}
