//! Names of files in patches, and the way git quotes them.

use super::{Invalid, Name};

/// A longer first component is no prefix, and looking for one would take long in a long line.
const MAX_PREFIX: usize = 64;

/// The name on a `---` or `+++` line; `None` for `/dev/null`. A tab ends a name that is not quoted: git writes one behind
/// names with blanks, diff writes a time there.
pub(super) fn name(text: &[u8], line: usize) -> Result<Option<Name>, Invalid> {
    let path = if text.starts_with(b"\"") {
        quoted(text).map(|(path, _)| path).ok_or(Invalid {
            line,
            message: "the quotes around this name do not end".to_owned(),
        })?
    } else {
        let end = text.iter().position(|byte| *byte == b'\t');
        text[..end.unwrap_or(text.len())].to_owned()
    };
    Ok((path != b"/dev/null").then_some(Name { path, prefix: true }))
}

/// The name on a `rename` or `copy` line.
pub(super) fn operand(text: &[u8], line: usize) -> Result<Name, Invalid> {
    let path = if text.starts_with(b"\"") {
        quoted(text).map(|(path, _)| path).ok_or(Invalid {
            line,
            message: "the quotes around this name do not end".to_owned(),
        })?
    } else {
        text.to_owned()
    };
    Ok(Name {
        path,
        prefix: false,
    })
}

/// The two names of a `diff --git` line, where they can be told apart: they are the same but for a first component, or
/// else other lines of the header name the file.
pub(super) fn git_header(text: &[u8]) -> Option<(Name, Name)> {
    let named = |old: &[u8], new: &[u8]| {
        let name = |path: &[u8]| Name {
            path: path.to_owned(),
            prefix: true,
        };
        Some((name(old), name(new)))
    };
    if let Some((old, rest)) = quoted(text) {
        let rest = rest.strip_prefix(b" ")?;
        let new = quoted(rest).map_or_else(|| rest.to_owned(), |(new, _)| new);
        return named(&old, &new);
    }
    if let Some(at) = text.windows(2).position(|window| window == b" \"") {
        let (new, _) = quoted(&text[at + 1..])?;
        return named(&text[..at], &new);
    }
    let blanks = text.iter().enumerate().filter(|(_, byte)| **byte == b' ');
    let halves = blanks.map(|(at, _)| (&text[..at], &text[at + 1..]));
    // Two halves of one name differ by their prefixes at most.
    let near = halves.filter(|(old, new)| old.len().abs_diff(new.len()) <= MAX_PREFIX);
    let mut same =
        near.filter(|(old, new)| old == new || (tail(old) == tail(new) && tail(new).is_some()));
    let (old, new) = same.next()?;
    named(old, new)
}

/// What follows the first component.
fn tail(path: &[u8]) -> Option<&[u8]> {
    let slash = path.iter().position(|byte| *byte == b'/')?;
    Some(&path[slash + 1..]).filter(|tail| !tail.is_empty())
}

/// The bytes between the double quotes at the start of `text`, escapes undone, and what follows.
fn quoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut out = Vec::new();
    loop {
        let [byte, after @ ..] = rest else {
            return None;
        };
        rest = after;
        match byte {
            b'"' => return Some((out, rest)),
            b'\\' => {
                let (byte, after) = escape(rest)?;
                out.push(byte);
                rest = after;
            }
            byte => out.push(*byte),
        }
    }
}

/// What stands behind a backslash: a letter, or up to three octal digits.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let [first, rest @ ..] = text else {
        return None;
    };
    let byte = match first {
        b'a' => 0x07,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'r' => b'\r',
        b'0'..=b'7' => {
            let is_octal = |byte: &&u8| (b'0'..=b'7').contains(byte);
            let digits = text.iter().take(3).take_while(is_octal).count();
            let value = text[..digits]
                .iter()
                .fold(0u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            return Some((u8::try_from(value).ok()?, &text[digits..]));
        }
        // A quote, a backslash, or something no git writes.
        other => *other,
    };
    Some((byte, rest))
}
