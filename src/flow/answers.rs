//! Questions that a body asks more than once: calls of functions that are not followed, each with one value; and lists that it
//! goes through more than once.
//!
//! In: a body. Out: what stands for such a call: an answer that is the same whenever it is asked of the same value; and whether
//! the elements of a list come again. Two loops that leave out the same elements have as many turns, and what two conditions
//! ask of one value is so for both or for neither. Deliberately absent: questions about several values, and lists that several
//! functions go through.

use super::facts::Slot;
use super::ir::{Body, BodyId, Call, Callee, Expr, Op, Target};

/// Whether `call` of `body` asks what is asked at another place too.
pub(crate) fn is_repeated(body: &Body, call: &Call) -> bool {
    let repeated = || body.known(Slot::Repeated, repeated_questions);
    question(call).is_some_and(|(function, _)| repeated().binary_search(&function).is_ok())
}

/// The functions that `body` calls at more than one place.
pub(super) fn repeated_questions(body: &Body) -> Vec<BodyId> {
    let called = |op: &Op| match op {
        Op::Call(call) => question(call).map(|(function, _)| function),
        _ => None,
    };
    let mut called: Vec<BodyId> = body.code.iter().filter_map(called).collect();
    called.sort_unstable();
    let pairs = called.windows(2).filter(|pair| pair[0] == pair[1]);
    let mut repeated: Vec<BodyId> = pairs.map(|pair| pair[0]).collect();
    repeated.dedup();
    repeated
}

/// What `call` returns, where it asks one of `repeated`.
pub(super) fn answer(call: &Call, repeated: &[BodyId]) -> Option<Expr> {
    let (function, of) = question(call)?;
    let again = repeated.binary_search(&function).is_ok();
    again.then(|| Expr::Answer(Box::new(of.clone()), function))
}

/// Who is asked, and of what.
fn question(call: &Call) -> Option<(BodyId, &Expr)> {
    let (Callee::Body(function), [of]) = (&call.callee, call.args.as_slice()) else {
        return None;
    };
    let variable = match of {
        Expr::Receiver(base) => base,
        other => other,
    };
    matches!(variable, Expr::Var(_)).then_some((*function, of))
}

/// Whether the elements of `list` are looked at more than once in `body`, or may be in a literal.
pub(crate) fn comes_again(body: &Body, list: &Expr) -> bool {
    let list = source(body, list);
    let shared = matches!(list, Expr::Var(var) if body.vars[*var as usize].cell);
    shared || body.known(Slot::Lists, repeated_lists).contains(list)
}

/// The lists whose elements are looked at at more than one place.
fn repeated_lists(body: &Body) -> Vec<Expr> {
    let (mut once, mut again): (Vec<Expr>, Vec<Expr>) = (Vec::new(), Vec::new());
    let mut met = |list: &Expr| {
        let list = source(body, list);
        let seen = if once.contains(list) {
            &mut again
        } else {
            &mut once
        };
        if !seen.contains(list) {
            seen.push(list.clone());
        }
    };
    for op in &body.code {
        if let Op::RangeNext(subject, ..) = op {
            met(&Expr::Var(*subject));
        }
        op.exprs(&mut |expr| elements(expr, &mut met));
    }
    again
}

/// Calls `f` on every list of which an element is read.
fn elements(expr: &Expr, f: &mut dyn FnMut(&Expr)) {
    if let Expr::Index(list, _) = expr {
        f(list);
    }
    expr.children(&mut |child| elements(child, f));
}

/// What the holder of a range's list was set to.
fn source<'b>(body: &'b Body, list: &'b Expr) -> &'b Expr {
    let Expr::Var(var) = list else { return list };
    let is_holder = |op: &Op| matches!(op, Op::RangeNext(subject, ..) if subject == var);
    if !body.code.iter().any(is_holder) {
        return list;
    }
    let set = body.code.iter().find_map(|op| match op {
        Op::Set(Target::Var(set), value) if set == var => Some(value),
        _ => None,
    });
    set.unwrap_or(list)
}
