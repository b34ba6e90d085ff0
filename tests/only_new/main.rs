//! `--new-from-rev`, `--new-from-merge-base` and `--new-from-patch`, through the binary, with the real git.

#[path = "../binary/mod.rs"]
mod binary;
#[path = "../support/git.rs"]
mod git;
#[path = "../support/outside.rs"]
mod outside;
mod patches;
mod places;
mod trouble;
mod what;

use binary::{Run, tree, write};
use std::path::Path;
use std::process::Stdio;
use tempfile::TempDir;

/// A function that leaks, of this name; the goroutine sits in its third line.
fn leak(name: &str) -> String {
    format!(
        "\nfunc {name}(stop bool) {{\n\tch := make(chan int)\n\tgo func() {{ ch <- 1 }}()\n\tif stop {{\n\t\treturn\n\t}}\n\t<-ch\n}}\n"
    )
}

/// A Go file whose functions leak, one each.
fn leaks(names: &[&str]) -> String {
    let functions: String = names.iter().map(|name| leak(name)).collect();
    format!("package p\n{functions}")
}

/// A repository with the leaks `one` and `two` in package `a`, `three` in `b`, and a clean package `c`; none without git.
fn repository() -> Option<TempDir> {
    outside::or_skip(outside::programs(&["git"]))?;
    let folder = tree(&[
        ("go.mod", b"module example.com/m\n\ngo 1.22\n"),
        ("a/x.go", leaks(&["one", "two"]).as_bytes()),
        ("b/y.go", leaks(&["three"]).as_bytes()),
        ("c/z.go", b"package p\n\nvar ch chan int\n"),
    ]);
    git::init(folder.path());
    Some(folder)
}

fn change(folder: &TempDir, path: &str, text: &str) {
    write(folder.path(), path, text.as_bytes());
}

/// Runs goleash in a folder, out of reach of the machine's git configuration.
fn run_in(folder: &Path, arguments: &[&str], stdin: &[u8]) -> Run {
    use std::io::Write;
    let mut command = binary::command(folder);
    git::alone(&mut command);
    let mut child = command
        .args(["-f", "concise"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut pipe = child.stdin.take().expect("a pipe");
    // Who reads no stdin may be gone already.
    let _ = pipe.write_all(stdin);
    drop(pipe);
    let output = child.wait_with_output().expect("the binary ends");
    Run {
        code: output.status.code().expect("no signal"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8 on stdout"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8 on stderr"),
    }
}

fn run(folder: &TempDir, arguments: &[&str]) -> Run {
    run_in(folder.path(), arguments, b"")
}

/// `path:line` of every finding of a run that went well.
#[track_caller]
fn places(run: &Run) -> Vec<String> {
    assert!(run.code < 2, "{}", run.stderr);
    let place = |line: &str| line.splitn(3, ':').take(2).collect::<Vec<_>>().join(":");
    run.stdout.lines().map(place).collect()
}

/// What is new since the last commit.
#[track_caller]
fn new(folder: &TempDir) -> Vec<String> {
    places(&run(folder, &["--new-from-rev", "HEAD"]))
}

/// No places.
const NONE: [&str; 0] = [];
