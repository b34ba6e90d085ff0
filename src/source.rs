//! File text and places in it.
//!
//! In: the bytes of a file and the name users know it by. Out: [`SourceFile`], which turns byte offsets into lines and
//! columns. Deliberately absent: reading files, and everything that knows Go.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// Index of a file within the list it travels with (a package's files, or a report's files).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

impl FileId {
    /// The index as `usize`, for the list the id belongs to.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A half-open range of bytes of one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// As the only number of that width, so that a hasher can tell it from others: places move while all else stays the same.
impl Hash for Span {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from(self.start) << 32 | u128::from(self.end));
    }
}

impl Span {
    /// The span from `start` to `end` (bytes).
    pub fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    /// Whether `other` lies wholly inside `self`.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A span in a certain file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The bytes.
    pub span: Span,
}

/// A line and a column, both 1-based. What a column counts is said where one is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineColumn {
    /// 1-based line.
    pub line: u32,
    /// 1-based column.
    pub column: u32,
}

/// One file: its display name, its bytes and where its lines start.
///
/// The bytes need not be UTF-8. Only `\n` ends a line (a `\r` before it belongs to the line), as in Go's own positions.
#[derive(Clone, Debug)]
pub struct SourceFile {
    path: Arc<str>,
    bytes: Arc<[u8]>,
    /// Looked for when somebody asks.
    line_starts: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// A file of these bytes; `path` is what reports show (relative, `/` separators).
    pub fn new(path: impl Into<Arc<str>>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self {
            path: path.into(),
            bytes: bytes.into(),
            line_starts: OnceLock::new(),
        }
    }

    /// Most files are never asked for a line.
    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let ends = memchr::memchr_iter(b'\n', &self.bytes);
            let starts = ends.map(|end| end as u32 + 1);
            std::iter::once(0).chain(starts).collect()
        })
    }

    /// The name reports show.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole content.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of lines, counting the one after a final newline.
    pub fn line_count(&self) -> u32 {
        self.line_starts().len() as u32
    }

    /// The 1-based line that holds byte `offset` (offsets past the end: the last line).
    pub fn line(&self, offset: u32) -> u32 {
        self.line_starts().partition_point(|&s| s <= offset) as u32
    }

    /// The 1-based `line` with its line end; an empty span at the end of the file when there is no such line.
    pub fn line_span(&self, line: u32) -> Span {
        let end = self.bytes.len() as u32;
        let start = |line: u32| {
            self.line_starts()
                .get(line as usize)
                .copied()
                .unwrap_or(end)
        };
        Span {
            start: start(line.saturating_sub(1)),
            end: start(line),
        }
    }

    /// Bytes of the 1-based `line`, without its line end; empty when there is no such line.
    pub fn line_bytes(&self, line: u32) -> &[u8] {
        let Some(&start) = self.line_starts().get((line as usize).wrapping_sub(1)) else {
            return &[];
        };
        let end = self
            .line_starts()
            .get(line as usize)
            .map_or(self.bytes.len(), |&e| e as usize - 1);
        let text = &self.bytes[start as usize..end.max(start as usize)];
        text.strip_suffix(b"\r").unwrap_or(text)
    }

    /// Line and column of `offset`, the column counted in bytes as Go's own tools do.
    pub fn byte_position(&self, offset: u32) -> LineColumn {
        let line = self.line(offset);
        LineColumn {
            line,
            column: offset.min(self.bytes.len() as u32) - self.line_starts()[line as usize - 1] + 1,
        }
    }

    /// Line and column of `offset`, the column counted in UTF-16 code units (SARIF, LSP).
    /// Bytes that are no UTF-8 count as the replacement characters they are shown as.
    pub fn utf16_position(&self, offset: u32) -> LineColumn {
        let line = self.line(offset);
        let start = self.line_starts()[line as usize - 1] as usize;
        let end = (offset as usize).min(self.bytes.len());
        let before = String::from_utf8_lossy(&self.bytes[start..end.max(start)]);
        LineColumn {
            line,
            column: before.encode_utf16().count() as u32 + 1,
        }
    }

    /// The text of `span`, lossily decoded; parts outside the file are left out.
    pub fn text(&self, span: Span) -> std::borrow::Cow<'_, str> {
        let end = (span.end as usize).min(self.bytes.len());
        let start = (span.start as usize).min(end);
        String::from_utf8_lossy(&self.bytes[start..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_bytes_or_utf16_units_and_lines_survive_crlf() {
        let f = SourceFile::new("a.go", "a\r\nß😀x\n".as_bytes());
        assert_eq!(f.line_bytes(1), b"a");
        let x = 3 + 2 + 4;
        assert_eq!(f.byte_position(x), LineColumn { line: 2, column: 7 });
        assert_eq!(f.utf16_position(x), LineColumn { line: 2, column: 4 });
        assert_eq!(f.line(999), 3);
    }
}
