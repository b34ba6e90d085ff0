//! The wheel: built by maturin, installed by pip without any package index.

use crate::binary::{tree, write};
use crate::outside::{must, or_skip, programs};
use crate::{LEAK, root};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A folder with a wheel of this very goleash, and with what pip needs to install goleash-hooks; both without network
/// from then on. Built once.
pub(crate) fn folder() -> Result<&'static Path, String> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOLDER.get_or_init(build).as_deref().map_err(Clone::clone)
}

fn build() -> Result<PathBuf, String> {
    programs(&["python3", "maturin"])?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wheels");
    let _ = fs::remove_dir_all(&folder);
    // The profile and target folder of this test, so that everything is compiled already.
    let built = Path::new(env!("CARGO_BIN_EXE_goleash"))
        .parent()
        .expect("a folder");
    let profile = match built.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    must(
        Command::new("maturin")
            .args([
                "build",
                "--compatibility",
                "linux",
                "--profile",
                profile,
                "--out",
            ])
            .arg(&folder)
            .env("CARGO_TARGET_DIR", built.parent().expect("a folder"))
            .current_dir(root().join("python")),
    );
    let download = Command::new("python3")
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "setuptools>=61",
            "--dest",
        ])
        .arg(&folder)
        .output()
        .map_err(|error| error.to_string())?;
    if !download.status.success() {
        let why = String::from_utf8_lossy(&download.stderr).into_owned();
        return Err(format!("pip cannot download setuptools: {why}"));
    }
    Ok(folder)
}

/// Makes pip look nowhere else.
pub(crate) fn offline(command: &mut Command, wheels: &Path) {
    command
        .env("PIP_NO_INDEX", "1")
        .env("PIP_FIND_LINKS", wheels)
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
}

/// A fresh virtual environment in `folder`; its folder of programs.
pub(crate) fn environment(folder: &Path) -> PathBuf {
    let place = folder.join("venv");
    must(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&place),
    );
    place.join("bin")
}

/// The folder of programs of an environment in which goleash is installed; made once.
pub(crate) fn installed() -> Result<&'static Path, String> {
    static PROGRAMS: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let install = || {
        let wheels = folder()?;
        let programs = environment(Path::new(env!("CARGO_TARGET_TMPDIR")));
        let mut pip = Command::new(programs.join("pip"));
        offline(&mut pip, wheels);
        must(pip.args(["install", "--quiet", "goleash"]));
        Ok(programs)
    };
    PROGRAMS
        .get_or_init(install)
        .as_deref()
        .map_err(Clone::clone)
}

#[test]
fn pip_install_gives_the_program() {
    let Some(programs) = or_skip(installed()) else {
        return;
    };
    let scratch = tree(&[]);
    let version = must(Command::new(programs.join("goleash")).arg("--version"));
    assert_eq!(version, format!("goleash {}\n", env!("CARGO_PKG_VERSION")));
    write(scratch.path(), "m/a.go", LEAK.as_bytes());
    let output = Command::new(programs.join("goleash"))
        .args(["-f", "concise", "m"])
        .current_dir(scratch.path())
        .output()
        .expect("the installed program runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.starts_with(b"m/a.go:5:"), "{output:?}");
    let about = must(Command::new(programs.join("pip")).args(["show", "goleash"]));
    for line in [
        "Summary: Finds goroutine leaks",
        "License: MIT OR Apache-2.0",
        "Requires: \n",
    ] {
        assert!(about.contains(line), "{line}: {about}");
    }
}

#[test]
fn what_pre_commit_installs_is_the_wheel_of_the_same_version() {
    let text = fs::read_to_string(root().join("pyproject.toml")).expect("readable");
    let file: toml::Table = text.parse().expect("TOML");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(file["project"]["version"].as_str(), Some(version));
    let wanted = file["project"]["dependencies"].as_array().expect("a list");
    let wanted: Vec<_> = wanted.iter().filter_map(|one| one.as_str()).collect();
    assert_eq!(wanted, [format!("goleash=={version}")]);
}
