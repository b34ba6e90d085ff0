//! Names in scope: which variable a name means at a place, and which others are visible there.

use super::tree::{Func, Tree};
use crate::source::Span;
use crate::syntax::ast::{AssignOp, Decl, Expr, ExprId, Param, Stmt, StmtId, UnaryOp};
use crate::syntax::parts::Part;

/// A variable, constant or type declared in a function.
#[derive(Clone, Copy)]
pub(super) struct Binding<'a> {
    pub(super) name: &'a str,
    /// Where the declaring name stands: what tells variables of one name apart.
    pub(super) at: Span,
    pub(super) what: What<'a>,
}

/// How it is declared.
#[derive(Clone, Copy)]
pub(super) enum What<'a> {
    /// A receiver, parameter or result.
    Param(&'a Param),
    /// By `var` or `:=`: the type, and the value with its position among several results of one call.
    Value {
        ty: Option<ExprId>,
        value: Option<(ExprId, Option<usize>)>,
    },
    /// By a `range`: the first variable or the second.
    Item { subject: ExprId, key: bool },
    /// A constant, a type, the name of a type switch.
    Other,
}

/// The variable that `name` means at `at`; `None` for names of the package and unknown ones.
pub(super) fn resolve<'a>(tree: &Tree<'a>, name: &str, at: Part) -> Option<Binding<'a>> {
    let mut found = None;
    walk(tree, at, &mut |binding| {
        if found.is_none() && binding.name == name {
            found = Some(binding);
        }
        found.is_none()
    });
    found
}

/// All variables visible at `at`, innermost first, without those that others hide.
pub(super) fn visible<'a>(tree: &Tree<'a>, at: Part) -> Vec<Binding<'a>> {
    let mut all: Vec<Binding<'a>> = Vec::new();
    walk(tree, at, &mut |binding| {
        if all.iter().all(|b| b.name != binding.name) {
            all.push(binding);
        }
        true
    });
    all
}

/// Visits the bindings around `at` from the inside out until `visit` says no. In one scope the first declaration of a
/// name comes first: a later `:=` assigns to it.
fn walk<'a>(tree: &Tree<'a>, at: Part, visit: &mut dyn FnMut(Binding<'a>) -> bool) {
    let chain: Vec<Part> = tree.chain(at).collect();
    for (index, part) in chain.iter().enumerate() {
        let mut scope: Vec<Binding<'a>> = Vec::new();
        let above = chain.get(index + 1).copied();
        let function = match above {
            Some(above) => tree.literal(above),
            None => tree.functions(*part).into_iter().next(),
        };
        if let Some(function) = function {
            parameters(function, &mut scope);
        }
        if let Part::Stmt(stmt) = part
            && let Some((list, position)) = tree.list(*stmt)
        {
            for earlier in &list[..position] {
                declared(tree, *earlier, &mut scope);
            }
        }
        if !scope.into_iter().all(&mut *visit) {
            return;
        }
        if let Some(Part::Stmt(above)) = above {
            let mut heads = Vec::new();
            head(tree, above, *part, &mut heads);
            if !heads.into_iter().all(&mut *visit) {
                return;
            }
        }
    }
}

fn parameters<'a>(function: Func<'a>, scope: &mut Vec<Binding<'a>>) {
    let receiver = match function {
        Func::Decl(decl) => decl.receiver.as_ref(),
        Func::Lit(..) => None,
    };
    let signature = function.signature();
    let params = receiver.into_iter().chain(&signature.params);
    scope.extend(params.chain(&signature.results).filter_map(|param| {
        Some(Binding {
            name: param.name.as_deref()?,
            at: param.span,
            what: What::Param(param),
        })
    }));
}

/// What the statement `stmt` declares in the list it stands in.
pub(super) fn declarations<'a>(tree: &Tree<'a>, stmt: StmtId) -> Vec<Binding<'a>> {
    let mut bindings = Vec::new();
    declared(tree, stmt, &mut bindings);
    bindings
}

/// The variable `name` that the statement `stmt` declares.
pub(super) fn declaration<'a>(tree: &Tree<'a>, stmt: StmtId, name: &str) -> Option<Binding<'a>> {
    declarations(tree, stmt)
        .into_iter()
        .find(|b| b.name == name)
}

