//! The user's git, asked what has changed.
//!
//! Only plain questions: which commit, which files, what they held. Paths are asked for with NULs between them and texts by
//! object, so neither quoting nor line ends nor diff settings of the user come into it. Submodules are asked themselves.

use super::raw::{Record, objects, records};
use crate::cli::Failure;
use crate::since::{Change, Changes};
use crate::walk::slashed;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// A repository with a work tree.
pub(super) struct Repository {
    /// The top of the work tree, with links resolved.
    pub(super) root: PathBuf,
    /// The option that asks, for messages.
    option: &'static str,
}

/// What has changed, while it is collected.
#[derive(Default)]
struct Collected {
    changes: Vec<Change>,
    added: Vec<PathBuf>,
}

impl Repository {
    /// The repository around `folder`.
    pub(super) fn open(folder: &Path, option: &'static str) -> Result<Self, Failure> {
        let top = git(folder, &["rev-parse", "--show-toplevel"]).map_err(|why| {
            Failure(format!(
                "{option} asks git what has changed: {why}; run goleash inside a repository, or give --new-from-patch"
            ))
        })?;
        let top = path_of(top.strip_suffix(b"\n").unwrap_or(&top));
        let root = fs::canonicalize(&top).map_err(|error| {
            Failure(format!(
                "could not find the repository `{}`: {error}",
                slashed(&top)
            ))
        })?;
        Ok(Self { root, option })
    }

    /// The commit that a user's word for it stands for.
    pub(super) fn commit(&self, name: &str) -> Result<String, Failure> {
        let resolve = |name: &str| {
            // Else a word could be an option.
            let plain = !name.starts_with('-') && !name.is_empty();
            let commit = format!("{name}^{{commit}}");
            let found =
                plain.then(|| git(&self.root, &["rev-parse", "--verify", "--quiet", &commit]));
            found.and_then(Result::ok).map(|commit| text(&commit))
        };
        resolve(name).ok_or_else(|| {
            let remote = format!("origin/{name}");
            let advice = if resolve(&remote).is_some() {
                format!("; did you mean `{remote}`?")
            } else {
                self.history_advice()
            };
            Failure(format!(
                "git knows no commit `{name}` ({}){advice}",
                self.option
            ))
        })
    }

    /// The last common commit of `commit`, which the user calls `name`, and the present one.
    pub(super) fn merge_base(&self, name: &str, commit: &str) -> Result<String, Failure> {
        git(&self.root, &["merge-base", commit, "HEAD"])
            .map(|base| text(&base))
            .map_err(|_| {
                let advice = self.history_advice();
                Failure(format!(
                    "git finds no common commit of `{name}` and HEAD{advice}"
                ))
            })
    }

    /// What to do when history is missing.
    fn history_advice(&self) -> String {
        let shallow = git(&self.root, &["rev-parse", "--is-shallow-repository"]);
        if shallow.is_ok_and(|answer| text(&answer) == "true") {
            "; this is a shallow clone: fetch its history first (`git fetch --unshallow`; with actions/checkout, \
             `fetch-depth: 0`)"
                .to_owned()
        } else {
            String::new()
        }
    }

    /// What has changed since `commit`: in commits, in the index, in the work tree, and files git does not know yet.
    pub(super) fn changes(&self, commit: &str) -> Result<Changes, Failure> {
        let mut collected = Collected::default();
        collect(&self.root, commit, &mut collected)
            .map_err(|why| Failure(format!("{} asks git what has changed: {why}", self.option)))?;
        Ok(Changes::new(collected.changes, collected.added))
    }
}

/// What has changed in the repository at `root`, and in its submodules.
fn collect(root: &Path, commit: &str, into: &mut Collected) -> Result<(), String> {
    let diff = [
        "diff",
        "--raw",
        "-z",
        "--no-abbrev",
        "--find-renames",
        "--ignore-submodules=none",
        "--no-ext-diff",
        commit,
        "--",
    ];
    let records =
        records(&git(root, &diff)?).ok_or("git diff --raw answers in a form of its own")?;
    let (submodules, files): (Vec<Record>, Vec<Record>) = records
        .into_iter()
        .partition(|record| record.submodule.0 || record.submodule.1);
    changed_files(root, files, into)?;
    for record in submodules {
        submodule(root, &record, into)?;
    }
    let others = git(root, &["ls-files", "--others", "--exclude-standard", "-z"])?;
    for path in others
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty())
    {
        let new = root.join(path_of(path));
        if path.ends_with(b"/") {
            // A repository that git knows nothing of.
            into.added.push(new);
        } else if matters(path) {
            into.changes.push(Change {
                new: Some(new),
                ..Change::default()
            });
        }
    }
    Ok(())
}

