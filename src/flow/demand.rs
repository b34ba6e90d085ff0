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
use crate::syntax::ast::Elided;
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The functions of `package` without bodies that `bodies` hand something to, and what their variables hold, where that
/// was worked out; what is in `earlier` is not worked out again.
pub(super) fn wanted(
    package: &Package<'_>,
    bodies: &[Arc<Body>],
    earlier: Option<&mut Option<Held>>,
) -> (BTreeSet<FuncId>, Option<Flags>) {
    let elided: Vec<Option<Elided>> = package.funcs.iter().map(|f| f.decl.elided).collect();
    if elided.iter().all(Option::is_none) {
        return (BTreeSet::new(), None);
    }
    let holds = match earlier {
        Some(earlier) => held(bodies, &package.types, earlier),
        None => holding_vars(bodies, &package.types),
    };
    let (mut wanted, mut named) = (BTreeSet::new(), FxHashSet::default());
    for (index, body) in bodies.iter().enumerate() {
        holding(body).demands(
            holds.of(index),
            &mut |id, starts, handed| {
                if let Some(Some(elided)) = elided.get(id.0 as usize)
                    && (starts || handed || *elided == Elided::Active)
                {
                    wanted.insert(id);
                }
            },
            // Whose method it is turns out only in a search.
            &mut |name| {
                if !named.contains(name) {
                    named.insert(name.clone());
                }
            },
        );
    }
    let funcs = package.funcs.iter().zip(&elided).enumerate();
    let methods =
        funcs.filter(|(_, (func, elided))| elided.is_some() && named.contains(&func.decl.name));
    wanted.extend(methods.map(|(index, _)| FuncId(index as u32)));
    (wanted, Some(holds))
}
