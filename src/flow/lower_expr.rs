//! Expressions (Go spec, "Expressions"), conditions, and the light type of each expression.

use super::ir::{Call, Callee, Expr, FOREIGN, Op, Pc, Target};
use super::lower::{Entity, Lowerer};
use crate::library::{Effect, is_group};
use crate::resolve::{Const, FieldTy, FuncTy, Method, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, ChanDir, ExprId, LiteralKind, Name, UnaryOp};
use std::sync::Arc;

/// Literals with more elements than this are only counted: their elements are data.
const MAX_ELEMENTS: usize = 8;

fn constant_expr(value: Const) -> Expr {
    match value {
        Const::Int(n) => Expr::Int(n),
        Const::Bool(b) => Expr::Bool(b),
        Const::Str(s) => Expr::Str(s),
    }
}

impl Lowerer<'_, '_> {
    /// The value of constant expression `id`, local constants included.
    pub fn constant(&self, id: ExprId, iota: i64) -> Option<Const> {
        self.package.const_value(self.ast(), id, iota, &|name| {
            for state in self.fns.iter().rev() {
                for scope in state.scopes.iter().rev() {
                    match scope.get(name) {
                        Some(Entity::Const(value)) => return Some(value.clone()),
                        Some(_) => return None,
                        None => {}
                    }
                }
            }
            None
        })
    }

    pub fn expr(&mut self, id: ExprId) -> Expr {
        let file = self.ast();
        let span = file.expr_span(id);
        match file.expr(id) {
            ast::Expr::Ident(name) => self.ident(name, span),
            ast::Expr::Literal(LiteralKind::Int, text) => {
                crate::resolve::parse_int(text).map_or(Expr::Fresh(span), Expr::Int)
            }
            ast::Expr::Literal(LiteralKind::String, text) => Expr::Str(text.clone()),
            ast::Expr::FuncLit(signature, block) => {
                Expr::Closure(self.literal(signature, block, span))
            }
            ast::Expr::CompositeLit(ty, elements) => {
                let ty = ty.map_or(Ty::Unknown, |ty| self.type_of(ty));
                self.composite(&ty, elements, false, span)
            }
            ast::Expr::Selector(base, name, _) => self.selector(*base, name),
            ast::Expr::Index(base, indices) => {
                let base = self.expr(*base);
                if matches!(base, Expr::Func(_)) {
                    return base;
                }
                let index = indices.first().map_or(Expr::Fresh(span), |i| self.expr(*i));
                Expr::Index(Box::new(base), Box::new(index))
            }
            ast::Expr::Slice(base, bounds) => {
                // `xs[:0]` is an empty list to be filled.
                let to_zero = bounds[1].and_then(|hi| self.constant(hi, 0)) == Some(Const::Int(0));
                if bounds[0].is_none() && to_zero {
                    return Expr::Slice(Vec::new());
                }
                let value = self.expr(*base);
                let bounds: Vec<Expr> = bounds.iter().flatten().map(|b| self.expr(*b)).collect();
                if bounds.is_empty() {
                    value
                } else {
                    // Which elements it has nobody follows.
                    self.give_away(vec![value], span);
                    Expr::Fresh(span)
                }
            }
            ast::Expr::TypeAssert(base, _) => self.expr(*base),
            ast::Expr::Call(..) => self.call_value(id),
            ast::Expr::Star(inner) => Expr::Deref(Box::new(self.expr(*inner))),
            ast::Expr::Unary(UnaryOp::Recv, ch) => {
                let ty = self.value_type(id);
                let temp = self.temp(ty);
                self.receive(*ch, [Target::Var(temp), Target::Ignore], span);
                Expr::Var(temp)
            }
            ast::Expr::Unary(UnaryOp::Addr, inner) => self.address(*inner),
            ast::Expr::Unary(UnaryOp::Not, inner) => Expr::Not(Box::new(self.expr(*inner))),
            ast::Expr::Unary(UnaryOp::Neg, inner) => {
                let inner = self.expr(*inner);
                Expr::Binary(BinaryOp::Sub, Box::new(Expr::Int(0)), Box::new(inner), span)
            }
            ast::Expr::Unary(UnaryOp::Pos, inner) => self.expr(*inner),
            ast::Expr::Binary(BinaryOp::LogAnd | BinaryOp::LogOr, ..) if self.has_effect(id) => {
                self.short_circuit(id)
            }
            ast::Expr::Binary(op, left, right) => {
                if let Some(value) = self.constant(id, 0) {
                    return constant_expr(value);
                }
                let (left, right) = (self.expr(*left), self.expr(*right));
                Expr::Binary(*op, Box::new(left), Box::new(right), span)
            }
            _ => Expr::Fresh(span),
        }
    }

