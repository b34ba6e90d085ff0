//! `goleash debug <stage> <file>`: the text form of an intermediate step, for bug reports and tests.

use super::{Exit, Failure, output};
use crate::examine::{STACK_BYTES, guard};
use crate::flow;
use crate::package;
use crate::syntax;
use std::fs;
use std::path::Path;
use std::thread;

/// A stage: its name, and its text for the bytes of a file.
type Stage = (&'static str, fn(&[u8]) -> String);

/// The stages, in the order of the pipeline.
const STAGES: &[Stage] = &[
    ("header", |bytes| format!("{:#?}\n", package::header(bytes))),
    ("syntax", |bytes| syntax::dump(&syntax::parse_file(bytes))),
    ("flow", |bytes| flow::dump(&syntax::parse_file(bytes))),
];

/// Prints what `stage` makes of a file.
pub(super) fn debug(stage: &str, file: &Path) -> Result<Exit, Failure> {
    let Some((_, text)) = STAGES.iter().find(|(name, _)| *name == stage) else {
        let names: Vec<&str> = STAGES.iter().map(|(name, _)| *name).collect();
        return Err(Failure(format!(
            "there is no stage `{stage}`; the stages are: {}",
            names.join(", ")
        )));
    };
    let bytes = fs::read(file)
        .map_err(|error| Failure(format!("could not read `{}`: {error}", file.display())))?;
    let text = thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(STACK_BYTES);
        worker
            .spawn_scoped(scope, || guard(|| text(&bytes)))
            .map(thread::ScopedJoinHandle::join)
    });
    match text {
        Ok(Ok(Ok(text))) => output::to_stdout(&text).map(|()| Exit::Clean),
        Ok(Ok(Err(message))) => Err(Failure(message)),
        _ => Err(Failure("could not start a thread".to_owned())),
    }
}
