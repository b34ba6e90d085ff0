//! Which variables may hold a primitive, or something that leads to one: everything else is plain data that no search
//! has to look at.
//!
//! In: bodies. Out: a flag per variable, by a fixpoint over the whole package, tied together through captures and calls: a
//! parameter holds what some caller passes. Callers elsewhere only have what has already left. What a body says about
//! this by itself ([`Holding`]) is read off it once; the fixpoint goes over that alone.

use super::facts::Slot;
use super::holds::{Holds, is_plain, leads_to_channel, sources};
use super::ir::{Body, BodyId, Call, Callee, Expr, Op, Target, Var};
use super::links::Links;
use super::users::Users;
use crate::library::Effect;
use crate::resolve::{FuncId, Ty, TypeDef};
use crate::syntax::ast::Name;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What a body says by itself about which of its variables hold something.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Holding {
    /// The variables that do in any case.
    base: Vec<bool>,
    /// Per variable, those that hold something when it does.
    into: Vec<Vec<Var>>,
    /// What is handed to bodies that are known.
    passes: Vec<Pass>,
    /// The variables that hold something when a result of a body does.
    results: Vec<(BodyId, Vec<Var>)>,
    /// What is handed to function values.
    to_values: By,
    /// What is handed to methods that are known by name alone.
    to_named: Vec<(Name, By)>,
    /// What is stored into a parameter.
    stored: Vec<(Var, By)>,
    /// The functions that are mentioned as values, wherever in an expression.
    mentions: Vec<FuncId>,
    /// The methods that are bound to a receiver, with the variables in that.
    bound: Vec<(BodyId, Vec<Var>)>,
}

/// Why something may hold a primitive: in any case, or because one of some variables does.
#[derive(Debug, Default, PartialEq)]
struct By {
    always: bool,
    vars: Vec<Var>,
}

/// A call of a body that is known.
#[derive(Debug, PartialEq)]
struct Pass {
    callee: BodyId,
    /// Whether it is a declared function, called by its name.
    named: bool,
    /// Whether the call runs in a goroutine of its own.
    starts: bool,
    /// Whether what it returns is called with a function or something that may hold a primitive.
    gives_function: bool,
    args: Vec<Arg>,
}

#[derive(Debug, PartialEq)]
struct Arg {
    by: By,
    /// Every variable in it.
    vars: Vec<Var>,
}

impl By {
    fn of(expr: &Expr) -> Self {
        let mut by = Self::default();
        by.add(expr);
        by
    }

    fn add(&mut self, expr: &Expr) {
        sources(expr, &mut |var| match var {
            Some(var) => self.vars.push(var),
            None => self.always = true,
        });
    }

    fn holds(&self, holds: &[bool]) -> bool {
        self.always || self.vars.iter().any(|var| holds[*var as usize])
    }
}

impl Holding {
    fn of(body: &Body) -> Self {
        let count = body.vars.len();
        let mut this = Self {
            base: vec![false; count],
            into: vec![Vec::new(); count],
            ..Self::default()
        };
        for op in &body.code {
            this.op(body, op);
        }
        this.note_functions(body);
        // What holds in any case flows on in any case.
        let base: Vec<Var> = (0..count as Var)
            .filter(|var| this.base[*var as usize])
            .collect();
        this.base.fill(false);
        let mut holds = std::mem::take(&mut this.base);
        base.into_iter()
            .for_each(|var| this.mark(body, &mut holds, var));
        this.base = holds;
        this
    }

    fn op(&mut self, body: &Body, op: &Op) {
        let mut by = By::default();
        match op {
            Op::Set(_, value) => by.add(value),
            // What comes out of a channel may be anything that was put into it.
            Op::Recv { ch, .. } => by.add(ch),
            Op::Select { cases, .. } => cases.iter().for_each(|case| by.add(&case.ch)),
            Op::Call(call) => {
                self.call(call, false);
                match &call.callee {
                    Callee::Library(effect, _) => by.always = *effect != Effect::Inert,
                    Callee::Body(callee) => {
                        let written = written(op);
                        if !written.is_empty() {
                            self.results.push((*callee, written));
                        }
                    }
                    Callee::Named(_) | Callee::Value(_) => by.always = true,
                    _ => {}
                }
            }
            Op::Go(call) => self.call(call, true),
            Op::Defer(call) => self.call(call, false),
            Op::RangeNext(subject, ..) => by.vars.push(*subject),
            Op::Return(values) => {
                for (result, value) in body.results.iter().zip(values) {
                    self.flow(&By::of(value), &[*result]);
                }
            }
            _ => {}
        }
        self.flow(&by, &written(op));
        self.stores(body, op);
        op.exprs(&mut |e| {
            e.functions(&mut |func| self.mentions.push(func));
            self.binds(e);
        });
    }

