//! Names, settings, line ends, work trees, submodules: wherever it is asked, the answer is the same.

use crate::binary::write;
use crate::git::{commit, git};
use crate::{NONE, change, leaks, new, places, repository, run, run_in};
use std::fs;
use tempfile::TempDir;

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
fn a_merge_that_is_not_done_yet_is_compared_too() {
    let Some(folder) = repository() else { return };
    git(folder.path(), &["switch", "-q", "-c", "theirs"]);
    change(&folder, "a/x.go", &leaks(&["theirs", "one", "two"]));
    commit(folder.path(), "theirs");
    git(folder.path(), &["switch", "-q", "main"]);
    change(&folder, "a/x.go", &leaks(&["ours", "one", "two"]));
    commit(folder.path(), "ours");
    let mut merge = crate::git::command(folder.path());
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

#[cfg(unix)]
#[test]
fn a_hook_of_git_can_ask() {
    use std::os::unix::fs::PermissionsExt;

    let Some(folder) = repository() else { return };
    let Some(library) = repository() else { return };
    let from = format!("file://{}", library.path().display());
    git(
        folder.path(),
        &["submodule", "--quiet", "add", &from, "lib"],
    );
    commit(folder.path(), "with a submodule");
    let hook = folder.path().join(".git/hooks/pre-commit");
    let line = "-q -f concise --new-from-rev HEAD";
    let script = format!(
        "#!/bin/sh\nexec '{}' {line} >out.txt 2>&1\n",
        env!("CARGO_BIN_EXE_goleash")
    );
    fs::create_dir_all(hook.parent().expect("a folder")).expect("a folder");
    fs::write(&hook, script).expect("a hook");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("own files");
    change(&folder, ".gitignore", "out.txt\n");
    let committed = |all: &str| {
        git(folder.path(), &["add", ".gitignore", "a", "lib"]);
        let mut command = crate::git::command(folder.path());
        let done = command.args(["commit", "-q", all, "-m", "x"]).output();
        let out = fs::read_to_string(folder.path().join("out.txt")).expect("written");
        (done.expect("git runs").status.success(), out)
    };
    assert_eq!(committed("--no-edit"), (true, String::new()));
    change(&folder, "lib/a/x.go", &leaks(&["new", "one", "two"]));
    change(&folder, "a/x.go", &leaks(&["one", "more", "two"]));
    for all in ["--no-edit", "--all"] {
        let (done, out) = committed(all);
        assert!(!done, "{out}");
        let places: Vec<_> = out
            .lines()
            .filter_map(|line| line.split(':').next())
            .collect();
        assert_eq!(places, ["a/x.go", "lib/a/x.go"], "{out}");
    }
}
