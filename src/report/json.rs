//! goleash's own JSON: every field of a report, places resolved to lines and columns.
//!
//! A field may be added without notice; removing or changing one raises [`SCHEMA_VERSION`].

use super::{Invocation, to_json};
use crate::analyze::{Problem, Report, Stats};
use crate::finding::{Finding, Label};
use crate::leak::{Step, StepKind};
use crate::source::{Place, SourceFile};
use serde::Serialize;
use std::collections::BTreeMap;

/// The version of the format.
pub const SCHEMA_VERSION: u32 = 1;

/// The report as one JSON object.
pub fn render(report: &Report, invocation: &Invocation) -> String {
    let files = &report.files;
    to_json(&Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool {
            name: "goleash",
            version: invocation.version,
        },
        execution_successful: invocation.execution_successful,
        exit_code: invocation.exit_code,
        findings: report.findings.iter().map(|f| finding(f, files)).collect(),
        problems: report.problems.iter().map(problem).collect(),
        stats: stats(&report.stats),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    tool: Tool,
    execution_successful: bool,
    exit_code: i32,
    findings: Vec<JsonFinding<'a>>,
    problems: Vec<JsonProblem<'a>>,
    stats: JsonStats<'a>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'static str,
    level: &'static str,
    severity: &'static str,
    confidence: &'static str,
    message: &'a str,
    help: &'a str,
    at: JsonPlace<'a>,
    text: &'a str,
    wait_reason: &'static str,
    function: &'a str,
    package: &'a str,
    import_path: &'a str,
    in_test: bool,
    fingerprint: &'a str,
    assumptions: &'a [String],
    labels: Vec<JsonLabel<'a>>,
    also_stranded_at: Vec<JsonPlace<'a>>,
    witness: Vec<JsonStep<'a>>,
}

#[derive(Serialize)]
struct JsonLabel<'a> {
    role: &'static str,
    text: &'a str,
    at: JsonPlace<'a>,
}

#[derive(Serialize)]
struct JsonStep<'a> {
    kind: &'static str,
    goroutine: u32,
    text: &'a str,
    at: JsonPlace<'a>,
}

/// A half-open range of one file.
#[derive(Serialize)]
struct JsonPlace<'a> {
    path: &'a str,
    start: Position,
    end: Position,
}

/// `line` and the columns are 1-based, `offset` counts bytes from 0.
#[derive(Default, Serialize)]
struct Position {
    line: u32,
    /// In bytes.
    column: u32,
    /// In UTF-16 code units.
    utf16_column: u32,
    offset: u32,
}

#[derive(Serialize)]
struct JsonProblem<'a> {
    path: &'a str,
    lines: Option<Lines>,
    message: &'a str,
    fatal: bool,
}

#[derive(Serialize)]
struct Lines {
    first: u32,
    last: u32,
}

#[derive(Serialize)]
struct JsonStats<'a> {
    packages: u64,
    files: u64,
    bytes: u64,
    functions: u64,
    systems: u64,
    states: u64,
    abstentions: &'a BTreeMap<&'static str, u64>,
}

fn finding<'a>(finding: &'a Finding, files: &'a [SourceFile]) -> JsonFinding<'a> {
    JsonFinding {
        rule: finding.rule,
        level: finding.level().as_str(),
        severity: finding.severity.as_str(),
        confidence: finding.confidence.as_str(),
        message: &finding.message,
        help: &finding.help,
        at: place(finding.primary, files),
        text: &finding.primary_text,
        wait_reason: finding.wait_reason,
        function: &finding.function,
        package: &finding.package,
        import_path: &finding.identity.package,
        in_test: finding.in_test,
        fingerprint: &finding.fingerprint,
        assumptions: &finding.assumptions,
        labels: finding.labels.iter().map(|l| label(l, files)).collect(),
        also_stranded_at: finding
            .also_stranded_at
            .iter()
            .map(|at| place(*at, files))
            .collect(),
        witness: finding.witness.iter().map(|s| step(s, files)).collect(),
    }
}

fn label<'a>(label: &'a Label, files: &'a [SourceFile]) -> JsonLabel<'a> {
    JsonLabel {
        role: label.role.as_str(),
        text: &label.text,
        at: place(label.at, files),
    }
}

fn step<'a>(step: &'a Step, files: &'a [SourceFile]) -> JsonStep<'a> {
    JsonStep {
        kind: kind(step.kind),
        goroutine: step.goroutine,
        text: &step.text,
        at: place(step.at, files),
    }
}

fn kind(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Make => "make",
        StepKind::Spawn => "spawn",
        StepKind::Send => "send",
        StepKind::Receive => "receive",
        StepKind::Close => "close",
        StepKind::Case => "case",
        StepKind::Branch => "branch",
        StepKind::Leave => "leave",
        StepKind::Sync => "sync",
        StepKind::End => "end",
        StepKind::Stuck => "stuck",
    }
}

fn place(at: Place, files: &[SourceFile]) -> JsonPlace<'_> {
    let file = files.get(at.file.index());
    let position = |offset: u32| {
        file.map(|file| {
            let bytes = file.byte_position(offset);
            Position {
                line: bytes.line,
                column: bytes.column,
                utf16_column: file.utf16_position(offset).column,
                offset,
            }
        })
    };
    JsonPlace {
        path: file.map_or("", SourceFile::path),
        start: position(at.span.start).unwrap_or_default(),
        end: position(at.span.end).unwrap_or_default(),
    }
}

fn problem(problem: &Problem) -> JsonProblem<'_> {
    JsonProblem {
        path: &problem.path,
        lines: problem.lines.map(|(first, last)| Lines { first, last }),
        message: &problem.message,
        fatal: problem.fatal,
    }
}

fn stats(stats: &Stats) -> JsonStats<'_> {
    JsonStats {
        packages: stats.packages,
        files: stats.files,
        bytes: stats.bytes,
        functions: stats.functions,
        systems: stats.systems,
        states: stats.states,
        abstentions: &stats.abstentions,
    }
}