    fn ident(&mut self, name: &Name, span: Span) -> Expr {
        match self.lookup(name) {
            Some(Entity::Var(var)) => return Expr::Var(var),
            Some(Entity::Const(value)) => return constant_expr(value),
            Some(Entity::Type(_)) => return Expr::Fresh(span),
            None => {}
        }
        if let Some(value) = self.package.consts.get(name) {
            return constant_expr(value.clone());
        }
        if let Some(func) = self.package.func_names.get(name) {
            return Expr::Func(*func);
        }
        if self.package.globals.contains_key(name) {
            return Expr::Global(name.clone());
        }
        match name.as_str() {
            "nil" => Expr::Nil,
            "true" => Expr::Bool(true),
            "false" => Expr::Bool(false),
            _ => Expr::Fresh(span),
        }
    }

    /// The import path `id` stands for, when it is a package name that nothing shadows.
    pub fn package_name(&mut self, id: ExprId) -> Option<Name> {
        let ast::Expr::Ident(name) = self.ast().expr(id) else {
            return None;
        };
        if self.lookup(name).is_some() || self.package.globals.contains_key(name) {
            return None;
        }
        self.package.import(self.file, name).cloned()
    }

    fn selector(&mut self, base: ExprId, name: &Name) -> Expr {
        if let Some(path) = self.package_name(base) {
            if path == "math" && (name.starts_with("MaxInt") || name.starts_with("MaxUint")) {
                // More than anybody counts to.
                return Expr::Int(i64::MAX);
            }
            // A variable or constant of another package: one unknown value, the same each time.
            return Expr::Global(Name::from(format!("{path}.{name}")));
        }
        let ty = self.value_type(base);
        let value = self.expr(base);
        let method = self.package.method(&ty, name);
        if let Some((path, method)) = method
            && self.package.field(&ty, name).is_none()
            && !(name == "C" && self.is_clock(&ty))
        {
            let receiver = Box::new(fields(value.clone(), &path));
            match method {
                Method::Func(func) => return Expr::Method(receiver, func),
                // What is not listed may be a field.
                Method::Ext(package, of) => {
                    if let Some(fact) = self.library.method(&package, &of, name) {
                        let (effect, argument) = (fact.effect, fact.argument as u32);
                        let span = self.ast().expr_span(base);
                        let receiver = Expr::Receiver(receiver);
                        if effect.is_all_it_takes() {
                            return self.bound(receiver, name, effect, argument, span);
                        }
                        // Whoever calls it acts on the receiver.
                        self.give_away(vec![receiver], span);
                        return Expr::Fresh(span);
                    }
                }
            }
        }
        let path = self
            .package
            .field(&ty, name)
            .map(|(path, _)| path)
            .unwrap_or_default();
        Expr::Field(Box::new(fields(value, &path)), name.clone())
    }

    /// A method of a library type as a value, such as `wg.Done`: a literal that calls it on the receiver of now.
    fn bound(
        &mut self,
        receiver: Expr,
        name: &Name,
        effect: Effect,
        argument: u32,
        span: Span,
    ) -> Expr {
        let holder = self.temp(Ty::Unknown);
        self.emit_at(span, Op::Set(Target::Var(holder), receiver));
        Expr::Closure(
            self.made_up_literal(&format!("{name}-fm"), span, |this, inner| {
                let call = Call {
                    callee: Callee::Library(effect, argument),
                    args: vec![Expr::Var(inner(this, holder))],
                    method: true,
                    dests: Vec::new(),
                };
                this.emit_at(span, Op::Call(call));
            }),
        )
    }

    fn address(&mut self, inner: ExprId) -> Expr {
        let file = self.ast();
        if let ast::Expr::CompositeLit(ty, elements) = file.expr(inner) {
            let ty = ty.map_or(Ty::Unknown, |ty| self.type_of(ty));
            return self.composite(&ty, elements, true, file.expr_span(inner));
        }
        let ty = self.value_type(inner);
        let value = self.expr(inner);
        // A struct has an identity of its own that its address can be; anything else needs a cell.
        let is_struct = matches!(
            self.package.underlying(&ty),
            Ty::Struct(_) | Ty::Ext(..) | Ty::Unknown
        );
        if let Expr::Var(var) = value
            && !is_struct
        {
            self.top().body.vars[var as usize].cell = true;
        }
        Expr::Addr(Box::new(value))
    }

