//! One line per finding: `file:line:col: severity: message [rule]`, columns in bytes as Go's own tools count them.

use super::text::one_line;
use crate::analyze::Report;
use crate::finding::Finding;
use crate::source::SourceFile;

/// The findings, one line each; nothing when there are none.
pub fn render(report: &Report) -> String {
    report
        .findings
        .iter()
        .map(|finding| line(finding, &report.files) + "\n")
        .collect()
}

/// The line of one finding, without line end.
pub(super) fn line(finding: &Finding, files: &[SourceFile]) -> String {
    let suppressed = match &finding.suppressed {
        Some(why) if why.justification.is_empty() => " (suppressed)".to_owned(),
        Some(why) => format!(" (suppressed: {})", one_line(&why.justification)),
        None => String::new(),
    };
    format!(
        "{}: {}: {} [{}]{suppressed}",
        place(finding, files),
        finding.level().as_str(),
        one_line(&finding.message),
        finding.rule
    )
}

/// `file:line:col` of a finding.
pub(super) fn place(finding: &Finding, files: &[SourceFile]) -> String {
    files.get(finding.primary.file.index()).map_or_else(
        || "?".to_owned(),
        |file| {
            let at = file.byte_position(finding.primary.span.start);
            format!("{}:{}:{}", one_line(file.path()), at.line, at.column)
        },
    )
}
