//! Other ways out of the loops in which a channel is received from, besides those that strand its sender in the runs that
//! were found: a search need not have come that far.

use super::bench::Bench;
use super::tree::{Tree, Up};
use super::uses::{Use, Uses};
use crate::source::{Place, Span};
use crate::syntax::ast::{Stmt, StmtId};
use crate::syntax::parts::Part;

/// Whether a loop that receives is left otherwise than by the select cases at `strandings`.
pub(super) fn others(bench: &Bench<'_>, uses: &Uses, strandings: &[Place]) -> bool {
    uses.receives
        .iter()
        .chain(&uses.ranges)
        .any(|receive| leaves_otherwise(bench, receive, strandings))
}

fn leaves_otherwise(bench: &Bench<'_>, receive: &Use, strandings: &[Place]) -> bool {
    let Some(tree) = bench.tree(receive.file) else {
        return true;
    };
    let outermost = tree
        .chain(Part::Stmt(receive.stmt))
        .take_while(|part| tree.literal(*part).is_none())
        .filter(|part| is_loop(tree, *part))
        .last();
    let Some(outermost) = outermost else {
        return false;
    };
    let within = tree.span(outermost);
    let known: Vec<Span> = strandings
        .iter()
        .filter(|place| place.file == tree.id)
        .filter_map(|place| clause_at(tree, place.span.start))
        .collect();
    let stmts = tree.ast.stmts.iter().zip(&tree.ast.stmt_spans).enumerate();
    stmts
        .filter(|(_, (_, span))| within.contains(**span))
        .filter(|(_, (_, span))| !known.iter().any(|clause| clause.contains(**span)))
        .any(|(index, (stmt, _))| match stmt {
            Stmt::Return(_) | Stmt::Goto(_) | Stmt::Break(Some(_)) => true,
            Stmt::Break(None) => breaks_loop(tree, StmtId(index as u32)),
            _ => false,
        })
}

/// The whole clause of the select case that starts at `offset`.
fn clause_at(tree: &Tree<'_>, offset: u32) -> Option<Span> {
    tree.ast.stmts.iter().find_map(|stmt| match stmt {
        Stmt::Select(clauses) => clauses
            .iter()
            .map(|clause| clause.span)
            .find(|span| span.start == offset),
        _ => None,
    })
}

pub(super) fn is_loop(tree: &Tree<'_>, part: Part) -> bool {
    matches!(part, Part::Stmt(s) if matches!(tree.ast.stmt(s), Stmt::For { .. } | Stmt::Range { .. }))
}

/// Whether an unlabelled `break` leaves a loop.
fn breaks_loop(tree: &Tree<'_>, stmt: StmtId) -> bool {
    let mut at = stmt;
    while let Up::Stmt(above) = tree.up(Part::Stmt(at)) {
        match tree.ast.stmt(above) {
            Stmt::For { .. } | Stmt::Range { .. } => return true,
            Stmt::Switch { .. } | Stmt::TypeSwitch { .. } | Stmt::Select(_) => return false,
            _ => at = above,
        }
    }
    false
}
