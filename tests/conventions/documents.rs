//! What the documents say: generated tables, shown output, commands, names of reasons, links.

use super::{names, read, root, rust_files};
use goleash::rule::markdown_table;
use goleash::rules::RULES;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// What stands between `<!-- name:begin -->` and `<!-- name:end -->`.
pub(crate) fn section<'t>(text: &'t str, name: &str) -> &'t str {
    let (begin, end) = (
        format!("<!-- {name}:begin -->\n"),
        format!("<!-- {name}:end -->"),
    );
    text.split_once(&begin)
        .and_then(|(_, after)| Some(after.split_once(&end)?.0))
        .unwrap_or_else(|| panic!("no `{}` … `{end}`", begin.trim()))
}

/// The cells of a table's body.
pub(crate) fn cells(table: &str) -> Vec<Vec<&str>> {
    table
        .lines()
        .skip(2)
        .map(|line| {
            let line = line.trim_start_matches("| ").trim_end_matches(" |");
            line.split(" | ").collect()
        })
        .collect()
}

/// Holds a document against what it should be; with `UPDATE` in the environment it is rewritten instead.
pub(crate) fn settle(path: &str, text: &str, wanted: &str) {
    if text != wanted && std::env::var_os("UPDATE").is_some() {
        fs::write(root().join(path), wanted).expect("writable");
    } else {
        assert!(
            text == wanted,
            "{path} is out of date: UPDATE=1 cargo test --test conventions"
        );
    }
}

/// Runs goleash at the root of the project with the words of `line`.
fn goleash(line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_goleash"))
        .args(line.split(' '))
        .current_dir(root())
        .env("NO_COLOR", "1")
        .output()
        .expect("goleash runs")
}

/// The generated parts of the READMEs: one test, because two would overwrite each other's update.
#[test]
fn generated_parts_are_current() {
    for (path, prefix) in [("rules/README.md", ""), ("README.md", "rules/")] {
        let text = read(path);
        let begin = "<!-- rules:begin -->\n";
        let old = format!("{begin}{}", section(&text, "rules"));
        let new = format!("{begin}{}", markdown_table(RULES, prefix));
        let wanted = text.replacen(&old, &new, 1);
        settle(path, &text, &with_output(&wanted));
    }
}

/// `text` with the fence below each `<!-- output of: goleash … -->` filled by what that command prints: all of it, or what
/// `| at /json/pointer` points to.
fn with_output(text: &str) -> String {
    const COMMENT: &str = "<!-- output of: goleash ";
    const FENCE: &str = " -->\n```";
    let mut parts = text.split(COMMENT);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (line, rest) = part.split_once(FENCE).expect("a fence below the comment");
        let (language, rest) = rest.split_once('\n').expect("the text of the fence");
        let end = if rest.starts_with("```") {
            0
        } else {
            rest.find("\n```").expect("the end of the fence") + 1
        };
        let (command, filter) = line.split_once(" | ").unwrap_or((line, ""));
        let shown = goleash(command).stdout;
        let shown = filtered(&String::from_utf8(shown).expect("text"), filter);
        let shown = shown.trim_end();
        out += &[COMMENT, line, FENCE, language, "\n", shown, "\n"].concat();
        out.push_str(&rest[end..]);
    }
    out
}

fn filtered(text: &str, filter: &str) -> String {
    match filter.split_once(' ') {
        Some(("at", pointer)) => {
            let json: serde_json::Value = serde_json::from_str(text).expect("JSON");
            let part = json.pointer(pointer);
            short(part.unwrap_or_else(|| panic!("no {pointer}")), "")
        }
        None if filter.is_empty() => text.to_owned(),
        _ => panic!("unknown filter `{filter}`"),
    }
}

/// JSON with what fits a line on one line.
fn short(json: &serde_json::Value, indent: &str) -> String {
    use serde_json::Value;
    const WIDTH: usize = 120;
    let whole = json.to_string();
    if whole.len() + indent.len() <= WIDTH {
        return whole;
    }
    let deeper = format!("{indent}  ");
    let (open, close, items): (_, _, Vec<String>) = match json {
        Value::Array(list) => ('[', ']', list.iter().map(|v| short(v, &deeper)).collect()),
        Value::Object(object) => {
            let item = |(key, value)| format!("{key:?}: {}", short(value, &deeper));
            ('{', '}', object.iter().map(item).collect())
        }
        _ => return whole,
    };
    let items = items.join(&format!(",\n{deeper}"));
    format!("{open}\n{deeper}{items}\n{indent}{close}")
}

#[test]
fn shown_output_is_current() {
    let path = "docs/formats.md";
    let text = read(path);
    settle(path, &text, &with_output(&text));
}

#[test]
fn every_format_is_described() {
    let help = String::from_utf8(goleash("-f nonsense").stderr).expect("text");
    let (_, values) = help.split_once("[possible values: ").expect("the formats");
    let formats: Vec<_> = values
        .split(']')
        .next()
        .unwrap_or_default()
        .split(", ")
        .collect();
    let text = read("docs/formats.md");
    let headings: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`'))
        .collect();
    assert_eq!(headings, formats);
    let readme = read("README.md");
    for format in formats {
        assert!(readme.contains(&format!("`{format}`")), "README: {format}");
    }
}

#[test]
fn the_two_commands_do_what_the_readme_says() {
    const HEADING: &str = "## The two commands\n";
    let readme = read("README.md");
    let (_, after) = readme.split_once(HEADING).expect("the heading");
    let part = after.split("\n## ").next().unwrap_or_default();
    let commands: Vec<_> = part
        .split("```sh\n")
        .skip(1)
        .filter_map(|fence| Some(fence.split_once("\n```")?.0))
        .collect();
    let [run, "cargo test"] = commands[..] else {
        panic!("{commands:?}");
    };
    let line = run.strip_prefix("cargo run --release -- ").expect(run);
    assert_eq!(goleash(line).status.code(), Some(1), "{line}");
    // Not part of the published package.
    if root().join(".ci/run").exists() {
        assert!(
            read(".ci/run").contains(&format!("/^{}$/", HEADING.trim_end())),
            ".ci/run reads the test command from another heading"
        );
    }
}

#[test]
fn every_reason_to_abstain_is_documented() {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    let mut named = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file");
        for call in text.split("abstain(").skip(1) {
            let call = call.split(';').next().unwrap_or_default();
            let quoted = call.split('"').skip(1).step_by(2);
            named.extend(quoted.map(str::to_owned));
        }
    }
    let text = read("docs/architecture.md");
    let documented: BTreeSet<_> = cells(section(&text, "abstentions"))
        .into_iter()
        .map(|row| row[0].trim_matches('`').to_owned())
        .collect();
    assert_eq!(
        named, documented,
        "names in src and in docs/architecture.md"
    );
}

#[test]
fn links_lead_somewhere() {
    let is_page = |name: &String| Path::new(name).extension().is_some_and(|e| e == "md");
    let documents = names("docs").into_iter().filter(is_page);
    let documents = documents.map(|name| format!("docs/{name}"));
    let top = names("").into_iter().filter(is_page);
    for path in documents.chain(top).chain(["rules/README.md".to_owned()]) {
        let text = read(&path);
        let folder = root().join(&path).parent().expect("a folder").to_owned();
        // What stands in fences is output or code.
        let prose: String = text.split("\n```").step_by(2).collect();
        for link in prose.split("](").skip(1) {
            let link = link.split([')', '#']).next().unwrap_or_default();
            let local = !link.is_empty() && !link.contains("://");
            assert!(
                !local || folder.join(link).exists(),
                "{path} links to `{link}`"
            );
        }
    }
}
