//! One package, as it stands in the editor, examined.
//!
//! In: its folder, the open buffers in it and the settings. Out: the report that the command line would give, were the
//! buffers saved, with everything an answer to the client needs. Deliberately absent: threads, and the protocol.

use super::buffers::{Buffer, is_unsaved};
use super::disk::Disk;
use super::project::Project;
use super::settings::Settings;
use super::text::Text;
use crate::analyze::{Cache, Directory, Options, Problem, Report};
use crate::examine;
use crate::finding::Finding;
use crate::gomod;
use crate::source::Place;
use crate::stop::Stop;
use crate::walk::{self, FoundDirectory, FoundFile, Walk};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The analysis. A parameter of the server, so that tests can make it panic.
pub(super) type Analyze = dyn Fn(&Directory, &Options) -> Report + Send + Sync;

/// What an examination starts from.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// The folder, its links resolved.
    pub(super) folder: PathBuf,
    /// The folder that shown paths are relative to.
    pub(super) project: PathBuf,
    /// The open files in the folder.
    pub(super) open: BTreeMap<PathBuf, Buffer>,
    /// What the user set.
    pub(super) settings: Settings,
    /// Whether repairs are wanted too.
    pub(super) fixes: bool,
    /// What earlier examinations of the folder have read.
    pub(super) known: Option<Known>,
    /// Raised when nobody wants the result any more.
    pub(super) stop: Stop,
}

/// What examinations of one folder leave to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) analysis: Arc<Cache>,
    pub(super) disk: Arc<Disk>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// The Go files of the folder.
    pub(super) all: Vec<PathBuf>,
    /// The findings; their places index `files`.
    pub(super) findings: Vec<Finding>,
    /// The files that findings refer to.
    pub(super) files: Vec<File>,
    /// What went wrong.
    pub(super) problems: Vec<Problem>,
    /// What is wrong with the files of the project that decide what is found.
    pub(super) mistakes: Vec<Problem>,
    /// The baseline that holds, if there is one.
    pub(super) baseline: Option<PathBuf>,
}

/// A file that findings refer to.
#[derive(Debug)]
pub(super) struct File {
    /// Where it is.
    pub(super) path: PathBuf,
    /// What people read: relative to the project.
    pub(super) display: String,
    /// The version of the buffer that was read; `None` when it was read from the disk.
    pub(super) version: Option<i32>,
    /// What was read.
    pub(super) text: Text,
}

impl Checked {
    /// What is left when the examination of a folder itself went wrong.
    pub(super) fn failed(folder: &Path, defect: String) -> Self {
        let problem = Problem {
            path: folder.display().to_string(),
            lines: None,
            message: defect,
            fatal: true,
        };
        Self {
            problems: vec![problem],
            ..Self::default()
        }
    }

    /// The file of a place.
    pub(super) fn file(&self, at: Place) -> Option<&File> {
        self.files.get(at.file.index())
    }

    /// The findings whose primary place is in a file.
    pub(super) fn in_file<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(move |finding| {
            self.file(finding.primary)
                .is_some_and(|file| file.path == path)
        })
    }
}

/// Examines a package.
pub(super) fn check(input: &Input, analyze: &Analyze) -> Checked {
    let walk = found(input);
    let mut checked = Checked {
        problems: walk.problems,
        ..Checked::default()
    };
    let project = Project::read(input);
    checked.mistakes.clone_from(&project.mistakes);
    checked.baseline.clone_from(&project.baseline_path);
    for found in &walk.directories {
        let outcome = examine::directory(
            found,
            &project.options,
            |file| match input.open.get(&file.path) {
                Some(buffer) => Ok(buffer.text.bytes().clone()),
                None => match &input.known {
                    Some(known) => known.disk.read(file),
                    None => examine::read(file),
                },
            },
            |directory, options| analyze(directory, options),
        );
        if let Some(known) = &input.known {
            known.disk.retain(&found.files);
        }
        let paths: BTreeMap<&str, &PathBuf> = found
            .files
            .iter()
            .map(|file| (file.display.as_str(), &file.path))
            .collect();
        checked
            .all
            .extend(found.files.iter().map(|file| file.path.clone()));
        checked.problems.extend(outcome.report.problems);
        let mut findings = outcome.report.findings;
        project.forget_accepted(&mut findings);
        checked.findings.extend(findings);
        checked
            .files
            .extend(outcome.report.files.iter().map(|file| {
                let path = paths
                    .get(file.path())
                    .map_or_else(PathBuf::new, |path| (*path).clone());
                File {
                    display: file.path().to_owned(),
                    version: input.open.get(&path).map(|buffer| buffer.version),
                    text: Text::new(file.bytes()),
                    path,
                }
            }));
    }
    checked
}

/// The files of a package.
fn found(input: &Input) -> Walk {
    if is_unsaved(&input.folder) {
        return unsaved(input);
    }
    let settings = walk::Settings {
        current: input.project.clone(),
        this_module: false,
    };
    let unsaved: Vec<&Path> = input.open.keys().map(PathBuf::as_path).collect();
    walk::package(&input.folder, &unsaved, &settings)
}

/// A buffer without a file: a package by itself, in no module.
fn unsaved(input: &Input) -> Walk {
    let file = |(path, buffer): (&PathBuf, &Buffer)| {
        let name = path.file_name().unwrap_or_default();
        FoundFile {
            path: path.clone(),
            display: name.to_string_lossy().into_owned(),
            size: buffer.text.bytes().len() as u64,
            changed: None,
        }
    };
    let files: Vec<FoundFile> = input.open.iter().map(file).collect();
    let directory = FoundDirectory {
        display: ".".to_owned(),
        import_path: ".".to_owned(),
        module: None,
        go: gomod::NEWEST,
        files,
        named: None,
    };
    Walk {
        // Nobody has it open any more.
        directories: Some(directory)
            .filter(|directory| !directory.files.is_empty())
            .into_iter()
            .collect(),
        ..Walk::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze;

    const LEAK: &str =
        "package p\n\nfunc f() {\n\tch := make(chan int)\n\tgo func() { ch <- 1 }()\n}\n";

    fn checked(folder: &Path) -> Checked {
        let folder = std::fs::canonicalize(folder).expect("a folder");
        let input = Input {
            project: folder.clone(),
            folder,
            open: BTreeMap::new(),
            settings: Settings::default(),
            fixes: false,
            known: None,
            stop: Stop::default(),
        };
        check(&input, &analyze::directory)
    }

    #[test]
    fn the_configuration_of_the_project_holds() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("a new file");
        };
        write("a.go", LEAK);
        assert_eq!(checked(folder.path()).findings.len(), 1);
        write(".goleash.toml", "rules = { all = \"off\" }\n");
        assert_eq!(checked(folder.path()).findings.len(), 0);
        write(".goleash.toml", "tests = true\nrulez = {}\n");
        let wrong = checked(folder.path());
        assert_eq!(wrong.findings.len(), 1);
        let [problem] = wrong.mistakes.as_slice() else {
            panic!("one problem: {:?}", wrong.mistakes);
        };
        assert_eq!(
            (problem.path.as_str(), problem.lines),
            (".goleash.toml", Some((2, 2)))
        );
    }
}
