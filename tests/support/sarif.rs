//! The official schema of SARIF.

use serde_json::Value;

/// The official schema, but for one thing: its pattern for `language`, which we never write, is no valid regular expression.
pub(crate) fn validator() -> jsonschema::Validator {
    let schema = include_str!("../data/sarif-schema-2.1.0.json");
    let mut schema: Value = serde_json::from_str(schema).expect("JSON");
    for object in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][object]["properties"]["language"];
        let pattern = language.as_object_mut().and_then(|l| l.remove("pattern"));
        assert!(pattern.is_some(), "{object}");
    }
    jsonschema::validator_for(&schema).expect("a schema")
}

/// Asserts that the official schema has nothing against a log.
#[track_caller]
pub(crate) fn assert_valid(log: &Value) {
    let validator = validator();
    let errors: Vec<_> = validator
        .iter_errors(log)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}\n{log:#}", errors.join("\n"));
}
