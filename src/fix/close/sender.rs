//! A channel with one sender: that one closes it.

use super::Channel;
use crate::fix::bench::Bench;
use crate::fix::text::Editor;
use crate::fix::tree::{Func, Tree, Up};
use crate::fix::uses::Use;
use crate::fix::{Draft, lines};
use crate::syntax::ast::{Expr, ExprId, StmtId};
use crate::syntax::parts::Part;

impl<'a> Channel<'_, 'a> {
    /// `defer close(ch)` in the goroutine that is the only one to send.
    ///
    /// Safe when the channel is only ranged over.
    pub(super) fn in_sender(&self) -> Option<Draft> {
        let mut sends = self.sends();
        let first = sends.next()?;
        let (file, start) = self.started(first).ok().flatten()?;
        for send in sends {
            if self.started(send).ok()? != Some((file, start)) {
                return None;
            }
        }
        if file != self.tree.id || self.is_repeated(Part::Expr(start)) {
            return None;
        }
        let (tree, func, name) = if let Some(literal) = self.literal_at(start) {
            (self.tree, literal, self.name_in(literal, first)?)
        } else {
            let (fun, _) = self.tree.call(start)?;
            let (tree, func) = self.bench.callee(self.tree, fun)?;
            // Another caller may send on after this one is done.
            if count_calls(self.bench, tree, func) != 1 {
                return None;
            }
            (tree, func, self.param_of(start, func)?)
        };
        let mut editor = Editor::new(tree);
        let line = format!("defer close({name})");
        lines::at_head(tree, &mut editor, func.body()?, &line)?;
        let title = format!("close `{name}` when the goroutine that sends on it ends");
        Some(self.draft(title, self.ranged, editor))
    }

    /// What the channel is called in the literal: as outside, or as the parameter it is handed to.
    fn name_in(&self, literal: Func<'a>, send: &Use) -> Option<String> {
        let Func::Lit(id, ..) = literal else {
            return None;
        };
        match (self.tree.up(Part::Expr(id)), send.path.first()) {
            (Up::Expr(call), Some((_, first))) if *first == call => self.param_of(call, literal),
            _ => Some(self.name.to_owned()),
        }
    }

    /// The parameter that gets the channel in a call.
    fn param_of(&self, call: ExprId, func: Func<'a>) -> Option<String> {
        let (_, args) = self.tree.call(call)?;
        let nth = args
            .iter()
            .position(|arg| self.tree.name(*arg) == Some(self.name))?;
        let name = func.signature().params.get(nth)?.name.as_ref()?;
        Some(name.to_string())
    }

    /// `close(ch)` behind the last statement of the maker that sends.
    ///
    /// Safe when the maker alone sends, and the channel is only ranged over.
    pub(super) fn behind_sends(&self) -> Option<Draft> {
        let last = self.maker_sends()?;
        let mut editor = Editor::new(self.tree);
        let span = self.tree.ast.stmt_span(last);
        if !editor.alone(span) {
            return None;
        }
        let indent = editor.indent(span.start);
        editor.below(span.end, &format!("{indent}close({})", self.name));
        let title = format!("close `{}` behind the last send", self.name);
        Some(self.draft(title, self.ranged, editor))
    }

    /// `defer close(ch)` beside the `make`.
    ///
    /// Safe when the maker alone sends, and the channel is only ranged over.
    pub(super) fn at_return(&self) -> Option<Draft> {
        self.maker_sends()?;
        let mut editor = Editor::new(self.tree);
        self.defer_beside_make(&mut editor)?;
        let title = format!("close `{}` on every way out of {}", self.name, self.who());
        Some(self.draft(title, self.ranged, editor))
    }

    pub(super) fn defer_beside_make(&self, editor: &mut Editor<'_>) -> Option<()> {
        let span = self.tree.ast.stmt_span(self.made);
        if self.is_looped() || !editor.alone(span) {
            return None;
        }
        let indent = editor.indent(span.start);
        editor.below(span.end, &format!("{indent}defer close({})", self.name));
        Some(())
    }

    /// The statement beside the `make` that holds the last send, if the maker itself is the only sender.
    pub(super) fn maker_sends(&self) -> Option<StmtId> {
        let (list, from) = self.tree.list(self.made)?;
        let mut last = None;
        for send in self.sends() {
            if self.started(send).ok()?.is_some() {
                return None;
            }
            let part = match send.path.first() {
                Some((file, call)) if *file == self.tree.id => Part::Expr(*call),
                Some(_) => return None,
                None => Part::Stmt(send.stmt),
            };
            let chain: Vec<Part> = self.tree.chain(part).collect();
            let index = list
                .iter()
                .position(|s| chain.contains(&Part::Stmt(*s)))
                .filter(|index| *index > from)?;
            last = last.max(Some(index));
        }
        list.get(last?).copied()
    }
}

/// How often a function is called in its package.
fn count_calls<'a>(bench: &Bench<'a>, tree: &Tree<'a>, func: Func<'a>) -> usize {
    let Func::Decl(decl) = func else { return 0 };
    let is_call = |there: &Tree<'a>, expr: &Expr| {
        let Expr::Call(fun, ..) = expr else {
            return false;
        };
        let named = match there.ast.expr(*fun) {
            Expr::Ident(name) | Expr::Selector(_, name, _) => *name == decl.name,
            _ => false,
        };
        named
            && bench.callee(there, *fun).is_some_and(|(file, callee)| {
                file.id == tree.id && matches!(callee, Func::Decl(d) if d.span == decl.span)
            })
    };
    bench
        .all()
        .map(|there| there.ast.exprs.iter().filter(|e| is_call(there, e)).count())
        .sum()
}
