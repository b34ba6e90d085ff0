//! `defer pr.Close()`, `defer pw.Close()`: whoever has one end of a pipe closes it on every way out, so that nobody waits at
//! the other one for ever.
//!
//! In: where the pipe is made, and which end is to be closed. Out: the call, deferred behind the statement that makes the
//! pipe, or at the head of the goroutine that has the end to itself. Deliberately absent: ends that more than one function
//! has, or that are returned, stored or handed to a goroutine; whoever has them then may use them later.

use super::bench::Bench;
use super::text::Editor;
use super::tree::{Func, Tree, Up};
use super::{Draft, lines, scope};
use crate::finding::{Anchors, FixKind};
use crate::source::Span;
use crate::syntax::ast::{AssignOp, Block, Expr, ExprId, Stmt, StmtId};
use crate::syntax::parts::Part;

/// Which end is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// That which is read from: a write fails from then on.
    Reader,
    /// That which is written to: whoever reads takes what there is for all there is.
    Writer,
}

/// The end closed by a `defer`. It may be closed elsewhere as well: to close it twice does no harm.
///
/// Safe for an end to read from, where nothing is done with it but to call its methods and to have functions of `io` read
/// all they read before they return.
pub(super) fn closed(bench: &Bench<'_>, anchors: &Anchors, end: End) -> Option<Draft> {
    let place = anchors.make()?;
    let tree = bench.tree(place.file)?;
    let made = tree.stmt_at(place.span)?;
    let name = end_of(bench, tree, made, end)?;
    let maker = tree.function(Part::Stmt(made))?.body()?;
    let uses = uses(tree, made, name);
    let home = home(tree, maker, &uses)?;
    let is_followed = |id: &ExprId| {
        let use_of = UseOf::at(bench, tree, *id);
        use_of != UseOf::Other && !is_deferred_close(tree, *id)
    };
    if !uses.iter().all(is_followed) {
        return None;
    }
    let mut editor = Editor::new(tree);
    let call = format!("defer {name}.Close()");
    if home.span == maker.span {
        let span = tree.ast.stmt_span(made);
        if is_looped(tree, made, maker) || !editor.alone(span) {
            return None;
        }
        let indent = editor.indent(span.start);
        editor.below(span.end, &format!("{indent}{call}"));
    } else {
        lines::at_head(tree, &mut editor, home, &call)?;
    }
    let read_here = |id: &ExprId| UseOf::at(bench, tree, *id) == UseOf::Here;
    Some(Draft {
        title: format!("close `{name}` on every way out"),
        kind: match end {
            End::Reader => FixKind::CloseReader,
            End::Writer => FixKind::CloseWriter,
        },
        safe: end == End::Reader && uses.iter().all(read_here),
        edits: editor.edits,
    })
}

/// What the end is called in `pr, pw := io.Pipe()`.
fn end_of<'a>(bench: &Bench<'a>, tree: &Tree<'a>, made: StmtId, end: End) -> Option<&'a str> {
    let Stmt::Assign(left, AssignOp::Define, right) = tree.ast.stmt(made) else {
        return None;
    };
    let ([reader, writer], [call]) = (left.as_slice(), right.as_slice()) else {
        return None;
    };
    let (fun, _) = tree.call(*call)?;
    let Expr::Selector(package, function, _) = tree.ast.expr(fun) else {
        return None;
    };
    if function != "Pipe" || bench.import(tree, *package) != Some("io") {
        return None;
    }
    let end = match end {
        End::Reader => *reader,
        End::Writer => *writer,
    };
    tree.name(end).filter(|name| *name != "_")
}

/// Where the variable that `made` declares is used.
fn uses(tree: &Tree<'_>, made: StmtId, name: &str) -> Vec<ExprId> {
    let Some(binding) = scope::declaration(tree, made, name) else {
        return Vec::new();
    };
    let all = (0..tree.ast.exprs.len() as u32).map(ExprId);
    let named = all.filter(|id| tree.name(*id) == Some(name));
    let named = named.filter(|id| tree.ast.expr_span(*id) != binding.at);
    named
        .filter(|id| {
            let meant = scope::resolve(tree, name, Part::Expr(*id));
            meant.is_some_and(|meant| meant.at == binding.at)
        })
        .collect()
}

