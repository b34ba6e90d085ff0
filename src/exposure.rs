//! What code elsewhere in the package can do to a field of a value that has left the function in view.
//!
//! In: a [`Program`] and what its bodies do to their parameters. Out: [`Exposure`], a set of acts per field name. An
//! unexported field can only be used in its package (Go spec, "Exported identifiers"), so a value may leave without its
//! channels being lost from sight: whatever can be done to them is done by a function of the package that gets the value
//! from somewhere. Fields are told apart by name alone, which can only add acts. Deliberately absent: order, values.

use crate::flow::Program;
use crate::flow::facts::Slot;
use crate::flow::ir::{Body, BodyId, Call, Callee, Expr, Op, Target, Var};
use crate::flow::is_plain;
use crate::library::Effect;
use crate::resolve::{Ty, TypeDef, TypeId, is_exported};
use crate::source::FileId;
use crate::summary::{ANY, Acts, CLOSE, Entries, PASSED, RECV, SEND, way_of};
use crate::syntax::ast::Name;
use rustc_hash::{FxHashMap, FxHashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What can be done to fields from elsewhere, as one search sees it.
#[derive(Clone, Debug, Default)]
pub struct Exposure {
    acts: Arc<FieldActs>,
    /// Whether a client stands in for callers, and the type whose exported methods it calls.
    pub client: Option<Client>,
}

/// What a client calls on its own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// The exported methods of this type.
    Methods(TypeId),
    /// Nothing: it receives from channels.
    Receives,
}

#[derive(Debug, Default)]
struct FieldActs {
    /// By anybody.
    all: FxHashMap<Name, Acts>,
    /// By others than the exported methods of the type that has the field.
    foreign: FxHashMap<Name, Acts>,
    /// By those who get a new value from a call.
    callers: FxHashMap<Name, Acts>,
    /// The fields of each type that only its package can name.
    closed: Vec<FxHashSet<Name>>,
    /// What each literal does to what it captures: index of the capture, field, acts.
    captured: FxHashMap<BodyId, Vec<(usize, Option<Name>, Acts)>>,
    /// Which bodies are called (or used as values) in the package.
    called: Vec<bool>,
}

impl Exposure {
    /// Looks at all bodies in files that count.
    pub fn of(program: &Program, entries: &Entries, counts: &dyn Fn(FileId) -> bool) -> Self {
        let mut this = FieldActs {
            closed: program.types.iter().map(closed_fields).collect(),
            ..FieldActs::default()
        };
        let (open, called) = entry_points(program);
        this.called = called;
        for (index, body) in program.bodies.iter().enumerate() {
            if !counts(body.file) || !body.client.is_empty() {
                continue;
            }
            let id = BodyId(index as u32);
            this.literal(body, id, entries);
            if open[index] {
                this.params(program, id, entries);
            }
            this.strangers(program, id, entries);
        }
        Self {
            acts: Arc::new(this),
            client: None,
        }
    }

    /// The same, where a client stands in for callers of the exported methods of a type.
    #[must_use]
    pub fn for_client(&self, of: Client) -> Self {
        Self {
            acts: Arc::clone(&self.acts),
            client: Some(of),
        }
    }

    /// What running a literal does to what it captures: index of the capture, field, acts. `None` when that is not known.
    pub fn of_literal(&self, body: BodyId) -> Option<&[(usize, Option<Name>, Acts)]> {
        self.acts.captured.get(&body).map(Vec::as_slice)
    }

    /// Whether functions of the package get what `body` returns.
    pub fn is_called(&self, body: BodyId) -> bool {
        self.acts
            .called
            .get(body.0 as usize)
            .copied()
            .unwrap_or(false)
    }

    /// What others may do to field `name` of a value of type `ty`; `None` when anybody may do anything.
    pub fn acts(&self, ty: Option<TypeId>, name: &Name) -> Option<Acts> {
        let closed = &self.acts.closed.get(ty?.0 as usize)?;
        if !closed.contains(name) {
            return None;
        }
        let own = |client| matches!(client, Client::Methods(own) if Some(own) == ty);
        let by = if self.client.is_some_and(own) {
            &self.acts.foreign
        } else {
            &self.acts.all
        };
        Some(by.get(name).copied().unwrap_or(0))
    }

    /// What is done in the package to fields of this name of values that calls return.
    pub fn of_results(&self, name: &Name) -> Acts {
        self.acts.callers.get(name).copied().unwrap_or(0)
    }
}

