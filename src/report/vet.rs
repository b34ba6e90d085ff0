//! What `go vet` reads from its tools: a JSON tree of package, analyser and diagnostics, or plain lines. Columns count
//! bytes.

use super::first_line;
use super::text::one_line;
use crate::analyze::Report;
use crate::finding::{Edit, Finding, Fix};
use crate::source::{Place, SourceFile};
use serde::Serialize;
use std::collections::BTreeMap;

/// The name under which the findings stand.
const ANALYSER: &str = "goleash";

/// Turns the paths of the report into those that the go command gave.
pub type Paths<'a> = &'a dyn Fn(&str) -> String;

#[derive(Serialize)]
struct Diagnostic {
    category: &'static str,
    posn: String,
    end: String,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggested_fixes: Vec<SuggestedFix>,
    related: Vec<Related>,
}

#[derive(Serialize)]
struct SuggestedFix {
    message: String,
    edits: Vec<TextEdit>,
}

/// `start` and `end` count bytes from the beginning of the file.
#[derive(Serialize)]
struct TextEdit {
    filename: String,
    start: u32,
    end: u32,
    new: String,
}

#[derive(Serialize)]
struct Related {
    posn: String,
    end: String,
    message: String,
}

/// The tree for one package; `id` is the name that the go command gave it.
pub fn json(report: &Report, id: &str, paths: Paths<'_>) -> String {
    let mut tree: BTreeMap<&str, BTreeMap<&str, Vec<Diagnostic>>> = BTreeMap::new();
    if !report.findings.is_empty() {
        let found = diagnostics(report, paths).collect();
        tree.insert(id, BTreeMap::from([(ANALYSER, found)]));
    }
    super::to_json(&tree)
}

/// `file:line:column: message` for each finding, with its further places below it, indented.
pub fn plain(report: &Report, paths: Paths<'_>) -> String {
    diagnostics(report, paths)
        .flat_map(|found| {
            let related = found.related.into_iter();
            std::iter::once(format!("{}: {}\n", found.posn, found.message))
                .chain(related.map(|r| format!("{}: \t{}\n", r.posn, r.message)))
        })
        .collect()
}

fn diagnostics(report: &Report, paths: Paths<'_>) -> impl Iterator<Item = Diagnostic> {
    report
        .findings
        .iter()
        .map(move |finding| diagnostic(finding, &report.files, paths))
}

fn diagnostic(finding: &Finding, files: &[SourceFile], paths: Paths<'_>) -> Diagnostic {
    let related = |at: Place, message: String| {
        let (posn, end) = range(files, at, paths);
        Related { posn, end, message }
    };
    let labels = finding
        .labels
        .iter()
        .map(|label| related(label.at, one_line(&label.text)));
    let also = finding
        .also_stranded_at
        .iter()
        .map(|at| related(*at, "this strands it as well".to_owned()));
    // The go command shows messages only, so what to do has to be one.
    let help = (!finding.help.is_empty()).then(|| {
        let text = format!("help: {}", one_line(&finding.help));
        related(finding.primary, text)
    });
    let (posn, end) = range(files, finding.primary, paths);
    Diagnostic {
        category: finding.rule,
        posn,
        end,
        message: format!("{} [{}]", one_line(&finding.message), finding.rule),
        suggested_fixes: finding
            .fixes
            .iter()
            .filter_map(|fix| suggestion(fix, files, paths))
            .collect(),
        related: labels.chain(also).chain(help).collect(),
    }
}

/// A repair; none when an edit is in a file nobody knows, because half a repair is none.
fn suggestion(fix: &Fix, files: &[SourceFile], paths: Paths<'_>) -> Option<SuggestedFix> {
    let edit = |edit: &Edit| {
        let file = files.get(edit.at.file.index())?;
        Some(TextEdit {
            filename: paths(file.path()),
            start: edit.at.span.start,
            end: edit.at.span.end,
            new: edit.replacement.clone(),
        })
    };
    let edits: Option<Vec<TextEdit>> = fix.edits.iter().map(edit).collect();
    Some(SuggestedFix {
        message: one_line(&fix.title),
        edits: edits?,
    })
}

/// Both ends as `file:line:column`.
fn range(files: &[SourceFile], at: Place, paths: Paths<'_>) -> (String, String) {
    let Some(file) = files.get(at.file.index()) else {
        return ("-".to_owned(), "-".to_owned());
    };
    let span = first_line(file, at);
    let path = paths(file.path());
    let position = |offset| {
        let at = file.byte_position(offset);
        format!("{path}:{}:{}", at.line, at.column)
    };
    (position(span.start), position(span.end))
}
