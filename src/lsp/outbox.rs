//! Everything that is said to the client.
//!
//! In: answers, notifications and requests as values. Out: messages. A client that is gone is no error here: the server
//! learns it from the stream it reads.

use super::transport::Outgoing;
use crossbeam_channel::Sender;
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types as lsp;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a request of the server was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The settings.
    Settings,
    /// Whether progress may be reported under a token.
    Progress(lsp::ProgressToken),
    /// Anything whose answer changes nothing.
    Nothing,
}

/// The way to the client.
pub(super) struct Outbox {
    to_client: Sender<Outgoing>,
    asked: BTreeMap<RequestId, Asked>,
    next: i32,
}

impl Outbox {
    pub(super) fn new(to_client: Sender<Outgoing>) -> Self {
        Self {
            to_client,
            asked: BTreeMap::new(),
            next: 0,
        }
    }

    fn send(&self, message: impl Into<Message>) {
        let _ = self.to_client.send(Outgoing::Message(message.into()));
    }

    /// Answers a request.
    pub(super) fn answer(&self, id: RequestId, result: impl Serialize) {
        match serde_json::to_value(result) {
            Ok(value) => self.send(Response {
                id,
                response_result: Ok(value),
            }),
            Err(error) => self.refuse(id, ErrorCode::InternalError, error.to_string()),
        }
    }

    /// Answers a request with an error.
    pub(super) fn refuse(&self, id: RequestId, code: ErrorCode, message: impl Into<String>) {
        self.send(Response::new_err(id, code as i32, message.into()));
    }

    /// Answers something that is no request, with whatever it has for an id.
    pub(super) fn refuse_malformed(&self, id: Value, reason: String) {
        let _ = self.to_client.send(Outgoing::Refusal { id, reason });
    }

    /// Sends a notification.
    pub(super) fn notify<N: lsp::Notification>(&self, params: N::Params) {
        let method: String = N::METHOD.into();
        match serde_json::to_value(params) {
            Ok(params) => self.send(Notification { method, params }),
            Err(error) => self.error(&format!("{method} could not be sent: {error}")),
        }
    }

    /// Sends a request.
    pub(super) fn ask<R: lsp::Request>(&mut self, params: R::Params, about: Asked) {
        let id = RequestId::from(self.next);
        self.next = self.next.wrapping_add(1);
        self.asked.insert(id.clone(), about);
        let params = serde_json::to_value(params).unwrap_or_default();
        let method = R::METHOD.into();
        self.send(Request { id, method, params });
    }

    /// What the answer with this id is about; `None` for an answer to nothing.
    pub(super) fn answered(&mut self, id: &RequestId) -> Option<Asked> {
        self.asked.remove(id)
    }

    /// Writes to the log of the client.
    pub(super) fn log(&self, text: &str) {
        self.notify::<lsp::LogMessageNotification>(lsp::LogMessageParams {
            kind: lsp::MessageType::Info,
            message: text.to_owned(),
        });
    }

    /// Writes an error to the log of the client, and to stderr for clients that do not show one.
    pub(super) fn error(&self, text: &str) {
        eprintln!("goleash: {text}");
        self.notify::<lsp::LogMessageNotification>(lsp::LogMessageParams {
            kind: lsp::MessageType::Error,
            message: text.to_owned(),
        });
    }

    /// Shows a message to the user.
    pub(super) fn show(&self, kind: lsp::MessageType, text: &str) {
        self.notify::<lsp::ShowMessageNotification>(lsp::ShowMessageParams {
            kind,
            message: text.to_owned(),
        });
    }
}
