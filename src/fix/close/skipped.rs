//! A channel that is closed, but not on every way out.

use super::Channel;
use crate::fix::quiet::only_leaves;
use crate::fix::text::Editor;
use crate::fix::uses::Use;
use crate::fix::{Draft, lines, scope};
use crate::source::Place;
use crate::syntax::ast::Stmt;
use crate::syntax::parts::Part;

impl Channel<'_, '_> {
    /// The close made a `defer`, so that no way out skips it.
    ///
    /// Safe when the close is the last thing its function does, that function sends all there is, and the channel is only
    /// ranged over.
    pub(super) fn deferred(&self, close: &Use) -> Option<Draft> {
        let tree = self.bench.tree(close.file)?;
        let Stmt::Expr(call) = tree.ast.stmt(close.stmt) else {
            return None;
        };
        let [channel] = tree.builtin(*call, "close")? else {
            return None;
        };
        let text = tree.expr_text(*channel);
        let body = tree.function(Part::Stmt(close.stmt))?.body()?;
        let span = tree.ast.stmt_span(close.stmt);
        let mut editor = Editor::new(tree);
        if !editor.alone(span) {
            return None;
        }
        if tree.id == self.tree.id && body.span == self.maker_span() {
            self.defer_beside_make(&mut editor)?;
        } else {
            // The name must mean the channel at the head of the body already.
            let name = tree.name(*channel)?;
            let binding = scope::resolve(tree, name, Part::Expr(*channel))?;
            if body.span.contains(binding.at) {
                return None;
            }
            lines::at_head(tree, &mut editor, body, &format!("defer close({text})"))?;
        }
        editor.remove(span);
        let all_here = self
            .sends()
            .all(|send| send.file == tree.id && body.span.contains(tree.ast.stmt_span(send.stmt)));
        let behind = body.stmts.iter().skip_while(|s| **s != close.stmt).skip(1);
        let last =
            body.stmts.contains(&close.stmt) && behind.into_iter().all(|s| only_leaves(tree, *s));
        let title = format!("close `{text}` on every way out");
        Some(self.draft(title, self.ranged && all_here && last, editor))
    }

    /// A close in front of each step that leaves without one.
    ///
    /// Safe when the function that closes sends all there is, and the channel is only ranged over.
    pub(super) fn at_stranding(&self, close: &Use, strandings: &[Place]) -> Option<Draft> {
        let tree = self.bench.tree(close.file)?;
        let Stmt::Expr(call) = tree.ast.stmt(close.stmt) else {
            return None;
        };
        tree.builtin(*call, "close")?;
        let text = tree.text(tree.ast.stmt_span(close.stmt));
        let body = tree.function(Part::Stmt(close.stmt))?.body()?;
        let mut editor = Editor::new(tree);
        for place in strandings {
            if place.file != tree.id || !body.span.contains(place.span) {
                return None;
            }
            let stmt = tree.stmt_at(place.span)?;
            let span = tree.ast.stmt_span(stmt);
            let leaves = matches!(
                tree.ast.stmt(stmt),
                Stmt::Return(_) | Stmt::Break(_) | Stmt::Goto(_)
            );
            if !leaves || span != place.span || !editor.alone(span) {
                return None;
            }
            let indent = editor.indent(span.start);
            editor.insert(editor.line_start(span.start), &format!("{indent}{text}\n"));
        }
        if strandings.is_empty() {
            return None;
        }
        let all_here = self
            .sends()
            .all(|send| send.file == tree.id && body.span.contains(tree.ast.stmt_span(send.stmt)));
        let title = format!("close `{}` on the way out that skips it", self.name);
        Some(self.draft(title, self.ranged && all_here, editor))
    }
}
