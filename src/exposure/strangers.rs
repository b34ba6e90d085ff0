//! Which paths of a body lead to values of somebody else: package variables, messages, elements, what callees put into fields or
//! return.
//!
//! In: a body and a path. Out: yes or no. Deliberately absent: what is done there.

use crate::flow::Program;
use crate::flow::ir::{Body, BodyId, Callee, Expr, Op, Target, Var};
use crate::flow::is_plain;
use crate::summary::way_of;

/// Whether a path starts at a value that the body neither makes nor gets as a parameter.
pub(super) fn is_stranger(program: &Program, id: BodyId, expr: &Expr) -> bool {
    match start(expr) {
        Expr::Var(var) => variable_is_stranger(program, id, *var),
        other => is_outside(other),
    }
}

/// Whether a path is that of a field of something that a callee may have put into a field.
pub(super) fn has_filled_holder(program: &Program, id: BodyId, expr: &Expr) -> bool {
    match expr {
        Expr::Field(holder, _) => is_filled(program, id, holder),
        Expr::Addr(base) | Expr::Deref(base) | Expr::Receiver(base) | Expr::Pipe(base, _) => {
            has_filled_holder(program, id, base)
        }
        _ => false,
    }
}

/// Whether a path is that of a field into which a callee may have put something.
pub(super) fn is_filled(program: &Program, id: BodyId, expr: &Expr) -> bool {
    match expr {
        Expr::Field(base, _) => way_of(base).is_some_and(|way| is_handed_on(program, id, way.var)),
        Expr::Addr(base)
        | Expr::Deref(base)
        | Expr::Receiver(base)
        | Expr::Pipe(base, _)
        | Expr::Index(base, _) => is_filled(program, id, base),
        _ => false,
    }
}

/// Whether a variable that is no parameter leads to an argument of a call of a body in view.
fn is_handed_on(program: &Program, id: BodyId, var: Var) -> bool {
    let body = &program.bodies[id.0 as usize];
    if let Some((parent, outer)) = body.outer(var) {
        return is_handed_on(program, parent, outer);
    }
    let leads = |arg: &Expr| way_of(arg).is_some_and(|way| way.var == var);
    !body.params.contains(&var)
        && body.code.iter().any(|op| match op {
            Op::Call(call) | Op::Go(call) | Op::Defer(call) => {
                matches!(call.callee, Callee::Body(_)) && call.args.iter().any(leads)
            }
            _ => false,
        })
}

fn variable_is_stranger(program: &Program, id: BodyId, var: Var) -> bool {
    let body = &program.bodies[id.0 as usize];
    if body.params.contains(&var) {
        return false;
    }
    if let Some((parent, outer)) = body.outer(var) {
        return variable_is_stranger(program, parent, outer);
    }
    comes_from_elsewhere(program, body, var) || lists_strangers(program, body, var)
}

/// Whether a path starts at what a call of a body in view returned.
pub(super) fn is_of_result(program: &Program, id: BodyId, expr: &Expr) -> bool {
    let (mut id, mut var) = match start(expr) {
        Expr::Var(var) => (id, *var),
        _ => return false,
    };
    while let Some(outer) = program.bodies[id.0 as usize].outer(var) {
        (id, var) = outer;
    }
    program.bodies[id.0 as usize]
        .code
        .iter()
        .any(|op| match op {
            Op::Call(call) => {
                matches!(call.callee, Callee::Body(_)) && call.dests.contains(&Target::Var(var))
            }
            _ => false,
        })
}

/// Whether some operation gives a variable a value from elsewhere.
fn comes_from_elsewhere(program: &Program, body: &Body, var: Var) -> bool {
    let mut code = body.code.iter();
    code.any(|op| strange_source(program, body, op, var))
}

/// Whether a value from elsewhere is put into the list that a variable holds. Where many variables are put there, nobody looks
/// at them all, and it is taken to be so.
fn lists_strangers(program: &Program, body: &Body, list: Var) -> bool {
    const FEW: usize = 8;
    let mut seen = vec![list];
    body.code
        .iter()
        .flat_map(|op| put_into(op, list))
        .any(|element| {
            let var = match start(element) {
                Expr::Var(var) => *var,
                other => return is_outside(other),
            };
            if seen.contains(&var) {
                return false;
            }
            seen.push(var);
            seen.len() > FEW || comes_from_elsewhere(program, body, var)
        })
}

