//! Function bodies that the parser is not shown make no difference: what is found is what is found with every byte parsed.
//!
//! The fixtures are compared, and the packages of Go's own library that have most to do with goroutines, where there is a
//! Go toolchain. `GOLEASH_ELISION_DIR=/path/to/go/code` compares all packages in and below that folder.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its data fails")]

mod support;

use goleash::analyze::{Directory, InputFile, Options, Report, directory};
use goleash::gomod::NEWEST;
use goleash::leak::Confidence;
use goleash::outline::outline;
use goleash::walk::{Settings, walk};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Searches that take longer than this many states are no more telling.
const STATES: u32 = 150;

#[test]
fn fixtures_say_the_same() {
    let mut tally = Tally::default();
    for package in support::packages() {
        let files = package.files.iter();
        let files = files.map(|file| (file.path.clone(), lengthened(&file.text)));
        let files = files.collect();
        tally.compare(&loaded(&package.directory, files), &generous(1_000));
    }
    // Otherwise nothing is compared.
    assert!(tally.left_out > 0 && tally.findings > 100, "{tally:?}");
    tally.finish();
}

#[test]
fn a_file_that_is_not_closed_makes_no_difference_to_the_others() {
    let mut tally = Tally::default();
    for package in support::packages() {
        for (opened, text) in ["import \"open\n", "var open = (\n", "func open() {\n"]
            .iter()
            .enumerate()
        {
            let files = package.files.iter().enumerate().map(|(at, file)| {
                let longer = lengthened(&file.text);
                let is_opened =
                    at % 3 == opened && outline(file.text.as_bytes()).functions.len() > 1;
                // Behind its first function.
                let end = longer.find("\n}\n").filter(|_| is_opened);
                let longer = end.map_or(longer.clone(), |end| {
                    [&longer[..end + 3], text, &longer[end + 3..]].concat()
                });
                (file.path.clone(), longer)
            });
            tally.compare(
                &loaded(&package.directory, files.collect()),
                &generous(STATES),
            );
        }
    }
    assert!(tally.left_out > 0 && tally.findings > 100, "{tally:?}");
    tally.finish();
}

#[test]
fn code_without_marks_that_matters_is_not_overlooked() {
    // In each case a body without any mark decides whether there is a leak.
    let mut tally = Tally::default();
    for (text, leaks) in [
        (
            "type S struct { stopped bool; c chan int }
             func (s *S) idle() bool { return s.stopped }
             func run() { s := &S{c: make(chan int), stopped: true}; if s.idle() { return }; s.c <- 1 }",
            false,
        ),
        (
            "type S struct { stopped bool; c chan int }
             func (s *S) idle() bool { return s.stopped }
             func run() { s := &S{c: make(chan int)}; if s.idle() { return }; s.c <- 1 }",
            true,
        ),
        (
            "func never(x int) { fmt.Println(x); os.Exit(1) }
             func run() { c := make(chan int); never(1); c <- 1 }",
            false,
        ),
        (
            "func twice(x int) { never(x); never(x) }
             func never(x int) { fmt.Println(x); os.Exit(1) }
             func run() { c := make(chan int); twice(1); c <- 1 }",
            false,
        ),
        (
            "type stream chan int
             type S struct { s stream }
             func (s *S) get() stream { return s.s }
             func run() { s := &S{s: make(stream)}; go func() { s.get() <- 1 }(); <-s.get() }",
            false,
        ),
        (
            "type S struct { cancel func() }
             func (s *S) stop() { s.cancel() }
             func run() { ctx, cancel := context.WithCancel(context.Background()); s := &S{cancel}; s.stop(); <-ctx.Done() }",
            false,
        ),
        (
            "func each(f func(int)) { f(1) }
             func run() { c := make(chan int, 1); each(func(n int) { c <- n }); <-c }",
            false,
        ),
        (
            "func first(c, d stream) stream { return c }
             type stream chan int
             func run() { c, d := make(stream, 1), make(stream); first(c, d) <- 1 }",
            false,
        ),
        (
            "func first(c, d stream) stream { return d }
             type stream chan int
             func run() { c, d := make(stream, 1), make(stream); first(c, d) <- 1 }",
            true,
        ),
        (
            "func put(w io.Writer) { fmt.Fprintln(w, 1) }
             func drain(r io.Reader) { io.Copy(io.Discard, r) }
             func run() { r, w := io.Pipe(); go drain(r); put(w) }",
            true,
        ),
        (
            "func put(w io.WriteCloser) { fmt.Fprintln(w, 1); w.Close() }
             func drain(r io.Reader) { io.Copy(io.Discard, r) }
             func run() { r, w := io.Pipe(); go drain(r); put(w) }",
            false,
        ),
        (
            "type S struct { w *io.PipeWriter }
             func (s *S) end() { s.w.Close() }
             func run() { r, w := io.Pipe(); s := &S{w}; go io.ReadAll(r); s.end() }",
            false,
        ),
    ] {
        let imports = "package p\nimport (\"context\"; \"fmt\"; \"io\"; \"os\")\n";
        let lines = text.replace("\n             ", "\n");
        let text = lengthened(&format!("{imports}{lines}\n"));
        let dir = loaded("p", vec![("p/p.go".to_owned(), text.clone())]);
        let found = tally.compare(&dir, &generous(1_000));
        assert_eq!(!found.findings.is_empty(), leaks, "{text}");
    }
    assert!(tally.left_out > 0, "every body is parsed");
    tally.finish();
}

