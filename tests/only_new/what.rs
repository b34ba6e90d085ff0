//! What counts as new, and what does not.

use crate::binary;
use crate::git::{commit, git};
use crate::{NONE, change, leak, leaks, new, places, repository, run};
use std::fs;

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
