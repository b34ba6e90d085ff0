//! How often the loops around a send turn, as expressions for use where the channel is made.

use super::bench::Bench;
use super::scope::{self, What};
use super::tree::{Tree, Up};
use super::uses::{Call, Use};
use crate::resolve::{Ty, parse_int};
use crate::source::{FileId, Span};
use crate::syntax::ast::{AssignOp, BinaryOp, Expr, ExprId, LiteralKind, Stmt, StmtId};
use crate::syntax::parts::Part;

/// Loops may be nested so deep before a bound says nothing to a reader.
const NESTED: usize = 2;

/// Names are followed through so many parameters.
const DEPTH: u32 = 6;

/// One bound of a loop.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bound {
    pub(super) text: String,
    /// Whether it is a length or a constant of a type that is known, and has that value at the `make` already.
    pub(super) sure: bool,
}

/// The loops around a send that are not around the `make` too.
pub(super) struct Loops {
    /// Sorted by text.
    pub(super) bounds: Vec<Bound>,
    /// Whether one of them stands in the send's own goroutine.
    pub(super) streams: bool,
}

/// What a loop is bounded by.
struct Limit {
    expr: ExprId,
    /// Whether its length counts.
    length: bool,
    sure: bool,
}

/// Where the expressions are to stand.
pub(super) struct Home<'h, 'a> {
    pub(super) bench: &'h Bench<'a>,
    pub(super) tree: &'h Tree<'a>,
    pub(super) make: ExprId,
}

impl<'a> Home<'_, 'a> {
    /// The loops around `send`; `None` where a bound cannot be said here.
    pub(super) fn loops(&self, send: &Use) -> Option<Loops> {
        let around: Vec<Part> = self.tree.chain(Part::Expr(self.make)).collect();
        let calls = send
            .path
            .iter()
            .map(|(file, call)| (*file, Part::Expr(*call)));
        let frames: Vec<(FileId, Part)> =
            calls.chain([(send.file, Part::Stmt(send.stmt))]).collect();
        let mut loops = Loops {
            bounds: Vec::new(),
            streams: false,
        };
        let mut started = false;
        // From the send outwards.
        for (level, (file, part)) in frames.iter().enumerate().rev() {
            let there = self.bench.tree(*file)?;
            let outer = level.checked_sub(1).map(|outer| frames[outer]);
            // A literal called in place: what is around it belongs to the frame of the call.
            let called = outer.and_then(|frame| self.literal_called(frame));
            for above in there.chain(*part) {
                let shared = level == 0 && *file == self.tree.id && around.contains(&above);
                if shared || called == Some((*file, above)) {
                    break;
                }
                started |= starts(there, above);
                if let Part::Stmt(stmt) = above
                    && is_loop(there, stmt)
                {
                    loops.streams |= !started;
                    loops
                        .bounds
                        .push(self.bound(there, stmt, &send.path[..level])?);
                }
            }
        }
        loops.bounds.sort();
        (loops.bounds.len() <= NESTED).then_some(loops)
    }

    fn literal_called(&self, frame: (FileId, Part)) -> Option<(FileId, Part)> {
        let (file, Part::Expr(call)) = frame else {
            return None;
        };
        let tree = self.bench.tree(file)?;
        let (fun, _) = tree.call(call)?;
        tree.literal(Part::Expr(fun))?;
        Some((file, Part::Expr(fun)))
    }

    fn bound(&self, there: &Tree<'a>, stmt: StmtId, path: &[Call]) -> Option<Bound> {
        let limit = self.limit(there, stmt)?;
        let text = self.render(there, limit.expr, path, 0)?;
        let counted = match there.builtin(limit.expr, "len") {
            Some([of]) => Some(*of),
            _ => limit.length.then_some(limit.expr),
        };
        let steady = counted.is_none_or(|of| self.is_steady(there, stmt, of, path));
        Some(Bound {
            text: if limit.length {
                format!("len({text})")
            } else {
                text
            },
            sure: limit.sure && steady,
        })
    }

    fn limit(&self, tree: &Tree<'a>, stmt: StmtId) -> Option<Limit> {
        match tree.ast.stmt(stmt) {
            Stmt::Range { value, subject, .. } => {
                let ty = self.bench.type_of(tree, *subject);
                let (length, sure) = match self.bench.package.underlying(&ty) {
                    Ty::Slice(_) | Ty::Array(..) | Ty::Map(..) => (true, true),
                    Ty::Int => (false, self.is_constant(tree, *subject)),
                    // A number gives no second variable.
                    Ty::Unknown | Ty::Ext(..) if value.is_some() => (true, false),
                    _ => return None,
                };
                Some(Limit {
                    expr: *subject,
                    length,
                    sure,
                })
            }
            Stmt::For {
                init: Some(init),
                cond: Some(cond),
                post: Some(post),
                ..
            } => {
                let end = counted(tree, *init, *cond, *post)?;
                let length = matches!(tree.builtin(end, "len"), Some([_]));
                Some(Limit {
                    expr: end,
                    length: false,
                    sure: length || self.is_constant(tree, end),
                })
            }
            _ => None,
        }
    }

    fn is_constant(&self, tree: &Tree<'a>, id: ExprId) -> bool {
        let is_local = |name| scope::resolve(tree, name, Part::Expr(id)).is_some();
        let package = self.bench.package;
        !tree.name(id).is_some_and(is_local)
            && package.const_value(tree.ast, id, 0, &|_| None).is_some()
    }

    /// The text of `id`, which stands in the file `tree`: names that mean something else here are given up, parameters are
    /// replaced by the arguments of the calls in `path`.
    fn render(&self, tree: &Tree<'a>, id: ExprId, path: &[Call], depth: u32) -> Option<String> {
        if depth > DEPTH {
            return None;
        }
        let again = |id: ExprId| self.render(tree, id, path, depth + 1);
        match tree.ast.expr(id) {
            Expr::Literal(LiteralKind::Int, text) => Some(text.to_string()),
            Expr::Selector(base, ..) if self.bench.import(tree, *base).is_some() => {
                (tree.id == self.tree.id).then(|| tree.expr_text(id))
            }
            Expr::Selector(base, name, _) => Some(format!("{}.{name}", again(*base)?)),
            Expr::Call(fun, args, false) if tree.name(*fun) == Some("len") => match args[..] {
                [of] => Some(format!("len({})", again(of)?)),
                _ => None,
            },
            Expr::Ident(name) => self.variable(tree, id, name, path, depth),
            _ => None,
        }
    }

    fn variable(
        &self,
        tree: &Tree<'a>,
        id: ExprId,
        name: &str,
        path: &[Call],
        depth: u32,
    ) -> Option<String> {
        let here = scope::resolve(self.tree, name, Part::Expr(self.make));
        let Some(meant) = scope::resolve(tree, name, Part::Expr(id)) else {
            // A name of the package, unless it is hidden here.
            return here.is_none().then(|| name.to_owned());
        };
        let function = tree.functions(Part::Expr(id)).into_iter().last()?;
        // Its value may differ between the two places.
        if scope::reassigned(tree, &meant, function.body()?.span) {
            return None;
        }
        if self.tree.id == tree.id && here.is_some_and(|b| b.at == meant.at) {
            return Some(name.to_owned());
        }
        let What::Param(param) = meant.what else {
            return None;
        };
        let (there, argument, outer) = self.argument(param.span, path)?;
        self.render(there, argument, outer, depth + 1)
    }

    /// The argument that the innermost call of `path` gives the parameter declared at `param`, with the calls around it.
    pub(super) fn argument<'p>(
        &self,
        param: Span,
        path: &'p [Call],
    ) -> Option<(&Tree<'a>, ExprId, &'p [Call])> {
        let ((file, call), outer) = path.split_last()?;
        let there = self.bench.tree(*file)?;
        let (fun, args) = there.call(*call)?;
        let func = match there.literal(Part::Expr(fun)) {
            Some(literal) => literal,
            None => self.bench.callee(there, fun)?.1,
        };
        let params = &func.signature().params;
        let nth = params.iter().position(|p| p.span == param)?;
        if params.iter().any(|p| p.variadic) {
            return None;
        }
        Some((there, *args.get(nth)?, outer))
    }
}

