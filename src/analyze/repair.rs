//! Repairs of a package's findings, each checked by an analysis of the package with the repair made.
//!
//! In: the findings, and the leaks they tell. Out: the findings with their [`Fix`]es. A repair that leaves its leak there,
//! makes a new one, or makes an operation panic is not offered. One whose preconditions do not hold, or whose analysis gave
//! up where the first one did not, is offered as unsafe. Only systems that reach the edited code are searched again.

use super::lost::every_byte;
use super::search::{Searched, System, Unit, search};
use super::{Directory, InputFile, Options};
use crate::finding::{Edit, Finding, Fix, FixWish, Safety};
use crate::fix::{Bench, Changes, Draft, drafts, is_hidden};
use crate::leak::{Confidence, Leak};
use crate::resolve::Package;
use crate::rules::classify;
use crate::source::{FileId, Place, SourceFile, Span};
use crate::syntax::ast::File;
use std::sync::Arc;

/// Searches of one package after the first, at most; repairs that would need more are not offered.
const CHECKS: usize = 512;

/// In a large package fewer, since each of them looks at all of it: this many bytes in all, but a few in any case.
const CHECKED_BYTES: usize = 128 << 20;

/// A few.
const FEWEST: usize = 16;

/// Those of them for one finding, so that many findings take time in proportion.
const CHECKS_EACH: usize = 8;

/// Repairs offered for one finding.
const OFFERS: usize = 3;

/// Reasons to give up that can make a leak invisible which is still there.
const BLIND: [&str; 7] = [
    "state-budget",
    "large-system",
    "many-goroutines",
    "unknown-capacity",
    "unknown-count",
    "unknown-key",
    "idle-loop",
];

/// Adds the repairs to the findings of a package.
pub(super) fn offer(
    package: Unit<'_>,
    found: &Searched,
    sources: &[SourceFile],
    findings: &mut [Finding],
) {
    let tables = Package::new(package.files());
    let bench = Bench::new(&tables, sources);
    // From one check to the next only what is edited changes.
    let options = Options {
        cache: Some(Arc::default()),
        ..package.options.clone()
    };
    let package = Unit {
        options: &options,
        ..package
    };
    let mut checker = Checker {
        package,
        found,
        bench: &bench,
        known: Vec::new(),
        left: 0,
    };
    let files = package.members.files.iter();
    let bytes: usize = files.map(|m| package.dir.files[m.file].bytes.len()).sum();
    let checks = (CHECKED_BYTES / bytes.max(1)).clamp(FEWEST, CHECKS);
    for finding in findings.iter_mut().filter(|f| f.suppressed.is_none()) {
        if package.options.stop.stopped() {
            // What was searched by halves proves nothing.
            return;
        }
        let wishes = wishes(finding, &found.leaks);
        checker.left = CHECKS_EACH.min(checks.saturating_sub(checker.known.len()));
        finding.fixes = fixes(finding.primary, &wishes, &bench, &mut checker);
    }
}

/// What the finding's rule asks for, extended to all runs that end at the same operation.
fn wishes(finding: &Finding, leaks: &[Leak]) -> Vec<FixWish> {
    let here: Vec<&Leak> = leaks
        .iter()
        .filter(|leak| leak.op.at == finding.primary)
        .collect();
    let is_told = |leak: &Leak| leak.witness.steps == finding.witness;
    let told = here.iter().find(|leak| is_told(leak));
    let Some((_, diagnosis)) = told.and_then(|leak| classify(leak)) else {
        return Vec::new();
    };
    let mut wishes = diagnosis.fixes;
    for leak in here.iter().filter(|leak| !is_told(leak)) {
        wishes.iter_mut().for_each(|wish| wish.also(leak));
    }
    wishes
}

fn fixes(
    target: Place,
    wishes: &[FixWish],
    bench: &Bench<'_>,
    checker: &mut Checker<'_>,
) -> Vec<Fix> {
    let mut fixes: Vec<Fix> = Vec::new();
    for wish in wishes {
        // Of several ways to grant one wish the first that works is enough.
        let granted = drafts(wish, bench).into_iter().find_map(|draft| {
            let proved = match checker.check(target, &draft.edits) {
                Verdict::Useless => return None,
                Verdict::Doubtful => false,
                Verdict::Gone => true,
            };
            Some(fix(draft, proved))
        });
        fixes.extend(granted.filter(|fix| fixes.iter().all(|f| f.edits != fix.edits)));
        if fixes.len() == OFFERS {
            break;
        }
    }
    // The safe ones first, otherwise in the rule's order.
    fixes.sort_by_key(|fix| fix.safety);
    fixes
}

fn fix(draft: Draft, proved: bool) -> Fix {
    Fix {
        title: draft.title,
        kind: draft.kind,
        safety: if draft.safe && proved {
            Safety::Safe
        } else {
            Safety::Unsafe
        },
        edits: draft.edits,
    }
}

