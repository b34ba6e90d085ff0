//! Slices each body down to what can matter to a primitive.
//!
//! An operation is *relevant* when it acts on a primitive, hands one on, ends something, or computes a value that a
//! relevant operation reads. A branch is relevant only when different relevant operations come next on its two sides
//! (the idea of program slicing by control dependence, Weiser 1981). Loops that are dropped are taken to end.

use super::ahead::{Ahead, Next, look_ahead};
use super::holds::{Holds, expr_holds, holding_vars, is_plain, leads_to_channel, makes_anything};
use super::ir::{Body, Callee, Expr, JumpKind, Op, Pc, Target, Var};
use super::lower::retarget;
use crate::library::{Effect, ends_by_name};
use crate::resolve::{Ty, TypeDef};
use crate::syntax::ast::Name;
use rustc_hash::FxHashSet;

/// Simplifies all bodies of a package in place.
pub(super) fn simplify(bodies: &mut [Body], types: &[TypeDef]) -> Holds {
    let holds = holding_vars(bodies, types);
    let matters = mattering_bodies(bodies, &holds);
    for (index, body) in bodies.iter_mut().enumerate() {
        drop_idle_calls(body, &holds[index], &matters);
    }
    let makes = spread(bodies, |body| {
        body.code.iter().any(|op| {
            let mut makes = false;
            op.exprs(&mut |e| makes |= makes_anything(e) || makes_holder(types, e));
            makes || matches!(op, Op::Call(call) if makes_context(&call.callee))
        })
    });
    let ends = spread(bodies, |body| {
        never_returns(body)
            || body.code.iter().any(|op| {
                matches!(op, Op::Call(call) if matches!(call.callee, Callee::Library(Effect::Exit | Effect::Goexit | Effect::EndTest, _)))
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
        // A constructor that returns what it makes at once.
        Op::Return(values) => values.iter().any(|value| {
            let mut makes = makes_primitive(value);
            value.closures(&mut |_| makes = true);
            makes
        }),
        Op::Call(call) | Op::Defer(call) => match &call.callee {
            Callee::Library(effect, _) if effect.is_aside() => false,
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

/// Whether it makes a function, or a value whose fields are there for primitives that come later.
fn makes_holder(types: &[TypeDef], expr: &Expr) -> bool {
    match expr {
        Expr::Closure(_) => true,
        Expr::Struct(Some(ty), ..) => leads_to_channel(types, &Ty::Named(*ty), 0),
        Expr::Addr(inner) => makes_holder(types, inner),
        _ => false,
    }
}

fn makes_context(callee: &Callee) -> bool {
    matches!(
        callee,
        Callee::Library(
            Effect::ContextCancel | Effect::ContextNever | Effect::GroupContext | Effect::Ticker,
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
                    Callee::Library(Effect::Exit | Effect::Goexit | Effect::EndTest, _)
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
            Callee::Library(effect, _) if effect.is_pure() => !hands_over,
            Callee::Unknown => !hands_over,
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
            let subjects: FxHashSet<Var> = body.code.iter().filter_map(subject_of).collect();
            for op in &body.code {
                match op {
                    Op::Branch(cond, ..) => field_names(cond, &mut fields),
                    Op::Set(Target::Var(var), value) if subjects.contains(var) => {
                        field_names(value, &mut fields);
                    }
                    _ => {}
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
        let ahead = look_ahead(body, &self.ops[index], &|_| false);
        for (pc, op) in body.code.iter().enumerate() {
            if self.ops[index][pc] || !self.is_relevant(index, pc as Pc, op, &ahead) {
                continue;
            }
            self.ops[index][pc] = true;
            changed = true;
            let vars = &mut self.vars[index];
            op.exprs(&mut |e| e.vars(&mut |v| vars[v as usize] = true));
        }
        changed
    }

    fn is_relevant(&self, index: usize, pc: Pc, op: &Op, ahead: &Ahead) -> bool {
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
                    || self.is_read(index, place)
                    || key_of(place).is_some_and(|key| expr_holds(key, &self.holds[index]))
            }
            Op::Set(Target::Ignore, _) => false,
            Op::Set(Target::Var(var), value) => {
                let result = self.bodies[index].results.contains(var);
                self.vars[index][*var as usize] || (result && expr_holds(value, &self.holds[index]))
            }
            Op::Branch(..) | Op::Choose(_) | Op::RangeNext(..) => {
                ahead.deciding.binary_search(&pc).is_ok()
            }
            Op::Call(call) if call.callee == Callee::Unknown && call.args.is_empty() => {
                written_matters()
            }
            Op::Call(_) | Op::Go(_) | Op::Defer(_) => true,
            Op::Recover(_) => true,
            _ => true,
        }
    }

    fn is_read(&self, index: usize, place: &Expr) -> bool {
        match place {
            Expr::Field(_, name) | Expr::Global(name) => self.fields.contains(name),
            // A map that is asked for its length or for an entry gets one more.
            Expr::Index(base, _) => match &**base {
                Expr::Var(var) => self.vars[index][*var as usize],
                base => self.is_read(index, base),
            },
            // A write through a pointer or to an element: kept when its value can hold something, else data.
            Expr::Deref(_) => true,
            _ => false,
        }
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

/// What a counted range goes over.
fn subject_of(op: &Op) -> Option<Var> {
    match op {
        Op::RangeNext(subject, ..) => Some(*subject),
        _ => None,
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
        | Expr::Has(a)
        | Expr::Is(a, _)
        | Expr::Cap(a) => {
            field_names(a, names);
        }
        _ => {}
    }
}

/// Removes what is not relevant; a branch that decides nothing goes to the only thing that can come next.
fn prune(body: &mut Body, relevant: &[bool]) {
    let ahead = look_ahead(body, relevant, &|_| false);
    for (pc, _) in relevant.iter().enumerate().filter(|(_, stays)| !**stays) {
        let replacement = match &body.code[pc] {
            Op::Jump(..) | Op::Nop | Op::End | Op::Return(_) | Op::Panic => continue,
            Op::Branch(..) | Op::Choose(_) | Op::RangeNext(..) => {
                let to = match ahead.next[pc] {
                    Next::Op(to) | Next::Exit(to) => to,
                    // Where a loop without exit swallows control, the body's end.
                    Next::Nothing | Next::Dead => body.code.len() as Pc - 1,
                };
                Op::Jump(to, JumpKind::Plain)
            }
            _ => Op::Nop,
        };
        body.code[pc] = replacement;
    }
}
