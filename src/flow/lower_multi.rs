//! Expressions with several results: calls, receives with `ok`, assertions, map indices.

use super::ir::{Asserted, Expr, Op, Target};
use super::lower::Lowerer;
use crate::resolve::Ty;
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, ExprId, UnaryOp};

/// What decides whether there is a value.
enum FoundBy {
    /// An entry of this map.
    Key(Expr),
    /// The value's type.
    Type(Asserted),
}

impl Lowerer<'_, '_> {
    fn is_map(&mut self, base: ExprId) -> bool {
        let ty = self.value_type(base);
        matches!(self.package.underlying(&ty), Ty::Map(..))
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
