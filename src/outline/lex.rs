//! The lexer: from byte to byte, with literals and comments left out. What words say is in [`words`], where functions
//! begin and end in [`functions`].

use super::{Outline, Word};
use memchr::{memchr, memmem};

mod functions;
mod words;

/// Reads the outline of a file.
pub fn outline(bytes: &[u8]) -> Outline {
    let mut lexer = Lexer {
        bytes,
        at: 0,
        depth: 0,
        round: 0,
        last: Last::Other,
        head: None,
        unclosed: 0,
        comment_open: false,
        outline: Outline {
            sure: true,
            ..Outline::default()
        },
    };
    lexer.run();
    lexer.outline
}

/// What stood before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Dot,
    /// `struct` or `interface`: the next brace opens a type.
    TypeWord,
    /// `func` at the top of the file.
    Func,
    /// `for`, and semicolons behind it.
    For,
    Semicolon,
    Other,
}

/// A function whose end has not come yet.
struct Head {
    start: usize,
    name: Option<Word>,
    method: bool,
    exported: bool,
    body: Option<usize>,
    words: u32,
    marked: bool,
    stops: bool,
    broken: bool,
    /// What was known at the first brace at the start of a line that closes something in the body: where everything is
    /// formatted as `gofmt` does it, the body ends there.
    end: Option<End>,
}

/// Where a body that is not closed may end.
#[derive(Clone, Copy)]
struct End {
    /// Behind the brace.
    at: usize,
    words: usize,
    marked: bool,
    stops: bool,
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Open braces.
    depth: u32,
    /// Open parentheses and brackets.
    round: u32,
    last: Last,
    head: Option<Head>,
    /// How many bodies that are not closed were met.
    unclosed: u32,
    /// Whether a comment was met that has no end: no other one has.
    comment_open: bool,
    outline: Outline,
}

impl Lexer<'_> {
    fn run(&mut self) {
        loop {
            self.tokens();
            if self.is_top() {
                return;
            }
            if !self.give_up_body() {
                self.outline.sure = false;
                return;
            }
        }
    }

    fn tokens(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' => self.line_end(),
                b'0'..=b'9' => self.number(),
                _ if is_word(byte) => self.word(),
                b'"' | b'\'' => self.quoted(byte),
                b'`' => {
                    let end = memchr(b'`', &self.bytes[self.at + 1..]);
                    self.skip_to(end.map(|i| self.at + i + 2));
                }
                b'/' if self.next_is(b'/') => {
                    let end = memchr(b'\n', &self.bytes[self.at..]);
                    self.at = end.map_or(self.bytes.len(), |i| self.at + i);
                }
                b'/' if self.next_is(b'*') => {
                    let open = self.comment_open;
                    let end = (!open).then(|| memmem::find(&self.bytes[self.at + 2..], b"*/"));
                    let end = end.flatten();
                    self.comment_open = end.is_none();
                    // The line may go on behind it, with anything: no statement of ours depends on it.
                    self.skip_to(end.map(|i| self.at + i + 4));
                }
                b'<' if self.next_is(b'-') => {
                    self.mark(true);
                    self.token(2, Last::Other);
                }
                b'{' => self.open(),
                b'}' => self.close(),
                b'(' | b'[' => {
                    if byte == b'('
                        && self.last == Last::Func
                        && let Some(head) = &mut self.head
                    {
                        head.method = true;
                    }
                    self.round += 1;
                    self.token(1, Last::Other);
                }
                b')' | b']' => {
                    if self.round == 0 {
                        self.slip();
                    }
                    self.round = self.round.saturating_sub(1);
                    self.token(1, Last::Other);
                }
                b'.' => self.token(1, Last::Dot),
                b';' => {
                    if matches!(self.last, Last::For | Last::Semicolon) {
                        self.stop();
                    }
                    self.token(1, Last::Semicolon);
                }
                _ => self.token(1, Last::Other),
            }
        }
    }

    /// Something is not closed, or closes what is not open. In a body that concerns nobody else.
    fn slip(&mut self) {
        match &mut self.head {
            Some(head) if head.body.is_some() => head.broken = true,
            _ => self.outline.sure = false,
        }
    }

    fn starts_line(&self, at: usize) -> bool {
        at == 0 || self.bytes[at - 1] == b'\n'
    }

    fn next_is(&self, byte: u8) -> bool {
        self.bytes.get(self.at + 1) == Some(&byte)
    }

    fn token(&mut self, length: usize, last: Last) {
        self.at += length;
        self.last = last;
    }

    /// To the end of a literal or comment, or of the line where that has none.
    fn skip_to(&mut self, end: Option<usize>) {
        self.outline.sure &= end.is_some();
        self.at = end.unwrap_or_else(|| {
            let line = memchr(b'\n', &self.bytes[self.at..]);
            line.map_or(self.bytes.len(), |i| self.at + i)
        });
        self.last = Last::Other;
    }

    fn is_top(&self) -> bool {
        self.depth == 0 && self.round == 0
    }

    fn mark(&mut self, blocks: bool) {
        self.outline.blocks |= blocks;
        if let Some(head) = &mut self.head {
            head.marked = true;
        }
    }

    fn stop(&mut self) {
        if let Some(head) = &mut self.head {
            head.stops = true;
        }
    }

    fn line_end(&mut self) {
        if self.is_top() && self.head.as_ref().is_some_and(|head| head.body.is_none()) {
            // A function that is implemented elsewhere.
            self.head = None;
        }
        self.at += 1;
    }

    fn number(&mut self) {
        while self
            .bytes
            .get(self.at)
            .is_some_and(|&b| is_word(b) || b == b'.')
        {
            self.at += 1;
        }
        self.last = Last::Other;
    }

    fn quoted(&mut self, quote: u8) {
        let mut at = self.at + 1;
        loop {
            match self.bytes.get(at) {
                Some(b'\\') => at += 2,
                Some(&b) if b == quote => return self.skip_to(Some(at + 1)),
                Some(b'\n') => {
                    self.slip();
                    return self.token(at - self.at, Last::Other);
                }
                None => return self.skip_to(None),
                Some(_) => at += 1,
            }
        }
    }
}

