//! Requests, handed to whoever answers them.

use super::outbox::Asked;
use super::server::Server;
use super::{actions, commands};
use lsp_server::{ErrorCode, Request, RequestId, Response};
use lsp_types::{self as lsp, MessageType};
use serde::de::DeserializeOwned;
use serde_json::Value;

impl Server {
    /// Answers a request, now or when what it needs is known.
    pub(super) fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        match method.as_str() {
            "textDocument/diagnostic" => self.read(id, params, Self::pull),
            "workspace/diagnostic" => self.read(id, params, Self::pull_workspace),
            "textDocument/codeAction" => self.read(id, params, Self::code_actions),
            "textDocument/hover" => self.read(id, params, Self::hover),
            "workspace/executeCommand" => self.read(id, params, Self::execute),
            _ => {
                let text = format!("goleash does not answer `{method}`");
                self.outbox.refuse(id, ErrorCode::MethodNotFound, text);
            }
        }
    }

    fn read<P: DeserializeOwned>(
        &mut self,
        id: RequestId,
        params: Value,
        handle: impl FnOnce(&mut Self, RequestId, P),
    ) {
        match serde_json::from_value(params) {
            Ok(params) => handle(self, id, params),
            Err(error) => self
                .outbox
                .refuse(id, ErrorCode::InvalidParams, error.to_string()),
        }
    }

    /// Takes the answer to a request of the server.
    pub(super) fn answered(&mut self, response: Response) {
        let about = self.outbox.answered(&response.id);
        match (about, response.response_result) {
            (Some(Asked::Settings), Ok(answer)) => {
                self.configure(answer.get(0).unwrap_or(&Value::Null));
            }
            (Some(Asked::Progress(token)), Ok(_)) => self.progress_allowed(token),
            (Some(_), Err(error)) => self
                .outbox
                .log(&format!("the client refused a request: {}", error.message)),
            _ => {}
        }
    }

    /// Answers where the explanation of a finding stands.
    fn hover(&mut self, id: RequestId, params: lsp::HoverParams) {
        let at = params.text_document_position_params;
        let path = self.buffers.path(&at.text_document.uri.0);
        let hover = path.and_then(|path| {
            let checked = self.packages.get(path.parent()?)?.last()?.clone();
            let uri = |path: &std::path::Path| self.uri(path);
            super::hover::hover(&checked, &path, at.position, &self.client, &uri)
        });
        self.outbox.answer(id, hover);
    }

    fn execute(&mut self, id: RequestId, params: lsp::ExecuteCommandParams) {
        let arguments = params.arguments.unwrap_or_default();
        match params.command.as_str() {
            commands::EXPLAIN => match commands::explanation(&arguments) {
                Ok(explanation) => {
                    self.show_explanation(&explanation);
                    self.outbox.answer(id, explanation);
                }
                Err(error) => self.outbox.refuse(id, ErrorCode::InvalidParams, error),
            },
            commands::CHECK_WORKSPACE => {
                let token = params.work_done_progress_params.work_done_token;
                self.check_workspace(id, token);
            }
            other => {
                let text = format!("goleash has no command `{other}`");
                self.outbox.refuse(id, ErrorCode::InvalidParams, text);
            }
        }
    }

    fn show_explanation(&mut self, explanation: &commands::Explanation) {
        if self.client.shows_documents {
            let params = lsp::ShowDocumentParams {
                uri: lsp::Uri(explanation.url.clone()),
                external: Some(true),
                take_focus: None,
                selection: None,
            };
            self.outbox
                .ask::<lsp::ShowDocumentRequest>(params, Asked::Nothing);
        } else {
            let text = format!(
                "{}: {}\n{}",
                explanation.rule, explanation.lead, explanation.url
            );
            self.outbox.show(MessageType::Info, &text);
        }
    }

    fn code_actions(&mut self, id: RequestId, params: actions::Params) {
        self.offer_actions(id, params);
    }
}
