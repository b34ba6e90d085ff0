//! Code actions: the repairs of a finding, a comment that suppresses it, an explanation of its rule.
//!
//! In: a range, or the diagnostics a client names. Out: actions for the findings there. They edit what stands in the
//! editor now, so they are made from a result for exactly that; a request that comes while somebody types waits for it.

use super::check::{Checked, File};
use super::client::Client;
use super::diagnostic::{diagnostic, range};
use super::pull::Waiting;
use super::server::Server;
use super::{SOURCE, commands};
use crate::finding::{Edit, Finding, Fix, Safety};
use crate::rule::Rule;
use crate::rules::by_id;
use lsp_server::RequestId;
use lsp_types as lsp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// All safe repairs of a file at once; for editors that do that on save.
const FIX_ALL: lsp::CodeActionKind = lsp::CodeActionKind::new("source.fixAll.goleash");

/// The kinds that are offered.
pub(super) const KINDS: [lsp::CodeActionKind; 2] = [lsp::CodeActionKind::QuickFix, FIX_ALL];

/// The parameters of the request. Diagnostics stay unread: most of them are those of other servers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params {
    text_document: lsp::TextDocumentIdentifier,
    range: lsp::Range,
    #[serde(default)]
    context: Context,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Context {
    diagnostics: Vec<Value>,
    only: Option<Vec<String>>,
}