/// What an operation puts into the list that a variable holds.
fn put_into(op: &Op, list: Var) -> &[Expr] {
    match op {
        Op::Set(Target::Var(to), Expr::Slice(values) | Expr::Append(_, values)) if *to == list => {
            values
        }
        Op::Set(Target::Place(Expr::Index(base, _)), value) if **base == Expr::Var(list) => {
            std::slice::from_ref(value)
        }
        _ => &[],
    }
}

/// What the way to a value begins at.
fn start(expr: &Expr) -> &Expr {
    match expr {
        Expr::Field(base, _)
        | Expr::Addr(base)
        | Expr::Deref(base)
        | Expr::Receiver(base)
        | Expr::Pipe(base, _)
        | Expr::Index(base, _) => start(base),
        other => other,
    }
}

/// Whether what a way begins at is made by no body.
fn is_outside(start: &Expr) -> bool {
    matches!(start, Expr::Global(_) | Expr::Group(_) | Expr::Fresh(_))
}

/// Whether everything a function returns is new: made by it or by a function of which that is true.
fn returns_new(program: &Program, id: BodyId, depth: u32) -> bool {
    const DEEP_ENOUGH: u32 = 4;
    let body = &program.bodies[id.0 as usize];
    if !body.gives || depth > DEEP_ENOUGH {
        return false;
    }
    let is_new = |value: &Expr| match value {
        Expr::Nil | Expr::Struct(..) | Expr::MakeChan(..) | Expr::Closure(_) => true,
        Expr::Addr(inner) => matches!(**inner, Expr::Struct(..)),
        Expr::Var(var) => {
            is_plain(&body.vars[*var as usize].ty)
                || !body.params.contains(var) && variable_is_new(program, body, *var, depth)
        }
        Expr::Fresh(_) | Expr::Solid(_) | Expr::Bool(_) | Expr::Int(_) | Expr::Str(_) => true,
        _ => false,
    };
    body.code.iter().all(|op| match op {
        Op::Return(values) => values
            .iter()
            .zip(&body.results)
            .all(|(value, r)| is_plain(&body.vars[*r as usize].ty) || is_new(value)),
        _ => true,
    })
}

/// Whether a variable only ever holds what the body makes.
fn variable_is_new(program: &Program, body: &Body, var: Var, depth: u32) -> bool {
    let to_var = |t: &Target| *t == Target::Var(var);
    body.captures.iter().all(|(_, inner)| *inner != var) && body.code.iter().all(|op| match op {
        Op::Set(target, value) if to_var(target) => match value {
            Expr::Addr(inner) => matches!(**inner, Expr::Struct(..) | Expr::Zero(..)),
            Expr::Nil | Expr::Zero(..) | Expr::Struct(..) | Expr::MakeChan(..) => true,
            _ => false,
        },
        Op::Recv { dests, .. } => !dests.iter().any(to_var),
        Op::Select { cases, .. } => !cases.iter().flat_map(|c| &c.dests).any(to_var),
        Op::Call(call) if call.dests.iter().any(to_var) => {
            matches!(call.callee, Callee::Body(callee) if returns_new(program, callee, depth + 1))
        }
        Op::RangeNext(_, _, Some(item), ..) => *item != var,
        _ => true,
    })
}

/// Whether an operation gives a variable a value from elsewhere.
fn strange_source(program: &Program, body: &Body, op: &Op, var: Var) -> bool {
    let to_var = |t: &Target| *t == Target::Var(var);
    match op {
        Op::Set(target, value) if to_var(target) => match value {
            Expr::Global(_) | Expr::Fresh(_) | Expr::Index(..) => true,
            other if other.group().is_some() => true,
            // What a parameter turns out to be is somebody's whom no summary follows.
            Expr::Var(param) if body.params.contains(param) => {
                body.vars[*param as usize].ty != body.vars[var as usize].ty
            }
            // A part of a parameter is accounted for where that came from.
            other => way_of(other).is_some_and(|w| w.var != var && !body.params.contains(&w.var)),
        },
        Op::Recv { dests, .. } => dests.iter().any(to_var),
        Op::Select { cases, .. } => cases.iter().flat_map(|c| &c.dests).any(to_var),
        Op::Call(call) if call.dests.iter().any(to_var) => match call.callee {
            // What a function makes is new; a method may hand out what its receiver keeps.
            Callee::Body(callee) => !returns_new(program, callee, 0),
            _ => true,
        },
        Op::RangeNext(_, _, Some(item), ..) => *item == var,
        _ => false,
    }
}