    fn composite(
        &mut self,
        ty: &Ty,
        elements: &[(Option<ExprId>, ExprId)],
        address: bool,
        span: Span,
    ) -> Expr {
        let (ty, address) = match ty {
            Ty::Ptr(inner) => ((**inner).clone(), true),
            other => (other.clone(), address),
        };
        match self.package.underlying(&ty) {
            Ty::Slice(elem) | Ty::Array(_, elem) => {
                let values: Vec<Expr> = elements
                    .iter()
                    .map(|(_, value)| self.element(*value, &elem))
                    .collect();
                if values.len() > MAX_ELEMENTS || elements.iter().any(|(key, _)| key.is_some()) {
                    return Expr::Sized(Box::new(Expr::Int(values.len() as i64)), span);
                }
                Expr::Slice(values)
            }
            Ty::Map(_, value_ty) => {
                let values: Vec<Expr> = elements
                    .iter()
                    .map(|(_, value)| self.element(*value, &value_ty))
                    .collect();
                let count = values.len() as i64;
                self.give_away(values, span);
                Expr::Map(count, span)
            }
            // `sync.Once{}` is its zero value.
            Ty::Ext(..) if elements.is_empty() => {
                let zero = Expr::Zero(ty, span);
                if address {
                    Expr::Addr(Box::new(zero))
                } else {
                    zero
                }
            }
            underlying => {
                let names: Vec<(Name, Ty)> = match &underlying {
                    Ty::Struct(fields) => fields
                        .iter()
                        .map(|f| (f.name.clone(), f.ty.clone()))
                        .collect(),
                    _ => Vec::new(),
                };
                let mut fields = Vec::new();
                for (i, (key, value)) in elements.iter().enumerate() {
                    let name = match key.map(|k| self.ast().expr(k)) {
                        Some(ast::Expr::Ident(name)) => Some(name.clone()),
                        Some(_) => None,
                        None => names.get(i).map(|(name, _)| name.clone()),
                    };
                    let field_ty = names
                        .iter()
                        .find(|(n, _)| Some(n) == name.as_ref())
                        .map(|(_, t)| t.clone());
                    let value = self.element(*value, &field_ty.unwrap_or(Ty::Unknown));
                    match name {
                        Some(name) => fields.push((name, value)),
                        None => self.give_away(vec![value], span),
                    }
                }
                for (name, group) in self.groups(&ty, span, 0) {
                    if fields.iter().all(|(given, _)| *given != name) {
                        fields.push((name, group));
                    }
                }
                if let Ty::Ext(path, name) = &ty {
                    fields.push((FOREIGN, Expr::Str(foreign(path, name))));
                }
                let id = ty.base_named();
                Expr::Struct(id, fields, address, span)
            }
        }
    }

    /// The zero value of a type.
    pub fn zero_value(&self, ty: Ty, span: Span) -> Expr {
        let groups = self.groups(&ty, span, 0);
        match ty {
            Ty::Named(id) if !groups.is_empty() => Expr::Struct(Some(id), groups, false, span),
            ty => Expr::Zero(ty, span),
        }
    }

    /// The fields of a struct type that are wait groups, or structs with such fields: they are made with it, whether they
    /// are named or not.
    fn groups(&self, ty: &Ty, span: Span, depth: u32) -> Vec<(Name, Expr)> {
        const DEEP_ENOUGH: u32 = 3;
        let Ty::Struct(fields) = self.package.underlying(ty) else {
            return Vec::new();
        };
        let group = |field: &FieldTy| match &field.ty {
            Ty::Ext(path, of) if is_group(path, of) => Some(Expr::Zero(field.ty.clone(), span)),
            Ty::Named(id) if depth < DEEP_ENOUGH => {
                let inner = self.groups(&field.ty, span, depth + 1);
                (!inner.is_empty()).then_some(Expr::Struct(Some(*id), inner, false, span))
            }
            _ => None,
        };
        let given = |field: &FieldTy| Some((field.name.clone(), group(field)?));
        fields.iter().filter_map(given).collect()
    }

    /// An element of a composite literal, whose type may be left out.
    fn element(&mut self, id: ExprId, ty: &Ty) -> Expr {
        match self.ast().expr(id) {
            ast::Expr::CompositeLit(None, elements) => {
                let span = self.ast().expr_span(id);
                self.composite(ty, elements, false, span)
            }
            _ => self.expr(id),
        }
    }

