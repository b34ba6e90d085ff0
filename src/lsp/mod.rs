//! The editor server: the Language Server Protocol over a pair of streams.
//!
//! In: messages of an editor. Out: diagnostics, repairs and explanations for the packages whose files it has open, with
//! unsaved text laid over the disk. One thread owns all state and takes messages in the order they come; packages are
//! examined by a pool of others. Whatever comes in, and whatever goes wrong in an examination, the server lives until it
//! is told to exit or the stream ends.
//!
//! Deliberately absent: everything other servers for Go do (completion, navigation, formatting, compile errors), so that
//! it runs beside them.

mod actions;
mod buffers;
mod check;
mod client;
mod commands;
mod diagnostic;
mod disk;
mod hover;
mod outbox;
mod packages;
mod progress;
mod project;
mod pull;
mod requests;
mod runs;
mod server;
mod settings;
mod sweep;
mod sync;
#[cfg(test)]
mod tests;
mod text;
mod transport;
mod uri;
mod workspace;

use crate::analyze;
use std::io::{Read, Write};
use std::sync::Arc;

/// The name that diagnostics, commands and settings carry.
const SOURCE: &str = "goleash";

/// Serves a client until it says `exit` or its stream ends. Whether it took its leave as the protocol wants.
pub fn serve(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> Result<bool, String> {
    server::run(input, output, Arc::new(analyze::directory))
}
