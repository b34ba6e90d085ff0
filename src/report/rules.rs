//! The list of rules as text and as JSON (`goleash list-rules`).
//!
//! In: the rules with the metadata of their pages. Out: text. Deliberately absent: the pages' prose (`explain`).

use crate::rule::{Metadata, Rule};
use serde_json::{Value, json};

/// A table: id, severity, confidence, whether it is on by default, title.
pub fn table(rules: &[Rule]) -> String {
    let header = ["rule", "severity", "confidence", "default", "title"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(header)
        .chain(rules.iter().map(|rule| row(rule.metadata())))
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths = [0, 1, 2, 3].map(|column| width(column).unwrap_or(0));
    let [a, b, c, d] = widths;
    rows.iter().fold(
        String::new(),
        |text, [id, severity, confidence, default, title]| {
            let line = format!("{id:a$}  {severity:b$}  {confidence:c$}  {default:d$}  {title}");
            text + line.trim_end() + "\n"
        },
    )
}

fn row(meta: Metadata) -> [String; 5] {
    let default = meta.default_word().to_owned();
    [
        meta.id,
        meta.severity.as_str().to_owned(),
        meta.confidence.as_str().to_owned(),
        default,
        meta.title,
    ]
}

/// A JSON array with all metadata of each rule.
pub fn json(rules: &[Rule]) -> String {
    let list: Vec<Value> = rules
        .iter()
        .map(|rule| {
            let meta = rule.metadata();
            json!({
                "id": meta.id,
                "title": meta.title,
                "severity": meta.severity.as_str(),
                "confidence": meta.confidence.as_str(),
                "default": meta.default_word(),
                "since": meta.since,
                "also_known_as": meta.also_known_as,
                "fix": meta.fix,
            })
        })
        .collect();
    format!("{:#}\n", Value::Array(list))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Form;

    const RULES: &[Rule] = &[
        Rule {
            id: "early-return",
            page: "---\nid: early-return\ntitle: Send stranded by a return\nseverity: error\nconfidence: high\nsince: 0.1\nalso-known-as: premature return, x\nfix: capacity\n---\n# Page\n",
            form: Form::Leak(|_| None),
        },
        Rule {
            id: "ncast",
            page: "---\nid: ncast\ntitle: First one wins\ndefault: off\n---\n",
            form: Form::Leak(|_| None),
        },
    ];

    #[test]
    fn the_table_lines_up() {
        assert_eq!(
            table(RULES),
            "rule          severity  confidence  default  title\n\
             early-return  error     high        on       Send stranded by a return\n\
             ncast         warning   medium      off      First one wins\n"
        );
    }

    #[test]
    fn json_lists_every_field() {
        let list: Value = serde_json::from_str(&json(RULES)).expect("valid JSON");
        assert_eq!(list[0]["id"], "early-return");
        assert_eq!(list[0]["also_known_as"][0], "premature return");
        assert_eq!(list[1]["severity"], "warning");
        assert_eq!(
            (&list[0]["default"], &list[1]["default"]),
            (&"on".into(), &"off".into())
        );
    }
}
