//! A baseline file in use: read, held against a report, and what it has that nothing is found for any more.
//!
//! In: a file, and what a run looked at. Out: a report without accepted findings, and stale entries. An entry is stale
//! only when its place was looked at in a way that would have found it again.

use super::settings::Plan;
use super::{Failure, output};
use crate::analyze::{Options, Problem};
use crate::baseline::{Baseline, Entry};
use crate::finding::{BaselineState, Finding, Suppression, SuppressionKind};
use crate::rules::by_name;
use crate::walk::{Walk, slashed};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// More stale entries are only counted.
const MAX_SHOWN: usize = 10;

/// A baseline file.
pub(super) struct Ledger {
    /// As the user named it.
    path: PathBuf,
    /// Its folder, with links resolved: what the paths in it are relative to.
    pub(super) folder: PathBuf,
    text: String,
    /// What it says.
    pub(super) baseline: Baseline,
}

/// What came of holding a report against a baseline.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// How many findings it accepts.
    pub(super) accepted: usize,
    /// How many of its entries are stale.
    pub(super) stale: usize,
}

impl Ledger {
    /// Reads a baseline file.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = slashed(path);
        let text = fs::read_to_string(path).map_err(|error| {
            let advice = match error.kind() {
                ErrorKind::NotFound => "; `goleash baseline create` makes one",
                _ => "",
            };
            Failure(format!(
                "could not read the baseline `{shown}`: {error}{advice}"
            ))
        })?;
        let baseline = Baseline::parse(&text)
            .map_err(|wrong| Failure(format!("{shown}:{}: {}", wrong.line, wrong.message)))?;
        Ok(Self {
            folder: folder_of(path)?,
            path: path.to_owned(),
            text,
            baseline,
        })
    }

    /// Takes accepted findings out, or marks them when suppressed findings are shown, and tells of stale
    /// entries.
    pub(super) fn apply(
        &self,
        findings: &mut Vec<Finding>,
        looked: &Looked<'_>,
        show_suppressed: bool,
    ) -> Known {
        let used = self.baseline.mark(findings);
        let accepted = accept(findings, show_suppressed);
        let stale = self.stale(&used, looked);
        let shown = slashed(&self.path);
        for entry in stale.iter().take(MAX_SHOWN) {
            output::line(&format!(
                "{shown}:{}: warning: nothing is found for this entry any more: {} in {} of {}",
                self.line(entry),
                entry.rule,
                entry.function,
                entry.package,
            ));
        }
        if !stale.is_empty() {
            let more = match stale.len().saturating_sub(MAX_SHOWN) {
                0 => String::new(),
                more => format!("{more} more stale entries; "),
            };
            output::line(&format!(
                "goleash: {more}`goleash baseline prune` removes stale entries from {shown}"
            ));
        }
        Known {
            accepted,
            stale: stale.len(),
        }
    }

    /// Takes accepted findings out, or marks them, and says nothing: what is stale has been told.
    pub(super) fn accept(&self, findings: &mut Vec<Finding>, show_suppressed: bool) {
        self.baseline.mark(findings);
        accept(findings, show_suppressed);
    }

    /// The entries that no finding has used and that this run should have found something for.
    pub(super) fn stale(&self, used: &[bool], looked: &Looked<'_>) -> Vec<&Entry> {
        let unused = self
            .baseline
            .entries
            .iter()
            .zip(used)
            .filter(|(_, used)| !**used);
        unused
            .map(|(entry, _)| entry)
            .filter(|entry| looked.would_find(entry, &self.folder))
            .collect()
    }

    /// The line an entry ends in. Fingerprints repeat only where somebody has edited the file.
    fn line(&self, entry: &Entry) -> usize {
        let at = self.text.find(&entry.fingerprint).unwrap_or(0);
        self.text[..at].matches('\n').count() + 1
    }
}

/// Takes out what a baseline has, or marks it; returns how much that is.
fn accept(findings: &mut Vec<Finding>, show: bool) -> usize {
    let is_known = |finding: &Finding| {
        let state = finding.baseline;
        matches!(
            state,
            Some(BaselineState::Unchanged | BaselineState::Updated)
        )
    };
    let known = findings.iter().filter(|finding| is_known(finding)).count();
    if show {
        for finding in findings.iter_mut().filter(|finding| is_known(finding)) {
            finding.suppressed = Some(Suppression {
                kind: SuppressionKind::External,
                justification: "in the baseline".to_owned(),
            });
        }
    } else {
        findings.retain(|finding| !is_known(finding));
    }
    known
}

/// What a run looked at.
pub(super) struct Looked<'a> {
    /// The folders of packages that were analysed as a whole and without trouble.
    folders: BTreeMap<PathBuf, Folder<'a>>,
    /// What holds for folders that are gone.
    top: &'a Options,
    /// Folders below which everything was looked at.
    below: &'a [PathBuf],
    /// Displayed paths of Go files and what they stand for.
    paths: BTreeMap<&'a str, &'a Path>,
}

