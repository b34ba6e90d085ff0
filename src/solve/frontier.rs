//! Which state a search looks at next.
//!
//! Breadth first to begin with, so that a small system gives a shortest run. A larger one is not going to be seen whole;
//! from there on several orders take turns, since no single one finds what the others do. Most put first the states whose
//! goroutines are where they have seldom been, so that what the budget buys is spread over the code and not spent on what
//! a few branches have made of the data; and what leaks look like: whoever started the goroutines has gone, or few of them
//! are left. Of equal ones the deepest is next, which is the nearest to an end.

use super::state::State;
use rustc_hash::{FxHashMap, FxHasher};

use std::cmp::Reverse;
use std::collections::{BTreeSet, VecDeque};
use std::hash::{Hash, Hasher};

/// States looked at breadth first.
const BREADTH_FIRST: u32 = 8;

/// The orders there are; [`Frontier::put`] says which.
const ORDERS: usize = 4;

/// Whose turn it is. The last order is breadth first, which seldom finds in a large system what the others do not.
const TURNS: [usize; 7] = [0, 1, 2, 0, 1, 2, 3];

/// A state's place in one of the orders; its node, the last part, makes it unique.
type Place = (u32, u32, Reverse<u32>, u32);

/// The states that wait to be looked at, each with its node.
#[derive(Default)]
pub struct Frontier {
    first: VecDeque<(State, u32, u32)>,
    /// Later ones by node, with their places.
    later: FxHashMap<u32, (State, [Place; ORDERS])>,
    orders: [BTreeSet<Place>; ORDERS],
    /// How often goroutines have been where they are.
    been: FxHashMap<u64, u32>,
    taken: u32,
}

impl Frontier {
    /// Adds the state of a node, which so many choices lead to.
    pub fn push(&mut self, state: State, node: u32, depth: u32) {
        let been = self.been.entry(whereabouts(&state)).or_default();
        *been += 1;
        let been = *been;
        if self.taken < BREADTH_FIRST {
            self.first.push_back((state, node, depth));
        } else {
            self.put(state, node, depth, been);
        }
    }

    fn put(&mut self, state: State, node: u32, depth: u32, been: u32) {
        let left = state.procs.iter().filter(|p| !p.ended()).count() as u32;
        let root_is_there = u32::from(state.procs.first().is_some_and(|p| !p.ended()));
        let (deepest, any) = (Reverse(depth), Reverse(0));
        let places = [
            (root_is_there, been, deepest, node),
            (left, been, deepest, node),
            (root_is_there, been, any, node),
            (0, 0, any, node),
        ];
        for (order, place) in self.orders.iter_mut().zip(places) {
            order.insert(place);
        }
        self.later.insert(node, (state, places));
    }

    /// Takes the next one.
    pub fn pop(&mut self) -> Option<(State, u32)> {
        self.taken += 1;
        if self.taken < BREADTH_FIRST {
            return self.first.pop_front().map(|(state, node, _)| (state, node));
        }
        for (state, node, depth) in std::mem::take(&mut self.first) {
            let been = self.been.get(&whereabouts(&state)).copied();
            self.put(state, node, depth, been.unwrap_or_default());
        }
        let turn = TURNS[self.taken as usize % TURNS.len()];
        let node = self.orders[turn].first()?.3;
        let (state, places) = self.later.remove(&node)?;
        for (order, place) in self.orders.iter_mut().zip(&places) {
            order.remove(place);
        }
        Some((state, node))
    }
}

/// Where all goroutines are, whatever the values.
fn whereabouts(state: &State) -> u64 {
    let mut stacks: Vec<u64> = state
        .procs
        .iter()
        .filter(|p| !p.ended())
        .map(|p| {
            let mut hasher = FxHasher::default();
            for frame in p.frames.iter() {
                (frame.body, frame.pc, frame.leaving).hash(&mut hasher);
            }
            hasher.finish()
        })
        .collect();
    stacks.sort_unstable();
    let mut hasher = FxHasher::default();
    stacks.hash(&mut hasher);
    hasher.finish()
}
