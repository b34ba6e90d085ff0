//! Whether anything that matters happens behind an operation, up to the end of its goroutine.
//!
//! With room in the channel a send no longer waits for its receiver, so what stands behind it happens earlier. That is
//! harmless for what only signs off: returning, closing, releasing, logging. Everything else counts as something that
//! matters.

use super::bench::Bench;
use super::scope::{self, What};
use super::tree::{Func, Tree, Up};
use crate::syntax::ast::{Block, Expr, ExprId, Stmt, StmtId};
use crate::syntax::parts::Part;

/// Calls out of which the operation is followed to what stands behind them.
const CALLS: u32 = 4;

/// Whether nothing that matters can come behind the statement `stmt`, in its function and in those that call it.
pub(super) fn quiet_after<'a>(bench: &Bench<'a>, tree: &Tree<'a>, stmt: StmtId) -> bool {
    after(bench, tree, stmt, 0)
}

/// Whether nothing that matters is left to do when the function around `stmt` returns there.
pub(super) fn quiet_end<'a>(bench: &Bench<'a>, tree: &Tree<'a>, stmt: StmtId) -> bool {
    function_ends(bench, tree, stmt, 0)
}

fn after<'a>(bench: &Bench<'a>, tree: &Tree<'a>, stmt: StmtId, depth: u32) -> bool {
    if depth > CALLS {
        return false;
    }
    let mut at = stmt;
    // A `break` leaves the innermost statement that can be left, so that it does not come round again.
    let mut leaving = false;
    loop {
        if let Some((list, index)) = tree.list(at) {
            for next in &list[index + 1..] {
                match tree.ast.stmt(*next) {
                    Stmt::Return(_) if quiet(bench, tree, *next) => {
                        return function_ends(bench, tree, stmt, depth);
                    }
                    Stmt::Break(None) => {
                        leaving = true;
                        break;
                    }
                    _ if quiet(bench, tree, *next) => {}
                    _ => return false,
                }
            }
        }
        match tree.up(Part::Stmt(at)) {
            Up::Stmt(above) => {
                match tree.ast.stmt(above) {
                    Stmt::For { .. } | Stmt::Range { .. } if !leaving => return false,
                    Stmt::For { .. } | Stmt::Range { .. } => leaving = false,
                    Stmt::Switch { .. } | Stmt::TypeSwitch { .. } | Stmt::Select(_) => {
                        leaving = false;
                    }
                    _ => {}
                }
                at = above;
            }
            Up::Expr(_) | Up::Decl(_) => return function_ends(bench, tree, stmt, depth),
            Up::Nowhere => return false,
        }
    }
}

/// Whether nothing that matters comes when the function around `stmt` ends.
fn function_ends<'a>(bench: &Bench<'a>, tree: &Tree<'a>, stmt: StmtId, depth: u32) -> bool {
    let Some(func) = tree.function(Part::Stmt(stmt)) else {
        return false;
    };
    if !deferred(tree, func).all(|call| quiet_call(bench, tree, call)) {
        return false;
    }
    match func {
        Func::Lit(literal, ..) => literal_ends(bench, tree, literal, depth),
        Func::Decl(decl) => {
            let mut called = false;
            for there in bench.all() {
                for (index, expr) in there.ast.exprs.iter().enumerate() {
                    let id = ExprId(index as u32);
                    let Expr::Call(fun, ..) = expr else { continue };
                    let named = match there.ast.expr(*fun) {
                        Expr::Ident(name) | Expr::Selector(_, name, _) => *name == decl.name,
                        _ => false,
                    };
                    let is_it = named
                        && bench.callee(there, *fun).is_some_and(|(file, callee)| {
                            file.id == tree.id
                                && matches!(callee, Func::Decl(d) if d.span == decl.span)
                        });
                    if is_it {
                        called = true;
                        if !call_ends(bench, there, id, depth) {
                            return false;
                        }
                    }
                }
            }
            called
        }
    }
}

fn literal_ends<'a>(bench: &Bench<'a>, tree: &Tree<'a>, literal: ExprId, depth: u32) -> bool {
    let Up::Expr(above) = tree.up(Part::Expr(literal)) else {
        return false;
    };
    let Some((fun, _)) = tree.call(above) else {
        return false;
    };
    if fun == literal {
        return call_ends(bench, tree, above, depth);
    }
    // Handed to what starts it: `wg.Go(func() {…})`.
    matches!(tree.ast.expr(fun), Expr::Selector(_, name, _) if name == "Go")
        && matches!(tree.up(Part::Expr(above)), Up::Stmt(s) if matches!(tree.ast.stmt(s), Stmt::Expr(_)))
}

/// Whether nothing that matters comes behind the call `call` of a function that has just ended.
fn call_ends<'a>(bench: &Bench<'a>, tree: &Tree<'a>, call: ExprId, depth: u32) -> bool {
    let Up::Stmt(stmt) = tree.up(Part::Expr(call)) else {
        return false;
    };
    match tree.ast.stmt(stmt) {
        Stmt::Go(_) => true,
        Stmt::Expr(_) => after(bench, tree, stmt, depth + 1),
        // The other deferred calls are looked at as well, whether they come before or behind.
        Stmt::Defer(_) => tree.function(Part::Stmt(stmt)).is_some_and(|func| {
            deferred(tree, func).all(|d| d == call || quiet_call(bench, tree, d))
                && match func {
                    Func::Lit(literal, ..) => literal_ends(bench, tree, literal, depth + 1),
                    Func::Decl(_) => false,
                }
        }),
        _ => false,
    }
}

