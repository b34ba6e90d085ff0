//! Messages over a pair of byte streams.
//!
//! In: the streams. Out: a channel of what came in and one for what goes out. Whatever cannot be read as a message is
//! skipped and told as [`Incoming::Malformed`]; only the end of the stream ends the reading, so that one bad message
//! costs one message and not the session. Deliberately absent: what messages mean.

use crossbeam_channel::{Receiver, Sender, unbounded};
use lsp_server::Message;
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::thread;
use std::time::Duration;

/// A longer message is no message: not even a generated file comes near.
const LARGEST_MESSAGE: u64 = 512 << 20;
/// A longer header line is no header.
const LONGEST_HEADER: u64 = 8 << 10;
/// How long the last messages may take to be written when the server ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// What came in.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A message.
    Message(Message),
    /// Something else. The id, if it has one: somebody may be waiting for an answer.
    Malformed {
        /// As it stood in the message.
        id: Option<Value>,
        /// What is wrong with it.
        reason: String,
    },
}

/// What goes out: most of it is messages; answers to malformed requests repeat ids of any kind.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// A message.
    Message(Message),
    /// The answer to a request that is none.
    Refusal {
        /// As it stood in the request.
        id: Value,
        /// What is wrong with it.
        reason: String,
    },
}

/// The two ends of a running transport.
pub(super) struct Transport {
    pub(super) incoming: Receiver<Incoming>,
    pub(super) outgoing: Sender<Outgoing>,
    written: Receiver<()>,
}

impl Transport {
    /// Reads `input` and writes `output`, each in a thread of its own.
    pub(super) fn start(
        input: impl Read + Send + 'static,
        output: impl Write + Send + 'static,
    ) -> Self {
        let (to_server, incoming) = unbounded();
        let (outgoing, from_server) = unbounded();
        let (done, written) = unbounded();
        thread::spawn(move || read(BufReader::new(input), &to_server));
        thread::spawn(move || {
            // An error means that the client is gone; the server learns it from the closed channel.
            let _ = write(output, &from_server);
            drop(from_server);
            let _ = done.send(());
        });
        Self {
            incoming,
            outgoing,
            written,
        }
    }

    /// Lets what was sent reach the client, unless it does not read any more.
    pub(super) fn finish(self) {
        drop(self.outgoing);
        let _ = self.written.recv_timeout(FAREWELL);
    }
}

fn read(mut input: impl BufRead, to_server: &Sender<Incoming>) {
    while let Ok(Some(body)) = body(&mut input) {
        let incoming = body.map_or_else(
            |reason| Incoming::Malformed { id: None, reason },
            |bytes| message(&bytes),
        );
        if to_server.send(incoming).is_err() {
            return;
        }
    }
}

/// The next body; `None` at the end of the stream.
fn body(input: &mut impl BufRead) -> io::Result<Option<Result<Vec<u8>, String>>> {
    let mut size = None;
    loop {
        let mut line = Vec::new();
        let length = input
            .by_ref()
            .take(LONGEST_HEADER)
            .read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        match (line.trim(), size) {
            ("", Some(_)) => break,
            // What is left of a bad message is passed over until something looks like a header again.
            (line, _) => size = content_length(line).or(size),
        }
    }
    let size = size.unwrap_or_default();
    if size > LARGEST_MESSAGE {
        return Ok(Some(Err(format!("a message of {size} bytes is refused"))));
    }
    let mut bytes = Vec::new();
    let length = input.by_ref().take(size).read_to_end(&mut bytes)? as u64;
    Ok((length == size).then_some(Ok(bytes)))
}

fn content_length(line: &str) -> Option<u64> {
    let (name, value) = line.rsplit_once(':')?;
    // Behind the rest of a bad message the header does not start its line.
    let name = name.trim_end().to_ascii_lowercase();
    name.ends_with("content-length")
        .then(|| value.trim().parse().ok())?
}

fn message(bytes: &[u8]) -> Incoming {
    let malformed = |id, reason: String| Incoming::Malformed { id, reason };
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return malformed(None, format!("no JSON: {error}")),
    };
    let id = value.get("id").filter(|id| !id.is_null()).cloned();
    let is_request = id.is_some() && value.get("method").is_some();
    match serde_json::from_value(value) {
        // A request whose id is of no legal kind reads as a notification, and would never be answered.
        Ok(Message::Notification(_)) if is_request => malformed(
            id,
            "the id is neither a small integer nor a string".to_owned(),
        ),
        Ok(message) => Incoming::Message(message),
        Err(_) if is_request => malformed(id, "no request of JSON-RPC".to_owned()),
        Err(_) => malformed(None, "no message of JSON-RPC".to_owned()),
    }
}

fn write(mut output: impl Write, from_server: &Receiver<Outgoing>) -> io::Result<()> {
    for outgoing in from_server {
        match outgoing {
            Outgoing::Message(message) => message.write(&mut output)?,
            Outgoing::Refusal { id, reason } => {
                let error = json!({"code": lsp_server::ErrorCode::InvalidRequest as i32, "message": reason});
                let text = json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string();
                write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
                output.flush()?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    fn shown(input: &str) -> Vec<String> {
        let (sender, receiver) = unbounded();
        read(input.as_bytes(), &sender);
        drop(sender);
        let show = |incoming| match incoming {
            Incoming::Message(Message::Request(request)) => format!("request {}", request.id),
            Incoming::Message(Message::Notification(it)) => it.method,
            Incoming::Message(Message::Response(it)) => format!("response {}", it.id),
            Incoming::Malformed { id: Some(id), .. } => format!("bad {id}"),
            Incoming::Malformed { id: None, .. } => "bad".to_owned(),
        };
        receiver.into_iter().map(show).collect()
    }

    #[test]
    fn one_bad_message_costs_one_message() {
        let good = framed(r#"{"jsonrpc":"2.0","method":"good"}"#);
        for (bad, told) in [
            ("no header at all\r\n\r\n", None),
            ("Content-Length: many\r\n\r\n", None),
            ("Content-Length: 99999999999999\r\n\r\n", Some("bad")),
            (&framed("{\"jsonrpc\": "), Some("bad")),
            (&framed("[1, 2]"), Some("bad")),
            (&framed(r#"{"id": 1.5, "method": "x"}"#), Some("bad 1.5")),
            (&framed(r#"{"id": [1], "method": "x"}"#), Some("bad [1]")),
            (&framed(r#"{"id": 7, "method": 7}"#), Some("bad 7")),
            // Too short a length: the rest stands before the next header.
            ("Content-Length: 2\r\n\r\n{}}}}", Some("bad")),
        ] {
            let expected: Vec<&str> = ["good"].into_iter().chain(told).chain(["good"]).collect();
            assert_eq!(shown(&format!("{good}{bad}{good}")), expected, "{bad}");
        }
    }

    #[test]
    fn headers_come_in_any_order_and_case() {
        let body = r#"{"jsonrpc":"2.0","id":"a","method":"x"}"#;
        let length = body.len();
        let text = format!(
            "content-type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:{length}\n\r\n{body}"
        );
        assert_eq!(shown(&text), ["request \"a\""]);
        assert_eq!(shown(&text[..text.len() - 1]), Vec::<String>::new());
    }
}