impl Exposure {
    /// Feeds `hasher` with what holds for all bodies alike; two that feed it the same answer the same.
    pub fn print(&self, hasher: &mut impl Hasher) {
        for map in [&self.acts.all, &self.acts.foreign, &self.acts.callers] {
            let mut acts: Vec<_> = map.iter().collect();
            acts.sort_unstable();
            acts.hash(hasher);
        }
    }

    /// The same for what holds for one body.
    pub fn print_of(&self, body: BodyId, hasher: &mut impl Hasher) {
        self.of_literal(body).hash(hasher);
        self.is_called(body).hash(hasher);
    }
}

impl FieldActs {
    fn add(&mut self, field: &Name, acts: Acts, own: bool) {
        let acts = when_passed(acts);
        *self.all.entry(field.clone()).or_default() |= acts;
        if !own {
            *self.foreign.entry(field.clone()).or_default() |= acts;
        }
    }

    fn add_for_caller(&mut self, field: &Name, acts: Acts) {
        *self.callers.entry(field.clone()).or_default() |= when_passed(acts);
    }

    /// A literal: whoever gets hold of it can do what it does.
    fn literal(&mut self, body: &Body, id: BodyId, entries: &Entries) {
        if body.parent.is_none() {
            return;
        }
        let acts = entries.of(id).iter().filter_map(|(way, acts)| {
            let at = body
                .captures
                .iter()
                .position(|(_, inner)| *inner == way.var)?;
            Some((at, way.field.clone(), when_passed(acts)))
        });
        self.captured.insert(id, acts.collect());
    }

    /// A function that anybody may call with a value from anywhere.
    fn params(&mut self, program: &Program, id: BodyId, entries: &Entries) {
        let body = &program.bodies[id.0 as usize];
        let receiver = body.params.first().filter(|_| body.method).copied();
        let owner = receiver.and_then(|r| body.vars[r as usize].ty.base_named());
        for (way, acts) in entries.of(id).iter() {
            if !body.params.contains(&way.var) {
                continue;
            }
            if let Some(field) = &way.field {
                let own = Some(way.var) == receiver
                    && is_exported(body.simple_name())
                    && owner.is_some_and(|ty| has_field(&program.types, ty, field));
                self.add(field, acts, own);
            }
        }
    }

    /// What a body does to values that it neither makes nor is handed: package variables, messages, elements of maps, and
    /// what somebody it calls may have put into a field of what it makes.
    fn strangers(&mut self, program: &Program, id: BodyId, entries: &Entries) {
        let body = &program.bodies[id.0 as usize];
        for op in &body.code {
            acts_of(op, &mut |expr, acts| {
                let Some(field) = last_field(expr) else {
                    return;
                };
                if is_stranger(program, id, expr) || has_filled_holder(program, id, expr) {
                    self.add(&field, acts, false);
                } else if is_of_result(program, id, expr) {
                    self.add_for_caller(&field, acts);
                }
            });
            if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op {
                self.handed(program, id, call, entries);
            }
        }
    }

    fn handed(&mut self, program: &Program, id: BodyId, call: &Call, entries: &Entries) {
        for (index, arg) in call.args.iter().enumerate() {
            if let Expr::Method(receiver, func) = arg
                && is_stranger(program, id, receiver)
            {
                let method = BodyId::from(*func);
                let own = program.bodies[method.0 as usize].params.first();
                for (way, acts) in entries
                    .of(method)
                    .iter()
                    .filter(|(w, _)| Some(&w.var) == own)
                {
                    if let Some(field) = &way.field {
                        self.add(field, acts, false);
                    }
                }
            }
            let is_strange = is_stranger(program, id, arg) || is_filled(program, id, arg);
            if !is_strange && !is_of_result(program, id, arg) {
                continue;
            }
            let mut add = |field: &Name, acts| {
                if is_strange {
                    self.add(field, acts, false);
                } else {
                    self.add_for_caller(field, acts);
                }
            };
            let field = last_field(arg);
            if matches!(call.callee, Callee::Library(Effect::TickerStop, _)) {
                // To stop a ticker is no help to anybody who waits for it.
                continue;
            }
            let Callee::Body(callee) = call.callee else {
                if let Some(field) = &field {
                    add(field, ANY);
                }
                continue;
            };
            let params = &program.bodies[callee.0 as usize].params;
            let Some(param) = params.get(index.min(params.len().saturating_sub(1))) else {
                continue;
            };
            for (way, acts) in entries.of(callee).iter().filter(|(w, _)| w.var == *param) {
                if let Some(field) = way.field.as_ref().or(field.as_ref()) {
                    add(field, acts);
                }
            }
        }
    }
}

