//! Directories as they were at another time.
//!
//! In: what has changed since then, file by file, and directories as a walk found them. Out: for each directory in which
//! something has changed the same directory as it was, ready to be analysed. Deliberately absent: finding out what has
//! changed, and reading files.

use crate::gomod::{GoMod, NEWEST, UNSTATED};
use crate::package::GoVersion;
use crate::walk::{FoundDirectory, FoundFile};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What has happened to one file. Paths have their links resolved, as those of a walk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Where it was; `None` when it was not there.
    pub old: Option<PathBuf>,
    /// Where it is; `None` when it is gone.
    pub new: Option<PathBuf>,
    /// What it held; `None` when it was not there, or when nobody knows: then all that is in it now counts as new.
    pub before: Option<Arc<[u8]>>,
}

/// All that has happened.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    by_new: BTreeMap<PathBuf, Change>,
    by_old_folder: BTreeMap<PathBuf, Vec<Change>>,
    /// What go.mod files said, by folder; `None` where there was none.
    modules: BTreeMap<PathBuf, Option<Arc<[u8]>>>,
    /// Folders that were not there at all.
    added: Vec<PathBuf>,
}

/// A directory as it was.
#[derive(Clone, Debug)]
pub struct Before {
    /// Its files under the names they had.
    pub directory: FoundDirectory,
    /// What those held that have changed, by displayed path; the others are as they are on the disk.
    pub contents: BTreeMap<String, Arc<[u8]>>,
}

impl Changes {
    /// Sorts what has happened. Everything below the folders `added` was not there.
    pub fn new(changes: Vec<Change>, added: Vec<PathBuf>) -> Self {
        let mut sorted = Self {
            added,
            ..Self::default()
        };
        for change in changes {
            sorted.add(change);
        }
        sorted
    }

    fn add(&mut self, change: Change) {
        for path in [&change.old, &change.new].into_iter().flatten() {
            if let (Some("go.mod"), Some(folder)) = (file_name(path), path.parent()) {
                // A module that moved here was not here.
                let was_here = change.old.as_ref() == Some(path);
                let before = change.before.clone().filter(|_| was_here);
                self.modules.insert(folder.to_owned(), before);
            }
        }
        if let Some(folder) = change.old.as_deref().and_then(Path::parent) {
            let here = self.by_old_folder.entry(folder.to_owned()).or_default();
            here.push(change.clone());
        }
        if let Some(new) = &change.new {
            let known = self
                .by_new
                .get(new)
                .is_some_and(|known| known.old.is_some());
            if !known {
                self.by_new.insert(new.clone(), change);
            }
        }
    }

    /// The directory as it was; `None` when nothing in it has changed.
    pub fn before(&self, found: &FoundDirectory) -> Option<Before> {
        let folder = found.files.first()?.path.parent()?;
        let go = self.version(found);
        let gone = self
            .by_old_folder
            .get(folder)
            .map_or(&[][..], Vec::as_slice);
        let touched =
            |file: &FoundFile| self.by_new.contains_key(&file.path) || self.is_added(&file.path);
        if go == found.go && !gone.iter().any(is_source) && !found.files.iter().any(touched) {
            return None;
        }
        let mut before = Before {
            directory: FoundDirectory {
                go,
                files: Vec::new(),
                named: None,
                ..found.clone()
            },
            contents: BTreeMap::new(),
        };
        // The names that were here go first: what moved here later may have taken one of them.
        let mut names = BTreeSet::new();
        for change in gone.iter().filter(|change| is_source(change)) {
            if let (Some(old), Some(bytes)) = (&change.old, &change.before) {
                before.put(old, bytes, &mut names);
            }
        }
        for file in &found.files {
            match self.by_new.get(&file.path) {
                None if self.is_added(&file.path) => {}
                None => {
                    if names.insert(file.path.file_name().map(OsStr::to_owned)) {
                        before.directory.files.push(file.clone());
                    }
                }
                // From another folder: whoever moves a package should not be told of all that was in it.
                Some(change) if change.old.as_deref().and_then(Path::parent) != Some(folder) => {
                    if let (Some(_), Some(bytes)) = (&change.old, &change.before) {
                        before.put(&file.path, bytes, &mut names);
                    }
                }
                Some(_) => {}
            }
        }
        before
            .directory
            .files
            .sort_by(|a, b| a.display.cmp(&b.display));
        Some(before)
    }

    fn is_added(&self, path: &Path) -> bool {
        self.added.iter().any(|folder| path.starts_with(folder))
    }

    /// The language version that a directory had.
    fn version(&self, found: &FoundDirectory) -> GoVersion {
        let module = found.module.as_ref();
        match module.and_then(|folder| self.modules.get(folder)) {
            None => found.go,
            Some(None) => NEWEST,
            Some(Some(text)) => GoMod::parse(&String::from_utf8_lossy(text))
                .go
                .unwrap_or(UNSTATED),
        }
    }
}

impl Before {
    /// Adds a file that held `bytes`, unless there is one of its name.
    fn put(
        &mut self,
        path: &Path,
        bytes: &Arc<[u8]>,
        names: &mut BTreeSet<Option<std::ffi::OsString>>,
    ) {
        let name = path.file_name();
        if !names.insert(name.map(OsStr::to_owned)) {
            return;
        }
        let name = name.unwrap_or_default().to_string_lossy();
        let display = match self.directory.display.as_str() {
            "." => name.into_owned(),
            folder => format!("{}/{name}", folder.trim_end_matches('/')),
        };
        self.contents.insert(display.clone(), Arc::clone(bytes));
        self.directory.files.push(FoundFile {
            path: path.to_owned(),
            display,
            size: bytes.len() as u64,
            changed: None,
        });
    }
}

