//! `goleash baseline create`, `update` and `prune`: the file of accepted findings, made and kept.
//!
//! A file is written in one step, and only after a run that could read everything: what could not be read would be missing
//! from it.

use super::args::CheckArgs;
use super::check;
use super::ledger::{Ledger, folder_of};
use super::look::{Seen, Sight};
use super::{Exit, Failure, output};
use crate::baseline::Baseline;
use crate::walk::slashed;
use std::path::{Path, PathBuf};

/// The file where nobody names one.
const DEFAULT: &str = "goleash-baseline.json";

/// Accepts all present findings in a new file.
pub(super) fn create(args: &CheckArgs) -> Result<Exit, Failure> {
    let sight = sight(args)?;
    let path = target(args, &sight);
    if path.symlink_metadata().is_ok() {
        return Err(Failure(format!(
            "`{}` exists already; `goleash baseline update` brings it up to date",
            slashed(&path)
        )));
    }
    output::check_target(&path)?;
    let Some(seen) = see(args, sight)? else {
        return Ok(Exit::NoFiles);
    };
    let folder = folder_of(&path)?;
    let looked = seen.looked();
    let baseline = Baseline::of(&seen.report, |file| looked.relative(file, &folder));
    output::to_file(&path, &baseline.render())?;
    let count = check::counted(baseline.entries.len() as u64, "finding");
    tell(args, &path, &format!("{count} accepted"));
    Ok(Exit::Clean)
}

/// Forgets findings that are gone; with `accept`, accepts all present ones.
pub(super) fn rewrite(args: &CheckArgs, accept: bool) -> Result<Exit, Failure> {
    let sight = sight(args)?;
    let path = target(args, &sight);
    let ledger = Ledger::read(&path)?;
    let Some(mut seen) = see(args, sight)? else {
        return Ok(Exit::NoFiles);
    };
    let used = ledger.baseline.mark(&mut seen.report.findings);
    let looked = seen.looked();
    let stale = ledger.stale(&used, &looked);
    let entries = ledger.baseline.entries.iter().zip(&used);
    // What this run did not look at stays as it is.
    let kept = entries.filter(|(entry, used)| !(stale.contains(entry) || accept && **used));
    let mut kept: Vec<_> = kept.map(|(entry, _)| entry.clone()).collect();
    if accept {
        let now = Baseline::of(&seen.report, |file| looked.relative(file, &ledger.folder));
        kept.extend(now.entries);
    }
    let baseline = Baseline::sorted(kept);
    let removed = stale.len();
    let added = (baseline.entries.len() + removed).saturating_sub(ledger.baseline.entries.len());
    if baseline == ledger.baseline {
        tell(args, &path, "up to date");
    } else {
        output::to_file(&path, &baseline.render())?;
        let count = check::counted(baseline.entries.len() as u64, "finding");
        tell(
            args,
            &path,
            &format!("{count} accepted ({added} added, {removed} removed)"),
        );
    }
    Ok(Exit::Clean)
}

/// What to look at; refuses options that would go unheard.
fn sight(args: &CheckArgs) -> Result<Sight, Failure> {
    let part = args.stdin_filename.is_some()
        || args.new_from_rev.is_some()
        || args.new_from_merge_base.is_some()
        || args.new_from_patch.is_some();
    if part || !args.format.is_empty() || args.output.is_some() {
        return Err(Failure(
            "`goleash baseline` reports nothing, and accepts all there is: it takes no --format, --output, \
             --stdin-filename and --new-from-…; name the file to write with --baseline"
                .to_owned(),
        ));
    }
    Sight::new(args, false)
}

/// The file to write.
fn target(args: &CheckArgs, sight: &Sight) -> PathBuf {
    sight.baseline(args).unwrap_or_else(|| DEFAULT.into())
}

/// All there is to accept, if there are Go files at all.
fn see(args: &CheckArgs, sight: Sight) -> Result<Option<Seen>, Failure> {
    let seen = sight.see(args)?;
    if let Some(named) = seen.found.directories.iter().find(|d| d.named.is_some()) {
        return Err(Failure(format!(
            "a baseline is made of whole packages; give folders, such as `{}`, and no files",
            named.display
        )));
    }
    if seen.report.problems.iter().any(|problem| problem.fatal) {
        return Err(Failure(
            "the baseline is left as it is, because not everything could be read".to_owned(),
        ));
    }
    Ok((!seen.found.directories.is_empty()).then_some(seen))
}

fn tell(args: &CheckArgs, path: &Path, what: &str) {
    if !args.quiet {
        output::line(&format!("{}: {what}", slashed(path)));
    }
}
