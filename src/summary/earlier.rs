//! What bodies do to their parameters, kept from one state of a program to the next.

use super::order::dependents;
use super::{Entries, Future};
use crate::flow::Program;
use crate::flow::ir::Body;
use std::sync::Arc;

/// What bodies do to their parameters, and the bodies that this was said of.
#[derive(Debug, Default)]
pub struct Earlier {
    entries: Entries,
    bodies: Vec<Arc<Body>>,
    made_up: Vec<Arc<Body>>,
    holds: Vec<Vec<bool>>,
}

impl Earlier {
    /// What is known of a program, ready for another state of it.
    pub fn of(mut entries: Entries, program: &Program) -> Self {
        let made_up = |body: &Arc<Body>| !body.client.is_empty();
        let count = program.bodies.iter().position(made_up);
        let count = count.unwrap_or(program.bodies.len());
        entries.futures.truncate(count);
        entries.known.truncate(count);
        Self {
            entries,
            bodies: program.bodies[..count].to_vec(),
            made_up: program.bodies[count..].to_vec(),
            holds: program.holds[..count].to_vec(),
        }
    }

    /// The bodies that stand in no source. They are taken.
    pub fn made_up(&mut self) -> Vec<Arc<Body>> {
        std::mem::take(&mut self.made_up)
    }

    /// What of it holds in another state: what is said of bodies that are the same and use none that is not.
    pub fn still_true(self, program: &Program) -> Entries {
        let mut entries = self.entries;
        let is_same = |index: usize| {
            let same = self
                .bodies
                .get(index)
                .is_some_and(|b| Arc::ptr_eq(b, &program.bodies[index]));
            same && self.holds[index] == program.holds[index]
        };
        let count = program.bodies.len();
        let mut stale: Vec<bool> = (0..count).map(|index| !is_same(index)).collect();
        let mut queue: Vec<usize> = (0..count).filter(|index| stale[*index]).collect();
        if queue.len() < count {
            let dependents = dependents(program);
            while let Some(index) = queue.pop() {
                for by in &dependents[index] {
                    if !std::mem::replace(&mut stale[*by], true) {
                        queue.push(*by);
                    }
                }
            }
        }
        entries.futures.resize_with(count, Future::default);
        entries.known.resize(count, false);
        for (index, _) in stale.iter().enumerate().filter(|(_, stale)| **stale) {
            entries.futures[index] = Future::default();
            entries.known[index] = false;
        }
        entries
    }
}
