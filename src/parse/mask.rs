//! Hides from the grammar what it does not know, without moving a byte.

use crate::source::Span;

/// A copy of a file in which newer syntax reads as older one.
pub(super) struct Masked {
    /// As long as the original.
    pub(super) bytes: Vec<u8>,
    /// The type parameter lists that were overwritten with spaces.
    pub(super) blanked: Vec<Span>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Literal,
    Punct(u8),
}

#[derive(Clone, Copy)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
}

/// The masked copy of `bytes`, or `None` when there is nothing to mask.
pub(super) fn mask(bytes: &[u8]) -> Option<Masked> {
    let tokens = tokens(bytes);
    let partners = partners(&tokens);
    let word = |i: usize| {
        tokens
            .get(i)
            .filter(|t| t.kind == Kind::Word)
            .map(|t| &bytes[t.start..t.end])
    };
    let punct = |i: usize, byte: u8| tokens.get(i).is_some_and(|t| t.kind == Kind::Punct(byte));
    let mut masked = Masked {
        bytes: bytes.to_vec(),
        blanked: Vec::new(),
    };
    let mut changed = false;
    for i in 0..tokens.len() {
        if matches!(word(i), Some(b"new" | b"make")) && punct(i + 1, b'(') {
            let is_member = i > 0 && punct(i - 1, b'.');
            let is_type =
                || partners[i + 1].is_some_and(|close| only_a_type(bytes, &tokens[i + 2..close]));
            if !is_member && !is_type() {
                masked.bytes[tokens[i].start] = b'_';
                changed = true;
            }
        }
        if word(i) == Some(b"func") && punct(i + 1, b'(') {
            let Some(receiver_end) = partners[i + 1] else {
                continue;
            };
            let open = receiver_end + 2;
            if word(receiver_end + 1).is_none() || !punct(open, b'[') {
                continue;
            }
            let Some(close) = partners[open].filter(|&close| punct(close + 1, b'(')) else {
                continue;
            };
            let span = tokens[open].start..tokens[close].end;
            for byte in &mut masked.bytes[span.clone()] {
                // Line ends stay: a comment inside the brackets must not swallow what follows.
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
            masked.blanked.push(Span::new(span.start, span.end));
            changed = true;
        }
    }
    changed.then_some(masked)
}

/// Whether the first argument of `new` or `make` starts as only a type can and goes on as one. The older grammar reads
/// types there, and would no longer once the call is masked.
fn only_a_type(bytes: &[u8], tokens: &[Token]) -> bool {
    let text = |t: &Token| &bytes[t.start..t.end];
    let mut tokens = tokens;
    while let Some((first, rest)) = tokens.split_first()
        && matches!(first.kind, Kind::Punct(b'*' | b'<' | b'-'))
    {
        tokens = rest;
    }
    let Some(first) = tokens.first() else {
        return true;
    };
    let starts_type = match first.kind {
        Kind::Punct(b) => b == b'[',
        Kind::Word => matches!(
            text(first),
            b"map" | b"chan" | b"func" | b"struct" | b"interface"
        ),
        Kind::Literal => false,
    };
    if !starts_type {
        return false;
    }
    // A value of such a type has braces (a literal) or parentheses (a conversion) that belong to no type.
    let mut depth = 0_u32;
    for (i, token) in tokens.iter().enumerate() {
        let Kind::Punct(byte) = token.kind else {
            continue;
        };
        match byte {
            b'{' | b'(' | b'[' => {
                let before = i.checked_sub(1).map(|j| &tokens[j]);
                let belongs = match byte {
                    b'{' => before.is_some_and(|t| matches!(text(t), b"struct" | b"interface")),
                    b'(' => before
                        .is_none_or(|t| matches!(text(t), b"func" | b"chan" | b")" | b"]" | b"-")),
                    _ => true,
                };
                if depth == 0 && !belongs {
                    return false;
                }
                depth += 1;
            }
            b'}' | b')' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => break,
            _ => {}
        }
    }
    true
}

/// Names of the type parameters in a blanked list: the word that opens the list and each word after a comma of it.
pub(super) fn parameter_names(list: &[u8]) -> Vec<(usize, usize)> {
    let mut names = Vec::new();
    let mut depth = 0_u32;
    let mut expected = false;
    for token in tokens(list) {
        match token.kind {
            Kind::Punct(b'(' | b'[' | b'{') => {
                depth += 1;
                expected = depth == 1;
            }
            Kind::Punct(b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            Kind::Punct(b',') => expected = depth == 1,
            Kind::Word if expected => {
                names.push((token.start, token.end));
                expected = false;
            }
            _ => expected = false,
        }
    }
    names
}

/// For each opening bracket the index of its closing one.
fn partners(tokens: &[Token]) -> Vec<Option<usize>> {
    let mut partners = vec![None; tokens.len()];
    let mut open = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Punct(byte @ (b'(' | b'[' | b'{')) => open.push((byte, i)),
            Kind::Punct(byte @ (b')' | b']' | b'}')) => {
                let wanted = match byte {
                    b')' => b'(',
                    b']' => b'[',
                    _ => b'{',
                };
                if open.last().is_some_and(|&(b, _)| b == wanted)
                    && let Some((_, at)) = open.pop()
                {
                    partners[at] = Some(i);
                }
            }
            _ => {}
        }
    }
    partners
}

