//! The hooks, in real git repositories, run by the real pre-commit.

use crate::action::yaml;
use crate::binary::write;
use crate::outside::{must, or_skip, programs};
use crate::snippets::snippet;
use crate::{LEAK, root, wheel};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use tempfile::TempDir;
use yaml_rust2::Yaml;

/// The repository that users name, as far as the hooks installed from a wheel need it; and where pre-commit keeps what it
/// installed.
struct Hooks {
    repository: PathBuf,
    home: PathBuf,
    wheels: &'static Path,
}

fn hooks() -> Result<&'static Hooks, String> {
    static HOOKS: OnceLock<Result<Hooks, String>> = OnceLock::new();
    HOOKS.get_or_init(prepare).as_ref().map_err(Clone::clone)
}

fn prepare() -> Result<Hooks, String> {
    programs(&["git", "pre-commit"])?;
    let wheels = wheel::folder()?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hooks");
    let _ = fs::remove_dir_all(&folder);
    let repository = folder.join("goleash");
    for name in [".pre-commit-hooks.yaml", "pyproject.toml"] {
        let bytes = fs::read(root().join(name)).map_err(|error| format!("{name}: {error}"))?;
        write(&repository, name, &bytes);
    }
    commit_all(&repository);
    Ok(Hooks {
        repository,
        home: folder.join("home"),
        wheels,
    })
}

/// All that cargo needs to build goleash, as a repository.
fn sources() -> PathBuf {
    let repository = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sources/goleash");
    let _ = fs::remove_dir_all(&repository);
    for name in [
        ".pre-commit-hooks.yaml",
        "Cargo.lock",
        "Cargo.toml",
        "benches",
        "rules",
        "src",
    ] {
        for entry in walkdir::WalkDir::new(root().join(name)) {
            let entry = entry.expect("readable");
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(root()).expect("below the root");
                let bytes = fs::read(entry.path()).expect("readable");
                write(&repository, &path.to_string_lossy(), &bytes);
            }
        }
    }
    commit_all(&repository);
    repository
}

/// git without anybody's settings.
pub(crate) fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    plain(&mut git).current_dir(folder);
    git
}

fn plain(command: &mut Command) -> &mut Command {
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "a"),
        ("GIT_AUTHOR_EMAIL", "a@example.com"),
        ("GIT_COMMITTER_NAME", "a"),
        ("GIT_COMMITTER_EMAIL", "a@example.com"),
    ] {
        command.env(name, value);
    }
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "SKIP"] {
        command.env_remove(name);
    }
    command
}

fn commit_all(folder: &Path) {
    must(git(folder).args(["init", "--quiet"]));
    must(git(folder).args(["add", "--all"]));
    must(git(folder).args(["commit", "--quiet", "--message", "x"]));
}

/// A repository of a user with one of the hooks installed.
struct Repository {
    folder: TempDir,
    hooks: &'static Hooks,
}

impl Repository {
    fn new(hook: &str) -> Option<Self> {
        let hooks = or_skip(hooks())?;
        Some(Self::with(hook, "-f, concise", &hooks.repository, hooks))
    }

    /// With a hook of the repository `named`.
    fn with(hook: &str, args: &str, named: &Path, hooks: &'static Hooks) -> Self {
        let repository = Self {
            folder: TempDir::new().expect("a folder"),
            hooks,
        };
        must(git(repository.path()).args(["init", "--quiet"]));
        let revision = must(git(named).args(["rev-parse", "HEAD"]));
        let text = format!(
            "repos:\n- repo: {}\n  rev: {}\n  hooks:\n  - id: {hook}\n    args: [{args}]\n    verbose: true\n",
            named.display(),
            revision.trim()
        );
        repository.write(".pre-commit-config.yaml", &text);
        must(repository.pre_commit().arg("install"));
        repository
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, path: &str, text: &str) {
        write(self.path(), path, text.as_bytes());
    }

    fn pre_commit(&self) -> Command {
        let mut command = Command::new("pre-commit");
        self.environment(&mut command);
        command
    }

