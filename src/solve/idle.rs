//! Loops that come back to where they were without having done anything that others can see.
//!
//! In: each state that the local steps of a process lead through. Out: whether the process goes round for ever. After
//! Brent (1980): the state is remembered after a number of steps, then after twice as many, and compared whenever the
//! process comes by again.

use super::encode::{Identity, Numbers};
use super::machine::Machine;
use super::state::State;
use crate::flow::ir::{BodyId, Pc};

/// Operations a process may run without being seen; more is a loop that does nothing.
const FUEL: u32 = 4_000;

/// Steps after which a state is remembered first. Most processes are seen sooner.
const FIRST: u32 = 64;

/// How often what is remembered is compared: a loop inside the one that goes round comes by more often.
const COMPARISONS: u32 = 4;

/// Where a process is: its number, the height of its stack, and the operation.
type Position = (usize, usize, BodyId, Pc);

/// The steps that a process has run since it was seen.
#[derive(Default)]
pub(super) struct Round {
    steps: u32,
    /// After how many a state is remembered next.
    next: u32,
    remembered: Option<(Position, Identity)>,
    compared: u32,
    numbers: Numbers,
}

impl Round {
    /// One step more, from `state`; whether `proc` goes round.
    pub(super) fn is_idle(&mut self, machine: &Machine<'_>, state: &State, proc: usize) -> bool {
        self.steps += 1;
        if self.steps < FIRST {
            return false;
        }
        if self.steps == FUEL {
            return true;
        }
        let Some(at) = in_loop(machine, state, proc) else {
            return false;
        };
        match &self.remembered {
            Some((place, before)) if *place == at && self.compared < COMPARISONS => {
                self.compared += 1;
                *before == machine.identity(state, &mut self.numbers, None)
            }
            _ => {
                if self.steps >= self.next {
                    self.next = 2 * self.steps;
                    self.compared = 0;
                    let now = machine.identity(state, &mut self.numbers, None);
                    self.remembered = Some((at, now));
                }
                false
            }
        }
    }

    /// The process has been seen, or has been given up.
    pub(super) fn is_over(&mut self) {
        self.steps = 0;
        self.next = 0;
        self.remembered = None;
    }
}

/// Where a process is, if that is in a loop.
fn in_loop(machine: &Machine<'_>, state: &State, proc: usize) -> Option<Position> {
    let frames = &state.procs[proc].frames;
    let frame = frames.last()?;
    let is_in = machine.body(frame.body).in_loop.get(frame.pc as usize) == Some(&true);
    is_in.then(|| (proc, frames.len(), frame.body, frame.pc))
}
