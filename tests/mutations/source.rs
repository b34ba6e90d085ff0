//! Go source: the files of a package, changed a few times.

use crate::support::packages;
use crate::{each_seed, mutate, promises};
use goleash::analyze::{Cache, Directory, GoVersion, InputFile, Options, Report, directory};
use goleash::report::concise;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Changes made to one package, one after the other.
const CHANGES: usize = 4;

/// Packages larger than this are left to commands that measure: a test has to end.
const LARGEST: usize = 60_000;

/// The packages that are changed: their files' texts.
pub(super) fn seeds() -> Vec<Vec<Vec<u8>>> {
    let mut all: Vec<Vec<Vec<u8>>> = match std::env::var_os("GOLEASH_MUTATE") {
        Some(folder) => folders(Path::new(&folder)),
        None => packages()
            .into_iter()
            .map(|p| p.files.into_iter().map(|f| f.text.into_bytes()).collect())
            .collect(),
    };
    all.retain(|files| {
        let size: usize = files.iter().map(Vec::len).sum();
        size > 0 && size < LARGEST
    });
    assert!(!all.is_empty(), "nothing to change");
    all
}

fn folders(root: &Path) -> Vec<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    let mut left = vec![root.to_owned()];
    while let Some(folder) = left.pop() {
        let entries = std::fs::read_dir(&folder).expect("a folder").flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        let go = |path: &&PathBuf| path.extension().is_some_and(|e| e == "go");
        let texts = paths
            .iter()
            .filter(go)
            .filter_map(|p| std::fs::read(p).ok());
        found.push(texts.collect());
        left.extend(paths.into_iter().filter(|p| p.is_dir() && !p.is_symlink()));
    }
    found
}

/// A package after each of some changes.
fn changed(seeds: &[Vec<Vec<u8>>], random: &mut mutate::Random, mut look: impl FnMut(&[Vec<u8>])) {
    let mut files = seeds[random.below(seeds.len())].clone();
    let donor = &seeds[random.below(seeds.len())];
    let donor: Vec<&[u8]> = donor.iter().map(Vec::as_slice).collect();
    for _ in 0..CHANGES {
        let at = random.below(files.len());
        files[at] = mutate::mutated(&files[at], &donor, random);
        look(&files);
    }
}

#[test]
fn no_source_breaks_a_promise() {
    let seeds = seeds();
    let options = promises::loud();
    each_seed(40, |random| {
        changed(&seeds, random, |files| {
            let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
            promises::findings(&files, &options);
        });
    });
}

#[test]
fn any_number_of_threads_finds_the_same() {
    let seeds = seeds();
    let pool = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .stack_size(64 << 20)
            .build()
            .expect("threads")
    };
    let (one, four) = (pool(1), pool(4));
    each_seed(40, |random| {
        changed(&seeds, random, |files| {
            let alone = one.install(|| analysed(files, &Options::default()));
            let together = four.install(|| analysed(files, &Options::default()));
            same(&alone, &together);
        });
    });
}

#[test]
fn what_is_kept_from_one_analysis_to_the_next_changes_nothing() {
    let seeds = seeds();
    each_seed(120, |random| {
        let kept = Options {
            cache: Some(Arc::new(Cache::default())),
            ..Options::default()
        };
        changed(&seeds, random, |files| {
            let fresh = Options {
                cache: Some(Arc::new(Cache::default())),
                ..Options::default()
            };
            let again = analysed(files, &kept);
            same(&analysed(files, &fresh), &again);
            // Without a cache fewer bodies are parsed, and the same is found.
            let without = analysed(files, &Options::default());
            assert_eq!(without.findings, again.findings);
        });
    });
}

pub(super) fn analysed(files: &[Vec<u8>], options: &Options) -> Report {
    let files = files.iter().enumerate().map(|(index, bytes)| InputFile {
        path: format!("file{index}.go").into(),
        bytes: bytes.as_slice().into(),
        report: true,
        rules: None,
    });
    let dir = Directory {
        path: ".".to_owned(),
        import_path: "m".to_owned(),
        go: GoVersion {
            major: 1,
            minor: 24,
        },
        files: files.collect(),
    };
    directory(&dir, options)
}

#[track_caller]
pub(super) fn same(one: &Report, other: &Report) {
    assert_eq!(concise::render(one), concise::render(other));
    assert_eq!(one.findings, other.findings);
    assert_eq!(one.problems, other.problems);
    assert_eq!(one.stats, other.stats);
}
