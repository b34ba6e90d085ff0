//! The editor server, driven by real clients: pytest-lsp, Neovim, and Node with the library that VS Code uses. And the
//! extension for VS Code, compiled, linted and packed.
//!
//! A program that is missing is a reason to skip, except under `CI=true`.

#[path = "../support/outside.rs"]
mod outside;

use outside::{must, or_skip};
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A Python that has pytest-lsp.
fn python() -> Result<Command, String> {
    let found = Command::new("python3")
        .args(["-c", "import pytest_lsp"])
        .output();
    if found.is_ok_and(|output| output.status.success()) {
        Ok(Command::new("python3"))
    } else {
        Err("python3 has no pytest-lsp; .ci/run installs it".to_owned())
    }
}

/// Every capability, in sessions with pytest-lsp and over bare streams: `tests/editor/protocol`.
#[test]
fn the_protocol_is_spoken() {
    let Some(mut python) = or_skip(python()) else {
        return;
    };
    let told = must(
        python
            .args(["-m", "pytest", "-q", "--tb=short"])
            .current_dir(folder("tests/editor/protocol"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("GOLEASH", env!("CARGO_BIN_EXE_goleash")),
    );
    assert!(told.contains(" passed"), "{told}");
}