/// The body that has all uses: that of the function that makes the pipe, or of a goroutine that this starts.
fn home<'a>(tree: &Tree<'a>, maker: &'a Block, uses: &[ExprId]) -> Option<&'a Block> {
    let mut home: Option<&'a Block> = None;
    for id in uses {
        let function = tree.function(Part::Expr(*id))?;
        let body = function.body()?;
        if home.is_some_and(|home| home.span != body.span) {
            return None;
        }
        let is_own = body.span == maker.span || is_started(tree, function, maker.span);
        if !is_own {
            return None;
        }
        home = Some(body);
    }
    Some(home.unwrap_or(maker))
}

/// Whether a literal is started as a goroutine right in the body at `maker`.
fn is_started(tree: &Tree<'_>, function: Func<'_>, maker: Span) -> bool {
    let Func::Lit(literal, ..) = function else {
        return false;
    };
    let Up::Expr(call) = tree.up(Part::Expr(literal)) else {
        return false;
    };
    let Up::Stmt(stmt) = tree.up(Part::Expr(call)) else {
        return false;
    };
    let around = tree.function(Part::Stmt(stmt)).and_then(Func::body);
    matches!(tree.ast.stmt(stmt), Stmt::Go(_)) && around.is_some_and(|body| body.span == maker)
}

/// What is done with an end at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UseOf {
    /// It is done with when the statement is.
    Here,
    /// It is handed to a function, which may keep it.
    Handed,
    /// Anything else.
    Other,
}

impl UseOf {
    fn at<'a>(bench: &Bench<'a>, tree: &Tree<'a>, id: ExprId) -> Self {
        let Up::Expr(above) = tree.up(Part::Expr(id)) else {
            return Self::Other;
        };
        if matches!(tree.ast.expr(above), Expr::Selector(base, ..) if *base == id) {
            let Up::Expr(call) = tree.up(Part::Expr(above)) else {
                return Self::Other;
            };
            let called = tree.call(call).is_some_and(|(fun, _)| fun == above);
            return if called && !is_go(tree, call) {
                Self::Here
            } else {
                Self::Other
            };
        }
        let Some((fun, args)) = tree.call(above) else {
            return Self::Other;
        };
        if !args.contains(&id) || is_go(tree, above) {
            return Self::Other;
        }
        match tree.ast.expr(fun) {
            Expr::Selector(package, function, _)
                if bench.import(tree, *package) == Some("io") && READS.contains(&&**function) =>
            {
                Self::Here
            }
            _ => Self::Handed,
        }
    }
}

/// Functions of `io` that have read what they read when they return.
const READS: [&str; 6] = [
    "Copy",
    "CopyBuffer",
    "CopyN",
    "ReadAll",
    "ReadAtLeast",
    "ReadFull",
];

/// Whether a call is that of a `go` statement.
fn is_go(tree: &Tree<'_>, call: ExprId) -> bool {
    matches!(tree.up(Part::Expr(call)), Up::Stmt(stmt) if matches!(tree.ast.stmt(stmt), Stmt::Go(_)))
}

/// Whether the end is closed by a `defer` there.
fn is_deferred_close(tree: &Tree<'_>, id: ExprId) -> bool {
    let Up::Expr(above) = tree.up(Part::Expr(id)) else {
        return false;
    };
    let closes = matches!(tree.ast.expr(above), Expr::Selector(_, name, _) if name == "Close");
    let stmt = tree.statement(Part::Expr(id));
    closes && stmt.is_some_and(|stmt| matches!(tree.ast.stmt(stmt), Stmt::Defer(_)))
}

/// Whether a loop in the function repeats the statement: what is deferred would pile up.
fn is_looped(tree: &Tree<'_>, made: StmtId, maker: &Block) -> bool {
    let inside = tree.chain(Part::Stmt(made));
    inside
        .filter(|part| maker.span.contains(tree.span(*part)))
        .any(|part| match part {
            Part::Stmt(stmt) => {
                matches!(tree.ast.stmt(stmt), Stmt::For { .. } | Stmt::Range { .. })
            }
            Part::Expr(_) => false,
        })
}
