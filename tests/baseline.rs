//! Baselines, through the binary: made, used, kept up to date, merged by the real git.

mod binary;
#[path = "support/git.rs"]
mod git;
#[path = "support/outside.rs"]
mod outside;

use binary::{Run, goleash, tree, write};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const FILE: &str = "goleash-baseline.json";

/// A Go file whose functions leak, one each.
fn leaks(names: &[&str]) -> String {
    const BODY: &str = "(stop bool) {
\tch := make(chan int)
\tgo func() { ch <- 1 }()
\tif stop {
\t\treturn
\t}
\t<-ch
}
";
    let functions = names.iter().map(|name| format!("\nfunc {name}{BODY}"));
    format!("package p\n{}", functions.collect::<String>())
}

/// A module with the leaks of `one` and `two` in package `a`, and of `three` in `b`.
fn module() -> TempDir {
    tree(&[
        ("go.mod", b"module example.com/m\n\ngo 1.22\n"),
        ("a/x.go", leaks(&["one", "two"]).as_bytes()),
        ("b/y.go", leaks(&["three"]).as_bytes()),
    ])
}

fn change(folder: &TempDir, path: &str, text: &str) {
    write(folder.path(), path, text.as_bytes());
}

fn text(folder: &TempDir) -> String {
    fs::read_to_string(folder.path().join(FILE)).expect("a baseline")
}

fn entries(folder: &TempDir) -> Vec<Value> {
    let json: Value = serde_json::from_str(&text(folder)).expect("JSON");
    json["findings"].as_array().expect("a list").clone()
}

fn functions(folder: &TempDir) -> Vec<String> {
    let name = |entry: &Value| entry["function"].as_str().expect("text").to_owned();
    entries(folder).iter().map(name).collect()
}

fn checked(folder: &TempDir, more: &str) -> Run {
    goleash(folder, &format!("-f concise --baseline {FILE} {more}"))
}

#[test]
fn what_is_accepted_does_not_count_and_what_is_new_does() {
    let folder = module();
    let run = goleash(&folder, "baseline create").exits(0);
    assert_eq!(run.stderr, format!("{FILE}: 3 findings accepted\n"));
    assert_eq!(run.stdout, "");
    let run = checked(&folder, "").exits(0);
    assert_eq!(run.stdout, "");
    assert_eq!(
        run.stderr,
        "no findings in 2 packages (2 files); 3 in the baseline\n"
    );
    change(&folder, "b/y.go", &leaks(&["four", "three"]));
    let run = checked(&folder, "").exits(1);
    assert!(run.stdout.starts_with("b/y.go:5:"), "{}", run.stdout);
    assert_eq!(run.stdout.lines().count(), 1);
    // The same from another folder.
    let mut command = binary::command(&folder.path().join("b"));
    let output = command.args(["-f", "concise", "--baseline", "../goleash-baseline.json"]);
    let output = output.output().expect("the binary runs");
    let shown = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(shown.starts_with("y.go:5:"), "{shown}");
    assert_eq!(shown.lines().count(), 1);
}

#[test]
fn edits_elsewhere_leave_a_baseline_valid() {
    let folder = module();
    goleash(&folder, "baseline create").exits(0);
    let accepted = text(&folder);
    let source = leaks(&["one", "two"]);
    for (edited, why) in [
        (
            source.replace(
                "package p\n",
                "package p\n\nimport \"fmt\"\n\nfunc more() { fmt.Println() }\n",
            ),
            "code above",
        ),
        (
            source.replace("ch <- 1", "ch<-1 /* for ever */"),
            "layout and comments",
        ),
        (
            source.replace("\tch := make", "\tgo func() {}()\n\tch := make"),
            "a literal above",
        ),
        (leaks(&["two", "one"]), "another order"),
        (source.replace('\n', "\r\n"), "line ends"),
    ] {
        change(&folder, "a/x.go", &edited);
        let run = checked(&folder, "").exits(0);
        assert!(
            run.stderr.ends_with("; 3 in the baseline\n"),
            "{why}: {}",
            run.stderr
        );
    }
    // Another file of the same package: only where to look changes.
    fs::remove_file(folder.path().join("a/x.go")).expect("it is there");
    change(&folder, "a/z.go", &source);
    checked(&folder, "").exits(0);
    goleash(&folder, "baseline update")
        .exits(0)
        .tells("3 findings accepted (0 added, 0 removed)");
    assert_eq!(text(&folder), accepted.replace("a/x.go", "a/z.go"));
    goleash(&folder, "baseline update")
        .exits(0)
        .tells("up to date");
}

