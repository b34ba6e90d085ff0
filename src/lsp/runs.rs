//! Runs: packages that are due are examined by worker threads, and what comes of it is shown.
//!
//! In: packages that are due, and runs that ended. Out: diagnostics, pushed to the client for every file of a package
//! that it does not ask for itself, and taken back where they are gone.

use super::check::{self, Checked, Input};
use super::diagnostic;
use super::packages::Package;
use super::server::{Ended, News, Server};
use crate::examine;
use lsp_types as lsp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

impl Server {
    /// Starts what is due. Packages that nobody has open wait until there is a thread for them.
    pub(super) fn start_runs(&mut self, now: Instant) {
        let threads = self.pool.current_num_threads();
        let mut running = self
            .packages
            .iter()
            .filter(|(_, package)| package.is_running())
            .count();
        let due: Vec<PathBuf> = self
            .packages
            .iter()
            .filter(|(_, package)| package.due().is_some_and(|due| due <= now))
            .map(|(folder, _)| folder.clone())
            .collect();
        let (first, later): (Vec<PathBuf>, Vec<PathBuf>) =
            due.into_iter().partition(|folder| self.is_urgent(folder));
        for folder in first {
            self.start_run(&folder);
            running += 1;
        }
        for folder in later {
            if running >= threads {
                // The end of a run comes back here.
                break;
            }
            self.start_run(&folder);
            running += 1;
        }
    }

    fn is_urgent(&self, folder: &Path) -> bool {
        self.buffers.of(folder).next().is_some()
            || self.waiting.iter().any(|it| it.folder() == folder)
    }

    fn start_run(&mut self, folder: &Path) {
        let fixes = self
            .waiting
            .iter()
            .any(|it| it.folder() == folder && it.fixes());
        let edited = self.buffers.of(folder).next().is_some();
        let package = self.packages.of(folder);
        let ticket = package.start(fixes);
        if edited {
            package.known.get_or_insert_default();
        } else {
            package.known = None;
        }
        let input = Input {
            folder: folder.to_owned(),
            project: self.workspace.project(folder),
            open: self
                .buffers
                .of(folder)
                .map(|(path, buffer)| (path.to_owned(), buffer.clone()))
                .collect(),
            settings: self.settings.clone(),
            fixes,
            known: package.known.clone(),
            stop: ticket.stop.clone(),
        };
        let (analyze, tell) = (Arc::clone(&self.analyze), self.tell.clone());
        self.pool.spawn(move || {
            let begun = Instant::now();
            // One that was stopped half way has nothing to say.
            let wanted = |result: &_| !ticket.stop.stopped() || Result::is_err(result);
            let result = (!ticket.stop.stopped())
                .then(|| examine::guard(|| check::check(&input, &*analyze)))
                .filter(wanted);
            let ended = Ended {
                folder: input.folder,
                result,
                cost: begun.elapsed(),
                ticket,
            };
            // Nobody listens once the session is over.
            let _ = tell.send(News::Ended(ended));
        });
    }

    /// Stops what is still running.
    pub(super) fn stop_runs(&mut self) {
        for (_, package) in self.packages.iter_mut() {
            package.stop();
        }
    }

    /// Takes in the result of a run.
    pub(super) fn end_run(&mut self, ended: Ended) {
        let Ended {
            folder,
            ticket,
            result,
            cost,
        } = ended;
        let result =
            result.map(|result| result.unwrap_or_else(|defect| Checked::failed(&folder, defect)));
        if let Some(checked) = &result {
            self.tell_problems(&folder, checked);
        }
        let Some(package) = self.packages.get_mut(&folder) else {
            return;
        };
        if package.finish(&ticket, result, cost) {
            self.publish(&folder);
        }
        self.settle(&folder);
        self.advance_sweeps(&folder);
        self.forget_unwanted();
    }

