//! Which variant of a program is looked at: platform, tags, language version, workspace.

use super::binary::{goleash, tree, write};
use super::{NCAST, found};

/// Leaks before Go 1.22, when all iterations shared one `i`.
const SHARED: &str = "package p

func both() int {
\ta, b := make(chan int), make(chan int)
\tfor i := 0; i < 2; i++ {
\t\tgo func() {
\t\t\tif i == 0 {
\t\t\t\ta <- 1
\t\t\t} else {
\t\t\t\tb <- 1
\t\t\t}
\t\t}()
\t}
\treturn <-a + <-b
}
";

fn constrained(constraint: &str) -> String {
    format!("//go:build {constraint}\n\n{NCAST}")
}

#[test]
fn platform_and_tags_decide_which_files_are_reported_in() {
    let folder = tree(&[
        ("a/x_windows.go", NCAST.as_bytes()),
        ("b/x_arm64.go", NCAST.as_bytes()),
        ("c/x.go", constrained("integration && linux").as_bytes()),
        ("d/x.go", constrained("!e2e && plan9").as_bytes()),
        ("e/x.go", constrained("e2e || windows && cgo").as_bytes()),
    ]);
    let paths = |line: &str| -> String {
        let found = found(&folder, line);
        found.iter().filter_map(|f| f.split('/').next()).collect()
    };
    for (line, expected) in [
        // Without tags, the files behind tags of the project's own are looked at in builds of theirs.
        ("--goos linux --goarch amd64", "ce"),
        ("--goos windows --goarch amd64", "ae"),
        ("--goos windows --goarch arm64", "abe"),
        ("--goos linux --goarch amd64 --tags other", ""),
        ("--goos windows --goarch amd64 --tags other", "a"),
        ("--goos windows --goarch arm64 --tags other", "ab"),
        ("--goos linux --goarch amd64 --tags integration", "c"),
        ("--goos plan9 --goarch amd64", "de"),
        ("--goos plan9 --goarch amd64 --tags other", "d"),
        ("--goos plan9 --goarch amd64 --tags e2e", "e"),
        ("--goos linux --goarch arm64 --tags e2e,integration", "bce"),
        ("--goos windows --goarch 386 --tags cgo", "ae"),
    ] {
        assert_eq!(paths(line), expected, "{line}");
    }
}

#[test]
fn a_file_behind_a_tag_replaces_its_twin_and_is_told_of_once() {
    let start = "package p\n\nfunc start(bad bool) {\n\tready := make(chan int)\n\tgo notify(ready)\n\tif bad {\n\t\treturn\n\t}\n\t<-ready\n}\n";
    let sends = "package p\n\nfunc notify(ready chan int) {\n\tready <- 1\n}\n";
    let closes = "package p\n\nfunc notify(ready chan int) {\n\tclose(ready)\n}\n";
    let tagged = |constraint: &str, text: &str| format!("//go:build {constraint}\n\n{text}");
    let folder = tree(&[
        ("a/start.go", start.as_bytes()),
        ("a/plain.go", tagged("!fast", closes).as_bytes()),
        ("a/fast.go", tagged("fast", sends).as_bytes()),
        ("b/start.go", start.as_bytes()),
        ("b/plain.go", tagged("!fast", sends).as_bytes()),
        ("b/fast.go", tagged("fast", closes).as_bytes()),
        ("c/start.go", start.as_bytes()),
        ("c/one.go", tagged("fast || slow", sends).as_bytes()),
        ("c/two.go", tagged("slow", "package p\n").as_bytes()),
    ]);
    let expected = [
        "a/fast.go:6 early-return",
        "b/plain.go:6 early-return",
        "c/one.go:6 early-return",
    ];
    assert_eq!(found(&folder, "--goos linux"), expected);
    assert_eq!(found(&folder, "--goos linux --tags slow").len(), 2);
}

#[test]
fn an_unknown_platform_is_a_usage_error_with_a_guess() {
    let folder = tree(&[("a.go", NCAST.as_bytes())]);
    goleash(&folder, "--goos windos")
        .exits(2)
        .tells("did you mean `windows`?");
    goleash(&folder, "--goarch x86_64")
        .exits(2)
        .tells("Go knows no processor `x86_64`");
}

