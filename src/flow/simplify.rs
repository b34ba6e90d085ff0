//! Slices each body down to what can matter to a primitive.
//!
//! An operation is *relevant* when it acts on a primitive, hands one on, ends something, or computes a value that a
//! relevant operation reads. A branch is relevant only when different relevant operations come next on its two sides
//! (the idea of program slicing by control dependence, Weiser 1981). Loops that are dropped are taken to end.

use super::ir::{Body, Callee, Expr, JumpKind, Op, Pc, Target};
use super::lower::retarget;
use crate::library::{Effect, ends_by_name};
use crate::resolve::Ty;
use crate::syntax::ast::Name;
use rustc_hash::{FxHashMap, FxHashSet};

/// Simplifies all bodies of a package in place.
pub(super) fn simplify(bodies: &mut [Body]) -> Holds {
    let holds = holding_vars(bodies);
    let matters = mattering_bodies(bodies, &holds);
    for (index, body) in bodies.iter_mut().enumerate() {
        drop_idle_calls(body, &holds[index], &matters);
    }
    let makes = spread(bodies, |body| {
        body.code.iter().any(|op| {
            let mut makes = false;
            op.exprs(&mut |e| makes |= makes_anything(e) || matches!(e, Expr::Closure(_)));
            makes || matches!(op, Op::Call(call) if makes_context(&call.callee))
        })
    });
    let ends = spread(bodies, |body| {
        never_returns(body)
            || body.code.iter().any(|op| {
                matches!(op, Op::Call(call) if matches!(call.callee, Callee::Library(Effect::Exit | Effect::Goexit, _)))
            })
    });
    for (index, body) in bodies.iter_mut().enumerate() {
        body.ends = ends[index];
        body.gives = makes[index]
            && body
                .results
                .iter()
                .any(|r| !is_plain(&body.vars[*r as usize].ty));
    }
    let relevant = Slice::new(bodies, &holds).run();
    for (index, body) in bodies.iter_mut().enumerate() {
        prune(body, &relevant[index]);
        close_gaps(body);
    }
    holds
}

/// Drops the operations that do nothing.
fn close_gaps(body: &mut Body) {
    // A jump to the next operation that stays does nothing either.
    let mut stays = vec![true; body.code.len()];
    for pc in (0..body.code.len()).rev() {
        let idle = match &body.code[pc] {
            Op::Nop => true,
            Op::Jump(to, JumpKind::Plain) => {
                let to = *to as usize;
                to > pc && (pc + 1..to).all(|between| !stays[between])
            }
            _ => false,
        };
        stays[pc] = !idle;
    }
    let mut moved = Vec::with_capacity(body.code.len() + 1);
    let mut count = 0;
    for stay in &stays {
        moved.push(count);
        count += Pc::from(*stay);
    }
    moved.push(count);
    let keep =
        |flags: &mut dyn FnMut(usize)| (0..stays.len()).filter(|i| stays[*i]).for_each(flags);
    let (mut code, mut spans, mut in_loop) = (Vec::new(), Vec::new(), Vec::new());
    keep(&mut |i| {
        let mut op = std::mem::replace(&mut body.code[i], Op::Nop);
        retarget(&mut op, &mut |to| moved[to as usize]);
        code.push(op);
        spans.push(body.spans[i]);
        in_loop.push(body.in_loop[i]);
    });
    body.loop_conds = body
        .loop_conds
        .iter()
        .filter(|pc| stays[**pc as usize])
        .map(|pc| moved[*pc as usize])
        .collect();
    body.code = code;
    body.spans = spans;
    body.in_loop = in_loop;
}

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

