//! What is known of each package, and when it is looked at again.
//!
//! In: what changed and when, and what examinations bring. Out: which package is due. Every change gives a package a new
//! generation; what was found in an older one is not shown any more. Reads no clock: the time is handed in.

use super::check::{Checked, Known};
use crate::stop::Stop;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest pause in typing that is waited for.
const LONGEST_PAUSE: Duration = Duration::from_millis(300);

/// A package that is looked at within this time is looked at after every change, at once. What a change supersedes is
/// stopped, so this keeps one processor busy at most, and only while somebody types.
const AT_ONCE: Duration = Duration::from_millis(60);

/// How soon a package is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Haste {
    /// Somebody waits.
    Now,
    /// Somebody types: at once where that is quick, else after a pause as long as the last look took, so that a slow
    /// package does not keep the machine busy with what nobody will read.
    Pause,
}

/// A package.
#[derive(Debug, Default)]
pub(super) struct Package {
    generation: u64,
    due: Option<Instant>,
    running: Option<Stop>,
    done: Option<Done>,
    told: u64,
    cost: Duration,
    /// What runs have read, while files of it are open.
    pub(super) known: Option<Known>,
    /// The files that changed since it was last examined without a defect.
    pub(super) changed: BTreeSet<PathBuf>,
    /// It is looked at although no file of it is open: the workspace was asked for.
    pub(super) kept: bool,
    /// The URIs for which the client was sent something that it shows.
    pub(super) shown: BTreeSet<String>,
    /// The last defect that was told, so that typing on does not tell it again and again.
    pub(super) defect: Option<String>,
}

#[derive(Debug)]
struct Done {
    generation: u64,
    fixes: bool,
    checked: Arc<Checked>,
}

/// A run that was begun.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    /// The state of the package that it looks at.
    pub(super) generation: u64,
    /// Whether repairs are made too.
    pub(super) fixes: bool,
    /// Set when nobody wants the result any more.
    pub(super) stop: Stop,
}

impl Package {
    /// Something it depends on changed.
    pub(super) fn touch(&mut self, haste: Haste, now: Instant) {
        self.generation += 1;
        self.stop();
        self.due = Some(match haste {
            Haste::Now => now,
            Haste::Pause if self.cost <= AT_ONCE => now,
            Haste::Pause => now + self.cost.min(LONGEST_PAUSE),
        });
    }

    /// Somebody waits for the result.
    pub(super) fn hurry(&mut self, now: Instant) {
        if self.running.is_none() || self.due.is_some() {
            self.due = Some(now);
        }
    }

    /// Somebody waits, unless there is nothing to wait for.
    pub(super) fn hurry_unless_current(&mut self, now: Instant) {
        if self.current(false).is_none() {
            self.hurry(now);
        }
    }

    /// When it is to be looked at; `None` while it is, or when there is no reason to.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| self.running.is_none())
    }

    /// Begins a run.
    pub(super) fn start(&mut self, fixes: bool) -> Ticket {
        let stop = Stop::default();
        self.due = None;
        self.running = Some(stop.clone());
        Ticket {
            generation: self.generation,
            fixes,
            stop,
        }
    }

    /// Ends a run; says whether its result is news.
    pub(super) fn finish(
        &mut self,
        ticket: &Ticket,
        result: Option<Checked>,
        cost: Duration,
    ) -> bool {
        self.running = None;
        if ticket.generation != self.generation {
            return false;
        }
        if !ticket.fixes {
            self.cost = cost;
        }
        if let Some(checked) = result {
            self.done = Some(Done {
                generation: ticket.generation,
                fixes: ticket.fixes,
                checked: Arc::new(checked),
            });
        }
        true
    }

    /// Stops the run that is under way.
    pub(super) fn stop(&mut self) {
        if let Some(stop) = &self.running {
            stop.stop();
        }
    }

    /// The result that the client has not been told yet.
    pub(super) fn untold(&mut self) -> Option<Arc<Checked>> {
        let done = self
            .done
            .as_ref()
            .filter(|done| done.generation != self.told)?;
        self.told = done.generation;
        Some(Arc::clone(&done.checked))
    }

    /// Whether a run is under way.
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The result for the newest state, with repairs if they are asked for.
    pub(super) fn current(&self, fixes: bool) -> Option<&Arc<Checked>> {
        self.done
            .as_ref()
            .filter(|done| done.generation == self.generation && (done.fixes || !fixes))
            .map(|done| &done.checked)
    }

    /// The last result, whatever changed since.
    pub(super) fn last(&self) -> Option<&Arc<Checked>> {
        self.done.as_ref().map(|done| &done.checked)
    }
}

/// All packages, by the path of their folder.
#[derive(Debug, Default)]
pub(super) struct Packages {
    by_folder: BTreeMap<PathBuf, Package>,
}

impl Packages {
    pub(super) fn get(&self, folder: &Path) -> Option<&Package> {
        self.by_folder.get(folder)
    }

    pub(super) fn get_mut(&mut self, folder: &Path) -> Option<&mut Package> {
        self.by_folder.get_mut(folder)
    }

    /// The package of a folder, new if it was not known.
    pub(super) fn of(&mut self, folder: &Path) -> &mut Package {
        self.by_folder.entry(folder.to_owned()).or_default()
    }

    pub(super) fn remove(&mut self, folder: &Path) -> Option<Package> {
        self.by_folder.remove(folder)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&PathBuf, &Package)> {
        self.by_folder.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&PathBuf, &mut Package)> {
        self.by_folder.iter_mut()
    }

    /// When the next package is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.by_folder.values().filter_map(Package::due).min()
    }
}
