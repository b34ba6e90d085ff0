//! Expressions (Go spec, "Expressions") and conditions. Literals of composite types are in [`super::lower_composite`],
//! the light type of each expression in [`super::value_type`].

use super::ir::{Call, Callee, Expr, Op, Pc, Target};
use super::lower::{Entity, Lowerer};
use crate::library::Effect;
use crate::resolve::{Const, Method, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, ExprId, LiteralKind, Name, UnaryOp};

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
            ast::Expr::Literal(LiteralKind::Rune, text) => {
                crate::resolve::parse_rune(text).map_or(Expr::Fresh(span), Expr::Int)
            }
            ast::Expr::Literal(LiteralKind::String, text) => {
                crate::resolve::parse_text(text).map_or(Expr::Fresh(span), Expr::Str)
            }
            ast::Expr::FuncLit(signature, block) => {
                Expr::Closure(self.literal(signature, block, span))
            }
            ast::Expr::CompositeLit(ty, elements) => {
                let ty = ty.map_or(Ty::Unknown, |ty| self.type_of(ty));
                self.composite(&ty, elements, false, span)
            }
            ast::Expr::Selector(base, name, _) => self.selector(*base, name),
            ast::Expr::Index(base, keys) if self.has_followed_entries(*base) => {
                self.entry_value(*base, keys.first().copied(), span)
            }
            ast::Expr::Index(base, indices) => {
                let base = self.expr(*base);
                if matches!(base, Expr::Func(_)) {
                    return base;
                }
                let index = indices.first().map_or(Expr::Fresh(span), |i| self.expr(*i));
                Expr::Index(Box::new(base), Box::new(index))
            }
            ast::Expr::Slice(base, bounds) => {
                let base_ty = self.value_type(*base);
                let is_text = self.package.underlying(&base_ty) == Ty::Str;
                // `xs[:0]` is an empty list to be filled.
                let to_zero = bounds[1].and_then(|hi| self.constant(hi, 0)) == Some(Const::Int(0));
                if bounds[0].is_none() && to_zero {
                    return if is_text {
                        Expr::Str(Name::default())
                    } else {
                        Expr::Slice(Vec::new())
                    };
                }
                let value = self.expr(*base);
                let [lo, hi, most] = bounds.map(|bound| bound.map(|b| self.expr(b)));
                if lo.is_none() && hi.is_none() && most.is_none() {
                    return value;
                }
                // Which elements it has nobody follows, but how many the first ones are.
                self.give_away(vec![value], span);
                match (lo, hi) {
                    (None, Some(hi)) if !is_text => Expr::Sized(Box::new(hi), span),
                    _ => Expr::Fresh(span),
                }
            }
            ast::Expr::TypeAssert(base, _) => self.sure(*base, id),
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
        match self.package.globals.get(name) {
            Some(Ty::Ext(path, of)) if self.library.is_group(path, of) => {
                return Expr::Group(name.clone());
            }
            Some(_) => return Expr::Global(name.clone()),
            None => {}
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
        if self.is_type(base) {
            // A method expression is a function that takes the receiver as its first argument.
            let ty = self.type_of(base);
            return match self.package.method(&ty, name) {
                Some((path, Method::Func(func))) if path.is_empty() => Expr::Func(func),
                _ => Expr::Fresh(self.ast().expr_span(base)),
            };
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
                    if let Some(fact) = self.fact_of_method(&package, &of, name) {
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
        if let ast::Expr::Index(base, keys) = self.ast().expr(id)
            && self.has_followed_entries(*base)
        {
            let (map, key) = self.map_and_key(*base, keys.first().copied());
            return Target::Place(Expr::Index(Box::new(map), Box::new(key)));
        }
        match self.expr(id) {
            Expr::Var(var) => Target::Var(var),
            place @ (Expr::Field(..)
            | Expr::Index(..)
            | Expr::Deref(_)
            | Expr::Global(_)
            | Expr::Group(_)) => Target::Place(place),
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
