//! Words of a configuration that are checked when it is read, so that an error has the place of the word.

use crate::package::platform;
use crate::rules::RULES;
use crate::scope::Patterns;
use crate::selection::{ALL, find};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use std::borrow::Cow;
use std::ops::Range;
use toml::Spanned;

/// A rule by its id or a former one, or all rules. `all` sorts first, so that what is said of single rules comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleName {
    /// `all`
    All,
    /// The rule with this id.
    One(&'static str),
}

impl<'de> Deserialize<'de> for RuleName {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let name = String::deserialize(input)?;
        if name == ALL {
            return Ok(Self::All);
        }
        find(&name)
            .map(|rule| Self::One(rule.id))
            .map_err(de::Error::custom)
    }
}

impl RuleName {
    /// The ids that are meant.
    pub fn ids(self) -> Vec<&'static str> {
        match self {
            Self::All => RULES.iter().map(|rule| rule.id).collect(),
            Self::One(id) => vec![id],
        }
    }
}

impl JsonSchema for RuleName {
    fn schema_name() -> Cow<'static, str> {
        "RuleName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = std::iter::once(ALL)
            .chain(RULES.iter().map(|r| r.id))
            .collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

/// A pattern of paths. It is looked at only after reading, when its place in a list is known.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Glob(#[schemars(with = "String")] Spanned<String>);

impl Glob {
    /// What is wrong with it, and where it stands.
    pub fn check(&self) -> Result<(), (String, Range<usize>)> {
        let text = self.0.get_ref();
        non_empty(text, "a pattern")
            .and_then(|()| Patterns::new(&[text]).map(|_| ()))
            .map_err(|wrong| (wrong, self.0.span()))
    }
}

impl AsRef<str> for Glob {
    fn as_ref(&self) -> &str {
        self.0.get_ref()
    }
}

/// An operating system in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct Os(pub String);

impl TryFrom<String> for Os {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        platform::os(&name)?;
        Ok(Self(name))
    }
}

/// A processor in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct Arch(pub String);

impl TryFrom<String> for Arch {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        platform::arch(&name)?;
        Ok(Self(name))
    }
}

/// A text that says something.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct Text(pub String);

impl TryFrom<String> for Text {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        non_empty(&text, "a text")?;
        Ok(Self(text))
    }
}

fn non_empty(text: &str, what: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err(format!("{what} must not be empty"));
    }
    Ok(())
}
