//! The interpreter against Go: random programs are run, on all small inputs and with disturbed scheduling.
//!
//! A goroutine that is left behind where the reference says that nobody can get stuck is a defect of the interpreter. So
//! is, in a network whose outcome does not depend on the order of steps, one that the reference announces and no input
//! brings about. Needs Go ≥ 1.27 (`GOLEASH_GO`, or `go` on the path); without, it says so and passes, except under
//! `CI=true`. `GOLEASH_RANDOM=N` asks for N programs of each kind, `GOLEASH_SEED=S` for those from seed S on.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its data fails")]

#[path = "support/explore.rs"]
mod explore;
#[path = "support/go.rs"]
mod go;
#[path = "support/random.rs"]
mod random;

use explore::{Effort, Outcome, explore};
use random::{Form, Limits};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Programs of each kind in the ordinary run.
const PROGRAMS: u64 = 60;
/// States the reference may visit.
const BUDGET: u32 = 6_000;
/// Runs per input.
const RUNS: u32 = 8;
/// Processes at a time.
const WORKERS: usize = 2;
/// What is shown when there is more.
const SHOWN: usize = 6;

struct Case {
    seed: u64,
    /// As it was analysed.
    text: String,
    /// As it is run.
    driven: String,
    /// What the reference said.
    outcome: Outcome,
    /// Whether the outcome does not depend on the order of steps.
    network: bool,
}

/// What Go did.
#[derive(Default)]
struct Observed {
    /// Lines with somebody left behind, and an input that brings it about.
    lines: BTreeMap<u32, String>,
    /// Runs that went as they should.
    good: u32,
    /// Runs with a panic or a busy loop.
    bad: u32,
}

#[test]
fn go_agrees_with_the_reference() {
    let go = match go::toolchain() {
        Ok(go) => go,
        Err(why) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
            eprintln!("skipped: {why}");
            return;
        }
    };
    let number = |name: &str| std::env::var(name).ok().map(|n| n.parse().unwrap());
    let programs: u64 = number("GOLEASH_RANDOM").unwrap_or(PROGRAMS);
    let first: u64 = number("GOLEASH_SEED").unwrap_or(0);
    let mut cases = Vec::new();
    for seed in first..first + programs {
        cases.extend(case(seed, cases.len(), false));
        cases.extend(case(seed, cases.len(), true));
    }
    let scratch = tempfile::tempdir().unwrap();
    let program = build(&go, scratch.path(), &cases)
        .unwrap_or_else(|text| panic!("the programs do not build:\n{text}"));
    let (mut left, mut announced, mut unseen) = (0, 0, 0);
    let mut complaints = Vec::new();
    for (case, observed) in cases.iter().zip(run(&program, cases.len())) {
        let Observed { lines, good, bad } =
            observed.unwrap_or_else(|why| panic!("{why}\n{}", case.text));
        left += lines.len();
        announced += case.outcome.sites.len();
        let said = |line: &u32| case.outcome.sites.iter().any(|s| s.line == *line);
        for (line, input) in lines.iter().filter(|(line, _)| !said(line)) {
            complaints.push(format!(
                "seed {}: line {line} is left behind ({input}), the reference calls that impossible\n{}",
                case.seed, case.text
            ));
        }
        for site in &case.outcome.sites {
            if lines.contains_key(&site.line) {
                continue;
            }
            unseen += 1;
            // Whoever is stuck when a panic ends the process need not be seen.
            if case.network && bad == 0 {
                complaints.push(format!(
                    "seed {} (network): line {} is announced, and no input leaves it behind\n{}",
                    case.seed, site.line, case.text
                ));
            } else if std::env::var_os("GOLEASH_UNSEEN").is_some() && good > 0 {
                println!(
                    "seed {}: line {} has not been seen to be left behind in {good} runs\n{}",
                    case.seed, site.line, case.text
                );
            }
        }
    }
    println!(
        "{} programs run; {left} lines left behind, {announced} announced, {unseen} of those not seen",
        cases.len()
    );
    let shown = &complaints[..complaints.len().min(SHOWN)];
    assert!(
        complaints.is_empty(),
        "{} complaints:\n{}",
        complaints.len(),
        shown.join("\n")
    );
}

/// The program of a seed, if the reference can say everything about it.
fn case(seed: u64, index: usize, network: bool) -> Option<Case> {
    let limits = Limits {
        outside: false,
        spawns: if network { 3 } else { 2 },
        network,
    };
    let program = random::program(seed, limits);
    let text = program.print(Form::Plain);
    let effort = Effort {
        budget: BUDGET,
        zero_counts: true,
        both: false,
    };
    let system = explore(&[("p.go", &text)], effort).into_iter().next()?;
    let outcome = system.reference;
    let told = outcome.abstentions.keys().all(|why| *why == "loop-limit");
    (!outcome.gave_up && told).then(|| Case {
        seed,
        text,
        driven: program.print(Form::Driven(index)),
        outcome,
        network,
    })
}

fn build(go: &Path, scratch: &Path, cases: &[Case]) -> Result<PathBuf, String> {
    let write = |name: &str, text: &str| std::fs::write(scratch.join(name), text).unwrap();
    let mut roots = "package main\n\nimport \"context\"\n\n\
                     var roots = []func(int, bool, context.Context, []int){\n"
        .to_owned();
    for (index, case) in cases.iter().enumerate() {
        write(&format!("p{index}.go"), &case.driven);
        let _ = writeln!(roots, "\troot{index},");
    }
    roots.push_str("}\n");
    write("roots.go", &roots);
    write("main.go", include_str!("support/random_driver.go.txt"));
    write("go.mod", "module random\n\ngo 1.27\n");
    let program = scratch.join("random");
    let output = Command::new(go)
        .args(["build", "-trimpath", "-buildvcs=false", "-p", "2", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(scratch)
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .output()
        .map_err(|e| e.to_string())?;
    if output.status.success() {
        Ok(program)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Runs every program in a process of its own, a few at a time.
fn run(program: &Path, count: usize) -> Vec<Result<Observed, String>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        return;
                    }
                    let observed = observe(program, index);
                    results.lock().unwrap().insert(index, observed);
                }
            });
        }
    });
    results.into_inner().unwrap().into_values().collect()
}

fn observe(program: &Path, index: usize) -> Result<Observed, String> {
    let output = Command::new(program)
        .args([index.to_string(), RUNS.to_string()])
        .env("GOMAXPROCS", "2")
        .output()
        .map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let mut observed = Observed::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        match line.split_once(' ') {
            Some(("left", rest)) => {
                let (at, input) = rest.split_once(' ').unwrap_or((rest, ""));
                observed.lines.insert(at.parse().unwrap(), input.to_owned());
            }
            Some(("good", runs)) => observed.good = runs.parse().unwrap(),
            Some(("bad", runs)) => observed.bad = runs.parse().unwrap(),
            _ => return Err(format!("unexpected output: {line}")),
        }
    }
    Ok(observed)
}
