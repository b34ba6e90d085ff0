//! What the machine does to a run: full disks, closed pipes, signals, limits, files that change or vanish. Each fault is
//! injected for real.
#![cfg(unix)]

mod binary;

use binary::{command, goleash, tree, write};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const LEAK: &str = "package p

import \"time\"

func wait(work func() int) int {
\tch := make(chan int)
\tgo func() { ch <- work() }()
\tselect {
\tcase n := <-ch:
\t\treturn n
\tcase <-time.After(time.Second):
\t\treturn 0
\t}
}
";

fn leaks() -> TempDir {
    tree(&[("p/a.go", LEAK.as_bytes())])
}

/// A script with `$goleash` in it, run in `folder`.
fn shell(folder: &Path, script: &str) -> Output {
    Command::new("bash")
        .args(["-c", script])
        .current_dir(folder)
        .env("goleash", env!("CARGO_BIN_EXE_goleash"))
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("bash runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

#[test]
fn a_full_disk_behind_stdout_is_an_error() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let folder = leaks();
    for format in ["full", "json", "sarif", "github"] {
        let run = shell(folder.path(), &format!("$goleash -f {format} > /dev/full"));
        assert_eq!(run.status.code(), Some(2), "{}", said(&run));
        assert!(
            said(&run).contains("could not write to stdout"),
            "{}",
            said(&run)
        );
    }
    // Nobody is left to be told, and the findings count all the same.
    let run = shell(folder.path(), "$goleash 2> /dev/full");
    assert_eq!(run.status.code(), Some(1));
}

#[test]
fn closed_streams_do_no_harm() {
    let folder = leaks();
    for (script, code) in [
        ("$goleash >&-", 1),
        ("$goleash 2>&-", 1),
        ("$goleash <&- >&- 2>&-", 1),
        ("$goleash --stdin-filename p/a.go <&-", 0),
        ("$goleash --version >&-", 0),
        ("$goleash | true; exit ${PIPESTATUS[0]}", 1),
    ] {
        let run = shell(folder.path(), script);
        assert_eq!(run.status.code(), Some(code), "{script}: {}", said(&run));
        assert!(!said(&run).contains("internal error"), "{}", said(&run));
    }
}

/// No file may grow: what a full disk does, to whoever writes anything.
const FULL: &str = "trap '' XFSZ; ulimit -f 0;";

#[test]
fn a_full_disk_leaves_no_half_file_under_the_final_name() {
    for (what, target) in [
        ("-f json --output out.json", "out.json"),
        ("-f sarif=out.json", "out.json"),
        ("baseline create --baseline out.json", "out.json"),
        ("init p", "p/goleash.toml"),
    ] {
        let folder = leaks();
        let before = (names(folder.path()), names(&folder.path().join("p")));
        let run = shell(folder.path(), &format!("{FULL} $goleash {what}"));
        assert_eq!(run.status.code(), Some(2), "{what}: {}", said(&run));
        assert!(
            said(&run).contains("could not write"),
            "{what}: {}",
            said(&run)
        );
        assert!(!folder.path().join(target).exists(), "{what} left {target}");
        let after = (names(folder.path()), names(&folder.path().join("p")));
        assert_eq!(after, before, "{what} left something");
    }
}

#[test]
fn a_full_disk_leaves_files_as_they_were() {
    for (what, target) in [
        ("-f json --output out.json", "out.json"),
        ("baseline update --baseline out.json", "out.json"),
        ("--fix", "p/a.go"),
    ] {
        let folder = leaks();
        goleash(&folder, "baseline create --baseline out.json").exits(0);
        let old = fs::read(folder.path().join(target)).expect("there");
        let before = names(folder.path());
        // One more finding, so that there is something new to write.
        if target == "out.json" {
            write(
                folder.path(),
                "p/b.go",
                LEAK.replace("wait", "await").as_bytes(),
            );
        }
        let run = shell(folder.path(), &format!("{FULL} $goleash {what}"));
        assert_eq!(run.status.code(), Some(2), "{what}: {}", said(&run));
        let new = fs::read(folder.path().join(target)).expect("still there");
        assert_eq!(new, old, "{what}");
        assert_eq!(names(folder.path()), before, "{what} left something");
    }
}

#[test]
fn an_interrupted_run_ends_as_the_shell_expects() {
    let folder = leaks();
    // It waits for stdin when it is interrupted. Without job control a shell makes what runs behind deaf to this signal, and
    // whoever was started deaf to it stays so, unless `env` can undo that.
    let script = "set -m; mkfifo pipe; hears=; env --default-signal=INT true 2> /dev/null && hears='env --default-signal=INT'; \
                  $hears $goleash --stdin-filename p/a.go < pipe & exec 3> pipe; \
                  sleep 0.3; kill -INT $!; wait $!; echo $?";
    let run = shell(folder.path(), script);
    assert_eq!(
        String::from_utf8_lossy(&run.stdout),
        "130\n",
        "{}",
        said(&run)
    );
}

#[test]
fn files_may_change_and_vanish_under_a_run() {
    let folder = TempDir::new().expect("a folder");
    let root = folder.path();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0_usize;
            while !done.load(Ordering::Relaxed) {
                round += 1;
                let package = root.join(format!("p{}", round % 7));
                // Any of these may fail while another undoes it.
                let _ = match round % 4 {
                    0 => fs::remove_dir_all(&package),
                    1 => fs::create_dir_all(&package)
                        .and_then(|()| fs::write(package.join("a.go"), LEAK)),
                    2 => fs::write(package.join("a.go"), &LEAK[..round % LEAK.len()]),
                    _ => fs::remove_file(package.join("a.go")),
                };
            }
        });
        for _ in 0..30 {
            let run = goleash(&folder, "-f json");
            assert!((0..=3).contains(&run.code), "{}", run.stderr);
            assert!(!run.stderr.contains("internal error"), "{}", run.stderr);
            if run.code != 3 {
                let read: Result<serde_json::Value, _> = serde_json::from_str(&run.stdout);
                assert!(read.is_ok(), "{}\n{}", run.stdout, run.stderr);
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// Whether this user is held back by permissions at all.
fn obeys_permissions(folder: &Path) -> bool {
    fs::write(folder.join("probe"), b"").is_err()
}

#[test]
fn a_tree_nobody_may_write_to_is_read() {
    let folder = leaks();
    let package = folder.path().join("p");
    let set = |mode| fs::set_permissions(&package, fs::Permissions::from_mode(mode));
    set(0o555).expect("set");
    goleash(&folder, "").exits(1);
    if obeys_permissions(&package) {
        goleash(&folder, "--fix").exits(2).tells("could not write");
        let text = fs::read_to_string(package.join("a.go")).expect("there");
        assert_eq!(text, LEAK);
        goleash(&folder, "-f json --output p/out.json").exits(2);
    }
    set(0o755).expect("set back");
}

#[test]
fn what_may_not_be_read_is_told_and_the_rest_is_analysed() {
    let folder = tree(&[
        ("p/a.go", LEAK.as_bytes()),
        ("p/closed.go", b"package p\n"),
        ("q/a.go", LEAK.as_bytes()),
    ]);
    let closed = folder.path().join("p/closed.go");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("set");
    if fs::read(&closed).is_ok() {
        // This user reads everything; a link to nowhere can be read by nobody.
        fs::remove_file(&closed).expect("removed");
        std::os::unix::fs::symlink("nowhere.go", &closed).expect("linked");
    }
    let run = goleash(&folder, "-f concise").exits(2);
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
    assert!(run.stderr.contains("closed.go"), "{}", run.stderr);
}

#[test]
fn neither_home_nor_locale_is_needed() {
    let folder = leaks();
    let plain = goleash(&folder, "-f full").exits(1);
    let bare = command(folder.path())
        .env_clear()
        .args(["-f", "full"])
        .output()
        .expect("the binary runs");
    assert_eq!(bare.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&bare.stdout), plain.stdout);
    let odd = command(folder.path())
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "xx_YY.latin1")
        .env("LANG", "\u{fffd}")
        .args(["-f", "full"])
        .output()
        .expect("the binary runs");
    assert_eq!(String::from_utf8_lossy(&odd.stdout), plain.stdout);
}

