//! Types that values are asserted to be of, and switches by them.
//!
//! In: type expressions of assertions and type switches. Out: [`Asserted`], and the questions of a switch one after the
//! other, as Go asks them. Whether a value is of a type the machine decides, by what it holds.

use super::ir::{Asserted, Expr, Op, Target};
use super::lower::Lowerer;
use super::lower_composite::foreign;
use crate::resolve::Ty;
use crate::source::Span;
use crate::syntax::ast::{self, ExprId, Name, StmtId, SwitchClause};

impl Lowerer<'_, '_> {
    /// What is asserted with the type that `id` names.
    pub(super) fn asserted(&mut self, id: ExprId) -> Asserted {
        match self.ast().expr(id) {
            ast::Expr::InterfaceType(methods, elements) => {
                let ty = |name: &Name| self.local_type(name);
                let interface = self.package.interface(self.file, methods, elements, &ty);
                return self
                    .package
                    .asks(&interface)
                    .map_or(Asserted::Other, |asks| Asserted::Interface(asks.into()));
            }
            // Of which arguments a generic type is made is not followed.
            ast::Expr::Index(..) => return Asserted::Other,
            ast::Expr::Star(inner) if matches!(self.ast().expr(*inner), ast::Expr::Index(..)) => {
                return Asserted::Other;
            }
            _ => {}
        }
        let ty = self.type_of(id);
        if let Some(asks) = self.package.asks_of(&ty) {
            return Asserted::Interface(asks.into());
        }
        let (inner, pointer) = match &ty {
            Ty::Ptr(inner) => (&**inner, true),
            other => (other, false),
        };
        let underlying = match inner {
            Ty::Named(id) => &self.package.types[id.0 as usize].underlying,
            other => other,
        };
        match (inner, underlying) {
            (Ty::Named(id), Ty::Struct(_)) => Asserted::Own(*id, pointer),
            (Ty::Ext(path, name), _) => Asserted::Foreign(foreign(path, name), pointer),
            (_, Ty::Bool | Ty::Int | Ty::Str | Ty::Plain | Ty::Slice(_) | Ty::Map(..)) => {
                Asserted::Plain
            }
            _ => Asserted::Other,
        }
    }

    /// The value of an assertion without a second result: who goes on behind it has a value, as nil is of no type and the
    /// assertion panics (Go spec, "Type assertions").
    pub(super) fn sure(&mut self, base: ExprId, assertion: ExprId) -> Expr {
        let value = self.expr(base);
        // What stands for itself nobody asks again.
        if matches!(value, Expr::Var(_)) {
            let span = self.ast().expr_span(assertion);
            let (there, missing) = (self.label(), self.label());
            let is_nil = value.is_nil(span);
            self.emit_at(span, Op::Branch(is_nil, missing, there));
            self.panics(missing, there);
        }
        value
    }

    /// `value` as something that can be asked more than once.
    pub(super) fn held(&mut self, value: Expr, ty: Ty, span: Span) -> Expr {
        if matches!(value, Expr::Var(_)) {
            return value;
        }
        let temp = self.temp(ty);
        self.emit_at(span, Op::Set(Target::Var(temp), value));
        Expr::Var(temp)
    }

    pub(super) fn type_switch(
        &mut self,
        init: Option<StmtId>,
        bind: Option<&Name>,
        subject: ExprId,
        clauses: &[SwitchClause],
    ) {
        let label = self.top().pending_label.take();
        if let Some(init) = init {
            self.stmt(init);
        }
        let value = self.expr(subject);
        let cases = self.cases(clauses);
        let end = self.label();
        let bodies: Vec<_> = clauses.iter().map(|_| self.label()).collect();
        let default = clauses.iter().position(|c| c.is_default);
        let otherwise = default.map_or(end, |i| bodies[i]);
        // What a struct is not says something beside what it is; by itself it is not worth following what is sent.
        let told = |(.., asserted): &(usize, Span, Option<Asserted>)| {
            let vague = matches!(asserted, None | Some(Asserted::Plain | Asserted::Other));
            !vague
        };
        let value = if matches!(value, Expr::Fresh(_)) || !cases.iter().any(told) {
            let mut targets = bodies.clone();
            if default.is_none() {
                targets.push(end);
            }
            self.emit(Op::Choose(targets));
            value
        } else {
            let ty = self.value_type(subject);
            let span = self.ast().expr_span(subject);
            let value = self.held(value, ty, span);
            for (clause, span, asserted) in cases {
                let next = self.label();
                let is = is_of(&value, asserted, span);
                self.emit_at(span, Op::Branch(is, bodies[clause], next));
                self.place(next);
            }
            self.jump(otherwise);
            value
        };
        self.clauses(clauses, &bodies, end, label, |this, clause| {
            let Some(name) = bind else { return };
            let ty = match clause.exprs.as_slice() {
                [one] => this.type_of(*one),
                _ => Ty::Unknown,
            };
            let var = this.declare(name, ty);
            this.emit(Op::Set(Target::Var(var), value.clone()));
        });
    }

    /// The types of a switch in order, each with its clause; `None` stands for `nil`.
    fn cases(&mut self, clauses: &[SwitchClause]) -> Vec<(usize, Span, Option<Asserted>)> {
        let mut cases = Vec::new();
        for (at, clause) in clauses.iter().enumerate() {
            for id in &clause.exprs {
                let span = self.ast().expr_span(*id);
                let nil = matches!(self.ast().expr(*id), ast::Expr::Ident(name) if name == "nil");
                let asserted = (!nil).then(|| self.asserted(*id));
                cases.push((at, span, asserted));
            }
        }
        cases
    }
}

/// Whether `value` is of a type, or nil.
fn is_of(value: &Expr, asserted: Option<Asserted>, span: Span) -> Expr {
    match asserted {
        Some(asserted) => Expr::Is(Box::new(value.clone()), asserted),
        None => value.is_nil(span),
    }
}
