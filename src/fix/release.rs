//! `defer x.Stop()`, `defer cancel()`: whoever has a value that a goroutine belongs to lets go of it on every way out.

use super::bench::Bench;
use super::leave::is_for_error;
use super::quiet::only_leaves;
use super::text::Editor;
use super::tree::{Func, Tree, Up};
use super::{Draft, group, names, scope};
use crate::finding::{Anchors, FixKind, Release};
use crate::resolve::Method;
use crate::source::{Place, Span};
use crate::syntax::ast::{AssignOp, Block, Decl, Expr, ExprId, Stmt, StmtId};
use crate::syntax::parts::Part;

/// The releasing call deferred right behind the statement that makes the value, or behind the look at its error; the
/// calls that stand further down are taken out, since they would release a second time. Who cancels a context may do so
/// twice: calls that are not the last thing that is done stay.
///
/// Safe when there is such a call, and each of them was the last thing that was done on its way out, or may stay there.
pub(super) fn deferred(bench: &Bench<'_>, anchors: &Anchors) -> Option<Draft> {
    let release = anchors.release.as_ref()?;
    let at = *anchors.strandings.first().or(anchors.spawn.as_ref())?;
    let tree = bench.tree(at.file)?;
    let body = body_around(tree, at.span)?;
    let made: Vec<Made> = body
        .stmts
        .iter()
        .filter(|stmt| tree.ast.stmt_span(**stmt).start < at.span.end)
        .filter_map(|stmt| made(bench, tree, release, *stmt))
        .collect();
    // Of several only one may be the one that is meant.
    let of_spawn = made.iter().filter(|made| {
        let spawns = |spawn| starts(bench, tree, made, spawn);
        anchors.spawn.is_some_and(spawns)
    });
    let of_spawn: Vec<&Made> = of_spawn.collect();
    let made = match (made.as_slice(), of_spawn.as_slice()) {
        ([only], _) => only,
        (_, [only]) => *only,
        _ => return None,
    };
    if !made.stays(tree, body.span) {
        return None;
    }
    let calls = made.calls(tree, body.span);
    // Any other use of it may release, or hand that on.
    if calls.iter().any(|call| call.deferred) || calls.len() != made.mentions(tree, body.span) {
        return None;
    }
    let behind = made.behind(tree, body)?;
    let mut editor = Editor::new(tree);
    let span = tree.ast.stmt_span(behind);
    if !editor.alone(span) {
        return None;
    }
    let indent = editor.indent(span.start);
    editor.below(span.end, &format!("{indent}defer {}", made.call));
    if let Some(span) = made.unnamed {
        editor.replace(span, &made.base);
    }
    let mut safe = !calls.is_empty();
    let twice = made.method.is_none();
    for call in calls {
        let span = tree.ast.stmt_span(call.stmt);
        let (list, index) = tree.list(call.stmt)?;
        // In a literal it is made at another time, or by another goroutine.
        let function = tree.function(Part::Stmt(call.stmt))?.body()?;
        let here = function.span == body.span;
        let ends = leads_out(tree, body, call.stmt)
            && list[index + 1..].iter().all(|s| only_leaves(tree, *s));
        if here && editor.alone(span) && (ends || !twice) {
            safe &= ends;
            editor.remove(span);
        } else if twice {
            safe &= here;
        } else {
            return None;
        }
    }
    editor.edits.sort_by_key(|edit| edit.at);
    Some(Draft {
        title: format!("call `{}` on every way out", made.call),
        kind: FixKind::DeferRelease,
        safe,
        edits: editor.edits,
    })
}

/// A statement that makes what has to be released.
struct Made {
    stmt: StmtId,
    /// What is made: `p`, or the context.
    value: String,
    /// What is called: `p` and `stop` of `p.stop()`, or `cancel` alone.
    base: String,
    method: Option<String>,
    call: String,
    /// Whether it may fail.
    fails: bool,
    /// Where what is called gets its name, if it has none yet.
    unnamed: Option<Span>,
}

/// What `stmt` makes, if it has to be released in that way.
fn made<'a>(bench: &Bench<'a>, tree: &Tree<'a>, release: &Release, stmt: StmtId) -> Option<Made> {
    let Stmt::Assign(left, AssignOp::Define, right) = tree.ast.stmt(stmt) else {
        return None;
    };
    let [value] = right.as_slice() else {
        return None;
    };
    tree.call(*value)?;
    match release {
        Release::Method(method) => {
            let name = tree.name(*left.first()?).filter(|name| *name != "_")?;
            let ty = scope::declaration(tree, stmt, name)
                .map(|binding| bench.type_of_binding(tree, &binding))?;
            let (_, found) = bench.package.method(&ty, method)?;
            let Method::Func(id) = found else {
                return None;
            };
            if !bench.package.func(id).decl.signature.params.is_empty() || left.len() > 2 {
                return None;
            }
            Some(Made {
                stmt,
                value: name.to_owned(),
                base: name.to_owned(),
                method: Some(method.clone()),
                call: format!("{name}.{method}()"),
                fails: left.len() == 2,
                unnamed: None,
            })
        }
        Release::Cancel(context) => {
            let [made, cancel] = left.as_slice() else {
                return None;
            };
            let (fun, _) = tree.call(*value)?;
            let Expr::Selector(base, _, _) = tree.ast.expr(fun) else {
                return None;
            };
            let blank = tree.name(*cancel)? == "_";
            let unnamed = blank.then(|| tree.ast.expr_span(*cancel));
            let cancel = if blank {
                let function = tree.function(Part::Stmt(stmt))?.body()?.span;
                names::free(bench, tree, function, &["cancel", "stop", "end"])?
            } else {
                tree.name(*cancel)?
            };
            let is_it =
                tree.name(*made) == Some(context) && bench.import(tree, *base) == Some("context");
            is_it.then(|| Made {
                stmt,
                value: context.clone(),
                base: cancel.to_owned(),
                method: None,
                call: format!("{cancel}()"),
                fails: false,
                unnamed,
            })
        }
    }
}