/// What is passed on goes where anything may be done to it.
fn when_passed(acts: Acts) -> Acts {
    if acts & PASSED == 0 { acts } else { acts | ANY }
}

/// The unexported, not embedded fields of a struct type.
fn closed_fields(def: &TypeDef) -> FxHashSet<Name> {
    match &def.underlying {
        Ty::Struct(fields) => fields
            .iter()
            .filter(|f| !f.embedded && !is_exported(&f.name))
            .map(|f| f.name.clone())
            .collect(),
        _ => FxHashSet::default(),
    }
}

/// Whether values of a type have a field of that name.
pub fn has_field(types: &[TypeDef], ty: TypeId, name: &Name) -> bool {
    matches!(&types[ty.0 as usize].underlying, Ty::Struct(fields) if fields.iter().any(|f| f.name == *name))
}

/// Functions that may be called with values of which nothing is known: exported ones, those nobody calls by name, those
/// used as values, methods called through interfaces, literals.
fn entry_points(program: &Program) -> (Vec<bool>, Vec<bool>) {
    let mut called = vec![false; program.bodies.len()];
    let mut open = vec![false; program.bodies.len()];
    let mut names: FxHashSet<&Name> = FxHashSet::default();
    for body in program.bodies.iter().filter(|b| b.client.is_empty()) {
        let opening = body.known(Slot::Opening, Opening::of);
        let Opening {
            calls, hands_out, ..
        } = opening;
        calls.iter().for_each(|id| called[id.0 as usize] = true);
        hands_out.iter().for_each(|id| open[id.0 as usize] = true);
        names.extend(&opening.named);
    }
    let used: Vec<bool> = called.iter().zip(&open).map(|(a, b)| *a || *b).collect();
    for (index, body) in program.bodies.iter().enumerate() {
        let name = || body.simple_name();
        open[index] = open[index]
            || body.parent.is_some()
            || !called[index]
            || is_exported(name())
            || body.method && names.contains(&Name::from(name()));
    }
    (open, used)
}

/// Which functions a body by itself lets be called, and by whom.
#[derive(Default)]
struct Opening {
    /// Those that it calls.
    calls: Vec<BodyId>,
    /// Those that it uses as values: anybody may call them with anything.
    hands_out: Vec<BodyId>,
    /// The methods that it calls by their names.
    named: Vec<Name>,
}

impl Opening {
    fn of(body: &Body) -> Self {
        let mut this = Self::default();
        for op in &body.code {
            if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op {
                match &call.callee {
                    Callee::Body(callee) => this.calls.push(*callee),
                    Callee::Named(name) => this.named.push(name.clone()),
                    Callee::Library(effect, _) if effect.runs_argument() => {
                        this.run(&call.args);
                        continue;
                    }
                    _ => {}
                }
            }
            op.exprs(&mut |e| this.hand_out(e));
        }
        this
    }

    /// Functions that a library call runs: with what they are handed here, which `handed` sees to, and nobody else does.
    fn run(&mut self, args: &[Expr]) {
        for arg in args {
            match arg {
                Expr::Func(func) | Expr::Method(_, func) => self.calls.push((*func).into()),
                other => self.hand_out(other),
            }
        }
    }

    fn hand_out(&mut self, expr: &Expr) {
        expr.functions(&mut |func| self.hands_out.push(func.into()));
    }
}

/// Calls `f` on every channel (or function) an operation acts on, with the acts.
fn acts_of(op: &Op, f: &mut dyn FnMut(&Expr, Acts)) {
    match op {
        Op::Send(ch, _, value) => {
            f(ch, SEND);
            copies(value, f);
        }
        Op::Recv { ch, .. } => f(ch, RECV),
        Op::Select { cases, .. } => {
            for case in cases {
                f(&case.ch, if case.send { SEND } else { RECV });
                copies(&case.value, f);
            }
        }
        Op::Close(ch, _) => f(ch, CLOSE),
        // A copy may be used in any way.
        Op::Set(_, value) => copies(value, f),
        Op::Return(values) => values.iter().for_each(|v| copies(v, f)),
        Op::Call(call) | Op::Go(call) | Op::Defer(call) => match &call.callee {
            Callee::Value(value) => f(value, crate::summary::CALL),
            Callee::Close(_) => call.args.iter().for_each(|a| f(a, CLOSE)),
            _ => {}
        },
        _ => {}
    }
}

/// Calls `f` on every path whose value an expression copies.
fn copies(expr: &Expr, f: &mut dyn FnMut(&Expr, Acts)) {
    if last_field(expr).is_some() {
        f(expr, ANY);
    } else {
        expr.children(&mut |child| copies(child, f));
    }
}

