//! Notifications: what the client opens, changes, saves and closes, what changes on the disk, and settings.
//!
//! In: the notification. Out: the buffers as they are in the editor, and the packages that have to be looked at again.

use super::outbox::Asked;
use super::packages::Haste;
use super::server::Server;
use super::settings::{Run, SECTION, Settings};
use super::uri;
use crate::config;
use lsp_server::{Notification, RequestId};
use lsp_types as lsp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Files besides Go code that decide what is found.
const WATCHED: [&str; 6] = [
    "**/*.go",
    "**/go.mod",
    "**/go.work",
    "**/goleash.toml",
    "**/.goleash.toml",
    "**/goleash*.json",
];

impl Server {
    /// Takes in a notification; those the server has no use for are passed over, as the protocol allows.
    pub(super) fn notification(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            "initialized" => self.initialized(),
            "textDocument/didOpen" => self.noted(&method, params, Self::opened),
            "textDocument/didChange" => self.noted(&method, params, Self::changed),
            "textDocument/didSave" => self.noted(&method, params, Self::saved),
            "textDocument/didClose" => self.noted(&method, params, Self::closed),
            "workspace/didChangeWatchedFiles" => self.noted(&method, params, Self::files_changed),
            "workspace/didChangeWorkspaceFolders" => self.folders_changed(&params),
            "workspace/didChangeConfiguration" => self.settings_changed(&params),
            "window/workDoneProgress/cancel" => {
                self.cancel_progress(params.get("token").unwrap_or(&Value::Null));
            }
            "$/cancelRequest" => {
                if let Some(id) = params.get("id").and_then(request_id) {
                    self.cancel(&id);
                }
            }
            _ => {}
        }
    }

    fn noted<P: DeserializeOwned>(
        &mut self,
        method: &str,
        params: Value,
        handle: impl FnOnce(&mut Self, P),
    ) {
        match serde_json::from_value(params) {
            Ok(params) => handle(self, params),
            Err(error) => self
                .outbox
                .error(&format!("{method} could not be understood: {error}")),
        }
    }

    /// The client is ready to be asked things.
    fn initialized(&mut self) {
        let mut registrations = Vec::new();
        if self.client.watches {
            let watchers: Vec<Value> = WATCHED
                .iter()
                .map(|glob| json!({"globPattern": glob}))
                .collect();
            registrations.push(lsp::Registration {
                id: "goleash-files".to_owned(),
                method: "workspace/didChangeWatchedFiles".to_owned(),
                register_options: Some(json!({"watchers": watchers})),
            });
        }
        if self.client.configuration_changes {
            registrations.push(lsp::Registration {
                id: "goleash-settings".to_owned(),
                method: "workspace/didChangeConfiguration".to_owned(),
                register_options: Some(json!({"section": SECTION})),
            });
        }
        if !registrations.is_empty() {
            let params = lsp::RegistrationParams { registrations };
            self.outbox
                .ask::<lsp::RegistrationRequest>(params, Asked::Nothing);
        }
    }

    fn opened(&mut self, params: lsp::DidOpenTextDocumentParams) {
        let lsp::TextDocumentItem {
            uri,
            language_id,
            version,
            text,
        } = params.text_document;
        let language: String = language_id.into();
        if let Some(path) = self.buffers.open(&uri.0, &language, version, &text) {
            self.touch_file(&path, Haste::Now);
        }
    }

    fn changed(&mut self, params: lsp::DidChangeTextDocumentParams) {
        let document = params.text_document;
        let uri = document.text_document_identifier.uri.0;
        let changes = &params.content_changes;
        match self
            .buffers
            .change(&uri, document.version, changes, self.client.encoding)
        {
            Some(path) if self.settings.run == Run::OnType => self.touch_file(&path, Haste::Pause),
            Some(_) => {}
            None if uri::to_path(&uri).is_some() => {
                self.outbox
                    .log(&format!("{uri} was changed and is not open"));
            }
            None => {}
        }
    }

    fn saved(&mut self, params: lsp::DidSaveTextDocumentParams) {
        let uri = params.text_document.uri.0;
        let Some(path) = self.buffers.path(&uri) else {
            return;
        };
        if self.buffers.get(&path).is_some() {
            self.touch_file(&path, Haste::Now);
        }
        self.file_changed(&path);
    }

    fn closed(&mut self, params: lsp::DidCloseTextDocumentParams) {
        let uri = params.text_document.uri.0;
        if let Some(path) = self.buffers.close(&uri) {
            self.touch_file(&path, Haste::Now);
            // A client that pulls drops what it pulled; what is left of the package is pushed from now on.
            self.forget_unwanted();
        }
    }

    fn files_changed(&mut self, params: lsp::DidChangeWatchedFilesParams) {
        for change in params.changes {
            if let Some(path) = self.buffers.path(&change.uri.0) {
                if change.kind != lsp::FileChangeType::Changed {
                    self.sweeps.forget_listing();
                }
                self.file_changed(&path);
            }
        }
        self.ask_to_pull_again();
    }

    /// Something on the disk changed, or was created or deleted.
    fn file_changed(&mut self, path: &Path) {
        let decides = |name: &OsStr| {
            name == "go.mod"
                || name == "go.work"
                || config::NAMES.iter().any(|config| name == *config)
        };
        let is_baseline = || {
            self.packages
                .iter()
                .filter_map(|(_, package)| package.last()?.baseline.as_deref())
                .any(|baseline| baseline == path)
        };
        if path.file_name().is_some_and(decides) || is_baseline() {
            self.mistakes_told.clear();
            self.sweeps.forget_listing();
            self.touch_all();
        } else if is_go(path) {
            // What stands in a buffer hides the disk.
            if self.buffers.get(path).is_none() {
                self.touch_known(path);
            }
        } else {
            // A folder that went away takes its packages with it.
            let below: Vec<PathBuf> = self
                .packages
                .iter()
                .map(|(folder, _)| folder.clone())
                .filter(|folder| folder.starts_with(path))
                .collect();
            for folder in below {
                self.packages
                    .of(&folder)
                    .touch(Haste::Pause, Instant::now());
            }
        }
    }

    fn touch_known(&mut self, path: &Path) {
        if let Some(package) = path
            .parent()
            .and_then(|folder| self.packages.get_mut(folder))
        {
            package.changed.insert(path.to_owned());
            package.touch(Haste::Pause, Instant::now());
        }
    }

    /// A file that is or was open has to be looked at, with its package.
    fn touch_file(&mut self, path: &Path, haste: Haste) {
        let Some(folder) = path.parent().filter(|_| is_go(path)) else {
            return;
        };
        if !self.settings.enable || self.workspace.is_foreign(folder) {
            return;
        }
        let package = self.packages.of(folder);
        package.changed.insert(path.to_owned());
        package.touch(haste, Instant::now());
    }

    /// Everything has to be looked at again.
    pub(super) fn touch_all(&mut self) {
        let now = Instant::now();
        for (_, package) in self.packages.iter_mut() {
            package.touch(Haste::Now, now);
        }
        self.ask_to_pull_again();
    }

    fn folders_changed(&mut self, params: &Value) {
        let list = |key: &str| {
            let list = params
                .pointer(&format!("/event/{key}"))
                .and_then(Value::as_array);
            list.cloned().unwrap_or_default()
        };
        self.workspace.remove(&list("removed"));
        self.workspace.add(&list("added"));
        self.sweeps.forget_listing();
        self.touch_open();
    }

    /// The open files are looked at as if they had just been opened.
    fn touch_open(&mut self) {
        let folders: Vec<PathBuf> = self.buffers.folders().map(Path::to_owned).collect();
        for folder in folders {
            let open: Vec<PathBuf> = self
                .buffers
                .of(&folder)
                .map(|(path, _)| path.to_owned())
                .collect();
            for path in open {
                self.touch_file(&path, Haste::Now);
            }
        }
        self.touch_all();
    }

    fn settings_changed(&mut self, params: &Value) {
        if self.client.configuration {
            // Clients that can be asked send nothing of use.
            let item = lsp::ConfigurationItem {
                section: Some(SECTION.to_owned()),
                scope_uri: None,
            };
            let params = lsp::ConfigurationParams { items: vec![item] };
            self.outbox
                .ask::<lsp::ConfigurationRequest>(params, Asked::Settings);
        } else if let Some(settings) = params.get("settings") {
            self.configure(settings);
        }
    }

    /// Takes over new settings.
    pub(super) fn configure(&mut self, value: &Value) {
        match Settings::read(value) {
            Ok(settings) if settings == self.settings => {}
            Ok(settings) => {
                self.settings = settings;
                self.forget_unwanted();
                self.touch_open();
            }
            Err(error) => self.outbox.show(lsp::MessageType::Warning, &error),
        }
    }
}

fn is_go(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "go")
}

fn request_id(value: &Value) -> Option<RequestId> {
    serde_json::from_value(value.clone()).ok()
}
