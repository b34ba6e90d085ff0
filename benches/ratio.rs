//! How long a whole run takes, as a multiple of only reading and parsing the same files:
//! `GOLEASH_BENCH_DIR=/path/to/go/code cargo bench --bench ratio`.
//!
//! Both are measured in turn, up to five times but not for longer than a minute or two, and the fastest of each counts:
//! whatever else the machine does only adds.
#![allow(clippy::print_stdout, reason = "its result")]

mod common;

use std::time::{Duration, Instant};

const ROUNDS: usize = 5;
/// No further round is begun after this.
const ENOUGH: Duration = Duration::from_secs(60);

fn main() {
    let folder = common::folder();
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let output = scratch.path().join("findings");
    // What is not in the file cache yet would be charged to whoever comes first.
    common::read_and_parse(&folder);
    let (mut parse, mut whole) = (Duration::MAX, Duration::MAX);
    let start = Instant::now();
    for round in 0..ROUNDS {
        if round > 0 && start.elapsed() > ENOUGH {
            break;
        }
        parse = parse.min(timed(|| common::read_and_parse(&folder)));
        whole = whole.min(timed(|| {
            common::whole_run(&folder, &output);
        }));
    }
    let directories = common::directories(&folder);
    let files = directories.iter().flat_map(|d| &d.files);
    let bytes: u64 = files.clone().map(|f| f.size).sum();
    println!(
        "{}: {} files, {bytes} bytes",
        folder.display(),
        files.count()
    );
    println!("read and parse {parse:.3?}, whole run {whole:.3?}");
    println!("ratio {:.2}", whole.as_secs_f64() / parse.as_secs_f64());
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