/// The last field on the way to a value, if it is kept in one.
pub fn last_field(expr: &Expr) -> Option<Name> {
    match expr {
        Expr::Field(_, name) => Some(name.clone()),
        Expr::Addr(base) | Expr::Deref(base) | Expr::Receiver(base) | Expr::Pipe(base, _) => {
            last_field(base)
        }
        _ => None,
    }
}

/// Whether a path starts at a value that the body neither makes nor gets as a parameter.
fn is_stranger(program: &Program, id: BodyId, expr: &Expr) -> bool {
    match start(expr) {
        Expr::Var(var) => variable_is_stranger(program, id, *var),
        other => is_outside(other),
    }
}

/// Whether a path is that of a field of something that a callee may have put into a field.
fn has_filled_holder(program: &Program, id: BodyId, expr: &Expr) -> bool {
    match expr {
        Expr::Field(holder, _) => is_filled(program, id, holder),
        Expr::Addr(base) | Expr::Deref(base) | Expr::Receiver(base) | Expr::Pipe(base, _) => {
            has_filled_holder(program, id, base)
        }
        _ => false,
    }
}

/// Whether a path is that of a field into which a callee may have put something.
fn is_filled(program: &Program, id: BodyId, expr: &Expr) -> bool {
    match expr {
        Expr::Field(base, _) => way_of(base).is_some_and(|way| is_handed_on(program, id, way.var)),
        Expr::Addr(base)
        | Expr::Deref(base)
        | Expr::Receiver(base)
        | Expr::Pipe(base, _)
        | Expr::Index(base, _) => is_filled(program, id, base),
        _ => false,
    }
}

/// Whether a variable that is no parameter leads to an argument of a call of a body in view.
fn is_handed_on(program: &Program, id: BodyId, var: Var) -> bool {
    let body = &program.bodies[id.0 as usize];
    if let Some((outer, _)) = body.captures.iter().find(|(_, inner)| *inner == var)
        && let Some(parent) = body.parent
    {
        return is_handed_on(program, parent, *outer);
    }
    let leads = |arg: &Expr| way_of(arg).is_some_and(|way| way.var == var);
    !body.params.contains(&var)
        && body.code.iter().any(|op| match op {
            Op::Call(call) | Op::Go(call) | Op::Defer(call) => {
                matches!(call.callee, Callee::Body(_)) && call.args.iter().any(leads)
            }
            _ => false,
        })
}

fn variable_is_stranger(program: &Program, id: BodyId, var: Var) -> bool {
    let body = &program.bodies[id.0 as usize];
    if body.params.contains(&var) {
        return false;
    }
    if let Some((outer, _)) = body.captures.iter().find(|(_, inner)| *inner == var)
        && let Some(parent) = body.parent
    {
        return variable_is_stranger(program, parent, *outer);
    }
    comes_from_elsewhere(program, body, var) || lists_strangers(program, body, var)
}

/// Whether a path starts at what a call of a body in view returned.
fn is_of_result(program: &Program, id: BodyId, expr: &Expr) -> bool {
    let (mut id, mut var) = match start(expr) {
        Expr::Var(var) => (id, *var),
        _ => return false,
    };
    loop {
        let body = &program.bodies[id.0 as usize];
        let outer = body.captures.iter().find(|(_, inner)| *inner == var);
        match (outer, body.parent) {
            (Some((outer, _)), Some(parent)) => (id, var) = (parent, *outer),
            _ => break,
        }
    }
    program.bodies[id.0 as usize]
        .code
        .iter()
        .any(|op| match op {
            Op::Call(call) => {
                matches!(call.callee, Callee::Body(_)) && call.dests.contains(&Target::Var(var))
            }
            _ => false,
        })
}

/// Whether some operation gives a variable a value from elsewhere.
fn comes_from_elsewhere(program: &Program, body: &Body, var: Var) -> bool {
    let mut code = body.code.iter();
    code.any(|op| strange_source(program, body, op, var))
}

/// Whether a value from elsewhere is put into the list that a variable holds. Where many variables are put there, nobody looks
/// at them all, and it is taken to be so.
fn lists_strangers(program: &Program, body: &Body, list: Var) -> bool {
    const FEW: usize = 8;
    let mut seen = vec![list];
    body.code
        .iter()
        .flat_map(|op| put_into(op, list))
        .any(|element| {
            let var = match start(element) {
                Expr::Var(var) => *var,
                other => return is_outside(other),
            };
            if seen.contains(&var) {
                return false;
            }
            seen.push(var);
            seen.len() > FEW || comes_from_elsewhere(program, body, var)
        })
}

