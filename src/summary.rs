//! What the rest of a body can still do to what a variable leads to, and which variables it still reads.
//!
//! In: a [`Program`]. Out: [`Summaries`], a backward dataflow over each body (kill at every new life of a variable), tied
//! together through calls until nothing changes. It may only say *too much*: a partner that is not there after all keeps
//! a leak silent, one that is missed would be a false alarm. Deliberately absent: values; the explorer joins the two.
//!
//! [`calls`] says what a call does to what it is handed, [`order`] which bodies are looked at and in which order.

use crate::flow::ir::{Body, BodyId, Expr, Op, Pc, Target, Var};
use crate::flow::{Links, Program};
use crate::syntax::ast::Name;
use std::sync::Arc;
use std::sync::OnceLock;

mod calls;
mod earlier;
mod future;
mod live;
mod order;

pub use calls::lent;
pub use earlier::Earlier;
use future::Carried;
pub use future::Future;
pub use live::{Live, liveness};
pub use order::uses_first;
use order::{callees_first, dependents, needed};

/// A set of things that can be done to a primitive.
pub type Acts = u16;
/// A send.
pub const SEND: Acts = 1;
/// A receive.
pub const RECV: Acts = 2;
/// A close.
pub const CLOSE: Acts = 4;
/// `WaitGroup.Done`, or an `Add` that may be negative.
pub const DONE: Acts = 8;
/// A call of a function value (which may be a cancel function).
pub const CALL: Acts = 16;
/// It may go where nobody follows it.
pub const ANY: Acts = 32;

/// `Ticker.Stop`.
pub const STOP: Acts = 128;
/// `Ticker.Reset`.
pub const RESET: Acts = 256;

/// The outside has acted on it in this run: what it would do next is a guess.
pub const TOUCHED: Acts = 64;

/// An `Add` to a wait group of the package.
pub const ADD: Acts = 512;

/// `Mutex.Lock` or `RWMutex.Lock`, or one for reading.
pub const LOCK: Acts = 1024;

/// An `Unlock` of what was locked before.
pub const UNLOCK: Acts = 2048;

/// `Cond.Signal` or `Cond.Broadcast`.
pub const SIGNAL: Acts = 4096;

/// `Cond.Wait`.
pub const AWAIT: Acts = 8192;

/// It may be sent on a channel, or returned: whoever gets it does with it what the package does with what it gets so.
pub const PASSED: Acts = 16384;

/// Stands for the package where a way begins at one of its wait groups, which is the field then.
pub const PACKAGE: Var = Var::MAX;

/// A way from a variable to a primitive: its value itself, or a field of that name of anything it leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// The variable.
    pub var: Var,
    /// The field (`[]` for elements); `None` for the value itself.
    pub field: Option<Name>,
}

/// The dataflow facts of one body, per position.
#[derive(Default)]
struct Facts {
    futures: OnceLock<Vec<Arc<Future>>>,
    live: OnceLock<Live>,
}

/// Summaries of all bodies of a program.
pub struct Summaries<'p> {
    program: &'p Program,
    entries: Entries,
    facts: Vec<Facts>,
}

/// What bodies do to their parameters and captured variables, as far as anybody has asked.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    futures: Vec<Future>,
    known: Vec<bool>,
}

impl Entries {
    /// What a body does to its parameters and captured variables, from its start.
    pub fn of(&self, body: BodyId) -> &Future {
        &self.futures[body.0 as usize]
    }
}

/// The field name that stands for elements.
const ELEMENT: Name = Name::new_static("[]");

impl<'p> Summaries<'p> {
    /// Computes the fixpoint over the bodies that `roots` lead to; what is in `earlier` is not computed again.
    pub fn new(program: &'p Program, roots: &[BodyId], mut earlier: Entries) -> Self {
        let count = program.bodies.len();
        let mut facts = Vec::new();
        facts.resize_with(count, Facts::default);
        earlier.futures.resize_with(count, Future::default);
        earlier.known.resize(count, false);
        let mut this = Self {
            program,
            entries: earlier,
            facts,
        };
        let has_groups = program.bodies.iter().any(|body| Links::of(body).groups);
        let dependents = dependents(program);
        let mut queued = needed(program, roots);
        for (index, known) in this.entries.known.iter_mut().enumerate() {
            // All that a known body calls is known as well.
            let wanted = std::mem::replace(&mut queued[index], false);
            queued[index] = wanted && !*known;
            *known |= wanted;
        }
        let mut queue: std::collections::VecDeque<usize> = callees_first(&dependents)
            .into_iter()
            .filter(|i| queued[*i])
            .collect();
        while let Some(index) = queue.pop_front() {
            queued[index] = false;
            let body = &program.bodies[index];
            if body.params.is_empty() && body.captures.is_empty() && !has_groups {
                // There is nothing to say about it.
                continue;
            }
            let mut entry = this
                .flow(index)
                .first()
                .map(|f| (**f).clone())
                .unwrap_or_default();
            entry.retain(|var| {
                var == PACKAGE
                    || body.params.contains(&var)
                    || body.captures.iter().any(|(_, inner)| *inner == var)
            });
            if entry != this.entries.futures[index] {
                this.entries.futures[index] = entry;
                for dependent in &dependents[index] {
                    if !std::mem::replace(&mut queued[*dependent], true) {
                        queue.push_back(*dependent);
                    }
                }
            }
        }
        this
    }

