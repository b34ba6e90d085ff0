//! `defer wg.Done()`: whoever is waited for signs off on every way out.

use super::bench::Bench;
use super::quiet::only_leaves;
use super::release::leads_out;
use super::text::Editor;
use super::tree::{Func, Tree};
use super::{Draft, group, lines};
use crate::finding::{Anchors, FixKind};
use crate::source::{Place, Span};
use crate::syntax::ast::{Expr, Stmt, StmtId};
use crate::syntax::parts::Part;

/// Every `Done` of the group that is waited for made a `defer` at the head of its goroutine.
///
/// Safe when each of them is the last thing its goroutine does.
pub(super) fn deferred(bench: &Bench<'_>, anchors: &Anchors) -> Option<Draft> {
    let mut waits = [Some(anchors.op), anchors.close].into_iter().flatten();
    let signed = anchors.done.and_then(|done| signed_at(bench, done));
    let waited = || waits.find_map(|place| waited_at(bench, place));
    let (tree, group, function) = signed.or_else(waited)?;
    let mut editor = Editor::new(tree);
    let mut safe = true;
    let mut heads: Vec<Span> = Vec::new();
    for call in group::calls(tree, function, &group, "Done") {
        let body = tree.function(Part::Stmt(call.stmt))?.body()?;
        if call.deferred {
            if heads.contains(&body.span) {
                return None;
            }
            continue;
        }
        let span = tree.ast.stmt_span(call.stmt);
        if !editor.alone(span) {
            return None;
        }
        if !heads.contains(&body.span) {
            heads.push(body.span);
            lines::at_head(tree, &mut editor, body, &format!("defer {group}.Done()"))?;
        }
        editor.remove(span);
        let (list, index) = tree.list(call.stmt)?;
        safe &= leads_out(tree, body, call.stmt)
            && list[index + 1..].iter().all(|s| only_leaves(tree, *s));
    }
    if heads.is_empty() {
        added(tree, &group, function, &mut editor)?;
        safe = false;
    }
    editor.edits.sort_by_key(|edit| edit.at);
    Some(Draft {
        title: format!("sign off from `{group}` on every way out"),
        kind: FixKind::DeferDone,
        safe,
        edits: editor.edits,
    })
}

/// The group that the call of `Done` at `place` signs off from, and the declared function around.
fn signed_at<'b, 'a>(bench: &'b Bench<'a>, place: Place) -> Option<(&'b Tree<'a>, String, Span)> {
    let tree = bench.tree(place.file)?;
    let stmt = tree.stmt_at(place.span)?;
    let group = called(tree, stmt, "Done")?;
    let function = tree.functions(Part::Stmt(stmt)).into_iter().last()?;
    Some((tree, group, function.body()?.span))
}

/// The group that is waited for at `place`, or right in front of it, and the declared function around.
fn waited_at<'b, 'a>(bench: &'b Bench<'a>, place: Place) -> Option<(&'b Tree<'a>, String, Span)> {
    let tree = bench.tree(place.file)?;
    let stmt = tree.stmt_at(place.span)?;
    let before = tree
        .list(stmt)
        .and_then(|(list, index)| list.get(index.checked_sub(1)?).copied());
    let group = [Some(stmt), before]
        .into_iter()
        .flatten()
        .find_map(|stmt| called(tree, stmt, "Wait"))?;
    let function = tree.functions(Part::Stmt(stmt)).into_iter().last()?;
    Some((tree, group, function.body()?.span))
}

/// The group of `group.Wait()`, or whatever the `method` is.
fn called(tree: &Tree<'_>, stmt: StmtId, method: &str) -> Option<String> {
    let (Stmt::Expr(call) | Stmt::Defer(call)) = tree.ast.stmt(stmt) else {
        return None;
    };
    let (fun, _) = tree.call(*call)?;
    match tree.ast.expr(fun) {
        Expr::Selector(base, name, _) if name == method => Some(tree.expr_text(*base)),
        _ => None,
    }
}

/// A `defer` in each goroutine started right behind an `Add` that does not mention the group at all.
fn added<'a>(tree: &Tree<'a>, group: &str, within: Span, editor: &mut Editor<'a>) -> Option<()> {
    let mut found = false;
    for add in group::calls(tree, within, group, "Add") {
        let (list, index) = tree.list(add.stmt)?;
        let next = *list.get(index + 1)?;
        let Stmt::Go(call) = tree.ast.stmt(next) else {
            continue;
        };
        let (fun, _) = tree.call(*call)?;
        let Some(Func::Lit(_, _, body)) = tree.literal(Part::Expr(fun)) else {
            continue;
        };
        if !group::mentions(tree, body.span, group) {
            found = true;
            lines::at_head(tree, editor, body, &format!("defer {group}.Done()"))?;
        }
    }
    found.then_some(())
}
