//! Library calls, by what their table says they do.
//!
//! In: an effect and the parts of the call. Out: the state after it, or what becomes of the goroutine. What contexts do
//! is in [`super::contexts`], what ends a test in [`super::checks`].

use super::machine::Machine;
use super::state::{
    Act, Called, Clock, Happening, Leaving, Obj, Outside, Prepared, State, Value, Wish,
};
use super::step::Flow;
use crate::flow::ir::{Callee, Op, Target};
use crate::library::Effect;
use crate::source::Span;

impl Machine<'_> {
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
            // A method of a timer that was never made.
            Effect::TimerStop | Effect::TickerStop | Effect::TickerReset
                if call.args.first() == Some(&Value::Nil) =>
            {
                return self.panic(state, proc, call.pc);
            }
            Effect::Inert
            | Effect::Parallel
            | Effect::NilAs
            | Effect::NilIfAll
            | Effect::Succeeds
            | Effect::ListOf
            | Effect::OnceFunc
            | Effect::Group
            | Effect::Receive
            | Effect::Pipe
            | Effect::PipeWrap
            | Effect::PipePart
            | Effect::PipeWrite
            | Effect::PipeWriteAll
            | Effect::PipeRead
            | Effect::PipeScan
            | Effect::PipeReadAll
            | Effect::PipeCopy => {
                self.fresh_dests(state, proc, dests, 0, call.pc);
            }
            Effect::Reorders => {
                let list = call.args.get(argument).copied();
                self.reorder(state, proc, list.unwrap_or(Value::Nil));
                self.fresh_dests(state, proc, dests, 0, call.pc);
            }
            Effect::PipeClose => {
                self.fresh_dests(state, proc, dests, 0, call.pc);
                return Self::park(state, proc, Act::Close(receiver), call.pc);
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
            Effect::WaitSpawn if !deferred && !self.has_room(state, &receiver) => {
                return Self::park(state, proc, Act::Room(receiver), call.pc);
            }
            Effect::WaitTrySpawn => return self.try_start(state, proc, argument, call, dests),
            Effect::WaitLimit => Self::limit(state, &receiver, call.args.get(argument)),
            Effect::Spawn | Effect::SpawnLater | Effect::SpawnAtEnd | Effect::WaitSpawn => {
                let on_end = (effect == Effect::WaitSpawn).then_some(receiver);
                self.start_argument(state, proc, argument, call, on_end);
                self.fresh_dests(state, proc, dests, 0, call.pc);
            }
            Effect::Call | Effect::CallOnce | Effect::CallTest => {
                return self.call_in_place(state, proc, effect, argument, call, dests, deferred);
            }
            Effect::Close => {
                let ch = call.args.get(argument).copied().unwrap_or(Value::Nil);
                return Self::park(state, proc, Act::Close(ch), call.pc);
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
            Effect::WaitAdd | Effect::WaitDone => {
                let count = match effect {
                    Effect::WaitDone => Value::Int(-1),
                    _ => call.args.get(1).copied().unwrap_or(Value::Int(1)),
                };
                self.count(state, &receiver, &count);
                self.note_count(state, proc, call, &count);
            }
            Effect::WaitWait => {
                self.fresh_dests(state, proc, dests, 0, call.pc);
                return Self::park(state, proc, Act::Wait(receiver), call.pc);
            }
            Effect::Lock | Effect::ReadLock => {
                let wish = if effect == Effect::Lock {
                    Wish::Write
                } else {
                    Wish::Read
                };
                return self.lock(state, proc, &receiver, wish, call.pc);
            }
            Effect::Cond => {
                let site = self.call_site(state, proc, call.pc);
                let lock = call.args.get(argument).copied().unwrap_or(Value::Nil);
                let cond = state.alloc(Obj::Cond(site, lock));
                self.set_dest(state, proc, dests, 0, Value::Ref(cond));
            }
            Effect::CondWait => return self.await_cond(state, proc, &receiver, call.pc),
            Effect::CondSignal | Effect::CondBroadcast => {
                let all = effect == Effect::CondBroadcast;
                return self.signal(state, proc, &receiver, all, call.pc);
            }
            Effect::TryLock => {
                let taken = self.try_lock(state, proc, &receiver, call.pc);
                let taken =
                    taken.map_or_else(|| self.unknown_result(state, proc, call.pc), Value::Bool);
                self.set_dest(state, proc, dests, 0, taken);
            }
            Effect::Unlock | Effect::ReadUnlock => {
                return self.unlock(
                    state,
                    proc,
                    &receiver,
                    effect == Effect::ReadUnlock,
                    call.pc,
                );
            }
            Effect::Timer => self.set_dest(state, proc, dests, 0, Value::Out(Outside::Timer)),
            Effect::TimerValue | Effect::Ticker => {
                let site = self.call_site(state, proc, call.pc);
                let does = if effect == Effect::Ticker {
                    Clock::Ticks
                } else {
                    Clock::Set
                };
                let clock = state.alloc(Obj::Clock(site, does));
                self.set_dest(state, proc, dests, 0, Value::Ref(clock));
            }
            Effect::TimerStop => return self.stop_timer(state, proc, call, dests),
            Effect::TickerStop | Effect::TickerReset => {
                self.fresh_dests(state, proc, dests, 0, call.pc);
                let clock = state.object(&receiver);
                if let Some(id) = clock
                    && let Obj::Clock(_, does) = &mut state.heap[id as usize]
                {
                    *does = match (effect, *does) {
                        (Effect::TickerStop, _) => Clock::Stopped,
                        (_, Clock::Ticks | Clock::Stopped) => Clock::Ticks,
                        _ => Clock::Set,
                    };
                    self.note(state, proc, call.pc, Happening::Stopped, clock);
                }
            }
            Effect::ContextNever
            | Effect::ContextDerive
            | Effect::ContextCancel
            | Effect::ContextDeadline => {
                let parent = call.args.get(argument).copied().unwrap_or(Value::Nil);
                self.derive_context(state, proc, effect, parent, dests, call.pc);
            }
            Effect::GroupContext => {
                let parent = call.args.get(argument).copied().unwrap_or(Value::Nil);
                let site = self.call_site(state, proc, call.pc);
                let group = state.alloc(Obj::Wait(site, Value::Int(0), None));
                let context = state.alloc(Obj::Context(site, parent, false, true));
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

    /// `Stop` of a timer says whether it comes before the timer has fired; where it does, nothing comes from it any more
    /// (package time, "Timer.Stop"). Who does not ask may have come too late.
    fn stop_timer(
        &self,
        state: &mut State,
        proc: usize,
        call: &Prepared,
        dests: &[Target],
    ) -> Flow {
        let asked = dests.first().is_some_and(|d| *d != Target::Ignore);
        let timer = call
            .args
            .first()
            .and_then(|receiver| state.object(receiver));
        let does = timer.map(|id| state.heap[id as usize].clone());
        match (timer, does) {
            // Who drains a timer after that counts on it that it was set again: when, numbers say.
            (Some(id), Some(Obj::Clock(site, Clock::Fired | Clock::Disarmed))) => {
                state.heap.set(id as usize, Obj::Clock(site, Clock::Fired));
                self.set_dest(state, proc, dests, 0, Value::Bool(false));
                Flow::Next
            }
            (Some(id), Some(Obj::Clock(site, Clock::Set))) if asked => {
                let mut late = state.clone();
                let mut early = std::mem::take(state);
                for (state, clock, in_time) in [
                    (&mut early, Clock::Disarmed, true),
                    (&mut late, Clock::Fired, false),
                ] {
                    state.heap.set(id as usize, Obj::Clock(site, clock));
                    if in_time {
                        self.note(state, proc, call.pc, Happening::Stopped, timer);
                    }
                    self.set_dest(state, proc, dests, 0, Value::Bool(in_time));
                }
                Flow::Fork(vec![early, late])
            }
            _ => {
                self.fresh_dests(state, proc, dests, 0, call.pc);
                Flow::Next
            }
        }
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
        let dests = self.out_of_view(&inner.callee);
        match self.dispatch(&mut entered, proc, inner, &dests, deferred) {
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

    /// Which element stands where in a list nobody knows any more: each may be any of them.
    fn reorder(&self, state: &mut State, proc: usize, list: Value) {
        let Some(id) = state.object(&list) else {
            return;
        };
        let Obj::Slice(elements) = state.heap[id as usize].clone() else {
            return;
        };
        if elements.len() < 2 {
            return;
        }
        for element in &elements {
            state.escape(element);
        }
        let unknown = elements.iter().map(|element| match element {
            Value::Ref(_) | Value::Val(_) => *element,
            _ => self.fresh(state, proc, Span::default()),
        });
        let unknown = unknown.collect();
        state.heap.set(id as usize, Obj::Slice(unknown));
    }
}
