//! `action.yml`: its steps run in a shell as GitHub's runner does it, `uses:` steps only as far as their inputs go.

use crate::binary::{tree, write};
use crate::outside::{must, or_skip, programs};
use crate::{LEAK, root, wheel};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use yaml_rust2::{Yaml, YamlLoader};

/// The only document of a YAML file.
pub(crate) fn yaml(text: &str) -> Yaml {
    let mut documents = YamlLoader::load_from_str(text).expect("YAML");
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

/// Holds YAML against a schema that check-jsonschema brings along.
pub(crate) fn check_schema(schema: &str, text: &str) {
    let folder = tree(&[("file.yml", text.as_bytes())]);
    must(
        Command::new("check-jsonschema")
            .args(["--builtin-schema", schema])
            .arg(folder.path().join("file.yml")),
    );
}

pub(crate) fn action() -> Yaml {
    yaml(&fs::read_to_string(root().join("action.yml")).expect("readable"))
}

/// A step that was run.
pub(crate) struct Step {
    pub(crate) log: String,
    pub(crate) code: i32,
}

/// A job that uses the action.
pub(crate) struct Job {
    action: Yaml,
    /// The repository that is checked out.
    pub(crate) checkout: TempDir,
    /// What the runner keeps besides.
    temporary: TempDir,
    inputs: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
    path: Vec<PathBuf>,
    wheels: &'static Path,
}

impl Job {
    pub(crate) fn new(files: &[(&str, &str)], inputs: &[(&str, &str)]) -> Option<Self> {
        or_skip(programs(&["bash"]))?;
        let wheels = or_skip(wheel::folder())?;
        let action = action();
        let defaults = action["inputs"].as_hash().expect("inputs").iter();
        let text = |value: &Yaml| value.as_str().map(str::to_owned);
        let mut all: BTreeMap<String, String> = defaults
            .map(|(name, input)| (text(name), text(&input["default"])))
            .map(|(name, default)| (name.expect("a name"), default.expect("a default, as text")))
            .collect();
        for (name, value) in inputs {
            let known = all.insert((*name).to_owned(), (*value).to_owned());
            assert!(known.is_some(), "the action has no input `{name}`");
        }
        let checkout = tree(&[]);
        for (path, text) in files {
            write(checkout.path(), path, text.as_bytes());
        }
        let path = std::env::var_os("PATH").expect("a path");
        Some(Self {
            action,
            checkout,
            temporary: tree(&[]),
            inputs: all,
            outputs: BTreeMap::new(),
            path: std::env::split_paths(&path).collect(),
            wheels,
        })
    }

    fn step(&self, index: usize) -> &Yaml {
        &self.action["runs"]["steps"][index]
    }

    /// `text` with its `${{ … }}` filled in.
    fn expand(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (name, behind) = after.split_once("}}").expect("the end of an expression");
            out.push_str(before);
            out.push_str(&self.value(name.trim()));
            rest = behind;
        }
        out + rest
    }

    fn value(&self, name: &str) -> String {
        let found = match name.split_once('.') {
            Some(("inputs", input)) => self.inputs.get(input).cloned(),
            Some(("steps", _)) => Some(self.outputs.get(name).cloned().unwrap_or_default()),
            _ => None,
        };
        found.unwrap_or_else(|| panic!("what is `{name}`?"))
    }

    /// Whether a step would run, when an earlier one has failed.
    pub(crate) fn runs_after_a_failure(&self, index: usize) -> bool {
        let condition = self.step(index)["if"].as_str().unwrap_or("success()");
        condition.split(" && ").all(|part| {
            let strings =
                |(name, text): (&str, &str)| (self.value(name), text.trim_matches('\'').to_owned());
            match (part, part.split_once(" == "), part.split_once(" != ")) {
                ("always()", _, _) => true,
                ("success()", _, _) => false,
                (_, Some(sides), _) => {
                    let (left, right) = strings(sides);
                    left == right
                }
                (_, _, Some(sides)) => {
                    let (left, right) = strings(sides);
                    left != right
                }
                _ => panic!("what is `{part}`?"),
            }
        })
    }

    /// Runs a `run:` step, and takes over what it tells the runner.
    pub(crate) fn run(&mut self, index: usize) -> Step {
        let step = self.step(index).clone();
        assert_eq!(
            step["shell"].as_str(),
            Some("bash"),
            "a composite step names its shell"
        );
        let script = step["run"].as_str().expect("a script");
        assert!(
            !script.contains("${{"),
            "inputs come as variables, never as code"
        );
        let keep = |name: &str| self.temporary.path().join(name);
        for name in ["path", "output"] {
            fs::write(keep(name), "").expect("a file");
        }
        write(self.temporary.path(), "script.sh", script.as_bytes());
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-eo", "pipefail"])
            .arg(keep("script.sh"))
            .current_dir(self.checkout.path())
            .env("PATH", std::env::join_paths(&self.path).expect("a path"))
            .env("RUNNER_TEMP", self.temporary.path())
            .env("GITHUB_PATH", keep("path"))
            .env("GITHUB_OUTPUT", keep("output"));
        wheel::offline(&mut bash, self.wheels);
        for (name, value) in step["env"].as_hash().into_iter().flatten() {
            let value = self.expand(value.as_str().expect("text"));
            bash.env(name.as_str().expect("a name"), value);
        }
        let output = bash.output().expect("bash runs");
        let lines = |name: &str| {
            let text = fs::read_to_string(keep(name)).expect("a file");
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let added: Vec<PathBuf> = lines("path").into_iter().map(PathBuf::from).collect();
        let told = lines("output");
        self.path.splice(0..0, added);
        for line in told {
            let (name, value) = line.split_once('=').expect("a name and a value");
            let id = step["id"].as_str().expect("a step with outputs has an id");
            self.outputs
                .insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
        }
        Step {
            log: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
            code: output.status.code().expect("no signal"),
        }
    }

    /// What the first step comes to, without making another environment.
    pub(crate) fn installed(mut self) -> Option<Self> {
        let programs = or_skip(wheel::installed())?;
        self.path.insert(0, programs.to_owned());
        Some(self)
    }

    /// The results of the file that the upload would be given.
    fn uploaded(&self) -> Vec<serde_json::Value> {
        let step = self.step(2);
        assert!(
            step["uses"]
                .as_str()
                .expect("an action")
                .contains("/upload-sarif@")
        );
        let file = self.expand(step["with"]["sarif_file"].as_str().expect("a file"));
        let text = fs::read_to_string(file).expect("the file exists");
        let log: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        log["runs"][0]["results"]
            .as_array()
            .expect("a list")
            .clone()
    }
}

#[test]
fn the_action_is_valid_and_installs_this_version() {
    let version = action()["inputs"]["version"]["default"]
        .as_str()
        .map(str::to_owned);
    assert_eq!(version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    if or_skip(programs(&["check-jsonschema"])).is_some() {
        let text = fs::read_to_string(root().join("action.yml")).expect("readable");
        check_schema("vendor.github-actions", &text);
    }
}

#[test]
fn findings_fail_the_job_and_are_uploaded_all_the_same() {
    let Some(mut job) = Job::new(&[("p/a.go", LEAK)], &[]) else {
        return;
    };
    let installed = job.run(0);
    assert_eq!(installed.code, 0, "{}", installed.log);
    let checked = job.run(1);
    assert_eq!(checked.code, 1, "{}", checked.log);
    assert_eq!(job.value("steps.check.outputs.exit-code"), "1");
    assert!(job.runs_after_a_failure(2));
    let results = job.uploaded();
    assert_eq!(results.len(), 1);
    let place = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, "p/a.go");
    // People see the whole finding, and no line of their code is taken for a command.
    let (_, rest) = checked
        .log
        .split_once("::stop-commands::")
        .expect("commands are off");
    let (mark, rest) = rest.split_once('\n').expect("a line");
    let (shown, commands) = rest
        .split_once(&format!("::{mark}::\n"))
        .expect("commands are on");
    assert!(shown.contains("the run that leaks"), "{shown}");
    assert!(commands.starts_with("::warning "), "{commands}");
    assert!(commands.contains("file=p/a.go,line=5,"), "{commands}");
}

#[test]
fn a_clean_repository_passes_and_closes_old_alerts() {
    let Some(mut job) = Job::new(&[("p/a.go", "package p\n")], &[]).and_then(Job::installed) else {
        return;
    };
    let checked = job.run(1);
    assert_eq!(checked.code, 0, "{}", checked.log);
    assert!(job.uploaded().is_empty());
}

#[test]
fn inputs_choose_what_is_done() {
    let files = [("a b/x.go", LEAK), ("c/y.go", LEAK), ("d/z_test.go", LEAK)];
    let inputs = [
        ("patterns", "./a b\n./d\n"),
        ("args", " --no-tests  --min-confidence\n high "),
        ("category", "nightly"),
        ("upload-sarif", "false"),
    ];
    let Some(mut job) = Job::new(&files, &inputs).and_then(Job::installed) else {
        return;
    };
    let checked = job.run(1);
    assert_eq!(checked.code, 1, "{}", checked.log);
    assert!(
        checked.log.contains("1 finding in 2 packages"),
        "{}",
        checked.log
    );
    assert!(!job.runs_after_a_failure(2));
    assert_eq!(job.uploaded().len(), 1);
    let sarif = fs::read_to_string(job.value("steps.check.outputs.sarif")).expect("written");
    assert!(sarif.contains("\"id\": \"nightly/\""), "{sarif}");
}

#[test]
fn what_cannot_be_done_fails_the_job_and_uploads_nothing() {
    let Some(mut job) =
        Job::new(&[("a.go", LEAK)], &[("args", "--nonsense")]).and_then(Job::installed)
    else {
        return;
    };
    let checked = job.run(1);
    assert_eq!(checked.code, 2, "{}", checked.log);
    assert!(checked.log.contains("--nonsense"), "{}", checked.log);
    assert!(!job.runs_after_a_failure(2), "there is no file");
    let Some(mut job) = Job::new(&[], &[("version", "0.0.0")]) else {
        return;
    };
    assert_ne!(job.run(0).code, 0, "there is no such version");
}
