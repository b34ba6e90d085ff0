//! A finding as a diagnostic.
//!
//! In: a finding with the files its places are in. Out: the diagnostic of its primary place. What a client does not show
//! is not sent.

use super::check::{Checked, File};
use super::client::Client;
use super::text::Encoding;
use crate::finding::{Finding, Severity};
use crate::rules::by_id;
use crate::source::Place;
use lsp_types as lsp;
use serde_json::json;
use std::path::Path;

/// The diagnostic of a finding; `None` when its place lies in no file, which cannot be.
pub(super) fn diagnostic(
    finding: &Finding,
    checked: &Checked,
    client: &Client,
    uri: &dyn Fn(&Path) -> String,
) -> Option<lsp::Diagnostic> {
    let file = checked.file(finding.primary)?;
    Some(lsp::Diagnostic {
        range: range(file, finding.primary, client.encoding),
        severity: Some(match finding.level() {
            Severity::Error => lsp::DiagnosticSeverity::Error,
            Severity::Warning => lsp::DiagnosticSeverity::Warning,
            Severity::Note => lsp::DiagnosticSeverity::Information,
        }),
        code: Some(lsp::Code::String(finding.rule.to_owned())),
        code_description: by_id(finding.rule).map(|rule| lsp::CodeDescription {
            href: lsp::Uri(rule.url()),
        }),
        source: Some(super::SOURCE.to_owned()),
        message: lsp::Message::String(finding.message.clone()),
        tags: None,
        related_information: client
            .related
            .then(|| related(finding, checked, client, uri)),
        data: Some(json!({"fingerprint": finding.fingerprint, "rule": finding.rule})),
    })
}

/// Make, spawn and stranding step, and where else it strands.
fn related(
    finding: &Finding,
    checked: &Checked,
    client: &Client,
    uri: &dyn Fn(&Path) -> String,
) -> Vec<lsp::DiagnosticRelatedInformation> {
    let labels = finding
        .labels
        .iter()
        .map(|label| (label.at, label.text.as_str()));
    let others = finding
        .also_stranded_at
        .iter()
        .map(|at| (*at, "this strands it as well"));
    labels
        .chain(others)
        .filter_map(|(at, text)| {
            let file = checked.file(at)?;
            Some(lsp::DiagnosticRelatedInformation {
                location: lsp::Location {
                    uri: lsp::Uri(uri(&file.path)),
                    range: range(file, at, client.encoding),
                },
                message: text.to_owned(),
            })
        })
        .collect()
}

/// The part of a place on its first line: nobody wants the whole body of a `go func() { … }()` underlined.
pub(super) fn range(file: &File, at: Place, encoding: Encoding) -> lsp::Range {
    let bytes = file.text.bytes();
    let start = (at.span.start as usize).min(bytes.len());
    let end = (at.span.end as usize).clamp(start, bytes.len());
    let line = bytes[start..end]
        .split(|b| *b == b'\n')
        .next()
        .unwrap_or_default();
    file.text
        .range(start, start + line.trim_ascii_end().len(), encoding)
}
