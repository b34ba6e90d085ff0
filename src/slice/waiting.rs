//! Where goroutines may wait, and who leads there: what a search from elsewhere could tell nothing about is not searched.

use super::index::Index;
use crate::flow::ir::{BodyId, Call, Callee, Expr, Op};
use crate::library::Effect;

/// Bodies in which a goroutine may wait.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) here: Vec<bool>,
    /// The bodies that lead to one, through calls, literals, functions as values, and methods known by name.
    ahead: Vec<bool>,
}

impl Waiting {
    pub(super) fn new(index: &Index<'_>, here: Vec<bool>) -> Self {
        Self {
            ahead: index.before(here.clone()),
            here,
        }
    }

    /// Whether `body` is or leads to one of them.
    pub(super) fn is_ahead_of(&self, body: BodyId) -> bool {
        self.ahead[body.0 as usize]
    }
}

impl Index<'_> {
    /// The bodies that may run in another goroutine than the one that starts a system: what `go` starts, functions that
    /// are used as values, and what those call. Literals that are called where they stand, deferred or handed to a test
    /// of tests run in the goroutine of the test.
    pub(super) fn beside(&self) -> Vec<bool> {
        let bodies = &self.program.bodies;
        let mut beside = vec![false; bodies.len()];
        let mut queue = Vec::new();
        let mut add = |id: BodyId, queue: &mut Vec<BodyId>| {
            if !std::mem::replace(&mut beside[id.0 as usize], true) {
                queue.push(id);
            }
        };
        for op in bodies.iter().flat_map(|body| &body.code) {
            if let Op::Go(call) = op {
                self.called_by(call).for_each(|id| add(id, &mut queue));
            }
            let in_place = in_place(op);
            op.exprs(&mut |e| {
                e.functions(&mut |func| add(func.into(), &mut queue));
                e.closures(&mut |literal| {
                    if !in_place.contains(&literal) {
                        add(literal, &mut queue);
                    }
                });
            });
        }
        while let Some(id) = queue.pop() {
            for op in &bodies[id.0 as usize].code {
                if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op {
                    self.called_by(call).for_each(|id| add(id, &mut queue));
                    in_place(op).into_iter().for_each(|id| add(id, &mut queue));
                }
            }
        }
        beside
    }

    /// The bodies that a call names.
    fn called_by<'c>(&'c self, call: &'c Call) -> impl Iterator<Item = BodyId> + 'c {
        let (one, many): (_, &[BodyId]) = match &call.callee {
            Callee::Value(Expr::Func(func) | Expr::Method(_, func)) => (Some((*func).into()), &[]),
            Callee::Named(name) => (None, self.named(name)),
            _ => (call.body(), &[]),
        };
        one.into_iter().chain(many.iter().copied())
    }
}

/// The literals that a call runs where it stands.
fn in_place(op: &Op) -> Vec<BodyId> {
    let (Op::Call(call) | Op::Defer(call)) = op else {
        return Vec::new();
    };
    let literal = |e: &Expr| match e {
        Expr::Closure(id) => Some(*id),
        _ => None,
    };
    match &call.callee {
        Callee::Value(value) => literal(value).into_iter().collect(),
        Callee::Library(Effect::CallTest, _) => call.args.iter().filter_map(literal).collect(),
        _ => Vec::new(),
    }
}

/// Where both are.
pub(super) fn both(one: &[bool], other: &[bool]) -> Vec<bool> {
    one.iter().zip(other).map(|(a, b)| *a && *b).collect()
}

/// Whether a goroutine may have to wait at an operation.
pub(super) fn may_wait(op: &Op) -> bool {
    match op {
        Op::Send(..) | Op::Recv { .. } => true,
        Op::Select { default, .. } => default.is_none(),
        Op::Call(call) | Op::Defer(call) | Op::Go(call) => match &call.callee {
            Callee::Library(effect, _) => effect.waits(),
            Callee::Named(name) => name == "Wait",
            _ => false,
        },
        _ => false,
    }
}
