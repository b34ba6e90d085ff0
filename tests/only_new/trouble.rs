//! What git cannot answer: an error that says what to do.

use crate::binary::{self, tree, write};
use crate::git::{commit, git};
use crate::{leaks, repository, run, run_in};
use tempfile::TempDir;

#[test]
fn what_git_cannot_answer_is_an_error_that_says_what_to_do() {
    let Some(folder) = repository() else { return };
    for (arguments, message) in [
        (
            &["--new-from-rev", "nowhere"][..],
            "git knows no commit `nowhere` (--new-from-rev)\n",
        ),
        (
            &["--new-from-rev", "HEAD~9"],
            "git knows no commit `HEAD~9`",
        ),
        (&["--new-from-rev=--help"], "git knows no commit `--help`"),
        (&["--new-from-rev="], "git knows no commit ``"),
        (
            &["--new-from-merge-base", "nowhere"],
            "git knows no commit `nowhere` (--new-from-merge-base)\n",
        ),
        (
            &["--new-from-rev", "HEAD", "--new-from-patch", "-"],
            "cannot be used with",
        ),
    ] {
        let failed = run(&folder, arguments).exits(2).tells(message);
        assert_eq!(failed.stdout, "", "{arguments:?}");
    }
    // A branch that only the remote has here.
    let other = TempDir::new().expect("a folder");
    let url = format!("file://{}", folder.path().display());
    git(folder.path(), &["branch", "side"]);
    git(other.path(), &["clone", "-q", &url, "full"]);
    run_in(
        &other.path().join("full"),
        &["--new-from-merge-base", "side"],
        b"",
    )
    .exits(2)
    .tells("did you mean `origin/side`?");
    // A shallow clone, which does not have what it is compared with.
    git(folder.path(), &["switch", "-q", "side"]);
    commit(folder.path(), "side");
    git(folder.path(), &["switch", "-q", "main"]);
    commit(folder.path(), "main");
    git(
        other.path(),
        &[
            "clone",
            "-q",
            "--depth",
            "1",
            "--no-single-branch",
            &url,
            "shallow",
        ],
    );
    let shallow = other.path().join("shallow");
    for (arguments, message) in [
        (
            ["--new-from-merge-base", "origin/side"],
            "git finds no common commit of `origin/side` and HEAD; this is a shallow clone",
        ),
        (
            ["--new-from-rev", "HEAD~1"],
            "git knows no commit `HEAD~1` (--new-from-rev); this is a shallow clone",
        ),
    ] {
        run_in(&shallow, &arguments, b"")
            .exits(2)
            .tells(message)
            .tells("fetch-depth: 0");
    }
    // Branches without a common commit, in a full clone.
    git(folder.path(), &["switch", "-q", "--orphan", "alone"]);
    commit(folder.path(), "alone");
    let failed = run(&folder, &["--new-from-merge-base", "main"]).exits(2);
    assert!(
        failed
            .stderr
            .ends_with("git finds no common commit of `main` and HEAD\n"),
        "{}",
        failed.stderr
    );
}

#[test]
fn outside_a_repository_and_without_git_there_is_a_way_out() {
    let Some(folder) = repository() else { return };
    let outside = tree(&[("x.go", leaks(&["one"]).as_bytes())]);
    run(&outside, &["--new-from-rev", "HEAD"])
        .exits(2)
        .tells("--new-from-rev asks git what has changed: git says `fatal: not a git repository")
        .tells("give --new-from-patch");
    let elsewhere = outside.path().to_str().expect("UTF-8");
    run(&folder, &["--new-from-rev", "HEAD", elsewhere])
        .exits(2)
        .tells("is outside")
        .tells("run goleash there");
    let mut command = binary::command(folder.path());
    let output = command
        .args(["--new-from-rev", "HEAD"])
        .env("PATH", elsewhere)
        .output();
    let output = output.expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("there is no `git` on the path"), "{said}");
    let empty = TempDir::new().expect("a folder");
    git(empty.path(), &["init", "-q"]);
    write(empty.path(), "x.go", b"package p\n");
    run_in(empty.path(), &["--new-from-rev", "HEAD"], b"")
        .exits(2)
        .tells("git knows no commit `HEAD`");
}
