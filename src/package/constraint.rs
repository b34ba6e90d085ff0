//! Build constraints: `//go:build` and `// +build` expressions.
//!
//! In: the text of a constraint. Out: a [`Constraint`] and whether it holds under a [`BuildContext`].
//! The rules are those of Go's own `go/build` package. Deliberately absent: finding the constraint in a file
//! ([`super::header`] does).

use super::platform::BuildContext;

/// A boolean expression over build tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// A tag.
    Tag(String),
    /// `!x`
    Not(Box<Constraint>),
    /// `x && y`
    And(Box<Constraint>, Box<Constraint>),
    /// `x || y`
    Or(Box<Constraint>, Box<Constraint>),
}

impl Constraint {
    /// Whether the file takes part in a build under `context`.
    pub fn holds(&self, context: &BuildContext) -> bool {
        // With every tag decided, so is the expression.
        self.decide(&|tag| Some(context.holds(tag))) == Some(true)
    }

    /// Whether the file takes part in a build only if somebody sets the tag `ignore`, the convention for programs that are run
    /// by hand, or `wireinject`, that for functions which a generator writes anew under the same names (Wire's guide).
    pub fn is_apart(&self) -> bool {
        let by_hand = |tag: &str| matches!(tag, "ignore" | "wireinject");
        self.decide(&|tag| by_hand(tag).then_some(false)) == Some(false)
    }

    /// The value when `known` leaves some tags open (`None`).
    fn decide(&self, known: &dyn Fn(&str) -> Option<bool>) -> Option<bool> {
        match self {
            Self::Tag(tag) => known(tag),
            Self::Not(x) => x.decide(known).map(|value| !value),
            Self::And(x, y) => match (x.decide(known), y.decide(known)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(x, y) => match (x.decide(known), y.decide(known)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }

    /// The least release of Go (the 22 of 1.22) under which the file can take part in a build, if it says so: the language
    /// version it is written in. What is denied says nothing.
    pub fn release(&self) -> Option<u16> {
        match self {
            Self::Tag(tag) if tag == "go1" => Some(0),
            Self::Tag(tag) => tag.strip_prefix("go1.")?.parse().ok(),
            Self::Not(x) => x.release_denied(),
            Self::And(x, y) => x.release().max(y.release()),
            Self::Or(x, y) => x.release().min(y.release()),
        }
    }

    /// The same of the opposite.
    fn release_denied(&self) -> Option<u16> {
        match self {
            Self::Tag(_) => None,
            Self::Not(x) => x.release(),
            Self::And(x, y) => x.release_denied().min(y.release_denied()),
            Self::Or(x, y) => x.release_denied().max(y.release_denied()),
        }
    }

    /// Calls `f` on every tag that is mentioned.
    pub fn tags<'a>(&'a self, f: &mut dyn FnMut(&'a str)) {
        match self {
            Self::Tag(tag) => f(tag),
            Self::Not(x) => x.tags(f),
            Self::And(x, y) | Self::Or(x, y) => {
                x.tags(f);
                y.tags(f);
            }
        }
    }

    /// Both `self` and `other`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::And(Box::new(self), Box::new(other))
    }

    /// Either `self` or `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::Or(Box::new(self), Box::new(other))
    }

    /// Parses what follows `//go:build`; `None` when it is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser {
            rest: text.trim(),
            steps: 0,
        };
        let expression = parser.or(0)?;
        parser.rest.is_empty().then_some(expression)
    }

    /// Parses what follows `// +build`: a space is *or*, a comma is *and*. As in Go, a malformed tag reads as `ignore`.
    pub fn parse_plus_build(text: &str) -> Self {
        let literal = |literal: &str| {
            let (negated, tag) = match literal.strip_prefix('!') {
                Some(tag) if !tag.starts_with('!') && !tag.is_empty() => (true, tag),
                _ => (false, literal),
            };
            let valid = !tag.is_empty() && tag.chars().all(is_tag_char);
            let tag = Self::Tag(if valid { tag } else { "ignore" }.to_owned());
            if negated {
                Self::Not(Box::new(tag))
            } else {
                tag
            }
        };
        text.split_whitespace()
            .filter_map(|clause| {
                clause
                    .split(',')
                    .take(MAX_STEPS)
                    .map(literal)
                    .reduce(Self::and)
            })
            .take(MAX_STEPS)
            .reduce(Self::or)
            .unwrap_or_else(|| Self::Tag("ignore".to_owned()))
    }
}

/// Operators one expression may have, so that no input makes the recursion deep.
const MAX_STEPS: usize = 200;

