//! What an earlier analysis of the same directory has read and searched, kept for the next one.
//!
//! In: the text of a file. Out: its header and syntax, read again only where the text has changed; and the quiet roots of
//! each package ([`Memo`]). What the directory does not have any more is forgotten, so that a cache does not grow with
//! the number of analyses.

use super::Directory;
use super::memo::Memo;
use crate::package::{Header, Package};
use crate::syntax::ast::File;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The files of one directory, as they were read last. Only ever hand it analyses of that directory.
#[derive(Default)]
pub struct Cache {
    files: Mutex<BTreeMap<Arc<str>, Kept>>,
    /// By name of the package and its first file.
    searches: Mutex<BTreeMap<(String, usize), Memo>>,
}

/// What is known of a text.
#[derive(Clone)]
struct Kept {
    bytes: Arc<[u8]>,
    header: Arc<Header>,
    /// `None` while nobody has needed it.
    syntax: Option<Arc<File>>,
}

impl Cache {
    /// The header of a file.
    pub(super) fn header(
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
        if let Some(kept) = lock(&self.files).get_mut(path)
            && kept.bytes == *bytes
        {
            kept.syntax = Some(Arc::clone(&syntax));
        }
        syntax
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

    /// Forgets the packages that a directory does not have.
    pub(super) fn retain_packages(&self, packages: &[Package]) {
        let mut searches = lock(&self.searches);
        if searches.len() > packages.len() {
            searches.retain(|known, _| packages.iter().any(|package| key(package) == *known));
        }
    }

    /// Forgets the files that a directory does not have.
    pub(super) fn retain_files(&self, dir: &Directory) {
        let mut files = lock(&self.files);
        if files.len() > dir.files.len() {
            files.retain(|path, _| dir.files.iter().any(|file| file.path == *path));
        }
    }

    fn known(&self, path: &Arc<str>, bytes: &Arc<[u8]>) -> Option<Kept> {
        let files = lock(&self.files);
        files.get(path).filter(|kept| kept.bytes == *bytes).cloned()
    }
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
