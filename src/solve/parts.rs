//! Fields and package variables whose address is taken: `p := &s.open`, then `*p = true`, then `if s.open`.
//!
//! In: the place. Out: a cell that the place and the pointer share from then on. Deliberately absent: what can lead to a
//! primitive, which counts as served by whoever has its address, and elements of lists.

use super::machine::Machine;
use super::state::{Obj, ObjId, State, Value};
use crate::flow::ir::Expr;
use crate::resolve::Ty;
use crate::syntax::ast::Name;

impl Machine<'_> {
    /// The cell that a place lives in, once its address has been taken.
    pub(super) fn shared_cell(
        &self,
        state: &mut State,
        proc: usize,
        place: &Expr,
    ) -> Option<ObjId> {
        match place {
            Expr::Field(base, name) => {
                let base = self.eval(state, proc, base);
                match base {
                    Value::Sym(sym, _) => {
                        let slot = *state.path(sym, name)?;
                        let (id, new) = cell_of(state, slot)?;
                        if new {
                            state.set_path(sym, name.clone(), Value::Val(id));
                        }
                        Some(id)
                    }
                    _ => self.field_cell(state, &base, name),
                }
            }
            Expr::Global(name) => {
                let slot = *state.global(name)?;
                let (id, new) = cell_of(state, slot)?;
                if new {
                    state.globals.retain(|(known, _)| known != name);
                    state.globals.push((name.clone(), Value::Val(id)));
                }
                Some(id)
            }
            _ => None,
        }
    }

    fn field_cell(&self, state: &mut State, base: &Value, name: &Name) -> Option<ObjId> {
        let object = state.object(base).filter(|id| !state.escaped(*id))?;
        let Obj::Struct(ty, fields) = &state.heap[object as usize] else {
            return None;
        };
        let (at, slot) = fields
            .iter()
            .enumerate()
            .find(|(_, (known, _))| known == name)
            .map(|(at, (_, slot))| (at, *slot))?;
        let field = ty.and_then(|ty| Ty::Named(ty).own_field(&self.program.types, name).cloned());
        let leads = match field.as_ref().map(|ty| ty.underlying(&self.program.types)) {
            Some(Ty::Bool | Ty::Int | Ty::Str | Ty::Plain | Ty::Error) => false,
            _ => !matches!(slot, Value::Bool(_) | Value::Int(_) | Value::Str(_)),
        };
        let (id, new) = cell_of(state, slot).filter(|(_, new)| !new || !leads)?;
        if new && let Obj::Struct(_, fields) = &mut state.heap[object as usize] {
            fields[at].1 = Value::Val(id);
        }
        Some(id)
    }
}

/// The cell a slot refers to, or a new one with what the slot holds if that leads nowhere; the flag says which.
fn cell_of(state: &mut State, slot: Value) -> Option<(ObjId, bool)> {
    if let Some(id) = state.cell_in(slot) {
        return Some((id, false));
    }
    match slot {
        Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Nil | Value::Sym(..) => {
            Some((state.alloc(Obj::Cell(slot)), true))
        }
        _ => None,
    }
}

impl State {
    /// The cell that a slot lives in, where its address was taken.
    fn cell_in(&self, slot: Value) -> Option<ObjId> {
        match slot {
            Value::Val(id) => matches!(self.heap[id as usize], Obj::Cell(_)).then_some(id),
            _ => None,
        }
    }

    /// What a slot holds: what its cell does, where its address was taken.
    pub(super) fn held_in(&self, slot: Value) -> Value {
        match self.cell_in(slot).map(|id| &self.heap[id as usize]) {
            Some(Obj::Cell(value)) => *value,
            _ => slot,
        }
    }

    /// Writes a value to where a slot lives; says whether that is a cell.
    pub(super) fn put_in(&mut self, slot: Value, value: Value) -> bool {
        let Some(id) = self.cell_in(slot) else {
            return false;
        };
        if self.escaped(id) {
            self.escape(&value);
        }
        self.heap.set(id as usize, Obj::Cell(value));
        true
    }

    /// A struct that is a copy has fields of its own.
    pub(super) fn part_from(&mut self, copy: ObjId) {
        let Obj::Struct(_, fields) = &self.heap[copy as usize] else {
            return;
        };
        if !fields.iter().any(|(_, slot)| self.cell_in(*slot).is_some()) {
            return;
        }
        let own = fields
            .iter()
            .map(|(name, value)| (name.clone(), self.held_in(*value)))
            .collect();
        if let Obj::Struct(_, fields) = &mut self.heap[copy as usize] {
            *fields = own;
        }
    }
}
