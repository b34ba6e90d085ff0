//! Hunks: ranges and lines. The counts of the header decide where a hunk ends, so that lines which look like headers are
//! what they are.

use super::{Invalid, without_end};

/// A stretch of a file that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk<'p> {
    /// The 1-based line of the patch where it begins.
    pub line: usize,
    /// The 1-based line of the new file where it begins; the line before it when it has none there.
    pub new_start: usize,
    /// Its lines.
    pub lines: Vec<Line<'p>>,
}

/// A line of a hunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'p> {
    /// In which of the files it is.
    pub side: Side,
    /// Its text with its end; without, when the file ends there.
    pub text: &'p [u8],
}

/// In which of the two files a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// In both.
    Both,
    /// Only in the old one.
    Old,
    /// Only in the new one.
    New,
}

/// Reads the hunk with this header from the lines below it; returns also how many lines it takes.
pub(super) fn read<'p>(
    header: &[u8],
    number: usize,
    below: &[&'p [u8]],
) -> Result<(Hunk<'p>, usize), Invalid> {
    let Some(((_, mut old), (new_start, mut new))) = ranges(header) else {
        return Err(Invalid {
            line: number,
            message: "this hunk does not say which lines it is about, as in `@@ -1,3 +1,4 @@`"
                .to_owned(),
        });
    };
    let mut lines: Vec<Line<'p>> = Vec::new();
    let mut taken = 0;
    while old > 0 || new > 0 {
        let read = below.get(taken).and_then(|line| side(line));
        let left = read.and_then(|(side, _)| left(side, old, new));
        taken += 1;
        let (Some((side, text)), Some(left)) = (read, left) else {
            return Err(Invalid {
                line: number + taken,
                message: format!(
                    "the hunk of line {number} should have more lines ({old} old, {new} new)"
                ),
            });
        };
        (old, new) = left;
        match side {
            Some(side) => lines.push(Line { side, text }),
            None => end_of_file(&mut lines),
        }
    }
    if below.get(taken).is_some_and(|line| line.starts_with(b"\\")) {
        end_of_file(&mut lines);
        taken += 1;
    }
    let hunk = Hunk {
        line: number,
        new_start,
        lines,
    };
    Ok((hunk, taken))
}

/// What a line of a hunk is; no side for the remark that the line before it has no end.
fn side<'p>(line: &&'p [u8]) -> Option<(Option<Side>, &'p [u8])> {
    match line {
        [b' ', text @ ..] => Some((Some(Side::Both), text)),
        [b'-', text @ ..] => Some((Some(Side::Old), text)),
        [b'+', text @ ..] => Some((Some(Side::New), text)),
        [b'\\', ..] => Some((None, &[])),
        // Mail programs strip the blank of an empty line.
        line if without_end(line).is_empty() => Some((Some(Side::Both), line)),
        _ => None,
    }
}

/// How many old and new lines are left after one of this side, if there may be one.
fn left(side: Option<Side>, old: usize, new: usize) -> Option<(usize, usize)> {
    match side {
        None => Some((old, new)),
        Some(Side::Both) => Some((old.checked_sub(1)?, new.checked_sub(1)?)),
        Some(Side::Old) => Some((old.checked_sub(1)?, new)),
        Some(Side::New) => Some((old, new.checked_sub(1)?)),
    }
}

fn end_of_file(lines: &mut [Line<'_>]) {
    if let Some(last) = lines.last_mut() {
        last.text = without_end(last.text);
    }
}

type Range = (usize, usize);

/// Start and length on both sides, of `@@ -1,3 +1,4 @@ anything`; a length of one may be left out.
fn ranges(header: &[u8]) -> Option<(Range, Range)> {
    let text = header.strip_prefix(b"@@ -")?;
    let end = text.windows(3).position(|window| window == b" @@")?;
    let text = std::str::from_utf8(&text[..end]).ok()?;
    let (old, new) = text.split_once(" +")?;
    let range = |text: &str| {
        let (start, length) = text.split_once(',').unwrap_or((text, "1"));
        Some((start.parse().ok()?, length.parse().ok()?))
    };
    Some((range(old)?, range(new)?))
}
