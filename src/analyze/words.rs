//! Sets of words that are asked for very often.
//!
//! In: words. Out: whether one is among them. Deliberately absent: what they mean.

use crate::outline::Word;
use rustc_hash::FxHashSet;

/// Many words, most of which are not asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    all: FxHashSet<Word>,
    /// Bits of those there are: tells most words apart without looking further.
    some: Vec<u64>,
}

/// So many bits, a power of two.
const BITS: usize = 1 << 14;

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        // The bits say nothing that the words do not say.
        self.all == other.all
    }
}

impl Words {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn add(&mut self, word: Word) {
        if self.some.is_empty() {
            self.some.resize(BITS / 64, 0);
        }
        let bit = word.bits() % BITS;
        self.some[bit / 64] |= 1 << (bit % 64);
        self.all.insert(word);
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        other.all.iter().for_each(|word| self.add(*word));
    }

    pub(super) fn has(&self, word: Word) -> bool {
        let bit = word.bits() % BITS;
        self.some
            .get(bit / 64)
            .is_some_and(|bits| bits & (1 << (bit % 64)) != 0)
            && self.all.contains(&word)
    }
}
