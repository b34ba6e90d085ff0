//! A whole session in memory, with an analysis that has defects.

use super::server;
use crate::analyze::{Directory, Options, Report};
use crate::examine;
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A client on the other end of two pipes.
struct Client {
    to_server: io::PipeWriter,
    from_server: BufReader<io::PipeReader>,
    server: JoinHandle<Result<bool, String>>,
}

impl Client {
    fn start(analyze: impl Fn(&Directory, &Options) -> Report + Send + Sync + 'static) -> Self {
        examine::remember_panics();
        let (input, to_server) = io::pipe().expect("a pipe");
        let (from_server, output) = io::pipe().expect("a pipe");
        let mut client = Self {
            to_server,
            from_server: BufReader::new(from_server),
            server: thread::spawn(move || server::run(input, output, Arc::new(analyze))),
        };
        client.tell("initialize", &json!({"capabilities": {}}), Some(1));
        client.until(|message| message["id"] == 1);
        client
    }

    fn tell(&mut self, method: &str, params: &Value, id: Option<i32>) {
        let mut message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        if let Some(id) = id {
            message["id"] = json!(id);
        }
        let text = message.to_string();
        write!(
            self.to_server,
            "Content-Length: {}\r\n\r\n{text}",
            text.len()
        )
        .expect("written");
    }

    fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut header = String::new();
            self.from_server.read_line(&mut header).expect("a header");
            let size = header.trim().rsplit(' ').next();
            let size: usize = size.and_then(|size| size.parse().ok()).expect("a length");
            self.from_server.read_line(&mut header).expect("a line end");
            let mut body = vec![0; size];
            self.from_server.read_exact(&mut body).expect("a body");
            let message: Value = serde_json::from_slice(&body).expect("JSON");
            if wanted(&message) {
                return message;
            }
        }
    }

    fn write(&mut self, name: &str, version: i32, text: &str) {
        let method = if version == 1 {
            "textDocument/didOpen"
        } else {
            "textDocument/didChange"
        };
        let uri = format!("file:///nowhere/at/all/{name}");
        let document = json!({"uri": uri, "languageId": "go", "version": version, "text": text});
        let params = json!({"textDocument": document, "contentChanges": [{"text": text}]});
        self.tell(method, &params, None);
    }

    fn shown(&mut self, name: &str, version: i32) -> Value {
        self.until(|message| {
            let params = &message["params"];
            message["method"] == "textDocument/publishDiagnostics"
                && params["version"] == version
                && params["uri"]
                    .as_str()
                    .is_some_and(|uri| uri.ends_with(name))
        })
    }

    fn leave(mut self) {
        self.tell("shutdown", &Value::Null, Some(99));
        self.until(|message| message["id"] == 99);
        self.tell("exit", &Value::Null, None);
        assert_eq!(self.server.join().expect("no panic"), Ok(true));
    }
}

#[test]
fn what_a_change_supersedes_is_stopped() {
    let mut client = Client::start(|directory, options| {
        // Would never end by itself.
        while holds(directory, "slow") && !options.stop.stopped() {
            thread::yield_now();
        }
        Report::default()
    });
    client.write("a.go", 1, "package m // slow");
    client.write("a.go", 2, "package m");
    client.shown("a.go", 2);
    client.leave();
}

#[test]
fn what_is_not_changed_is_not_read_again() {
    let caches = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&caches);
    let mut client = Client::start(move |_, options| {
        let cache = options.cache.as_ref().map(Arc::as_ptr);
        seen.lock()
            .expect("sound")
            .push(cache.map(|at| at as usize));
        Report::default()
    });
    for version in 1..=3 {
        client.write("a.go", version, "package m");
        client.shown("a.go", version);
    }
    client.leave();
    let caches = caches.lock().expect("sound");
    assert!(caches[0].is_some());
    assert_eq!(*caches, [caches[0]; 3], "one cache for all runs");
}

