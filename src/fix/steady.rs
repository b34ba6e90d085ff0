//! Whether something has as many elements where a channel is made as it has in the loop that is counted by it.
//!
//! In: where the channel is made and where the loop looks, with the calls between the two. What can change on the way is
//! looked for in the text between them and in the functions called there; where a call is not known, it may change all
//! that it can reach. What other goroutines do to a field is not looked at: without a lock that is a race.

use super::bench::Bench;
use super::bound::Home;
use super::scope;
use super::tree::{Func, Tree};
use super::uses::Call;
use crate::resolve::Ty;
use crate::source::Span;
use crate::syntax::ast::{AssignOp, Expr, ExprId, Stmt, StmtId, UnaryOp};
use crate::syntax::parts::Part;

/// Calls are looked into so deep.
const DEPTH: u32 = 4;

/// What may change.
enum Thing<'t> {
    /// A field of that name, of whatever value.
    Field(&'t str),
    /// A variable of the package.
    Global(&'t str),
    /// What maps hold: a map is known under several names.
    Map,
}

/// The way from the `make` to the loop: text that is passed, with its file.
type Way<'w, 'a> = Vec<(&'w Tree<'a>, Span)>;

impl<'a> Home<'_, 'a> {
    /// Whether `subject`, which the loop `stmt` in `tree` counts by, is as long at the `make`; `path` are the calls between
    /// the two. Plain variables count as steady: that nobody assigns to them is looked at where they are rendered.
    pub(super) fn is_steady(
        &self,
        tree: &Tree<'a>,
        stmt: StmtId,
        subject: ExprId,
        path: &[Call],
    ) -> bool {
        let ty = self.bench.type_of(tree, subject);
        let is_map = match self.bench.package.underlying(&ty) {
            Ty::Array(..) => return true,
            Ty::Map(..) => true,
            _ => false,
        };
        let span = tree.ast.stmt_span(stmt);
        // A range over a slice looks at it once, before its first turn.
        let looks_once = matches!(tree.ast.stmt(stmt), Stmt::Range { .. }) && !is_map;
        let end = if looks_once { span.start } else { span.end };
        let Some(way) = self.way(tree, Part::Stmt(stmt), end, path) else {
            return false;
        };
        let stays = |thing: &Thing<'_>| {
            way.iter()
                .all(|(there, span)| !changes(self.bench, there, *span, thing, 0))
        };
        (!is_map || stays(&Thing::Map)) && self.is_kept(tree, subject, path, &stays)
    }

    /// Whether nothing that `id` reads changes on the way.
    fn is_kept(
        &self,
        tree: &Tree<'a>,
        id: ExprId,
        path: &[Call],
        stays: &dyn Fn(&Thing<'_>) -> bool,
    ) -> bool {
        match tree.ast.expr(id) {
            Expr::Selector(base, ..) if self.bench.import(tree, *base).is_some() => true,
            Expr::Selector(base, name, _) => {
                stays(&Thing::Field(name)) && self.is_kept(tree, *base, path, stays)
            }
            Expr::Ident(name) => match scope::resolve(tree, name, Part::Expr(id)) {
                None => {
                    !self.bench.package.globals.contains_key(name) || stays(&Thing::Global(name))
                }
                Some(binding) => match binding.what {
                    scope::What::Param(param) => match self.argument(param.span, path) {
                        Some((there, argument, outer)) => {
                            self.is_kept(there, argument, outer, stays)
                        }
                        None => true,
                    },
                    _ => true,
                },
            },
            Expr::Call(_, args, _) => args.iter().all(|a| self.is_kept(tree, *a, path, stays)),
            _ => true,
        }
    }

    /// The text between the `make` and `end`, which lies at `part` of `tree` behind the calls of `path`.
    fn way(&self, tree: &Tree<'a>, part: Part, end: u32, path: &[Call]) -> Option<Way<'_, 'a>> {
        let mut way: Way<'_, 'a> = Vec::new();
        let mut start = self.tree.ast.expr_span(self.make).end;
        for (index, (file, call)) in path.iter().enumerate() {
            let there = self.bench.tree(*file)?;
            if index == 0 && *file != self.tree.id {
                return None;
            }
            let until = there.ast.expr_span(*call).end;
            way.push((there, between(start, until)?));
            let (fun, _) = there.call(*call)?;
            let func = match there.literal(Part::Expr(fun)) {
                Some(literal) => literal,
                None => self.bench.callee(there, fun)?.1,
            };
            start = func.body()?.span.start;
        }
        let there = self.bench.tree(tree.id)?;
        if path.is_empty() && tree.id != self.tree.id {
            return None;
        }
        there.function(part)?;
        way.push((there, between(start, end)?));
        Some(way)
    }
}

