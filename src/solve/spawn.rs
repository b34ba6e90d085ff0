//! Goroutines begin: those of `go` statements and of library calls, and literals that tick by themselves.

use super::machine::Machine;
use super::shared::List;
use super::state::{Called, Happening, Obj, ObjId, Prepared, Proc, State, Value};
use crate::flow::ir::{BodyId, Callee, Op, Pc};
use std::rc::Rc;

impl Machine<'_> {
    /// Starts a goroutine; one whose code is out of view has no number.
    pub(super) fn spawn(
        &self,
        state: &mut State,
        proc: usize,
        call: Prepared,
        on_end: Option<Value>,
    ) {
        let at = state.procs[proc].frames.last().map(|f| (f.body, call.pc));
        let resolved = match &call.callee {
            Called::Named(name) => call
                .args
                .first()
                .and_then(|r| state.object(r))
                .and_then(|id| match &state.heap[id as usize] {
                    Obj::Struct(Some(ty), _) => self.program.types[ty.0 as usize].methods.get(name),
                    _ => None,
                })
                .map(|func| Called::Body((*func).into(), Vec::new())),
            other => Some(other.clone()),
        };
        let Some(Called::Body(body, env)) = resolved else {
            for (index, arg) in call.args.iter().enumerate() {
                match self.lent(state, proc, call.pc, index) {
                    Some(acts) => state.lend_out(arg, acts),
                    None => state.escape(arg),
                };
            }
            if let Some(group) = on_end {
                state.escape(&group);
            }
            self.note(state, proc, call.pc, Happening::Spawned(u32::MAX), None);
            self.start_handed(state, proc, &call);
            return;
        };
        let has_ours = |state: &State| {
            let mut args = call.args.iter();
            !env.is_empty() || args.any(|a| state.carries(a) || self.may_gain(state, a))
        };
        if self.own_only && on_end.is_none() && !has_ours(state) && !self.counts(body) {
            return;
        }
        if state.procs.len() > 48 {
            self.abstain("many-goroutines");
            for arg in &call.args {
                state.escape(arg);
            }
            for cell in &env {
                state.escape(&Value::Ref(*cell));
            }
            if let Some(group) = on_end {
                state.escape(&group);
            }
            return;
        }
        let dests = if at.is_none_or(|at| self.is_go(at)) {
            Rc::default()
        } else {
            self.out_of_view(&Called::Body(body, Vec::new())).into()
        };
        let frame = self.frame(state, body, &env, call.args, dests);
        let id = state.procs.len() as u32;
        state.add_proc(Proc {
            id,
            spawn: at,
            frames: List::from_iter([frame]),
            park: None,
            on_end,
        });
        // The parent runs on first; where it matters, the order of visible operations is explored anyway.
        state.todo.insert(0, id as usize);
        self.note(state, proc, call.pc, Happening::Spawned(id), None);
    }

    /// Whether a goroutine is started by a `go` statement of the function it runs, so that nobody gets what that returns.
    fn is_go(&self, (body, pc): (BodyId, Pc)) -> bool {
        let Some(Op::Go(call)) = self.body(body).code.get(pc as usize) else {
            return false;
        };
        matches!(call.callee, Callee::Body(_) | Callee::Value(_))
    }

    /// A literal that ranges over a ticker and is handed to a scheduler runs in a goroutine of its own.
    pub(super) fn run_ticking(&self, state: &mut State, proc: usize, call: &Prepared) {
        let literals: Vec<(BodyId, Vec<ObjId>)> = call
            .args
            .iter()
            .filter_map(|arg| match &state.heap[state.object(arg)? as usize] {
                Obj::Closure(body, env, None) => Some((*body, env.clone())),
                _ => None,
            })
            .filter(|(body, _)| crate::model::ranges_over_ticks(self.body(*body)))
            .collect();
        for (body, env) in literals {
            let function = Prepared {
                callee: Called::Body(body, env),
                args: Vec::new(),
                method: false,
                pc: call.pc,
            };
            self.run_beside(state, proc, function);
        }
    }
}
