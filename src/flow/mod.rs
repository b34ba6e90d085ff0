//! Per function: control flow with everything gone that touches no primitive (the skeleton).
//!
//! In: a [`Package`]. Out: [`Program`], a [`Body`] per function and function literal. Deliberately absent: values, paths
//! and anything between functions.

mod ahead;
pub(crate) mod answers;
mod asserted;
mod concrete;
mod demand;
mod direction;
mod dump;
pub(crate) mod facts;
pub(crate) mod filled;
mod gist;
mod held;
mod holding;
mod holds;
pub mod ir;
mod kept;
mod links;
mod locks;
mod lower;
mod lower_call;
mod lower_composite;
mod lower_control;
mod lower_expr;
mod lower_iterator;
mod lower_later;
mod lower_multi;
mod lower_pipe;
mod lower_stmt;
mod questions;
mod simplify;
mod users;
mod value_type;
mod walk;
mod whole;

pub(crate) use ahead::{Ahead, Next, look_ahead};

use crate::package::GoVersion;
pub(crate) use direction::direction;
pub use dump::dump;
pub(crate) use holds::{is_plain, leads_to_channel, makes_anything};
pub use kept::Kept;
pub(crate) use links::Links;
pub(crate) use locks::is_lock;
pub(crate) use lower::PACKAGE_VARIABLES;
pub(crate) use lower_later::{CLAIM, LATER};
pub(crate) use simplify::{emptied, key_of};
pub(crate) use users::Users;
pub(crate) use walk::Walk;
pub use whole::Supply;

use crate::library::Library;
use crate::resolve::{Package, TypeDef};
use crate::source::FileId;
use crate::syntax::ast::Name;
use ir::{Body, BodyId};
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The skeletons of a package.
pub struct Program {
    /// Bodies, those of declared functions first.
    pub bodies: Vec<Arc<Body>>,
    /// The types, those declared in functions included.
    pub types: Vec<TypeDef>,
    /// Per body, the function literals that stand directly in it.
    pub literals: Vec<Vec<BodyId>>,
    /// Package variables that are never nil: error sentinels.
    pub solid: FxHashSet<Name>,
    /// Package variables that lead to something one can wait for and are filled, with the files where they are.
    pub filled: BTreeMap<Name, Vec<FileId>>,
    /// The bodies that get into trouble with a lock by themselves: they lock it twice, or end with it.
    pub troubled: BTreeSet<BodyId>,
    /// Per body and variable: whether it may hold a primitive or something that leads to one.
    pub holds: Vec<Vec<bool>>,
}

/// Lowers every function of `package`.
pub fn lower(package: &mut Package<'_>, library: &Library, go: GoVersion) -> Program {
    lower_asking(package, library, go, &mut |_| None, None)
}

/// Lowers every function of `package`; of those that were read without their bodies, the ones that can matter are asked
/// for from `supply`, which has to know all of them. With `kept` only what has changed is lowered again.
pub fn lower_asking<'a>(
    package: &mut Package<'a>,
    library: &Library,
    go: GoVersion,
    supply: &mut Supply<'_, 'a>,
    kept: Option<&mut Kept>,
) -> Program {
    let (mut lowered, mut named, mut locks, mut simplified) = (None, None, None, None);
    if let Some(kept) = kept {
        lowered = Some(&mut kept.lowered);
        named = Some(&mut kept.named);
        locks = Some(&mut kept.locks);
        simplified = Some(&mut kept.simplified);
    }
    let (mut bodies, holds) = whole::lower_package(package, library, go, supply, lowered);
    let filled = filled::filled(&bodies, &package.globals, &package.types);
    let any = concrete::name_methods(&mut bodies, &package.types, named);
    let any = questions::name_questions(&mut bodies) || any;
    let mut types = package.types.clone();
    let troubled = locks::follow_locks(&mut bodies, &mut types, locks);
    let holds = holds.filter(|_| !any && troubled.is_none());
    let holds = simplify::simplify(&mut bodies, &types, holds, simplified);
    Program {
        literals: literals(&bodies),
        bodies,
        types,
        troubled: troubled.unwrap_or_default(),
        solid: package.solid.clone(),
        filled,
        holds,
    }
}

fn literals(bodies: &[Arc<Body>]) -> Vec<Vec<BodyId>> {
    let mut literals = vec![Vec::new(); bodies.len()];
    for (index, body) in bodies.iter().enumerate() {
        if let Some(parent) = body.parent {
            literals[parent.0 as usize].push(BodyId(index as u32));
        }
    }
    literals
}

impl Program {
    /// Adds a body that stands in no source.
    pub fn add(&mut self, body: Arc<Body>) -> BodyId {
        self.holds.push(vec![true; body.vars.len()]);
        self.literals.push(Vec::new());
        self.bodies.push(body);
        BodyId(self.bodies.len() as u32 - 1)
    }

    /// The package variables that are filled in files that count.
    pub fn filled(&self, counts: &dyn Fn(FileId) -> bool) -> FxHashSet<Name> {
        let filled = self.filled.iter();
        let filled = filled.filter(|(_, files)| files.iter().any(|file| counts(*file)));
        filled.map(|(name, _)| name.clone()).collect()
    }

    /// A function and its literals, transitively.
    pub fn family(&self, root: BodyId) -> Vec<BodyId> {
        let mut members = vec![root];
        let mut at = 0;
        while let Some(member) = members.get(at) {
            members.extend(self.literals[member.0 as usize].clone());
            at += 1;
        }
        members
    }
}
