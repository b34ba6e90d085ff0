//! goleash where its users meet it: installed by pip, run by pre-commit. The programs of others are the real ones.
//!
//! Needs git, Python 3 with venv, pre-commit and maturin on the path; `.ci/run` installs them. Without, the tests say so
//! and pass, except under `CI=true`.

#[path = "../binary/mod.rs"]
mod binary;
#[path = "../support/outside.rs"]
mod outside;
mod pre_commit;
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