impl Params {
    /// Whether an action of this kind is asked for. What concerns a whole file is offered only by its kind, or it would
    /// stand in the menu wherever the cursor is.
    fn wants(&self, kind: &lsp::CodeActionKind) -> bool {
        let name: String = kind.clone().into();
        let covers = |wanted: &String| {
            let rest = name.strip_prefix(wanted.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        match &self.context.only {
            Some(only) => {
                only.iter().any(covers) || (*kind != FIX_ALL && only.iter().any(String::is_empty))
            }
            None => *kind != FIX_ALL,
        }
    }

    /// The fingerprints of the diagnostics that the client means.
    fn fingerprints(&self) -> impl Iterator<Item = &str> {
        let diagnostics = self.context.diagnostics.iter();
        diagnostics.filter_map(|it| it.pointer("/data/fingerprint")?.as_str())
    }

    fn names_ours(&self) -> bool {
        self.context
            .diagnostics
            .iter()
            .any(|it| it.get("source").is_some_and(|source| source == SOURCE))
    }

    /// Whether a finding is meant.
    fn means(&self, finding: &Finding, checked: &Checked, client: &Client) -> bool {
        let Some(file) = checked.file(finding.primary) else {
            return false;
        };
        let place = range(file, finding.primary, client.encoding);
        let touches = place.start <= self.range.end && self.range.start <= place.end;
        touches || self.fingerprints().any(|it| it == finding.fingerprint)
    }
}

impl Server {
    /// Answers with the actions, or has the request wait for a result to make them from.
    pub(super) fn offer_actions(&mut self, id: RequestId, params: Params) {
        let path = self.buffers.path(&params.text_document.uri.0);
        let wanted = KINDS.iter().any(|kind| params.wants(kind));
        let folder = path
            .as_ref()
            .and_then(|path| path.parent())
            .filter(|_| wanted);
        let (Some(path), Some(folder)) = (&path, folder) else {
            return self.outbox.answer(id, [(); 0]);
        };
        let nothing_there = |checked: &Arc<Checked>| {
            !params.wants(&FIX_ALL)
                && !params.names_ours()
                && !checked
                    .in_file(path)
                    .any(|finding| params.means(finding, checked, &self.client))
        };
        let Some(package) = self.packages.get(folder) else {
            return self.outbox.answer(id, [(); 0]);
        };
        if let Some(checked) = package.current(true) {
            let actions = self.actions(&params, path, checked);
            return self.outbox.answer(id, actions);
        }
        // Editors ask at every move of the cursor; most of the time there is nothing to wait for.
        if package.last().is_some_and(nothing_there) {
            return self.outbox.answer(id, [(); 0]);
        }
        let waiting = Waiting::Actions {
            id,
            path: path.clone(),
            params,
        };
        let folder = folder.to_owned();
        self.waiting.push(waiting);
        self.packages.of(&folder).hurry(Instant::now());
    }

    /// The actions for what `params` means.
    pub(super) fn actions(
        &self,
        params: &Params,
        path: &Path,
        checked: &Checked,
    ) -> Vec<lsp::CodeAction> {
        let mut actions = Vec::new();
        if params.wants(&lsp::CodeActionKind::QuickFix) {
            let meant = checked
                .in_file(path)
                .filter(|finding| params.means(finding, checked, &self.client));
            for finding in meant {
                actions.extend(self.fixes(finding, checked));
                actions.extend(self.suppression(finding, checked));
                actions.push(self.explanation(finding, checked));
            }
        }
        if params.wants(&FIX_ALL) {
            actions.extend(self.fix_all(path, checked));
        }
        actions
    }

    fn action(&self, title: String, finding: &Finding, checked: &Checked) -> lsp::CodeAction {
        let uri = |path: &Path| self.uri(path);
        let diagnostic = diagnostic(finding, checked, &self.client, &uri);
        lsp::CodeAction {
            title,
            kind: Some(lsp::CodeActionKind::QuickFix),
            diagnostics: diagnostic.map(|it| vec![it]),
            ..Default::default()
        }
    }

    /// The repairs; the best of them is preferred if it is safe.
    fn fixes(&self, finding: &Finding, checked: &Checked) -> Vec<lsp::CodeAction> {
        let action = |(index, fix): (usize, &Fix)| {
            let safe = fix.safety == Safety::Safe;
            let title = capitalized(&fix.title)
                + if safe {
                    ""
                } else {
                    " (look at it: it may change what the code does)"
                };
            Some(lsp::CodeAction {
                edit: Some(self.edit(fix.edits.iter(), checked)?),
                is_preferred: (safe && index == 0).then_some(true),
                ..self.action(title, finding, checked)
            })
        };
        finding
            .fixes
            .iter()
            .enumerate()
            .filter_map(action)
            .collect()
    }

    /// A comment in a line of its own above the operation.
    fn suppression(&self, finding: &Finding, checked: &Checked) -> Option<lsp::CodeAction> {
        if by_id(finding.rule).is_some_and(Rule::is_about_comments) {
            // No comment suppresses what is said about comments.
            return None;
        }
        let file = checked.file(finding.primary)?;
        let line = range(file, finding.primary, self.client.encoding)
            .start
            .line;
        let at = lsp::Position { line, character: 0 };
        let (indentation, end) = file.text.indentation(line);
        let comment = format!("{indentation}//goleash:ignore {} ", finding.rule);
        let range = lsp::Range { start: at, end: at };
        let edit = if self.client.snippets && self.client.document_changes {
            let escaped = comment
                .replace('\\', "\\\\")
                .replace('$', "\\$")
                .replace('}', "\\}");
            lsp::Edit::SnippetTextEdit(lsp::SnippetTextEdit {
                range,
                snippet: lsp::StringValue {
                    value: format!("{escaped}${{1:reason}}{end}"),
                },
                annotation_id: None,
            })
        } else {
            lsp::Edit::TextEdit(lsp::TextEdit {
                range,
                new_text: format!("{comment}TODO: say why{end}"),
            })
        };
        let title = format!("Suppress {} here, with a reason", finding.rule);
        Some(lsp::CodeAction {
            edit: Some(self.workspace_edit(vec![(file, vec![edit])])),
            ..self.action(title, finding, checked)
        })
    }

    fn explanation(&self, finding: &Finding, checked: &Checked) -> lsp::CodeAction {
        let title = format!("Explain {}", finding.rule);
        lsp::CodeAction {
            command: Some(lsp::Command {
                title: title.clone(),
                command: commands::EXPLAIN.to_owned(),
                arguments: Some(vec![json!(finding.rule)]),
                tooltip: None,
            }),
            ..self.action(title, finding, checked)
        }
    }

    /// The best safe repair of every finding in a file, as far as they do not get in each other's way.
    fn fix_all(&self, path: &Path, checked: &Checked) -> Option<lsp::CodeAction> {
        let mut edits: Vec<&Edit> = Vec::new();
        for finding in checked.in_file(path) {
            let Some(fix) = finding.fixes.iter().find(|fix| fix.safety == Safety::Safe) else {
                continue;
            };
            if fix
                .edits
                .iter()
                .all(|new| edits.iter().all(|old| apart(old, new)))
            {
                edits.extend(&fix.edits);
            }
        }
        if edits.is_empty() {
            return None;
        }
        Some(lsp::CodeAction {
            title: "Repair what can be repaired safely".to_owned(),
            kind: Some(FIX_ALL),
            edit: Some(self.edit(edits.into_iter(), checked)?),
            ..Default::default()
        })
    }

    /// Edits by places; `None` when one lies in no file.
    fn edit<'e>(
        &self,
        edits: impl Iterator<Item = &'e Edit>,
        checked: &Checked,
    ) -> Option<lsp::WorkspaceEdit> {
        let mut by_file: BTreeMap<usize, Vec<lsp::Edit>> = BTreeMap::new();
        for edit in edits {
            let file = checked.file(edit.at)?;
            let span = edit.at.span;
            let range =
                file.text
                    .range(span.start as usize, span.end as usize, self.client.encoding);
            by_file
                .entry(edit.at.file.index())
                .or_default()
                .push(lsp::Edit::TextEdit(lsp::TextEdit {
                    range,
                    new_text: edit.replacement.clone(),
                }));
        }
        let files = by_file
            .into_iter()
            .map(|(index, edits)| (&checked.files[index], edits));
        Some(self.workspace_edit(files.collect()))
    }

    fn workspace_edit(&self, files: Vec<(&File, Vec<lsp::Edit>)>) -> lsp::WorkspaceEdit {
        if !self.client.document_changes {
            let plain = |edit| match edit {
                lsp::Edit::TextEdit(edit) => Some(edit),
                _ => None,
            };
            let changes = files.into_iter().map(|(file, edits)| {
                let edits = edits.into_iter().filter_map(plain).collect();
                (lsp::Uri(self.uri(&file.path)), edits)
            });
            return lsp::WorkspaceEdit {
                changes: Some(changes.collect()),
                ..Default::default()
            };
        }
        let changes = files.into_iter().map(|(file, edits)| {
            lsp::DocumentChange::TextDocumentEdit(lsp::TextDocumentEdit {
                text_document: lsp::OptionalVersionedTextDocumentIdentifier {
                    version: file.version,
                    text_document_identifier: lsp::TextDocumentIdentifier {
                        uri: lsp::Uri(self.uri(&file.path)),
                    },
                },
                edits,
            })
        });
        lsp::WorkspaceEdit {
            document_changes: Some(changes.collect()),
            ..Default::default()
        }
    }
}

fn apart(a: &Edit, b: &Edit) -> bool {
    a.at.file != b.at.file || a.at.span.end < b.at.span.start || b.at.span.end < a.at.span.start
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
