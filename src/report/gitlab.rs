//! A Code Quality report as GitLab reads it: a JSON array, of which GitLab looks at five fields per entry.
//!
//! Paths are those of the findings, so goleash has to run at the root of the project. GitLab takes two entries with one
//! fingerprint for one, so no two have the same here.

use super::text::one_line;
use super::{active, to_json};
use crate::analyze::Report;
use crate::finding::{Finding, Severity};
use crate::source::SourceFile;
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Serialize)]
struct Entry<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// The findings as a Code Quality report.
pub fn render(report: &Report) -> String {
    let mut used = BTreeSet::new();
    let entries: Vec<_> = active(report)
        .map(|finding| entry(finding, &report.files, &mut used))
        .collect();
    to_json(&entries)
}

fn entry<'a>(
    finding: &'a Finding,
    files: &'a [SourceFile],
    used: &mut BTreeSet<String>,
) -> Entry<'a> {
    let file = files.get(finding.primary.file.index());
    let line = file.map_or(1, |file| file.line(finding.primary.span.start));
    let path = file.map_or("", SourceFile::path);
    Entry {
        description: one_line(&finding.message),
        check_name: finding.rule,
        fingerprint: unique(&finding.fingerprint, used),
        // `blocker` is left to those who decide what blocks a merge.
        severity: match finding.level() {
            Severity::Error => "critical",
            Severity::Warning => "major",
            Severity::Note => "info",
        },
        location: Location {
            path: path.strip_prefix("./").unwrap_or(path),
            lines: Lines {
                begin: line,
                end: line,
            },
        },
    }
}

/// The fingerprint, with a number behind it when it is taken: packages outside modules may have equal names.
fn unique(fingerprint: &str, used: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{fingerprint}-{number}"));
    let free = std::iter::once(fingerprint.to_owned())
        .chain(numbered)
        .find(|candidate| !used.contains(candidate))
        .unwrap_or_default();
    used.insert(free.clone());
    free
}
