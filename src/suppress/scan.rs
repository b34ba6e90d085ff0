//! Where a `//` comment really is one, and which lines the code beside or below it has.
//!
//! In: the bytes of a file, Go or not. Out: its `//` comments with the code each of them belongs to. Tokens are enough for
//! this, so files count that the parser cannot read; in broken code statements may come out shorter or longer.

use super::lex::{Kind, Token, tokens};
use crate::source::Span;

/// A `//` comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// From the slashes to the end of the line.
    pub(super) span: Span,
    /// Its 1-based line.
    pub(super) line: u32,
    /// What stands beside or below it.
    pub(super) code: Code,
}

/// The code that a comment belongs to, by where it stands. Lines are 1-based and inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// It stands behind code on the same line. When that line starts a function declaration: its last line.
    Beside(Option<u32>),
    /// It stands alone, and this statement or declaration starts on the next line that is no comment.
    Above(u32, u32),
    /// It stands alone above the package clause.
    AboveClause,
    /// It stands alone, above an empty line or the end of a block.
    Nothing,
}

/// The `//` comments of a file that are `wanted`, in order.
pub(super) fn comments(bytes: &[u8], wanted: impl Fn(&[u8]) -> bool) -> Vec<Comment> {
    let tokens = Tokens::new(bytes);
    let mut found: Vec<Comment> = Vec::new();
    // From the last to the first: a block of comments has the same code below all of them.
    let mut beneath: Option<(usize, Code)> = None;
    for (index, token) in tokens.list.iter().enumerate().rev() {
        if !token.is_comment() {
            continue;
        }
        let code = match tokens.before(index) {
            Some(start) => Code::Beside(tokens.function(start)),
            None => match beneath {
                Some((next, code)) if next == index + 1 && tokens.adjoins(index, next) => code,
                _ => tokens.below(index),
            },
        };
        if !matches!(code, Code::Beside(_)) {
            beneath = Some((index, code));
        }
        let text = &bytes[token.span.start as usize..token.span.end as usize];
        if token.kind == Kind::LineComment && wanted(text) {
            found.push(Comment {
                span: token.span,
                line: token.line,
                code,
            });
        }
    }
    found.reverse();
    found
}

/// The tokens of a file and what is known of each.
struct Tokens<'a> {
    bytes: &'a [u8],
    list: Vec<Token>,
    /// For an opening bracket the index of its partner.
    closing: Vec<Option<usize>>,
    /// How deep in brackets a token stands.
    depth: Vec<u32>,
}

