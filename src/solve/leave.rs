//! Leaving a function: deferred calls, panics and their recovery, `Goexit`, the end of a goroutine.

use super::machine::Machine;
use super::state::{Called, Frame, Happening, Leaving, State, Value};
use super::step::Flow;
use crate::flow::ir::{Pc, Target};
use crate::source::Span;

impl Machine<'_> {
    pub(super) fn panic(&self, state: &mut State, proc: usize, pc: Pc) -> Flow {
        let recovered = state.procs[proc].frames.iter().any(|f| {
            f.defers.iter().any(|d| match &d.callee {
                Called::Body(body, _) => self.body(*body).recovers,
                Called::Recover => true,
                _ => false,
            })
        });
        if !recovered {
            return Flow::Dead;
        }
        if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
            frame.leaving = Leaving::Panic;
        }
        self.note(state, proc, pc, Happening::Left(Leaving::Panic), None);
        Flow::Next
    }

    pub(super) fn recover(&self, state: &mut State, proc: usize, target: &Target) {
        let frames = &mut state.proc_mut(proc).frames;
        let caller = frames
            .len()
            .checked_sub(2)
            .filter(|_| frames.last().is_some_and(|f| f.deferred));
        let panicking = caller.is_some_and(|c| frames[c].leaving == Leaving::Panic);
        if let Some(caller) = caller
            && panicking
        {
            frames[caller].leaving = Leaving::Return;
        }
        let value = if panicking {
            self.eval(state, proc, &crate::flow::ir::Expr::Solid(Span::default()))
        } else {
            Value::Nil
        };
        self.assign(state, proc, target, value);
    }

    /// One step of leaving the top frame: the next deferred call, or back to the caller.
    pub(super) fn leave(&self, state: &mut State, proc: usize) -> Flow {
        let Some(frame) = state.proc_mut(proc).frames.last_mut() else {
            return Flow::Parked;
        };
        if let Some(call) = frame.defers.pop() {
            return self.dispatch(state, proc, call, &[], true);
        }
        let (body_id, pc) = (frame.body, frame.pc);
        let results: Vec<Value> = self
            .body(body_id)
            .results
            .iter()
            .map(|r| self.result(state, proc, *r))
            .collect();
        let last = state.procs[proc].frames.len() == 1;
        if last {
            self.note(state, proc, pc, Happening::Ended, None);
        }
        let Some(frame) = state.proc_mut(proc).frames.pop() else {
            return Flow::Parked;
        };
        let Some(caller) = state.proc_mut(proc).frames.last_mut() else {
            return self.end(state, proc, &frame, &results);
        };
        match frame.leaving {
            Leaving::Panic | Leaving::Goexit => caller.leaving = frame.leaving,
            Leaving::No | Leaving::Return => {
                for (index, value) in results.into_iter().enumerate() {
                    self.set_dest(state, proc, &frame.dests, index, value);
                }
            }
        }
        Flow::Next
    }

    pub(super) fn end(
        &self,
        state: &mut State,
        proc: usize,
        frame: &Frame,
        results: &[Value],
    ) -> Flow {
        if frame.leaving == Leaving::Panic {
            return Flow::Dead;
        }
        if let Some(group) = state.proc_mut(proc).on_end.take() {
            self.count(state, &group, &Value::Int(-1));
        }
        let called_from_elsewhere = state.procs[proc]
            .spawn
            .is_some_and(|(body, _)| !self.body(body).client.is_empty());
        if called_from_elsewhere || !frame.dests.is_empty() {
            for value in results {
                state.escape(value);
            }
        }
        if state.procs[proc].id == 0 {
            if self.ends_with_root {
                return Flow::Dead;
            }
            // What the root returns its caller may use in any way.
            let seen_here = state.exposure.is_called(frame.body);
            for value in results {
                let serves = state.escape(value);
                if seen_here {
                    // What callers of the package do to it is not looked at.
                    state.give_away(value);
                }
                if serves {
                    self.abstain("escape-return");
                }
            }
        }
        state.proc_mut(proc).park = None;
        Flow::Next
    }
}
