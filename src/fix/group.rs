//! Wait groups: who signs on and off, and who waits.
//!
//! A wait group is known by the text of the expression it is reached by, within one declared function.

use super::bench::Bench;
use super::tree::{Func, Tree, Up};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprId, Stmt, StmtId};
use crate::syntax::parts::Part;

/// A call of a method of a wait group, as a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) stmt: StmtId,
    pub(super) deferred: bool,
}

/// The calls `group.method(…)` in `within` that are statements of their own.
pub(super) fn calls(tree: &Tree<'_>, within: Span, group: &str, method: &str) -> Vec<Call> {
    let exprs = tree.ast.exprs.iter().zip(&tree.ast.expr_spans).enumerate();
    exprs
        .filter(|(_, (_, span))| within.contains(**span))
        .filter_map(|(index, (expr, _))| {
            let Expr::Call(fun, ..) = expr else {
                return None;
            };
            let Expr::Selector(base, name, _) = tree.ast.expr(*fun) else {
                return None;
            };
            if name != method || tree.expr_text(*base) != group {
                return None;
            }
            let call = ExprId(index as u32);
            let Up::Stmt(stmt) = tree.up(Part::Expr(call)) else {
                return None;
            };
            match tree.ast.stmt(stmt) {
                Stmt::Expr(_) => Some(Call {
                    stmt,
                    deferred: false,
                }),
                Stmt::Defer(_) => Some(Call {
                    stmt,
                    deferred: true,
                }),
                _ => None,
            }
        })
        .collect()
}

/// Whether `group` is mentioned in `within` at all.
pub(super) fn mentions(tree: &Tree<'_>, within: Span, group: &str) -> bool {
    let exprs = tree.ast.exprs.iter().zip(&tree.ast.expr_spans).enumerate();
    exprs
        .filter(|(_, (_, span))| within.contains(**span))
        .any(|(index, _)| tree.expr_text(ExprId(index as u32)) == group)
}

/// The group that signs off in `func` (`group.Done()`) or that started it (`group.Go(func() {…})`).
pub(super) fn of<'a>(bench: &Bench<'a>, tree: &Tree<'a>, func: Func<'a>) -> Option<String> {
    if let Func::Lit(literal, ..) = func
        && let Up::Expr(call) = tree.up(Part::Expr(literal))
        && let Some((fun, _)) = tree.call(call)
        && let Expr::Selector(base, name, _) = tree.ast.expr(fun)
        && name == "Go"
        && bench.import(tree, *base).is_none()
    {
        return Some(tree.expr_text(*base));
    }
    let body = func.body()?.span;
    tree.ast
        .exprs
        .iter()
        .zip(&tree.ast.expr_spans)
        .filter(|(_, span)| body.contains(**span))
        .find_map(|(expr, _)| {
            let Expr::Call(fun, args, _) = expr else {
                return None;
            };
            match tree.ast.expr(*fun) {
                Expr::Selector(base, name, _) if name == "Done" && args.is_empty() => {
                    // `ctx.Done()` is received from and is no statement.
                    let text = tree.expr_text(*base);
                    (!calls(tree, body, &text, "Done").is_empty()).then_some(text)
                }
                _ => None,
            }
        })
}
