//! Whether names that a repair brings in mean there what they mean everywhere else.
//!
//! A function may have a variable called `len`, a package a function called `close`, a file a local `time`. What a repair
//! writes is Go's own `len`, and the package `time`.

use super::bench::Bench;
use super::names::{declares, imports};
use super::scope;
use super::tree::Tree;
use crate::source::{FileId, SourceFile, Span};
use crate::syntax::ast::{Expr, ExprId, File};
use crate::syntax::parts::Part;

/// The names of the language that repairs use.
const BUILTINS: [&str; 6] = ["close", "false", "len", "make", "new", "nil"];

/// Whether something hides a name in the text that a repair has `added` to a file, which is now `source`.
pub fn is_hidden(
    bench: &Bench<'_>,
    id: FileId,
    ast: &File,
    source: &SourceFile,
    added: &[Span],
) -> bool {
    let tree = Tree::new(id, ast, source);
    let bases: Vec<ExprId> = ast
        .exprs
        .iter()
        .filter_map(|expr| match expr {
            Expr::Selector(base, ..) => Some(*base),
            _ => None,
        })
        .collect();
    let names = ast.exprs.iter().zip(&ast.expr_spans).enumerate();
    names
        .filter(|(_, (_, at))| added.iter().any(|span| span.contains(**at)))
        .any(|(index, (expr, _))| {
            let id = ExprId(index as u32);
            let Expr::Ident(name) = expr else {
                return false;
            };
            let of_language = BUILTINS.contains(&name.as_str());
            let of_import = bases.contains(&id) && imports(ast, name);
            let local = || scope::resolve(&tree, name, Part::Expr(id)).is_some();
            (of_language || of_import) && (declares(bench, name) || local())
        })
}
