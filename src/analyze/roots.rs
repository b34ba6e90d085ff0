//! The roots of one package, each searched by itself, on as many threads as have nothing else to do.
//!
//! In: what all the searches share. Out: what was met at each root, in the order of the roots, whoever searched it when.
//! A constructor and its clients stay with one thread: once enough of them are given up, the others are left out.

use super::callers::Exposures;
use super::further::{handed, own, unanswered};
use super::memo::{Memo, Quiet};
use super::search::Unit;
use super::why::Inquiry;
use crate::client;
use crate::defect;
use crate::exposure::Client;
use crate::flow::Program;
use crate::flow::ir::BodyId;
use crate::leak::{Confidence, Leak};
use crate::model;
use crate::slice::Slicer;
use crate::solve::answers::Answers;
use crate::solve::explore::{Found, Search};
use crate::solve::machine::{LOOP_LIMIT, Machine};
use crate::source::{FileId, Place, Span};
use crate::stage::Stage;
use crate::summary::Summaries;
use crate::syntax::ast::Name;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Clients of one constructor whose search may be given up before the others are left out.
const TRIES: u32 = 3;

/// Fewer groups of roots are not worth a second thread, which has to set up an interpreter of its own.
const FEW: usize = 4;

/// What the searches of a package share.
pub(super) struct RootSearch<'f> {
    pub(super) package: Unit<'f>,
    pub(super) program: &'f Program,
    pub(super) summaries: &'f Summaries<'f>,
    pub(super) slicer: &'f Slicer<'f>,
    /// For whom each client calls.
    pub(super) clients: &'f FxHashMap<BodyId, Client>,
    pub(super) exposures: &'f Exposures,
    /// Who answers requests, without and with tests.
    pub(super) answers: [Arc<Answers>; 2],
    /// Which package variables are filled, without and with tests.
    pub(super) filled: [Arc<FxHashSet<Name>>; 2],
    /// What earlier searches met.
    pub(super) memo: Option<&'f Memo>,
    /// The bodies that lead to code that is reported in; nothing when all do.
    pub(super) told: Option<Vec<bool>>,
}

/// What was met at a root.
pub(super) struct Outcome {
    pub(super) root: BodyId,
    pub(super) met: Met,
    /// What leaks quote from the source, and from where.
    pub(super) quotes: Vec<(Place, String)>,
}

/// How it went at a root.
pub(super) enum Met {
    /// Too many clients of its constructor had been given up before.
    LeftOut(BTreeMap<&'static str, u64>),
    /// Nobody can be stuck; there was nothing to search, beside what was given up while requests were followed.
    Nothing(BTreeMap<&'static str, u64>),
    /// An earlier analysis has searched it.
    Known(Quiet),
    /// The search, its leaks, and whether others may rely on what it met.
    Searched(Quiet, Vec<Leak>, bool),
}

impl RootSearch<'_> {
    /// Searches `roots`.
    pub(super) fn run(&self, roots: &[BodyId], inquiry: Option<&mut Inquiry<'_>>) -> Vec<Outcome> {
        let groups = self.groups(roots);
        let threads = rayon::current_num_threads().min(groups.len() / FEW + 1);
        if threads == 1 || inquiry.is_some() {
            let mut searcher = Searcher::new(self, inquiry);
            return roots.iter().filter_map(|r| searcher.examine(*r)).collect();
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let mut searcher = None;
            let mut outcomes = Vec::new();
            while let Some(group) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
                let searcher = searcher.get_or_insert_with(|| Searcher::new(self, None));
                let met = |at: &usize| Some((*at, searcher.examine(roots[*at])?));
                outcomes.extend(group.iter().filter_map(met));
            }
            outcomes
        };
        let parts: Vec<_> = (0..threads)
            .into_par_iter()
            .with_max_len(1)
            .map(|_| defect::hold(work))
            .collect();
        let mut outcomes = Vec::new();
        for part in parts {
            outcomes.extend(part.unwrap_or_else(|held| defect::go_on(held)));
        }
        outcomes.sort_unstable_by_key(|(at, _)| *at);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// The roots, by position, that one thread looks at one after the other.
    fn groups(&self, roots: &[BodyId]) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut of: FxHashMap<BodyId, usize> = FxHashMap::default();
        for (at, root) in roots.iter().enumerate() {
            let group = *of
                .entry(self.maker(*root).unwrap_or(*root))
                .or_insert_with(|| {
                    groups.push(Vec::new());
                    groups.len() - 1
                });
            groups[group].push(at);
        }
        groups
    }

    /// The constructor whose value a client uses.
    fn maker(&self, root: BodyId) -> Option<BodyId> {
        let is_client = self.clients.contains_key(&root);
        is_client
            .then(|| client::maker(&self.program.bodies[root.0 as usize]))
            .flatten()
    }

    fn text(&self, file: FileId, span: Span) -> String {
        let bytes = &self.package.dir.files[file.index()].bytes;
        let end = (span.end as usize).min(bytes.len());
        String::from_utf8_lossy(&bytes[(span.start as usize).min(end)..end]).into_owned()
    }
}

/// One thread's part of the work.
struct Searcher<'s, 'f, 'q> {
    search: &'s RootSearch<'f>,
    machine: Machine<'f>,
    how: Search,
    /// By constructor, or by root that is none's client, how often a search was given up.
    given_up: FxHashMap<BodyId, u32>,
    inquiry: Option<&'s mut Inquiry<'q>>,
}

impl<'s, 'f, 'q> Searcher<'s, 'f, 'q> {
    fn new(search: &'s RootSearch<'f>, inquiry: Option<&'s mut Inquiry<'q>>) -> Self {
        let options = search.package.options;
        let mut machine = Machine::new(search.program, search.summaries);
        machine.zero_counts = options.min_confidence == Confidence::Low;
        machine.stop = options.stop.clone();
        Self {
            search,
            machine,
            how: Search {
                budget: options.state_budget,
                reference: false,
            },
            given_up: FxHashMap::default(),
            inquiry,
        }
    }

