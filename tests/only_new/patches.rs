//! Patches, from git and from diff: read, taken back, refused.

use crate::git::git;
use crate::{change, leak, leaks, places, repository, run, run_in};
use std::fs;
use std::path::Path;

/// The patches that lead to the present state, as many tools write them.
fn patches(folder: &Path) -> Vec<(&'static str, String)> {
    let diff = |arguments: &[&str]| git(folder, &[&["diff", "HEAD"], arguments].concat()) + "\n";
    let plain = diff(&[]);
    vec![
        ("without context", diff(&["-U0"])),
        ("without prefix", diff(&["--no-prefix"])),
        (
            "other prefixes",
            diff(&["--src-prefix=old/", "--dst-prefix=new/"]),
        ),
        ("without renames", diff(&["--no-renames"])),
        ("binary", diff(&["--binary"])),
        ("only names and hunks", {
            let lines = plain.split_inclusive('\n');
            lines
                .filter(|line| !line.starts_with("index ") && !line.starts_with("diff "))
                .collect()
        }),
        (
            "in a mail",
            format!(
                "From 0 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] x\n\n---\n a/x.go | 9 +\n\n{plain}-- \n2.40.0\n\n"
            ),
        ),
        ("plain", plain),
    ]
}

#[test]
fn a_patch_says_what_has_changed() {
    let Some(folder) = repository() else { return };
    change(
        &folder,
        "a/x.go",
        &leaks(&["new", "one", "two"]).replace('}', "} "),
    );
    change(&folder, "d/added.go", &leaks(&["added"]));
    fs::remove_file(folder.path().join("c/z.go")).expect("it is there");
    git(folder.path(), &["add", "-A"]);
    let all = patches(folder.path());
    assert_eq!(all.len(), 8);
    for (kind, patch) in &all {
        let found = run_in(folder.path(), &["--new-from-patch", "-"], patch.as_bytes());
        assert_eq!(
            places(&found),
            ["a/x.go:5", "d/added.go:5"],
            "{kind}:\n{patch}"
        );
        let below = run_in(
            &folder.path().join("a"),
            &["--new-from-patch", "-"],
            patch.as_bytes(),
        );
        assert_eq!(places(&below), ["x.go:5"], "{kind}");
    }
    // Relative to the folder it was made in.
    let relative = git(&folder.path().join("a"), &["diff", "HEAD", "--relative"]) + "\n";
    let below = run_in(
        &folder.path().join("a"),
        &["--new-from-patch", "-"],
        relative.as_bytes(),
    );
    assert_eq!(places(&below), ["x.go:5"]);
    // From a file, in the middle of commits, without any repository.
    change(&folder, "p.diff", &all[7].1);
    assert_eq!(
        places(&run(&folder, &["--new-from-patch", "p.diff", "./d"])),
        ["d/added.go:5"]
    );
    fs::remove_dir_all(folder.path().join(".git")).expect("it is there");
    assert_eq!(
        places(&run(&folder, &["--new-from-patch", "p.diff"])),
        ["a/x.go:5", "d/added.go:5"]
    );
    // A patch without changes, and one that changes no Go file.
    let nothing = run_in(folder.path(), &["--new-from-patch", "-"], b"").exits(0);
    assert!(
        nothing.stderr.contains("3 unchanged folders"),
        "{}",
        nothing.stderr
    );
    let other = b"--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-a\n+b\n";
    run_in(folder.path(), &["--new-from-patch", "-"], other).exits(0);
}

#[test]
fn a_patch_from_diff_and_one_that_renames() {
    let Some(folder) = repository() else { return };
    git(folder.path(), &["mv", "a", "moved"]);
    change(&folder, "moved/x.go", &leaks(&["one", "two", "three"]));
    git(folder.path(), &["add", "-A"]);
    let renamed = git(folder.path(), &["diff", "HEAD", "-M"]) + "\n";
    assert!(renamed.contains("rename from a/x.go"), "{renamed}");
    let found = run_in(
        folder.path(),
        &["--new-from-patch", "-"],
        renamed.as_bytes(),
    );
    assert_eq!(places(&found), ["moved/x.go:23"]);
    let time = "\t2024-01-01 00:00:00.000000000 +0000";
    let added = leak("four").trim_end().replace('\n', "\n+");
    let plain = format!(
        "diff -ru old/b/y.go new/b/y.go\n--- old/b/y.go{time}\n+++ new/b/y.go{time}\n@@ -1,3 +1,12 @@\n package p\n+{added}\n \n func three(stop bool) {{\n"
    );
    change(&folder, "b/y.go", &leaks(&["four", "three"]));
    let found = run_in(folder.path(), &["--new-from-patch", "-"], plain.as_bytes());
    assert_eq!(places(&found), ["b/y.go:5"]);
}

#[test]
fn a_patch_that_does_not_fit_is_refused_with_its_line() {
    let Some(folder) = repository() else { return };
    change(&folder, "a/x.go", &leaks(&["new", "one", "two"]));
    let patch = git(folder.path(), &["diff"]) + "\n";
    change(&folder, "p.diff", &patch);
    let wrong = patch.replace("+func new", "+func news");
    let missing = patch
        .replace("a/a/x.go", "a/a/gone.go")
        .replace("b/a/x.go", "b/a/gone.go");
    let both = patch.clone() + &missing;
    let short: String = patch.split_inclusive('\n').take(8).collect();
    for (text, message) in [
        (
            "no patch at all\n",
            "p.diff:1: this is no diff; `git diff` makes one",
        ),
        (
            wrong.as_str(),
            "p.diff:5: the patch does not fit: this hunk is not in ",
        ),
        (
            missing.as_str(),
            "p.diff: none of the Go files in this patch is here (`b/a/gone.go` for one)",
        ),
        (both.as_str(), "the patch does not fit: could not read "),
        (
            short.as_str(),
            "p.diff:9: the hunk of line 5 should have more lines",
        ),
        (
            "diff --cc a/x.go\nindex 1,2..3\n",
            "p.diff:1: this is the combined diff of a merge",
        ),
    ] {
        change(&folder, "p.diff", text);
        let failed = run(&folder, &["--new-from-patch", "p.diff"])
            .exits(2)
            .tells(message);
        assert_eq!(failed.stdout, "");
        assert_eq!(
            fs::read_to_string(folder.path().join("p.diff")).expect("there"),
            text
        );
    }
    run(&folder, &["--new-from-patch", "nowhere.diff"])
        .exits(2)
        .tells("could not read the patch `nowhere.diff`");
    run_in(
        folder.path(),
        &["--new-from-patch", "-"],
        b"@@ -1 +1 @@\n-a\n+b\n",
    )
    .exits(2)
    .tells("stdin:1: a hunk without the names of a file above it");
}
