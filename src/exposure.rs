//! What code elsewhere in the package can do to a field of a value that has left the function in view.
//!
//! In: a [`Program`] and what its bodies do to their parameters. Out: [`Exposure`], a set of acts per field name. An
//! unexported field can only be used in its package (Go spec, "Exported identifiers"), so a value may leave without its
//! channels being lost from sight: whatever can be done to them is done by a function of the package that gets the value
//! from somewhere. Fields are told apart by name alone, which can only add acts. Deliberately absent: order, values.

use crate::flow::Program;
use crate::flow::facts::Slot;
use crate::flow::ir::{Body, BodyId, Call, Callee, Expr, Op};
use crate::library::Effect;
use crate::resolve::{Ty, TypeDef, TypeId, is_exported};
use crate::source::FileId;
use crate::summary::{ANY, Acts, CLOSE, Entries, PASSED, RECV, SEND};
use crate::syntax::ast::Name;
use rustc_hash::{FxHashMap, FxHashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

mod strangers;

use strangers::{has_filled_holder, is_filled, is_of_result, is_stranger};

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