/// A folder that was looked at.
struct Folder<'a> {
    options: &'a Options,
    /// Files in it that stay silent.
    silent: BTreeSet<PathBuf>,
}

impl<'a> Looked<'a> {
    /// What a run looked at that found `found`, left the files `silent` (by their displayed paths) unreported, and had
    /// these `problems`.
    pub(super) fn new(
        found: &'a Walk,
        plan: &'a Plan,
        silent: &[(String, String)],
        problems: &[Problem],
    ) -> Self {
        let files = found
            .directories
            .iter()
            .flat_map(|directory| &directory.files);
        let paths: BTreeMap<&str, &Path> = files
            .map(|file| (file.display.as_str(), file.path.as_path()))
            .collect();
        // Broken code hides findings; that does not make entries stale.
        let troubled: BTreeSet<&str> = problems.iter().map(|p| p.path.as_str()).collect();
        let mut folders: BTreeMap<PathBuf, Folder<'_>> = BTreeMap::new();
        for (directory, options) in found.directories.iter().zip(&plan.options) {
            let mut displays = directory.files.iter().map(|file| file.display.as_str());
            let trouble = troubled.contains(directory.display.as_str())
                || displays.any(|display| troubled.contains(display));
            let folder = directory.files.first().and_then(|file| file.path.parent());
            if let (false, None, Some(folder)) = (trouble, &directory.named, folder) {
                let silent = BTreeSet::new();
                folders.insert(folder.to_owned(), Folder { options, silent });
            }
        }
        for path in silent
            .iter()
            .filter_map(|(display, _)| paths.get(display.as_str()))
        {
            let folder = path.parent().and_then(|folder| folders.get_mut(folder));
            if let Some(folder) = folder {
                folder.silent.insert((*path).to_owned());
            }
        }
        Self {
            folders,
            top: &plan.top,
            below: &found.below,
            paths,
        }
    }

    /// Whether a finding for this entry of a baseline in `folder` would have been found.
    fn would_find(&self, entry: &Entry, folder: &Path) -> bool {
        let file = crate::walk::clean(&folder.join(&entry.file));
        let Some(parent) = file.parent() else {
            return false;
        };
        if let Some(folder) = self.folders.get(parent) {
            return !folder.silent.contains(&file) && wanted(entry, &file, folder.options);
        }
        let below = self.below.iter().any(|root| parent.starts_with(root));
        below && !holds_go(parent) && wanted(entry, &file, self.top)
    }

    /// The path of a file, given as reports show it, relative to the folder of a baseline.
    pub(super) fn relative(&self, display: &str, folder: &Path) -> String {
        let path = self.paths.get(display).copied();
        relative(folder, path.unwrap_or(Path::new(display)))
    }
}

/// Whether the finding of an entry would be reported, once it is found.
fn wanted(entry: &Entry, file: &Path, options: &Options) -> bool {
    let other = options.scope.rules(file, &options.rules);
    let rules = other.as_ref().unwrap_or(&options.rules);
    let on = by_name(&entry.rule).is_none_or(|rule| rules.is_on(rule.id));
    on && entry.confidence() >= options.min_confidence && !options.scope.excludes(file)
}

/// Whether there may be a Go file in a folder: then a walk that has not listed it was told to stay out.
fn holds_go(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(mut entries) => entries.any(|entry| {
            entry.is_ok_and(|entry| entry.path().extension().is_some_and(|e| e == "go"))
        }),
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

/// The folder of a file that need not exist, with links resolved.
pub(super) fn folder_of(path: &Path) -> Result<PathBuf, Failure> {
    // A baseline that is a link belongs where it leads to: that is the file which is written.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|f| !f.as_os_str().is_empty());
    fs::canonicalize(folder.unwrap_or(Path::new("."))).map_err(|error| {
        Failure(format!(
            "could not find the folder of `{}`: {error}",
            slashed(path)
        ))
    })
}

/// The way from `folder` to `path`, both without links; `path` itself where there is none.
fn relative(folder: &Path, path: &Path) -> String {
    let shared = folder
        .components()
        .zip(path.components())
        .take_while(|(a, b)| a == b)
        .count();
    if shared == 0 {
        return slashed(path);
    }
    let up = folder
        .components()
        .skip(shared)
        .map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(path.components().skip(shared)).collect();
    slashed(&way)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_lead_from_a_folder_to_a_file() {
        let way = |folder: &str, path: &str| relative(Path::new(folder), Path::new(path));
        assert_eq!(way("/a/b", "/a/b/c/x.go"), "c/x.go");
        assert_eq!(way("/a/b", "/a/x.go"), "../x.go");
        assert_eq!(way("/a/b", "/c/d/x.go"), "../../c/d/x.go");
        assert_eq!(way("/", "/x.go"), "x.go");
        assert_eq!(way("/a", "x.go"), "x.go");
    }
}
