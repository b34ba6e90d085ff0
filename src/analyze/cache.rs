//! What an earlier analysis of the same directory has read and searched, kept for the next one.
//!
//! In: the text of a file. Out: its header and syntax, read again only where the text has changed; and the quiet roots of
//! each package ([`Memo`]). What the directory does not have any more is forgotten, so that a cache does not grow with
//! the number of analyses.

use super::Directory;
use super::memo::Memo;
use super::recall::{Memory, STATES};
use super::rounds::Rounds;
use super::settled::{self, Settled};
use crate::flow;
use crate::outline::{Outline, outline};
use crate::package::{Header, Package};
use crate::summary::Earlier;
use crate::syntax::ast::File;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The files of one directory, as they were read last. Only ever hand it analyses of that directory.
#[derive(Default)]
pub struct Cache {
    files: Mutex<BTreeMap<Arc<str>, Kept>>,
    /// By name of the package and its first file.
    searches: Mutex<BTreeMap<(String, usize), Memo>>,
    /// How names were followed through the directory.
    rounds: Mutex<Rounds>,
    /// What the files of each package were made into.
    skeletons: Mutex<BTreeMap<(String, usize), flow::Kept>>,
    /// What bodies do to their parameters.
    entries: Mutex<BTreeMap<(String, usize), Earlier>>,
    /// What was found in the last states of each package, the newest last.
    settled: Mutex<BTreeMap<(String, usize), VecDeque<Settled>>>,
    /// The newest last.
    memories: Mutex<VecDeque<Memory>>,
}

/// What is known of a text.
#[derive(Clone)]
struct Kept {
    bytes: Arc<[u8]>,
    header: Arc<Header>,
    /// `None` while nobody has needed it, as those below.
    syntax: Option<Arc<File>>,
    outline: Option<Arc<Outline>>,
    /// The syntax without the bodies that nobody needed.
    parts: Option<Arc<File>>,
}

impl Cache {
    /// The header of a file.
    pub fn header(
        &self,
        path: &Arc<str>,
        bytes: &Arc<[u8]>,
        read: impl FnOnce() -> Header,
    ) -> Arc<Header> {
        if let Some(kept) = self.known(path, bytes) {
            return kept.header;
        }
        let header = Arc::new(read());
        let kept = Kept {
            bytes: Arc::clone(bytes),
            header: Arc::clone(&header),
            syntax: None,
            outline: None,
            parts: None,
        };
        lock(&self.files).insert(Arc::clone(path), kept);
        header
    }

    /// The syntax of a file whose header has been asked for.
    pub(super) fn syntax(
        &self,
        path: &Arc<str>,
        bytes: &Arc<[u8]>,
        read: impl FnOnce() -> File,
    ) -> Arc<File> {
        if let Some(syntax) = self.known(path, bytes).and_then(|kept| kept.syntax) {
            return syntax;
        }
        let syntax = Arc::new(read());
        self.keep(path, bytes, |kept| {
            kept.syntax = Some(Arc::clone(&syntax));
        });
        syntax
    }

    /// The outline of a file whose header has been asked for.
    pub(super) fn outline(&self, path: &Arc<str>, bytes: &Arc<[u8]>) -> Arc<Outline> {
        if let Some(outline) = self.known(path, bytes).and_then(|kept| kept.outline) {
            return outline;
        }
        let outline = Arc::new(outline(bytes));
        self.keep(path, bytes, |kept| {
            kept.outline = Some(Arc::clone(&outline));
        });
        outline
    }

    /// The syntax of a file without bodies that nobody needed; whoever takes it puts it back.
    pub(super) fn take_parts(&self, path: &Arc<str>, bytes: &Arc<[u8]>) -> Option<Arc<File>> {
        let mut files = lock(&self.files);
        let kept = files
            .get_mut(path)
            .filter(|kept| same_text(&kept.bytes, bytes))?;
        kept.parts.take()
    }

    /// Keeps the syntax of a file without bodies that nobody needed.
    pub(super) fn put_parts(&self, path: &Arc<str>, bytes: &Arc<[u8]>, parts: &Arc<File>) {
        self.keep(path, bytes, |kept| kept.parts = Some(Arc::clone(parts)));
    }

    /// How names were followed through the directory; whoever takes it puts it back.
    pub(super) fn take_rounds(&self) -> Rounds {
        std::mem::take(&mut lock(&self.rounds))
    }

    /// Keeps how names were followed through the directory.
    pub(super) fn put_rounds(&self, rounds: Rounds) {
        *lock(&self.rounds) = rounds;
    }

    /// The quiet roots of a package; whoever takes them puts them back.
    pub(super) fn take_memo(&self, package: &Package) -> Memo {
        lock(&self.searches)
            .remove(&key(package))
            .unwrap_or_default()
    }

    /// Keeps the quiet roots of a package.
    pub(super) fn put_memo(&self, package: &Package, memo: Memo) {
        lock(&self.searches).insert(key(package), memo);
    }

    /// What the files of a package were made into; whoever takes it puts it back.
    pub(super) fn take_skeletons(&self, package: &Package) -> flow::Kept {
        lock(&self.skeletons)
            .remove(&key(package))
            .unwrap_or_default()
    }

