//! Local steps: runs a process up to its next operation that others can see, or to a point where control may go
//! several ways.

use super::machine::{ATOMIC, COUNT_LIMIT, DEPTH_LIMIT, Machine};
use super::state::{
    Act, Called, Event, Happening, Leaving, Obj, ObjId, Outside, Prepared, Proc, Site, State, Value,
};
use crate::flow::ir::{BodyId, JumpKind, Op, Pc, Target};
use crate::library::Effect;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Name};

/// Operations a process may run without being seen; more is a loop that does nothing.
const FUEL: u32 = 4_000;

/// What one local operation led to.
enum Flow {
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
        let mut fuel = FUEL;
        while let Some(&proc) = state.todo.last() {
            if state.procs[proc].ended() {
                state.todo.pop();
                continue;
            }
            fuel -= 1;
            if fuel == 0 {
                self.abstain("idle-loop");
                // It stays where it is, with all that it may still do.
                state.todo.pop();
                fuel = FUEL;
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
            log.events.push(Event {
                proc: id,
                at: (body, pc),
                what,
                on,
                help,
            });
        }
    }

    /// An operation on an atomic variable. One of the system itself is followed exactly; of others nothing is known.
    fn atomic(
        &self,
        state: &mut State,
        proc: usize,
        effect: Effect,
        call: &Prepared,
        dests: &[Target],
    ) {
        let receiver = call.args.first().cloned().unwrap_or(Value::Nil);
        let operand = call.args.get(1).cloned().unwrap_or(Value::Nil);
        let ours = state
            .object(&receiver)
            .is_some_and(|id| !state.escaped[id as usize]);
        if !ours {
            state.escape(&operand);
            let value = self.unknown_result(state, proc, call.pc);
            if let Value::Sym(sym, _) = value {
                state.known(sym).counter = matches!(effect, Effect::AtomicAdd | Effect::AtomicCas);
            }
            self.set_dest(state, proc, dests, 0, value);
            return;
        }
        let old = self.load_field(state, proc, &receiver, &ATOMIC);
        let old = state.norm(&old);
        let (new, result) = match effect {
            Effect::AtomicLoad => (None, old),
            Effect::AtomicStore => (Some(operand), Value::Nil),
            Effect::AtomicSwap => (Some(operand), old),
            Effect::AtomicAdd => {
                let sum =
                    self.arithmetic(state, proc, BinaryOp::Add, &old, &operand, Span::default());
                (Some(sum.clone()), sum)
            }
            _ => match self.compare(state, BinaryOp::Eq, &old, &operand) {
                Some(true) => (call.args.get(2).cloned(), Value::Bool(true)),
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
            self.store_field(state, &receiver, &ATOMIC, new);
        }
        self.set_dest(state, proc, dests, 0, result);
    }

    fn count_outside(&self, ch: &Value) {
        if self.outside_of(ch) == Some(Outside::Other) {
            self.abstain("outside-channel");
        }
    }

    fn go_to(state: &mut State, proc: usize, pc: Pc) {
        if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
            frame.pc = pc;
        }
    }

    fn park(state: &mut State, proc: usize, act: Act, pc: Pc) -> Flow {
        state.proc_mut(proc).park = Some((act, pc));
        Flow::Parked
    }

