//! Conditions: all ways one can turn out, and what a run knows from then on of the values it was about.

use super::eval::ERROR;
use super::machine::Machine;
use super::state::{Known, Obj, State, Sym, Value};
use crate::flow::ir::Expr;
use crate::syntax::ast::BinaryOp;
use std::cmp::Ordering;

impl Machine<'_> {
    /// What a run already knows of a comparison.
    pub(super) fn compare(
        &self,
        state: &State,
        op: BinaryOp,
        left: &Value,
        right: &Value,
    ) -> Option<bool> {
        match op {
            BinaryOp::Eq => self.equal(state, left, right),
            BinaryOp::Ne => self.equal(state, left, right).map(|b| !b),
            BinaryOp::Lt => self.less(state, left, right),
            BinaryOp::Ge => self.less(state, left, right).map(|b| !b),
            BinaryOp::Gt => self.less(state, right, left),
            BinaryOp::Le => self.less(state, right, left).map(|b| !b),
            _ => None,
        }
    }

    pub(super) fn equal(&self, state: &State, left: &Value, right: &Value) -> Option<bool> {
        match (left, right) {
            (Value::Int(a), Value::Int(b)) => Some(a == b),
            (Value::Bool(a), Value::Bool(b)) => Some(a == b),
            (Value::Str(a), Value::Str(b)) => Some(a == b),
            (Value::Nil, Value::Nil) => Some(true),
            (Value::Ref(a), Value::Ref(b)) => Some(a == b),
            (Value::Val(a), Value::Val(b)) => {
                match (&state.heap[*a as usize], &state.heap[*b as usize]) {
                    (Obj::Struct(s, x), Obj::Struct(t, y)) if s == t => {
                        (x.is_empty() && y.is_empty()).then_some(true)
                    }
                    _ => Some(false),
                }
            }
            // An unknown value cannot be an object of ours that nobody else knows.
            (Value::Sym(..), Value::Ref(id) | Value::Val(id))
            | (Value::Ref(id) | Value::Val(id), Value::Sym(..)) => {
                (!state.escaped(*id)).then_some(false)
            }
            // A number or a text compared with nil is one in an interface: an error, as like as not.
            (
                Value::Nil,
                Value::Ref(_)
                | Value::Val(_)
                | Value::Func(_)
                | Value::Out(_)
                | Value::Int(_)
                | Value::Str(_)
                | Value::Bool(_),
            )
            | (
                Value::Ref(_)
                | Value::Val(_)
                | Value::Func(_)
                | Value::Out(_)
                | Value::Int(_)
                | Value::Str(_)
                | Value::Bool(_),
                Value::Nil,
            ) => Some(false),
            (Value::Sym(s, j), Value::Sym(t, k)) if s == t => Some(j == k),
            (Value::Sym(s, 0), Value::Sym(t, 0)) => {
                let key = (*s.min(t), *s.max(t));
                state
                    .equal
                    .iter()
                    .find(|(a, b, _)| (*a, *b) == key)
                    .map(|(.., equal)| *equal)
                    .or_else(|| state.order((*s, 0), (*t, 0)).map(|o| o == Ordering::Equal))
                    .or_else(|| {
                        let (a, b) = (&state.syms[*s as usize], &state.syms[*t as usize]);
                        if a.global && b.global {
                            return Some(false);
                        }
                        match (a.nil, b.nil) {
                            (Some(true), Some(false)) | (Some(false), Some(true)) => Some(false),
                            (Some(true), Some(true)) => Some(true),
                            _ => None,
                        }
                    })
            }
            (Value::Sym(s, j), Value::Sym(t, k)) => {
                let order = state.order((*s, *j), (*t, *k));
                order.map(|order| order == Ordering::Equal)
            }
            (Value::Sym(s, _), Value::Nil) | (Value::Nil, Value::Sym(s, _)) => {
                state.syms[*s as usize].nil
            }
            (Value::Sym(s, k), Value::Int(n)) | (Value::Int(n), Value::Sym(s, k)) => {
                let known = &state.syms[*s as usize];
                let value = n - k;
                if value < known.lo || value > known.hi || known.ne.contains(&Value::Int(value)) {
                    Some(false)
                } else {
                    None
                }
            }
            (Value::Sym(s, 0), constant @ (Value::Str(_) | Value::Bool(_)))
            | (constant @ (Value::Str(_) | Value::Bool(_)), Value::Sym(s, 0)) => {
                let known = &state.syms[*s as usize];
                match (constant, known.truth) {
                    (Value::Bool(b), Some(truth)) => Some(*b == truth),
                    _ if known.ne.contains(constant) => Some(false),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    pub(super) fn less(&self, state: &State, left: &Value, right: &Value) -> Option<bool> {
        let range = |v: &Value| match v {
            Value::Int(n) => Some((*n, *n)),
            Value::Sym(s, k) => {
                let known = &state.syms[*s as usize];
                Some((known.lo.saturating_add(*k), known.hi.saturating_add(*k)))
            }
            _ => None,
        };
        if let (Value::Sym(s, j), Value::Sym(t, k)) = (left, right) {
            if s == t {
                return Some(j < k);
            }
            if let Some(below) = state.is_below((*s, *j), (*t, *k)) {
                return Some(below);
            }
        }
        let ((llo, lhi), (rlo, rhi)) = (range(left)?, range(right)?);
        if lhi < rlo {
            Some(true)
        } else if llo >= rhi {
            Some(false)
        } else {
            None
        }
    }

    /// All ways a condition can turn out, with what each means for the values it is about.
    /// `counted` says that the condition decides whether a loop goes on.
    pub(super) fn decide(
        &self,
        mut state: State,
        proc: usize,
        cond: &Expr,
        counted: bool,
    ) -> Vec<(State, bool)> {
        match cond {
            Expr::Not(inner) => {
                let mut outcomes = self.decide(state, proc, inner, counted);
                outcomes.iter_mut().for_each(|(_, b)| *b = !*b);
                outcomes
            }
            Expr::Binary(op @ (BinaryOp::LogAnd | BinaryOp::LogOr), left, right, _) => {
                let stops = *op == BinaryOp::LogOr;
                let mut outcomes = Vec::new();
                for (state, value) in self.decide(state, proc, left, counted) {
                    if value == stops {
                        outcomes.push((state, value));
                    } else {
                        outcomes.extend(self.decide(state, proc, right, counted));
                    }
                }
                outcomes
            }
            Expr::Binary(op, left, right, _) => {
                // A constant is not how many there are to be.
                let constant = matches!((&**left, &**right), (Expr::Int(_), _) | (_, Expr::Int(_)));
                let (left, right) = (
                    self.eval(&mut state, proc, left),
                    self.eval(&mut state, proc, right),
                );
                if let (Value::Sym(sym, _), Value::Nil) | (Value::Nil, Value::Sym(sym, _)) =
                    (&left, &right)
                {
                    self.believe(&mut state, proc, *sym);
                }
                if !constant {
                    Self::note_drawn(&mut state, *op, &left, &right);
                }
                self.decide_comparison(state, *op, &left, &right, counted)
            }
            Expr::HasKey(map, key) => self.decide_key(state, proc, map, key),
            Expr::StillHas(map, key) => vec![self.still_has(state, proc, map, key)],
            _ => {
                let value = self.eval(&mut state, proc, cond);
                self.decide_truth(state, &value)
            }
        }
    }

    /// What a call that is not followed returned without an error is not nil to other functions than the one that called:
    /// that one may know better and asks.
    fn believe(&self, state: &mut State, proc: usize, sym: Sym) {
        let without_error = match state.path(sym, ERROR.as_str()) {
            Some(Value::Sym(error, _)) => state.syms[*error as usize].nil == Some(true),
            _ => false,
        };
        let known = &state.syms[sym as usize];
        let body = self.body(self.here(state, proc));
        let (file, span) = known.origin;
        let called_here = file == body.file && body.span.contains(span);
        if without_error && known.nil.is_none() && !called_here {
            state.known(sym).nil = Some(false);
        }
    }

    /// Whether a value is the outcome of a count that was not followed: a run that depends on it is given up.
    pub(super) fn is_uncounted(&self, state: &State, value: &Value) -> bool {
        let uncounted = matches!(value, Value::Sym(sym, _) if state.syms[*sym as usize].counter);
        if uncounted {
            self.abstain("unknown-count");
        }
        uncounted
    }

    pub(super) fn decide_truth(&self, state: State, value: &Value) -> Vec<(State, bool)> {
        if self.is_uncounted(&state, value) {
            return Vec::new();
        }
        match value {
            Value::Bool(b) => vec![(state, *b)],
            Value::Sym(sym, _) => {
                if let Some(truth) = state.syms[*sym as usize].truth {
                    return vec![(state, truth)];
                }
                if let Some(outcomes) = self.decide_claim(&state, *sym) {
                    return outcomes;
                }
                split(state, |s, b| s.known(*sym).truth = Some(b))
            }
            _ => split(state, |_, _| {}),
        }
    }

    pub(super) fn decide_comparison(
        &self,
        state: State,
        op: BinaryOp,
        left: &Value,
        right: &Value,
        counted: bool,
    ) -> Vec<(State, bool)> {
        let ordered = matches!(
            op,
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge
        );
        let numbers = ordered.then(|| (Self::number(&state, left), Self::number(&state, right)));
        let (left, right) = match &numbers {
            Some((left, right)) => (left, right),
            None => (left, right),
        };
        if let Some(known) = self.compare(&state, op, left, right) {
            return vec![(state, known)];
        }
        if matches!(op, BinaryOp::Eq)
            && (self.is_uncounted(&state, left) || self.is_uncounted(&state, right))
        {
            return Vec::new();
        }
        match (op, left, right) {
            (BinaryOp::Ne, ..) => {
                let mut outcomes =
                    self.decide_comparison(state, BinaryOp::Eq, left, right, counted);
                outcomes.iter_mut().for_each(|(_, b)| *b = !*b);
                outcomes.reverse();
                outcomes
            }
            (BinaryOp::Eq, Value::Sym(sym, k), other)
            | (BinaryOp::Eq, other, Value::Sym(sym, k)) => {
                let (sym, k, other) = (*sym, *k, *other);
                split(state, |s, equal| learn_equal(s, sym, k, &other, equal))
            }
            (BinaryOp::Gt, ..) => self.decide_comparison(state, BinaryOp::Lt, right, left, counted),
            (BinaryOp::Ge, ..) => {
                let mut outcomes =
                    self.decide_comparison(state, BinaryOp::Lt, left, right, counted);
                outcomes.iter_mut().for_each(|(_, b)| *b = !*b);
                outcomes
            }
            (BinaryOp::Le, ..) => {
                let mut outcomes =
                    self.decide_comparison(state, BinaryOp::Lt, right, left, counted);
                outcomes.iter_mut().for_each(|(_, b)| *b = !*b);
                outcomes
            }
            (BinaryOp::Lt, Value::Sym(sym, k), Value::Int(n)) => {
                // sym + k < n
                let (sym, at) = (*sym, n.saturating_sub(*k));
                self.split_at(&state, sym, at, counted, true)
            }
            (BinaryOp::Lt, Value::Int(n), Value::Sym(sym, k)) => {
                // n < sym + k, so not sym < n - k + 1
                let (sym, at) = (*sym, n.saturating_sub(*k).saturating_add(1));
                self.split_at(&state, sym, at, counted, false)
            }
            (BinaryOp::Lt, Value::Sym(s, j), Value::Sym(t, k)) => {
                // s + j < t + k
                let (s, t, apart) = (*s, *t, k.saturating_sub(*j));
                split(state, |state, below| {
                    if below {
                        state.learn_order(s, t, apart.saturating_sub(1));
                    } else {
                        state.learn_order(t, s, apart.saturating_neg());
                    }
                })
            }
            _ => split(state, |_, _| {}),
        }
    }

    /// Splits the interval of `sym` into below `at` and not; the outcome of the first is `below`. A counter that has
    /// reached the limit sees the end of its loop only.
    pub(super) fn split_at(
        &self,
        state: &State,
        sym: Sym,
        at: i64,
        counted: bool,
        below: bool,
    ) -> Vec<(State, bool)> {
        let mut outcomes = Vec::new();
        for is_below in [true, false] {
            if !is_below && counted && at > self.loop_limit && state.syms[sym as usize].lo < at {
                self.abstain("loop-limit");
                continue;
            }
            // A run that needs an empty loop proves little (`Search` leaves those to low confidence).
            if is_below
                && counted
                && at <= 1
                && state.syms[sym as usize].lo < at
                && !self.zero_counts
            {
                continue;
            }
            let mut state = state.clone();
            let known = state.known(sym);
            known.bound |= counted;
            if is_below {
                known.hi = known.hi.min(at - 1);
            } else {
                known.lo = known.lo.max(at);
            }
            known.skip_others();
            if known.lo <= known.hi {
                outcomes.push((state, is_below == below));
            }
        }
        // True first, as for every other condition.
        outcomes.sort_by_key(|(_, b)| !*b);
        outcomes
    }
}

fn split(state: State, learn: impl Fn(&mut State, bool)) -> Vec<(State, bool)> {
    let mut yes = state.clone();
    learn(&mut yes, true);
    let mut no = state;
    learn(&mut no, false);
    vec![(yes, true), (no, false)]
}

pub(super) fn learn_equal(state: &mut State, sym: Sym, offset: i64, other: &Value, equal: bool) {
    match other {
        // Two numbers that are some way apart.
        Value::Sym(t, k) if offset != *k => {
            if !equal {
                return;
            }
            let apart = k.saturating_sub(offset);
            state.learn_order(sym, *t, apart);
            state.learn_order(*t, sym, apart.saturating_neg());
        }
        Value::Sym(t, _) => {
            let (a, b) = (sym.min(*t), sym.max(*t));
            state.equal.push((a, b, equal));
            if equal {
                state.learn_order(sym, *t, 0);
                state.learn_order(*t, sym, 0);
                let nil = state.syms[sym as usize].nil.or(state.syms[*t as usize].nil);
                state.known(sym).nil = nil;
                state.known(*t).nil = nil;
            }
        }
        Value::Nil => state.known(sym).nil = Some(equal),
        Value::Int(n) => {
            let value = n - offset;
            let known: &mut Known = state.known(sym);
            if equal {
                known.lo = value;
                known.hi = value;
            } else if known.lo == value {
                known.lo += 1;
            } else if known.hi == value {
                known.hi -= 1;
            } else {
                known.ne.push(Value::Int(value));
            }
        }
        Value::Bool(b) => state.known(sym).truth = Some(*b == equal),
        constant @ Value::Str(_) => {
            let known = state.known(sym);
            if equal {
                known.eq = Some(*constant);
            } else {
                known.ne.push(*constant);
            }
        }
        // That an unknown value is one of our objects says nothing that could be kept.
        _ => {}
    }
}
