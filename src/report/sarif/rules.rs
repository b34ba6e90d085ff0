//! The rules as SARIF describes them, made from their pages. All of them, found or not: readers show what was looked for,
//! and a result's `ruleIndex` points into this list.

use super::model::{Configuration, Help, Message, ReportingDescriptor, RuleProperties};
use crate::finding::Severity;
use crate::rule::Rule;

const TAGS: &[&str] = &[
    "concurrency",
    "correctness",
    "goroutine-leak",
    "external/cwe/cwe-772",
];

pub(super) fn descriptor(rule: &Rule) -> ReportingDescriptor {
    let meta = rule.metadata();
    let (lead, url) = (rule.lead(), rule.url());
    ReportingDescriptor {
        id: rule.id,
        name: pascal_case(rule.id),
        short_description: Message {
            text: meta.title.clone(),
        },
        help: Help {
            text: format!(
                "{lead}\n\nUsual fix: {}.\n\n{url}",
                meta.fix.replace('`', "")
            ),
            markdown: format!(
                "# {}\n\n{}\n\n[This page on the web]({url})\n",
                meta.title,
                linked(&unwrapped(rule.markdown()), &url)
            ),
        },
        full_description: Message { text: lead },
        help_uri: url,
        default_configuration: Configuration {
            enabled: meta.on,
            level: meta.severity.as_str(),
        },
        properties: RuleProperties {
            // The confidence its findings usually have, until the rule has measured figures of its own.
            precision: meta.confidence.as_str(),
            problem_severity: match meta.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "recommendation",
            },
            tags: if rule.is_about_comments() {
                &["maintainability"]
            } else {
                TAGS
            },
        },
    }
}

/// `early-return` as `EarlyReturn`: SARIF wants a name that differs from the id by more than capitals.
fn pascal_case(id: &str) -> String {
    let leak = if id.contains('-') { "" } else { "leak" };
    id.split('-')
        .chain([leak])
        .flat_map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            [first.to_ascii_uppercase(), rest.to_owned()]
        })
        .collect()
}

/// Paragraphs on one line each: GitHub shows a line break inside one as a line break. Code keeps its lines, and the fence
/// loses the word that only our tests read.
fn unwrapped(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut in_code = false;
    let mut in_paragraph = false;
    for line in markdown.lines() {
        let fence = line.starts_with("```");
        let text = !fence && !in_code && !line.is_empty() && !line.starts_with(['#', '|']);
        let new_item = line.trim_start().starts_with("- ");
        if text && in_paragraph && !new_item {
            out.push(' ');
            out.push_str(line.trim());
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(if fence && !in_code && line.starts_with("```go ") {
            "```go"
        } else {
            line
        });
        in_code ^= fence;
        in_paragraph = text;
    }
    out
}

/// Links to neighbouring pages made absolute: the page is read far from its folder.
fn linked(markdown: &str, url: &str) -> String {
    let folder = url.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut out = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some((before, after)) = rest.split_once("](") {
        out.push_str(before);
        out.push_str("](");
        let target = after.split_once(')').map_or("", |(target, _)| target);
        let page = target.split('#').next().unwrap_or_default();
        if !page.contains('/')
            && std::path::Path::new(page)
                .extension()
                .is_some_and(|e| e == "md")
        {
            out.push_str(folder);
            out.push('/');
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_pascal_case() {
        assert_eq!(pascal_case("early-return"), "EarlyReturn");
        assert_eq!(pascal_case("ncast"), "NcastLeak");
    }

    #[test]
    fn paragraphs_are_joined_and_code_is_not() {
        let page = "One\ntwo.\n\n## Leaks\n\n```go leaks\na\nb\n```\n\n- x\n  y\n- z\n";
        assert_eq!(
            unwrapped(page),
            "One two.\n\n## Leaks\n\n```go\na\nb\n```\n\n- x y\n- z"
        );
    }

    #[test]
    fn links_between_pages_become_absolute() {
        assert_eq!(
            linked("see [a](a.md), [b](https://x/b.md)", "https://h/rules/c.md"),
            "see [a](https://h/rules/a.md), [b](https://x/b.md)"
        );
    }
}
