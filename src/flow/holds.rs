//! Which variables may hold a primitive, or something that leads to one.
//!
//! In: bodies. Out: a flag per variable, by a fixpoint over the whole package. Everything else is plain data that no
//! search has to look at.

use super::ir::{Body, Callee, Expr, Op, Target};
use crate::library::Effect;
use crate::resolve::{Ty, TypeDef};
use crate::syntax::ast::Name;
use rustc_hash::{FxHashMap, FxHashSet};

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

/// Whether values of a type lead to a channel or a function through fields, pointers and elements: a function may be the
/// cancel function of a context, or act on what it has captured.
pub(crate) fn leads_to_channel(types: &[TypeDef], ty: &Ty, depth: u32) -> bool {
    const DEEP_ENOUGH: u32 = 6;
    if depth > DEEP_ENOUGH {
        return false;
    }
    let inner = |ty: &Ty| leads_to_channel(types, ty, depth + 1);
    match ty {
        Ty::Chan(..) | Ty::Func(_) => true,
        Ty::Ext(path, name) => {
            path == "context" && name == "CancelFunc" || path == "time" && name == "Ticker"
        }
        Ty::Named(id) => inner(&types[id.0 as usize].underlying),
        Ty::Ptr(elem) | Ty::Slice(elem) | Ty::Array(_, elem) => inner(elem),
        Ty::Map(_, value) => inner(value),
        Ty::Struct(fields) => fields.iter().any(|f| inner(&f.ty)),
        _ => false,
    }
}

/// Whether it is a named type of the package, or a pointer to one.
fn named(ty: &Ty) -> bool {
    match ty {
        Ty::Named(_) => true,
        Ty::Ptr(inner) => named(inner),
        _ => false,
    }
}

/// Which variables may hold something, tied together through captures and through the calls of the package: a
/// parameter holds what some caller passes. Callers elsewhere only have what has already left.
pub(super) fn holding_vars(bodies: &[Body], types: &[TypeDef]) -> Holds {
    let mut holder = Holder {
        bodies,
        holds: bodies.iter().map(|b| vec![false; b.vars.len()]).collect(),
        by_name: FxHashMap::default(),
        as_value: FxHashSet::default(),
        users: users(bodies),
        again: vec![true; bodies.len()],
        changed: true,
    };
    for (index, body) in bodies.iter().enumerate() {
        let method = body.name.rsplit('.').next().unwrap_or_default();
        holder
            .by_name
            .entry(Name::from(method))
            .or_default()
            .push(index);
        for op in &body.code {
            op.exprs(&mut |e| functions_as_values(e, &mut holder.as_value));
        }
    }
    // Whoever has a value of such a type may hand it to any function that takes one.
    for (index, body) in bodies.iter().enumerate() {
        for param in &body.params {
            let ty = &body.vars[*param as usize].ty;
            if named(ty) && leads_to_channel(types, ty, 0) {
                holder.mark(index, *param);
            }
        }
    }
    while std::mem::take(&mut holder.changed) {
        for index in 0..bodies.len() {
            if std::mem::take(&mut holder.again[index]) {
                holder.body(index);
            }
        }
    }
    let mut holds = holder.holds;
    for (index, body) in bodies.iter().enumerate() {
        for (var, info) in body.vars.iter().enumerate() {
            if is_plain(&info.ty) {
                holds[index][var] = false;
            }
        }
    }
    holds
}

/// Calls `f` on every place other than a variable that the operation writes to.
fn places(op: &Op, f: &mut dyn FnMut(&Expr)) {
    let targets: Vec<&Target> = match op {
        Op::Set(target, _) | Op::Recover(target) => vec![target],
        Op::Recv { dests, .. } => dests.iter().collect(),
        Op::Select { cases, .. } => cases.iter().flat_map(|c| &c.dests).collect(),
        Op::Call(call) => call.dests.iter().collect(),
        _ => Vec::new(),
    };
    for target in targets {
        if let Target::Place(place) = target {
            f(place);
        }
    }
}

