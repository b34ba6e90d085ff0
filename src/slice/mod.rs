//! One system cut down to what can matter to the primitives it makes.
//!
//! In: a [`Program`] and a root. Out: a [`Slice`]: the bodies the root leads to, with every operation gone that acts on
//! somebody else's primitives only, and every value that no remaining operation reads. What such an operation would do is
//! left to the outside, which serves whatever it holds; so it can be taken to have happened. Positions stay what they are.
//!
//! Three steps. [`mine`]: which variables and fields may lead to something the system makes. [`relevant`]: which
//! operations act on that or decide whether others do (program slicing, Weiser 1981). [`prune`]: the code that is left.
//! [`shared`]: what systems have in common.
//! Deliberately absent: values, and what several goroutines do together.

mod effects;
mod index;
mod mine;
mod prune;
mod relevant;
mod shared;
mod waiting;

use crate::flow::Program;
use crate::flow::ir::{Body, BodyId, Pc};
use crate::summary::{Live, liveness};
pub use index::Index;
use mine::Mine;
use relevant::Relevant;
use shared::Cores;
use std::cell::OnceCell;

/// Cuts systems out of a program, and remembers what many of them have in common.
pub struct Slicer<'p> {
    index: &'p Index<'p>,
    cores: Cores<'p>,
}

impl<'p> Slicer<'p> {
    /// One for the program of `index`.
    pub fn new(index: &'p Index<'p>) -> Self {
        Self {
            index,
            cores: Cores::new(index),
        }
    }

    /// The system that starts in `root`; `None` when nobody in it can wait for something of its own only, or, where it
    /// is a test, nobody in a test. `exits_strand`: what ends a test ends its goroutine, and leaves the others.
    pub fn cut(&self, root: BodyId, exits_strand: bool) -> Option<Slice<'p>> {
        if !self.index.leads_to_waiting(root) {
            return None;
        }
        let core = self.cores.of(root);
        let mine = match &core {
            Some(core) => core.mine.clone(),
            None => Mine::nothing(self.index),
        };
        let mine = mine.with(root);
        if !mine.may_be_stuck(root) {
            return None;
        }
        let known = core.as_ref().map(|core| core.relevant(exits_strand));
        let relevant = Relevant::of(&mine, exits_strand, known);
        Some(Slice::new(mine, relevant))
    }
}

/// The code of one system.
pub struct Slice<'p> {
    program: &'p Program,
    /// Nothing when the program is taken as it is.
    cut: Option<Cut<'p>>,
}

struct Cut<'p> {
    mine: Mine<'p>,
    relevant: Relevant,
    /// One more than where each body of the program is in `bodies`, if it belongs to the system.
    at: Vec<u32>,
    bodies: Vec<OnceCell<Pruned>>,
}

/// A body with what does not matter gone.
struct Pruned {
    body: Body,
    live: Live,
}

impl<'p> Slice<'p> {
    /// The whole program.
    pub fn whole(program: &'p Program) -> Self {
        Self { program, cut: None }
    }

    fn new(mine: Mine<'p>, relevant: Relevant) -> Self {
        let program = mine.program();
        let mut at = vec![0; program.bodies.len()];
        for (index, id) in mine.bodies().iter().enumerate() {
            at[id.0 as usize] = index as u32 + 1;
        }
        let mut bodies = Vec::new();
        bodies.resize_with(mine.bodies().len(), OnceCell::new);
        let cut = Some(Cut {
            mine,
            relevant,
            at,
            bodies,
        });
        Self { program, cut }
    }

    /// Whether the operation at a position matters to this system.
    pub fn keeps(&self, id: BodyId, pc: Pc) -> bool {
        let Some(cut) = &self.cut else { return true };
        let part = cut.relevant.part(id);
        part.is_some_and(|part| part.ops.get(pc as usize) == Some(&true))
    }

    /// The code of a body, as this system sees it.
    pub fn body(&self, id: BodyId) -> &Body {
        match self.pruned(id) {
            Some(pruned) => &pruned.body,
            None => &self.program.bodies[id.0 as usize],
        }
    }

    /// Which variables of a body are still read; `None` when the slice has no say.
    pub fn live(&self, id: BodyId) -> Option<&Live> {
        Some(&self.pruned(id)?.live)
    }

    fn pruned(&self, id: BodyId) -> Option<&Pruned> {
        let cut = self.cut.as_ref()?;
        let index = cut.at[id.0 as usize].checked_sub(1)?;
        Some(cut.bodies[index as usize].get_or_init(|| {
            let body = prune::prune(self.program, id, &cut.mine, &cut.relevant);
            Pruned {
                live: liveness(&body),
                body,
            }
        }))
    }
}