#[test]
fn one_more_of_the_same_is_new() {
    let folder = module();
    goleash(&folder, "baseline create").exits(0);
    let twice = leaks(&["three"]).replace("\tif stop", "\tgo func() { ch <- 1 }()\n\tif stop");
    change(&folder, "b/y.go", &twice);
    let run = checked(&folder, "").exits(1);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
}

#[test]
fn stale_entries_are_told_and_pruned() {
    let folder = module();
    goleash(&folder, "baseline create").exits(0);
    let before = text(&folder);
    change(&folder, "a/x.go", &leaks(&["two"]));
    let line = before
        .lines()
        .position(|l| l.contains("fingerprint"))
        .expect("one")
        + 1;
    let run = checked(&folder, "").exits(0).tells(&format!(
        "{FILE}:{line}: warning: nothing is found for this entry any more: early-return in one of example.com/m/a\n"
    ));
    assert!(
        run.stderr.ends_with("; 2 in the baseline, 1 stale\n"),
        "{}",
        run.stderr
    );
    assert_eq!(text(&folder), before, "a check changes nothing");
    change(&folder, "b/y.go", &leaks(&["three", "four"]));
    goleash(&folder, "baseline prune")
        .exits(0)
        .tells("2 findings accepted (0 added, 1 removed)");
    assert_eq!(functions(&folder), ["two", "three"]);
    goleash(&folder, "baseline update")
        .exits(0)
        .tells("3 findings accepted (1 added, 0 removed)");
    assert_eq!(functions(&folder), ["two", "four", "three"]);
}

#[test]
fn entries_are_stale_only_where_somebody_looked() {
    let folder = module();
    change(&folder, "c/c_test.go", &leaks(&["four"]));
    change(&folder, "c/c_windows.go", &leaks(&["win"]));
    change(&folder, "c/c_linux.go", &leaks(&["lin"]));
    change(&folder, "c/c.go", "package p\n");
    goleash(&folder, "baseline create --goos windows").exits(0);
    assert_eq!(functions(&folder), ["one", "two", "three", "four", "win"]);
    for (options, known) in [
        ("--goos windows", 5),
        ("--goos linux --ignore early-return", 0),
        ("--goos linux --no-tests ./c", 0),
        ("--goos windows --no-tests", 4),
        ("./a", 2),
        ("a/x.go", 2),
        ("--select ncast", 0),
    ] {
        let run = checked(&folder, options);
        assert!(!run.stderr.contains("stale"), "{options}: {}", run.stderr);
        assert!(
            run.stderr.contains(&format!("; {known} in the baseline")),
            "{options}: {}",
            run.stderr
        );
        let before = text(&folder);
        goleash(
            &folder,
            &format!("baseline prune {}", options.replace("a/x.go", "./a")),
        )
        .exits(0);
        assert_eq!(text(&folder), before, "{options}");
    }
    // Code that cannot be read hides findings.
    change(
        &folder,
        "b/y.go",
        "package p\n\nfunc three( {\n\tch <- := 1\n",
    );
    let run = checked(&folder, "--goos windows");
    assert!(!run.stderr.contains("stale"), "{}", run.stderr);
    // What is gone is gone.
    fs::remove_dir_all(folder.path().join("b")).expect("it is there");
    checked(&folder, "./a --goos windows").exits(0);
    checked(&folder, "--goos windows")
        .exits(0)
        .tells(", 1 stale");
    goleash(&folder, "baseline prune --goos windows")
        .exits(0)
        .tells("1 removed");
}

