//! `--select` and `--ignore`.

use super::binary::{goleash, tree};
use super::{EARLY, NCAST, found};

#[test]
fn rules_are_chosen_by_name() {
    let folder = tree(&[("a.go", NCAST.as_bytes()), ("b/b.go", EARLY.as_bytes())]);
    let (ncast, early) = ("a.go:6 ncast", "b/b.go:9 early-return");
    for (line, expected) in [
        ("", &[ncast, early][..]),
        ("--select ncast", &[ncast]),
        ("--select ncast,early-return", &[ncast, early]),
        ("--select ncast --select early-return", &[ncast, early]),
        ("--select all", &[ncast, early]),
        ("--select default --ignore ncast", &[early]),
        ("--ignore early-return,ncast", &[]),
        ("--select timeout-send", &[]),
    ] {
        assert_eq!(found(&folder, line), expected, "{line}");
    }
}

#[test]
fn a_rule_that_is_off_hands_its_leaks_to_no_other_and_is_counted() {
    let folder = tree(&[("a.go", NCAST.as_bytes())]);
    let run = goleash(&folder, "--ignore ncast --stats").exits(0);
    let counted = run.stderr.lines().any(|l| l.trim().starts_with("rule-off"));
    assert!(counted, "{}", run.stderr);
}

#[test]
fn unknown_rules_are_usage_errors_with_a_guess() {
    let folder = tree(&[("a.go", NCAST.as_bytes())]);
    for option in ["--select", "--ignore"] {
        goleash(&folder, &format!("{option} ncast,erly-return"))
            .exits(2)
            .tells("there is no rule `erly-return`; did you mean `early-return`?");
        goleash(&folder, &format!("{option} GL001"))
            .exits(2)
            .tells("there is no rule `GL001`; `goleash list-rules` lists them all");
    }
}