/// The calls that a function defers, those of its literals left out.
fn deferred<'t>(tree: &'t Tree<'_>, func: Func<'_>) -> impl Iterator<Item = ExprId> + 't {
    let span = func.body().map(|b| b.span).unwrap_or_default();
    let stmts = tree.ast.stmts.iter().zip(&tree.ast.stmt_spans).enumerate();
    stmts.filter_map(move |(index, (stmt, at))| {
        let Stmt::Defer(call) = stmt else { return None };
        let own = span.contains(*at)
            && tree
                .function(Part::Stmt(StmtId(index as u32)))
                .and_then(Func::body)
                .is_some_and(|body| body.span == span);
        own.then_some(*call)
    })
}

/// Whether a statement does nothing that matters.
fn quiet<'a>(bench: &Bench<'a>, tree: &Tree<'a>, stmt: StmtId) -> bool {
    match tree.ast.stmt(stmt) {
        Stmt::Empty | Stmt::Break(None) => true,
        Stmt::Return(values) => values
            .iter()
            .all(|v| matches!(tree.ast.expr(*v), Expr::Ident(_) | Expr::Literal(..))),
        Stmt::Expr(call) | Stmt::Defer(call) => quiet_call(bench, tree, *call),
        Stmt::Block(Block { stmts, .. }) => stmts.iter().all(|s| quiet(bench, tree, *s)),
        Stmt::If {
            init,
            cond,
            then,
            els,
            ..
        } => {
            let recovers = init
                .iter()
                .map(|s| tree.ast.stmt_span(*s))
                .chain([tree.ast.expr_span(*cond)])
                .any(|head| calls_recover(tree, head));
            // Without a panic it does nothing at all.
            recovers
                || (init.is_none()
                    && !has_call(tree, *cond)
                    && then.stmts.iter().all(|s| quiet(bench, tree, *s))
                    && els.is_none_or(|s| quiet(bench, tree, s)))
        }
        _ => false,
    }
}

/// Whether a statement does nothing but leave the function.
pub(super) fn only_leaves(tree: &Tree<'_>, stmt: StmtId) -> bool {
    match tree.ast.stmt(stmt) {
        Stmt::Empty => true,
        Stmt::Return(values) => values.iter().all(|v| {
            matches!(tree.ast.expr(*v), Expr::Ident(_) | Expr::Literal(..)) || is_len(tree, *v)
        }),
        _ => false,
    }
}

/// Whether an expression is the length of a variable.
fn is_len(tree: &Tree<'_>, id: ExprId) -> bool {
    matches!(tree.builtin(id, "len"), Some([of]) if tree.name(*of).is_some())
}

fn calls_recover(tree: &Tree<'_>, within: crate::source::Span) -> bool {
    let exprs = tree.ast.exprs.iter().zip(&tree.ast.expr_spans);
    exprs
        .filter(|(_, at)| within.contains(**at))
        .any(|(expr, _)| matches!(expr, Expr::Call(fun, ..) if tree.name(*fun) == Some("recover")))
}

fn has_call(tree: &Tree<'_>, id: ExprId) -> bool {
    let mut found = matches!(
        tree.ast.expr(id),
        Expr::Call(..) | Expr::Unary(crate::syntax::ast::UnaryOp::Recv, _)
    );
    tree.ast.expr(id).parts(&mut |part| {
        if let Part::Expr(inner) = part {
            found |= has_call(tree, inner);
        }
    });
    found
}

/// Whether a call only signs off: closes, releases, logs.
fn quiet_call<'a>(bench: &Bench<'a>, tree: &Tree<'a>, call: ExprId) -> bool {
    let Some((fun, args)) = tree.call(call) else {
        return false;
    };
    if let Some(Func::Lit(_, _, body)) = tree.literal(Part::Expr(fun)) {
        return body.stmts.iter().all(|s| quiet(bench, tree, *s));
    }
    match tree.ast.expr(fun) {
        Expr::Ident(name) if name == "close" || name == "recover" => true,
        Expr::Ident(name) => args.is_empty() && is_cancel(bench, tree, fun, name),
        Expr::Selector(base, name, _) => match bench.import(tree, *base) {
            Some(path) => matches!(path, "log" | "log/slog"),
            None => {
                args.is_empty()
                    && matches!(
                        name.as_str(),
                        "Done" | "Unlock" | "RUnlock" | "Stop" | "Close"
                    )
            }
        },
        _ => false,
    }
}

/// Whether `name` is the second result of a `context.With…`.
fn is_cancel<'a>(bench: &Bench<'a>, tree: &Tree<'a>, at: ExprId, name: &str) -> bool {
    let Some(binding) = scope::resolve(tree, name, Part::Expr(at)) else {
        return false;
    };
    let What::Value {
        value: Some((value, Some(1))),
        ..
    } = binding.what
    else {
        return false;
    };
    tree.call(value).is_some_and(|(fun, _)| {
        matches!(tree.ast.expr(fun), Expr::Selector(base, ..) if bench.import(tree, *base) == Some("context"))
    })
}
