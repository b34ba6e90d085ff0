//! Functions that run later: unless somebody stops them before (`time.AfterFunc`, `context.AfterFunc`), or when they are
//! first called for (`sync.OnceFunc`).
//!
//! In: such a call. Out: a goroutine that runs the function if it is first to claim it; whoever stops it claims it as well.
//! A claim is a channel with room for one value. Deliberately absent: `Reset`.

use super::ir::{Call, Callee, Case, Expr, Op, Target, Var};
use super::lower::Lowerer;
use super::lower_call::passed;
use crate::library::Effect;
use crate::resolve::Ty;
use crate::source::Span;
use crate::syntax::ast::{ChanDir, Name};
use std::sync::Arc;

/// The field of a timer by which its function is claimed.
pub(crate) const CLAIM: Name = Name::new_static("claim()");

/// How the names of goroutines end that run a function later.
pub(crate) const LATER: &str = ".later";

/// The field of a timer on which ticks would come.
const TICKS: Name = Name::new_static("C");

/// Whether somebody wants what a call returns.
pub(super) fn is_kept(dests: &[Target]) -> bool {
    dests.iter().any(|dest| *dest != Target::Ignore)
}

/// Whether a call waits for the end of a context before it runs its function.
pub(super) fn is_at_end(callee: &Callee) -> bool {
    matches!(callee, Callee::Library(Effect::SpawnAtEnd, _))
}

impl Lowerer<'_, '_> {
    /// A function runs later: when the first argument of `call` has ended, if that is a context, or at any time.
    pub(super) fn spawn_later(&mut self, call: Call, function: Expr, span: Span) {
        let channel = Ty::Chan(ChanDir::Both, Arc::new(Ty::Unknown));
        let claim = self.temp(channel.clone());
        let room = Expr::MakeChan(Box::new(Expr::Int(1)), span, Span::default());
        self.emit_at(span, Op::Set(Target::Var(claim), room));
        let runs = self.temp(Ty::Unknown);
        self.emit_at(span, Op::Set(Target::Var(runs), function));
        let at_end = is_at_end(&call.callee);
        let unset = !at_end && call.args.first().is_some_and(is_never);
        let ended = at_end.then(|| {
            let ended = self.temp(channel);
            let done = Call {
                callee: Callee::Library(Effect::ContextDone, 0),
                args: vec![passed(&call, 0)],
                method: true,
                dests: vec![Target::Var(ended)],
            };
            self.emit_at(span, Op::Call(done));
            ended
        });
        let later = self.made_up_literal(&LATER[1..], span, |this, inner| {
            if let Some(ended) = ended {
                let ended = Expr::Var(inner(this, ended));
                this.wait_if_ever(ended, span);
            }
            if unset {
                this.wait_for_reset(span);
            }
            let claim = Expr::Var(inner(this, claim));
            let first = this.claim(claim, span);
            let (run, end) = (this.label(), this.label());
            this.emit_at(span, Op::Branch(Expr::Var(first), run, end));
            this.place(run);
            let run = function_call(Expr::Var(inner(this, runs)));
            this.emit_at(span, Op::Call(run));
            this.place(end);
        });
        self.emit_at(span, Op::Go(function_call(Expr::Closure(later))));
        let Some(dest) = call.dests.into_iter().next() else {
            return;
        };
        let value = if at_end {
            Expr::Closure(self.made_up_literal("stop", span, |this, inner| {
                let claim = Expr::Var(inner(this, claim));
                let result = this.temp(Ty::Bool);
                this.top().body.results.push(result);
                let first = this.claim(claim, span);
                this.emit_at(span, Op::Return(vec![Expr::Var(first)]));
            }))
        } else {
            let no_ticks = Expr::Zero(Ty::Chan(ChanDir::Recv, Arc::new(Ty::Unknown)), span);
            let fields = vec![(TICKS, no_ticks), (CLAIM, Expr::Var(claim))];
            Expr::Struct(None, fields, true, span)
        };
        self.emit_at(span, Op::Set(dest, value));
    }

    /// A function that runs `function` the first time it is called.
    pub(super) fn once_func(&mut self, dests: Vec<Target>, function: Expr, span: Span) {
        let once = self.temp(Ty::Ext("sync".into(), "Once".into()));
        let unused = Expr::Zero(Ty::Ext("sync".into(), "Once".into()), span);
        self.emit_at(span, Op::Set(Target::Var(once), unused));
        let runs = self.temp(Ty::Unknown);
        self.emit_at(span, Op::Set(Target::Var(runs), function));
        let literal = self.made_up_literal("once", span, |this, inner| {
            let receiver = Expr::Receiver(Box::new(Expr::Var(inner(this, once))));
            let function = Expr::Var(inner(this, runs));
            let call = Call {
                callee: Callee::Library(Effect::CallOnce, 0),
                args: vec![receiver, function],
                method: true,
                dests: Vec::new(),
            };
            this.emit_at(span, Op::Call(call));
        });
        if let Some(dest) = dests.into_iter().next() {
            self.emit_at(span, Op::Set(dest, Expr::Closure(literal)));
        }
    }

    /// Whether this comes before everybody else who wants what `ch` stands for.
    pub(super) fn claim(&mut self, ch: Expr, span: Span) -> Var {
        let first = self.temp(Ty::Bool);
        let (yes, no, end) = (self.label(), self.label(), self.label());
        let case = Case {
            send: true,
            value: Expr::Bool(true),
            ..made_up_case(ch, yes, span)
        };
        let claim = Op::Select {
            cases: vec![case],
            default: Some(no),
        };
        self.emit_at(span, claim);
        self.place(yes);
        self.emit_at(span, Op::Set(Target::Var(first), Expr::Bool(true)));
        self.jump(end);
        self.place(no);
        self.emit_at(span, Op::Set(Target::Var(first), Expr::Bool(false)));
        self.place(end);
        first
    }

    /// Goes on when `ch` is closed; nobody is stuck here who waits in vain.
    fn wait_if_ever(&mut self, ch: Expr, span: Span) {
        let on = self.label();
        let wait = Op::Select {
            cases: vec![
                made_up_case(ch, on, span),
                made_up_case(Expr::Never, on, span),
            ],
            default: None,
        };
        self.emit_at(span, wait);
        self.place(on);
    }

    /// Goes on when somebody sets the timer, which no run follows.
    fn wait_for_reset(&mut self, span: Span) {
        let on = self.label();
        let wait = Op::Select {
            cases: vec![made_up_case(Expr::Never, on, span)],
            default: None,
        };
        self.emit_at(span, wait);
        self.place(on);
    }
}

/// Whether so much time never passes: a timer that is made to be set later.
fn is_never(duration: &Expr) -> bool {
    const NANOSECONDS_IN_A_CENTURY: i64 = 100 * 365 * 24 * 3600 * 1_000_000_000;
    match duration {
        Expr::Int(n) => *n > NANOSECONDS_IN_A_CENTURY,
        Expr::Global(name) => name == "math.MaxInt64",
        _ => false,
    }
}

/// A receive case that stands nowhere in the source: its communication is its whole clause.
fn made_up_case(ch: Expr, target: u32, span: Span) -> Case {
    Case {
        send: false,
        ch,
        ch_span: span,
        value: Expr::Nil,
        dests: [Target::Ignore, Target::Ignore],
        target,
        span,
        clause: span,
    }
}

/// A call of a function value that takes nothing.
fn function_call(function: Expr) -> Call {
    Call {
        callee: Callee::Value(function),
        args: Vec::new(),
        method: false,
        dests: Vec::new(),
    }
}