    /// Searches one root; nothing when nobody asks about it.
    fn examine(&mut self, root: BodyId) -> Option<Outcome> {
        let search = self.search;
        let Unit { dir, options, .. } = search.package;
        if options.stop.stopped() {
            return None;
        }
        let body = &search.program.bodies[root.0 as usize];
        let outcome = |met, quotes| Some(Outcome { root, met, quotes });
        let maker = search.maker(root);
        if maker.is_some_and(|maker| self.given_up.get(&maker).is_some_and(|n| *n >= TRIES)) {
            self.machine.abstain("state-budget");
            let abstentions = self.machine.abstentions.take();
            if let Some(inquiry) = &mut self.inquiry {
                inquiry.look(search.program, root, None, None, &[], &abstentions);
            }
            return outcome(Met::LeftOut(abstentions), Vec::new());
        }
        let in_test = search.package.is_in_test(body.file);
        // Who answers stands anywhere in the package, and nothing is kept of that.
        let asks =
            maker.is_none() && search.answers[usize::from(in_test)].asked_by(search.program, root);
        let told = search.told.as_ref();
        if !asks && told.is_some_and(|told| !told[root.0 as usize]) {
            return None;
        }
        if !asks && let Some(quiet) = search.memo.and_then(|memo| memo.get(root)) {
            if quiet.gave_up {
                self.give_up(root, maker);
            }
            return outcome(Met::Known(quiet.clone()), Vec::new());
        }
        let _solving = options.enter(dir, Stage::Solve);
        defect::looking_at(&dir.files[body.file.index()].path, &body.name);
        self.set_up(root, in_test);
        let quotes = RefCell::new(Vec::new());
        let text = |file: FileId, span: Span| {
            let text = search.text(file, span);
            let at = Place { file, span };
            quotes.borrow_mut().push((at, text.clone()));
            text
        };
        let met = self.met(root, maker, asks, &text);
        outcome(met, quotes.into_inner())
    }

    /// Tells the interpreter what holds for a root.
    fn set_up(&mut self, root: BodyId, in_test: bool) {
        let search = self.search;
        let Unit {
            dir,
            members,
            options,
            ..
        } = search.package;
        let body = &search.program.bodies[root.0 as usize];
        let machine = &mut self.machine;
        let rules = options.rules_in(&dir.files[body.file.index()]);
        machine.exits_strand = rules.is_on("stranding-exit");
        machine.in_test = in_test;
        machine.filled = Arc::clone(&search.filled[usize::from(in_test)]);
        machine.exposure = search
            .exposures
            .seen(search.clients.get(&root).copied(), in_test);
        machine.ends_with_root = members.name == "main" && body.name == "main";
        machine.exact_rooms = model::counts(search.program, root);
        machine.loop_limit = LOOP_LIMIT.max(model::largest_room(search.program, root) + 2);
    }

    /// What cannot be seen to be made whole is no better with callers around it.
    fn give_up(&mut self, root: BodyId, maker: Option<BodyId>) {
        let tries = if maker.is_some() { 1 } else { TRIES };
        *self.given_up.entry(maker.unwrap_or(root)).or_default() += tries;
    }

    fn met(
        &mut self,
        root: BodyId,
        maker: Option<BodyId>,
        asks: bool,
        text: &dyn Fn(FileId, Span) -> String,
    ) -> Met {
        let Self { search, how, .. } = *self;
        let machine = &mut self.machine;
        let in_test = search
            .package
            .is_in_test(search.program.bodies[root.0 as usize].file);
        let (mut asked, mut told) = (Found::default(), Vec::new());
        if asks {
            let answers = &search.answers[usize::from(in_test)];
            (asked, told) = unanswered(machine, answers, root, how, text);
        }
        let slice = search.slicer.cut(root, machine.exits_strand);
        let searches = slice.is_some();
        if !searches && told.is_empty() {
            let abstentions = machine.abstentions.take();
            if let Some(inquiry) = &mut self.inquiry {
                inquiry.look(search.program, root, None, None, &[], &abstentions);
            }
            return Met::Nothing(abstentions);
        }
        let mut found = Found::default();
        if let Some(slice) = slice {
            machine.slice = slice;
            found = machine.explore(root, how);
        }
        found.states += asked.states;
        found.panics += asked.panics;
        let candidates = found.candidates.iter();
        told.extend(candidates.filter_map(|c| machine.tell(root, c, text)));
        if found.gave_up && maker.is_none() && searches && model::makes_own(search.program, root) {
            told.extend(own(machine, root, how, &mut found, in_test, text));
        }
        if machine.met_handed.take() && !found.gave_up {
            told.extend(handed(machine, root, how, &mut found, text));
        }
        // What only a test drives into a corner says little about the code it tests.
        told.retain(|leak| !in_test || search.package.is_in_test(leak.op.at.file));
        let quiet = Quiet {
            states: found.states,
            gave_up: found.gave_up,
            panics: found.panics,
            abstentions: machine.abstentions.take(),
        };
        if let Some(inquiry) = &mut self.inquiry {
            inquiry.look(
                search.program,
                root,
                searches.then_some(&machine.slice),
                searches.then_some(&found),
                &told,
                &quiet.abstentions,
            );
        }
        if found.gave_up {
            self.give_up(root, maker);
        }
        let stopped = search.package.options.stop.stopped();
        let keep = !asks && found.candidates.is_empty() && told.is_empty() && !stopped;
        Met::Searched(quiet, told, keep)
    }
}
