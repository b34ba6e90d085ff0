//! Package variables that somebody fills: what is put into them is made there, or comes from a call.
//!
//! In: the bodies of a package. Out: the names of such variables that lead to something one can wait for, with the files in
//! which they are filled. Deliberately absent: when that is. That a variable is nil *until* then says nothing about who asks
//! for it, who may know that it has been filled.

use super::facts::Slot;
use super::holds::leads_to;
use super::ir::{Body, Expr, Op, Target, Var};
use super::links::Links;
use super::lower::PACKAGE_VARIABLES;
use crate::resolve::{Ty, TypeDef, is_exported};
use crate::source::FileId;
use crate::syntax::ast::Name;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Package variables by name, with the files in which they are filled.
pub(super) type Filled = BTreeMap<Name, Vec<FileId>>;

/// Looks for those of `globals`. Whoever names one that leads nowhere may not have been read.
pub(super) fn filled(
    bodies: &[Arc<Body>],
    globals: &FxHashMap<Name, Ty>,
    types: &[TypeDef],
) -> Filled {
    let mut filled = Filled::new();
    let mut used: Option<FxHashSet<Name>> = None;
    for body in bodies {
        if !body.known(Slot::Filling, writes_package_variable) {
            continue;
        }
        for op in &body.code {
            op.targets(&mut |target| {
                if let Target::Place(Expr::Global(name)) = target
                    && globals.get(name).is_some_and(|ty| leads(types, ty))
                    && fills(body, op)
                    && runs(bodies, body, &mut used)
                {
                    let files = filled.entry(name.clone()).or_default();
                    if files.last() != Some(&body.file) {
                        files.push(body.file);
                    }
                }
            });
        }
    }
    filled
}

/// Whether a body writes any package variable.
fn writes_package_variable(body: &Body) -> bool {
    let mut any = false;
    for op in &body.code {
        op.targets(&mut |target| any |= matches!(target, Target::Place(Expr::Global(_))));
    }
    any
}

/// Whether anybody may run a body: callers elsewhere, the program itself, or code in view that uses its function; `used`
/// are the functions of which that is true.
fn runs(bodies: &[Arc<Body>], body: &Body, used: &mut Option<FxHashSet<Name>>) -> bool {
    let name = function_of(bodies, body);
    if is_exported(name) || [PACKAGE_VARIABLES, "main", "init"].contains(&name) {
        return true;
    }
    let used = used.get_or_insert_with(|| used_functions(bodies));
    used.contains(name)
}

/// The name of the function that a body is, or stands in.
fn function_of<'b>(bodies: &'b [Arc<Body>], mut body: &'b Body) -> &'b str {
    while let Some(parent) = body.parent {
        body = &bodies[parent.0 as usize];
    }
    match body.name.as_str() {
        PACKAGE_VARIABLES => PACKAGE_VARIABLES,
        _ => body.simple_name(),
    }
}

/// The names of functions and methods that others use.
fn used_functions(bodies: &[Arc<Body>]) -> FxHashSet<Name> {
    let mut used = FxHashSet::default();
    for body in bodies {
        let links = Links::of(body);
        let by = function_of(bodies, body);
        let others = links.calls.iter().chain(&links.functions);
        let others = others.map(|id| function_of(bodies, &bodies[id.0 as usize]));
        let named = links.named.iter().map(Name::as_str);
        used.extend(
            others
                .chain(named)
                .filter(|name| *name != by)
                .map(Name::new),
        );
    }
    used
}

/// Whether what an operation writes is something.
fn fills(body: &Body, op: &Op) -> bool {
    match op {
        Op::Call(_) => true,
        Op::Set(_, value) => is_made(body, value),
        _ => false,
    }
}

fn is_made(body: &Body, value: &Expr) -> bool {
    match value {
        Expr::Solid(_)
        | Expr::Struct(..)
        | Expr::Addr(_)
        | Expr::Closure(_)
        | Expr::Func(_)
        | Expr::Method(..)
        | Expr::MakeChan(..)
        | Expr::Slice(_)
        | Expr::Sized(..)
        | Expr::Slots(..)
        | Expr::Map(..)
        | Expr::Entries(..) => true,
        Expr::Var(var) => holds_made(body, *var),
        _ => false,
    }
}

/// Whether all that a variable of this body gets is made, or comes from calls.
fn holds_made(body: &Body, var: Var) -> bool {
    let mut writes = body.code.iter().filter(|op| {
        let mut any = false;
        op.writes(&mut |written| any |= written == var);
        any
    });
    let is_made = |op: &Op| match op {
        Op::Call(_) => true,
        // No further: a variable that is given another may be given itself.
        Op::Set(_, Expr::Var(_)) => false,
        Op::Set(_, value) => is_made(body, value),
        _ => false,
    };
    let first = writes.next();
    first.is_some_and(is_made) && writes.all(is_made)
}

/// Whether the entries of a map of this type are followed: its keys or values lead to something one can wait for.
pub(crate) fn is_followed_map(types: &[TypeDef], ty: &Ty) -> bool {
    match ty.underlying(types) {
        Ty::Map(key, value) => leads(types, key) || leads(types, value),
        _ => false,
    }
}

/// Whether values of a type lead to a channel, a cancel function or a wait group through fields, pointers and elements.
fn leads(types: &[TypeDef], ty: &Ty) -> bool {
    leads_to(types, ty, 0, &|ty| match ty {
        Ty::Chan(..) => true,
        Ty::Ext(_, name) => matches!(
            name.as_str(),
            "CancelFunc" | "CancelCauseFunc" | "WaitGroup" | "Group" | "Timer" | "Ticker"
        ),
        _ => false,
    })
}
