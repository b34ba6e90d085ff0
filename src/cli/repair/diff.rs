//! Changes as a unified diff, for people and for `git apply`.
//!
//! A program gets every byte as it is, in files that are no UTF-8 and in lines with odd ends too; names are written as git
//! writes them. What goes to a terminal shows commands to it instead of giving them.

use super::Change;
use crate::report::same_length;
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// Who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// A file or another program.
    Program,
    /// A person at a terminal.
    Person,
    /// A person who sees colours.
    Colors,
}

/// The changes, with the displayed paths in the headers.
pub(super) fn unified(changes: &BTreeMap<String, Change>, reader: Reader) -> Vec<u8> {
    let mut writer = Writer {
        reader,
        out: Vec::new(),
    };
    for (path, change) in changes {
        writer.file(path, change);
    }
    writer.out
}

struct Writer {
    reader: Reader,
    out: Vec<u8>,
}

impl Writer {
    fn file(&mut self, path: &str, change: &Change) {
        const BOLD: &str = "\u{1b}[1m";
        const CYAN: &str = "\u{1b}[36m";
        let (before, after) = (lines(&change.before), lines(&change.after));
        let ops = capture_diff_slices(Algorithm::Myers, &before, &after);
        let hunks = group_diff_ops(ops, CONTEXT);
        if hunks.is_empty() {
            return;
        }
        self.line(BOLD, format!("--- {}", name("a", path)).as_bytes());
        self.line(BOLD, format!("+++ {}", name("b", path)).as_bytes());
        for hunk in &hunks {
            self.line(CYAN, header(hunk).as_bytes());
            for op in hunk {
                self.operation(op, &before, &after);
            }
        }
    }

    fn operation(&mut self, op: &DiffOp, before: &[&[u8]], after: &[&[u8]]) {
        const RED: &str = "\u{1b}[31m";
        const GREEN: &str = "\u{1b}[32m";
        if op.tag() == DiffTag::Equal {
            self.lines("", b' ', &before[op.old_range()]);
        } else {
            self.lines(RED, b'-', &before[op.old_range()]);
            self.lines(GREEN, b'+', &after[op.new_range()]);
        }
    }

    fn lines(&mut self, color: &str, sign: u8, lines: &[&[u8]]) {
        for line in lines {
            let text = line.strip_suffix(b"\n");
            let mut signed = vec![sign];
            signed.extend_from_slice(text.unwrap_or(line));
            self.line(color, &signed);
            if text.is_none() {
                self.line("", b"\\ No newline at end of file");
            }
        }
    }

    /// Writes one line; a carriage return at its end stays outside of the colour.
    fn line(&mut self, color: &str, text: &[u8]) {
        const RESET: &str = "\u{1b}[0m";
        let (text, end): (_, &[u8]) = match text.strip_suffix(b"\r") {
            Some(text) => (text, b"\r\n"),
            None => (text, b"\n"),
        };
        let colored = self.reader == Reader::Colors && !color.is_empty();
        if colored {
            self.out.extend_from_slice(color.as_bytes());
        }
        if self.reader == Reader::Program {
            self.out.extend_from_slice(text);
        } else {
            self.out.extend_from_slice(same_length(text).as_bytes());
        }
        if colored {
            self.out.extend_from_slice(RESET.as_bytes());
        }
        self.out.extend_from_slice(end);
    }
}

/// The lines, each with its end. Only a line feed ends one: that is what `patch` counts.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Where a hunk is and was.
fn header(hunk: &[DiffOp]) -> String {
    let whole = |range: fn(&DiffOp) -> Range<usize>| {
        let start = hunk.first().map_or(0, |op| range(op).start);
        let end = hunk.last().map_or(0, |op| range(op).end);
        match end - start {
            1 => format!("{}", start + 1),
            0 => format!("{start},0"),
            len => format!("{},{len}", start + 1),
        }
    };
    format!(
        "@@ -{} +{} @@",
        whole(DiffOp::old_range),
        whole(DiffOp::new_range)
    )
}

/// A name as git writes it: quoted where it holds what ends a name or a line, with a tab behind it where it holds blanks.
fn name(side: &str, path: &str) -> String {
    let path = format!("{side}/{path}");
    let special = |c: char| c.is_ascii_control() || matches!(c, '"' | '\\');
    if !path.contains(special) {
        let end = if path.contains(' ') { "\t" } else { "" };
        return format!("{path}{end}");
    }
    let mut quoted = String::from("\"");
    for c in path.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '"' | '\\' => quoted.extend(['\\', c]),
            // Writing to a `String` cannot fail.
            c if special(c) => drop(write!(quoted, "\\{:03o}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn diff(before: &[u8], after: &[u8], reader: Reader) -> Vec<u8> {
        let change = Change {
            path: PathBuf::new(),
            before: before.into(),
            after: after.into(),
        };
        unified(&BTreeMap::from([("p.go".to_owned(), change)]), reader)
    }

    #[test]
    fn every_byte_reaches_a_program() {
        let (before, after) = (b"a\rb\n\xff\x1b[1m\nc", b"a\rb\n\xff\x1b[1m\nd\n");
        assert_eq!(
            diff(before, after, Reader::Program),
            b"--- a/p.go\n+++ b/p.go\n@@ -1,3 +1,3 @@\n a\rb\n \xff\x1b[1m\n-c\n\\ No newline at end of file\n+d\n"
        );
    }

    #[test]
    fn no_command_reaches_a_terminal() {
        let shown = diff(b"\x1b[1m\rx\r\nb\n", b"\x1b[1m\rx\r\nc\n", Reader::Person);
        assert_eq!(
            String::from_utf8_lossy(&shown),
            "--- a/p.go\n+++ b/p.go\n@@ -1,2 +1,2 @@\n ?[1m?x\r\n-b\n+c\n"
        );
    }

    #[test]
    fn names_are_written_as_git_writes_them() {
        assert_eq!(name("a", "b c/ü.go"), "a/b c/ü.go\t");
        assert_eq!(
            name("b", "q\"\n+++ b/x\\\u{1b}.go"),
            r#""b/q\"\n+++ b/x\\\033.go""#
        );
    }
}
