//! `goleash explain` and `goleash list-rules`.

use super::args::ListFormat;
use super::{Exit, Failure, output};
use crate::report;
use crate::rules::RULES;

/// Prints the page of a rule.
pub(super) fn explain(id: &str) -> Result<Exit, Failure> {
    let Some(rule) = RULES.iter().find(|rule| rule.id == id) else {
        let hint = nearest(id, RULES.iter().map(|rule| rule.id))
            .map_or(String::new(), |near| format!(" Did you mean `{near}`?"));
        return Err(Failure(format!(
            "there is no rule `{id}`.{hint} `goleash list-rules` lists them all"
        )));
    };
    output::to_stdout(rule.markdown())?;
    Ok(Exit::Clean)
}

/// Prints the list of rules.
pub(super) fn list(format: ListFormat) -> Result<Exit, Failure> {
    output::to_stdout(&match format {
        ListFormat::Table => report::rules::table(RULES),
        ListFormat::Json => report::rules::json(RULES),
    })?;
    Ok(Exit::Clean)
}

/// The word that `wanted` is most likely a misspelling of.
fn nearest<'a>(wanted: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase().replace('_', "-");
    words
        .map(|word| (distance(&wanted, word), word))
        .filter(|(distance, word)| {
            *distance <= word.len() / 3 + 1 || (wanted.len() > 2 && word.contains(&wanted))
        })
        .min()
        .map(|(_, word)| word)
}

/// Number of letters to insert, delete or replace between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_rules_are_recognised() {
        let rules = ["timeout-send", "early-return", "ncast", "unclosed-range"];
        let near = |word| nearest(word, rules.into_iter());
        assert_eq!(near("early_return"), Some("early-return"));
        assert_eq!(near("erly-return"), Some("early-return"));
        assert_eq!(near("timeout"), Some("timeout-send"));
        assert_eq!(near("NCAST"), Some("ncast"));
        assert_eq!(near("GL001"), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
