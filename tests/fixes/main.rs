//! Every repair of every fixture: made, read again, formatted, compiled, run.
//!
//! Repairs that do not overlap are made together, so that few copies of a package are enough. What must hold for each: the
//! analysis finds nothing at the repaired place and nothing new, no comment is lost, gofmt has nothing to change, Go
//! compiles the result, and the runtime finds no leak in a function all of whose findings were repaired. The last three need
//! Go ≥ 1.27 (`GOLEASH_GO`, or `go` on the path); without, the test says so and passes, except under `CI=true`.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its data fails")]

#[path = "../oracle/build.rs"]
mod build;
mod copies;
#[path = "../support/outside.rs"]
mod outside;
#[path = "../oracle/run.rs"]
mod run;
#[path = "../support/mod.rs"]
mod support;

use copies::Copy;
use goleash::finding::Safety;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::Package;

/// How often a function is called: a leak that is still there need not show at once.
const ATTEMPTS: usize = 2;
/// Processes at a time.
const WORKERS: usize = 2;

#[test]
fn repairs_are_silent_and_keep_the_comments() {
    let mut complaints = Vec::new();
    let mut tally: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    let (mut findings, mut offered) = (0, 0);
    for package in support::packages() {
        let bare = copies::bare(&package);
        let before = copies::report(&bare);
        for copy in copies::of(&bare, &before) {
            complaints.extend(copies::complaints(&bare, &before, &copy));
        }
        let before = copies::report(&package);
        findings += before.findings.len();
        for finding in &before.findings {
            offered += usize::from(!finding.fixes.is_empty());
            for fix in &finding.fixes {
                let counts = tally.entry((finding.rule, fix.kind.as_str())).or_default();
                counts.0 += 1;
                counts.1 += usize::from(fix.safety == Safety::Safe);
            }
        }
        for copy in copies::of(&package, &before) {
            complaints.extend(copies::complaints(&package, &before, &copy));
        }
    }
    for ((rule, kind), (all, safe)) in &tally {
        println!("{rule:20} {kind:18} {all:3} ({safe} safe)");
    }
    println!("{offered} of {findings} findings have a repair");
    assert!(
        complaints.is_empty(),
        "{} complaints:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

#[test]
fn repairs_compile_and_the_runtime_finds_no_leak() {
    let Some(go) = outside::or_skip(support::go::toolchain()) else {
        return;
    };
    let of = |package: &Package| copies::of(package, &copies::report(package));
    let packages = support::packages();
    let copies: Vec<Copy> = packages.iter().flat_map(of).collect();
    let bare: Vec<Package> = packages.iter().map(copies::bare).collect();
    let bare: Vec<Copy> = bare.iter().flat_map(of).collect();
    let marked: Vec<&Package> = copies.iter().map(|copy| &copy.package).collect();
    let cases: Vec<build::Case> = build::cases(&marked)
        .into_iter()
        .filter(build::Case::leaks)
        .collect();
    let packages: Vec<&Package> = copies.iter().chain(&bare).map(|c| &c.package).collect();
    let scratch = tempfile::tempdir().unwrap();
    let program = build::program(&go, scratch.path(), &packages, &cases)
        .unwrap_or_else(|text| panic!("the repaired fixtures do not build:\n{text}"));
    let mut complaints = unformatted(&go, scratch.path(), &packages);
    complaints.extend(leaks(&program, &copies, &cases));
    complaints.sort();
    println!(
        "{} copies, {} functions called",
        packages.len(),
        cases.len()
    );
    assert!(
        complaints.is_empty(),
        "{} complaints:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

/// The files that gofmt would change.
fn unformatted(go: &Path, scratch: &Path, packages: &[&Package]) -> Vec<String> {
    let root = Command::new(go).args(["env", "GOROOT"]).output().unwrap();
    let root = String::from_utf8(root.stdout).unwrap();
    let gofmt = Path::new(root.trim()).join("bin").join("gofmt");
    let files = packages.iter().flat_map(|p| &p.files).map(|f| &f.path);
    let output = Command::new(gofmt)
        .arg("-d")
        .args(files)
        .current_dir(scratch)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    if text.is_empty() {
        Vec::new()
    } else {
        vec![format!("gofmt would change:\n{text}")]
    }
}

/// Calls every function of the copies and tells the leaks that a repair should have ended.
fn leaks(program: &Path, copies: &[Copy], cases: &[build::Case]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let complaints = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let copy = copies
                        .iter()
                        .find(|c| c.package.directory == case.directory)
                        .unwrap();
                    for _ in 0..ATTEMPTS {
                        let found: Vec<String> = match run::run(program, case) {
                            Ok(left) => left.iter().filter_map(|g| copy.complaint(g)).collect(),
                            Err(why) => vec![why],
                        };
                        let named = found.iter().map(|why| format!("{}: {why}", case.name()));
                        complaints.lock().unwrap().extend(named);
                        if !found.is_empty() {
                            break;
                        }
                    }
                }
            });
        }
    });
    complaints.into_inner().unwrap()
}
