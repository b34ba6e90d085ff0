//! What an earlier analysis of the same directory has found, told again where nothing that it looked at has changed.
//!
//! In: the files as they are now, and as they were. Out: the leaks that were found then, at the places where they stand now;
//! or nothing, and then everything is looked at. An analysis looks at the tokens of its files, without the insides of the
//! bodies that it never read ([`super::read`]); so typing in those, and in comments, changes nothing, as long as the bodies
//! still make of their functions what they made of them ([`Judge`]). What is quoted in messages is compared as well: it
//! may hold comments. Deliberately absent: everything that comes after the searches. Comments suppress findings, so
//! they are read anew each time.

use super::cache::same_text;
use super::needed::Judge;
use super::read::{Reading, may_request, parsed_bytes};
use super::search::Searched;
use super::{Cache, Directory, Options, Stats};
use crate::leak::{Confidence, Leak};
use crate::library::Library;
use crate::outline::{Function, Outline, Token, moved, same, tokens};
use crate::package::{GoVersion, Package};
use crate::source::{Place, Span};
use crate::syntax::ast::Decl;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// How many states of a directory are remembered: what was typed and taken back is found again.
pub(super) const STATES: usize = 4;

/// A state of a directory, and what was found in it.
#[derive(Debug)]
pub(super) struct Memory {
    ground: Ground,
    files: Vec<Seen>,
    judge: Arc<Judge>,
    packages: Vec<Told>,
}

/// What an analysis depends on besides the bytes of files.
#[derive(Debug, PartialEq)]
pub(super) struct Ground {
    min_confidence: Confidence,
    state_budget: u32,
    library: Arc<Library>,
    go: GoVersion,
    packages: Vec<Package>,
    /// For each file its path, whether it is reported in, and whether a rule speaks that changes the search.
    files: Vec<(Arc<str>, bool, bool)>,
}

/// A file, and what was looked at in it.
#[derive(Debug)]
struct Seen {
    bytes: Arc<[u8]>,
    outline: Arc<Outline>,
    /// Per function whether its body was left out at first, and whether nobody has read it later either.
    left_out: Vec<bool>,
    hidden: Vec<bool>,
    /// Whether there is nothing in it but comments.
    blank: bool,
}

/// What was found in a package.
#[derive(Debug)]
struct Told {
    leaks: Vec<Leak>,
    quotes: Vec<(Place, String)>,
    stats: Stats,
}

/// What is found again.
pub(super) struct Recalled {
    /// For each package what a search would find.
    pub(super) packages: Vec<Searched>,
    /// How many bytes a parser would be shown.
    pub(super) parsed: u64,
    /// For each file what cannot be read.
    pub(super) unreadable: Vec<Vec<Span>>,
}

/// Whether an analysis can be spared, or spare another one.
fn is_plain(dir: &Directory, options: &Options) -> bool {
    let asks = options.fixes || options.whole || options.why.is_some();
    options.cache.is_some() && !asks && !dir.files.iter().any(|f| may_request(f, options))
}

impl Ground {
    pub(super) fn of(dir: &Directory, options: &Options, packages: &[Package]) -> Self {
        let files = dir.files.iter().map(|file| {
            let strands = options.rules_in(file).is_on("stranding-exit");
            (file.path.clone(), file.report, strands)
        });
        Self {
            min_confidence: options.min_confidence,
            state_budget: options.state_budget,
            library: Arc::clone(&options.library),
            go: dir.go,
            packages: packages.to_vec(),
            files: files.collect(),
        }
    }
}

/// What an analysis of the directory would find, if that is known.
pub(super) fn recall(
    dir: &Directory,
    options: &Options,
    cache: &Cache,
    packages: &[Package],
) -> Option<Recalled> {
    if !is_plain(dir, options) {
        return None;
    }
    let ground = Ground::of(dir, options, packages);
    cache.remembered(|memory| {
        let known = memory.ground == ground;
        known.then(|| memory.tell(dir, cache)).flatten()
    })
}

/// Keeps what was found.
pub(super) fn remember(
    dir: &Directory,
    options: &Options,
    cache: &Cache,
    packages: &[Package],
    reading: &Reading,
    found: &[Searched],
) {
    let Some(judge) = &reading.judge else {
        return;
    };
    let sound = found.len() == packages.len() && found.iter().all(|found| found.complete);
    if !sound || !is_plain(dir, options) || options.stop.stopped() {
        return;
    }
    let read_later: FxHashSet<(usize, u32)> = found
        .iter()
        .flat_map(|found| &found.read_later)
        .map(|place| (place.file.index(), place.span.start))
        .collect();
    let mut files = Vec::new();
    for (index, (file, ast)) in dir.files.iter().zip(&reading.asts).enumerate() {
        let elided: FxHashSet<u32> = ast
            .decls
            .iter()
            .filter_map(|decl| match decl {
                Decl::Func(f) if f.elided.is_some() => Some(f.span.start),
                _ => None,
            })
            .collect();
        let outline = cache.outline(&file.path, &file.bytes);
        if !outline.sure {
            // More may have been looked at than when it is sure again.
            return;
        }
        let starts = outline.functions.iter().map(|f| f.span.start);
        let seen = Seen {
            bytes: Arc::clone(&file.bytes),
            left_out: starts.clone().map(|at| elided.contains(&at)).collect(),
            hidden: starts
                .map(|at| elided.contains(&at) && !read_later.contains(&(index, at)))
                .collect(),
            blank: parsed_bytes(file, ast) == 0,
            outline,
        };
        let hidden = seen.hidden(&seen.outline);
        if !ast.unreadable.iter().all(|at| hidden.contains(at)) {
            // Where a parser has to guess, white space may count.
            return;
        }
        files.push(seen);
    }
    let packages_told = found.iter().map(|found| Told {
        leaks: found.leaks.clone(),
        quotes: found.quotes.clone(),
        stats: found.stats.clone(),
    });
    cache.remember(Memory {
        ground: Ground::of(dir, options, packages),
        files,
        judge: Arc::clone(judge),
        packages: packages_told.collect(),
    });
}

