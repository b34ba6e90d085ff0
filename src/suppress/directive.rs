//! What a comment asks for: the text of a `//` comment in, a [`Directive`] out.
//!
//! Three families are understood: goleash's own (`//goleash:…`), staticcheck's (`//lint:ignore goleash/…`) and
//! golangci-lint's (`//nolint`). A blank after the slashes is forgiven. Deliberately absent: where the comment stands,
//! and what comes of it.

use crate::nearest::nearest;
use crate::selection::{ALL, UnknownRule, find};

/// A comment that suppresses findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    /// What it is about.
    pub(super) reach: Reach,
    /// The rules it names.
    pub(super) rules: Rules,
    /// Why, in the words of whoever wrote it.
    pub(super) reason: String,
    /// Whether it names goleash: a bare `//nolint` is meant for others too and owes goleash nothing.
    pub(super) ours: bool,
    /// Names in it that mean nothing.
    pub(super) unknown: Vec<Unknown>,
}

/// Which places a directive is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The code beside or below.
    Code,
    /// The whole file.
    File,
    /// The goroutine that is started beside or below.
    Goroutine,
}

/// Which rules a directive names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// All of them.
    All,
    /// Those with these ids.
    These(Vec<&'static str>),
}

/// A name in a directive that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// No rule has it.
    Rule(UnknownRule),
    /// The rule is about comments like this one, which cannot be silenced by another.
    Remark(&'static str),
    /// There is no such directive; and the one that was probably meant.
    Word(String, Option<&'static str>),
    /// There is no name at all.
    Nothing,
}

/// The directives of goleash itself.
const WORDS: [&str; 3] = ["ignore", "file-ignore", "daemon"];

/// Whether a comment can be a directive at all; cheap, and rather too often true.
pub(super) fn may_be(comment: &[u8]) -> bool {
    let text = comment.trim_ascii_start();
    let text = text.strip_prefix(b"//").unwrap_or(text).trim_ascii_start();
    [&b"goleash:"[..], b"lint:", b"nolint"]
        .iter()
        .any(|start| text.starts_with(start))
}

/// The directive in a comment, slashes included; `None` when it holds none that concerns goleash.
pub(super) fn parse(comment: &str) -> Option<Directive> {
    let text = comment.strip_prefix("//")?.trim();
    if let Some(own) = text.strip_prefix("goleash:") {
        return Some(own_directive(own));
    }
    if let Some(list) = text.strip_prefix("nolint") {
        return nolint(list);
    }
    let (word, rest) = split_word(text.strip_prefix("lint:")?);
    let reach = match word {
        "ignore" => Reach::Code,
        "file-ignore" => Reach::File,
        _ => return None,
    };
    let (list, reason) = split_list(rest);
    let names = ours_of(list.split(','));
    (!names.is_empty()).then(|| directive(reach, &names, reason))
}

fn own_directive(text: &str) -> Directive {
    let (word, rest) = split_word(text);
    let reach = match word {
        "ignore" => Reach::Code,
        "file-ignore" => Reach::File,
        "daemon" => {
            return Directive {
                reach: Reach::Goroutine,
                rules: Rules::All,
                reason: reason(rest),
                ours: true,
                unknown: Vec::new(),
            };
        }
        _ => {
            let near = nearest(word, WORDS);
            return Directive {
                reach: Reach::Code,
                rules: Rules::These(Vec::new()),
                reason: String::new(),
                ours: true,
                unknown: vec![Unknown::Word(word.to_owned(), near)],
            };
        }
    };
    let (list, reason) = split_list(rest);
    let names: Vec<&str> = list.split(',').map(str::trim).collect();
    directive(reach, &names, reason)
}

/// `//nolint`, `//nolint:all`, `//nolint:a,goleash/early-return // reason`.
fn nolint(text: &str) -> Option<Directive> {
    let bare = Directive {
        reach: Reach::Code,
        rules: Rules::All,
        reason: String::new(),
        ours: false,
        unknown: Vec::new(),
    };
    let Some(rest) = text.strip_prefix(':') else {
        // `//nolint // reason` is one, `//nolintlint` is none.
        let ends = text.is_empty() || text.starts_with([' ', '\t', '/']);
        return ends.then(|| Directive {
            reason: reason(text),
            ..bare
        });
    };
    let (list, mut why) = match rest.split_once("//") {
        Some((list, why)) => (list, reason(why)),
        None => (rest, String::new()),
    };
    let mut names = Vec::new();
    for item in list.split(',') {
        // Words behind the last name are a reason that lacks its slashes.
        let (name, words) = split_word(item.trim());
        names.push(name);
        if why.is_empty() {
            why = reason(words);
        }
    }
    let ours = ours_of(names.iter().copied());
    if !ours.is_empty() {
        return Some(directive(Reach::Code, &ours, why));
    }
    names
        .iter()
        .any(|name| name.eq_ignore_ascii_case(ALL))
        .then_some(Directive {
            reason: why,
            ..bare
        })
}

/// The names of a list shared with other tools that are meant for goleash, without its prefix.
fn ours_of<'t>(names: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    names
        .filter_map(|name| match name.trim().split_once('/') {
            Some((tool, rule)) => tool.eq_ignore_ascii_case("goleash").then_some(rule),
            None => name.trim().eq_ignore_ascii_case("goleash").then_some(ALL),
        })
        .collect()
}

