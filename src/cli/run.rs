//! The analysis of many directories by several threads.
//!
//! In: directories, and for each the options that hold there. Out: one report, the same for every number of threads.

use super::Failure;
use crate::analyze::{Directory, Options, Report};
use crate::examine::{self, Outcome, STACK_BYTES};
use crate::merge::merge;
use crate::walk::{FoundDirectory, FoundFile};
use rayon::iter::{ParallelBridge, ParallelIterator};
use std::cmp::Reverse;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// The bytes of a file, or why there are none.
pub(super) type Read<'a> = dyn Fn(&FoundFile) -> Result<Arc<[u8]>, String> + Sync + 'a;

/// A folder to analyse, and how.
pub(super) struct Work<'a> {
    pub(super) directory: &'a FoundDirectory,
    pub(super) options: &'a Options,
}

/// How the directories are gone through.
pub(super) struct Manner<'a> {
    /// Number of threads; one per processor without.
    pub(super) threads: Option<NonZeroUsize>,
    /// Where the bytes of a file come from.
    pub(super) read: &'a Read<'a>,
    /// Told of every directory that is done, in no particular order.
    pub(super) done: &'a (dyn Fn(&FoundDirectory, &Outcome) + Sync),
}

impl Default for Manner<'_> {
    fn default() -> Self {
        Self {
            threads: None,
            read: &examine::read,
            done: &|_, _| (),
        }
    }
}

/// Reads and analyses every directory with `analyze`, biggest first so that no big one is left to the end.
pub(super) fn run(
    work: &[Work<'_>],
    manner: &Manner<'_>,
    analyze: impl Fn(&Directory, &Options) -> Report + Sync,
) -> Result<Outcome, Failure> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(manner.threads.map_or(0, NonZeroUsize::get))
        .stack_size(STACK_BYTES)
        .build()
        .map_err(|error| {
            Failure(format!(
                "could not start worker threads: {error}; try a smaller --threads"
            ))
        })?;
    let mut order: Vec<&Work<'_>> = work.iter().collect();
    order.sort_by_key(|work| Reverse(work.directory.files.iter().map(|f| f.size).sum::<u64>()));
    let outcomes: Vec<Outcome> = pool.install(|| {
        order
            .into_iter()
            .par_bridge()
            .map(|Work { directory, options }| {
                let outcome = examine::directory(directory, options, manner.read, &analyze);
                (manner.done)(directory, &outcome);
                outcome
            })
            .collect()
    });
    let mut reports = Vec::with_capacity(outcomes.len());
    let (mut notes, mut silent) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        reports.push(outcome.report);
        notes.extend(outcome.notes);
        silent.extend(outcome.silent);
    }
    notes.sort();
    silent.sort();
    Ok(Outcome {
        report: merge(reports),
        notes,
        silent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gomod::NEWEST;

    fn folder(display: &str) -> FoundDirectory {
        FoundDirectory {
            display: display.to_owned(),
            import_path: display.to_owned(),
            module: None,
            go: NEWEST,
            files: Vec::new(),
            named: None,
        }
    }

    #[test]
    fn a_panic_costs_one_directory_and_is_called_a_bug() {
        crate::examine::remember_panics();
        let found = ["a", "b", "c"].map(folder);
        let options = &Options::default();
        let work = found
            .each_ref()
            .map(|directory| Work { directory, options });
        let outcome = run(
            &work,
            &Manner {
                threads: NonZeroUsize::new(2),
                ..Manner::default()
            },
            |dir, _| {
                assert_ne!(dir.path, "b", "no b please");
                let mut report = Report::default();
                report.stats.packages = 1;
                report
            },
        )
        .expect("threads start");
        assert_eq!(outcome.report.stats.packages, 2);
        let [problem] = outcome.report.problems.as_slice() else {
            panic!("one problem: {:?}", outcome.report.problems);
        };
        assert!(problem.fatal);
        assert_eq!(problem.path, "b");
        assert!(
            problem.message.contains("no b please"),
            "{}",
            problem.message
        );
        assert!(
            problem.message.contains("bug in goleash"),
            "{}",
            problem.message
        );
    }
}
