//! The fast search against the reference, which explores every interleaving: both must find the same stuck operations,
//! on every fixture and on random programs.
//!
//! `GOLEASH_RANDOM=N` asks for N random programs, `GOLEASH_SEED=S` for those from seed S on.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its data fails")]

#[path = "support/explore.rs"]
mod explore;
#[path = "support/random.rs"]
mod random;
mod support;

use explore::{Effort, System, explore};
use random::{Form, Limits, Program};

/// States the reference may visit for a root of a fixture.
const BUDGET: u32 = 60_000;
/// States the reference may visit for a random program.
const RANDOM_BUDGET: u32 = 3_000;
/// Random programs in the ordinary run.
const PROGRAMS: u64 = 400;
/// What is shown when there is more.
const SHOWN: usize = 6;

#[test]
fn fixtures() {
    let mut roots = 0;
    let mut skipped = Vec::new();
    let mut differences = Vec::new();
    let mut states = (0_u64, 0_u64);
    for package in support::packages() {
        let files: Vec<(&str, &str)> = package
            .files
            .iter()
            .map(|f| (f.path.as_str(), f.text.as_str()))
            .collect();
        let effort = Effort {
            budget: BUDGET,
            zero_counts: false,
            both: true,
        };
        for system in explore(&files, effort) {
            roots += 1;
            let name = format!("{}.{}", package.directory, system.root);
            if system.reference.gave_up {
                skipped.push(name);
                continue;
            }
            states.0 += u64::from(system.fast.states);
            states.1 += u64::from(system.reference.states);
            if let Some(difference) = system.difference() {
                differences.push(format!("{}: {difference}", package.directory));
            }
        }
    }
    println!(
        "{roots} roots, {} states, {} in the reference; {} skipped: {}",
        states.0,
        states.1,
        skipped.len(),
        skipped.join(", ")
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(skipped.len() * 10 <= roots, "too many roots are skipped");
}

const LIMITS: Limits = Limits {
    outside: true,
    spawns: 3,
    network: false,
};

fn systems(program: &Program, budget: u32) -> Vec<System> {
    let effort = Effort {
        budget,
        zero_counts: false,
        both: true,
    };
    explore(&[("p.go", &program.print(Form::Plain))], effort)
}

fn difference(program: &Program) -> Option<String> {
    systems(program, RANDOM_BUDGET)
        .iter()
        .find_map(System::difference)
}

#[test]
fn random_programs() {
    let number = |name: &str| std::env::var(name).ok().map(|n| n.parse().unwrap());
    let programs = number("GOLEASH_RANDOM").unwrap_or(PROGRAMS);
    let first: u64 = number("GOLEASH_SEED").unwrap_or(0);
    let (mut compared, mut skipped, mut stuck, mut silent) = (0, 0, 0, 0);
    let (mut fast, mut reference) = (0_u64, 0_u64);
    let mut failures = Vec::new();
    for seed in first..first + programs {
        let program = random::program(seed, LIMITS);
        let found = systems(&program, RANDOM_BUDGET);
        silent += usize::from(found.is_empty());
        for system in &found {
            if system.reference.gave_up {
                skipped += 1;
                continue;
            }
            compared += 1;
            stuck += usize::from(!system.reference.sites.is_empty());
            fast += u64::from(system.fast.states);
            reference += u64::from(system.reference.states);
        }
        if found.iter().any(|s| s.difference().is_some()) {
            let small = program.clone().shrink(|p| difference(p).is_some());
            let why = difference(&small).unwrap_or_default();
            failures.push(format!("seed {seed}: {why}\n{}", small.print(Form::Plain)));
        }
    }
    println!(
        "{compared} systems compared, {stuck} of them with something stuck; {fast} states, {reference} in the \
         reference; {skipped} skipped, {silent} programs without a root"
    );
    let shown = &failures[..failures.len().min(SHOWN)];
    assert!(
        failures.is_empty(),
        "{} programs differ:\n{}",
        failures.len(),
        shown.join("\n")
    );
    assert!(skipped * 3 <= compared, "too many programs are skipped");
}
