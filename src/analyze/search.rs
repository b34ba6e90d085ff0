//! The leaks of one package, system by system.
//!
//! In: the parsed files that are compiled together. Out: every leak the engine proves, with what each search met on its
//! way. Deliberately absent: rules, and what is shown of the leaks.

use super::callers::{Exposures, Owners, add_clients};
use super::commands::Commands;
use super::memo::{Prints, Quiet};
use super::read;
use super::roots::{Met, Outcome, RootSearch};
use super::settled::{Found, Settled};
use super::why::{Answer, Inquiry};
use super::{Directory, Options, Stats, file_name};
use crate::flow;
use crate::flow::ir::BodyId;
use crate::leak::{Confidence, Leak};
use crate::model;
use crate::package::{Package as Members, is_test};
use crate::requests;
use crate::resolve::{Package, PackageFile};
use crate::slice::{Index, Slicer};
use crate::solve::answers::Answers;
use crate::source::{FileId, Place, Span};
use crate::stage::Stage;
use crate::summary::{Earlier, Summaries};
use crate::syntax::ast::{Decl, File, FuncDecl};
use crate::syntax::{fill_in_roughly, parse_function};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is searched.
#[derive(Clone, Copy)]
pub(super) struct Unit<'a> {
    /// The directory.
    pub(super) dir: &'a Directory,
    /// Which of its files are compiled together.
    pub(super) members: &'a Members,
    /// The syntax of the directory's files.
    pub(super) asts: &'a [&'a File],
    pub(super) options: &'a Options,
}

impl<'a> Unit<'a> {
    /// Whether a file is part of a test.
    pub(super) fn is_in_test(&self, file: FileId) -> bool {
        is_test(file_name(&self.dir.files[file.index()].path))
    }

    /// The files as the tables want them.
    pub(super) fn files(&self) -> Vec<PackageFile<'a>> {
        let asts = self.asts;
        self.members
            .files
            .iter()
            .map(|m| PackageFile {
                id: FileId(m.file as u32),
                ast: asts[m.file],
                excluded: m.excluded,
                go: m.go,
            })
            .collect()
    }
}

/// What was found in a package.
#[derive(Default)]
pub(super) struct Searched {
    pub(super) leaks: Vec<Leak>,
    /// The systems that were searched.
    pub(super) systems: Vec<System>,
    /// Where those start in which nobody can be stuck, so that there was nothing to search.
    pub(super) quiet: Vec<Place>,
    /// Whether every function that was asked for could be read.
    pub(super) complete: bool,
    /// The functions that were read because somebody asked for them.
    pub(super) read_later: Vec<Place>,
    /// What leaks quote from the source, and from where.
    pub(super) quotes: Vec<(Place, String)>,
    /// Counts.
    pub(super) stats: Stats,
    /// What was asked about, answered.
    pub(super) answers: Vec<Answer>,
}

/// In which order roots are searched: functions, literals, clients. Literals go by their places: when their bodies were
/// read makes no difference.
fn order(program: &flow::Program, root: BodyId) -> (u8, Option<(FileId, Span)>, BodyId) {
    let body = &program.bodies[root.0 as usize];
    match body.parent {
        Some(_) => (1, Some((body.file, body.span)), root),
        None if body.client.is_empty() => (0, None, root),
        None => (2, None, root),
    }
}

/// Functions that are read only when somebody asks for them.
struct Later<'a> {
    package: Unit<'a>,
    /// A place for each: its declaration, and its syntax where that is not part of the file's.
    slots: Vec<OnceCell<(FuncDecl, Option<File>)>>,
    used: Cell<usize>,
    failed: Cell<bool>,
    read: RefCell<Vec<Place>>,
}

impl<'a> Later<'a> {
    fn new(package: Unit<'a>) -> Self {
        let asts = package.members.files.iter().map(|m| package.asts[m.file]);
        let count = asts.map(read::elided).sum();
        let mut slots = Vec::new();
        slots.resize_with(count, OnceCell::new);
        Self {
            package,
            slots,
            used: Cell::new(0),
            failed: Cell::new(false),
            read: RefCell::default(),
        }
    }

    fn read(&self, function: Place) -> Option<(&File, &FuncDecl)> {
        let Unit { asts, .. } = self.package;
        let slot = self.slots.get(self.used.get())?;
        let ast = asts[function.file.index()];
        let known = read::known(ast, function.span).map(|decl| (decl, None));
        let Some(read) = known.or_else(|| self.parse(function)) else {
            self.failed.set(true);
            return None;
        };
        self.used.set(self.used.get() + 1);
        self.read.borrow_mut().push(function);
        let (decl, file) = slot.get_or_init(|| read);
        Some((file.as_ref().unwrap_or(ast), decl))
    }

