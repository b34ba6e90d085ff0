//! Who is stuck for ever: the greatest set of parked processes that only its own members could free.
//!
//! Decided at any state met, not only where everything has come to rest: a process that goes on elsewhere for ever frees
//! nobody whose primitive it can no longer act on.

use super::machine::Machine;
use super::prospects::Prospects;
use super::state::{Act, Obj, ObjId, Proc, State, Value};
use crate::flow::ir::{BodyId, Pc};
use crate::summary::{ANY, Acts, CALL, CLOSE, DONE, RECV, RESET, SEND, SIGNAL, TOUCHED, UNLOCK};

/// Objects, and what would have to be done to one of them.
pub type Wants = Vec<(ObjId, Acts)>;

impl Machine<'_> {
    /// The processes (by index) that are stuck for ever, given which can go on right now.
    pub fn stuck(&self, prospects: &Prospects<'_, '_>, enabled: &[bool]) -> Vec<usize> {
        let state = prospects.state;
        let mut doomed: Vec<(usize, Wants)> = (0..state.procs.len())
            .filter(|&i| !enabled[i] && state.procs[i].park.is_some() && !state.procs[i].ended())
            .filter_map(|i| Some((i, self.wants(state, &state.procs[i])?)))
            .collect();
        while !doomed.is_empty() {
            let before = doomed.len();
            let alive: Vec<usize> = (0..state.procs.len())
                .filter(|i| !doomed.iter().any(|(p, _)| p == i) && !state.procs[*i].ended())
                .collect();
            doomed.retain(|(_, wants)| !alive.iter().any(|&q| prospects.can_help(q, wants)));
            if doomed.len() == before {
                break;
            }
        }
        doomed.into_iter().map(|(p, _)| p).collect()
    }

    /// What would free a parked process; `None` when the outside may.
    pub fn wants(&self, state: &State, proc: &Proc) -> Option<Wants> {
        let (act, _) = proc.park.as_ref()?;
        if self.may_be_over(state, proc, act) {
            return None;
        }
        let mut wants = Wants::new();
        let mut add = |value: &Value, acts: Acts| -> bool {
            match state.object(value) {
                Some(id) if state.open[id as usize] & (ANY | TOUCHED | acts) != 0 => false,
                Some(id) => match &state.heap[id as usize] {
                    Obj::Clock(_, clock) => {
                        wants.push((id, RESET));
                        clock.is_silent() && state.open[id as usize] & RESET == 0
                    }
                    // Who sends when it is closed panics, and sits there no more.
                    Obj::Chan { closed: true, .. } if acts == RECV => false,
                    Obj::Chan { pipe, .. } => {
                        if pipe.is_some() && state.open[id as usize] & CLOSE != 0 {
                            return false;
                        }
                        let ends = if acts == RECV { CLOSE } else { 0 };
                        wants.push((id, acts | ends));
                        true
                    }
                    Obj::Context(..) => {
                        if self.context_ended(state, id).is_some() {
                            return false;
                        }
                        // It ends with any of its ancestors.
                        let mut next = Some(id);
                        while let Some(id) = next {
                            wants.push((id, CALL));
                            next = match &state.heap[id as usize] {
                                Obj::Context(_, parent, ..) => state.object(parent),
                                _ => None,
                            };
                        }
                        true
                    }
                    Obj::Wait(..) => {
                        wants.push((id, DONE));
                        true
                    }
                    Obj::Cond(..) => {
                        wants.push((id, SIGNAL));
                        true
                    }
                    _ => false,
                },
                None => *value == Value::Nil,
            }
        };
        let closed_world = match act {
            Act::Send(ch, _) => add(ch, RECV),
            Act::Recv(ch, _) => add(ch, SEND | CLOSE),
            Act::Wait(group) | Act::Room(group) => add(group, DONE),
            Act::Lock(lock, _) => add(lock, UNLOCK),
            Act::Cond(cond) => add(cond, SIGNAL),
            Act::Select(_, true) => false,
            Act::Select(cases, false) => cases
                .iter()
                .all(|(send, ch, _)| add(ch, if *send { RECV } else { SEND | CLOSE })),
            Act::Close(_) | Act::Cancel(_) | Act::Pause => false,
        };
        closed_world.then_some(wants)
    }

    /// Whether a process waits to read from a pipe, or to write to one, just once, and something has passed already: how
    /// much of it one read takes nobody knows.
    fn may_be_over(&self, state: &State, proc: &Proc, act: &Act) -> bool {
        let (Act::Send(ch, _) | Act::Recv(ch, false)) = act else {
            return false;
        };
        let passed = state.object(ch).is_some_and(|id| {
            let obj = &state.heap[id as usize];
            matches!(
                obj,
                Obj::Chan {
                    pipe: Some(true),
                    ..
                }
            )
        });
        if !passed {
            return false;
        }
        let here = proc.site();
        let loops =
            |(body, pc): (BodyId, Pc)| self.body(body).in_loop.get(pc as usize) == Some(&true);
        // The operation that a frame below waits for comes before the one it goes on with.
        let callers = proc.frames.iter().rev().skip(1);
        let mut sites = callers
            .map(|frame| (frame.body, frame.pc.saturating_sub(1)))
            .chain(here);
        !sites.any(loops)
    }

    /// For the log: whether anybody but the watched goroutine could still free it.
    pub(super) fn watched_has_help(&self, state: &State) -> bool {
        let Some(log) = &state.log else { return false };
        let wants: Wants = log
            .wants
            .iter()
            .filter(|(id, _)| (*id as usize) < state.heap.len())
            .copied()
            .collect();
        if wants.len() < log.wants.len() {
            return false;
        }
        let watched = log.watched;
        let ticks = |id: ObjId| matches!(state.heap[id as usize], Obj::Clock(_, clock) if !clock.is_silent());
        if wants.iter().any(|(id, _)| ticks(*id)) {
            return true;
        }
        (0..state.procs.len()).any(|q| {
            state.procs[q].id != watched
                && !state.procs[q].ended()
                && self.can_help(state, q, &wants)
        })
    }

    /// Whether the rest of what process `q` may do includes one of the wanted acts.
    pub(super) fn can_help(&self, state: &State, q: usize, wants: &Wants) -> bool {
        Prospects::new(self, state).can_help(q, wants)
    }
}
