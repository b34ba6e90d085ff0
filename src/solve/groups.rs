//! Wait groups: what counts them up and down, and groups that run only so many goroutines at a time.
//!
//! In: calls with everything evaluated. Out: the state after them. Who waits for a group, or for room in one, is looked at in
//! [`super::transition`]; who could end that is in [`super::stuck`].

use super::machine::Machine;
use super::state::{Happening, Obj, Prepared, State, Value};
use super::step::Flow;
use crate::flow::ir::Target;
use crate::model::ROOM_LIMIT;
use crate::summary::{ANY, DONE};

impl Machine<'_> {
    /// Adds to the counter of a group.
    pub(super) fn count(&self, state: &mut State, group: &Value, by: &Value) {
        let Some(id) = state.object(group) else {
            return;
        };
        let Obj::Wait(site, count, limit) = state.heap[id as usize].clone() else {
            return;
        };
        let count = state.norm(&count);
        let by = &Self::number(state, by);
        Self::holds(state, id, by);
        let sum = match (&count, by) {
            (Value::Int(a), Value::Int(b)) => Some(Value::Int(a + b)),
            (Value::Sym(s, k), Value::Int(n)) | (Value::Int(n), Value::Sym(s, k)) => {
                Some(Value::Sym(*s, k + n))
            }
            _ => None,
        };
        if let Some(sum) = sum {
            if let Value::Sym(sym, _) = sum {
                state.known(sym).bound = true;
            }
            state.heap.set(id as usize, Obj::Wait(site, sum, limit));
        } else {
            // A count nobody can follow: the group is served from outside.
            self.abstain("unknown-count");
            state.open[id as usize] |= ANY;
        }
    }

    /// Limits how many goroutines of a group run at a time (package errgroup, "Group.SetLimit"). A limit too large to be
    /// reached goroutine by goroutine, or that nobody knows, is none.
    pub(super) fn limit(state: &mut State, group: &Value, to: Option<&Value>) {
        let Some(id) = state.object(group) else {
            return;
        };
        if let Obj::Wait(_, _, limit) = &mut state.heap[id as usize] {
            *limit = match to {
                Some(Value::Int(most)) if *most <= ROOM_LIMIT => u8::try_from(*most).ok(),
                _ => None,
            };
        }
    }

    /// Whether a group may run one more goroutine, or somebody out of view may end one of its own.
    pub(super) fn has_room(&self, state: &State, group: &Value) -> bool {
        let Some(id) = state.object(group) else {
            return true;
        };
        let Obj::Wait(_, _, Some(limit)) = state.heap[id as usize] else {
            return true;
        };
        let counts = |other: &Value| state.object(other) == Some(id);
        let running = state
            .procs
            .iter()
            .filter(|p| p.on_end.as_ref().is_some_and(counts))
            .count();
        running < usize::from(limit) || state.escaped(id) || self.others_act(state, id, DONE)
    }

    /// Starts the function argument of a call in a goroutine, which a group may count.
    pub(super) fn start_argument(
        &self,
        state: &mut State,
        proc: usize,
        argument: usize,
        call: &Prepared,
        counted_by: Option<Value>,
    ) {
        if let Some(group) = &counted_by {
            self.count(state, group, &Value::Int(1));
        }
        let (mut args, mut method) = (Vec::new(), false);
        let function = call.args.get(argument).copied().unwrap_or(Value::Nil);
        let callee = self.called(state, &function, &mut args, &mut method);
        let started = Prepared {
            callee,
            args,
            method,
            pc: call.pc,
        };
        self.spawn(state, proc, started, counted_by);
    }

    /// The same where the group has room, and whether it had; how many others run in a group whose limit nobody knows
    /// nobody knows either.
    pub(super) fn try_start(
        &self,
        state: &mut State,
        proc: usize,
        argument: usize,
        call: &Prepared,
        dests: &[Target],
    ) -> Flow {
        let group = call.args.first().copied().unwrap_or(Value::Nil);
        let mut full = state.clone();
        self.set_dest(&mut full, proc, dests, 0, Value::Bool(false));
        if !self.has_room(state, &group) {
            *state = full;
            return Flow::Next;
        }
        self.start_argument(state, proc, argument, call, Some(group));
        self.set_dest(state, proc, dests, 0, Value::Bool(true));
        let is_followed = state.object(&group).is_some_and(|id| {
            matches!(state.heap[id as usize], Obj::Wait(_, _, Some(_))) && !state.escaped(id)
        });
        if is_followed {
            return Flow::Next;
        }
        Flow::Fork(vec![std::mem::take(state), full])
    }

    /// For the log: a group is counted up or down.
    pub(super) fn note_count(&self, state: &mut State, proc: usize, call: &Prepared, by: &Value) {
        let what = match by {
            Value::Int(n) if *n < 0 => Happening::CountedDown,
            _ => Happening::Added,
        };
        let group = call
            .args
            .first()
            .and_then(|receiver| state.object(receiver));
        self.note(state, proc, call.pc, what, group);
    }
}
