//! How two unknown numbers compare, as far as a run has decided it.
//!
//! Kept as the most by which one is larger than the other, so that whoever asks in other words gets the same answer.
//! Deliberately absent: what follows from two such facts together.

use super::state::{State, Sym};
use std::cmp::Ordering;

impl State {
    /// The most by which `left` is larger than `right`, if a run has decided that.
    fn most(&self, left: Sym, right: Sym) -> Option<i64> {
        let found = self
            .orders
            .iter()
            .find(|(a, b, _)| (*a, *b) == (left, right));
        found.map(|(.., most)| *most)
    }

    /// How `left` plus an offset compares with `right` plus one; what is not equal may be above or below.
    pub(super) fn order(&self, left: (Sym, i64), right: (Sym, i64)) -> Option<Ordering> {
        let apart = right.1.saturating_sub(left.1);
        let above = self.most(left.0, right.0).map(|most| most.cmp(&apart));
        let below = self
            .most(right.0, left.0)
            .map(|most| most.cmp(&apart.saturating_neg()));
        match (above, below) {
            (Some(Ordering::Less), _) => Some(Ordering::Less),
            (_, Some(Ordering::Less)) => Some(Ordering::Greater),
            (Some(Ordering::Equal), Some(Ordering::Equal)) => Some(Ordering::Equal),
            _ => None,
        }
    }

    /// Whether `left` plus an offset is known to be below `right` plus one, or not to be.
    pub(super) fn is_below(&self, left: (Sym, i64), right: (Sym, i64)) -> Option<bool> {
        let apart = right.1.saturating_sub(left.1);
        if self.most(left.0, right.0).is_some_and(|most| most < apart) {
            return Some(true);
        }
        let at_least = self.most(right.0, left.0);
        at_least
            .is_some_and(|most| most <= apart.saturating_neg())
            .then_some(false)
    }

    /// A run has decided that `left` is larger than `right` by no more than `most`.
    pub(super) fn learn_order(&mut self, left: Sym, right: Sym, most: i64) {
        let mut known = self.orders.iter();
        match known.position(|(a, b, _)| (*a, *b) == (left, right)) {
            Some(at) => self.orders[at].2 = self.orders[at].2.min(most),
            None => self.orders.push((left, right, most)),
        }
        // The larger one is no smaller than the other is known to be.
        let at_least = self.syms[left as usize].lo.saturating_sub(most);
        if at_least > self.syms[right as usize].lo {
            self.known(right).lo = at_least;
        }
    }
}
