//! How the client is kept informed while the whole workspace is looked at.
//!
//! In: a sweep, and packages that have a result. Out: progress, and the parts of its answer.

use super::outbox::Asked;
use super::pull::result_id;
use super::server::Server;
use super::sweep::Sweep;
use lsp_types as lsp;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

impl Server {
    /// Asks the client for a token of the server's own.
    pub(super) fn ask_for_progress(&mut self) -> lsp::ProgressToken {
        self.sweeps.next_token += 1;
        let token = lsp::ProgressToken::String(format!("goleash-{}", self.sweeps.next_token));
        let params = lsp::WorkDoneProgressCreateParams {
            token: token.clone(),
        };
        self.outbox
            .ask::<lsp::WorkDoneProgressCreateRequest>(params, Asked::Progress(token.clone()));
        token
    }

    /// The client has agreed to a token; the sweep it is for may have ended meanwhile.
    pub(super) fn progress_allowed(&mut self, token: lsp::ProgressToken) {
        let mut under_way = self.sweeps.under_way.iter_mut();
        if let Some(sweep) = under_way.find(|sweep| sweep.asked.as_ref() == Some(&token)) {
            sweep.asked = None;
            sweep.progress = Some(token.clone());
            self.send_progress(token, begin());
        }
    }

    /// Sends the part of the answer that is about some packages, to a client that takes parts.
    pub(super) fn partial_report(&self, index: usize, folders: &[PathBuf]) {
        let Some(sweep) = self.sweeps.under_way.get(index) else {
            return;
        };
        if let (Some(token), false) = (&sweep.partial, folders.is_empty()) {
            let items: Vec<_> = folders
                .iter()
                .flat_map(|folder| self.reports(sweep, folder))
                .collect();
            self.send_progress(token.clone(), json!({"items": items}));
        }
    }

    /// The reports of the files of a package.
    pub(super) fn reports(
        &self,
        sweep: &Sweep,
        folder: &Path,
    ) -> Vec<lsp::WorkspaceDocumentDiagnosticReport> {
        let Some(checked) = self.packages.get(folder).and_then(|package| package.last()) else {
            return Vec::new();
        };
        let report = |path: &PathBuf| {
            let items = self.diagnostics(checked, path);
            let (uri, result_id) = (self.uri(path), result_id(&items));
            let version = self.buffers.get(path).map(|buffer| buffer.version);
            let known = sweep
                .previous
                .as_ref()
                .and_then(|previous| previous.get(&uri));
            if known == Some(&result_id) {
                return lsp::WorkspaceUnchangedDocumentDiagnosticReport {
                    uri: lsp::Uri(uri),
                    version,
                    unchanged_document_diagnostic_report: lsp::UnchangedDocumentDiagnosticReport {
                        result_id,
                    },
                }
                .into();
            }
            lsp::WorkspaceFullDocumentDiagnosticReport {
                uri: lsp::Uri(uri),
                version,
                full_document_diagnostic_report: lsp::FullDocumentDiagnosticReport {
                    result_id: Some(result_id),
                    items,
                },
            }
            .into()
        };
        checked.all.iter().map(report).collect()
    }

    /// Reports progress, if anybody wants it.
    pub(super) fn progress(&self, sweep: &Sweep, value: Value) {
        if let Some(token) = &sweep.progress {
            self.send_progress(token.clone(), value);
        }
    }

    fn send_progress(&self, token: lsp::ProgressToken, value: Value) {
        self.outbox
            .notify::<lsp::ProgressNotification>(lsp::ProgressParams { token, value });
    }
}

/// The first report of a progress.
pub(super) fn begin() -> Value {
    json!({
        "kind": "begin",
        "title": "goleash",
        "message": "looking for leaks",
        "percentage": 0,
        "cancellable": true,
    })
}