/// The end of `for i := 0; i < end; i++`, or of `i := 1; i <= end`.
fn counted(tree: &Tree<'_>, init: StmtId, cond: ExprId, post: StmtId) -> Option<ExprId> {
    let Stmt::Assign(names, AssignOp::Define, values) = tree.ast.stmt(init) else {
        return None;
    };
    let ([name], [first]) = (names.as_slice(), values.as_slice()) else {
        return None;
    };
    let (Expr::Literal(LiteralKind::Int, first), Expr::Binary(op, left, right)) =
        (tree.ast.expr(*first), tree.ast.expr(cond))
    else {
        return None;
    };
    let is_it = |id: ExprId| tree.name(id).is_some() && tree.name(id) == tree.name(*name);
    let counts = matches!(tree.ast.stmt(post), Stmt::IncDec(id, true) if is_it(*id));
    let fits = matches!(
        (op, parse_int(first)),
        (BinaryOp::Lt, Some(0)) | (BinaryOp::Le, Some(1))
    );
    (counts && fits && is_it(*left)).then_some(*right)
}

fn is_loop(tree: &Tree<'_>, stmt: StmtId) -> bool {
    matches!(tree.ast.stmt(stmt), Stmt::For { .. } | Stmt::Range { .. })
}

/// Whether a goroutine starts with `part`: a `go` statement, or a literal handed to a method called `Go`.
fn starts(tree: &Tree<'_>, part: Part) -> bool {
    match part {
        Part::Stmt(stmt) => matches!(tree.ast.stmt(stmt), Stmt::Go(_)),
        Part::Expr(id) => {
            let Up::Expr(above) = tree.up(part) else {
                return false;
            };
            let handed = tree.call(above).filter(|(fun, _)| *fun != id);
            tree.literal(part).is_some()
                && handed.is_some_and(|(fun, _)| {
                    matches!(tree.ast.expr(fun), Expr::Selector(_, name, _) if name == "Go")
                })
        }
    }
}
