//! Counts that a program keeps for itself: in a field, or in a channel that one goroutine puts in and takes out of.
//!
//! In: a condition, or a repeated run. Out: whether it depends on how many there were of something that happened out of
//! view. Nothing here decides whether there is a leak.

use super::machine::Machine;
use super::state::{Act, Event, Happening, Log, Obj, ObjId, Proc, State, Value};
use crate::flow::facts::Slot;
use crate::flow::ir::{Body, Expr, Op, Target};
use crate::syntax::ast::{BinaryOp, Name};

impl Machine<'_> {
    /// Whether a condition in a loop asks how many a field says there are, which the loop counts on from what nobody in view
    /// has put there: who started those before knows, and a run that depends on it is given up.
    pub(super) fn asks_a_record(
        &self,
        state: &State,
        proc: usize,
        body: &Body,
        cond: &Expr,
    ) -> bool {
        let mut asks = false;
        comparands(cond, &mut |field| {
            let Expr::Field(_, name) = field else { return };
            if counted(body).contains(name) {
                let value = self.eval(&mut state.scratch(), proc, field);
                asks |= matches!(value, Value::Sym(..));
            }
        });
        if asks {
            self.abstain("unknown-count");
        }
        asks
    }

    /// Whether a goroutine takes out of a channel that it alone uses, to keep count of what comes from out of view: how
    /// much of that comes, nobody in view says.
    pub(super) fn keeps_count(&self, state: &State, proc: &Proc, log: &Log) -> bool {
        let Some((Act::Recv(ch, false), pc)) = &proc.park else {
            return false;
        };
        let (Some(id), Some(frame)) = (state.object(ch), proc.frames.last()) else {
            return false;
        };
        let has_room =
            matches!(&state.heap[id as usize], Obj::Chan { cap, .. } if *cap != Value::Int(0));
        let body = self.source(frame.body);
        let Some(Op::Recv {
            ch: Expr::Var(var), ..
        }) = body.code.get(*pc as usize)
        else {
            return false;
        };
        let alone = !body.vars[*var as usize].cell && !body.params.contains(var);
        let is_it = |ch: &Expr| matches!(ch, Expr::Var(other) if other == var);
        let puts_in = body.code.iter().any(|op| match op {
            Op::Send(ch, ..) => is_it(ch),
            Op::Select { cases, .. } => cases.iter().any(|case| case.send && is_it(&case.ch)),
            _ => false,
        });
        // Nobody in view has sent there.
        let unsent = |on: ObjId| {
            let sends = |e: &Event| e.on == Some(on) && matches!(e.what, Happening::Sent(_));
            on != id && !log.events.iter().any(sends)
        };
        let of_outside = |event: &Event| {
            event.proc == proc.id
                && event.on.is_none_or(unsent)
                && matches!(event.what, Happening::Received(_))
        };
        has_room && alone && puts_in && log.events.iter().any(of_outside)
    }
}

/// Calls `f` on both sides of the comparisons in a condition.
fn comparands(cond: &Expr, f: &mut dyn FnMut(&Expr)) {
    match cond {
        Expr::Binary(BinaryOp::LogAnd | BinaryOp::LogOr, left, right, _) => {
            comparands(left, f);
            comparands(right, f);
        }
        Expr::Not(inner) => comparands(inner, f),
        Expr::Binary(_, left, right, _) => {
            f(left);
            f(right);
        }
        _ => {}
    }
}

/// The fields that loops of `body` count up or down.
fn counted(body: &Body) -> &[Name] {
    body.known(Slot::Counted, |body| {
        let ops = body.code.iter().zip(&body.in_loop);
        let ops = ops.filter(|(_, in_loop)| **in_loop);
        ops.filter_map(|(op, _)| counts_on(op))
            .cloned()
            .collect::<Vec<Name>>()
    })
}

/// The field that an operation counts up or down.
fn counts_on(op: &Op) -> Option<&Name> {
    let Op::Set(Target::Place(Expr::Field(_, name)), Expr::Binary(op, from, by, _)) = op else {
        return None;
    };
    let same = matches!(&**from, Expr::Field(_, read) if read == name);
    let counts = matches!(op, BinaryOp::Add | BinaryOp::Sub) && matches!(**by, Expr::Int(_));
    (same && counts).then_some(name)
}
