//! What a file holds, seen without parsing it: its functions, the words in them, and whether anything in it can block.
//!
//! In: bytes. Out: an [`Outline`], by a lexer that knows comments, literals and brackets and nothing else of Go. It is
//! many times faster than a parser, so it decides what a parser is shown. Where it is not sure it says so.

mod lex;
mod tokens;

use crate::source::Span;
use rustc_hash::FxHasher;
use std::hash::Hasher;
use std::ops::Range;

pub use lex::outline;
pub use tokens::{Gap, Token, moved, same, tokens};

/// A name, as a number: two names may share one, which can only make somebody look at too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Word(u32);

impl Word {
    /// A name that stands by itself.
    pub fn plain(name: &[u8]) -> Self {
        let mut hasher = FxHasher::default();
        hasher.write(name);
        Self((hasher.finish() >> 32) as u32)
    }

    /// A name behind a dot, or before the colon of a composite literal.
    pub fn member(name: &[u8]) -> Self {
        Self::plain(name).as_member()
    }

    /// The same name behind a dot.
    #[must_use]
    pub fn as_member(self) -> Self {
        Self(self.0 ^ 0x9e37_79b9)
    }

    /// The same name before a brace, as of the type of a literal.
    #[must_use]
    pub fn as_literal(self) -> Self {
        Self(self.0 ^ 0x85eb_ca6b)
    }

    /// The same name behind a dot and before its arguments.
    #[must_use]
    pub fn as_call(self) -> Self {
        Self(self.0 ^ 0xc2b2_ae35)
    }

    /// A few of its bits.
    pub fn bits(self) -> usize {
        self.0 as usize
    }
}

/// A function or method as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: Word,
    /// From `func` to the end of the line its body ends in.
    pub span: Span,
    /// Its body, braces included.
    pub body: Span,
    /// Whether signature or body have a mark: `<-`, `chan`, `go`, `select`, `close`.
    pub marked: bool,
    /// Whether the body may stop whoever calls it: `panic`, `recover`, or a loop without a condition.
    pub stops: bool,
    /// The words of its body, in [`Outline::words`].
    pub words: Range<u32>,
    /// Whether it is a method.
    pub method: bool,
    /// Whether other packages can name it.
    pub exported: bool,
    /// Whether something in its body is not closed: it is no Go, and where it ends is told by its formatting.
    pub broken: bool,
}

/// A file, seen from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Its functions in source order.
    pub functions: Vec<Function>,
    /// The words of all bodies.
    pub words: Vec<Word>,
    /// Whether anything outside comments and literals speaks of channels, wait groups or pipes.
    pub blocks: bool,
    /// Whether anything outside comments and literals is called `Pipe` behind a dot.
    pub pipes: bool,
    /// Whether brackets and literals are closed everywhere but in broken bodies, so that what is said of functions holds.
    pub sure: bool,
}

impl Outline {
    /// The words of a function's body.
    pub fn words_of(&self, function: &Function) -> &[Word] {
        &self.words[function.words.start as usize..function.words.end as usize]
    }

    /// The function that begins there.
    pub fn index(&self, start: u32) -> Option<usize> {
        self.functions
            .binary_search_by_key(&start, |f| f.span.start)
            .ok()
    }
}