/// Whether a file that was somewhere was one of a package there.
fn is_source(change: &Change) -> bool {
    change
        .old
        .as_deref()
        .and_then(file_name)
        .is_some_and(|name| {
            Path::new(name).extension().is_some_and(|e| e == "go") && !name.starts_with(['_', '.'])
        })
}

fn file_name(path: &Path) -> Option<&str> {
    path.file_name().and_then(OsStr::to_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[&str], module: Option<&str>) -> FoundDirectory {
        let file = |name: &&str| FoundFile {
            path: Path::new("/r/p").join(name),
            display: format!("p/{name}"),
            size: 0,
            changed: None,
        };
        FoundDirectory {
            display: "p".to_owned(),
            import_path: "m/p".to_owned(),
            module: module.map(PathBuf::from),
            go: GoVersion {
                major: 1,
                minor: 22,
            },
            files: files.iter().map(file).collect(),
            named: None,
        }
    }

    /// A change from `old` to `new`, each below `/r`; `-` for nothing. What was there held its own name.
    fn change(old: &str, new: &str) -> Change {
        let path = |name: &str| (name != "-").then(|| Path::new("/r").join(name));
        Change {
            old: path(old),
            new: path(new),
            before: (old != "-").then(|| Arc::from(old.as_bytes())),
        }
    }

    /// The files as they were, with what they held if it is not what they hold.
    fn before(files: &[&str], changes: Vec<Change>) -> Option<Vec<String>> {
        let before = Changes::new(changes, Vec::new()).before(&found(files, None))?;
        let shown = before.directory.files.iter().map(|file| {
            let text = before.contents.get(&file.display);
            let text =
                text.map_or_else(String::new, |t| format!(" {}", String::from_utf8_lossy(t)));
            format!("{}{text}", file.display)
        });
        Some(shown.collect())
    }

    #[test]
    fn files_are_as_they_were() {
        let all = ["a.go", "b.go", "c.go"];
        assert_eq!(before(&all, Vec::new()), None);
        assert_eq!(
            before(
                &all,
                vec![change("q/a.go", "q/a.go"), change("p/a.txt", "p/a.txt")]
            ),
            None
        );
        let changes = vec![
            change("p/a.go", "p/a.go"),
            change("-", "p/b.go"),
            change("p/d.go", "-"),
        ];
        let was = ["p/a.go p/a.go", "p/c.go", "p/d.go p/d.go"].map(str::to_owned);
        assert_eq!(before(&all, changes), Some(was.to_vec()));
    }

    #[test]
    fn what_moved_was_there_before() {
        // Within the folder: under the old name.
        let shown = before(&["a.go"], vec![change("p/old.go", "p/a.go")]);
        assert_eq!(shown, Some(vec!["p/old.go p/old.go".to_owned()]));
        // Names that changed hands.
        let swap = vec![change("p/a.go", "p/b.go"), change("p/b.go", "p/a.go")];
        let was = ["p/a.go p/a.go", "p/b.go p/b.go"].map(str::to_owned);
        assert_eq!(before(&["a.go", "b.go"], swap), Some(was.to_vec()));
        // From elsewhere: as if it had been here, unless something else was.
        let shown = before(&["a.go"], vec![change("q/x.go", "p/a.go")]);
        assert_eq!(shown, Some(vec!["p/a.go q/x.go".to_owned()]));
        let shown = before(
            &["a.go"],
            vec![change("q/x.go", "p/a.go"), change("p/a.go", "-")],
        );
        assert_eq!(shown, Some(vec!["p/a.go p/a.go".to_owned()]));
        // To elsewhere: it was here.
        let shown = before(&["a.go"], vec![change("p/b.go", "q/b.go")]);
        assert_eq!(
            shown,
            Some(vec!["p/a.go".to_owned(), "p/b.go p/b.go".to_owned()])
        );
    }

    #[test]
    fn what_nobody_knows_counts_as_new() {
        let mut binary = change("p/a.go", "p/a.go");
        binary.before = None;
        assert_eq!(before(&["a.go"], vec![binary]), Some(Vec::new()));
        // git tells a file in conflict twice; once with what it was.
        let twice = vec![change("-", "p/a.go"), change("p/a.go", "p/a.go")];
        assert_eq!(
            before(&["a.go"], twice.clone()),
            Some(vec!["p/a.go p/a.go".to_owned()])
        );
        let reversed = twice.into_iter().rev().collect();
        assert_eq!(
            before(&["a.go"], reversed),
            Some(vec!["p/a.go p/a.go".to_owned()])
        );
        let added = Changes::new(Vec::new(), vec![PathBuf::from("/r")]);
        let before = added.before(&found(&["a.go"], None)).expect("new");
        assert_eq!(before.directory.files, []);
    }

    #[test]
    fn another_language_version_changes_every_package_of_the_module() {
        let version = |module, text: Option<&str>| {
            let change = Change {
                before: text.map(|text| Arc::from(text.as_bytes())),
                ..change(if text.is_some() { "go.mod" } else { "-" }, "go.mod")
            };
            let changes = Changes::new(vec![change], Vec::new());
            let before = changes.before(&found(&["a.go"], module))?;
            Some(before.directory.go.minor)
        };
        assert_eq!(version(Some("/r"), Some("module m\ngo 1.20\n")), Some(20));
        assert_eq!(
            version(Some("/r"), Some("module m\ngo 1.22\nrequire x v1.0.0\n")),
            None
        );
        assert_eq!(
            version(Some("/r"), Some("module m\n")),
            Some(UNSTATED.minor)
        );
        assert_eq!(version(Some("/r"), None), Some(NEWEST.minor));
        assert_eq!(version(Some("/r/p"), Some("module m\ngo 1.20\n")), None);
        assert_eq!(version(None, Some("module m\ngo 1.20\n")), None);
    }
}