    /// What a body does to its parameters and captured variables, from its start.
    pub fn entry(&self, body: BodyId) -> &Future {
        self.entries.of(body)
    }

    /// What bodies do to their parameters.
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// What has been computed, for a program with more bodies.
    pub fn into_entries(self) -> Entries {
        self.entries
    }

    /// What can still be done from each position of a body on.
    pub fn futures(&self, id: BodyId) -> &[Arc<Future>] {
        self.facts[id.0 as usize]
            .futures
            .get_or_init(|| self.flow(id.0 as usize))
    }

    /// Which variables of a body are still read.
    pub fn live(&self, id: BodyId) -> &Live {
        self.facts[id.0 as usize]
            .live
            .get_or_init(|| liveness(&self.program.bodies[id.0 as usize]))
    }

    fn flow(&self, index: usize) -> Vec<Arc<Future>> {
        let body = &self.program.bodies[index];
        let holds = &self.program.holds[index];
        let empty = Arc::new(Future::default());
        let mut before = vec![Arc::clone(&empty); body.code.len()];
        // Where loops begin: what is said of them is used before it is known.
        let mut loops = vec![false; body.code.len()];
        let mut again = true;
        while again {
            again = false;
            for pc in (0..body.code.len()).rev() {
                let mut carried: Option<Carried<'_>> = None;
                body.code[pc].successors(pc as Pc, &mut |next| {
                    let next = next as usize;
                    let Some(future) = before.get(next) else {
                        return;
                    };
                    if next <= pc {
                        loops[next] = true;
                    }
                    match &mut carried {
                        Some(carried) => carried.join(future),
                        None => carried = Some(Carried::new(Arc::clone(future), holds)),
                    }
                });
                let mut carried =
                    carried.unwrap_or_else(|| Carried::new(Arc::clone(&empty), holds));
                self.transfer(body, &body.code[pc], &mut carried);
                let future = carried.into_future();
                if !Arc::ptr_eq(&future, &before[pc]) {
                    again |= loops[pc] && future != before[pc];
                    before[pc] = future;
                }
            }
        }
        before
    }

    fn transfer(&self, body: &Body, op: &Op, future: &mut Carried<'_>) {
        match op {
            Op::Declare(var) => {
                future.kill(*var);
            }
            Op::Set(Target::Var(var), value) => {
                let moved = future.kill(*var);
                // A captured variable is seen by others as soon as it is written.
                let shared = body.vars[*var as usize].cell && way_of(value).is_some();
                self.flow_into(value, &moved, future);
                if shared {
                    give(value, ANY, future);
                }
            }
            Op::Set(Target::Place(place), value) => {
                self.hand_over(value, future);
                if let Some(key) = crate::flow::key_of(place) {
                    self.hand_over(key, future);
                }
            }
            Op::Send(ch, _, value) => {
                add(ch, SEND, future);
                self.pass_on(value, future);
            }
            Op::Recv { ch, dests, .. } => {
                kill_targets(dests, future);
                add(ch, RECV, future);
            }
            Op::Select { cases, .. } => {
                for case in cases {
                    add(&case.ch, if case.send { SEND } else { RECV }, future);
                    self.pass_on(&case.value, future);
                }
            }
            Op::Close(ch, _) => add(ch, CLOSE, future),
            Op::Call(call) | Op::Go(call) | Op::Defer(call) => {
                kill_targets(&call.dests, future);
                self.call(body, call, future);
            }
            Op::Return(values) => {
                for value in values {
                    self.pass_on(value, future);
                }
                for result in &body.results {
                    future.set(*result, None, PASSED);
                }
            }
            Op::End => {
                for result in &body.results {
                    future.set(*result, None, PASSED);
                }
            }
            Op::RangeNext(subject, _, Some(item), ..) => {
                let moved = future.kill(*item);
                let element = Expr::Index(Box::new(Expr::Var(*subject)), Box::new(Expr::Nil));
                self.flow_into(&element, &moved, future);
            }
            _ => {}
        }
    }

