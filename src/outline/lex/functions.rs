//! Where functions begin and end, also where something in them is not closed.

use super::super::Function;
use super::{End, Last, Lexer};
use crate::source::Span;
use memchr::{memchr, memmem};

/// Functions of a file that are not closed: with more the lexer is not sure of anything.
const UNCLOSED: u32 = 8;

impl Lexer<'_> {
    /// The body that is open does not end: it is taken to end where its formatting says so, and what follows is read again.
    pub(super) fn give_up_body(&mut self) -> bool {
        let Some(head) = &mut self.head else {
            return false;
        };
        let (Some(body), Some(end)) = (head.body, head.end) else {
            return false;
        };
        self.unclosed += 1;
        if self.unclosed > UNCLOSED {
            return false;
        }
        (head.broken, head.marked, head.stops) = (true, end.marked, end.stops);
        self.outline.words.truncate(end.words);
        (self.at, self.depth, self.round) = (end.at, 0, 0);
        self.last = Last::Other;
        self.function(body);
        true
    }

    /// What is open at the top of the file does not end before the next function begins.
    pub(super) fn give_up_top(&mut self) {
        self.outline.sure = false;
        (self.depth, self.round, self.head) = (0, 0, None);
    }

    pub(super) fn open(&mut self) {
        if self.last == Last::For {
            self.stop();
        }
        if self.is_top()
            && self.last != Last::TypeWord
            && let Some(head) = &mut self.head
            && head.body.is_none()
        {
            head.body = Some(self.at);
        }
        self.depth += 1;
        self.token(1, Last::Other);
    }

    pub(super) fn close(&mut self) {
        self.outline.sure &= self.depth > 0;
        self.depth = self.depth.saturating_sub(1);
        let starts_line = self.starts_line(self.at);
        self.token(1, Last::Other);
        let Some(head) = &mut self.head else { return };
        let Some(body) = head.body else { return };
        if self.depth > 0 {
            if starts_line && head.end.is_none() {
                head.end = Some(End {
                    at: self.at,
                    words: self.outline.words.len(),
                    marked: head.marked,
                    stops: head.stops,
                });
            }
            return;
        }
        if self.round > 0 {
            head.broken = true;
            self.outline.sure &= starts_line;
            self.round = 0;
        }
        self.function(body);
    }

    /// Files the function whose body has just ended.
    pub(super) fn function(&mut self, body: usize) {
        let Some(head) = self.head.take() else { return };
        let line_end = memchr(b'\n', &self.bytes[self.at..]);
        let line_end = line_end.map_or(self.bytes.len(), |i| self.at + i + 1);
        let rest = self.bytes[self.at..line_end].trim_ascii();
        // Anything else on that line would be shown to the parser together with this function, or not at all.
        let comment =
            || rest.starts_with(b"/*") && memmem::find(rest, b"*/") == Some(rest.len() - 2);
        self.outline.sure &= rest.is_empty() || rest.starts_with(b"//") || comment();
        let Some(name) = head.name else {
            self.outline.sure = false;
            return;
        };
        self.outline.functions.push(Function {
            name,
            span: Span::new(head.start, line_end),
            body: Span::new(body, self.at),
            marked: head.marked,
            stops: head.stops,
            words: head.words..self.outline.words.len() as u32,
            method: head.method,
            exported: head.exported,
            broken: head.broken,
        });
    }
}
