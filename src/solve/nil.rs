//! Nil channels whose owner is out of view: a parameter, a field of one, what a getter of one returns, what a caller elsewhere
//! has to set up first.
//!
//! That such a channel is nil is the owner's doing, who may know why nobody comes here then. A run in which somebody
//! operates on one is given up; in a `select` it is a case that never fires.

use super::machine::Machine;
use super::state::{Act, Obj, Proc, State, Value};
use super::step::Flow;
use crate::flow::ir::{BodyId, Expr, Op, Target, Var};
use crate::flow::is_plain;
use crate::resolve::{Ty, is_exported};

impl Machine<'_> {
    /// Gives up a run that is about a channel of others.
    pub(super) fn not_ours(&self) -> Flow {
        self.abstain("unknown-nil");
        Flow::Dead
    }

    /// Whether `ch` is a value of others that the run has decided to be nil.
    pub(super) fn is_nil_of_others(&self, state: &mut State, proc: usize, ch: &Expr) -> bool {
        let held = match ch {
            Expr::Var(var) => self.slot(state, proc, *var),
            Expr::Field(base, name) => {
                let base = self.eval(state, proc, base);
                match &base {
                    Value::Sym(sym, _) => state.path(*sym, name).copied(),
                    _ => match state.object(&base).map(|id| &state.heap[id as usize]) {
                        Some(Obj::Struct(_, fields)) => {
                            let field = fields.iter().find(|(n, _)| n == name);
                            field.map(|(_, value)| *value)
                        }
                        _ => None,
                    },
                }
            }
            _ => None,
        };
        matches!(held, Some(Value::Sym(sym, _)) if state.syms[sym as usize].nil == Some(true))
    }

    /// Whether `ch` is a field that a caller elsewhere should have had filled before: by a method that fills it.
    pub(super) fn is_not_set_up(&self, state: &mut State, proc: usize, ch: &Expr) -> bool {
        let (true, Expr::Field(base, name)) = (state.exposure.client.is_some(), ch) else {
            return false;
        };
        if self.eval(state, proc, ch) != Value::Nil {
            return false;
        }
        let base = self.eval(state, proc, base);
        let Some(Obj::Struct(Some(ty), _)) = state.object(&base).map(|id| &state.heap[id as usize])
        else {
            return false;
        };
        let methods = &self.type_def(ty.0).methods;
        let mut exported = methods.iter().filter(|(method, _)| is_exported(method));
        exported.any(|(_, method)| {
            let method = &self.program.bodies[BodyId::from(*method).0 as usize];
            let fills = |op: &Op| match op {
                Op::Set(Target::Place(Expr::Field(_, filled)), value) => {
                    filled == name && !matches!(value, Expr::Nil | Expr::Zero(..))
                }
                _ => false,
            };
            method.code.iter().any(fills)
        })
    }

    /// Whether a run takes a package variable to be nil which nobody in view has made so, and somebody fills it, or the process
    /// waits at a nil channel: whoever sets the program up knows that it is not.
    pub(super) fn rests_on_an_unset_variable(&self, state: &State, proc: &Proc) -> bool {
        let at_nil = match &proc.park {
            Some((Act::Send(ch, _) | Act::Recv(ch, _), _)) => *ch == Value::Nil,
            Some((Act::Select(cases, _), _)) => cases.iter().all(|(_, ch, _)| *ch == Value::Nil),
            _ => false,
        };
        let is_unset = |value: &Value| matches!(value, Value::Sym(sym, _) if state.syms[*sym as usize].nil == Some(true));
        let globals = state.globals.iter();
        let mut unset = globals.filter(|(_, slot)| is_unset(&state.held_in(*slot)));
        let rests = unset.any(|(name, _)| at_nil || self.filled.contains(name));
        if rests {
            self.abstain("unknown-nil");
        }
        rests
    }

    /// What a variable holds, symbols as they are.
    fn slot(&self, state: &State, proc: usize, var: Var) -> Option<Value> {
        let frame = state.procs[proc].frames.last()?;
        let slot = frame.vars.get(var as usize)?;
        match slot {
            Value::Ref(id) if self.body(frame.body).vars[var as usize].cell => {
                match &state.heap[*id as usize] {
                    Obj::Cell(value) => Some(*value),
                    _ => None,
                }
            }
            _ => Some(*slot),
        }
    }

    /// What a result variable holds when its function is left; a nil channel of others stays one.
    pub(super) fn result(&self, state: &mut State, proc: usize, var: Var) -> Value {
        match self.slot(state, proc, var) {
            Some(held @ Value::Sym(sym, 0)) if state.syms[sym as usize].nil == Some(true) => held,
            _ => self.read_var(state, proc, var),
        }
    }

    /// What a function returns: a nil channel from one that was handed something unknown is as unknown as that.
    pub(super) fn returned(
        &self,
        state: &mut State,
        proc: usize,
        result: Var,
        value: Value,
    ) -> Value {
        let frames = &state.procs[proc].frames;
        let Some(frame) = frames.last().filter(|_| frames.len() > 1) else {
            return value;
        };
        let body = self.body(frame.body);
        let is_channel = matches!(body.vars[result as usize].ty, Ty::Chan(..));
        if value != Value::Nil || !is_channel {
            return value;
        }
        let unknown = body.params.iter().any(|param| {
            !is_plain(&body.vars[*param as usize].ty)
                && matches!(self.slot(state, proc, *param), Some(Value::Sym(..)))
        });
        if !unknown {
            return value;
        }
        let value = state.symbol(body.file, body.span);
        if let Value::Sym(sym, _) = value {
            state.known(sym).nil = Some(true);
        }
        value
    }
}
