//! The configuration file: `goleash.toml` or `.goleash.toml`.
//!
//! In: its text. Out: a [`Config`], which is put over the defaults of [`Options`]; the command line comes after it. What the
//! file may hold is in [`file`], with the words users read in the JSON schema; everything unknown is an error with its
//! place and a guess. [`find`] looks for the file that holds for a folder, and is the only part that reads files.

mod error;
pub mod file;
mod find;
mod names;

pub use error::ConfigError;
pub use file::FailOn;
pub use find::{Choice, Configs, NAMES};

use crate::analyze::Options;
use crate::library::Library;
use crate::scope::{Override, Patterns, Scope, Setting};
use crate::suppress::Known;
use file::{File, Rules, Word};
use names::{Glob, RuleName};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What `goleash init` writes: every key, explained and commented out.
pub const INIT: &str = include_str!("init.toml");

/// A configuration that has been read.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from.
    pub path: PathBuf,
    /// The folder that patterns and the baseline are relative to, with all links resolved.
    base: PathBuf,
    file: File,
}

impl Config {
    /// Reads the text of a configuration. `shown` is how messages name the file.
    pub fn parse(text: &str, path: &Path, base: &Path, shown: &str) -> Result<Self, ConfigError> {
        let file: File =
            toml::from_str(text).map_err(|error| ConfigError::new(shown, text, &error))?;
        let of_overrides = file.overrides.iter().flat_map(|entry| &entry.paths);
        for glob in file.exclude.iter().chain(of_overrides) {
            glob.check()
                .map_err(|(wrong, span)| ConfigError::at(shown, text, span.start, wrong))?;
        }
        Ok(Self {
            path: path.to_owned(),
            base: base.to_owned(),
            file,
        })
    }

    /// The least level of findings that make a run fail, if it says so.
    pub fn fail_on(&self) -> Option<FailOn> {
        self.file.fail_on
    }

    /// The file of accepted findings, if it names one.
    pub fn baseline(&self) -> Option<PathBuf> {
        let name = self.file.baseline.as_ref()?;
        Some(self.base.join(&name.0))
    }

    /// Puts what the file says over `options`.
    pub fn apply(&self, options: &mut Options) {
        let file = &self.file;
        for (id, setting) in settings(&file.rules) {
            setting.apply(id, &mut options.rules);
        }
        if let Some(level) = file.min_confidence {
            options.min_confidence = level.into();
        }
        options.tests = file.tests.unwrap_or(options.tests);
        options.generated = file.generated.unwrap_or(options.generated);
        let build = &file.build;
        let goos = build.goos.as_ref().map(|os| os.0.as_str());
        let goarch = build.goarch.as_ref().map(|arch| arch.0.as_str());
        options.build.choose_platform(goos, goarch);
        if let Some(tags) = &build.tags {
            options.build.tags.clone_from(tags);
        }
        if !file.functions.is_empty() {
            options.library = Arc::new(Library::standard().with(file.functions.clone()));
        }
        options.known = file.known.iter().map(Known::from).collect();
        options.scope = Arc::new(self.scope());
    }

    fn scope(&self) -> Scope {
        let overrides = self.file.overrides.iter().map(|entry| Override {
            paths: patterns(&entry.paths),
            rules: settings(&entry.rules),
        });
        Scope {
            root: self.base.clone(),
            exclude: patterns(&self.file.exclude),
            overrides: overrides.collect(),
            limit: None,
        }
    }
}

/// Each was checked when the file was read, so together they are sound too.
fn patterns(globs: &[Glob]) -> Patterns {
    Patterns::new(globs).unwrap_or_default()
}

/// What is said of each rule, of all of them first.
fn settings(rules: &Rules) -> Vec<(&'static str, Setting)> {
    let each = |(name, word): (&RuleName, &Word)| {
        let setting = Setting::from(*word);
        name.ids()
            .into_iter()
            .map(move |id| (id, setting))
            .collect::<Vec<_>>()
    };
    rules.iter().flat_map(each).collect()
}

/// The JSON schema of the file, for editors.
pub fn schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft07();
    let mut schema = settings.into_generator().into_root_schema_for::<File>();
    schema.insert("$id".to_owned(), SCHEMA_URL.into());
    schema.to_value()
}

/// Where the schema can be read on the web.
const SCHEMA_URL: &str = concat!(
    "https://raw.githubusercontent.com/goleash/goleash/main/",
    "docs/goleash.schema.json"
);
