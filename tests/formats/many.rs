//! Several formats in one run, and what formats for people and for GitHub make of hostile names.

use crate::binary::{goleash, tree};
use crate::{HOSTILE_CODE, leaks, parsed, paths, printed};
use std::fmt::Write as _;
use std::fs;

#[test]
fn each_format_is_written_where_it_is_sent() {
    let folder = leaks();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("written");
    let run = goleash(
        &folder,
        "-f sarif=out.sarif -f concise -f json=out.json -f checkstyle=c.xml",
    )
    .exits(1);
    for (name, format) in [
        ("out.sarif", "sarif"),
        ("out.json", "json"),
        ("c.xml", "checkstyle"),
    ] {
        assert_eq!(read(name), goleash(&folder, &format!("-f {format}")).stdout);
    }
    assert_eq!(run.stdout, goleash(&folder, "-f concise").stdout);
    // All of them into files: nothing on stdout.
    let run = goleash(&folder, "-f json=a -f full=b").exits(1);
    assert_eq!(run.stdout, "");
    assert_eq!(read("b"), goleash(&folder, "").stdout);
    let run = goleash(&folder, "-f json=a -f concise --output c").exits(1);
    assert_eq!(run.stdout, "");
    assert_eq!(read("c"), goleash(&folder, "-f concise").stdout);
}

#[test]
fn nothing_is_written_when_one_file_cannot_be() {
    let folder = leaks();
    goleash(&folder, "-f json=a.json -f sarif=nowhere/out.sarif")
        .exits(2)
        .tells("the folder of `nowhere/out.sarif` does not exist");
    assert!(!folder.path().join("a.json").exists());
}

#[test]
fn people_see_no_terminal_commands_and_one_line_per_line() {
    for format in ["full", "concise"] {
        let shown = printed(format);
        assert!(
            !shown.contains(|c: char| c.is_control() && c != '\n'),
            "{shown:?}"
        );
    }
    assert_eq!(printed("concise").lines().count(), paths().len());
}

#[test]
fn github_sees_one_command_per_line_and_nothing_else() {
    let shown = printed("github");
    assert_eq!(shown.lines().count(), paths().len());
    for line in shown.lines() {
        let properties = line.strip_prefix("::warning ").expect(line);
        let (properties, message) = properties.split_once("::").expect(line);
        let names: Vec<_> = properties
            .split(',')
            .filter_map(|property| Some(property.split_once('=')?.0))
            .collect();
        assert_eq!(
            names,
            ["title", "file", "line", "endLine", "col", "endColumn"],
            "{line}"
        );
        assert!(message.contains("blocks for ever"), "{line}");
        assert!(!line.contains('\u{1b}'), "{line:?}");
    }
}

/// A file with so many leaks, `high` of them sure.
fn many(count: usize) -> String {
    let mut text = "package p\n".to_owned();
    for index in 0..count {
        let body = HOSTILE_CODE.split_once("func save").expect("a function").1;
        let body = body.replace("errors.New", "fail");
        writeln!(text, "\nfunc save{index}{body}").expect("a string takes all");
    }
    text + "\nfunc fail(string) error { return nil }\n"
}

#[test]
fn github_gets_ten_annotations_of_a_kind_and_is_told_of_the_rest() {
    let folder = tree(&[("x.go", many(10).as_bytes())]);
    let run = goleash(&folder, "-f github").exits(1);
    assert_eq!(run.stdout.matches("::warning ").count(), 10);
    assert!(!run.stdout.contains("::notice"), "{}", run.stdout);
    let folder = tree(&[("x.go", many(13).as_bytes())]);
    let run = goleash(&folder, "-f github").exits(1).tells("13 findings");
    assert_eq!(run.stdout.matches("::warning ").count(), 10);
    let last = run.stdout.lines().last().expect("lines");
    assert_eq!(
        last,
        "::notice title=goleash::3 of 13 findings are not annotated here: GitHub shows 10 of a kind per step"
    );
}

#[test]
fn a_category_is_for_code_scanning() {
    let folder = leaks();
    let log = |line: &str| parsed(&goleash(&folder, line).exits(1).stdout);
    let id = |line: &str| log(line)["runs"][0]["automationDetails"]["id"].clone();
    assert_eq!(id("-f sarif"), serde_json::Value::Null);
    assert_eq!(id("-f sarif --category server"), "server/");
    assert_eq!(id("-f sarif --category go/linux/"), "go/linux/");
}
