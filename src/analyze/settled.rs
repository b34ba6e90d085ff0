//! What a search of a package has found, told again where the package comes to the same skeletons.
//!
//! Most of what is typed changes no skeleton: a condition that decides about nothing, half a word, an import. All the
//! same it moves what stands below it. In: the skeletons of a package, as they are and as they were searched. Out: what the
//! search found, at the places where it stands now; or nothing, and then everything is searched. Deliberately absent: what
//! does not come from skeletons, such as requests.

use super::recall::Ground;
use super::search::{Searched, System, Unit};
use crate::flow::Program;
use crate::flow::ir::Body;
use crate::leak::Leak;
use crate::resolve::TypeDef;
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::Name;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many states of a package are kept: what was typed and taken back is found again.
pub(super) const STATES: usize = 3;

/// A package that was searched, and what was found.
#[derive(Debug)]
pub(super) struct Settled {
    ground: Ground,
    bodies: Vec<Arc<Body>>,
    types: Vec<TypeDef>,
    solid: FxHashSet<Name>,
    filled: BTreeMap<Name, Vec<FileId>>,
    holds: Vec<Vec<bool>>,
    found: Found,
}

/// What was found, without what is counted anew each time.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    leaks: Vec<Leak>,
    systems: Vec<System>,
    quiet: Vec<Place>,
    quotes: Vec<(Place, String)>,
    stats: super::Stats,
}

impl Found {
    /// What a search has found, of leaks that come from skeletons.
    pub(super) fn of(searched: &Searched) -> Self {
        let mut stats = searched.stats.clone();
        stats.functions = 0;
        Self {
            leaks: searched.leaks.clone(),
            systems: searched.systems.clone(),
            quiet: searched.quiet.clone(),
            quotes: searched.quotes.clone(),
            stats,
        }
    }

    /// Adds it to what is known without a search.
    pub(super) fn tell(self, searched: &mut Searched) {
        searched.stats.add(&self.stats);
        searched.leaks = self.leaks;
        searched.systems = self.systems;
        searched.quiet = self.quiet;
        searched.quotes = self.quotes;
    }
}

impl Settled {
    /// A package that was searched; of the bodies of `program` the first `count` stand in its source.
    pub(super) fn new(package: Unit<'_>, program: Program, count: usize, found: Found) -> Self {
        let Program {
            mut bodies,
            types,
            solid,
            filled,
            mut holds,
            ..
        } = program;
        bodies.truncate(count);
        holds.truncate(count);
        Self {
            ground: ground(package),
            bodies,
            types,
            solid,
            filled,
            holds,
            found,
        }
    }

    /// What a search of `program` would find, if it is the same but for where things stand.
    pub(super) fn again(&self, package: Unit<'_>, program: &Program) -> Option<Found> {
        let same = self.bodies.len() == program.bodies.len()
            && self.holds == program.holds
            && self.ground == ground(package)
            && self.solid == program.solid
            && self.filled == program.filled
            && self.types == program.types;
        let moves = same.then(|| Moves::between(&self.bodies, &program.bodies))??;
        for (place, quote) in &self.found.quotes {
            if moves.concern(place.file) {
                let Place { file, span } = moves.now(*place)?;
                let bytes = &package.dir.files[file.index()].bytes;
                if bytes.get(span.start as usize..span.end as usize)? != quote.as_bytes() {
                    return None;
                }
            }
        }
        let mut found = self.found.clone();
        let mut all = true;
        let mut visit = |place: &mut Place| match moves.now(*place) {
            Some(now) => *place = now,
            None => all = false,
        };
        found
            .leaks
            .iter_mut()
            .for_each(|leak| leak.places(&mut visit));
        found.quiet.iter_mut().for_each(&mut visit);
        found.quotes.iter_mut().for_each(|(place, _)| visit(place));
        for system in &mut found.systems {
            visit(&mut system.root);
            system.leaks.iter_mut().for_each(&mut visit);
        }
        all.then_some(found)
    }
}

fn ground(package: Unit<'_>) -> Ground {
    let members = std::slice::from_ref(package.members);
    Ground::of(package.dir, package.options, members)
}

/// Where the places that skeletons speak of stood, and where they stand, in the files that have changed.
struct Moves(FxHashMap<FileId, Vec<(u32, u32)>>);

impl Moves {
    /// `None` where more has changed than places, or their order has.
    fn between(before: &[Arc<Body>], now: &[Arc<Body>]) -> Option<Self> {
        let mut moves: FxHashMap<FileId, Vec<(u32, u32)>> = FxHashMap::default();
        let same = |before: &Arc<Body>, now: &Arc<Body>| {
            let nobody = before.code.is_empty() && now.code.is_empty();
            Arc::ptr_eq(before, now) || nobody && before == now
        };
        let pairs = || before.iter().zip(now);
        let others = pairs().filter(|(before, now)| !same(before, now));
        let changed: FxHashSet<FileId> = others.map(|(_, now)| now.file).collect();
        // What stands above a change has not moved, and is spoken of all the same.
        for (before, now) in pairs().filter(|(_, now)| changed.contains(&now.file)) {
            let (shape, from) = before.shape();
            let (same, to) = now.shape();
            if shape != same || from.len() != to.len() {
                return None;
            }
            let ends = |span: &Span| [span.start, span.end];
            let pairs = from.iter().flat_map(ends).zip(to.iter().flat_map(ends));
            moves.entry(now.file).or_default().extend(pairs);
        }
        let in_order = moves.values_mut().all(|moves| {
            moves.sort_unstable();
            moves.dedup();
            moves.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1)
        });
        in_order.then_some(Self(moves))
    }

    /// Whether anything in a file may have moved.
    fn concern(&self, file: FileId) -> bool {
        self.0.contains_key(&file)
    }

    /// Where a place stands now; `None` where no skeleton speaks of it.
    fn now(&self, place: Place) -> Option<Place> {
        let Some(moves) = self.0.get(&place.file) else {
            return Some(place);
        };
        let now = |at: u32| {
            let found = moves.binary_search_by_key(&at, |(from, _)| *from);
            found.ok().map(|index| moves[index].1)
        };
        let span = Span {
            start: now(place.span.start)?,
            end: now(place.span.end)?,
        };
        Some(Place { span, ..place })
    }
}
