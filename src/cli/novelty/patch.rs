//! `--new-from-patch`: what has changed is what a patch says, and the files are as it leaves them.
//!
//! Whose paths a patch holds is not written in it: of the top of the repository and the current folder, with and without
//! a first component such as `a/`, the reading is taken under which most of its files exist.

use super::Since;
use super::git::path_of;
use crate::cli::Failure;
use crate::patch::{FileDiff, Invalid, Name, before, parse};
use crate::since::{Change, Changes};
use crate::walk::slashed;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How the paths of a patch are read.
#[derive(Clone, Debug)]
struct Reading {
    /// What they are relative to.
    root: PathBuf,
    /// How many components they have too many.
    strip: usize,
}

/// What the patch in `file`, or on stdin for `-`, says has changed.
pub(super) fn since(file: &Path, current: &Path) -> Result<Since, Failure> {
    let shown = if file == Path::new("-") {
        "stdin".to_owned()
    } else {
        slashed(file)
    };
    let bytes = read(file)
        .map_err(|error| Failure(format!("could not read the patch `{shown}`: {error}")))?;
    let files = parse(&bytes)
        .map_err(|Invalid { line, message }| Failure(format!("{shown}:{line}: {message}")))?;
    let current = fs::canonicalize(current).unwrap_or_else(|_| current.to_owned());
    let files: Vec<FileDiff<'_>> = files.into_iter().filter(matters).collect();
    let reading = reading(&files, &current).ok_or_else(|| {
        let name = files.iter().find_map(|file| file.new.as_ref());
        Failure(format!(
            "{shown}: none of the Go files in this patch is here (`{}` for one); run goleash where the patch was made",
            name.map_or_else(String::new, |name| String::from_utf8_lossy(&name.path).into_owned())
        ))
    })?;
    let changes: Result<Vec<Change>, Failure> = files
        .iter()
        .map(|file| {
            change(file, &reading).map_err(|(line, why)| Failure(format!("{shown}:{line}: {why}")))
        })
        .collect();
    Ok(Since {
        changes: Changes::new(changes?, Vec::new()),
        root: top(&current),
    })
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return fs::read(file);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a change of this file can change a finding.
fn matters(file: &FileDiff<'_>) -> bool {
    let names = [&file.old, &file.new].into_iter().flatten();
    let mut paths = names.map(|name| name.path.as_slice());
    paths.any(|path| path.ends_with(b".go") || path == b"go.mod" || path.ends_with(b"/go.mod"))
}

/// The reading under which most files that should exist do; the first of equals. None, when no file does and one should.
fn reading(files: &[FileDiff<'_>], current: &Path) -> Option<Reading> {
    let new: Vec<&Name> = files.iter().filter_map(|file| file.new.as_ref()).collect();
    let readings = [top(current), current.to_owned()]
        .into_iter()
        .flat_map(|root| {
            [1, 0].map(|strip| Reading {
                root: root.clone(),
                strip,
            })
        });
    let mut best: Option<(usize, Reading)> = None;
    for reading in readings {
        let there = new
            .iter()
            .filter(|name| reading.path(name).is_file())
            .count();
        if best.as_ref().is_none_or(|(most, _)| there > *most) {
            best = Some((there, reading));
        }
    }
    best.filter(|(there, _)| *there > 0 || new.is_empty())
        .map(|(_, reading)| reading)
}

/// The nearest folder upward that holds a repository, else the current one.
fn top(current: &Path) -> PathBuf {
    let holds = |folder: &&Path| folder.join(".git").exists();
    current
        .ancestors()
        .find(holds)
        .unwrap_or(current)
        .to_owned()
}

impl Reading {
    fn path(&self, name: &Name) -> PathBuf {
        let mut path = name.path.as_slice();
        if name.prefix && self.strip > 0 {
            let slash = path.iter().position(|byte| *byte == b'/');
            path = slash.map_or(path, |slash| &path[slash + 1..]);
        }
        crate::walk::clean(&self.root.join(path_of(path)))
    }
}

/// What has happened to one file; the error names a line of the patch.
fn change(file: &FileDiff<'_>, reading: &Reading) -> Result<Change, (usize, String)> {
    let path = |name: &Option<Name>| name.as_ref().map(|name| reading.path(name));
    let (old, new) = (path(&file.old), path(&file.new));
    let now = match &new {
        Some(new) => fs::read(new).map_err(|error| {
            let why = format!(
                "the patch does not fit: could not read `{}`: {error}",
                slashed(new)
            );
            (file.line, why)
        })?,
        None => Vec::new(),
    };
    let text = before(file, &now).map_err(|misfit| {
        let shown = new.as_deref().or(old.as_deref()).map_or_else(String::new, slashed);
        let why = format!(
            "the patch does not fit: this hunk is not in `{shown}` as it is; make it against the files as they are"
        );
        (misfit.line, why)
    })?;
    let was_there = old.is_some() && !file.copy;
    Ok(Change {
        // What is told as binary is not known as it was.
        before: (was_there && file.hunks.is_some()).then(|| text.into()),
        old: old.filter(|_| was_there),
        new,
    })
}
