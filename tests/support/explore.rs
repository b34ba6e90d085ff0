//! Explores the roots of Go text with the fast search and with the reference.
#![allow(dead_code, reason = "each test crate uses its own part")]

use goleash::analyze::GoVersion;
use goleash::flow;
use goleash::flow::ir::BodyId;
use goleash::library::Library;
use goleash::model;
use goleash::package::{BuildContext, Header, group, header};
use goleash::resolve::{Package, PackageFile};
use goleash::slice::{Index, Slice, Slicer};
use goleash::solve::explore::Search;
use goleash::solve::machine::{Abstentions, Machine};
use goleash::source::FileId;
use goleash::summary::{Entries, Summaries};
use goleash::syntax::ast::File;
use goleash::syntax::parse_file;
use std::collections::BTreeSet;

/// An operation at which somebody is stuck.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    /// The function or literal, by number.
    pub(crate) body: u32,
    /// Position in its code.
    pub(crate) pc: u32,
    /// The name of the function or literal.
    pub(crate) name: String,
    /// Index of the file.
    pub(crate) file: usize,
    /// 1-based.
    pub(crate) line: u32,
}

/// What a search said.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Where somebody gets stuck.
    pub(crate) sites: BTreeSet<Site>,
    /// States visited.
    pub(crate) states: u32,
    /// Whether it ran out of states.
    pub(crate) gave_up: bool,
    /// What else was given up on the way.
    pub(crate) abstentions: Abstentions,
}

/// What both searches said of a root.
#[derive(Debug)]
pub(crate) struct System {
    /// The root's name.
    pub(crate) root: String,
    /// The fast search.
    pub(crate) fast: Outcome,
    /// The fast search of what matters only.
    pub(crate) sliced: Outcome,
    /// Every interleaving.
    pub(crate) reference: Outcome,
}

impl System {
    /// What is wrong, if the reference came to an end.
    pub(crate) fn difference(&self) -> Option<String> {
        if self.reference.gave_up {
            return None;
        }
        let (fast, reference) = (&self.fast, &self.reference);
        if fast.gave_up || fast.states > reference.states {
            return Some(format!(
                "{}: the fast search visits {} states, the reference {}",
                self.root, fast.states, reference.states
            ));
        }
        let all = [
            names("missed", reference.sites.difference(&fast.sites)),
            names("invented", fast.sites.difference(&reference.sites)),
        ]
        .concat();
        (!all.is_empty()).then(|| format!("{}: {}", self.root, all.join(", ")))
    }

    /// What is wrong with the slice; `elsewhere` is what the slices of the other systems find, since each leak is found in one
    /// of them.
    pub(crate) fn lost_in_slice(&self, elsewhere: &BTreeSet<Site>) -> Option<String> {
        if self.reference.gave_up {
            return None;
        }
        let (sliced, reference) = (&self.sliced, &self.reference);
        let missed = reference.sites.difference(&sliced.sites);
        let mut all = names("left out", missed.filter(|site| !elsewhere.contains(site)));
        // Where the whole was not followed to its end, the slice may come further.
        if reference.abstentions.is_empty() {
            all.extend(names("cut into", sliced.sites.difference(&reference.sites)));
        }
        (!all.is_empty()).then(|| format!("{}: {}", self.root, all.join(", ")))
    }
}

fn names<'s>(what: &str, sites: impl Iterator<Item = &'s Site>) -> Vec<String> {
    sites
        .map(|site| format!("{what} {}:{}", site.name, site.line))
        .collect()
}

/// What is wrong with the slices of systems of one package.
pub(crate) fn lost_in_slices(systems: &[System]) -> Vec<String> {
    let found: BTreeSet<Site> = systems
        .iter()
        .flat_map(|system| system.sliced.sites.clone())
        .collect();
    systems
        .iter()
        .filter_map(|system| system.lost_in_slice(&found))
        .collect()
}

/// How to explore.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// States for either search.
    pub(crate) budget: u32,
    /// Whether empty loops and capacities count.
    pub(crate) zero_counts: bool,
    /// Whether the fast search is wanted, too.
    pub(crate) both: bool,
}

/// Explores every root of the packages in one directory.
pub(crate) fn explore(files: &[(&str, &str)], effort: Effort) -> Vec<System> {
    let headers: Vec<Header> = files.iter().map(|(_, t)| header(t.as_bytes())).collect();
    let names: Vec<(&str, &Header)> = files
        .iter()
        .zip(&headers)
        .map(|((path, _), h)| (path.rsplit('/').next().unwrap_or(path), h))
        .collect();
    let asts: Vec<File> = files
        .iter()
        .map(|(_, t)| parse_file(t.as_bytes()))
        .collect();
    let go = GoVersion {
        major: 1,
        minor: 27,
    };
    let mut systems = Vec::new();
    for unit in group(&names, &BuildContext::default()) {
        let members = unit
            .files
            .iter()
            .map(|m| PackageFile {
                id: FileId(m.file as u32),
                ast: &asts[m.file],
                excluded: m.excluded,
                go: m.go,
            })
            .collect();
        let mut tables = Package::new(members);
        let program = flow::lower(&mut tables, &Library::standard(), go);
        let roots = model::roots(&program);
        let summaries = Summaries::new(&program, &roots, Entries::default());
        let index = Index::new(&program, &|_| false, true);
        let slicer = Slicer::new(&index);
        let mut machine = Machine::new(&program, &summaries);
        machine.zero_counts = effort.zero_counts;
        for root in roots {
            let body = &program.bodies[root.0 as usize];
            machine.ends_with_root = unit.name == "main" && body.name == "main";
            machine.slice = Slice::whole(&program);
            let reference = outcome(&machine, &program, files, root, effort, true);
            let mut other = |slice| {
                machine.slice = slice;
                outcome(&machine, &program, files, root, effort, false)
            };
            let (fast, sliced) = if effort.both {
                let sliced = slicer.cut(root, false).map(&mut other).unwrap_or_default();
                (other(Slice::whole(&program)), sliced)
            } else {
                Default::default()
            };
            systems.push(System {
                root: body.name.clone(),
                fast,
                sliced,
                reference,
            });
        }
    }
    systems
}

fn outcome(
    machine: &Machine<'_>,
    program: &flow::Program,
    files: &[(&str, &str)],
    root: BodyId,
    effort: Effort,
    reference: bool,
) -> Outcome {
    machine.abstentions.take();
    let search = Search {
        budget: effort.budget,
        reference,
    };
    let found = machine.explore(root, search);
    let site = |(id, pc): (BodyId, u32)| {
        let body = &program.bodies[id.0 as usize];
        let file = body.file.index();
        let before = &files[file].1[..body.spans[pc as usize].start as usize];
        Site {
            body: id.0,
            pc,
            name: body.name.clone(),
            file,
            line: before.matches('\n').count() as u32 + 1,
        }
    };
    Outcome {
        sites: found.candidates.iter().map(|c| site(c.site)).collect(),
        states: found.states,
        gave_up: found.gave_up,
        abstentions: machine.abstentions.take(),
    }
}
