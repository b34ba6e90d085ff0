//! What the benchmarks share: which Go code they read, a whole run, and reading and parsing alone.
#![allow(dead_code, reason = "each benchmark uses its own part")]

pub(crate) mod editor;
pub(crate) mod generated;

use goleash::analyze::{Directory, InputFile};
use goleash::syntax::parse_file;
use goleash::walk::{FoundDirectory, Settings, walk};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Stack of the threads that parse, as large as that of the threads of a real run.
const STACK_BYTES: usize = 64 << 20;

/// The Go code to measure with: `GOLEASH_BENCH_DIR`, or else the fixtures.
pub(crate) fn folder() -> PathBuf {
    let shipped = || Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folder = std::env::var_os("GOLEASH_BENCH_DIR").map_or_else(shipped, PathBuf::from);
    assert!(folder.is_dir(), "`{}` is no folder", folder.display());
    folder
}

/// The directories with Go files in and below `folder`, as a run finds them.
pub(crate) fn directories(folder: &Path) -> Vec<FoundDirectory> {
    let settings = Settings {
        current: folder.to_owned(),
        this_module: false,
    };
    let found = walk(&[PathBuf::from("./...")], &settings).expect("a pattern");
    assert!(!found.directories.is_empty(), "no Go files");
    found.directories
}

/// The same with the bytes of their files.
pub(crate) fn loaded(folder: &Path) -> Vec<Directory> {
    let load = |found: FoundDirectory| Directory {
        path: found.display,
        import_path: found.import_path,
        go: found.go,
        files: found
            .files
            .iter()
            .filter_map(|file| {
                Some(InputFile {
                    path: file.display.as_str().into(),
                    bytes: fs::read(&file.path).ok()?.into(),
                    report: true,
                    rules: None,
                })
            })
            .collect(),
    };
    directories(folder).into_iter().map(load).collect()
}

/// A whole run: walk, read, parse, analyse, write. The result goes to `output`.
pub(crate) fn whole_run(folder: &Path, output: &Path) -> ExitCode {
    let pattern = folder.join("...");
    let arguments = ["goleash", "check", "--quiet", "--format", "concise"];
    let mut arguments: Vec<_> = arguments.map(Into::into).into();
    arguments.extend(["--output".into(), output.into(), pattern.into()]);
    goleash::cli::main(arguments)
}

/// Walks, reads and parses every file, with as many threads as a run, and does nothing with the trees.
pub(crate) fn read_and_parse(folder: &Path) {
    let pool = rayon::ThreadPoolBuilder::new()
        .stack_size(STACK_BYTES)
        .build()
        .expect("threads start");
    pool.install(|| {
        directories(folder).par_iter().for_each(|directory| {
            directory.files.par_iter().for_each(|file| {
                if let Ok(bytes) = fs::read(&file.path) {
                    black_box(parse_file(&bytes));
                }
            });
        });
    });
}
