//! The word somebody meant: for every place where a name is looked up and not found.
//!
//! In: what was written, and the words there are. Out: the likeliest of them, or none when all are far off.

/// The word that `wanted` is most likely a misspelling, or a part, of.
pub fn nearest<'a>(wanted: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase().replace('_', "-");
    words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&wanted, word), word))
        .filter(|(distance, word)| {
            *distance <= word.len() / 3 + 1 || (wanted.len() > 2 && word.contains(&wanted))
        })
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_words_are_recognised_and_others_are_not() {
        let rules = ["timeout-send", "early-return", "ncast", "unclosed-range"];
        let near = |word| nearest(word, rules);
        assert_eq!(near("early_return"), Some("early-return"));
        assert_eq!(near("erly-retrun"), Some("early-return"));
        assert_eq!(near("timeout"), Some("timeout-send"));
        assert_eq!(near("NCAST"), Some("ncast"));
        assert_eq!(near("GL001"), None);
        assert_eq!(near(""), None);
    }
}