    /// Notes the calls that return a function which is called in turn, with more than plain data.
    fn note_functions(&mut self, body: &Body) {
        let mut called = vec![false; self.into.len()];
        for op in &body.code {
            if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op
                && let Callee::Value(Expr::Var(function)) = call.callee
            {
                called[function as usize] |= call.args.iter().any(|arg| {
                    let by = By::of(arg);
                    by.always || !by.vars.is_empty()
                });
            }
        }
        let leads = |var: Var| {
            called[var as usize]
                || self.into[var as usize]
                    .iter()
                    .any(|to| called[*to as usize])
        };
        let calls = body.code.iter().filter_map(|op| match op {
            Op::Call(call) => Some((op, call.body()?)),
            _ => None,
        });
        let giving: Vec<BodyId> = calls
            .filter(|(op, _)| written(op).into_iter().any(leads))
            .map(|(_, callee)| callee)
            .collect();
        for pass in &mut self.passes {
            pass.gives_function |= giving.contains(&pass.callee);
        }
    }

    /// Notes the methods that an expression binds to a receiver.
    fn binds(&mut self, expr: &Expr) {
        if let Expr::Method(receiver, func) = expr {
            let mut vars = Vec::new();
            receiver.vars(&mut |var| vars.push(var));
            self.bound.push((BodyId::from(*func), vars));
        }
        expr.children(&mut |child| self.binds(child));
    }

    fn flow(&mut self, by: &By, to: &[Var]) {
        for to in to {
            self.base[*to as usize] |= by.always;
            for from in &by.vars {
                let into = &mut self.into[*from as usize];
                if from != to && !into.contains(to) {
                    into.push(*to);
                }
            }
        }
    }

    fn call(&mut self, call: &Call, starts: bool) {
        let (callee, named) = match &call.callee {
            Callee::Body(body) => (*body, true),
            Callee::Value(value) => {
                call.args.iter().for_each(|arg| self.to_values.add(arg));
                let Expr::Closure(body) = value else { return };
                (*body, false)
            }
            Callee::Named(name) => {
                let mut by = By::default();
                call.args.iter().for_each(|arg| by.add(arg));
                self.to_named.push((name.clone(), by));
                return;
            }
            _ => return,
        };
        let arg = |arg: &Expr| {
            let mut vars = Vec::new();
            arg.vars(&mut |var| vars.push(var));
            Arg {
                by: By::of(arg),
                vars,
            }
        };
        self.passes.push(Pass {
            callee,
            named,
            starts,
            gives_function: false,
            args: call.args.iter().map(arg).collect(),
        });
    }

    /// Notes what an operation stores into parameters.
    fn stores(&mut self, body: &Body, op: &Op) {
        places(op, &mut |place| {
            place.vars(&mut |var| {
                if body.params.contains(&var) {
                    let by = match op {
                        Op::Set(_, value) => By::of(value),
                        // What a call or receive stores may be anything.
                        _ => By {
                            always: true,
                            vars: Vec::new(),
                        },
                    };
                    self.stored.push((var, by));
                }
            });
        });
    }

    /// A variable holds something, and so does what it flows into.
    fn mark(&self, body: &Body, holds: &mut [bool], var: Var) {
        let mut todo = vec![var];
        while let Some(var) = todo.pop() {
            let plain = is_plain(&body.vars[var as usize].ty);
            if !plain && !std::mem::replace(&mut holds[var as usize], true) {
                todo.extend(&self.into[var as usize]);
            }
        }
    }

    /// Calls `calls` on every function of the package that the body calls by its name, or mentions as a value, with
    /// whether the call runs in a goroutine of its own and whether the function may be handed something; and `named` on
    /// the names of methods that are handed something.
    pub(super) fn demands(
        &self,
        holds: &[bool],
        calls: &mut dyn FnMut(FuncId, bool, bool),
        named: &mut dyn FnMut(&Name),
    ) {
        for pass in self.passes.iter().filter(|pass| pass.named) {
            let handed = pass.gives_function || pass.args.iter().any(|arg| arg.by.holds(holds));
            calls(FuncId(pass.callee.0), pass.starts, handed);
        }
        for (name, by) in &self.to_named {
            if by.holds(holds) {
                named(name);
            }
        }
        // Functions that are used as values may be called with anything.
        for id in &self.mentions {
            calls(*id, false, true);
        }
    }
}

