//! The examples on the rules' pages: a fence ```` ```go leaks ```` gives exactly one finding, of the page's rule;
//! a fence ```` ```go clean ```` gives none.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its data fails")]

mod support;

use std::path::Path;
use support::analysis::analyze;

#[test]
fn examples_behave_as_their_fence_says() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut complaints = Vec::new();
    let mut pages = 0;
    for entry in std::fs::read_dir(&rules).unwrap() {
        let path = entry.unwrap().path();
        let id = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|e| e != "md") || id == "README" {
            continue;
        }
        pages += 1;
        complaints.extend(check(&id, &std::fs::read_to_string(&path).unwrap()));
    }
    complaints.sort();
    assert!(pages > 0, "there are no pages");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// What is wrong with the examples of one page.
fn check(id: &str, page: &str) -> Vec<String> {
    let examples = examples(page);
    let mut complaints = Vec::new();
    for leaks in [true, false] {
        if !examples.iter().any(|e| e.leaks == leaks) {
            complaints.push(format!("{id}: no {} example", word(leaks)));
        }
    }
    for example in examples {
        let report = analyze(id, &[("example.go", &example.text)], id);
        let found: Vec<&str> = report.findings.iter().map(|f| f.rule).collect();
        let expected: &[&str] = if example.leaks { &[id] } else { &[] };
        if found != expected {
            complaints.push(format!(
                "{id}.md:{}: the {} example gives {found:?}",
                example.line,
                word(example.leaks)
            ));
        }
    }
    complaints
}

fn word(leaks: bool) -> &'static str {
    if leaks { "leaks" } else { "clean" }
}

/// A fenced piece of Go.
struct Example {
    /// The line of the fence.
    line: usize,
    leaks: bool,
    text: String,
}

/// The fenced examples of a page, each made a file if it has no package clause.
fn examples(page: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let leaks = match line.trim() {
            "```go leaks" => true,
            "```go clean" => false,
            _ => continue,
        };
        let body: Vec<&str> = lines
            .by_ref()
            .map(|(_, l)| l)
            .take_while(|l| l.trim() != "```")
            .collect();
        let clause = body.iter().any(|l| l.starts_with("package "));
        let head = if clause { "" } else { "package example\n\n" };
        examples.push(Example {
            line: index + 1,
            leaks,
            text: format!("{head}{}\n", body.join("\n")),
        });
    }
    examples
}
