//! Which operations of a system can make a difference to what it makes.
//!
//! An operation is relevant when it acts on something of ours, hands it on, may end the goroutine, or computes a value that
//! a relevant operation reads. A branch is relevant when different relevant operations come next on its sides, or when one
//! side never comes to any. All ways out of a body on which no result matters are the same.
//!
//! The marker goes from body to body until nothing changes: [`matters`] says which operations stay, [`reads`] what those
//! read.

use super::mine::Mine;
use crate::flow::Program;
use crate::flow::answers::is_repeated;
use crate::flow::ir::{Body, BodyId, Call, Callee, Expr, Op, Target, Var};
use crate::flow::{Ahead, Next, look_ahead};
use crate::library::{Effect, ends_by_name};
use crate::syntax::ast::Name;
use rustc_hash::FxHashSet;
use std::collections::VecDeque;
use std::sync::Arc;

mod matters;
mod reads;

pub(super) use matters::is_apart;
use matters::runs_relevant;

/// What stays of one body.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) ops: Vec<bool>,
    pub(super) vars: Vec<bool>,
    /// What comes next from each position on.
    pub(super) ahead: Ahead,
    /// Whether a call of it makes a difference.
    matters: bool,
    /// Whether a call of it always ends the program.
    dies: bool,
    /// What `ahead` was worked out from: how many operations stay, and how often a body was found to end the program.
    seen: Option<(usize, u32)>,
}

impl Part {
    /// Nothing of `body`.
    fn of(body: &Body) -> Self {
        Self {
            ops: vec![false; body.code.len()],
            vars: vec![false; body.vars.len()],
            ahead: Ahead::default(),
            matters: body.recovers || body.partial,
            dies: false,
            seen: None,
        }
    }
}

/// What stays of a system.
#[derive(Clone)]
pub(super) struct Relevant {
    /// One more than where each body of the program is in `parts`, if it belongs to the system.
    at: Vec<u32>,
    /// Shared with the systems that this one is part of.
    parts: Vec<Arc<Part>>,
    /// Names of fields and package variables that are read.
    pub(super) fields: FxHashSet<Name>,
    /// Whether a received value makes a difference.
    pub(super) received: bool,
    /// Whether somebody recovers from panics.
    recovers: bool,
    /// Whether what ends a test ends its goroutine only.
    exits_strand: bool,
    /// How often what is known of a body that ends the program has changed.
    deaths: u32,
}

impl Relevant {
    /// What stays of the system `mine`. `known`: the same of the part of it that `mine` began with.
    pub(super) fn of(mine: &Mine<'_>, exits_strand: bool, known: Option<&Self>) -> Self {
        let program = mine.program();
        let recovers = |id: &BodyId| program.bodies[id.0 as usize].recovers;
        let recovers = mine.bodies().iter().any(recovers);
        // Where somebody recovers, what ends the program elsewhere does not.
        let known = known.filter(|known| known.recovers == recovers);
        let mut relevant = known.cloned().unwrap_or_else(|| Self {
            at: vec![0; program.bodies.len()],
            parts: Vec::new(),
            fields: FxHashSet::default(),
            received: false,
            exits_strand,
            recovers,
            deaths: 0,
        });
        // A system begins with the bodies of its part.
        let new = &mine.bodies()[relevant.parts.len()..];
        for id in new {
            relevant
                .parts
                .push(Arc::new(Part::of(&program.bodies[id.0 as usize])));
            relevant.at[id.0 as usize] = relevant.parts.len() as u32;
        }
        let mut marker = Marker {
            program,
            mine,
            relevant,
            queue: VecDeque::new(),
            queued: vec![false; program.bodies.len()],
        };
        // Callees first, as far as the order in which they were met says so.
        for id in new.iter().rev().chain(mine.looked_at()) {
            marker.again(*id);
        }
        while let Some(id) = marker.queue.pop_front() {
            marker.queued[id.0 as usize] = false;
            marker.body(id);
        }
        marker.relevant
    }

    /// What stays of a body of the system.
    pub(super) fn part(&self, id: BodyId) -> Option<&Part> {
        let index = self.at.get(id.0 as usize)?.checked_sub(1)?;
        self.parts.get(index as usize).map(|part| &**part)
    }

    /// Whether a variable is read.
    pub(super) fn var(&self, id: BodyId, var: Var) -> bool {
        self.part(id).is_some_and(|p| p.vars[var as usize])
    }

    /// Whether a call of the body makes a difference.
    pub(super) fn matters(&self, id: BodyId) -> bool {
        self.part(id).is_none_or(|p| p.matters)
    }

