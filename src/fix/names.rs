//! Names for what a repair adds.

use super::bench::Bench;
use super::scope;
use super::tree::Tree;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprId, File};
use crate::syntax::parts::Part;

/// The first of `names` that neither `body`, nor what is around it, nor the package uses.
pub(super) fn free<'n>(
    bench: &Bench<'_>,
    tree: &Tree<'_>,
    body: Span,
    names: &[&'n str],
) -> Option<&'n str> {
    names
        .iter()
        .copied()
        .find(|name| is_free(bench, tree, body, name))
}

/// Whether the package declares `name`.
pub(super) fn declares(bench: &Bench<'_>, name: &str) -> bool {
    let package = bench.package;
    package.globals.contains_key(name)
        || package.func_names.contains_key(name)
        || package.type_names.contains_key(name)
        || package.consts.contains_key(name)
}

/// Whether the file imports something under `name`.
pub(super) fn imports(file: &File, name: &str) -> bool {
    file.imports.iter().any(|import| {
        let last = import.path.rsplit('/').next();
        import.name.as_deref().or(last) == Some(name)
    })
}

fn is_free(bench: &Bench<'_>, tree: &Tree<'_>, body: Span, name: &str) -> bool {
    let taken = declares(bench, name) || imports(tree.ast, name);
    let mut inside = tree
        .ast
        .exprs
        .iter()
        .zip(&tree.ast.expr_spans)
        .enumerate()
        .filter(|(_, (_, span))| body.contains(**span));
    let Some((first, _)) = inside.clone().next() else {
        return !taken;
    };
    let around = scope::resolve(tree, name, Part::Expr(ExprId(first as u32)));
    let used = inside.any(|(_, (expr, _))| match expr {
        Expr::Ident(n) => n == name,
        Expr::FuncLit(signature, _) => {
            let params = signature.params.iter().chain(&signature.results);
            params.into_iter().any(|p| p.name.as_deref() == Some(name))
        }
        _ => false,
    });
    !taken && !used && around.is_none()
}
