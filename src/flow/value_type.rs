//! The light type of each expression, and whether a name is a built-in function or a type here.
//!
//! Deliberately absent: inference of type arguments, and types of other packages beyond their names.

use super::ir::COND_LOCK;
use super::lower::{Entity, Lowerer};
use super::lower_pipe::pipe_types;
use crate::library::Effect;
use crate::resolve::{Const, FuncTy, Method, Ty};
use crate::syntax::ast::{self, BinaryOp, ChanDir, ExprId, LiteralKind, Name, UnaryOp};
use std::sync::Arc;

impl Lowerer<'_, '_> {
    /// The types of an expression with `count` results.
    pub fn tuple_types(&mut self, id: ExprId, count: usize) -> Vec<Ty> {
        let mut types = match self.value_type(id) {
            Ty::Tuple(types) => types.to_vec(),
            one if self.has_pipes && matches!(self.ast().expr(id), ast::Expr::Call(..)) => {
                vec![one, Ty::Error]
            }
            one => vec![one, Ty::Bool],
        };
        types.resize(count, Ty::Unknown);
        types
    }

    /// The light type of value expression `id`.
    pub fn value_type(&mut self, id: ExprId) -> Ty {
        match self.ast().expr(id) {
            ast::Expr::Ident(name) => match self.lookup(name) {
                Some(Entity::Var(var)) => self.top().body.vars[var as usize].ty.clone(),
                Some(Entity::Const(Const::Int(_))) => Ty::Int,
                Some(_) => Ty::Unknown,
                None => self.package_value_type(name),
            },
            ast::Expr::Literal(LiteralKind::Int | LiteralKind::Rune, _) => Ty::Int,
            ast::Expr::Literal(LiteralKind::String, _) => Ty::Str,
            ast::Expr::Literal(..) => Ty::Plain,
            ast::Expr::FuncLit(signature, _) => {
                self.package
                    .func_type(self.file, signature, &|name| self.local_type(name))
            }
            ast::Expr::CompositeLit(Some(ty), _) => self.type_of(*ty),
            ast::Expr::Selector(base, name, _) => {
                if self.package_name(*base).is_some() {
                    return Ty::Unknown;
                }
                let ty = self.value_type(*base);
                if let Some((_, ty)) = self.package.field(&ty, name) {
                    return ty;
                }
                match self.package.method(&ty, name) {
                    Some((_, Method::Func(func))) => self.signature_of(func),
                    _ if *name == COND_LOCK && is_cond(&ty) => {
                        Ty::Ext("sync".into(), "Mutex".into())
                    }
                    _ if name == "C" && self.is_clock(&ty) => {
                        Ty::Chan(ChanDir::Recv, Arc::new(Ty::Unknown))
                    }
                    _ => match self.package.promised(&ty, name) {
                        Some(ty) => ty.clone(),
                        None => Ty::Unknown,
                    },
                }
            }
            ast::Expr::Index(base, _) => {
                let ty = self.value_type(*base);
                match self.package.underlying(&ty) {
                    Ty::Slice(elem) | Ty::Array(_, elem) | Ty::Map(_, elem) => (*elem).clone(),
                    Ty::Func(_) => ty,
                    Ty::Ptr(inner) => match self.package.underlying(&inner) {
                        Ty::Slice(elem) | Ty::Array(_, elem) => (*elem).clone(),
                        _ => Ty::Unknown,
                    },
                    Ty::Str => Ty::Int,
                    _ => Ty::Unknown,
                }
            }
            ast::Expr::Slice(base, _) => self.value_type(*base),
            ast::Expr::TypeAssert(_, Some(ty)) => self.type_of(*ty),
            ast::Expr::Call(fun, args, _) => self.call_type(*fun, args),
            ast::Expr::Star(inner) => match self.value_type(*inner) {
                Ty::Ptr(inner) => (*inner).clone(),
                _ => Ty::Unknown,
            },
            ast::Expr::Unary(UnaryOp::Addr, inner) => Ty::Ptr(Arc::new(self.value_type(*inner))),
            ast::Expr::Unary(UnaryOp::Recv, ch) => {
                let ty = self.value_type(*ch);
                match self.package.underlying(&ty) {
                    Ty::Chan(_, elem) => (*elem).clone(),
                    _ => Ty::Unknown,
                }
            }
            ast::Expr::Unary(UnaryOp::Not, _) => Ty::Bool,
            ast::Expr::Unary(_, inner) => self.value_type(*inner),
            ast::Expr::Binary(
                BinaryOp::Eq
                | BinaryOp::Ne
                | BinaryOp::Lt
                | BinaryOp::Le
                | BinaryOp::Gt
                | BinaryOp::Ge
                | BinaryOp::LogAnd
                | BinaryOp::LogOr,
                ..,
            ) => Ty::Bool,
            ast::Expr::Binary(_, left, right) => match self.value_type(*left) {
                Ty::Unknown => self.value_type(*right),
                ty => ty,
            },
            _ => Ty::Unknown,
        }
    }

    fn package_value_type(&mut self, name: &Name) -> Ty {
        if let Some(func) = self.package.func_names.get(name).copied() {
            return self.signature_of(func);
        }
        match name.as_str() {
            "true" | "false" => Ty::Bool,
            _ => self
                .package
                .globals
                .get(name)
                .cloned()
                .unwrap_or(Ty::Unknown),
        }
    }

