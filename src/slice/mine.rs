//! Which variables and fields may hold something the system makes, or lead to it.
//!
//! Flow-insensitive, by name for fields: a field counts once any body of the system stores something of ours in a field of
//! that name. It may only say too much; a way that is missed would be an operation nobody sees, and a false alarm.

mod spread;

use super::index::{Index, called_value, has_primitive, named_function};
use super::waiting::may_wait;
use crate::flow::Program;
use crate::flow::ir::{BodyId, Call, Callee, Expr, Op, Var};
use crate::flow::makes_anything;
use crate::resolve::Ty;
use crate::syntax::ast::Name;
use rustc_hash::FxHashSet;
use std::borrow::Cow;
use std::collections::VecDeque;

/// The bodies of a system and what in them is its own.
#[derive(Clone)]
pub(super) struct Mine<'p> {
    index: &'p Index<'p>,
    program: &'p Program,
    bodies: Vec<BodyId>,
    /// Per program body: one more than where its variables start in `vars`, if it belongs to the system.
    offsets: Vec<u32>,
    vars: Vec<bool>,
    fields: FxHashSet<Name>,
    /// Bodies of the system that are used as values, in order.
    as_value: Vec<BodyId>,
    /// Bodies that make something, or call one that does, or are handed something of ours as captured variables.
    active: Vec<bool>,
    /// Called bodies that nothing of ours has been handed to yet.
    quiet: Vec<BodyId>,
    /// Bodies to look at again.
    queue: VecDeque<BodyId>,
    queued: Vec<bool>,
    /// Functions that calls of values are to be held against again.
    values: Vec<BodyId>,
    values_queued: Vec<bool>,
    /// Bodies that were looked at since this was known of a part of the system.
    looked_at: Vec<BodyId>,
    was_looked_at: Vec<bool>,
}

impl<'p> Mine<'p> {
    /// What is known of no system.
    pub(super) fn nothing(index: &'p Index<'p>) -> Self {
        let program = index.program;
        Self {
            index,
            program,
            bodies: Vec::new(),
            offsets: vec![0; program.bodies.len()],
            vars: Vec::new(),
            fields: FxHashSet::default(),
            as_value: Vec::new(),
            active: vec![false; program.bodies.len()],
            quiet: Vec::new(),
            queue: VecDeque::new(),
            queued: vec![false; program.bodies.len()],
            values: Vec::new(),
            values_queued: vec![false; program.bodies.len()],
            looked_at: Vec::new(),
            was_looked_at: vec![false; program.bodies.len()],
        }
    }

    /// The system that starts in `root`, where `self` is one that is part of it. All there is to know is the least that
    /// holds for the root, and for what it leads to, so it makes no difference where one begins.
    pub(super) fn with(mut self, root: BodyId) -> Self {
        for id in self.looked_at.drain(..) {
            self.was_looked_at[id.0 as usize] = false;
        }
        self.join(root);
        loop {
            if let Some(id) = self.queue.pop_front() {
                self.queued[id.0 as usize] = false;
                self.look_at(id);
                self.body(id);
            } else if let Some(id) = self.values.pop() {
                self.values_queued[id.0 as usize] = false;
                self.call_as_value(id);
            } else {
                break;
            }
        }
        self.join_the_quiet();
        self
    }

    fn look_at(&mut self, id: BodyId) {
        if !std::mem::replace(&mut self.was_looked_at[id.0 as usize], true) {
            self.looked_at.push(id);
        }
    }

    /// Adds the bodies that are called and get nothing of ours.
    fn join_the_quiet(&mut self) {
        while let Some(id) = self.quiet.pop() {
            if self.has(id) {
                continue;
            }
            self.join(id);
            self.queued[id.0 as usize] = false;
            for op in &self.program.bodies[id.0 as usize].code {
                if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op
                    && let Callee::Body(callee) = call.callee
                {
                    self.quiet.push(callee);
                }
            }
        }
        self.queue.clear();
    }

    /// Whether a goroutine of the system may wait for something of the system only, where `root` can tell of it.
    pub(super) fn may_be_stuck(&self, root: BodyId) -> bool {
        let waiting = self.index.waiting(root);
        let tells = |id: &&BodyId| self.is_active(**id) && waiting.here[id.0 as usize];
        self.bodies.iter().filter(tells).any(|id| {
            let code = &self.program.bodies[id.0 as usize].code;
            code.iter()
                .any(|op| may_wait(op) && self.is_for_mine(*id, op))
        })
    }

    /// Whether what an operation that may wait waits for is something of ours only.
    fn is_for_mine(&self, id: BodyId, op: &Op) -> bool {
        match op {
            Op::Send(ch, ..) | Op::Recv { ch, .. } => self.operand(id, ch),
            Op::Select { cases, .. } => {
                let served = |ch: &Expr| *ch == Expr::Anytime || !self.operand(id, ch);
                !cases.iter().any(|c| served(&c.ch))
            }
            Op::Call(call) | Op::Defer(call) | Op::Go(call) => {
                let mut args = call.args.first().into_iter();
                args.any(|a| a.group().is_none() && self.expr(id, a))
            }
            _ => false,
        }
    }

