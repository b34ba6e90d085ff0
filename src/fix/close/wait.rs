//! A channel with several senders: whoever has waited for all of them closes it.

use super::{Channel, Nested};
use crate::fix::text::Editor;
use crate::fix::tree::{Func, Up};
use crate::fix::uses::Use;
use crate::fix::{Draft, group, imports, lines, names};
use crate::source::Span;
use crate::syntax::ast::{Expr, Stmt, StmtId};
use crate::syntax::parts::Part;

impl<'a> Channel<'_, 'a> {
    /// A goroutine that waits for the group of all senders and then closes.
    ///
    /// Safe when every sender signs off by a `defer`, or was started by the group, and the channel is only ranged over.
    pub(super) fn behind_wait(&self) -> Option<Draft> {
        let mut group: Option<String> = None;
        let mut sure = self.ranged;
        for send in self.sends() {
            if send.file != self.tree.id || !send.path.is_empty() {
                return None;
            }
            let func = self.tree.function(Part::Stmt(send.stmt))?;
            let name = group::of(self.bench, self.tree, func)?;
            if group.as_ref().is_some_and(|g| *g != name) {
                return None;
            }
            let done = group::calls(self.tree, func.body()?.span, &name, "Done");
            sure &= done.iter().all(|d| d.deferred);
            group = Some(name);
        }
        let group = group?;
        let waits = group::calls(self.tree, self.maker_span(), &group, "Wait");
        let mut editor = Editor::new(self.tree);
        match waits.as_slice() {
            [] => self.closer_below_starts(&group, &mut editor)?,
            // Whoever waits there would wait for senders that wait for it.
            [wait] if !wait.deferred => {
                let span = self.tree.ast.stmt_span(wait.stmt);
                if !editor.alone(span) {
                    return None;
                }
                let indent = editor.indent(span.start);
                if self.waits_aside(wait.stmt) {
                    editor.below(span.end, &format!("{indent}close({})", self.name));
                } else {
                    editor.replace(span, self.closer(&group, &indent).trim_start());
                }
            }
            _ => return None,
        }
        let title = format!("close `{}` when all its senders are done", self.name);
        Some(self.draft(title, sure, editor))
    }

    /// Whether it is a goroutine of its own that waits there.
    fn waits_aside(&self, wait: StmtId) -> bool {
        let Some(Func::Lit(literal, _, body)) = self.tree.function(Part::Stmt(wait)) else {
            return false;
        };
        let Up::Expr(call) = self.tree.up(Part::Expr(literal)) else {
            return false;
        };
        let started = matches!(self.tree.up(Part::Expr(call)), Up::Stmt(stmt)
            if matches!(self.tree.ast.stmt(stmt), Stmt::Go(_)));
        started && body.stmts.contains(&wait)
    }

    /// The lines of the goroutine that waits and closes.
    fn closer(&self, group: &str, indent: &str) -> String {
        let unit = Editor::unit(indent);
        format!(
            "{indent}go func() {{\n{indent}{unit}{group}.Wait()\n{indent}{unit}close({})\n{indent}}}()",
            self.name
        )
    }

    /// Puts it below the last statement of the maker's list that starts a sender.
    fn closer_below_starts(&self, group: &str, editor: &mut Editor<'_>) -> Option<()> {
        let list = &self.maker.body()?.stmts;
        let sends: Vec<Span> = self
            .sends()
            .map(|send| self.tree.ast.stmt_span(send.stmt))
            .collect();
        let last = list.iter().rev().find(|s| {
            let span = self.tree.ast.stmt_span(**s);
            sends.iter().any(|send| span.contains(*send))
        })?;
        let span = self.tree.ast.stmt_span(*last);
        if !editor.alone(span) {
            return None;
        }
        let closer = self.closer(group, &editor.indent(span.start));
        editor.below(span.end, &closer);
        Some(())
    }

    /// The same with a group made for the purpose.
    ///
    /// Safe when the channel is only ranged over.
    pub(super) fn behind_new_wait(&self) -> Option<Draft> {
        let name = names::free(self.bench, self.tree, self.maker_span(), &["wg", "senders"])?;
        let mut starts: Vec<(StmtId, Func<'a>)> = Vec::new();
        for send in self.sends() {
            let (file, start) = self.started(send).ok().flatten()?;
            let literal = self.literal_at(start)?;
            let Up::Stmt(stmt) = self.tree.up(Part::Expr(start)) else {
                return None;
            };
            let plain = matches!(self.tree.ast.stmt(stmt), Stmt::Go(_));
            if file != self.tree.id || !plain {
                return None;
            }
            if starts.iter().all(|(known, _)| *known != stmt) {
                starts.push((stmt, literal));
            }
        }
        let mut editor = Editor::new(self.tree);
        let sync = imports::ensure(self.tree, &mut editor, "sync")?;
        let made = self.tree.ast.stmt_span(self.made);
        if !editor.alone(made) || self.is_looped() {
            return None;
        }
        let indent = editor.indent(made.start);
        editor.below(made.end, &format!("{indent}var {name} {sync}.WaitGroup"));
        for (stmt, literal) in starts {
            let span = self.tree.ast.stmt_span(stmt);
            if !editor.begins_line(span.start) {
                return None;
            }
            let indent = editor.indent(span.start);
            let line = editor.line_start(span.start);
            editor.insert(line, &format!("{indent}{name}.Add(1)\n"));
            let done = format!("defer {name}.Done()");
            lines::at_head(self.tree, &mut editor, literal.body()?, &done)?;
        }
        self.closer_below_starts(name, &mut editor)?;
        let title = format!(
            "close `{}` when all its senders are done, counted by a new `{name}`",
            self.name
        );
        Some(self.draft(title, self.ranged, editor))
    }

    /// The close moved in front of the `Wait` that it stands behind: those who range over the channel are waited for.
    ///
    /// Safe when the function that waits is the one that sends, and the channel is only ranged over.
    pub(super) fn before_wait(&self, close: &Use) -> Option<Draft> {
        self.maker_sends()?;
        let (wait, close) = self.waited(close)?;
        let mut editor = Editor::new(self.tree);
        let indent = editor.indent(wait.start);
        let text = format!("{indent}{}\n", self.tree.text(close));
        editor.insert(editor.line_start(wait.start), &text);
        editor.remove(close);
        let title = format!(
            "close `{}` before waiting for those that range over it",
            self.name
        );
        Some(self.draft(title, self.ranged, editor))
    }

    /// `wg.Wait()` and the close behind it moved into a goroutine: what is behind them can receive from the senders.
    ///
    /// Safe when the channel is only ranged over.
    pub(super) fn wait_aside(&self, close: &Use) -> Option<Draft> {
        let elsewhere = |send: &Use| -> Result<bool, Nested> { Ok(self.started(send)?.is_some()) };
        if !self.sends().all(|send| elsewhere(send).unwrap_or(false)) {
            return None;
        }
        let (wait, close) = self.waited(close)?;
        let mut editor = Editor::new(self.tree);
        let between = Span {
            start: wait.end,
            end: close.start,
        };
        if editor.has_comment(between) || editor.is_blank_between(between) {
            return None;
        }
        let indent = editor.indent(wait.start);
        let unit = Editor::unit(&indent);
        editor.insert(wait.start, &format!("go func() {{\n{indent}{unit}"));
        editor.insert(close.start, unit);
        editor.below(close.end, &format!("{indent}}}()"));
        let title = format!(
            "wait for the senders of `{}` in a goroutine of its own",
            self.name
        );
        Some(self.draft(title, self.ranged, editor))
    }

    /// The `x.Wait()` of the maker right in front of a close, and the close.
    fn waited(&self, close: &Use) -> Option<(Span, Span)> {
        let tree = self.tree;
        if close.file != tree.id || !self.maker.body()?.stmts.contains(&close.stmt) {
            return None;
        }
        let (list, index) = tree.list(close.stmt)?;
        let before = *list.get(index.checked_sub(1)?)?;
        let (Stmt::Expr(call), Stmt::Expr(_)) = (tree.ast.stmt(before), tree.ast.stmt(close.stmt))
        else {
            return None;
        };
        let (fun, _) = tree.call(*call)?;
        let waits = matches!(tree.ast.expr(fun), Expr::Selector(_, name, _) if name == "Wait");
        let (wait, close) = (tree.ast.stmt_span(before), tree.ast.stmt_span(close.stmt));
        let editor = Editor::new(tree);
        (waits && editor.alone(wait) && editor.alone(close)).then_some((wait, close))
    }
}
