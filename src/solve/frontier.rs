//! Which state a search looks at next.
//!
//! Breadth first to begin with, so that the first run found is a shortest one. A system that is larger than that is not
//! going to be seen whole; from there on, states in which the goroutines are where they have seldom been come first, so
//! that what the budget still buys is spread over the code and not spent on what a few branches have made of the data.

use super::state::State;
use rustc_hash::{FxHashMap, FxHasher};

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};

/// States looked at breadth first.
const BREADTH_FIRST: u32 = 250;

/// The states that wait to be looked at, each with its node.
#[derive(Default)]
pub struct Frontier {
    first: VecDeque<(State, u32)>,
    /// Later ones, by how often their goroutines have been where they are, oldest first.
    later: BTreeMap<(u32, u32), (State, u32)>,
    been: FxHashMap<u64, u32>,
    taken: u32,
}

impl Frontier {
    /// Adds a state.
    pub fn push(&mut self, state: State, node: u32) {
        let been = self.been.entry(whereabouts(&state)).or_default();
        *been += 1;
        if self.taken < BREADTH_FIRST {
            self.first.push_back((state, node));
        } else {
            self.later.insert((*been, node), (state, node));
        }
    }

    /// Takes the next one.
    pub fn pop(&mut self) -> Option<(State, u32)> {
        self.taken += 1;
        if self.taken == BREADTH_FIRST {
            for (state, node) in std::mem::take(&mut self.first) {
                let been = self.been.get(&whereabouts(&state)).copied();
                self.later
                    .insert((been.unwrap_or_default(), node), (state, node));
            }
        }
        if self.taken < BREADTH_FIRST {
            self.first.pop_front()
        } else {
            self.later.pop_first().map(|(_, next)| next)
        }
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
