//! The snippets of docs/integrations.md do what they say.

use crate::action::{Job, action, check_schema, yaml};
use crate::binary::write;
use crate::outside::{must, or_skip, programs};
use crate::pre_commit::git;
use crate::{LEAK, go, root, wheel};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use yaml_rust2::Yaml;

/// Snippets that nobody runs here; the document says why.
const NOT_RUN: &[&str] = &["golangci"];

/// What a test below takes care of.
const RUN: &[&str] = &[
    "github",
    "github-new",
    "github-steps",
    "gitlab",
    "gitlab-new",
    "make",
    "pip",
    "pre-commit",
    "pre-commit-new",
    "shell",
    "shell-collect",
    "stdin",
    "vet",
    "vet-options",
];

/// All snippets of the document by name.
fn snippets() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("docs/integrations.md")).expect("readable");
    let named = text.split("<!-- snippet: ").skip(1).map(|part| {
        let (name, rest) = part
            .split_once(" -->\n```")
            .expect("a fence below the name");
        let (_, rest) = rest.split_once('\n').expect("a language");
        let (code, _) = rest.split_once("\n```").expect("the end of the fence");
        (name.to_owned(), format!("{code}\n"))
    });
    let named: BTreeMap<_, _> = named.collect();
    assert_eq!(
        text.matches("\n```").count(),
        2 * named.len(),
        "a fence without a name"
    );
    named
}

pub(crate) fn snippet(name: &str) -> String {
    assert!(RUN.contains(&name), "{name}");
    snippets()
        .remove(name)
        .unwrap_or_else(|| panic!("no snippet `{name}`"))
}

#[test]
fn every_snippet_is_taken_care_of() {
    let mut wanted: Vec<&str> = RUN.iter().chain(NOT_RUN).copied().collect();
    wanted.sort_unstable();
    assert_eq!(snippets().keys().collect::<Vec<_>>(), wanted);
}

/// A project with one leak, and a shell in which `pip` installs the wheel of this goleash.
struct Project {
    folder: TempDir,
    programs: PathBuf,
    wheels: &'static Path,
}

impl Project {
    /// Only Python is installed.
    fn new() -> Option<Self> {
        let wheels = or_skip(wheel::folder())?;
        let folder = TempDir::new().expect("a folder");
        let programs = wheel::environment(folder.path());
        Some(Self::with(folder, programs, wheels))
    }

    /// goleash is installed.
    fn installed() -> Option<Self> {
        let programs = or_skip(wheel::installed())?.to_owned();
        let folder = TempDir::new().expect("a folder");
        Some(Self::with(folder, programs, wheel::folder().ok()?))
    }

    fn with(folder: TempDir, programs: PathBuf, wheels: &'static Path) -> Self {
        write(
            folder.path(),
            "go.mod",
            b"module example.com/m\n\ngo 1.27\n",
        );
        write(folder.path(), "server/pool.go", LEAK.as_bytes());
        Self {
            folder,
            programs,
            wheels,
        }
    }

    /// Runs a script; its exit code and all that was printed.
    fn shell(&self, script: &str) -> (i32, String) {
        let path = std::env::var_os("PATH").expect("a path");
        let path = std::iter::once(self.programs.clone()).chain(std::env::split_paths(&path));
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-eo", "pipefail", "-c", script])
            .current_dir(self.folder.path())
            .env("PATH", std::env::join_paths(path).expect("a path"));
        wheel::offline(&mut bash, self.wheels);
        let output = bash.output().expect("bash runs");
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code().expect("no signal"),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    fn mend(&self) {
        write(self.folder.path(), "server/pool.go", b"package p\n");
    }
}

#[test]
fn pip_installs_what_the_document_says() {
    let Some(project) = Project::new() else {
        return;
    };
    let (code, text) = project.shell(&(snippet("pip") + "goleash --version"));
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(env!("CARGO_PKG_VERSION")), "{text}");
}

#[test]
fn the_shell_installs_and_checks() {
    let Some(project) = Project::installed() else {
        return;
    };
    let (code, text) = project.shell(&snippet("shell"));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("server/pool.go:5:"), "{text}");
    project.mend();
    let script = snippet("shell");
    let last = script.lines().last().expect("a line");
    let (code, text) = project.shell(last);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn findings_are_collected_without_failing() {
    let Some(project) = Project::installed() else {
        return;
    };
    let (code, text) = project.shell(&snippet("shell-collect"));
    assert_eq!(code, 0, "{text}");
    let json = fs::read_to_string(project.folder.path().join("goleash.json")).expect("written");
    assert!(json.contains("server/pool.go"), "{json}");
    let broken = snippet("shell-collect").replace("goleash --format", "goleash nowhere --format");
    assert_ne!(project.shell(&broken).0, 0, "a failure is one");
}

