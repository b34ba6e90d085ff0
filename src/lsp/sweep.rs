//! The whole workspace, on request.
//!
//! In: `workspace/diagnostic`, or the command that looks at everything. Out: the diagnostics of all packages of all
//! folders, as an answer or pushed, with progress. Packages that were looked at stay looked after: what changes in them
//! later is shown too.

use super::packages::Haste;
use super::progress::begin;
use super::server::{News, Server};
use crate::examine;
use crate::walk::{Settings, walk};
use lsp_server::{ErrorCode, RequestId};
use lsp_types as lsp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The packages of the workspace, or why they could not be listed.
pub(super) type Listed = Result<BTreeSet<PathBuf>, String>;

/// The sweeps under way, and what is known of the tree.
#[derive(Debug, Default)]
pub(super) struct Sweeps {
    pub(super) under_way: Vec<Sweep>,
    listing: bool,
    /// Something was created or deleted while they are listed.
    list_again: bool,
    /// The packages of the workspace, while nothing was created or deleted since they were listed.
    listed: Option<BTreeSet<PathBuf>>,
    pub(super) next_token: u32,
}

#[derive(Debug)]
pub(super) struct Sweep {
    id: RequestId,
    /// What the client has; `None` for the command, which pushes.
    pub(super) previous: Option<BTreeMap<String, String>>,
    /// Under which parts of the answer are sent.
    pub(super) partial: Option<lsp::ProgressToken>,
    /// Under which progress is reported.
    pub(super) progress: Option<lsp::ProgressToken>,
    /// The same before the client has agreed to it.
    pub(super) asked: Option<lsp::ProgressToken>,
    /// Packages without a result yet; `None` before they are listed.
    left: Option<BTreeSet<PathBuf>>,
    all: BTreeSet<PathBuf>,
}

impl Sweeps {
    /// Something was created or deleted.
    pub(super) fn forget_listing(&mut self) {
        self.listed = None;
        self.list_again = self.listing;
    }
}

impl Server {
    /// Answers with the diagnostics of everything.
    pub(super) fn pull_workspace(&mut self, id: RequestId, params: lsp::WorkspaceDiagnosticParams) {
        let previous = params
            .previous_result_ids
            .into_iter()
            .map(|it| (it.uri.0, it.value));
        self.sweep(Sweep {
            id,
            previous: Some(previous.collect()),
            partial: params.partial_result_params.partial_result_token,
            progress: params.work_done_progress_params.work_done_token,
            asked: None,
            left: None,
            all: BTreeSet::new(),
        });
    }

    /// Pushes the diagnostics of everything.
    pub(super) fn check_workspace(&mut self, id: RequestId, token: Option<lsp::ProgressToken>) {
        let ask = token.is_none() && self.client.progress;
        let asked = ask.then(|| self.ask_for_progress());
        self.sweep(Sweep {
            id,
            previous: None,
            partial: None,
            progress: token,
            asked,
            left: None,
            all: BTreeSet::new(),
        });
    }

    fn sweep(&mut self, sweep: Sweep) {
        self.progress(&sweep, begin());
        self.sweeps.under_way.push(sweep);
        match self.sweeps.listed.clone().filter(|_| self.client.watches) {
            Some(listed) => self.listed(Ok(listed)),
            None => self.list(),
        }
    }

    /// Lists the packages of the workspace in a thread of its own.
    fn list(&mut self) {
        if std::mem::replace(&mut self.sweeps.listing, true) {
            return;
        }
        let projects = self.workspace.projects();
        let tell = self.tell.clone();
        self.pool.spawn(move || {
            let listed = examine::guard(|| packages(&projects)).unwrap_or_else(Err);
            // Nobody listens once the session is over.
            let _ = tell.send(News::Listed(listed));
        });
    }

