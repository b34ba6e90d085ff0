//! `goleash explain` and `goleash list-rules`.

use super::args::ListFormat;
use super::{Exit, Failure, output};
use crate::report;
use crate::rules::RULES;
use crate::selection;

/// Prints the page of a rule.
pub(super) fn explain(id: &str) -> Result<Exit, Failure> {
    let rule = selection::find(id).map_err(|rule| Failure(rule.to_string()))?;
    output::to_stdout(rule.markdown())?;
    Ok(Exit::Clean)
}

/// Prints the list of rules.
pub(super) fn list(format: ListFormat) -> Result<Exit, Failure> {
    output::to_stdout(&match format {
        ListFormat::Table => report::rules::table(RULES),
        ListFormat::Json => report::rules::json(RULES),
    })?;
    Ok(Exit::Clean)
}
