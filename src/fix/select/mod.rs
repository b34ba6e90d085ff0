//! A stop signal waited for besides the operation that is stuck.
//!
//! A plain send or receive becomes a `select` with the signal in its other case; a `select` that is stuck gets one case
//! more; a loop over the ticks of a ticker becomes one that begins with such a `select`. The signal is one that is in scope, the partner's own before others, or else a channel made for it, which is
//! closed when the function that makes the stuck channel returns.

mod made;

use super::bench::Bench;
use super::quiet;
use super::scope;
use super::signal::{Signal, signals};
use super::text::Editor;
use super::tree::{Func, Tree};
use super::uses::{Uses, holder, uses};
use super::zero::zero;
use super::{Draft, exits, imports, lines};
use crate::finding::{Anchors, FixKind};
use crate::resolve::Ty;
use crate::source::{Place, Span};
use crate::syntax::ast::{AssignOp, Expr, ExprId, Stmt, StmtId, UnaryOp};
use crate::syntax::parts::Part;
use made::made;

/// The ways to wait for a signal too.
///
/// Safe when a goroutine sends, the signal is the only way by which the receiver leaves, all uses of the channel are in
/// view, and nothing that matters is left out when the goroutine ends there.
pub(super) fn stop(bench: &Bench<'_>, anchors: &Anchors) -> Vec<Draft> {
    let Some(stuck) = Stuck::at(bench, anchors.op) else {
        return Vec::new();
    };
    let at = Part::Stmt(stuck.stmt);
    let mut found = signals(bench, stuck.tree, at, anchors);
    let uses = stuck.uses(bench, anchors);
    // Where the partner has other ways out, its signal says nothing of those.
    let only = uses
        .as_ref()
        .is_some_and(|uses| !exits::others(bench, uses, &anchors.strandings));
    for signal in &mut found {
        signal.partners &= only;
    }
    let safe = uses.is_some_and(|uses| !uses.incomplete) && stuck.harmless(bench);
    let of = |partners: bool| {
        let chosen = found.iter().filter(move |s| s.partners == partners);
        chosen.filter_map(|signal| stuck.draft(bench, signal, anchors, signal.partners && safe))
    };
    // A signal that has nothing to do with how the partner was lost may come late, or never.
    of(true)
        .chain(made(bench, anchors, &stuck))
        .chain(of(false))
        .collect()
}

/// What the stuck operation looks like.
enum Shape {
    /// `ch <- v` or `<-ch`, a statement.
    Plain,
    /// `v := <-ch` and the like: the left sides, and whether they are declared.
    Assign(Vec<ExprId>, bool, ExprId),
    /// A loop over the ticks of a ticker: its variable, whether that is declared there, and the body.
    Ticks(Option<ExprId>, bool, ExprId, Span),
    /// A `select`.
    Select,
}

struct Stuck<'b, 'a> {
    tree: &'b Tree<'a>,
    stmt: StmtId,
    shape: Shape,
    function: Func<'a>,
}

impl<'b, 'a> Stuck<'b, 'a> {
    fn at(bench: &'b Bench<'a>, op: Place) -> Option<Self> {
        let tree = bench.tree(op.file)?;
        let select = tree
            .ast
            .stmts
            .iter()
            .zip(&tree.ast.stmt_spans)
            .position(|(stmt, span)| match stmt {
                Stmt::Select(clauses) => {
                    span.start == op.span.start
                        || matches!(clauses.as_slice(), [only] if only.span.start == op.span.start)
                }
                _ => false,
            });
        let (stmt, shape) = match select {
            Some(index) => (StmtId(index as u32), Shape::Select),
            None => plain(tree, op.span).or_else(|| ticks(bench, tree, op.span))?,
        };
        tree.list(stmt)?;
        let function = tree.function(Part::Stmt(stmt))?;
        Some(Self {
            tree,
            stmt,
            shape,
            function,
        })
    }

    fn span(&self) -> Span {
        self.tree.ast.stmt_span(self.stmt)
    }

    fn draft(
        &self,
        bench: &Bench<'a>,
        signal: &Signal,
        anchors: &Anchors,
        safe: bool,
    ) -> Option<Draft> {
        let mut editor = Editor::new(self.tree);
        self.wait_for(bench, signal, anchors, &mut editor)?;
        Some(Draft {
            title: match &signal.context {
                Some(context) => format!("stop waiting when `{context}` is done"),
                None => format!("stop waiting when `{}` is closed", signal.channel),
            },
            kind: FixKind::SelectStop,
            safe,
            edits: editor.edits,
        })
    }

