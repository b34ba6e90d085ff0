//! The referee: Go's own leak detector confirms the markers of the fixtures.
//!
//! Every `Leak…` function is called in a process of its own and must leave leaked goroutines, all of them at marked lines
//! and with the wait reason of the marked operation; together they must prove every marker. Every `Clean…` function must
//! leave nothing. Needs Go ≥ 1.27 (`GOLEASH_GO`, or `go` on the path); without, it says so and passes, except under `CI=true`.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its data fails")]

mod build;
mod run;
#[path = "../support/mod.rs"]
mod support;

use build::Case;
use run::Goroutine;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::markers::Kind;
use support::{Fixture, Package};

/// How often a leaking function may be called until the leak shows: the claim is that *some* run leaks.
const ATTEMPTS: usize = 4;
/// Processes at a time.
const WORKERS: usize = 2;

#[test]
fn the_runtime_confirms_every_marker() {
    let go = match support::go::toolchain() {
        Ok(go) => go,
        Err(why) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
            eprintln!("skipped: {why}");
            return;
        }
    };
    let packages = support::packages();
    let cases = build::cases(&packages);
    let scratch = tempfile::tempdir().unwrap();
    let program = build::program(&go, scratch.path(), &packages, &cases)
        .unwrap_or_else(|text| panic!("the fixtures do not build:\n{text}"));
    let mut verdicts = referee(&program, &packages, &cases);
    verdicts
        .complaints
        .extend(unproven(&packages, &verdicts.proven));
    verdicts.complaints.sort();
    let leaks = cases.iter().filter(|c| c.leaks()).count();
    println!(
        "{leaks} leaking and {} clean functions called, {} lines proven",
        cases.len() - leaks,
        verdicts.proven.len()
    );
    assert!(
        verdicts.complaints.is_empty(),
        "{} complaints:\n{}",
        verdicts.complaints.len(),
        verdicts.complaints.join("\n")
    );
}

/// A line of a fixture.
type Line = (String, u32);

#[derive(Default)]
struct Verdicts {
    proven: BTreeSet<Line>,
    complaints: Vec<String>,
}

/// Calls every case, a few at a time.
fn referee(program: &Path, packages: &[Package], cases: &[Case]) -> Verdicts {
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(Verdicts::default());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = judge(program, packages, case);
                    let mut verdicts = verdicts.lock().unwrap();
                    match outcome {
                        Ok(lines) => verdicts.proven.extend(lines),
                        Err(why) => verdicts.complaints.push(format!("{}: {why}", case.name())),
                    }
                }
            });
        }
    });
    verdicts.into_inner().unwrap()
}

/// The lines a case proves, or what is wrong with it.
fn judge(program: &Path, packages: &[Package], case: &Case) -> Result<Vec<Line>, String> {
    if !case.leaks() {
        return clean(packages, case, &run::run(program, case)?).map(|()| Vec::new());
    }
    let excused = function(packages, case).is_some_and(|f| f.unrefereed.is_some());
    let mut verdict = Err(String::new());
    for _ in 0..ATTEMPTS {
        let left = run::run(program, case)?;
        verdict = leaking(packages, &left);
        match (&verdict, excused) {
            (Ok(_), true) => {
                return Err("is marked unrefereed, but the runtime confirms it".to_owned());
            }
            (Ok(_), false) => break,
            (Err(_), _) => {}
        }
    }
    if excused { Ok(Vec::new()) } else { verdict }
}

fn clean(packages: &[Package], case: &Case, left: &[Goroutine]) -> Result<(), String> {
    let keeps = function(packages, case).is_some_and(|f| f.keeps.is_some());
    match left.iter().find(|g| g.leaked || !keeps) {
        Some(g) => Err(format!("leaves a goroutine: {}", show(g))),
        None if keeps && left.is_empty() => {
            Err("is said to keep a goroutine and does not".to_owned())
        }
        None => Ok(()),
    }
}

