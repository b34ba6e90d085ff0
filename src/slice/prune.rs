//! The code that is left of a body.

use super::mine::Mine;
use super::relevant::{Relevant, is_apart, keeps_result, needs_arg};
use crate::flow::ir::{Body, BodyId, Call, Callee, Case, Expr, JumpKind, Op, Target};
use crate::flow::{Next, Program};
use crate::source::Span;

/// The body as its system sees it: same positions, with what does not matter gone.
pub(super) fn prune(program: &Program, id: BodyId, mine: &Mine<'_>, relevant: &Relevant) -> Body {
    let mut body = Body::clone(&program.bodies[id.0 as usize]);
    let pruner = Pruner {
        program,
        id,
        mine,
        relevant,
    };
    for pc in 0..body.code.len() {
        let span = body.spans[pc];
        let results = body.results.clone();
        if let Some(op) = pruner.op(&body.code[pc], pc, span, &results) {
            body.code[pc] = op;
        }
    }
    body
}

struct Pruner<'a> {
    program: &'a Program,
    id: BodyId,
    mine: &'a Mine<'a>,
    relevant: &'a Relevant,
}

impl Pruner<'_> {
    /// What an operation becomes; `None` when it stays as it is.
    fn op(&self, op: &Op, pc: usize, span: Span, results: &[u32]) -> Option<Op> {
        let part = self.relevant.part(self.id)?;
        if part.ops[pc] {
            return self.kept(op, span, results);
        }
        if self.relevant.dies(op) {
            return Some(Op::Panic);
        }
        match op {
            Op::Nop | Op::Jump(..) | Op::End => None,
            Op::Return(values) => {
                let unknown = values.iter().map(|_| Expr::Fresh(span)).collect();
                Some(Op::Return(unknown))
            }
            Op::Branch(..) | Op::Choose(_) | Op::RangeNext(..) | Op::Select { .. } => {
                Some(match part.ahead.next[pc] {
                    Next::Op(to) | Next::Exit(to) => Op::Jump(to, JumpKind::Plain),
                    Next::Dead => Op::Panic,
                    // Here it goes round for ever.
                    Next::Nothing => Op::Recv {
                        ch: Expr::Never,
                        ch_span: span,
                        dests: [Target::Ignore, Target::Ignore],
                        range: false,
                    },
                })
            }
            _ => Some(Op::Nop),
        }
    }

    fn kept(&self, op: &Op, span: Span, results: &[u32]) -> Option<Op> {
        match op {
            Op::Set(target, value) => Some(Op::Set(target.clone(), self.value(value))),
            Op::Send(ch, ch_span, value) => {
                let needed = self.relevant.received || self.mine.operand(self.id, value);
                let value = if needed {
                    self.value(value)
                } else {
                    Expr::Fresh(span)
                };
                Some(Op::Send(ch.clone(), *ch_span, value))
            }
            Op::Select { cases, default } => Some(Op::Select {
                cases: cases.iter().map(|c| self.case(c)).collect(),
                default: *default,
            }),
            Op::Call(call) => Some(Op::Call(self.call(call, span))),
            Op::Go(call) => Some(Op::Go(self.call(call, span))),
            Op::Defer(call) => Some(Op::Defer(self.call(call, span))),
            Op::Return(values) => {
                let values = results.iter().zip(values).map(|(result, value)| {
                    if keeps_result(self.relevant, self.mine, self.id, *result, value) {
                        self.value(value)
                    } else {
                        Expr::Fresh(span)
                    }
                });
                Some(Op::Return(values.collect()))
            }
            _ => None,
        }
    }

    fn case(&self, case: &Case) -> Case {
        let mut case = case.clone();
        if case.send {
            let needed = self.relevant.received || self.mine.operand(self.id, &case.value);
            case.value = if needed {
                self.value(&case.value)
            } else {
                Expr::Fresh(case.span)
            };
        }
        case
    }

    fn call(&self, call: &Call, span: Span) -> Call {
        let mut call = call.clone();
        let targets = self.mine.targets(self.id, &call);
        let matters = match &call.callee {
            Callee::Body(id) if is_apart(self.program, self.mine, self.id, &call, *id) => false,
            Callee::Body(id) | Callee::Value(Expr::Closure(id)) => {
                self.relevant.matters(*id) || targets.iter().any(|t| self.gives(&call, *t))
            }
            _ => true,
        };
        if !matters {
            call.callee = Callee::Unknown;
            call.args.clear();
            call.method = false;
            return call;
        }
        let args = call.args.iter().enumerate().map(|(index, arg)| {
            let needed = needs_arg(
                self.program,
                self.relevant,
                self.mine,
                (self.id, &call),
                &targets,
                (index, arg),
            );
            if needed {
                self.value(arg)
            } else {
                Expr::Fresh(span)
            }
        });
        call.args = args.collect();
        call
    }

    /// Whether a result of `target` is needed here.
    fn gives(&self, call: &Call, target: BodyId) -> bool {
        let results = &self.program.bodies[target.0 as usize].results;
        call.dests
            .iter()
            .zip(results)
            .any(|(dest, _)| self.relevant.target(self.id, dest))
    }

    /// An expression without the fields nobody reads.
    fn value(&self, expr: &Expr) -> Expr {
        let Expr::Struct(ty, fields, address, span) = expr else {
            return expr.clone();
        };
        let fields = fields.iter().map(|(name, value)| {
            let needed = self.relevant.field(self.mine, self.id, name, value);
            let value = if needed {
                self.value(value)
            } else {
                Expr::Fresh(*span)
            };
            (name.clone(), value)
        });
        Expr::Struct(*ty, fields.collect(), *address, *span)
    }
}