    /// Edits that make it wait for `signal` too.
    fn wait_for(
        &self,
        bench: &Bench<'a>,
        signal: &Signal,
        anchors: &Anchors,
        editor: &mut Editor<'a>,
    ) -> Option<()> {
        let leave = self.leave(bench, signal)?;
        let case = |indent: &str| {
            let unit = Editor::unit(indent);
            let case = format!("{indent}case <-{}:", signal.channel);
            match leave.as_str() {
                "" => case,
                leave => format!("{case}\n{indent}{unit}{leave}"),
            }
        };
        let span = self.span();
        match &self.shape {
            Shape::Select => {
                let indent = editor.indent(span.start);
                if !editor.begins_line(span.end.saturating_sub(1)) {
                    return None;
                }
                let close = editor.line_start(span.end - 1);
                editor.insert(close, &format!("{}\n", case(&indent)));
                Some(())
            }
            Shape::Ticks(variable, define, ticks, body) => {
                let indent = editor.indent(span.start);
                let inner = format!("{indent}{}", Editor::unit(&indent));
                let head = Span {
                    start: span.start,
                    end: body.start,
                };
                if !editor.ends_line(body.start + 1) || editor.has_comment(head) {
                    return None;
                }
                let mut declared = String::new();
                let mut receive = format!("<-{}", self.tree.expr_text(*ticks));
                if let Some(name) = variable {
                    let name = self.tree.expr_text(*name);
                    if *define {
                        let time = imports::ensure(self.tree, editor, "time")?;
                        declared = format!("{inner}var {name} {time}.Time\n");
                    }
                    receive = format!("{name} = {receive}");
                }
                let case = case(&inner);
                editor.replace(head, "for ");
                editor.below(
                    body.start,
                    &format!(
                        "{declared}{inner}select {{\n{inner}case {receive}:\n{case}\n{inner}}}"
                    ),
                );
                Some(())
            }
            Shape::Plain => {
                let text = self.tree.text(span);
                lines::wrap(self.tree, editor, self.stmt, |indent| lines::Wrapped {
                    before: format!("select {{\n{indent}case "),
                    text,
                    after: ":".to_owned(),
                    below: format!("{}\n{indent}}}", case(indent)),
                })
            }
            Shape::Assign(left, define, receive) => {
                let declared = if *define {
                    self.declarations(left, anchors)?
                } else {
                    Vec::new()
                };
                let names: Vec<String> = left.iter().map(|l| self.tree.expr_text(*l)).collect();
                let text = format!("{} = {}", names.join(", "), self.tree.expr_text(*receive));
                lines::wrap(self.tree, editor, self.stmt, |indent| {
                    let declared = declared.join(&format!("\n{indent}"));
                    let gap = if declared.is_empty() {
                        String::new()
                    } else {
                        format!("\n{indent}")
                    };
                    lines::Wrapped {
                        before: format!("{declared}{gap}select {{\n{indent}case "),
                        text,
                        after: ":".to_owned(),
                        below: format!("{}\n{indent}}}", case(indent)),
                    }
                })
            }
        }
    }

    /// `var` lines for the variables that the receive declared.
    fn declarations(&self, left: &[ExprId], anchors: &Anchors) -> Option<Vec<String>> {
        let made = anchors.make().filter(|make| make.file == self.tree.id)?;
        let make = self.tree.expr_at(made.span)?;
        let [of, ..] = self.tree.builtin(make, "make")? else {
            return None;
        };
        let Expr::ChanType(_, element) = self.tree.ast.expr(*of) else {
            return None;
        };
        let types = [self.tree.expr_text(*element), "bool".to_owned()];
        left.iter()
            .zip(types)
            .filter(|(name, _)| self.tree.name(**name) != Some("_"))
            .map(|(name, ty)| {
                let name_text = self.tree.name(*name)?;
                // One that the same scope has already is only assigned to.
                let known = scope::resolve(self.tree, name_text, Part::Stmt(self.stmt));
                let again = known.is_some_and(|k| self.in_same_list(k.at));
                Some((!again).then(|| format!("var {name_text} {ty}")))
            })
            .collect::<Option<Vec<_>>>()
            .map(|lines| lines.into_iter().flatten().collect())
    }

    fn in_same_list(&self, at: Span) -> bool {
        let Some((list, _)) = self.tree.list(self.stmt) else {
            return false;
        };
        list.iter().any(|s| {
            self.tree.ast.stmt_span(*s).contains(at)
                && scope::declarations(self.tree, *s)
                    .iter()
                    .any(|b| b.at == at)
        })
    }