struct Holder<'b> {
    bodies: &'b [Body],
    holds: Holds,
    /// Bodies by the last part of their name, for calls resolved by name alone.
    by_name: FxHashMap<Name, Vec<usize>>,
    /// Bodies used as function values.
    as_value: FxHashSet<usize>,
    /// Which bodies look at the variables of each.
    users: Vec<Vec<usize>>,
    /// Which bodies have to be looked at again.
    again: Vec<bool>,
    changed: bool,
}

/// Which bodies look at the variables of each: its callers, its literals, the body it stands in.
fn users(bodies: &[Body]) -> Vec<Vec<usize>> {
    let mut users = vec![Vec::new(); bodies.len()];
    for (index, body) in bodies.iter().enumerate() {
        if let Some(parent) = body.parent {
            users[parent.0 as usize].push(index);
            users[index].push(parent.0 as usize);
        }
        for op in &body.code {
            if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op
                && let Callee::Body(callee) | Callee::Value(Expr::Closure(callee)) = &call.callee
            {
                users[callee.0 as usize].push(index);
            }
        }
    }
    users
}

impl Holder<'_> {
    fn mark(&mut self, index: usize, var: u32) {
        let plain = is_plain(&self.bodies[index].vars[var as usize].ty);
        if !plain && !std::mem::replace(&mut self.holds[index][var as usize], true) {
            self.changed = true;
            self.again[index] = true;
            for user in &self.users[index] {
                self.again[*user] = true;
            }
        }
    }

    fn body(&mut self, index: usize) {
        let body = &self.bodies[index];
        for op in &body.code {
            self.op(index, op);
        }
        if let Some(parent) = body.parent {
            for (outer, inner) in &body.captures {
                let parent = parent.0 as usize;
                if self.holds[parent][*outer as usize] {
                    self.mark(index, *inner);
                }
                if self.holds[index][*inner as usize] {
                    self.mark(parent, *outer);
                }
            }
        }
    }

    fn op(&mut self, index: usize, op: &Op) {
        let holds = |this: &Self, e: &Expr| expr_holds(e, &this.holds[index]);
        let written = match op {
            Op::Set(_, value) => holds(self, value),
            // What comes out of a channel may be anything that was put into it.
            Op::Recv { ch, .. } => holds(self, ch),
            Op::Select { cases, .. } => cases.iter().any(|c| holds(self, &c.ch)),
            Op::Call(call) => {
                self.call(index, call);
                match &call.callee {
                    Callee::Library(effect, _) => *effect != Effect::Inert,
                    Callee::Body(body) => {
                        let callee = &self.bodies[body.0 as usize];
                        callee
                            .results
                            .iter()
                            .any(|r| self.holds[body.0 as usize][*r as usize])
                    }
                    Callee::Unknown => false,
                    Callee::Named(_) | Callee::Value(_) => true,
                    _ => false,
                }
            }
            Op::Go(call) | Op::Defer(call) => {
                self.call(index, call);
                false
            }
            Op::RangeNext(subject, ..) => self.holds[index][*subject as usize],
            Op::Return(values) => {
                for (result, value) in self.bodies[index].results.iter().zip(values) {
                    if holds(self, value) {
                        self.mark(index, *result);
                    }
                }
                false
            }
            _ => false,
        };
        if !written {
            return;
        }
        let mut vars = Vec::new();
        op.writes(&mut |var| vars.push(var));
        places(op, &mut |place| place.vars(&mut |var| vars.push(var)));
        vars.into_iter().for_each(|var| self.mark(index, var));
    }

    fn call(&mut self, index: usize, call: &super::ir::Call) {
        let passed: Vec<bool> = call
            .args
            .iter()
            .map(|a| expr_holds(a, &self.holds[index]))
            .collect();
        match &call.callee {
            Callee::Body(body) => self.pass(index, call, body.0 as usize, &passed),
            Callee::Value(_) if passed.contains(&true) => {
                // Once is enough: whatever is marked stays marked.
                let targets: Vec<usize> = self.as_value.drain().collect();
                targets.into_iter().for_each(|t| self.pass_any(t));
            }
            Callee::Value(Expr::Closure(body)) => self.pass(index, call, body.0 as usize, &passed),
            Callee::Named(name) if passed.contains(&true) => {
                for target in self.by_name.remove(name).unwrap_or_default() {
                    self.pass_any(target);
                }
            }
            _ => {}
        }
    }

    fn pass(&mut self, index: usize, call: &super::ir::Call, target: usize, passed: &[bool]) {
        let params = self.bodies[target].params.clone();
        for (i, holds) in passed.iter().enumerate() {
            let Some(param) = params.get(i.min(params.len().saturating_sub(1))) else {
                continue;
            };
            if *holds {
                self.mark(target, *param);
            } else if self.holds[target][*param as usize] && self.gains(target, *param) {
                // The callee puts something into what it is handed.
                let mut vars = Vec::new();
                call.args[i].vars(&mut |v| vars.push(v));
                vars.into_iter().for_each(|v| self.mark(index, v));
            }
        }
    }

    /// Whether the body itself stores something that holds into this parameter.
    fn gains(&self, target: usize, param: u32) -> bool {
        self.bodies[target].code.iter().any(|op| {
            let mut into = false;
            places(op, &mut |place| place.vars(&mut |v| into |= v == param));
            // What a call or receive stores may be anything.
            into && !matches!(op, Op::Set(_, value) if !expr_holds(value, &self.holds[target]))
        })
    }

    fn pass_any(&mut self, target: usize) {
        let bodies = self.bodies;
        for param in &bodies[target].params {
            self.mark(target, *param);
        }
    }
}

