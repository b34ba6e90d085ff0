//! What a body says by itself about what it is good for: what it makes, ends, calls and looks at, whoever calls it.
//!
//! In: a body as it was lowered. Out: its [`Gist`], read off it once. Deliberately absent: what holds only because of other
//! bodies, which [`super::simplify`] spreads.

use super::facts::Slot;
use super::holds::{makes_anything, sources};
use super::ir::{Body, BodyId, Callee, Expr, Op, Target, Var};
use super::locks::is_lock;
use super::walk::Walk;
use crate::library::Effect;
use crate::resolve::{Ty, TypeId};
use crate::syntax::ast::Name;
use rustc_hash::FxHashSet;

/// What a body says by itself about what it is good for.
#[derive(Debug, Default)]
pub(super) struct Gist {
    /// Whether a call of it must be followed even when it is handed nothing, whatever it calls; or so if one of these
    /// calls of values has to do with something that holds.
    pub(super) matters: bool,
    pub(super) values: Vec<Var>,
    /// Whether its end cannot be reached.
    pub(super) endless: bool,
    /// Whether it makes something, or a struct of a type of which that depends.
    pub(super) makes: bool,
    pub(super) structs: Vec<TypeId>,
    /// Whether it ends the program or the goroutine.
    pub(super) ends: bool,
    /// What it calls, and what it calls or defers.
    pub(super) calls: Vec<BodyId>,
    pub(super) runs: Vec<BodyId>,
    /// The fields and package variables that its branches look at, and those whose channels it acts on or returns.
    pub(super) read: Vec<Name>,
    /// Those that it hands on, and whether it looks for an entry of a map: what is handed on may be a key.
    pub(super) handed_on: Vec<Name>,
    pub(super) looks_up: bool,
    /// Those that it writes.
    pub(super) written: Vec<Name>,
}

impl Gist {
    fn of(body: &Body) -> Self {
        let mut this = Self {
            endless: never_returns(body),
            ..Self::default()
        };
        let mut read = FxHashSet::default();
        let mut subjects: FxHashSet<Var> = FxHashSet::default();
        for op in &body.code {
            subjects.extend(subject_of(op));
            channels(op, &mut |channel| match channel {
                Expr::Var(var) => _ = subjects.insert(*var),
                channel => field_names(channel, &mut read),
            });
        }
        let mut handed_on = FxHashSet::default();
        this.looks_up = body.code.iter().any(|op| key_of(op).is_some());
        if this.looks_up {
            subjects.extend(keys(body));
        }
        for op in &body.code {
            match op {
                Op::Call(call) | Op::Go(call) | Op::Defer(call) => {
                    call.args
                        .iter()
                        .for_each(|arg| field_names(arg, &mut handed_on));
                }
                Op::Return(values) => values
                    .iter()
                    .for_each(|value| field_names(value, &mut handed_on)),
                _ => {}
            }
        }
        this.handed_on = handed_on.into_iter().collect();
        for op in &body.code {
            match op {
                Op::Return(values) => {
                    for (result, value) in body.results.iter().zip(values) {
                        if matches!(body.vars[*result as usize].ty, Ty::Chan(..)) {
                            field_names(value, &mut read);
                        }
                    }
                }
                Op::Branch(cond, ..) => field_names(cond, &mut read),
                Op::Set(Target::Var(var), value) if subjects.contains(var) => {
                    field_names(value, &mut read);
                }
                Op::Set(Target::Place(place), _) => this.written.extend(asked(place)),
                _ => {}
            }
            if let Op::Call(call) | Op::Defer(call) = op {
                match &call.callee {
                    Callee::Body(body) => this.runs.push(*body),
                    Callee::Value(value) => {
                        for expr in [value].into_iter().chain(&call.args) {
                            sources(expr, &mut |var| match var {
                                Some(var) => this.values.push(var),
                                None => this.matters = true,
                            });
                        }
                    }
                    _ => {}
                }
            }
            if let Op::Call(call) = op {
                match &call.callee {
                    Callee::Body(body) => this.calls.push(*body),
                    Callee::Library(Effect::Exit | Effect::Goexit | Effect::EndTest, _) => {
                        this.ends = true;
                    }
                    callee => this.makes |= makes_context(callee),
                }
            }
            match pipe_of(op) {
                Some(end) => sources(end, &mut |var| match var {
                    Some(var) => this.values.push(var),
                    None => this.matters = true,
                }),
                None => this.matters |= matters_by_itself(op),
            }
            op.exprs(&mut |e| {
                this.makes |= makes_anything(e) || makes_function(e);
                this.structs.extend(e.literal_type());
            });
        }
        this.read = read.into_iter().collect();
        this
    }
}

/// What is remembered of a body.
pub(super) fn gist(body: &Body) -> &Gist {
    body.known(Slot::Gist, Gist::of)
}

