//! The analysis of many directories by several threads.
//!
//! In: the directories a walk found. Out: one report, the same for every number of threads.

use super::{Failure, STACK_BYTES, panic};
use crate::analyze::{Directory, InputFile, Options, Problem, Report};
use crate::merge::{keep_touching, merge};
use crate::package::{self, Header};
use crate::walk::{FoundDirectory, FoundFile};
use rayon::iter::{ParallelBridge, ParallelIterator};
use std::cmp::Reverse;
use std::fs;
use std::num::NonZeroUsize;

/// Larger files are refused: positions are 32 bits wide, and nobody writes such Go.
const LARGEST_FILE: u64 = 1 << 30;

/// What a run found, and what else the user should hear.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) report: Report,
    pub(super) notes: Vec<String>,
}

/// Reads and analyses every directory with `analyze`, biggest first so that no big one is left to the end.
pub(super) fn run(
    found: &[FoundDirectory],
    options: &Options,
    threads: Option<NonZeroUsize>,
    analyze: impl Fn(&Directory, &Options) -> Report + Sync,
) -> Result<Outcome, Failure> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.map_or(0, NonZeroUsize::get))
        .stack_size(STACK_BYTES)
        .build()
        .map_err(|error| {
            Failure(format!(
                "could not start worker threads: {error}; try a smaller --threads"
            ))
        })?;
    let mut order: Vec<&FoundDirectory> = found.iter().collect();
    order.sort_by_key(|directory| Reverse(directory.files.iter().map(|f| f.size).sum::<u64>()));
    let outcomes: Vec<Outcome> = pool.install(|| {
        order
            .into_iter()
            .par_bridge()
            .map(|directory| one(directory, options, &analyze))
            .collect()
    });
    let (reports, notes): (Vec<Report>, Vec<Vec<String>>) =
        outcomes.into_iter().map(|o| (o.report, o.notes)).unzip();
    let mut notes = notes.concat();
    notes.sort();
    Ok(Outcome {
        report: merge(reports),
        notes,
    })
}

fn one(
    found: &FoundDirectory,
    options: &Options,
    analyze: &impl Fn(&Directory, &Options) -> Report,
) -> Outcome {
    let mut problems = Vec::new();
    let mut notes = Vec::new();
    let mut files = Vec::new();
    for file in &found.files {
        match read(file) {
            Ok(bytes) => {
                let silent = why_silent(file, &package::header(&bytes), options);
                let named = found
                    .named
                    .as_ref()
                    .is_some_and(|n| n.contains(&file.display));
                if let (Some(reason), true) = (&silent, named) {
                    notes.push(format!("nothing is reported in {}: {reason}", file.display));
                }
                files.push(InputFile {
                    path: file.display.as_str().into(),
                    bytes: bytes.into(),
                    report: silent.is_none(),
                });
            }
            Err(message) => problems.push(problem(&file.display, message)),
        }
    }
    let directory = Directory {
        path: found.display.clone(),
        go: found.go,
        files,
    };
    let mut report = panic::guard(|| analyze(&directory, options)).unwrap_or_else(|message| {
        problems.push(problem(&found.display, message));
        Report::default()
    });
    report.problems.append(&mut problems);
    if let Some(named) = &found.named {
        keep_touching(&mut report, named);
    }
    // What the findings do not refer to is dropped here, so that a big tree is never in memory as a whole.
    Outcome {
        report: merge(vec![report]),
        notes,
    }
}

fn problem(path: &str, message: String) -> Problem {
    Problem {
        path: path.to_owned(),
        lines: None,
        message,
        fatal: true,
    }
}

fn read(file: &FoundFile) -> Result<Vec<u8>, String> {
    let too_large = |size| format!("is too large ({size} bytes); files up to 1 GiB are read");
    if file.size > LARGEST_FILE {
        return Err(too_large(file.size));
    }
    let bytes = fs::read(&file.path).map_err(|error| format!("could not be read: {error}"))?;
    let size = bytes.len() as u64;
    if size > LARGEST_FILE {
        return Err(too_large(size));
    }
    Ok(bytes)
}

/// Why findings in a file are not shown, if they are not.
fn why_silent(file: &FoundFile, header: &Header, options: &Options) -> Option<String> {
    let name = file.display.rsplit('/').next().unwrap_or_default();
    if package::is_excluded(name, header, &options.build) {
        let (os, arch) = (options.build.goos, options.build.goarch);
        return Some(format!("build constraints leave it out on {os}/{arch}"));
    }
    if header.generated && !options.generated {
        return Some("it is generated (--generated reports in it)".to_owned());
    }
    (package::is_test(name) && !options.tests).then(|| "it is a test".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gomod::NEWEST;
    use std::path::PathBuf;

    fn folder(display: &str, files: Vec<FoundFile>) -> FoundDirectory {
        FoundDirectory {
            display: display.to_owned(),
            go: NEWEST,
            files,
            named: None,
        }
    }

    fn gone(display: &str, size: u64) -> FoundFile {
        FoundFile {
            path: PathBuf::from("/nonexistent").join(display),
            display: display.to_owned(),
            size,
        }
    }

    #[test]
    fn a_panic_costs_one_directory_and_is_called_a_bug() {
        super::panic::remember();
        let found = ["a", "b", "c"].map(|name| folder(name, Vec::new()));
        let outcome = run(
            &found,
            &Options::default(),
            NonZeroUsize::new(2),
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

    #[test]
    fn files_that_are_gone_or_too_large_are_problems_of_their_own() {
        let files = vec![gone("gone.go", 1), gone("huge.go", LARGEST_FILE + 1)];
        let outcome = run(
            &[folder(".", files)],
            &Options::default(),
            None,
            |dir, _| {
                assert!(dir.files.is_empty());
                Report::default()
            },
        )
        .expect("threads start");
        let shown: Vec<String> = outcome
            .report
            .problems
            .iter()
            .map(|p| format!("{} {}", p.path, p.message))
            .collect();
        assert!(
            shown[0].starts_with("gone.go could not be read: "),
            "{shown:?}"
        );
        assert!(
            shown[1].starts_with("huge.go is too large (1073741825 bytes)"),
            "{shown:?}"
        );
    }
}