    /// Logs what went wrong, with the files that changed since it last went well. Only once while somebody types on.
    fn tell_problems(&mut self, folder: &Path, checked: &Checked) {
        for mistake in &checked.mistakes {
            let line = mistake
                .lines
                .map_or_else(String::new, |(line, _)| format!(":{line}"));
            let text = format!("{}{line}: {}", mistake.path, mistake.message);
            if self.mistakes_told.insert(text.clone()) {
                self.outbox.show(lsp::MessageType::Warning, &text);
            }
        }
        let fatal: Vec<String> = checked
            .problems
            .iter()
            .filter(|problem| problem.fatal)
            .map(|problem| format!("{}: {}", problem.path, problem.message))
            .collect();
        let Some(package) = self.packages.get_mut(folder) else {
            return;
        };
        if fatal.is_empty() {
            package.changed.clear();
            package.defect = None;
            return;
        }
        let text = fatal.join("\n");
        if package.defect.as_ref() == Some(&text) {
            return;
        }
        package.defect = Some(text.clone());
        let changed: Vec<String> = package
            .changed
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        self.outbox.error(&format!(
            "{text}\n(changed since it last went well: {})",
            changed.join(", ")
        ));
    }

    /// Shows the diagnostics of a package, and takes back those of files that have none any more.
    fn publish(&mut self, folder: &Path) {
        let Some(checked) = self.packages.get_mut(folder).and_then(Package::untold) else {
            return;
        };
        let mut wanted: BTreeMap<String, (Option<i32>, Vec<lsp::Diagnostic>)> = BTreeMap::new();
        let open = self.buffers.of(folder).map(|(path, _)| path);
        let files: BTreeSet<&Path> = checked
            .all
            .iter()
            .map(PathBuf::as_path)
            .chain(open)
            .collect();
        for path in files {
            let buffer = self.buffers.get(path);
            if buffer.is_some() && self.client.pulls {
                continue;
            }
            let diagnostics = self.diagnostics(&checked, path);
            if buffer.is_some() || !diagnostics.is_empty() {
                let version = buffer.map(|buffer| buffer.version);
                wanted.insert(self.uri(path), (version, diagnostics));
            }
        }
        let shown: BTreeSet<String> = wanted
            .iter()
            .filter(|(_, (_, diagnostics))| !diagnostics.is_empty())
            .map(|(uri, _)| uri.clone())
            .collect();
        let before = match self.packages.get_mut(folder) {
            Some(package) => std::mem::replace(&mut package.shown, shown),
            None => BTreeSet::new(),
        };
        for gone in before {
            wanted.entry(gone).or_default();
        }
        for (uri, (version, diagnostics)) in wanted {
            self.push(uri, version, diagnostics);
        }
    }

    fn push(&self, uri: String, version: Option<i32>, diagnostics: Vec<lsp::Diagnostic>) {
        let params = lsp::PublishDiagnosticsParams {
            uri: lsp::Uri(uri),
            version,
            diagnostics,
        };
        self.outbox
            .notify::<lsp::PublishDiagnosticsNotification>(params);
    }

    /// Forgets packages that nobody has open and nobody asked for, and takes back what was shown of them.
    pub(super) fn forget_unwanted(&mut self) {
        let unwanted: Vec<PathBuf> = self
            .packages
            .iter()
            .filter(|(folder, package)| {
                let wanted = package.kept || self.is_urgent(folder);
                !(wanted && self.settings.enable)
            })
            .map(|(folder, _)| folder.clone())
            .collect();
        for folder in unwanted {
            let Some(mut package) = self.packages.remove(&folder) else {
                continue;
            };
            package.stop();
            for uri in package.shown {
                self.push(uri, None, Vec::new());
            }
            self.settle(&folder);
        }
    }

    /// The diagnostics of one file.
    pub(super) fn diagnostics(&self, checked: &Checked, path: &Path) -> Vec<lsp::Diagnostic> {
        let uri = |path: &Path| self.uri(path);
        checked
            .in_file(path)
            .filter_map(|finding| diagnostic::diagnostic(finding, checked, &self.client, &uri))
            .collect()
    }

    /// The URI of a file, as the client spells it.
    pub(super) fn uri(&self, path: &Path) -> String {
        match self.buffers.get(path) {
            Some(buffer) => buffer.uri.clone(),
            None => self.workspace.uri(path),
        }
    }
}
