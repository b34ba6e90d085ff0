//! Expressions with several results: calls, receives with `ok`, assertions, map indices.

use super::filled::is_followed_map;
use super::ir::{Asserted, Expr, Op, Target};
use super::lower::Lowerer;
use crate::resolve::Ty;
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, ExprId, UnaryOp};

/// What decides whether there is a value.
enum FoundBy {
    /// An entry of this map.
    Key(Expr),
    /// The entry of this map with this key.
    Entry(Expr, Expr),
    /// The value's type.
    Type(Asserted),
}

impl Lowerer<'_, '_> {
    fn is_map(&mut self, base: ExprId) -> bool {
        let ty = self.value_type(base);
        matches!(self.package.underlying(&ty), Ty::Map(..))
    }

    /// Whether the entries of a map of this type are followed.
    pub(super) fn is_followed_map(&self, ty: &Ty) -> bool {
        is_followed_map(&self.package.types, ty)
    }

    /// The same of an expression.
    pub(super) fn has_followed_entries(&mut self, base: ExprId) -> bool {
        let ty = self.value_type(base);
        self.is_followed_map(&ty)
    }

    /// A map and one of its keys, the latter in a variable: it is asked for more than once.
    pub(super) fn map_and_key(&mut self, base: ExprId, key: Option<ExprId>) -> (Expr, Expr) {
        let map = self.expr(base);
        let value = key.map_or(Expr::Nil, |key| self.expr(key));
        let key = match value {
            Expr::Var(_) | Expr::Int(_) | Expr::Str(_) | Expr::Bool(_) | Expr::Nil => value,
            value => {
                let ty = key.map_or(Ty::Unknown, |key| self.value_type(key));
                let held = self.temp(ty);
                self.emit(Op::Set(Target::Var(held), value));
                Expr::Var(held)
            }
        };
        (map, key)
    }

    fn entry_type(&mut self, base: ExprId) -> Ty {
        let map = self.value_type(base);
        match self.package.underlying(&map) {
            Ty::Map(_, value) => (*value).clone(),
            _ => Ty::Unknown,
        }
    }

    /// What a map that is followed has for a key, and whether it has anything.
    fn entry(&mut self, base: ExprId, key: Option<ExprId>, targets: Vec<Target>, span: Span) {
        let ty = self.entry_type(base);
        self.at(span);
        let (map, key) = self.map_and_key(base, key);
        let value = Expr::Index(Box::new(map.clone()), Box::new(key.clone()));
        self.if_found(FoundBy::Entry(map, key), value, ty, targets, span);
    }

    /// The same as a value.
    pub(super) fn entry_value(&mut self, base: ExprId, key: Option<ExprId>, span: Span) -> Expr {
        let ty = self.entry_type(base);
        // Who asks for a channel without `ok` mostly knows that it is there.
        let missing = match self.package.underlying(&ty) {
            Ty::Chan(..) | Ty::Unknown => Expr::Fresh(span),
            _ => self.zero_value(ty.clone(), span),
        };
        let held = self.temp(ty);
        self.emit_at(span, Op::Set(Target::Var(held), missing));
        let (map, key) = self.map_and_key(base, key);
        let value = Expr::Index(Box::new(map.clone()), Box::new(key.clone()));
        let (found, end) = (self.label(), self.label());
        let has = Expr::HasKey(Box::new(map), Box::new(key));
        self.emit(Op::Branch(has, found, end));
        self.place(found);
        self.emit(Op::Set(Target::Var(held), value));
        self.place(end);
        Expr::Var(held)
    }

    /// `value, ok` of an assertion or of a map index: the value and true, or a zero value and false. What is nil can be
    /// asserted to be nothing.
    fn if_found(
        &mut self,
        found_by: FoundBy,
        value: Expr,
        ty: Ty,
        targets: Vec<Target>,
        span: Span,
    ) {
        let mut targets = targets.into_iter();
        let value_to = targets.next().unwrap_or(Target::Ignore);
        let ok_to = targets.next().unwrap_or(Target::Ignore);
        let (found, missing, end) = (self.label(), self.label(), self.label());
        self.at(span);
        match found_by {
            FoundBy::Key(map) => {
                self.emit(Op::Branch(Expr::Has(Box::new(map)), found, missing));
            }
            FoundBy::Entry(map, key) => {
                let has = Expr::HasKey(Box::new(map), Box::new(key));
                self.emit(Op::Branch(has, found, missing));
            }
            FoundBy::Type(asserted) => {
                let may = self.label();
                let there = Expr::Binary(
                    BinaryOp::Ne,
                    Box::new(value.clone()),
                    Box::new(Expr::Nil),
                    span,
                );
                self.emit(Op::Branch(there, may, missing));
                self.place(may);
                let is = Expr::Is(Box::new(value.clone()), asserted);
                self.emit(Op::Branch(is, found, missing));
            }
        }
        self.place(found);
        self.emit(Op::Set(value_to.clone(), value));
        self.emit(Op::Set(ok_to.clone(), Expr::Bool(true)));
        self.jump(end);
        self.place(missing);
        self.emit(Op::Set(value_to, Expr::Zero(ty, span)));
        self.emit(Op::Set(ok_to, Expr::Bool(false)));
        self.place(end);
    }

    /// An expression with several results (call, receive with ok, assertion, map index) into `targets`.
    pub(super) fn multi(&mut self, source: ExprId, targets: Vec<Target>) {
        let span = self.ast().expr_span(source);
        match self.ast().expr(source) {
            ast::Expr::Call(..) => self.call(source, targets),
            ast::Expr::Unary(UnaryOp::Recv, ch) => {
                let mut targets = targets.into_iter();
                let dests = [
                    targets.next().unwrap_or(Target::Ignore),
                    targets.next().unwrap_or(Target::Ignore),
                ];
                self.receive(*ch, dests, span);
            }
            ast::Expr::TypeAssert(base, ty) => {
                let asserted = ty.map_or(Asserted::Other, |ty| self.asserted(ty));
                let ty = ty.map_or(Ty::Unknown, |ty| self.type_of(ty));
                let value = self.expr(*base);
                let held = self.value_type(*base);
                let value = self.held(value, held, span);
                self.if_found(FoundBy::Type(asserted), value, ty, targets, span);
            }
            ast::Expr::Index(base, keys) if self.has_followed_entries(*base) => {
                let key = keys.first().copied();
                self.entry(*base, key, targets, span);
            }
            ast::Expr::Index(base, keys) if self.is_map(*base) => {
                let ty = self.value_type(source);
                let map = self.expr(*base);
                for key in keys {
                    self.expr(*key);
                }
                self.if_found(FoundBy::Key(map), Expr::Fresh(span), ty, targets, span);
            }
            _ => {
                self.expr(source);
                for target in targets {
                    self.emit_at(span, Op::Set(target, Expr::Fresh(span)));
                }
            }
        }
    }
}