    fn parse(&self, function: Place) -> Option<(FuncDecl, Option<File>)> {
        let Unit { dir, options, .. } = self.package;
        let _parsing = options.enter(dir, Stage::Parse);
        let bytes = &dir.files[function.file.index()].bytes;
        let span = read::with_line_end(bytes, function.span);
        let file = parse_function(bytes, span);
        let mut file = file.or_else(|| self.parse_roughly(function))?;
        match file.decls.pop() {
            Some(Decl::Func(decl)) => Some((decl, Some(file))),
            _ => None,
        }
    }

    /// Reads a function that is known to be no Go by itself.
    fn parse_roughly(&self, function: Place) -> Option<File> {
        let Unit { dir, asts, .. } = self.package;
        let ast = asts[function.file.index()];
        if !ast.unreadable.iter().any(|at| function.span.contains(*at)) {
            return None;
        }
        let is_it = |decl: &&Decl| matches!(decl, Decl::Func(known) if known.span == function.span);
        let mut file = File {
            decls: ast.decls.iter().find(is_it).cloned().into_iter().collect(),
            ..File::default()
        };
        let bytes = &dir.files[function.file.index()].bytes;
        fill_in_roughly(bytes, &mut file, &[function.span]);
        let is_read = matches!(file.decls.first(), Some(Decl::Func(read)) if read.body.is_some());
        is_read.then_some(file)
    }
}

/// One system and what its search met.
#[derive(Clone, Debug)]
pub(super) struct System {
    /// The function it starts in.
    pub(super) root: Place,
    /// Where its leaks are.
    pub(super) leaks: Vec<Place>,
    /// Whether the search was given up.
    pub(super) gave_up: bool,
    /// Steps that panic at a channel.
    pub(super) panics: u32,
    /// Reasons to abstain.
    pub(super) abstentions: BTreeMap<&'static str, u64>,
}

