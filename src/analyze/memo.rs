//! Systems in which an earlier analysis of the same directory has found nothing, and that are still the same.
//!
//! In: the skeletons of a package and what else a search looks at. Out: which roots need no search. A root is as it was
//! when every body that can be reached from it is, and what holds for the package as a whole. Roots that leak are never
//! in here: a finding tells of source text that may have changed, and there are few of them.

use super::callers::Exposures;
use super::search::Unit;
use super::{Directory, Options};
use crate::exposure::Client;
use crate::flow::Program;
use crate::flow::facts::Apart;
use crate::flow::ir::BodyId;
use crate::model;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};

/// What a search met that found nothing.
#[derive(Clone, Debug)]
pub(super) struct Quiet {
    pub(super) states: u32,
    pub(super) gave_up: bool,
    pub(super) panics: u32,
    pub(super) abstentions: BTreeMap<&'static str, u64>,
}

/// The quiet roots of a package, with the states they were searched in.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// States that differ in what holds for the whole package, the newest last: what was typed and taken back is found
    /// again.
    states: VecDeque<State>,
}

/// How many of them are remembered.
const STATES: usize = 3;

#[derive(Debug, Default)]
struct State {
    prints: Prints,
    quiet: FxHashMap<Key, Quiet>,
}

/// A state of a package: a hash of what holds for all of it, and one for each body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Prints {
    whole: u64,
    /// The keys of the bodies, by number.
    keys: Vec<Key>,
    bodies: FxHashMap<Key, u64>,
}

/// What a body is known by from one analysis to the next: its number changes with every function above it.
type Key = u64;

impl Memo {
    /// What is known of a package in this state.
    pub(super) fn still_true(mut self, prints: Prints, program: &Program) -> Self {
        let known = self.states.iter();
        let at = known
            .rev()
            .position(|state| state.prints.whole == prints.whole);
        let known = at.and_then(|back| self.states.remove(self.states.len() - 1 - back));
        let state = known.unwrap_or_default().still_true(prints, program);
        self.states.push_back(state);
        if self.states.len() > STATES {
            self.states.pop_front();
        }
        self
    }

    /// What the search of a root met, if there is no need for another.
    pub(super) fn get(&self, root: BodyId) -> Option<&Quiet> {
        let state = self.states.back()?;
        state.quiet.get(state.prints.keys.get(root.0 as usize)?)
    }

    /// A search has found nothing.
    pub(super) fn keep(&mut self, root: BodyId, quiet: Quiet) {
        if let Some(state) = self.states.back_mut()
            && let Some(key) = state.prints.keys.get(root.0 as usize)
        {
            state.quiet.insert(*key, quiet);
        }
    }
}

impl State {
    /// What of it holds in another state of which the same holds for the whole package.
    fn still_true(self, prints: Prints, program: &Program) -> Self {
        let mut quiet = self.quiet;
        if !quiet.is_empty() && self.prints != prints {
            let is_new = |key: &Key| self.prints.bodies.get(key) != prints.bodies.get(key);
            let stale = model::reaching_these(program, prints.keys.iter().map(is_new).collect());
            let keys = prints.keys.iter().zip(&stale);
            let still: FxHashSet<Key> = keys.filter(|(_, s)| !**s).map(|(key, _)| *key).collect();
            quiet.retain(|key, _| still.contains(key));
        }
        Self { prints, quiet }
    }
}

impl Prints {
    /// The state of a package.
    pub(super) fn of(
        package: Unit<'_>,
        program: &Program,
        exposures: &Exposures,
        clients: &FxHashMap<BodyId, Client>,
    ) -> Self {
        let keys = keys(program, package.dir);
        let bodies = program.bodies.iter().enumerate().map(|(index, body)| {
            let id = BodyId(index as u32);
            let mut hasher = by_key(&keys);
            let (print, mentioned) = body.print();
            (print, mentioned).hash(&mut hasher);
            program.holds[index].hash(&mut hasher);
            exposures.print_of(id, &mut hasher);
            clients.get(&id).hash(&mut hasher);
            (keys[index], hasher.finish())
        });
        Self {
            whole: whole(package, program, exposures, &keys),
            bodies: bodies.collect(),
            keys,
        }
    }
}

/// File and name of each body, and which one of that name it is.
fn keys(program: &Program, dir: &Directory) -> Vec<Key> {
    let mut seen: FxHashMap<Key, u32> = FxHashMap::default();
    let bodies = program.bodies.iter().map(|body| {
        let mut hasher = FxHasher::default();
        (&dir.files[body.file.index()].path, &body.name).hash(&mut hasher);
        let nth = seen.entry(hasher.finish()).or_default();
        *nth += 1;
        nth.hash(&mut hasher);
        hasher.finish()
    });
    bodies.collect()
}

fn whole(package: Unit<'_>, program: &Program, exposures: &Exposures, keys: &[Key]) -> u64 {
    let mut hasher = by_key(keys);
    let Options {
        min_confidence,
        state_budget,
        ..
    } = package.options;
    (min_confidence, state_budget).hash(&mut hasher);
    let Directory { go, files, .. } = package.dir;
    (go.major, go.minor).hash(&mut hasher);
    for file in files {
        (&file.path, file.report).hash(&mut hasher);
        let strands = package.options.rules_in(file).is_on("stranding-exit");
        strands.hash(&mut hasher);
    }
    // Their numbers are part of what bodies say, so their order counts.
    for ty in &program.types {
        (&ty.name, &ty.underlying).hash(&mut hasher);
        let mut methods: Vec<_> = ty.methods.iter().collect();
        methods.sort_unstable();
        methods.hash(&mut hasher);
    }
    let mut solid: Vec<_> = program.solid.iter().collect();
    solid.sort_unstable();
    solid.hash(&mut hasher);
    program.filled.hash(&mut hasher);
    exposures.print(&mut hasher);
    hasher.finish()
}

/// A hasher that takes a body for its key and not for its number.
fn by_key(keys: &[Key]) -> impl Hasher {
    Apart::new(|hasher, body| {
        let key = keys.get(body.0 as usize).copied();
        hasher.write_u64(key.unwrap_or_default());
    })
}
