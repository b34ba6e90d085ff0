//! In which order locks are taken, and where that goes in a circle.
//!
//! In: pairs of locks, the first held where the second is locked. Out: [`Order`].

use std::collections::BTreeSet;

/// In which order locks are taken.
pub(super) struct Order {
    /// Per lock, those that are held where it is locked.
    pub(super) before: Vec<Vec<u32>>,
    /// Per lock, the circle it belongs to: one of its locks (strongly connected components, Kosaraju 1978).
    circle: Vec<u32>,
}

impl Order {
    pub(super) fn of(edges: &BTreeSet<(u32, u32)>, count: usize) -> Self {
        let (mut before, mut after) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for (held, locked) in edges {
            before[*locked as usize].push(*held);
            after[*held as usize].push(*locked);
        }
        let mut done: Vec<u32> = Vec::with_capacity(count);
        let mut seen = vec![false; count];
        for first in 0..count as u32 {
            // Those that have been left with all that comes after them are done.
            let mut todo = vec![(first, false)];
            while let Some((lock, left)) = todo.pop() {
                if left {
                    done.push(lock);
                } else if !std::mem::replace(&mut seen[lock as usize], true) {
                    todo.push((lock, true));
                    todo.extend(after[lock as usize].iter().map(|next| (*next, false)));
                }
            }
        }
        let mut circle = vec![u32::MAX; count];
        for first in done.into_iter().rev() {
            let mut todo = vec![first];
            while let Some(lock) = todo.pop() {
                if circle[lock as usize] == u32::MAX {
                    circle[lock as usize] = first;
                    todo.extend(&before[lock as usize]);
                }
            }
        }
        Self { before, circle }
    }

    /// Whether one comes from each of these locks to the other.
    pub(super) fn are_in_a_circle(&self, one: u32, other: u32) -> bool {
        self.circle[one as usize] == self.circle[other as usize]
    }
}
