//! Stop signals in scope: what a goroutine can wait for besides the operation it is stuck at.
//!
//! A signal is a channel that is closed and not sent on: `Done()` of a context, or a channel of empty structs that somebody
//! closes. It is known by its type and by what is done with it, never by its name.

use super::bench::Bench;
use super::scope::{self, Binding, What};
use super::tree::{Func, Tree};
use crate::finding::Anchors;
use crate::resolve::Ty;
use crate::source::Place;
use crate::syntax::ast::{ChanDir, Expr, ExprId, Stmt, StmtId, UnaryOp};
use crate::syntax::parts::Part;

/// More signals than this are not tried.
const SIGNALS: usize = 4;

/// A signal, as it is written at the place that is to wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signal {
    /// What is received from: `ctx.Done()`, `s.quit`.
    pub(super) channel: String,
    /// The context it belongs to: `ctx`.
    pub(super) context: Option<String>,
    /// Whether it is the one that the partner left by.
    pub(super) partners: bool,
}

/// The signals that can be waited for at `at`, the partner's own first.
pub(super) fn signals<'a>(
    bench: &Bench<'a>,
    tree: &Tree<'a>,
    at: Part,
    anchors: &Anchors,
) -> Vec<Signal> {
    let mut found: Vec<Signal> = Vec::new();
    let mut add = |signal: Signal| {
        if found.iter().all(|s| s.channel != signal.channel) {
            found.push(signal);
        }
    };
    // Where the partner can be lost in several ways, one of them says nothing of the others.
    let mut lost = anchors
        .strandings
        .iter()
        .map(|s| partners(bench, tree, at, *s));
    if let Some(Some(signal)) = lost.next()
        && lost.all(|other| other.is_some_and(|o| o.channel == signal.channel))
    {
        add(signal);
    }
    for binding in scope::visible(tree, at) {
        of_variable(bench, tree, &binding)
            .into_iter()
            .for_each(&mut add);
    }
    waited_for(bench, tree, at).into_iter().for_each(&mut add);
    found.truncate(SIGNALS);
    found
}

/// The signal of the select case at `stranding`, if it means the same at `at`.
fn partners<'a>(bench: &Bench<'a>, tree: &Tree<'a>, at: Part, stranding: Place) -> Option<Signal> {
    let there = bench.tree(stranding.file)?;
    let comm = there.ast.stmts.iter().find_map(|stmt| match stmt {
        Stmt::Select(clauses) => clauses
            .iter()
            .find(|c| c.span.start == stranding.span.start)
            .and_then(|c| c.comm),
        _ => None,
    })?;
    let channel = received(there, comm)?;
    if !is_signal(bench, there, channel) {
        return None;
    }
    Some(Signal {
        channel: carried(bench, there, channel, tree, at)?,
        context: context_of(there, channel).and_then(|c| carried(bench, there, c, tree, at)),
        partners: true,
    })
}

/// What the communication of a case receives from.
fn received(tree: &Tree<'_>, comm: StmtId) -> Option<ExprId> {
    let expr = match tree.ast.stmt(comm) {
        Stmt::Expr(expr) => *expr,
        Stmt::Assign(_, _, right) => *right.first()?,
        _ => return None,
    };
    match tree.ast.expr(expr) {
        Expr::Unary(UnaryOp::Recv, channel) => Some(*channel),
        _ => None,
    }
}

/// The context whose `Done()` an expression is.
fn context_of(tree: &Tree<'_>, channel: ExprId) -> Option<ExprId> {
    let (fun, args) = tree.call(channel)?;
    match tree.ast.expr(fun) {
        Expr::Selector(base, name, _) if name == "Done" && args.is_empty() => Some(*base),
        _ => None,
    }
}