const LEAK: &str =
    "package p\n\nfunc f() {\n\tch := make(chan int)\n\tgo func() { ch <- 1 }()\n}\n";

#[test]
fn what_has_no_file_is_a_package_by_itself() {
    let mut client = Client::start(crate::analyze::directory);
    let open = |uri: &str, language: &str, text: &str| json!({"textDocument": {"uri": uri, "languageId": language, "version": 1, "text": text}});
    let shown = |client: &mut Client, uri: &str| {
        let of = |message: &Value| {
            let is_shown = message["method"] == "textDocument/publishDiagnostics";
            is_shown && message["params"]["uri"] == uri
        };
        client.until(of)["params"].clone()
    };
    let (one, two) = ("untitled:Untitled-1", "untitled:Untitled-2");
    client.tell("textDocument/didOpen", &open(one, "go", LEAK), None);
    let found = shown(&mut client, one);
    assert_eq!(found["diagnostics"].as_array().map(Vec::len), Some(1));
    assert!(!found.to_string().contains("file:"), "{found}");
    // Another one that declares the same is no part of it, and one that is no Go is nothing at all.
    client.tell(
        "textDocument/didOpen",
        &open("untitled:3", "python", LEAK),
        None,
    );
    client.tell(
        "textDocument/didOpen",
        &open(two, "go", "package p\n\nfunc f() {}\n"),
        None,
    );
    let found = shown(&mut client, two);
    assert_eq!(found["diagnostics"].as_array().map(Vec::len), Some(0));
    let document = json!({"textDocument": {"uri": one}});
    client.tell("textDocument/didClose", &document, None);
    let found = shown(&mut client, one);
    assert_eq!(found["diagnostics"].as_array().map(Vec::len), Some(0));
    client.leave();
}

fn holds(directory: &Directory, text: &str) -> bool {
    let holds = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(text);
    directory.files.iter().any(|file| holds(&file.bytes))
}

#[test]
fn a_defect_is_told_with_the_file_and_the_session_goes_on() {
    let mut client = Client::start(|directory, _| {
        assert!(!holds(directory, "poison"), "no poison please");
        Report::default()
    });
    client.write("fine.go", 1, "package m");
    client.shown("fine.go", 1);
    client.write("bad.go", 1, "package m // poison");
    let log = client.until(|message| message["method"] == "window/logMessage");
    assert_eq!(log["params"]["type"], 1);
    let text = log["params"]["message"].as_str().expect("a text");
    for part in [
        "no poison please",
        "bug in goleash",
        "/nowhere/at/all/bad.go",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("fine.go"), "{text}");
    client.shown("bad.go", 1);
    client.shown("fine.go", 1);
    // The same defect again is not told again: what comes next is what is shown.
    client.write("bad.go", 2, "package m // more poison");
    let next = client.until(|_| true);
    assert_eq!(next["method"], "textDocument/publishDiagnostics");
    client.write("bad.go", 3, "package m");
    client.shown("bad.go", 3);
    client.leave();
}

#[test]
fn a_run_that_was_overtaken_is_not_shown() {
    let (begun, is_begun) = crossbeam_channel::unbounded();
    let (go_on, may_go_on) = crossbeam_channel::unbounded::<()>();
    let mut client = Client::start(move |directory, _| {
        if holds(directory, "slow") {
            begun.send(()).expect("somebody waits");
            may_go_on.recv().expect("somebody lets it go on");
        }
        Report::default()
    });
    client.write("a.go", 1, "package m // slow");
    is_begun.recv().expect("a run");
    client.write("a.go", 2, "package m // quick");
    // The answer proves that the change has been taken in while the run was under way.
    client.tell("textDocument/hover", &json!({}), Some(5));
    client.until(|message| message["id"] == 5);
    go_on.send(()).expect("it waits");
    let shown = client.until(|message| message["method"] == "textDocument/publishDiagnostics");
    assert_eq!(shown["params"]["version"], 2);
    client.leave();
}
