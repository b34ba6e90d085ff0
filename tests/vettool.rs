//! `go vet -vettool=goleash`: the real go command asks, on modules made for one test; and the protocol by hand.
//!
//! Needs Go (`GOLEASH_GO`, or `go` on the path); without, it says so and passes, except under `CI=true`.

mod binary;
#[path = "support/go.rs"]
mod go;
#[path = "support/outside.rs"]
mod outside;

use binary::{command, goleash, tree, write};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A leak, in a function of that name; the goroutine sits in the third line.
fn leak(name: &str) -> String {
    format!(
        "func {name}(stop bool) {{\n\tch := make(chan int)\n\tgo func() {{ ch <- 1 }}()\n\tif stop {{\n\t\treturn\n\t}}\n\t<-ch\n}}\n"
    )
}

/// A file with one leak; what is in it differs from run to run, so that Go's build cache cannot know it yet.
fn leaking(package: &str, name: &str, folder: &Path) -> Vec<u8> {
    let id = folder.display();
    format!("package {package}\n\n// made in {id}\n\n{}", leak(name)).into_bytes()
}

/// A module with the files; those without text hold one leak each.
fn module(files: &[(&str, &str)]) -> TempDir {
    let folder = tree(&[("go.mod", b"module example.com/m\n\ngo 1.22\n")]);
    for (path, text) in files {
        if text.is_empty() {
            let name = path.rsplit('/').next().expect("a name").replace('.', "_");
            let package = path.split('/').next().expect("a folder");
            write(folder.path(), path, &leaking(package, &name, folder.path()));
        } else {
            write(folder.path(), path, text.as_bytes());
        }
    }
    folder
}

/// What `go vet` said.
struct Answer {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Answer {
    /// `file:line` of each finding, sorted.
    fn found(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .stderr
            .lines()
            .filter(|line| line.contains("blocks for ever"))
            .map(|line| line.split(':').take(2).collect::<Vec<_>>().join(":"))
            .collect();
        lines.sort();
        lines
    }
}

struct Vet {
    go: PathBuf,
    tool: PathBuf,
}

impl Vet {
    fn new() -> Option<Self> {
        outside::or_skip(go::toolchain()).map(|go| Self {
            go,
            tool: env!("CARGO_BIN_EXE_goleash").into(),
        })
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.go);
        command
            .current_dir(folder)
            .arg("vet")
            .arg(format!("-vettool={}", self.tool.display()))
            .env("GOTOOLCHAIN", "local")
            .env("GOPROXY", "off")
            .env("GOWORK", "off")
            .env("GOFLAGS", "");
        command
    }

    fn run(&self, folder: &TempDir, line: &str) -> Answer {
        self.finish(self.command(folder.path()).args(line.split_whitespace()))
    }

