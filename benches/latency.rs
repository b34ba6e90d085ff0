//! From a change in an editor to the diagnostics for it, through the server as an editor runs it:
//! `cargo bench --bench latency`.
//!
//! In a generated package of 50 files and 20,000 lines (or a copy of the folder `GOLEASH_BENCH_DIR`, which has to be one
//! package) is typed, character by character, into the largest file: into a body that has nothing to do with goroutines,
//! into one that has, a comment, an import, and a new function at the end of the file. Half of it is typed in an editor
//! that closes brackets and quotes as they are opened; in the other half they stay open until they are typed, and so is
//! most of the code no Go. Each change is sent when the diagnostics for the one before have come. Printed are ratios of
//! one run: to one full parse of the changed file, and to a request that the server answers when it has nothing else to
//! do; processor time too, for machines that others keep busy. Then the same file is changed ten thousand times
//! (`GOLEASH_BENCH_EDITS`) to see whether memory grows. Last, the one-shot command on the file, as multiples of
//! `goleash --version`.
#![allow(clippy::print_stdout, reason = "its result")]

mod common;

use common::editor::{Editor, busy};
use common::{generated, loaded};
use goleash::analyze;
use goleash::outline::{Function, outline};
use goleash::syntax::parse_file;
use std::hint::black_box;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_goleash");

/// What is typed, where, and how much of the mix it is: how often it is typed and taken away again.
const MIX: [(Place, &str, usize); 5] = [
    (
        Place::Plain,
        "\tif limit > 3 {\n\t\tfmt.Println(\"rest:\", limit-len(rows), rows[0])\n\t}\n",
        3,
    ),
    (
        Place::Relevant,
        "\tif s != nil && len(s.jobs) > 1 {\n\t\ts.stop <- struct{}{}\n\t}\n",
        2,
    ),
    (
        Place::Comment,
        "// It is called once for each of the rows, and never with none.\n",
        2,
    ),
    (Place::Import, "\t\"net/http/httptest\"\n", 1),
    (
        Place::End,
        "\nfunc typed(n int) int {\n\tch := make(chan int)\n\tgo func() { ch <- n }()\n\treturn <-ch\n}\n",
        1,
    ),
];

/// Where something is typed.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Into a body without any mark of goroutines.
    Plain,
    /// Into a body with one.
    Relevant,
    /// Above a function.
    Comment,
    /// Into the list of imports.
    Import,
    /// Behind everything.
    End,
}

fn main() {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let folder = scratch.path().join("service");
    std::fs::create_dir(&folder).expect("created");
    let file = prepare(&folder);
    let text = std::fs::read_to_string(&file).expect("read");
    let lines: usize = texts(&folder).map(|text| text.lines().count()).sum();
    println!("{} files, {lines} lines", texts(&folder).count());

    let parse = median(&mut sample(200, || {
        black_box(parse_file(text.as_bytes()));
    }));
    let mut editor = Editor::start(PROGRAM, &folder);
    editor.open(&file, &text);
    let before = editor.busy();
    let mut changes = Vec::new();
    for (place, typed, rounds) in MIX {
        editor.go_to(line(&text, place));
        for pairs in [true, false] {
            let states = states(typed, pairs);
            let start = editor.busy();
            let mut times = Vec::new();
            for _ in 0..rounds {
                times.extend(states.iter().map(|state| {
                    timed(|| {
                        editor.show(state);
                        editor.wait();
                    })
                }));
            }
            if let (Some(start), Some(end)) = (start, editor.busy()) {
                let each = end.saturating_sub(start) / times.len() as u32;
                let closed = if pairs { "closed" } else { "open" };
                let (middle, high) = (median(&mut times), high(&mut times));
                println!(
                    "{place:?}, brackets {closed}: {} changes, median {:.2}, 95th percentile {:.2}, processor time {:.2}",
                    times.len(),
                    ratio(middle, parse),
                    ratio(high, parse),
                    ratio(each, parse),
                );
            }
            changes.append(&mut times);
        }
    }
    if let (Some(before), Some(after)) = (before, editor.busy()) {
        let each = after.saturating_sub(before) / changes.len() as u32;
        processor_time(each, &text);
    }
    let mut idle = sample(200, || editor.ask_idle());
    let (idle_median, idle_high) = (median(&mut idle), high(&mut idle));
    let (change, change_high) = (median(&mut changes), high(&mut changes));
    println!(
        "change to diagnostics, in full parses of the changed file: median {:.2}, 95th percentile {:.2}",
        ratio(change, parse),
        ratio(change_high, parse)
    );
    println!(
        "change to diagnostics, in idle requests: median {:.1}, 95th percentile {:.1}",
        ratio(change, idle_median),
        ratio(change_high, idle_high)
    );
    memory(&mut editor);
    editor.leave();
    one_shot(&folder, &file, &text);
}

/// What a change costs, whoever else keeps the machine busy.
fn processor_time(change: Duration, text: &str) {
    const PARSES: u32 = 2_000;
    let before = busy("self");
    for _ in 0..PARSES {
        black_box(parse_file(text.as_bytes()));
    }
    if let (Some(before), Some(after)) = (before, busy("self")) {
        let parse = after.saturating_sub(before) / PARSES;
        println!(
            "processor time of a change, in full parses of the changed file: {:.1}",
            change.as_secs_f64() / parse.as_secs_f64()
        );
    }
}