/// Which variables may hold something, tied together through captures and through the calls of the package: a
/// parameter holds what some caller passes. Callers elsewhere only have what has already left.
fn holding_vars(bodies: &[Body]) -> Holds {
    let mut holder = Holder {
        bodies,
        holds: bodies.iter().map(|b| vec![false; b.vars.len()]).collect(),
        by_name: FxHashMap::default(),
        as_value: FxHashSet::default(),
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
    while std::mem::take(&mut holder.changed) {
        for index in 0..bodies.len() {
            holder.body(index);
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

struct Holder<'b> {
    bodies: &'b [Body],
    holds: Holds,
    /// Bodies by the last part of their name, for calls resolved by name alone.
    by_name: FxHashMap<Name, Vec<usize>>,
    /// Bodies used as function values.
    as_value: FxHashSet<usize>,
    changed: bool,
}

impl Holder<'_> {
    fn mark(&mut self, index: usize, var: u32) {
        let plain = is_plain(&self.bodies[index].vars[var as usize].ty);
        if !plain && !std::mem::replace(&mut self.holds[index][var as usize], true) {
            self.changed = true;
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
        if let Op::Set(Target::Place(place), _) = op {
            place.vars(&mut |var| vars.push(var));
        }
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
                let targets: Vec<usize> = self.as_value.iter().copied().collect();
                for target in targets {
                    self.pass_any(target);
                }
            }
            Callee::Value(Expr::Closure(body)) => self.pass(index, call, body.0 as usize, &passed),
            Callee::Named(name) if passed.contains(&true) => {
                for target in self.by_name.get(name).cloned().unwrap_or_default() {
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
            let Op::Set(Target::Place(place), value) = op else {
                return false;
            };
            let mut into = false;
            place.vars(&mut |v| into |= v == param);
            into && expr_holds(value, &self.holds[target])
        })
    }

    fn pass_any(&mut self, target: usize) {
        for param in self.bodies[target].params.clone() {
            self.mark(target, param);
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

fn expr_holds(expr: &Expr, holds: &[bool]) -> bool {
    match expr {
        Expr::Fresh(_)
        | Expr::Solid(_)
        | Expr::Int(_)
        | Expr::Bool(_)
        | Expr::Str(_)
        | Expr::Nil
        | Expr::Func(_)
        | Expr::Len(..)
        | Expr::Cap(_)
        | Expr::Binary(..)
        | Expr::Not(_)
        | Expr::Sized(..)
        | Expr::Global(_) => false,
        Expr::Zero(ty, _) => {
            !is_plain(ty)
                && !matches!(
                    ty,
                    Ty::Slice(_) | Ty::Array(..) | Ty::Map(..) | Ty::Interface | Ty::Func(_)
                )
        }
        Expr::MakeChan(..) | Expr::Closure(_) => true,
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

/// Bodies a call of which must be followed even when it is handed nothing.
fn mattering_bodies(bodies: &[Body], holds: &Holds) -> Vec<bool> {
    let mut matters = vec![false; bodies.len()];
    loop {
        let mut changed = false;
        for (index, body) in bodies.iter().enumerate() {
            if !matters[index]
                && body
                    .code
                    .iter()
                    .any(|op| op_matters(op, &holds[index], &matters))
            {
                matters[index] = true;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for (index, body) in bodies.iter().enumerate() {
        matters[index] |= never_returns(body);
    }
    matters
}

fn op_matters(op: &Op, holds: &[bool], matters: &[bool]) -> bool {
    match op {
        Op::Send(..) | Op::Recv { .. } | Op::Select { .. } | Op::Close(..) | Op::Go(_) => true,
        Op::Set(_, value) => {
            let mut makes = false;
            value.closures(&mut |_| makes = true);
            makes || makes_primitive(value)
        }
        Op::Call(call) | Op::Defer(call) => match &call.callee {
            Callee::Library(
                Effect::Inert
                | Effect::NonNil
                | Effect::Counter
                | Effect::AtomicLoad
                | Effect::AtomicStore
                | Effect::AtomicAdd
                | Effect::AtomicSwap
                | Effect::AtomicCas,
                _,
            ) => false,
            Callee::Library(..) | Callee::Close(_) => true,
            Callee::Body(body) => matters[body.0 as usize],
            Callee::Value(value) => {
                expr_holds(value, holds) || call.args.iter().any(|a| expr_holds(a, holds))
            }
            Callee::Named(name) if name == "Done" => true,
            Callee::Unknown | Callee::Named(_) => call.args.iter().any(makes_primitive),
            Callee::Panic | Callee::Recover => false,
        },
        _ => false,
    }
}

fn makes_primitive(expr: &Expr) -> bool {
    match expr {
        Expr::MakeChan(..) | Expr::Closure(_) => true,
        Expr::Struct(_, fields, ..) => fields.iter().any(|(_, v)| makes_primitive(v)),
        Expr::Slice(values) => values.iter().any(makes_primitive),
        Expr::Addr(inner) => makes_primitive(inner),
        _ => false,
    }
}

fn makes_context(callee: &Callee) -> bool {
    matches!(
        callee,
        Callee::Library(
            Effect::ContextCancel | Effect::ContextNever | Effect::GroupContext,
            _
        )
    )
}

/// Spreads a property of bodies to their callers.
fn spread(bodies: &[Body], has: impl Fn(&Body) -> bool) -> Vec<bool> {
    let mut all: Vec<bool> = bodies.iter().map(has).collect();
    loop {
        let mut changed = false;
        for (index, body) in bodies.iter().enumerate() {
            let calls = |op: &Op| matches!(op, Op::Call(call) if matches!(call.callee, Callee::Body(c) if all[c.0 as usize]));
            if !all[index] && body.code.iter().any(calls) {
                all[index] = true;
                changed = true;
            }
        }
        if !changed {
            return all;
        }
    }
}

/// Whether the end of the body cannot be reached: a helper that always panics or exits.
fn never_returns(body: &Body) -> bool {
    if body.code.is_empty() {
        return false;
    }
    let mut seen = vec![false; body.code.len()];
    let mut todo = vec![0];
    while let Some(pc) = todo.pop() {
        let Some(op) = body.code.get(pc as usize) else {
            continue;
        };
        if std::mem::replace(&mut seen[pc as usize], true) {
            continue;
        }
        match op {
            Op::Return(_) | Op::End => return false,
            Op::Call(call)
                if matches!(
                    call.callee,
                    Callee::Library(Effect::Exit | Effect::Goexit, _)
                ) => {}
            _ => op.successors(pc, &mut |next| todo.push(next)),
        }
    }
    true
}

/// Calls that can do nothing to a primitive become assignments of unknown values.
fn drop_idle_calls(body: &mut Body, holds: &[bool], matters: &[bool]) {
    for pc in 0..body.code.len() {
        let Op::Call(call) = &body.code[pc] else {
            continue;
        };
        let hands_over = call.args.iter().any(|a| expr_holds(a, holds));
        let idle = match &call.callee {
            Callee::Library(
                Effect::Inert
                | Effect::NonNil
                | Effect::AtomicLoad
                | Effect::AtomicStore
                | Effect::AtomicSwap,
                _,
            )
            | Callee::Unknown => !hands_over,
            Callee::Named(name) => !hands_over && name != "Done" && !ends_by_name(name),
            Callee::Value(value) => !hands_over && !expr_holds(value, holds),
            Callee::Body(id) => !hands_over && !matters[id.0 as usize],
            _ => false,
        };
        if !idle {
            continue;
        }
        // One result is an assignment; with several each has to be one, in place of a single operation.
        let span = body.spans[pc];
        let solid = matches!(call.callee, Callee::Library(Effect::NonNil, _));
        let dests: Vec<Target> = call
            .dests
            .iter()
            .filter(|d| **d != Target::Ignore)
            .cloned()
            .collect();
        body.code[pc] = match dests.as_slice() {
            [] => Op::Nop,
            [one] if solid => Op::Set(one.clone(), Expr::Solid(span)),
            [one] => Op::Set(one.clone(), Expr::Fresh(span)),
            _ => Op::Call(super::ir::Call {
                callee: Callee::Unknown,
                args: Vec::new(),
                method: false,
                dests,
            }),
        };
    }
}

/// The slicing fixpoint over all bodies (captured variables tie them together).
struct Slice<'b> {
    bodies: &'b [Body],
    ops: Vec<Vec<bool>>,
    vars: Vec<Vec<bool>>,
    fields: FxHashSet<Name>,
    holds: &'b Holds,
}

/// Per body: which operations stay.
type Relevant = Vec<Vec<bool>>;

impl<'b> Slice<'b> {
    fn new(bodies: &'b [Body], holds: &'b Holds) -> Self {
        let mut fields = FxHashSet::default();
        for body in bodies {
            for op in &body.code {
                if let Op::Branch(cond, ..) = op {
                    field_names(cond, &mut fields);
                }
            }
        }
        let ops = bodies.iter().map(|b| vec![false; b.code.len()]).collect();
        let vars = bodies.iter().map(|b| vec![false; b.vars.len()]).collect();
        Self {
            bodies,
            ops,
            vars,
            fields,
            holds,
        }
    }

    fn run(mut self) -> Relevant {
        loop {
            let mut changed = false;
            for index in 0..self.bodies.len() {
                while self.pass(index) {
                    changed = true;
                }
                changed |= self.tie_captures(index);
            }
            if !changed {
                return self.ops;
            }
        }
    }

    fn pass(&mut self, index: usize) -> bool {
        let body = &self.bodies[index];
        let mut changed = false;
        for (pc, op) in body.code.iter().enumerate() {
            if self.ops[index][pc] || !self.is_relevant(index, pc as Pc, op) {
                continue;
            }
            self.ops[index][pc] = true;
            changed = true;
            let vars = &mut self.vars[index];
            op.exprs(&mut |e| e.vars(&mut |v| vars[v as usize] = true));
        }
        changed
    }

    fn is_relevant(&self, index: usize, pc: Pc, op: &Op) -> bool {
        let written_matters = || {
            let mut any = false;
            op.writes(&mut |v| any |= self.vars[index][v as usize]);
            any
        };
        match op {
            Op::Nop | Op::Jump(..) => false,
            Op::Declare(var) | Op::Renew(var) => self.vars[index][*var as usize],
            Op::Set(Target::Place(place), value) => {
                expr_holds(value, &self.holds[index])
                    || self.is_read(place)
                    || key_of(place).is_some_and(|key| expr_holds(key, &self.holds[index]))
            }
            Op::Set(Target::Ignore, _) => false,
            Op::Set(Target::Var(var), value) => {
                let result = self.bodies[index].results.contains(var);
                self.vars[index][*var as usize] || (result && expr_holds(value, &self.holds[index]))
            }
            Op::Branch(..) | Op::Choose(_) | Op::RangeNext(..) => self.decides(index, pc, op),
            Op::Call(call) if call.callee == Callee::Unknown && call.args.is_empty() => {
                written_matters()
            }
            Op::Call(_) | Op::Go(_) | Op::Defer(_) => true,
            Op::Recover(_) => true,
            _ => true,
        }
    }

    fn is_read(&self, place: &Expr) -> bool {
        match place {
            Expr::Field(_, name) | Expr::Global(name) => self.fields.contains(name),
            // A write through a pointer or to an element: kept when its value can hold something, else data.
            Expr::Deref(_) => true,
            _ => false,
        }
    }

    /// Whether more than one relevant operation can come next.
    fn decides(&self, index: usize, pc: Pc, op: &Op) -> bool {
        let body = &self.bodies[index];
        let mut seen = FxHashSet::default();
        let mut first = None;
        let mut todo = Vec::new();
        op.successors(pc, &mut |next| todo.push(next));
        while let Some(next) = todo.pop() {
            if next == pc || !seen.insert(next) {
                continue;
            }
            let Some(op) = body.code.get(next as usize) else {
                continue;
            };
            if self.ops[index][next as usize] {
                if first.is_some_and(|f| f != next) {
                    return true;
                }
                first = Some(next);
            } else {
                op.successors(next, &mut |n| todo.push(n));
            }
        }
        false
    }

    fn tie_captures(&mut self, index: usize) -> bool {
        let body = &self.bodies[index];
        let Some(parent) = body.parent else {
            return false;
        };
        let mut changed = false;
        for (outer, inner) in &body.captures {
            let any =
                self.vars[parent.0 as usize][*outer as usize] || self.vars[index][*inner as usize];
            changed |=
                any && !std::mem::replace(&mut self.vars[parent.0 as usize][*outer as usize], true);
            changed |= any && !std::mem::replace(&mut self.vars[index][*inner as usize], true);
        }
        changed
    }
}

/// The key of a map (or index of a slice) that a place names.
pub(crate) fn key_of(place: &Expr) -> Option<&Expr> {
    match place {
        Expr::Index(_, key) => Some(key),
        _ => None,
    }
}

fn field_names(expr: &Expr, names: &mut FxHashSet<Name>) {
    match expr {
        Expr::Field(base, name) => {
            names.insert(name.clone());
            field_names(base, names);
        }
        Expr::Global(name) => {
            names.insert(name.clone());
        }
        Expr::Index(a, b) | Expr::Binary(_, a, b, _) => {
            field_names(a, names);
            field_names(b, names);
        }
        Expr::Deref(a)
        | Expr::Addr(a)
        | Expr::Receiver(a)
        | Expr::Not(a)
        | Expr::Len(a, _)
        | Expr::Cap(a) => {
            field_names(a, names);
        }
        _ => {}
    }
}

/// Removes what is not relevant; a branch that decides nothing goes to the only thing that can come next.
fn prune(body: &mut Body, relevant: &[bool]) {
    for pc in 0..body.code.len() {
        if relevant[pc] {
            continue;
        }
        let replacement = match &body.code[pc] {
            Op::Jump(..) | Op::Nop | Op::End | Op::Return(_) | Op::Panic => continue,
            op @ (Op::Branch(..) | Op::Choose(_) | Op::RangeNext(..)) => {
                next_relevant(body, relevant, pc as Pc, op)
                    .map_or(Op::Nop, |to| Op::Jump(to, JumpKind::Plain))
            }
            _ => Op::Nop,
        };
        body.code[pc] = replacement;
    }
}

/// The one relevant operation after `op`; where a loop without exit swallows control, the body's end.
fn next_relevant(body: &Body, relevant: &[bool], pc: Pc, op: &Op) -> Option<Pc> {
    let mut seen = FxHashSet::default();
    let mut todo = Vec::new();
    op.successors(pc, &mut |next| todo.push(next));
    while let Some(next) = todo.pop() {
        if next == pc || !seen.insert(next) {
            continue;
        }
        let op = body.code.get(next as usize)?;
        if relevant[next as usize] {
            return Some(next);
        }
        op.successors(next, &mut |n| todo.push(n));
    }
    Some(body.code.len() as Pc - 1)
}

/// Whether evaluating `expr` makes a channel, a `WaitGroup`, or a variable that is a nil channel.
pub(crate) fn makes_anything(expr: &Expr) -> bool {
    match expr {
        Expr::MakeChan(..) => true,
        Expr::Zero(ty, _) => match ty {
            Ty::Chan(..) => true,
            Ty::Ext(path, name) => (path == "sync" && name == "WaitGroup") || name == "Group",
            _ => false,
        },
        Expr::Struct(_, fields, ..) => fields.iter().any(|(_, v)| makes_anything(v)),
        Expr::Slice(values) => values.iter().any(makes_anything),
        Expr::Addr(inner) | Expr::Receiver(inner) => makes_anything(inner),
        Expr::Append(base, values) => makes_anything(base) || values.iter().any(makes_anything),
        _ => false,
    }
}
