//! What code that is handed a channel can do to it, by the type under which it is handed over: from a `<-chan T` one can
//! only receive, to a `chan<- T` only send, or close it.
//!
//! In: an expression and the body it stands in. Out: its direction, if its type says one. Deliberately absent: what is
//! behind an interface or in a field of what is handed over.

use super::ir::{Body, Expr};
use crate::resolve::{Ty, TypeDef};
use crate::syntax::ast::ChanDir;

/// Named types that stand for each other are followed this deep.
const DEEP_ENOUGH: u32 = 6;

/// The direction of a channel that can only be used in one.
pub(crate) fn direction(types: &[TypeDef], body: &Body, expr: &Expr) -> Option<ChanDir> {
    match underlying(types, type_of(types, body, expr)?) {
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
            let mut holder = underlying(types, type_of(types, body, base)?);
            if let Ty::Ptr(inner) = holder {
                holder = underlying(types, inner);
            }
            let Ty::Struct(fields) = holder else {
                return None;
            };
            let field = fields.iter().find(|field| field.name == *name);
            field.map(|field| &field.ty)
        }
        _ => None,
    }
}

fn underlying<'t>(types: &'t [TypeDef], mut ty: &'t Ty) -> &'t Ty {
    for _ in 0..DEEP_ENOUGH {
        match ty {
            Ty::Named(id) => ty = &types[id.0 as usize].underlying,
            _ => return ty,
        }
    }
    ty
}
