//! Output formats: one pure function each, from a [`Report`](crate::analyze::Report) to text.
//!
//! In: a report and, where a format tells of the run itself, an [`Invocation`]. Out: a `String`. Deliberately absent:
//! writing it anywhere, choosing a format, and the summary line, which are matters of the command line.

pub mod checkstyle;
pub mod concise;
pub mod github;
pub mod gitlab;
pub mod human;
pub mod json;
pub mod jsonl;
mod line_hash;
pub mod rdjson;
pub mod rules;
pub mod sarif;
#[cfg(test)]
mod tests;
mod text;
pub mod vet;

pub(crate) use text::{one_line, same_length};

use crate::analyze::Report;
use crate::finding::Finding;
use crate::source::{Place, SourceFile, Span};
use serde::Serialize;

/// What machine-readable formats say of the run that made them.
#[derive(Clone, Copy, Debug)]
pub struct Invocation {
    /// The version of goleash.
    pub version: &'static str,
    /// Whether the run did all it was asked to do; findings do not make it a failure.
    pub execution_successful: bool,
    /// The exit code the command is going to return.
    pub exit_code: i32,
}

/// The findings somebody should act on, for formats that cannot say of one that it is suppressed.
fn active(report: &Report) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(|f| f.suppressed.is_none())
}

/// The part of `at` on its first line: reports point at a line, not at the whole body of a `go func() { … }()`.
fn first_line(file: &SourceFile, at: Place) -> Span {
    let line = file.line(at.span.start);
    let line_end = file.line_span(line).start + file.line_bytes(line).len() as u32;
    let end = at.span.end.min(line_end);
    // The cut must not leave the blank before a line end inside.
    let text = file.text(Span {
        start: at.span.start,
        end,
    });
    let blank = text.len() - text.trim_end().len();
    let cut = end.saturating_sub(blank as u32);
    Span {
        start: at.span.start,
        end: if cut > at.span.start {
            cut
        } else {
            end.max(at.span.start)
        },
    }
}

/// `file:line` for running text, with anything a terminal could take for a command made visible.
fn file_line(files: &[SourceFile], at: Place) -> String {
    files.get(at.file.index()).map_or_else(
        || "?".to_owned(),
        |file| {
            format!(
                "{}:{}",
                text::one_line(file.path()),
                file.line(at.span.start)
            )
        },
    )
}

/// Pretty JSON with a final line end.
fn to_json<T: Serialize>(value: &T) -> String {
    let mut out = serde_json::to_string_pretty(value)
        .expect("plain structs with string keys always serialise");
    out.push('\n');
    out
}
