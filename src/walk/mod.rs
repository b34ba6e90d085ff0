//! Which files are read: patterns in, directories with their Go files and language versions out.
//!
//! Only here, in [`crate::examine`] and in [`crate::cli`] is the file system looked at. Links to folders are not followed
//! below a pattern's own folder, so cycles cannot happen. Deliberately absent: reading Go files.

mod modules;
mod package;
mod path;
mod workspaces;

pub use package::package;

use crate::analyze::Problem;
use crate::package::GoVersion;
use modules::Modules;
pub use path::{clean, slashed};
use path::{join, split_pattern};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use walkdir::WalkDir;

/// How to walk.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder that patterns and displayed paths are relative to.
    pub current: PathBuf,
    /// Stay out of folders below that have a go.mod of their own and are not in the same workspace (go.work).
    pub this_module: bool,
}

/// A Go file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// What to open.
    pub path: PathBuf,
    /// What reports show: relative where possible, `/` separators.
    pub display: String,
    /// Its size in bytes when it was found.
    pub size: u64,
    /// When it was last changed, where a listing told that.
    pub changed: Option<SystemTime>,
}

/// A directory with Go files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDirectory {
    /// What reports show; `.` for the current folder.
    pub display: String,
    /// What others import it by; what reports show where it lies in no module.
    pub import_path: String,
    /// The folder of the go.mod of its module, if it lies in one.
    pub module: Option<PathBuf>,
    /// The language version of the module it lies in.
    pub go: GoVersion,
    /// Its Go files, sorted by name.
    pub files: Vec<FoundFile>,
    /// When only some files were asked for: their displayed paths. The others are read for what they say about these.
    pub named: Option<BTreeSet<String>>,
}

/// What the patterns stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// Sorted by displayed path, without duplicates.
    pub directories: Vec<FoundDirectory>,
    /// What could not be looked at.
    pub problems: Vec<Problem>,
    /// Things the user should hear, such as a pattern that matched nothing.
    pub notes: Vec<String>,
    /// The folders below which everything was asked for, with links resolved.
    pub below: Vec<PathBuf>,
}

/// A pattern that cannot be understood; the text says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError(pub String);

/// Finds the Go files that `patterns` stand for.
pub fn walk(patterns: &[PathBuf], settings: &Settings) -> Result<Walk, PatternError> {
    let mut walker = Walker::new(settings);
    for pattern in patterns {
        walker.pattern(pattern)?;
    }
    Ok(walker.finish())
}

/// Finds the package of one Go file, which itself need not exist yet; its folder has to.
pub fn package_of(file: &Path, settings: &Settings) -> Walk {
    let mut walker = Walker::new(settings);
    walker.file(file);
    walker.finish()
}

/// Where a walk starts.
struct Root {
    /// With all links resolved, so that two ways to one folder are seen as one.
    path: PathBuf,
    display: String,
}

struct Walker<'a> {
    settings: &'a Settings,
    modules: Modules,
    found: BTreeMap<PathBuf, FoundDirectory>,
    problems: BTreeSet<Problem>,
    notes: Vec<String>,
    below: Vec<PathBuf>,
}

