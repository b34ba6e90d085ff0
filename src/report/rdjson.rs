//! reviewdog's own format (`rdjson`, one `DiagnosticResult`): columns in bytes, repairs as suggestions.
//!
//! A suggestion is one edit of the file the finding is in, so only a repair of that kind becomes one; and only the best,
//! because reviewdog puts its comment at the lines of the first and complains about others elsewhere.

use super::text::one_line;
use super::{active, first_line, to_json};
use crate::analyze::Report;
use crate::finding::{Finding, Fix, Severity};
use crate::rule::Rule;
use crate::rules::by_id;
use crate::source::{Place, SourceFile, Span};
use serde::Serialize;

#[derive(Serialize)]
struct Document<'a> {
    source: Source,
    diagnostics: Vec<Diagnostic<'a>>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    url: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Diagnostic<'a> {
    message: String,
    location: Location<'a>,
    severity: &'static str,
    code: Code,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Related<'a>>,
}

#[derive(Serialize)]
struct Code {
    value: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    range: Range,
}

#[derive(Serialize)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Suggestion<'a> {
    range: Range,
    text: &'a str,
}

#[derive(Serialize)]
struct Related<'a> {
    message: String,
    location: Location<'a>,
}

/// The findings as one result.
pub fn render(report: &Report) -> String {
    to_json(&Document {
        source: Source {
            name: "goleash",
            url: env!("CARGO_PKG_REPOSITORY"),
        },
        diagnostics: active(report)
            .filter_map(|finding| diagnostic(finding, &report.files))
            .collect(),
    })
}

/// Without a file there is no location, and reviewdog refuses what has none.
fn diagnostic<'a>(finding: &'a Finding, files: &'a [SourceFile]) -> Option<Diagnostic<'a>> {
    let mut message = one_line(&finding.message);
    if !finding.help.is_empty() {
        message = message + "\n" + &one_line(&finding.help);
    }
    let labels = finding.labels.iter().filter_map(|label| {
        Some(Related {
            message: one_line(&label.text),
            location: location(label.at, files)?,
        })
    });
    let also = finding.also_stranded_at.iter().filter_map(|at| {
        Some(Related {
            message: "this strands it as well".to_owned(),
            location: location(*at, files)?,
        })
    });
    let file = files.get(finding.primary.file.index())?;
    Some(Diagnostic {
        message,
        location: location(finding.primary, files)?,
        severity: match finding.level() {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Note => "INFO",
        },
        code: Code {
            value: finding.rule,
            url: by_id(finding.rule).map(Rule::url),
        },
        suggestions: finding
            .fixes
            .iter()
            .find_map(|fix| suggestion(fix, finding.primary, file))
            .into_iter()
            .collect(),
        related_locations: labels.chain(also).collect(),
    })
}

fn location(at: Place, files: &[SourceFile]) -> Option<Location<'_>> {
    let file = files.get(at.file.index())?;
    Some(Location {
        path: file.path(),
        range: range(file, first_line(file, at)),
    })
}

fn range(file: &SourceFile, span: Span) -> Range {
    let position = |offset| {
        let at = file.byte_position(offset);
        Position {
            line: at.line,
            column: at.column,
        }
    };
    Range {
        start: position(span.start),
        end: position(span.end),
    }
}

fn suggestion<'a>(fix: &'a Fix, primary: Place, file: &SourceFile) -> Option<Suggestion<'a>> {
    let [edit] = fix.edits.as_slice() else {
        return None;
    };
    (edit.at.file == primary.file).then(|| Suggestion {
        range: range(file, edit.at.span),
        text: &edit.replacement,
    })
}
