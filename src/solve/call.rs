//! Calls: of bodies in view, by the name of a method, of everything else. What library calls do is in
//! [`super::library_call`], how goroutines begin in [`super::spawn`].

use super::eval::ERROR;
use super::machine::{DEPTH_LIMIT, Machine};
use super::numbers::LEN;
use super::state::{Act, Called, Clock, Obj, ObjId, Prepared, Site, State, Sym, Value};
use super::step::Flow;
use crate::flow::ir::{Body, BodyId, Callee, Expr, Op, Pc, Target, Var};
use crate::library::Effect;
use crate::resolve::Ty;
use crate::source::Span;
use crate::summary::{Acts, PACKAGE, lent};
use crate::syntax::ast::Name;

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
        self.count_lists(state, proc, dests);
    }

    /// A list and a number that one call returns, such as the parts of something and how many there are: nothing in view says
    /// that the number is another one.
    fn count_lists(&self, state: &mut State, proc: usize, dests: &[Target]) {
        let Some(frame) = state.procs[proc].frames.last() else {
            return;
        };
        let vars = &self.body(frame.body).vars;
        let of = |wanted: fn(&Ty) -> bool| {
            let mut vars = dests.iter().filter_map(|target| match target {
                Target::Var(var) if wanted(&vars[*var as usize].ty) => Some(*var),
                _ => None,
            });
            vars.next().filter(|_| vars.next().is_none())
        };
        let Some(list) = of(|ty| matches!(ty, Ty::Slice(_))) else {
            return;
        };
        let Some(number) = of(|ty| *ty == Ty::Int) else {
            return;
        };
        let (list, number) = (
            self.read_var(state, proc, list),
            self.read_var(state, proc, number),
        );
        if let (Value::Sym(list, _), Value::Sym(count, 0)) = (list, number) {
            let known = state.known(count);
            known.lo = known.lo.max(0);
            known.length = true;
            state.set_path(list, LEN, Value::Sym(count, 0));
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
                // A literal is judged where it stands, even if it captures nothing.
                let is_apart = env.is_empty() && code.parent.is_none();
                if is_apart
                    && may_be_left
                    && !code.recovers
                    && !self.counts(*body)
                    && !call
                        .args
                        .iter()
                        .any(|a| state.carries(a) || self.may_gain(state, a))
                {
                    // It is handed nothing of ours and gives nothing back.
                    if let Some(answer) = self.repeated_answer(state, proc, *body, &call) {
                        let flow = self.unknown_call(state, proc, &call, &[]);
                        self.set_dest(state, proc, dests, 0, answer);
                        return flow;
                    }
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
    pub(super) fn may_gain(&self, state: &State, value: &Value) -> bool {
        state.object(value).is_some_and(|id| {
            !state.escaped(id)
                && matches!(&state.heap[id as usize], Obj::Struct(Some(ty), _)
                    if self.holders.get(ty.0 as usize) == Some(&true))
        })
    }

    /// Whether a body counts on a wait group of the package.
    pub(super) fn counts(&self, body: BodyId) -> bool {
        !self.summaries.entry(body).of(PACKAGE).is_empty()
    }

    /// A call nobody can follow: what it is handed is known outside from now on, and pointees may have changed.
    fn unknown_call(
        &self,
        state: &mut State,
        proc: usize,
        call: &Prepared,
        dests: &[Target],
    ) -> Flow {
        self.run_ticking(state, proc, call);
        let mut serves = false;
        for (index, arg) in call.args.iter().enumerate() {
            match self.lent(state, proc, call.pc, index) {
                Some(acts) => serves |= state.lend_out(arg, acts),
                None => serves |= state.escape(arg),
            }
            self.change_map(state, proc, arg);
            self.change_captured(state, proc, arg, call.pc);
            if let Value::Ref(id) = arg
                && matches!(&state.heap[*id as usize], Obj::Cell(value) if !state.carries(value))
            {
                let value = self.unknown_result(state, proc, call.pc);
                state.heap.set(*id as usize, Obj::Cell(value));
            }
        }
        if serves {
            self.abstain("escape-call");
        }
        self.fresh_dests(state, proc, dests, 0, call.pc);
        self.run_handed(state, proc, call, dests)
    }

    /// What code that is not followed can do to a channel that is argument `index` of the call at `pc`, if that is not
    /// anything. Among the calls of a client everything is possible.
    pub(super) fn lent(&self, state: &State, proc: usize, pc: Pc, index: usize) -> Option<Acts> {
        let frame = state.procs[proc].frames.last()?;
        let body = self.body(frame.body);
        match body.code.get(pc as usize)? {
            Op::Call(call) | Op::Go(call) | Op::Defer(call)
                if state.exposure.client.is_none()
                    && matches!(call.callee, Callee::Unknown | Callee::Named(_)) =>
            {
                lent(self.program, body, call.args.get(index)?)
            }
            _ => None,
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
    fn named_call(
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
            (Some(Obj::Wait(..)), "TryGo") => Some(Effect::WaitTrySpawn),
            (Some(Obj::Wait(..)), "SetLimit") => Some(Effect::WaitLimit),
            (Some(Obj::Once(_)), "Do") => Some(Effect::CallOnce),
            (Some(Obj::Context(..)), "Done") => Some(Effect::ContextDone),
            (Some(Obj::Context(..)), "Err") => Some(Effect::ContextErr),
            (Some(Obj::Context(..)), "Value" | "Deadline") => Some(Effect::Inert),
            (Some(Obj::Chan { pipe: Some(_), .. }), "Close" | "CloseWithError") => {
                Some(Effect::PipeClose)
            }
            (Some(Obj::Clock(_, Clock::Ticks | Clock::Stopped)), "Stop") => {
                Some(Effect::TickerStop)
            }
            (Some(Obj::Clock(..)), "Stop") => Some(Effect::TimerStop),
            (Some(Obj::Clock(..)), "Reset") => Some(Effect::TickerReset),
            (None, "Done") if call.args.len() == 1 && !dests.is_empty() => {
                Some(Effect::ContextDone)
            }
            // Whose `Done` was asked for is a context.
            (None, "Err") if self.was_asked_done(state, &receiver) => Some(Effect::ContextErr),
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
        let mut lent = false;
        op.exprs(&mut |e| lent |= has_address(e, var));
        any || lent || matches!(place, Some(Expr::Index(base, _)) if **base == Expr::Var(var))
    })
}

/// Whether an expression takes the address of a variable.
fn has_address(expr: &Expr, var: Var) -> bool {
    if let Expr::Addr(inner) = expr {
        return **inner == Expr::Var(var);
    }
    let mut any = false;
    expr.children(&mut |child| any |= has_address(child, var));
    any
}
