//! Words: marks of what can block, names of functions, and the names that bodies mention.

use super::super::Word;
use super::{Head, Last, Lexer, is_word};
use memchr::{memmem, memrchr};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl Lexer<'_> {
    pub(super) fn word(&mut self) {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|&b| is_word(b)) {
            self.at += 1;
        }
        let word = &self.bytes[start..self.at];
        if word == b"func"
            && !self.is_top()
            && self.starts_line(start)
            && self.declares_name(self.at)
        {
            if self.give_up_body() {
                return;
            }
            self.give_up_top();
        }
        let after_dot = self.last == Last::Dot;
        let names_function = self.last == Last::Func && self.round == 0;
        self.last = match word {
            b"struct" | b"interface" => Last::TypeWord,
            b"for" => Last::For,
            b"func" if self.is_top() && self.head.is_none() && self.declares(start) => {
                self.head = Some(Head {
                    start,
                    name: None,
                    method: false,
                    exported: false,
                    body: None,
                    words: self.outline.words.len() as u32,
                    marked: false,
                    stops: false,
                    broken: false,
                    end: None,
                });
                Last::Func
            }
            _ => Last::Other,
        };
        match word {
            b"chan" | b"select" | b"WaitGroup" => self.mark(true),
            // A ticker's channel may be ranged over without any other mark.
            b"C" if after_dot && self.bytes[self.at..].trim_ascii_start().starts_with(b"{") => {
                self.mark(true);
            }
            b"Pipe" if after_dot => {
                self.outline.pipes = true;
                self.mark(true);
            }
            b"NewTicker" | b"Mutex" | b"RWMutex" => self.outline.blocks = true,
            // A group waits where it starts one goroutine more than it may run at a time.
            b"SetLimit" if after_dot => self.outline.blocks = true,
            b"go" | b"close" if !after_dot => self.mark(false),
            b"panic" | b"recover" if !after_dot => self.stop(),
            b"true" if self.last_word_was_for(start) => self.stop(),
            _ => {}
        }
        if names_function || self.names_method() {
            let name = Word::plain(word);
            let exported = word.first().is_some_and(u8::is_ascii_uppercase);
            if let Some(head) = &mut self.head {
                head.name = Some(name);
                head.exported = exported;
            }
            return;
        }
        if self.head.as_ref().is_some_and(|head| head.body.is_some()) {
            let name = if after_dot {
                Word::member(word)
            } else {
                Word::plain(word)
            };
            self.outline.words.push(name);
            match self.bytes.get(self.at) {
                Some(b'(') if after_dot => self.outline.words.push(name.as_call()),
                Some(b'{' | b'[' | b' ') if !after_dot => self.literal(name),
                _ => {}
            }
            if !after_dot && self.before_colon() {
                self.outline.words.push(Word::member(word));
            }
        }
    }

    /// Whether a `func` at the top begins a declaration and not a literal or a type: nothing stands before it.
    fn declares(&mut self, start: usize) -> bool {
        let line = memrchr(b'\n', &self.bytes[..start]).map_or(0, |i| i + 1);
        let before = self.bytes[line..start].trim_ascii_start();
        // Behind a comment or another declaration it may be either.
        self.outline.sure &= !before.starts_with(b"/") && !before.starts_with(b";");
        before.is_empty() || before == BYTE_ORDER_MARK
    }

    /// Whether a `func` at the start of a line begins a declaration, which no body holds.
    fn declares_name(&self, after: usize) -> bool {
        let line = self.bytes[after..].split(|b| *b == b'\n').next();
        let Some(rest) = line.unwrap_or_default().strip_prefix(b" ") else {
            return false;
        };
        let rest = match rest.strip_prefix(b"(") {
            None => rest,
            Some(receiver) => match memmem::find(receiver, b") ") {
                Some(end) => &receiver[end + 2..],
                None => return false,
            },
        };
        let name = rest.iter().take_while(|b| is_word(**b)).count();
        name > 0 && matches!(rest.get(name), Some(b'(' | b'['))
    }

    /// Whether the word at the top that follows a receiver has come.
    fn names_method(&self) -> bool {
        self.is_top()
            && self
                .head
                .as_ref()
                .is_some_and(|head| head.method && head.name.is_none())
    }

    fn last_word_was_for(&self, start: usize) -> bool {
        self.bytes[..start].trim_ascii_end().ends_with(b"for")
    }

    /// Remembers a name that may be the type of a literal.
    fn literal(&mut self, name: Word) {
        let rest = self.bytes[self.at..].trim_ascii_start();
        if rest.starts_with(b"{") || rest.starts_with(b"[") {
            self.outline.words.push(name.as_literal());
        }
    }

    /// Whether a colon follows that does not belong to `:=`.
    fn before_colon(&self) -> bool {
        let rest = self.bytes[self.at..].trim_ascii_start();
        rest.starts_with(b":") && !rest.starts_with(b":=")
    }
}
