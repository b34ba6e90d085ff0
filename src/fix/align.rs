//! Comments behind statements lined up again, where edits have changed the lines they stand in.
//!
//! gofmt puts the comments of neighbouring lines below each other. What was lined up stays so; what was not is left alone.

use super::apply::Changes;
use super::comments::Comments;
use crate::finding::Edit;
use crate::source::{FileId, Place, SourceFile, Span};

/// `edits` of the file `id`, with those added that line its comments up again.
pub(super) fn aligned(id: FileId, source: &SourceFile, mut edits: Vec<Edit>) -> Vec<Edit> {
    let Some(changes) = Changes::of(&edits, id) else {
        return edits;
    };
    let text = changes.apply(source.bytes());
    let text = SourceFile::new("", text);
    let new = Lines::of(&text);
    let old = Lines::of(source);
    // The first and last line of each change in the new text.
    let touched: Vec<(u32, u32)> = changes
        .placed()
        .map(|span| (text.line(span.start), text.line(span.end)))
        .collect();
    let mut more = Vec::new();
    for run in new.runs() {
        let near = |line: u32| {
            touched
                .iter()
                .any(|(first, last)| line + 1 >= *first && line <= last + 1)
        };
        if !run.iter().any(|row| near(row.line)) {
            continue;
        }
        let Some(before) = run
            .iter()
            .map(|row| changes.origin(row.comment))
            .collect::<Option<Vec<u32>>>()
        else {
            continue;
        };
        if !before.iter().all(|comment| old.is_lined_up(*comment)) {
            continue;
        }
        let column = run.iter().map(|row| row.width).max().unwrap_or(0) + 1;
        for (row, comment) in run.iter().zip(before) {
            let blanks = column - row.width;
            let start = comment - old.blanks_before(comment);
            if row.blanks != blanks
                && changes.keeps(Span {
                    start,
                    end: comment,
                })
            {
                more.push(Edit {
                    at: Place {
                        file: id,
                        span: Span {
                            start,
                            end: comment,
                        },
                    },
                    replacement: " ".repeat(blanks as usize),
                });
            }
        }
    }
    edits.extend(more);
    edits.sort_by_key(|edit| edit.at);
    edits
}

/// A line with code and a `//` comment behind it.
#[derive(Clone, Copy, Debug)]
struct Row {
    line: u32,
    /// Where the comment starts.
    comment: u32,
    /// Characters of code, indentation left out.
    width: u32,
    /// Blanks between code and comment.
    blanks: u32,
}

/// The lines of a text.
struct Lines<'s> {
    source: &'s SourceFile,
    comments: Comments,
}

impl<'s> Lines<'s> {
    fn of(source: &'s SourceFile) -> Self {
        Self {
            comments: Comments::of(source.bytes()),
            source,
        }
    }

    fn row(&self, line: u32) -> Option<Row> {
        let span = self.source.line_span(line);
        let comment = self.comments.trailing(span)?;
        let bytes = self.source.bytes();
        if !bytes[comment.start as usize..].starts_with(b"//") {
            return None;
        }
        let before = &bytes[span.start as usize..comment.start as usize];
        let code = before.trim_ascii();
        if code.is_empty() {
            return None;
        }
        Some(Row {
            line,
            comment: comment.start,
            width: String::from_utf8_lossy(code).chars().count() as u32,
            blanks: self.blanks_before(comment.start),
        })
    }

    fn blanks_before(&self, offset: u32) -> u32 {
        let before = &self.source.bytes()[..offset as usize];
        before.iter().rev().take_while(|b| **b == b' ').count() as u32
    }

    fn code(&self, line: u32) -> (&[u8], &[u8]) {
        let text = self.source.line_bytes(line);
        let blanks = text.iter().take_while(|b| b.is_ascii_whitespace()).count();
        text.split_at(blanks)
    }

    /// Whether the comment of `line` stands below that of the line above by gofmt's rules: neighbours in one list, the
    /// first not the end of something longer, the second no clause.
    fn continues(&self, line: u32) -> bool {
        let ((above, first), (indent, second)) = (self.code(line - 1), self.code(line));
        let clause = second.starts_with(b"case ") || second.starts_with(b"default:");
        above == indent
            && !first.starts_with(b"}")
            && !first.starts_with(b")")
            && !second.starts_with(b"}")
            && !second.starts_with(b")")
            && !clause
            && !first.starts_with(b"case ")
            && !first.starts_with(b"default:")
    }

    /// The lines whose comments belong below each other.
    fn runs(&self) -> Vec<Vec<Row>> {
        let mut runs: Vec<Vec<Row>> = Vec::new();
        for line in 1..=self.source.line_count() {
            let Some(row) = self.row(line) else { continue };
            match runs.last_mut() {
                Some(run)
                    if run.last().is_some_and(|r| r.line + 1 == line) && self.continues(line) =>
                {
                    run.push(row);
                }
                _ => runs.push(vec![row]),
            }
        }
        runs
    }

    /// Whether the run of the comment at `offset` is lined up.
    fn is_lined_up(&self, offset: u32) -> bool {
        let line = self.source.line(offset);
        let runs = self.runs();
        let run = runs
            .iter()
            .find(|run| run.iter().any(|row| row.line == line));
        run.is_some_and(|run| {
            let column = run.iter().map(|row| row.width).max().unwrap_or(0) + 1;
            run.iter().all(|row| row.width + row.blanks == column)
        })
    }
}
