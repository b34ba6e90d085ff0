//! What a user reads when pointing at a finding: the run in order, what to do about it, and where the rule's page is.

use super::check::Checked;
use super::client::Client;
use super::diagnostic::range;
use crate::finding::Finding;
use crate::rules::by_id;
use lsp_types as lsp;
use std::fmt::Write as _;
use std::path::Path;

/// The hover at a position of a file: all findings there.
pub(super) fn hover(
    checked: &Checked,
    path: &Path,
    at: lsp::Position,
    client: &Client,
    uri: &dyn Fn(&Path) -> String,
) -> Option<lsp::Hover> {
    let mut texts = Vec::new();
    let mut shown = None;
    for finding in checked.in_file(path) {
        let place = range(
            checked.file(finding.primary)?,
            finding.primary,
            client.encoding,
        );
        if place.start <= at && at <= place.end {
            shown = shown.or(Some(place));
            texts.push(text(finding, checked, client, uri));
        }
    }
    let kind = if client.markdown {
        lsp::MarkupKind::Markdown
    } else {
        lsp::MarkupKind::PlainText
    };
    shown.map(|place| lsp::Hover {
        contents: lsp::Contents::MarkupContent(lsp::MarkupContent {
            kind,
            value: texts.join(if client.markdown {
                "\n\n---\n\n"
            } else {
                "\n\n"
            }),
        }),
        range: Some(place),
    })
}

fn text(
    finding: &Finding,
    checked: &Checked,
    client: &Client,
    uri: &dyn Fn(&Path) -> String,
) -> String {
    let style = Style(client.markdown);
    let rule = style.strong(finding.rule);
    let mut out = format!("{rule}: {}\n\n", finding.message);
    if !finding.witness.is_empty() {
        out.push_str("The run that leaks:\n\n");
    }
    for (number, step) in finding.witness.iter().enumerate() {
        let place = checked.file(step.at).map_or_else(String::new, |file| {
            let line = range(file, step.at, client.encoding).start.line + 1;
            let target = format!("{}#L{line}", uri(&file.path));
            style.link(&format!("{}:{line}", file.display), &target, false) + ": "
        });
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{}. {place}{}", number + 1, step.text);
    }
    if !finding.help.is_empty() {
        let _ = writeln!(out, "\n{}: {}", style.strong("Help"), finding.help);
    }
    if let Some(rule) = by_id(finding.rule) {
        let link = style.link(&rule.metadata().title, &rule.url(), true);
        let _ = write!(out, "\n{link}");
    }
    out
}

/// Markdown, or the same without its marks.
struct Style(bool);

impl Style {
    fn strong(&self, text: &str) -> String {
        if self.0 {
            format!("**{text}**")
        } else {
            text.to_owned()
        }
    }

    /// A link; without marks its target is shown only where nobody could guess it.
    fn link(&self, text: &str, target: &str, always: bool) -> String {
        match (self.0, always) {
            (true, _) => format!("[{text}]({target})"),
            (false, true) => format!("{text}: {target}"),
            (false, false) => text.to_owned(),
        }
    }
}
