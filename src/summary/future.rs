//! What can still be done, by way: a sorted list, shared between positions from which the same can be done.

use super::{Acts, PACKAGE, Way};
use crate::flow::ir::Var;
use crate::syntax::ast::Name;
use std::sync::Arc;

/// What can still be done, by way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Future {
    /// Sorted by way.
    ways: Vec<(Way, Acts)>,
}

impl Future {
    /// The ways in order, with what can be done.
    pub fn iter(&self) -> impl Iterator<Item = (&Way, Acts)> {
        self.ways.iter().map(|(way, acts)| (way, *acts))
    }

    /// The ways that begin at a variable.
    pub fn of(&self, var: Var) -> &[(Way, Acts)] {
        let from = self.ways.partition_point(|(way, _)| way.var < var);
        let count = self.ways[from..].partition_point(|(way, _)| way.var == var);
        &self.ways[from..from + count]
    }

    /// Keeps only the ways that begin at some variables.
    pub fn retain(&mut self, keep: impl Fn(Var) -> bool) {
        self.ways.retain(|(way, _)| keep(way.var));
    }

    fn find(&self, var: Var, field: Option<&Name>) -> Result<usize, usize> {
        self.ways
            .binary_search_by(|(way, _)| (way.var, way.field.as_ref()).cmp(&(var, field)))
    }

    /// Whether all that `other` says is said here as well.
    fn covers(&self, other: &Self) -> bool {
        let mut ours = self.ways.iter();
        other.ways.iter().all(|(way, acts)| {
            let same = ours.find(|(known, _)| known >= way);
            same.is_some_and(|(known, more)| known == way && more | acts == *more)
        })
    }

    /// What is said here or in `other`.
    fn joined(&self, other: &Self) -> Self {
        let mut ways = Vec::with_capacity(self.ways.len() + other.ways.len());
        let (mut left, mut right) = (self.ways.iter().peekable(), other.ways.iter().peekable());
        while let (Some((a, x)), Some((b, y))) = (left.peek(), right.peek()) {
            let order = a.cmp(b);
            ways.push(match order {
                std::cmp::Ordering::Less => (a.clone(), *x),
                std::cmp::Ordering::Equal => (a.clone(), x | y),
                std::cmp::Ordering::Greater => (b.clone(), *y),
            });
            if order.is_le() {
                left.next();
            }
            if order.is_ge() {
                right.next();
            }
        }
        ways.extend(left.chain(right).cloned());
        Self { ways }
    }
}

/// A future as it is carried backwards over an operation; copied when it changes.
pub(super) struct Carried<'h> {
    future: Arc<Future>,
    /// The variables that may lead to a primitive; nothing is said of others.
    holds: &'h [bool],
}

impl<'h> Carried<'h> {
    pub(super) fn new(future: Arc<Future>, holds: &'h [bool]) -> Self {
        Self { future, holds }
    }

    pub(super) fn into_future(self) -> Arc<Future> {
        self.future
    }

    /// What can be done from another position on can be done from here as well.
    pub(super) fn join(&mut self, other: &Arc<Future>) {
        if Arc::ptr_eq(&self.future, other) || self.future.covers(other) {
            return;
        }
        self.future = if other.covers(&self.future) {
            Arc::clone(other)
        } else {
            Arc::new(self.future.joined(other))
        };
    }

    /// More can be done by this way.
    pub(super) fn add(&mut self, var: Var, field: Option<&Name>, acts: Acts) {
        let known = self.known(var, field);
        self.set(var, field, known | acts);
    }

    /// This can be done by this way, whatever was said before.
    pub(super) fn set(&mut self, var: Var, field: Option<&Name>, acts: Acts) {
        if var != PACKAGE && !self.holds[var as usize] {
            return;
        }
        match self.future.find(var, field) {
            Ok(at) if self.future.ways[at].1 == acts => {}
            Ok(at) => Arc::make_mut(&mut self.future).ways[at].1 = acts,
            Err(at) => {
                let field = field.cloned();
                let ways = &mut Arc::make_mut(&mut self.future).ways;
                ways.insert(at, (Way { var, field }, acts));
            }
        }
    }

    fn known(&self, var: Var, field: Option<&Name>) -> Acts {
        let found = self.future.find(var, field);
        found.map_or(0, |at| self.future.ways[at].1)
    }

    /// Removes what is said of `var` and returns it.
    pub(super) fn kill(&mut self, var: Var) -> Vec<(Option<Name>, Acts)> {
        let said = self.future.of(var);
        if said.is_empty() {
            return Vec::new();
        }
        let killed = said.iter().map(|(way, acts)| (way.field.clone(), *acts));
        let killed = killed.collect();
        Arc::make_mut(&mut self.future).retain(|v| v != var);
        killed
    }
}
