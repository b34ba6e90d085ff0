//! Who else uses what a package's functions make: other functions of the package, and callers elsewhere.

use super::search::Unit;
use crate::client;
use crate::exposure::{Client, Exposure};
use crate::flow::Program;
use crate::flow::ir::{Body, BodyId, Callee, Op};
use crate::leak::{Confidence, Leak};
use crate::resolve::is_exported;
use crate::source::{FileId, Place};
use crate::summary::{Entries, Summaries};
use rustc_hash::{FxHashMap, FxHashSet};
use std::hash::Hasher;
use std::sync::Arc;

/// What the rest of the package can do to what a root lets go of.
pub(super) struct Exposures {
    for_code: Exposure,
    /// Tests are callers as well.
    for_tests: Exposure,
}

impl Exposures {
    pub(super) fn new(
        program: &Program,
        entries: &Entries,
        in_test: &dyn Fn(FileId) -> bool,
        tests: bool,
    ) -> Self {
        let for_code = Exposure::of(program, entries, &|file| !in_test(file));
        let for_tests = if tests {
            Exposure::of(program, entries, &|_| true)
        } else {
            for_code.clone()
        };
        Self {
            for_code,
            for_tests,
        }
    }

    /// Feeds `hasher` with what holds for all bodies alike.
    pub(super) fn print(&self, hasher: &mut impl Hasher) {
        self.for_code.print(hasher);
        self.for_tests.print(hasher);
    }

    /// The same for one body.
    pub(super) fn print_of(&self, body: BodyId, hasher: &mut impl Hasher) {
        self.for_code.print_of(body, hasher);
        self.for_tests.print_of(body, hasher);
    }

    /// As the search from one root sees it; `client` says for whom a client calls.
    pub(super) fn seen(&self, client: Option<Client>, in_test: bool) -> Exposure {
        match client {
            Some(of) => self.for_code.for_client(of),
            None if in_test => self.for_tests.clone(),
            None => self.for_code.clone(),
        }
    }
}

/// What is known of the systems of a package once all are searched, for leaks that rest on what a caller does.
#[derive(Default)]
pub(super) struct Owners {
    /// Per root that was searched to the end where its leaks are.
    searched: FxHashMap<BodyId, Vec<Place>>,
    /// Leaks that wait for their callers, with their roots.
    waiting: Vec<(BodyId, Leak)>,
}

impl Owners {
    /// A root was searched to the end.
    pub(super) fn searched(&mut self, root: BodyId, leaks: Vec<Place>) {
        self.searched.insert(root, leaks);
    }

    /// Keeps the leaks back in which the owner of what `root` was handed acts.
    pub(super) fn keep_back(&mut self, root: BodyId, told: &mut Vec<Leak>) {
        let back = told.extract_if(.., |leak| leak.facts.owner_acts);
        self.waiting.extend(back.map(|leak| (root, leak)));
    }

    /// Those that were kept back and are leaks, and those that are none: of functions all of whose callers were searched
    /// and never do what the run needs.
    pub(super) fn decide(self, program: &Program, is_main: bool) -> (Vec<Leak>, Vec<Leak>) {
        let Self { searched, waiting } = self;
        if waiting.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let uses = Uses::of(program, &|_| true);
        let refuted = |root: &BodyId, leak: &Leak| {
            let calls = uses.known_calls(program, *root, is_main);
            calls.is_some_and(|calls| {
                calls.iter().all(|call| {
                    let leaks = searched.get(&call.from);
                    leaks.is_some_and(|leaks| !leaks.contains(&leak.op.at))
                })
            })
        };
        let (refuted, kept): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|(root, leak)| refuted(root, leak));
        let leaks = |of: Vec<(BodyId, Leak)>| of.into_iter().map(|(_, leak)| leak).collect();
        (leaks(kept), leaks(refuted))
    }
}

/// A call, a `go` statement or a `defer`.
pub(super) struct Call {
    /// The function or literal that it stands in.
    pub(super) from: BodyId,
    /// Whether it lies in a loop there.
    pub(super) in_loop: bool,
}