#[test]
fn make_fails_when_there_are_leaks() {
    let Some(()) = or_skip(programs(&["make"])) else {
        return;
    };
    let Some(project) = Project::installed() else {
        return;
    };
    write(
        project.folder.path(),
        "Makefile",
        snippet("make").as_bytes(),
    );
    let (code, text) = project.shell("make leaks");
    assert_ne!(code, 0, "{text}");
    assert!(text.contains("server/pool.go:5:"), "{text}");
    project.mend();
    assert_eq!(project.shell("make leaks").0, 0);
}

#[test]
fn an_editor_pipes_its_buffer() {
    let Some(project) = Project::installed() else {
        return;
    };
    let (code, text) = project.shell(&snippet("stdin"));
    assert_eq!(code, 1, "{text}");
    assert!(text.starts_with("server/pool.go:5:"), "{text}");
}

#[test]
fn go_vet_runs_the_installed_program() {
    let Some(go) = or_skip(go::toolchain()) else {
        return;
    };
    let Some(project) = Project::installed() else {
        return;
    };
    let go = fs::canonicalize(&go).unwrap_or(go);
    for name in ["vet", "vet-options"] {
        let script = snippet(name).replace("go vet", &format!("'{}' vet", go.display()));
        let script = format!("export GOTOOLCHAIN=local GOFLAGS=\n{script}");
        let (code, text) = project.shell(&script);
        assert_ne!(code, 0, "{text}");
        assert!(text.contains("server/pool.go:5:"), "{text}");
    }
    let (code, text) = project.shell("goleash -flags");
    assert!(code == 0 && text.contains("min-confidence"), "{text}");
}

#[test]
fn gitlab_gets_its_report_although_the_job_fails() {
    let text = snippet("gitlab");
    let job = &yaml(&text)["goleash"];
    let Some(project) = Project::installed() else {
        return;
    };
    let lines = job["script"].as_vec().expect("a list").iter();
    let lines: Vec<&str> = lines.filter_map(Yaml::as_str).collect();
    let (code, shown) = project.shell(&lines.join("\n"));
    assert_eq!(code, 1, "{shown}");
    assert_eq!(job["artifacts"]["when"].as_str(), Some("always"));
    let report = job["artifacts"]["reports"]["codequality"]
        .as_str()
        .expect("a file");
    let report = fs::read_to_string(project.folder.path().join(report)).expect("written");
    let list: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(list[0]["location"]["path"], "server/pool.go");
    if or_skip(programs(&["check-jsonschema"])).is_some() {
        check_schema("vendor.gitlab-ci", &text);
    }
}

#[test]
fn github_workflows_are_valid_and_name_inputs_that_exist() {
    let text = snippet("github");
    let steps = yaml(&text)["jobs"]["goleash"]["steps"].clone();
    let used = steps
        .as_vec()
        .expect("a list")
        .last()
        .expect("a step")
        .clone();
    let version = format!("goleash/goleash@v{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(used["uses"].as_str(), Some(version.as_str()));
    let action = action();
    for (name, _) in used["with"].as_hash().expect("inputs") {
        let name = name.as_str().expect("a name");
        assert!(!action["inputs"][name].is_badvalue(), "no input `{name}`");
    }
    if or_skip(programs(&["check-jsonschema"])).is_some() {
        check_schema("vendor.github-workflows", &text);
        check_schema("vendor.github-workflows", &snippet("github-new"));
        check_schema("vendor.github-workflows", &snippet("github-steps"));
    }
}

#[test]
fn the_inputs_of_the_action_are_documented_with_their_defaults() {
    let text = fs::read_to_string(root().join("docs/integrations.md")).expect("readable");
    let action = action();
    for (name, input) in action["inputs"].as_hash().expect("inputs") {
        let name = name.as_str().expect("a name");
        let default = match (name, input["default"].as_str().expect("a default")) {
            ("version", _) => "that of the action".to_owned(),
            (_, "") => String::new(),
            (_, default) => format!("`{default}` "),
        };
        let row = format!(
            "| `{name}` | {}|",
            if name == "version" {
                default + " "
            } else {
                default
            }
        );
        assert!(text.contains(&row), "no row `{row}`");
    }
}

#[test]
fn the_steps_without_the_action_do_the_same() {
    let Some(project) = Project::installed() else {
        return;
    };
    let workflow = yaml(&snippet("github-steps"));
    let steps = workflow["jobs"]["goleash"]["steps"]
        .as_vec()
        .expect("a list");
    let runs: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["run"].as_str())
        .collect();
    assert_eq!(runs[0], "pipx install goleash");
    let (code, text) = project.shell(runs[1]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("::warning "), "{text}");
    let upload = steps.last().expect("a step");
    assert_eq!(upload["if"].as_str(), Some("always()"));
    let file = upload["with"]["sarif_file"].as_str().expect("a file");
    assert!(project.folder.path().join(file).exists());
}

