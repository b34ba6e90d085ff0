//! The editor server, driven by real clients: pytest-lsp, Neovim, and Node with the library that VS Code uses. And the
//! extension for VS Code, compiled, linted and packed.
//!
//! A program that is missing is a reason to skip, except under `CI=true`.

#[path = "../support/outside.rs"]
mod outside;

use outside::{must, or_skip, programs};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

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

/// Where the packages of Node are: installed for the extension, which needs the same library.
fn node_modules() -> Result<PathBuf, String> {
    programs(&["node", "npm"])?;
    let modules = folder("editors/vscode/node_modules");
    if modules.join("vscode-jsonrpc").is_dir() {
        Ok(modules)
    } else {
        Err("no packages for Node: run `npm ci` in editors/vscode".to_owned())
    }
}

/// The library that VS Code talks to servers with: `tests/editor/node`.
#[test]
fn node_is_served() {
    let Some(modules) = or_skip(node_modules()) else {
        return;
    };
    must(
        Command::new("node")
            .args(["--test", "tests/editor/node/session.test.mjs"])
            .current_dir(folder("."))
            .env("GOLEASH_NODE_MODULES", modules)
            .env("GOLEASH", env!("CARGO_BIN_EXE_goleash")),
    );
}

const LEAK: &str = "package m\n\nimport \"os\"\n\nfunc save(from, to string) error {\n\tch := make(chan []byte)\n\tgo func() {\n\
\t\tdata, _ := os.ReadFile(from)\n\t\tch <- data // ß😀\n\t}()\n\tfile, err := os.Create(to)\n\tif err != nil {\n\t\treturn err\n\t}\n\
\tdefer file.Close()\n\t_, err = file.Write(<-ch)\n\treturn err\n}\n";

/// gopls and goleash on one buffer in Neovim: each shows its own findings once, and neither disturbs the other.
#[test]
fn gopls_is_not_disturbed() {
    if or_skip(programs(&["nvim"]).and_then(|()| gopls())).is_none() {
        return;
    }
    let project = project(&LEAK.replace("\tch :=", "\tunused := 1\n\tch :="));
    let told = neovim(&project, "beside.lua", "room for one value");
    let saved = fs::read_to_string(project.path().join("a.go")).expect("still there");
    let repaired = LEAK.replace("[]byte)\n\tgo", "[]byte, 1)\n\tgo");
    assert_eq!(saved, repaired, "{told}");
}

fn gopls() -> Result<(), String> {
    let found = Command::new("gopls").arg("version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    Err("cannot run `gopls`; .ci/run installs it".to_owned())
}

/// A module with one file.
fn project(text: &str) -> TempDir {
    let project = tempfile::tempdir().expect("a folder");
    fs::write(project.path().join("go.mod"), "module m\n\ngo 1.27\n").expect("written");
    fs::write(project.path().join("a.go"), text).expect("written");
    project
}

/// Opens the file of a project in Neovim and runs a script; what it said.
fn neovim(project: &TempDir, script: &str, action: &str) -> String {
    let script = folder("tests/editor/neovim").join(script);
    let told = Command::new("nvim")
        .args(["--clean", "--headless", "a.go", "-c"])
        .arg(format!("luafile {}", script.display()))
        .current_dir(project.path())
        .env("ACTION", action)
        .env("GOLEASH", env!("CARGO_BIN_EXE_goleash"))
        .env("XDG_CACHE_HOME", project.path())
        .output()
        .expect("nvim runs");
    String::from_utf8_lossy(&told.stderr).into_owned()
}

/// Neovim shows a finding in a real file, tells its run, and takes the quick fix: `tests/editor/neovim`.
#[test]
fn neovim_shows_and_repairs_a_leak() {
    if or_skip(programs(&["nvim"])).is_none() {
        return;
    }
    for (action, leaks) in [
        (
            "room for one value",
            LEAK.replace("[]byte)\n\tgo", "[]byte, 1)\n\tgo"),
        ),
        (
            "Suppress early-return",
            LEAK.replace(
                "\t\tch",
                "\t\t//goleash:ignore early-return TODO: say why\n\t\tch",
            ),
        ),
    ] {
        let project = project(LEAK);
        let told = neovim(&project, "smoke.lua", action);
        let saved = fs::read_to_string(project.path().join("a.go")).expect("still there");
        assert_eq!(saved, leaks, "{told}");
        for part in [
            "9:3 send on `ch` blocks for ever",
            "4. [a.go:9]",
            "the goroutine blocks here for ever",
        ] {
            assert!(told.contains(part), "no `{part}` in {told}");
        }
    }
}

/// The extension for VS Code is compiled, linted, tested and packed; what is packed can start the server.
#[test]
fn the_extension_for_vs_code_is_whole() {
    if or_skip(node_modules()).is_none() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let package = scratch.path().join("goleash.vsix");
    let npm = |arguments: &[&str]| {
        must(
            Command::new("npm")
                .arg("run")
                .args(arguments)
                .current_dir(folder("editors/vscode"))
                .env("GOLEASH", env!("CARGO_BIN_EXE_goleash")),
        )
    };
    npm(&["compile"]);
    npm(&["lint"]);
    npm(&["test"]);
    let told = npm(&["package", "--", "--out", &package.to_string_lossy()]);
    assert!(!told.contains("WARNING"), "{told}");
    let size = fs::metadata(&package).expect("packed").len();
    assert!((50_000..1_000_000).contains(&size), "{size} bytes\n{told}");
    for part in ["extension.js", "LICENSE", "readme.md", "changelog.md"] {
        assert!(told.contains(part), "no {part} in the package:\n{told}");
    }
    let manifest = fs::read_to_string(folder("editors/vscode/package.json")).expect("there");
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(manifest.contains(&version), "not {version}");
}
