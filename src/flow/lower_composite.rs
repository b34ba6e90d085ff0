//! Composite literals and zero values (Go spec, "Composite literals", "The zero value").

use super::ir::{Call, Callee, Expr, FOREIGN, Op, Target};
use super::lower::Lowerer;
use super::value_type::is_cond;
use crate::library::Effect;
use crate::resolve::{FieldTy, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, ExprId, Name};
use std::sync::Arc;

/// Literals with more elements than this are only counted; whatever leads somewhere is given away.
const MAX_ELEMENTS: usize = 8;

impl Lowerer<'_, '_> {
    /// The address of a variable or of what a composite literal makes.
    pub(super) fn address(&mut self, inner: ExprId) -> Expr {
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

    pub(super) fn composite(
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
        if is_cond(&ty) {
            return self.cond(elements, span);
        }
        match self.package.underlying(&ty) {
            Ty::Slice(elem) | Ty::Array(_, elem) => {
                let values: Vec<Expr> = elements
                    .iter()
                    .map(|(_, value)| self.element(*value, &elem))
                    .collect();
                if values.len() > MAX_ELEMENTS || elements.iter().any(|(key, _)| key.is_some()) {
                    let count = values.len() as i64;
                    self.give_away(values, span);
                    return Expr::Sized(Box::new(Expr::Int(count)), span);
                }
                Expr::Slice(values)
            }
            Ty::Map(key_ty, value_ty)
                if elements.len() <= MAX_ELEMENTS && self.is_followed_map(&ty) =>
            {
                let map = self.temp(ty.clone());
                self.emit_at(span, Op::Set(Target::Var(map), Expr::Entries(span)));
                for (key, value) in elements {
                    let key = key.map_or(Expr::Nil, |key| self.element(key, &key_ty));
                    let value = self.element(*value, &value_ty);
                    let entry = Expr::Index(Box::new(Expr::Var(map)), Box::new(key));
                    self.emit_at(span, Op::Set(Target::Place(entry), value));
                }
                Expr::Var(map)
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
                let zero = Expr::Zero(self.group_or(ty), span);
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
            ty => Expr::Zero(self.group_or(ty), span),
        }
    }

    /// The type of all wait groups for one of them, whatever it is called; others stay.
    fn group_or(&self, ty: Ty) -> Ty {
        match &ty {
            Ty::Ext(path, of) if self.library.is_group(path, of) => group_type(),
            _ => ty,
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
            Ty::Ext(path, of) if self.library.is_group(path, of) => {
                Some(Expr::Zero(group_type(), span))
            }
            Ty::Named(id) if depth < DEEP_ENOUGH => {
                let inner = self.groups(&field.ty, span, depth + 1);
                (!inner.is_empty()).then_some(Expr::Struct(Some(*id), inner, false, span))
            }
            _ => None,
        };
        let given = |field: &FieldTy| Some((field.name.clone(), group(field)?));
        fields.iter().filter_map(given).collect()
    }

    /// A condition written as a literal: `&sync.Cond{L: &mu}`.
    fn cond(&mut self, elements: &[(Option<ExprId>, ExprId)], span: Span) -> Expr {
        let lock = elements.first().map(|(_, lock)| self.expr(*lock));
        let made = self.temp(Ty::Ptr(Arc::new(Ty::Ext("sync".into(), "Cond".into()))));
        self.emit_at(
            span,
            Op::Call(Call {
                callee: Callee::Library(Effect::Cond, 0),
                args: vec![lock.unwrap_or(Expr::Nil)],
                method: false,
                dests: vec![Target::Var(made)],
            }),
        );
        Expr::Var(made)
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
}

/// The type of wait groups.
pub(super) fn group_type() -> Ty {
    Ty::Ext("sync".into(), "WaitGroup".into())
}

/// How a type of another package is called here.
pub(super) fn foreign(path: &str, name: &str) -> Name {
    Name::from(format!("{path}.{name}"))
}
