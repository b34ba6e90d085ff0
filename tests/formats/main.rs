//! The output formats, each read by something that is not ours: a schema, an XML parser, reviewdog, the SARIF multitool,
//! GitHub's own toolkit. With names and code that try to break out of a format.
//!
//! A program that is missing is a reason to skip, except under `CI=true`.

#[path = "../binary/mod.rs"]
mod binary;
mod made_up;
mod many;
#[path = "../support/outside.rs"]
mod outside;
#[cfg(unix)]
mod readers;
#[path = "../support/sarif.rs"]
mod sarif_schema;
mod shapes;

use binary::tree;
use serde_json::Value;
use tempfile::TempDir;

/// A caller that leaves before it receives; what it returns is quoted in the message.
const HOSTILE_CODE: &str = r#"package p

import "errors"

func save(data func() error, check func() error) error {
	ch := make(chan error)
	go func() {
		/* ß😀 */ ch <- data()
	}()
	if err := check(); err != nil {
		return errors.New("::error::%0A]]>\"<&'{0}[x](9)")
	}
	return <-ch
}
"#;

/// A name for a Go file that no format can write as it is.
const HOSTILE_NAME: &str = "a b/q\"'<&>]]>::error,%0A\n##[x]\u{1b}[31mü{0}.go";

/// A folder with the same leak in a file with a plain name and, where systems allow it, in one with a hostile name.
fn leaks() -> TempDir {
    let folder = tree(&[
        ("go.mod", b"module example.com/m\n"),
        ("x.go", HOSTILE_CODE.as_bytes()),
    ]);
    if cfg!(unix) {
        binary::write(folder.path(), HOSTILE_NAME, HOSTILE_CODE.as_bytes());
    }
    folder
}

/// The paths of the leaks, in the order of reports.
fn paths() -> Vec<&'static str> {
    if cfg!(unix) {
        vec![HOSTILE_NAME, "x.go"]
    } else {
        vec!["x.go"]
    }
}

/// What a format prints for the leaks.
fn printed(format: &str) -> String {
    let folder = leaks();
    binary::goleash(&folder, &format!("-q -f {format}"))
        .exits(1)
        .stdout
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
