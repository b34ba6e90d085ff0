//! What a call does to what it is handed: by the summary of the callee, by the library's table, or anything.

use super::future::Carried;
use super::{
    ADD, ANY, AWAIT, Acts, CALL, CLOSE, DONE, ELEMENT, LOCK, PACKAGE, PASSED, RECV, RESET, SEND,
    SIGNAL, STOP, Summaries, UNLOCK, Way, add, give, take,
};
use crate::flow::Program;
use crate::flow::direction;
use crate::flow::ir::{Body, BodyId, Call, Callee, Expr};
use crate::library::Effect;
use crate::syntax::ast::{ChanDir, Name};

/// What code that is not followed can do to a channel that it is handed as `arg`; nothing where that is anything.
pub fn lent(program: &Program, body: &Body, arg: &Expr) -> Option<Acts> {
    match direction(&program.types, body, arg)? {
        ChanDir::Recv => Some(RECV),
        ChanDir::Send => Some(SEND | CLOSE),
        ChanDir::Both => None,
    }
}

impl Summaries<'_> {
    /// The value of `expr` goes where this dataflow does not follow it.
    pub(super) fn hand_over(&self, expr: &Expr, future: &mut Carried<'_>) {
        give(expr, ANY, future);
        self.run_mentioned(expr, future);
    }

    /// The value of `expr` goes to whoever receives it, or has called.
    pub(super) fn pass_on(&self, expr: &Expr, future: &mut Carried<'_>) {
        give(expr, PASSED, future);
        self.run_mentioned(expr, future);
    }

    /// The functions that an expression mentions will be run.
    pub(super) fn run_mentioned(&self, expr: &Expr, future: &mut Carried<'_>) {
        expr.closures(&mut |body| self.run_closure(body, future));
        expr.functions(&mut |func| self.count(func.into(), future));
    }

    /// What a body does to the wait groups of the package is done.
    fn count(&self, body: BodyId, future: &mut Carried<'_>) {
        future.add_all(PACKAGE, by_field(self.entries.of(body).of(PACKAGE)));
    }

    /// A literal made here will be run: what it does to captured variables is done to ours.
    pub(super) fn run_closure(&self, body: BodyId, future: &mut Carried<'_>) {
        self.count(body, future);
        let entry = self.entries.of(body);
        for (outer, inner) in &self.program.bodies[body.0 as usize].captures {
            future.add_all(*outer, by_field(entry.of(*inner)));
        }
    }

    /// An argument goes where nobody follows it.
    fn hand_out(&self, body: &Body, arg: &Expr, future: &mut Carried<'_>) {
        match lent(self.program, body, arg) {
            Some(acts) => add(arg, acts, future),
            None => self.hand_over(arg, future),
        }
    }

    pub(super) fn call(&self, body: &Body, call: &Call, future: &mut Carried<'_>) {
        match &call.callee {
            Callee::Body(body) => {
                self.count(*body, future);
                for (index, arg) in call.args.iter().enumerate() {
                    self.apply(*body, index, arg, future);
                }
            }
            Callee::Value(value) => {
                add(value, CALL, future);
                self.run_mentioned(value, future);
                for arg in &call.args {
                    self.hand_over(arg, future);
                }
            }
            Callee::Close(_) => {
                for arg in &call.args {
                    add(arg, CLOSE, future);
                }
            }
            Callee::Library(effect, argument) => {
                self.library_call(*effect, *argument, call, future);
            }
            Callee::Named(name) => {
                // Methods of a context and of an error do nothing to what they are called on.
                if call.args.len() == 1
                    && matches!(
                        name.as_str(),
                        "Err" | "Deadline" | "Value" | "Error" | "String"
                    )
                {
                    return;
                }
                for arg in &call.args {
                    self.hand_out(body, arg, future);
                }
            }
            Callee::Unknown | Callee::Panic => {
                for arg in &call.args {
                    self.hand_out(body, arg, future);
                }
            }
            Callee::Recover => {}
        }
    }

    fn library_call(&self, effect: Effect, argument: u32, call: &Call, future: &mut Carried<'_>) {
        let function = call.args.get(argument as usize + usize::from(call.method));
        match effect {
            runs if runs.runs_argument() => {
                if let Some(function) = function {
                    add(function, CALL, future);
                    self.flow_into(function, &[(None, CALL)], future);
                }
            }
            Effect::WaitDone => {
                if let Some(receiver) = call.args.first() {
                    add(receiver, DONE, future);
                }
            }
            Effect::TickerStop | Effect::TickerReset => {
                let acts = if effect == Effect::TickerStop {
                    STOP
                } else {
                    RESET
                };
                if let Some(receiver) = call.args.first() {
                    add(receiver, acts, future);
                }
            }
            // Looking at a context is an act on it: what is seen depends on who cancels first.
            Effect::ContextDone | Effect::ContextErr => {
                if let Some(receiver) = call.args.first() {
                    add(receiver, RECV, future);
                }
            }
            Effect::WaitAdd => {
                if let [receiver, count] = call.args.as_slice() {
                    let counts_up = matches!(count, Expr::Int(n) if *n > 0);
                    let down = if counts_up { 0 } else { DONE };
                    // Whoever adds to what others count on as well is to be followed.
                    let up = receiver.group().map_or(0, |_| ADD);
                    if down | up != 0 {
                        add(receiver, down | up, future);
                    }
                }
            }
            Effect::Lock | Effect::ReadLock | Effect::TryLock => {
                if let Some(receiver) = call.args.first() {
                    // Who locks it here unlocks later what it has locked itself, and no use to others.
                    take(receiver, UNLOCK, future);
                    add(receiver, LOCK, future);
                }
            }
            Effect::CondWait | Effect::CondSignal | Effect::CondBroadcast => {
                let waits = effect == Effect::CondWait;
                if let Some(receiver) = call.args.first() {
                    add(receiver, if waits { AWAIT } else { SIGNAL }, future);
                }
            }
            Effect::Unlock | Effect::ReadUnlock => {
                if let Some(receiver) = call.args.first() {
                    add(receiver, UNLOCK, future);
                }
            }
            _ => {}
        }
    }

    /// Argument `index` of a call of `body` is `arg`.
    pub(super) fn apply(&self, body: BodyId, index: usize, arg: &Expr, future: &mut Carried<'_>) {
        let callee = &self.program.bodies[body.0 as usize];
        // Arguments beyond the last parameter are elements of the variadic one.
        let last = callee.params.len().saturating_sub(1);
        let variadic = callee.variadic && index >= last;
        let Some(param) = callee.params.get(index.min(last)) else {
            return;
        };
        let moved: Vec<(Option<Name>, Acts)> = self
            .entries
            .of(body)
            .of(*param)
            .iter()
            .map(|(way, acts)| {
                (
                    way.field.clone().filter(|f| !variadic || *f != ELEMENT),
                    *acts,
                )
            })
            .collect();
        self.flow_into(arg, &moved, future);
    }
}

/// What ways that begin at one variable say, by their fields.
fn by_field(ways: &[(Way, Acts)]) -> impl Iterator<Item = (Option<&Name>, Acts)> {
    ways.iter().map(|(way, acts)| (way.field.as_ref(), *acts))
}
