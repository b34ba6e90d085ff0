//! What earlier analyses have found while names were followed ([`super::needed`]), for the next one.
//!
//! In: the names of a round, and what is known of the functions of a file before it. Out: what is known of them after it, and
//! the names by which others call those that matter now. Where the names, the file and what was known are what they were,
//! that is what it was. Before all rounds, what is known of functions by the names of the library alone. Deliberately
//! absent: names themselves; each round makes its own.

use super::needed::{As, Known, Marks, Names};
use crate::outline::{Outline, Word};
use std::sync::Arc;

/// The rounds of the last analysis.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    start: Start,
    /// In order.
    rounds: Vec<Round>,
}

/// What was known before the first of them.
#[derive(Debug, Default)]
struct Start {
    library: Arc<Marks>,
    files: Vec<Option<(Arc<Outline>, Vec<Known>)>>,
}

/// One round.
#[derive(Debug, Default)]
pub(super) struct Round {
    names: Names,
    files: Vec<Option<FileRound>>,
}

/// What a round has found in a file.
#[derive(Debug)]
struct FileRound {
    outline: Arc<Outline>,
    before: Vec<Known>,
    after: Vec<Known>,
    next: Vec<(As, Word)>,
}

impl Rounds {
    /// What the names of the library make of the functions of each file; `find` does so where it has to be found out.
    pub(super) fn start(
        &mut self,
        library: &Arc<Marks>,
        outlines: &[Arc<Outline>],
        find: impl Fn(&Outline) -> Vec<Known>,
    ) -> Vec<Vec<Known>> {
        if self.start.library != *library {
            self.start = Start {
                library: Arc::clone(library),
                files: Vec::new(),
            };
        }
        self.start.files.resize_with(outlines.len(), || None);
        let files = self.start.files.iter_mut().zip(outlines);
        let files = files.map(|(slot, outline)| {
            let known = slot.take();
            let known = known.filter(|(known, _)| Arc::ptr_eq(known, outline));
            let known = known.unwrap_or_else(|| (Arc::clone(outline), find(outline)));
            slot.insert(known).1.clone()
        });
        files.collect()
    }

    /// The round with this number, which follows `names` through so many files.
    pub(super) fn begin(&mut self, number: usize, names: &Names, files: usize) -> &mut Round {
        if self.rounds.len() <= number {
            self.rounds.resize_with(number + 1, Round::default);
        }
        let round = &mut self.rounds[number];
        if round.names != *names {
            round.names = names.clone();
            round.files.clear();
        }
        round.files.resize_with(files, || None);
        round
    }

    /// There were no more rounds than these.
    pub(super) fn end(&mut self, count: usize) {
        self.rounds.truncate(count);
    }
}

impl Round {
    /// Follows the names of the round through a file: `known` is brought up to date, and the names that follow are
    /// returned. `find` does so where it has to be found out.
    pub(super) fn follow(
        &mut self,
        file: usize,
        outline: &Arc<Outline>,
        known: &mut Vec<Known>,
        find: impl FnOnce(&mut Vec<Known>) -> Vec<(As, Word)>,
    ) -> &[(As, Word)] {
        let slot = &mut self.files[file];
        let same = slot
            .as_ref()
            .is_some_and(|it| Arc::ptr_eq(&it.outline, outline) && it.before == *known);
        if !same {
            *slot = None;
        }
        let found = slot.get_or_insert_with(|| {
            let before = known.clone();
            let mut after = before.clone();
            let next = find(&mut after);
            FileRound {
                outline: Arc::clone(outline),
                before,
                after,
                next,
            }
        });
        known.clone_from(&found.after);
        &found.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outline::outline;

    #[test]
    fn a_file_is_looked_at_again_only_where_something_differs() {
        let text = b"package p\n\nfunc f() {\n\tg()\n}\n";
        let one = Arc::new(outline(text));
        let other = Arc::new(outline(text));
        let word = Word::plain(b"g");
        let mut names = Names::default();
        names.add(As::Acts, word);
        let mut rounds = Rounds::default();
        let mut looked = 0;
        let mut follow = |rounds: &mut Rounds, names: &Names, outline: &Arc<Outline>| {
            let mut known = vec![Known::default()];
            let round = rounds.begin(0, names, 1);
            let next = round.follow(0, outline, &mut known, |_| {
                looked += 1;
                vec![(As::Acts, word)]
            });
            assert_eq!(next, [(As::Acts, word)]);
            looked
        };
        assert_eq!(follow(&mut rounds, &names, &one), 1);
        assert_eq!(follow(&mut rounds, &names, &one), 1);
        assert_eq!(follow(&mut rounds, &names, &other), 2);
        names.add(As::Ends, word);
        assert_eq!(follow(&mut rounds, &names, &other), 3);
    }
}
