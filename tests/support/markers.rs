//! Markers: what a fixture's comments say about its lines.
//!
//! | comment | meaning |
//! | --- | --- |
//! | `` // want <rule> `regexp` `` | a finding of that rule has its primary place here; its message matches (optional) |
//! | `// via <text>` | a finding has a secondary place here whose text contains this |
//! | `// miss <rule>: why` | a real leak that is known not to be found |
//! | `// noise <rule>: why` | a finding here that is known to be wrong |
//! | `// also` | a goroutine sits here in consequence of a marked leak; no finding is asked for |
//! | `// unrefereed: why` | in a function's doc comment: the runtime cannot confirm its markers |
//! | `// keeps: why` | in the doc comment of a `Clean…` function: it leaves a goroutine behind on purpose |

use regex::Regex;

/// What a marker says.
pub(crate) enum Kind {
    Want {
        rule: String,
        message: Option<Regex>,
    },
    Via(String),
    Miss(String),
    Noise(String),
    Also,
}

/// A marker and its 1-based line.
pub(crate) struct Marker {
    pub(crate) line: u32,
    pub(crate) kind: Kind,
}

/// A top-level function: its name and its 1-based lines, doc comment included.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// Why the runtime cannot confirm what is marked in it.
    pub(crate) unrefereed: Option<String>,
    /// Why it leaves a goroutine behind.
    pub(crate) keeps: Option<String>,
}

/// The markers of a file, in order. A malformed one fails the test.
pub(crate) fn markers(path: &str, text: &str) -> Vec<Marker> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for comment in line.split("// ").skip(1) {
            if let Some(kind) = parse(comment.trim()) {
                let line = index as u32 + 1;
                let kind = kind.unwrap_or_else(|why| panic!("{path}:{line}: {why}"));
                found.push(Marker { line, kind });
            }
        }
    }
    found
}

fn parse(comment: &str) -> Option<Result<Kind, String>> {
    let (word, rest) = comment.split_once(' ').unwrap_or((comment, ""));
    match word {
        "want" => Some(want(rest)),
        "via" => Some(Ok(Kind::Via(rest.to_owned()))),
        "miss" => Some(reasoned(rest).map(Kind::Miss)),
        "noise" => Some(reasoned(rest).map(Kind::Noise)),
        "also" => Some(Ok(Kind::Also)),
        _ => None,
    }
}

fn want(rest: &str) -> Result<Kind, String> {
    let (rule, pattern) = match rest.split_once('`') {
        Some((rule, pattern)) => (rule, Some(pattern.trim_end_matches('`'))),
        None => (rest, None),
    };
    let message = pattern
        .map(Regex::new)
        .transpose()
        .map_err(|e| e.to_string())?;
    Ok(Kind::Want {
        rule: rule_id(rule)?,
        message,
    })
}

fn reasoned(rest: &str) -> Result<String, String> {
    match rest.split_once(':') {
        Some((rule, why)) if !why.trim().is_empty() => rule_id(rule),
        _ => Err("the reason is missing".to_owned()),
    }
}

fn rule_id(word: &str) -> Result<String, String> {
    let word = word.trim();
    if !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
        Ok(word.to_owned())
    } else {
        Err(format!("`{word}` is no rule id"))
    }
}

/// The top-level functions of gofmt-ed text: `func` and the closing brace stand at the start of a line.
pub(crate) fn functions(text: &str) -> Vec<Function> {
    let lines: Vec<&str> = text.lines().collect();
    let mut functions = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let docs = lines[..index]
            .iter()
            .rev()
            .take_while(|l| l.starts_with("//"))
            .count();
        let length = if line.ends_with('}') {
            0
        } else {
            lines[index..]
                .iter()
                .position(|l| l.starts_with('}'))
                .unwrap_or(lines.len() - index - 1)
        };
        let doc = &lines[index - docs..index];
        functions.push(Function {
            name,
            first: (index - docs) as u32 + 1,
            last: (index + length) as u32 + 1,
            unrefereed: note(doc, "unrefereed"),
            keeps: note(doc, "keeps"),
        });
    }
    functions
}

/// The name after `func` and an optional receiver.
fn function_name(line: &str) -> Option<String> {
    let rest = line.strip_prefix("func ")?;
    let rest = match rest.strip_prefix('(') {
        Some(receiver) => receiver.split_once(") ")?.1,
        None => rest,
    };
    let end = rest.find(['(', '['])?;
    Some(rest[..end].to_owned())
}

fn note(doc: &[&str], word: &str) -> Option<String> {
    doc.iter().find_map(|line| {
        let rest = line.strip_prefix("// ")?.strip_prefix(word)?;
        Some(rest.strip_prefix(':')?.trim().to_owned())
    })
}