fn between(start: u32, end: u32) -> Option<Span> {
    (start <= end).then_some(Span { start, end })
}

/// Whether something in `within` can change `thing`.
fn changes<'a>(
    bench: &Bench<'a>,
    tree: &Tree<'a>,
    within: Span,
    thing: &Thing<'_>,
    depth: u32,
) -> bool {
    let stmts = tree.ast.stmts.iter().zip(&tree.ast.stmt_spans);
    let assigned = stmts
        .filter(|(_, span)| within.contains(**span))
        .any(|(stmt, _)| match stmt {
            Stmt::Assign(left, op, _) if *op != AssignOp::Define => left
                .iter()
                .any(|target| writes(bench, tree, *target, thing)),
            Stmt::IncDec(target, _) => writes(bench, tree, *target, thing),
            _ => false,
        });
    let exprs = tree.ast.exprs.iter().zip(&tree.ast.expr_spans);
    assigned
        || exprs
            .filter(|(_, span)| within.contains(**span))
            .any(|(expr, _)| match expr {
                Expr::Unary(UnaryOp::Addr, of) => writes(bench, tree, *of, thing),
                Expr::Call(fun, args, _) => calls_change(bench, tree, *fun, args, thing, depth),
                _ => false,
            })
}

/// Whether an assignment to `target` changes `thing`; one to a whole value changes all its fields.
fn writes<'a>(bench: &Bench<'a>, tree: &Tree<'a>, target: ExprId, thing: &Thing<'_>) -> bool {
    match (tree.ast.expr(target), thing) {
        (Expr::Selector(_, name, _), Thing::Field(field)) => name == field,
        (Expr::Star(_), Thing::Field(_) | Thing::Global(_)) => true,
        (Expr::Ident(name), Thing::Global(global)) => {
            name == global && scope::resolve(tree, name, Part::Expr(target)).is_none()
        }
        (Expr::Index(base, _), Thing::Map) => {
            let ty = bench.type_of(tree, *base);
            !matches!(bench.package.underlying(&ty), Ty::Slice(_) | Ty::Array(..))
        }
        _ => false,
    }
}

fn calls_change<'a>(
    bench: &Bench<'a>,
    tree: &Tree<'a>,
    fun: ExprId,
    args: &[ExprId],
    thing: &Thing<'_>,
    depth: u32,
) -> bool {
    let hands_map = || {
        matches!(thing, Thing::Map)
            && args.iter().any(|arg| {
                let ty = bench.type_of(tree, *arg);
                matches!(bench.package.underlying(&ty), Ty::Map(..))
            })
    };
    if tree.literal(Part::Expr(fun)).is_some() {
        // Its body is part of the text that is passed.
        return false;
    }
    if let Some((there, Func::Decl(decl))) = bench.callee(tree, fun) {
        return match &decl.body {
            Some(body) => depth == DEPTH || changes(bench, there, body.span, thing, depth + 1),
            None => true,
        };
    }
    match tree.ast.expr(fun) {
        Expr::Ident(name) if scope::resolve(tree, name, Part::Expr(fun)).is_none() => {
            // A built-in or a conversion, or else a function kept in a variable.
            bench.package.globals.contains_key(name)
                || (hands_map() && !matches!(name.as_str(), "len" | "delete" | "clear"))
        }
        Expr::Selector(base, _, _) if bench.import(tree, *base).is_some() => hands_map(),
        // A method of somebody else's type does not know of ours, unless it is one of ours under the same name.
        Expr::Selector(_, name, _) => {
            let ours = bench.package.funcs.iter().any(|f| f.decl.name == *name);
            let ty = bench.type_of(tree, fun);
            ours || hands_map() || matches!(bench.package.underlying(&ty), Ty::Func(_))
        }
        Expr::ArrayType(..) | Expr::SliceType(_) | Expr::MapType(..) | Expr::InterfaceType(..) => {
            false
        }
        _ => true,
    }
}