    fn environment(&self, command: &mut Command) {
        plain(command)
            .current_dir(self.path())
            .env("PRE_COMMIT_HOME", &self.hooks.home);
        wheel::offline(command, self.hooks.wheels);
    }

    /// Commits `paths` as a user would; whether it went through, and all that was printed.
    fn commit(&self, paths: &[&str]) -> (bool, String) {
        must(git(self.path()).arg("add").arg("--").args(paths));
        let mut command = Command::new("git");
        self.environment(&mut command);
        shown(
            &command
                .args(["commit", "--message", "x"])
                .output()
                .expect("git runs"),
        )
    }

    /// Commits without asking the hook.
    fn past(&self) {
        must(git(self.path()).args(["add", "--all"]));
        must(git(self.path()).args(["commit", "--quiet", "--no-verify", "--message", "x"]));
    }
}

fn shown(output: &Output) -> (bool, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

const PROJECT: &str = "module example.com/m\n\ngo 1.27\n";

/// One leak in two files: the channel is made in the one, the goroutine sits in the other.
const MAKES: &str = "package p

func Makes(stop bool) {
\tch := make(chan int)
\tgo serve(ch)
\tif stop {
\t\treturn
\t}
\t<-ch
}
";
const SENDS: &str = "package p\n\nfunc serve(ch chan int) { ch <- 1 }\n";

#[test]
fn the_manifest_is_valid() {
    let Some(()) = or_skip(programs(&["pre-commit"])) else {
        return;
    };
    must(
        Command::new("pre-commit")
            .args(["validate-manifest", ".pre-commit-hooks.yaml"])
            .current_dir(root()),
    );
}

#[test]
fn a_commit_is_held_back_by_leaks_that_touch_its_files() {
    let Some(repository) = Repository::new("goleash") else {
        return;
    };
    repository.write("go.mod", PROJECT);
    repository.write("README.md", "hello\n");
    let (passed, text) = repository.commit(&["."]);
    assert!(passed, "a commit without Go: {text}");
    repository.write("p/old.go", &LEAK.replace("Leak", "Old"));
    repository.write("q/old.go", LEAK);
    repository.write("p/makes.go", MAKES);
    repository.write("p/sends.go", "package p\n\nfunc serve(ch chan int) {}\n");
    repository.write("testdata/old.go", LEAK);
    repository.past();
    repository.write("p/sends.go", SENDS);
    let (passed, text) = repository.commit(&["p/sends.go"]);
    assert!(!passed, "{text}");
    assert!(text.contains("p/sends.go:3:27: warning"), "{text}");
    assert!(!text.contains("old.go"), "nobody touched it: {text}");
    repository.write(
        "p/sends.go",
        "package p\n\nfunc serve(ch chan int) {}\n\n// no send\n",
    );
    repository.write("testdata/old.go", &format!("{LEAK}\n// changed\n"));
    let (passed, text) = repository.commit(&["."]);
    assert!(passed, "{text}");
    // The other end of the same leak.
    repository.write("p/sends.go", SENDS);
    repository.past();
    repository.write("p/makes.go", &MAKES.replace("stop", "halt"));
    let (passed, text) = repository.commit(&["p/makes.go"]);
    assert!(!passed && text.contains("p/sends.go:3:27"), "{text}");
}

#[test]
fn names_that_need_quoting_reach_the_program_as_they_are() {
    let Some(repository) = Repository::new("goleash") else {
        return;
    };
    let names = [
        "-dash.go",
        "a b/c d.go",
        "it's/it's.go",
        "dollar/$HOME.go",
        "quote/\"q\".go",
        "star/*.go",
        "ünï/cödé.go",
        "semi;colon/x.go",
        "back\\slash/x.go",
        "new\nline/x.go",
    ];
    for name in names {
        repository.write(name, LEAK);
    }
    let (passed, text) = repository.commit(&["."]);
    assert!(!passed, "{text}");
    for name in names {
        let shown = name.replace('\n', "\\n");
        assert!(text.contains(&format!("{shown}:5:")), "{shown}: {text}");
    }
    for name in names {
        repository.write(name, &LEAK.replace("make(chan int)", "make(chan int, 1)"));
    }
    let (passed, text) = repository.commit(&["."]);
    assert!(passed, "{text}");
}

#[test]
fn more_files_than_a_command_line_holds_are_all_looked_at() {
    let Some(repository) = Repository::new("goleash") else {
        return;
    };
    let folder = "a-name-that-is-long-enough/to-fill-a-command-line/with-not-too-many-files";
    let names: Vec<String> = (0..2_000)
        .map(|n| format!("{folder}/p{}/file{n}.go", n % 100))
        .collect();
    for name in &names {
        repository.write(name, "package p\n");
    }
    repository.write(&names[0], LEAK);
    repository.write(&names[1_999], &LEAK.replace("Leak", "Last"));
    let (passed, text) = repository.commit(&["."]);
    assert!(!passed);
    let runs = text.lines().filter(|line| line.contains(" files)")).count();
    assert!(runs >= 2, "the files were to be split up: {text}");
    for name in [&names[0], &names[1_999]] {
        assert!(text.contains(&format!("{name}:5:")), "{text}");
    }
}

#[test]
fn the_whole_repository_is_looked_at_by_the_full_hook() {
    let Some(repository) = Repository::new("goleash-full") else {
        return;
    };
    repository.write("testdata/only.go", LEAK);
    let (passed, text) = repository.commit(&["."]);
    assert!(passed, "no package at all: {text}");
    assert!(text.contains("no Go files in"), "{text}");
    repository.write("go.mod", PROJECT);
    repository.write("old/a.go", LEAK);
    repository.past();
    repository.write("README.md", "hello\n");
    let (passed, text) = repository.commit(&["."]);
    assert!(passed && text.contains("Skipped"), "{text}");
    repository.write("new/b.go", "package b\n");
    let (passed, text) = repository.commit(&["."]);
    assert!(!passed && text.contains("old/a.go:5:"), "{text}");
}

#[test]
fn the_hook_can_be_built_from_source() {
    let Some(hooks) = or_skip(hooks()) else {
        return;
    };
    let repository = Repository::with("goleash-src", "-f, concise", &sources(), hooks);
    // Quick to build; whoever uses the hook gets the release profile as it is.
    let mut install = repository.pre_commit();
    for (name, value) in [
        ("LTO", "off"),
        ("OPT_LEVEL", "0"),
        ("CODEGEN_UNITS", "16"),
        ("STRIP", "none"),
    ] {
        install.env(format!("CARGO_PROFILE_RELEASE_{name}"), value);
    }
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sources/target");
    must(install.arg("install-hooks").env("CARGO_TARGET_DIR", built));
    repository.write("a.go", LEAK);
    let (passed, text) = repository.commit(&["."]);
    assert!(!passed && text.contains("a.go:5:"), "{text}");
}

#[test]
fn an_old_leak_holds_no_commit_back_where_only_new_ones_are_asked_for() {
    let Some(hooks) = or_skip(hooks()) else {
        return;
    };
    let snippet = yaml(&snippet("pre-commit-new"));
    let hook = &snippet["repos"][0]["hooks"][0];
    let args = hook["args"].as_vec().expect("a list").iter();
    let args: Vec<&str> = args.filter_map(Yaml::as_str).collect();
    let id = hook["id"].as_str().expect("an id");
    let repository = Repository::with(id, &args.join(", "), &hooks.repository, hooks);
    repository.write("go.mod", PROJECT);
    repository.write("p/old.go", LEAK);
    repository.past();
    repository.write("p/old.go", &format!("{LEAK}\n// changed\n"));
    let (passed, text) = repository.commit(&["."]);
    assert!(passed, "{text}");
    repository.write(
        "p/old.go",
        &format!(
            "{LEAK}{}",
            LEAK.replace("package p\n", "").replace("Leak", "New")
        ),
    );
    let (passed, text) = repository.commit(&["."]);
    assert!(!passed && text.contains("p/old.go:14:"), "{text}");
    assert!(!text.contains("p/old.go:5:"), "{text}");
}
