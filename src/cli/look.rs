//! What `goleash check` and `goleash baseline` have in common: find files and what holds for them, analyse, tell of what
//! could not be read.

use super::args::CheckArgs;
use super::ledger::Looked;
use super::novelty::{self, Left, Narrowed};
use super::progress::{self, Progress};
use super::run::{self, Manner};
use super::settings::{self, Plan};
use super::stdin::{self, Overlay};
use super::timing::Clock;
use super::{Failure, check, output, words};
use crate::analyze::{self, Report};
use crate::examine::{self, Outcome};
use crate::stage::Stage;
use crate::walk::{FoundFile, Settings, Walk, slashed, walk};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What a run is going to look at.
pub(super) struct Sight {
    found: Walk,
    overlay: Option<Overlay>,
    plan: Plan,
    narrowed: Option<Narrowed>,
    clock: Option<Arc<Clock>>,
}

/// What a run has looked at and found.
pub(super) struct Seen {
    pub(super) found: Walk,
    pub(super) plan: Plan,
    pub(super) report: Report,
    silent: Vec<(String, String)>,
    narrowed: Option<Narrowed>,
    pub(super) clock: Option<Arc<Clock>>,
}

impl Sight {
    /// Finds what the arguments name.
    pub(super) fn new(args: &CheckArgs, show_suppressed: bool) -> Result<Self, Failure> {
        let clock = args.timing.then(Clock::start);
        let watched = Clock::watched(clock.as_ref());
        let _walking = watched.enter("", Stage::Walk);
        let current = std::env::current_dir()
            .map_err(|error| Failure(format!("could not find the current folder: {error}")))?;
        let walked = Settings {
            current,
            this_module: args.this_module,
        };
        let since = novelty::since(args, &walked.current)?;
        let (mut found, overlay) = find(args, &walked)?;
        let mut plan = settings::plan(
            args,
            show_suppressed,
            &walked.current,
            &found.directories,
            &watched,
        )?;
        // Not before: which configuration holds for a run does not depend on what has changed.
        let narrowed = since
            .map(|since| since.narrow(&mut found, &mut plan))
            .transpose()?;
        Ok(Self {
            found,
            overlay,
            plan,
            narrowed,
            clock,
        })
    }

    /// The file of accepted findings that arguments or configuration name.
    pub(super) fn baseline(&self, args: &CheckArgs) -> Option<PathBuf> {
        if args.no_baseline {
            return None;
        }
        args.baseline.clone().or_else(|| self.plan.baseline.clone())
    }

    /// Analyses what was found, and tells of what could not be read.
    pub(super) fn see(self, args: &CheckArgs) -> Result<Seen, Failure> {
        let Self {
            found,
            overlay,
            plan,
            narrowed,
            clock,
        } = self;
        for file in plan.files.iter().filter(|_| args.verbose) {
            output::line(&format!("configuration: {}", slashed(file)));
        }
        let read = |file: &FoundFile| match &overlay {
            Some(overlay) => overlay.read(file),
            None => examine::read(file),
        };
        let mut outcome = analyse(args, &plan.work(&found.directories), &read)?;
        let mut report = outcome.report;
        report.problems.extend(found.problems.iter().cloned());
        report.problems.sort();
        report.problems.dedup();
        let notes = found.notes.iter().chain(&plan.notes).chain(&outcome.notes);
        for note in notes {
            output::line(&format!("goleash: {note}"));
        }
        for problem in &report.problems {
            output::line(&check::problem_line(problem));
        }
        outcome.silent.extend(plan.left_out(&found.directories));
        Ok(Seen {
            found,
            plan,
            report,
            silent: outcome.silent,
            narrowed,
            clock,
        })
    }
}

impl Seen {
    /// What a baseline needs to know to call an entry stale.
    pub(super) fn looked(&self) -> Looked<'_> {
        Looked::new(&self.found, &self.plan, &self.silent, &self.report.problems)
    }

    /// Leaves only new findings, when only those are asked for; tells how much is left out.
    pub(super) fn retain_new(&mut self, args: &CheckArgs) -> Result<Option<Left>, Failure> {
        let mut report = std::mem::take(&mut self.report);
        let left = self.retain_new_in(&mut report, args);
        self.report = report;
        left
    }

    /// The same for another report of these directories.
    pub(super) fn retain_new_in(
        &self,
        report: &mut Report,
        args: &CheckArgs,
    ) -> Result<Option<Left>, Failure> {
        let narrowed = self.narrowed.as_ref();
        narrowed
            .map(|narrowed| narrowed.retain_new(report, &self.plan, args.threads))
            .transpose()
    }
}

/// The files to read, and the one whose text comes from stdin.
fn find(args: &CheckArgs, settings: &Settings) -> Result<(Walk, Option<Overlay>), Failure> {
    if let Some(file) = &args.stdin_filename {
        let (found, overlay) = stdin::overlay(file, settings)?;
        return Ok((found, Some(overlay)));
    }
    let asked: Option<[PathBuf; 1]> = args.why.as_ref().map(|asked| [asked.file.clone()]);
    let patterns = asked.as_ref().map_or(&*args.patterns, |file| file);
    let found = walk(patterns, settings).map_err(|error| {
        let meant = words::misspelt_command(&args.patterns)
            .map(|command| format!("; if you mean the command: `goleash {command}`"));
        Failure(error.0 + &meant.unwrap_or_default())
    })?;
    Ok((found, None))
}

/// Analyses what was found, and tells meanwhile how far it is.
pub(super) fn analyse(
    args: &CheckArgs,
    work: &[run::Work<'_>],
    read: &run::Read<'_>,
) -> Result<Outcome, Failure> {
    let progress = Progress::new(work.len(), args.quiet);
    let accounts = Mutex::new(BTreeMap::new());
    let manner = Manner {
        threads: args.threads,
        read,
        done: &|directory, outcome| {
            progress.step();
            if let (true, Ok(mut accounts)) = (args.verbose, accounts.lock()) {
                let account = progress::account(directory, outcome);
                accounts.insert(directory.display.clone(), account);
            }
        },
    };
    let outcome = run::run(work, &manner, analyze::directory);
    drop(progress);
    for account in accounts.into_inner().unwrap_or_default().values() {
        account.lines().for_each(output::line);
    }
    outcome
}
