//! `--fix`, `--unsafe-fixes`, `--diff`: what is written, what is shown, and what is refused.

mod binary;
#[path = "cli_fix/doubt.rs"]
mod doubt;
#[path = "support/outside.rs"]
mod outside;

use binary::{goleash, tree, write};
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// One leak with a safe repair: room for one value.
const ROOM: &str = "package p

import \"time\"

func wait(work func() int) int {
\tch := make(chan int) // the answer
\tgo func() { ch <- work() }()
\tselect {
\tcase n := <-ch:
\t\treturn n
\tcase <-time.After(time.Second):
\t\treturn 0
\t}
}
";

/// One leak whose repairs a person should look at: a stop signal, or room for all.
const STREAM: &str = "package p

func find(words []string, wanted string) int {
\tch := make(chan string)
\tgo func() {
\t\tfor _, w := range words {
\t\t\tch <- w
\t\t}
\t\tclose(ch)
\t}()
\tn := 0
\tfor w := range ch {
\t\tif w == wanted {
\t\t\treturn n
\t\t}
\t\tn++
\t}
\treturn -1
}
";

const STREAM_STOPPED: &str = "package p

func find(words []string, wanted string) int {
\tch := make(chan string)
\tdone := make(chan struct{})
\tdefer close(done)
\tgo func() {
\t\tfor _, w := range words {
\t\t\tselect {
\t\t\tcase ch <- w:
\t\t\tcase <-done:
\t\t\t\treturn
\t\t\t}
\t\t}
\t\tclose(ch)
\t}()
\tn := 0
\tfor w := range ch {
\t\tif w == wanted {
\t\t\treturn n
\t\t}
\t\tn++
\t}
\treturn -1
}
";

fn room_given() -> String {
    ROOM.replace("make(chan int)", "make(chan int, 1)")
}

/// Both, in two packages.
fn both() -> TempDir {
    tree(&[
        ("go.mod", b"module m\n\ngo 1.27\n"),
        ("a/room.go", ROOM.as_bytes()),
        ("b/stream.go", STREAM.as_bytes()),
    ])
}

fn text(folder: &TempDir, path: &str) -> String {
    fs::read_to_string(folder.path().join(path)).expect("a file")
}

#[test]
fn safe_repairs_are_made_and_the_rest_is_reported() {
    let folder = both();
    let run = goleash(&folder, "--fix -f concise")
        .exits(1)
        .tells("repaired 1 finding in 1 file; 1 more has a repair to look at: --unsafe-fixes makes it\n")
        .tells("1 finding in 2 packages (2 files)\n");
    assert!(run.stdout.starts_with("b/stream.go:7:"), "{}", run.stdout);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    assert_eq!(text(&folder, "a/room.go"), room_given());
    assert_eq!(text(&folder, "b/stream.go"), STREAM);

    goleash(&folder, "--fix")
        .exits(1)
        .tells("repaired nothing; 1 more has a repair to look at");
    assert_eq!(text(&folder, "b/stream.go"), STREAM);
}

#[test]
fn the_others_are_made_on_request() {
    for line in ["--unsafe-fixes", "--fix --unsafe-fixes"] {
        let folder = both();
        let run = goleash(&folder, line)
            .exits(0)
            .tells("repaired 2 findings in 2 files\n")
            .tells("no findings in 2 packages (2 files)\n");
        assert_eq!(run.stdout, "");
        assert_eq!(text(&folder, "a/room.go"), room_given());
        assert_eq!(text(&folder, "b/stream.go"), STREAM_STOPPED);
        goleash(&folder, "").exits(0);
    }
}

