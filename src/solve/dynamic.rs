//! Dynamic types: whether a value is of the type that somebody asserts.
//!
//! In: a value and the type. Out: what is so if the value was made in view, by its type and the methods that has; of one that
//! nobody knows the same answer each time. Deliberately absent: types of which a value can be as well as not, such as
//! instances of a generic type.

use super::machine::Machine;
use super::state::{Obj, State, Value};
use crate::flow::ir::{Asserted, Expr, FOREIGN};
use crate::resolve::{Ask, Ty, TypeId, is_exported};
use crate::source::Span;
use crate::syntax::ast::Name;
use smol_str::format_smolstr;

/// Embedded types are followed this deep for a method.
const DEEP_ENOUGH: u32 = 4;

impl Machine<'_> {
    /// Whether a value is of a type, as far as somebody has made it in view.
    pub(super) fn is_of(
        &self,
        state: &mut State,
        proc: usize,
        base: &Expr,
        wanted: &Asserted,
    ) -> Value {
        let value = self.eval(state, proc, base);
        let memo = match value {
            Value::Sym(sym, _) if state.syms[sym as usize].nil == Some(true) => {
                return Value::Bool(false);
            }
            Value::Sym(sym, _) => asked(wanted).map(|name| (sym, name)),
            _ => None,
        };
        if let Some((sym, name)) = memo {
            return self.path(state, proc, sym, &name);
        }
        match self.is_made_as(state, &value, wanted) {
            Some(known) => Value::Bool(known),
            None => self.fresh(state, proc, Span::default()),
        }
    }

    fn is_made_as(&self, state: &State, value: &Value, wanted: &Asserted) -> Option<bool> {
        let (id, pointer) = match value {
            Value::Nil => return Some(false),
            Value::Ref(id) => (*id, true),
            Value::Val(id) => (*id, false),
            // A number or a text may be of any type but a struct.
            Value::Int(_) | Value::Str(_) | Value::Bool(_) | Value::Func(_) => {
                return matches!(wanted, Asserted::Own(..) | Asserted::Foreign(_, true))
                    .then_some(false);
            }
            Value::Unset | Value::Sym(..) | Value::Out(_) => return None,
        };
        match &state.heap[id as usize] {
            Obj::Struct(Some(ty), _) => self.is_struct_of(*ty, pointer, wanted),
            Obj::Struct(None, fields) => {
                let (_, of) = fields.iter().find(|(name, _)| *name == FOREIGN)?;
                match wanted {
                    Asserted::Foreign(wanted, pointer) => {
                        let same = *of == self.text(wanted);
                        // What is not a pointer may be an interface.
                        (same || *pointer).then_some(same)
                    }
                    Asserted::Own(..) | Asserted::Plain => Some(false),
                    Asserted::Interface(_) | Asserted::Other => None,
                }
            }
            _ => None,
        }
    }

    fn is_struct_of(&self, ty: TypeId, pointer: bool, wanted: &Asserted) -> Option<bool> {
        match wanted {
            // The receiver of a method is a pointer here even where it is not one in the source.
            Asserted::Own(wanted, by_pointer) if *wanted == ty => {
                (pointer == *by_pointer).then_some(true)
            }
            Asserted::Own(..) | Asserted::Foreign(_, true) | Asserted::Plain => {
                // What only has another name is of the type that it names.
                let own = matches!(self.type_def(ty.0).underlying, Ty::Struct(_));
                own.then_some(false)
            }
            Asserted::Interface(asks) => {
                let mut all = Some(true);
                for ask in asks.iter() {
                    match self.has_method(ty, pointer, ask, 0) {
                        Some(true) => {}
                        Some(false) => return Some(false),
                        None => all = None,
                    }
                }
                all
            }
            Asserted::Foreign(_, false) | Asserted::Other => None,
        }
    }

    /// Whether a struct type, or a pointer to one, has a method.
    fn has_method(&self, ty: TypeId, pointer: bool, ask: &Ask, depth: u32) -> Option<bool> {
        let def = self.type_def(ty.0);
        let Ty::Struct(fields) = &def.underlying else {
            return None;
        };
        if depth > DEEP_ENOUGH {
            return None;
        }
        if let Some(func) = def.methods.get(&ask.name) {
            let body = self.source((*func).into());
            let receiver = body.params.first().filter(|_| body.method)?;
            let by_pointer = matches!(body.vars[*receiver as usize].ty, Ty::Ptr(_));
            let fits = (body.params.len() - 1, body.results.len()) == (ask.params, ask.results);
            return (pointer || !by_pointer).then_some(fits);
        }
        let mut all = Some(false);
        for field in fields.iter().filter(|field| field.embedded) {
            let (inner, by_pointer) = match &field.ty {
                Ty::Ptr(inner) => (&**inner, true),
                other => (other, pointer),
            };
            let has = match inner {
                Ty::Named(id) => self.has_method(*id, by_pointer, ask, depth + 1),
                // Another package cannot know of what only this one can name.
                Ty::Ext(..) if !is_exported(&ask.name) => Some(false),
                _ => None,
            };
            match has {
                Some(true) => return Some(true),
                Some(false) => {}
                None => all = None,
            }
        }
        all
    }
}

/// Under which name it is kept whether an unknown value is of a type.
fn asked(wanted: &Asserted) -> Option<Name> {
    match wanted {
        Asserted::Own(ty, pointer) => Some(format_smolstr!("is({} {pointer})", ty.0)),
        Asserted::Foreign(name, pointer) => Some(format_smolstr!("is({name} {pointer})")),
        Asserted::Interface(_) | Asserted::Plain | Asserted::Other => None,
    }
}