/// Words, literals and single punctuation bytes; comments and white space are left out.
fn tokens(bytes: &[u8]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let kind = match byte {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at = find(bytes, at, b"\n");
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = (find(bytes, at + 2, b"*/") + 2).min(bytes.len());
                continue;
            }
            b if b.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'`' => {
                at = (find(bytes, at + 1, b"`") + 1).min(bytes.len());
                Kind::Literal
            }
            b'"' | b'\'' => {
                at = quoted_end(bytes, at);
                Kind::Literal
            }
            b if is_word(b) => {
                while bytes.get(at).is_some_and(|&b| is_word(b)) {
                    at += 1;
                }
                if byte.is_ascii_digit() {
                    Kind::Literal
                } else {
                    Kind::Word
                }
            }
            b => {
                at += 1;
                Kind::Punct(b)
            }
        };
        tokens.push(Token {
            kind,
            start,
            end: at,
        });
    }
    tokens
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Where `needle` next stands, or the end.
fn find(bytes: &[u8], from: usize, needle: &[u8]) -> usize {
    bytes
        .get(from..)
        .and_then(|rest| rest.windows(needle.len()).position(|w| w == needle))
        .map_or(bytes.len(), |i| from + i)
}

/// One past the quote that closes the one at `start`; an unclosed literal ends with its line.
fn quoted_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\n' => return at,
            b if b == bytes[start] => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        mask(text.as_bytes()).map_or_else(
            || text.to_owned(),
            |m| String::from_utf8_lossy(&m.bytes).into_owned(),
        )
    }

    #[test]
    fn only_calls_of_new_with_values_are_masked() {
        for (before, after) in [
            ("new(1)", "_ew(1)"),
            ("new (f(x))", "_ew (f(x))"),
            ("renew(1) a.new(2)", "renew(1) a.new(2)"),
            (
                "\"new(1)\" // new(1)\n/* new(1) */",
                "\"new(1)\" // new(1)\n/* new(1) */",
            ),
            ("'\"' new(1) '\\''", "'\"' _ew(1) '\\''"),
            ("`new(1)` new(`a`)", "`new(1)` _ew(`a`)"),
            (
                "new([]int) new(struct{ a func() (int, error) })",
                "new([]int) new(struct{ a func() (int, error) })",
            ),
            (
                "new(func(a, b int) (c int)) new(map[string]struct{})",
                "new(func(a, b int) (c int)) new(map[string]struct{})",
            ),
            (
                "new([]int{1}) new([]byte(s)) new(func() int { return 1 }())",
                "_ew([]int{1}) _ew([]byte(s)) _ew(func() int { return 1 }())",
            ),
            (
                "make([]int, len(x)) make(n - 1)",
                "make([]int, len(x)) _ake(n - 1)",
            ),
            (
                "new(*[]int) new(<-chan int) new(*p)",
                "new(*[]int) new(<-chan int) _ew(*p)",
            ),
            ("new(\"unclosed", "_ew(\"unclosed"),
        ] {
            assert_eq!(masked(before), after);
        }
    }

    #[test]
    fn type_parameters_of_methods_are_blanked_and_their_names_found() {
        let text = "func (r T[A]) M[K comparable, V interface{ m(a, b int) }](x K) {}";
        assert_eq!(
            masked(text),
            "func (r T[A]) M                                          (x K) {}"
        );
        let Some(m) = mask(text.as_bytes()) else {
            panic!("nothing masked")
        };
        let list = &text[m.blanked[0].start as usize..m.blanked[0].end as usize];
        let names: Vec<_> = parameter_names(list.as_bytes())
            .into_iter()
            .map(|(start, end)| &list[start..end])
            .collect();
        assert_eq!(names, ["K", "V"]);
        let literal = "var f = func (x int) T[int] { return y }";
        assert_eq!(masked(literal), literal);
    }
}
