//! Which operations of a system can make a difference to what it makes.
//!
//! An operation is relevant when it acts on something of ours, hands it on, may end the goroutine, or computes a value that
//! a relevant operation reads. A branch is relevant when different relevant operations come next on its sides, or when one
//! side never comes to any. All ways out of a body on which no result matters are the same.

use super::effects::{is_check, may_end, only_gives, runs, writes_receiver};
use super::mine::Mine;
use crate::flow::Program;
use crate::flow::ir::{Asserted, Body, BodyId, Call, Callee, Expr, FOREIGN, Op, Pc, Target, Var};
use crate::flow::{Ahead, Next, is_plain, key_of, look_ahead};
use crate::library::{Effect, ends_by_name};
use crate::syntax::ast::Name;
use rustc_hash::FxHashSet;
use std::collections::VecDeque;

/// What stays of one body.
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

/// What stays of a system.
pub(super) struct Relevant {
    parts: Vec<Option<Part>>,
    /// Names of fields and package variables that are read.
    pub(super) fields: FxHashSet<Name>,
    /// Whether a received value makes a difference.
    pub(super) received: bool,
    /// Whether somebody recovers from panics.
    recovers: bool,
    /// Whether what ends a test ends its goroutine only.
    exits_strand: bool,
}

impl Relevant {
    pub(super) fn of(program: &Program, mine: &Mine<'_>, exits_strand: bool) -> Self {
        let mut parts = Vec::new();
        parts.resize_with(program.bodies.len(), || None);
        for id in mine.bodies() {
            let body = &program.bodies[id.0 as usize];
            parts[id.0 as usize] = Some(Part {
                ops: vec![false; body.code.len()],
                vars: vec![false; body.vars.len()],
                ahead: Ahead::default(),
                matters: body.recovers || body.partial,
                dies: false,
                seen: None,
            });
        }
        let mut marker = Marker {
            program,
            mine,
            relevant: Self {
                parts,
                fields: FxHashSet::default(),
                received: false,
                exits_strand,
                recovers: mine
                    .bodies()
                    .iter()
                    .any(|id| program.bodies[id.0 as usize].recovers),
            },
            queue: VecDeque::new(),
            queued: vec![false; program.bodies.len()],
            deaths: 0,
        };
        // Callees first, as far as the order in which they were met says so.
        for id in mine.bodies().iter().rev() {
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
        self.parts.get(id.0 as usize)?.as_ref()
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
            Expr::Deref(_) => true,
            Expr::Addr(base) | Expr::Receiver(base) => self.place(id, base),
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
    /// How often what is known of a body that ends the program has changed.
    deaths: u32,
}

impl Marker<'_, '_> {
    fn part(&mut self, id: BodyId) -> Option<&mut Part> {
        self.relevant.parts[id.0 as usize].as_mut()
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
        let now = Some((part.ops.iter().filter(|op| **op).count(), self.deaths));
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
                self.deaths += 1;
                self.again_callers(id);
            }
        }
    }