#[test]
fn a_diff_shows_and_writes_nothing() {
    let folder = both();
    let run = goleash(&folder, "--diff")
        .exits(1)
        .tells("would repair 1 finding in 1 file, 1 finding left; 1 more has a repair to look at");
    let wanted = "--- a/a/room.go
+++ b/a/room.go
@@ -3,7 +3,7 @@
 import \"time\"
\x20
 func wait(work func() int) int {
-\tch := make(chan int) // the answer
+\tch := make(chan int, 1) // the answer
 \tgo func() { ch <- work() }()
 \tselect {
 \tcase n := <-ch:
";
    assert_eq!(run.stdout, wanted);
    let coloured = goleash(&folder, "--diff --color always").exits(1);
    assert!(
        coloured
            .stdout
            .contains("\u{1b}[32m+\tch := make(chan int, 1) // the answer\u{1b}[0m\n"),
        "{}",
        coloured.stdout
    );
    // With `--fix` it still only shows.
    goleash(&folder, "--fix --diff --unsafe-fixes")
        .exits(1)
        .tells("would repair 2 findings in 2 files, 0 findings left\n");
    assert_eq!(text(&folder, "a/room.go"), ROOM);
    assert_eq!(text(&folder, "b/stream.go"), STREAM);
    // Nothing to show is no finding.
    let clean = tree(&[("a.go", room_given().as_bytes())]);
    let run = goleash(&clean, "--diff")
        .exits(0)
        .tells("would repair nothing");
    assert_eq!(run.stdout, "");
}

#[test]
fn line_ends_and_marks_stay() {
    let crlf = |text: &str| format!("\u{feff}{}", text.trim_end().replace('\n', "\r\n"));
    let folder = tree(&[
        ("a/room.go", crlf(ROOM).as_bytes()),
        ("b/stream.go", crlf(STREAM).as_bytes()),
    ]);
    goleash(&folder, "--fix --unsafe-fixes").exits(0);
    assert_eq!(text(&folder, "a/room.go"), crlf(&room_given()));
    assert_eq!(text(&folder, "b/stream.go"), crlf(STREAM_STOPPED));
}

#[test]
#[cfg(unix)]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tree(&[
        ("real/room.go", ROOM.as_bytes()),
        ("p/doc.go", b"package p\n"),
    ]);
    let real = folder.path().join("real/room.go");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("permissions");
    symlink("../real/room.go", folder.path().join("p/room.go")).expect("a link");
    goleash(&folder, "--fix ./p").exits(0);
    let link = fs::symlink_metadata(folder.path().join("p/room.go")).expect("there");
    assert!(link.is_symlink());
    let mode = fs::metadata(&real).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(text(&folder, "real/room.go"), room_given());
    let names: Vec<_> = fs::read_dir(folder.path().join("real"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["room.go"], "nothing else is left behind");
}

#[test]
fn what_is_suppressed_or_accepted_is_not_repaired() {
    let suppressed = ROOM.replace(
        "\tgo func() {",
        "\t//goleash:ignore timeout-send the process ends soon\n\tgo func() {",
    );
    let folder = tree(&[("a.go", suppressed.as_bytes())]);
    goleash(&folder, "--fix --show-suppressed")
        .exits(0)
        .tells("repaired nothing\n");
    assert_eq!(text(&folder, "a.go"), suppressed);

    let folder = both();
    goleash(&folder, "baseline create --baseline known.json").exits(0);
    write(
        folder.path(),
        "c/room.go",
        ROOM.replace("wait", "listen").as_bytes(),
    );
    goleash(&folder, "--fix --baseline known.json")
        .exits(0)
        .tells("repaired 1 finding in 1 file\n");
    assert_eq!(text(&folder, "a/room.go"), ROOM);
    assert!(text(&folder, "c/room.go").contains("make(chan int, 1)"));
}

#[test]
fn repairs_that_overlap_take_turns() {
    // Both sends ask for a return behind the one before; the first of them takes the place.
    let source = "package p

func answer(fail, late bool) int {
\tch := make(chan int)
\tgo func() {
\t\tif fail {
\t\t\tch <- 1
\t\t}
\t\tif late {
\t\t\tch <- 2
\t\t}
\t\tch <- 3
\t}()
\treturn <-ch
}
";
    let folder = tree(&[("a.go", source.as_bytes())]);
    goleash(&folder, "-q").exits(1);
    goleash(&folder, "--fix --unsafe-fixes").exits(0);
    goleash(&folder, "").exits(0);
}

/// A source, and what the first repair of its only finding makes of one of its lines.
fn repaired(source: &str, line: &str, by: &str) {
    let folder = tree(&[("a.go", source.as_bytes())]);
    goleash(&folder, "--fix --unsafe-fixes").exits(0);
    assert!(source.contains(line), "{line}");
    assert_eq!(text(&folder, "a.go"), source.replace(line, by));
}

#[test]
fn a_system_in_which_nobody_can_be_stuck_any_more_is_repaired() {
    repaired(
        "package p

import \"context\"

// Each sends what becomes of the words until the context ends.
func Each(ctx context.Context, words []string) <-chan int {
\tout := make(chan int)
\tgo func() {
\t\tdefer close(out)
\t\tfor _, word := range words {
\t\t\tout <- len(word)
\t\t}
\t}()
\treturn out
}
",
        "\t\t\tout <- len(word)\n",
        "\t\t\tselect {\n\t\t\tcase out <- len(word):\n\t\t\tcase <-ctx.Done():\n\t\t\t\treturn\n\t\t\t}\n",
    );
}

