//! For people at a terminal: the code with labels, the run in order, and what to do, drawn by codespan-reporting.
//!
//! The last place that knows codespan. Findings only: problems and the summary go to another stream.

use super::text::{one_line, same_length};
use super::{concise, file_line, first_line};
use crate::analyze::Report;
use crate::finding::{Finding, Severity};
use crate::leak::Confidence;
use crate::rules::RULES;
use crate::source::{Place, SourceFile};
use codespan_reporting::diagnostic::{self, Diagnostic, Label};
use codespan_reporting::files::{Error, Files};
use codespan_reporting::term::termcolor::Ansi;
use codespan_reporting::term::{self, Config, Styles, StylesWriter};
use std::cell::OnceCell;
use std::ops::Range;

/// How findings are drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Whether to colour, with ANSI sequences.
    pub color: bool,
    /// Whether rule ids link to their pages, with OSC 8 sequences.
    pub links: bool,
}

/// A witness of more steps is shown without those in its middle.
const MAX_STEPS: usize = 12;

/// All findings, with a blank line after each.
pub fn render(report: &Report, style: &Style) -> String {
    let sources = Sources::new(&report.files);
    let mut out = String::new();
    for finding in &report.findings {
        let diagnostic = diagnostic(finding, &sources);
        // Only a place outside the report's files makes the drawing fail; the finding is shown all the same.
        match draw(&diagnostic, &sources, *style) {
            Ok(text) if style.links => out.push_str(&linked(&text, finding.rule)),
            Ok(text) => out.push_str(&text),
            Err(_) => out.push_str(&(concise::line(finding, &report.files) + "\n\n")),
        }
    }
    out
}

/// `text` with the id in its first line, `warning[id]`, made a link.
fn linked(text: &str, id: &str) -> String {
    let Some(rule) = RULES.iter().find(|rule| rule.id == id) else {
        return text.to_owned();
    };
    let link = format!("[\u{1b}]8;;{}\u{1b}\\{id}\u{1b}]8;;\u{1b}\\]", rule.url());
    text.replacen(&format!("[{id}]"), &link, 1)
}

fn draw(
    diagnostic: &Diagnostic<usize>,
    sources: &Sources<'_>,
    style: Style,
) -> Result<String, Error> {
    let config = Config::default();
    if !style.color {
        return term::emit_into_string(&config, sources, diagnostic);
    }
    let styles = Styles::default();
    let mut ansi = Ansi::new(Vec::new());
    let mut writer = StylesWriter::new(&mut ansi, &styles);
    term::emit_to_write_style(&mut writer, &config, sources, diagnostic)?;
    Ok(String::from_utf8_lossy(&ansi.into_inner()).into_owned())
}

fn diagnostic(finding: &Finding, sources: &Sources<'_>) -> Diagnostic<usize> {
    let severity = match finding.level() {
        Severity::Error => diagnostic::Severity::Error,
        Severity::Warning => diagnostic::Severity::Warning,
        Severity::Note => diagnostic::Severity::Note,
    };
    let primary = Label::primary(finding.primary.file.index(), sources.range(finding.primary))
        .with_message(one_line(&finding.primary_text));
    let secondary = finding.labels.iter().map(|label| {
        Label::secondary(label.at.file.index(), sources.range(label.at))
            .with_message(one_line(&label.text))
    });
    Diagnostic::new(severity)
        .with_code(finding.rule)
        .with_message(one_line(&finding.message))
        .with_label(primary)
        .with_labels_iter(secondary)
        .with_notes(notes(finding, sources.files))
}

fn notes(finding: &Finding, files: &[SourceFile]) -> Vec<String> {
    let mut notes = Vec::new();
    if !finding.witness.is_empty() {
        notes.push(run(finding, files));
    }
    if !finding.also_stranded_at.is_empty() {
        let places: Vec<_> = finding
            .also_stranded_at
            .iter()
            .map(|at| file_line(files, *at))
            .collect();
        notes.push(format!(
            "note: what strands it as well: {}",
            places.join(", ")
        ));
    }
    if let Some(suppression) = &finding.suppressed {
        let reason = match suppression.justification.as_str() {
            "" => String::new(),
            reason => format!(": {}", one_line(reason)),
        };
        notes.push(format!("note: suppressed{reason}"));
    }
    if finding.confidence != Confidence::High {
        notes.push(format!(
            "note: confidence is {}",
            finding.confidence.as_str()
        ));
    }
    if !finding.help.is_empty() {
        notes.push(format!("help: {}", one_line(&finding.help)));
    }
    notes
}

/// The witness as numbered steps. A long one keeps its beginning and its end: how it starts and why it ends.
fn run(finding: &Finding, files: &[SourceFile]) -> String {
    let steps = &finding.witness;
    let left_out = steps.len().saturating_sub(MAX_STEPS);
    let gap = MAX_STEPS / 2;
    let mut lines = vec!["note: the run that leaks".to_owned()];
    for (i, step) in steps.iter().enumerate() {
        if left_out > 0 && i == gap {
            lines.push(format!("  … {left_out} more steps"));
        }
        if i < gap || i >= gap + left_out {
            let place = file_line(files, step.at);
            lines.push(format!("{:>3}. {place}: {}", i + 1, one_line(&step.text)));
        }
    }
    lines.join("\n")
}

/// The report's files as codespan wants them, on the line index they already have. A file's text is made when it is first
/// drawn.
struct Sources<'r> {
    files: &'r [SourceFile],
    texts: Vec<OnceCell<String>>,
}

impl<'r> Sources<'r> {
    fn new(files: &'r [SourceFile]) -> Self {
        Self {
            files,
            texts: vec![OnceCell::new(); files.len()],
        }
    }

    fn file(&self, id: usize) -> Result<&'r SourceFile, Error> {
        self.files.get(id).ok_or(Error::FileMissing)
    }

    fn text(&self, id: usize) -> Option<&str> {
        let file = self.files.get(id)?;
        Some(self.texts[id].get_or_init(|| same_length(file.bytes())))
    }

    /// The bytes to underline: on one line, inside the file, never cutting a character.
    fn range(&self, at: Place) -> Range<usize> {
        let id = at.file.index();
        let (Some(file), Some(text)) = (self.files.get(id), self.text(id)) else {
            return 0..0;
        };
        let span = first_line(file, at);
        let floor = |offset: u32| {
            let offset = (offset as usize).min(text.len());
            (0..=offset)
                .rev()
                .find(|&i| text.is_char_boundary(i))
                .unwrap_or(0)
        };
        let start = floor(span.start);
        start..floor(span.end).max(start)
    }
}

impl<'a> Files<'a> for Sources<'_> {
    type FileId = usize;
    type Name = String;
    type Source = &'a str;

    fn name(&'a self, id: usize) -> Result<String, Error> {
        Ok(one_line(self.file(id)?.path()))
    }

    fn source(&'a self, id: usize) -> Result<&'a str, Error> {
        self.text(id).ok_or(Error::FileMissing)
    }

    fn line_index(&'a self, id: usize, byte: usize) -> Result<usize, Error> {
        Ok(self.file(id)?.line(byte as u32) as usize - 1)
    }

    /// Bytes, as in the other formats for people and in Go's own tools; codespan itself would count characters.
    fn column_number(&'a self, id: usize, _: usize, byte: usize) -> Result<usize, Error> {
        Ok(self.file(id)?.byte_position(byte as u32).column as usize)
    }

    fn line_range(&'a self, id: usize, line: usize) -> Result<Range<usize>, Error> {
        let span = self.file(id)?.line_span(line as u32 + 1);
        Ok(span.start as usize..span.end as usize)
    }
}
