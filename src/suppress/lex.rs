//! Go's tokens, as far as comments need them: strings, raw strings, runes, brackets, and where a line end ends a statement.
//!
//! In: the bytes of a file, Go or not. Out: its tokens. What is not closed in broken code ends with its line (strings,
//! runes) or with the file (raw strings, comments), as in Go's own scanner.

use crate::source::Span;

/// The tokens of a file, in order.
pub(super) fn tokens(bytes: &[u8]) -> Vec<Token> {
    Lexer {
        bytes,
        at: 0,
        line: 1,
    }
    .tokens()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    LineComment,
    BlockComment,
    Open,
    Close,
    Colon,
    Semicolon,
    Word,
    Literal,
    Operator,
}

#[derive(Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
    pub(super) line: u32,
    pub(super) last_line: u32,
    /// Whether a line end after it ends a statement, by Go's rule for semicolons.
    pub(super) ends_statement: bool,
}

impl Token {
    /// Whether it is a comment of either kind.
    pub(super) fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::LineComment | Kind::BlockComment)
    }

    /// Whether it is this word.
    pub(super) fn is(&self, bytes: &[u8], word: &str) -> bool {
        self.kind == Kind::Word
            && bytes.get(self.span.start as usize..self.span.end as usize) == Some(word.as_bytes())
    }
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
}

impl<'a> Lexer<'a> {
    fn tokens(mut self) -> Vec<Token> {
        let mut tokens = Vec::new();
        while let Some(&byte) = self.bytes.get(self.at) {
            if byte.is_ascii_whitespace() || byte == 0 {
                self.line += u32::from(byte == b'\n');
                self.at += 1;
                continue;
            }
            let (start, line) = (self.at, self.line);
            let (kind, ends_statement) = self.token(byte);
            let text = &self.bytes[start..self.at];
            self.line += memchr::memchr_iter(b'\n', text).count() as u32;
            tokens.push(Token {
                kind,
                span: Span::new(start, self.at),
                line,
                last_line: self.line,
                ends_statement,
            });
        }
        tokens
    }

    /// Moves past the token that starts with `byte`; its kind, and whether a line end after it ends a statement.
    fn token(&mut self, byte: u8) -> (Kind, bool) {
        let rest = &self.bytes[self.at..];
        match byte {
            b'/' if rest.starts_with(b"//") => {
                let line = self.up_to(b"\n", 0);
                let end = line.strip_suffix(b"\r").unwrap_or(line).len();
                self.at += end;
                (Kind::LineComment, false)
            }
            b'/' if rest.starts_with(b"/*") => {
                let inside = self.up_to(b"*/", 2).len();
                self.skip(inside + 2);
                (Kind::BlockComment, false)
            }
            b'`' => {
                let inside = self.up_to(b"`", 1).len();
                self.skip(inside + 1);
                (Kind::Literal, true)
            }
            b'"' | b'\'' => {
                self.quoted(byte);
                (Kind::Literal, true)
            }
            _ if is_word(byte) => {
                let end = rest.iter().position(|b| !is_word(*b)).unwrap_or(rest.len());
                self.at += end;
                (Kind::Word, !OPEN_KEYWORDS.contains(&&rest[..end]))
            }
            b'+' | b'-' if rest.get(1) == Some(&byte) => {
                self.at += 2;
                (Kind::Operator, true)
            }
            _ => {
                self.at += 1;
                match byte {
                    b'(' | b'[' | b'{' => (Kind::Open, false),
                    b')' | b']' | b'}' => (Kind::Close, true),
                    b':' => (Kind::Colon, false),
                    b';' => (Kind::Semicolon, false),
                    _ => (Kind::Operator, false),
                }
            }
        }
    }

    /// What stands from here to `end`, which is looked for `from` bytes ahead; everything when it does not come.
    fn up_to(&self, end: &[u8], from: usize) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        let found = rest.get(from..).and_then(|r| memchr::memmem::find(r, end));
        found.map_or(rest, |at| &rest[..from + at])
    }

    fn skip(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.bytes.len());
    }

    /// Moves past a string or a rune; one that is not closed ends with its line.
    fn quoted(&mut self, quote: u8) {
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' => return,
                b'\\' if self.bytes.get(self.at + 1) != Some(&b'\n') => self.skip(2),
                _ => self.at += 1,
            }
            if byte == quote {
                return;
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The keywords after which a line end does not end a statement.
const OPEN_KEYWORDS: &[&[u8]] = &[
    b"case",
    b"chan",
    b"const",
    b"default",
    b"defer",
    b"else",
    b"for",
    b"func",
    b"go",
    b"goto",
    b"if",
    b"import",
    b"interface",
    b"map",
    b"package",
    b"range",
    b"select",
    b"struct",
    b"switch",
    b"type",
    b"var",
];