#[test]
fn an_answer_gets_room_where_the_request_is_made() {
    repaired(
        "package p

import \"time\"

type request struct {
\tword  string
\treply chan int
}

func ask(requests chan request, word string) int {
\treq := request{word: word, reply: make(chan int)}
\trequests <- req
\tselect {
\tcase n := <-req.reply:
\t\treturn n
\tcase <-time.After(time.Second):
\t\treturn 0
\t}
}

func serve(words map[string]int) int {
\trequests := make(chan request)
\tdefer close(requests)
\tgo func() {
\t\tfor req := range requests {
\t\t\treq.reply <- words[req.word]
\t\t}
\t}()
\treturn ask(requests, \"a\")
}
",
        "make(chan int)}",
        "make(chan int, 1)}",
    );
}

#[test]
fn text_from_stdin_and_other_outputs_are_no_place_for_repairs() {
    let folder = both();
    for line in [
        "--fix --stdin-filename a/room.go",
        "--diff --stdin-filename a/room.go",
        "--diff --format json",
        "--diff --output x",
    ] {
        goleash(&folder, line).exits(2).tells("cannot be used with");
    }
}

#[test]
fn formats_carry_repairs() {
    let folder = tree(&[("room.go", ROOM.as_bytes())]);
    let json = goleash(&folder, "-f json").exits(1).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let fix = &json["findings"][0]["fixes"][0];
    assert_eq!(fix["title"], "give `ch` room for one value");
    assert_eq!(fix["safety"], "safe");
    assert_eq!(fix["edits"][0]["replacement"], ", 1");
    for (format, part) in [
        ("jsonl", "\"replacement\":\", 1\""),
        ("sarif", "\"insertedContent\""),
        ("rdjson", "\"suggestions\""),
    ] {
        let shown = goleash(&folder, &format!("-f {format}")).exits(1).stdout;
        assert!(shown.contains(part), "{format}:\n{shown}");
    }
}

// --- with git ---

fn git(folder: &Path, words: &[&str]) -> Result<(), String> {
    let output = Command::new("git")
        .current_dir(folder)
        .args([
            "-c",
            "user.name=n",
            "-c",
            "user.email=e",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(words)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .map_err(|error| format!("cannot run `git`: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Both packages in a repository of their own, all committed.
fn repository() -> Option<TempDir> {
    let folder = both();
    let made = git(folder.path(), &["init", "--quiet"])
        .and_then(|()| git(folder.path(), &["add", "."]))
        .and_then(|()| git(folder.path(), &["commit", "--quiet", "-m", "all"]));
    outside::or_skip(made).map(|()| folder)
}

#[test]
fn a_clean_tree_is_repaired_and_a_dirty_one_is_not() {
    let Some(folder) = repository() else { return };
    goleash(&folder, "--fix ./a")
        .exits(0)
        .tells("repaired 1 finding");
    // Now there are uncommitted changes: the repair itself.
    let refused = goleash(&folder, "--fix --unsafe-fixes")
        .exits(2)
        .tells("uncommitted changes")
        .tells("`a/room.go`")
        .tells("--allow-dirty");
    assert_eq!(refused.stdout, "");
    assert_eq!(text(&folder, "b/stream.go"), STREAM);
    // Looking is free.
    goleash(&folder, "--diff --unsafe-fixes").exits(1);
    goleash(&folder, "--fix --unsafe-fixes --allow-dirty").exits(0);
    assert_eq!(text(&folder, "b/stream.go"), STREAM_STOPPED);
}

#[test]
fn files_that_git_does_not_know_cannot_be_had_back() {
    let Some(folder) = repository() else { return };
    write(folder.path(), "new/room.go", ROOM.as_bytes());
    write(
        folder.path(),
        "notes.txt",
        b"untracked, and nothing to repair",
    );
    goleash(&folder, "--fix ./new")
        .exits(2)
        .tells("`new/room.go`");
    assert_eq!(text(&folder, "new/room.go"), ROOM);
    goleash(&folder, "--fix ./a").exits(0);
    assert_eq!(text(&folder, "a/room.go"), room_given());
}

#[test]
fn nothing_to_repair_is_no_matter_of_uncommitted_changes() {
    let Some(folder) = repository() else { return };
    write(folder.path(), "a/room.go", room_given().as_bytes());
    goleash(&folder, "--fix").exits(1).tells("repaired nothing");
}

#[test]
fn a_diff_can_be_applied() {
    let Some(folder) = repository() else { return };
    let diff = goleash(&folder, "--diff --unsafe-fixes").exits(1).stdout;
    write(folder.path(), "x.diff", diff.as_bytes());
    git(folder.path(), &["apply", "x.diff"]).expect("the diff applies");
    assert_eq!(text(&folder, "a/room.go"), room_given());
    assert_eq!(text(&folder, "b/stream.go"), STREAM_STOPPED);
}
