//! Where the comments of a Go file are: the syntax tree does not keep them, and no edit may lose one.

use crate::source::Span;

/// The comments of a file, in order.
#[derive(Debug, Default)]
pub(super) struct Comments {
    spans: Vec<Span>,
}

impl Comments {
    /// Scans the bytes of a file; strings, runes and raw strings hold no comments.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut spans = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let length = match rest {
                [b'/', b'/', ..] => until(rest, b"\n", 0),
                [b'/', b'*', ..] => until(rest, b"*/", 2) + 2,
                [b'`', ..] => until(&rest[1..], b"`", 0) + 2,
                [quote @ (b'"' | b'\''), ..] => quoted(rest, *quote),
                _ => 1,
            };
            let end = (at + length).min(bytes.len());
            if rest.starts_with(b"//") || rest.starts_with(b"/*") {
                spans.push(Span::new(at, end));
            }
            at = end;
        }
        Self { spans }
    }

    /// Whether `offset` lies in a comment.
    pub(super) fn covers(&self, offset: u32) -> bool {
        let next = self.spans.partition_point(|s| s.end <= offset);
        self.spans.get(next).is_some_and(|s| s.start <= offset)
    }

    /// Whether a comment touches `span`.
    pub(super) fn any_in(&self, span: Span) -> bool {
        let next = self.spans.partition_point(|s| s.end <= span.start);
        self.spans.get(next).is_some_and(|s| s.start < span.end)
    }

    /// The `//` comment that ends the line of these bytes' span, if code stands before it.
    pub(super) fn trailing(&self, line: Span) -> Option<Span> {
        let next = self.spans.partition_point(|s| s.end <= line.start);
        self.spans[next..]
            .iter()
            .take_while(|s| s.start < line.end)
            .last()
            .copied()
    }
}

/// How many bytes of `rest` come before `end`, looked for behind the first `from`.
fn until(rest: &[u8], end: &[u8], from: usize) -> usize {
    memchr::memmem::find(rest.get(from..).unwrap_or_default(), end)
        .map_or(rest.len(), |found| found + from)
}

/// The length of the interpreted string or rune at the start of `rest`; it ends with its line at the latest.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\n' => return at,
            byte if *byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_hold_no_comments() {
        let text = "a := \"// no\" // yes\nb := `/* no\n// no` /* yes */\nc := '\"' // \"yes\nd := '\\'' //";
        let found: Vec<&str> = Comments::of(text.as_bytes())
            .spans
            .iter()
            .map(|s| &text[s.start as usize..s.end as usize])
            .collect();
        assert_eq!(found, ["// yes", "/* yes */", "// \"yes", "//"]);
    }
}
