//! A rule: its page (metadata and prose) and its classifier.
//!
//! In: a [`Leak`]. Out: what to say about it. A rule never sees a syntax tree, a file or an output format, and it cannot
//! fail. The page's front matter is the only place where metadata of a rule exists.

use crate::finding::{self, Diagnosis, Finding, Severity};
use crate::leak::{Confidence, Leak};
use crate::source::SourceFile;
use std::fmt::Write as _;

/// A rule as the registry lists it.
#[derive(Clone, Copy)]
pub struct Rule {
    /// The id: page, module, fixture folder, suppression word, SARIF `ruleId`.
    pub id: &'static str,
    /// The whole page, front matter included.
    pub page: &'static str,
    /// What it looks at.
    pub form: Form,
}

/// What a rule looks at.
#[derive(Clone, Copy)]
pub enum Form {
    /// A leak, which it recognises and words; `None` when it is none of this rule's.
    Leak(fn(&Leak) -> Option<Diagnosis>),
    /// A comment that suppresses findings, or means to: `suppress` finds and words what is wrong with it.
    Comment,
}

/// A rule's metadata, read from the front matter of its page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The id again; a test holds it equal to [`Rule::id`].
    pub id: String,
    /// A noun phrase, such as "Send stranded by a timeout".
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// The confidence its findings usually have; SARIF `precision` comes from it.
    pub confidence: Confidence,
    /// Whether the rule is on when nobody says anything about it.
    pub on: bool,
    /// The first version that has the rule.
    pub since: String,
    /// Names other tools and papers use, and the rule's own former ids, which keep working.
    pub also_known_as: Vec<String>,
    /// The kind of repair, in a few words.
    pub fix: String,
}

impl Metadata {
    /// `on` or `off`, as pages and configuration files write it.
    pub fn default_word(&self) -> &'static str {
        if self.on { "on" } else { "off" }
    }
}

impl Rule {
    /// The metadata of the page. Pages are compiled in and tested, so a malformed one shows as empty fields.
    pub fn metadata(&self) -> Metadata {
        let (front, _) = split_page(self.page);
        let field = |key: &str| {
            front
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(k, _)| k.trim() == key)
                .map_or("", |(_, v)| v.trim())
        };
        Metadata {
            id: field("id").to_owned(),
            title: field("title").to_owned(),
            severity: match field("severity") {
                "error" => Severity::Error,
                "note" => Severity::Note,
                _ => Severity::Warning,
            },
            confidence: match field("confidence") {
                "high" => Confidence::High,
                "low" => Confidence::Low,
                _ => Confidence::Medium,
            },
            on: field("default") != "off",
            since: field("since").to_owned(),
            also_known_as: field("also-known-as")
                .split(',')
                .map(|s| s.trim().to_owned())
                .filter(|s| !s.is_empty())
                .collect(),
            fix: field("fix").to_owned(),
        }
    }

    /// The page's Markdown without the front matter.
    pub fn markdown(&self) -> &'static str {
        split_page(self.page).1
    }

    /// The page's first paragraph below its title, on one line.
    pub fn lead(&self) -> String {
        self.markdown()
            .split("\n\n")
            .find(|paragraph| !paragraph.starts_with('#') && !paragraph.trim().is_empty())
            .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
            .unwrap_or_default()
    }

    /// Whether its findings are about comments that suppress others.
    pub fn is_about_comments(&self) -> bool {
        matches!(self.form, Form::Comment)
    }

    /// Where the page can be read on the web.
    pub fn url(&self) -> String {
        format!(
            "{}/blob/main/rules/{}.md",
            env!("CARGO_PKG_REPOSITORY"),
            self.id
        )
    }

    /// The finding for a leak this rule has recognised. `package` is the package's directory as users know it; `files`
    /// are those the leak's places index.
    pub fn finding(
        &self,
        leak: &Leak,
        diagnosis: Diagnosis,
        package: &str,
        files: &[SourceFile],
    ) -> Finding {
        let severity = self.metadata().severity;
        finding::build(leak, self.id, severity, diagnosis, package, files)
    }
}

/// The rules as a Markdown table, for the READMEs; `prefix` is the way from the README to the pages.
pub fn markdown_table(rules: &[Rule], prefix: &str) -> String {
    let mut out = String::from(
        "| Rule | What it finds | Severity | Confidence | Default | Usual fix |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for rule in rules {
        let meta = rule.metadata();
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            out,
            "| [`{id}`]({prefix}{id}.md) | {} | {} | {} | {} | {} |",
            meta.title,
            meta.severity.as_str(),
            meta.confidence.as_str(),
            meta.default_word(),
            meta.fix,
            id = rule.id,
        );
    }
    out
}

/// Splits a page into front matter (between `---` lines) and Markdown.
fn split_page(page: &'static str) -> (&'static str, &'static str) {
    page.strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"))
        .map_or(("", page), |(front, body)| {
            (front, body.trim_start_matches('\n'))
        })
}
