//! The text of a baseline file: JSON with one field per line and the entries sorted, so that two branches that accept
//! different findings merge without a conflict.

use super::{Baseline, Entry};
use serde::{Deserialize, Deserializer, Serialize};

/// The version of the format. Raised when an older goleash could misread a file.
pub const FORMAT_VERSION: u32 = 1;

/// Why a text is no baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The 1-based line.
    pub line: usize,
    /// What is wrong there: lower case, no full stop.
    pub message: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(deserialize_with = "version")]
    version: u32,
    findings: Vec<Entry>,
}

/// Refuses other versions while the position is still known.
fn version<'de, D: Deserializer<'de>>(input: D) -> Result<u32, D::Error> {
    match u32::deserialize(input)? {
        FORMAT_VERSION => Ok(FORMAT_VERSION),
        other => Err(serde::de::Error::custom(format!(
            "this goleash reads version {FORMAT_VERSION} of baselines, not version {other}"
        ))),
    }
}

impl Baseline {
    /// Reads the text of a baseline file.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if let Some(line) = conflict(text) {
            return Err(Invalid {
                line,
                message: "there is an unresolved merge conflict; resolve it, or take either side and run `goleash \
                          baseline update`"
                    .to_owned(),
            });
        }
        let document: Document = serde_json::from_str(text).map_err(|error| Invalid {
            line: error.line().max(1),
            message: message(&error),
        })?;
        Ok(Self::sorted(document.findings))
    }

    /// The text of the baseline file.
    pub fn render(&self) -> String {
        written(&Document {
            version: FORMAT_VERSION,
            findings: self.entries.clone(),
        })
    }
}

fn written(document: &Document) -> String {
    let mut text = serde_json::to_string_pretty(document)
        .expect("plain structs with string keys always serialise");
    text.push('\n');
    text
}

/// The line of a conflict marker that git has left.
fn conflict(text: &str) -> Option<usize> {
    let is_marker = |line: &str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ");
    text.lines().position(is_marker).map(|index| index + 1)
}

/// The error without the position at its end, which is told apart.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text[..end].to_owned()
}
