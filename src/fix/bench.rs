//! The syntax of a package laid out for repairs: its files with the way up, its tables, light types of expressions.

use super::scope::{self, Binding, What};
use super::tree::{Func, Tree};
use crate::resolve::{FuncId, Method, Package, Ty};
use crate::source::{FileId, SourceFile};
use crate::syntax::ast::{Expr, ExprId, LiteralKind, Name, UnaryOp};
use crate::syntax::parts::Part;
use std::cell::OnceCell;
use std::sync::Arc;

/// How deep types are looked for through variables that are initialised by each other.
const DEPTH: u32 = 12;

/// The files and tables of one package.
pub struct Bench<'a> {
    pub(super) package: &'a Package<'a>,
    sources: &'a [SourceFile],
    trees: Vec<OnceCell<Tree<'a>>>,
}

impl<'a> Bench<'a> {
    /// `sources` are indexed by the ids of the package's files.
    pub fn new(package: &'a Package<'a>, sources: &'a [SourceFile]) -> Self {
        Self {
            package,
            sources,
            trees: package.files.iter().map(|_| OnceCell::new()).collect(),
        }
    }

    /// The file at `index` of the package's files.
    fn tree_at(&self, index: usize) -> &Tree<'a> {
        let file = &self.package.files[index];
        self.trees[index]
            .get_or_init(|| Tree::new(file.id, file.ast, &self.sources[file.id.index()]))
    }

    /// The file's place in the tables of the package.
    pub(super) fn index(&self, id: FileId) -> Option<usize> {
        self.package.files.iter().position(|f| f.id == id)
    }

    pub(super) fn tree(&self, id: FileId) -> Option<&Tree<'a>> {
        Some(self.tree_at(self.index(id)?))
    }

    /// Every file of the package.
    pub(super) fn all(&self) -> impl Iterator<Item = &Tree<'a>> {
        (0..self.package.files.len()).map(|index| self.tree_at(index))
    }

    /// The function of the package that `callee` names, with its file.
    pub(super) fn callee(&self, tree: &Tree<'a>, callee: ExprId) -> Option<(&Tree<'a>, Func<'a>)> {
        let id = self.func_id(tree, callee)?;
        let func = self.package.func(id);
        Some((self.tree_at(func.file.index()), Func::Decl(func.decl)))
    }

    fn func_id(&self, tree: &Tree<'a>, callee: ExprId) -> Option<FuncId> {
        match tree.ast.expr(callee) {
            Expr::Ident(name) => {
                let local = scope::resolve(tree, name, Part::Expr(callee)).is_some();
                (!local).then(|| self.package.func_names.get(name).copied())?
            }
            Expr::Selector(base, name, _) => {
                match self.package.method(&self.type_of(tree, *base), name)?.1 {
                    Method::Func(id) => Some(id),
                    Method::Ext(..) => None,
                }
            }
            Expr::Index(base, _) => self.func_id(tree, *base),
            _ => None,
        }
    }

    /// The light type of an expression.
    pub(super) fn type_of(&self, tree: &Tree<'a>, id: ExprId) -> Ty {
        self.typed(tree, id, 0)
    }

    /// The light type of a variable.
    pub(super) fn type_of_binding(&self, tree: &Tree<'a>, binding: &Binding<'a>) -> Ty {
        self.bound(tree, binding, 0)
    }

    /// The type that the type expression `id` names.
    pub(super) fn named(&self, tree: &Tree<'a>, id: ExprId) -> Ty {
        self.index(tree.id)
            .map_or(Ty::Unknown, |index| self.package.type_of_expr(index, id))
    }

    /// The path of the package that `id` names, if it names an imported one.
    pub(super) fn import(&self, tree: &Tree<'a>, id: ExprId) -> Option<&str> {
        let name = tree.name(id)?;
        if scope::resolve(tree, name, Part::Expr(id)).is_some() {
            return None;
        }
        let index = self.index(tree.id)?;
        self.package.import(index, name).map(Name::as_str)
    }

    fn typed(&self, tree: &Tree<'a>, id: ExprId, depth: u32) -> Ty {
        if depth > DEPTH {
            return Ty::Unknown;
        }
        let ty = |id: ExprId| self.typed(tree, id, depth + 1);
        match tree.ast.expr(id) {
            Expr::Ident(name) => match scope::resolve(tree, name, Part::Expr(id)) {
                Some(binding) => self.bound(tree, &binding, depth + 1),
                None => self
                    .package
                    .globals
                    .get(name)
                    .cloned()
                    .unwrap_or(Ty::Unknown),
            },
            Expr::Selector(base, name, _) => self
                .package
                .field(&ty(*base), name)
                .map_or(Ty::Unknown, |(_, ty)| ty),
            Expr::CompositeLit(Some(written), _) => self.named(tree, *written),
            Expr::FuncLit(signature, _) => self.index(tree.id).map_or(Ty::Unknown, |index| {
                self.package.func_type(index, signature, &|_| None)
            }),
            Expr::Literal(LiteralKind::Int, _) => Ty::Int,
            Expr::Literal(LiteralKind::String, _) => Ty::Str,
            Expr::Unary(UnaryOp::Addr, inner) => Ty::Ptr(Arc::new(ty(*inner))),
            Expr::Unary(UnaryOp::Recv, inner) => match self.package.underlying(&ty(*inner)) {
                Ty::Chan(_, element) => (*element).clone(),
                _ => Ty::Unknown,
            },
            Expr::Star(inner) => match ty(*inner) {
                Ty::Ptr(target) => (*target).clone(),
                _ => Ty::Unknown,
            },
            Expr::Slice(base, _) => ty(*base),
            Expr::Index(base, _) => match self.package.underlying(&ty(*base)) {
                Ty::Slice(element) | Ty::Array(_, element) | Ty::Map(_, element) => {
                    (*element).clone()
                }
                _ => Ty::Unknown,
            },
            Expr::Call(..) => match self.call_type(tree, id, depth) {
                Ty::Tuple(results) => results.first().cloned().unwrap_or(Ty::Unknown),
                ty => ty,
            },
            _ => Ty::Unknown,
        }
    }

    /// The type of a call; several results as a tuple.
    fn call_type(&self, tree: &Tree<'a>, id: ExprId, depth: u32) -> Ty {
        let Some((fun, args)) = tree.call(id) else {
            return Ty::Unknown;
        };
        if let Expr::Selector(base, name, _) = tree.ast.expr(fun)
            && let Some(path) = self.import(tree, *base)
        {
            return library_result(path, name);
        }
        if let Some((there, Func::Decl(decl))) = self.callee(tree, fun) {
            let mut results = decl
                .signature
                .results
                .iter()
                .map(|r| self.named(there, r.ty));
            return match (results.next(), results.len()) {
                (Some(only), 0) => only,
                (None, _) => Ty::Unknown,
                (Some(first), _) => {
                    Ty::Tuple(Arc::new(std::iter::once(first).chain(results).collect()))
                }
            };
        }
        match (tree.name(fun), args) {
            (Some("make"), [of, ..]) => self.named(tree, *of),
            (Some("new"), [of]) => Ty::Ptr(Arc::new(self.named(tree, *of))),
            (Some("append"), [base, ..]) => self.typed(tree, *base, depth + 1),
            (Some("len" | "cap"), _) => Ty::Int,
            // A conversion.
            (Some(name), [_]) if self.package.type_names.contains_key(name) => {
                self.named(tree, fun)
            }
            (Some("int"), [_]) => Ty::Int,
            _ => Ty::Unknown,
        }
    }

    fn bound(&self, tree: &Tree<'a>, binding: &Binding<'a>, depth: u32) -> Ty {
        if depth > DEPTH {
            return Ty::Unknown;
        }
        match binding.what {
            What::Param(param) => {
                let ty = self.named(tree, param.ty);
                if param.variadic {
                    Ty::Slice(Arc::new(ty))
                } else {
                    ty
                }
            }
            What::Value { ty: Some(ty), .. } => self.named(tree, ty),
            What::Value {
                value: Some((value, None)),
                ..
            } => self.typed(tree, value, depth + 1),
            What::Value {
                value: Some((value, Some(nth))),
                ..
            } => match self.call_type(tree, value, depth + 1) {
                Ty::Tuple(results) => results.get(nth).cloned().unwrap_or(Ty::Unknown),
                _ => Ty::Unknown,
            },
            What::Item { subject, key } => {
                let subject = self.typed(tree, subject, depth + 1);
                match (self.package.underlying(&subject), key) {
                    (Ty::Chan(_, element), true)
                    | (Ty::Slice(element) | Ty::Array(_, element) | Ty::Map(_, element), false) => {
                        (*element).clone()
                    }
                    (Ty::Map(element, _), true) => (*element).clone(),
                    (Ty::Slice(_) | Ty::Array(..) | Ty::Int | Ty::Str, true) => Ty::Int,
                    _ => Ty::Unknown,
                }
            }
            What::Value { value: None, .. } | What::Other => Ty::Unknown,
        }
    }
}

/// What the calls return that repairs ask about.
fn library_result(path: &str, name: &str) -> Ty {
    let context = || Ty::Ext("context".into(), "Context".into());
    match (path, name) {
        ("context", "Background" | "TODO" | "WithValue" | "WithoutCancel") => context(),
        ("context", "WithCancel" | "WithTimeout" | "WithDeadline" | "WithCancelCause") => {
            Ty::Tuple(Arc::new(vec![context(), Ty::Unknown]))
        }
        ("time", "NewTicker") => Ty::Ptr(Arc::new(Ty::Ext("time".into(), "Ticker".into()))),
        _ => Ty::Unknown,
    }
}
