//! JSON lines: the objects of [`super::json`], one per line, for programs that read while goleash writes or that work line
//! by line.
//!
//! `type` says what a line is: a `finding`, a `problem`, or the `run`, which comes last: a file without it was cut short.

use super::Invocation;
use super::json::{finding, problem, run};
use crate::analyze::Report;
use serde::Serialize;

#[derive(Serialize)]
struct Line<T> {
    r#type: &'static str,
    #[serde(flatten)]
    object: T,
}

/// The findings, the problems, the run, one line each.
pub fn render(report: &Report, invocation: &Invocation) -> String {
    let files = &report.files;
    let mut out = String::new();
    for one in &report.findings {
        out.push_str(&line("finding", finding(one, files)));
    }
    for one in &report.problems {
        out.push_str(&line("problem", problem(one)));
    }
    out + &line("run", run(report, invocation))
}

fn line<T: Serialize>(r#type: &'static str, object: T) -> String {
    let line = Line { r#type, object };
    let mut text =
        serde_json::to_string(&line).expect("plain structs with string keys always serialise");
    text.push('\n');
    text
}
