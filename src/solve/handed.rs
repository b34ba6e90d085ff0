//! Functions handed to code that is not followed: whether and where it runs them nobody sees.
//!
//! It may run them at once, in a goroutine of its own, or never. A first search leaves them alone; where one of them may
//! wait for something of the system, two more let it run: at once ([`Handed::InPlace`]) and beside its caller
//! ([`Handed::Beside`]). What is stuck in both is stuck however it is run.

use super::machine::Machine;
use super::state::{Called, Event, Happening, Leaving, Obj, Prepared, Proc, State, Value};
use super::step::Flow;
use crate::flow::ir::{BodyId, Callee, Expr, Op, Pc, Target};
use crate::resolve::Ty;
use crate::source::Place;
use crate::summary::{ANY, CLOSE, PASSED, RECV, SEND};

/// What becomes of functions that code which is not followed is handed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Handed {
    /// They are not run; what they could do counts as help.
    #[default]
    Kept,
    /// They may be run once, in a goroutine of their own.
    Beside,
    /// They may be run once, before the call returns.
    InPlace,
}

/// Functions of one call that are run at most.
const RUN: usize = 4;

impl Machine<'_> {
    /// Runs what an unknown call has been handed, as far as it may wait.
    pub(super) fn run_handed(
        &self,
        state: &mut State,
        proc: usize,
        call: &Prepared,
        dests: &[Target],
    ) -> Flow {
        let leaving = state.procs[proc]
            .frames
            .last()
            .is_none_or(|frame| frame.leaving != Leaving::No);
        // A call that is nested too deep to be followed is not one of somebody else's code.
        if leaving || !matches!(call.callee, Called::Unknown | Called::Named(_)) {
            return Flow::Next;
        }
        let waiting = self.waiting_functions(state, call);
        if waiting.is_empty() {
            return Flow::Next;
        }
        match self.handed {
            Handed::Kept => {
                self.met_handed.set(true);
                Flow::Next
            }
            Handed::Beside => {
                let skipped = state.clone();
                let mut run = std::mem::take(state);
                for function in waiting {
                    self.run_beside(&mut run, proc, function);
                }
                self.succeeds(&mut run, proc, dests);
                Flow::Fork(vec![run, skipped])
            }
            Handed::InPlace => {
                let skipped = std::mem::take(state);
                let mut ways = Vec::new();
                for function in waiting {
                    let mut entered = skipped.clone();
                    let function = self.with_arguments(&mut entered, function);
                    let dests = self.out_of_view(&function.callee);
                    let flow = self.dispatch(&mut entered, proc, function, &dests, false);
                    if let Flow::Next = flow {
                        ways.push(entered);
                    }
                }
                ways.push(skipped);
                Flow::Fork(ways)
            }
        }
    }

    /// The error that a call gives last is nil: what is to be run later is not run by a call that has failed. An error is known
    /// by its type or, where the call is out of view, by the name that it is given.
    fn succeeds(&self, state: &mut State, proc: usize, dests: &[Target]) {
        let (Some(Target::Var(last)), Some(frame)) =
            (dests.last(), state.procs[proc].frames.last())
        else {
            return;
        };
        let var = &self.body(frame.body).vars[*last as usize];
        if var.ty != Ty::Error && var.name != "err" {
            return;
        }
        if let Value::Sym(error, _) = self.read_var(state, proc, *last) {
            state.known(error).nil = Some(true);
        }
    }

    /// Runs what a goroutine whose code is not followed has been handed: in either case that is another goroutine.
    pub(super) fn start_handed(&self, state: &mut State, proc: usize, call: &Prepared) {
        for function in self.waiting_functions(state, call) {
            if self.handed == Handed::Kept {
                self.met_handed.set(true);
                return;
            }
            self.run_beside(state, proc, function);
        }
    }

    /// Starts a goroutine that calls a function with arguments nobody knows.
    pub(super) fn run_beside(&self, state: &mut State, proc: usize, function: Prepared) {
        let function = self.with_arguments(state, function);
        self.spawn(state, proc, function, None);
    }

    /// Where what a function returns goes when it is called by code that is not followed.
    pub(super) fn out_of_view(&self, callee: &Called) -> Vec<Target> {
        let Called::Body(body, _) = callee else {
            return Vec::new();
        };
        let code = self.body(*body);
        vec![Target::Place(Expr::Fresh(code.span)); code.results.len()]
    }

    fn with_arguments(&self, state: &mut State, mut function: Prepared) -> Prepared {
        if let Called::Body(body, _) = function.callee {
            let code = self.body(body);
            for _ in function.args.len()..code.params.len() {
                function.args.push(state.symbol(code.file, code.span));
            }
        }
        function
    }

    /// The functions that arguments lead to which may send or receive.
    fn waiting_functions(&self, state: &State, call: &Prepared) -> Vec<Prepared> {
        let mut functions = Vec::new();
        for arg in &call.args {
            state.reach(arg, &mut |_, obj| {
                if let Obj::Closure(body, env, receiver) = obj
                    && functions.len() < RUN
                    && self.may_wait(*body)
                {
                    functions.push(Prepared {
                        callee: Called::Body(*body, env.clone()),
                        args: receiver.iter().copied().collect(),
                        method: receiver.is_some(),
                        pc: call.pc,
                    });
                }
            });
        }
        functions
    }

    /// Whether a function sends or receives on something it has from where it was made.
    fn may_wait(&self, body: BodyId) -> bool {
        let code = self.body(body);
        let entry = self.summaries.entry(body);
        entry.iter().any(|(way, acts)| {
            acts & (SEND | RECV) != 0
                && (code.captures.iter().any(|(_, inner)| *inner == way.var)
                    || code.method && code.params.first() == Some(&way.var))
        })
    }

    /// Whether nothing that can follow the making of a channel, in code in view or elsewhere, sends on it or closes it.
    pub fn has_no_server(&self, root: BodyId, made: Place) -> bool {
        let is_it =
            |value: &Expr| matches!(value, Expr::MakeChan(_, span, _) if *span == made.span);
        self.program.family(root).into_iter().any(|member| {
            let body = self.source(member);
            let at = body.code.iter().position(|op| match op {
                Op::Set(Target::Var(_), value) => body.file == made.file && is_it(value),
                _ => false,
            });
            let Some(at) = at else { return false };
            let Op::Set(Target::Var(var), _) = body.code[at] else {
                return false;
            };
            let future = self.summaries.futures(member).get(at + 1);
            future.is_some_and(|future| {
                let mut ways = future.iter().filter(|(way, _)| way.var == var);
                ways.all(|(_, acts)| acts & (SEND | CLOSE | ANY | PASSED) == 0)
            })
        })
    }

    /// The call that was handed a function which a run starts, if that call is not followed.
    pub(super) fn hander(&self, event: &Event) -> Option<(BodyId, Pc)> {
        match event.what {
            Happening::Spawned(child) if child != u32::MAX => self.call_outside(event.at),
            _ => None,
        }
    }

    /// The calls that a goroutine is in which run what they were handed, and are not followed themselves.
    pub(super) fn handers_above(&self, proc: &Proc) -> impl Iterator<Item = (BodyId, Pc)> {
        let callers = proc.frames.iter().rev().skip(1);
        let at = callers.filter_map(|frame| Some((frame.body, frame.pc.checked_sub(1)?)));
        at.filter_map(|at| self.call_outside(at))
    }

    /// A call or `go` statement whose callee is not followed.
    fn call_outside(&self, at: (BodyId, Pc)) -> Option<(BodyId, Pc)> {
        let op = self.source(at.0).code.get(at.1 as usize)?;
        let (Op::Call(call) | Op::Go(call)) = op else {
            return None;
        };
        matches!(call.callee, Callee::Unknown | Callee::Named(_)).then_some(at)
    }
}
