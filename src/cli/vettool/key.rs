//! The key under which the go command caches answers: a line that changes with the program, with its configuration and
//! with what that names.

use super::module_root;
use crate::cli::{Exit, Failure, output};
use crate::config::{Config, NAMES};
use crate::gomod::GoMod;
use rustc_hash::FxHasher;
use std::collections::BTreeSet;
use std::fs;
use std::hash::Hasher;
use std::io;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// The line by which the go command caches answers: it changes with the program and with its configuration.
pub(super) fn version() -> Result<Exit, Failure> {
    let failure = |error: io::Error| Failure(format!("could not read this very program: {error}"));
    let program = std::env::current_exe()
        .and_then(fs::read)
        .map_err(failure)?;
    let current = std::env::current_dir()
        .map_err(|error| Failure(format!("could not find the current folder: {error}")))?;
    let mut hash = FxHasher::default();
    hash.write(&program);
    for file in configurations(&current) {
        let text = fs::read_to_string(&file).unwrap_or_default();
        hash.write(file.as_os_str().as_encoded_bytes());
        hash.write(text.as_bytes());
        hash.write(&baseline(&file, &text));
    }
    output::to_stdout(&format!(
        "goleash version {} buildID={:016x}\n",
        env!("CARGO_PKG_VERSION"),
        hash.finish()
    ))?;
    Ok(Exit::Clean)
}

/// The accepted findings that a configuration names. One that cannot be read fails each package, which is not cached.
fn baseline(file: &Path, text: &str) -> Vec<u8> {
    let base = file.parent().unwrap_or(file);
    let config = Config::parse(text, file, base, "");
    let accepted = config.ok().and_then(|config| config.baseline());
    accepted
        .and_then(|file| fs::read(file).ok())
        .unwrap_or_default()
}

/// The configuration files of all modules whose packages `go vet` can look at from `current`.
fn configurations(current: &Path) -> BTreeSet<PathBuf> {
    let named = std::env::var_os("GOWORK").filter(|name| !name.is_empty());
    let workspace = match named {
        Some(path) => Some(PathBuf::from(path)),
        None => current
            .ancestors()
            .map(|folder| folder.join("go.work"))
            .find(|file| file.is_file()),
    };
    let text = workspace.as_deref().map(fs::read_to_string);
    let uses = match text {
        Some(Ok(text)) => GoMod::parse(&text).uses,
        _ => Vec::new(),
    };
    let folder = workspace.as_deref().and_then(Path::parent);
    uses.iter()
        .filter_map(|name| fs::canonicalize(folder?.join(name)).ok())
        .chain([module_root(current)])
        .flat_map(|root| of_module(&root))
        .collect()
}

/// The configuration files that can hold for packages of a module: the nearest one upward, and all below.
fn of_module(root: &Path) -> Vec<PathBuf> {
    let above = root
        .ancestors()
        .skip(1)
        .flat_map(named)
        .find(|file| file.is_file());
    let entered = |entry: &DirEntry| {
        let name = entry.file_name().as_encoded_bytes();
        entry.depth() == 0 || !(name.starts_with(b".") || name == b"node_modules")
    };
    let below = WalkDir::new(root)
        .into_iter()
        .filter_entry(entered)
        .filter_map(Result::ok);
    let folders = below.filter(|entry| entry.file_type().is_dir());
    let files = folders
        .flat_map(|entry| named(entry.path()))
        .filter(|file| file.is_file());
    files.chain(above).collect()
}

fn named(folder: &Path) -> [PathBuf; 2] {
    NAMES.map(|name| folder.join(name))
}