/// How the bodies of a package are used.
#[derive(Default)]
pub(super) struct Uses<'p> {
    /// By body, the calls of it.
    calls: FxHashMap<BodyId, Vec<Call>>,
    /// The functions and methods that are used as values.
    as_values: FxHashSet<BodyId>,
    /// The methods that are called by their name alone.
    named: FxHashSet<&'p str>,
}

impl<'p> Uses<'p> {
    /// As the files say that count.
    pub(super) fn of(program: &'p Program, counts: &dyn Fn(FileId) -> bool) -> Self {
        let mut this = Self::default();
        for (index, body) in program.bodies.iter().enumerate() {
            if !counts(body.file) {
                continue;
            }
            for (op, in_loop) in body.code.iter().zip(&body.in_loop) {
                let values = &mut this.as_values;
                op.exprs(&mut |e| e.functions(&mut |func| _ = values.insert(func.into())));
                if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op {
                    match &call.callee {
                        Callee::Body(called) => {
                            this.calls.entry(*called).or_default().push(Call {
                                from: BodyId(index as u32),
                                in_loop: *in_loop,
                            });
                        }
                        Callee::Named(name) => _ = this.named.insert(name),
                        _ => {}
                    }
                }
            }
        }
        this
    }

    /// The calls of `callee` in view.
    pub(super) fn calls_of(&self, callee: BodyId) -> &[Call] {
        self.calls.get(&callee).map_or(&[], Vec::as_slice)
    }

    /// The calls of `callee`, a function, where there are any and nobody else can call it.
    pub(super) fn known_calls(
        &self,
        program: &Program,
        callee: BodyId,
        is_main: bool,
    ) -> Option<&[Call]> {
        let body = &program.bodies[callee.0 as usize];
        let name = body.simple_name();
        let others = body.parent.is_some()
            || !is_main && is_exported(name)
            || self.as_values.contains(&callee)
            || self.named.contains(name);
        Some(self.calls_of(callee)).filter(|calls| !others && !calls.is_empty())
    }
}

/// Adds bodies that stand in for callers elsewhere; nobody calls a program from elsewhere. What is in `entries` is known, and
/// those in `earlier` are taken where they are the same.
pub(super) fn add_clients(
    program: &mut Program,
    package: Unit<'_>,
    entries: Entries,
    earlier: Vec<Arc<Body>>,
) -> (FxHashMap<BodyId, Client>, Entries) {
    let options = package.options;
    if package.members.name == "main" {
        return (FxHashMap::default(), entries);
    }
    let counts = |file: FileId| !package.is_in_test(file);
    let constructors = client::constructors(program, &counts);
    if constructors.is_empty() {
        return (FxHashMap::default(), entries);
    }
    let reached = client::reached(program, &constructors);
    let entries = Summaries::new(program, &reached, entries).into_entries();
    let guesses = options.min_confidence == Confidence::Low;
    let clients = client::clients(program, &constructors, guesses, &|body| entries.of(body));
    let mut same = Same::new(earlier);
    let ids = clients
        .into_iter()
        .map(|(body, of)| (program.add(same.find(body)), of))
        .collect();
    (ids, entries)
}

/// Made-up bodies of an earlier state of the package, by the constructor that they call.
struct Same(FxHashMap<Option<BodyId>, Vec<Arc<Body>>>);

impl Same {
    fn new(bodies: Vec<Arc<Body>>) -> Self {
        let mut by_maker: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for body in bodies {
            by_maker.entry(client::maker(&body)).or_default().push(body);
        }
        Self(by_maker)
    }

    /// One that is the same as `body`, so that what is known of it need not be found out again.
    fn find(&mut self, body: Body) -> Arc<Body> {
        let known = self.0.get_mut(&client::maker(&body));
        let same = known.and_then(|known| {
            let at = known.iter().position(|known| **known == body)?;
            Some(known.remove(at))
        });
        same.unwrap_or_else(|| Arc::new(body))
    }
}