/// What an analysis with a repair made says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The leak is still there, or there is a new one, or the result panics or is not Go.
    Useless,
    /// The leak is not seen any more, but the analysis saw less than before.
    Doubtful,
    /// The leak is gone, and no new one has come.
    Gone,
}

struct Checker<'c> {
    package: Unit<'c>,
    found: &'c Searched,
    bench: &'c Bench<'c>,
    /// Edits that were tried, with what came of them.
    known: Vec<(Vec<Edit>, Option<Searched>)>,
    /// How many more may be tried for the finding at hand.
    left: usize,
}

impl Checker<'_> {
    fn check(&mut self, target: Place, edits: &[Edit]) -> Verdict {
        if self.known.iter().all(|(tried, _)| tried != edits) {
            if self.left == 0 {
                return Verdict::Useless;
            }
            self.left -= 1;
            let outcome = self.search(edits);
            self.known.push((edits.to_vec(), outcome));
        }
        let outcome = self.known.iter().find(|(tried, _)| tried == edits);
        match outcome {
            Some((_, Some(after))) => self.judge(target, edits, after),
            _ => Verdict::Useless,
        }
    }

    fn judge(&self, target: Place, edits: &[Edit], after: &Searched) -> Verdict {
        let moved = |place: &Place| {
            let offset = Changes::of(edits, place.file)?.moved(place.span.start)?;
            Some((place.file, offset))
        };
        let start = |place: &Place| (place.file, place.span.start);
        // What was looked at again counts as it is now, everything else as it was.
        let searched = after.systems.iter().map(|s| &s.root);
        let again: Vec<_> = searched.chain(&after.quiet).map(start).collect();
        let is_again = |system: &System| moved(&system.root).is_some_and(|at| again.contains(&at));
        let (before, elsewhere): (Vec<&System>, Vec<&System>) =
            self.found.systems.iter().partition(|s| is_again(s));
        if elsewhere
            .iter()
            .any(|system| system.leaks.contains(&target))
        {
            return Verdict::Useless;
        }
        let panics = |systems: &[&System]| systems.iter().map(|s| s.panics).sum::<u32>();
        let now: Vec<&System> = after.systems.iter().collect();
        if panics(&now) > panics(&before) {
            // A program that dies leaves nobody behind, which is no repair.
            return Verdict::Useless;
        }
        let known: Vec<_> = self
            .found
            .leaks
            .iter()
            .filter_map(|l| moved(&l.op.at))
            .collect();
        let mut blind = now.iter().any(|system| system.gave_up)
            || BLIND
                .iter()
                .any(|reason| count(&now, reason) > count(&before, reason));
        for leak in &after.leaks {
            let at = start(&leak.op.at);
            if Some(at) == moved(&target) || !known.contains(&at) {
                if leak.confidence > Confidence::Low {
                    return Verdict::Useless;
                }
                blind = true;
            }
        }
        if blind {
            Verdict::Doubtful
        } else {
            Verdict::Gone
        }
    }

    /// Searches the systems that reach the edited code, with the edits made; `None` when what comes out cannot be read.
    fn search(&self, edits: &[Edit]) -> Option<Searched> {
        let mut dir: Directory = self.package.dir.clone();
        let mut edited: Vec<(usize, File)> = Vec::new();
        let mut focus: Vec<Place> = Vec::new();
        for (index, file) in dir.files.iter_mut().enumerate() {
            let id = FileId(index as u32);
            let changes = Changes::of(edits, id)?;
            if changes.is_empty() {
                continue;
            }
            let bytes = changes.apply(&file.bytes);
            let ast = every_byte(&bytes);
            if ast.unreadable.len() > self.package.asts[index].unreadable.len() {
                return None;
            }
            let added: Vec<Span> = changes.placed().collect();
            let source = SourceFile::new(file.path.clone(), bytes.clone());
            if is_hidden(self.bench, id, &ast, &source, &added) {
                return None;
            }
            focus.extend(added.into_iter().map(|span| Place {
                file: id,
                // An insertion may end where a function ends.
                span: Span {
                    end: span.start,
                    ..span
                },
            }));
            *file = InputFile {
                bytes: Arc::from(bytes),
                ..file.clone()
            };
            edited.push((index, ast));
        }
        let mut asts = self.package.asts.to_vec();
        for (index, ast) in &edited {
            asts[*index] = ast;
        }
        let package = Unit {
            dir: &dir,
            asts: &asts,
            ..self.package
        };
        Some(search(package, Some(&focus)))
    }
}

/// How often a reason to abstain was met.
fn count(systems: &[&System], reason: &str) -> u64 {
    systems
        .iter()
        .filter_map(|system| system.abstentions.get(reason))
        .sum()
}