impl Searched {
    /// Counts a system of which this is known.
    fn add(&mut self, root: Place, met: Quiet) -> &mut System {
        let stats = &mut self.stats;
        stats.systems += 1;
        stats.states += u64::from(met.states);
        stats.note(&met.abstentions);
        self.systems.push(System {
            root,
            leaks: Vec::new(),
            gave_up: met.gave_up,
            panics: met.panics,
            abstentions: met.abstentions,
        });
        self.systems.last_mut().expect("one was pushed")
    }
}
/// Searches the systems of a package, or those only that reach one of the places in `focus`.
pub(super) fn search(package: Unit<'_>, focus: Option<&[Place]>) -> Searched {
    let Unit { dir, options, .. } = package;
    let mut searched = Searched::default();
    let resolving = options.enter(dir, Stage::Resolve);
    let later = Later::new(package);
    let cache = options.cache.as_ref();
    let mut kept = cache.map(|cache| cache.take_skeletons(package.members));
    let rooms = kept.as_mut().map(|kept| &mut kept.rooms);
    let mut tables = Package::with_rooms(package.files(), rooms);
    if let Some(kept) = &mut kept {
        let texts = dir.files.iter().map(|file| Arc::clone(&file.bytes));
        kept.begin(&options.library, dir.go, texts.collect());
    }
    let mut program = flow::lower_asking(
        &mut tables,
        &options.library,
        dir.go,
        &mut |place| later.read(place),
        kept.as_mut(),
    );
    if let (Some(cache), Some(kept)) = (cache, kept) {
        cache.put_skeletons(package.members, kept);
    }
    searched.complete = !later.failed.get();
    searched.read_later = later.read.take();
    if !searched.complete {
        // Whoever asked has everything parsed and searches that.
        return searched;
    }
    let functions = program
        .bodies
        .iter()
        .filter(|b| b.name != flow::PACKAGE_VARIABLES && !b.name.is_empty());
    searched.stats.functions += functions.count() as u64;
    drop(resolving);
    let asked = |f: &super::InputFile| options.rules_in(f).is_on("http-no-timeout");
    let requests = focus.is_none() && dir.files.iter().any(asked);
    let requests = || requests.then(|| requests::unlimited(&tables));
    let settling = cache.filter(|_| focus.is_none() && options.why.is_none());
    let again = |state: &Settled| state.again(package, &program);
    if let Some(found) = settling.and_then(|cache| cache.settled(package.members, again)) {
        found.tell(&mut searched);
        searched.leaks.extend(requests().into_iter().flatten());
        return searched;
    }
    let written = program.bodies.len();
    let modelling = options.enter(dir, Stage::Model);
    let known = cache.map(|cache| cache.take_entries(package.members));
    let mut known = known.unwrap_or_default();
    let made_up = known.made_up();
    let known = known.still_true(&program);
    let (clients, entries) = add_clients(&mut program, package, known, made_up);
    let mut roots = model::roots(&program);
    roots.extend(clients.keys());
    roots.sort_by_key(|root| order(&program, *root));
    // Every function may meet a value that another has let go.
    let all: Vec<BodyId> = (0..program.bodies.len() as u32).map(BodyId).collect();
    let wanted = if roots.is_empty() { &roots } else { &all };
    let summaries = Summaries::new(&program, wanted, entries);
    let near = focus.map(|places| {
        model::reaching(&program, |body| {
            places
                .iter()
                .any(|at| at.file == body.file && body.span.contains(at.span))
        })
    });
    // Who only leads to files that are read and not reported in is not searched, unless somebody asks.
    let reported = |file: FileId| dir.files[file.index()].report;
    let silent = dir.files.iter().any(|file| !file.report) && options.why.is_none();
    let told = silent.then(|| model::reaching(&program, |body| reported(body.file)));
    let is_in_test = |file: FileId| package.is_in_test(file);
    let far = |root: BodyId| near.as_ref().is_some_and(|near| !near[root.0 as usize]);
    let tests = roots
        .iter()
        .any(|r| is_in_test(program.bodies[r.0 as usize].file) && !far(*r));
    let exposures = Exposures::new(&program, summaries.entries(), &is_in_test, tests);
    drop(modelling);
    let solving = options.enter(dir, Stage::Solve);
    let mut memo = cache.filter(|_| focus.is_none()).map(|cache| {
        let prints = Prints::of(package, &program, &exposures, &clients);
        let memo = cache.take_memo(package.members);
        memo.still_true(prints, &program)
    });
    // A test that waits itself is told at low confidence.
    let hanging = options.min_confidence == Confidence::Low || options.why.is_some();
    let index = Index::new(&program, &is_in_test, hanging);
    let mut inquiry = options
        .why
        .as_ref()
        .map(|question| Inquiry::new(question, package, &program));
    let answers = [false, true].map(|tests| {
        let counts = |file| tests || !is_in_test(file);
        Arc::new(Answers::of(&program, &counts))
    });
    let filled = [false, true].map(|tests| {
        let counts = |file| tests || !is_in_test(file);
        Arc::new(program.filled(&counts))
    });
    drop(solving);
    roots.retain(|root| {
        let file = program.bodies[root.0 as usize].file;
        // A test that is not reported in is read as a caller, not searched.
        !far(*root) && (reported(file) || !is_in_test(file))
    });
    let search = RootSearch {
        package,
        program: &program,
        summaries: &summaries,
        slicer: &Slicer::new(&index),
        clients: &clients,
        exposures: &exposures,
        answers,
        filled,
        memo: memo.as_ref(),
        told,
    };
    let is_main = package.members.name == "main";
    let in_test = |file| package.is_in_test(file);
    let commands = Commands::of(&program, &options.library, is_main, &in_test);
    let mut owners = Owners::default();
    let mut to_keep = Vec::new();
    for Outcome { root, met, quotes } in search.run(&roots, inquiry.as_mut()) {
        let body = &program.bodies[root.0 as usize];
        let at = Place {
            file: body.file,
            span: body.span,
        };
        searched.quotes.extend(quotes);
        match met {
            Met::LeftOut(abstentions) => searched.stats.note(&abstentions),
            Met::Nothing(abstentions) => {
                searched.stats.note(&abstentions);
                searched.quiet.push(at);
                if is_in_test(body.file) {
                    // Nothing would be told of what it does to the code it tests.
                    owners.searched(root, Vec::new());
                }
            }
            Met::Known(quiet) => {
                if !quiet.gave_up {
                    owners.searched(root, Vec::new());
                }
                searched.add(at, quiet);
            }
            Met::Searched(quiet, mut told, keep) => {
                told.iter_mut().for_each(|leak| commands.judge(root, leak));
                let places: Vec<Place> = told.iter().map(|leak| leak.op.at).collect();
                if !quiet.gave_up {
                    owners.searched(root, places.clone());
                }
                if keep {
                    to_keep.push((root, quiet.clone()));
                }
                owners.keep_back(root, &mut told);
                searched.leaks.extend(told);
                searched.add(at, quiet).leaks = places;
            }
        }
    }
    if let Some(memo) = &mut memo {
        for (root, quiet) in to_keep {
            memo.keep(root, quiet);
        }
    }
    let (kept, refuted) = owners.decide(&program, is_main);
    if let Some(inquiry) = &mut inquiry {
        for leak in &refuted {
            inquiry.refuted_by_callers(&leak.root, leak.op.at);
        }
    }
    searched.leaks.extend(kept);
    let found = settling.map(|_| Found::of(&searched));
    searched.leaks.extend(requests().into_iter().flatten());
    searched.answers = inquiry.map(Inquiry::answers).unwrap_or_default();
    if let (Some(memo), Some(cache)) = (memo, cache) {
        cache.put_memo(package.members, memo);
    }
    if let Some(cache) = cache {
        let entries = summaries.into_entries();
        cache.put_entries(package.members, Earlier::of(entries, &program));
        if let Some(found) = found.filter(|_| !options.stop.stopped()) {
            let settled = Settled::new(package, program, written, found);
            cache.settle(package.members, settled);
        }
    }
    searched
}