    fn matter(&mut self, id: BodyId) {
        if let Some(part) = self.part(id)
            && !std::mem::replace(&mut part.matters, true)
        {
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

    /// Marks what a relevant operation reads.
    fn use_more(&mut self, id: BodyId, op: &Op) {
        match op {
            Op::Set(target, value) => {
                self.read_target(id, target);
                self.read(id, value);
            }
            Op::Branch(cond, ..) => self.read(id, cond),
            Op::RangeNext(subject, counter, ..) => {
                self.read_var(id, *subject);
                self.read_var(id, *counter);
            }
            Op::Send(ch, _, value) => {
                self.read(id, ch);
                if self.relevant.received || self.mine.operand(id, value) {
                    self.read(id, value);
                }
            }
            Op::Recv { ch, dests, .. } => {
                self.read(id, ch);
                self.take(id, &dests[0]);
                self.read_target(id, &dests[1]);
            }
            Op::Select { cases, .. } => {
                for case in cases {
                    self.read(id, &case.ch);
                    if case.send {
                        if self.relevant.received || self.mine.operand(id, &case.value) {
                            self.read(id, &case.value);
                        }
                    } else {
                        self.take(id, &case.dests[0]);
                        self.read_target(id, &case.dests[1]);
                    }
                }
            }
            Op::Close(ch, _) => self.read(id, ch),
            Op::Call(call) | Op::Go(call) | Op::Defer(call) => self.use_call(id, call),
            Op::Return(values) => {
                let results = &self.program.bodies[id.0 as usize].results;
                for (result, value) in results.iter().zip(values) {
                    if self.keeps_result(id, *result, value) {
                        self.read(id, value);
                    }
                }
            }
            Op::Recover(target) => self.read_target(id, target),
            _ => {}
        }
    }

    /// A received value.
    fn take(&mut self, id: BodyId, target: &Target) {
        self.read_target(id, target);
        if !self.relevant.received && self.relevant.target(id, target) {
            self.relevant.received = true;
            for body in self.mine.bodies().to_vec() {
                self.again(body);
            }
        }
    }

    fn use_call(&mut self, id: BodyId, call: &Call) {
        call.dests.iter().for_each(|d| self.read_target(id, d));
        if let Callee::Value(value) = &call.callee {
            self.read(id, value);
        }
        let targets = self.mine.targets(id, call);
        for (index, arg) in call.args.iter().enumerate() {
            if self.needs_arg(id, call, &targets, index, arg) {
                self.read(id, arg);
            }
        }
        for target in targets {
            let callee = &self.program.bodies[target.0 as usize];
            for (dest, result) in call.dests.iter().zip(&callee.results) {
                if self.relevant.target(id, dest) {
                    self.read_var(target, *result);
                }
            }
        }
    }

    fn needs_arg(
        &self,
        id: BodyId,
        call: &Call,
        targets: &[BodyId],
        index: usize,
        arg: &Expr,
    ) -> bool {
        needs_arg(
            self.program,
            &self.relevant,
            self.mine,
            (id, call),
            targets,
            (index, arg),
        )
    }

    fn keeps_result(&self, id: BodyId, result: Var, value: &Expr) -> bool {
        keeps_result(&self.relevant, self.mine, id, result, value)
    }

    fn read_target(&mut self, id: BodyId, target: &Target) {
        // Where a value is stored is looked up; what is there is not.
        match target {
            Target::Place(Expr::Field(base, _)) => self.read(id, base),
            Target::Place(place) => self.read(id, place),
            _ => {}
        }
    }

    fn read_var(&mut self, id: BodyId, var: Var) {
        if let Some(part) = self.part(id)
            && !std::mem::replace(&mut part.vars[var as usize], true)
        {
            self.again(id);
            let body = &self.program.bodies[id.0 as usize];
            if body.vars[var as usize].cell {
                if let Some(parent) = body.parent {
                    self.again(parent);
                }
                for literal in &self.program.literals[id.0 as usize] {
                    self.again(*literal);
                }
            }
            if body.params.contains(&var) {
                self.again_callers(id);
            }
        }
    }

    fn read(&mut self, id: BodyId, expr: &Expr) {
        match expr {
            Expr::Var(var) => self.read_var(id, *var),
            Expr::Field(base, name) => {
                self.read_name(name);
                self.read(id, base);
            }
            Expr::Global(name) => self.read_name(name),
            Expr::Is(base, asserted) => {
                if let Asserted::Foreign(..) = asserted {
                    self.read_name(&FOREIGN);
                }
                self.read(id, base);
            }
            Expr::Struct(_, fields, ..) => {
                for (name, value) in fields {
                    if self.relevant.field(self.mine, id, name, value) {
                        self.read(id, value);
                    }
                }
            }
            Expr::Closure(literal) => {
                let captures = &self.program.bodies[literal.0 as usize].captures;
                for (outer, inner) in captures {
                    if self.relevant.var(*literal, *inner) {
                        self.read_var(id, *outer);
                    }
                }
            }
            other => other.children(&mut |child| self.read(id, child)),
        }
    }

    fn read_name(&mut self, name: &Name) {
        if !self.relevant.fields.contains(name) {
            self.relevant.fields.insert(name.clone());
            let mine = self.mine;
            for body in mine.mentions(name) {
                self.again(*body);
            }
        }
    }

    fn is_relevant(&self, id: BodyId, body: &Body, pc: usize) -> bool {
        let op = &body.code[pc];
        let mine = |e: &Expr| self.mine.expr(id, e);
        let operand = |e: &Expr| self.mine.operand(id, e);
        let written = || {
            let mut any = false;
            op.writes(&mut |v| any |= self.relevant.var(id, v));
            any
        };
        if self.relevant.dies(op) {
            return false;
        }
        match op {
            Op::Nop | Op::Jump(..) | Op::End => false,
            Op::Declare(var) | Op::Renew(var) => self.relevant.var(id, *var),
            Op::Set(Target::Ignore, _) => false,
            Op::Set(Target::Var(var), value) => {
                let result = body.results.contains(var);
                self.relevant.var(id, *var) || (result && mine(value))
            }
            Op::Set(target @ Target::Place(place), value) => {
                mine(value) || key_of(place).is_some_and(mine) || self.relevant.target(id, target)
            }
            Op::Branch(cond, yes, no) => {
                self.decides(id, pc) || (self.is_check(id, *yes, *no) && self.is_read(id, cond))
            }
            Op::Choose(_) => self.decides(id, pc),
            Op::RangeNext(..) => written() || self.decides(id, pc),
            Op::Send(ch, _, value) => operand(ch) || mine(value),
            Op::Recv { ch, dests, .. } => {
                operand(ch) || dests.iter().any(|d| self.relevant.target(id, d))
            }
            Op::Select { cases, .. } => {
                // One without cases is where a goroutine stays.
                cases.is_empty()
                    || self.decides(id, pc)
                    || cases.iter().any(|c| {
                        operand(&c.ch)
                            || mine(&c.value)
                            || c.dests.iter().any(|d| self.relevant.target(id, d))
                    })
            }
            Op::Close(ch, _) => operand(ch),
            Op::Go(call) => {
                // How many were started tells how a wait group came to be what it is.
                self.call_matters(id, call) || body.code.iter().any(|op| self.is_counted(id, op))
            }
            Op::Call(call) | Op::Defer(call) => {
                call.dests.iter().any(|d| self.relevant.target(id, d))
                    || self.call_matters(id, call)
            }
            Op::Return(values) => body
                .results
                .iter()
                .zip(values)
                .any(|(result, value)| self.keeps_result(id, *result, value)),
            Op::Panic => self.relevant.recovers,
            Op::Recover(_) => true,
        }
    }

    /// Whether a wait group of ours is told to wait for more.
    fn is_counted(&self, id: BodyId, op: &Op) -> bool {
        matches!(op, Op::Call(Call { callee: Callee::Library(Effect::WaitAdd, _), args, .. })
            if args.first().is_some_and(|group| self.mine.expr(id, group)))
    }

    fn call_matters(&self, id: BodyId, call: &Call) -> bool {
        let mine = |e: &Expr| self.mine.expr(id, e);
        let passed = || {
            let runs = |e: &Expr| runs_relevant(self.program, &self.relevant, id, e);
            call.args.iter().any(|e| mine(e) || runs(e))
        };
        match &call.callee {
            Callee::Body(callee) => {
                self.relevant.matters(*callee)
                    && !is_apart(self.program, self.mine, id, call, *callee)
            }
            Callee::Value(Expr::Closure(callee)) => self.relevant.matters(*callee),
            Callee::Value(value) => mine(value) || passed(),
            Callee::Named(name) => passed() || (self.relevant.exits_strand && ends_by_name(name)),
            Callee::Library(effect, argument) => {
                if is_check(*effect) && !self.relevant.exits_strand {
                    return call.args.iter().any(|a| self.is_read(id, a));
                }
                if may_end(*effect) || is_check(*effect) {
                    return true;
                }
                if only_gives(*effect) {
                    return false;
                }
                if writes_receiver(*effect) {
                    let stored = call.args.iter().skip(1).any(mine);
                    let read = call
                        .args
                        .first()
                        .is_some_and(|r| self.relevant.place(id, r));
                    return stored || read;
                }
                if runs(*effect, *argument, call).is_some() {
                    let targets = self.mine.targets(id, call);
                    return passed() || targets.iter().any(|t| self.relevant.matters(*t));
                }
                passed()
            }
            Callee::Close(_) => call.args.iter().any(|a| self.mine.operand(id, a)),
            Callee::Panic => self.relevant.recovers,
            Callee::Recover => true,
            Callee::Unknown => passed(),
        }
    }

    /// Whether the program ends on one side only.
    fn is_check(&self, id: BodyId, yes: Pc, no: Pc) -> bool {
        let dies = |pc: Pc| {
            let part = self.relevant.part(id);
            part.is_some_and(|p| p.ahead.next.get(pc as usize) == Some(&Next::Dead))
        };
        dies(yes) != dies(no)
    }

    /// Whether what an expression is about, or what was computed together with it, is read elsewhere, or comes from an
    /// operation that matters: then a check of it is worth knowing.
    fn is_read(&self, id: BodyId, expr: &Expr) -> bool {
        match expr {
            Expr::Var(var) => {
                let body = &self.program.bodies[id.0 as usize];
                let part = self.relevant.part(id);
                let comes_with = |(pc, op): (usize, &Op)| {
                    let (mut itself, mut other) = (false, false);
                    op.writes(&mut |v| {
                        itself |= v == *var;
                        other |= self.relevant.var(id, v);
                    });
                    // The two values of one operation may be set one by one.
                    let beside = |other: &Op| {
                        let mut read = false;
                        other.writes(&mut |v| read |= v != *var && self.relevant.var(id, v));
                        read
                    };
                    let near = pc.saturating_sub(1)..(pc + 2).min(body.code.len());
                    let mut near = near.filter(|at| body.spans[*at] == body.spans[pc]);
                    itself
                        && (other
                            || part.is_some_and(|p| p.ops[pc])
                            || near.any(|at| beside(&body.code[at])))
                };
                self.relevant.var(id, *var) || body.code.iter().enumerate().any(comes_with)
            }
            Expr::Field(base, name) => {
                self.relevant.fields.contains(name) && self.is_read(id, base)
            }
            other => {
                let mut any = false;
                other.children(&mut |child| any |= self.is_read(id, child));
                any
            }
        }
    }

    /// Whether it depends on this operation what comes next.
    fn decides(&self, id: BodyId, pc: usize) -> bool {
        let part = self.relevant.part(id);
        part.is_some_and(|p| p.ahead.deciding.binary_search(&(pc as Pc)).is_ok())
    }

    fn tie_captures(&mut self, id: BodyId, body: &Body) {
        let Some(parent) = body.parent else { return };
        for (outer, inner) in &body.captures {
            if self.relevant.var(parent, *outer) {
                self.read_var(id, *inner);
            }
            if self.relevant.var(id, *inner) {
                self.read_var(parent, *outer);
            }
        }
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
    if mine.operand(id, arg) || runs_relevant(program, relevant, id, arg) {
        return true;
    }
    match &call.callee {
        // What a library call does may depend on its plain arguments too.
        Callee::Library(..) => true,
        // The receiver says what is called.
        Callee::Named(_) if index == 0 => true,
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

/// Whether a called function has primitives of its own and nothing else to do with the system: whether it leaks is judged
/// where it is looked at by itself, and here it comes back.
pub(super) fn is_apart(
    program: &Program,
    mine: &Mine<'_>,
    id: BodyId,
    call: &Call,
    callee: BodyId,
) -> bool {
    let body = &program.bodies[callee.0 as usize];
    mine.is_active(callee)
        && !body.ends
        && !call.args.iter().any(|arg| mine.expr(id, arg))
        && !body.results.iter().any(|result| mine.var(callee, *result))
}

/// Whether a value is a function literal, or a variable that holds one, that makes a difference when it is run.
fn runs_relevant(program: &Program, relevant: &Relevant, id: BodyId, value: &Expr) -> bool {
    let mut any = false;
    let mut literal = |e: &Expr| e.closures(&mut |body| any |= relevant.matters(body));
    literal(value);
    if let Expr::Var(var) = value {
        let body = &program.bodies[id.0 as usize];
        if is_plain(&body.vars[*var as usize].ty) {
            return false;
        }
        for op in &body.code {
            if let Op::Set(Target::Var(to), held) = op
                && to == var
            {
                literal(held);
            }
        }
    }
    any
}