fn changed_files(root: &Path, files: Vec<Record>, into: &mut Collected) -> Result<(), String> {
    let files: Vec<Record> = files
        .into_iter()
        .filter(|file| matters(&file.old) || matters(&file.new))
        .collect();
    let was_there =
        |file: &&Record| !matches!(file.status, b'A' | b'C') && file.object.contains(|c| c != '0');
    let names: Vec<&str> = files
        .iter()
        .filter(was_there)
        .map(|f| f.object.as_str())
        .collect();
    let texts = objects(&names, &contents(root, &names)?)
        .ok_or("git cat-file answers in a form of its own")?;
    for file in &files {
        let old = was_there(&file).then(|| root.join(path_of(&file.old)));
        if old.is_some() && !texts.contains_key(file.object.as_str()) {
            return Err(format!(
                "the old text of `{}` is missing here; fetch it (`git fetch`)",
                String::from_utf8_lossy(&file.old)
            ));
        }
        into.changes.push(Change {
            before: texts
                .get(file.object.as_str())
                .filter(|_| old.is_some())
                .cloned(),
            old,
            new: (file.status != b'D').then(|| root.join(path_of(&file.new))),
        });
    }
    Ok(())
}

/// A submodule that is at another commit, or whose work tree is not clean.
fn submodule(root: &Path, record: &Record, into: &mut Collected) -> Result<(), String> {
    let folder = root.join(path_of(&record.new));
    if !folder.join(".git").exists() {
        // Not checked out, so there is nothing to analyse.
        return Ok(());
    }
    if !record.submodule.0 {
        into.added.push(folder);
        return Ok(());
    }
    let commit = format!("{}^{{commit}}", record.object);
    if git(&folder, &["rev-parse", "--verify", "--quiet", &commit]).is_err() {
        return Err(format!(
            "the submodule `{}` does not have the commit {} it was at; run `git fetch` in it",
            String::from_utf8_lossy(&record.new),
            record.object
        ));
    }
    collect(&folder, &record.object, into)
}

/// Whether a change of this file can change a finding.
fn matters(path: &[u8]) -> bool {
    path.ends_with(b".go") || path == b"go.mod" || path.ends_with(b"/go.mod")
}

/// What `git cat-file --batch` says of these objects.
fn contents(root: &Path, names: &[&str]) -> Result<Vec<u8>, String> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut child = command(root, &["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| cannot_run(&error))?;
    let stdin = child.stdin.take();
    let wanted = names.join("\n") + "\n";
    // Written beside the reading: neither side waits for the other with a full pipe.
    let writer = thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(wanted.as_bytes())));
    let output = child
        .wait_with_output()
        .map_err(|error| cannot_run(&error))?;
    let _ = writer.join();
    Ok(output.stdout)
}

/// Asks git in `folder`; the error is what git says, on one line.
fn git(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = command(folder, arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot_run(&error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().find(|line| !line.trim().is_empty());
    Err(match line {
        Some(line) => format!("git says `{line}`"),
        None => format!("`git {}` failed", arguments.first().unwrap_or(&"")),
    })
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Answers in one language, no lock that would be in the way of another git, no question to the user.
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0");
    if folder.join(".git").is_file() {
        // A submodule or linked work tree. A hook is told where the repository is that it runs for, which may be another.
        for variable in [
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_PREFIX",
            "GIT_COMMON_DIR",
        ] {
            command.env_remove(variable);
        }
    }
    command
}

fn cannot_run(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no `git` on the path; install it".to_owned(),
        _ => format!("git could not be run: {error}"),
    }
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).trim().to_owned()
}

/// A path as git writes it.
#[cfg(unix)]
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// A path as git writes it: UTF-8 on this system.
#[cfg(not(unix))]
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
