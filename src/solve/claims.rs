//! Conditions that are kept: `done := err == nil`, asked later, or handed to somebody who asks.
//!
//! In: a comparison, a negation, or two of them together, where a run has not decided it yet. Out: a truth value that
//! remembers what it says, so that deciding one decides the other. Deliberately absent: claims about claims about claims;
//! a loop could make those grow for ever.

use super::machine::Machine;
use super::state::{State, Sym, Value};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Name};

/// The paths under which a truth value keeps what it says.
const HOW: Name = Name::new_static("says()");
const LEFT: Name = Name::new_static("says(left)");
const RIGHT: Name = Name::new_static("says(right)");

/// The operators of conditions; a claim keeps the number of its own.
const OPERATORS: [BinaryOp; 8] = [
    BinaryOp::Eq,
    BinaryOp::Ne,
    BinaryOp::Lt,
    BinaryOp::Le,
    BinaryOp::Gt,
    BinaryOp::Ge,
    BinaryOp::LogAnd,
    BinaryOp::LogOr,
];

/// Claims are kept of claims up to this height.
const DEEP_ENOUGH: u32 = 3;

/// What a truth value says.
#[derive(Clone, Copy)]
struct Claim {
    op: BinaryOp,
    left: Value,
    right: Value,
}

impl Machine<'_> {
    /// Makes `truth` say that `left op right`, if that is a condition and not too much to be followed.
    pub(super) fn claim(
        state: &mut State,
        truth: Sym,
        op: BinaryOp,
        (left, right): (&Value, &Value),
    ) {
        let claim = Claim {
            op,
            left: *left,
            right: *right,
        };
        let Some(how) = OPERATORS.iter().position(|known| *known == op) else {
            return;
        };
        if can_be_kept(state, claim) {
            state.set_path(truth, HOW, Value::Int(how as i64));
            state.set_path(truth, LEFT, claim.left);
            state.set_path(truth, RIGHT, claim.right);
        }
    }

    /// The opposite of a truth value.
    pub(super) fn negated(&self, state: &mut State, proc: usize, value: &Value) -> Value {
        match *value {
            Value::Bool(b) => Value::Bool(!b),
            Value::Sym(sym, 0) => {
                if let Some(truth) = state.syms[sym as usize].truth {
                    return Value::Bool(!truth);
                }
                let opposite = self.fresh(state, proc, Span::default());
                if let Value::Sym(truth, _) = opposite {
                    let (op, left, right) = match claim_of(state, sym) {
                        Some(Claim { op, left, right }) if negation(op) != op => {
                            (negation(op), left, right)
                        }
                        _ => (BinaryOp::Eq, *value, Value::Bool(false)),
                    };
                    Self::claim(state, truth, op, (&left, &right));
                }
                opposite
            }
            _ => self.fresh(state, proc, Span::default()),
        }
    }

    /// All ways an undecided truth value can turn out, by what it says.
    pub(super) fn decide_claim(&self, state: &State, sym: Sym) -> Option<Vec<(State, bool)>> {
        let claim = claim_of(state, sym)?;
        let Claim { op, left, right } = claim;
        let mut outcomes = if is_logical(op) {
            let stops = op == BinaryOp::LogOr;
            let mut outcomes = Vec::new();
            for (state, value) in self.decide_truth(state.clone(), &left) {
                if value == stops {
                    outcomes.push((state, value));
                } else {
                    outcomes.extend(self.decide_truth(state, &right));
                }
            }
            outcomes
        } else if let (Value::Sym(of, 0), Value::Bool(wanted), BinaryOp::Eq) = (left, right, op) {
            let mut outcomes = self.decide_truth(state.clone(), &Value::Sym(of, 0));
            outcomes.iter_mut().for_each(|(_, b)| *b = *b == wanted);
            outcomes
        } else {
            let (left, right) = (state.norm(&left), state.norm(&right));
            self.decide_comparison(state.clone(), op, &left, &right, false)
        };
        for (state, value) in &mut outcomes {
            state.known(sym).truth = Some(*value);
        }
        Some(outcomes)
    }
}

/// What is known of what a truth value says.
fn claim_of(state: &State, sym: Sym) -> Option<Claim> {
    let Some(Value::Int(how)) = state.path(sym, &HOW) else {
        return None;
    };
    Some(Claim {
        op: *OPERATORS.get(usize::try_from(*how).ok()?)?,
        left: *state.path(sym, &LEFT)?,
        right: *state.path(sym, &RIGHT)?,
    })
}

/// Whether what a claim is about can be kept with it: numbers and the like, what nobody knows, and claims about those.
fn can_be_kept(state: &State, claim: Claim) -> bool {
    let logical = is_logical(claim.op);
    let about_truth = logical || matches!(claim.right, Value::Bool(_));
    [claim.left, claim.right].iter().all(|value| match value {
        Value::Sym(sym, _) => {
            let height = height(state, *sym);
            height == 0 || about_truth && height < DEEP_ENOUGH
        }
        Value::Int(_) | Value::Str(_) | Value::Nil => !logical,
        Value::Bool(_) => true,
        Value::Unset | Value::Ref(_) | Value::Val(_) | Value::Out(_) | Value::Func(_) => false,
    })
}

/// How many claims stand on each other in what a truth value says.
fn height(state: &State, sym: Sym) -> u32 {
    let of = |value: &Value| match value {
        Value::Sym(sym, _) => height(state, *sym),
        _ => 0,
    };
    claim_of(state, sym).map_or(0, |claim| 1 + of(&claim.left).max(of(&claim.right)))
}

fn is_logical(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::LogAnd | BinaryOp::LogOr)
}

/// The operator that says the opposite; of one that has none the same.
fn negation(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Eq => BinaryOp::Ne,
        BinaryOp::Ne => BinaryOp::Eq,
        BinaryOp::Lt => BinaryOp::Ge,
        BinaryOp::Ge => BinaryOp::Lt,
        BinaryOp::Gt => BinaryOp::Le,
        BinaryOp::Le => BinaryOp::Gt,
        other => other,
    }
}