    /// The packages are known: those without a result for their newest state are looked at.
    pub(super) fn listed(&mut self, listed: Listed) {
        self.sweeps.listing = false;
        if std::mem::take(&mut self.sweeps.list_again) {
            return self.list();
        }
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) => {
                self.outbox.error(&error);
                for sweep in std::mem::take(&mut self.sweeps.under_way) {
                    self.progress(&sweep, json!({"kind": "end"}));
                    self.outbox
                        .refuse(sweep.id, ErrorCode::RequestFailed, error.clone());
                }
                return;
            }
        };
        let now = Instant::now();
        // What nobody watches may have changed.
        let trusted = self.client.watches;
        let mut stale = BTreeSet::new();
        for folder in listed.iter().filter(|_| self.settings.enable) {
            let open = self.buffers.of(folder).next().is_some();
            let package = self.packages.of(folder);
            let known = package.current(false).is_some() && (package.kept || open);
            if !known || (!trusted && !open) {
                package.touch(Haste::Now, now);
                stale.insert(folder.clone());
            }
            package.kept = true;
        }
        for (folder, package) in self.packages.iter_mut() {
            if !listed.contains(folder) {
                package.kept = false;
            }
        }
        self.forget_unwanted();
        for sweep in &mut self.sweeps.under_way {
            if sweep.left.is_none() {
                sweep.left = Some(stale.clone());
                sweep.all.clone_from(&listed);
            }
        }
        self.sweeps.listed = Some(listed);
        let first_reports: Vec<(usize, Vec<PathBuf>)> = self
            .sweeps
            .under_way
            .iter()
            .enumerate()
            .filter(|(_, sweep)| sweep.partial.is_some())
            .map(|(index, sweep)| (index, sweep.all.difference(&stale).cloned().collect()))
            .collect();
        for (index, folders) in first_reports {
            self.partial_report(index, &folders);
        }
        self.end_sweeps();
    }

    /// A package has a result.
    pub(super) fn advance_sweeps(&mut self, folder: &Path) {
        let current = self
            .packages
            .get(folder)
            .is_none_or(|package| package.current(false).is_some());
        if !current {
            return;
        }
        for index in 0..self.sweeps.under_way.len() {
            let sweep = &mut self.sweeps.under_way[index];
            let Some(left) = sweep.left.as_mut().filter(|left| left.contains(folder)) else {
                continue;
            };
            left.remove(folder);
            let (all, done) = (sweep.all.len(), sweep.all.len() - left.len());
            let report = json!({"kind": "report", "message": format!("{done} of {all} packages"), "percentage": done * 100 / all.max(1)});
            self.progress(&self.sweeps.under_way[index], report);
            self.partial_report(index, &[folder.to_owned()]);
        }
        self.end_sweeps();
    }

    fn end_sweeps(&mut self) {
        let (ended, rest) = std::mem::take(&mut self.sweeps.under_way)
            .into_iter()
            .partition(|sweep: &Sweep| sweep.left.as_ref().is_some_and(BTreeSet::is_empty));
        self.sweeps.under_way = rest;
        let ended: Vec<Sweep> = ended;
        for sweep in ended {
            let packages = sweep.all.len();
            let findings: usize = sweep
                .all
                .iter()
                .filter_map(|folder| Some(self.packages.get(folder)?.last()?.findings.len()))
                .sum();
            let message = format!("{findings} findings in {packages} packages");
            self.progress(&sweep, json!({"kind": "end", "message": message}));
            if sweep.previous.is_none() {
                let answer = json!({"packages": packages, "findings": findings});
                self.outbox.answer(sweep.id, answer);
                continue;
            }
            // What was reported in parts is not reported again.
            let all = sweep.all.iter().filter(|_| sweep.partial.is_none());
            let items = all
                .flat_map(|folder| self.reports(&sweep, folder))
                .collect();
            self.outbox
                .answer(sweep.id.clone(), lsp::WorkspaceDiagnosticReport { items });
        }
    }

    /// Ends a sweep that nobody wants any more; whether there was one.
    pub(super) fn cancel_sweep(&mut self, id: &RequestId) -> bool {
        let Some(at) = self
            .sweeps
            .under_way
            .iter()
            .position(|sweep| sweep.id == *id)
        else {
            return false;
        };
        let sweep = self.sweeps.under_way.remove(at);
        self.progress(&sweep, json!({"kind": "end", "message": "canceled"}));
        for folder in sweep.left.unwrap_or_default() {
            if let Some(package) = self.packages.get_mut(&folder) {
                package.kept = false;
            }
        }
        self.forget_unwanted();
        true
    }

    /// The user pressed the button beside a progress.
    pub(super) fn cancel_progress(&mut self, token: &Value) {
        let shown = |sweep: &Sweep| {
            let shown = sweep
                .progress
                .as_ref()
                .and_then(|it| serde_json::to_value(it).ok());
            shown.as_ref() == Some(token)
        };
        let id = self
            .sweeps
            .under_way
            .iter()
            .find(|it| shown(it))
            .map(|it| it.id.clone());
        if let Some(id) = id {
            self.cancel(&id);
        }
    }
}

/// The folders of all packages of the projects.
fn packages(projects: &[(PathBuf, Vec<PathBuf>)]) -> Listed {
    let mut folders = BTreeSet::new();
    for (project, roots) in projects {
        let settings = Settings {
            current: project.clone(),
            this_module: false,
        };
        let patterns: Vec<PathBuf> = roots
            .iter()
            .filter(|root| root.is_dir())
            .map(|root| root.join("..."))
            .collect();
        let found = walk(&patterns, &settings).map_err(|error| error.0)?;
        folders.extend(
            found
                .directories
                .iter()
                .filter_map(|directory| Some(directory.files.first()?.path.parent()?.to_owned())),
        );
    }
    Ok(folders)
}
