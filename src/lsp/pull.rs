//! Diagnostics that the client asks for, and requests that wait for a run.
//!
//! In: a request. Out: its answer, as soon as there is a result for the newest state of the package.

use super::actions;
use super::check::Checked;
use super::packages::Haste;
use super::server::Server;
use lsp_server::{ErrorCode, RequestId};
use lsp_types as lsp;
use rustc_hash::FxHasher;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A request that waits for the result of a package.
#[derive(Debug)]
pub(super) enum Waiting {
    /// For the diagnostics of a file.
    Diagnostics {
        id: RequestId,
        path: PathBuf,
        previous: Option<String>,
    },
    /// For code actions.
    Actions {
        id: RequestId,
        path: PathBuf,
        params: actions::Params,
    },
}

impl Waiting {
    fn id(&self) -> &RequestId {
        match self {
            Self::Diagnostics { id, .. } | Self::Actions { id, .. } => id,
        }
    }

    /// The package it waits for.
    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::Diagnostics { path, .. } | Self::Actions { path, .. } => {
                path.parent().unwrap_or(path)
            }
        }
    }

    /// Whether it wants repairs.
    pub(super) fn fixes(&self) -> bool {
        matches!(self, Self::Actions { .. })
    }
}

impl Server {
    /// Answers with the diagnostics of a file, or has the request wait for them.
    pub(super) fn pull(&mut self, id: RequestId, params: lsp::DocumentDiagnosticParams) {
        let previous = params.previous_result_id;
        let path = self.buffers.path(&params.text_document.uri.0);
        let folder = path.as_ref().and_then(|path| path.parent());
        let served = |folder: &&Path| self.settings.enable && !self.workspace.is_foreign(folder);
        let (Some(path), Some(folder)) = (&path, folder.filter(served)) else {
            return self
                .outbox
                .answer(id, report(Vec::new(), previous.as_deref()));
        };
        let now = Instant::now();
        let known = self.packages.get(folder).is_some();
        let package = self.packages.of(folder);
        if !known {
            package.touch(Haste::Now, now);
        }
        package.hurry_unless_current(now);
        let folder = folder.to_owned();
        self.waiting.push(Waiting::Diagnostics {
            id,
            path: path.clone(),
            previous,
        });
        self.settle(&folder);
    }

    /// Answers the requests that waited for a package, as far as they can be answered now.
    pub(super) fn settle(&mut self, folder: &Path) {
        let (mine, others) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|it| it.folder() == folder);
        self.waiting = others;
        let mine: Vec<Waiting> = mine;
        for waiting in mine {
            let Some(package) = self.packages.get_mut(folder) else {
                // The package is gone: nothing is found in it.
                self.answer(waiting, &Checked::default());
                continue;
            };
            if let Some(checked) = package.current(waiting.fixes()).cloned() {
                self.answer(waiting, &checked);
            } else {
                package.hurry(Instant::now());
                self.waiting.push(waiting);
            }
        }
    }

    fn answer(&mut self, waiting: Waiting, checked: &Checked) {
        match waiting {
            Waiting::Diagnostics { id, path, previous } => {
                let diagnostics = self.diagnostics(checked, &path);
                self.outbox
                    .answer(id, report(diagnostics, previous.as_deref()));
            }
            Waiting::Actions { id, path, params } => {
                let actions = self.actions(&params, &path, checked);
                self.outbox.answer(id, actions);
            }
        }
    }

    /// The client does not want an answer any more.
    pub(super) fn cancel(&mut self, id: &RequestId) {
        let at = self.waiting.iter().position(|it| it.id() == id);
        if let Some(at) = at {
            self.waiting.remove(at);
            self.forget_unwanted();
        }
        if at.is_some() || self.cancel_sweep(id) {
            self.outbox.refuse(
                id.clone(),
                ErrorCode::RequestCanceled,
                "canceled by the client",
            );
        }
    }

    /// Tells a client that pulls that what it has may be out of date.
    pub(super) fn ask_to_pull_again(&mut self) {
        if self.client.pulls && self.client.refreshes {
            self.outbox
                .ask::<lsp::DiagnosticRefreshRequest>((), super::outbox::Asked::Nothing);
        }
    }
}

fn report(items: Vec<lsp::Diagnostic>, previous: Option<&str>) -> lsp::DocumentDiagnosticReport {
    let result_id = result_id(&items);
    if previous == Some(result_id.as_str()) {
        let unchanged = lsp::UnchangedDocumentDiagnosticReport { result_id };
        return lsp::RelatedUnchangedDocumentDiagnosticReport {
            related_documents: None,
            unchanged_document_diagnostic_report: unchanged,
        }
        .into();
    }
    lsp::RelatedFullDocumentDiagnosticReport {
        related_documents: None,
        full_document_diagnostic_report: lsp::FullDocumentDiagnosticReport {
            result_id: Some(result_id),
            items,
        },
    }
    .into()
}

/// A name for a list of diagnostics: the same for the same list.
pub(super) fn result_id(items: &[lsp::Diagnostic]) -> String {
    let mut hasher = FxHasher::default();
    for item in items {
        // Plain structs always serialise.
        hasher.write(serde_json::to_string(item).unwrap_or_default().as_bytes());
    }
    format!("{:016x}", hasher.finish())
}
