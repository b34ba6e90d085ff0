//! The code at a place as a fingerprint sees it.

use crate::source::SourceFile;

/// Longer code tells nothing more, and a baseline shows it to people.
const MAX_CHARS: usize = 120;

/// The code from byte `start` to the end of its line, without comments, white space made one blank. What is nothing but
/// a comment (findings about comments) is taken as it stands.
pub(super) fn code_from(file: &SourceFile, start: u32) -> String {
    let line = file.line(start);
    let column = start.saturating_sub(file.line_span(line).start) as usize;
    let rest = file.line_bytes(line).get(column..).unwrap_or_default();
    let code = collapsed(&without_comments(rest));
    if code.is_empty() {
        collapsed(rest)
    } else {
        code
    }
}

fn collapsed(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().take(MAX_CHARS).collect()
}

/// A line of Go with every comment made a blank; what quotes hold is no comment.
fn without_comments(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let [first, after @ ..] = rest {
        let taken = match first {
            b'/' if after.starts_with(b"/") => break,
            b'/' if after.starts_with(b"*") => {
                out.push(b' ');
                let end = memchr::memmem::find(&rest[2..], b"*/");
                rest = end.map_or(&[], |end| &rest[end + 4..]);
                continue;
            }
            b'"' | b'\'' | b'`' => quoted(rest),
            _ => 1,
        };
        out.extend_from_slice(&rest[..taken]);
        rest = &rest[taken..];
    }
    out
}

/// The length of the literal at the start of `text`; all of it when the literal does not end in this line.
fn quoted(text: &[u8]) -> usize {
    let quote = text[0];
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' if quote != b'`' => at += 2,
            byte if *byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(line: &str, from: usize) -> String {
        let file = SourceFile::new("a.go", format!("package p\n{line}\nx()\n").as_bytes());
        code_from(&file, (10 + from) as u32)
    }

    #[test]
    fn comments_and_layout_are_left_out() {
        assert_eq!(code("\t\tch <- v // for ever", 2), "ch <- v");
        assert_eq!(code("ch  <-\tv/* x */+ 1 \r", 0), "ch <- v + 1");
        assert_eq!(code("go f(); ch <- v", 8), "ch <- v");
        assert_eq!(code("ch <- v /* open", 0), "ch <- v");
    }

    #[test]
    fn quotes_hold_no_comments() {
        assert_eq!(code(r#"ch <- "a//b" // c"#, 0), r#"ch <- "a//b""#);
        assert_eq!(code(r#"ch <- "\"//" // c"#, 0), r#"ch <- "\"//""#);
        assert_eq!(code(r"ch <- `\` // c", 0), r"ch <- `\`");
        assert_eq!(code("ch <- '/' // c", 0), "ch <- '/'");
        assert_eq!(code("ch <- `a // b", 0), "ch <- `a // b");
        assert_eq!(code("ch <- \"a\\", 0), "ch <- \"a\\");
    }

    #[test]
    fn a_comment_alone_is_its_own_text() {
        assert_eq!(code("//goleash:ignore  x", 0), "//goleash:ignore x");
        assert_eq!(code("", 0), "");
    }

    #[test]
    fn places_outside_the_file_and_long_lines_do_no_harm() {
        let file = SourceFile::new("a.go", *b"ch <- \xff");
        assert_eq!(code_from(&file, 0), "ch <- \u{fffd}");
        assert_eq!(code_from(&file, 99), "");
        assert_eq!(code(&"é".repeat(500), 0).chars().count(), MAX_CHARS);
    }
}
