//! Zero values as source text, for the `return` of a function that gives up.

use super::bench::Bench;
use super::scope;
use super::tree::{Func, Tree};
use crate::resolve::Ty;
use crate::syntax::ast::{Expr, ExprId};
use crate::syntax::parts::Part;

/// The zero value of the type that `ty` names, written as in the file `tree` for use at `at`; `None` where the type is not
/// known, or something has its name there.
pub(super) fn zero<'a>(bench: &Bench<'a>, tree: &Tree<'a>, ty: ExprId, at: Part) -> Option<String> {
    let nil = Some("nil".to_owned());
    match tree.ast.expr(ty) {
        Expr::Star(_)
        | Expr::SliceType(_)
        | Expr::MapType(..)
        | Expr::ChanType(..)
        | Expr::FuncType(_)
        | Expr::InterfaceType(..) => return nil,
        _ if is_hidden(tree, ty, at) => return None,
        Expr::Ident(name) if is_type_parameter(tree, name, at) => {
            return Some(format!("*new({name})"));
        }
        Expr::ArrayType(..) => return Some(format!("{}{{}}", tree.expr_text(ty))),
        _ => {}
    }
    let named = bench.named(tree, ty);
    match bench.package.underlying(&named) {
        Ty::Bool => Some("false".to_owned()),
        Ty::Int | Ty::Plain => Some("0".to_owned()),
        Ty::Str => Some("\"\"".to_owned()),
        Ty::Error
        | Ty::Interface
        | Ty::Ptr(_)
        | Ty::Chan(..)
        | Ty::Slice(_)
        | Ty::Map(..)
        | Ty::Func(_) => nil,
        Ty::Struct(_) | Ty::Array(..) => Some(format!("{}{{}}", tree.expr_text(ty))),
        Ty::Ext(path, name) => match (path.as_str(), name.as_str()) {
            ("context", "Context") | ("net", "Conn" | "Listener") => nil,
            // The structs of the package; all else are interfaces.
            (
                "io",
                "LimitedReader" | "OffsetWriter" | "PipeReader" | "PipeWriter" | "SectionReader",
            ) => Some(format!("{}{{}}", tree.expr_text(ty))),
            ("io", _) => nil,
            ("time", "Duration") => Some("0".to_owned()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a name in the type `ty` means something of the function's own at `at`.
fn is_hidden(tree: &Tree<'_>, ty: ExprId, at: Part) -> bool {
    let mut found = tree
        .name(ty)
        .is_some_and(|name| scope::resolve(tree, name, at).is_some());
    tree.ast.expr(ty).parts(&mut |part| {
        if let Part::Expr(inner) = part {
            found |= is_hidden(tree, inner, at);
        }
    });
    found
}

/// Whether the declared function around `at`, or the type of its receiver, has a type parameter of that name.
fn is_type_parameter(tree: &Tree<'_>, name: &str, at: Part) -> bool {
    let Some(Func::Decl(decl)) = tree.functions(at).into_iter().last() else {
        return false;
    };
    let of_receiver = || {
        let mut ty = decl.receiver.as_ref()?.ty;
        while let Expr::Star(inner) = tree.ast.expr(ty) {
            ty = *inner;
        }
        match tree.ast.expr(ty) {
            Expr::Index(_, names) => Some(names.iter().any(|n| tree.name(*n) == Some(name))),
            _ => None,
        }
    };
    decl.type_params.iter().any(|param| *param == name) || of_receiver().unwrap_or(false)
}
