//! goleash's own JSON: every field of a report, places resolved to lines and columns.
//!
//! A field may be added without notice; removing or changing one raises [`SCHEMA_VERSION`]. `docs/schema/report.json`
//! describes it.

mod model;

use super::{Invocation, to_json};
use crate::analyze::{Problem, Report, Stats};
use serde::Serialize;
use std::collections::BTreeMap;

use model::JsonFinding;
pub(super) use model::finding;

/// The version of the format; JSON lines have the same.
pub const SCHEMA_VERSION: u32 = 1;

/// The report as one JSON object.
pub fn render(report: &Report, invocation: &Invocation) -> String {
    let files = &report.files;
    let run = run(report, invocation);
    to_json(&Document {
        schema_version: run.schema_version,
        tool: run.tool,
        execution_successful: run.execution_successful,
        exit_code: run.exit_code,
        findings: report.findings.iter().map(|f| finding(f, files)).collect(),
        problems: report.problems.iter().map(problem).collect(),
        stats: run.stats,
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

/// What there is to say of the run itself.
#[derive(Serialize)]
pub(super) struct JsonRun<'a> {
    schema_version: u32,
    tool: Tool,
    execution_successful: bool,
    exit_code: i32,
    stats: JsonStats<'a>,
}

/// What there is to say of the run that made `report`.
pub(super) fn run<'a>(report: &'a Report, invocation: &Invocation) -> JsonRun<'a> {
    JsonRun {
        schema_version: SCHEMA_VERSION,
        tool: Tool {
            name: "goleash",
            version: invocation.version,
        },
        execution_successful: invocation.execution_successful,
        exit_code: invocation.exit_code,
        stats: stats(&report.stats),
    }
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Something that could not be done.
#[derive(Serialize)]
pub(super) struct JsonProblem<'a> {
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

/// A problem as JSON writes it.
pub(super) fn problem(problem: &Problem) -> JsonProblem<'_> {
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
