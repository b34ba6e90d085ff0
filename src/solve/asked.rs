//! What functions that are not followed say of values nobody knows: the same, as long as it is asked of the same value.
//!
//! In: such a call. Out: its result, where a run has met it before or will ask again. A value that others can change keeps
//! its answers only as an element of a list that is gone through more than once.

use super::machine::Machine;
use super::state::{Obj, Prepared, State, Value};
use crate::flow::answers::is_repeated;
use crate::flow::ir::{BodyId, Op};
use crate::resolve::Ty;
use crate::source::Span;
use crate::syntax::ast::Name;
use smol_str::format_smolstr;

impl Machine<'_> {
    /// What `function` says of `of`; nothing where it may say something else each time.
    pub(super) fn answer(
        &self,
        state: &mut State,
        proc: usize,
        function: BodyId,
        of: &Value,
    ) -> Option<Value> {
        let copied = || self.is_handed_a_copy(function);
        match *of {
            Value::Sym(sym, 0) if state.syms[sym as usize].element || copied() => {
                Some(self.path(state, proc, sym, &answer_name(function)))
            }
            Value::Val(id) if copied() => {
                let name = answer_name(function);
                let Obj::Struct(_, fields) = &state.heap[id as usize] else {
                    return None;
                };
                if let Some((_, answer)) = fields.iter().find(|(known, _)| *known == name) {
                    return Some(*answer);
                }
                let answer = self.fresh(state, proc, Span::default());
                if let Obj::Struct(_, fields) = &mut state.heap[id as usize] {
                    fields.push((name, answer));
                }
                Some(answer)
            }
            _ => None,
        }
    }

    /// The same for a call that is not followed, where the body asks that again.
    pub(super) fn repeated_answer(
        &self,
        state: &mut State,
        proc: usize,
        function: BodyId,
        call: &Prepared,
    ) -> Option<Value> {
        let body = self.source(state.procs[proc].frames.last()?.body);
        let Op::Call(asked) = body.code.get(call.pc as usize)? else {
            return None;
        };
        if asked.dests.len() != 1 || !is_repeated(body, asked) {
            return None;
        }
        self.answer(state, proc, function, call.args.first()?)
    }

    /// Whether the one value that a function is handed cannot have changed since, and does not lead to what may have.
    fn is_handed_a_copy(&self, function: BodyId) -> bool {
        let body = self.source(function);
        let [param] = body.params.as_slice() else {
            return false;
        };
        let ty = match &body.vars[*param as usize].ty {
            Ty::Named(id) => &self.type_def(id.0).underlying,
            other => other,
        };
        matches!(ty, Ty::Bool | Ty::Int | Ty::Str | Ty::Plain | Ty::Struct(_))
    }
}

/// What was said of a struct holds no more: one of its fields has changed.
pub(super) fn forget_answers(fields: &mut Vec<(Name, Value)>) {
    fields.retain(|(name, _)| !name.starts_with('('));
}

/// The path, or field, under which is kept what a function says of an unknown value.
fn answer_name(function: BodyId) -> Name {
    format_smolstr!("({})", function.0)
}
