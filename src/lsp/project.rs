//! What the project around a package says: its configuration and its baseline.
//!
//! In: a folder, and what the user set in the editor. Out: the options of the analysis, and which findings are accepted.
//! What has no place yet is in no project. A file with a mistake is a problem that is told, and holds nowhere: an editor has to go on.

use super::buffers::is_unsaved;
use super::check::Input;
use crate::analyze::{Options, Problem};
use crate::baseline::Baseline;
use crate::config::{Choice, Config, ConfigError, Configs};
use crate::finding::{BaselineState, Finding};
use crate::package::BuildContext;
use std::fs;
use std::path::{Path, PathBuf};

/// What holds for one package.
pub(super) struct Project {
    /// What the project says, and over that what the user set.
    pub(super) options: Options,
    /// What is wrong with its files.
    pub(super) mistakes: Vec<Problem>,
    /// Where its baseline is.
    pub(super) baseline_path: Option<PathBuf>,
    baseline: Option<Baseline>,
}

impl Project {
    /// Reads what holds for a package.
    pub(super) fn read(input: &Input) -> Self {
        let mut project = Self {
            options: Options {
                build: BuildContext::host(),
                fixes: input.fixes,
                cache: input.known.as_ref().map(|known| known.analysis.clone()),
                stop: input.stop.clone(),
                ..Options::default()
            },
            mistakes: Vec::new(),
            baseline_path: None,
            baseline: None,
        };
        if !is_unsaved(&input.folder) {
            project.read_configuration(input);
        }
        input.settings.apply(&mut project.options);
        project
    }

    fn read_configuration(&mut self, input: &Input) {
        match Configs::new(&input.project, Choice::Nearest).of(&input.folder) {
            Ok(Some(config)) => {
                config.apply(&mut self.options);
                self.read_baseline(&config);
            }
            Ok(None) => {}
            Err(ConfigError { path, at, message }) => {
                self.mistake(path, at.map(|(line, _)| line), message);
            }
        }
    }

    fn read_baseline(&mut self, config: &Config) {
        let Some(path) = config.baseline() else {
            return;
        };
        match read(&path) {
            Ok(baseline) => self.baseline = Some(baseline),
            Err((line, message)) => self.mistake(path.display().to_string(), line, message),
        }
        self.baseline_path = Some(path);
    }

    fn mistake(&mut self, path: String, line: Option<u32>, message: String) {
        self.mistakes.push(Problem {
            path,
            lines: line.map(|line| (line, line)),
            message,
            fatal: true,
        });
    }

    /// Takes out the findings that the baseline accepts.
    pub(super) fn forget_accepted(&self, findings: &mut Vec<Finding>) {
        if let Some(baseline) = &self.baseline {
            baseline.mark(findings);
            findings.retain(|finding| finding.baseline == Some(BaselineState::New));
        }
    }
}

fn read(path: &Path) -> Result<Baseline, (Option<u32>, String)> {
    let text = fs::read_to_string(path)
        .map_err(|error| (None, format!("the baseline could not be read: {error}")))?;
    Baseline::parse(&text).map_err(|wrong| (Some(wrong.line as u32), wrong.message))
}