#[test]
fn a_hundred_thousand_files_are_looked_at() {
    let folder = TempDir::new().expect("a folder");
    for directory in 0..1_000 {
        let path = folder
            .path()
            .join(format!("d{}/p{directory}", directory % 30));
        fs::create_dir_all(&path).expect("created");
        for file in 0..100 {
            fs::write(path.join(format!("f{file}.go")), b"package p\n").expect("written");
        }
    }
    write(folder.path(), "d0/p0/a.go", LEAK.as_bytes());
    let run = goleash(&folder, "-f concise").exits(1);
    assert_eq!(run.files(), 100_001);
    assert_eq!(run.stdout.lines().count(), 1);
}

#[test]
fn little_memory_ends_in_a_result_or_a_word() {
    let folder = leaks();
    for kib in [2_000_000, 400_000, 200_000, 120_000, 60_000, 30_000] {
        let script = format!("ulimit -v {kib}; $goleash --threads 4");
        let run = shell(folder.path(), &script);
        match run.status.code() {
            Some(1) => assert!(!run.stdout.is_empty()),
            // A loader that finds no room for the program speaks for itself.
            _ => assert!(!said(&run).is_empty(), "{kib} KiB: {:?}", run.status),
        }
        assert!(!said(&run).contains("internal error"), "{}", said(&run));
    }
}