    /// Hands values to where nobody follows them.
    pub fn give_away(&mut self, args: Vec<Expr>, span: Span) {
        if args.iter().any(may_hold) {
            let call = super::ir::Call {
                callee: super::ir::Callee::Unknown,
                args,
                method: false,
                dests: Vec::new(),
            };
            self.emit_at(span, Op::Call(call));
        }
    }

    /// Where an assignment to `id` goes.
    pub fn target(&mut self, id: ExprId) -> Target {
        if let ast::Expr::Ident(name) = self.ast().expr(id)
            && name == "_"
        {
            return Target::Ignore;
        }
        match self.expr(id) {
            Expr::Var(var) => Target::Var(var),
            place @ (Expr::Field(..) | Expr::Index(..) | Expr::Deref(_) | Expr::Global(_)) => {
                Target::Place(place)
            }
            _ => Target::Ignore,
        }
    }

    /// Jumps to `yes` or `no` by condition `id`, with Go's short-circuit evaluation.
    pub fn branch(&mut self, id: ExprId, yes: Pc, no: Pc) {
        match self.ast().expr(id) {
            ast::Expr::Binary(BinaryOp::LogAnd, left, right) => {
                let next = self.label();
                self.branch(*left, next, no);
                self.place(next);
                self.branch(*right, yes, no);
            }
            ast::Expr::Binary(BinaryOp::LogOr, left, right) => {
                let next = self.label();
                self.branch(*left, yes, next);
                self.place(next);
                self.branch(*right, yes, no);
            }
            ast::Expr::Unary(UnaryOp::Not, inner) => self.branch(*inner, no, yes),
            _ => {
                let span = self.ast().expr_span(id);
                let cond = self.expr(id);
                self.emit_at(span, Op::Branch(cond, yes, no));
            }
        }
    }

    fn short_circuit(&mut self, id: ExprId) -> Expr {
        let (yes, no, end) = (self.label(), self.label(), self.label());
        let temp = self.temp(Ty::Bool);
        self.branch(id, yes, no);
        self.place(yes);
        self.emit(Op::Set(Target::Var(temp), Expr::Bool(true)));
        self.jump(end);
        self.place(no);
        self.emit(Op::Set(Target::Var(temp), Expr::Bool(false)));
        self.place(end);
        Expr::Var(temp)
    }

    fn has_effect(&self, id: ExprId) -> bool {
        match self.ast().expr(id) {
            ast::Expr::Call(..) | ast::Expr::Unary(UnaryOp::Recv, _) => true,
            ast::Expr::Binary(_, left, right) => self.has_effect(*left) || self.has_effect(*right),
            ast::Expr::Unary(_, inner)
            | ast::Expr::Star(inner)
            | ast::Expr::Selector(inner, ..) => self.has_effect(*inner),
            _ => false,
        }
    }

    /// The types of an expression with `count` results.
    pub fn tuple_types(&mut self, id: ExprId, count: usize) -> Vec<Ty> {
        let mut types = match self.value_type(id) {
            Ty::Tuple(types) => types.to_vec(),
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
                    _ if name == "C" && self.is_clock(&ty) => {
                        Ty::Chan(ChanDir::Recv, Arc::new(Ty::Unknown))
                    }
                    _ => Ty::Unknown,
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

    fn is_clock(&self, ty: &Ty) -> bool {
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
        let Some(fact) = self.library.function(path, name) else {
            return Ty::Unknown;
        };
        let first = fact
            .returns
            .as_deref()
            .and_then(|r| r.rsplit_once('.'))
            .map_or(Ty::Unknown, |(path, name)| {
                Ty::Ext(Name::from(path), Name::from(name))
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

/// `base` with the embedded fields of `path` selected one after the other.
pub(super) fn fields(base: Expr, path: &[Name]) -> Expr {
    path.iter()
        .fold(base, |base, name| Expr::Field(Box::new(base), name.clone()))
}

/// Whether a value could hold a primitive, judged by the form of its expression alone.
pub(super) fn may_hold(expr: &Expr) -> bool {
    !matches!(
        expr,
        Expr::Fresh(_)
            | Expr::Solid(_)
            | Expr::Int(_)
            | Expr::Bool(_)
            | Expr::Str(_)
            | Expr::Nil
            | Expr::Func(_)
            | Expr::Len(..)
            | Expr::Cap(_)
            | Expr::Binary(..)
            | Expr::Not(_)
    )
}

/// How a type of another package is called here.
pub(super) fn foreign(path: &str, name: &str) -> Name {
    Name::from(format!("{path}.{name}"))
}
