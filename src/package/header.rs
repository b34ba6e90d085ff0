//! What stands above a file's declarations: package name, generated marker, build constraint.
//!
//! In: the bytes of a file. Out: a [`Header`]. A little scanner for comments is enough for this, so files can be sorted
//! into packages, or left alone, before anything is parsed. Broken files yield an emptier header.

use super::GoVersion;
use super::constraint::Constraint;

/// What a file says before its first declaration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The name in the package clause; empty when the file has none.
    pub package: String,
    /// Whether a `// Code generated … DO NOT EDIT.` line stands above the package clause.
    pub generated: bool,
    /// The build constraint; malformed ones are left out, so that such a file counts as part of every build.
    pub constraint: Option<Constraint>,
    /// The language version that a `//go:build` line chooses for the file, whatever its module says.
    pub go: Option<GoVersion>,
}

/// Reads the header of a file.
pub fn header(bytes: &[u8]) -> Header {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut scan = Scan {
        bytes,
        ..Scan::default()
    };
    let clause = scan.comments();
    let mut header = Header {
        package: package_name(&bytes[clause..]),
        generated: scan.generated,
        ..Header::default()
    };
    if let Some(expression) = scan.go_build(clause) {
        header.constraint = Constraint::parse(expression);
        header.go = header.constraint.as_ref().and_then(chosen);
    } else {
        header.constraint = scan.plus_build();
    }
    header
}

/// The language version that a `//go:build` line chooses. Lines for releases before 1.21, which knew no such choice, choose
/// that one.
fn chosen(constraint: &Constraint) -> Option<GoVersion> {
    let minor = constraint.release()?.max(21);
    Some(GoVersion { major: 1, minor })
}

/// A `//` comment that stands alone on its line.
struct LineComment<'a> {
    start: usize,
    text: &'a str,
}

#[derive(Default)]
struct Scan<'a> {
    bytes: &'a [u8],
    lines: Vec<LineComment<'a>>,
    generated: bool,
    /// Where the first `/* */` comment stands; constraints below it do not count.
    first_block: Option<usize>,
    /// Where the last empty line before any block comment ends; `// +build` lines below it do not count.
    last_blank: usize,
}

impl Scan<'_> {
    /// Reads white space and comments; returns where they end.
    fn comments(&mut self) -> usize {
        let mut at = 0;
        let mut line_start = 0;
        loop {
            match self.bytes.get(at) {
                Some(b'\n') => {
                    let blank = self.bytes[line_start..at]
                        .iter()
                        .all(u8::is_ascii_whitespace);
                    at += 1;
                    if blank && self.first_block.is_none() {
                        self.last_blank = at;
                    }
                    line_start = at;
                }
                Some(b) if b.is_ascii_whitespace() => at += 1,
                Some(b'/') if self.bytes[at..].starts_with(b"//") => {
                    let end = find(self.bytes, at, b"\n").unwrap_or(self.bytes.len());
                    self.line_comment(line_start, at, end);
                    at = end;
                }
                Some(b'/') if self.bytes[at..].starts_with(b"/*") => {
                    self.first_block.get_or_insert(at);
                    at = find(self.bytes, at + 2, b"*/").map_or(self.bytes.len(), |end| end + 2);
                }
                _ => return at,
            }
        }
    }

    fn line_comment(&mut self, line_start: usize, start: usize, end: usize) {
        let alone = self.bytes[line_start..start]
            .iter()
            .all(u8::is_ascii_whitespace);
        let Ok(text) = std::str::from_utf8(&self.bytes[start..end]) else {
            return;
        };
        let text = text.strip_suffix('\r').unwrap_or(text);
        // The generated marker has to start its line, the others may be indented.
        self.generated |= line_start == start
            && text.starts_with("// Code generated ")
            && text.ends_with(" DO NOT EDIT.");
        if alone {
            self.lines.push(LineComment { start, text });
        }
    }

    /// The expression of the `//go:build` line, if there is one.
    fn go_build(&self, clause: usize) -> Option<&str> {
        let block = self.first_block.unwrap_or(clause);
        self.lines
            .iter()
            .filter(|line| line.start < block)
            .find_map(|line| after_word(line.text.strip_prefix("//go:build")?))
    }

    /// What all `// +build` lines say together, which count where there is no `//go:build` line.
    fn plus_build(&self) -> Option<Constraint> {
        self.lines
            .iter()
            .filter(|line| line.start < self.last_blank)
            .filter_map(|line| {
                let text = line.text.strip_prefix("//")?.trim_start();
                after_word(text.strip_prefix("+build")?)
            })
            .map(Constraint::parse_plus_build)
            .reduce(Constraint::and)
    }
}

