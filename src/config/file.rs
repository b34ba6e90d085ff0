//! What a configuration file may hold. The comments on keys are what editors show: they are in the JSON schema.

use super::names::{Arch, Glob, Os, RuleName, Text};
use crate::finding::Severity;
use crate::leak::Confidence;
use crate::library::Fact;
use crate::rules::RULES;
use crate::scope::Setting;
use crate::selection::ALL;
use crate::suppress::Known;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The configuration of goleash: `goleash.toml` or `.goleash.toml`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(title = "goleash.toml")]
pub struct File {
    /// Rules by id, each `"on"`, `"off"`, or the level its findings are to have: `"note"`, `"warning"`, `"error"`. `all`
    /// stands for every rule; single rules are looked at after it.
    #[schemars(schema_with = "rules_schema")]
    pub rules: Rules,
    /// Findings that are less sure are dropped. Default: medium.
    #[schemars(with = "Level")]
    pub min_confidence: Option<Level>,
    /// The least level of findings that make a run fail. Default: note.
    #[schemars(with = "FailOn")]
    pub fail_on: Option<FailOn>,
    /// Whether findings in `_test.go` files are reported. Default: true.
    #[schemars(with = "bool")]
    pub tests: Option<bool>,
    /// Whether findings in generated files are reported. Default: false.
    #[schemars(with = "bool")]
    pub generated: Option<bool>,
    /// Patterns of files and folders in which nothing is reported, relative to this file.
    pub exclude: Vec<Glob>,
    /// A file of accepted findings, relative to this file.
    #[schemars(with = "Text")]
    pub baseline: Option<Text>,
    /// The variant of the program that is looked at.
    pub build: Build,
    /// Rules that hold for some files only; later entries win.
    #[serde(rename = "override")]
    pub overrides: Vec<OverrideEntry>,
    /// Functions in which findings are known to be wrong.
    pub known: Vec<KnownEntry>,
    /// What functions of other packages do to goroutines and channels: wrappers that goleash cannot know.
    #[serde(rename = "function")]
    pub functions: Vec<Fact>,
}

/// Rules, and what is said of each.
pub type Rules = BTreeMap<RuleName, Word>;

/// The variant of the program that is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Build {
    /// Build tags that hold, as for `go build -tags`.
    #[schemars(with = "Vec<String>")]
    pub tags: Option<Vec<String>>,
    /// The operating system, as `GOOS` names it. Default: the one goleash runs on.
    #[schemars(with = "Os")]
    pub goos: Option<Os>,
    /// The processor, as `GOARCH` names it. Default: the one goleash runs on.
    #[schemars(with = "Arch")]
    pub goarch: Option<Arch>,
}

/// Rules that hold for some files only.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideEntry {
    /// Patterns of files and folders, relative to this file.
    #[schemars(length(min = 1))]
    pub paths: Vec<Glob>,
    /// As `rules` for all files.
    #[schemars(schema_with = "rules_schema")]
    pub rules: Rules,
}

/// A function in which findings of a rule are known to be wrong.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnownEntry {
    /// The function as Go's stack traces name it: `run`, `(*T).run`, `example.com/m/pool.(*T).run`. Function literals belong
    /// to the function they stand in.
    pub function: Text,
    /// The rule, or `all`.
    pub rule: RuleName,
    /// Why they are wrong.
    pub reason: Text,
}

impl From<&KnownEntry> for Known {
    fn from(entry: &KnownEntry) -> Self {
        Self {
            function: entry.function.0.clone(),
            rule: match entry.rule {
                RuleName::All => None,
                RuleName::One(id) => Some(id),
            },
            reason: entry.reason.0.clone(),
        }
    }
}

/// What is said of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// The rule speaks.
    On,
    /// The rule does not speak.
    Off,
    /// The rule speaks; its findings are notes.
    Note,
    /// The rule speaks; its findings are warnings.
    Warning,
    /// The rule speaks; its findings are errors.
    Error,
}

impl From<Word> for Setting {
    fn from(word: Word) -> Self {
        match word {
            Word::On => Self::On,
            Word::Off => Self::Off,
            Word::Note => Self::Level(Severity::Note),
            Word::Warning => Self::Level(Severity::Warning),
            Word::Error => Self::Level(Severity::Error),
        }
    }
}

/// How sure a finding has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The shape only.
    Low,
    /// One assumption, which the message states.
    Medium,
    /// Only code in view.
    High,
}

impl From<Level> for Confidence {
    fn from(level: Level) -> Self {
        match level {
            Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
        }
    }
}

/// The least level of findings that make a run fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Errors only.
    Error,
    /// Errors and warnings.
    Warning,
    /// Every finding.
    #[default]
    Note,
    /// No finding.
    Never,
}

impl FailOn {
    /// Whether a finding of this level makes a run fail.
    pub fn fails(self, level: Severity) -> bool {
        match self {
            Self::Error => level >= Severity::Error,
            Self::Warning => level >= Severity::Warning,
            Self::Note => true,
            Self::Never => false,
        }
    }
}

/// One property for each rule, so that editors offer and explain them.
fn rules_schema(generator: &mut SchemaGenerator) -> Schema {
    let word = generator.subschema_for::<Word>();
    let mut properties = serde_json::Map::new();
    let mut add = |name: &str, description: String| {
        let mut property = word.clone();
        property.insert("description".to_owned(), description.into());
        properties.insert(name.to_owned(), property.into());
    };
    add(ALL, "Every rule.".to_owned());
    for rule in RULES {
        let meta = rule.metadata();
        add(
            rule.id,
            format!("{}. Default: {}.", meta.title, meta.default_word()),
        );
    }
    json_schema!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}
