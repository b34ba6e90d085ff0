//! The formats read by the programs they are for.

use crate::outside::{or_skip, programs};
use crate::{HOSTILE_CODE, HOSTILE_NAME, leaks, parsed, paths, printed};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a program says of `input`.
fn said(command: &mut Command, input: &str) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("a reader");
    drop(stdin);
    let output = child.wait_with_output().expect("the program ends");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Prints `[name, line, column, severity, message, source]` of every `error`, after a parser that checks all of XML's rules.
const READ_XML: &str = r#"
import json, sys, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
assert root.tag == "checkstyle" and root.get("version")
print(json.dumps([
    [file.get("name")] + [error.get(key) for key in ("line", "column", "severity", "message", "source")]
    for file in root.iter("file") for error in file.iter("error")
]))
"#;

#[test]
fn an_xml_parser_reads_checkstyle() {
    if or_skip(programs(&["python3"])).is_none() {
        return;
    }
    let read = |xml: &str| {
        let rows = said(Command::new("python3").args(["-c", READ_XML]), xml);
        parsed(&rows).as_array().expect("rows").clone()
    };
    let rows = read(&printed("checkstyle"));
    assert_eq!(rows.len(), 2);
    // XML 1.0 has no way to write the escape character.
    assert_eq!(rows[0][0], HOSTILE_NAME.replace('\u{1b}', "\\u{1b}"));
    assert_eq!(rows[1][0], "x.go");
    for row in rows {
        assert_eq!(row[1], "8");
        assert_eq!(row[2], "16");
        assert_eq!(row[3], "warning");
        let message = row[4].as_str().expect("a message");
        assert!(
            message.contains(r#"errors.New("::error::%0A]]>\"<&'"#),
            "{message}"
        );
        assert_eq!(row[5], "goleash.early-return");
    }
    let empty = goleash::report::checkstyle::render(&goleash::analyze::Report::default());
    assert_eq!(read(&empty), [0; 0]);
}

/// What reviewdog understood, as its own lines of JSON.
fn reviewdog(folder: &Path, format: &str) -> Option<Vec<Value>> {
    or_skip(programs(&["git", "reviewdog"]))?;
    let git = Command::new("git")
        .args(["init", "-q"])
        .current_dir(folder)
        .status();
    assert!(git.expect("git runs").success());
    let mut command = Command::new("reviewdog");
    command.current_dir(folder).args([
        &format!("-f={format}"),
        "-reporter=rdjsonl",
        "-filter-mode=nofilter",
    ]);
    let lines = said(&mut command, &printed(format));
    Some(lines.lines().map(parsed).collect())
}

#[test]
fn reviewdog_reads_rdjson_checkstyle_and_sarif() {
    let folder = leaks();
    for (format, source) in [
        ("rdjson", "goleash"),
        ("checkstyle", "checkstyle"),
        ("sarif", "goleash"),
    ] {
        let Some(read) = reviewdog(folder.path(), format) else {
            return;
        };
        assert_eq!(read.len(), 2, "{format}");
        for (diagnostic, path) in read.iter().zip(paths()) {
            let path = match format {
                "checkstyle" => path.replace('\u{1b}', "\\u{1b}"),
                _ => path.to_owned(),
            };
            assert_eq!(diagnostic["location"]["path"], path, "{format}");
            // SARIF counts UTF-16 units, the others bytes.
            let start = &diagnostic["location"]["range"]["start"];
            assert_eq!(start["line"], 8, "{format}");
            if format != "sarif" {
                assert_eq!(start["column"], 16, "{format}");
            }
            assert_eq!(diagnostic["severity"], "WARNING", "{format}");
            assert_eq!(diagnostic["source"]["name"], source, "{format}");
        }
    }
}

/// The complaints of Microsoft's SARIF validator, with the rules for GitHub.
fn complaints(log: &Value) -> Vec<String> {
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("a.sarif");
    std::fs::write(&path, log.to_string()).expect("written");
    let output = Command::new("Sarif.Multitool")
        .args(["validate", "a.sarif", "--rule-kind", "Sarif;Ghas"])
        .current_dir(folder.path())
        .output()
        .expect("the multitool runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("1 files scanned"), "{text}");
    text.lines()
        .filter(|line| line.contains(": error ") || line.contains(": warning "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_sarif_multitool_has_no_complaint_with_the_rules_for_github() {
    if or_skip(programs(&["Sarif.Multitool"])).is_none() {
        return;
    }
    let log = parsed(&printed("sarif --category server"));
    assert_eq!(complaints(&log), [""; 0]);
    let made_up = goleash::report::sarif::render(
        &crate::made_up::report(),
        &crate::made_up::INVOCATION,
        &goleash::report::sarif::Options::default(),
    );
    assert_eq!(complaints(&parsed(&made_up)), [""; 0]);
    let mut wrong = log;
    wrong["runs"][0]["results"][0]["locations"] = json!([]);
    assert!(!complaints(&wrong).is_empty());
}

/// Has GitHub's toolkit write the commands, from the values that a JSON array on stdin holds.
const WRITE_COMMANDS: &str = r#"
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const core = await import(pathToFileURL(process.argv[1]));
for (const { message, ...properties } of JSON.parse(readFileSync(0))) core.warning(message, properties);
"#;

#[test]
fn github_commands_are_those_of_githubs_own_toolkit() {
    if or_skip(programs(&["node"])).is_none() {
        return;
    }
    let modules = std::env::var_os("GOLEASH_NODE_MODULES").map(PathBuf::from);
    let modules = modules.filter(|folder| folder.join("@actions/core").is_dir());
    let why = || "GOLEASH_NODE_MODULES names no folder with @actions/core in it".to_owned();
    let Some(modules) = or_skip(modules.ok_or_else(why)) else {
        return;
    };
    // The toolkit writes raw what a terminal could obey; everything else has to be the same to the byte.
    let path = HOSTILE_NAME.replace('\u{1b}', "");
    let folder = crate::binary::tree(&[(path.as_str(), HOSTILE_CODE.as_bytes())]);
    let ours = crate::binary::goleash(&folder, "-q -f github")
        .exits(1)
        .stdout;
    let json = crate::binary::goleash(&folder, "-q -f json")
        .exits(1)
        .stdout;
    let finding = &parsed(&json)["findings"][0];
    let shown = path.replace('\n', "\\n");
    let input = json!([{
        "message": format!(
            "{shown}:8:16: {}\n{}\n{}",
            finding["message"].as_str().expect("text"),
            finding["help"].as_str().expect("text"),
            finding["rule_url"].as_str().expect("text"),
        ),
        "title": "goleash (early-return)",
        "file": path,
        "startLine": 8,
        "endLine": 8,
        "startColumn": finding["at"]["start"]["utf16_column"],
        "endColumn": finding["at"]["end"]["utf16_column"],
    }]);
    let mut command = Command::new("node");
    command.args(["--input-type=module", "-e", WRITE_COMMANDS]);
    command.arg(modules.join("@actions/core/lib/core.js"));
    let theirs = said(&mut command, &input.to_string());
    assert_eq!(ours, theirs);
}