/// What is remembered of a body.
pub(super) fn holding(body: &Body) -> &Holding {
    body.known(Slot::Holding, Holding::of)
}

/// The variables that an operation writes, and those in the places that it writes to.
fn written(op: &Op) -> Vec<Var> {
    let mut vars = Vec::new();
    op.writes(&mut |var| vars.push(var));
    places(op, &mut |place| place.vars(&mut |var| vars.push(var)));
    vars
}

/// Calls `f` on every place other than a variable that the operation writes to.
fn places(op: &Op, f: &mut dyn FnMut(&Expr)) {
    op.targets(&mut |target| {
        if let Target::Place(place) = target {
            f(place);
        }
    });
}

/// Whether it is a named type of the package, or a pointer to one.
fn named(ty: &Ty) -> bool {
    match ty {
        Ty::Named(_) => true,
        Ty::Ptr(inner) => named(inner),
        _ => false,
    }
}

/// A flag for each variable of each body, all in one place.
#[derive(Clone, Debug)]
pub(super) struct Flags {
    /// Where those of each body begin, and where the last ones end.
    starts: Vec<usize>,
    flags: Vec<bool>,
}

impl Flags {
    /// Those of a body.
    pub(super) fn of(&self, index: usize) -> &[bool] {
        &self.flags[self.starts[index]..self.starts[index + 1]]
    }

    /// The same by body.
    pub(super) fn into_holds(self) -> Holds {
        let starts = self.starts.windows(2);
        starts.map(|at| self.flags[at[0]..at[1]].to_vec()).collect()
    }

    fn of_mut(&mut self, index: usize) -> &mut [bool] {
        &mut self.flags[self.starts[index]..self.starts[index + 1]]
    }

    fn has(&self, index: usize, var: Var) -> bool {
        self.flags[self.starts[index] + var as usize]
    }
}

/// Which variables may hold something.
pub(super) fn holding_vars(bodies: &[Arc<Body>], types: &[TypeDef]) -> Flags {
    let facts: Vec<&Holding> = bodies.iter().map(|body| holding(body)).collect();
    let mut starts = Vec::with_capacity(bodies.len() + 1);
    starts.push(0);
    let mut flags = Vec::new();
    for facts in &facts {
        flags.extend_from_slice(&facts.base);
        starts.push(flags.len());
    }
    let mut holder = Holder {
        bodies,
        gains: Flags {
            flags: vec![false; flags.len()],
            starts: starts.clone(),
        },
        holds: Flags { starts, flags },
        by_name: None,
        any_value: false,
        users: users(bodies, &facts),
        again: vec![true; bodies.len()],
        queue: (0..bodies.len()).rev().collect(),
        facts,
    };
    let mut leading: FxHashMap<&Ty, bool> = FxHashMap::default();
    for (index, body) in bodies.iter().enumerate() {
        // Whoever has a value of such a type may hand it to any function that takes one.
        for param in &body.params {
            let ty = &body.vars[*param as usize].ty;
            let leads = || leads_to_channel(types, ty, 0);
            if named(ty) && *leading.entry(ty).or_insert_with(leads) {
                holder.mark(index, *param);
            }
        }
    }
    while let Some(index) = holder.queue.pop() {
        holder.again[index] = false;
        holder.body(index);
    }
    holder.holds
}

struct Holder<'b> {
    bodies: &'b [Arc<Body>],
    facts: Vec<&'b Holding>,
    holds: Flags,
    /// Per body, the variables into what they lead to something is put, by it, its literals or what it calls.
    gains: Flags,
    /// Bodies by the last part of their name, for calls resolved by name alone; nothing before somebody asks.
    by_name: Option<FxHashMap<&'b str, Vec<usize>>>,
    /// Whether function values were handed something.
    any_value: bool,
    /// Which bodies look at the variables of each.
    users: Users,
    /// Which bodies have to be looked at again, and all of those.
    again: Vec<bool>,
    queue: Vec<usize>,
}

/// Which bodies look at the variables of each: its callers, its literals, the body it stands in.
fn users(bodies: &[Arc<Body>], facts: &[&Holding]) -> Users {
    let mut literals: Vec<(BodyId, BodyId)> = Vec::new();
    for (index, body) in bodies.iter().enumerate() {
        literals.extend(body.parent.map(|parent| (parent, BodyId(index as u32))));
    }
    literals.sort_unstable();
    Users::of(bodies.len(), |index, f| {
        let body = BodyId(index as u32);
        bodies[index].parent.into_iter().for_each(&mut *f);
        let first = literals.partition_point(|(parent, _)| *parent < body);
        let own = literals[first..].iter();
        own.take_while(|(parent, _)| *parent == body)
            .for_each(|(_, literal)| f(*literal));
        let results = facts[index].results.iter().map(|(callee, _)| *callee);
        let bound = facts[index].bound.iter().map(|(method, _)| *method);
        let passes = facts[index].passes.iter().map(|p| p.callee);
        passes.chain(results).chain(bound).for_each(f);
    })
}

