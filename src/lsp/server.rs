//! The state of a session, and the loop that everything goes through.
//!
//! In: messages and the results of runs, one at a time. Out: whatever the parts of the server answer. A panic while one
//! message is handled costs that message.

use super::buffers::Buffers;
use super::check::{Analyze, Checked};
use super::client::{Client, initialize_result};
use super::outbox::Outbox;
use super::packages::{Packages, Ticket};
use super::pull::Waiting;
use super::settings::Settings;
use super::sweep::Sweeps;
use super::transport::{Incoming, Transport};
use super::workspace::Workspace;
use crate::examine::{self, STACK_BYTES};
use crossbeam_channel::{Receiver, Sender, at, never, select, unbounded};
use lsp_server::{ErrorCode, Message, RequestId};
use lsp_types::MessageType;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A run has ended.
pub(super) struct Ended {
    pub(super) folder: PathBuf,
    pub(super) ticket: Ticket,
    /// `None` when it was stopped.
    pub(super) result: Option<Result<Checked, String>>,
    pub(super) cost: Duration,
}

/// What worker threads tell.
pub(super) enum News {
    /// A run has ended.
    Ended(Ended),
    /// The packages of the workspace, or why they could not be listed.
    Listed(super::sweep::Listed),
}

/// How far the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Before `initialize`.
    New,
    /// In use.
    Serving,
    /// After `shutdown`.
    Leaving,
}

/// A session.
pub(super) struct Server {
    pub(super) client: Client,
    pub(super) outbox: Outbox,
    pub(super) settings: Settings,
    pub(super) workspace: Workspace,
    pub(super) buffers: Buffers,
    pub(super) packages: Packages,
    pub(super) waiting: Vec<Waiting>,
    pub(super) sweeps: Sweeps,
    pub(super) pool: rayon::ThreadPool,
    pub(super) analyze: Arc<Analyze>,
    pub(super) tell: Sender<News>,
    /// What was wrong with the files of projects, so that it is told once and not for every package.
    pub(super) mistakes_told: BTreeSet<String>,
    phase: Phase,
}

/// Serves `input` and `output`; `Ok(false)` when the client left without `shutdown`.
pub(super) fn run(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    analyze: Arc<Analyze>,
) -> Result<bool, String> {
    let pool = rayon::ThreadPoolBuilder::new()
        .stack_size(STACK_BYTES)
        .thread_name(|index| format!("goleash-{index}"))
        .build()
        .map_err(|error| format!("could not start worker threads: {error}"))?;
    let transport = Transport::start(input, output);
    let (tell, news) = unbounded();
    let mut server = Server {
        client: Client::read(&Value::Null),
        outbox: Outbox::new(transport.outgoing.clone()),
        settings: Settings::default(),
        workspace: Workspace::default(),
        buffers: Buffers::default(),
        packages: Packages::default(),
        waiting: Vec::new(),
        sweeps: Sweeps::default(),
        pool,
        analyze,
        tell,
        mistakes_told: BTreeSet::new(),
        phase: Phase::New,
    };
    server.serve(&transport.incoming, &news);
    let polite = server.phase == Phase::Leaving;
    server.stop_runs();
    drop(server);
    transport.finish();
    Ok(polite)
}

impl Server {
    fn serve(&mut self, incoming: &Receiver<Incoming>, news: &Receiver<News>) {
        loop {
            let due = self.packages.next_due().map_or_else(never, at);
            select! {
                recv(incoming) -> message => match message {
                    Ok(message) => if !self.take(message) { return },
                    Err(_) => return,
                },
                recv(news) -> news => if let Ok(news) = news { self.hear(news) },
                recv(due) -> _ => {}
            }
            // What has already come in is taken first: it may supersede the run that would start now.
            while let Ok(message) = incoming.try_recv() {
                if !self.take(message) {
                    return;
                }
            }
            self.start_runs(Instant::now());
        }
    }

    /// Takes in one message; `false` when it was the last.
    fn take(&mut self, incoming: Incoming) -> bool {
        let message = match incoming {
            Incoming::Message(message) => message,
            Incoming::Malformed { id, reason } => {
                self.outbox
                    .error(&format!("a message could not be read: {reason}"));
                if let Some(id) = id {
                    self.outbox.refuse_malformed(id, reason);
                }
                return true;
            }
        };
        if matches!(&message, Message::Notification(it) if it.method == "exit") {
            return false;
        }
        let (what, id) = match &message {
            Message::Request(request) => (request.method.clone(), Some(request.id.clone())),
            Message::Notification(notification) => (notification.method.clone(), None),
            Message::Response(_) => ("an answer".to_owned(), None),
        };
        if let Err(defect) = examine::guard(|| self.dispatch(message)) {
            self.outbox.error(&format!("{what}: {defect}"));
            if let Some(id) = id {
                self.outbox.refuse(id, ErrorCode::InternalError, defect);
            }
        }
        true
    }

    fn hear(&mut self, news: News) {
        let heard = examine::guard(|| match news {
            News::Ended(ended) => self.end_run(ended),
            News::Listed(listed) => self.listed(listed),
        });
        if let Err(defect) = heard {
            self.outbox.error(&defect);
        }
    }

    fn dispatch(&mut self, message: Message) {
        match message {
            Message::Request(request) => match (self.phase, request.method.as_str()) {
                (Phase::New, "initialize") => self.initialize(request.id, &request.params),
                (Phase::New, _) => {
                    let text = "the first request must be `initialize`";
                    self.outbox
                        .refuse(request.id, ErrorCode::ServerNotInitialized, text);
                }
                (Phase::Serving, "initialize") => {
                    let text = "`initialize` comes only once";
                    self.outbox
                        .refuse(request.id, ErrorCode::InvalidRequest, text);
                }
                (Phase::Serving, "shutdown") => {
                    self.phase = Phase::Leaving;
                    self.stop_runs();
                    self.outbox.answer(request.id, ());
                }
                (Phase::Serving, _) => self.request(request),
                (Phase::Leaving, _) => {
                    let text = "nothing comes after `shutdown` but `exit`";
                    self.outbox
                        .refuse(request.id, ErrorCode::InvalidRequest, text);
                }
            },
            Message::Notification(notification) if self.phase == Phase::Serving => {
                self.notification(notification);
            }
            // As the protocol wants: dropped.
            Message::Notification(_) => {}
            Message::Response(response) => self.answered(response),
        }
    }

    fn initialize(&mut self, id: RequestId, params: &Value) {
        self.client = Client::read(params);
        self.workspace = Workspace::read(params);
        let options = params.get("initializationOptions").unwrap_or(&Value::Null);
        match Settings::read(options) {
            Ok(settings) => self.settings = settings,
            Err(error) => self.outbox.show(MessageType::Warning, &error),
        }
        self.phase = Phase::Serving;
        let result = initialize_result(&self.client, self.settings.workspace_diagnostics);
        self.outbox.answer(id, result);
    }
}
