//! Whether what repairs are about to change can be had back: git knows of it and has nothing uncommitted there.
//!
//! Only git is asked. A folder that is in no repository has nothing that could be lost to a mixture of changes, so it is
//! repaired like any other.

use crate::cli::Failure;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// So many files are named.
const SHOWN: usize = 5;

/// Refuses to change files of a repository that has uncommitted changes.
pub(super) fn check_clean(paths: &[&Path]) -> Result<(), Failure> {
    let folders: BTreeSet<PathBuf> = paths.iter().map(|path| folder_of(path)).collect();
    let roots: BTreeSet<PathBuf> = folders.iter().filter_map(|f| repository(f)).collect();
    let mut dirty = Vec::new();
    for root in &roots {
        let inside: Vec<&Path> = paths
            .iter()
            .copied()
            .filter(|path| folder_of(path).starts_with(root))
            .collect();
        dirty.extend(uncommitted(root, &inside)?);
    }
    if dirty.is_empty() {
        return Ok(());
    }
    let more = dirty.len().saturating_sub(SHOWN);
    dirty.truncate(SHOWN);
    let list = match more {
        0 => dirty.join(", "),
        more => format!("{} and {more} more", dirty.join(", ")),
    };
    Err(Failure(format!(
        "there are uncommitted changes, with which repairs would mix: {list}; nothing was written. Commit or stash them, \
         or give --allow-dirty"
    )))
}

fn folder_of(path: &Path) -> PathBuf {
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

/// The root of the repository that `folder` lies in.
fn repository(folder: &Path) -> Option<PathBuf> {
    let is_root = |folder: &&Path| folder.join(".git").exists();
    folder.ancestors().find(is_root).map(Path::to_owned)
}

/// What git says is modified or staged in the repository, and which of `paths` it does not know.
fn uncommitted(root: &Path, paths: &[&Path]) -> Result<Vec<String>, Failure> {
    let tracked = status(root, &["--untracked-files=no"], &[])?;
    let mut dirty = names(&tracked, |code| code != "??");
    let absolute: Vec<PathBuf> = paths
        .iter()
        .filter_map(|path| path.canonicalize().ok())
        .collect();
    let named: Vec<&Path> = absolute.iter().map(PathBuf::as_path).collect();
    let own = status(
        root,
        &["--untracked-files=all", "--ignored=matching"],
        &named,
    )?;
    dirty.extend(names(&own, |code| code == "??" || code == "!!"));
    Ok(dirty)
}

fn status(root: &Path, options: &[&str], paths: &[&Path]) -> Result<String, Failure> {
    let asked = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["status", "--porcelain=v1", "-z", "--no-renames"])
        .args(options)
        .arg("--")
        .args(paths)
        // Only looking: another git may hold the lock of the index.
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .output();
    let cannot = |why: &str| {
        Failure(format!(
            "could not ask git whether `{}` has uncommitted changes: {why}; nothing was written. Give --allow-dirty to \
             write all the same",
            root.display()
        ))
    };
    let output = asked.map_err(|error| cannot(&error.to_string()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(cannot(text.lines().next().unwrap_or("git failed")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The paths of the entries whose two letters are wanted.
fn names(status: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    status
        .split('\0')
        .filter_map(|entry| Some((entry.get(..2)?, entry.get(3..)?)))
        .filter(|(code, _)| wanted(code))
        .map(|(_, path)| format!("`{path}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_chosen_by_their_letters() {
        let status = " M a b.go\0?? new.go\0A  c.go\0";
        assert_eq!(names(status, |code| code != "??"), ["`a b.go`", "`c.go`"]);
        assert_eq!(names(status, |code| code == "??"), ["`new.go`"]);
        assert!(names("", |_| true).is_empty());
    }
}