    fn local(&self, state: &mut State, proc: usize) -> Flow {
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
            Op::Set(target, value) => {
                let value = self.eval(state, proc, value);
                if matches!(value, Value::Int(n) if n > COUNT_LIMIT) && body.in_loop[pc as usize] {
                    self.abstain("count-limit");
                    return Flow::Dead;
                }
                self.assign(state, proc, target, value);
                Self::go_to(state, proc, pc + 1);
                self.note(state, proc, pc, Happening::Local, None);
            }
            Op::Jump(to, kind) => {
                Self::go_to(state, proc, *to);
                if *kind != JumpKind::Plain {
                    self.note(state, proc, pc, Happening::Jumped(*kind), None);
                }
            }
            Op::Branch(cond, yes, no) => {
                let outcomes = self.decide(
                    std::mem::take(state),
                    proc,
                    cond,
                    body.loop_conds.contains(&pc),
                );
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
                let ch = self.eval(state, proc, ch);
                let value = self.eval(state, proc, value);
                self.count_outside(&ch);
                return Self::park(state, proc, Act::Send(ch, value), pc);
            }
            Op::Recv { ch, range, .. } => {
                let ch = self.eval(state, proc, ch);
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
    fn decided(
        &self,
        state: &mut State,
        proc: usize,
        pc: Pc,
        outcomes: impl Iterator<Item = (State, Pc)>,
    ) -> Flow {
        let mut states: Vec<State> = outcomes
            .map(|(mut s, to)| {
                Self::go_to(&mut s, proc, to);
                self.note(&mut s, proc, pc, Happening::Decided, None);
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

    fn range_next(
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
            Value::Int(_) => values.clone(),
            Value::Sym(..) if self.is_integer(state, proc, subject) => values.clone(),
            _ => self.eval(
                state,
                proc,
                &crate::flow::ir::Expr::Len(Box::new(crate::flow::ir::Expr::Var(subject)), span),
            ),
        };
        let outcomes = self.decide_comparison(std::mem::take(state), BinaryOp::Lt, &at, &len, true);
        let outcomes: Vec<(State, Pc)> = outcomes
            .into_iter()
            .map(|(mut s, more)| {
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

    fn is_integer(&self, state: &State, proc: usize, var: u32) -> bool {
        let body = state.procs[proc]
            .frames
            .last()
            .map_or(BodyId(0), |f| f.body);
        self.body(body).vars[var as usize].ty == crate::resolve::Ty::Int
    }

    /// The source text of what a counted range goes over: the assignment of its holder just before.
    fn subject_span(&self, state: &State, proc: usize, pc: Pc) -> Span {
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

    // --- calls ---

    fn set_dest(
        &self,
        state: &mut State,
        proc: usize,
        dests: &[Target],
        index: usize,
        value: Value,
    ) {
        if let Some(target) = dests.get(index) {
            self.assign(state, proc, target, value);
        }
    }

    fn fresh_dests(&self, state: &mut State, proc: usize, dests: &[Target], from: usize, pc: Pc) {
        for target in dests.iter().skip(from) {
            if *target == Target::Ignore {
                continue;
            }
            let value = self.unknown_result(state, proc, pc);
            self.assign(state, proc, target, value);
        }
    }

    fn unknown_result(&self, state: &mut State, proc: usize, pc: Pc) -> Value {
        let Some(frame) = state.procs[proc].frames.last() else {
            return Value::Nil;
        };
        let body = self.body(frame.body);
        let span = body.spans.get(pc as usize).copied().unwrap_or_default();
        state.symbol(body.file, span)
    }

    /// Performs a call; `deferred` says that the frame is being left and this is one of its deferred calls.
    fn dispatch(
        &self,
        state: &mut State,
        proc: usize,
        call: Prepared,
        dests: &[Target],
        deferred: bool,
    ) -> Flow {
        match &call.callee {
            Called::Body(body, env) => {
                let code = self.body(*body);
                if env.is_empty()
                    && !code.ends
                    && !code.gives
                    && !call.args.iter().any(|a| state.carries(a))
                {
                    // It is handed nothing of ours and gives nothing back.
                    return self.unknown_call(state, proc, &call, dests);
                }
                let frames = &state.procs[proc].frames;
                let recursion = frames.iter().filter(|f| f.body == *body).count();
                if frames.len() >= DEPTH_LIMIT || recursion >= 2 {
                    self.abstain(if recursion >= 2 {
                        "recursion"
                    } else {
                        "call-depth"
                    });
                    return self.unknown_call(state, proc, &call, dests);
                }
                let mut frame = self.frame(state, *body, env, call.args.clone(), dests.to_vec());
                frame.deferred = deferred;
                state.proc_mut(proc).frames.push(frame);
                Flow::Next
            }
            Called::Cancel(context) => Self::park(state, proc, Act::Cancel(*context), call.pc),
            Called::Close => {
                let ch = call.args.first().cloned().unwrap_or(Value::Nil);
                Self::park(state, proc, Act::Close(ch), call.pc)
            }
            Called::Named(name) => {
                let name = name.clone();
                self.named_call(state, proc, &name, call, dests, deferred)
            }
            Called::Library(effect, argument) => {
                let (effect, argument) = (*effect, *argument as usize + usize::from(call.method));
                self.library_call(state, proc, effect, argument, &call, dests, deferred)
            }
            Called::Panic => self.panic(state, proc, call.pc),
            Called::Recover => {
                let target = dests.first().cloned().unwrap_or(Target::Ignore);
                self.recover(state, proc, &target);
                Flow::Next
            }
            Called::Unknown => self.unknown_call(state, proc, &call, dests),
        }
    }

    /// A call nobody can follow: what it is handed is known outside from now on, and pointees may have changed.
    fn unknown_call(
        &self,
        state: &mut State,
        proc: usize,
        call: &Prepared,
        dests: &[Target],
    ) -> Flow {
        if call.args.iter().any(|a| state.carries(a)) {
            self.abstain("escape-call");
        }
        for arg in &call.args {
            state.escape(arg);
            if let Value::Ref(id) = arg
                && matches!(&state.heap[*id as usize], Obj::Cell(value) if !state.carries(value))
            {
                let value = self.unknown_result(state, proc, call.pc);
                state.heap[*id as usize] = Obj::Cell(value);
            }
        }
        self.fresh_dests(state, proc, dests, 0, call.pc);
        Flow::Next
    }

    /// A method chosen by what its receiver turns out to be.
    fn named_call(
        &self,
        state: &mut State,
        proc: usize,
        name: &Name,
        mut call: Prepared,
        dests: &[Target],
        deferred: bool,
    ) -> Flow {
        let receiver = call.args.first().cloned().unwrap_or(Value::Nil);
        let effect = match (
            state.object(&receiver).map(|id| &state.heap[id as usize]),
            name.as_str(),
        ) {
            (Some(Obj::Wait(..)), "Add") => Some(Effect::WaitAdd),
            (Some(Obj::Wait(..)), "Done") => Some(Effect::WaitDone),
            (Some(Obj::Wait(..)), "Wait") => Some(Effect::WaitWait),
            (Some(Obj::Wait(..)), "Go") => Some(Effect::WaitSpawn),
            (Some(Obj::Wait(..)), "SetLimit") => Some(Effect::Inert),
            (Some(Obj::Once(_)), "Do") => Some(Effect::CallOnce),
            (Some(Obj::Context(..)), "Done") => Some(Effect::ContextDone),
            (Some(Obj::Context(..)), "Err") => Some(Effect::ContextErr),
            (Some(Obj::Context(..)), "Value" | "Deadline") => Some(Effect::Inert),
            (Some(Obj::Struct(None, fields)), "Stop" | "Reset")
                if fields
                    .iter()
                    .any(|(n, v)| n == "C" && *v == Value::Out(Outside::Timer)) =>
            {
                Some(Effect::Inert)
            }
            (None, "Done") if call.args.len() == 1 && !dests.is_empty() => {
                Some(Effect::ContextDone)
            }
            (None, "Err" | "Error" | "String" | "Lock" | "Unlock" | "RLock" | "RUnlock") => {
                Some(Effect::Inert)
            }
            _ => None,
        };
        if let Some(effect) = effect {
            return self.library_call(state, proc, effect, 1, &call, dests, deferred);
        }
        if crate::library::ends_by_name(name) && state.object(&receiver).is_none() {
            // `t.Fatal` and `t.Skip` end a test that is over anyway; a logger's `Fatal` ends the program.
            return Flow::Dead;
        }
        if let Some(id) = state.object(&receiver)
            && let Obj::Struct(Some(ty), _) = &state.heap[id as usize]
            && let Some(func) = self.program.types[ty.0 as usize].methods.get(name)
            && !self.body((*func).into()).code.is_empty()
        {
            call.callee = Called::Body((*func).into(), Vec::new());
            return self.dispatch(state, proc, call, dests, deferred);
        }
        self.unknown_call(state, proc, &call, dests)
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "one arm per effect, all of which need the call's parts"
    )]
    fn library_call(
        &self,
        state: &mut State,
        proc: usize,
        effect: Effect,
        argument: usize,
        call: &Prepared,
        dests: &[Target],
        deferred: bool,
    ) -> Flow {
        let receiver = call.args.first().cloned().unwrap_or(Value::Nil);
        match effect {
            Effect::Inert => self.fresh_dests(state, proc, dests, 0, call.pc),
            Effect::AtomicLoad
            | Effect::AtomicStore
            | Effect::AtomicAdd
            | Effect::AtomicSwap
            | Effect::AtomicCas => self.atomic(state, proc, effect, call, dests),
            Effect::Counter => {
                let value = self.unknown_result(state, proc, call.pc);
                if let Value::Sym(sym, _) = value {
                    state.known(sym).counter = true;
                }
                self.set_dest(state, proc, dests, 0, value);
            }
            Effect::NonNil => {
                let value = self.unknown_result(state, proc, call.pc);
                if let Value::Sym(sym, _) = value {
                    state.known(sym).nil = Some(false);
                }
                self.set_dest(state, proc, dests, 0, value);
            }
            Effect::Spawn | Effect::WaitSpawn => {
                let on_end = (effect == Effect::WaitSpawn).then_some(receiver);
                if let Some(group) = &on_end {
                    self.count(state, proc, group, &Value::Int(1));
                }
                let (mut args, mut method) = (Vec::new(), false);
                let function = call.args.get(argument).cloned().unwrap_or(Value::Nil);
                let callee = self.called(state, &function, &mut args, &mut method);
                self.spawn(
                    state,
                    proc,
                    Prepared {
                        callee,
                        args,
                        method,
                        pc: call.pc,
                    },
                    on_end,
                );
                self.fresh_dests(state, proc, dests, 0, call.pc);
            }
            Effect::Call | Effect::CallOnce => {
                return self.call_in_place(state, proc, effect, argument, call, dests, deferred);
            }
            Effect::Exit => return Flow::Dead,
            Effect::Goexit => {
                if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
                    frame.leaving = Leaving::Goexit;
                }
                self.note(state, proc, call.pc, Happening::Left(Leaving::Goexit), None);
            }
            Effect::WaitAdd => {
                let count = call.args.get(1).cloned().unwrap_or(Value::Int(1));
                self.count(state, proc, &receiver, &count);
            }
            Effect::WaitDone => {
                self.count(state, proc, &receiver, &Value::Int(-1));
                self.note(
                    state,
                    proc,
                    call.pc,
                    Happening::Synced,
                    state.object(&receiver),
                );
            }
            Effect::WaitWait => {
                self.fresh_dests(state, proc, dests, 0, call.pc);
                return Self::park(state, proc, Act::Wait(receiver), call.pc);
            }
            Effect::Timer => self.set_dest(state, proc, dests, 0, Value::Out(Outside::Timer)),
            Effect::TimerValue => {
                let clock = vec![(Name::new_static("C"), Value::Out(Outside::Timer))];
                let id = state.alloc(Obj::Struct(None, clock));
                self.set_dest(state, proc, dests, 0, Value::Ref(id));
            }
            Effect::ContextNever
            | Effect::ContextDerive
            | Effect::ContextCancel
            | Effect::ContextDeadline => {
                self.derive_context(state, proc, effect, receiver, dests, call.pc);
            }
            Effect::GroupContext => {
                let site = self.call_site(state, proc, call.pc);
                let group = state.alloc(Obj::Wait(site, Value::Int(0)));
                let context = state.alloc(Obj::Context(site, receiver, false, true));
                self.set_dest(state, proc, dests, 0, Value::Ref(group));
                self.set_dest(state, proc, dests, 1, Value::Ref(context));
            }
            Effect::ContextDone => {
                let value = self.done_channel(state, proc, &receiver, call.pc);
                self.set_dest(state, proc, dests, 0, value);
            }
            Effect::ContextBound => {
                let context = call.args.get(argument).and_then(|c| state.object(c));
                let endless = context.is_some_and(|id| self.context_ended(state, id).is_none());
                if endless {
                    self.set_dest(state, proc, dests, 0, Value::Nil);
                } else {
                    self.fresh_dests(state, proc, dests, 0, call.pc);
                }
            }
            Effect::ContextErr => {
                let context = self.done_channel(state, proc, &receiver, call.pc);
                let ended = state
                    .object(&context)
                    .is_some_and(|id| self.context_ended(state, id) == Some(true));
                let value = self.unknown_result(state, proc, call.pc);
                if ended && let Value::Sym(sym, _) = value {
                    state.known(sym).nil = Some(false);
                }
                self.set_dest(state, proc, dests, 0, value);
            }
        }
        Flow::Next
    }

    /// The Done channel of a context, which stands for the context; that of an unknown one is ended by its owner, and
    /// is the same each time.
    fn done_channel(&self, state: &mut State, proc: usize, receiver: &Value, pc: Pc) -> Value {
        const DONE: Name = Name::new_static("Done()");
        match receiver {
            Value::Ref(_) | Value::Val(_) => receiver.clone(),
            Value::Sym(sym, _) => {
                if let Some(value) = state.path(*sym, &DONE) {
                    return value.clone();
                }
                let site = self.call_site(state, proc, pc);
                let value = Value::Ref(state.alloc(Obj::Context(site, Value::Unset, false, true)));
                state.set_path(*sym, DONE, value.clone());
                value
            }
            _ => Value::Out(Outside::Context),
        }
    }

    fn call_site(&self, state: &State, proc: usize, pc: Pc) -> Site {
        let body = state.procs[proc]
            .frames
            .last()
            .map_or(BodyId(0), |f| f.body);
        let span = self
            .body(body)
            .spans
            .get(pc as usize)
            .copied()
            .unwrap_or_default();
        Site {
            body,
            span,
            size: Span::default(),
        }
    }

    fn derive_context(
        &self,
        state: &mut State,
        proc: usize,
        effect: Effect,
        parent: Value,
        dests: &[Target],
        pc: Pc,
    ) {
        let site = self.call_site(state, proc, pc);
        let parent = if effect == Effect::ContextNever {
            Value::Nil
        } else {
            parent
        };
        let own_end = effect == Effect::ContextDeadline;
        let context = state.alloc(Obj::Context(site, parent, false, own_end));
        self.set_dest(state, proc, dests, 0, Value::Ref(context));
        if dests.len() > 1 {
            let cancel = state.alloc(Obj::Cancel(context));
            self.set_dest(state, proc, dests, 1, Value::Ref(cancel));
        }
    }

    /// Whether a context has ended (`Some(true)`), may end by the outside (`Some(false)`), or neither.
    pub(super) fn context_ended(&self, state: &State, id: ObjId) -> Option<bool> {
        let mut id = id;
        let mut may = false;
        for _ in 0..64 {
            let Obj::Context(_, parent, cancelled, own_end) = &state.heap[id as usize] else {
                return Some(false);
            };
            if *cancelled {
                return Some(true);
            }
            may |= *own_end || state.escaped[id as usize];
            match parent {
                Value::Ref(parent) | Value::Val(parent) => id = *parent,
                Value::Nil => return may.then_some(false),
                _ => return Some(false),
            }
        }
        Some(false)
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one call")]
    fn call_in_place(
        &self,
        state: &mut State,
        proc: usize,
        effect: Effect,
        argument: usize,
        call: &Prepared,
        dests: &[Target],
        deferred: bool,
    ) -> Flow {
        self.fresh_dests(state, proc, dests, 0, call.pc);
        let function = call.args.get(argument).cloned().unwrap_or(Value::Nil);
        let (mut args, mut method) = (Vec::new(), false);
        let callee = self.called(state, &function, &mut args, &mut method);
        let Called::Body(body, _) = &callee else {
            return Flow::Next;
        };
        for _ in args.len()..self.body(*body).params.len() {
            let value = self.unknown_result(state, proc, call.pc);
            args.push(value);
        }
        let inner = Prepared {
            callee,
            args,
            method,
            pc: call.pc,
        };
        if effect == Effect::CallOnce {
            let once = call.args.first().and_then(|r| state.object(r));
            if let Some(id) = once
                && let Obj::Once(done) = &mut state.heap[id as usize]
            {
                if std::mem::replace(done, true) {
                    return Flow::Next;
                }
                return self.dispatch(state, proc, inner, &[], deferred);
            }
        }
        let skipped = state.clone();
        let mut entered = std::mem::take(state);
        if effect == Effect::Call && !deferred {
            Self::go_to(&mut entered, proc, call.pc);
        }
        match self.dispatch(&mut entered, proc, inner, &[], deferred) {
            Flow::Next => Flow::Fork(vec![entered, skipped]),
            _ => Flow::Fork(vec![skipped]),
        }
    }

    /// Adds to the counter of a `WaitGroup`.
    pub(super) fn count(&self, state: &mut State, _proc: usize, group: &Value, by: &Value) {
        let Some(id) = state.object(group) else {
            return;
        };
        let Obj::Wait(site, count) = state.heap[id as usize].clone() else {
            return;
        };
        let count = state.norm(&count);
        let sum = match (&count, by) {
            (Value::Int(a), Value::Int(b)) => Some(Value::Int(a + b)),
            (Value::Sym(s, k), Value::Int(n)) | (Value::Int(n), Value::Sym(s, k)) => {
                Some(Value::Sym(*s, k + n))
            }
            _ => None,
        };
        if let Some(sum) = sum {
            if let Value::Sym(sym, _) = sum {
                state.known(sym).bound = true;
            }
            state.heap[id as usize] = Obj::Wait(site, sum);
        } else {
            // A count nobody can follow: the group is served from outside.
            self.abstain("unknown-count");
            state.escaped[id as usize] = true;
        }
    }

    /// Starts a goroutine.
    fn spawn(&self, state: &mut State, proc: usize, call: Prepared, on_end: Option<Value>) {
        let at = state.procs[proc].frames.last().map(|f| (f.body, call.pc));
        let resolved = match &call.callee {
            Called::Named(name) => call
                .args
                .first()
                .and_then(|r| state.object(r))
                .and_then(|id| match &state.heap[id as usize] {
                    Obj::Struct(Some(ty), _) => self.program.types[ty.0 as usize].methods.get(name),
                    _ => None,
                })
                .map(|func| Called::Body((*func).into(), Vec::new())),
            other => Some(other.clone()),
        };
        let Some(Called::Body(body, env)) = resolved else {
            call.args.iter().for_each(|a| state.escape(a));
            if let Some(group) = on_end {
                state.escape(&group);
            }
            return;
        };
        if state.procs.len() > 48 {
            self.abstain("many-goroutines");
            call.args.iter().for_each(|a| state.escape(a));
            return;
        }
        let frame = self.frame(state, body, &env, call.args, Vec::new());
        let id = state.procs.len() as u32;
        state.add_proc(Proc {
            id,
            spawn: at,
            frames: vec![frame],
            park: None,
            on_end,
        });
        // The parent runs on first; where it matters, the order of visible operations is explored anyway.
        state.todo.insert(0, id as usize);
        self.note(state, proc, call.pc, Happening::Spawned(id), None);
    }

    // --- leaving ---

    fn panic(&self, state: &mut State, proc: usize, pc: Pc) -> Flow {
        let recovered = state.procs[proc].frames.iter().any(|f| {
            f.defers.iter().any(|d| match &d.callee {
                Called::Body(body, _) => self.body(*body).recovers,
                Called::Recover => true,
                _ => false,
            })
        });
        if !recovered {
            return Flow::Dead;
        }
        if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
            frame.leaving = Leaving::Panic;
        }
        self.note(state, proc, pc, Happening::Left(Leaving::Panic), None);
        Flow::Next
    }

    fn recover(&self, state: &mut State, proc: usize, target: &Target) {
        let frames = &mut state.proc_mut(proc).frames;
        let caller = frames
            .len()
            .checked_sub(2)
            .filter(|_| frames.last().is_some_and(|f| f.deferred));
        let panicking = caller.is_some_and(|c| frames[c].leaving == Leaving::Panic);
        if let Some(caller) = caller
            && panicking
        {
            frames[caller].leaving = Leaving::Return;
        }
        let value = if panicking {
            self.eval(state, proc, &crate::flow::ir::Expr::Solid(Span::default()))
        } else {
            Value::Nil
        };
        self.assign(state, proc, target, value);
    }

    /// One step of leaving the top frame: the next deferred call, or back to the caller.
    fn leave(&self, state: &mut State, proc: usize) -> Flow {
        let Some(frame) = state.proc_mut(proc).frames.last_mut() else {
            return Flow::Parked;
        };
        if let Some(call) = frame.defers.pop() {
            return self.dispatch(state, proc, call, &[], true);
        }
        let (body_id, pc) = (frame.body, frame.pc);
        let results: Vec<Value> = self
            .body(body_id)
            .results
            .iter()
            .map(|r| self.read_var(state, proc, *r))
            .collect();
        let last = state.procs[proc].frames.len() == 1;
        if last {
            self.note(state, proc, pc, Happening::Ended, None);
        }
        let Some(frame) = state.proc_mut(proc).frames.pop() else {
            return Flow::Parked;
        };
        let Some(caller) = state.proc_mut(proc).frames.last_mut() else {
            return self.end(state, proc, frame.leaving, &results);
        };
        match frame.leaving {
            Leaving::Panic | Leaving::Goexit => caller.leaving = frame.leaving,
            Leaving::No | Leaving::Return => {
                for (index, value) in results.into_iter().enumerate() {
                    self.set_dest(state, proc, &frame.dests, index, value);
                }
            }
        }
        Flow::Next
    }

    fn end(&self, state: &mut State, proc: usize, leaving: Leaving, results: &[Value]) -> Flow {
        if leaving == Leaving::Panic {
            return Flow::Dead;
        }
        if let Some(group) = state.proc_mut(proc).on_end.take() {
            self.count(state, proc, &group, &Value::Int(-1));
        }
        if state.procs[proc].id == 0 {
            if self.ends_with_root {
                return Flow::Dead;
            }
            // What the root returns its caller may use in any way.
            if results.iter().any(|value| state.carries(value)) {
                self.abstain("escape-return");
            }
            results.iter().for_each(|value| state.escape(value));
        }
        state.proc_mut(proc).park = None;
        Flow::Next
    }
}
