//! How many values are sent on a channel, as an expression that can stand where the channel is made.
//!
//! Each send counts as often as the loops around it turn, from the function that makes the channel down through the calls
//! that the channel is handed to. Sends on paths that exclude each other count once.

use super::bench::Bench;
use super::bound::{Bound, Home};
use super::tree::{Tree, Up};
use super::uses::{Call, Use};
use crate::source::FileId;
use crate::syntax::ast::{ExprId, Stmt, StmtId};
use crate::syntax::parts::Part;
use std::collections::BTreeMap;

/// How many values are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Total {
    /// A Go expression.
    pub(super) text: String,
    /// Its value, where it is a constant.
    pub(super) constant: Option<u64>,
    /// Whether it is a length or a constant, so that it is never negative, and of a type that is known.
    pub(super) sure: bool,
    /// Whether some send stands in a loop of its own goroutine: the number of goroutines does not bound it.
    pub(super) streams: bool,
}

/// The sends in the body of one function or loop, as it is reached by certain calls.
#[derive(Default)]
struct Region {
    bounds: Vec<Bound>,
    sends: Vec<StmtId>,
}

/// The number of values that `sends` send, for use at `make`; `None` where it cannot be said there.
pub(super) fn total<'a>(
    bench: &Bench<'a>,
    tree: &Tree<'a>,
    make: ExprId,
    sends: &[Use],
) -> Option<Total> {
    let home = Home { bench, tree, make };
    let mut regions: BTreeMap<(FileId, u32, &[Call]), Region> = BTreeMap::new();
    let mut streams = false;
    for send in sends {
        let there = bench.tree(send.file)?;
        let (_, start) = body_around(there, send.stmt)?;
        let loops = home.loops(send)?;
        streams |= loops.streams;
        let region = regions.entry((send.file, start, &send.path)).or_default();
        region.bounds = loops.bounds;
        region.sends.push(send.stmt);
    }
    let mut terms: BTreeMap<Vec<Bound>, u64> = BTreeMap::new();
    for ((file, ..), region) in regions {
        let there = bench.tree(file)?;
        let (list, _) = body_around(there, region.sends[0])?;
        let counted = count(there, list, &region.sends);
        *terms.entry(region.bounds).or_default() += counted.most();
    }
    Some(sum(&terms, streams))
}

fn sum(terms: &BTreeMap<Vec<Bound>, u64>, streams: bool) -> Total {
    let constant = match terms.first_key_value() {
        Some((bounds, often)) if terms.len() == 1 && bounds.is_empty() => Some(*often),
        _ => None,
    };
    let products: Vec<String> = terms
        .iter()
        .map(|(bounds, often)| {
            let factor = (*often > 1 || bounds.is_empty()).then(|| often.to_string());
            let factors = factor
                .into_iter()
                .chain(bounds.iter().map(|b| b.text.clone()));
            factors.collect::<Vec<_>>().join("*")
        })
        .collect();
    // In an argument gofmt sets blanks around the `+` only where there is a `*` as well.
    let plus = if products.iter().any(|p| p.contains('*')) {
        " + "
    } else {
        "+"
    };
    Total {
        text: products.join(plus),
        constant,
        sure: terms.keys().flatten().all(|b| b.sure),
        streams,
    }
}

/// The body of the innermost loop or function around `stmt`, and where it starts.
fn body_around<'a>(tree: &Tree<'a>, stmt: StmtId) -> Option<(&'a [StmtId], u32)> {
    let mut at = stmt;
    while let Up::Stmt(above) = tree.up(Part::Stmt(at)) {
        if let Stmt::For { body, .. } | Stmt::Range { body, .. } = tree.ast.stmt(above) {
            return Some((&body.stmts, body.span.start));
        }
        at = above;
    }
    let body = tree.function(Part::Stmt(at))?.body()?;
    Some((&body.stmts, body.span.start))
}

/// The most sends on a path.
#[derive(Clone, Copy)]
struct Counts {
    /// Of those that come to the end of the list.
    falls: Option<u64>,
    /// Of those that leave before.
    ends: Option<u64>,
}

impl Counts {
    const ENDS: Self = Self {
        falls: None,
        ends: Some(0),
    };

    fn falls(sends: u64) -> Self {
        Self {
            falls: Some(sends),
            ends: None,
        }
    }

    fn either(self, other: Self) -> Self {
        Self {
            falls: self.falls.max(other.falls),
            ends: self.ends.max(other.ends),
        }
    }

    fn most(self) -> u64 {
        self.falls.max(self.ends).unwrap_or(1)
    }
}

/// The most of `sends` that one path through `list` can pass; nested loops and literals are regions of their own.
fn count(tree: &Tree<'_>, list: &[StmtId], sends: &[StmtId]) -> Counts {
    let mut here = Counts::falls(0);
    for stmt in list {
        let Some(so_far) = here.falls else { break };
        let next = count_in(tree, *stmt, sends);
        here.falls = next.falls.map(|n| n + so_far);
        here.ends = here.ends.max(next.ends.map(|n| n + so_far));
    }
    here
}

fn count_in(tree: &Tree<'_>, stmt: StmtId, sends: &[StmtId]) -> Counts {
    let best = |branches: &mut dyn Iterator<Item = Counts>| {
        branches.reduce(Counts::either).unwrap_or(Counts::falls(0))
    };
    match tree.ast.stmt(stmt) {
        Stmt::Send(..) => Counts::falls(u64::from(sends.contains(&stmt))),
        Stmt::Return(_) | Stmt::Continue(_) | Stmt::Goto(_) | Stmt::Break(Some(_)) => Counts::ENDS,
        Stmt::Labeled(_, inner) => count_in(tree, *inner, sends),
        Stmt::Block(block) => count(tree, &block.stmts, sends),
        Stmt::If { then, els, .. } => count(tree, &then.stmts, sends)
            .either(els.map_or(Counts::falls(0), |s| count_in(tree, s, sends))),
        Stmt::Switch { clauses, .. } | Stmt::TypeSwitch { clauses, .. } => {
            let cases = best(&mut clauses.iter().map(|c| count(tree, &c.body, sends)));
            if clauses.iter().any(|c| c.is_default) {
                cases
            } else {
                cases.either(Counts::falls(0))
            }
        }
        Stmt::Select(clauses) => best(&mut clauses.iter().map(|c| count(tree, &c.body, sends))),
        _ => Counts::falls(0),
    }
}
