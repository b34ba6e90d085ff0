//! The rules: one page and one classifier each, side by side in this folder.
//!
//! In: a leak the engine has proved. Out: the rule that explains it best and what that rule says. [`RULES`] is ordered,
//! most specific first, the two general rules last; the first match explains a leak, so one leak gives one finding.

mod abandoned_producer;
mod double_send;
mod early_return;
mod ncast;
mod timeout_send;
mod unclosed_range;
mod unreceived_send;
mod unsent_receive;
mod wishes;
mod wording;

#[cfg(test)]
mod sample;

use crate::finding::Diagnosis;
use crate::leak::Leak;
use crate::rule::Rule;

/// All rules, in the order they are asked.
pub const RULES: &[Rule] = &[
    Rule {
        id: "double-send",
        page: include_str!("double-send.md"),
        classify: double_send::classify,
    },
    Rule {
        id: "timeout-send",
        page: include_str!("timeout-send.md"),
        classify: timeout_send::classify,
    },
    Rule {
        id: "ncast",
        page: include_str!("ncast.md"),
        classify: ncast::classify,
    },
    Rule {
        id: "abandoned-producer",
        page: include_str!("abandoned-producer.md"),
        classify: abandoned_producer::classify,
    },
    Rule {
        id: "early-return",
        page: include_str!("early-return.md"),
        classify: early_return::classify,
    },
    Rule {
        id: "unclosed-range",
        page: include_str!("unclosed-range.md"),
        classify: unclosed_range::classify,
    },
    Rule {
        id: "unreceived-send",
        page: include_str!("unreceived-send.md"),
        classify: unreceived_send::classify,
    },
    Rule {
        id: "unsent-receive",
        page: include_str!("unsent-receive.md"),
        classify: unsent_receive::classify,
    },
];

/// The rule that explains `leak`, and what it says; `None` when no rule is about such an operation yet.
pub fn classify(leak: &Leak) -> Option<(&'static Rule, Diagnosis)> {
    RULES
        .iter()
        .find_map(|rule| (rule.classify)(leak).map(|diagnosis| (rule, diagnosis)))
}

/// The rule with this id.
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}
