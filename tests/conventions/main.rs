//! What must agree across the tree: names of rules, pages, modules and fixtures; who may use whom; generated tables; the
//! style of messages.
//!
//! `UPDATE=1 cargo test --test conventions` rewrites the generated tables.

mod messages;

use goleash::rule::markdown_table;
use goleash::rules::{RULES, by_id};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may use whom, as `docs/architecture.md` has it. The first column is the module below `src`, or `rules`.
const LAYERS: &[(&str, &str)] = &[
    ("source", ""),
    ("parse", "source"),
    ("syntax", "parse source"),
    ("package", "syntax parse source"),
    ("library", ""),
    ("resolve", "package library syntax source"),
    ("flow", "resolve package library syntax source"),
    ("summary", "flow resolve package library syntax source"),
    (
        "model",
        "summary flow resolve package library syntax source",
    ),
    ("leak", "source"),
    ("solve", "model leak source"),
    ("finding", "leak syntax source"),
    ("fix", "finding leak syntax source"),
    ("rule", "finding leak source"),
    ("rules", "rule finding leak source"),
    ("suppress", "finding syntax source"),
    ("baseline", "finding syntax source"),
    (
        "analyze",
        "source parse syntax package library resolve flow summary model leak solve finding fix rule rules suppress baseline",
    ),
    ("report", "analyze rules rule finding leak source"),
    ("gomod", "analyze package source"),
    ("merge", "analyze finding leak source"),
    ("config", "analyze finding leak rule rules source"),
    ("walk", "analyze gomod package source"),
    (
        "vettool",
        "analyze merge report finding leak package source",
    ),
    (
        "lsp",
        "analyze report rules rule finding leak package source",
    ),
];

/// These see everything: they put the program together.
const TOP: &[&str] = &["lib", "main", "cli"];

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

/// The modules that the code of `text` (comments left out) names after `crate::`.
fn used(text: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let code: Vec<_> = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect();
    for after in code.join("\n").split("crate::").skip(1) {
        // `use crate::{a::B, c}` names several.
        let group = after.strip_prefix('{').and_then(|g| g.split_once("};"));
        for item in group.map_or(after, |(items, _)| items).split(',') {
            let name: String = item
                .trim_start()
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            out.insert(name);
            if group.is_none() {
                break;
            }
        }
    }
    out
}

#[test]
fn modules_use_only_the_layers_below_them() {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    rust_files(&root().join("rules"), &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let relative = file.strip_prefix(root()).expect("below the root");
        let mut parts = relative.iter().map(|p| p.to_string_lossy().into_owned());
        let module = match (parts.next().as_deref(), parts.next()) {
            (Some("rules"), _) => "rules".to_owned(),
            (_, Some(name)) => name.trim_end_matches(".rs").to_owned(),
            _ => continue,
        };
        if TOP.contains(&module.as_str()) {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("`{module}` is in no layer of the table"));
            continue;
        };
        for name in used(&fs::read_to_string(&file).expect("a source file")) {
            // A name with a capital is an item of the crate root, made by a macro.
            if name != module && !allowed.split(' ').any(|a| a == name) && !name.is_empty() {
                wrong.push(format!("{} uses `{name}`", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
    assert_eq!(
        stems(".rs", &["registry", "wording", "sample"]),
        ids,
        "modules"
    );
    for id in &ids {
        let words: Vec<_> = id.split('-').collect();
        let plain = |w: &&str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase());
        assert!(words.len() <= 3 && words.iter().all(plain), "`{id}`");
        let metadata = by_id(id).expect("listed").metadata();
        assert_eq!(&metadata.id, id, "front matter of rules/{id}.md");
    }
    let last: Vec<_> = RULES.iter().rev().take(2).map(|rule| rule.id).collect();
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
        for rule in RULES {
            assert!(folders.contains(rule.id), "fixtures/{} is missing", rule.id);
        }
    }
}

#[test]
fn pages_are_complete() {
    const KEYS: [&str; 7] = [
        "id",
        "title",
        "severity",
        "confidence",
        "since",
        "also-known-as",
        "fix",
    ];
    const HEADINGS: [&str; 4] = ["## Leaks", "## Clean", "## How to fix", "## Known limits"];
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
        assert_eq!(headings, HEADINGS, "headings of {}", rule.id);
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
    }
}

/// `text` with what stands between the markers replaced by `table`; all of it when there are no markers.
fn with_table(text: &str, table: &str) -> String {
    const BEGIN: &str = "<!-- rules:begin -->";
    const END: &str = "<!-- rules:end -->";
    match (text.find(BEGIN), text.find(END)) {
        (Some(begin), Some(end)) if begin < end => {
            format!("{}{BEGIN}\n{table}{}", &text[..begin], &text[end..])
        }
        _ => panic!("no `{BEGIN}` … `{END}`"),
    }
}

#[test]
fn generated_tables_are_current() {
    for (readme, prefix) in [("rules/README.md", ""), ("README.md", "rules/")] {
        if !root().join(readme).exists() {
            continue;
        }
        let text = read(readme);
        let wanted = with_table(&text, &markdown_table(RULES, prefix));
        if text != wanted && std::env::var_os("UPDATE").is_some() {
            fs::write(root().join(readme), &wanted).expect("writable");
        } else {
            assert!(
                text == wanted,
                "{readme} is out of date: UPDATE=1 cargo test --test conventions"
            );
        }
    }
}
