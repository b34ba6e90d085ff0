//! What code that is handed a channel can do to it, by the type under which it is handed over: from a `<-chan T` one can
//! only receive, to a `chan<- T` only send, or close it.
//!
//! In: an expression and the body it stands in. Out: its direction, if its type says one. Deliberately absent: what is
//! behind an interface or in a field of what is handed over.

use super::ir::{Body, Expr};
use crate::resolve::{Ty, TypeDef};
use crate::syntax::ast::ChanDir;

/// The direction of a channel that can only be used in one.
pub(crate) fn direction(types: &[TypeDef], body: &Body, expr: &Expr) -> Option<ChanDir> {
    match type_of(types, body, expr)?.underlying(types) {
        Ty::Chan(ChanDir::Both, _) => None,
        Ty::Chan(dir, _) => Some(*dir),
        _ => None,
    }
}

/// The type of a variable or of a field of what one leads to.
fn type_of<'t>(types: &'t [TypeDef], body: &'t Body, expr: &Expr) -> Option<&'t Ty> {
    match expr {
        Expr::Var(var) => Some(&body.vars[*var as usize].ty),
        Expr::Field(base, name) => {
            let holder = type_of(types, body, base)?.underlying(types);
            match holder {
                Ty::Ptr(inner) => inner.own_field(types, name),
                _ => holder.own_field(types, name),
            }
        }
        _ => None,
    }
}
