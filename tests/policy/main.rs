//! What users decide: which rules speak, which findings are known, which files and variants count. All through the
//! binary, on files made by the test.

#[path = "../binary/mod.rs"]
mod binary;
mod commands;
mod configuration;
#[path = "../support/sarif.rs"]
mod sarif;
mod selection;
mod suppressions;
mod variants;

use binary::goleash;
use tempfile::TempDir;

/// The first result wins and the others are never received (`ncast`, line 6 of the file).
const NCAST: &str = "package p

func first(work []func() int) int {
\tch := make(chan int)
\tfor _, f := range work {
\t\tgo func() { ch <- f() }()
\t}
\treturn <-ch
}
";

/// The caller leaves before it receives (`early-return`, line 9 of the file).
const EARLY: &str = "package p

func save(data func() error, check func() error) error {
\tch := make(chan error)

\t// The work goes on beside the check.

\tgo func() {
\t\tch <- data()
\t}()
\tif err := check(); err != nil {
\t\treturn err
\t}
\treturn <-ch
}
";

/// The findings of a run as `path:line rule`, in order.
fn found(folder: &TempDir, line: &str) -> Vec<String> {
    let run = goleash(folder, &format!("-f concise {line}"));
    assert!(run.code < 2, "{}", run.stderr);
    run.stdout
        .lines()
        .map(|line| {
            let mut parts = line.splitn(3, ':');
            let path = parts.next().expect("a path");
            let number = parts.next().expect("a line");
            let rule = line.rsplit_once('[').expect("a rule").1;
            format!("{path}:{number} {}", rule.trim_end_matches(']'))
        })
        .collect()
}
