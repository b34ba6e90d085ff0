//! `for range ch {}` in front of a way out: what is still sent is received, as it is on another way out of the function.

use super::Draft;
use super::bench::Bench;
use super::quiet::only_leaves;
use super::scope;
use super::text::Editor;
use super::tree::Tree;
use crate::finding::{Anchors, FixKind};
use crate::syntax::ast::{Expr, ExprId, Stmt, StmtId};
use crate::syntax::parts::Part;

/// Receives what is left before the partner leaves, in the words in which the same function does that elsewhere.
///
/// Safe when nothing but leaving comes behind it there.
pub(super) fn before_leaving(bench: &Bench<'_>, anchors: &Anchors) -> Option<Draft> {
    let [at] = anchors.strandings.as_slice() else {
        return None;
    };
    let tree = bench.tree(at.file)?;
    let leaving = tree.stmt_at(at.span)?;
    if tree.ast.stmt_span(leaving) != at.span
        || !matches!(tree.ast.stmt(leaving), Stmt::Return(_) | Stmt::Break(None))
    {
        return None;
    }
    let body = tree.function(Part::Stmt(leaving))?.body()?;
    let stmts = (0..tree.ast.stmts.len() as u32).map(StmtId);
    let model = stmts
        .filter(|stmt| body.span.contains(tree.ast.stmt_span(*stmt)))
        .find(|stmt| drained(tree, *stmt).is_some_and(|ch| is_same(tree, ch, leaving)))?;
    let channel = drained(tree, model)?;
    let mut editor = Editor::new(tree);
    if !editor.begins_line(at.span.start) || !editor.alone(tree.ast.stmt_span(model)) {
        return None;
    }
    let indent = editor.indent(at.span.start);
    let text = tree.text(tree.ast.stmt_span(model));
    let before = tree.ast.stmt_span(model).start;
    let old = editor.indent(before);
    let text = text.replace(&format!("\n{old}"), &format!("\n{indent}"));
    editor.insert(at.span.start, &format!("{text}\n{indent}"));
    let (list, index) = tree.list(model)?;
    let safe = list[index + 1..].iter().all(|s| only_leaves(tree, *s));
    Some(Draft {
        title: format!(
            "receive what is left from `{}` before leaving",
            tree.expr_text(channel)
        ),
        kind: FixKind::Drain,
        safe,
        edits: editor.edits,
    })
}

/// The channel that a statement drains: `for range ch {}`.
fn drained(tree: &Tree<'_>, stmt: StmtId) -> Option<ExprId> {
    match tree.ast.stmt(stmt) {
        Stmt::Range {
            key: None,
            value: None,
            subject,
            body,
            ..
        } if body.stmts.is_empty() => Some(*subject),
        _ => None,
    }
}

/// Whether the channel means the same at another statement.
fn is_same(tree: &Tree<'_>, channel: ExprId, at: StmtId) -> bool {
    let mut base = channel;
    while let Expr::Selector(inner, ..) = tree.ast.expr(base) {
        base = *inner;
    }
    let Some(name) = tree.name(base) else {
        return false;
    };
    let bound = |part| scope::resolve(tree, name, part).map(|binding| binding.at);
    bound(Part::Expr(base)) == bound(Part::Stmt(at))
}