/// The end of a pipe that an operation is about.
pub(super) fn pipe_of(op: &Op) -> Option<&Expr> {
    match op {
        Op::Send(ch, ..) | Op::Recv { ch, .. } | Op::Close(ch, _) => {
            matches!(ch, Expr::Pipe(..)).then_some(ch)
        }
        _ => None,
    }
}

/// Whether an operation matters whatever its variables hold and whatever it calls.
fn matters_by_itself(op: &Op) -> bool {
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
            Callee::Named(name) if name == "Done" => true,
            Callee::Unknown | Callee::Named(_) => call.args.iter().any(makes_primitive),
            Callee::Body(_) | Callee::Value(_) | Callee::Panic | Callee::Recover => false,
        },
        _ => false,
    }
}

fn makes_primitive(expr: &Expr) -> bool {
    match expr {
        Expr::MakeChan(..) | Expr::Entries(..) | Expr::Closure(_) => true,
        Expr::Zero(ty, _) => is_lock(ty),
        Expr::Struct(_, fields, ..) => fields.iter().any(|(_, v)| makes_primitive(v)),
        Expr::Slice(values) => values.iter().any(makes_primitive),
        Expr::Addr(inner) => makes_primitive(inner),
        _ => false,
    }
}

/// Whether it makes a function.
fn makes_function(expr: &Expr) -> bool {
    match expr {
        Expr::Closure(_) => true,
        Expr::Addr(inner) => makes_function(inner),
        _ => false,
    }
}

fn makes_context(callee: &Callee) -> bool {
    matches!(
        callee,
        Callee::Library(
            Effect::ContextCancel
                | Effect::ContextNever
                | Effect::GroupContext
                | Effect::Ticker
                | Effect::Cond,
            _
        )
    )
}

/// Whether the end of the body cannot be reached: a helper that always panics or exits.
fn never_returns(body: &Body) -> bool {
    let comes_back = body.walk(0, |_, op| match op {
        Op::Return(_) | Op::End => Walk::Found,
        Op::Call(call)
            if matches!(
                call.callee,
                Callee::Library(Effect::Exit | Effect::Goexit | Effect::EndTest, _)
            ) =>
        {
            Walk::Back
        }
        _ => Walk::On,
    });
    !body.code.is_empty() && !comes_back
}

/// The name of the field or package variable that decides whether a place is read.
fn asked(place: &Expr) -> Option<Name> {
    match place {
        Expr::Field(_, name) | Expr::Global(name) => Some(name.clone()),
        Expr::Index(base, _) => asked(base),
        _ => None,
    }
}

/// What a counted range goes over.
fn subject_of(op: &Op) -> Option<Var> {
    match op {
        Op::RangeNext(subject, ..) => Some(*subject),
        _ => None,
    }
}

/// The key by which an operation looks for an entry of a map.
fn key_of(op: &Op) -> Option<&Expr> {
    match op {
        Op::Branch(Expr::HasKey(_, key), ..) => Some(key),
        Op::Set(Target::Place(Expr::Index(_, key)), Expr::Gone) => Some(key),
        _ => None,
    }
}

/// How often a body is gone through for what its keys are made of.
const PASSES: usize = 8;

/// The variables that keys of maps are made of.
fn keys(body: &Body) -> FxHashSet<Var> {
    let mut keys: FxHashSet<Var> = FxHashSet::default();
    for op in &body.code {
        let stored = match op {
            Op::Set(Target::Place(Expr::Index(_, key)), _) => Some(&**key),
            _ => None,
        };
        for key in key_of(op).into_iter().chain(stored) {
            key.vars(&mut |var| _ = keys.insert(var));
        }
    }
    // A variable mostly gets its value before it is used.
    for _ in 0..PASSES {
        let count = keys.len();
        for op in body.code.iter().rev() {
            if let Op::Set(Target::Var(var), value) = op
                && keys.contains(var)
            {
                value.vars(&mut |var| _ = keys.insert(var));
            }
        }
        if keys.len() == count {
            break;
        }
    }
    keys
}

/// The channels that an operation acts on.
fn channels(op: &Op, f: &mut dyn FnMut(&Expr)) {
    match op {
        Op::Send(ch, ..) | Op::Recv { ch, .. } | Op::Close(ch, _) => f(ch),
        Op::Select { cases, .. } => cases.iter().for_each(|case| f(&case.ch)),
        _ => {}
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
        Expr::Index(a, b)
        | Expr::HasKey(a, b)
        | Expr::StillHas(a, b)
        | Expr::Binary(_, a, b, _) => {
            field_names(a, names);
            field_names(b, names);
        }
        Expr::Deref(a)
        | Expr::Addr(a)
        | Expr::Receiver(a)
        | Expr::Pipe(a, _)
        | Expr::Not(a)
        | Expr::Len(a, _)
        | Expr::Has(a)
        | Expr::Followed(a)
        | Expr::Keys(a)
        | Expr::Grown(a)
        | Expr::Is(a, _)
        | Expr::Answer(a, ..)
        | Expr::Cap(a) => {
            field_names(a, names);
        }
        _ => {}
    }
}
