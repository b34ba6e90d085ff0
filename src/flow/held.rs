//! What variables hold, kept from one analysis of a package to the next.
//!
//! In: bodies as they were and as they are. Out: which variables hold something, where the bodies say the same about that:
//! most of what is typed reads a field, compares or counts. Deliberately absent: a part of an answer. Where one body says
//! something else, all of it is worked out anew.

use super::holding::{Flags, holding, holding_vars};
use super::holds::is_plain;
use super::ir::Body;
use super::links::Links;
use crate::resolve::TypeDef;
use std::sync::Arc;

/// A state of a package's bodies, and what variables held in it.
#[derive(Debug)]
pub(super) struct Held {
    bodies: Vec<Arc<Body>>,
    types: Vec<TypeDef>,
    flags: Flags,
}

/// Which variables may hold something; what is in `earlier` is taken where it is the same, and kept for the next time.
pub(super) fn held(bodies: &[Arc<Body>], types: &[TypeDef], earlier: &mut Option<Held>) -> Flags {
    let known = earlier.take().filter(|known| known.types == types);
    let same = |known: &Held| {
        known.bodies.len() == bodies.len()
            && known
                .bodies
                .iter()
                .zip(bodies)
                .all(|(a, b)| says_same(a, b))
    };
    let mut held = known.filter(same).unwrap_or_else(|| Held {
        bodies: bodies.to_vec(),
        types: types.to_vec(),
        flags: holding_vars(bodies, types),
    });
    replace_changed(&mut held.bodies, bodies);
    earlier.insert(held).flags.clone()
}

/// Keeps the bodies of now in place of those of then, most of which are the same.
pub(super) fn replace_changed(known: &mut [Arc<Body>], now: &[Arc<Body>]) {
    for (known, now) in known.iter_mut().zip(now) {
        if !Arc::ptr_eq(known, now) {
            *known = Arc::clone(now);
        }
    }
}

/// Whether two bodies with one number say the same about what variables hold.
fn says_same(a: &Arc<Body>, b: &Arc<Body>) -> bool {
    if Arc::ptr_eq(a, b) {
        return true;
    }
    let nobody = |body: &Body| body.code.is_empty() && body.vars.is_empty();
    if nobody(a) && nobody(b) {
        return a.name == b.name && a.parent == b.parent;
    }
    let plain = |body: &Body| -> Vec<bool> { body.vars.iter().map(|v| is_plain(&v.ty)).collect() };
    let ty = |body: &Body, param: u32| body.vars[param as usize].ty.clone();
    let (a_links, b_links) = (Links::of(a), Links::of(b));
    a.name == b.name
        && a.parent == b.parent
        && a.captures == b.captures
        && a.params == b.params
        && a.results == b.results
        && a.params.iter().all(|param| ty(a, *param) == ty(b, *param))
        && plain(a) == plain(b)
        && a_links.closures == b_links.closures
        && a_links.functions == b_links.functions
        && holding(a) == holding(b)
}