    /// The program it is part of.
    pub(super) fn program(&self) -> &'p Program {
        self.program
    }

    /// The bodies of the system.
    pub(super) fn bodies(&self) -> &[BodyId] {
        &self.bodies
    }

    /// The bodies of which something may be known that was not known of the part of the system this began with.
    pub(super) fn looked_at(&self) -> &[BodyId] {
        &self.looked_at
    }

    /// The bodies of the system that may call a body.
    pub(super) fn callers(&self, id: BodyId) -> impl Iterator<Item = BodyId> {
        let is_value = self.is_value(id);
        let index = self.index;
        let by_value = index.value_calls.iter().filter(move |_| is_value);
        let callers = index.callers(id).iter().chain(index.callers_by_name(id));
        callers.chain(by_value.map(|(caller, _)| caller)).copied()
    }

    /// The bodies that mention a field, or a package variable, of this name; those of the system are among them.
    pub(super) fn mentions(&self, name: &Name) -> Cow<'p, [BodyId]> {
        self.index.mentions(name, &self.bodies)
    }

    /// Whether a variable may lead to something of ours.
    pub(super) fn var(&self, body: BodyId, var: Var) -> bool {
        let at = self.offsets[body.0 as usize];
        at > 0 && self.vars[(at - 1 + var) as usize]
    }

    /// Whether a body belongs to the system.
    pub(super) fn has(&self, id: BodyId) -> bool {
        self.offsets[id.0 as usize] > 0
    }

    /// The bodies that a call may run.
    pub(super) fn targets(&self, body: BodyId, call: &Call) -> Vec<BodyId> {
        let mut targets = match (&call.callee, called_value(call)) {
            (Callee::Body(id), _) => vec![*id],
            (Callee::Named(name), _) if call.args.first().is_some_and(|a| self.expr(body, a)) => {
                self.index.named(name).to_vec()
            }
            (_, Some(value)) => match named_function(value) {
                Some(id) => vec![id],
                None => self.values(call).collect(),
            },
            _ => Vec::new(),
        };
        targets.retain(|id| self.has(*id));
        targets
    }

    /// The bodies that a call of any value may run.
    fn values(&self, call: &Call) -> impl Iterator<Item = BodyId> {
        let values = self.as_value.iter().copied();
        values.filter(|id| self.fits(*id, call))
    }

    /// Whether a call of any value may run this one: a library function hands what it runs whatever it takes.
    fn fits(&self, id: BodyId, call: &Call) -> bool {
        matches!(call.callee, Callee::Library(..))
            || self.index.takes[id.0 as usize].fits(call.args.len())
    }

    /// Whether a body is used as a value.
    fn is_value(&self, id: BodyId) -> bool {
        self.as_value.binary_search(&id).is_ok()
    }

    /// Whether a body makes something or calls one that does, or has something of ours.
    pub(super) fn is_active(&self, body: BodyId) -> bool {
        self.active[body.0 as usize]
    }

    /// Whether the value of an expression may lead to something of ours.
    pub(super) fn expr(&self, body: BodyId, expr: &Expr) -> bool {
        let inner = |e: &Expr| self.expr(body, e);
        match expr {
            Expr::Var(var) => self.var(body, *var),
            Expr::MakeChan(..) | Expr::Entries(..) | Expr::Never | Expr::Anytime => true,
            // Others may count on it as well, but in what order our goroutines go on depends on it.
            Expr::Group(_) => true,
            Expr::Closure(id) => self.is_active(*id),
            Expr::Func(func) => self.is_active(BodyId::from(*func)),
            Expr::Method(base, func) => inner(base) || self.is_active(BodyId::from(*func)),
            Expr::Field(base, name) => self.fields.contains(name) && inner(base),
            Expr::Index(base, _)
            | Expr::Deref(base)
            | Expr::Addr(base)
            | Expr::Receiver(base)
            | Expr::Keys(base)
            | Expr::Grown(base)
            | Expr::Pipe(base, _) => inner(base),
            Expr::Struct(ty, fields, ..) => {
                fields.iter().any(|(_, value)| inner(value))
                    || ty.is_some_and(|ty| has_primitive(&self.program.types, &Ty::Named(ty), 0))
            }
            Expr::Zero(ty, _) => makes_anything(expr) || has_primitive(&self.program.types, ty, 0),
            Expr::Slice(values) => values.iter().any(inner),
            Expr::Append(base, values) => inner(base) || values.iter().any(inner),
            _ => false,
        }
    }

    /// The same for the operand of an operation on a channel, where `nil` matters as well.
    pub(super) fn operand(&self, body: BodyId, expr: &Expr) -> bool {
        *expr == Expr::Nil || self.expr(body, expr)
    }
}