#[test]
fn the_configuration_of_pre_commit_names_a_hook_that_exists() {
    let text = snippet("pre-commit");
    let repository = &yaml(&text)["repos"][0];
    let version = format!("v{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(repository["rev"].as_str(), Some(version.as_str()));
    let hooks = fs::read_to_string(root().join(".pre-commit-hooks.yaml")).expect("readable");
    let id = repository["hooks"][0]["id"].as_str().expect("an id");
    let ids = yaml(&hooks);
    let ids = ids.as_vec().expect("a list").iter();
    assert!(ids.clone().any(|hook| hook["id"].as_str() == Some(id)));
    let document = snippets_text();
    for hook in ids {
        let row = format!("| `{}` |", hook["id"].as_str().expect("an id"));
        assert!(document.contains(&row), "no row `{row}`");
    }
    if or_skip(programs(&["pre-commit"])).is_some() {
        let folder = TempDir::new().expect("a folder");
        write(folder.path(), "config.yaml", text.as_bytes());
        let mut validate = Command::new("pre-commit");
        let file = folder.path().join("config.yaml");
        must(validate.arg("validate-config").arg(file));
    }
}

fn snippets_text() -> String {
    fs::read_to_string(root().join("docs/integrations.md")).expect("readable")
}

/// Makes the project a branch of a repository in which its leak is old.
fn branch_off(folder: &Path) {
    must(git(folder).args(["init", "--quiet", "--initial-branch", "main"]));
    must(git(folder).args(["add", "go.mod", "server"]));
    must(git(folder).args(["commit", "--quiet", "--message", "old"]));
    must(git(folder).args(["clone", "--quiet", "--bare", ".", ".git/origin"]));
    must(git(folder).args(["remote", "add", "origin", ".git/origin"]));
    must(git(folder).args(["fetch", "--quiet", "origin"]));
    must(git(folder).args(["switch", "--quiet", "--create", "branch"]));
}

#[test]
fn a_merge_request_shows_what_it_brings() {
    let Some(()) = or_skip(programs(&["git"])) else {
        return;
    };
    let Some(project) = Project::installed() else {
        return;
    };
    branch_off(project.folder.path());
    let script = format!(
        "export CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main\n{}",
        snippet("gitlab-new")
    );
    let (code, text) = project.shell(&script);
    assert_eq!(code, 0, "{text}");
    write(
        project.folder.path(),
        "server/new.go",
        LEAK.replace("Leak", "New").as_bytes(),
    );
    let (code, text) = project.shell(&script);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("server/new.go:5:") && !text.contains("server/pool.go:5:"),
        "{text}"
    );
}

#[test]
fn a_pull_request_shows_what_it_brings() {
    let Some(()) = or_skip(programs(&["git"])) else {
        return;
    };
    let workflow = yaml(&snippet("github-new"));
    let steps = workflow["jobs"]["goleash"]["steps"]
        .as_vec()
        .expect("a list");
    assert_eq!(steps[0]["with"]["fetch-depth"].as_i64(), Some(0));
    let with = steps[1]["with"].as_hash().expect("inputs").iter();
    let text = |yaml: &Yaml| {
        yaml.as_str()
            .expect("text")
            .replace("${{ github.base_ref }}", "main")
    };
    let inputs: Vec<(String, String)> = with
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    let inputs: Vec<(&str, &str)> = inputs
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let files = [
        ("go.mod", "module example.com/m\n\ngo 1.27\n"),
        ("server/pool.go", LEAK),
    ];
    let Some(mut job) = Job::new(&files, &inputs).and_then(Job::installed) else {
        return;
    };
    branch_off(job.checkout.path());
    let checked = job.run(1);
    assert_eq!(checked.code, 0, "{}", checked.log);
    write(
        job.checkout.path(),
        "server/new.go",
        LEAK.replace("Leak", "New").as_bytes(),
    );
    let checked = job.run(1);
    assert_eq!(checked.code, 1, "{}", checked.log);
    assert!(
        checked.log.contains("file=server/new.go"),
        "{}",
        checked.log
    );
    assert!(
        !checked.log.contains("file=server/pool.go"),
        "{}",
        checked.log
    );
    assert!(!job.runs_after_a_failure(2));
}
