//! `goleash explain` and `goleash list-rules`.

use super::args::{Color, ListFormat};
use super::markdown::{self, Look};
use super::{Exit, Failure, output};
use crate::report;
use crate::rule::Rule;
use crate::rules::RULES;
use crate::selection;
use std::fmt::Write as _;

/// Longer lines are hard to read.
const WIDEST: usize = 100;

/// Prints the page of a rule: drawn on a terminal, as Markdown elsewhere.
pub(super) fn explain(id: Option<&str>) -> Result<Exit, Failure> {
    let Some(id) = id else {
        let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        return Err(Failure(format!(
            "which rule? `goleash explain <RULE>`, with one of: {}",
            ids.join(", ")
        )));
    };
    let rule = selection::find(id).map_err(|rule| Failure(rule.to_string()))?;
    let Some(width) = output::terminal_width() else {
        output::to_stdout(rule.markdown())?;
        return Ok(Exit::Clean);
    };
    let look = Look {
        width: width.clamp(40, WIDEST),
        color: output::colored(Color::Auto, false),
    };
    output::to_stdout(&markdown::render(&page(rule), look))?;
    Ok(Exit::Clean)
}

/// The page with its metadata around it, which other readers of the Markdown get elsewhere.
fn page(rule: &Rule) -> String {
    let data = rule.metadata();
    let mut facts = format!(
        "Severity {}, confidence {}, since {}.",
        data.severity.as_str(),
        data.confidence.as_str(),
        data.since
    );
    if !data.also_known_as.is_empty() {
        let names = data.also_known_as.join(", ");
        // Writing to a `String` cannot fail.
        let _ = write!(facts, " Also known as {names}.");
    }
    format!(
        "# {}: {}\n\n{facts}\n\n{}\n\nOn the web: {}\n",
        rule.id,
        data.title,
        rule.markdown(),
        rule.url()
    )
}

/// Prints the list of rules.
pub(super) fn list(format: ListFormat) -> Result<Exit, Failure> {
    output::to_stdout(&match format {
        ListFormat::Table => report::rules::table(RULES),
        ListFormat::Json => report::rules::json(RULES),
    })?;
    Ok(Exit::Clean)
}