/// The package, and the file that is changed.
fn prepare(folder: &Path) -> PathBuf {
    let Some(given) = std::env::var_os("GOLEASH_BENCH_DIR") else {
        generated::write(folder);
        return folder.join(generated::name(generated::FILES / 2));
    };
    let mut largest = (0, PathBuf::new());
    for entry in std::fs::read_dir(given).expect("a folder").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "go") {
            let copy = folder.join(entry.file_name());
            let size = std::fs::copy(&path, &copy).expect("copied");
            largest = largest.max((size, copy));
        }
    }
    largest.1
}

fn texts(folder: &Path) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let go = entries.filter(|entry| entry.path().extension().is_some_and(|e| e == "go"));
    go.filter_map(|entry| std::fs::read_to_string(entry.path()).ok())
}

/// The first of the lines in front of which something is typed.
fn line(text: &str, place: Place) -> usize {
    let lines_before = |at: usize| text[..at].matches('\n').count();
    let function = |marked: bool| {
        let outline = outline(text.as_bytes());
        let mut functions = outline.functions.into_iter();
        // The last of those that are several lines long: what is below it is moved.
        let long = |f: &Function| f.marked == marked && f.body.end - f.body.start > 200;
        functions.rfind(long).map_or(0, |f| f.body.start as usize)
    };
    match place {
        Place::Plain => lines_before(function(false)) + 1,
        Place::Relevant => lines_before(function(true)) + 1,
        Place::Comment => lines_before(text.find("\nfunc ").map_or(0, |at| at + 1)),
        Place::Import => lines_before(text.find("import (").unwrap_or_default()) + 1,
        Place::End => lines_before(text.len()),
    }
}

/// What stands there after each change: one character more each time, and at last nothing. With `pairs` what a character
/// opens is closed at once, as many editors do.
fn states(typed: &str, pairs: bool) -> Vec<String> {
    let mut closers: Vec<char> = Vec::new();
    let mut states = Vec::new();
    for (at, c) in typed.char_indices() {
        match c {
            _ if closers.last() == Some(&c) => {
                closers.pop();
            }
            '(' => closers.push(')'),
            '{' => closers.push('}'),
            '[' => closers.push(']'),
            '"' => closers.push('"'),
            _ => {}
        }
        let mut state = typed[..at + c.len_utf8()].to_owned();
        if pairs {
            state.extend(closers.iter().rev());
        }
        // One types on a line of its own.
        if !state.ends_with('\n') {
            state.push('\n');
        }
        states.push(state);
    }
    states.push(String::new());
    states
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

/// Memory after a tenth of the edits and after all of them. They come faster than the package is analysed: only now and
/// then is the result waited for.
fn memory(editor: &mut Editor) {
    const WAIT_AFTER: usize = 25;
    let edits: usize = std::env::var("GOLEASH_BENCH_EDITS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(10_000);
    let mut at_a_tenth = None;
    let states = states(MIX[MIX.len() - 1].1, false);
    for edit in 0..edits {
        editor.show(&states[edit % states.len()]);
        if edit % WAIT_AFTER == 0 || edit + 1 == edits {
            editor.wait();
        }
        if edit == edits / 10 {
            at_a_tenth = editor.resident();
        }
    }
    if let (Some(first), Some(last)) = (at_a_tenth, editor.resident()) {
        println!(
            "memory after {edits} edits: {:.2} times that after a tenth of them",
            f64::from(last) / f64::from(first)
        );
    }
}

/// `check --stdin-filename`, among its package and alone, as multiples of `--version`.
fn one_shot(package: &Path, file: &Path, text: &str) {
    let alone = tempfile::tempdir().expect("a temporary folder");
    let version = median(&mut sample(40, || {
        run(package, &["--version".as_ref()], "");
    }));
    let arguments = [
        "check".as_ref(),
        "--format".as_ref(),
        "concise".as_ref(),
        "--stdin-filename".as_ref(),
        file.file_name().expect("a name"),
    ];
    let here = median(&mut sample(40, || run(package, &arguments, text)));
    let lonely = median(&mut sample(40, || run(alone.path(), &arguments, text)));
    let loaded = loaded(package);
    let analysed = median(&mut sample(10, || {
        for directory in &loaded {
            black_box(analyze::directory(directory, &analyze::Options::default()));
        }
    }));
    println!(
        "check --stdin-filename, in runs of --version: {:.1} among its package, {:.1} alone",
        ratio(here, version),
        ratio(lonely, version)
    );
    println!(
        "check --stdin-filename among its package, in runs of --version and an analysis of the package in memory: {:.2}",
        ratio(here, version + analysed)
    );
}

fn run(folder: &Path, arguments: &[&std::ffi::OsStr], text: &str) {
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    // One that does not read it may be gone already.
    let _ = child
        .stdin
        .take()
        .expect("piped")
        .write_all(text.as_bytes());
    child.wait().expect("ended");
}

fn sample(count: usize, mut work: impl FnMut()) -> Vec<Duration> {
    (0..count).map(|_| timed(&mut work)).collect()
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn high(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() * 95 / 100]
}
