//! Positions as the protocol counts them, and edits by such positions.
//!
//! In: bytes and an [`Encoding`]. Out: offsets for positions, positions for offsets. Unlike in the rest of goleash, a
//! line ends at `\n`, `\r\n` or a lone `\r`: the protocol says so. Nothing here fails; what lies outside the text is
//! moved to its nearest end, as the protocol asks.

use lsp_types::{Position, Range, TextDocumentContentChangeEvent as Change};
use std::sync::Arc;

/// What the columns of a session count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units, the default of the protocol.
    Utf16,
    /// Characters.
    Utf32,
}

/// A text with its lines.
#[derive(Clone, Debug)]
pub(super) struct Text {
    bytes: Arc<[u8]>,
    starts: Vec<u32>,
}

impl Text {
    pub(super) fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', &bytes) {
            if bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n') {
                starts.push(at as u32 + 1);
            }
        }
        Self { bytes, starts }
    }

    pub(super) fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// The bytes of a 0-based line, without its end.
    fn line(&self, line: u32) -> (usize, &[u8]) {
        let line = line as usize;
        let Some(&start) = self.starts.get(line) else {
            return (self.bytes.len(), &[]);
        };
        let end = self
            .starts
            .get(line + 1)
            .map_or(self.bytes.len(), |&e| e as usize);
        let mut text = &self.bytes[start as usize..end];
        if line + 1 < self.starts.len() {
            text = text.strip_suffix(b"\n").unwrap_or(text);
            text = text.strip_suffix(b"\r").unwrap_or(text);
        }
        (start as usize, text)
    }

    /// The byte a position stands for.
    pub(super) fn offset(&self, position: Position, encoding: Encoding) -> usize {
        let (start, line) = self.line(position.line);
        let mut left = position.character as usize;
        if encoding == Encoding::Utf8 {
            return start + left.min(line.len());
        }
        let mut at = start;
        for chunk in line.utf8_chunks() {
            for c in chunk.valid().chars() {
                if left == 0 {
                    return at;
                }
                left = left.saturating_sub(width(c, encoding));
                at += c.len_utf8();
            }
            if !chunk.invalid().is_empty() {
                if left == 0 {
                    return at;
                }
                // Shown as one replacement character.
                left -= 1;
                at += chunk.invalid().len();
            }
        }
        at
    }

    /// The position of a byte.
    pub(super) fn position(&self, offset: usize, encoding: Encoding) -> Position {
        let offset = offset.min(self.bytes.len());
        let line = self.starts.partition_point(|&s| s as usize <= offset) as u32 - 1;
        let (start, text) = self.line(line);
        let before = &text[..(offset - start).min(text.len())];
        let character = match encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 | Encoding::Utf32 => String::from_utf8_lossy(before)
                .chars()
                .map(|c| width(c, encoding))
                .sum(),
        };
        Position {
            line,
            character: character as u32,
        }
    }

    /// The range from one byte to another.
    pub(super) fn range(&self, start: usize, end: usize, encoding: Encoding) -> Range {
        Range {
            start: self.position(start, encoding),
            end: self.position(end.max(start), encoding),
        }
    }

    /// The blanks a line begins with, and the line end a line beside it should get.
    pub(super) fn indentation(&self, line: u32) -> (String, &'static str) {
        let (start, text) = self.line(line);
        let blanks = text
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        let ended = self.bytes[start + text.len()..].starts_with(b"\r\n");
        let end = if ended { "\r\n" } else { "\n" };
        (String::from_utf8_lossy(&text[..blanks]).into_owned(), end)
    }

    /// The text after `change`.
    pub(super) fn changed(&self, change: &Change, encoding: Encoding) -> Self {
        let change = match change {
            Change::TextDocumentContentChangeWholeDocument(whole) => {
                return Self::new(whole.text.as_bytes());
            }
            Change::TextDocumentContentChangePartial(part) => part,
        };
        let from = self.offset(change.range.start, encoding);
        let to = self.offset(change.range.end, encoding).max(from);
        let parts = [
            &self.bytes[..from],
            change.text.as_bytes(),
            &self.bytes[to..],
        ];
        Self::new(parts.concat())
    }
}

fn width(c: char, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Utf8 => c.len_utf8(),
        Encoding::Utf16 => c.len_utf16(),
        Encoding::Utf32 => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lsp_types::TextDocumentContentChangePartial;

    const ALL: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn every_character_has_one_position() {
        let source = "a\r\nß😀x\n\rz\r\n";
        let text = Text::new(source.as_bytes());
        for encoding in ALL {
            for (offset, _) in source.char_indices() {
                let position = text.position(offset, encoding);
                // Inside a line end there is no position of its own.
                if source.as_bytes()[offset] != b'\n'
                    || source.as_bytes().get(offset.wrapping_sub(1)) != Some(&b'\r')
                {
                    assert_eq!(
                        text.offset(position, encoding),
                        offset,
                        "{encoding:?} {position:?}"
                    );
                }
            }
        }
        let x = 3 + 2 + 4;
        assert_eq!(text.position(x, Encoding::Utf8), at(1, 6));
        assert_eq!(text.position(x, Encoding::Utf16), at(1, 3));
        assert_eq!(text.position(x, Encoding::Utf32), at(1, 2));
        assert_eq!(
            text.position(source.find('z').expect("z"), Encoding::Utf16),
            at(3, 0)
        );
    }

    #[test]
    fn positions_outside_are_moved_inside() {
        let text = Text::new(&b"ab\ncd"[..]);
        for encoding in ALL {
            assert_eq!(text.offset(at(0, 99), encoding), 2);
            assert_eq!(text.offset(at(1, 99), encoding), 5);
            assert_eq!(text.offset(at(99, 0), encoding), 5);
            assert_eq!(text.position(99, encoding), at(1, 2));
        }
        let broken = Text::new(&b"\xff\xfex\n"[..]);
        assert_eq!(broken.position(2, Encoding::Utf16), at(0, 2));
        assert_eq!(broken.offset(at(0, 2), Encoding::Utf16), 2);
    }

    #[test]
    fn edits_replace_ranges() {
        let change = |start, end, text: &str| {
            let range = Range { start, end };
            let text = text.to_owned();
            Change::from(TextDocumentContentChangePartial {
                range,
                text,
                ..Default::default()
            })
        };
        let text = Text::new("é😀b\ncd\n".as_bytes());
        let changed = text.changed(&change(at(0, 3), at(1, 1), "-"), Encoding::Utf16);
        assert_eq!(&**changed.bytes(), "é😀-d\n".as_bytes());
        // An end before its start, and one behind everything.
        let changed = text.changed(&change(at(1, 1), at(0, 0), "-"), Encoding::Utf16);
        assert_eq!(&**changed.bytes(), "é😀b\nc-d\n".as_bytes());
        let changed = text.changed(&change(at(0, 0), at(9, 9), "-"), Encoding::Utf16);
        assert_eq!(&**changed.bytes(), b"-");
    }
}
