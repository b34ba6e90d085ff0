//! `--new-from-rev`, `--new-from-merge-base` and `--new-from-patch`, through the binary, with the real git.

mod binary;
#[path = "support/git.rs"]
mod git;
#[path = "support/outside.rs"]
mod outside;

use binary::{Run, tree, write};
use git::{commit, git};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use tempfile::TempDir;

/// A function that leaks, of this name; the goroutine sits in its third line.
fn leak(name: &str) -> String {
    format!(
        "\nfunc {name}(stop bool) {{\n\tch := make(chan int)\n\tgo func() {{ ch <- 1 }}()\n\tif stop {{\n\t\treturn\n\t}}\n\t<-ch\n}}\n"
    )
}

/// A Go file whose functions leak, one each.
fn leaks(names: &[&str]) -> String {
    let functions: String = names.iter().map(|name| leak(name)).collect();
    format!("package p\n{functions}")
}

/// A repository with the leaks `one` and `two` in package `a`, `three` in `b`, and a clean package `c`; none without git.
fn repository() -> Option<TempDir> {
    outside::or_skip(outside::programs(&["git"]))?;
    let folder = tree(&[
        ("go.mod", b"module example.com/m\n\ngo 1.22\n"),
        ("a/x.go", leaks(&["one", "two"]).as_bytes()),
        ("b/y.go", leaks(&["three"]).as_bytes()),
        ("c/z.go", b"package p\n\nvar ch chan int\n"),
    ]);
    git::init(folder.path());
    Some(folder)
}

fn change(folder: &TempDir, path: &str, text: &str) {
    write(folder.path(), path, text.as_bytes());
}

