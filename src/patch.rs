//! Patches: what `git diff` and `diff -u` print, read.
//!
//! In: any bytes. Out: the files that a patch changes with their hunks, or the line that is wrong; and, from a file as it is
//! now, the file as it was before ([`before`]). Paths come as they stand in the patch, quotes undone and prefixes left on:
//! what they are relative to is not known here. Deliberately absent: applying patches forward, files, and git.

mod hunk;
mod names;
mod reverse;
#[cfg(test)]
mod tests;

pub use hunk::{Hunk, Line, Side};
pub use reverse::{Misfit, before};

use names::{git_header, name, operand};

/// What happens to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDiff<'p> {
    /// The 1-based line of the patch where the diff of this file begins.
    pub line: usize,
    /// Where the file was; `None` when it is added.
    pub old: Option<Name>,
    /// Where it is now; `None` when it is deleted.
    pub new: Option<Name>,
    /// Whether it is a copy, so that the old file is still there.
    pub copy: bool,
    /// The changes in it; `None` for what is told as binary.
    pub hunks: Option<Vec<Hunk<'p>>>,
}

/// A path as the patch gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The bytes of the path.
    pub path: Vec<u8>,
    /// Whether a first component such as `a/` may stand before it. Renames are told without.
    pub prefix: bool,
}

/// Why some bytes are no patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The 1-based line.
    pub line: usize,
    /// What is wrong there: lower case, no full stop.
    pub message: String,
}

/// Reads a patch. What stands between the diffs of files (mail headers, messages, binary data) is passed over; bytes with
/// nothing but white space are a patch that changes nothing.
pub fn parse(bytes: &[u8]) -> Result<Vec<FileDiff<'_>>, Invalid> {
    let mut reader = Reader {
        lines: bytes.split_inclusive(|byte| *byte == b'\n').collect(),
        at: 0,
        files: Vec::new(),
        open: None,
    };
    while let Some(line) = reader.lines.get(reader.at) {
        reader.line(without_end(line))?;
    }
    reader.close();
    if reader.files.is_empty() && !bytes.trim_ascii().is_empty() {
        return Err(Invalid {
            line: 1,
            message: "this is no diff; `git diff` makes one".to_owned(),
        });
    }
    Ok(reader.files)
}

struct Reader<'p> {
    /// With their ends.
    lines: Vec<&'p [u8]>,
    /// The line to read next.
    at: usize,
    files: Vec<FileDiff<'p>>,
    open: Option<Header<'p>>,
}

/// The diff of one file while it is read.
#[derive(Default)]
struct Header<'p> {
    line: usize,
    /// Whether it begins with a `diff --git` line.
    is_git: bool,
    /// The two names of that line, for diffs that have no others.
    git: Option<(Name, Name)>,
    added: bool,
    deleted: bool,
    /// `rename from`, `copy from`.
    from: Option<Name>,
    /// `rename to`, `copy to`.
    to: Option<Name>,
    copy: bool,
    /// `---`, `+++`; `/dev/null` is the inner `None`.
    sides: Option<(Option<Name>, Option<Name>)>,
    binary: bool,
    hunks: Vec<Hunk<'p>>,
}

impl<'p> Reader<'p> {
    fn line(&mut self, line: &'p [u8]) -> Result<(), Invalid> {
        let number = self.at + 1;
        if let Some(rest) = line.strip_prefix(b"diff --git ") {
            let header = self.begin(number);
            header.is_git = true;
            header.git = git_header(rest);
        } else if line.starts_with(b"diff --cc ") || line.starts_with(b"diff --combined ") {
            return Err(Invalid {
                line: number,
                message:
                    "this is the combined diff of a merge; compare two commits: `git diff A B`"
                        .to_owned(),
            });
        } else if let (Some(old), Some(new)) = (line.strip_prefix(b"--- "), self.plus_line()) {
            let sides = (name(old, number)?, name(new, number + 1)?);
            self.sides(number, sides);
            self.at += 1;
        } else if line.starts_with(b"@@ ") {
            return self.hunk(number, line);
        } else if let Some(header) = &mut self.open {
            header.extended(line, number)?;
        }
        self.at += 1;
        Ok(())
    }

    /// The name on the next line, if that is the second of a pair.
    fn plus_line(&self) -> Option<&'p [u8]> {
        without_end(self.lines.get(self.at + 1)?).strip_prefix(b"+++ ")
    }

    fn begin(&mut self, line: usize) -> &mut Header<'p> {
        self.close();
        self.open.insert(Header {
            line,
            ..Header::default()
        })
    }

    /// The names of a file: of the one whose header is open, unless that has names already.
    fn sides(&mut self, line: usize, sides: (Option<Name>, Option<Name>)) {
        let fits = |header: &Header<'_>| header.is_git && !header.binary && header.sides.is_none();
        if !self.open.as_ref().is_some_and(fits) {
            self.begin(line);
        }
        if let Some(header) = &mut self.open {
            header.sides = Some(sides);
        }
    }

    fn hunk(&mut self, number: usize, line: &'p [u8]) -> Result<(), Invalid> {
        let Some(header) = self.open.as_mut().filter(|header| header.sides.is_some()) else {
            return Err(Invalid {
                line: number,
                message: "a hunk without the names of a file above it".to_owned(),
            });
        };
        let (hunk, taken) = hunk::read(line, number, &self.lines[self.at + 1..])?;
        header.hunks.push(hunk);
        self.at += 1 + taken;
        Ok(())
    }

    fn close(&mut self) {
        let file = self.open.take().and_then(Header::finish);
        self.files.extend(file);
    }
}

impl<'p> Header<'p> {
    /// A line of git's extended header.
    fn extended(&mut self, line: &[u8], number: usize) -> Result<(), Invalid> {
        let value = |key: &[u8]| line.strip_prefix(key);
        if !self.is_git || !self.hunks.is_empty() {
            return Ok(());
        }
        if let Some(path) = value(b"rename from ").or_else(|| value(b"copy from ")) {
            self.from = Some(operand(path, number)?);
            self.copy = line.starts_with(b"copy");
        } else if let Some(path) = value(b"rename to ").or_else(|| value(b"copy to ")) {
            self.to = Some(operand(path, number)?);
        } else {
            self.added |= line.starts_with(b"new file mode ");
            self.deleted |= line.starts_with(b"deleted file mode ");
            self.binary |= line.starts_with(b"Binary files ") || line == b"GIT binary patch";
        }
        Ok(())
    }

    /// The whole, if it names a file at all.
    fn finish(self) -> Option<FileDiff<'p>> {
        let (old, new) = match (self.from, self.to, self.sides, self.git) {
            (Some(from), Some(to), ..) => (Some(from), Some(to)),
            (_, _, Some(sides), _) => sides,
            (.., Some((old, new))) => {
                ((!self.added).then_some(old), (!self.deleted).then_some(new))
            }
            _ => return None,
        };
        Some(FileDiff {
            line: self.line,
            old,
            new,
            copy: self.copy,
            hunks: (!self.binary).then_some(self.hunks),
        })
    }
}

/// A line without its end; a patch may have been through a system that writes `\r\n`.
fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
