//! The methods of a type as callers elsewhere see them: which start something, wait, or let go.
//!
//! In: a type, and what its methods do to their receivers. Out: [`Method`]s. Deliberately absent: the goroutines they start.

use super::contract::Method;
use super::kept::ends_somebody;
use super::starts::spawns_loop;
use crate::flow::Program;
use crate::flow::ir::{BodyId, Callee, Expr, Op, Target};
use crate::resolve::{Ty, TypeId, is_exported};
use crate::summary::{AWAIT, CALL, CLOSE, Future, RECV, SEND, SIGNAL, STOP};
use crate::syntax::ast::Name;
use rustc_hash::FxHashSet;

/// The methods of a type that callers elsewhere can call; `handed` are those that they are handed as values.
pub(super) fn methods(program: &Program, ty: TypeId, handed: &[bool]) -> Vec<Method> {
    let mut all: Vec<Method> = program.types[ty.0 as usize]
        .methods
        .iter()
        .filter(|(name, func)| is_exported(name) || handed[BodyId::from(**func).0 as usize])
        .map(|(_, func)| Method {
            body: (*func).into(),
            blocks: false,
            releases: false,
            starts: spawns_loop(program, (*func).into(), true),
            serves: false,
            leaves: false,
            runs: false,
        })
        .filter(|m| !program.bodies[m.body.0 as usize].code.is_empty())
        .collect();
    all.sort_by_key(|m| m.body);
    // Who has another method start things when they are first needed uses the value, and may fail for reasons of its own.
    let starting: Vec<BodyId> = all.iter().filter(|m| m.starts).map(|m| m.body).collect();
    for method in &mut all {
        let code = &program.bodies[method.body.0 as usize].code;
        let asks = |op: &Op| match op {
            Op::Call(call) => matches!(call.callee, Callee::Body(id) if starting.contains(&id)),
            _ => false,
        };
        method.starts &= !code.iter().any(asks);
    }
    all
}

/// What a method does to what its receiver holds.
pub(super) struct ReceiverActs {
    pub(super) waits: bool,
    pub(super) releases: bool,
    /// It lets go by sending something that means nothing else.
    pub(super) signals: bool,
}

pub(super) fn acts_on_receiver(
    program: &Program,
    ty: TypeId,
    method: BodyId,
    future: &Future,
) -> ReceiverActs {
    let mut acts = ReceiverActs {
        waits: false,
        releases: false,
        signals: false,
    };
    let Some(receiver) = program.bodies[method.0 as usize].params.first() else {
        return acts;
    };
    for (way, done) in future.iter().filter(|(way, _)| way.var == *receiver) {
        let Some(field) = &way.field else { continue };
        acts.waits |= done & (SEND | RECV | AWAIT) != 0;
        acts.releases |=
            done & SIGNAL != 0 && takes_nothing(program, method) && says_so(program, method);
        acts.releases |= done & (CLOSE | STOP) != 0;
        let field_ty = field_type(program, ty, field);
        acts.releases |= done & CALL != 0 && field_ty.as_ref().is_some_and(is_plain_function);
        acts.signals |= done & SEND != 0
            && field_ty
                .as_ref()
                .is_some_and(|ty| is_signal(program, ty) && takes_nothing(program, method))
            && ends_somebody(program, field);
    }
    acts.releases |= acts.signals;
    acts
}

/// Whether a method, or one that it calls, sets a flag: who waits for a condition sees by it that all is over.
fn says_so(program: &Program, method: BodyId) -> bool {
    let mut seen = FxHashSet::default();
    let mut todo = vec![method];
    while let Some(id) = todo.pop() {
        if !seen.insert(id) {
            continue;
        }
        for op in &program.bodies[id.0 as usize].code {
            match op {
                Op::Set(Target::Place(Expr::Field(..)), Expr::Bool(true)) => return true,
                Op::Call(call) | Op::Defer(call) => {
                    todo.extend(call.body());
                    for arg in &call.args {
                        arg.closures(&mut |literal| todo.push(literal));
                    }
                }
                _ => {}
            }
        }
    }
    false
}

pub(super) fn takes_nothing(program: &Program, method: BodyId) -> bool {
    program.bodies[method.0 as usize].params.len() == 1
}

/// A cancel function: neither parameters nor results.
pub(super) fn is_plain_function(ty: &Ty) -> bool {
    match ty {
        Ty::Ext(path, name) => path == "context" && name == "CancelFunc",
        Ty::Func(f) => f.params.is_empty() && f.results.is_empty(),
        _ => false,
    }
}

/// The results of a constructor, but for the first, that are cancel functions: to let go by.
pub(super) fn returned_functions(
    program: &Program,
    constructor: BodyId,
) -> impl Iterator<Item = usize> {
    let body = &program.bodies[constructor.0 as usize];
    let results = body.results.iter().enumerate().skip(1);
    results
        .filter(|(_, var)| is_plain_function(&body.vars[**var as usize].ty))
        .map(|(index, _)| index)
}

pub(super) fn is_signal(program: &Program, ty: &Ty) -> bool {
    match ty {
        Ty::Chan(_, elem) => {
            **elem == Ty::Bool || matches!(&**elem, Ty::Struct(fields) if fields.is_empty())
        }
        Ty::Named(id) => is_signal(program, &program.types[id.0 as usize].underlying),
        _ => false,
    }
}

/// The type of the field `field` of a type or, when it has none, of what its own fields hold: what a body does is known by
/// the last field on the way.
pub(super) fn field_type(program: &Program, ty: TypeId, field: &Name) -> Option<Ty> {
    const DEEP_ENOUGH: u32 = 3;
    let mut level = vec![ty];
    for _ in 0..DEEP_ENOUGH {
        let mut inner = Vec::new();
        for ty in level {
            let Ty::Struct(fields) = &program.types[ty.0 as usize].underlying else {
                continue;
            };
            if let Some(found) = fields.iter().find(|f| f.name == *field) {
                return Some(found.ty.clone());
            }
            inner.extend(fields.iter().filter_map(|f| f.ty.base_named()));
        }
        level = inner;
    }
    None
}

pub(super) fn context_param(program: &Program, constructor: BodyId) -> Option<usize> {
    let body = &program.bodies[constructor.0 as usize];
    body.params
        .iter()
        .position(|p| is_context(&body.vars[*p as usize].ty))
}

pub(super) fn is_context(ty: &Ty) -> bool {
    matches!(ty, Ty::Ext(path, name) if path == "context" && name == "Context")
}
