//! Who else uses what a package's functions make: other functions of the package, and callers elsewhere.

use super::file_name;
use super::search::Unit;
use crate::client;
use crate::exposure::{Client, Exposure};
use crate::flow::Program;
use crate::flow::ir::BodyId;
use crate::leak::Confidence;
use crate::package::is_test;
use crate::source::FileId;
use crate::summary::{Entries, Summaries};
use rustc_hash::FxHashMap;
use std::hash::Hasher;

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

/// Adds bodies that stand in for callers elsewhere; nobody calls a program from elsewhere.
pub(super) fn add_clients(
    program: &mut Program,
    package: Unit<'_>,
) -> (FxHashMap<BodyId, Client>, Entries) {
    let Unit { dir, options, .. } = package;
    if package.members.name == "main" {
        return (FxHashMap::default(), Entries::default());
    }
    let counts = |file: FileId| !is_test(file_name(&dir.files[file.index()].path));
    let constructors = client::constructors(program, &counts);
    if constructors.is_empty() {
        return (FxHashMap::default(), Entries::default());
    }
    let reached = client::reached(program, &constructors);
    let entries = Summaries::new(program, &reached, Entries::default()).into_entries();
    let guesses = options.min_confidence == Confidence::Low;
    let clients = client::clients(program, &constructors, guesses, &|body| entries.of(body));
    let ids = clients
        .into_iter()
        .map(|(body, of)| (program.add(body), of))
        .collect();
    (ids, entries)
}
