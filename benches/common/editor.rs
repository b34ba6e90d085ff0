//! An editor as small as can be: one file open, typed into at one place at a time, over the streams of a real server.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The processor time that a process, a number or `self`, has taken; `None` where there is no `/proc`.
pub(crate) fn busy(process: &str) -> Option<Duration> {
    // Of a hundredth of a second each, on every Linux there is.
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some(TICK * (ticks()? + ticks()?))
}

/// A session with one open file.
pub(crate) struct Editor {
    server: Child,
    to_server: ChildStdin,
    from_server: BufReader<ChildStdout>,
    uri: String,
    version: i64,
    request: i64,
    /// Line and column of the place that is typed at, and of the end of what was typed.
    place: (usize, usize),
    end: (usize, usize),
}

impl Editor {
    /// Starts the server for a folder.
    pub(crate) fn start(program: &str, folder: &Path) -> Self {
        let mut server = Command::new(program)
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let to_server = server.stdin.take().expect("piped");
        let from_server = BufReader::new(server.stdout.take().expect("piped"));
        let mut editor = Self {
            server,
            to_server,
            from_server,
            uri: String::new(),
            version: 0,
            request: 0,
            place: (0, 0),
            end: (0, 0),
        };
        let folder = json!({"uri": format!("file://{}", folder.display()), "name": "service"});
        editor.ask(
            "initialize",
            &json!({"capabilities": {}, "workspaceFolders": [folder]}),
        );
        editor.tell("initialized", &json!({}));
        editor
    }

    /// Opens a file and waits for its diagnostics.
    pub(crate) fn open(&mut self, file: &Path, text: &str) {
        self.uri = format!("file://{}", file.display());
        self.version = 1;
        let document = json!({"uri": self.uri, "languageId": "go", "version": 1, "text": text});
        self.tell("textDocument/didOpen", &json!({"textDocument": document}));
        self.wait();
    }

    /// From now on this is typed at; what was typed elsewhere stays.
    pub(crate) fn go_to(&mut self, line: usize) {
        self.place = (line, 0);
        self.end = self.place;
    }

    /// What was typed at the place reads so now.
    pub(crate) fn show(&mut self, text: &str) {
        self.change(self.place, self.end, text);
        self.end = self.place;
        for c in text.chars() {
            self.end = match c {
                '\n' => (self.end.0 + 1, 0),
                _ => (self.end.0, self.end.1 + 1),
            };
        }
    }

    fn change(&mut self, start: (usize, usize), end: (usize, usize), text: &str) {
        self.version += 1;
        let position = |at: (usize, usize)| json!({"line": at.0, "character": at.1});
        let range = json!({"start": position(start), "end": position(end)});
        let document = json!({"uri": self.uri, "version": self.version});
        let changes = json!([{"range": range, "text": text}]);
        self.tell(
            "textDocument/didChange",
            &json!({"textDocument": document, "contentChanges": changes}),
        );
    }

    /// Waits for the diagnostics of the file as it is now.
    pub(crate) fn wait(&mut self) {
        loop {
            let message = self.read();
            if message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["version"] == self.version
                && message["params"]["uri"] == self.uri.as_str()
            {
                return;
            }
        }
    }

    /// A request for which nothing has to be analysed.
    pub(crate) fn ask_idle(&mut self) {
        let at = json!({"line": 0, "character": 0});
        let document = json!({"uri": self.uri});
        self.ask(
            "textDocument/hover",
            &json!({"textDocument": document, "position": at}),
        );
    }

    /// The memory the server occupies, in KiB; `None` where there is no `/proc`.
    pub(crate) fn resident(&self) -> Option<u32> {
        let path = format!("/proc/{}/status", self.server.id());
        let status = std::fs::read_to_string(path).ok()?;
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
        line.trim().split(' ').next()?.parse().ok()
    }

    /// The processor time the server has taken; `None` where there is no `/proc`.
    pub(crate) fn busy(&self) -> Option<Duration> {
        busy(&self.server.id().to_string())
    }

    /// Ends the session.
    pub(crate) fn leave(mut self) {
        self.ask("shutdown", &Value::Null);
        self.tell("exit", &Value::Null);
        self.server.wait().expect("ended");
    }

    fn ask(&mut self, method: &str, params: &Value) {
        self.request += 1;
        let id = self.request;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        while self.read()["id"] != id {}
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let framed = format!("Content-Length: {}\r\n\r\n{text}", text.len());
        self.to_server.write_all(framed.as_bytes()).expect("sent");
        self.to_server.flush().expect("sent");
    }

    fn read(&mut self) -> Value {
        let mut size = 0;
        loop {
            let mut line = String::new();
            let read = self.from_server.read_line(&mut line).expect("a line");
            assert!(read > 0, "the server is gone");
            match line.trim_end().strip_prefix("Content-Length: ") {
                Some(length) => size = length.parse().expect("a length"),
                None if line == "\r\n" => break,
                None => {}
            }
        }
        let mut body = vec![0; size];
        self.from_server.read_exact(&mut body).expect("a body");
        serde_json::from_slice(&body).expect("JSON")
    }
}