fn directive(reach: Reach, names: &[&str], reason: String) -> Directive {
    let mut ids = Vec::new();
    let mut unknown = Vec::new();
    let mut all = false;
    for name in names {
        match name.trim_end_matches(':') {
            ALL | "*" => all = true,
            "" => unknown.push(Unknown::Nothing),
            name => match find(name) {
                Ok(rule) if rule.is_about_comments() => unknown.push(Unknown::Remark(rule.id)),
                Ok(rule) => ids.push(rule.id),
                Err(error) => unknown.push(Unknown::Rule(error)),
            },
        }
    }
    Directive {
        reach,
        rules: if all { Rules::All } else { Rules::These(ids) },
        reason,
        ours: true,
        unknown,
    }
}

/// The first word of a text and the rest.
fn split_word(text: &str) -> (&str, &str) {
    text.split_once([' ', '\t'])
        .map_or((text, ""), |(word, rest)| (word, rest.trim()))
}

/// A list of names, which goes on behind a comma and a blank, and the reason after it.
fn split_list(text: &str) -> (&str, String) {
    let mut end = 0;
    loop {
        let rest = &text[end..];
        let blank = rest.len() - rest.trim_start().len();
        let word = rest.trim_start().find([' ', '\t']);
        end = word.map_or(text.len(), |length| end + blank + length);
        if !text[..end].ends_with(',') || end == text.len() {
            return (&text[..end], reason(&text[end..]));
        }
    }
}

/// A reason without the marks people set it off with.
fn reason(text: &str) -> String {
    text.trim()
        .trim_start_matches(['/', '-', '–', '—', ':', ' '])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reach, rules, reason and complaints of a comment.
    fn shown(comment: &str) -> String {
        assert!(may_be(comment.as_bytes()), "{comment}");
        let Some(directive) = parse(comment) else {
            return "none".to_owned();
        };
        let rules = match &directive.rules {
            Rules::All => "all".to_owned(),
            Rules::These(ids) => ids.join("+"),
        };
        let ours = if directive.ours { "" } else { " (bare)" };
        let unknown = match directive.unknown.as_slice() {
            [] => String::new(),
            unknown => format!(" {unknown:?}"),
        };
        format!(
            "{:?} {rules}{ours} <{}>{unknown}",
            directive.reach, directive.reason
        )
    }

    #[test]
    fn own_directives() {
        for (comment, expected) in [
            (
                "//goleash:ignore early-return it is a test server",
                "Code early-return <it is a test server>",
            ),
            (
                "// goleash:ignore ncast, early-return: both\t",
                "Code ncast+early-return <both>",
            ),
            ("//goleash:ignore ncast", "Code ncast <>"),
            (
                "//goleash:file-ignore all -- generated by hand",
                "File all <generated by hand>",
            ),
            (
                "//goleash:daemon runs as long as the process",
                "Goroutine all <runs as long as the process>",
            ),
            ("//goleash:ignore", "Code  <> [Nothing]"),
            (
                "//goleash:ingore ncast x",
                "Code  <> [Word(\"ingore\", Some(\"ignore\"))]",
            ),
        ] {
            assert_eq!(shown(comment), expected, "{comment}");
        }
    }

    #[test]
    fn directives_shared_with_other_tools() {
        for (comment, expected) in [
            (
                "//lint:ignore goleash/ncast,SA1000 it ends",
                "Code ncast <it ends>",
            ),
            ("//lint:ignore goleash/* it ends", "Code all <it ends>"),
            ("//lint:file-ignore goleash it ends", "File all <it ends>"),
            ("//lint:ignore SA1000 it ends", "none"),
            ("//lint:other goleash/ncast x", "none"),
            ("//nolint", "Code all (bare) <>"),
            ("// nolint // it ends", "Code all (bare) <it ends>"),
            ("//nolint:gosec,all // it ends", "Code all (bare) <it ends>"),
            ("//nolint:gosec // goleash", "none"),
            ("//nolintlint:goleash", "none"),
            ("//nolint:errcheck,goleash // it ends", "Code all <it ends>"),
            (
                "//nolint: goleash/ncast , errcheck // it ends",
                "Code ncast <it ends>",
            ),
            ("//nolint:GoLeash it ends", "Code all <it ends>"),
            ("//nolint:goleash//it ends", "Code all <it ends>"),
        ] {
            assert_eq!(shown(comment), expected, "{comment}");
        }
    }

    #[test]
    fn names_that_mean_nothing_are_kept() {
        let unknown = |comment: &str| parse(comment).expect("a directive").unknown;
        assert_eq!(
            unknown("//nolint:goleash/ncats // x"),
            [Unknown::Rule(UnknownRule {
                name: "ncats".to_owned(),
                near: Some("ncast")
            })]
        );
        assert_eq!(
            unknown("//goleash:ignore suppression-unused x"),
            [Unknown::Remark("suppression-unused")]
        );
        assert_eq!(unknown("//goleash:ignore ncast,"), [Unknown::Nothing]);
    }
}