pub(super) fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each function as its name, whether it is marked, whether it stops, and its body.
    fn shown(text: &str, names: &[&str]) -> Vec<String> {
        let outline = outline(text.as_bytes());
        assert!(outline.sure, "{text}");
        let name = |word| {
            let found = names.iter().find(|n| Word::plain(n.as_bytes()) == word);
            found.copied().unwrap_or("?")
        };
        outline
            .functions
            .iter()
            .map(|f| {
                let body = &text[f.body.start as usize..f.body.end as usize];
                let mark = if f.marked { "!" } else { "" };
                let stop = if f.stops { "." } else { "" };
                let dot = if f.method { "m:" } else { "" };
                format!("{dot}{}{mark}{stop} {body}", name(f.name))
            })
            .collect()
    }

    #[test]
    fn marks_in_comments_and_literals_do_not_count() {
        let text = "package p\n\
            func a() { x(\"<-\", `go chan`, '{', '\\'') /* select */ // close(c)\n}\n\
            func b(c chan int) { x() }\n\
            func c() { y.close(); y.go() }\n\
            func d() { go x() }\n\
            func e() { v := <-w }\n";
        assert_eq!(
            shown(text, &["a", "b", "c", "d", "e"]),
            [
                "a { x(\"<-\", `go chan`, '{', '\\'') /* select */ // close(c)\n}",
                "b! { x() }",
                "c { y.close(); y.go() }",
                "d! { go x() }",
                "e! { v := <-w }",
            ]
        );
    }

    #[test]
    fn bodies_are_told_from_types_in_signatures() {
        let text = "func a() struct{ x int } { return s }\n\
            func (t *T[K]) b(f func() interface{}) map[string]struct{} { f() }\n\
            func c(x int) int\n\
            var v = func() { x() }\n\
            func d[K interface{ ~int }](k K) (\n\tx int,\n) {\n}\n";
        assert_eq!(
            shown(text, &["a", "b", "c", "d"]),
            ["a { return s }", "m:b { f() }", "d {\n}"]
        );
    }

    #[test]
    fn what_may_stop_a_caller_is_noticed() {
        for (body, stops) in [
            ("panic(1)", true),
            ("defer func() { recover() }()", true),
            ("for { x() }", true),
            ("for true { x() }", true),
            ("for ;; { x() }", true),
            ("for i := 0; ; i++ { x() }", true),
            ("for i := 0; i < 3; i++ { x() }", false),
            ("for x() { y() }", false),
            ("for range x { y() }", false),
            ("x.panic()", false),
        ] {
            let outline = outline(format!("func f() {{ {body} }}\n").as_bytes());
            assert_eq!(outline.functions[0].stops, stops, "{body}");
        }
    }

    #[test]
    fn words_are_told_from_members_and_keys_count_as_both() {
        let text = "func f(p int) { a.b(c); T{d: e}; g := 1 }\n";
        let outline = outline(text.as_bytes());
        let words = outline.words_of(&outline.functions[0]);
        for name in ["a", "c", "T", "d", "e", "g"] {
            assert!(words.contains(&Word::plain(name.as_bytes())), "{name}");
        }
        for name in ["b", "d"] {
            assert!(words.contains(&Word::member(name.as_bytes())), "{name}");
        }
        for name in ["a", "c", "e", "g"] {
            assert!(!words.contains(&Word::member(name.as_bytes())), "{name}");
        }
        assert!(!words.contains(&Word::plain(b"p")));
    }

    #[test]
    fn what_is_not_closed_makes_the_lexer_unsure() {
        for text in [
            "func f() {",
            "func f() { x(\"a) }\n",
            "func f() { x(`a) }\n",
            "func f() { /* }\n",
            "func f() { ( }\n",
            "func f() } {\n",
            "func f() {} func g() {}\n",
            "func () {\n}\n",
            "var f =\n\tfunc() { x() }\n",
            "/* a */ func f() { x() }\n",
        ] {
            assert!(!outline(text.as_bytes()).sure, "{text}");
        }
        assert!(outline(b"func f() { } // x\nfunc h() { } /* x */\nfunc g() { }").sure);
        assert!(outline("\u{feff}package p\r\nfunc f() {\r\n}\r\n".as_bytes()).sure);
    }

    #[test]
    fn a_body_that_is_not_closed_ends_where_its_formatting_says() {
        let after = "\n\treturn\n}\n\ntype T struct {\n\tx int\n}\n\nfunc (t *T) g(x []int) {\n\tgo x()\n}\n";
        for opened in ["if x {", "x(", "x(\"a)", "x(func() {", "x]"] {
            let text = format!("func f() {{\n\t{opened}{after}");
            let outline = outline(text.as_bytes());
            assert!(outline.sure, "{opened}");
            let [f, g] = outline.functions.as_slice() else {
                panic!("{opened}: {:?}", outline.functions)
            };
            assert!(f.broken && !f.marked && !g.broken && g.marked, "{opened}");
            let body = &text[f.body.start as usize..f.body.end as usize];
            assert_eq!(body, format!("{{\n\t{opened}\n\treturn\n}}"));
            let words = [Word::plain(b"go"), Word::plain(b"x")];
            assert_eq!(outline.words_of(g), words, "{opened}");
        }
        // The last one of a file too, and two of them.
        let text = "func f() {\n\tx(\n}\n\nfunc g() {\n\tif x {\n}\n";
        let outline = outline(text.as_bytes());
        assert!(outline.sure && outline.functions.iter().all(|f| f.broken));
        assert_eq!(outline.functions.len(), 2);
    }

    #[test]
    fn only_code_blocks() {
        for (text, blocks) in [
            ("var c chan int", true),
            ("var w sync.WaitGroup", true),
            ("func f() { go g() }\n", false),
            ("// <-c\nvar s = \"chan\"", false),
        ] {
            assert_eq!(outline(text.as_bytes()).blocks, blocks, "{text}");
        }
    }
}
