//! Calls: of bodies in view, of library functions by their table, of everything else.

use super::eval::ERROR;
use super::machine::{DEPTH_LIMIT, Machine};
use super::shared::List;
use super::state::{
    Act, Called, Happening, Leaving, Obj, ObjId, Outside, Prepared, Proc, Site, State, Sym, Value,
};
use super::step::Flow;
use crate::flow::ir::{Body, BodyId, Callee, Expr, Op, Pc, Target, Var};
use crate::library::Effect;
use crate::source::Span;
use crate::summary::ANY;
use crate::syntax::ast::{BinaryOp, Name};
use std::rc::Rc;

impl Machine<'_> {
    pub(super) fn set_dest(
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

    pub(super) fn fresh_dests(
        &self,
        state: &mut State,
        proc: usize,
        dests: &[Target],
        from: usize,
        pc: Pc,
    ) {
        let mut values: Vec<Sym> = Vec::new();
        for target in dests.iter().skip(from) {
            if *target == Target::Ignore {
                values.clear();
                continue;
            }
            let value = self.unknown_result(state, proc, pc);
            if let Value::Sym(sym, _) = value {
                values.push(sym);
            }
            self.assign(state, proc, target, value);
        }
        if let Some((error, [value, ..])) = values.split_last() {
            state.set_path(*value, ERROR, Value::Sym(*error, 0));
        }
    }

    pub(super) fn unknown_result(&self, state: &mut State, proc: usize, pc: Pc) -> Value {
        let Some(frame) = state.procs[proc].frames.last() else {
            return Value::Nil;
        };
        let body = self.body(frame.body);
        let span = body.spans.get(pc as usize).copied().unwrap_or_default();
        state.symbol(body.file, span)
    }

    /// Performs a call; `deferred` says that the frame is being left and this is one of its deferred calls.
    pub(super) fn dispatch(
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
                let may_be_left = if self.own_only {
                    code.gives || !code.ends
                } else {
                    !code.gives && !code.ends
                };
                if env.is_empty()
                    && may_be_left
                    && !code.recovers
                    && !call
                        .args
                        .iter()
                        .any(|a| state.carries(a) || self.may_gain(state, a))
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
                let mut frame = self.frame(state, *body, env, call.args.clone(), dests.into());
                frame.deferred = deferred;
                state.proc_mut(proc).frames.push(frame);
                Flow::Next
            }
            Called::Cancel(context) => Self::park(state, proc, Act::Cancel(*context), call.pc),
            Called::Close => {
                let ch = call.args.first().copied().unwrap_or(Value::Nil);
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

    /// Whether `value` is a struct in view with room for primitives: a callee may put some into it.
    fn may_gain(&self, state: &State, value: &Value) -> bool {
        state.object(value).is_some_and(|id| {
            !state.escaped(id)
                && matches!(&state.heap[id as usize], Obj::Struct(Some(ty), _)
                    if self.holders.get(ty.0 as usize) == Some(&true))
        })
    }

    /// A call nobody can follow: what it is handed is known outside from now on, and pointees may have changed.
    pub(super) fn unknown_call(
        &self,
        state: &mut State,
        proc: usize,
        call: &Prepared,
        dests: &[Target],
    ) -> Flow {
        if call.args.iter().any(|a| state.carries(a)) {
            self.abstain("escape-call");
        }
        self.run_ticking(state, proc, call);
        for arg in &call.args {
            state.escape(arg);
            self.change_map(state, proc, arg);
            self.change_captured(state, proc, arg, call.pc);
            if let Value::Ref(id) = arg
                && matches!(&state.heap[*id as usize], Obj::Cell(value) if !state.carries(value))
            {
                let value = self.unknown_result(state, proc, call.pc);
                state.heap.set(*id as usize, Obj::Cell(value));
            }
        }
        self.fresh_dests(state, proc, dests, 0, call.pc);
        self.run_handed(state, proc, call)
    }

    /// A literal that ranges over a ticker and is handed to a scheduler runs in a goroutine of its own.
    fn run_ticking(&self, state: &mut State, proc: usize, call: &Prepared) {
        let literals: Vec<(BodyId, Vec<ObjId>)> = call
            .args
            .iter()
            .filter_map(|arg| match &state.heap[state.object(arg)? as usize] {
                Obj::Closure(body, env, None) => Some((*body, env.clone())),
                _ => None,
            })
            .filter(|(body, _)| crate::model::ranges_over_ticks(self.body(*body)))
            .collect();
        for (body, env) in literals {
            let function = Prepared {
                callee: Called::Body(body, env),
                args: Vec::new(),
                method: false,
                pc: call.pc,
            };
            self.run_beside(state, proc, function);
        }
    }

    /// Literals that `value` leads to are run: the plain data they write may be anything then.
    fn change_captured(&self, state: &mut State, proc: usize, value: &Value, pc: Pc) {
        let mut written: Vec<ObjId> = Vec::new();
        state.reach(value, &mut |_, obj| {
            if let Obj::Closure(literal, cells, _) = obj {
                let body = self.body(*literal);
                for ((_, inner), cell) in body.captures.iter().zip(cells) {
                    if writes(body, *inner) {
                        written.push(*cell);
                    }
                }
            }
        });
        written.sort_unstable();
        written.dedup();
        for cell in written {
            let Obj::Cell(content) = state.heap[cell as usize].clone() else {
                continue;
            };
            self.change_map(state, proc, &content);
            if state.object(&content).is_none() {
                let value = self.unknown_result(state, proc, pc);
                state.heap.set(cell as usize, Obj::Cell(value));
            }
        }
    }

    /// A method chosen by what its receiver turns out to be.
    pub(super) fn named_call(
        &self,
        state: &mut State,
        proc: usize,
        name: &Name,
        mut call: Prepared,
        dests: &[Target],
        deferred: bool,
    ) -> Flow {
        let receiver = call.args.first().copied().unwrap_or(Value::Nil);
        let effect = match (
            state.object(&receiver).map(|id| &state.heap[id as usize]),
            name.as_str(),
        ) {
            (Some(Obj::Wait(..)), "Add") => Some(Effect::WaitAdd),
            (Some(Obj::Wait(..)), "Done") => Some(Effect::WaitDone),
            (Some(Obj::Wait(..)), "Wait") => Some(Effect::WaitWait),
            (Some(Obj::Wait(..)), "Go" | "Start") => Some(Effect::WaitSpawn),
            (Some(Obj::Wait(..)), "SetLimit") => Some(Effect::Inert),
            (Some(Obj::Once(_)), "Do") => Some(Effect::CallOnce),
            (Some(Obj::Context(..)), "Done") => Some(Effect::ContextDone),
            (Some(Obj::Context(..)), "Err") => Some(Effect::ContextErr),
            (Some(Obj::Context(..)), "Value" | "Deadline") => Some(Effect::Inert),
            (Some(Obj::Clock(..)), "Stop") => Some(Effect::TickerStop),
            (Some(Obj::Clock(..)), "Reset") => Some(Effect::TickerReset),
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
        if let Value::Sym(sym, _) = receiver
            && state.syms[sym as usize].nil.is_none()
        {
            // A method call on a nil interface panics, and so do most on nil pointers.
            state.known(sym).nil = Some(false);
        }
        self.unknown_call(state, proc, &call, dests)
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "one arm per effect, all of which need the call's parts"
    )]
    pub(super) fn library_call(
        &self,
        state: &mut State,
        proc: usize,
        effect: Effect,
        argument: usize,
        call: &Prepared,
        dests: &[Target],
        deferred: bool,
    ) -> Flow {
        let receiver = call.args.first().copied().unwrap_or(Value::Nil);
        match effect {
            Effect::Inert
            | Effect::Parallel
            | Effect::NilAs
            | Effect::NilIfAll
            | Effect::TimerStop => {
                self.fresh_dests(state, proc, dests, 0, call.pc);
            }
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
            Effect::Spawn | Effect::SpawnLater | Effect::SpawnAtEnd | Effect::WaitSpawn => {
                let on_end = (effect == Effect::WaitSpawn).then_some(receiver);
                if let Some(group) = &on_end {
                    self.count(state, proc, group, &Value::Int(1));
                }
                let (mut args, mut method) = (Vec::new(), false);
                let function = call.args.get(argument).copied().unwrap_or(Value::Nil);
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
            Effect::Call | Effect::CallOnce | Effect::CallTest => {
                return self.call_in_place(state, proc, effect, argument, call, dests, deferred);
            }
            Effect::Exit => return Flow::Dead,
            Effect::EndTest => return self.end_test(state, proc, call.pc),
            Effect::Goexit => {
                if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
                    frame.leaving = Leaving::Goexit;
                }
                self.note(state, proc, call.pc, Happening::Left(Leaving::Goexit), None);
            }
            Effect::RequireNil
            | Effect::RequireNonNil
            | Effect::RequireTrue
            | Effect::RequireFalse => {
                self.fresh_dests(state, proc, dests, 0, call.pc);
                return self.require(state, proc, effect, call, argument);
            }
            Effect::WaitAdd => {
                let count = call.args.get(1).copied().unwrap_or(Value::Int(1));
                self.count(state, proc, &receiver, &count);
                let what = match count {
                    Value::Int(n) if n < 0 => Happening::CountedDown,
                    _ => Happening::Added,
                };
                self.note(state, proc, call.pc, what, state.object(&receiver));
            }
            Effect::WaitDone => {
                self.count(state, proc, &receiver, &Value::Int(-1));
                self.note(
                    state,
                    proc,
                    call.pc,
                    Happening::CountedDown,
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
            Effect::Ticker => {
                let site = self.call_site(state, proc, call.pc);
                let clock = state.alloc(Obj::Clock(site, false));
                self.set_dest(state, proc, dests, 0, Value::Ref(clock));
            }
            Effect::TickerStop | Effect::TickerReset => {
                let clock = state.object(&receiver);
                if let Some(id) = clock
                    && let Obj::Clock(_, stopped) = &mut state.heap[id as usize]
                {
                    *stopped = effect == Effect::TickerStop;
                    self.note(state, proc, call.pc, Happening::Stopped, clock);
                }
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
                // Go's documentation of `Context.Done`: nil if the context can never be cancelled.
                let value = if Self::never_ends(state, &receiver) {
                    Value::Nil
                } else {
                    self.done_channel(state, proc, &receiver, call.pc)
                };
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
                let ended = match state.object(&context) {
                    Some(id) => self.context_ended(state, id),
                    None => Some(false),
                };
                let value = match ended {
                    Some(_) => self.unknown_result(state, proc, call.pc),
                    // It has not ended, and nobody out of view can end it.
                    None => Value::Nil,
                };
                if ended == Some(true)
                    && let Value::Sym(sym, _) = value
                {
                    state.known(sym).nil = Some(false);
                }
                self.set_dest(state, proc, dests, 0, value);
            }
        }
        Flow::Next
    }

    /// A check of a test: a run in which it fails is over, as such a test has failed already.
    fn require(
        &self,
        state: &mut State,
        proc: usize,
        effect: Effect,
        call: &Prepared,
        argument: usize,
    ) -> Flow {
        let Some(checked) = call.args.get(argument) else {
            return Flow::Next;
        };
        let wanted = matches!(effect, Effect::RequireNil | Effect::RequireTrue);
        let taken = std::mem::take(state);
        let outcomes = match effect {
            Effect::RequireNil | Effect::RequireNonNil => {
                self.decide_comparison(taken, BinaryOp::Eq, checked, &Value::Nil, false)
            }
            _ => self.decide_truth(taken, checked),
        };
        let mut ways = Vec::new();
        for (mut after, outcome) in outcomes {
            let goes_on = outcome == wanted
                || self.exits_strand
                    && matches!(self.end_test(&mut after, proc, call.pc), Flow::Next);
            if goes_on {
                ways.push(after);
            }
        }
        match ways.len() {
            0 => Flow::Dead,
            1 => {
                *state = ways.remove(0);
                Flow::Next
            }
            _ => Flow::Fork(ways),
        }
    }

    /// A test ends here. By default that is the end of what can be said: a test that has failed strands nobody.
    fn end_test(&self, state: &mut State, proc: usize, pc: Pc) -> Flow {
        // A test within a test ends alone; what its caller does then is not followed.
        let within = state.procs[proc].frames.iter().any(|frame| {
            let before = frame.pc.checked_sub(1).map(|at| at as usize);
            let op = before.and_then(|at| self.body(frame.body).code.get(at));
            matches!(op, Some(Op::Call(call))
                if matches!(call.callee, Callee::Library(Effect::CallTest, _)))
        });
        if !self.exits_strand || within {
            return Flow::Dead;
        }
        if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
            frame.leaving = Leaving::Goexit;
        }
        self.note(state, proc, pc, Happening::Left(Leaving::Goexit), None);
        Flow::Next
    }

    /// The Done channel of a context, which stands for the context; that of an unknown one is ended by its owner, and
    /// is the same each time.
    pub(super) fn done_channel(
        &self,
        state: &mut State,
        proc: usize,
        receiver: &Value,
        pc: Pc,
    ) -> Value {
        const DONE: Name = Name::new_static("Done()");
        match receiver {
            Value::Ref(_) | Value::Val(_) => *receiver,
            Value::Sym(sym, _) => {
                if let Some(value) = state.path(*sym, &DONE) {
                    return *value;
                }
                let site = self.call_site(state, proc, pc);
                let value = Value::Ref(state.alloc(Obj::Context(site, Value::Unset, false, true)));
                state.set_path(*sym, DONE, value);
                value
            }
            _ => Value::Out(Outside::Context),
        }
    }

    /// Whether a context is one that never ends: `Background`, `TODO` and what adds only values to them.
    fn never_ends(state: &State, context: &Value) -> bool {
        state.object(context).is_some_and(|id| {
            matches!(
                state.heap[id as usize],
                Obj::Context(_, Value::Nil, false, false)
            )
        })
    }

    pub(super) fn call_site(&self, state: &State, proc: usize, pc: Pc) -> Site {
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

    pub(super) fn derive_context(
        &self,
        state: &mut State,
        proc: usize,
        effect: Effect,
        parent: Value,
        dests: &[Target],
        pc: Pc,
    ) {
        if effect == Effect::ContextDerive && matches!(parent, Value::Ref(_)) {
            // It ends when its parent does, and by nothing else.
            return self.set_dest(state, proc, dests, 0, parent);
        }
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
            may |= *own_end || state.escaped(id);
            match parent {
                Value::Ref(parent) | Value::Val(parent) => id = *parent,
                Value::Nil => return may.then_some(false),
                _ => return Some(false),
            }
        }
        Some(false)
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one call")]
    pub(super) fn call_in_place(
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
        let function = call.args.get(argument).copied().unwrap_or(Value::Nil);
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
        if effect == Effect::CallTest {
            if self.runs_beside(&inner) {
                self.spawn(state, proc, inner, None);
                return Flow::Next;
            }
            return self.dispatch(state, proc, inner, &[], deferred);
        }
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

    /// Whether a test asks to run beside the others.
    fn runs_beside(&self, test: &Prepared) -> bool {
        let Called::Body(body, _) = &test.callee else {
            return false;
        };
        let asks = |op: &Op| {
            let Op::Call(call) = op else { return false };
            matches!(call.callee, Callee::Library(Effect::Parallel, _))
        };
        self.body(*body).code.iter().any(asks)
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
        Self::holds(state, id, by);
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
            state.heap.set(id as usize, Obj::Wait(site, sum));
        } else {
            // A count nobody can follow: the group is served from outside.
            self.abstain("unknown-count");
            state.open[id as usize] |= ANY;
        }
    }

    /// Starts a goroutine; one whose code is out of view has no number.
    pub(super) fn spawn(
        &self,
        state: &mut State,
        proc: usize,
        call: Prepared,
        on_end: Option<Value>,
    ) {
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
            self.note(state, proc, call.pc, Happening::Spawned(u32::MAX), None);
            self.start_handed(state, proc, &call);
            return;
        };
        let has_ours = |state: &State| {
            let mut args = call.args.iter();
            !env.is_empty() || args.any(|a| state.carries(a) || self.may_gain(state, a))
        };
        if self.own_only && on_end.is_none() && !has_ours(state) {
            return;
        }
        if state.procs.len() > 48 {
            self.abstain("many-goroutines");
            call.args.iter().for_each(|a| state.escape(a));
            env.iter().for_each(|cell| state.escape(&Value::Ref(*cell)));
            if let Some(group) = on_end {
                state.escape(&group);
            }
            return;
        }
        let frame = self.frame(state, body, &env, call.args, Rc::default());
        let id = state.procs.len() as u32;
        state.add_proc(Proc {
            id,
            spawn: at,
            frames: List::from_iter([frame]),
            park: None,
            on_end,
        });
        // The parent runs on first; where it matters, the order of visible operations is explored anyway.
        state.todo.insert(0, id as usize);
        self.note(state, proc, call.pc, Happening::Spawned(id), None);
    }
}

/// Whether a body writes to a variable, or to an entry of what it holds.
fn writes(body: &Body, var: Var) -> bool {
    body.code.iter().any(|op| {
        let mut any = false;
        op.writes(&mut |written| any |= written == var);
        let place = match op {
            Op::Set(Target::Place(place), _) => Some(place),
            _ => None,
        };
        any || matches!(place, Some(Expr::Index(base, _)) if **base == Expr::Var(var))
    })
}