#[test]
fn go_says_the_same() {
    let chosen = std::env::var_os("GOLEASH_ELISION_DIR").map(PathBuf::from);
    let (folder, patterns): (PathBuf, Vec<&str>) = match (chosen, support::go::toolchain()) {
        (Some(folder), _) => (folder, vec!["./..."]),
        (None, Ok(go)) => {
            let root = Command::new(go).args(["env", "GOROOT"]).output().unwrap();
            let root = String::from_utf8(root.stdout).unwrap();
            let folder = Path::new(root.trim()).join("src");
            (
                folder,
                vec![
                    "context",
                    "database/sql",
                    "io",
                    "net/rpc",
                    "os/exec",
                    "os/signal",
                    "sync/...",
                    "time",
                ],
            )
        }
        (None, Err(why)) => {
            println!("not compared: {why}");
            return;
        }
    };
    let settings = Settings {
        current: folder,
        this_module: false,
    };
    let patterns: Vec<PathBuf> = patterns.into_iter().map(PathBuf::from).collect();
    let mut tally = Tally::default();
    for found in walk(&patterns, &settings).unwrap().directories {
        let files = found.files.iter();
        let files = files.map(|f| (f.display.clone(), lossy(&f.path))).collect();
        tally.compare(&loaded(&found.display, files), &generous(STATES));
    }
    assert!(tally.left_out > 0, "{tally:?}");
    println!("{tally:?}");
    tally.finish();
}

fn lossy(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

/// The text with a long comment in every body: short bodies are never left out.
fn lengthened(text: &str) -> String {
    let comment = format!("/* {} */", "-".repeat(64));
    let mut longer = String::new();
    let mut from = 0;
    for function in outline(text.as_bytes()).functions {
        let to = function.body.start as usize + 1;
        longer.push_str(&text[from..to]);
        longer.push_str(&comment);
        from = to;
    }
    longer + &text[from..]
}

/// Everything is reported, however unsure.
fn generous(state_budget: u32) -> Options {
    let mut options = Options {
        min_confidence: Confidence::Low,
        generated: true,
        state_budget,
        ..Options::default()
    };
    options.rules.select(&["all".to_owned()]).unwrap();
    // This one has everything parsed.
    options.rules.turn("http-no-timeout", false);
    options
}

fn loaded(path: &str, files: Vec<(String, String)>) -> Directory {
    Directory {
        path: path.to_owned(),
        import_path: path.to_owned(),
        go: NEWEST,
        files: files
            .into_iter()
            .map(|(path, text)| InputFile {
                path: path.into(),
                bytes: text.into_bytes().into(),
                report: true,
                rules: None,
            })
            .collect(),
    }
}

#[derive(Debug, Default)]
struct Tally {
    packages: u64,
    findings: usize,
    bytes: u64,
    left_out: u64,
    complaints: Vec<String>,
}

impl Tally {
    fn compare(&mut self, dir: &Directory, options: &Options) -> Report {
        let every_byte = Options {
            whole: true,
            ..options.clone()
        };
        let (some, all) = (directory(dir, options), directory(dir, &every_byte));
        assert_eq!(all.stats.parsed, all.stats.bytes);
        self.packages += some.stats.packages;
        self.findings += all.findings.len();
        self.bytes += all.stats.bytes;
        self.left_out += all.stats.bytes - some.stats.parsed;
        let text = |report: &Report| format!("{:#?}", report.findings);
        if text(&some) != text(&all) {
            let lines = |report: &Report| {
                let show = |f: &goleash::finding::Finding| {
                    let (file, line) = support::analysis::locate(report, f.primary);
                    format!("  {file}:{line} {}: {}\n", f.rule, f.message)
                };
                report.findings.iter().map(show).collect::<String>()
            };
            self.complaints.push(format!(
                "{}\n with bodies left out:\n{} with every byte:\n{}",
                dir.path,
                lines(&some),
                lines(&all)
            ));
        }
        some
    }

    fn finish(self) {
        let complaints = self.complaints.join("\n");
        assert!(self.complaints.is_empty(), "{complaints}");
    }
}
