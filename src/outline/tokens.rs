//! The tokens of a file: what a parser can see of it.
//!
//! In: bytes for which the outline is sure. Out: where each token stands, with comments, literals and white space told
//! apart. Two files with the same tokens ([`same`]) have the same syntax, at other places.

use super::lex::is_word;
use crate::source::Span;
use memchr::{memchr, memmem};

/// What stands between a token and the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Nothing.
    None,
    /// Blanks and comments, all in one line.
    Blank,
    /// The end of a line, which may end a statement.
    Line,
}

/// A word, a literal, or one byte of anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its first byte.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
    /// What stands before it.
    pub gap: Gap,
}

/// The tokens of a file without the insides of the bodies in `hidden`, which are in source order.
pub fn tokens(bytes: &[u8], hidden: &[Span]) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(bytes.len() / 4);
    let mut hidden = hidden.iter().peekable();
    let mut at = 0;
    let mut gap = Gap::Line;
    while let Some(&byte) = bytes.get(at) {
        let end = match byte {
            b'\n' => {
                gap = Gap::Line;
                at += 1;
                continue;
            }
            b' ' | b'\t' | b'\r' => {
                gap = blank(gap);
                at += 1;
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                gap = blank(gap);
                at = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |i| at + i);
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let end = memmem::find(&bytes[at + 2..], b"*/").map_or(bytes.len(), |i| at + i + 4);
                let line = memchr(b'\n', &bytes[at..end]).is_some();
                gap = if line { Gap::Line } else { blank(gap) };
                at = end;
                continue;
            }
            b'`' => memchr(b'`', &bytes[at + 1..]).map_or(bytes.len(), |i| at + i + 2),
            b'"' | b'\'' => quoted(bytes, at),
            _ if is_word(byte) => {
                let rest = bytes[at..].iter().position(|b| !is_word(*b));
                rest.map_or(bytes.len(), |i| at + i)
            }
            _ => at + 1,
        };
        tokens.push(Token {
            start: at as u32,
            end: end as u32,
            gap,
        });
        gap = Gap::None;
        at = match hidden.next_if(|body| body.start as usize == at) {
            // Its closing brace comes next.
            Some(body) => body.end as usize - 1,
            None => end,
        };
    }
    tokens
}

fn blank(gap: Gap) -> Gap {
    if gap == Gap::Line { gap } else { Gap::Blank }
}

fn quoted(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(b) if *b == bytes[start] => return at + 1,
            Some(b'\n') | None => return at.min(bytes.len()),
            Some(_) => at += 1,
        }
    }
}

/// Whether two texts have the same tokens.
pub fn same(one: (&[u8], &[Token]), other: (&[u8], &[Token])) -> bool {
    one.1.len() == other.1.len()
        && one.1.iter().zip(other.1).all(|(a, b)| {
            a.gap == b.gap
                && one.0[a.start as usize..a.end as usize]
                    == other.0[b.start as usize..b.end as usize]
        })
}

/// Where a place of one text stands in another that has the same tokens: at the same distance from the same token.
pub fn moved(from: &[Token], to: &[Token], at: u32) -> Option<u32> {
    // The first token that does not end before it; where two meet, both tell the same.
    let index = from.partition_point(|token| token.end < at);
    let (old, new) = (from.get(index)?, to.get(index)?);
    (old.start <= at).then(|| new.start + (at - old.start))
}