    fn finish(&self, command: &mut Command) -> Answer {
        let output = command.output().expect("go runs");
        Answer {
            code: output.status.code().expect("no signal"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

#[test]
fn findings_are_the_same_as_those_of_check() {
    let Some(vet) = Vet::new() else { return };
    let folder = module(&[
        ("a/a.go", ""),
        ("a/a_test.go", ""),
        ("b/b.go", ""),
        ("clean/c.go", "package clean\n"),
    ]);
    let external = leaking("a_test", "External", folder.path());
    write(folder.path(), "a/x_test.go", &external);
    let answer = vet.run(&folder, "./...");
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let mut checked: Vec<String> = goleash(&folder, "-f concise")
        .exits(1)
        .stdout
        .lines()
        .map(|line| line.split(':').take(2).collect::<Vec<_>>().join(":"))
        .collect();
    checked.sort();
    assert_eq!(checked.len(), 4);
    assert_eq!(answer.found(), checked, "{}", answer.stderr);
    for text in [
        "a/a.go:7:14: send on `ch` blocks for ever",
        "[early-return]\n",
        "a/a.go:6:8: \t`ch` is made here",
        "a/a.go:7:14: \thelp: give `ch` room",
    ] {
        assert!(answer.stderr.contains(text), "{text}:\n{}", answer.stderr);
    }
}

#[test]
fn a_package_seen_as_an_import_first_is_reported_when_it_is_asked_for() {
    let Some(vet) = Vet::new() else { return };
    let folder = module(&[("b/b.go", "")]);
    let user = format!(
        "package a\n\nimport _ \"example.com/m/b\"\n\n// {:?}\n",
        folder.path()
    );
    write(folder.path(), "a/a.go", user.as_bytes());
    assert_eq!(vet.run(&folder, "./a").found(), [""; 0]);
    assert_eq!(vet.run(&folder, "./b").found(), ["b/b.go:7"]);
}

/// Makes the edits of a suggested fix, last first so that none moves another.
fn apply(fix: &Value) {
    let edits = fix["edits"].as_array().expect("a list");
    for edit in edits.iter().rev() {
        let offset = |name: &str| edit[name].as_u64().expect("a number") as usize;
        let file = edit["filename"].as_str().expect("a path");
        let mut text = fs::read_to_string(file).expect("a file");
        let new = edit["new"].as_str().expect("text");
        text.replace_range(offset("start")..offset("end"), new);
        fs::write(file, text).expect("written");
    }
}

#[test]
fn json_is_the_tree_that_go_vet_documents() {
    let Some(vet) = Vet::new() else { return };
    let folder = module(&[("a/a.go", "")]);
    let answer = vet.run(&folder, "-json ./a");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    // Older releases print a comment line with the package before each value.
    let json: String = answer
        .stdout
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let tree: Value = serde_json::from_str(&json).expect(&answer.stdout);
    let found = &tree["example.com/m/a"]["goleash"][0];
    let file = fs::canonicalize(folder.path())
        .expect("a folder")
        .join("a/a.go");
    assert_eq!(found["posn"], format!("{}:7:14", file.display()));
    assert_eq!(found["end"], format!("{}:7:21", file.display()));
    assert_eq!(found["category"], "early-return");
    apply(&found["suggested_fixes"][0]);
    let mended = vet.run(&folder, "./a");
    assert_eq!(mended.code, 0, "{}", mended.stderr);
    let related = found["related"].as_array().expect("a list");
    assert!(related.iter().all(|place| place["message"].is_string()));
    assert!(related.len() >= 3, "{found:#}");
}

#[test]
fn the_build_decides_which_files_count() {
    let Some(vet) = Vet::new() else { return };
    let folder = module(&[("a/a.go", "package a\n"), ("a/b_windows.go", "")]);
    let tagged = String::from_utf8(leaking("a", "Tagged", folder.path())).expect("text");
    let tagged = format!("//go:build special\n\n{tagged}");
    write(folder.path(), "a/tagged.go", tagged.as_bytes());
    let linux = |line| {
        let mut command = vet.command(folder.path());
        vet.finish(command.args(["-tags", line, "./a"]).env("GOOS", "linux"))
    };
    assert_eq!(linux("other").found(), [""; 0]);
    assert_eq!(linux("special").found(), ["a/tagged.go:9"]);
    let mut windows = vet.command(folder.path());
    let windows = vet.finish(windows.arg("./a").env("GOOS", "windows"));
    assert_eq!(windows.found(), ["a/b_windows.go:7"]);
}

#[test]
fn options_are_passed_on_and_unknown_ones_are_refused() {
    let Some(vet) = Vet::new() else { return };
    let folder = module(&[("a/a.go", "package a\n"), ("a/a_test.go", "")]);
    assert_eq!(vet.run(&folder, "./a").found(), ["a/a_test.go:7"]);
    assert_eq!(vet.run(&folder, "-no-tests ./a").found(), [""; 0]);
    let wrong = vet.run(&folder, "-nonsense ./a");
    assert_ne!(wrong.code, 0);
    assert!(wrong.stderr.contains("-nonsense"), "{}", wrong.stderr);
    let wrong = vet.run(&folder, "-min-confidence=huge ./a");
    assert_ne!(wrong.code, 0);
    assert!(wrong.stderr.contains("possible values"), "{}", wrong.stderr);
}

#[test]
fn the_configuration_holds_and_so_does_the_baseline_it_names() {
    let Some(vet) = Vet::new() else { return };
    let folder = module(&[("a/a.go", ""), ("b/b.go", "")]);
    let found = || vet.run(&folder, "./...").found();
    assert_eq!(found(), ["a/a.go:7", "b/b.go:7"]);
    write(
        folder.path(),
        "b/goleash.toml",
        b"[rules]\nearly-return = \"off\"\n",
    );
    assert_eq!(found(), ["a/a.go:7"], "a folder of its own mind");
    write(
        folder.path(),
        "goleash.toml",
        b"baseline = \"accepted.json\"\n",
    );
    goleash(&folder, "baseline create --baseline accepted.json").exits(0);
    assert_eq!(found(), [""; 0], "accepted");
    let text = fs::read_to_string(folder.path().join("accepted.json")).expect("a baseline");
    let before = vet.run(&folder, "-no-baseline ./...").found();
    assert_eq!(before, ["a/a.go:7"]);
    fs::remove_file(folder.path().join("b/goleash.toml")).expect("removed");
    assert_eq!(found(), ["b/b.go:7"], "not accepted: {text}");
    goleash(&folder, "baseline update --baseline accepted.json").exits(0);
    assert_eq!(
        found(),
        [""; 0],
        "only the file of accepted findings changed"
    );
    write(
        folder.path(),
        "goleash.toml",
        b"baselin = \"accepted.json\"\n",
    );
    let wrong = vet.run(&folder, "./...");
    assert_ne!(wrong.code, 0);
    assert!(wrong.stderr.contains("goleash.toml:1"), "{}", wrong.stderr);
}

#[test]
fn a_file_that_uses_cgo_is_reported_where_it_was_written() {
    let Some(vet) = Vet::new() else { return };
    let folder = module(&[("a/plain.go", "package a\n")]);
    let text = format!(
        "package a\n\n// int one() {{ return 1; }}\nimport \"C\"\n\n// {:?}\nvar one = int(C.one())\n\n{}",
        folder.path(),
        leak("Leak")
    );
    write(folder.path(), "a/a.go", text.as_bytes());
    let mut command = vet.command(folder.path());
    let answer = vet.finish(command.arg("./a").env("CGO_ENABLED", "1"));
    assert_eq!(answer.found(), ["a/a.go:11"], "{}", answer.stderr);
}

/// Every call of the tool is recorded by a script that stands in for it.
#[cfg(unix)]
#[test]
fn the_build_cache_answers_until_something_changes() {
    use std::os::unix::fs::PermissionsExt;
    let Some(mut vet) = Vet::new() else { return };
    let folder = module(&[("a/a.go", ""), ("b/b.go", ""), ("go/x.txt", "x")]);
    let uses = "package a\n\nimport (\n\t_ \"errors\"\n\n\t_ \"example.com/m/b\"\n)\n";
    write(folder.path(), "a/uses.go", uses.as_bytes());
    let script = folder.path().join("tool");
    let text = format!(
        "#!/bin/sh\necho \"$PWD $*\" >>'{0}/calls'\nexec '{1}' \"$@\"\n",
        folder.path().display(),
        vet.tool.display()
    );
    fs::write(&script, text).expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a program");
    vet.tool = script;
    let calls = || {
        let answer = vet.run(&folder, "./...");
        assert_eq!(
            answer.found(),
            ["a/a.go:7", "b/b.go:7"],
            "{}",
            answer.stderr
        );
        let file = folder.path().join("calls");
        let text = fs::read_to_string(&file).expect("calls");
        fs::remove_file(file).expect("removed");
        let units = text.lines().filter(|line| line.contains("vet.cfg"));
        let mut packages: Vec<String> = units
            .filter_map(|line| {
                let folder = Path::new(line.split(' ').next()?).file_name()?;
                Some(folder.to_string_lossy().into_owned())
            })
            .collect();
        packages.sort();
        packages
    };
    let first = calls();
    assert!(
        first.contains(&"a".to_owned()) && first.contains(&"b".to_owned()),
        "{first:?}"
    );
    assert_eq!(calls(), [""; 0], "nothing changed");
    let mut longer = fs::read(folder.path().join("a/a.go")).expect("a file");
    longer.extend(b"\nfunc more() {}\n");
    write(folder.path(), "a/a.go", &longer);
    assert_eq!(calls(), ["a"], "one file changed");
    write(folder.path(), "goleash.toml", b"# a comment\n");
    let again = calls();
    assert!(again.contains(&"b".to_owned()), "the configuration changed");
    assert_eq!(calls(), [""; 0], "nothing changed since");
}

#[test]
fn the_version_line_changes_with_the_configuration_of_every_module_in_view() {
    let folder = tree(&[
        ("one/go.mod", b"module one\n"),
        ("one/sub/a.go", b"package sub\n"),
        ("two/go.mod", b"module two\n"),
    ]);
    let line = |at: &str| {
        let output = command(&folder.path().join(at))
            .arg("-V=full")
            .env_remove("GOWORK")
            .output()
            .expect("the binary runs");
        String::from_utf8(output.stdout).expect("text")
    };
    let first = line("one/sub");
    let words: Vec<&str> = first.split_whitespace().collect();
    assert_eq!(
        words[..3],
        ["goleash", "version", env!("CARGO_PKG_VERSION")]
    );
    assert!(words[3].starts_with("buildID="), "{first}");
    assert_eq!(first, line("one"), "the module counts, not the folder");
    write(folder.path(), "two/.goleash.toml", b"a = 1\n");
    assert_eq!(first, line("one"), "another module");
    write(
        folder.path(),
        "go.work",
        b"go 1.27\n\nuse (\n\t./one\n\t./two\n)\n",
    );
    let both = line("one");
    assert_ne!(first, both);
    write(folder.path(), "goleash.toml", b"a = 1\n");
    let above = line("one");
    assert_ne!(both, above, "a configuration above the module");
    write(folder.path(), "one/sub/goleash.toml", b"a = 1\n");
    assert_ne!(above, line("one"), "a configuration inside it");
}

#[test]
fn the_configuration_of_the_package_holds() {
    let text = format!("package a\n\n{}", leak("Leak"));
    let folder = tree(&[
        ("go.mod", b"module m\n\ngo 1.27\n"),
        ("a/a.go", text.as_bytes()),
    ]);
    let file = unit(&folder, "");
    let run = || {
        command(folder.path())
            .arg(&file)
            .output()
            .expect("the binary runs")
    };
    assert_eq!(run().status.code(), Some(1));
    write(
        folder.path(),
        "goleash.toml",
        b"rules = { all = \"off\" }\n",
    );
    assert_eq!(run().status.code(), Some(0));
    write(folder.path(), "a/.goleash.toml", b"exclude = [\"b.go\"]\n");
    assert_eq!(run().status.code(), Some(1));
    write(folder.path(), "a/.goleash.toml", b"rulez = {}\n");
    let wrong = run();
    assert_eq!(wrong.status.code(), Some(2));
    let told = String::from_utf8_lossy(&wrong.stderr);
    assert!(
        told.contains(".goleash.toml:1:1: there is no key `rulez`"),
        "{told}"
    );
}

/// A package described as the go command does it, without the go command.
fn unit(folder: &TempDir, rest: &str) -> String {
    let root = folder.path().display();
    let json = format!(
        r#"{{"ID": "m/a", "Dir": "{root}/a", "GoFiles": ["{root}/a/a.go"], "GoVersion": "go1.27",
            "VetxOutput": "{root}/facts"{rest}}}"#
    );
    write(folder.path(), "vet.cfg", json.as_bytes());
    folder.path().join("vet.cfg").display().to_string()
}

#[test]
fn without_json_findings_are_lines_on_stderr_and_exit_code_1() {
    let folder = module(&[("a/a.go", "")]);
    let run = goleash(&folder, &unit(&folder, "")).exits(1);
    let file = folder.path().join("a/a.go").display().to_string();
    assert!(
        run.stderr
            .starts_with(&format!("{file}:7:14: send on `ch`")),
        "{}",
        run.stderr
    );
    assert_eq!(run.stdout, "");
    let run = goleash(&folder, &format!("-json {}", unit(&folder, ""))).exits(0);
    assert!(run.stdout.contains(r#""m/a""#), "{}", run.stdout);
    let file = format!(r#", "Stdout": "{}/out""#, folder.path().display());
    let run = goleash(&folder, &format!("-json {}", unit(&folder, &file))).exits(0);
    assert_eq!(run.stdout, "");
    let written = fs::read_to_string(folder.path().join("out")).expect("the answer");
    assert!(written.contains("early-return"), "{written}");
}

#[test]
fn only_whole_answers_are_offered_to_the_cache() {
    let folder = module(&[("a/a.go", "package a\n\nvar ch chan int\n")]);
    let facts = folder.path().join("facts");
    goleash(&folder, &unit(&folder, "")).exits(0);
    assert!(facts.exists());
    fs::remove_file(&facts).expect("removed");
    write(
        folder.path(),
        "a/a.go",
        b"package a\n\nvar ch chan int\n\nfunc f() {\n\tx := := 1\n}\n",
    );
    goleash(&folder, &unit(&folder, ""))
        .exits(0)
        .tells("a/a.go:6: warning: could not read this part as Go");
    assert!(!facts.exists(), "a warning has to be seen again");
    let only = |rest: &str| {
        goleash(
            &folder,
            &unit(&folder, &format!(r#", "VetxOnly": true{rest}"#)),
        )
        .exits(0);
        facts.exists()
    };
    assert!(
        !only(r#", "ModulePath": "m""#),
        "Go 1.26 would take it for a clean bill"
    );
    assert!(only(""), "the standard library");
}

#[test]
fn what_cannot_be_understood_is_an_error() {
    let folder = module(&[("a/a.go", "package a\n")]);
    write(folder.path(), "bad.cfg", b"not JSON");
    goleash(&folder, "bad.cfg")
        .exits(2)
        .tells("`bad.cfg` is no configuration of go vet");
    let missing = unit(&folder, "").replace("vet.cfg", "a/a.go");
    fs::remove_file(missing).expect("removed");
    goleash(&folder, "vet.cfg")
        .exits(2)
        .tells("a/a.go: error: could not be read");
    assert!(!folder.path().join("facts").exists());
    goleash(&folder, "-fix vet.cfg")
        .exits(2)
        .tells("`-fix` does not work through `go vet`");
}
