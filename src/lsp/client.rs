//! What the two sides can do.
//!
//! In: the parameters of `initialize`. Out: [`Client`], and what this server offers. Read leniently, field by field: a
//! client that says something odd about what does not concern goleash is served all the same.

use super::text::Encoding;
use lsp_types as lsp;
use serde_json::Value;

/// The commands a client may execute.
pub(super) const COMMANDS: [&str; 2] = [super::commands::EXPLAIN, super::commands::CHECK_WORKSPACE];

/// What the client can do.
#[derive(Clone, Debug)]
pub(super) struct Client {
    /// What columns count.
    pub(super) encoding: Encoding,
    /// It asks for diagnostics itself.
    pub(super) pulls: bool,
    /// It can be told to ask again.
    pub(super) refreshes: bool,
    /// It shows the other places of a diagnostic.
    pub(super) related: bool,
    /// It takes edits with versions.
    pub(super) document_changes: bool,
    /// It takes edits with placeholders.
    pub(super) snippets: bool,
    /// It knows code actions and not just commands.
    pub(super) actions: bool,
    /// It opens documents for the server.
    pub(super) shows_documents: bool,
    /// It shows the progress of what the server does by itself.
    pub(super) progress: bool,
    /// It can be asked for settings.
    pub(super) configuration: bool,
    /// It can be asked to tell of changed settings.
    pub(super) configuration_changes: bool,
    /// It can be asked to watch files.
    pub(super) watches: bool,
    /// It draws Markdown in hovers.
    pub(super) markdown: bool,
}

impl Client {
    /// Reads the parameters of `initialize`.
    pub(super) fn read(params: &Value) -> Self {
        let at = |path: &str| params.pointer(&format!("/capabilities/{path}"));
        let yes = |path: &str| at(path).and_then(Value::as_bool).unwrap_or(false);
        let holds = |path: &str, word: &str| {
            let list = at(path).and_then(Value::as_array);
            list.is_some_and(|list| list.iter().any(|value| value == word))
        };
        let pulls = at("textDocument/diagnostic").is_some_and(Value::is_object);
        Self {
            encoding: encoding(at("general/positionEncodings")),
            pulls,
            refreshes: yes("workspace/diagnostics/refreshSupport"),
            related: yes("textDocument/publishDiagnostics/relatedInformation")
                || yes("textDocument/diagnostic/relatedInformation"),
            document_changes: yes("workspace/workspaceEdit/documentChanges"),
            snippets: yes("workspace/workspaceEdit/snippetEditSupport"),
            actions: at("textDocument/codeAction/codeActionLiteralSupport").is_some(),
            shows_documents: yes("window/showDocument/support"),
            progress: yes("window/workDoneProgress"),
            configuration: yes("workspace/configuration"),
            configuration_changes: yes("workspace/didChangeConfiguration/dynamicRegistration"),
            watches: yes("workspace/didChangeWatchedFiles/dynamicRegistration"),
            markdown: holds("textDocument/hover/contentFormat", "markdown"),
        }
    }
}

/// UTF-8 where it is offered, because the files are; else what every client knows.
fn encoding(offered: Option<&Value>) -> Encoding {
    let offered: Vec<&str> = offered
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    if offered.contains(&"utf-8") {
        Encoding::Utf8
    } else if offered.contains(&"utf-32") && !offered.contains(&"utf-16") {
        Encoding::Utf32
    } else {
        Encoding::Utf16
    }
}

/// The answer to `initialize`.
pub(super) fn initialize_result(
    client: &Client,
    workspace_diagnostics: bool,
) -> lsp::InitializeResult {
    let sync = lsp::TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(lsp::TextDocumentSyncKind::Incremental),
        save: Some(lsp::Save::SaveOptions(lsp::SaveOptions {
            include_text: Some(false),
        })),
        ..Default::default()
    };
    let actions = lsp::CodeActionOptions {
        code_action_kinds: Some(super::actions::KINDS.to_vec()),
        ..Default::default()
    };
    let diagnostics = lsp::DiagnosticOptions {
        identifier: Some(super::SOURCE.to_owned()),
        inter_file_dependencies: true,
        workspace_diagnostics,
        work_done_progress_options: lsp::WorkDoneProgressOptions {
            work_done_progress: Some(true),
        },
    };
    let folders = lsp::WorkspaceFoldersServerCapabilities {
        supported: Some(true),
        change_notifications: Some(lsp::ChangeNotifications::Bool(true)),
    };
    let capabilities = lsp::ServerCapabilities {
        position_encoding: Some(match client.encoding {
            Encoding::Utf8 => lsp::PositionEncodingKind::UTF8,
            Encoding::Utf16 => lsp::PositionEncodingKind::UTF16,
            Encoding::Utf32 => lsp::PositionEncodingKind::UTF32,
        }),
        text_document_sync: Some(lsp::TextDocumentSync::Options(sync)),
        hover_provider: Some(lsp::HoverProvider::Bool(true)),
        code_action_provider: Some(if client.actions {
            lsp::CodeActionProvider::CodeActionOptions(actions)
        } else {
            lsp::CodeActionProvider::Bool(false)
        }),
        diagnostic_provider: Some(lsp::DiagnosticProvider::DiagnosticOptions(diagnostics)),
        execute_command_provider: Some(lsp::ExecuteCommandOptions {
            commands: COMMANDS.map(str::to_owned).to_vec(),
            ..Default::default()
        }),
        workspace: Some(lsp::WorkspaceOptions {
            workspace_folders: Some(folders),
            ..Default::default()
        }),
        ..Default::default()
    };
    lsp::InitializeResult {
        capabilities,
        server_info: Some(lsp::ServerInfo {
            name: super::SOURCE.to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn encoding_for(offered: &Value) -> Encoding {
        let general = json!({"positionEncodings": offered});
        Client::read(&json!({"capabilities": {"general": general}})).encoding
    }

    #[test]
    fn the_encoding_is_one_that_is_offered() {
        assert_eq!(encoding_for(&json!(["utf-16", "utf-8"])), Encoding::Utf8);
        assert_eq!(encoding_for(&json!(["utf-32", "utf-16"])), Encoding::Utf16);
        assert_eq!(encoding_for(&json!(["utf-32"])), Encoding::Utf32);
        assert_eq!(encoding_for(&json!(null)), Encoding::Utf16);
        assert_eq!(encoding_for(&json!("utf-8")), Encoding::Utf16);
    }

    #[test]
    fn oddities_of_a_client_do_not_matter() {
        for params in [
            json!(null),
            json!([]),
            json!({"capabilities": {"window": 7, "textDocument": []}}),
        ] {
            let client = Client::read(&params);
            assert!(!client.pulls && !client.progress && !client.markdown);
        }
    }
}
