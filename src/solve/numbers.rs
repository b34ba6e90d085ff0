//! Numbers: lengths, sums, and what is computed in ways that nobody follows.
//!
//! A symbol plus an offset is followed exactly. Of anything else only that it is the same each time, and nothing may be
//! counted on it.

use super::machine::{COUNT_LIMIT, Machine};
use super::state::{Obj, State, Sym, Value};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Name};

impl Machine<'_> {
    /// A list of a length that was not followed.
    pub(super) fn opaque(&self, state: &mut State, proc: usize) -> Value {
        let value = self.fresh(state, proc, Span::default());
        if let Value::Sym(sym, _) = value {
            state.known(sym).opaque = true;
        }
        value
    }

    /// A list that has been added to, too long to follow: how long it is says that there is enough in it.
    pub(super) fn grown_list(&self, state: &mut State, proc: usize) -> Value {
        let (list, length) = (self.opaque(state, proc), self.opaque(state, proc));
        if let (Value::Sym(list, _), Value::Sym(count, _)) = (list, length) {
            let known = state.known(count);
            known.lo = 0;
            known.length = true;
            known.drawn = true;
            state.set_path(list, LEN, length);
        }
        list
    }

    pub(super) fn length(&self, state: &mut State, proc: usize, base: &Value, span: Span) -> Value {
        match base {
            Value::Nil => Value::Int(0),
            // What has been counted with is a number, and a range over it takes as many turns.
            Value::Sym(sym, _) if state.syms[*sym as usize].bound => *base,
            Value::Sym(sym, _) => {
                if let Some(value) = state.path(*sym, &LEN) {
                    return *value;
                }
                let value = self.fresh(state, proc, span);
                let opaque = state.syms[*sym as usize].opaque;
                if let Value::Sym(len, _) = value {
                    let known = state.known(len);
                    known.lo = 0;
                    known.opaque = opaque;
                    known.length = true;
                }
                state.set_path(*sym, LEN, value);
                value
            }
            _ => match state.object(base).map(|id| (id, &state.heap[id as usize])) {
                Some((_, Obj::Slice(values))) => Value::Int(values.len() as i64),
                Some((_, Obj::Slots(len, _))) => state.norm(len),
                Some((_, Obj::Map(count))) => *count,
                Some((_, Obj::Entries(entries, others))) => {
                    let known = entries.len() as i64;
                    match state.norm(others) {
                        Value::Sym(sym, k) => Value::Sym(sym, k + known),
                        Value::Int(n) => Value::Int(n + known),
                        other => other,
                    }
                }
                Some((id, Obj::Chan { buf, .. })) if !state.escaped(id) => {
                    Value::Int(buf.len() as i64)
                }
                _ => self.fresh(state, proc, span),
            },
        }
    }

    /// A value as a number: what a range has taken so many turns over is that many.
    pub(super) fn number(state: &State, value: &Value) -> Value {
        let Value::Sym(sym, offset) = value else {
            return *value;
        };
        match state.path(*sym, &LEN).map(|turns| state.norm(turns)) {
            Some(Value::Sym(turns, k)) => Value::Sym(turns, k + offset),
            Some(Value::Int(turns)) => Value::Int(turns + offset),
            _ => *value,
        }
    }

    pub(super) fn arithmetic(
        &self,
        state: &mut State,
        proc: usize,
        op: BinaryOp,
        left: &Value,
        right: &Value,
        span: Span,
    ) -> Value {
        use crate::resolve::{Const, fold};
        let constant = |v: &Value| match v {
            Value::Int(n) => Some(Const::Int(*n)),
            Value::Bool(b) => Some(Const::Bool(*b)),
            Value::Str(text) => Some(Const::Str(self.texts.borrow().name(*text))),
            _ => None,
        };
        if let (Some(a), Some(b)) = (constant(left), constant(right))
            && let Some(value) = fold(op, &a, &b)
        {
            return match value {
                Const::Int(n) => Value::Int(n),
                Const::Bool(b) => Value::Bool(b),
                Const::Str(s) => self.text(&s),
            };
        }
        match (op, left, right) {
            (BinaryOp::Add, Value::Sym(s, k), Value::Int(n))
            | (BinaryOp::Add, Value::Int(n), Value::Sym(s, k))
                if (k + n).abs() < COUNT_LIMIT =>
            {
                Value::Sym(*s, k + n)
            }
            (BinaryOp::Sub, Value::Sym(s, k), Value::Int(n)) if (k - n).abs() < COUNT_LIMIT => {
                Value::Sym(*s, k - n)
            }
            _ => {
                // `x == nil` and the like as a value: known when the run has decided it.
                if let Some(known) = self.compare(state, op, left, right) {
                    return Value::Bool(known);
                }
                if let (BinaryOp::LogAnd | BinaryOp::LogOr, Value::Bool(told), other)
                | (BinaryOp::LogAnd | BinaryOp::LogOr, other, Value::Bool(told)) =
                    (op, left, right)
                {
                    let decides = *told == (op == BinaryOp::LogOr);
                    return if decides { Value::Bool(*told) } else { *other };
                }
                self.unfollowed(state, proc, op, (left, right), span)
            }
        }
    }

    /// What a computation comes to that is not followed: of a number and a constant it is the same each time.
    fn unfollowed(
        &self,
        state: &mut State,
        proc: usize,
        op: BinaryOp,
        (left, right): (&Value, &Value),
        span: Span,
    ) -> Value {
        let numeric = matches!(
            op,
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem
        );
        let (of, way) = match (left, right) {
            (Value::Sym(sym, k), Value::Int(n)) => (Some(*sym), format!("{op:?} {k} {n}")),
            (Value::Int(n), Value::Sym(sym, k)) => (Some(*sym), format!("{n} {op:?} {k}")),
            _ => (None, String::new()),
        };
        // A number that is computed again and again would never be done.
        let told = |sym: &Sym| {
            let known = &state.syms[*sym as usize];
            numeric && (op != BinaryOp::Rem || known.element) && !known.opaque
        };
        let memo = of.filter(told);
        if let Some(value) = memo.and_then(|sym| state.path(sym, &way)) {
            return *value;
        }
        let value = self.fresh(state, proc, span);
        let least = least(state, left).zip(least(state, right));
        if let Value::Sym(sym, _) = value
            && numeric
        {
            let unknown = of.is_some_and(|of| state.syms[of as usize].opaque);
            let known = state.known(sym);
            if op == BinaryOp::Add
                && let Some((left, right)) = least
            {
                known.lo = left + right;
            }
            // Nothing may be counted on it; and whether a number nobody knows is even, nobody knows at all.
            known.opaque = op != BinaryOp::Rem;
            known.counter = op == BinaryOp::Rem && unknown;
        }
        if let Some(sym) = memo {
            state.set_path(sym, Name::from(way), value);
        }
        if let Value::Sym(truth, _) = value {
            Self::claim(state, truth, op, (left, right));
        }
        value
    }
}

/// What a number is at least, where a run has said that it is not below zero.
fn least(state: &State, value: &Value) -> Option<i64> {
    let least = match value {
        Value::Int(n) => *n,
        Value::Sym(sym, k) => state.syms[*sym as usize].lo.checked_add(*k)?,
        _ => return None,
    };
    (0..COUNT_LIMIT).contains(&least).then_some(least)
}

/// The path under which the length of an unknown value is kept.
pub(super) const LEN: Name = Name::new_static("len()");
