//! The protocol by which `go vet -vettool` talks to a tool: what the go command says of one package, and Go's way of
//! writing flags.
//!
//! In: the text of a `.cfg` file, or words of a command line. Out: a [`Unit`], or options. Deliberately absent: reading
//! files, the analysis, and how findings are written (`report::vet`).
//!
//! The go command asks three things, each of a process of its own: `-flags` (which flags there are), `-V=full` (a line
//! that names this very tool and its configuration, part of the key of Go's build cache) and `FLAGS… FILE.cfg`, once
//! for each package in the order of imports.

mod flags;

pub use flags::{Flag, Options, describe, parse};

use crate::gomod;
use crate::package::GoVersion;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// What the go command says of one package. Fields that do not matter here are left out, and any may be missing: their
/// number grew with the releases of Go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Unit {
    /// Names the package in the answer; a test variant has one of its own, such as `m/p [m/p.test]`.
    #[serde(rename = "ID")]
    pub id: String,
    /// The folder of the package.
    pub dir: PathBuf,
    /// The files that are compiled together, already chosen by system and tags. Files that use cgo are not these but
    /// what cgo makes of them.
    #[serde(deserialize_with = "null_is_empty")]
    pub go_files: Vec<PathBuf>,
    /// The language version, such as `go1.27`.
    pub go_version: String,
    /// The module, from Go 1.27 on.
    pub module: Option<Module>,
    /// The module's path, before Go 1.27; empty for the standard library.
    pub module_path: String,
    /// Whether only facts for the packages that import this one are asked for, and no findings.
    pub vetx_only: bool,
    /// Where to write those facts. What is not written is not cached, and asked for again the next time.
    pub vetx_output: Option<PathBuf>,
    /// Where to write the answer; stdout when there is none.
    pub stdout: Option<PathBuf>,
}

/// A module; only that there is one matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Module {
    /// Its path.
    pub path: String,
}

/// Go writes an empty list as `null`.
fn null_is_empty<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<PathBuf>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

impl Unit {
    /// Reads a `.cfg` file.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let unit: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if unit.id.is_empty() || unit.go_files.is_empty() {
            return Err("it names no package and files".to_owned());
        }
        Ok(unit)
    }

    /// What others import the package by. A test variant, `m/p [m/p.test]` or `m/p_test [m/p.test]`, is the package it
    /// tests.
    pub fn import_path(&self) -> &str {
        let tested = self
            .id
            .split_once(" [")
            .map(|(_, rest)| rest.trim_end_matches(']'));
        tested.map_or(&self.id, |tested| {
            tested.strip_suffix(".test").unwrap_or(tested)
        })
    }

    /// The language version, where one is stated.
    pub fn version(&self) -> Option<GoVersion> {
        gomod::version(self.go_version.strip_prefix("go")?)
    }

    /// Whether the facts of a package that is not reported in may be cached.
    ///
    /// Go 1.26 keeps one cache entry for both questions, "only facts" and "findings too": an answer to the first would
    /// later pass for one to the second, and findings would be lost. Go 1.27 keeps them apart, and is the first that
    /// fills in the module. The standard library is cached always: nobody waits for findings there.
    pub fn facts_are_cached(&self) -> bool {
        self.module.is_some() || self.module_path.is_empty()
    }

    /// The files to analyse. For what cgo generated it is the file that somebody wrote, and files without one are left
    /// out.
    pub fn sources(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = self
            .go_files
            .iter()
            .filter_map(|file| self.source(file))
            .collect();
        files.sort();
        files.dedup();
        files
    }

    fn source(&self, file: &Path) -> Option<PathBuf> {
        let name = file.file_name()?.to_str().unwrap_or_default();
        if file.parent() == Some(&self.dir) {
            return Some(file.to_owned());
        }
        match name.strip_suffix(".cgo1.go") {
            Some(stem) => Some(self.dir.join(format!("{stem}.go"))),
            None if name.starts_with("_cgo_") => None,
            None => Some(file.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(json: &str) -> Unit {
        Unit::parse(json.as_bytes()).expect("a unit")
    }

    #[test]
    fn a_unit_is_read_and_what_is_unknown_is_skipped() {
        let unit = unit(
            r#"{"ID": "m/a [m/a.test]", "Dir": "/m/a", "GoFiles": ["/m/a/b.go", "/m/a/a.go"], "Future": {"x": 1},
                "Module": {"Path": "m", "Main": true}, "GoVersion": "go1.22.3", "VetxOutput": "/t/vet.out",
                "Standard": {"fmt": true}, "VetxOnly": true}"#,
        );
        assert_eq!(unit.id, "m/a [m/a.test]");
        assert_eq!(unit.import_path(), "m/a");
        assert_eq!(
            unit.sources(),
            [Path::new("/m/a/a.go"), Path::new("/m/a/b.go")]
        );
        assert_eq!(unit.version().map(|v| v.minor), Some(22));
        assert!(unit.vetx_only);
        assert_eq!(unit.vetx_output.as_deref(), Some(Path::new("/t/vet.out")));
        assert_eq!(unit.stdout, None);
    }

    #[test]
    fn what_is_no_unit_is_refused() {
        for text in ["", "[]", "{}", r#"{"ID": "m", "GoFiles": null}"#, "{"] {
            assert!(Unit::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn files_made_by_cgo_stand_for_what_they_are_made_from() {
        let unit = unit(
            r#"{"ID": "m", "Dir": "/m", "GoFiles": ["/tmp/b001/_cgo_gotypes.go", "/tmp/b001/a.cgo1.go", "/m/z.go",
                "/overlay/x.go"]}"#,
        );
        let expected = ["/m/a.go", "/m/z.go", "/overlay/x.go"];
        assert_eq!(unit.sources(), expected.map(PathBuf::from));
    }

    #[test]
    fn facts_are_not_cached_where_they_would_hide_findings() {
        let with = |rest: &str| {
            unit(&format!(r#"{{"ID": "m", "GoFiles": ["/m/a.go"]{rest}}}"#)).facts_are_cached()
        };
        assert!(with(r#", "Module": {"Path": "m"}, "ModulePath": "m""#));
        assert!(!with(r#", "ModulePath": "m""#));
        assert!(with(""));
    }
}
