//! Annotations in GitHub Actions: one workflow command per finding, `::warning file=…,line=…::message`.
//!
//! GitHub shows ten annotations of a kind per step and drops the rest without a word. So the most severe are written, in
//! report order, and the last annotation says how many are left out. Nothing but commands is written: a line that began
//! with a file's name could be one of its author's.

use super::text::one_line;
use super::{active, concise, first_line};
use crate::analyze::Report;
use crate::finding::{Finding, Severity};
use crate::rule::Rule;
use crate::rules::by_id;
use crate::source::SourceFile;
use std::cmp::Reverse;
use std::fmt::Write as _;

/// How many annotations of one kind GitHub shows for a step.
const PER_KIND: usize = 10;

/// The findings as workflow commands.
pub fn render(report: &Report) -> String {
    let mut findings: Vec<&Finding> = active(report).collect();
    findings.sort_by_key(|finding| Reverse(finding.level()));
    let of = |level: Severity| findings.iter().filter(move |f| f.level() == level).count();
    let levels = [Severity::Error, Severity::Warning, Severity::Note];
    let fits = levels.iter().all(|level| of(*level) <= PER_KIND);
    let room = |level| match level {
        // The word on what is left out is an annotation itself.
        Severity::Note if !fits => PER_KIND - 1,
        _ => PER_KIND,
    };
    let mut out = String::new();
    let mut left_out = 0;
    for level in levels {
        let some = findings.iter().filter(|f| f.level() == level);
        for finding in some.take(room(level)) {
            out.push_str(&command(finding, &report.files));
        }
        left_out += of(level).saturating_sub(room(level));
    }
    if left_out > 0 {
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            out,
            "::notice title=goleash::{left_out} of {} findings are not annotated here: GitHub shows {PER_KIND} of a kind per step",
            findings.len()
        );
    }
    out
}

/// The command for one finding. The log of a job shows the message alone, so that repeats the place.
fn command(finding: &Finding, files: &[SourceFile]) -> String {
    let kind = match finding.level() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let title = property(&format!("goleash ({})", finding.rule));
    let place = concise::place(finding, files);
    let mut lines = vec![format!("{place}: {}", one_line(&finding.message))];
    if !finding.help.is_empty() {
        lines.push(one_line(&finding.help));
    }
    lines.extend(by_id(finding.rule).map(Rule::url));
    let message = data(&lines.join("\n"));
    let Some(file) = files.get(finding.primary.file.index()) else {
        return format!("::{kind} title={title}::{message}\n");
    };
    let span = first_line(file, finding.primary);
    let (start, end) = (
        file.utf16_position(span.start),
        file.utf16_position(span.end),
    );
    format!(
        "::{kind} title={title},file={},line={},endLine={},col={},endColumn={}::{message}\n",
        property(file.path()),
        start.line,
        end.line,
        start.column,
        end.column,
    )
}

/// The text of a command in GitHub's escapes.
fn data(text: &str) -> String {
    escaped(text, &[])
}

/// The value of a property: what ends a property or the list of them is escaped too.
fn property(text: &str) -> String {
    escaped(text, &[':', ','])
}

/// Line ends, `%` and `more` as `%` and two hex digits; what else a terminal could obey is made visible.
fn escaped(text: &str, more: &[char]) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if matches!(c, '%' | '\n' | '\r') || more.contains(&c) {
            let _ = write!(out, "%{:02X}", u32::from(c));
        } else {
            out.push_str(&one_line(c.encode_utf8(&mut [0; 4])));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_value_or_a_command_early() {
        assert_eq!(
            data("100%\r\n::error::x,y \u{1b}[0m\u{85}"),
            "100%25%0D%0A::error::x,y \\u{1b}[0m\\u{85}"
        );
        assert_eq!(property("a::b,c%0A\n.go"), "a%3A%3Ab%2Cc%250A%0A.go");
    }
}
