//! What a value is told when its caller lets go: by a context that it keeps, or by a value on one of its channels.
//!
//! In: a constructor or a field. Out: yes or no. Deliberately absent: what becomes of it then.

use super::methods::is_context;
use crate::flow::ir::{Body, BodyId, Callee, Expr, Op, Pc, Target, Var};
use crate::flow::{Program, Walk};
use crate::library::Effect;
use crate::summary::way_of;
use crate::syntax::ast::Name;

/// Whether a function keeps the context it is handed, or what comes of it, beyond handing it to code elsewhere: for what it
/// makes, for a goroutine, to ask whether it has ended.
pub(super) fn keeps(program: &Program, function: BodyId, param: usize) -> bool {
    let mut seen: Vec<(BodyId, Var)> = Vec::new();
    let first = program.bodies[function.0 as usize].params.get(param);
    let mut todo: Vec<(BodyId, Var)> = first.map(|var| (function, *var)).into_iter().collect();
    while let Some((id, context)) = todo.pop() {
        if seen.contains(&(id, context)) {
            continue;
        }
        seen.push((id, context));
        let is_captured = |literal: &BodyId| {
            let captures = &program.bodies[literal.0 as usize].captures;
            captures.iter().any(|(outer, _)| *outer == context)
        };
        if program.literals[id.0 as usize].iter().any(is_captured) {
            return true;
        }
        let body = &program.bodies[id.0 as usize];
        for op in &body.code {
            let mut mentioned = false;
            op.exprs(&mut |expr| expr.vars(&mut |var| mentioned |= var == context));
            if !mentioned {
                continue;
            }
            if asks(op, context) {
                continue;
            }
            let Op::Call(call) = op else { return true };
            match call.callee {
                Callee::Unknown
                | Callee::Named(_)
                | Callee::Library(
                    Effect::Inert
                    | Effect::ContextErr
                    | Effect::ContextCancel
                    | Effect::ContextDeadline
                    | Effect::ContextDerive,
                    _,
                ) => {}
                // The channel is as good as the context.
                Callee::Library(Effect::ContextDone, _) => {
                    todo.extend(call.dests.iter().filter_map(|dest| match dest {
                        Target::Var(var) => Some((id, *var)),
                        _ => None,
                    }));
                }
                Callee::Body(callee) => {
                    let params = &program.bodies[callee.0 as usize].params;
                    let handed = call.args.iter().zip(params);
                    todo.extend(handed.filter_map(|(arg, param)| {
                        matches!(arg, Expr::Var(var) if *var == context).then_some((callee, *param))
                    }));
                }
                _ => return true,
            }
            // A context made of it is as good as it is.
            todo.extend(call.dests.iter().filter_map(|dest| match dest {
                Target::Var(var) if is_context(&body.vars[*var as usize].ty) => Some((id, *var)),
                _ => None,
            }));
        }
    }
    false
}

/// Whether an operation only waits for the end of a context, or asks whether it has come: that is over when the call is.
fn asks(op: &Op, context: Var) -> bool {
    let mentions = |expr: &Expr| {
        let mut mentioned = false;
        expr.vars(&mut |var| mentioned |= var == context);
        mentioned
    };
    match op {
        Op::Recv { .. } | Op::Branch(..) => true,
        Op::Select { cases, .. } => !cases.iter().any(|case| case.send && mentions(&case.value)),
        Op::Return(results) => !results.iter().any(|result| is_it(result, context)),
        _ => false,
    }
}

/// Whether an expression is a context, or a value that holds it.
fn is_it(expr: &Expr, context: Var) -> bool {
    match expr {
        Expr::Var(var) => *var == context,
        Expr::Binary(..) | Expr::Not(..) | Expr::Answer(..) | Expr::Field(..) => false,
        _ => {
            let mut found = false;
            expr.children(&mut |child| found |= is_it(child, context));
            found
        }
    }
}

/// Whether somebody who receives from such a field may leave then, without receiving from it again; a value that only wakes a
/// loop lets go of nothing.
pub(super) fn ends_somebody(program: &Program, field: &Name) -> bool {
    let of_field = |ch: &Expr| way_of(ch).is_some_and(|way| way.field.as_ref() == Some(field));
    let mut received = false;
    for body in &program.bodies {
        for (pc, op) in body.code.iter().enumerate() {
            let pc = pc as Pc;
            let starts: Vec<Pc> = match op {
                Op::Recv { ch, .. } if of_field(ch) => vec![pc + 1],
                Op::Select { cases, .. } => cases
                    .iter()
                    .filter(|case| !case.send && of_field(&case.ch))
                    .map(|case| case.target)
                    .collect(),
                _ => continue,
            };
            received |= !starts.is_empty();
            if starts.into_iter().any(|start| leaves(body, start, pc)) {
                return true;
            }
        }
    }
    !received
}

/// Whether a body can be left from `start` without coming by `here`.
fn leaves(body: &Body, start: Pc, here: Pc) -> bool {
    body.walk(start, |pc, op| match op {
        _ if pc == here => Walk::Back,
        Op::Return(_) | Op::End | Op::Panic => Walk::Found,
        _ => Walk::On,
    })
}