fn functions_as_values(expr: &Expr, out: &mut FxHashSet<usize>) {
    expr.closures(&mut |body| {
        out.insert(body.0 as usize);
    });
    match expr {
        Expr::Func(func) | Expr::Method(_, func) => {
            out.insert(func.0 as usize);
        }
        Expr::Struct(_, fields, ..) => fields.iter().for_each(|(_, v)| functions_as_values(v, out)),
        Expr::Slice(values) | Expr::Append(_, values) => {
            values.iter().for_each(|v| functions_as_values(v, out));
        }
        _ => {}
    }
}

pub(super) fn expr_holds(expr: &Expr, holds: &[bool]) -> bool {
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
        | Expr::Has(_)
        | Expr::Is(..)
        | Expr::Global(_) => false,
        Expr::Zero(ty, _) => {
            !is_plain(ty)
                && !matches!(
                    ty,
                    Ty::Slice(_) | Ty::Array(..) | Ty::Map(..) | Ty::Interface | Ty::Func(_)
                )
        }
        Expr::MakeChan(..) | Expr::Closure(_) => true,
        Expr::Addr(inner) | Expr::Receiver(inner) => expr_holds(inner, holds),
        Expr::Struct(_, fields, ..) => fields.iter().any(|(_, v)| expr_holds(v, holds)),
        Expr::Slice(values) => values.iter().any(|v| expr_holds(v, holds)),
        Expr::Append(base, values) => {
            expr_holds(base, holds) || values.iter().any(|v| expr_holds(v, holds))
        }
        other => {
            let mut any = false;
            other.vars(&mut |var| any |= holds[var as usize]);
            any
        }
    }
}

/// Whether evaluating `expr` makes a channel, a `WaitGroup`, or a variable that is a nil channel.
pub(crate) fn makes_anything(expr: &Expr) -> bool {
    match expr {
        Expr::MakeChan(..) => true,
        Expr::Zero(ty, _) => match ty {
            Ty::Chan(..) => true,
            Ty::Ext(path, name) => crate::library::is_group(path, name) || name == "Group",
            _ => false,
        },
        Expr::Struct(_, fields, ..) => fields.iter().any(|(_, v)| makes_anything(v)),
        Expr::Slice(values) => values.iter().any(makes_anything),
        Expr::Addr(inner) | Expr::Receiver(inner) => makes_anything(inner),
        Expr::Append(base, values) => makes_anything(base) || values.iter().any(makes_anything),
        _ => false,
    }
}