fn declared<'a>(tree: &Tree<'a>, stmt: StmtId, scope: &mut Vec<Binding<'a>>) {
    match tree.ast.stmt(stmt) {
        Stmt::Labeled(_, inner) => declared(tree, *inner, scope),
        Stmt::Assign(left, AssignOp::Define, right) => {
            for (index, name) in left.iter().enumerate() {
                let value = if left.len() == right.len() {
                    Some((right[index], None))
                } else {
                    right.first().map(|call| (*call, Some(index)))
                };
                let what = What::Value { ty: None, value };
                push(tree, *name, what, scope);
            }
        }
        Stmt::Decl(decls) => {
            for decl in decls {
                match decl {
                    Decl::Value(spec) => {
                        for (index, (name, at)) in spec.names.iter().enumerate() {
                            let value = if spec.values.len() == spec.names.len() {
                                Some((spec.values[index], None))
                            } else {
                                spec.values.first().map(|call| (*call, Some(index)))
                            };
                            let what = if spec.is_const {
                                What::Other
                            } else {
                                What::Value { ty: spec.ty, value }
                            };
                            scope.push(Binding {
                                name: name.as_str(),
                                at: *at,
                                what,
                            });
                        }
                    }
                    Decl::Type(spec) => scope.push(Binding {
                        name: spec.name.as_str(),
                        at: spec.name_span,
                        what: What::Other,
                    }),
                    Decl::Func(_) => {}
                }
            }
        }
        _ => {}
    }
}

fn push<'a>(tree: &Tree<'a>, name: ExprId, what: What<'a>, scope: &mut Vec<Binding<'a>>) {
    if let Some(text) = tree.name(name)
        && text != "_"
    {
        scope.push(Binding {
            name: text,
            at: tree.ast.expr_span(name),
            what,
        });
    }
}

/// What the head of `stmt` declares for its part `inside`.
fn head<'a>(tree: &Tree<'a>, stmt: StmtId, inside: Part, scope: &mut Vec<Binding<'a>>) {
    let is_init = |init: &Option<StmtId>| init.map(Part::Stmt) == Some(inside);
    match tree.ast.stmt(stmt) {
        Stmt::If { init, .. } | Stmt::For { init, .. } | Stmt::Switch { init, .. } => {
            if let Some(init) = init.filter(|_| !is_init(init)) {
                declared(tree, init, scope);
            }
        }
        Stmt::TypeSwitch { init, bind, .. } => {
            if let (Some((name, at)), Part::Stmt(_)) = (bind, inside) {
                scope.push(Binding {
                    name: name.as_str(),
                    at: *at,
                    what: What::Other,
                });
            }
            if let Some(init) = init.filter(|_| !is_init(init)) {
                declared(tree, init, scope);
            }
        }
        Stmt::Range {
            key,
            value,
            define: true,
            subject,
            body,
        } => {
            let in_body = matches!(inside, Part::Stmt(s) if body.stmts.contains(&s));
            for (name, key) in [(key, true), (value, false)] {
                if let Some(name) = name.filter(|_| in_body) {
                    let subject = *subject;
                    push(tree, name, What::Item { subject, key }, scope);
                }
            }
        }
        Stmt::Select(clauses) => {
            let clause = clauses
                .iter()
                .find(|c| matches!(inside, Part::Stmt(s) if c.body.contains(&s)));
            if let Some(comm) = clause.and_then(|c| c.comm) {
                declared(tree, comm, scope);
            }
        }
        _ => {}
    }
}

/// Whether a name is assigned to, or its address taken, anywhere in `function`, other than by its declaration `binding`.
pub(super) fn reassigned(tree: &Tree<'_>, binding: &Binding<'_>, within: Span) -> bool {
    let is_it = |id: ExprId| {
        tree.name(id) == Some(binding.name)
            && tree.ast.expr_span(id) != binding.at
            && resolve(tree, binding.name, Part::Expr(id)).is_some_and(|b| b.at == binding.at)
    };
    let stmts = tree.ast.stmts.iter().zip(&tree.ast.stmt_spans);
    let assigned = stmts
        .filter(|(_, span)| within.contains(**span))
        .any(|(stmt, _)| match stmt {
            Stmt::Assign(left, _, _) => left.iter().any(|l| is_it(*l)),
            Stmt::IncDec(expr, _) => is_it(*expr),
            Stmt::Range {
                key,
                value,
                define: false,
                ..
            } => key.iter().chain(value).any(|l| is_it(*l)),
            _ => false,
        });
    let exprs = tree.ast.exprs.iter().zip(&tree.ast.expr_spans);
    assigned
        || exprs
            .filter(|(_, span)| within.contains(**span))
            .any(|(expr, _)| matches!(expr, Expr::Unary(UnaryOp::Addr, inner) if is_it(*inner)))
}
