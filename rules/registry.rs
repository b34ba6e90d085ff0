//! The rules: one page and one classifier each, side by side in this folder.
//!
//! In: a leak the engine has proved. Out: the rule that explains it best and what that rule says. [`RULES`] is ordered,
//! most specific first, the two general rules last; the first match explains a leak, so one leak gives one finding. Rules
//! about comments stand behind them.

mod abandoned_producer;
mod blocked_under_lock;
mod dead_context;
mod double_send;
mod early_return;
mod endless_loop;
mod held_lock;
mod http_no_timeout;
mod ignored_stop;
mod lock_order;
mod missing_done;
mod ncast;
mod nil_channel;
mod promise_send;
mod relock;
mod small_buffer;
mod stranding_exit;
mod ticker_range;
mod timeout_send;
mod unanswered_reply;
mod unclosed_pipe;
mod unclosed_range;
mod unfulfilled_contract;
mod unguarded_send;
mod unreceived_send;
mod unsent_receive;
mod unsignalled_cond;
mod wishes;
mod wording;

#[cfg(test)]
mod sample;

use crate::defect;
use crate::finding::Diagnosis;
use crate::leak::Leak;
use crate::rule::{Form, Rule};

/// All rules, in the order they are asked.
pub const RULES: &[Rule] = &[
    Rule {
        id: "stranding-exit",
        page: include_str!("stranding-exit.md"),
        form: Form::Leak(stranding_exit::classify),
    },
    Rule {
        id: "blocked-under-lock",
        page: include_str!("blocked-under-lock.md"),
        form: Form::Leak(blocked_under_lock::classify),
    },
    Rule {
        id: "relock",
        page: include_str!("relock.md"),
        form: Form::Leak(relock::classify),
    },
    Rule {
        id: "lock-order",
        page: include_str!("lock-order.md"),
        form: Form::Leak(lock_order::classify),
    },
    Rule {
        id: "held-lock",
        page: include_str!("held-lock.md"),
        form: Form::Leak(held_lock::classify),
    },
    Rule {
        id: "unsignalled-cond",
        page: include_str!("unsignalled-cond.md"),
        form: Form::Leak(unsignalled_cond::classify),
    },
    Rule {
        id: "unclosed-pipe",
        page: include_str!("unclosed-pipe.md"),
        form: Form::Leak(unclosed_pipe::classify),
    },
    Rule {
        id: "dead-context",
        page: include_str!("dead-context.md"),
        form: Form::Leak(dead_context::classify),
    },
    Rule {
        id: "nil-channel",
        page: include_str!("nil-channel.md"),
        form: Form::Leak(nil_channel::classify),
    },
    Rule {
        id: "double-send",
        page: include_str!("double-send.md"),
        form: Form::Leak(double_send::classify),
    },
    Rule {
        id: "ticker-range",
        page: include_str!("ticker-range.md"),
        form: Form::Leak(ticker_range::classify),
    },
    Rule {
        id: "ignored-stop",
        page: include_str!("ignored-stop.md"),
        form: Form::Leak(ignored_stop::classify),
    },
    Rule {
        id: "unfulfilled-contract",
        page: include_str!("unfulfilled-contract.md"),
        form: Form::Leak(unfulfilled_contract::classify),
    },
    Rule {
        id: "unanswered-reply",
        page: include_str!("unanswered-reply.md"),
        form: Form::Leak(unanswered_reply::classify),
    },
    Rule {
        id: "unguarded-send",
        page: include_str!("unguarded-send.md"),
        form: Form::Leak(unguarded_send::classify),
    },
    Rule {
        id: "small-buffer",
        page: include_str!("small-buffer.md"),
        form: Form::Leak(small_buffer::classify),
    },
    Rule {
        id: "timeout-send",
        page: include_str!("timeout-send.md"),
        form: Form::Leak(timeout_send::classify),
    },
    Rule {
        id: "promise-send",
        page: include_str!("promise-send.md"),
        form: Form::Leak(promise_send::classify),
    },
    Rule {
        id: "ncast",
        page: include_str!("ncast.md"),
        form: Form::Leak(ncast::classify),
    },
    Rule {
        id: "abandoned-producer",
        page: include_str!("abandoned-producer.md"),
        form: Form::Leak(abandoned_producer::classify),
    },
    Rule {
        id: "early-return",
        page: include_str!("early-return.md"),
        form: Form::Leak(early_return::classify),
    },
    Rule {
        id: "endless-loop",
        page: include_str!("endless-loop.md"),
        form: Form::Leak(endless_loop::classify),
    },
    Rule {
        id: "unclosed-range",
        page: include_str!("unclosed-range.md"),
        form: Form::Leak(unclosed_range::classify),
    },
    Rule {
        id: "missing-done",
        page: include_str!("missing-done.md"),
        form: Form::Leak(missing_done::classify),
    },
    Rule {
        id: "http-no-timeout",
        page: include_str!("http-no-timeout.md"),
        form: Form::Leak(http_no_timeout::classify),
    },
    Rule {
        id: "unreceived-send",
        page: include_str!("unreceived-send.md"),
        form: Form::Leak(unreceived_send::classify),
    },
    Rule {
        id: "unsent-receive",
        page: include_str!("unsent-receive.md"),
        form: Form::Leak(unsent_receive::classify),
    },
    Rule {
        id: "suppression-no-reason",
        page: include_str!("suppression-no-reason.md"),
        form: Form::Comment,
    },
    Rule {
        id: "suppression-unknown-rule",
        page: include_str!("suppression-unknown-rule.md"),
        form: Form::Comment,
    },
    Rule {
        id: "suppression-unused",
        page: include_str!("suppression-unused.md"),
        form: Form::Comment,
    },
];

/// The rule that explains `leak`, and what it says; `None` when no rule is about such an operation yet.
///
/// Rules that are off are asked too: what one of them explains is not handed on to a more general rule.
pub fn classify(leak: &Leak) -> Option<(&'static Rule, Diagnosis)> {
    RULES.iter().find_map(|rule| match rule.form {
        Form::Leak(classify) => {
            defect::asking(rule.id);
            classify(leak).map(|diagnosis| (rule, diagnosis))
        }
        Form::Comment => None,
    })
}

/// The rule with this id.
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// The rule with this id, or else the one that had it before it was renamed.
pub fn by_name(name: &str) -> Option<&'static Rule> {
    by_id(name).or_else(|| {
        RULES
            .iter()
            .find(|rule| rule.metadata().also_known_as.iter().any(|old| old == name))
    })
}
