//! Runs one function of the fixtures in a process of its own.

use crate::build::Case;
use serde::Deserialize;
use std::path::Path;
use std::process::Command;

/// A goroutine that was there at the end.
#[derive(Deserialize)]
pub(crate) struct Goroutine {
    /// The runtime's wait reason.
    pub(crate) reason: String,
    /// Whether the runtime calls it leaked.
    pub(crate) leaked: bool,
    /// The innermost frame in a fixture, relative to `fixtures/`.
    pub(crate) file: String,
    /// 1-based.
    pub(crate) line: u32,
}

/// The goroutines `case` leaves behind; the error is what the process printed instead.
pub(crate) fn run(program: &Path, case: &Case) -> Result<Vec<Goroutine>, String> {
    let output = Command::new(program)
        .arg(case.name())
        .env("GOMAXPROCS", "1")
        .output()
        .map_err(|e| e.to_string())?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(text.lines().take(12).collect::<Vec<_>>().join("\n"));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())
}
