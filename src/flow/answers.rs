//! Questions that a body asks more than once: calls of functions that are not followed, each with one value.
//!
//! In: a body. Out: what stands for such a call: an answer that is the same whenever it is asked of the same value. Two loops
//! that leave out the same elements have as many turns, and what two conditions ask of one value is so for both or for
//! neither. Deliberately absent: questions about several values.

use super::facts::Slot;
use super::ir::{Body, BodyId, Call, Callee, Expr, Op};

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
