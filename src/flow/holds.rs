//! Which values may hold a primitive, or something that leads to one, as far as they say so by themselves. What variables
//! hold is worked out by [`super::holding`].

use super::ir::{Expr, Var};
use super::locks::is_lock;
use crate::resolve::{Ty, TypeDef};

/// Per body, which variables may hold a primitive or something that leads to one.
pub(crate) type Holds = Vec<Vec<bool>>;

/// Whether values of a type are plain data, whatever happens to them.
pub(crate) fn is_plain(ty: &Ty) -> bool {
    match ty {
        Ty::Bool | Ty::Int | Ty::Str | Ty::Error | Ty::Plain => true,
        Ty::Slice(inner) | Ty::Array(_, inner) => is_plain(inner),
        Ty::Map(key, value) => is_plain(key) && is_plain(value),
        _ => false,
    }
}

/// The types of the ends of a pipe.
pub(super) const PIPE_ENDS: [&str; 2] = ["PipeReader", "PipeWriter"];

/// Whether values of a type lead to a channel or a function through fields, pointers and elements: a function may be the
/// cancel function of a context, or act on what it has captured.
pub(crate) fn leads_to_channel(types: &[TypeDef], ty: &Ty, depth: u32) -> bool {
    leads_to(types, ty, depth, &|ty| match ty {
        Ty::Chan(..) | Ty::Func(_) => true,
        Ty::Ext(path, name) => {
            path == "context" && name == "CancelFunc"
                || path == "time" && name == "Ticker"
                || path == "io" && PIPE_ENDS.contains(&name.as_str())
                || is_lock(ty)
                || path == "sync" && name == "Cond"
        }
        _ => false,
    })
}

/// Whether a type is one that is `wanted`, or leads to one through fields, pointers and elements.
pub(super) fn leads_to(
    types: &[TypeDef],
    ty: &Ty,
    depth: u32,
    wanted: &dyn Fn(&Ty) -> bool,
) -> bool {
    const DEEP_ENOUGH: u32 = 6;
    let inner = |ty: &Ty| depth < DEEP_ENOUGH && leads_to(types, ty, depth + 1, wanted);
    wanted(ty)
        || match ty {
            Ty::Named(id) => inner(&types[id.0 as usize].underlying),
            Ty::Ptr(elem) | Ty::Slice(elem) | Ty::Array(_, elem) | Ty::Map(_, elem) => inner(elem),
            Ty::Struct(fields) => fields.iter().any(|field| inner(&field.ty)),
            _ => false,
        }
}

/// Calls `f` on every variable that a value may hold something from, and on `None` where it does in any case.
pub(super) fn sources(expr: &Expr, f: &mut dyn FnMut(Option<Var>)) {
    match expr {
        Expr::Fresh(_)
        | Expr::Solid(_)
        | Expr::Int(_)
        | Expr::Bool(_)
        | Expr::Str(_)
        | Expr::Nil
        | Expr::Never
        | Expr::Anytime
        | Expr::Func(_)
        | Expr::Len(..)
        | Expr::Cap(_)
        | Expr::Binary(..)
        | Expr::Not(_)
        | Expr::Sized(..)
        | Expr::Slots(..)
        | Expr::Map(..)
        | Expr::Gone
        | Expr::Has(_)
        | Expr::Followed(_)
        | Expr::HasKey(..)
        | Expr::StillHas(..)
        | Expr::Is(..)
        | Expr::Answer(..)
        | Expr::Global(_) => {}
        Expr::Zero(ty, _) => {
            let holds = !is_plain(ty)
                && !matches!(
                    ty,
                    Ty::Slice(_) | Ty::Array(..) | Ty::Map(..) | Ty::Interface | Ty::Func(_)
                );
            if holds {
                f(None);
            }
        }
        Expr::MakeChan(..) | Expr::Entries(..) | Expr::Closure(_) | Expr::Group(_) => f(None),
        Expr::Addr(inner) | Expr::Receiver(inner) | Expr::Pipe(inner, _) => sources(inner, f),
        Expr::Struct(_, fields, ..) => fields.iter().for_each(|(_, v)| sources(v, f)),
        Expr::Slice(values) => values.iter().for_each(|v| sources(v, f)),
        Expr::Append(base, values) => {
            sources(base, f);
            values.iter().for_each(|v| sources(v, f));
        }
        other => other.vars(&mut |var| f(Some(var))),
    }
}

/// Whether a value may hold a primitive or something that leads to one; `holds` says it of variables.
pub(super) fn expr_holds(expr: &Expr, holds: &[bool]) -> bool {
    let mut any = false;
    sources(expr, &mut |var| {
        any |= var.is_none_or(|var| holds[var as usize]);
    });
    any
}

/// Whether evaluating `expr` makes a channel, a `WaitGroup`, or a variable that is a nil channel.
pub(crate) fn makes_anything(expr: &Expr) -> bool {
    match expr {
        // Something will be put into a map.
        Expr::MakeChan(..) | Expr::Entries(..) => true,
        Expr::Zero(ty, _) => match ty {
            Ty::Chan(..) => true,
            Ty::Ext(path, name) => {
                crate::library::is_group(path, name) || name == "Group" || is_lock(ty)
            }
            _ => false,
        },
        Expr::Struct(_, fields, ..) => fields.iter().any(|(_, v)| makes_anything(v)),
        Expr::Slice(values) => values.iter().any(makes_anything),
        Expr::Addr(inner) | Expr::Receiver(inner) => makes_anything(inner),
        Expr::Append(base, values) => makes_anything(base) || values.iter().any(makes_anything),
        _ => false,
    }
}