impl<'a> Walker<'a> {
    fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            modules: Modules::default(),
            found: BTreeMap::new(),
            problems: BTreeSet::new(),
            notes: Vec::new(),
            below: Vec::new(),
        }
    }

    fn finish(mut self) -> Walk {
        let mut unreadable = std::mem::take(&mut self.modules.unreadable);
        unreadable.append(&mut self.modules.workspaces.unreadable);
        for (path, error) in unreadable {
            let display = self.display(&path, Some(&path));
            self.unreadable(display, &path, &error);
        }
        let mut directories: Vec<FoundDirectory> = self.found.into_values().collect();
        directories.retain(|directory| !directory.files.is_empty());
        directories.sort_by(|a, b| a.display.cmp(&b.display));
        Walk {
            directories,
            problems: self.problems.into_iter().collect(),
            notes: self.notes,
            below: self.below,
        }
    }

    fn pattern(&mut self, pattern: &Path) -> Result<(), PatternError> {
        let (path, below) = split_pattern(pattern)?;
        let target = self.settings.current.join(&path);
        let shown = slashed(&path);
        match fs::metadata(&target) {
            Ok(meta) if meta.is_dir() => {
                self.folder(&path, below);
                Ok(())
            }
            Ok(_) if below => Err(PatternError(format!(
                "`{shown}` is a file; name it without `/...`, or give the folder it is in"
            ))),
            Ok(meta) if meta.is_file() && is_go(path.as_os_str()) => {
                self.file(&path);
                Ok(())
            }
            Ok(_) => Err(PatternError(format!(
                "`{shown}` is neither a folder nor a Go file; give `dir`, `dir/...` or a file that ends in .go"
            ))),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !target.is_symlink() => {
                Err(PatternError(format!(
                    "`{shown}` does not exist; patterns are paths: a folder `dir`, a folder with everything below \
                     `dir/...`, or a .go file"
                )))
            }
            Err(error) => {
                let display = self.display(&path, None);
                self.unreadable(display, &target, &error);
                Ok(())
            }
        }
    }

    fn folder(&mut self, path: &Path, below: bool) {
        let Some(root) = self.root(path) else {
            return;
        };
        if below {
            self.below.push(root.path.clone());
        }
        if self.collect(&root, below) > 0 {
            return;
        }
        let shown = &root.display;
        let note = if below {
            format!("no Go files in `{shown}` or below it")
        } else if self.any_below(&root) {
            let tree = join(shown, Path::new("..."));
            let dot = if shown == "." { "./" } else { "" };
            format!("no Go files in `{shown}` itself; for the folders below it, use `{dot}{tree}`")
        } else {
            format!("no Go files in `{shown}`")
        };
        self.notes.push(note);
    }

    fn file(&mut self, path: &Path) {
        let parent = path.parent().unwrap_or(Path::new(""));
        let (Some(root), Some(name)) = (self.root(parent), path.file_name()) else {
            return;
        };
        // A hook names many files of one folder; the folder is listed once.
        if !self.found.contains_key(&root.path) {
            self.list_for_named(&root);
        }
        if let Some(directory) = self.found.get_mut(&root.path) {
            let display = join(&directory.display, Path::new(name));
            // Named outright, so the rules for names do not keep it out.
            if let Err(at) = directory
                .files
                .binary_search_by(|f| f.display.as_str().cmp(&display))
            {
                let path = root.path.join(name);
                let size = fs::metadata(&path).map_or(0, |meta| meta.len());
                let file = FoundFile {
                    path,
                    display: display.clone(),
                    size,
                    changed: None,
                };
                directory.files.insert(at, file);
            }
            if let Some(named) = &mut directory.named {
                named.insert(display);
            }
        }
    }

    /// Lists a folder of which only named files are wanted.
    fn list_for_named(&mut self, root: &Root) {
        self.collect(root, false);
        let empty = self.directory(&root.path, root.display.clone());
        self.found.entry(root.path.clone()).or_insert(empty).named = Some(BTreeSet::new());
    }

    /// A directory without its files.
    fn directory(&mut self, folder: &Path, display: String) -> FoundDirectory {
        let module = self.modules.of(folder);
        let import_path = module.as_ref().and_then(|m| m.import_path(folder));
        FoundDirectory {
            import_path: import_path.unwrap_or_else(|| display.clone()),
            module: module.map(|module| module.folder().to_owned()),
            display,
            go: self.modules.version(folder),
            files: Vec::new(),
            named: None,
        }
    }

    fn root(&mut self, path: &Path) -> Option<Root> {
        let target = self.settings.current.join(path);
        match fs::canonicalize(&target) {
            Ok(resolved) => Some(Root {
                display: self.display(path, Some(&resolved)),
                path: resolved,
            }),
            Err(error) => {
                let display = self.display(path, None);
                self.unreadable(display, &target, &error);
                None
            }
        }
    }

    /// The displayed form of a path a user wrote.
    fn display(&self, path: &Path, resolved: Option<&Path>) -> String {
        let current = &self.settings.current;
        let whole = clean(&current.join(path));
        let relative = whole.strip_prefix(current).ok().or_else(|| {
            // An absolute path may lead here through a link.
            resolved
                .filter(|_| path.is_absolute())
                .and_then(|path| path.strip_prefix(fs::canonicalize(current).ok()?).ok())
        });
        match relative {
            Some(relative) => slashed(&clean(relative)),
            None => slashed(&clean(path)),
        }
    }

    /// Adds the Go files of `root` (and all below); returns how many there are.
    fn collect(&mut self, root: &Root, below: bool) -> usize {
        let depth = if below { usize::MAX } else { 1 };
        let mut count = 0;
        let mut seen: HashMap<PathBuf, FoundDirectory> = HashMap::new();
        let mut entries = WalkDir::new(&root.path)
            .min_depth(1)
            .max_depth(depth)
            .sort_by_file_name()
            .into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.walk_error(root, &error);
                    continue;
                }
            };
            if entry.file_type().is_dir() {
                if below && !self.enters(root, entry.path()) {
                    entries.skip_current_dir();
                }
                continue;
            }
            let (Some(folder), Some(file)) = (entry.path().parent(), self.go_file(root, &entry))
            else {
                continue;
            };
            count += 1;
            if !seen.contains_key(folder) {
                let directory = self.directory(folder, shown_below(root, folder));
                seen.insert(folder.to_owned(), directory);
            }
            if let Some(directory) = seen.get_mut(folder) {
                directory.files.push(file);
            }
        }
        let mut seen: Vec<_> = seen.into_iter().collect();
        seen.sort_by(|a, b| a.0.cmp(&b.0));
        for (path, mut directory) in seen {
            directory.files.sort_by(|a, b| a.display.cmp(&b.display));
            self.add(path, directory);
        }
        count
    }

    /// Adds a directory; of two ways to it the one that is displayed first stays.
    fn add(&mut self, path: PathBuf, mut directory: FoundDirectory) {
        if let Some(old) = self.found.get(&path) {
            if old.named.is_none() && old.display <= directory.display {
                return;
            }
            // Files named outright may be ones that a listing leaves out.
            for file in &old.files {
                if directory.files.iter().all(|f| f.path != file.path) {
                    directory.files.push(file.clone());
                }
            }
            directory.files.sort_by(|a, b| a.display.cmp(&b.display));
        }
        self.found.insert(path, directory);
    }

    /// Whether there is a Go file anywhere below.
    fn any_below(&mut self, root: &Root) -> bool {
        let mut entries = WalkDir::new(&root.path).min_depth(1).into_iter();
        while let Some(entry) = entries.next() {
            let Ok(entry) = entry else { continue };
            if entry.file_type().is_dir() {
                if !self.enters(root, entry.path()) {
                    entries.skip_current_dir();
                }
            } else if is_go(entry.file_name()) && !is_hidden(entry.file_name()) {
                return true;
            }
        }
        false
    }

    /// The entry as a file to read, if it is one of a package.
    fn go_file(&mut self, root: &Root, entry: &walkdir::DirEntry) -> Option<FoundFile> {
        let name = entry.file_name();
        if !is_go(name) || is_hidden(name) {
            return None;
        }
        let display = shown_below(root, entry.path());
        match fs::metadata(entry.path()) {
            Ok(meta) if meta.is_file() => Some(FoundFile {
                path: entry.path().to_owned(),
                display,
                size: meta.len(),
                changed: meta.modified().ok(),
            }),
            // Linked folders, pipes and the like.
            Ok(_) => None,
            Err(error) => {
                self.unreadable(display, entry.path(), &error);
                None
            }
        }
    }

    /// Whether a walk goes into a folder it meets (the folders a pattern names are always entered).
    fn enters(&mut self, root: &Root, folder: &Path) -> bool {
        let name = folder.file_name().unwrap_or_default();
        if is_hidden(name) || SKIPPED.iter().any(|skipped| name == *skipped) {
            return false;
        }
        if self.settings.this_module && folder.join("go.mod").is_file() {
            // As for Go itself, the modules of a workspace are one.
            let workspace = self.modules.workspaces.of(&root.path);
            if !workspace.is_some_and(|workspace| workspace.uses(folder)) {
                return false;
            }
        }
        !folder
            .parent()
            .and_then(|parent| self.modules.of(parent))
            .is_some_and(|module| module.ignores(folder))
    }

    fn walk_error(&mut self, root: &Root, error: &walkdir::Error) {
        let path = error.path().unwrap_or(&root.path).to_owned();
        let display = shown_below(root, &path);
        let reason = error
            .io_error()
            .map_or_else(|| io::Error::other(error.to_string()), copy_of);
        self.unreadable(display, &path, &reason);
    }

    fn unreadable(&mut self, display: String, path: &Path, error: &io::Error) {
        let message = if path.is_symlink() && error.kind() == io::ErrorKind::NotFound {
            "could not be read: the link leads nowhere".to_owned()
        } else {
            format!("could not be read: {error}")
        };
        self.problems.insert(Problem {
            path: display,
            lines: None,
            message,
            fatal: true,
        });
    }
}

/// Folders that `...` does not enter, besides those whose names start with `_` or `.`.
const SKIPPED: &[&str] = &["node_modules", "testdata", "vendor"];

fn is_go(name: &OsStr) -> bool {
    name.as_encoded_bytes().ends_with(b".go")
}

fn is_hidden(name: &OsStr) -> bool {
    matches!(name.as_encoded_bytes().first(), Some(b'_' | b'.'))
}

fn copy_of(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(
        || io::Error::new(error.kind(), error.to_string()),
        io::Error::from_raw_os_error,
    )
}

/// The displayed form of a path below a root.
fn shown_below(root: &Root, path: &Path) -> String {
    path.strip_prefix(&root.path)
        .map_or_else(|_| slashed(path), |relative| join(&root.display, relative))
}
