//! A `return` behind the send that should have been the last.

use super::Draft;
use super::bench::Bench;
use super::quiet::quiet_after;
use super::text::Editor;
use super::tree::{Tree, Up};
use crate::finding::{Anchors, FixKind};
use crate::syntax::ast::{BinaryOp, Expr, ExprId, Stmt, StmtId};
use crate::syntax::parts::Part;

/// Leaves the function at the end of the branch that holds the earlier send.
///
/// Safe when that branch is taken for an error (`if err != nil`), the second send comes right behind it, and nothing that
/// matters comes behind that one.
pub(super) fn after_send(bench: &Bench<'_>, anchors: &Anchors) -> Option<Draft> {
    let earlier = anchors.earlier?;
    let tree = bench.tree(earlier.file)?;
    let send = tree.stmt_at(earlier.span)?;
    let Stmt::Send(channel, _) = tree.ast.stmt(send) else {
        return None;
    };
    let (list, _) = tree.list(send)?;
    let function = tree.function(Part::Stmt(send))?;
    let last = *list.last()?;
    let Up::Stmt(branch) = tree.up(Part::Stmt(send)) else {
        return None;
    };
    if !function.signature().results.is_empty() || leaves(tree, last) {
        return None;
    }
    let mut editor = Editor::new(tree);
    let span = tree.ast.stmt_span(last);
    if !editor.alone(span) {
        return None;
    }
    let indent = editor.indent(span.start);
    editor.below(span.end, &format!("{indent}return"));
    let safe = (anchors.op.file == tree.id)
        .then(|| tree.stmt_at(anchors.op.span))
        .flatten()
        .is_some_and(|again| {
            is_for_error(tree, branch)
                && follows(tree, branch, again)
                && quiet_after(bench, tree, again)
        });
    Some(Draft {
        title: format!(
            "return after the earlier send on `{}`",
            tree.expr_text(*channel)
        ),
        kind: FixKind::ReturnAfterSend,
        safe,
        edits: editor.edits,
    })
}

/// Whether control never comes behind `stmt`.
fn leaves(tree: &Tree<'_>, stmt: StmtId) -> bool {
    match tree.ast.stmt(stmt) {
        Stmt::Return(_)
        | Stmt::Break(_)
        | Stmt::Continue(_)
        | Stmt::Goto(_)
        | Stmt::Fallthrough => true,
        Stmt::Expr(call) => tree.builtin(*call, "panic").is_some(),
        _ => false,
    }
}

/// Whether `stmt` is `if x != nil {…}` without an `else`.
pub(super) fn is_for_error(tree: &Tree<'_>, stmt: StmtId) -> bool {
    let Stmt::If {
        cond, els: None, ..
    } = tree.ast.stmt(stmt)
    else {
        return false;
    };
    let is_nil = |id: ExprId| tree.name(id) == Some("nil");
    matches!(tree.ast.expr(*cond), Expr::Binary(BinaryOp::Ne, left, right) if is_nil(*left) != is_nil(*right))
}

/// Whether `second` comes right behind `first` in one list.
fn follows(tree: &Tree<'_>, first: StmtId, second: StmtId) -> bool {
    tree.list(first)
        .is_some_and(|(list, index)| list.get(index + 1) == Some(&second))
}
