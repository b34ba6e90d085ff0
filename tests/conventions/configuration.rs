//! The configuration's schema, its documentation and what `goleash init` writes, held against each other and the code.

use super::documents::{section, settle};
use super::{names, read};
use goleash::config::{Config, INIT, schema};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const PAGE: &str = "docs/configuration.md";

/// The names of keys in a part of the schema, at every depth; those of rules are data and left out.
fn keys(schema: &Value, found: &mut BTreeSet<String>) {
    let Some(object) = schema.as_object() else {
        return schema
            .as_array()
            .into_iter()
            .flatten()
            .for_each(|s| keys(s, found));
    };
    for (name, part) in object {
        let properties = part.as_object().filter(|_| name == "properties");
        let rules = properties.is_some_and(|properties| properties.contains_key("early-return"));
        if !rules {
            found.extend(properties.into_iter().flatten().map(|(key, _)| key.clone()));
            keys(part, found);
        }
    }
}

/// What the settings in `INIT` say when all of them are in force: prose has a blank behind its `#`.
fn in_force() -> String {
    let lines = INIT.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with([' ', ':']) => setting,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn parse(text: &str) -> Result<Config, String> {
    let path = Path::new("goleash.toml");
    Config::parse(text, path, Path::new("/"), "goleash.toml").map_err(|e| e.to_string())
}

/// What the schema has against a text.
fn invalid(text: &str) -> Vec<String> {
    let value: toml::Value = toml::from_str(text).expect("TOML");
    let value = serde_json::to_value(value).expect("JSON");
    let validator = jsonschema::validator_for(&schema()).expect("a sound schema");
    validator
        .iter_errors(&value)
        .map(|e| e.to_string())
        .collect()
}

#[test]
fn the_schema_is_current() {
    let path = "docs/goleash.schema.json";
    let text = if names("docs").contains(&"goleash.schema.json".to_owned()) {
        read(path)
    } else {
        String::new()
    };
    settle(path, &text, &format!("{:#}\n", schema()));
}

#[test]
fn every_key_is_documented_and_in_what_init_writes() {
    let mut all = BTreeSet::new();
    keys(&schema(), &mut all);
    assert!(all.len() > 15 && all.contains("goarch"), "{all:?}");
    let page = read(PAGE);
    for key in all {
        assert!(
            page.contains(&format!("`{key}`")),
            "{PAGE} does not mention `{key}`"
        );
        let written = in_force();
        let mentioned = [format!("{key} ="), format!("[{key}]")];
        assert!(
            mentioned.iter().any(|m| written.contains(m)),
            "init.toml does not mention `{key}`"
        );
    }
}

#[test]
fn every_effect_is_explained() {
    let schema = schema();
    let effects = schema["definitions"]["Effect"]["oneOf"]
        .as_array()
        .expect("effects");
    let mut rows = Vec::new();
    for effect in effects {
        let name = effect["const"].as_str().expect("a name");
        // A row of a table is one line.
        let what = effect["description"].as_str().expect("a description");
        let what = what.replace('\n', " ");
        let what = what.trim_end_matches('.');
        let (first, rest) = what.split_at(1);
        rows.push(format!("| `{name}` | {}{rest} |\n", first.to_lowercase()));
    }
    let table = ["| Effect | The call |\n| --- | --- |\n", &rows.concat()].concat();
    let page = read(PAGE);
    let begin = "<!-- effects:begin -->\n";
    let old = format!("{begin}{}", section(&page, "effects"));
    settle(
        PAGE,
        &page,
        &page.replacen(&old, &format!("{begin}{table}"), 1),
    );
}

#[test]
fn what_init_writes_is_sound_as_it_is_and_with_everything_in_force() {
    for text in [INIT, &in_force()] {
        parse(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(invalid(text), [""; 0]);
    }
    let settings = |text: &str| toml::from_str::<toml::Table>(text).expect("TOML").len();
    assert_eq!(settings(INIT), 0, "it changes nothing as it is");
    assert!(settings(&in_force()) > 8);
}

#[test]
fn examples_on_the_page_are_sound() {
    let page = read(PAGE);
    let parts = page.split("```toml\n").skip(1);
    let examples: Vec<_> = parts
        .filter_map(|part| Some(part.split_once("```")?.0))
        .collect();
    assert!(examples.len() >= 3);
    for example in examples {
        parse(example).unwrap_or_else(|error| panic!("{error}\n{example}"));
        assert_eq!(invalid(example), [""; 0], "{example}");
    }
}

#[test]
fn the_schema_refuses_what_the_program_refuses() {
    for text in [
        "tets = true",
        "tests = 1",
        "min-confidence = \"sure\"",
        "fail-on = \"all\"",
        "exclude = \"a\"",
        "[rules]\nerly-return = \"off\"",
        "[rules]\nncast = \"maybe\"",
        "[rules]\nncast = false",
        "[build]\nos = \"linux\"",
        "[build]\ntags = \"a\"",
        "[[override]]\nrules = {}",
        "[[override]]\npaths = [\"a\"]",
        "[[known]]\nfunction = \"f\"\nrule = \"ncast\"",
        "[[known]]\nfunction = \"f\"\nrule = \"x\"\nreason = \"y\"",
        "[[function]]\nname = \"a.F\"",
        "[[function]]\nname = \"a.F\"\neffect = \"spwan\"",
        "[[function]]\nname = \"a.F\"\neffect = \"spawn\"\nargument = -1",
        "[[functions]]\nname = \"a.F\"\neffect = \"spawn\"",
    ] {
        assert!(parse(text).is_err(), "the program takes {text}");
        assert_ne!(invalid(text), [""; 0], "the schema takes {text}");
    }
}