    /// The value of `expr` becomes what `moved` says will be acted on.
    fn flow_into(&self, expr: &Expr, moved: &[(Option<Name>, Acts)], future: &mut Carried<'_>) {
        if moved.is_empty() || is_data(expr) {
            return;
        }
        if let Some(way) = way_of(expr) {
            let fields = moved
                .iter()
                .map(|(field, acts)| (field.as_ref().or(way.field.as_ref()), *acts));
            future.add_all(way.var, fields);
            return;
        }
        if let Some(group) = expr.group() {
            future.add_all(PACKAGE, moved.iter().map(|(_, acts)| (Some(group), *acts)));
            return;
        }
        let literal = match expr {
            Expr::Addr(inner) => inner,
            other => other,
        };
        if let Expr::Struct(_, parts, ..) = literal {
            for (name, part) in parts {
                // What is done to a field of that name is done to the part, or to what it leads to.
                let mut to_part = moved.to_vec();
                to_part.extend(
                    moved
                        .iter()
                        .filter(|(field, _)| field.as_ref() == Some(name))
                        .map(|(_, acts)| (None, *acts)),
                );
                self.flow_into(part, &to_part, future);
            }
            return;
        }
        self.run_mentioned(expr, future);
        let all = moved.iter().fold(0, |all, (_, acts)| all | acts);
        let mut vars = Vec::new();
        expr.vars(&mut |var| vars.push(var));
        for var in vars {
            let fields = moved.iter().map(|(field, acts)| (field.as_ref(), *acts));
            future.add_all(var, fields.chain([(None, all)]));
        }
        if let Expr::Method(receiver, func) = expr {
            self.apply(BodyId::from(*func), 0, receiver, future);
        }
    }
}

/// Which variable (and field) `expr` reads its value from, if it is a plain path.
pub fn way_of(expr: &Expr) -> Option<Way> {
    match expr {
        Expr::Var(var) => Some(Way {
            var: *var,
            field: None,
        }),
        Expr::Field(base, name) => way_of(base).map(|w| Way {
            var: w.var,
            field: Some(name.clone()),
        }),
        Expr::Index(base, _) => way_of(base).map(|w| Way {
            var: w.var,
            field: Some(ELEMENT),
        }),
        Expr::Deref(base)
        | Expr::Addr(base)
        | Expr::Receiver(base)
        | Expr::Pipe(base, _)
        | Expr::Keys(base)
        | Expr::Grown(base) => way_of(base),
        _ => None,
    }
}

fn add(expr: &Expr, acts: Acts, future: &mut Carried<'_>) {
    // What may be no pipe has a method in view that may do anything.
    let acts = match expr {
        Expr::Pipe(_, false) => acts | ANY,
        _ => acts,
    };
    if let Some(way) = way_of(expr) {
        future.add(way.var, way.field.as_ref(), acts);
    } else if let Some(group) = expr.group() {
        future.add(PACKAGE, Some(group), acts);
    }
}

/// This is not done any more to what `expr` is itself.
fn take(expr: &Expr, acts: Acts, future: &mut Carried<'_>) {
    let near = match expr {
        Expr::Receiver(inner) => inner,
        expr => expr,
    };
    let plain = match near {
        Expr::Field(base, _) => matches!(**base, Expr::Var(_)),
        expr => matches!(expr, Expr::Var(_)),
    };
    if plain && let Some(way) = way_of(near) {
        future.take(way.var, way.field.as_ref(), acts);
    }
}

/// Whether evaluating `expr` yields a number, a string or a truth value: nothing that leads anywhere.
fn is_data(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Binary(..)
            | Expr::Not(_)
            | Expr::Len(..)
            | Expr::Cap(_)
            | Expr::Has(_)
            | Expr::Followed(_)
            | Expr::HasKey(..)
            | Expr::StillHas(..)
            | Expr::Answer(..)
            | Expr::Is(..)
    )
}

fn give(expr: &Expr, acts: Acts, future: &mut Carried<'_>) {
    if is_data(expr) {
        return;
    }
    if let Some(way) = way_of(expr) {
        future.add(way.var, way.field.as_ref(), acts);
        return;
    }
    if let Some(group) = expr.group() {
        future.add(PACKAGE, Some(group), acts);
    }
    match expr {
        // What is put together leads to its parts, and not to what they are parts of.
        Expr::Append(..) | Expr::Slice(_) | Expr::Struct(..) => {
            expr.children(&mut |part| give(part, acts, future));
        }
        expr => expr.vars(&mut |var| future.add(var, None, acts)),
    }
}

fn kill_targets(targets: &[Target], future: &mut Carried<'_>) {
    for target in targets {
        if let Target::Var(var) = target {
            future.kill(*var);
        }
    }
}
