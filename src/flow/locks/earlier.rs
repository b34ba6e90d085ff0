//! Which locks are followed, kept from one analysis of a package to the next.
//!
//! In: bodies as they were and as they are. Out: what was found of their locks, where they say the same about that: most of
//! what is typed has to do with no lock. Deliberately absent: a part of an answer. Where one body says something else, all
//! of it is found anew; what is done to each body then is another matter ([`super::change`]).

use super::change::Changed;
use super::finder::{Finder, Found};
use super::traits::Traits;
use crate::flow::held::replace_changed;
use crate::flow::ir::Body;
use crate::resolve::TypeDef;
use std::sync::Arc;

/// What an earlier analysis has found and done.
#[derive(Debug, Default)]
pub(in crate::flow) struct Earlier {
    state: Option<State>,
    pub(super) changed: Changed,
}

/// A state of a package's bodies, and what was found of their locks in it.
#[derive(Debug)]
struct State {
    bodies: Vec<Arc<Body>>,
    types: Vec<TypeDef>,
    found: Arc<Found>,
}

impl Earlier {
    /// What is found of the locks of a package, or was when its bodies said the same; it is kept for the next time.
    pub(super) fn find(&mut self, bodies: &[Arc<Body>], types: &[TypeDef]) -> Arc<Found> {
        let same = |known: &State| known.types == types && known.says_same(bodies);
        let mut state = self.state.take().filter(same).unwrap_or_else(|| State {
            bodies: bodies.to_vec(),
            types: types.to_vec(),
            found: Arc::new(Finder::find(bodies, types)),
        });
        replace_changed(&mut state.bodies, bodies);
        Arc::clone(&self.state.insert(state).found)
    }
}

impl State {
    fn says_same(&self, bodies: &[Arc<Body>]) -> bool {
        let mut pairs = self.bodies.iter().zip(bodies);
        self.bodies.len() == bodies.len() && pairs.all(|(a, b)| says_same(a, b))
    }
}

/// Whether two bodies with one number say the same about locks.
fn says_same(a: &Arc<Body>, b: &Arc<Body>) -> bool {
    if Arc::ptr_eq(a, b) || a.code.is_empty() && b.code.is_empty() && a == b {
        return true;
    }
    let (a_traits, b_traits) = (Traits::of(a), Traits::of(b));
    if a_traits.acts || b_traits.acts {
        // It may have moved, and that is all.
        return a.shape().0 == b.shape().0;
    }
    // Locks that its literals capture are variables that it had before.
    let mut vars = a.vars.iter().zip(&b.vars);
    a_traits.waits == b_traits.waits
        && a_traits.calls == b_traits.calls
        && a.parent == b.parent
        && a.captures == b.captures
        && a.recovers == b.recovers
        && vars.all(|(a, b)| a.ty == b.ty)
}
