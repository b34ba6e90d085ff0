//! One package, as it stands in the editor, examined.
//!
//! In: its folder, the open buffers in it and the settings. Out: the report that the command line would give, were the
//! buffers saved, with everything an answer to the client needs. Deliberately absent: threads, and the protocol.

use super::buffers::Buffer;
use super::settings::Settings;
use super::text::Text;
use crate::analyze::{Directory, Options, Problem, Report};
use crate::examine;
use crate::finding::Finding;
use crate::package::BuildContext;
use crate::source::Place;
use crate::walk;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
    let settings = walk::Settings {
        current: input.project.clone(),
        this_module: false,
    };
    let unsaved: Vec<&Path> = input.open.keys().map(PathBuf::as_path).collect();
    let walk = walk::package(&input.folder, &unsaved, &settings);
    let mut checked = Checked {
        problems: walk.problems,
        ..Checked::default()
    };
    let options = options(input);
    for found in &walk.directories {
        let outcome = examine::directory(
            found,
            &options,
            |file| match input.open.get(&file.path) {
                Some(buffer) => Ok(buffer.text.bytes().clone()),
                None => examine::read(file),
            },
            |directory, options| analyze(directory, options),
        );
        let paths: BTreeMap<&str, &PathBuf> = found
            .files
            .iter()
            .map(|file| (file.display.as_str(), &file.path))
            .collect();
        checked
            .all
            .extend(found.files.iter().map(|file| file.path.clone()));
        checked.problems.extend(outcome.report.problems);
        checked.findings.extend(outcome.report.findings);
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

/// What the project says, and over that what the user set.
fn options(input: &Input) -> Options {
    let mut options = Options {
        build: BuildContext::host(),
        fixes: input.fixes,
        ..Options::default()
    };
    input.settings.apply(&mut options);
    options
}
