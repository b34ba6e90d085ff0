//! What systems of one program have in common: what a function leads to that several roots call is worked out once.
//!
//! All there is to know of a system is the least that holds for its root and for whatever the root leads to. So what is
//! known of a part holds for the whole, which goes on from there.

use super::index::Index;
use super::mine::Mine;
use super::relevant::Relevant;
use crate::flow::ir::BodyId;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Bodies above which a function and what it leads to are worth remembering.
const MANY: usize = 50;

/// What is known of a system that is part of others.
pub(super) struct Core<'p> {
    pub(super) mine: Mine<'p>,
    /// What stays of it, without and with tests that strand what they started.
    relevant: [OnceLock<Relevant>; 2],
}

impl<'p> Core<'p> {
    fn new(mine: Mine<'p>) -> Self {
        Self {
            mine,
            relevant: Default::default(),
        }
    }

    /// What stays of it. Whoever comes first works it out; the others wait for it.
    pub(super) fn relevant(&self, exits_strand: bool) -> &Relevant {
        self.relevant[usize::from(exits_strand)]
            .get_or_init(|| Relevant::of(&self.mine, exits_strand, None))
    }
}

/// A place for the core of one function; nothing once it turned out to be small.
type Slot<'p> = Arc<OnceLock<Option<Core<'p>>>>;

/// The cores of the functions that several others call.
#[derive(Default)]
pub(super) struct Cores<'p>(Mutex<FxHashMap<BodyId, Slot<'p>>>);

impl<'p> Cores<'p> {
    /// The largest core among those of what `root` calls; the slot holds one.
    pub(super) fn of(&self, index: &'p Index<'p>, root: BodyId) -> Option<Slot<'p>> {
        let slots: Vec<_> = {
            let mut cores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let mut slot = |callee| Arc::clone(cores.entry(callee).or_default());
            let callees = index.shared_callees(root);
            callees.into_iter().map(|c| (c, slot(c))).collect()
        };
        let sized = slots.into_iter().filter_map(|(callee, slot)| {
            let work_out = || {
                let mine = Mine::nothing(index).with(callee);
                (mine.bodies().len() >= MANY).then(|| Core::new(mine))
            };
            let size = slot.get_or_init(work_out).as_ref()?.mine.bodies().len();
            Some((size, slot))
        });
        sized.max_by_key(|(size, _)| *size).map(|(_, slot)| slot)
    }
}
