//! A file as it was before a patch, from the file as it is now.

use super::{FileDiff, Hunk, Side, without_end};

/// How far from its place a hunk with context is looked for.
const REACH: usize = 2_000;

/// The hunk that is not in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The 1-based line of the patch where the hunk begins.
    pub line: usize,
}

/// The file as it was: every hunk found in `now` and taken back. Line ends are no difference: a checkout may have others
/// than the repository the patch comes from. A hunk with unchanged lines around it may have moved, as for `git apply`.
pub fn before(diff: &FileDiff<'_>, now: &[u8]) -> Result<Vec<u8>, Misfit> {
    let lines: Vec<&[u8]> = now.split_inclusive(|byte| *byte == b'\n').collect();
    let mut out = Vec::with_capacity(now.len());
    let mut next = 0;
    let mut drift = 0;
    for hunk in diff.hunks.iter().flatten() {
        let wanted: Vec<&[u8]> = hunk
            .lines
            .iter()
            .filter(|line| line.side != Side::Old)
            .map(|line| line.text)
            .collect();
        let place = if wanted.is_empty() {
            hunk.new_start
        } else {
            hunk.new_start.saturating_sub(1)
        };
        let expected = place.saturating_add_signed(drift);
        let at = find(&lines, &wanted, expected, next, has_context(hunk))
            .ok_or(Misfit { line: hunk.line })?;
        drift = at as isize - place as isize;
        out.extend(lines[next..at].concat());
        let old = hunk.lines.iter().filter(|line| line.side != Side::New);
        for line in old {
            out.extend(line.text);
        }
        next = at + wanted.len();
    }
    out.extend(lines[next..].concat());
    Ok(out)
}

fn has_context(hunk: &Hunk<'_>) -> bool {
    hunk.lines.iter().any(|line| line.side == Side::Both)
}

/// The index of `wanted` in `lines` nearest to `expected`, not before `first`; only there unless it `may_move`.
fn find(
    lines: &[&[u8]],
    wanted: &[&[u8]],
    expected: usize,
    first: usize,
    may_move: bool,
) -> Option<usize> {
    let fits = |at: usize| {
        let there = at
            .checked_add(wanted.len())
            .and_then(|end| lines.get(at..end));
        at >= first
            && there.is_some_and(|there| {
                let mut pairs = there.iter().zip(wanted);
                pairs.all(|(a, b)| without_end(a) == without_end(b))
            })
    };
    let reach = if may_move { REACH } else { 0 };
    (0..=reach)
        .flat_map(|way| [expected.checked_add(way), expected.checked_sub(way)])
        .flatten()
        .find(|at| fits(*at))
}