impl<'a> Tokens<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let list = tokens(bytes);
        let mut closing = vec![None; list.len()];
        let mut depth = Vec::with_capacity(list.len());
        let mut open = Vec::new();
        for (index, token) in list.iter().enumerate() {
            depth.push(open.len() as u32);
            match token.kind {
                Kind::Open => open.push(index),
                Kind::Close => {
                    if let Some(partner) = open.pop() {
                        closing[partner] = Some(index);
                    }
                }
                _ => {}
            }
        }
        Self {
            bytes,
            list,
            closing,
            depth,
        }
    }

    /// The first token of code on the line of the comment at `index`, if it stands behind code.
    fn before(&self, index: usize) -> Option<usize> {
        let line = self.list[index].line;
        let same = |i: &usize| self.list[*i].last_line == line;
        (0..index)
            .rev()
            .take_while(same)
            .filter(|i| !self.list[*i].is_comment())
            .last()
    }

    /// The last line of the function declaration that starts at `start`, if one does.
    fn function(&self, start: usize) -> Option<u32> {
        let declared = self.depth[start] == 0 && self.list[start].is(self.bytes, "func");
        declared.then(|| self.end_line(start))
    }

    /// Whether the token at `next` starts in the line below the one at `index`.
    fn adjoins(&self, index: usize, next: usize) -> bool {
        self.list[next].line == self.list[index].last_line + 1
    }

    /// The code below the comment at `index`, with nothing but comments in between.
    fn below(&self, index: usize) -> Code {
        let mut above = index;
        for next in index + 1..self.list.len() {
            let token = &self.list[next];
            if token.line > self.list[above].last_line + 1 || token.kind == Kind::Close {
                return Code::Nothing;
            }
            if !token.is_comment() {
                return if token.is(self.bytes, "package") {
                    Code::AboveClause
                } else {
                    Code::Above(token.line, self.end_line(next))
                };
            }
            above = next;
        }
        Code::Nothing
    }

    /// The last line of the statement or declaration that starts at `start`.
    fn end_line(&self, start: usize) -> u32 {
        let mut at = start;
        // The semicolons of `for i := 0; i < n; i++ {` are inside.
        let mut header = false;
        let mut last_line = self.list[start].line;
        while let Some(token) = self.list.get(at) {
            let mut token = token;
            match token.kind {
                Kind::LineComment | Kind::BlockComment => {
                    at += 1;
                    continue;
                }
                Kind::Close => return last_line,
                Kind::Open => match self.closing[at] {
                    Some(partner) => {
                        at = partner;
                        token = &self.list[partner];
                    }
                    // Never closed: everything else is inside.
                    None => return self.list.last().map_or(last_line, |last| last.last_line),
                },
                _ => {}
            }
            last_line = token.last_line;
            header |= ["if", "for", "switch"]
                .iter()
                .any(|word| token.is(self.bytes, word));
            // A `case` or a label ends with its colon.
            let may_end = token.ends_statement || token.kind == Kind::Colon;
            if (token.kind == Kind::Semicolon && !header) || (may_end && self.line_ends(at)) {
                break;
            }
            at += 1;
        }
        last_line
    }

    /// Whether no code follows the token at `index` on the line it ends on.
    fn line_ends(&self, index: usize) -> bool {
        let line = self.list[index].last_line;
        let mut after = self.list[index + 1..].iter();
        after
            .find(|t| !t.is_comment() || t.last_line > line)
            .is_none_or(|next| next.line > line || next.is_comment())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each comment's text with the lines it covers.
    fn shown(text: &str) -> Vec<String> {
        comments(text.as_bytes(), |_| true)
            .iter()
            .map(|c| {
                let code = match c.code {
                    Code::Beside(None) => "beside".to_owned(),
                    Code::Beside(Some(last)) => format!("function to {last}"),
                    Code::Above(first, last) => format!("above {first}-{last}"),
                    Code::AboveClause => "file".to_owned(),
                    Code::Nothing => "nothing".to_owned(),
                };
                let text = &text[c.span.start as usize + 2..c.span.end as usize];
                format!("{}: {text}: {code}", c.line)
            })
            .collect()
    }

    #[test]
    fn comments_in_strings_and_runes_are_none() {
        let text = "x := \"//a\\\"//b\" //c\ny := `//d\n//e` //f\nz := '\"' //g\nr := '\\'' //h\r\n/* //i */ w //j\n";
        assert_eq!(
            shown(text),
            [
                "1: c: beside",
                "3: f: beside",
                "4: g: beside",
                "5: h: beside",
                "6: j: beside"
            ]
        );
    }

    #[test]
    fn what_is_not_closed_does_not_hide_the_next_line() {
        assert_eq!(shown("x := \"open\ny //a\n"), ["2: a: beside"]);
        assert_eq!(shown("don't\ny //a\n"), ["2: a: beside"]);
        assert_eq!(shown("x \"open\\\n//a\n"), ["2: a: nothing"]);
        assert_eq!(shown("/* open //a\n//b"), [""; 0]);
        assert_eq!(shown("` open //a\n//b"), [""; 0]);
        assert_eq!(shown("'\\"), [""; 0]);
    }

    #[test]
    fn a_comment_alone_covers_the_statement_below() {
        for (code, last) in [
            ("x()\ny()", 2),
            ("x(\n\ta,\n)\ny()", 4),
            ("go func() {\n\tch <- 1\n}()\ny()", 4),
            ("x :=\n\t1 +\n\t2\ny()", 4),
            ("a.\n\tb().\n\tc()\ny()", 4),
            ("if a {\n\tb()\n} else {\n\tc()\n}\ny()", 6),
            ("for i := 0; i < n; i++ {\n\tb()\n}\ny()", 4),
            ("case <-ctx.Done():\n\treturn\n", 2),
            ("label:\n\tx()", 2),
            ("i++\ny()", 2),
            ("x(); y()\nz()", 2),
            ("return\n}", 2),
            ("x() /* a\nb */\ny()", 2),
            ("x() // {\ny()", 2),
            ("f := func() int { return 1 }\ny()", 2),
            (
                "func f(\n\ta int,\n) (b int) {\n\treturn\n}\n\nvar x int",
                6,
            ),
            ("select {\ncase a <- 1:\n}\ny()", 4),
            ("x(", 2),
            ("x(\ny()", 3),
        ] {
            let text = format!("//c\n{code}");
            assert_eq!(shown(&text)[0], format!("1: c: above 2-{last}"), "{code}");
        }
    }

    #[test]
    fn only_comments_may_stand_between() {
        assert_eq!(
            shown("//a\n// b\n/* c\nd */\nx()\n"),
            ["1: a: above 5-5", "2:  b: above 5-5"]
        );
        assert_eq!(shown("//a\n\nx()\n"), ["1: a: nothing"]);
        assert_eq!(shown("{\n\tx()\n\t//a\n}\n"), ["3: a: nothing"]);
        assert_eq!(shown("/* x */ //a\ny()\n"), ["1: a: above 2-2"]);
        assert_eq!(shown("x()\n//a"), ["2: a: nothing"]);
    }

    #[test]
    fn functions_and_files_have_comments_of_their_own() {
        assert_eq!(
            shown("//a\npackage p\n\nfunc f() { //b\n\tg(func() { //c\n\t})\n}\n"),
            ["1: a: file", "4: b: function to 7", "5: c: beside"]
        );
        assert_eq!(shown("func f() {} //a\n"), ["1: a: function to 1"]);
        assert_eq!(shown("x = (\nfunc() {} //a\n)"), ["2: a: beside"]);
    }
    #[test]
    fn odd_and_large_input_is_read_in_one_go() {
        // Each would take minutes if work were repeated for every comment.
        for (unit, count) in [
            ("//a\n", 100_000),
            ("//a\n{\n", 50_000),
            ("//a\n{}\n", 50_000),
            ("//a\n/* b\n*/\n", 50_000),
            ("//a\n(}[\n", 30_000),
            ("x(//a\n", 50_000),
        ] {
            let text = unit.repeat(count);
            assert_eq!(comments(text.as_bytes(), |_| true).len(), count, "{unit}");
        }
        for bytes in [
            &b"\xff//\xfe\0"[..],
            b"/",
            b"/*",
            b"//",
            b"\"\\",
            b"'",
            b"`",
            b"\r//\r",
        ] {
            assert!(comments(bytes, |_| true).len() <= 1, "{bytes:?}");
        }
    }
}
