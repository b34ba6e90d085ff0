//! How many seeded leaks are found: in code of which the engine has proved that nobody gets stuck, one thing is taken
//! away at a time (a receive, a `close`, a buffer, a `Done`, a case of a `select`, the call that lets go), and the package
//! is analysed again.
//!
//! `seed [--sample N] [--seed N] [--kind KIND] [--list] FOLDER…` reads the Go code in and below the folders. `--list` prints
//! every seed that was tried. Not every change makes a leak: what is not found is to be read before it is called missed.
#![allow(clippy::print_stdout, reason = "its result")]

mod plausible;
mod sites;
mod trial;

use goleash::analyze::{Directory, Options};
use goleash::examine::{self, STACK_BYTES};
use goleash::walk::{Settings, walk};
use rayon::prelude::*;
use sites::Kind;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use trial::{Outcome, Package, Trial};

struct Wanted {
    sample: usize,
    seed: u64,
    kinds: Vec<Kind>,
    list: bool,
    folders: Vec<PathBuf>,
}

fn main() {
    let wanted = wanted();
    let pool = rayon::ThreadPoolBuilder::new()
        .stack_size(STACK_BYTES)
        .build()
        .expect("threads start");
    pool.install(|| run(&wanted));
}

fn wanted() -> Wanted {
    let mut wanted = Wanted {
        sample: 1_000,
        seed: 1,
        kinds: Kind::ALL.to_vec(),
        list: false,
        folders: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value behind the option");
        match argument.as_str() {
            "--sample" => wanted.sample = value().parse().expect("a number"),
            "--seed" => wanted.seed = value().parse().expect("a number"),
            "--kind" => {
                let name = value();
                wanted.kinds.retain(|kind| kind.name() == name);
            }
            "--list" => wanted.list = true,
            folder => wanted.folders.push(folder.into()),
        }
    }
    assert!(
        !wanted.folders.is_empty() && !wanted.kinds.is_empty(),
        "usage: seed [--sample N] [--seed N] [--kind KIND] [--list] FOLDER…"
    );
    wanted
}

fn run(wanted: &Wanted) {
    let mut packages: Vec<Package> = Vec::new();
    for folder in &wanted.folders {
        let found = directories(folder);
        packages.par_extend(found.into_par_iter().filter_map(Package::new));
    }
    let count = |kind| move |site: &&trial::Seed| site.site.kind == kind;
    let all = || packages.iter().flat_map(|package| &package.seeds);
    println!("seeds in code that is proved clean, by kind:");
    for kind in Kind::ALL {
        println!("  {:8} {}", kind.name(), all().filter(count(kind)).count());
    }
    let mut chosen: Vec<(u64, usize, usize)> = Vec::new();
    for (package, one) in packages.iter().enumerate() {
        for (index, seed) in one.seeds.iter().enumerate() {
            if wanted.kinds.contains(&seed.site.kind) {
                chosen.push((mix(wanted.seed, &seed.identity), package, index));
            }
        }
    }
    chosen.sort_unstable();
    chosen.truncate(wanted.sample);
    let mut trials: Vec<Trial> = chosen
        .par_iter()
        .with_max_len(1)
        .map(|(_, package, index)| packages[*package].try_out(*index))
        .collect();
    trials.sort_by(|a, b| {
        (a.kind, !a.whole, &a.outcome, &a.at).cmp(&(b.kind, !b.whole, &b.outcome, &b.at))
    });
    if wanted.list {
        for trial in &trials {
            println!("{trial}");
        }
    }
    tell(&trials);
}

/// The directories in and below a folder, with the bytes of their files.
fn directories(folder: &Path) -> Vec<Directory> {
    let settings = Settings {
        current: folder.to_owned(),
        this_module: false,
    };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let found = walk(&[PathBuf::from("./...")], &settings).expect("a pattern");
    let options = Options {
        tests: false,
        ..Options::default()
    };
    let read = found.directories.par_iter().map(|found| {
        // The first build that is looked at is the one that was asked for.
        let directory = OnceCell::new();
        examine::directory(found, &options, examine::read, |read, _| {
            directory.get_or_init(|| read.clone());
            goleash::analyze::Report::default()
        });
        let mut directory = directory.into_inner().expect("it was handed over");
        directory.path = format!("{name}/{}", directory.path);
        directory
    });
    read.collect()
}

/// A number that puts seeds in an order that looks random and depends on nothing else that was found.
fn mix(seed: u64, text: &str) -> u64 {
    let start = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xcbf2_9ce4_8422_2325;
    let mut hash = text.bytes().fold(start, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash = (hash ^ (hash >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^ (hash >> 29)
}

fn tell(trials: &[Trial]) {
    println!(
        "\ntried, by kind: found at the partner, found elsewhere, low, not found; found per hundred"
    );
    let mut kinds: Vec<Option<Kind>> = Kind::ALL.into_iter().map(Some).collect();
    kinds.push(None);
    for whole in [true, false] {
        let how = if whole { "nothing" } else { "something" };
        println!("  where the proof gave up {how}:");
        for kind in &kinds {
            row(trials, whole, *kind);
        }
    }
    println!("\nnot found, by what the engine says of the partners:");
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for trial in trials {
        if let Outcome::Missed(reason) = &trial.outcome {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
    for (reason, count) in reasons {
        println!("  {count:5} {reason}");
    }
}

fn row(trials: &[Trial], whole: bool, kind: Option<Kind>) {
    let of: Vec<&Outcome> = trials
        .iter()
        .filter(|t| t.whole == whole && kind.is_none_or(|kind| t.kind == kind))
        .map(|t| &t.outcome)
        .collect();
    if of.is_empty() {
        return;
    }
    let count = |test: fn(&Outcome) -> bool| of.iter().filter(|o| test(o)).count();
    let partner = count(|o| matches!(o, Outcome::Partner(_)));
    let elsewhere = count(|o| matches!(o, Outcome::Elsewhere(_)));
    let low = count(|o| matches!(o, Outcome::Low(_)));
    println!(
        "    {:8} {:5}: {partner:5} {elsewhere:5} {low:5} {:5}; {}",
        kind.map_or("all", Kind::name),
        of.len(),
        of.len() - partner - elsewhere - low,
        (100 * (partner + elsewhere) + of.len() / 2) / of.len()
    );
}