fn leaking(packages: &[Package], left: &[Goroutine]) -> Result<Vec<Line>, String> {
    let mut proven = Vec::new();
    for goroutine in left.iter().filter(|g| g.leaked) {
        let file = packages
            .iter()
            .flat_map(|p| &p.files)
            .find(|f| f.path == goroutine.file)
            .ok_or_else(|| format!("leaks outside the fixtures: {}", show(goroutine)))?;
        let mut marked = None;
        for marker in file.markers.iter().filter(|m| m.line == goroutine.line) {
            match marker.kind {
                Kind::Want { .. } | Kind::Miss(_) => marked = Some(true),
                Kind::Also => marked = marked.or(Some(false)),
                Kind::Via(_) | Kind::Noise(_) => {}
            }
        }
        match marked {
            None => return Err(format!("leaks at an unmarked line: {}", show(goroutine))),
            Some(false) => {}
            Some(true) => {
                let expected = wait_reasons(file.line(goroutine.line));
                let bare = goroutine.reason.trim_end_matches(" (nil chan)");
                if !expected.contains(&bare) {
                    let expected = expected.join("` or `");
                    return Err(format!("`{expected}` was expected: {}", show(goroutine)));
                }
                proven.push((goroutine.file.clone(), goroutine.line));
            }
        }
    }
    if proven.is_empty() {
        let left: Vec<_> = left.iter().map(show).collect();
        return Err(format!("nothing marked leaks; left: [{}]", left.join(", ")));
    }
    Ok(proven)
}

/// Markers that no run has proven.
fn unproven(packages: &[Package], proven: &BTreeSet<Line>) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in packages.iter().flat_map(|p| &p.files) {
        for marker in &file.markers {
            if !matches!(marker.kind, Kind::Want { .. } | Kind::Miss(_)) {
                continue;
            }
            let excused = file
                .function_at(marker.line)
                .is_some_and(|f| f.unrefereed.is_some());
            let confirmed = proven.contains(&(file.path.clone(), marker.line));
            if confirmed && excused {
                complaints.push(format!(
                    "{}:{}: is marked unrefereed, but the runtime confirms it",
                    file.path, marker.line
                ));
            } else if !confirmed && !excused {
                complaints.push(format!("{}:{}: no run proves it", file.path, marker.line));
            }
        }
    }
    complaints
}

fn function<'a>(packages: &'a [Package], case: &Case) -> Option<&'a support::markers::Function> {
    packages
        .iter()
        .filter(|p| p.directory == case.directory)
        .flat_map(|p| &p.files)
        .flat_map(|f: &Fixture| &f.functions)
        .find(|f| f.name == case.function)
}

/// The wait reasons that fit the operation of a line, read off its text.
fn wait_reasons(line: &str) -> &'static [&'static str] {
    let code = line.split("//").next().unwrap_or_default().trim();
    if code.contains("select {}") {
        return &["select (no cases)"];
    }
    if code.contains("select {") {
        return &["select"];
    }
    if code.contains(".Wait()") {
        return &["sync.WaitGroup.Wait", "sync.Cond.Wait"];
    }
    if code.contains(".RLock()") {
        return &["sync.RWMutex.RLock"];
    }
    if code.contains(".Lock()") {
        // Who locks an `RWMutex` waits for its other writers first, and for its readers then.
        return &["sync.Mutex.Lock", "sync.RWMutex.Lock"];
    }
    if code.contains("range ") {
        return &["chan receive"];
    }
    if !code.contains("<-") {
        // The library waits at one end of a pipe.
        return &["select"];
    }
    // The arrow of a receive has no channel on its left.
    let sends = code.match_indices("<-").any(|(at, _)| {
        let before = code[..at].trim_end();
        before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ']' | ')'))
            && !["return", "case", "range", "if", "for", "switch"]
                .iter()
                .any(|word| before.ends_with(word))
    });
    if sends {
        &["chan send"]
    } else {
        &["chan receive"]
    }
}

fn show(goroutine: &Goroutine) -> String {
    format!(
        "{}:{} [{}{}]",
        goroutine.file,
        goroutine.line,
        goroutine.reason,
        if goroutine.leaked { ", leaked" } else { "" }
    )
}