#[test]
fn an_update_of_one_package_leaves_the_others_alone() {
    let folder = module();
    goleash(&folder, "baseline create").exits(0);
    change(&folder, "a/x.go", &leaks(&["two", "six"]));
    change(&folder, "b/y.go", &leaks(&["seven"]));
    goleash(&folder, "baseline update ./a").exits(0);
    assert_eq!(functions(&folder), ["six", "two", "three"]);
}

#[test]
fn findings_of_a_baseline_are_shown_on_request_with_their_state() {
    let folder = module();
    goleash(&folder, "baseline create").exits(0);
    change(&folder, "b/y.go", &leaks(&["four", "three"]));
    let states = |more: &str| {
        let run = goleash(&folder, &format!("-f sarif --baseline {FILE} {more}")).exits(1);
        let log: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let results = log["runs"][0]["results"]
            .as_array()
            .expect("results")
            .clone();
        let state = |r: &Value| json!([r["baselineState"], r["suppressions"][0]["kind"]]);
        results.iter().map(state).collect::<Vec<_>>()
    };
    assert_eq!(states(""), [json!(["new", null])]);
    assert_eq!(
        states("--show-suppressed"),
        [
            json!(["unchanged", "external"]),
            json!(["unchanged", "external"]),
            json!(["new", null]),
            json!(["unchanged", "external"])
        ]
    );
    let shown = checked(&folder, "--show-suppressed").exits(1).stdout;
    assert_eq!(
        shown.matches("(suppressed: in the baseline)").count(),
        3,
        "{shown}"
    );
}

#[test]
fn what_is_suppressed_in_the_code_is_not_accepted_too() {
    let folder = module();
    let ignored = leaks(&["three"]).replace(
        "ch <- 1 }()",
        "ch <- 1 }() //goleash:ignore early-return known to the team",
    );
    change(&folder, "b/y.go", &ignored);
    goleash(&folder, "baseline create --show-suppressed").exits(0);
    assert_eq!(functions(&folder), ["one", "two"]);
}

#[test]
fn files_that_are_no_baselines_are_refused_and_left_alone() {
    let folder = module();
    goleash(&folder, "baseline create").exits(0);
    let good = text(&folder);
    let wrong = good.replace("\"version\": 1", "\"version\": 9");
    let conflict = good.replace("    {\n", "<<<<<<< HEAD\n    {\n");
    for (bad, message) in [
        ("", "goleash-baseline.json:1: EOF while parsing"),
        (
            "{\"version\": 1}",
            "goleash-baseline.json:1: missing field `findings`",
        ),
        (
            wrong.as_str(),
            "goleash-baseline.json:2: this goleash reads version 1",
        ),
        (
            conflict.as_str(),
            "goleash-baseline.json:4: there is an unresolved merge conflict",
        ),
        (
            "{\n\"version\": 1,\n\"findings\": [],\n\"more\": 1\n}",
            "goleash-baseline.json:4: unknown field `more`",
        ),
    ] {
        change(&folder, FILE, bad);
        for line in [
            "baseline update",
            "baseline prune",
            "--baseline goleash-baseline.json",
        ] {
            let run = goleash(&folder, line).exits(2).tells(message);
            assert_eq!(run.stdout, "");
            assert_eq!(text(&folder), bad);
        }
        goleash(&folder, "baseline create")
            .exits(2)
            .tells("exists already");
        assert_eq!(text(&folder), bad);
    }
    fs::remove_file(folder.path().join(FILE)).expect("it is there");
    let advice = "could not read the baseline `goleash-baseline.json`";
    checked(&folder, "")
        .exits(2)
        .tells(advice)
        .tells("`goleash baseline create`");
    goleash(&folder, "baseline update").exits(2).tells(advice);
    fs::write(folder.path().join(FILE), [0xff, 0xfe]).expect("writable");
    checked(&folder, "").exits(2).tells("UTF-8");
}

