//! The files that are open in the editor, with what stands in them.
//!
//! In: the notifications of text synchronisation. Out: a buffer per file. Messages that do not fit (a change of a file that
//! was never opened, a second opening) are taken for what they most likely mean, and told. What has no file yet gets a path
//! of its own that is none of this machine: its folder holds nothing else.

use super::text::{Encoding, Text};
use super::uri;
use lsp_types::TextDocumentContentChangeEvent as Change;
use rustc_hash::FxBuildHasher;
use std::collections::BTreeMap;
use std::fs;
use std::hash::BuildHasher as _;
use std::path::{Path, PathBuf};

/// An open file.
#[derive(Clone, Debug)]
pub(super) struct Buffer {
    /// As the client spells it.
    pub(super) uri: String,
    /// The client's count of its changes.
    pub(super) version: i32,
    /// What stands in it.
    pub(super) text: Text,
}

/// All of them, by [`resolved`] path.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    open: BTreeMap<PathBuf, Buffer>,
    paths: BTreeMap<String, PathBuf>,
}

impl Buffers {
    /// Opens a file, or what is to become one if it is Go; `None` when it is none of this machine.
    pub(super) fn open(
        &mut self,
        uri: &str,
        language: &str,
        version: i32,
        text: &str,
    ) -> Option<PathBuf> {
        let path = match uri::unsaved(uri) {
            Some(name) => Some(unsaved_path(name)).filter(|_| language == "go")?,
            None => resolved(&uri::to_path(uri)?)?,
        };
        let buffer = Buffer {
            uri: uri.to_owned(),
            version,
            text: Text::new(text.as_bytes()),
        };
        if let Some(old) = self.open.insert(path.clone(), buffer) {
            self.paths.remove(&old.uri);
        }
        self.paths.insert(uri.to_owned(), path.clone());
        Some(path)
    }

    /// Changes a file; `None` when it is not open.
    pub(super) fn change(
        &mut self,
        uri: &str,
        version: i32,
        changes: &[Change],
        encoding: Encoding,
    ) -> Option<PathBuf> {
        let path = self.paths.get(uri)?.clone();
        let buffer = self.open.get_mut(&path)?;
        for change in changes {
            buffer.text = buffer.text.changed(change, encoding);
        }
        buffer.version = version;
        Some(path)
    }

    /// Closes a file; `None` when it is not open.
    pub(super) fn close(&mut self, uri: &str) -> Option<PathBuf> {
        let path = self.paths.remove(uri)?;
        self.open.remove(&path);
        Some(path)
    }

    /// The file behind a URI: as it was when it was opened, even if its folder has moved since.
    pub(super) fn path(&self, uri: &str) -> Option<PathBuf> {
        match self.paths.get(uri) {
            Some(path) => Some(path.clone()),
            None => resolved(&uri::to_path(uri)?),
        }
    }

    /// The buffer of a file.
    pub(super) fn get(&self, path: &Path) -> Option<&Buffer> {
        self.open.get(path)
    }

    /// The open files right in a folder.
    pub(super) fn of(&self, folder: &Path) -> impl Iterator<Item = (&Path, &Buffer)> {
        self.open
            .iter()
            .filter(move |(path, _)| path.parent() == Some(folder))
            .map(|(path, buffer)| (path.as_path(), buffer))
    }

    /// The folders of all open files.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.open.keys().filter_map(|path| path.parent())
    }
}

/// The path that stands for a buffer without a file: as no other, it is relative.
fn unsaved_path(name: &str) -> PathBuf {
    let folder: String = name
        .chars()
        .map(|c| {
            if ['/', '\\', '.'].contains(&c) {
                '_'
            } else {
                c
            }
        })
        .collect();
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let last = match last.strip_suffix(".go").unwrap_or(last) {
        "" => "untitled",
        last => last,
    };
    // Names that differ have folders that differ, whatever was replaced.
    let folder = format!("untitled:{:x}:{folder}", FxBuildHasher.hash_one(name));
    PathBuf::from(folder).join(format!("{last}.go"))
}

/// Whether a folder stands for a buffer without a file.
pub(super) fn is_unsaved(folder: &Path) -> bool {
    !folder.is_absolute()
}

/// A path with the links of its folder resolved, so that two ways to one file are seen as one. The file need not exist,
/// and neither need its folder.
pub(super) fn resolved(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?;
    Some(resolved_folder(path.parent()?).join(name))
}

/// The same for a folder.
pub(super) fn resolved_folder(folder: &Path) -> PathBuf {
    fs::canonicalize(folder).unwrap_or_else(|_| {
        // What is left of the way down to it.
        match (folder.parent(), folder.file_name()) {
            (Some(parent), Some(name)) => resolved_folder(parent).join(name),
            _ => folder.to_owned(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "file:///nowhere/at/all/a.go";

    fn text(buffers: &Buffers, path: &Path) -> String {
        let bytes = buffers.get(path).expect("open").text.bytes();
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn messages_that_do_not_fit_are_survived() {
        let mut buffers = Buffers::default();
        assert_eq!(buffers.change(A, 2, &[], Encoding::Utf8), None);
        assert_eq!(buffers.close(A), None);
        assert_eq!(buffers.open("git:/a.go", "go", 1, "x"), None);
        let path = buffers.open(A, "go", 1, "x").expect("a path");
        assert_eq!(buffers.open(A, "go", 5, "y").as_ref(), Some(&path));
        assert_eq!(text(&buffers, &path), "y");
        // The same file by another name replaces it.
        let other = "file:///nowhere/at/all/%61.go";
        assert_eq!(buffers.open(other, "go", 1, "z").as_ref(), Some(&path));
        assert_eq!(buffers.close(A), None);
        assert_eq!(buffers.of(path.parent().expect("a folder")).count(), 1);
        assert_eq!(buffers.close(other), Some(path));
        assert_eq!(buffers.folders().count(), 0);
    }

    #[test]
    fn what_has_no_file_is_alone() {
        let mut buffers = Buffers::default();
        assert_eq!(buffers.open("untitled:1", "python", 1, "x"), None);
        let names = [
            "untitled:Untitled-1",
            "untitled:a/b.go",
            "untitled:a_b.go",
            "untitled:..",
            "untitled:/",
        ];
        for name in names {
            let path = buffers.open(name, "go", 1, name).expect("a path");
            let folder = path.parent().expect("a folder");
            assert!(is_unsaved(folder), "{name}");
            assert_eq!(folder.components().count(), 1, "{name}");
            assert_eq!(path.extension().and_then(|it| it.to_str()), Some("go"));
            assert_eq!(buffers.of(folder).count(), 1, "{name}");
            assert_eq!(text(&buffers, &path), name);
            assert_eq!(buffers.path(name), Some(path), "{name}");
        }
        for name in names {
            assert!(buffers.close(name).is_some(), "{name}");
        }
        assert_eq!(buffers.folders().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn links_to_a_folder_are_resolved() {
        let folder = tempfile::tempdir().expect("a folder");
        let real = folder.path().canonicalize().expect("there").join("real");
        fs::create_dir(&real).expect("created");
        std::os::unix::fs::symlink(&real, folder.path().join("link")).expect("linked");
        let link = folder.path().join("link/gone/x.go");
        assert_eq!(resolved(&link), Some(real.join("gone/x.go")));
    }
}
