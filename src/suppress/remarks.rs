//! What is wrong with the comments themselves: no reason, a name nobody has, nothing suppressed.
//!
//! In: the comments after all findings have been looked up. Out: findings of the rules `suppression-*`, at the comments.

use super::directive::{Directive, Reach, Rules, Unknown};
use super::{Covers, Entry, Suppressions};
use crate::finding::{Finding, Identity, Severity};
use crate::leak::Confidence;
use crate::rules::by_id;
use crate::selection::{Selection, UnknownRule};
use crate::source::{FileId, Place};
use std::fmt::Write as _;

/// A comment without a reason.
const NO_REASON: &str = "suppression-no-reason";
/// A comment that names something there is not.
const UNKNOWN_RULE: &str = "suppression-unknown-rule";
/// A comment that suppresses nothing.
const UNUSED: &str = "suppression-unused";

/// What is known of a file whose comments are judged.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// Its name, as reports show it.
    pub path: &'a str,
    /// Whether all of it could be read as Go. Where something is missing, a comment may be about just that.
    pub readable: bool,
    /// The rules that speak in it.
    pub rules: &'a Selection,
}

impl Suppressions {
    /// What is wrong with the comments of `file`, a file of the package that users know as `package`.
    pub fn remarks(&self, file: FileId, judged: Judged<'_>, package: &str) -> Vec<Finding> {
        let mut found = Vec::new();
        for entry in self.files.get(file.index()).into_iter().flatten() {
            let at = Place {
                file,
                span: entry.span,
            };
            for (rule, message, help) in complaints(entry, judged) {
                if judged.rules.is_on(rule) {
                    let mut finding = remark(rule, at, message, help);
                    package.clone_into(&mut finding.package);
                    finding.in_test = judged.path.ends_with("_test.go");
                    finding.configured_level = judged.rules.level(rule);
                    found.push(finding);
                }
            }
        }
        found
    }
}

/// A rule, a message and a remedy.
type Complaint = (&'static str, String, String);

fn complaints(entry: &Entry, judged: Judged<'_>) -> Vec<Complaint> {
    let directive = &entry.directive;
    if !directive.ours {
        return Vec::new();
    }
    let mut found: Vec<Complaint> = directive.unknown.iter().map(unknown).collect();
    let names_any = directive.rules != Rules::These(Vec::new());
    if names_any && directive.reason.is_empty() {
        found.push(no_reason(directive));
    }
    if names_any && judged.readable {
        found.extend(unused(entry, judged.rules));
    }
    found
}

fn no_reason(directive: &Directive) -> Complaint {
    let message = match directive.reach {
        Reach::Goroutine => "this comment does not say why the goroutine may live on".to_owned(),
        _ => match listed(&directive.rules) {
            None => "this comment does not say why findings are suppressed".to_owned(),
            Some(rules) => format!("this comment does not say why {rules} is suppressed"),
        },
    };
    let help = "write the reason behind it, on the same line; without one nobody can tell a finding that was judged from \
                one that was silenced";
    (NO_REASON, message, help.to_owned())
}

fn unknown(name: &Unknown) -> Complaint {
    let (message, help) = match name {
        Unknown::Rule(UnknownRule { name, near }) => (
            format!("there is no rule `{name}`: this comment suppresses nothing by that name"),
            match near {
                Some(near) => format!("write `{near}`; that is the nearest of the rules there are"),
                None => "name a rule as findings show it in brackets; `goleash list-rules` lists them all"
                    .to_owned(),
            },
        ),
        Unknown::Remark(id) => (
            format!("`{id}` is about comments like this one, and no comment suppresses it"),
            "turn the rule off in the configuration; a comment about comments could not be found stale"
                .to_owned(),
        ),
        Unknown::Word(word, near) => (
            format!("`goleash:{word}` is no directive: this comment suppresses nothing"),
            format!(
                "write `goleash:{}`; there are `ignore`, `file-ignore` and `daemon`",
                near.unwrap_or("ignore")
            ),
        ),
        Unknown::Nothing => (
            "this comment names no rule: it suppresses nothing".to_owned(),
            "name the rule that the finding shows in brackets; `all` stands for every rule".to_owned(),
        ),
    };
    (UNKNOWN_RULE, message, help)
}

/// A comment is unused as far as the rules it names are on and it has met no finding of them.
fn unused(entry: &Entry, rules: &Selection) -> Option<Complaint> {
    let idle = match &entry.directive.rules {
        Rules::All if entry.used.is_empty() => Rules::All,
        Rules::All => return None,
        Rules::These(ids) => {
            let idle = ids
                .iter()
                .filter(|id| rules.is_on(id) && !entry.used.contains(*id));
            let idle: Vec<_> = idle.copied().collect();
            if idle.is_empty() {
                return None;
            }
            Rules::These(idle)
        }
    };
    if entry.covers == Covers::Nothing {
        let message = "this comment covers no code and suppresses nothing";
        let help = "put it behind the code, or right above it without an empty line; it covers what starts there";
        return Some((UNUSED, message.to_owned(), help.to_owned()));
    }
    let message = match (entry.directive.reach, listed(&idle)) {
        (Reach::Goroutine, _) => {
            "there is no finding about a goroutine that is started here".to_owned()
        }
        (_, None) => "there is no finding here for this comment to suppress".to_owned(),
        (_, Some(rules)) => {
            format!("there is no finding of {rules} here for this comment to suppress")
        }
    };
    let what = if entry.used.is_empty() {
        "remove the comment"
    } else {
        "remove the rule from the comment"
    };
    let help = format!("{what}; left behind, it would hide the next leak that comes to this place");
    Some((UNUSED, message, help))
}

/// The rules by name, `None` for all.
fn listed(rules: &Rules) -> Option<String> {
    let Rules::These(ids) = rules else {
        return None;
    };
    let mut text = String::new();
    for (index, id) in ids.iter().enumerate() {
        let joint = match index {
            0 => "",
            _ if index + 1 == ids.len() => " or ",
            _ => ", ",
        };
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{joint}`{id}`");
    }
    Some(text)
}

fn remark(rule: &'static str, at: Place, message: String, help: String) -> Finding {
    let severity = by_id(rule).map_or(Severity::Warning, |rule| rule.metadata().severity);
    Finding {
        rule,
        severity,
        confidence: Confidence::High,
        configured_level: None,
        message,
        help,
        primary: at,
        primary_text: "this comment".to_owned(),
        wait_reason: "",
        function: String::new(),
        package: String::new(),
        labels: Vec::new(),
        also_stranded_at: Vec::new(),
        witness: Vec::new(),
        assumptions: Vec::new(),
        in_test: false,
        identity: Identity::default(),
        fingerprint: String::new(),
        fixes: Vec::new(),
        suppressed: None,
        baseline: None,
    }
}
