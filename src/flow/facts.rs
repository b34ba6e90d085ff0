//! What is worked out about a body by itself, once, and kept with it from one analysis to the next.
//!
//! In: a body. Out: whatever somebody reads off it, and a hash by which it can be told from others whatever numbers bodies
//! have. Deliberately absent: anything that depends on more than the one body.

use super::ir::{Body, BodyId};
use crate::source::Span;
use rustc_hash::FxHasher;
use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// What has been worked out about a body and is not worked out again while the body stays what it is. Says nothing that
/// the body does not say: a copy has to find out by itself, and comparisons pass over it.
#[derive(Default)]
pub(crate) struct Facts([OnceLock<Box<dyn Any + Send + Sync>>; 13]);

/// What can be worked out about a body, by who does; each has one type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slot {
    /// `flow::holding`
    Holding,
    /// `flow::simplify`
    Gist,
    /// `flow::links`
    Links,
    /// [`Body::print`]
    Print,
    /// `model`
    Traits,
    /// `slice::index`
    Index,
    /// `flow::questions`
    Questions,
    /// `solve::records`
    Counted,
    /// `flow::answers`
    Repeated,
    /// `flow::answers`
    Lists,
    /// `flow::filled`
    Filling,
    /// `exposure`
    Opening,
    /// `flow::locks`
    Locks,
}

impl Clone for Facts {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Facts {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Hash for Facts {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Facts")
    }
}

impl Body {
    /// What has been worked out about the body; `find` does it the first time. It looks at the body alone.
    pub(crate) fn known<T: Any + Send + Sync>(
        &self,
        slot: Slot,
        find: impl FnOnce(&Self) -> T,
    ) -> &T {
        let known = self.facts.0[slot as usize].get_or_init(|| Box::new(find(self)));
        known.downcast_ref().expect("a slot has one type")
    }

    /// A hash of all that the body says but for the numbers of other bodies, and those in order: they may change from one
    /// analysis to the next.
    pub(crate) fn print(&self) -> (u64, &[BodyId]) {
        let (hash, mentioned) = self.known(Slot::Print, |body| {
            let mut mentioned = Vec::new();
            let mut hasher = Apart::new(|_, body| mentioned.push(body));
            body.hash(&mut hasher);
            (hasher.finish(), mentioned)
        });
        (*hash, mentioned)
    }

    /// A hash of all that the body says but for the places it speaks of, and those in order.
    pub(crate) fn shape(&self) -> (u64, Vec<Span>) {
        let mut spans = Vec::new();
        let mut hasher = Apart {
            hasher: FxHasher::default(),
            body: |hasher: &mut FxHasher, body: BodyId| hasher.write_u32(body.0),
            place: |_: &mut FxHasher, span| spans.push(span),
        };
        self.hash(&mut hasher);
        (hasher.finish(), spans)
    }

    /// A body that may be changed: what was known of it is forgotten.
    pub(super) fn changed(body: &mut Arc<Self>) -> &mut Self {
        let body = Arc::make_mut(body);
        body.facts = Facts::default();
        body
    }
}

/// A hasher that sets apart the numbers of bodies and functions (see [`BodyId`]) and places (see [`Span`]): what becomes of
/// one, `body` and `place` decide.
pub(crate) struct Apart<B, P> {
    hasher: FxHasher,
    body: B,
    place: P,
}

impl<B: FnMut(&mut FxHasher, BodyId)> Apart<B, fn(&mut FxHasher, Span)> {
    /// Places are hashed like all else.
    pub(crate) fn new(body: B) -> Self {
        Self {
            hasher: FxHasher::default(),
            body,
            place: |hasher, span| span.hash(hasher),
        }
    }
}

impl<B, P> Hasher for Apart<B, P>
where
    B: FnMut(&mut FxHasher, BodyId),
    P: FnMut(&mut FxHasher, Span),
{
    fn finish(&self) -> u64 {
        self.hasher.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.hasher.write(bytes);
    }

    fn write_u8(&mut self, number: u8) {
        self.hasher.write_u8(number);
    }

    fn write_u32(&mut self, number: u32) {
        self.hasher.write_u32(number);
    }

    fn write_u64(&mut self, number: u64) {
        self.hasher.write_u64(number);
    }

    fn write_u128(&mut self, number: u128) {
        let span = Span {
            start: (number >> 32) as u32,
            end: number as u32,
        };
        (self.place)(&mut self.hasher, span);
    }

    fn write_usize(&mut self, number: usize) {
        self.hasher.write_usize(number);
    }

    fn write_i32(&mut self, number: i32) {
        (self.body)(&mut self.hasher, BodyId(number as u32));
    }
}
