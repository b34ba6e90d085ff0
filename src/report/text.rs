//! Text from outside made safe to print: names of files and lines of code may hold anything, terminal commands too.

use std::fmt::Write as _;

/// `text` on one line: control characters, and those that reorder or hide text, are written as `\u{…}` or `\n`.
pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// `bytes` as text of exactly the same length, so that byte offsets stay valid: what is unsafe or no UTF-8 is replaced.
/// Line ends and tabs stay.
pub(crate) fn same_length(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\n' | '\t' => out.push(c),
                '\r' if chars.peek() == Some(&'\n') => out.push(c),
                c if is_unsafe(c) => out.push(stand_in(c.len_utf8())),
                c => out.push(c),
            }
        }
        out.extend(chunk.invalid().iter().map(|_| '?'));
    }
    out
}

/// A harmless character of `len` bytes.
fn stand_in(len: usize) -> char {
    match len {
        1 => '?',
        2 => '¿',
        3 => '\u{fffd}',
        _ => '\u{1fbc0}',
    }
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_commands_become_visible() {
        assert_eq!(
            one_line("a\u{1b}[31mb\nc\u{202e}d é😀"),
            "a\\u{1b}[31mb\\nc\\u{202e}d é😀"
        );
    }

    #[test]
    fn replaced_text_keeps_its_length() {
        let bytes = b"a\x1b[0m\r\n\tb\rc\xffd\xc2\x9be\xe2\x80\xaef\xf3\xa0\x81\x81";
        let text = same_length(bytes);
        assert_eq!(text.len(), bytes.len());
        assert_eq!(text, "a?[0m\r\n\tb?c?d¿e\u{fffd}f\u{1fbc0}");
    }
}