    /// How the function is left in the new case: by nothing at all where it ends there anyway.
    fn leave(&self, bench: &Bench<'a>, signal: &Signal) -> Option<String> {
        let results = &self.function.signature().results;
        let body = self.function.body()?;
        if results.is_empty() {
            let loops = matches!(self.shape, Shape::Ticks(..));
            let last = !loops && body.stmts.last() == Some(&self.stmt);
            return Some(if last { "" } else { "return" }.to_owned());
        }
        let count = results.len();
        let values = results
            .iter()
            .enumerate()
            .map(|(nth, result)| {
                let is_error =
                    matches!(self.tree.ast.expr(result.ty), Expr::Ident(n) if n == "error");
                match (&signal.context, is_error && nth + 1 == count) {
                    (Some(context), true) => Some(format!("{context}.Err()")),
                    // There is no error to return.
                    (None, true) => None,
                    _ => zero(bench, self.tree, result.ty, Part::Stmt(self.stmt)),
                }
            })
            .collect::<Option<Vec<_>>>();
        // Where there is no error to return, a single send may be left out: zero values would pass for results.
        let tells = values.iter().flatten().any(|v| v.ends_with(".Err()"));
        if !tells && self.goes_on() {
            return Some(String::new());
        }
        Some(format!("return {}", values?.join(", ")))
    }

    /// Whether it is a send that is made once, and what comes behind it may come without it.
    fn goes_on(&self) -> bool {
        let within = self.tree.chain(Part::Stmt(self.stmt));
        let mut within = within.take_while(|part| self.tree.literal(*part).is_none());
        matches!(self.tree.ast.stmt(self.stmt), Stmt::Send(..))
            && !within.any(|part| exits::is_loop(self.tree, part))
    }

    /// What is done with the channel, where that is known.
    fn uses(&self, bench: &Bench<'a>, anchors: &Anchors) -> Option<Uses> {
        let place = anchors.make()?;
        let there = bench.tree(place.file)?;
        let make = there.expr_at(place.span)?;
        let binding = holder(there, make)?;
        Some(uses(bench, there, &binding))
    }

    /// Whether a goroutine that sends leaves nothing undone when it ends there.
    fn harmless(&self, bench: &Bench<'a>) -> bool {
        matches!(self.tree.ast.stmt(self.stmt), Stmt::Send(..))
            && self.function.signature().results.is_empty()
            && quiet::quiet_end(bench, self.tree, self.stmt)
    }
}

/// A loop over the ticks of a ticker at `span`, in a function without results.
fn ticks<'a>(bench: &Bench<'a>, tree: &Tree<'a>, span: Span) -> Option<(StmtId, Shape)> {
    let stmt = tree.stmt_at(span)?;
    let Stmt::Range {
        key,
        value: None,
        define,
        subject,
        body,
    } = tree.ast.stmt(stmt)
    else {
        return None;
    };
    let Expr::Selector(ticker, name, _) = tree.ast.expr(*subject) else {
        return None;
    };
    let mut ty = bench.type_of(tree, *ticker);
    if let Ty::Ptr(target) = ty {
        ty = (*target).clone();
    }
    let is_ticker = matches!(&ty, Ty::Ext(path, ty) if path == "time" && ty == "Ticker");
    let function = tree.function(Part::Stmt(stmt))?;
    let named = key.filter(|key| tree.name(*key) != Some("_"));
    (is_ticker && name == "C" && function.signature().results.is_empty())
        .then_some((stmt, Shape::Ticks(named, *define, *subject, body.span)))
}

/// A plain send or receive at `span`.
fn plain(tree: &Tree<'_>, span: Span) -> Option<(StmtId, Shape)> {
    let stmt = tree.stmt_at(span)?;
    if tree.is_case(stmt) {
        return None;
    }
    let is_receive = |id: ExprId| matches!(tree.ast.expr(id), Expr::Unary(UnaryOp::Recv, _));
    match tree.ast.stmt(stmt) {
        Stmt::Send(..) => Some((stmt, Shape::Plain)),
        Stmt::Expr(expr) if is_receive(*expr) => Some((stmt, Shape::Plain)),
        Stmt::Assign(left, op, right) => match right.as_slice() {
            [only] if is_receive(*only) && matches!(op, AssignOp::Define | AssignOp::Assign) => {
                let define = *op == AssignOp::Define;
                Some((stmt, Shape::Assign(left.clone(), define, *only)))
            }
            _ => None,
        },
        _ => None,
    }
}
