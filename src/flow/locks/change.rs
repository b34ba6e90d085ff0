//! What is done to a body because of the locks in it.
//!
//! In: the operations on locks that are left alone, and the locks that are made and declared in a body and followed. Out:
//! the body without the former, and with the latter told from others. What an earlier analysis has changed in the same way
//! is not changed again: it stays the same body, of which everything is known that has been worked out about it.

use super::{is_made_mutex, lock_type};
use crate::flow::ir::{Body, BodyId, Expr, Op, Pc, Target, Var};
use crate::resolve::{Ty, TypeId};
use crate::source::Span;
use crate::syntax::ast::Name;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What is done to a body: all that it depends on but the body itself.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Change {
    /// The operations that are dropped.
    pub(super) dropped: Vec<Pc>,
    /// The variables that are locks, or pointers to them.
    pub(super) locks: Vec<Var>,
    /// The locks in the structs that are made here.
    pub(super) structs: Vec<(TypeId, Parts)>,
    /// Whether a mutex that is made for a pointer may be one of the locks.
    pub(super) pointers: bool,
}

/// The fields of a struct that are locks, or structs with locks in them: they are made with it.
pub(super) type Parts = Arc<[(Name, Part)]>;

/// What such a field is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Lock,
    Struct(TypeId, Parts),
}

impl Part {
    fn made(&self, span: Span) -> Expr {
        match self {
            Self::Lock => Expr::Zero(lock_type(), span),
            Self::Struct(ty, parts) => made(*ty, parts, span),
        }
    }
}

/// A struct of which only these parts are given.
fn made(ty: TypeId, parts: &[(Name, Part)], span: Span) -> Expr {
    let fields = parts.iter();
    let fields = fields.map(|(name, part)| (name.clone(), part.made(span)));
    Expr::Struct(Some(ty), fields.collect(), false, span)
}

/// What an earlier analysis has changed.
#[derive(Debug, Default)]
pub(in crate::flow) struct Changed(FxHashMap<BodyId, Known>);

impl Changed {
    /// Does something to a body, or takes what came of it the last time.
    pub(super) fn apply(&mut self, id: BodyId, change: Change, arc: &mut Arc<Body>) {
        if let Some(known) = self.0.get(&id)
            && Arc::ptr_eq(&known.from, arc)
            && known.change == change
        {
            *arc = Arc::clone(&known.into);
            return;
        }
        let from = Arc::clone(arc);
        change.apply(arc);
        let into = Arc::clone(arc);
        self.0.insert(id, Known { from, change, into });
    }
}

/// What a body was, what was done to it, and what came of it.
#[derive(Debug)]
struct Known {
    from: Arc<Body>,
    change: Change,
    into: Arc<Body>,
}

impl Change {
    pub(super) fn is_nothing(&self) -> bool {
        self.dropped.is_empty()
            && self.locks.is_empty()
            && self.structs.is_empty()
            && !self.pointers
    }

    /// Does it to a body.
    pub(super) fn apply(&self, arc: &mut Arc<Body>) {
        let body = Body::changed(arc);
        for pc in &self.dropped {
            body.code[*pc as usize] = Op::Nop;
        }
        for var in &self.locks {
            let ty = &mut body.vars[*var as usize].ty;
            *ty = marked(ty);
        }
        for op in &mut body.code {
            if let Op::Set(Target::Var(var), Expr::Zero(ty, _)) = op
                && self.locks.contains(var)
            {
                *ty = marked(ty);
                continue;
            }
            op.exprs_mut(&mut |expr| self.fill(expr));
        }
    }

    fn parts(&self, ty: TypeId) -> Option<&[(Name, Part)]> {
        let mut structs = self.structs.iter();
        let (_, parts) = structs.find(|(known, _)| *known == ty)?;
        Some(parts)
    }

    /// Makes the locks with the structs that they stand in.
    fn fill(&self, expr: &mut Expr) {
        expr.children_mut(&mut |child| self.fill(child));
        match expr {
            Expr::Struct(Some(ty), fields, _, span) => {
                for (name, part) in self.parts(*ty).unwrap_or_default() {
                    match fields.iter_mut().find(|(known, _)| known == name) {
                        None => fields.push((name.clone(), part.made(*span))),
                        // `mu: sync.Mutex{}`
                        Some((_, given)) if *part == Part::Lock => *given = part.made(*span),
                        Some(_) => {}
                    }
                }
            }
            Expr::Addr(made) if self.pointers && is_made_mutex(made) => {
                if let Expr::Zero(ty, _) = &mut **made {
                    *ty = lock_type();
                }
            }
            Expr::Zero(Ty::Named(ty), span) => {
                if let Some(parts) = self.parts(*ty) {
                    *expr = made(*ty, parts, *span);
                }
            }
            _ => {}
        }
    }
}

/// The type of followed locks, or of pointers to them, in place of that of others.
pub(super) fn marked(ty: &Ty) -> Ty {
    match ty {
        Ty::Ptr(_) => Ty::Ptr(Arc::new(lock_type())),
        _ => lock_type(),
    }
}