#[test]
fn nothing_is_written_when_not_everything_could_be_read() {
    let folder = module();
    goleash(&folder, "baseline create").exits(0);
    let before = text(&folder);
    let huge = fs::File::create(folder.path().join("a/huge.go")).expect("a file");
    huge.set_len((1 << 30) + 1).expect("a file with a hole");
    for line in [
        "baseline update",
        "baseline prune",
        "baseline create --baseline new.json",
    ] {
        goleash(&folder, line)
            .exits(2)
            .tells("a/huge.go: error: is too large")
            .tells("the baseline is left as it is");
    }
    assert_eq!(text(&folder), before);
    assert!(!folder.path().join("new.json").exists());
    goleash(&folder, "baseline create --baseline nowhere/x.json b")
        .exits(2)
        .tells("the folder of `nowhere/x.json` does not exist");
    goleash(&folder, "baseline update b/y.go")
        .exits(2)
        .tells("whole packages");
    goleash(&folder, "baseline update b -f json")
        .exits(2)
        .tells("takes no --format");
    let empty = tree(&[("a/", b"")]);
    goleash(&empty, "baseline create").exits(3);
    assert!(!empty.path().join(FILE).exists());
}

#[test]
fn the_file_is_what_its_schema_says_and_reads_back() {
    let folder = module();
    let medium = "package p\n\nfunc many(items []int) {\n\tch := make(chan int)\n\tfor range items {\n\t\tgo func() { ch <- 1 }()\n\t}\n\t<-ch\n}\n";
    change(&folder, "c/c.go", medium);
    goleash(&folder, "baseline create").exits(0);
    let schema: Value =
        serde_json::from_str(include_str!("../docs/schema/baseline.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let file: Value = serde_json::from_str(&text(&folder)).expect("JSON");
    let errors: Vec<_> = validator
        .iter_errors(&file)
        .map(|e| e.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert!(!validator.is_valid(&json!({"version": 2, "findings": []})));
    let page = include_str!("../docs/baseline.md");
    let shown = page.split("```json\n").nth(1).expect("an example");
    let shown = shown.split("```").next().expect("its end");
    let parsed: Value = serde_json::from_str(shown).expect("JSON");
    assert!(validator.is_valid(&parsed), "{shown}");
    let written = goleash::baseline::Baseline::parse(shown)
        .expect("a baseline")
        .render();
    assert_eq!(written, shown, "the example is as goleash writes it");
    let uncertain: Vec<_> = entries(&folder)
        .iter()
        .map(|e| e["confidence"].clone())
        .collect();
    assert!(uncertain.contains(&json!("medium")), "{uncertain:?}");
    // No line or column anywhere, and one field per line.
    for line in text(&folder).lines() {
        assert!(line.matches("\": ").count() <= 1, "{line}");
    }
    let sorted = text(&folder);
    fs::remove_file(folder.path().join(FILE)).expect("it is there");
    goleash(&folder, "baseline create --threads 1").exits(0);
    assert_eq!(text(&folder), sorted);
}

/// A branch that adds a leaking function and accepts it.
fn branch(folder: &Path, name: &str, path: &str) {
    git::git(folder, &["switch", "-q", "-c", name, "main"]);
    write(folder, path, leaks(&[name]).as_bytes());
    let output = binary::command(folder)
        .args(["baseline", "update"])
        .output();
    assert!(output.expect("the binary runs").status.success());
    git::commit(folder, name);
}

#[test]
fn branches_that_accept_different_findings_merge() {
    if outside::or_skip(outside::programs(&["git"])).is_none() {
        return;
    }
    let folder = module();
    goleash(&folder, "baseline create").exits(0);
    git::init(folder.path());
    branch(folder.path(), "early", "a/new.go");
    branch(folder.path(), "late", "c/new.go");
    git::git(folder.path(), &["merge", "-q", "-m", "both", "early"]);
    assert_eq!(functions(&folder), ["early", "one", "two", "three", "late"]);
    checked(&folder, "").exits(0).tells("; 5 in the baseline");
    // What a merge leaves is in order already.
    goleash(&folder, "baseline update")
        .exits(0)
        .tells("up to date");
}