fn is_signal<'a>(bench: &Bench<'a>, tree: &Tree<'a>, channel: ExprId) -> bool {
    context_of(tree, channel).is_some()
        || (is_empty_channel(bench, &bench.type_of(tree, channel))
            && match tree.ast.expr(channel) {
                Expr::Ident(name) => closed_local(tree, name, channel),
                Expr::Selector(_, name, _) => {
                    closed_field(bench, &bench.type_of(tree, channel), name)
                }
                _ => false,
            })
}

/// Whether a type is a channel of empty structs.
fn is_empty_channel(bench: &Bench<'_>, ty: &Ty) -> bool {
    match bench.package.underlying(ty) {
        Ty::Chan(_, element) => {
            matches!(bench.package.underlying(&element), Ty::Struct(fields) if fields.is_empty())
        }
        _ => false,
    }
}

/// Whether the variable `name`, as it is meant at `at`, is closed in its function, or is somebody else's to close.
fn closed_local(tree: &Tree<'_>, name: &str, at: ExprId) -> bool {
    let Some(binding) = scope::resolve(tree, name, Part::Expr(at)) else {
        return false;
    };
    is_closed(tree, &binding)
}

fn is_closed(tree: &Tree<'_>, binding: &Binding<'_>) -> bool {
    matches!(binding.what, What::Param(_))
        || tree.ast.exprs.iter().any(|expr| match expr {
            Expr::Call(fun, args, _) => {
                tree.name(*fun) == Some("close")
                    && args.first().is_some_and(|arg| {
                        tree.name(*arg) == Some(binding.name)
                            && scope::resolve(tree, binding.name, Part::Expr(*arg))
                                .is_some_and(|b| b.at == binding.at)
                    })
            }
            _ => false,
        })
}

/// Whether the package closes a field of that name, or can only receive from it, and never sends on one.
fn closed_field(bench: &Bench<'_>, ty: &Ty, field: &str) -> bool {
    let is_it = |tree: &Tree<'_>, id: ExprId| matches!(tree.ast.expr(id), Expr::Selector(_, name, _) if name == field);
    let closed = bench.all().any(|tree| {
        tree.ast.exprs.iter().any(|expr| match expr {
            Expr::Call(fun, args, _) => {
                tree.name(*fun) == Some("close") && args.first().is_some_and(|a| is_it(tree, *a))
            }
            _ => false,
        })
    });
    let given = matches!(bench.package.underlying(ty), Ty::Chan(ChanDir::Recv, _));
    (closed || given)
        && !bench.all().any(|tree| {
            tree.ast
                .stmts
                .iter()
                .any(|stmt| matches!(stmt, Stmt::Send(channel, _) if is_it(tree, *channel)))
        })
}

/// The signals that a visible variable is or leads to.
fn of_variable<'a>(bench: &Bench<'a>, tree: &Tree<'a>, binding: &Binding<'a>) -> Vec<Signal> {
    let ty = bench.type_of_binding(tree, binding);
    let name = binding.name;
    if is_context(&ty) {
        return vec![Signal::of_context(name.to_owned())];
    }
    if is_request(&ty) {
        return vec![Signal::of_context(format!("{name}.Context()"))];
    }
    if is_empty_channel(bench, &ty) && is_closed(tree, binding) {
        return vec![Signal::of_channel(name.to_owned())];
    }
    let receiver = matches!(binding.what, What::Param(_));
    let fields = match ty.base_named() {
        Some(id) if receiver => bench.package.types[id.0 as usize].underlying.clone(),
        _ => return Vec::new(),
    };
    let Ty::Struct(fields) = bench.package.underlying(&fields) else {
        return Vec::new();
    };
    fields
        .iter()
        .filter_map(|field| {
            let path = format!("{name}.{}", field.name);
            if is_context(&field.ty) {
                return Some(Signal::of_context(path));
            }
            (is_empty_channel(bench, &field.ty) && closed_field(bench, &field.ty, &field.name))
                .then(|| Signal::of_channel(path))
        })
        .collect()
}

fn is_context(ty: &Ty) -> bool {
    matches!(ty, Ty::Ext(path, name) if path == "context" && name == "Context")
}

