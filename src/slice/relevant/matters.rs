//! Whether an operation makes a difference, by what is known so far of who reads what.

use super::super::effects::{is_check, may_end, only_gives, runs, writes_receiver};
use super::super::mine::Mine;
use super::{Marker, Relevant};
use crate::flow::Program;
use crate::flow::ir::{Body, BodyId, Call, Callee, Expr, Op, Pc, Target};
use crate::flow::{Next, emptied, is_plain, key_of};
use crate::library::{Effect, ends_by_name};

impl Marker<'_, '_> {
    pub(super) fn is_relevant(&self, id: BodyId, body: &Body, pc: usize) -> bool {
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
                mine(value)
                    || key_of(place).is_some_and(mine)
                    || emptied(op).is_some_and(mine)
                    || self.relevant.target(id, target)
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
        let fills = || {
            call.args
                .iter()
                .any(|arg| self.relevant.may_be_written(id, arg))
        };
        match &call.callee {
            Callee::Body(callee) => {
                self.relevant.matters(*callee)
                    && !is_apart(self.program, self.mine, id, call, *callee)
            }
            Callee::Value(Expr::Closure(callee)) => self.relevant.matters(*callee),
            Callee::Value(value) => mine(value) || passed(),
            Callee::Named(name) => {
                passed() || fills() || (self.relevant.exits_strand && ends_by_name(name))
            }
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
            Callee::Unknown => passed() || fills(),
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
}

/// Whether a called function has primitives of its own and nothing else to do with the system: whether it leaks is judged
/// where it is looked at by itself, and here it comes back.
pub(in crate::slice) fn is_apart(
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
pub(super) fn runs_relevant(
    program: &Program,
    relevant: &Relevant,
    id: BodyId,
    value: &Expr,
) -> bool {
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
