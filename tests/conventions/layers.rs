//! Who may use whom: the table of `docs/architecture.md` against the code.

use super::{names, read, root, rust_files};
use crate::documents::{cells, section};
use std::collections::BTreeSet;
use std::fs;

/// These see everything: they put the program together.
const TOP: [&str; 3] = ["lib", "main", "cli"];

/// A row of the table: a module, and the modules it may use.
type Row = (String, Vec<String>);

/// The rows, lowest layer first, without the top.
fn table() -> Vec<Row> {
    let text = read("docs/architecture.md");
    let rows = cells(section(&text, "layers")).into_iter().map(|row| {
        let used = row[2].split(", ").filter(|used| *used != "–");
        (
            row[0].trim_matches('`').to_owned(),
            used.map(str::to_owned).collect(),
        )
    });
    rows.filter(|(module, _): &Row| !TOP.contains(&module.as_str()))
        .collect()
}

#[test]
fn the_table_is_in_order() {
    let rows = table();
    let modules: BTreeSet<_> = rows.iter().map(|(module, _)| module.clone()).collect();
    let mut there: BTreeSet<_> = names("src")
        .iter()
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .filter(|name| !TOP.contains(&name.as_str()))
        .collect();
    there.insert("rules".to_owned());
    assert_eq!(modules, there, "modules of docs/architecture.md and of src");
    for (at, (module, used)) in rows.iter().enumerate() {
        for one in used {
            assert!(
                rows[..at].iter().any(|(lower, _)| lower == one),
                "`{module}` may use `{one}`, which is in no row above"
            );
        }
    }
}

#[test]
fn modules_use_only_the_layers_below_them() {
    let rows = table();
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
        let Some((_, allowed)) = rows.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        for name in used(&fs::read_to_string(&file).expect("a source file")) {
            if name != module && !allowed.contains(&name) && !name.is_empty() {
                wrong.push(format!("{} uses `{name}`", relative.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "not in the table of docs/architecture.md:\n{}",
        wrong.join("\n")
    );
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
