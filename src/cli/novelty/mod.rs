//! `--new-from-rev`, `--new-from-merge-base`, `--new-from-patch`: only what is new.
//!
//! A finding is new when it is not among those of its package as the package was. So the packages in which something has
//! changed are analysed twice, as they are and as they were, and the others not at all. Lines do not matter: what makes a
//! goroutine leak often is a line that is gone, and an old leak on a line that was touched is an old leak.

mod git;
mod patch;
mod raw;

use super::Failure;
use super::args::CheckArgs;
use super::run::{self, Manner, Work};
use super::settings::Plan;
use crate::analyze::{self, Options, Report};
use crate::baseline::Baseline;
use crate::examine;
use crate::finding::{BaselineState, Finding};
use crate::since::{Before, Changes};
use crate::walk::{FoundDirectory, Walk, slashed};
use git::Repository;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a run is compared with.
pub(super) struct Since {
    changes: Changes,
    /// Where changes are known of.
    root: PathBuf,
}

/// How much a comparison has left out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Left {
    /// Findings that were there before.
    pub(super) older: usize,
    /// Folders in which nothing has changed.
    pub(super) unchanged: usize,
}

/// What the options ask to be compared with, if they ask for it.
pub(super) fn since(args: &CheckArgs, current: &Path) -> Result<Option<Since>, Failure> {
    if let Some(file) = &args.new_from_patch {
        return patch::since(file, current).map(Some);
    }
    let (option, name) = match (&args.new_from_rev, &args.new_from_merge_base) {
        (Some(revision), _) => ("--new-from-rev", revision),
        (_, Some(branch)) => ("--new-from-merge-base", branch),
        _ => return Ok(None),
    };
    let repository = Repository::open(current, option)?;
    let mut commit = repository.commit(name)?;
    if args.new_from_merge_base.is_some() {
        commit = repository.merge_base(name, &commit)?;
    }
    Ok(Some(Since {
        changes: repository.changes(&commit)?,
        root: repository.root,
    }))
}

/// What is left of a run that looks at what has changed.
pub(super) struct Narrowed {
    /// The directories as they were, in the order in which they are looked at.
    before: Vec<Before>,
    /// How many others there are.
    unchanged: usize,
}

impl Since {
    /// Leaves in `found` and `plan` only the directories in which something has changed.
    pub(super) fn narrow(&self, found: &mut Walk, plan: &mut Plan) -> Result<Narrowed, Failure> {
        let mut before = Vec::new();
        let mut kept = Vec::new();
        for directory in &found.directories {
            self.covers(directory)?;
            let old = self.changes.before(directory);
            kept.push(old.is_some());
            before.extend(old);
        }
        let mut each = kept.iter();
        found.directories.retain(|_| each.next() == Some(&true));
        plan.retain(&kept);
        Ok(Narrowed {
            unchanged: kept.len() - before.len(),
            before,
        })
    }

    /// Refuses a directory of which nobody can say what has changed.
    fn covers(&self, directory: &FoundDirectory) -> Result<(), Failure> {
        let inside = |path: &Path| path.starts_with(&self.root);
        if directory
            .files
            .first()
            .is_none_or(|file| inside(&file.path))
        {
            return Ok(());
        }
        Err(Failure(format!(
            "`{}` is outside `{}`, so nobody knows what is new in it; run goleash there",
            directory.display,
            slashed(&self.root)
        )))
    }
}

impl Narrowed {
    /// Takes the findings out of `report` that were there before; tells how much is left out.
    pub(super) fn retain_new(
        &self,
        report: &mut Report,
        plan: &Plan,
        threads: Option<NonZeroUsize>,
    ) -> Result<Left, Failure> {
        let mut old = self.analysed(plan, threads)?;
        let findings = &mut report.findings;
        // A finding whose suppression is gone is new; one that is suppressed now may have been open.
        let is_open = |finding: &Finding| finding.suppressed.is_none();
        let open = Baseline::of(&old, str::to_owned);
        let older = keep_new(findings, &open, is_open);
        for finding in &mut old.findings {
            finding.suppressed = None;
        }
        let all = Baseline::of(&old, str::to_owned);
        keep_new(findings, &all, |finding| !is_open(finding));
        Ok(Left {
            older,
            unchanged: self.unchanged,
        })
    }

    /// What there is to find in the directories as they were, what is suppressed included.
    fn analysed(&self, plan: &Plan, threads: Option<NonZeroUsize>) -> Result<Report, Failure> {
        let contents: BTreeMap<&str, &Arc<[u8]>> = self
            .before
            .iter()
            .flat_map(|before| &before.contents)
            .map(|(display, bytes)| (display.as_str(), bytes))
            .collect();
        let directories: Vec<FoundDirectory> = self
            .before
            .iter()
            .map(|before| before.directory.clone())
            .collect();
        let work = plan.work(&directories);
        let options: Vec<Options> = work
            .iter()
            .map(|work| Options {
                show_suppressed: true,
                ..work.options.clone()
            })
            .collect();
        let work: Vec<Work<'_>> = work
            .iter()
            .zip(&options)
            .map(|(work, options)| Work { options, ..*work })
            .collect();
        let manner = Manner {
            threads,
            read: &|file| match contents.get(file.display.as_str()) {
                Some(bytes) => Ok(Arc::clone(bytes)),
                None => examine::read(file),
            },
            ..Manner::default()
        };
        // What could not be read then is no problem of now.
        let outcome = run::run(&work, &manner, analyze::directory)?;
        if options.iter().any(|options| options.stop.stopped()) {
            return Err(Failure(
                "the time that --time-limit gives was over before it was known what is new"
                    .to_owned(),
            ));
        }
        Ok(outcome.report)
    }
}

/// Of the findings that `concerns` picks leaves only new ones; returns how many are left out.
fn keep_new(
    findings: &mut Vec<Finding>,
    known: &Baseline,
    concerns: impl Fn(&Finding) -> bool,
) -> usize {
    let picked = findings.iter().filter(|finding| concerns(finding));
    let bare: Vec<Finding> = picked
        .map(|finding| Finding {
            suppressed: None,
            ..finding.clone()
        })
        .collect();
    let (states, _) = known.states(&bare);
    let mut states = states.into_iter();
    let all = findings.len();
    findings.retain(|finding| {
        !concerns(finding) || states.next().flatten() == Some(BaselineState::New)
    });
    all - findings.len()
}