/// What follows a word, if the word ends there.
fn after_word(rest: &str) -> Option<&str> {
    (rest.is_empty() || rest.starts_with([' ', '\t'])).then(|| rest.trim())
}

fn find(bytes: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    bytes
        .get(from..)?
        .windows(needle.len())
        .position(|window| window == needle)
        .map(|at| from + at)
}

/// The name in a package clause at the start of `bytes`.
fn package_name(bytes: &[u8]) -> String {
    let Some(mut rest) = bytes.strip_prefix(b"package") else {
        return String::new();
    };
    let keyword_end = rest.len();
    rest = rest.trim_ascii_start();
    while let Some(comment) = rest.strip_prefix(b"/*") {
        let end = find(comment, 0, b"*/").map_or(comment.len(), |end| end + 2);
        rest = comment[end..].trim_ascii_start();
    }
    if rest.len() == keyword_end {
        return String::new();
    }
    let end = rest
        .iter()
        .position(|&b| !(b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80))
        .unwrap_or(rest.len());
    String::from_utf8_lossy(&rest[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constraint(text: &str) -> Option<Constraint> {
        header(text.as_bytes()).constraint
    }

    fn tag(name: &str) -> Constraint {
        Constraint::Tag(name.to_owned())
    }

    #[test]
    fn the_package_clause_is_found_behind_comments() {
        for text in [
            "package x",
            "\u{feff}package x\n",
            "// a\r\n\r\n/* b\npackage y */ package\tx // c",
            "/**/package /* odd */ x;import \"a\"",
            "#!no\n",
        ] {
            let expected = if text.starts_with('#') { "" } else { "x" };
            assert_eq!(header(text.as_bytes()).package, expected, "{text}");
        }
        for text in ["", "/* open", "// only", "package", "packagex", "\0"] {
            assert_eq!(header(text.as_bytes()), Header::default(), "{text}");
        }
        assert_eq!(header("package größe\n".as_bytes()).package, "größe");
    }

    #[test]
    fn the_generated_marker_starts_its_line_above_the_clause() {
        let generated = |text: &str| header(text.as_bytes()).generated;
        assert!(generated(
            "// Code generated by protoc. DO NOT EDIT.\npackage x"
        ));
        assert!(generated(
            "// a\r\n// Code generated by x DO NOT EDIT.\r\n\r\npackage x"
        ));
        assert!(!generated(
            " // Code generated by x. DO NOT EDIT.\npackage x"
        ));
        assert!(!generated("// Code generated by x. DO NOT EDIT\npackage x"));
        assert!(!generated(
            "/*\n// Code generated by x. DO NOT EDIT.\n*/ package x"
        ));
        assert!(!generated(
            "package x\n// Code generated by x. DO NOT EDIT.\n"
        ));
    }

    #[test]
    fn go_build_lines_count_above_the_clause_and_above_block_comments() {
        assert_eq!(
            constraint("//go:build ignore\n\npackage x"),
            Some(tag("ignore"))
        );
        assert_eq!(
            constraint("// c\n\n  //go:build a\r\npackage x"),
            Some(tag("a"))
        );
        assert_eq!(constraint("/* c */\n//go:build a\n\npackage x"), None);
        assert_eq!(constraint("//go:buildx\n\npackage x"), None);
        assert_eq!(constraint("// go:build a\n\npackage x"), None);
        assert_eq!(constraint("package x\n//go:build a\n"), None);
        assert_eq!(constraint("//go:build a b\n\npackage x"), None);
    }

    #[test]
    fn only_go_build_lines_choose_a_language_version() {
        let go = |text: &str| header(text.as_bytes()).go.map(|go| go.minor);
        assert_eq!(go("//go:build go1.22\n\npackage x"), Some(22));
        assert_eq!(go("//go:build linux && go1.18\n\npackage x"), Some(21));
        assert_eq!(go("//go:build !go1.22\n\npackage x"), None);
        assert_eq!(go("// +build go1.22\n\npackage x"), None);
        assert_eq!(
            go("//go:build go1.22 (\n// +build go1.22\n\npackage x"),
            None
        );
        assert_eq!(go("package x"), None);
    }

    #[test]
    fn plus_build_lines_need_an_empty_line_below_and_yield_to_go_build() {
        assert_eq!(constraint("// +build a\n\npackage x"), Some(tag("a")));
        assert_eq!(
            constraint("//+build a\n\n// doc\npackage x"),
            Some(tag("a"))
        );
        assert_eq!(constraint("// +build a\npackage x"), None);
        assert_eq!(constraint("// +builda\n\npackage x"), None);
        assert_eq!(
            constraint("//go:build b\n// +build a\n\npackage x"),
            Some(tag("b"))
        );
        assert_eq!(
            constraint("// +build a\n// +build b\n\npackage x"),
            Constraint::parse("a && b")
        );
    }
}
