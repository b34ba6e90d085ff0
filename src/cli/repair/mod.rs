//! `--fix` and `--diff`: repairs made in memory, round by round, then written or shown.
//!
//! In: a report with repairs. Out: the report of what is left, and the files that change. Repairs that overlap wait for the
//! next round, in which the packages that have changed are analysed again. Nothing is written before all rounds are over,
//! and nothing at all when a file is not what it was when it was read.

mod diff;
mod vcs;
mod write;

use super::args::CheckArgs;
use super::check::counted;
use super::ledger::Ledger;
use super::look::{Seen, analyse};
use super::{Failure, output};
use crate::analyze::{Report, Stats};
use crate::examine;
use crate::finding::{Edit, Finding};
use crate::fix::{Changes, best, plan};
use crate::merge::merge;
use crate::source::FileId;
use crate::walk::{FoundDirectory, FoundFile};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Rounds of repairs; what is not reached then is left for the next run.
const ROUNDS: usize = 8;

/// A file that repairs change.
struct Change {
    path: PathBuf,
    before: Arc<[u8]>,
    after: Arc<[u8]>,
}

/// The files that change, by displayed path.
#[derive(Default)]
pub(super) struct Repaired {
    changes: BTreeMap<String, Change>,
    /// How many findings were repaired.
    count: usize,
}

impl Repaired {
    /// The bytes that a file is going to have.
    fn read(&self, file: &FoundFile) -> Option<Arc<[u8]>> {
        let change = self.changes.get(&file.display)?;
        Some(Arc::clone(&change.after))
    }
}

/// Makes the repairs that `args` ask for, in memory; `seen` becomes what would be seen then.
pub(super) fn repair(
    args: &CheckArgs,
    seen: &mut Seen,
    ledger: Option<&Ledger>,
) -> Result<Repaired, Failure> {
    let mut repaired = Repaired::default();
    for _ in 0..ROUNDS {
        leave_unnamed(&mut seen.report);
        let round = plan(&seen.report.findings, args.fixes.unsafe_fixes);
        if round.edits.is_empty() {
            break;
        }
        repaired.count += round.repaired;
        let mut touched = BTreeSet::new();
        for (index, file) in seen.report.files.iter().enumerate() {
            let Some(changes) = Changes::of(&round.edits, FileId(index as u32)) else {
                continue;
            };
            let Some(found) = found(&seen.found.directories, file.path()) else {
                continue;
            };
            if changes.is_empty() {
                continue;
            }
            touched.insert(found.0.display.clone());
            let after: Arc<[u8]> = changes.apply(file.bytes()).into();
            repaired
                .changes
                .entry(file.path().to_owned())
                .and_modify(|change| change.after = Arc::clone(&after))
                .or_insert_with(|| Change {
                    path: found.1.path.clone(),
                    before: file.bytes().into(),
                    after,
                });
        }
        again(args, seen, ledger, &touched, &repaired)?;
    }
    Ok(repaired)
}

/// Drops the repairs in files whose names are not text: what is displayed of them may be the same of several.
fn leave_unnamed(report: &mut Report) {
    let unnamed = |edit: &Edit| {
        let file = report.files.get(edit.at.file.index());
        file.is_none_or(|file| file.path().contains(char::REPLACEMENT_CHARACTER))
    };
    for finding in &mut report.findings {
        finding.fixes.retain(|fix| !fix.edits.iter().any(unnamed));
    }
}

/// The file with this displayed path, and its directory.
fn found<'w>(
    directories: &'w [FoundDirectory],
    display: &str,
) -> Option<(&'w FoundDirectory, &'w FoundFile)> {
    directories.iter().find_map(|directory| {
        let file = directory.files.iter().find(|f| f.display == display)?;
        Some((directory, file))
    })
}

/// Analyses the directories in `touched` again, with the repairs made.
fn again(
    args: &CheckArgs,
    seen: &mut Seen,
    ledger: Option<&Ledger>,
    touched: &BTreeSet<String>,
    repaired: &Repaired,
) -> Result<(), Failure> {
    let read = |file: &FoundFile| repaired.read(file).map_or_else(|| examine::read(file), Ok);
    let mut work = seen.plan.work(&seen.found.directories);
    work.retain(|work| touched.contains(&work.directory.display));
    let mut outcome = analyse(args, &work, &read)?;
    if let Some(ledger) = ledger {
        ledger.accept(&mut outcome.report.findings, args.show_suppressed);
    }
    seen.retain_new_in(&mut outcome.report, args)?;
    let stats = std::mem::take(&mut seen.report.stats);
    outcome.report.stats = Stats::default();
    let stays = |finding: &Finding| !touched.contains(&finding.package);
    seen.report.findings.retain(stays);
    let before = std::mem::take(&mut seen.report);
    seen.report = merge(vec![before, outcome.report]);
    seen.report.stats = stats;
    Ok(())
}

/// Writes the files, or shows what would be written.
pub(super) fn settle(repaired: &Repaired, args: &CheckArgs) -> Result<(), Failure> {
    if args.fixes.diff {
        let reader = if output::colored(args.color, false) {
            diff::Reader::Colors
        } else if output::terminal_width().is_some() {
            diff::Reader::Person
        } else {
            diff::Reader::Program
        };
        return output::bytes_to_stdout(&diff::unified(&repaired.changes, reader));
    }
    if !repaired.changes.is_empty() {
        write::check(&repaired.changes)?;
        if !args.fixes.allow_dirty {
            let paths: Vec<_> = repaired.changes.values().map(|c| &*c.path).collect();
            vcs::check_clean(&paths)?;
        }
        write::write(&repaired.changes)?;
    }
    Ok(())
}

/// What was done, and what could be done, in one line.
pub(super) fn summary(repaired: &Repaired, left: &Report, args: &CheckArgs) -> String {
    let verb = if args.fixes.diff {
        "would repair"
    } else {
        "repaired"
    };
    let mut text = match repaired.count {
        0 => format!("{verb} nothing"),
        count => format!(
            "{verb} {} in {}",
            counted(count as u64, "finding"),
            counted(repaired.changes.len() as u64, "file")
        ),
    };
    let open = left.findings.iter().filter(|f| f.suppressed.is_none());
    if args.fixes.diff {
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            ", {} left",
            counted(open.clone().count() as u64, "finding")
        );
    }
    let more = open.filter(|finding| !args.fixes.unsafe_fixes && best(finding, true).is_some());
    match more.count() {
        0 => {}
        1 => text += "; 1 more has a repair to look at: --unsafe-fixes makes it",
        count => {
            let _ = write!(
                text,
                "; {count} more have a repair to look at: --unsafe-fixes makes them"
            );
        }
    }
    text
}
