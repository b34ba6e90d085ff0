//! A stop signal made for the purpose: a channel beside the stuck one, closed when the function that makes both returns.

use super::Stuck;
use crate::finding::{Anchors, FixKind};
use crate::fix::bench::Bench;
use crate::fix::signal::Signal;
use crate::fix::text::Editor;
use crate::fix::tree::{Func, Tree};
use crate::fix::uses::{holder, uses};
use crate::fix::{Draft, names};
use crate::syntax::ast::{ExprId, Stmt};
use crate::syntax::parts::Part;

/// Names for the channel.
const NAMES: [&str; 4] = ["done", "stop", "quit", "finished"];

/// A channel made for the purpose: beside the stuck one, closed when the function that makes both returns.
pub(super) fn made<'a>(
    bench: &Bench<'a>,
    anchors: &Anchors,
    stuck: &Stuck<'_, 'a>,
) -> Option<Draft> {
    let place = anchors.make().filter(|make| make.file == stuck.tree.id)?;
    let tree = stuck.tree;
    let make = tree.expr_at(place.span)?;
    tree.builtin(make, "make")?;
    let stmt = tree.statement(Part::Expr(make))?;
    tree.list(stmt)?;
    let maker = tree.function(Part::Stmt(stmt))?;
    let body = maker.body()?.span;
    let inside = stuck
        .function
        .body()
        .is_some_and(|inner| body.contains(inner.span) && inner.span != body);
    let looped = tree.chain(Part::Stmt(stmt)).skip(1).any(|above| {
        matches!(above, Part::Stmt(s) if matches!(tree.ast.stmt(s), Stmt::For { .. } | Stmt::Range { .. })
            && body.contains(tree.ast.stmt_span(s)))
    });
    let name = names::free(bench, tree, body, &NAMES)?;
    if !inside || looped || !has_partner(bench, tree, make, stuck) {
        return None;
    }
    let signal = Signal {
        channel: name.to_owned(),
        context: None,
        partners: false,
    };
    let mut editor = Editor::new(tree);
    let at = tree.ast.stmt_span(stmt);
    if !editor.alone(at) {
        return None;
    }
    let indent = editor.indent(at.start);
    editor.below(
        at.end,
        &format!("{indent}{name} := make(chan struct{{}})\n{indent}defer close({name})"),
    );
    stuck.wait_for(bench, &signal, anchors, &mut editor)?;
    let who = match maker {
        Func::Decl(decl) => format!("`{}` returns", decl.name),
        Func::Lit(..) => "the function around it returns".to_owned(),
    };
    Some(Draft {
        title: format!("stop waiting when {who}, told by a new channel `{name}`"),
        kind: FixKind::SelectStop,
        safe: false,
        edits: editor.edits,
    })
}

/// Whether the code does anything that could serve the stuck operation; otherwise giving up is not what was meant.
fn has_partner<'a>(
    bench: &Bench<'a>,
    tree: &Tree<'a>,
    make: ExprId,
    stuck: &Stuck<'_, 'a>,
) -> bool {
    let Some(binding) = holder(tree, make) else {
        return false;
    };
    let uses = uses(bench, tree, &binding);
    if matches!(stuck.tree.ast.stmt(stuck.stmt), Stmt::Send(..)) {
        !uses.receives.is_empty() || !uses.ranges.is_empty()
    } else {
        !uses.sends.is_empty() || !uses.offers.is_empty() || !uses.closes.is_empty()
    }
}
