//! Which bodies that were left out have to be read after all.
//!
//! A body that does nothing by itself is read only where it is handed something that may hold a primitive, or is used as a
//! value: it may hand that on, return it, or look at a field that decides what its caller does. One that may do something
//! by itself is read where it is called. In: bodies as they were lowered. Out: the functions to read. Every other call of
//! such a function is one of which only the results count.

use super::held::{Held, held};
use super::holding::{Flags, holding, holding_vars};
use super::ir::Body;
use crate::resolve::{FuncId, Package};
use crate::syntax::ast::{Elided, Name};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The functions of `package` without bodies that `bodies` hand something to, and what their variables hold, where that
/// was worked out; what is in `earlier` is not worked out again.
pub(super) fn wanted(
    package: &Package<'_>,
    bodies: &[Arc<Body>],
    earlier: Option<&mut Option<Held>>,
) -> (BTreeSet<FuncId>, Option<Flags>) {
    let mut demand = Demand {
        elided: FxHashMap::default(),
        by_name: FxHashMap::default(),
        wanted: BTreeSet::new(),
    };
    for (index, func) in package.funcs.iter().enumerate() {
        if let Some(elided) = func.decl.elided {
            let id = FuncId(index as u32);
            demand.elided.insert(id, elided);
            let methods = demand.by_name.entry(func.decl.name.clone()).or_default();
            methods.push(id);
        }
    }
    if demand.elided.is_empty() {
        return (BTreeSet::new(), None);
    }
    let holds = match earlier {
        Some(earlier) => held(bodies, &package.types, earlier),
        None => holding_vars(bodies, &package.types),
    };
    demand.look(bodies, &holds);
    (demand.wanted, Some(holds))
}

struct Demand {
    elided: FxHashMap<FuncId, Elided>,
    by_name: FxHashMap<Name, Vec<FuncId>>,
    wanted: BTreeSet<FuncId>,
}

impl Demand {
    fn look(&mut self, bodies: &[Arc<Body>], holds: &Flags) {
        let (mut wanted, mut named) = (Vec::new(), BTreeSet::new());
        for (index, body) in bodies.iter().enumerate() {
            holding(body).demands(
                holds.of(index),
                &mut |id, starts, handed| {
                    if starts || handed || self.elided.get(&id) == Some(&Elided::Active) {
                        wanted.push(id);
                    }
                },
                // Whose method it is turns out only in a search.
                &mut |name| {
                    named.insert(name.clone());
                },
            );
        }
        for name in named {
            wanted.extend(self.by_name.remove(&name).unwrap_or_default());
        }
        for id in wanted {
            if self.elided.contains_key(&id) {
                self.wanted.insert(id);
            }
        }
    }
}
