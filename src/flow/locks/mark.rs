//! Locks that are followed, marked as such: by a type of their own, and made with the structs they stand in.
//!
//! In: the locks that are followed. Out: bodies and types in which these are told from others.

use super::{Lock, is_lock, is_made_mutex, lock_type};
use crate::flow::ir::{Body, Expr, Op, Target, Var};
use crate::resolve::{Ty, TypeDef, TypeId};
use crate::source::Span;
use crate::syntax::ast::Name;
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Gives locks their type, and the structs that are made the locks in them.
pub(super) struct Marker<'t> {
    types: &'t [TypeDef],
    vars: FxHashSet<(usize, Var)>,
    /// The types that have such a lock among their fields, or among those of their fields.
    holders: FxHashSet<TypeId>,
    /// Whether some of the locks are got at by pointers: any that is made for one may be meant.
    pointers: bool,
}

/// Structs in structs are looked through this deep.
const DEEP_ENOUGH: u32 = 3;

impl<'t> Marker<'t> {
    pub(super) fn new(
        followed: &BTreeSet<Lock>,
        mut pointers: bool,
        bodies: &[Arc<Body>],
        types: &'t mut [TypeDef],
    ) -> Self {
        let mut vars = FxHashSet::default();
        for lock in followed {
            match lock {
                Lock::Var(body, var) => {
                    let ty = &bodies[*body].vars[*var as usize].ty;
                    pointers |= matches!(ty, Ty::Ptr(_));
                    vars.insert((*body, *var));
                }
                Lock::Other => {}
                Lock::Field(ty, name) => {
                    if let Ty::Struct(fields) = &mut types[ty.0 as usize].underlying {
                        let mut fields = Arc::make_mut(fields).iter_mut();
                        if let Some(field) = fields.find(|field| field.name == *name) {
                            pointers |= matches!(field.ty, Ty::Ptr(_));
                            field.ty = marked(&field.ty);
                        }
                    }
                }
            }
        }
        let types: &[TypeDef] = types;
        let mut this = Self {
            types,
            vars,
            holders: FxHashSet::default(),
            pointers,
        };
        for ty in (0..types.len()).map(|ty| TypeId(ty as u32)) {
            if !this.locks(ty, Span::default(), 0).is_empty() {
                this.holders.insert(ty);
            }
        }
        this
    }

    /// The fields of a struct type that are such locks, or structs with such fields: they are made with it.
    fn locks(&self, ty: TypeId, span: Span, depth: u32) -> Vec<(Name, Expr)> {
        let Ty::Struct(fields) = &self.types[ty.0 as usize].underlying else {
            return Vec::new();
        };
        let made = |ty: &Ty| match ty {
            ty if is_lock(ty) => Some(Expr::Zero(lock_type(), span)),
            Ty::Named(id) if depth < DEEP_ENOUGH => {
                let inner = self.locks(*id, span, depth + 1);
                (!inner.is_empty()).then_some(Expr::Struct(Some(*id), inner, false, span))
            }
            _ => None,
        };
        let fields = fields.iter();
        fields
            .filter_map(|field| Some((field.name.clone(), made(&field.ty)?)))
            .collect()
    }

    pub(super) fn mark(&self, bodies: &mut [Arc<Body>]) {
        for (index, body) in bodies.iter_mut().enumerate() {
            let locks: Vec<Var> = (0..body.vars.len() as Var)
                .filter(|var| self.vars.contains(&(index, *var)))
                .collect();
            let makes = body.code.iter().any(|op| {
                let mut any = false;
                op.exprs(&mut |expr| any |= self.makes(expr));
                any
            });
            if locks.is_empty() && !makes {
                continue;
            }
            let body = Body::changed(body);
            for var in &locks {
                let ty = &mut body.vars[*var as usize].ty;
                *ty = marked(ty);
            }
            for op in &mut body.code {
                if let Op::Set(Target::Var(var), Expr::Zero(ty, _)) = op
                    && locks.contains(var)
                {
                    *ty = marked(ty);
                    continue;
                }
                op.exprs_mut(&mut |expr| self.fill(expr));
            }
        }
    }

    /// Whether an expression makes a struct with a lock in it.
    fn makes(&self, expr: &Expr) -> bool {
        let mut any = match expr {
            Expr::Struct(Some(ty), ..) | Expr::Zero(Ty::Named(ty), _) => self.holders.contains(ty),
            Expr::Addr(made) => self.pointers && is_made_mutex(made),
            _ => false,
        };
        expr.children(&mut |child| any = any || self.makes(child));
        any
    }

    fn fill(&self, expr: &mut Expr) {
        expr.children_mut(&mut |child| self.fill(child));
        match expr {
            Expr::Struct(Some(ty), fields, _, span) if self.holders.contains(ty) => {
                for (name, lock) in self.locks(*ty, *span, 0) {
                    match fields.iter_mut().find(|(known, _)| *known == name) {
                        None => fields.push((name, lock)),
                        // `mu: sync.Mutex{}`
                        Some((_, given)) if lock.literal_type().is_none() => *given = lock,
                        Some(_) => {}
                    }
                }
            }
            Expr::Addr(made) if self.pointers && is_made_mutex(made) => {
                if let Expr::Zero(ty, _) = &mut **made {
                    *ty = lock_type();
                }
            }
            Expr::Zero(Ty::Named(ty), span) if self.holders.contains(ty) => {
                *expr = Expr::Struct(Some(*ty), self.locks(*ty, *span, 0), false, *span);
            }
            _ => {}
        }
    }
}

/// The type of followed locks, or of pointers to them, in place of that of others.
fn marked(ty: &Ty) -> Ty {
    match ty {
        Ty::Ptr(_) => Ty::Ptr(Arc::new(lock_type())),
        _ => lock_type(),
    }
}
