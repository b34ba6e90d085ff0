//! What can still be done, by way: a sorted list, shared between positions from which the same can be done.

use super::{Acts, PACKAGE, Way};
use crate::flow::ir::Var;
use crate::syntax::ast::Name;
use std::ops::Range;
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
        &self.ways[self.range(var)]
    }

    /// Where the ways are that begin at a variable.
    fn range(&self, var: Var) -> Range<usize> {
        let from = self.ways.partition_point(|(way, _)| way.var < var);
        let count = self.ways[from..].partition_point(|(way, _)| way.var == var);
        from..from + count
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

    /// This cannot be done by this way any more.
    pub(super) fn take(&mut self, var: Var, field: Option<&Name>, acts: Acts) {
        let known = self.known(var, field);
        if known & acts != 0 {
            self.set(var, field, known & !acts);
        }
    }

    /// More can be done by ways that begin at `var`, each given by its field.
    pub(super) fn add_all<'a>(
        &mut self,
        var: Var,
        more: impl Iterator<Item = (Option<&'a Name>, Acts)>,
    ) {
        if !self.is_said(var) {
            return;
        }
        let mut more: Vec<_> = more.collect();
        if !more.is_sorted_by_key(|(field, _)| *field) {
            more.sort_by_key(|(field, _)| *field);
        }
        more.dedup_by(|(field, acts), (kept, all)| {
            let same = field == kept;
            if same {
                *all |= *acts;
            }
            same
        });
        let range = self.future.range(var);
        let mut merged = Vec::with_capacity(range.len() + more.len());
        let mut changed = false;
        let mut said = self.future.ways[range.clone()].iter().peekable();
        for (field, acts) in more {
            while let Some(before) = said.next_if(|(way, _)| way.field.as_ref() < field) {
                merged.push(before.clone());
            }
            let before = said.next_if(|(way, _)| way.field.as_ref() == field);
            let known = before.map(|(_, known)| *known);
            changed |= known.is_none_or(|known| known | acts != known);
            let field = field.cloned();
            merged.push((Way { var, field }, known.unwrap_or(0) | acts));
        }
        merged.extend(said.cloned());
        if changed {
            let ways = &mut Arc::make_mut(&mut self.future).ways;
            ways.splice(range, merged);
        }
    }

    /// Whether anything is said of a variable.
    fn is_said(&self, var: Var) -> bool {
        var == PACKAGE || self.holds[var as usize]
    }

    /// This can be done by this way, whatever was said before.
    pub(super) fn set(&mut self, var: Var, field: Option<&Name>, acts: Acts) {
        if !self.is_said(var) {
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
        let range = self.future.range(var);
        if range.is_empty() {
            return Vec::new();
        }
        let killed = Arc::make_mut(&mut self.future).ways.drain(range);
        killed.map(|(way, acts)| (way.field, acts)).collect()
    }
}