/// Where the tokens of a changed file stood, and where they stand.
struct Shift {
    from: Vec<Token>,
    to: Vec<Token>,
}

impl Memory {
    /// What was found, as it stands in the files as they are now.
    fn tell(&self, dir: &Directory, cache: &Cache) -> Option<Recalled> {
        let mut shifts = Vec::with_capacity(self.files.len());
        let mut unreadable = Vec::with_capacity(self.files.len());
        let mut parsed = 0;
        for (seen, file) in self.files.iter().zip(&dir.files) {
            let outline = if same_text(&seen.bytes, &file.bytes) {
                shifts.push(None);
                Arc::clone(&seen.outline)
            } else {
                let outline = cache.outline(&file.path, &file.bytes);
                shifts.push(Some(self.shift(seen, &outline, &file.bytes)?));
                outline
            };
            parsed += seen.parsed(&outline, &file.bytes);
            // None of these was looked at.
            let broken = outline.functions.iter().filter(|f| f.broken);
            unreadable.push(broken.map(|function| function.body).collect());
        }
        let packages = self.packages.iter().map(|told| told.again(dir, &shifts));
        Some(Recalled {
            packages: packages.collect::<Option<_>>()?,
            parsed,
            unreadable,
        })
    }

    /// How the tokens of a file have moved, if nothing else has happened to what was looked at.
    fn shift(&self, seen: &Seen, outline: &Outline, bytes: &[u8]) -> Option<Shift> {
        let old = &seen.outline;
        if !outline.sure
            || (outline.blocks, outline.pipes) != (old.blocks, old.pipes)
            || outline.functions.len() != old.functions.len()
        {
            return None;
        }
        let functions = old.functions.iter().zip(&outline.functions);
        for ((before, now), hidden) in functions.zip(&seen.hidden) {
            let same_words = old.words_of(before) == outline.words_of(now);
            if (before.name, before.marked, before.stops) != (now.name, now.marked, now.stops)
                || now.broken && !hidden
                // What was read has other tokens.
                || !same_words && !hidden
                || is_empty(before) != is_empty(now)
                || !same_words && self.judge.of(old, before) != self.judge.of(outline, now)
            {
                return None;
            }
        }
        let shift = Shift {
            from: tokens(&seen.bytes, &seen.hidden(old)),
            to: tokens(bytes, &seen.hidden(outline)),
        };
        same((&seen.bytes, &shift.from), (bytes, &shift.to)).then_some(shift)
    }
}

/// Whether there is nothing that could be left out.
fn is_empty(function: &Function) -> bool {
    function.body.end - function.body.start <= 2
}

impl Seen {
    /// The bodies that nobody has read, in an outline of the same functions.
    fn hidden(&self, outline: &Outline) -> Vec<Span> {
        let functions = outline.functions.iter().zip(&self.hidden);
        let hidden = functions.filter(|(_, hidden)| **hidden);
        hidden.map(|(function, _)| function.body).collect()
    }

    fn parsed(&self, outline: &Outline, bytes: &[u8]) -> u64 {
        if self.blank {
            return 0;
        }
        let functions = outline.functions.iter().zip(&self.left_out);
        let left_out = functions.filter(|(_, left_out)| **left_out);
        let left_out = left_out.map(|(f, _)| u64::from(f.body.end - f.body.start));
        bytes.len() as u64 - left_out.sum::<u64>()
    }
}

impl Told {
    /// What was found, moved; `None` where something that was quoted reads differently.
    fn again(&self, dir: &Directory, shifts: &[Option<Shift>]) -> Option<Searched> {
        let now = |place: Place| match shifts.get(place.file.index()) {
            Some(Some(shift)) => {
                let moved = |at| moved(&shift.from, &shift.to, at);
                let (start, end) = (moved(place.span.start)?, moved(place.span.end)?);
                Some(Place {
                    span: Span { start, end },
                    ..place
                })
            }
            _ => Some(place),
        };
        for (place, quote) in &self.quotes {
            if shifts.get(place.file.index()).is_some_and(Option::is_some) {
                let Place { file, span } = now(*place)?;
                let bytes = &dir.files[file.index()].bytes;
                if bytes.get(span.start as usize..span.end as usize)? != quote.as_bytes() {
                    return None;
                }
            }
        }
        let mut leaks = self.leaks.clone();
        let mut all = true;
        for leak in &mut leaks {
            leak.places(&mut |place| match now(*place) {
                Some(now) => *place = now,
                None => all = false,
            });
        }
        all.then(|| Searched {
            leaks,
            complete: true,
            stats: self.stats.clone(),
            ..Searched::default()
        })
    }
}