/// Bodies by the last part of their name.
fn by_name(bodies: &[Arc<Body>]) -> FxHashMap<&str, Vec<usize>> {
    let mut by_name: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (index, body) in bodies.iter().enumerate() {
        let method = body.simple_name();
        by_name.entry(method).or_default().push(index);
    }
    by_name
}

impl Holder<'_> {
    fn mark(&mut self, index: usize, var: Var) {
        let body = &self.bodies[index];
        let holds = self.holds.of_mut(index);
        if holds[var as usize] || is_plain(&body.vars[var as usize].ty) {
            return;
        }
        self.facts[index].mark(body, holds, var);
        self.again_with_users(index);
    }

    /// Something is put into what a variable leads to.
    fn gain(&mut self, index: usize, var: Var) {
        self.mark(index, var);
        let plain = is_plain(&self.bodies[index].vars[var as usize].ty);
        let gains = self.gains.of_mut(index);
        if !plain && !std::mem::replace(&mut gains[var as usize], true) {
            self.again_with_users(index);
        }
    }

    fn again_with_users(&mut self, index: usize) {
        for again in self.users.users(index).chain([index]) {
            if !std::mem::replace(&mut self.again[again], true) {
                self.queue.push(again);
            }
        }
    }

    fn body(&mut self, index: usize) {
        let facts = self.facts[index];
        for (param, by) in &facts.stored {
            if self.holds.has(index, *param) && by.holds(self.holds.of(index)) {
                self.gain(index, *param);
            }
        }
        for pass in &facts.passes {
            self.pass(index, pass);
        }
        for (method, vars) in &facts.bound {
            let receiver = self.bodies[method.0 as usize].params.first();
            if receiver.is_some_and(|r| self.gains.has(method.0 as usize, *r)) {
                vars.iter().for_each(|var| self.gain(index, *var));
            }
        }
        for (callee, written) in &facts.results {
            let (callee, body) = (callee.0 as usize, &self.bodies[callee.0 as usize]);
            let mut results = body.results.iter();
            if results.any(|result| self.holds.has(callee, *result)) {
                written.iter().for_each(|var| self.mark(index, *var));
            }
        }
        let bodies = self.bodies;
        // Once is enough: whatever is marked stays marked.
        if !self.any_value && facts.to_values.holds(self.holds.of(index)) {
            self.any_value = true;
            for body in bodies {
                let links = Links::of(body);
                let values = links.closures.iter().chain(&links.functions);
                values.for_each(|id| self.pass_any(id.0 as usize));
            }
        }
        for (name, by) in &facts.to_named {
            if by.holds(self.holds.of(index)) {
                let known = self.by_name.get_or_insert_with(|| by_name(bodies));
                let targets = known.remove(name.as_str()).unwrap_or_default();
                targets.into_iter().for_each(|t| self.pass_any(t));
            }
        }
        if let Some(parent) = bodies[index].parent {
            for (outer, inner) in &bodies[index].captures {
                let parent = parent.0 as usize;
                if self.holds.has(parent, *outer) {
                    self.mark(index, *inner);
                }
                if self.holds.has(index, *inner) {
                    self.mark(parent, *outer);
                }
                if self.gains.has(index, *inner) {
                    self.gain(parent, *outer);
                }
            }
        }
    }

    fn pass(&mut self, index: usize, pass: &Pass) {
        let target = pass.callee.0 as usize;
        let bodies = self.bodies;
        let params = &bodies[target].params;
        for (at, arg) in pass.args.iter().enumerate() {
            let Some(param) = params.get(at.min(params.len().saturating_sub(1))) else {
                continue;
            };
            if arg.by.holds(self.holds.of(index)) {
                self.mark(target, *param);
            }
            if self.gains.has(target, *param) {
                // The callee puts something into what it is handed.
                arg.vars.iter().for_each(|var| self.gain(index, *var));
            }
        }
    }

    fn pass_any(&mut self, target: usize) {
        let bodies = self.bodies;
        for param in &bodies[target].params {
            self.mark(target, *param);
        }
    }
}