    pub(super) fn is_clock(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Ptr(inner) => self.is_clock(inner),
            Ty::Ext(path, name) => path == "time" && (name == "Timer" || name == "Ticker"),
            _ => false,
        }
    }

    fn signature_of(&self, func: crate::resolve::FuncId) -> Ty {
        let func = self.package.func(func);
        let type_params = &func.decl.type_params;
        self.package
            .func_type(func.file.index(), &func.decl.signature, &|name| {
                type_params.contains(name).then_some(Ty::Unknown)
            })
    }

    fn call_type(&mut self, fun: ExprId, args: &[ExprId]) -> Ty {
        let file = self.ast();
        match file.expr(fun) {
            ast::Expr::Ident(name) if self.is_builtin(name) => {
                return match (name.as_str(), args) {
                    ("make", [ty, ..]) => self.type_of(*ty),
                    ("new", [ty]) => {
                        let pointee = match self.type_of(*ty) {
                            Ty::Unknown => self.value_type(*ty),
                            ty => ty,
                        };
                        Ty::Ptr(Arc::new(pointee))
                    }
                    ("append", [base, ..]) => self.value_type(*base),
                    ("len" | "cap" | "copy", _) => Ty::Int,
                    ("min" | "max", [first, ..]) => self.value_type(*first),
                    _ => Ty::Unknown,
                };
            }
            ast::Expr::Selector(base, name, _) => {
                if let Some(path) = self.package_name(*base) {
                    return self.library_type(&path, name);
                }
                if name == "Done" && args.is_empty() {
                    let base = self.value_type(*base);
                    if !matches!(self.package.method(&base, name), Some((_, Method::Func(_)))) {
                        return Ty::Chan(ChanDir::Recv, Arc::new(Ty::Plain));
                    }
                }
            }
            _ => {}
        }
        if self.is_type(fun) {
            return self.type_of(fun);
        }
        let ty = self.value_type(fun);
        match self.package.underlying(&ty) {
            Ty::Func(func) => results(&func),
            _ => Ty::Unknown,
        }
    }

    fn library_type(&self, path: &str, name: &str) -> Ty {
        let Some(fact) = self.fact_of_function(path, name) else {
            return Ty::Unknown;
        };
        let returned = fact.returned();
        let first = returned.map_or(Ty::Unknown, |(path, name)| {
            Ty::Ext(path.into(), name.into())
        });
        match fact.effect {
            Effect::Timer => Ty::Chan(ChanDir::Recv, Arc::new(Ty::Plain)),
            Effect::ContextCancel | Effect::ContextDeadline => {
                let cancel = Ty::Func(Arc::new(FuncTy {
                    params: Vec::new(),
                    results: Vec::new(),
                }));
                Ty::Tuple(Arc::new(vec![first, cancel]))
            }
            Effect::Pipe => Ty::Tuple(Arc::new(pipe_types())),
            Effect::GroupContext => {
                let context = Ty::Ext(Name::new_static("context"), Name::new_static("Context"));
                Ty::Tuple(Arc::new(vec![first, context]))
            }
            _ => first,
        }
    }

    /// Whether `name` is a built-in function here.
    pub fn is_builtin(&mut self, name: &str) -> bool {
        const BUILTINS: [&str; 17] = [
            "make", "new", "append", "len", "cap", "close", "panic", "recover", "copy", "delete",
            "print", "println", "min", "max", "clear", "complex", "real",
        ];
        BUILTINS.contains(&name)
            && self.lookup(name).is_none()
            && !self.package.func_names.contains_key(name)
            && !self.package.globals.contains_key(name)
    }

    /// Whether expression `id` names a type, so that a call of it is a conversion.
    pub fn is_type(&mut self, id: ExprId) -> bool {
        match self.ast().expr(id) {
            ast::Expr::Ident(name) => match self.lookup(name) {
                Some(Entity::Type(_)) => true,
                Some(_) => false,
                None => {
                    self.package.type_names.contains_key(name)
                        || (!self.package.func_names.contains_key(name)
                            && !self.package.globals.contains_key(name)
                            && self.type_of(id) != Ty::Unknown)
                }
            },
            ast::Expr::Star(inner) => self.is_type(*inner),
            ast::Expr::Index(base, _) => self.is_type(*base),
            ast::Expr::ArrayType(..)
            | ast::Expr::SliceType(_)
            | ast::Expr::MapType(..)
            | ast::Expr::ChanType(..)
            | ast::Expr::StructType(_)
            | ast::Expr::FuncType(_)
            | ast::Expr::InterfaceType(..) => true,
            _ => false,
        }
    }
}

/// The result type of a function type.
fn results(func: &FuncTy) -> Ty {
    match func.results.as_slice() {
        [one] => one.clone(),
        many => Ty::Tuple(Arc::new(many.to_vec())),
    }
}

/// Whether values of a type are conditions, or pointers to one.
pub(super) fn is_cond(ty: &Ty) -> bool {
    match ty {
        Ty::Ptr(inner) => is_cond(inner),
        Ty::Ext(path, name) => path == "sync" && name == "Cond",
        _ => false,
    }
}
