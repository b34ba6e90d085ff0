//! What systems of one program have in common: what a function leads to that several roots call is worked out once.
//!
//! All there is to know of a system is the least that holds for its root and for whatever the root leads to. So what is
//! known of a part holds for the whole, which goes on from there. So do cores themselves: the core of a function begins with
//! that of one it calls, and functions that call each other share theirs.

use super::index::Index;
use super::mine::Mine;
use super::relevant::Relevant;
use crate::flow::ir::BodyId;
use rustc_hash::FxHashSet;
use std::sync::{Arc, OnceLock};

/// Functions above which what one leads to is worth remembering.
const MANY: usize = 20;

/// A function has a core of its own where of so many bodies at least one is to be looked at again.
const WORTH_IT: usize = 8;

/// How many cores may rest on one another.
const MOST_LAYERS: u32 = 64;

/// What is known of a system that is part of others.
pub(super) struct Core<'p> {
    pub(super) mine: Mine<'p>,
    /// The core that this one began with.
    part: Option<Arc<Self>>,
    /// How many cores this one rests on.
    layers: u32,
    /// What stays of it, without and with tests that strand what they started.
    relevant: [OnceLock<Relevant>; 2],
}

impl<'p> Core<'p> {
    fn new(mine: Mine<'p>, part: Option<Arc<Self>>) -> Self {
        Self {
            mine,
            layers: part.as_ref().map_or(0, |part| part.layers + 1),
            part,
            relevant: Default::default(),
        }
    }

    /// What stays of it. Whoever comes first works it out; the others wait for it.
    pub(super) fn relevant(&self, exits_strand: bool) -> &Relevant {
        self.relevant[usize::from(exits_strand)].get_or_init(|| {
            let known = self.part.as_ref().map(|part| part.relevant(exits_strand));
            Relevant::of(&self.mine, exits_strand, known)
        })
    }
}

/// The core of a function, or that of a part which is nearly as large; nothing where all it leads to is small.
type Slot<'p> = OnceLock<Option<Arc<Core<'p>>>>;

/// The cores of the functions of a program, as far as anybody has asked.
pub(super) struct Cores<'p> {
    index: &'p Index<'p>,
    slots: Vec<Slot<'p>>,
}

impl<'p> Cores<'p> {
    /// Those of the program of `index`.
    pub(super) fn new(index: &'p Index<'p>) -> Self {
        let mut slots = Vec::new();
        slots.resize_with(index.program.bodies.len(), OnceLock::new);
        Self { index, slots }
    }

    /// The largest core among those of what `root` calls.
    pub(super) fn of(&self, root: BodyId) -> Option<Arc<Core<'p>>> {
        for callee in self.unknown(root) {
            // Whoever works one out waits for nobody.
            self.slot(callee).get_or_init(|| self.work_out(callee));
        }
        self.largest(root)
    }

    /// The functions that a root leads to of which nothing is known yet, callees first.
    fn unknown(&self, root: BodyId) -> Vec<BodyId> {
        let mut order = Vec::new();
        let mut entered = FxHashSet::default();
        let mut path = vec![(root, self.index.loud_callees(root))];
        while let Some((function, left)) = path.last_mut() {
            let Some(callee) = left.pop() else {
                order.push(*function);
                path.pop();
                continue;
            };
            if self.slot(callee).get().is_none() && entered.insert(callee) {
                path.push((callee, self.index.loud_callees(callee)));
            }
        }
        // The root is nobody's part.
        order.pop();
        order
    }

    /// The core of a function, which begins with the largest one of what it calls.
    fn work_out(&self, function: BodyId) -> Option<Arc<Core<'p>>> {
        let part = self.largest(function);
        if !self.index.is_shared(function) {
            return part;
        }
        let Some(part) = part else {
            let from_nothing = || Mine::nothing(self.index).with(function);
            let many = self.leads_to_many(function);
            return many.then(|| Arc::new(Core::new(from_nothing(), None)));
        };
        // Functions that call each other lead to the same.
        if part.mine.has(function) || part.layers == MOST_LAYERS {
            return Some(part);
        }
        let mine = part.mine.clone().with(function);
        if mine.looked_at().len() * WORTH_IT < mine.bodies().len() {
            return Some(part);
        }
        Some(Arc::new(Core::new(mine, Some(part))))
    }

    /// Whether a function leads to many others. To begin with nothing takes as long as the program is large.
    fn leads_to_many(&self, function: BodyId) -> bool {
        let mut met = FxHashSet::from_iter([function]);
        let mut todo = vec![function];
        while let Some(next) = todo.pop() {
            let callees = self.index.loud_callees(next).into_iter();
            todo.extend(callees.filter(|callee| met.insert(*callee)));
            if met.len() > MANY {
                return true;
            }
        }
        false
    }

    /// The largest core known among those of what a function calls.
    fn largest(&self, caller: BodyId) -> Option<Arc<Core<'p>>> {
        let callees = self.index.loud_callees(caller).into_iter();
        let cores = callees.filter_map(|callee| self.slot(callee).get()?.as_ref());
        let largest = cores.max_by_key(|core| core.mine.bodies().len());
        largest.map(Arc::clone)
    }

    fn slot(&self, function: BodyId) -> &Slot<'p> {
        &self.slots[function.0 as usize]
    }
}
