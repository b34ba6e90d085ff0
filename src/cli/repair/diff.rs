//! Changes as a unified diff, for people and for `git apply`.

use super::Change;
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// The changes, with the displayed paths in the headers.
pub(super) fn unified(changes: &BTreeMap<String, Change>, color: bool) -> String {
    let mut out = String::new();
    for (path, change) in changes {
        let before = String::from_utf8_lossy(&change.before);
        let after = String::from_utf8_lossy(&change.after);
        let diff = TextDiff::from_lines(&*before, &*after);
        let mut unified = diff.unified_diff();
        unified
            .context_radius(CONTEXT)
            .header(&format!("a/{path}"), &format!("b/{path}"));
        if color {
            colored(&unified, path, &mut out);
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "{unified}");
        }
    }
    out
}

fn colored(unified: &similar::udiff::UnifiedDiff<'_, '_, '_, str>, path: &str, out: &mut String) {
    const BOLD: &str = "\u{1b}[1m";
    const CYAN: &str = "\u{1b}[36m";
    const RED: &str = "\u{1b}[31m";
    const GREEN: &str = "\u{1b}[32m";
    const RESET: &str = "\u{1b}[0m";
    let _ = writeln!(out, "{BOLD}--- a/{path}{RESET}\n{BOLD}+++ b/{path}{RESET}");
    for hunk in unified.iter_hunks() {
        let _ = writeln!(out, "{CYAN}{}{RESET}", hunk.header());
        for change in hunk.iter_changes() {
            let (sign, start, end) = match change.tag() {
                ChangeTag::Equal => (' ', "", ""),
                ChangeTag::Delete => ('-', RED, RESET),
                ChangeTag::Insert => ('+', GREEN, RESET),
            };
            let line = change.value();
            let text = line.trim_end_matches(['\r', '\n']);
            let _ = write!(out, "{start}{sign}{text}{end}{}", &line[text.len()..]);
            if change.missing_newline() {
                let _ = writeln!(out, "\n\\ No newline at end of file");
            }
        }
    }
}
