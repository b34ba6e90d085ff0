//! Runs the binary in folders made for one test.
#![allow(dead_code, reason = "each test crate uses its own part")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder that holds the given files; parents are created, `/` at the end makes an empty folder.
pub(crate) fn tree(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    for (path, bytes) in files {
        write(folder.path(), path, bytes);
    }
    folder
}

/// Adds one file to a folder.
pub(crate) fn write(folder: &Path, path: &str, bytes: &[u8]) {
    let target = folder.join(path);
    if path.ends_with('/') {
        fs::create_dir_all(target).expect("a new folder");
        return;
    }
    fs::create_dir_all(target.parent().expect("a parent")).expect("a new folder");
    fs::write(target, bytes).expect("a new file");
}

/// What one run did.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// How many files the summary line says were read.
    pub(crate) fn files(&self) -> u64 {
        let summary = self.stderr.lines().last().unwrap_or_default();
        summary
            .split(['(', ')'])
            .nth(1)
            .and_then(|files| files.split(' ').next()?.parse().ok())
            .unwrap_or_else(|| panic!("no summary line in:\n{}", self.stderr))
    }

    /// Asserts the exit code, showing all output when it is another.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "exit code\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Asserts that stderr holds `text`.
    #[track_caller]
    pub(crate) fn tells(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text),
            "no `{text}` in stderr:\n{}",
            self.stderr
        );
        self
    }
}

/// The binary, in `folder`, without colour wishes of the environment.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goleash"));
    command
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("RUST_BACKTRACE");
    command
}

/// Runs the binary in `folder` with the words of `line` as arguments.
pub(crate) fn goleash(folder: &TempDir, line: &str) -> Run {
    let output: Output = command(folder.path())
        .args(line.split_whitespace())
        .output()
        .expect("the binary runs");
    Run {
        code: output.status.code().expect("no signal"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8 on stdout"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8 on stderr"),
    }
}
