//! The markers of `fixtures/**/*.go` against what goleash finds, in both directions.
//!
//! Every `// want` needs its finding (rule, line, message), every `// via` its label, and no finding may be without a
//! marker. `// miss` and `// noise` are known wrong answers: they fail as soon as they stop being true.
//! `GOLEASH_FIXTURES=<part of a path>` looks at some files only.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its data fails")]

mod support;

use goleash::analyze::Report;
use goleash::finding::Finding;
use support::analysis::{analyze, locate};
use support::markers::{Kind, Marker};
use support::{Fixture, Package};

#[test]
fn findings_match_the_markers() {
    let only = std::env::var("GOLEASH_FIXTURES").unwrap_or_default();
    let packages = support::packages();
    let mut tally = Tally::default();
    for package in &packages {
        compare(package, &only, &mut tally);
    }
    println!(
        "{} of {} wanted findings, {} unwanted, {} known misses, {} known noises",
        tally.wanted - tally.unmet,
        tally.wanted,
        tally.unexpected,
        tally.misses,
        tally.noises
    );
    assert!(
        tally.complaints.is_empty(),
        "{} complaints:\n{}",
        tally.complaints.len(),
        tally.complaints.join("\n")
    );
}

#[derive(Default)]
struct Tally {
    wanted: usize,
    unmet: usize,
    unexpected: usize,
    misses: usize,
    noises: usize,
    complaints: Vec<String>,
}

/// Compares the findings of a package with its markers.
fn compare(package: &Package, only: &str, tally: &mut Tally) {
    let files: Vec<(&str, &str)> = package
        .files
        .iter()
        .map(|f| (f.path.as_str(), f.text.as_str()))
        .collect();
    let rule = package.directory.split('/').next().unwrap_or_default();
    let report = analyze(&package.directory, &files, rule);
    for file in package.files.iter().filter(|f| f.path.contains(only)) {
        let mut open: Vec<&Finding> = report
            .findings
            .iter()
            .filter(|f| locate(&report, f.primary).0 == file.path)
            .collect();
        for marker in &file.markers {
            if let Some(complaint) = check(&report, file, marker, &mut open, tally) {
                tally
                    .complaints
                    .push(format!("{}:{}: {complaint}", file.path, marker.line));
            }
        }
        for finding in open {
            let line = locate(&report, finding.primary).1;
            tally.unexpected += 1;
            tally.complaints.push(format!(
                "{}:{line}: unexpected {}: {}",
                file.path, finding.rule, finding.message
            ));
        }
    }
}

/// Holds one marker against the findings of its file, takes the one it accounts for out of `open`, and says what is wrong.
fn check(
    report: &Report,
    file: &Fixture,
    marker: &Marker,
    open: &mut Vec<&Finding>,
    tally: &mut Tally,
) -> Option<String> {
    match &marker.kind {
        Kind::Want { rule, message } => {
            tally.wanted += 1;
            let Some(finding) = take(report, open, marker.line, rule) else {
                tally.unmet += 1;
                return Some(format!("{rule} is not found"));
            };
            let message = message.as_ref()?;
            (!message.is_match(&finding.message))
                .then(|| format!("`{}` does not match `{message}`", finding.message))
        }
        Kind::Miss(rule) => {
            tally.misses += 1;
            take(report, open, marker.line, rule)
                .map(|_| format!("{rule} is marked as missed and is found: make it a want"))
        }
        Kind::Noise(rule) => {
            tally.noises += 1;
            match take(report, open, marker.line, rule) {
                Some(_) => None,
                None => Some(format!(
                    "{rule} is marked as noise and is silent: remove the marker"
                )),
            }
        }
        Kind::Via(text) => {
            let place = (file.path.clone(), marker.line);
            let found = report
                .findings
                .iter()
                .flat_map(|f| &f.labels)
                .any(|l| locate(report, l.at) == place && l.text.contains(text.as_str()));
            (!found).then(|| format!("no label with `{text}`"))
        }
        Kind::Also => None,
    }
}

fn take<'a>(
    report: &Report,
    open: &mut Vec<&'a Finding>,
    line: u32,
    rule: &str,
) -> Option<&'a Finding> {
    let at = open
        .iter()
        .position(|f| f.rule == rule && locate(report, f.primary).1 == line)?;
    Some(open.remove(at))
}