fn is_tag_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

struct Parser<'a> {
    rest: &'a str,
    steps: usize,
}

impl Parser<'_> {
    fn eat(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else {
            return false;
        };
        self.rest = rest.trim_start();
        self.steps += 1;
        true
    }

    fn or(&mut self, depth: usize) -> Option<Constraint> {
        let mut left = self.and(depth)?;
        while self.eat("||") {
            left = left.or(self.and(depth)?);
        }
        Some(left)
    }

    fn and(&mut self, depth: usize) -> Option<Constraint> {
        let mut left = self.not(depth)?;
        while self.eat("&&") {
            left = left.and(self.not(depth)?);
        }
        Some(left)
    }

    fn not(&mut self, depth: usize) -> Option<Constraint> {
        if self.eat("!") {
            // `!!x` is malformed in Go too.
            if self.rest.starts_with('!') {
                return None;
            }
            return Some(Constraint::Not(Box::new(self.atom(depth)?)));
        }
        self.atom(depth)
    }

    fn atom(&mut self, depth: usize) -> Option<Constraint> {
        if self.steps > MAX_STEPS || depth > MAX_STEPS {
            return None;
        }
        if self.eat("(") {
            let inner = self.or(depth + 1)?;
            return self.eat(")").then_some(inner);
        }
        let end = self
            .rest
            .find(|c| !is_tag_char(c))
            .unwrap_or(self.rest.len());
        let (tag, rest) = self.rest.split_at(end);
        if tag.is_empty() {
            return None;
        }
        self.rest = rest.trim_start();
        Some(Constraint::Tag(tag.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str) -> bool {
        Constraint::parse(text)
            .expect("well formed")
            .holds(&BuildContext::default())
    }

    #[test]
    fn go_build_expressions_follow_precedence_and_known_tags() {
        for text in [
            "linux",
            "unix && cgo && gc",
            "go1.1 && go1.27",
            "windows || linux && amd64",
            "!(windows || darwin)",
            "!windows&&!integration",
            "( ( linux ) )",
        ] {
            assert!(holds(text), "{text}");
        }
        for text in [
            "windows",
            "ignore",
            "go1.28",
            "go1.0",
            "go1.01",
            "linux && (windows || arm64)",
            "!linux",
            "integration",
            "solaris",
        ] {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn the_least_release_is_what_both_sides_need_or_one_of_them() {
        let release = |text| Constraint::parse(text).expect("well formed").release();
        for (text, expected) in [
            ("go1.22", Some(22)),
            ("go1", Some(0)),
            ("linux && go1.21 && go1.23", Some(23)),
            ("go1.21 || go1.23", Some(21)),
            ("go1.21 || linux", None),
            ("!go1.22", None),
            ("!(linux || !go1.22)", Some(22)),
            ("!(!go1.22 && !go1.20)", Some(20)),
            ("go1.x", None),
            ("linux", None),
        ] {
            assert_eq!(release(text), expected, "{text}");
        }
    }

    #[test]
    fn malformed_expressions_are_recognised() {
        for text in [
            "",
            "&&",
            "linux &&",
            "linux windows",
            "(linux",
            "linux)",
            "!!linux",
            "li-nux",
            "a | b",
            "!",
        ] {
            assert_eq!(Constraint::parse(text), None, "{text}");
        }
        assert_eq!(Constraint::parse(&"(".repeat(100_000)), None);
        assert_eq!(Constraint::parse(&"!".repeat(100_000)), None);
        assert_eq!(Constraint::parse(&"a && ".repeat(100_000)), None);
    }

    #[test]
    fn plus_build_lines_read_spaces_as_or_and_commas_as_and() {
        let holds = |text| Constraint::parse_plus_build(text).holds(&BuildContext::default());
        assert!(holds("linux,amd64 windows"));
        assert!(holds("!windows"));
        assert!(!holds("linux,!amd64 windows"));
        assert!(!holds(""));
        assert!(!holds("!!linux"));
        assert!(!holds("a-b"));
    }

    #[test]
    fn a_file_is_apart_if_it_needs_a_tag_that_no_build_of_the_package_has() {
        let apart = |text| Constraint::parse(text).expect("well formed").is_apart();
        assert!(apart("ignore"));
        assert!(apart("wireinject"));
        assert!(apart("ignore && linux"));
        assert!(!apart("ignore || linux"));
        assert!(!apart("!ignore"));
        assert!(!apart("!wireinject"));
        assert!(!apart("integration"));
    }
}
