//! What is wrong with a configuration, where, and what was probably meant.

use crate::nearest::nearest;
use crate::source::SourceFile;
use std::fmt;

/// Something is wrong with a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, as messages name it.
    pub path: String,
    /// The 1-based line and column (in bytes), if it is about a place in the file.
    pub at: Option<(u32, u32)>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl ConfigError {
    /// The error that reading `text` has ended with.
    pub(super) fn new(path: &str, text: &str, error: &toml::de::Error) -> Self {
        let message = explain(error.message());
        match error.span() {
            Some(span) => Self::at(path, text, span.start, message),
            None => Self {
                path: path.to_owned(),
                at: None,
                message,
            },
        }
    }

    /// An error at a byte of `text`.
    pub(super) fn at(path: &str, text: &str, offset: usize, message: String) -> Self {
        let at = SourceFile::new(path, text.as_bytes()).byte_position(offset as u32);
        Self {
            path: path.to_owned(),
            at: Some((at.line, at.column)),
            message,
        }
    }
}

/// The words of the parser in ours, with a guess where a word is unknown.
fn explain(message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = |what: &str| message.starts_with(&format!("unknown {what} `"));
    let (field, variant) = (unknown("field"), unknown("variant"));
    if message == "wanted string or table" {
        return "a text in quotes is wanted here".to_owned();
    }
    if let (true, Some(key)) = (
        message.starts_with("missing field `"),
        quoted.clone().next(),
    ) {
        return format!("the key `{key}` is missing here");
    }
    let (true, Some(name)) = (field || variant, quoted.next()) else {
        // TOML has other words for these than serde.
        let plain = message.replace("expected a sequence", "expected an array");
        let plain = plain.replace("expected a map", "expected a table");
        return plain.replace("expected usize", "expected a whole number from 0 on");
    };
    let names: Vec<&str> = quoted.collect();
    let what = if field { "key" } else { "value" };
    match nearest(name, names.iter().copied()) {
        Some(near) => format!("there is no {what} `{name}` here; did you mean `{near}`?"),
        None => format!(
            "there is no {what} `{name}` here; there are `{}`",
            names.join("`, `")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_are_guessed_or_the_known_ones_listed() {
        let keys = "unknown field `test`, expected one of `tests`, `exclude`\n";
        assert_eq!(
            explain(keys),
            "there is no key `test` here; did you mean `tests`?"
        );
        assert_eq!(
            explain("unknown variant `x`, expected `low` or `high`"),
            "there is no value `x` here; there are `low`, `high`"
        );
        assert_eq!(
            explain("missing field `rule`"),
            "the key `rule` is missing here"
        );
        assert_eq!(
            explain("invalid type: integer `1`, expected a sequence"),
            "invalid type: integer `1`, expected an array"
        );
    }
}