impl Made {
    /// The statement behind which it can be released: where it may fail, that which leaves then.
    fn behind(&self, tree: &Tree<'_>, body: &Block) -> Option<StmtId> {
        if !self.fails {
            return Some(self.stmt);
        }
        let at = body.stmts.iter().position(|stmt| *stmt == self.stmt)?;
        let next = *body.stmts.get(at + 1)?;
        let Stmt::If { then, .. } = tree.ast.stmt(next) else {
            return None;
        };
        let last = *then.stmts.last()?;
        let leaves = matches!(tree.ast.stmt(last), Stmt::Return(_));
        (leaves && is_for_error(tree, next)).then_some(next)
    }

    /// The releasing calls in `within` that are statements of their own.
    fn calls(&self, tree: &Tree<'_>, within: Span) -> Vec<group::Call> {
        if let Some(method) = &self.method {
            return group::calls(tree, within, &self.base, method);
        }
        let stmts = tree.ast.stmts.iter().zip(&tree.ast.stmt_spans).enumerate();
        let calls = stmts.filter(|(_, (_, span))| within.contains(**span));
        calls
            .filter_map(|(index, (stmt, _))| {
                let (call, deferred) = match stmt {
                    Stmt::Expr(call) => (*call, false),
                    Stmt::Defer(call) => (*call, true),
                    _ => return None,
                };
                tree.builtin(call, &self.base)?;
                let stmt = StmtId(index as u32);
                Some(group::Call { stmt, deferred })
            })
            .collect()
    }

    /// Whether the value has no other owner: it is not returned, and but for contexts, which are handed to whoever works
    /// for the function, neither handed on, stored nor used in a literal, which may run later.
    fn stays(&self, tree: &Tree<'_>, within: Span) -> bool {
        let exprs = (0..tree.ast.exprs.len() as u32).map(ExprId);
        let made = tree.ast.stmt_span(self.stmt);
        exprs
            .filter(|id| within.contains(tree.ast.expr_span(*id)))
            .filter(|id| !made.contains(tree.ast.expr_span(*id)))
            .filter(|id| tree.name(*id) == Some(&self.value))
            .all(|id| {
                if self.method.is_none() {
                    let stmt = tree.statement(Part::Expr(id));
                    return !stmt.is_some_and(|s| matches!(tree.ast.stmt(s), Stmt::Return(_)));
                }
                let Up::Expr(above) = tree.up(Part::Expr(id)) else {
                    return false;
                };
                let function = tree.function(Part::Expr(id)).and_then(Func::body);
                matches!(tree.ast.expr(above), Expr::Selector(..))
                    && function.is_some_and(|body| body.span == within)
            })
    }

    /// How often what is called for the release is mentioned in `within`, but for its declaration.
    fn mentions(&self, tree: &Tree<'_>, within: Span) -> usize {
        let exprs = tree.ast.exprs.iter().zip(&tree.ast.expr_spans);
        let inside = exprs.filter(|(_, span)| within.contains(**span));
        let made = tree.ast.stmt_span(self.stmt);
        match &self.method {
            Some(method) => inside
                .filter(|(expr, _)| {
                    matches!(expr, Expr::Selector(base, name, _)
                        if name == method && tree.name(*base) == Some(&self.base))
                })
                .count(),
            None => inside
                .filter(|(_, span)| !made.contains(**span))
                .filter(|(expr, _)| matches!(expr, Expr::Ident(name) if *name == self.base))
                .count(),
        }
    }
}

/// Whether the call that makes a value starts the goroutine at `spawn` itself.
fn starts<'a>(bench: &Bench<'a>, tree: &Tree<'a>, made: &Made, spawn: Place) -> bool {
    let Stmt::Assign(_, _, right) = tree.ast.stmt(made.stmt) else {
        return false;
    };
    let callee = right.first().and_then(|call| tree.call(*call));
    callee
        .and_then(|(fun, _)| bench.callee(tree, fun))
        .is_some_and(|(there, func)| {
            let body = func.body().map(|body| body.span);
            there.id == spawn.file && body.is_some_and(|body| body.contains(spawn.span))
        })
}

/// The body of the innermost function around a place.
fn body_around<'a>(tree: &Tree<'a>, at: Span) -> Option<&'a Block> {
    let literals = tree.ast.exprs.iter().filter_map(|expr| match expr {
        Expr::FuncLit(_, body) => Some(&**body),
        _ => None,
    });
    let declared = tree.ast.decls.iter().filter_map(|decl| match decl {
        Decl::Func(decl) => Func::Decl(decl).body(),
        _ => None,
    });
    let around = literals.chain(declared).filter(|b| b.span.contains(at));
    around.min_by_key(|body| body.span.end - body.span.start)
}

/// Whether the list that holds `stmt` ends with the function, or with a `return`.
pub(super) fn leads_out(tree: &Tree<'_>, body: &Block, stmt: StmtId) -> bool {
    if body.stmts.contains(&stmt) {
        return true;
    }
    let last = tree.list(stmt).and_then(|(list, _)| list.last().copied());
    let returns = last.is_some_and(|last| matches!(tree.ast.stmt(last), Stmt::Return(_)));
    returns && matches!(tree.up(Part::Stmt(stmt)), Up::Stmt(_))
}