#[test]
fn a_named_file_outside_the_build_says_for_which_platform() {
    let folder = tree(&[("x_windows.go", NCAST.as_bytes())]);
    goleash(&folder, "--goos plan9 --goarch arm x_windows.go")
        .exits(0)
        .tells("build constraints leave it out on plan9/arm");
}

#[test]
fn each_module_has_its_own_language_version() {
    let folder = tree(&[
        ("go.mod", b"module m\n\ngo 1.22\n"),
        ("a.go", SHARED.as_bytes()),
        (
            "old/go.mod",
            b"module old\n\ngo 1.21\n\ntoolchain go1.27.3\n",
        ),
        ("old/a.go", SHARED.as_bytes()),
        ("old/in/a.go", SHARED.as_bytes()),
        ("unstated/go.mod", b"module unstated\n"),
        ("unstated/a.go", SHARED.as_bytes()),
    ]);
    let files = |line: &str| -> Vec<String> {
        let mut files = found(&folder, line);
        files
            .iter_mut()
            .for_each(|f| f.truncate(f.find(':').expect("a line")));
        files.dedup();
        files
    };
    assert_eq!(files(""), ["old/a.go", "old/in/a.go", "unstated/a.go"]);
    // A go.work speaks only for modules that it uses and that state no version themselves.
    write(
        folder.path(),
        "go.work",
        b"go 1.24\n\nuse (\n\t.\n\t./old\n)\n",
    );
    assert_eq!(files(""), ["old/a.go", "old/in/a.go", "unstated/a.go"]);
    write(
        folder.path(),
        "go.work",
        b"go 1.24\ntoolchain go1.20\nuse ./unstated\n",
    );
    assert_eq!(files(""), ["old/a.go", "old/in/a.go"]);
}

#[test]
fn a_build_line_chooses_the_language_version_of_its_file() {
    let with = |line: &str| format!("{line}\n\n{SHARED}").into_bytes();
    let folder = tree(&[
        ("new/go.mod", b"module new\n\ngo 1.25\n"),
        ("new/plain.go", SHARED.as_bytes()),
        ("new/lowered.go", &with("//go:build go1.21")),
        ("new/far.go", &with("//go:build linux || go1.18")),
        ("old/go.mod", b"module old\n\ngo 1.20\n"),
        ("old/plain.go", SHARED.as_bytes()),
        ("old/lifted.go", &with("//go:build go1.22 && !js")),
        ("old/comment.go", &with("// +build go1.22")),
    ]);
    let mut files = found(&folder, "");
    let path = |line: &mut String| line.truncate(line.find(':').expect("a line"));
    files.iter_mut().for_each(path);
    files.dedup();
    assert_eq!(files, ["new/lowered.go", "old/comment.go", "old/plain.go"]);
}

#[test]
fn the_modules_of_a_workspace_are_this_module() {
    let folder = tree(&[
        (
            "go.work",
            b"go 1.27\n\nuse .\nuse (\n\t./used // a comment\n\t\"./x/deep\"\n)\n",
        ),
        ("go.mod", b"module m\n\ngo 1.27\n"),
        ("a.go", b"package p\n"),
        ("used/go.mod", b"module used\n"),
        ("used/a.go", b"package p\n"),
        ("used/b.go", b"package p\n"),
        ("x/deep/go.mod", b"module deep\n"),
        ("x/deep/4/a.go", b"package p\n"),
        ("other/go.mod", b"module other\n"),
        ("other/a.go", b"package p\n"),
        ("other/go.work", b"go 1.27\n\nuse .\n"),
    ]);
    assert_eq!(goleash(&folder, "").exits(0).files(), 5);
    assert_eq!(goleash(&folder, "--this-module").exits(0).files(), 4);
    std::fs::remove_file(folder.path().join("go.work")).expect("there");
    assert_eq!(goleash(&folder, "--this-module").exits(0).files(), 1);
}
