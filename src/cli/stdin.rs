//! `--stdin-filename`: one file whose text comes from stdin, as an editor has it, read together with the rest of its
//! package.

use super::Failure;
use crate::examine;
use crate::walk::{FoundFile, Settings, Walk, package_of, slashed};
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// A text that stands for what is on disk.
pub(super) struct Overlay {
    displays: BTreeSet<String>,
    text: Arc<[u8]>,
}

/// Reads stdin, and finds the package it belongs to.
pub(super) fn overlay(file: &Path, settings: &Settings) -> Result<(Walk, Overlay), Failure> {
    let shown = slashed(file);
    if file.extension().is_none_or(|found| found != "go") {
        return Err(Failure(format!(
            "`{shown}` is no Go file; give --stdin-filename the name of the file that stdin holds"
        )));
    }
    let folder = settings.current.join(file);
    if !folder.parent().is_some_and(Path::is_dir) {
        return Err(Failure(format!(
            "the folder of `{shown}` does not exist; --stdin-filename wants the file's place among its package"
        )));
    }
    let mut text = Vec::new();
    io::stdin()
        .lock()
        .read_to_end(&mut text)
        .map_err(|error| Failure(format!("could not read stdin: {error}")))?;
    let found = package_of(file, settings);
    let named = found.directories.iter().filter_map(|d| d.named.as_ref());
    let overlay = Overlay {
        displays: named.flatten().cloned().collect(),
        text: text.into(),
    };
    Ok((found, overlay))
}

impl Overlay {
    /// The bytes of a file: from stdin, or from the disk.
    pub(super) fn read(&self, file: &FoundFile) -> Result<Arc<[u8]>, String> {
        if self.displays.contains(&file.display) {
            Ok(Arc::clone(&self.text))
        } else {
            examine::read(file)
        }
    }
}