    /// Keeps what the files of a package were made into.
    pub(super) fn put_skeletons(&self, package: &Package, kept: flow::Kept) {
        lock(&self.skeletons).insert(key(package), kept);
    }

    /// What the bodies of a package do to their parameters; whoever takes it puts it back.
    pub(super) fn take_entries(&self, package: &Package) -> Earlier {
        lock(&self.entries)
            .remove(&key(package))
            .unwrap_or_default()
    }

    /// Keeps what the bodies of a package do to their parameters.
    pub(super) fn put_entries(&self, package: &Package, entries: Earlier) {
        lock(&self.entries).insert(key(package), entries);
    }

    /// What the newest state of a package tells that has something to tell.
    pub(super) fn settled<T>(
        &self,
        package: &Package,
        tell: impl FnMut(&Settled) -> Option<T>,
    ) -> Option<T> {
        let settled = lock(&self.settled);
        settled.get(&key(package))?.iter().rev().find_map(tell)
    }

    /// Keeps what was found in a state of a package.
    pub(super) fn settle(&self, package: &Package, state: Settled) {
        let mut settled = lock(&self.settled);
        let states = settled.entry(key(package)).or_default();
        while states.len() >= settled::STATES {
            states.pop_front();
        }
        states.push_back(state);
    }

    /// What the newest memory tells that has something to tell.
    pub(super) fn remembered<T>(&self, tell: impl FnMut(&Memory) -> Option<T>) -> Option<T> {
        lock(&self.memories).iter().rev().find_map(tell)
    }

    /// Keeps what was found in a state of the directory.
    pub(super) fn remember(&self, memory: Memory) {
        let mut memories = lock(&self.memories);
        while memories.len() >= STATES {
            memories.pop_front();
        }
        memories.push_back(memory);
    }

    /// Forgets the packages that a directory does not have.
    pub(super) fn retain_packages(&self, packages: &[Package]) {
        let mut searches = lock(&self.searches);
        if searches.len() > packages.len() {
            searches.retain(|known, _| packages.iter().any(|package| key(package) == *known));
        }
        let mut entries = lock(&self.entries);
        if entries.len() > packages.len() {
            entries.retain(|known, _| packages.iter().any(|package| key(package) == *known));
        }
        let mut settled = lock(&self.settled);
        if settled.len() > packages.len() {
            settled.retain(|known, _| packages.iter().any(|package| key(package) == *known));
        }
        let mut skeletons = lock(&self.skeletons);
        if skeletons.len() > packages.len() {
            skeletons.retain(|known, _| packages.iter().any(|package| key(package) == *known));
        }
    }

    /// Forgets the files that a directory does not have.
    pub(super) fn retain_files(&self, dir: &Directory) {
        let mut files = lock(&self.files);
        if files.len() > dir.files.len() {
            files.retain(|path, _| dir.files.iter().any(|file| file.path == *path));
        }
    }

    fn keep(&self, path: &Arc<str>, bytes: &Arc<[u8]>, set: impl FnOnce(&mut Kept)) {
        if let Some(kept) = lock(&self.files).get_mut(path)
            && same_text(&kept.bytes, bytes)
        {
            set(kept);
        }
    }

    fn known(&self, path: &Arc<str>, bytes: &Arc<[u8]>) -> Option<Kept> {
        let files = lock(&self.files);
        let kept = files.get(path)?;
        same_text(&kept.bytes, bytes).then(|| kept.clone())
    }
}

/// Whether two texts are the same; most often they are one.
pub(super) fn same_text(one: &Arc<[u8]>, other: &Arc<[u8]>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

fn key(package: &Package) -> (String, usize) {
    let first = package.files.first().map_or(0, |member| member.file);
    (package.name.clone(), first)
}

/// What a panic elsewhere has left is whole: nothing is done to it but insertions.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::{GoVersion, InputFile};
    use std::cell::Cell;

    fn file(path: &str, text: &str) -> InputFile {
        InputFile {
            path: path.into(),
            bytes: text.as_bytes().into(),
            report: true,
            rules: None,
        }
    }

    #[test]
    fn only_what_has_changed_is_read_again() {
        let cache = Cache::default();
        let reads = Cell::new(0);
        let read = |file: &InputFile| {
            let header = || crate::package::header(&file.bytes);
            cache.header(&file.path, &file.bytes, header);
            cache.syntax(&file.path, &file.bytes, || {
                reads.set(reads.get() + 1);
                crate::syntax::parse_file(&file.bytes)
            })
        };
        let (a, b) = (file("a.go", "package a"), file("b.go", "package b"));
        assert_eq!(read(&a).package, "a");
        assert_eq!(read(&b).package, "b");
        assert_eq!(read(&a).package, "a");
        assert_eq!(reads.get(), 2);
        assert_eq!(read(&file("a.go", "package c")).package, "c");
        assert_eq!(reads.get(), 3);
        cache.retain_files(&Directory {
            path: ".".to_owned(),
            import_path: ".".to_owned(),
            go: GoVersion {
                major: 1,
                minor: 24,
            },
            files: vec![b.clone()],
        });
        read(&b);
        assert_eq!(reads.get(), 3);
        read(&a);
        assert_eq!(reads.get(), 4);
    }
}
