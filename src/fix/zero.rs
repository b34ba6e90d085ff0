//! Zero values as source text, for the `return` of a function that gives up.

use super::bench::Bench;
use super::tree::Tree;
use crate::resolve::Ty;
use crate::syntax::ast::{Expr, ExprId};

/// The zero value of the type that `ty` names, written as in the file `tree`; `None` where the type is not known.
pub(super) fn zero<'a>(bench: &Bench<'a>, tree: &Tree<'a>, ty: ExprId) -> Option<String> {
    let nil = Some("nil".to_owned());
    match tree.ast.expr(ty) {
        Expr::Star(_)
        | Expr::SliceType(_)
        | Expr::MapType(..)
        | Expr::ChanType(..)
        | Expr::FuncType(_)
        | Expr::InterfaceType(..) => return nil,
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
            ("io", _) => nil,
            ("time", "Duration") => Some("0".to_owned()),
            _ => None,
        },
        _ => None,
    }
}
