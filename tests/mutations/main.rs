//! Everything goleash reads, changed at random: no input makes it fall, hang, or say different things at different times.
//!
//! `cargo test --test mutations` takes a fixed share of every run. For a long one:
//! `GOLEASH_MUTATIONS=1000000 GOLEASH_SEED=7 cargo test --release --test mutations -- --nocapture`; `GOLEASH_MUTATE` names
//! a folder whose Go files are changed instead of the fixtures. A failure names the seed that repeats it.

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/mutate.rs"]
mod mutate;
#[path = "../support/promises.rs"]
mod promises;

mod others;
mod source;
mod typing;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// Longer is a hang, on the slowest machine and in a debug build.
const HANG: Duration = Duration::from_secs(60);

/// How many mutations are tried, as a multiple of a test's usual share.
fn count(usual: u64) -> u64 {
    number("GOLEASH_MUTATIONS").unwrap_or(usual)
}

fn first_seed() -> u64 {
    number("GOLEASH_SEED").unwrap_or(1)
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Runs `work` for each seed, and tells which one failed or took too long.
fn each_seed(usual: u64, work: impl Fn(&mut mutate::Random)) {
    let first = first_seed();
    for seed in first..first + count(usual) {
        let start = Instant::now();
        let run = || work(&mut mutate::Random::new(seed));
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
            eprintln!("GOLEASH_SEED={seed} GOLEASH_MUTATIONS=1 repeats this");
            resume_unwind(panic);
        }
        assert!(start.elapsed() < HANG, "GOLEASH_SEED={seed} hangs");
    }
}