#[test]
fn a_small_stack_makes_no_difference() {
    let folder = leaks();
    let usual = shell(folder.path(), "$goleash");
    assert_eq!(usual.status.code(), Some(1));
    for kib in [1024, 128, 64] {
        for (what, code) in [("", 1), ("explain early-return", 0), ("--help", 0)] {
            let run = shell(
                folder.path(),
                &format!("ulimit -s {kib}; exec $goleash {what}"),
            );
            assert_eq!(
                run.status.code(),
                Some(code),
                "{kib} KiB, {what}: {}",
                said(&run)
            );
            assert!(code == 0 || run.stdout == usual.stdout, "{kib} KiB");
        }
    }
}

#[test]
fn a_run_whose_time_is_over_says_what_it_did_not_look_at() {
    let folder = leaks();
    goleash(&folder, "--time-limit 3600").exits(1);
    goleash(&folder, "--time-limit 0")
        .exits(2)
        .tells("--time-limit");
    // Systems that take all their states, by the hundred.
    let slow: String = (0..2_000).map(many_workers).collect();
    write(
        folder.path(),
        "slow/a.go",
        format!("package slow\n{slow}").as_bytes(),
    );
    let start = Instant::now();
    goleash(&folder, "--time-limit 1 --state-budget 100000")
        .exits(2)
        .tells("slow: error: not looked at in full: the time that --time-limit gives is over");
    assert!(start.elapsed() < Duration::from_secs(60));
}

fn many_workers(number: usize) -> String {
    let ops =
        "\tgo func() { for { select { case a <- 1: case <-b: case c <- 2: } } }()\n".repeat(6);
    format!(
        "func f{number}(x bool) {{\n\ta, b, c := make(chan int), make(chan int), make(chan int)\n{ops}\tif x {{ return }}\n\t<-a; b <- 1; <-c\n}}\n"
    )
}

#[test]
fn a_reader_that_is_slow_gets_everything() {
    let folder = TempDir::new().expect("a folder");
    let many: String = (0..400)
        .map(|i| LEAK[9..].replace("wait(", &format!("wait{i}(")))
        .collect();
    let many = many.replace("import \"time\"", "");
    write(
        folder.path(),
        "a.go",
        format!("package p\n\nimport \"time\"\n{many}").as_bytes(),
    );
    let whole = goleash(&folder, "-f full").exits(1).stdout;
    let run = shell(folder.path(), "$goleash -f full | (sleep 0.5; cat)");
    assert_eq!(String::from_utf8_lossy(&run.stdout), whole);
}
