//! What a function makes for its callers, and who gets it.
//!
//! In: a program. Out: [`Made`], and which functions and methods code elsewhere can reach. Deliberately absent: what is done
//! with it.

use super::Made;
use super::methods::is_plain_function;
use crate::flow::Program;
use crate::flow::filled::is_followed_map;
use crate::flow::ir::{Body, BodyId, Callee, Expr, Op, Target, Var};
use crate::resolve::{Ty, TypeId, is_exported};
use crate::syntax::ast::Name;
use rustc_hash::FxHashSet;

pub(super) fn called_here(program: &Program) -> Vec<bool> {
    let mut called = vec![false; program.bodies.len()];
    let mut by_name: FxHashSet<&str> = FxHashSet::default();
    for body in &program.bodies {
        for op in &body.code {
            if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op {
                match &call.callee {
                    Callee::Body(callee) => called[callee.0 as usize] = true,
                    Callee::Named(name) => {
                        by_name.insert(name);
                    }
                    _ => {}
                }
            }
        }
    }
    // Through an interface it may be any method of that name.
    for (called, body) in called.iter_mut().zip(&program.bodies) {
        *called |= body.method && by_name.contains(body.simple_name());
    }
    called
}

/// Whether another function makes the same by calling this one first.
pub(super) fn is_begun_with(program: &Program, function: BodyId, makes: Made) -> bool {
    let calls = |op: &Op| matches!(op, Op::Call(call) if call.body() == Some(function));
    let mut bodies = program.bodies.iter().zip(0..);
    bodies.any(|(body, id)| {
        BodyId(id) != function
            && body.parent.is_none()
            && body.client.is_empty()
            && body.code.iter().any(calls)
            && made(program, body) == Some(makes)
    })
}

/// The functions whose first result a caller in view hands to code elsewhere.
pub(super) fn given_elsewhere(program: &Program) -> Vec<bool> {
    let mut given = vec![false; program.bodies.len()];
    for body in &program.bodies {
        let hands_on = |var: Var| {
            body.code.iter().any(|op| match op {
                Op::Call(call) | Op::Go(call) | Op::Defer(call) => {
                    matches!(call.callee, Callee::Unknown | Callee::Named(_))
                        && call.args.contains(&Expr::Var(var))
                }
                _ => false,
            })
        };
        for op in &body.code {
            if let Op::Call(call) = op
                && let Callee::Body(callee) = call.callee
                && let Some(Target::Var(var)) = call.dests.first()
                && !given[callee.0 as usize]
            {
                given[callee.0 as usize] = hands_on(*var);
            }
        }
    }
    given
}

/// The methods that code elsewhere is handed as function values.
pub(super) fn handed_methods(program: &Program) -> Vec<bool> {
    let mut handed = vec![false; program.bodies.len()];
    for body in &program.bodies {
        for op in &body.code {
            if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op
                && matches!(call.callee, Callee::Unknown | Callee::Named(_))
            {
                for arg in &call.args {
                    if let Expr::Method(_, func) = arg {
                        handed[BodyId::from(*func).0 as usize] = true;
                    }
                }
            }
        }
    }
    handed
}

/// Whether code elsewhere is handed a method of a type.
pub(super) fn has_any(program: &Program, ty: TypeId, handed: &[bool]) -> bool {
    let mut methods = program.types[ty.0 as usize].methods.values();
    methods.any(|func| handed[BodyId::from(*func).0 as usize])
}

pub(super) fn made(program: &Program, body: &Body) -> Option<Made> {
    let first = *body.results.first()?;
    let declared = &body.vars[first as usize].ty;
    if is_receivable(program, declared) {
        let count = body
            .results
            .iter()
            .take_while(|r| is_receivable(program, &body.vars[**r as usize].ty))
            .count();
        return Some(Made::Channels(count));
    }
    let ty = match declared.base_named() {
        Some(ty) if is_struct(program, ty) => Some(ty),
        _ => returned_type(program, body),
    }?;
    let holds =
        holds_channel(program, &Ty::Named(ty), 0) || followed_maps(program, ty).next().is_some();
    (is_struct(program, ty) && holds).then_some(Made::Value(ty))
}

/// The struct type that a function with an interface as its result returns.
pub(super) fn returned_type(program: &Program, body: &Body) -> Option<TypeId> {
    body.code.iter().find_map(|op| {
        let Op::Return(values) = op else { return None };
        let ty = match values.first()? {
            Expr::Var(var) => body.vars[*var as usize].ty.base_named(),
            other => other.literal_type(),
        }?;
        is_struct(program, ty).then_some(ty)
    })
}

pub(super) fn is_struct(program: &Program, ty: TypeId) -> bool {
    matches!(program.types[ty.0 as usize].underlying, Ty::Struct(_))
}

pub(super) fn is_receivable(program: &Program, ty: &Ty) -> bool {
    use crate::syntax::ast::ChanDir;
    match ty {
        Ty::Chan(dir, _) => *dir != ChanDir::Send,
        Ty::Named(id) => is_receivable(program, &program.types[id.0 as usize].underlying),
        _ => false,
    }
}

/// Whether values of a type lead to a channel (or a cancel function) through their fields.
pub(super) fn holds_channel(program: &Program, ty: &Ty, depth: u32) -> bool {
    crate::flow::leads_to_channel(&program.types, ty, depth)
}

/// The exported fields of a struct type that callers may receive from.
pub(super) fn exported_channels(program: &Program, ty: TypeId) -> Vec<Name> {
    exported_fields(program, ty, &|ty| is_receivable(program, ty))
}

/// The exported fields of a struct type that hold functions to let go by.
pub(super) fn exported_functions(program: &Program, ty: TypeId) -> Vec<Name> {
    exported_fields(program, ty, &is_plain_function)
}

fn exported_fields(program: &Program, ty: TypeId, wanted: &dyn Fn(&Ty) -> bool) -> Vec<Name> {
    let Ty::Struct(fields) = &program.types[ty.0 as usize].underlying else {
        return Vec::new();
    };
    fields
        .iter()
        .filter(|f| is_exported(&f.name) && wanted(&f.ty))
        .map(|f| f.name.clone())
        .collect()
}

/// The fields of a type that are maps whose entries are followed.
pub(super) fn followed_maps(program: &Program, ty: TypeId) -> impl Iterator<Item = &Name> {
    let fields = match &program.types[ty.0 as usize].underlying {
        Ty::Struct(fields) => fields.as_slice(),
        _ => &[],
    };
    let followed = fields
        .iter()
        .filter(|field| is_followed_map(&program.types, &field.ty));
    followed.map(|field| &field.name)
}
