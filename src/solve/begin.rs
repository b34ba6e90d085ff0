//! How a system begins: a goroutine in its root, and what is known of what the root has from elsewhere.

use super::machine::Machine;
use super::shared::List;
use super::state::{Obj, ObjId, Proc, State, Value};
use crate::flow::ir::{BodyId, Var};
use crate::model::local_function;
use std::rc::Rc;

impl Machine<'_> {
    /// The state in which `root` is about to run with arguments nobody knows.
    pub fn start(&self, root: BodyId) -> State {
        let mut state = State {
            exposure: self.exposure.clone(),
            ..State::default()
        };
        let body = self.body(root);
        let args = body
            .param_spans
            .iter()
            .map(|span| state.symbol(body.file, *span))
            .collect();
        let env = self.captured(&mut state, root);
        let frame = self.frame(&mut state, root, &env, args, Rc::default());
        state.add_proc(Proc {
            id: 0,
            spawn: None,
            frames: List::from_iter([frame]),
            park: None,
            on_end: None,
        });
        state.todo.push(0);
        state
    }

    /// What a literal captures that a system starts in: a variable that always holds another literal of the same function
    /// holds that one, with what they both capture; of the others nothing is known.
    fn captured(&self, state: &mut State, root: BodyId) -> Vec<ObjId> {
        let Some(parent) = self.source(root).parent else {
            return Vec::new();
        };
        let mut cells: Vec<(Var, ObjId)> = Vec::new();
        let mut literals = vec![(root, None)];
        let mut at = 0;
        while let Some((literal, _)) = literals.get(at).copied() {
            at += 1;
            for (outer, _) in &self.source(literal).captures {
                if cells.iter().any(|(var, _)| var == outer) {
                    continue;
                }
                let value = self.declared(state, parent, *outer);
                let cell = state.alloc(Obj::Cell(value));
                cells.push((*outer, cell));
                let held = local_function(self.source(parent), *outer);
                literals.extend(held.map(|function| (function, Some(cell))));
            }
        }
        let env_of = |literal: BodyId| -> Vec<ObjId> {
            let captures = self.source(literal).captures.iter();
            let cell = |outer: Var| cells.iter().find(|(var, _)| *var == outer);
            captures
                .filter_map(|(outer, _)| Some(cell(*outer)?.1))
                .collect()
        };
        for (literal, cell) in &literals {
            if let Some(cell) = cell {
                let function = state.alloc(Obj::Closure(*literal, env_of(*literal), None));
                state
                    .heap
                    .set(*cell as usize, Obj::Cell(Value::Ref(function)));
            }
        }
        env_of(root)
    }

    /// What a variable of a function around a literal holds when a system starts in the literal: something nobody knows, of
    /// which messages speak as of the parameter that it is.
    fn declared(&self, state: &mut State, function: BodyId, var: Var) -> Value {
        let body = self.source(function);
        let index = body.params.iter().position(|param| *param == var);
        let span = index.and_then(|index| body.param_spans.get(index));
        span.map_or(Value::Unset, |span| state.symbol(body.file, *span))
    }
}
