//! The whole pure pipeline: a directory's Go files in, findings and problems out. The command line and the editor
//! server both call it; it does no I/O.

use crate::finding::Finding;
use crate::leak::Confidence;
use crate::source::SourceFile;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A Go language version, such as 1.22, from a go.mod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoVersion {
    /// Always 1 so far.
    pub major: u16,
    /// The release.
    pub minor: u16,
}

/// A file of a directory.
#[derive(Clone, Debug)]
pub struct InputFile {
    /// The name reports show: relative where possible, `/` separators.
    pub path: Arc<str>,
    /// Its bytes; need not be UTF-8 or Go.
    pub bytes: Arc<[u8]>,
    /// Whether findings in it are shown; other files are read for what they say about the package.
    pub report: bool,
}

/// All Go files of one directory (possibly several packages: `x`, `x_test`, ignored mains).
#[derive(Clone, Debug)]
pub struct Directory {
    /// As reports show it; `.` for the current one.
    pub path: String,
    /// The language version of its module; decides loop variables (1.22) and timers (1.23).
    pub go: GoVersion,
    /// Its files, sorted by path.
    pub files: Vec<InputFile>,
}

/// What the analysis is asked to do.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Report findings in `_test.go` files.
    pub tests: bool,
    /// Report findings in generated files.
    pub generated: bool,
    /// Findings below this are dropped.
    pub min_confidence: Confidence,
    /// States one system may cost before it is given up, by name.
    pub state_budget: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tests: true,
            generated: false,
            min_confidence: Confidence::Medium,
            state_budget: 20_000,
        }
    }
}

/// Something the analysis could not do, told to the user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file or directory.
    pub path: String,
    /// First and last 1-based line it concerns, if it concerns lines.
    pub lines: Option<(u32, u32)>,
    /// What and why: lower case, no full stop.
    pub message: String,
    /// Whether this is a defect of goleash itself or an I/O error (exit code 2) and not just of the input.
    pub fatal: bool,
}

/// What was looked at and what was given up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Packages seen.
    pub packages: u64,
    /// Files seen.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// Functions and function literals in them.
    pub functions: u64,
    /// Closed systems examined.
    pub systems: u64,
    /// States the exploration visited.
    pub states: u64,
    /// Every reason to abstain, by name.
    pub abstentions: BTreeMap<&'static str, u64>,
}

impl Stats {
    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &Self) {
        self.packages += other.packages;
        self.files += other.files;
        self.bytes += other.bytes;
        self.functions += other.functions;
        self.systems += other.systems;
        self.states += other.states;
        for (reason, count) in &other.abstentions {
            *self.abstentions.entry(reason).or_default() += count;
        }
    }
}

/// What came out, for one directory or (merged) for a whole run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The files that findings refer to.
    pub files: Vec<SourceFile>,
    /// The findings, sorted by file, position, rule.
    pub findings: Vec<Finding>,
    /// What could not be done, sorted.
    pub problems: Vec<Problem>,
    /// Counts.
    pub stats: Stats,
}

/// Analyses one directory.
pub fn directory(_: &Directory, _: &Options) -> Report {
    Report::default()
}
