//! What is done with a channel: every use of the variable that holds it, through plain aliases and through parameters of
//! functions of the package and of literals, with the calls on the way.
//!
//! Deliberately not followed: channels in struct fields, slices, maps, package variables and results. Such a use makes the
//! list incomplete.

use super::bench::Bench;
use super::scope::{self, Binding, What};
use super::tree::{Tree, Up};
use crate::source::{FileId, Span};
use crate::syntax::ast::{Expr, ExprId, Stmt, StmtId, UnaryOp};
use crate::syntax::parts::Part;

/// Calls nested deeper are not followed.
const CALLS: usize = 4;
/// A channel with more uses than this is not for a repair.
const USES: usize = 200;

/// A call on the way from the function that makes the channel to the one that uses it.
pub(super) type Call = (FileId, ExprId);

/// One use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) file: FileId,
    /// The statement it stands in.
    pub(super) stmt: StmtId,
    /// The calls through whose parameters the channel came here, outermost first.
    pub(super) path: Vec<Call>,
}

/// What is done with a channel.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Plain sends.
    pub(super) sends: Vec<Use>,
    /// Cases of a `select` that send.
    pub(super) offers: Vec<Use>,
    /// Receives, cases of a `select` included.
    pub(super) receives: Vec<Use>,
    /// Ranges over it.
    pub(super) ranges: Vec<Use>,
    /// Calls of `close`, deferred ones included.
    pub(super) closes: Vec<Use>,
    /// Whether `len` or `cap` of it is asked for, or it is compared.
    pub(super) looked_at: bool,
    /// Whether it goes where it is not followed.
    pub(super) incomplete: bool,
}

/// The variable that is given the value of expression `id`.
pub(super) fn holder<'a>(tree: &Tree<'a>, id: ExprId) -> Option<Binding<'a>> {
    let Up::Stmt(stmt) = tree.up(Part::Expr(id)) else {
        return None;
    };
    match tree.ast.stmt(stmt) {
        Stmt::Assign(left, _, right) if left.len() == right.len() => {
            let nth = right.iter().position(|r| *r == id)?;
            let name = tree.name(left[nth])?;
            scope::resolve(tree, name, Part::Expr(left[nth]))
                .or_else(|| scope::declaration(tree, stmt, name))
        }
        Stmt::Decl(_) => scope::declarations(tree, stmt)
            .into_iter()
            .find(|b| matches!(b.what, What::Value { value: Some((v, None)), .. } if v == id)),
        _ => None,
    }
}

/// The uses of the channel that `binding` of the file `tree` holds.
pub(super) fn uses<'a>(bench: &Bench<'a>, tree: &Tree<'a>, binding: &Binding<'a>) -> Uses {
    let mut search = Search {
        bench,
        seen: Vec::new(),
        path: Vec::new(),
        uses: Uses::default(),
        count: 0,
    };
    search.follow(tree, binding);
    search.uses
}

struct Search<'b, 'a> {
    bench: &'b Bench<'a>,
    /// Variables that have been followed, each with the calls on the way.
    seen: Vec<(FileId, Span, Vec<Call>)>,
    path: Vec<Call>,
    uses: Uses,
    count: usize,
}

impl<'a> Search<'_, 'a> {
    fn follow(&mut self, tree: &Tree<'a>, binding: &Binding<'a>) {
        let key = (tree.id, binding.at, self.path.clone());
        if self.seen.contains(&key) {
            return;
        }
        self.seen.push(key);
        for (index, expr) in tree.ast.exprs.iter().enumerate() {
            let id = ExprId(index as u32);
            let named = matches!(expr, Expr::Ident(name) if name == binding.name);
            if !named || tree.ast.expr_span(id) == binding.at {
                continue;
            }
            let meant = scope::resolve(tree, binding.name, Part::Expr(id));
            if meant.is_some_and(|b| b.at == binding.at) {
                self.count += 1;
                if self.count > USES {
                    self.uses.incomplete = true;
                    return;
                }
                self.file(tree, id);
            }
        }
    }

    /// Files one use, at expression `id`.
    fn file(&mut self, tree: &Tree<'a>, id: ExprId) {
        let Some(stmt) = tree.statement(Part::Expr(id)) else {
            self.uses.incomplete = true;
            return;
        };
        let here = Use {
            file: tree.id,
            stmt,
            path: self.path.clone(),
        };
        match tree.up(Part::Expr(id)) {
            Up::Stmt(above) => match tree.ast.stmt(above) {
                Stmt::Send(channel, _) if *channel == id => {
                    if tree.is_case(above) {
                        self.uses.offers.push(here);
                    } else {
                        self.uses.sends.push(here);
                    }
                }
                Stmt::Range { subject, .. } if *subject == id => self.uses.ranges.push(here),
                // On the left it is given another channel, which is that one's matter.
                Stmt::Assign(left, ..) if left.contains(&id) => {}
                Stmt::Assign(..) | Stmt::Decl(_) => match holder(tree, id) {
                    Some(alias) => self.follow(tree, &alias),
                    None => self.uses.incomplete = true,
                },
                _ => self.uses.incomplete = true,
            },
            Up::Expr(above) => match tree.ast.expr(above) {
                Expr::Unary(UnaryOp::Recv, _) => self.uses.receives.push(here),
                Expr::Binary(..) => self.uses.looked_at = true,
                Expr::Call(fun, args, _) => {
                    match (tree.name(*fun), args.iter().position(|a| *a == id)) {
                        (Some("close"), Some(_)) => self.uses.closes.push(here),
                        (Some("len" | "cap"), Some(_)) => self.uses.looked_at = true,
                        (_, Some(nth)) => self.argument(tree, above, *fun, nth),
                        (_, None) => self.uses.incomplete = true,
                    }
                }
                _ => self.uses.incomplete = true,
            },
            Up::Decl(_) | Up::Nowhere => self.uses.incomplete = true,
        }
    }

    /// Follows the channel into the parameter it is handed to.
    fn argument(&mut self, tree: &Tree<'a>, call: ExprId, fun: ExprId, nth: usize) {
        let bench = self.bench;
        let target = match tree.literal(Part::Expr(fun)) {
            Some(literal) => Some((tree, literal)),
            None => bench.callee(tree, fun),
        };
        let param = target.and_then(|(there, func)| {
            let param = func.signature().params.get(nth)?;
            Some((there, param.name.as_deref()?, param))
        });
        match param {
            // A blank parameter does nothing with it.
            Some((_, "_", _)) => {}
            Some((there, name, param)) if !param.variadic && self.path.len() < CALLS => {
                let binding = Binding {
                    name,
                    at: param.span,
                    what: What::Param(param),
                };
                self.path.push((tree.id, call));
                self.follow(there, &binding);
                self.path.pop();
            }
            _ => self.uses.incomplete = true,
        }
    }
}
