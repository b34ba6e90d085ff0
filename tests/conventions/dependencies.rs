//! What goleash is made of: licences, sources and banned crates of `deny.toml`, for everything in `Cargo.lock`.

use super::{read, root};
use serde_json::Value;
use std::process::Command;

/// What `cargo metadata` knows of the crates, this one left out.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let known: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("{}", String::from_utf8_lossy(&output.stderr));
    });
    let all = known["packages"].as_array().expect("a list").iter();
    all.filter(|package| package["name"] != "goleash")
        .cloned()
        .collect()
}

fn words(rules: &toml::Value, table: &str, key: &str) -> Vec<String> {
    let list = rules[table][key].as_array().expect("a list").iter();
    let word = |value: &toml::Value| {
        let name = value.get("name").unwrap_or(value);
        name.as_str().expect("a text").to_owned()
    };
    list.map(word).collect()
}

#[test]
fn every_crate_is_one_that_may_be_used() {
    let rules: toml::Value = toml::from_str(&read("deny.toml")).expect("TOML");
    let allowed = words(&rules, "licenses", "allow");
    let banned = words(&rules, "bans", "deny");
    let packages = packages();
    assert!(packages.len() > 50, "{}", packages.len());
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let license = package["license"].as_str().unwrap_or_default();
        if !is_allowed(license, &allowed) {
            wrong.push(format!("{name}: licence `{license}`"));
        }
        let source = package["source"].as_str().unwrap_or_default();
        if source != "registry+https://github.com/rust-lang/crates.io-index" {
            wrong.push(format!("{name}: source `{source}`"));
        }
        if banned.iter().any(|banned| banned == name) {
            wrong.push(format!("{name} is banned"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a licence expression (SPDX) can be met with the allowed licences.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    either(&mut words, allowed) && words.next().is_none()
}

type Words<'w, 'p> = &'w mut std::iter::Peekable<std::str::SplitWhitespace<'p>>;

fn either(words: Words<'_, '_>, allowed: &[String]) -> bool {
    let mut met = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= both(words, allowed);
    }
    met
}

fn both(words: Words<'_, '_>, allowed: &[String]) -> bool {
    let mut met = single(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= single(words, allowed);
    }
    met
}

fn single(words: Words<'_, '_>, allowed: &[String]) -> bool {
    let Some(word) = words.next() else {
        return false;
    };
    if word == "(" {
        return either(words, allowed) && words.next() == Some(")");
    }
    if words.next_if_eq(&"WITH").is_some() {
        // An exception is a licence of its own, which no list of ours has.
        words.next();
        return false;
    }
    allowed.iter().any(|license| license == word)
}

#[test]
fn licence_expressions_are_understood() {
    let allowed = ["MIT".to_owned(), "Zlib".to_owned()];
    for (expression, met) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("Unlicense/MIT", true),
        ("(MIT OR GPL-3.0) AND Zlib", true),
        ("(MIT OR GPL-3.0) AND Unicode-3.0", false),
        ("MIT WITH LLVM-exception", false),
        ("MIT WITH LLVM-exception OR MIT", true),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), met, "{expression}");
    }
}

#[test]
fn there_is_no_unsafe_code() {
    let lints: toml::Value = toml::from_str(&read("Cargo.toml")).expect("TOML");
    assert_eq!(
        lints["lints"]["rust"]["unsafe_code"].as_str(),
        Some("forbid")
    );
}
