//! A finding as JSON writes it.

use crate::finding::{BaselineState, Edit, Finding, Fix, Label, Suppression};
use crate::leak::{Step, StepKind};
use crate::rule::Rule;
use crate::rules::by_id;
use crate::source::{Place, SourceFile};
use serde::Serialize;

#[derive(Serialize)]
pub(in crate::report) struct JsonFinding<'a> {
    rule: &'static str,
    rule_url: Option<String>,
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
    fixes: Vec<JsonFix<'a>>,
    suppressed: Option<JsonSuppression<'a>>,
    baseline: Option<&'static str>,
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

#[derive(Serialize)]
struct JsonFix<'a> {
    title: &'a str,
    kind: &'static str,
    safety: &'static str,
    edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize)]
struct JsonEdit<'a> {
    at: JsonPlace<'a>,
    replacement: &'a str,
}

#[derive(Serialize)]
struct JsonSuppression<'a> {
    kind: &'static str,
    justification: &'a str,
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

/// A finding with its places resolved.
pub(in crate::report) fn finding<'a>(
    finding: &'a Finding,
    files: &'a [SourceFile],
) -> JsonFinding<'a> {
    JsonFinding {
        rule: finding.rule,
        rule_url: by_id(finding.rule).map(Rule::url),
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
        fixes: finding.fixes.iter().map(|f| fix(f, files)).collect(),
        suppressed: finding.suppressed.as_ref().map(suppression),
        baseline: finding.baseline.map(BaselineState::as_str),
    }
}

fn label<'a>(label: &'a Label, files: &'a [SourceFile]) -> JsonLabel<'a> {
    JsonLabel {
        role: label.role.as_str(),
        text: &label.text,
        at: place(label.at, files),
    }
}

fn fix<'a>(fix: &'a Fix, files: &'a [SourceFile]) -> JsonFix<'a> {
    JsonFix {
        title: &fix.title,
        kind: fix.kind.as_str(),
        safety: fix.safety.as_str(),
        edits: fix.edits.iter().map(|e| edit(e, files)).collect(),
    }
}

fn edit<'a>(edit: &'a Edit, files: &'a [SourceFile]) -> JsonEdit<'a> {
    JsonEdit {
        at: place(edit.at, files),
        replacement: &edit.replacement,
    }
}

fn suppression(suppression: &Suppression) -> JsonSuppression<'_> {
    JsonSuppression {
        kind: suppression.kind.as_str(),
        justification: &suppression.justification,
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