/// What an operation puts into the list that a variable holds.
fn put_into(op: &Op, list: Var) -> &[Expr] {
    match op {
        Op::Set(Target::Var(to), Expr::Slice(values) | Expr::Append(_, values)) if *to == list => {
            values
        }
        Op::Set(Target::Place(Expr::Index(base, _)), value) if **base == Expr::Var(list) => {
            std::slice::from_ref(value)
        }
        _ => &[],
    }
}

/// What the way to a value begins at.
fn start(expr: &Expr) -> &Expr {
    match expr {
        Expr::Field(base, _)
        | Expr::Addr(base)
        | Expr::Deref(base)
        | Expr::Receiver(base)
        | Expr::Pipe(base, _)
        | Expr::Index(base, _) => start(base),
        other => other,
    }
}

/// Whether what a way begins at is made by no body.
fn is_outside(start: &Expr) -> bool {
    matches!(start, Expr::Global(_) | Expr::Group(_) | Expr::Fresh(_))
}

/// Whether everything a function returns is new: made by it or by a function of which that is true.
fn returns_new(program: &Program, id: BodyId, depth: u32) -> bool {
    const DEEP_ENOUGH: u32 = 4;
    let body = &program.bodies[id.0 as usize];
    if !body.gives || depth > DEEP_ENOUGH {
        return false;
    }
    let is_new = |value: &Expr| match value {
        Expr::Nil | Expr::Struct(..) | Expr::MakeChan(..) | Expr::Closure(_) => true,
        Expr::Addr(inner) => matches!(**inner, Expr::Struct(..)),
        Expr::Var(var) => {
            is_plain(&body.vars[*var as usize].ty)
                || !body.params.contains(var) && variable_is_new(program, body, *var, depth)
        }
        Expr::Fresh(_) | Expr::Solid(_) | Expr::Bool(_) | Expr::Int(_) | Expr::Str(_) => true,
        _ => false,
    };
    body.code.iter().all(|op| match op {
        Op::Return(values) => values
            .iter()
            .zip(&body.results)
            .all(|(value, r)| is_plain(&body.vars[*r as usize].ty) || is_new(value)),
        _ => true,
    })
}

/// Whether a variable only ever holds what the body makes.
fn variable_is_new(program: &Program, body: &Body, var: Var, depth: u32) -> bool {
    let to_var = |t: &Target| *t == Target::Var(var);
    body.captures.iter().all(|(_, inner)| *inner != var) && body.code.iter().all(|op| match op {
        Op::Set(target, value) if to_var(target) => match value {
            Expr::Addr(inner) => matches!(**inner, Expr::Struct(..) | Expr::Zero(..)),
            Expr::Nil | Expr::Zero(..) | Expr::Struct(..) | Expr::MakeChan(..) => true,
            _ => false,
        },
        Op::Recv { dests, .. } => !dests.iter().any(to_var),
        Op::Select { cases, .. } => !cases.iter().flat_map(|c| &c.dests).any(to_var),
        Op::Call(call) if call.dests.iter().any(to_var) => {
            matches!(call.callee, Callee::Body(callee) if returns_new(program, callee, depth + 1))
        }
        Op::RangeNext(_, _, Some(item), ..) => *item != var,
        _ => true,
    })
}

/// Whether an operation gives a variable a value from elsewhere.
fn strange_source(program: &Program, body: &Body, op: &Op, var: Var) -> bool {
    let to_var = |t: &Target| *t == Target::Var(var);
    match op {
        Op::Set(target, value) if to_var(target) => match value {
            Expr::Global(_) | Expr::Fresh(_) | Expr::Index(..) => true,
            other if other.group().is_some() => true,
            // What a parameter turns out to be is somebody's whom no summary follows.
            Expr::Var(param) if body.params.contains(param) => {
                body.vars[*param as usize].ty != body.vars[var as usize].ty
            }
            // A part of a parameter is accounted for where that came from.
            other => way_of(other).is_some_and(|w| w.var != var && !body.params.contains(&w.var)),
        },
        Op::Recv { dests, .. } => dests.iter().any(to_var),
        Op::Select { cases, .. } => cases.iter().flat_map(|c| &c.dests).any(to_var),
        Op::Call(call) if call.dests.iter().any(to_var) => match call.callee {
            // What a function makes is new; a method may hand out what its receiver keeps.
            Callee::Body(callee) => !returns_new(program, callee, 0),
            _ => true,
        },
        Op::RangeNext(_, _, Some(item), ..) => *item == var,
        _ => false,
    }
}
