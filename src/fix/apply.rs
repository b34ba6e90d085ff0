//! Edits applied to text, and where the text that stays comes to stand.

use crate::finding::Edit;
use crate::source::{FileId, Span};

/// The edits of one file, sorted, none overlapping another.
#[derive(Clone, Debug, Default)]
pub struct Changes<'e> {
    edits: Vec<&'e Edit>,
}

impl<'e> Changes<'e> {
    /// Those of `edits` that are in `file`; `None` when two of them overlap.
    pub fn of(edits: impl IntoIterator<Item = &'e Edit>, file: FileId) -> Option<Self> {
        let mut edits: Vec<&Edit> = edits.into_iter().filter(|e| e.at.file == file).collect();
        edits.sort_by_key(|e| e.at.span);
        let apart = edits
            .windows(2)
            .all(|pair| pair[0].at.span.end <= pair[1].at.span.start && pair[0].at != pair[1].at);
        apart.then_some(Self { edits })
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// `bytes` with the edits made; edits outside are left out.
    pub fn apply(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() + 64);
        let mut at = 0;
        for edit in &self.edits {
            let span = edit.at.span;
            let Some(kept) = bytes.get(at..span.start as usize) else {
                continue;
            };
            out.extend_from_slice(kept);
            out.extend_from_slice(edit.replacement.as_bytes());
            at = (span.end as usize).min(bytes.len());
        }
        out.extend_from_slice(&bytes[at..]);
        out
    }

    /// Where the replacements stand afterwards.
    pub fn placed(&self) -> impl Iterator<Item = Span> {
        let mut grown = 0i64;
        self.edits.iter().map(move |edit| {
            let start = i64::from(edit.at.span.start) + grown;
            let length = edit.replacement.len() as i64;
            grown += length - i64::from(edit.at.span.end - edit.at.span.start);
            Span::new(start as usize, (start + length) as usize)
        })
    }

    /// Where the byte that stands at `offset` afterwards stood before; `None` when it is new.
    pub(super) fn origin(&self, offset: u32) -> Option<u32> {
        let mut grown = 0i64;
        for (edit, new) in self.edits.iter().zip(self.placed()) {
            if offset < new.start {
                break;
            }
            if offset < new.end {
                return None;
            }
            let old = i64::from(edit.at.span.end - edit.at.span.start);
            grown += i64::from(new.end - new.start) - old;
        }
        u32::try_from(i64::from(offset) - grown).ok()
    }

    /// Whether no edit touches the inside of `span`.
    pub(super) fn keeps(&self, span: Span) -> bool {
        self.edits.iter().all(|edit| {
            let at = edit.at.span;
            at.end <= span.start || span.end <= at.start
        })
    }

    /// Where the byte that stood at `offset` stands afterwards; `None` when it is replaced. What is inserted at a place
    /// comes before what stood there.
    pub fn moved(&self, offset: u32) -> Option<u32> {
        let mut grown = 0i64;
        for edit in &self.edits {
            let span = edit.at.span;
            if span.start > offset {
                break;
            }
            if offset < span.end {
                return None;
            }
            grown += edit.replacement.len() as i64 - i64::from(span.end - span.start);
        }
        u32::try_from(i64::from(offset) + grown).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Place;

    fn edit(start: usize, end: usize, text: &str) -> Edit {
        Edit {
            at: Place {
                file: FileId(0),
                span: Span::new(start, end),
            },
            replacement: text.to_owned(),
        }
    }

    #[test]
    fn edits_are_made_and_what_stays_is_found_again() {
        let edits = [edit(6, 7, ""), edit(2, 2, "XY"), edit(3, 5, "-")];
        let changes = Changes::of(&edits, FileId(0)).expect("apart");
        assert_eq!(changes.apply(b"abcdefgh"), b"abXYc-fh");
        let moved: Vec<_> = (0..9).map(|at| changes.moved(at)).collect();
        assert_eq!(
            moved,
            [
                Some(0),
                Some(1),
                Some(4),
                None,
                None,
                Some(6),
                None,
                Some(7),
                Some(8)
            ]
        );
    }

    #[test]
    fn overlapping_edits_are_refused() {
        let at = |pairs: &[(usize, usize)]| {
            let edits: Vec<Edit> = pairs.iter().map(|(s, e)| edit(*s, *e, "x")).collect();
            Changes::of(&edits, FileId(0)).is_some()
        };
        assert!(at(&[(0, 2), (2, 4)]));
        assert!(!at(&[(0, 3), (2, 4)]));
        // Which of two insertions at one place comes first is nobody's decision.
        assert!(!at(&[(2, 2), (2, 2)]));
    }
}
