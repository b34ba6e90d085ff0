//! Locks that are followed, marked as such: by a type of their own, and made with the structs they stand in.
//!
//! In: the locks that are followed. Out: types in which these are told from others, and what has to be done to bodies.

use super::change::{Part, Parts, marked};
use super::finder::Found;
use super::traits::Traits;
use super::{Change, Lock, is_lock};
use crate::flow::ir::{Body, Var};
use crate::resolve::{Ty, TypeDef, TypeId};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Gives locks their type, and the structs that are made the locks in them.
#[derive(Default)]
pub(super) struct Marker {
    /// By the body that declares them.
    vars: FxHashMap<usize, Vec<Var>>,
    /// The types that have such a lock among their fields, or among those of their fields.
    holders: FxHashMap<TypeId, Parts>,
    /// Whether some of the locks are got at by pointers: any that is made for one may be meant.
    pointers: bool,
}

/// Structs in structs are looked through this deep.
const DEEP_ENOUGH: u32 = 3;

impl Marker {
    pub(super) fn new(found: &Found, bodies: &[Arc<Body>], types: &mut [TypeDef]) -> Self {
        let mut this = Self {
            pointers: found.made,
            ..Self::default()
        };
        for lock in &found.followed {
            match lock {
                Lock::Var(body, var) => {
                    let ty = &bodies[*body].vars[*var as usize].ty;
                    this.pointers |= matches!(ty, Ty::Ptr(_));
                    this.vars.entry(*body).or_default().push(*var);
                }
                Lock::Other => {}
                Lock::Field(ty, name) => {
                    if let Ty::Struct(fields) = &mut types[ty.0 as usize].underlying {
                        let mut fields = Arc::make_mut(fields).iter_mut();
                        if let Some(field) = fields.find(|field| field.name == *name) {
                            this.pointers |= matches!(field.ty, Ty::Ptr(_));
                            field.ty = marked(&field.ty);
                        }
                    }
                }
            }
        }
        for ty in (0..types.len()).map(|ty| TypeId(ty as u32)) {
            let parts = parts(types, ty, 0);
            if !parts.is_empty() {
                this.holders.insert(ty, parts);
            }
        }
        this
    }

    /// What has to be done to a body.
    pub(super) fn change(&self, index: usize, body: &Body) -> Change {
        let traits = Traits::of(body);
        let parts = |ty: &TypeId| Some((*ty, Arc::clone(self.holders.get(ty)?)));
        Change {
            dropped: Vec::new(),
            locks: self.vars.get(&index).cloned().unwrap_or_default(),
            structs: traits.structs.iter().filter_map(parts).collect(),
            pointers: self.pointers && traits.makes_mutex,
        }
    }
}

/// The fields of a struct type that are followed locks, or structs with such fields.
fn parts(types: &[TypeDef], ty: TypeId, depth: u32) -> Parts {
    let Ty::Struct(fields) = &types[ty.0 as usize].underlying else {
        return Parts::default();
    };
    let part = |ty: &Ty| match ty {
        ty if is_lock(ty) => Some(Part::Lock),
        Ty::Named(id) if depth < DEEP_ENOUGH => {
            let inner = parts(types, *id, depth + 1);
            (!inner.is_empty()).then_some(Part::Struct(*id, inner))
        }
        _ => None,
    };
    let fields = fields.iter();
    fields
        .filter_map(|field| Some((field.name.clone(), part(&field.ty)?)))
        .collect()
}
