//! Edits of a file's text: where a line begins and ends, how it is indented, what a removed statement leaves behind.

use super::comments::Comments;
use super::tree::Tree;
use crate::finding::Edit;
use crate::source::{FileId, Place, SourceFile, Span};

/// Edits of one file under construction.
pub(super) struct Editor<'s> {
    file: FileId,
    source: &'s SourceFile,
    comments: Comments,
    pub(super) edits: Vec<Edit>,
}

impl<'s> Editor<'s> {
    pub(super) fn new(tree: &Tree<'s>) -> Self {
        Self {
            file: tree.id,
            source: tree.source,
            comments: Comments::of(tree.source.bytes()),
            edits: Vec::new(),
        }
    }

    /// Replaces `span`; the text may hold `\n`, which become the line ends of the file.
    pub(super) fn replace(&mut self, span: Span, text: &str) {
        let replacement = if self.is_crlf(span.start) {
            text.replace('\n', "\r\n")
        } else {
            text.to_owned()
        };
        let at = Place {
            file: self.file,
            span,
        };
        let is_insertion = span.start == span.end;
        match self.edits.iter_mut().find(|e| is_insertion && e.at == at) {
            // What is inserted later at one place comes behind.
            Some(edit) => edit.replacement.push_str(&replacement),
            None => self.edits.push(Edit { at, replacement }),
        }
    }

    pub(super) fn insert(&mut self, at: u32, text: &str) {
        self.replace(Span { start: at, end: at }, text);
    }

    fn is_crlf(&self, offset: u32) -> bool {
        let span = self.source.line_span(self.source.line(offset));
        self.bytes(span).ends_with(b"\r\n")
            || (!self.bytes(span).ends_with(b"\n")
                && self.source.bytes().windows(2).any(|w| w == b"\r\n"))
    }

    fn bytes(&self, span: Span) -> &'s [u8] {
        self.source
            .bytes()
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    /// The blanks at the start of the line that holds `offset`.
    pub(super) fn indent(&self, offset: u32) -> String {
        let line = self.source.line_bytes(self.source.line(offset));
        let blanks = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
        String::from_utf8_lossy(&line[..blanks]).into_owned()
    }

    /// One level of indentation, in the manner of `indent`.
    pub(super) fn unit(indent: &str) -> &'static str {
        if indent.starts_with(' ') {
            "    "
        } else {
            "\t"
        }
    }

    /// Where the line that holds `offset` starts.
    pub(super) fn line_start(&self, offset: u32) -> u32 {
        self.source.line_span(self.source.line(offset)).start
    }

    /// Where the line that holds `offset` ends, before its line end.
    pub(super) fn line_end(&self, offset: u32) -> u32 {
        let line = self.source.line(offset);
        self.source.line_span(line).start + self.source.line_bytes(line).len() as u32
    }

    /// Whether nothing but blanks stands before `offset` in its line.
    pub(super) fn begins_line(&self, offset: u32) -> bool {
        let start = self.line_start(offset);
        let before = self.bytes(Span { start, end: offset });
        before.iter().all(u8::is_ascii_whitespace)
    }

    /// Whether nothing but blanks and comments stands between `offset` and the end of its line.
    pub(super) fn ends_line(&self, offset: u32) -> bool {
        let end = self.line_end(offset);
        (offset..end).all(|at| {
            self.comments.covers(at) || self.source.bytes()[at as usize].is_ascii_whitespace()
        })
    }

    /// Whether the statement has its lines for itself, but for comments.
    pub(super) fn alone(&self, span: Span) -> bool {
        self.begins_line(span.start) && self.ends_line(span.end)
    }

    /// The comment behind `offset` in its line.
    fn comment_after(&self, offset: u32) -> Option<u32> {
        let end = self.line_end(offset);
        (offset..end).find(|at| self.comments.covers(*at))
    }

    /// Whether a comment lies in `span`.
    pub(super) fn has_comment(&self, span: Span) -> bool {
        self.comments.any_in(span)
    }

    /// Whether a blank line lies in `span`.
    pub(super) fn is_blank_between(&self, span: Span) -> bool {
        self.source.line(span.end) > self.source.line(span.start) + 1
    }

    /// Inserts lines of text (without the last line end) as lines of their own below the line that holds `offset`.
    pub(super) fn below(&mut self, offset: u32, text: &str) {
        let at = self.line_end(offset);
        self.insert(at, &format!("\n{text}"));
    }

    /// Removes the statement at `span`, which has its lines for itself; a comment behind it stays.
    pub(super) fn remove(&mut self, span: Span) {
        if let Some(comment) = self.comment_after(span.end) {
            let end = comment;
            return self.replace(
                Span {
                    start: span.start,
                    end,
                },
                "",
            );
        }
        let (first, last) = (
            self.source.line(span.start),
            self.source.line(span.end.max(span.start + 1) - 1),
        );
        let mut lines = self.source.line_span(first).to(self.source.line_span(last));
        // Two blank lines in a row, or one at an end of the block, would be a change of style.
        let above = self.shape(first.wrapping_sub(1));
        let below = self.shape(last + 1);
        if above == Shape::Blank && matches!(below, Shape::Blank | Shape::Close) {
            lines.start = self.source.line_span(first - 1).start;
        } else if above == Shape::Open && below == Shape::Blank {
            lines.end = self.source.line_span(last + 1).end;
        }
        self.replace(lines, "");
    }

    fn shape(&self, line: u32) -> Shape {
        let text = self.source.line_bytes(line).trim_ascii();
        match (text.first(), text.last()) {
            (None, _) => Shape::Blank,
            (Some(b'}' | b')'), _) => Shape::Close,
            (_, Some(b'{' | b'(' | b':')) => Shape::Open,
            _ => Shape::Other,
        }
    }
}

/// What a line looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Blank,
    Open,
    Close,
    Other,
}
