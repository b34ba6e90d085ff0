//! Slices each body down to what can matter to a primitive.
//!
//! An operation is *relevant* when it acts on a primitive, hands one on, ends something, or computes a value that a
//! relevant operation reads. A branch is relevant only when different relevant operations come next on its two sides
//! (the idea of program slicing by control dependence, Weiser 1981). Loops that are dropped are taken to end.

use super::ir::{Body, Callee, Expr, JumpKind, Op, Pc, Target};
use crate::library::Effect;
use crate::resolve::Ty;
use crate::syntax::ast::Name;
use rustc_hash::FxHashSet;

/// Simplifies all bodies of a package in place.
pub(super) fn simplify(bodies: &mut [Body]) {
    let holds = holding_vars(bodies);
    let matters = mattering_bodies(bodies, &holds);
    for (index, body) in bodies.iter_mut().enumerate() {
        drop_idle_calls(body, &holds[index], &matters);
    }
    let relevant = Slice::new(bodies, &holds).run();
    for (index, body) in bodies.iter_mut().enumerate() {
        prune(body, &relevant[index]);
    }
}

/// Per body, which variables may hold a primitive or something that leads to one.
type Holds = Vec<Vec<bool>>;

/// Whether values of a type are plain data, whatever happens to them.
pub(crate) fn is_plain(ty: &Ty) -> bool {
    match ty {
        Ty::Bool | Ty::Int | Ty::Str | Ty::Error | Ty::Plain => true,
        Ty::Slice(inner) => is_plain(inner),
        Ty::Map(key, value) => is_plain(key) && is_plain(value),
        _ => false,
    }
}

fn holding_vars(bodies: &[Body]) -> Holds {
    let mut holds: Holds = bodies.iter().map(|b| vec![false; b.vars.len()]).collect();
    for (index, body) in bodies.iter().enumerate() {
        for var in &body.params {
            holds[index][*var as usize] = true;
        }
    }
    loop {
        let mut changed = false;
        for (index, body) in bodies.iter().enumerate() {
            for op in &body.code {
                let value_holds = match op {
                    Op::Set(_, value) => expr_holds(value, &holds[index]),
                    // What comes out of a channel or call may be anything that was put into it.
                    Op::Recv { .. } | Op::Select { .. } => true,
                    Op::Call(call) => match &call.callee {
                        Callee::Library(effect, _) => *effect != Effect::Inert,
                        Callee::Unknown => false,
                        Callee::Named(_) | Callee::Value(_) | Callee::Body(_) => true,
                        _ => false,
                    },
                    Op::RangeNext(subject, ..) => holds[index][*subject as usize],
                    _ => false,
                };
                if !value_holds {
                    continue;
                }
                let mut written = Vec::new();
                op.writes(&mut |var| written.push(var));
                if let Op::Set(Target::Place(place), _) = op {
                    place.vars(&mut |var| written.push(var));
                }
                for var in written {
                    let slot = &mut holds[index][var as usize];
                    changed |= !std::mem::replace(slot, true);
                }
            }
            if let Some(parent) = body.parent {
                for (outer, inner) in &body.captures {
                    let any =
                        holds[parent.0 as usize][*outer as usize] || holds[index][*inner as usize];
                    changed |= any
                        && !std::mem::replace(&mut holds[parent.0 as usize][*outer as usize], true);
                    changed |= any && !std::mem::replace(&mut holds[index][*inner as usize], true);
                }
            }
        }
        if !changed {
            break;
        }
    }
    for (index, body) in bodies.iter().enumerate() {
        for (var, info) in body.vars.iter().enumerate() {
            if is_plain(&info.ty) {
                holds[index][var] = false;
            }
        }
    }
    holds
}

fn expr_holds(expr: &Expr, holds: &[bool]) -> bool {
    match expr {
        Expr::Fresh(_)
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
            !is_plain(ty) && !matches!(ty, Ty::Slice(_) | Ty::Map(..) | Ty::Interface | Ty::Func(_))
        }
        Expr::Struct(..) | Expr::MakeChan(..) | Expr::Closure(_) => true,
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
            Callee::Library(Effect::Inert, _) => false,
            Callee::Library(..) | Callee::Close(_) => true,
            Callee::Body(body) => matters[body.0 as usize],
            Callee::Value(value) => {
                expr_holds(value, holds) || call.args.iter().any(|a| expr_holds(a, holds))
            }
            Callee::Named(name) if name == "Done" => true,
            Callee::Unknown | Callee::Named(_) => call.args.iter().any(|a| makes_primitive(a)),
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
            Callee::Library(Effect::Inert, _) | Callee::Unknown => !hands_over,
            Callee::Named(name) => !hands_over && name != "Done",
            Callee::Value(value) => !hands_over && !expr_holds(value, holds),
            Callee::Body(id) => !hands_over && !matters[id.0 as usize],
            _ => false,
        };
        if !idle {
            continue;
        }
        // One result is an assignment; with several each has to be one, in place of a single operation.
        let span = body.spans[pc];
        let dests: Vec<Target> = call
            .dests
            .iter()
            .filter(|d| **d != Target::Ignore)
            .cloned()
            .collect();
        body.code[pc] = match dests.as_slice() {
            [] => Op::Nop,
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
                expr_holds(value, &self.holds[index]) || self.is_read(place)
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

/// Whether evaluating `expr` makes a channel, a WaitGroup, or a variable that is a nil channel.
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
