//! goleash where its users meet it: installed by pip, run by pre-commit, in CI, by make and by go vet. The programs of
//! others are the real ones.
//!
//! Needs git, make, Go, Python 3 with venv, and from pip pre-commit, maturin and check-jsonschema; `.ci/run` installs them. Without, the tests say so
//! and pass, except under `CI=true`.

mod action;
#[path = "../binary/mod.rs"]
mod binary;
#[path = "../support/go.rs"]
mod go;
#[path = "../support/outside.rs"]
mod outside;
mod pre_commit;
mod snippets;
mod wheel;

use std::path::Path;

/// A leak; the goroutine sits in line 5.
const LEAK: &str = "package p

func Leak(stop bool) {
\tch := make(chan int)
\tgo func() { ch <- 1 }()
\tif stop {
\t\treturn
\t}
\t<-ch
}
";

/// The root of the project.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