    /// Whether an operation ends the program.
    pub(super) fn dies(&self, op: &Op) -> bool {
        match op {
            Op::Panic => !self.recovers,
            Op::Call(call) => match &call.callee {
                Callee::Panic => !self.recovers,
                Callee::Library(Effect::Exit, _) => true,
                Callee::Library(Effect::EndTest, _) => !self.exits_strand,
                Callee::Named(name) => ends_by_name(name) && !self.exits_strand,
                Callee::Body(id) => self.part(*id).is_some_and(|p| p.dies),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the value of a field with this name is needed, or leads to something of ours.
    pub(super) fn field(&self, mine: &Mine<'_>, id: BodyId, name: &Name, value: &Expr) -> bool {
        self.fields.contains(name) || mine.operand(id, value)
    }

    /// Whether what is written to `target` is needed.
    pub(super) fn target(&self, id: BodyId, target: &Target) -> bool {
        match target {
            Target::Ignore => false,
            Target::Var(var) => self.var(id, *var),
            Target::Place(place) => self.place(id, place),
        }
    }

    /// Whether code that is not followed, handed this, may write where something is read: it is the address of that.
    fn may_be_written(&self, id: BodyId, arg: &Expr) -> bool {
        matches!(arg, Expr::Addr(_)) && self.place(id, arg)
    }

    /// Whether a place is read.
    fn place(&self, id: BodyId, place: &Expr) -> bool {
        match place {
            Expr::Field(_, name) | Expr::Global(name) => self.fields.contains(name),
            // A map that is asked for its length or for an entry gets one more.
            Expr::Index(base, _) => match &**base {
                Expr::Var(var) => self.var(id, *var),
                base => self.place(id, base),
            },
            // A write through a pointer: to what, nobody says.
            Expr::Deref(_) | Expr::Group(_) => true,
            Expr::Addr(base) | Expr::Receiver(base) | Expr::Pipe(base, _) => self.place(id, base),
            Expr::Var(var) => self.var(id, *var),
            _ => false,
        }
    }
}

struct Marker<'a, 'p> {
    program: &'p Program,
    mine: &'a Mine<'p>,
    relevant: Relevant,
    queue: VecDeque<BodyId>,
    queued: Vec<bool>,
}

impl Marker<'_, '_> {
    /// What stays of a body, to be changed: from here on this system has its own.
    fn part(&mut self, id: BodyId) -> Option<&mut Part> {
        let index = self.relevant.at[id.0 as usize].checked_sub(1)?;
        self.relevant
            .parts
            .get_mut(index as usize)
            .map(Arc::make_mut)
    }

    fn again(&mut self, id: BodyId) {
        if self.relevant.part(id).is_some()
            && !std::mem::replace(&mut self.queued[id.0 as usize], true)
        {
            self.queue.push_back(id);
        }
    }

    /// Whoever may call a body looks again.
    fn again_callers(&mut self, id: BodyId) {
        let mine = self.mine;
        for caller in mine.callers(id) {
            self.again(caller);
        }
    }

    fn body(&mut self, id: BodyId) {
        let body = &self.program.bodies[id.0 as usize];
        let mut again = true;
        while std::mem::take(&mut again) {
            self.look_ahead(id, body);
            for pc in (0..body.code.len()).rev() {
                let known = self.relevant.part(id).is_none_or(|p| p.ops[pc]);
                if known {
                    self.use_more(id, &body.code[pc]);
                } else if self.is_relevant(id, body, pc) {
                    self.keep(id, body, pc);
                    again = true;
                }
            }
        }
        self.tie_captures(id, body);
        // Whoever calls a body that never returns does not go on either.
        let endless = !body.code.is_empty()
            && self
                .relevant
                .part(id)
                .is_some_and(|p| p.ahead.next[0] == Next::Nothing && !p.ops[0]);
        if endless {
            self.matter(id);
        }
    }

    fn look_ahead(&mut self, id: BodyId, body: &Body) {
        let Some(part) = self.relevant.part(id) else {
            return;
        };
        // Operations only ever come to stay.
        let now = Some((
            part.ops.iter().filter(|op| **op).count(),
            self.relevant.deaths,
        ));
        if part.seen == now {
            return;
        }
        let ahead = look_ahead(body, &part.ops, &|op| self.relevant.dies(op));
        if let Some(part) = self.part(id) {
            let dies = ahead.next.first() == Some(&Next::Dead);
            let changed = std::mem::replace(&mut part.dies, dies) != dies;
            part.ahead = ahead;
            part.seen = now;
            if changed {
                self.relevant.deaths += 1;
                self.again_callers(id);
            }
        }
    }

    fn matter(&mut self, id: BodyId) {
        if !self.relevant.matters(id)
            && let Some(part) = self.part(id)
        {
            part.matters = true;
            self.again_callers(id);
        }
    }

    fn keep(&mut self, id: BodyId, body: &Body, pc: usize) {
        let op = &body.code[pc];
        if let Some(part) = self.part(id) {
            part.ops[pc] = true;
        }
        let silent = match op {
            Op::Return(_) | Op::End | Op::Declare(_) | Op::Renew(_) => true,
            // A captured variable is seen by others.
            Op::Set(Target::Var(var), _) => !body.captures.iter().any(|(_, inner)| inner == var),
            _ => false,
        };
        if !silent {
            self.matter(id);
        }
        self.use_more(id, op);
    }
}

/// Whether an argument of a call that stays is needed.
pub(super) fn needs_arg(
    program: &Program,
    relevant: &Relevant,
    mine: &Mine<'_>,
    (id, call): (BodyId, &Call),
    targets: &[BodyId],
    (index, arg): (usize, &Expr),
) -> bool {
    if mine.operand(id, arg)
        || runs_relevant(program, relevant, id, arg)
        || is_repeated(&program.bodies[id.0 as usize], call)
    {
        return true;
    }
    match &call.callee {
        Callee::Unknown | Callee::Named(_) if relevant.may_be_written(id, arg) => true,
        // What a library call does may depend on its plain arguments too.
        Callee::Library(..) => true,
        // The receiver says what is called; how much is added, where that is a wait group behind an interface.
        Callee::Named(name) if index == 0 || name == "Add" => true,
        _ => targets.iter().any(|target| {
            let params = &program.bodies[target.0 as usize].params;
            // A bound receiver may come first.
            let last = params.len().saturating_sub(1);
            let near = index.saturating_sub(1)..=index + 1;
            near.into_iter().any(|i| {
                params
                    .get(i.min(last))
                    .is_some_and(|p| relevant.var(*target, *p))
            })
        }),
    }
}

/// Whether the value of a result is needed.
pub(super) fn keeps_result(
    relevant: &Relevant,
    mine: &Mine<'_>,
    id: BodyId,
    result: Var,
    value: &Expr,
) -> bool {
    relevant.var(id, result) || mine.expr(id, value)
}
