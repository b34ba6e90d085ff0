//! What must agree across the tree: names of rules, pages, modules and fixtures; who may use whom; what the documents say;
//! the style of messages.
//!
//! `UPDATE=1 cargo test --test conventions` rewrites the generated parts of the documents.

mod configuration;
mod dependencies;
mod documents;
mod layers;
mod messages;

use goleash::rule::Rule;
use goleash::rules::{RULES, by_id};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The names in a folder, sorted.
fn names(folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(root().join(folder)) else {
        return Vec::new();
    };
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn only_their_modules_know_the_libraries_for_syntax_and_drawing() {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file");
        let path = file.to_string_lossy().replace('\\', "/");
        let holds = |what: &str| {
            text.lines()
                .any(|l| l.trim_start().starts_with("use ") && l.contains(what))
        };
        if holds("codespan_reporting") {
            assert!(
                path.ends_with("src/report/human.rs"),
                "{path} uses codespan"
            );
        }
        if holds("tree_sitter") {
            let allowed = path.contains("src/parse") || path.contains("src/syntax/");
            assert!(allowed, "{path} uses tree-sitter");
        }
    }
}

/// The rules that explain leaks. Those about comments have no classifier, and no fixtures that Go could referee.
fn about_leaks() -> impl DoubleEndedIterator<Item = &'static Rule> {
    RULES.iter().filter(|rule| !rule.is_about_comments())
}

#[test]
fn a_rule_has_one_name_everywhere() {
    let ids: BTreeSet<_> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(ids.len(), RULES.len(), "an id is used twice");
    let files = names("rules");
    let stems = |suffix: &str, without: &[&str]| -> BTreeSet<String> {
        let stems = files.iter().filter_map(|name| name.strip_suffix(suffix));
        stems
            .filter(|stem| !without.contains(stem))
            .map(|stem| stem.replace('_', "-"))
            .collect()
    };
    assert_eq!(stems(".md", &["README"]), ids, "pages");
    let leaks: Vec<_> = about_leaks().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(
        stems(".rs", &["registry", "wishes", "wording", "sample"]),
        leaks.iter().cloned().collect(),
        "modules"
    );
    for id in &ids {
        let words: Vec<_> = id.split('-').collect();
        let plain = |w: &&str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase());
        assert!(words.len() <= 3 && words.iter().all(plain), "`{id}`");
        let metadata = by_id(id).expect("listed").metadata();
        assert_eq!(&metadata.id, id, "front matter of rules/{id}.md");
    }
    let last: Vec<_> = leaks.iter().rev().take(2).collect();
    assert_eq!(
        last,
        ["unsent-receive", "unreceived-send"],
        "the general rules come last"
    );
}

#[test]
fn fixtures_belong_to_rules() {
    let folders: BTreeSet<_> = names("fixtures")
        .into_iter()
        .filter(|name| root().join("fixtures").join(name).is_dir())
        .collect();
    for folder in &folders {
        let other = ["clean", "lang", "cli"].contains(&folder.as_str());
        assert!(
            other || by_id(folder).is_some(),
            "fixtures/{folder} is no rule's"
        );
    }
    if !folders.is_empty() {
        for rule in about_leaks() {
            assert!(folders.contains(rule.id), "fixtures/{} is missing", rule.id);
        }
    }
}

#[test]
fn pages_are_complete() {
    const KEYS: [&str; 8] = [
        "id",
        "title",
        "severity",
        "confidence",
        "default",
        "since",
        "also-known-as",
        "fix",
    ];
    for rule in RULES {
        let front = rule.page.split("---\n").nth(1).unwrap_or_default();
        let keys: Vec<_> = front
            .lines()
            .filter_map(|l| Some(l.split_once(": ")?.0))
            .collect();
        assert_eq!(keys, KEYS, "front matter of {}", rule.id);
        assert!(
            front.lines().all(|l| !l.ends_with(':')),
            "empty field in {}",
            rule.id
        );
        let body = rule.markdown();
        let headings: Vec<_> = body.lines().filter(|l| l.starts_with('#')).collect();
        let first = if rule.is_about_comments() {
            "## Reported"
        } else {
            "## Leaks"
        };
        assert_eq!(
            headings,
            [first, "## Clean", "## How to fix", "## Known limits"],
            "headings of {}",
            rule.id
        );
        let fences: Vec<_> = body.lines().filter(|l| l.starts_with("```g")).collect();
        assert_eq!(
            fences,
            ["```go leaks", "```go clean"],
            "examples of {}",
            rule.id
        );
        let lead = rule.lead().chars().count();
        assert!(
            (40..=1024).contains(&lead),
            "lead paragraph of {}: {lead}",
            rule.id
        );
        assert!(
            front.contains("severity: warning")
                || front.contains("severity: error")
                || front.contains("severity: note")
        );
        assert!(
            front.contains("\ndefault: on\n") || front.contains("\ndefault: off\n"),
            "default of {}",
            rule.id
        );
    }
}