fn is_request(ty: &Ty) -> bool {
    let Ty::Ptr(target) = ty else { return false };
    matches!(&**target, Ty::Ext(path, name) if path == "net/http" && name == "Request")
}

impl Signal {
    fn of_context(context: String) -> Self {
        Self {
            channel: format!("{context}.Done()"),
            context: Some(context),
            partners: false,
        }
    }

    fn of_channel(channel: String) -> Self {
        Self {
            channel,
            context: None,
            partners: false,
        }
    }
}

/// The signals that other places of the same declared function wait for, such as `stream.Context().Done()`.
fn waited_for<'a>(bench: &Bench<'a>, tree: &Tree<'a>, at: Part) -> Vec<Signal> {
    let Some(Func::Decl(decl)) = tree.functions(at).into_iter().last() else {
        return Vec::new();
    };
    let exprs = tree.ast.exprs.iter().zip(&tree.ast.expr_spans);
    exprs
        .filter(|(_, span)| decl.span.contains(**span))
        .filter_map(|(expr, _)| {
            let Expr::Unary(UnaryOp::Recv, channel) = expr else {
                return None;
            };
            let context = context_of(tree, *channel)?;
            Some(Signal {
                channel: carried(bench, tree, *channel, tree, at)?,
                context: carried(bench, tree, context, tree, at),
                partners: false,
            })
        })
        .collect()
}

/// The text of an expression of names, fields and calls without arguments for use at `at` in `tree`: its variables must
/// mean the same there, or be of one type with the receiver, or with the value whose channel the operation there is on.
fn carried<'a>(
    bench: &Bench<'a>,
    from: &Tree<'a>,
    id: ExprId,
    tree: &Tree<'a>,
    at: Part,
) -> Option<String> {
    match from.ast.expr(id) {
        Expr::Ident(name) => {
            let Some(binding) = scope::resolve(from, name, Part::Expr(id)) else {
                // A name of the package, unless it is hidden there.
                let known = bench.package.globals.contains_key(name);
                return (known && scope::resolve(tree, name, at).is_none())
                    .then(|| name.to_string());
            };
            let there = scope::resolve(tree, name, at);
            if from.id == tree.id && there.is_some_and(|b| b.at == binding.at) {
                return Some(name.to_string());
            }
            let ty = bench.type_of_binding(from, &binding);
            ty.base_named()?;
            if let Some(holder) = holder_at(tree, at)
                && let Some(same) = scope::resolve(tree, holder, at)
                && bench.type_of_binding(tree, &same).base_named() == ty.base_named()
            {
                return Some(holder.to_owned());
            }
            let func = tree.functions(at).into_iter().last()?;
            let Func::Decl(decl) = func else { return None };
            let receiver = decl.receiver.as_ref()?.name.as_ref()?;
            let same = scope::resolve(tree, receiver, at)?;
            let fits = decl.receiver.as_ref().is_some_and(|r| r.span == same.at)
                && bench.type_of_binding(tree, &same).base_named() == ty.base_named();
            fits.then(|| receiver.to_string())
        }
        Expr::Selector(base, name, _) => {
            Some(format!("{}.{name}", carried(bench, from, *base, tree, at)?))
        }
        Expr::Call(fun, args, _) if args.is_empty() => {
            Some(format!("{}()", carried(bench, from, *fun, tree, at)?))
        }
        _ => None,
    }
}

/// The variable whose field is sent on at `at`: `l` of `l.queue <- v`.
fn holder_at<'t>(tree: &'t Tree<'_>, at: Part) -> Option<&'t str> {
    let Part::Stmt(stmt) = at else { return None };
    let Stmt::Send(channel, _) = tree.ast.stmt(stmt) else {
        return None;
    };
    match tree.ast.expr(*channel) {
        Expr::Selector(base, _, _) => tree.name(*base),
        _ => None,
    }
}
