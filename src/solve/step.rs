//! Local steps: runs a process up to its next operation that others can see, or to a point where control may go
//! several ways.

use super::counts::Bound;
use super::eval::ATOMIC;
use super::idle::Round;
use super::machine::{COUNT_LIMIT, Machine};
use super::state::{Act, Event, Happening, Leaving, Obj, ObjId, Outside, Prepared, State, Value};
use crate::flow::ir::{BodyId, Expr, JumpKind, Op, Pc, Target};
use crate::library::Effect;
use crate::source::Span;
use crate::syntax::ast::BinaryOp;

/// What one local operation led to.
pub(super) enum Flow {
    /// The process goes on.
    Next,
    /// It waits at an operation that others can see.
    Parked,
    /// Control may go several ways.
    Fork(Vec<State>),
    /// The program ends, or the run is given up.
    Dead,
}

impl Machine<'_> {
    /// Runs the processes that have to run; returns every state this may lead to. A returned state either has nobody
    /// left to run or stands right behind a fork.
    pub fn advance(&self, mut state: State) -> Vec<State> {
        let mut round = Round::default();
        while let Some(&proc) = state.todo.last() {
            if state.procs[proc].ended() {
                state.todo.pop();
                continue;
            }
            if round.is_idle(self, &state, proc) {
                self.abstain("idle-loop");
                // It stays where it is, with all that it may still do.
                state.todo.pop();
                round.is_over();
                continue;
            }
            let leaving = state.procs[proc]
                .frames
                .last()
                .is_some_and(|f| f.leaving != Leaving::No);
            let flow = if leaving {
                self.leave(&mut state, proc)
            } else {
                self.local(&mut state, proc)
            };
            match flow {
                Flow::Next => {}
                Flow::Parked => {
                    state.todo.pop();
                }
                Flow::Fork(states) => return states,
                Flow::Dead => return Vec::new(),
            }
        }
        vec![state]
    }

    /// Adds to the log, if one is kept.
    pub(super) fn note(
        &self,
        state: &mut State,
        proc: usize,
        pc: Pc,
        what: Happening,
        on: Option<ObjId>,
    ) {
        if state.log.is_none() {
            return;
        }
        let body = state.procs[proc]
            .frames
            .last()
            .map_or(BodyId(0), |f| f.body);
        let help = self.watched_has_help(state);
        let id = state.procs[proc].id;
        if let Some(log) = &mut state.log {
            let event = Event {
                proc: id,
                at: (body, pc),
                what,
                on,
                help,
            };
            log.tracks.note(&event);
            log.events.push(event);
        }
    }

    /// An operation on an atomic variable. One of the system itself is followed exactly; of others nothing is known.
    pub(super) fn atomic(
        &self,
        state: &mut State,
        proc: usize,
        effect: Effect,
        call: &Prepared,
        dests: &[Target],
    ) {
        let receiver = call.args.first().copied().unwrap_or(Value::Nil);
        let operand = call.args.get(1).copied().unwrap_or(Value::Nil);
        let ours = state.object(&receiver).is_some_and(|id| !state.escaped(id));
        if !ours {
            state.escape(&operand);
            let value = self.unknown_result(state, proc, call.pc);
            if let Value::Sym(sym, _) = value {
                state.known(sym).counter = matches!(effect, Effect::AtomicAdd | Effect::AtomicCas);
            }
            self.set_dest(state, proc, dests, 0, value);
            return;
        }
        // A plain variable, by its address, or a value of an atomic type.
        let plain = match receiver {
            Value::Ref(id) if matches!(state.heap[id as usize], Obj::Cell(_)) => Some(id),
            _ => None,
        };
        let old = match plain {
            Some(id) => state.held_in(Value::Val(id)),
            None => self.load_field(state, proc, &receiver, &ATOMIC),
        };
        let old = state.norm(&old);
        let (new, result) = match effect {
            Effect::AtomicLoad => (None, old),
            Effect::AtomicStore => (Some(operand), Value::Nil),
            Effect::AtomicSwap => (Some(operand), old),
            Effect::AtomicAdd => {
                if let Value::Sym(sym, _) = old {
                    state.known(sym).drawn = true;
                }
                let sum =
                    self.arithmetic(state, proc, BinaryOp::Add, &old, &operand, Span::default());
                (Some(sum), sum)
            }
            _ => match self.compare(state, BinaryOp::Eq, &old, &operand) {
                Some(true) => (call.args.get(2).copied(), Value::Bool(true)),
                Some(false) => (None, Value::Bool(false)),
                None => {
                    let value = self.unknown_result(state, proc, call.pc);
                    if let Value::Sym(sym, _) = value {
                        state.known(sym).counter = true;
                    }
                    (None, value)
                }
            },
        };
        if let Some(new) = new {
            match plain {
                Some(id) => {
                    state.put_in(Value::Val(id), new);
                }
                None => self.store_field(state, &receiver, &ATOMIC, new),
            }
        }
        self.set_dest(state, proc, dests, 0, result);
    }

    /// Whether a read from a pipe or a write to one needs nobody: it is closed, or others have it.
    fn is_done_at_once(state: &State, pipe: &Value) -> bool {
        state.object(pipe).is_none_or(|id| {
            let closed = matches!(state.heap[id as usize], Obj::Chan { closed: true, .. });
            closed || state.escaped(id)
        })
    }

    pub(super) fn count_outside(&self, ch: &Value) {
        if self.outside_of(ch) == Some(Outside::Other) {
            self.abstain("outside-channel");
        }
    }

    pub(super) fn go_to(state: &mut State, proc: usize, pc: Pc) {
        if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
            frame.pc = pc;
        }
    }

    pub(super) fn park(state: &mut State, proc: usize, act: Act, pc: Pc) -> Flow {
        state.proc_mut(proc).park = Some((act, pc));
        Flow::Parked
    }

    pub(super) fn local(&self, state: &mut State, proc: usize) -> Flow {
        let Some(frame) = state.procs[proc].frames.last() else {
            return Flow::Parked;
        };
        let (body_id, pc) = (frame.body, frame.pc);
        let body = self.body(body_id);
        let Some(op) = body.code.get(pc as usize) else {
            // A body that could not be lowered at all.
            if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
                frame.leaving = Leaving::Return;
            }
            return Flow::Next;
        };
        match op {
            Op::Nop => Self::go_to(state, proc, pc + 1),
            Op::Declare(var) => {
                if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
                    frame.vars[*var as usize] = Value::Unset;
                }
                Self::go_to(state, proc, pc + 1);
            }
            Op::Renew(var) => {
                if body.vars[*var as usize].cell {
                    let value = self.read_var(state, proc, *var);
                    let cell = state.alloc(Obj::Cell(value));
                    if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
                        frame.vars[*var as usize] = Value::Ref(cell);
                    }
                }
                Self::go_to(state, proc, pc + 1);
            }
            Op::Set(Target::Place(Expr::Index(map, key)), Expr::Gone) => {
                let taken = std::mem::take(state);
                let outcomes = self.delete(taken, proc, map, key).into_iter();
                return self.decided(state, proc, pc, outcomes.map(|s| (s, pc + 1)));
            }
            Op::Set(Target::Place(Expr::Keys(map)), Expr::Gone) => {
                let map = self.eval(state, proc, map);
                self.empty_map(state, proc, &map);
                Self::go_to(state, proc, pc + 1);
            }
            Op::Set(target, value) => {
                let value = self.eval(state, proc, value);
                if matches!(value, Value::Int(n) if n > COUNT_LIMIT) && body.in_loop[pc as usize] {
                    self.abstain("count-limit");
                    return Flow::Dead;
                }
                let shown = self.is_shown(state, proc, target, &value);
                self.assign(state, proc, target, value);
                Self::go_to(state, proc, pc + 1);
                self.note(state, proc, pc, Happening::Local, None);
                if shown {
                    Self::pause(state, proc, pc);
                }
            }
            Op::Jump(to, kind) => {
                Self::go_to(state, proc, *to);
                if *kind != JumpKind::Plain {
                    self.note(state, proc, pc, Happening::Jumped(*kind), None);
                }
            }
            Op::Branch(cond, yes, no) => {
                let is_loop = body.loop_conds.contains(&pc);
                if is_loop && state.log.is_some() {
                    let counted =
                        crate::model::mentions_count(cond) || self.is_counted(state, proc, cond);
                    if let Some(log) = &mut state.log {
                        log.counted |= counted;
                    }
                }
                if body.in_loop[pc as usize] && self.asks_a_record(state, proc, body, cond) {
                    return Flow::Dead;
                }
                let bounds = if is_loop {
                    self.bounds(state, proc, cond)
                } else {
                    Vec::new()
                };
                let mut outcomes = self.decide(std::mem::take(state), proc, cond, is_loop);
                let looks_up = body.in_loop[pc as usize] && matches!(cond, Expr::HasKey(..));
                for (state, goes_on) in &mut outcomes {
                    Self::at_head(state, proc, (body_id, pc), &bounds, *goes_on);
                    if looks_up && !*goes_on {
                        Self::pause(state, proc, pc);
                    }
                }
                return self.decided(
                    state,
                    proc,
                    pc,
                    outcomes
                        .into_iter()
                        .map(|(s, b)| (s, if b { *yes } else { *no })),
                );
            }
            Op::Choose(targets) => {
                let taken = std::mem::take(state);
                return self.decided(state, proc, pc, targets.iter().map(|t| (taken.clone(), *t)));
            }
            Op::RangeNext(subject, counter, item, start, exit) => {
                return self.range_next(
                    state,
                    proc,
                    pc,
                    (*subject, *counter, *item),
                    (*start, *exit),
                );
            }
            Op::Send(ch, _, value) => {
                if self.is_nil_of_others(state, proc, ch) || self.is_not_set_up(state, proc, ch) {
                    return self.not_ours();
                }
                let is_pipe = matches!(ch, Expr::Pipe(..));
                let ch = self.eval(state, proc, ch);
                if is_pipe && Self::is_done_at_once(state, &ch) {
                    Self::go_to(state, proc, pc + 1);
                    return Flow::Next;
                }
                let value = self.eval(state, proc, value);
                self.count_outside(&ch);
                return Self::park(state, proc, Act::Send(ch, value), pc);
            }
            Op::Recv {
                ch,
                range,
                dests,
                ch_span,
            } => {
                if self.is_nil_of_others(state, proc, ch) || self.is_not_set_up(state, proc, ch) {
                    return self.not_ours();
                }
                let is_pipe = matches!(ch, Expr::Pipe(..));
                let ch = self.eval(state, proc, ch);
                if is_pipe && Self::is_done_at_once(state, &ch) {
                    let more = match state.object(&ch).map(|id| &state.heap[id as usize]) {
                        Some(Obj::Chan { closed: true, .. }) => Value::Bool(false),
                        _ => self.fresh(state, proc, *ch_span),
                    };
                    self.set_dest(state, proc, dests, 1, more);
                    Self::go_to(state, proc, pc + 1);
                    return Flow::Next;
                }
                self.count_outside(&ch);
                return Self::park(state, proc, Act::Recv(ch, *range), pc);
            }
            Op::Select { cases, default } => {
                let cases = cases
                    .iter()
                    .map(|c| {
                        (
                            c.send,
                            self.eval(state, proc, &c.ch),
                            self.eval(state, proc, &c.value),
                        )
                    })
                    .collect();
                return Self::park(state, proc, Act::Select(cases, default.is_some()), pc);
            }
            Op::Close(ch, _) => {
                let ch = self.eval(state, proc, ch);
                Self::go_to(state, proc, pc + 1);
                return Self::park(state, proc, Act::Close(ch), pc);
            }
            Op::Call(call) => {
                let prepared = self.prepare(state, proc, call, pc);
                Self::go_to(state, proc, pc + 1);
                return self.dispatch(state, proc, prepared, &call.dests, false);
            }
            Op::Go(call) => {
                let prepared = self.prepare(state, proc, call, pc);
                Self::go_to(state, proc, pc + 1);
                self.spawn(state, proc, prepared, None);
            }
            Op::Defer(call) => {
                let prepared = self.prepare(state, proc, call, pc);
                if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
                    frame.defers.push(prepared);
                    frame.pc = pc + 1;
                }
            }
            Op::Return(values) => {
                let values: Vec<Value> = values.iter().map(|v| self.eval(state, proc, v)).collect();
                for (result, value) in body.results.iter().zip(values) {
                    let value = self.returned(state, proc, *result, value);
                    self.write_var(state, proc, *result, value);
                }
                if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
                    frame.leaving = Leaving::Return;
                }
                self.note(state, proc, pc, Happening::Left(Leaving::Return), None);
            }
            Op::End => {
                if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
                    frame.leaving = Leaving::Return;
                }
                self.note(state, proc, pc, Happening::FellOff, None);
            }
            Op::Panic => return self.panic(state, proc, pc),
            Op::Recover(target) => {
                Self::go_to(state, proc, pc + 1);
                self.recover(state, proc, target);
            }
        }
        Flow::Next
    }

    /// Turns outcomes into a fork (or a plain step when there is only one).
    pub(super) fn decided(
        &self,
        state: &mut State,
        proc: usize,
        pc: Pc,
        outcomes: impl Iterator<Item = (State, Pc)>,
    ) -> Flow {
        let outcomes: Vec<(State, Pc)> = outcomes.collect();
        let free = outcomes.len() > 1;
        let mut states: Vec<State> = outcomes
            .into_iter()
            .map(|(mut s, to)| {
                Self::go_to(&mut s, proc, to);
                self.note(&mut s, proc, pc, Happening::Decided(free), None);
                s
            })
            .collect();
        if states.len() == 1
            && let Some(only) = states.pop()
        {
            *state = only;
            return Flow::Next;
        }
        Flow::Fork(states)
    }

    pub(super) fn range_next(
        &self,
        state: &mut State,
        proc: usize,
        pc: Pc,
        (subject, counter, item): (u32, u32, Option<u32>),
        (start, exit): (Pc, Pc),
    ) -> Flow {
        let values = self.read_var(state, proc, subject);
        let at = self.read_var(state, proc, counter);
        let span = self.subject_span(state, proc, pc);
        let len = match &values {
            // Go 1.22 ranges over integers.
            Value::Int(_) => values,
            Value::Sym(..) if self.is_integer(state, proc, subject) => values,
            _ => self.eval(
                state,
                proc,
                &crate::flow::ir::Expr::Len(Box::new(crate::flow::ir::Expr::Var(subject)), span),
            ),
        };
        if matches!(len, Value::Int(n) if n > 1)
            && let Some(log) = &mut state.log
        {
            log.counted = true;
        }
        let body = state.procs[proc].frames.last().map(|f| f.body);
        let head = (body.unwrap_or(BodyId(0)), pc);
        let bounds = Self::range_bounds(state, &len);
        let outcomes = self.decide_comparison(std::mem::take(state), BinaryOp::Lt, &at, &len, true);
        let outcomes: Vec<(State, Pc)> = outcomes
            .into_iter()
            .map(|(mut s, more)| {
                Self::at_head(&mut s, proc, head, &bounds, more);
                if !more {
                    return (s, exit);
                }
                if let Value::Int(i) = at {
                    self.write_var(&mut s, proc, counter, Value::Int(i + 1));
                }
                if let Some(item) = item {
                    let index = crate::flow::ir::Expr::Index(
                        Box::new(crate::flow::ir::Expr::Var(subject)),
                        Box::new(match at {
                            Value::Int(i) => crate::flow::ir::Expr::Int(i),
                            _ => crate::flow::ir::Expr::Nil,
                        }),
                    );
                    let value = self.eval(&mut s, proc, &index);
                    self.write_var(&mut s, proc, item, value);
                }
                (s, start)
            })
            .collect();
        self.decided(state, proc, pc, outcomes.into_iter())
    }

    /// For the log: a process is at the head of a loop.
    fn at_head(
        state: &mut State,
        proc: usize,
        head: (BodyId, Pc),
        bounds: &[Bound],
        goes_on: bool,
    ) {
        let id = state.procs[proc].id;
        if let Some(log) = &mut state.log {
            log.tracks.at_head(id, head, bounds, goes_on);
        }
    }

    pub(super) fn is_integer(&self, state: &State, proc: usize, var: u32) -> bool {
        let body = state.procs[proc]
            .frames
            .last()
            .map_or(BodyId(0), |f| f.body);
        self.body(body).vars[var as usize].ty == crate::resolve::Ty::Int
    }

    /// The source text of what a counted range goes over: the assignment of its holder just before.
    pub(super) fn subject_span(&self, state: &State, proc: usize, pc: Pc) -> Span {
        let Some(frame) = state.procs[proc].frames.last() else {
            return Span::default();
        };
        let body = self.body(frame.body);
        let Some(Op::RangeNext(subject, ..)) = body.code.get(pc as usize) else {
            return Span::default();
        };
        let found = body
            .code
            .iter()
            .position(|op| matches!(op, Op::Set(Target::Var(var), _) if var == subject));
        found.map_or(Span::default(), |i| body.spans[i])
    }
}
