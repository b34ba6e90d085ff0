//! Contexts: how one is made from another, what its `Done` is, whether it has ended or may end.
//!
//! Deliberately absent: when a deadline passes; one may pass at any moment.

use super::machine::Machine;
use super::state::{Obj, ObjId, Outside, State, Value};
use crate::flow::ir::{Pc, Target};
use crate::library::Effect;
use crate::syntax::ast::Name;

/// The path under which the Done channel of an unknown context is kept.
const DONE: Name = Name::new_static("Done()");

impl Machine<'_> {
    pub(super) fn derive_context(
        &self,
        state: &mut State,
        proc: usize,
        effect: Effect,
        parent: Value,
        dests: &[Target],
        pc: Pc,
    ) {
        if effect == Effect::ContextDerive && matches!(parent, Value::Ref(_)) {
            // It ends when its parent does, and by nothing else.
            return self.set_dest(state, proc, dests, 0, parent);
        }
        let site = self.call_site(state, proc, pc);
        let parent = if effect == Effect::ContextNever {
            Value::Nil
        } else {
            parent
        };
        let own_end = effect == Effect::ContextDeadline;
        let context = state.alloc(Obj::Context(site, parent, false, own_end));
        self.set_dest(state, proc, dests, 0, Value::Ref(context));
        if dests.len() > 1 {
            let cancel = state.alloc(Obj::Cancel(context));
            self.set_dest(state, proc, dests, 1, Value::Ref(cancel));
        }
    }

    /// The Done channel of a context, which stands for the context; that of an unknown one is ended by its owner, and
    /// is the same each time.
    pub(super) fn done_channel(
        &self,
        state: &mut State,
        proc: usize,
        receiver: &Value,
        pc: Pc,
    ) -> Value {
        match receiver {
            Value::Ref(_) | Value::Val(_) => *receiver,
            Value::Sym(sym, _) => {
                if let Some(value) = state.path(*sym, &DONE) {
                    return *value;
                }
                let site = self.call_site(state, proc, pc);
                let value = Value::Ref(state.alloc(Obj::Context(site, Value::Unset, false, true)));
                state.set_path(*sym, DONE, value);
                value
            }
            _ => Value::Out(Outside::Context),
        }
    }

    /// Whether an unknown value was asked for its `Done`.
    pub(super) fn was_asked_done(&self, state: &State, receiver: &Value) -> bool {
        matches!(receiver, Value::Sym(sym, _) if state.path(*sym, &DONE).is_some())
    }

    /// Whether a context is one that never ends: `Background`, `TODO` and what adds only values to them.
    pub(super) fn never_ends(state: &State, context: &Value) -> bool {
        state.object(context).is_some_and(|id| {
            matches!(
                state.heap[id as usize],
                Obj::Context(_, Value::Nil, false, false)
            )
        })
    }

    /// Whether a context has ended (`Some(true)`), may end by the outside (`Some(false)`), or neither.
    pub(super) fn context_ended(&self, state: &State, id: ObjId) -> Option<bool> {
        let mut id = id;
        let mut may = false;
        for _ in 0..64 {
            let Obj::Context(_, parent, cancelled, own_end) = &state.heap[id as usize] else {
                return Some(false);
            };
            if *cancelled {
                return Some(true);
            }
            may |= *own_end || state.escaped(id);
            match parent {
                Value::Ref(parent) | Value::Val(parent) => id = *parent,
                Value::Nil => return may.then_some(false),
                _ => return Some(false),
            }
        }
        Some(false)
    }
}
