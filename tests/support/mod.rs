//! What the harnesses share: the Go packages under `fixtures/`, their markers, and finding a Go toolchain.
#![allow(dead_code, reason = "each test crate uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot read its data fails")]

pub(crate) mod analysis;
pub(crate) mod go;
pub(crate) mod markers;

use markers::{Function, Marker};
use std::path::{Path, PathBuf};

/// A Go file below `fixtures/`.
pub(crate) struct Fixture {
    /// Relative to `fixtures/`, with `/`.
    pub(crate) path: String,
    /// The whole file.
    pub(crate) text: String,
    /// Its markers, in order.
    pub(crate) markers: Vec<Marker>,
    /// Its top-level functions, in order.
    pub(crate) functions: Vec<Function>,
}

impl Fixture {
    /// The top-level function around a 1-based line.
    pub(crate) fn function_at(&self, line: u32) -> Option<&Function> {
        self.functions
            .iter()
            .find(|f| f.first <= line && line <= f.last)
    }

    /// The text of a 1-based line.
    pub(crate) fn line(&self, line: u32) -> &str {
        self.text.lines().nth(line as usize - 1).unwrap_or_default()
    }
}

/// The Go files of one directory below `fixtures/`.
pub(crate) struct Package {
    /// Relative to `fixtures/`, with `/`.
    pub(crate) directory: String,
    /// Sorted by path.
    pub(crate) files: Vec<Fixture>,
}

/// The `fixtures/` directory of the project.
pub(crate) fn fixtures_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Every directory below `fixtures/` that holds Go files, in order of path.
///
/// `fixtures/cli` is left to the command-line tests: what is broken there is broken on purpose.
pub(crate) fn packages() -> Vec<Package> {
    let root = fixtures_root();
    let mut directories = vec![root.clone()];
    let mut packages = Vec::new();
    while let Some(directory) = directories.pop() {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path != root.join("cli") {
                    directories.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "go") {
                files.push(read(&root, &path));
            }
        }
        if !files.is_empty() {
            files.sort_by(|a, b| a.path.cmp(&b.path));
            packages.push(Package {
                directory: relative(&root, &directory),
                files,
            });
        }
    }
    packages.sort_by(|a, b| a.directory.cmp(&b.directory));
    packages
}

fn read(root: &Path, path: &Path) -> Fixture {
    let text = std::fs::read_to_string(path).unwrap();
    let path = relative(root, path);
    Fixture {
        markers: markers::markers(&path, &text),
        functions: markers::functions(&text),
        path,
        text,
    }
}

fn relative(root: &Path, path: &Path) -> String {
    let parts: Vec<_> = path
        .strip_prefix(root)
        .unwrap()
        .iter()
        .map(|p| p.to_string_lossy())
        .collect();
    parts.join("/")
}