/// Runs goleash in a folder, out of reach of the machine's git configuration.
fn run_in(folder: &Path, arguments: &[&str], stdin: &[u8]) -> Run {
    use std::io::Write;
    let mut command = binary::command(folder);
    git::alone(&mut command);
    let mut child = command
        .args(["-f", "concise"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut pipe = child.stdin.take().expect("a pipe");
    // Who reads no stdin may be gone already.
    let _ = pipe.write_all(stdin);
    drop(pipe);
    let output = child.wait_with_output().expect("the binary ends");
    Run {
        code: output.status.code().expect("no signal"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8 on stdout"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8 on stderr"),
    }
}

fn run(folder: &TempDir, arguments: &[&str]) -> Run {
    run_in(folder.path(), arguments, b"")
}

/// `path:line` of every finding of a run that went well.
#[track_caller]
fn places(run: &Run) -> Vec<String> {
    assert!(run.code < 2, "{}", run.stderr);
    let place = |line: &str| line.splitn(3, ':').take(2).collect::<Vec<_>>().join(":");
    run.stdout.lines().map(place).collect()
}

/// What is new since the last commit.
#[track_caller]
fn new(folder: &TempDir) -> Vec<String> {
    places(&run(folder, &["--new-from-rev", "HEAD"]))
}

const NONE: [&str; 0] = [];

#[test]
fn only_what_was_not_there_counts() {
    let Some(folder) = repository() else { return };
    let untouched = run(&folder, &["--new-from-rev", "HEAD"]).exits(0);
    assert_eq!(
        untouched.stderr,
        "no findings in 0 packages (0 files); 0 older findings and 3 unchanged folders left out\n"
    );
    change(&folder, "a/x.go", &leaks(&["new", "one", "two"]));
    let changed = run(&folder, &["--new-from-rev", "HEAD"]).exits(1);
    assert_eq!(places(&changed), ["a/x.go:5"]);
    assert!(
        changed
            .stderr
            .ends_with("; 2 older findings and 2 unchanged folders left out\n"),
        "{}",
        changed.stderr
    );
    // The same once it is staged, and once it is committed.
    git(folder.path(), &["add", "-A"]);
    assert_eq!(new(&folder), ["a/x.go:5"]);
    commit(folder.path(), "second");
    assert_eq!(new(&folder), NONE);
    assert_eq!(
        places(&run(&folder, &["--new-from-rev", "HEAD~1"])),
        ["a/x.go:5"]
    );
    git(folder.path(), &["tag", "v1", "HEAD~1"]);
    assert_eq!(
        places(&run(&folder, &["--new-from-rev=v1", "./a"])),
        ["a/x.go:5"]
    );
    assert_eq!(places(&run(&folder, &["--new-from-rev=v1", "./b"])), NONE);
    assert_eq!(
        places(&run(&folder, &["--new-from-rev=v1", "a/x.go"])),
        ["a/x.go:5"]
    );
}

#[test]
fn a_line_that_is_gone_makes_a_leak_that_no_changed_line_touches() {
    let Some(folder) = repository() else { return };
    let source = "package p\n\nfunc work(n int) int {\n\tch := make(chan int)\n\tdone := make(chan bool)\n\tgo func() {\n\t\tfor range ch {\n\t\t}\n\t\tdone <- true\n\t}()\n\tch <- n\n\tclose(ch)\n\t<-done\n\treturn n\n}\n";
    change(&folder, "d/d.go", source);
    commit(folder.path(), "clean");
    assert_eq!(new(&folder), NONE);
    change(
        &folder,
        "d/d.go",
        &source.replace("\tclose(ch)\n\t<-done\n", ""),
    );
    assert_eq!(new(&folder), ["d/d.go:7"]);
    // A file of the package that held the other end.
    change(
        &folder,
        "d/d.go",
        "package p\n\nfunc work() {\n\tch := make(chan int)\n\tgo serve(ch)\n\tch <- 1\n}\n",
    );
    change(
        &folder,
        "d/e.go",
        "package p\n\nfunc serve(ch chan int) {\n\t<-ch\n}\n",
    );
    commit(folder.path(), "two files");
    change(
        &folder,
        "d/e.go",
        "package p\n\nfunc serve(ch chan int) {\n}\n",
    );
    assert_eq!(new(&folder), ["d/d.go:6"]);
}

#[test]
fn an_old_leak_that_is_touched_elsewhere_is_old() {
    let Some(folder) = repository() else { return };
    let source = leaks(&["one", "two"]);
    for (edited, why) in [
        (
            source.replace("ch <- 1 }()", "ch <- 1 }() // known"),
            "a comment on the line",
        ),
        (source.replace("\tif stop {", "\tif  stop {"), "layout"),
        (leaks(&["two", "one"]), "another order"),
        (source.replace('\n', "\r\n"), "line ends"),
    ] {
        change(&folder, "a/x.go", &edited);
        assert_eq!(new(&folder), NONE, "{why}");
    }
    change(&folder, "a/x.go", &source.replacen("ch <- 1", "ch <- 2", 1));
    assert_eq!(new(&folder), ["a/x.go:5"]);
}

#[test]
fn files_git_does_not_know_count_as_changed_and_ignored_ones_do_not() {
    let Some(folder) = repository() else { return };
    change(&folder, "new/n.go", &leaks(&["fresh"]));
    change(&folder, "a/more.go", &leaks(&["more"]));
    change(&folder, "gen/g.go", &leaks(&["generated"]));
    change(&folder, ".gitignore", "gen/\n");
    assert_eq!(new(&folder), ["a/more.go:5", "new/n.go:5"]);
    // Out of the index, but still there.
    git(folder.path(), &["rm", "-q", "--cached", "b/y.go"]);
    assert_eq!(new(&folder), ["a/more.go:5", "new/n.go:5"]);
}

#[test]
fn what_moves_is_not_new() {
    let Some(folder) = repository() else { return };
    git(folder.path(), &["mv", "a/x.go", "a/renamed.go"]);
    assert_eq!(new(&folder), NONE);
    change(&folder, "a/renamed.go", &leaks(&["one", "two", "extra"]));
    assert_eq!(new(&folder), ["a/renamed.go:23"]);
    git(folder.path(), &["reset", "-q", "--hard"]);
    git(folder.path(), &["mv", "a", "moved"]);
    assert_eq!(new(&folder), NONE);
    change(&folder, "moved/x.go", &leaks(&["one", "extra", "two"]));
    assert_eq!(new(&folder), ["moved/x.go:14"]);
    // The other file takes the name that is free now.
    git(folder.path(), &["reset", "-q", "--hard"]);
    change(
        &folder,
        "a/w.go",
        "package p\n\n// Nothing here leaks, and nothing here is like the other file.\nvar w = map[string]int{}\n",
    );
    commit(folder.path(), "w");
    git(folder.path(), &["mv", "a/x.go", "a/v.go"]);
    git(folder.path(), &["mv", "a/w.go", "a/x.go"]);
    assert_eq!(new(&folder), NONE);
    fs::remove_file(folder.path().join("a/v.go")).expect("it is there");
    assert_eq!(new(&folder), NONE);
}

#[test]
fn a_branch_is_compared_where_it_left() {
    let Some(folder) = repository() else { return };
    git(folder.path(), &["switch", "-q", "-c", "feature"]);
    change(&folder, "c/z.go", &leaks(&["feature"]));
    commit(folder.path(), "feature");
    git(folder.path(), &["switch", "-q", "main"]);
    change(&folder, "b/y.go", "package p\n");
    commit(folder.path(), "mended");
    git(folder.path(), &["switch", "-q", "feature"]);
    let since = |option: &str| places(&run(&folder, &[option, "main"]));
    assert_eq!(since("--new-from-merge-base"), ["c/z.go:5"]);
    assert_eq!(since("--new-from-rev"), ["b/y.go:5", "c/z.go:5"]);
}

#[cfg(unix)]
#[test]
fn names_may_hold_anything() {
    use std::os::unix::ffi::OsStrExt;

    let Some(folder) = repository() else { return };
    let names = [
        "q\"uote/a b.go",
        "new\nline/ü\t.go",
        "back\\slash/'x'.go",
        "-dash/-x.go",
    ];
    for name in names {
        change(&folder, name, &leaks(&["old"]));
    }
    commit(folder.path(), "names");
    for name in names {
        change(&folder, name, &leaks(&["new", "old"]));
    }
    for quote in ["true", "false"] {
        git(folder.path(), &["config", "core.quotePath", quote]);
        let by_rev = run(&folder, &["--new-from-rev", "HEAD"]).exits(1);
        assert_eq!(
            by_rev.stdout.lines().count(),
            names.len(),
            "{}",
            by_rev.stdout
        );
        let patch = git(folder.path(), &["diff"]) + "\n";
        let by_patch = run_in(folder.path(), &["--new-from-patch", "-"], patch.as_bytes());
        assert_eq!(by_patch.exits(1).stdout, by_rev.stdout, "{patch}");
    }
    // Names that are no text at all.
    let odd = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&odd).expect("a folder");
    fs::write(odd.join("x.go"), leaks(&["odd"])).expect("a file");
    assert_eq!(new(&folder).len(), names.len() + 1);
}

#[test]
fn settings_of_the_user_make_no_difference() {
    let Some(folder) = repository() else { return };
    change(&folder, "a/x.go", &leaks(&["new", "one", "two"]));
    for (key, value) in [
        ("color.ui", "always"),
        ("diff.noprefix", "true"),
        ("diff.external", "false"),
        ("diff.renames", "false"),
        ("diff.relative", "true"),
        ("core.autocrlf", "true"),
        ("core.pager", "false"),
    ] {
        git(folder.path(), &["config", key, value]);
        assert_eq!(new(&folder), ["a/x.go:5"], "{key}");
    }
    change(&folder, ".gitattributes", "*.go -diff binary\n");
    assert_eq!(new(&folder), ["a/x.go:5"]);
}

#[test]
fn line_ends_of_a_checkout_make_no_difference() {
    let Some(folder) = repository() else { return };
    let other = TempDir::new().expect("a folder");
    let from = folder.path().to_str().expect("UTF-8");
    git(
        other.path(),
        &["clone", "-q", "-c", "core.autocrlf=true", from, "x"],
    );
    let clone = other.path().join("x");
    let text = fs::read_to_string(clone.join("a/x.go")).expect("checked out");
    assert!(text.contains("\r\n"));
    assert_eq!(
        places(&run_in(&clone, &["--new-from-rev", "HEAD"], b"")),
        NONE
    );
    write(
        &clone,
        "a/x.go",
        leaks(&["new", "one", "two"])
            .replace('\n', "\r\n")
            .as_bytes(),
    );
    assert_eq!(
        places(&run_in(&clone, &["--new-from-rev", "HEAD"], b"")),
        ["a/x.go:5"]
    );
    let patch = git(&clone, &["diff"]) + "\n";
    assert_eq!(
        places(&run_in(
            &clone,
            &["--new-from-patch", "-"],
            patch.as_bytes()
        )),
        ["a/x.go:5"]
    );
    // And a patch that has been through a mail program.
    let dos = patch.replace("\r\n", "\n").replace('\n', "\r\n");
    assert_eq!(
        places(&run_in(&clone, &["--new-from-patch", "-"], dos.as_bytes())),
        ["a/x.go:5"]
    );
}

#[test]
fn a_subfolder_and_another_work_tree_are_good_places_to_start() {
    let Some(folder) = repository() else { return };
    let other = TempDir::new().expect("a folder");
    let tree = other.path().join("linked");
    let path = tree.to_str().expect("UTF-8");
    git(
        folder.path(),
        &["worktree", "add", "-q", "-b", "linked", path],
    );
    for root in [folder.path(), tree.as_path()] {
        write(root, "a/x.go", leaks(&["new", "one", "two"]).as_bytes());
        write(root, "b/w.go", leaks(&["four"]).as_bytes());
        let all = run_in(root, &["--new-from-rev", "HEAD"], b"");
        assert_eq!(places(&all), ["a/x.go:5", "b/w.go:5"]);
        let below = run_in(&root.join("a"), &["--new-from-rev", "HEAD"], b"");
        assert_eq!(places(&below), ["x.go:5"]);
        let beside = run_in(
            &root.join("a"),
            &["--new-from-merge-base", "main", "../b"],
            b"",
        );
        assert_eq!(places(&beside), ["../b/w.go:5"]);
    }
}

#[test]
fn submodules_are_asked_themselves() {
    let Some(folder) = repository() else { return };
    let Some(library) = repository() else { return };
    let from = format!("file://{}", library.path().display());
    git(
        folder.path(),
        &["submodule", "--quiet", "add", &from, "lib"],
    );
    assert_eq!(
        new(&folder),
        ["lib/a/x.go:5", "lib/a/x.go:14", "lib/b/y.go:5"]
    );
    commit(folder.path(), "with a submodule");
    assert_eq!(new(&folder), NONE);
    change(&folder, "lib/a/x.go", &leaks(&["new", "one", "two"]));
    assert_eq!(new(&folder), ["lib/a/x.go:5"]);
    change(&folder, "lib/d/u.go", &leaks(&["untracked"]));
    assert_eq!(new(&folder), ["lib/a/x.go:5", "lib/d/u.go:5"]);
    commit(&folder.path().join("lib"), "inside");
    assert_eq!(new(&folder), ["lib/a/x.go:5", "lib/d/u.go:5"]);
    commit(folder.path(), "taken over");
    assert_eq!(new(&folder), NONE);
    assert_eq!(
        places(&run(&folder, &["--new-from-rev", "HEAD~1"])),
        ["lib/a/x.go:5", "lib/d/u.go:5"]
    );
    // A commit that the submodule does not have.
    commit(library.path(), "onwards");
    git(
        &folder.path().join("lib"),
        &["push", "-q", "origin", "HEAD:pushed"],
    );
    let gone = git(&folder.path().join("lib"), &["rev-parse", "HEAD~1"]);
    let other = TempDir::new().expect("a folder");
    git(
        other.path(),
        &["clone", "-q", folder.path().to_str().expect("UTF-8"), "x"],
    );
    let clone = other.path().join("x");
    git(
        &clone,
        &["submodule", "--quiet", "update", "--init", "--depth", "1"],
    );
    run_in(&clone, &["--new-from-rev", "HEAD~1"], b"")
        .exits(2)
        .tells("the submodule `lib` does not have the commit")
        .tells(&gone);
    // Without a checkout there is nothing to look at.
    git(
        &clone,
        &["submodule", "--quiet", "deinit", "--force", "lib"],
    );
    assert_eq!(
        places(&run_in(&clone, &["--new-from-rev", "HEAD~1"], b"")),
        NONE
    );
}

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

#[test]
fn baselines_and_suppressions_go_together_with_it() {
    let Some(folder) = repository() else { return };
    let known = leak("known").replace(
        "ch <- 1 }()",
        "ch <- 1 }() //goleash:ignore early-return for now",
    );
    change(&folder, "b/y.go", &(leaks(&["three"]) + &known));
    commit(folder.path(), "suppressed");
    change(
        &folder,
        "b/y.go",
        &leaks(&["accepted", "three", "known", "new"]),
    );
    binary::goleash(&folder, "baseline create ./a").exits(0);
    change(&folder, "c/z.go", &leaks(&["accepted"]));
    binary::goleash(&folder, "baseline update ./c").exits(0);
    change(&folder, "c/z.go", &leaks(&["accepted", "late"]));
    // What the comment covered is open now; what is accepted is not new, and no entry is stale because it is old.
    let found = run(
        &folder,
        &[
            "--new-from-rev",
            "HEAD",
            "--baseline",
            "goleash-baseline.json",
        ],
    );
    assert_eq!(
        places(&found),
        ["b/y.go:5", "b/y.go:23", "b/y.go:32", "c/z.go:14"]
    );
    assert!(!found.stderr.contains("stale"), "{}", found.stderr);
    change(
        &folder,
        "b/y.go",
        &(leaks(&["three"]) + &known + "\nvar more = 1\n"),
    );
    let shown = run(
        &folder,
        &["--new-from-rev", "HEAD", "--show-suppressed", "./b"],
    )
    .exits(0);
    assert_eq!(shown.stdout, "");
}

#[test]
fn a_merge_that_is_not_done_yet_is_compared_too() {
    let Some(folder) = repository() else { return };
    git(folder.path(), &["switch", "-q", "-c", "theirs"]);
    change(&folder, "a/x.go", &leaks(&["theirs", "one", "two"]));
    commit(folder.path(), "theirs");
    git(folder.path(), &["switch", "-q", "main"]);
    change(&folder, "a/x.go", &leaks(&["ours", "one", "two"]));
    commit(folder.path(), "ours");
    let mut merge = git::command(folder.path());
    assert!(
        !merge
            .args(["merge", "-q", "theirs"])
            .status()
            .expect("git runs")
            .success()
    );
    change(&folder, "a/x.go", &leaks(&["ours", "theirs", "one", "two"]));
    assert_eq!(new(&folder), ["a/x.go:14"]);
}
