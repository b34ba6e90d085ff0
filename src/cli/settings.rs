//! What holds in a run: the defaults, over them the configuration of each folder, over both the command line.

use super::Failure;
use super::args::CheckArgs;
use super::format::FormatArg;
use super::run::Work;
use crate::analyze::{Options, Question};
use crate::config::{Choice, Config, Configs, FailOn};
use crate::package::BuildContext;
use crate::scope::Scope;
use crate::stage::Watched;
use crate::stop::Stop;
use crate::walk::FoundDirectory;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What a run does.
pub(super) struct Plan {
    /// For each folder that was found, in order, what holds there.
    pub(super) options: Vec<Arc<Options>>,
    /// For each folder whether anything can be reported in it.
    looked_at: Vec<bool>,
    /// What holds for a folder that is not there any more.
    pub(super) top: Arc<Options>,
    /// The configuration files in use.
    pub(super) files: Vec<PathBuf>,
    /// What the user should hear of folders that are left out.
    pub(super) notes: Vec<String>,
    /// Which findings make the run fail.
    pub(super) fail_on: FailOn,
    /// The file of accepted findings that the configuration names.
    pub(super) baseline: Option<PathBuf>,
}

/// Why nothing is reported in a file that a configuration leaves out.
const LEFT_OUT: &str = "the configuration leaves it out";

impl Plan {
    /// The folders in which anything can be reported, of those that were found.
    pub(super) fn work<'a>(&'a self, found: &'a [FoundDirectory]) -> Vec<Work<'a>> {
        let each = found.iter().zip(&self.options).zip(&self.looked_at);
        each.filter(|(_, looked_at)| **looked_at)
            .map(|((directory, options), _)| Work { directory, options })
            .collect()
    }

    /// Forgets the folders that are not to be kept.
    pub(super) fn retain(&mut self, kept: &[bool]) {
        let mut each = kept.iter();
        self.options.retain(|_| each.next() == Some(&true));
        let mut each = kept.iter();
        self.looked_at.retain(|_| each.next() == Some(&true));
    }

    /// The files in the other folders, with the reason.
    pub(super) fn left_out(&self, found: &[FoundDirectory]) -> Vec<(String, String)> {
        let others = found
            .iter()
            .zip(&self.looked_at)
            .filter(|(_, looked_at)| !**looked_at);
        others
            .flat_map(|(directory, _)| &directory.files)
            .map(|file| (file.display.clone(), LEFT_OUT.to_owned()))
            .collect()
    }
}

/// Finds the configurations that hold for `found`. What is said once for a whole run comes from the one that holds for
/// the folder that everything looked at lies in.
pub(super) fn plan(
    args: &CheckArgs,
    show_suppressed: bool,
    current: &Path,
    found: &[FoundDirectory],
    watched: &Watched,
) -> Result<Plan, Failure> {
    let choice = match &args.config {
        Some(file) => Choice::Named(file.clone()),
        None if args.isolated => Choice::Isolated,
        None => Choice::Nearest,
    };
    let mut settings = Settings {
        args,
        show_suppressed,
        watched,
        stop: time_limit(args),
        why: args.why.as_ref().and_then(|asked| {
            let path = found.iter().find_map(|d| d.named.iter().flatten().next())?;
            Some(Question::Line {
                path: path.clone(),
                line: asked.line,
            })
        }),
        configs: Configs::new(current, choice),
        made: HashMap::new(),
    };
    let folders: Vec<PathBuf> = found
        .iter()
        .map(|directory| folder(directory).unwrap_or_else(|| current.to_owned()))
        .collect();
    let options = folders
        .iter()
        .map(|folder| settings.options(folder))
        .collect::<Result<Vec<_>, _>>()?;
    let top = folders
        .into_iter()
        .reduce(|top, folder| common(&top, &folder));
    let top = top.unwrap_or_else(|| current.to_owned());
    let config = settings.config(&top)?;
    let of_file = config.as_ref().and_then(|config| config.fail_on());
    let of_line = args.fail_on.map(FailOn::from);
    let looked_at: Vec<bool> = found.iter().zip(&options).map(is_looked_at).collect();
    let left_out = found
        .iter()
        .zip(&looked_at)
        .filter(|(_, looked_at)| !**looked_at);
    let named = left_out.flat_map(|(directory, _)| directory.named.iter().flatten());
    let mut files: Vec<PathBuf> = settings.made.keys().flatten().cloned().collect();
    files.sort();
    Ok(Plan {
        files: files
            .into_iter()
            .filter_map(|file| seen_from(current, file))
            .collect(),
        notes: named
            .map(|file| format!("nothing is reported in {file}: {LEFT_OUT}"))
            .collect(),
        options,
        looked_at,
        top: settings.options(&top)?,
        fail_on: of_line.or(of_file).unwrap_or_default(),
        baseline: config.and_then(|config| seen_from(current, config.baseline()?)),
    })
}

fn is_looked_at((directory, options): (&FoundDirectory, &Arc<Options>)) -> bool {
    directory
        .files
        .iter()
        .any(|file| !options.scope.excludes(&file.path))
}

/// A path as it is written in `current`, if it lies below.
fn seen_from(current: &Path, path: PathBuf) -> Option<PathBuf> {
    let current = fs::canonicalize(current).ok()?;
    let below = path.strip_prefix(current).map(Path::to_owned);
    Some(below.unwrap_or(path))
}

/// The folder of a directory's files, with all links resolved.
fn folder(directory: &FoundDirectory) -> Option<PathBuf> {
    let folder = directory.files.first()?.path.parent()?;
    Some(fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()))
}

/// The deepest folder that both lie in.
fn common(a: &Path, b: &Path) -> PathBuf {
    let same = a
        .components()
        .zip(b.components())
        .take_while(|(a, b)| a == b);
    same.map(|(part, _)| part).collect()
}

/// What ends the run when its time is over. Nobody waits for the clock: it goes when the process does.
fn time_limit(args: &CheckArgs) -> Stop {
    let stop = Stop::default();
    if let Some(seconds) = args.time_limit {
        let clock = stop.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(seconds.get()));
            clock.stop();
        });
    }
    stop
}

struct Settings<'a> {
    args: &'a CheckArgs,
    show_suppressed: bool,
    watched: &'a Watched,
    stop: Stop,
    why: Option<Question>,
    configs: Configs,
    /// By the configuration they come from.
    made: HashMap<Option<PathBuf>, Arc<Options>>,
}

impl Settings<'_> {
    fn config(&mut self, folder: &Path) -> Result<Option<Arc<Config>>, Failure> {
        self.configs
            .of(folder)
            .map_err(|error| Failure(error.to_string()))
    }

    fn options(&mut self, folder: &Path) -> Result<Arc<Options>, Failure> {
        let config = self.config(folder)?;
        let key = config.as_ref().map(|config| config.path.clone());
        if let Some(made) = self.made.get(&key) {
            return Ok(Arc::clone(made));
        }
        let mut options = Options {
            build: BuildContext::host(),
            why: self.why.clone(),
            ..Options::default()
        };
        if let Some(config) = config {
            config.apply(&mut options);
        }
        command_line(self.args, &mut options)?;
        options.show_suppressed = self.show_suppressed;
        options.watched = self.watched.clone();
        options.stop = self.stop.clone();
        let options = Arc::new(options);
        self.made.insert(key, Arc::clone(&options));
        Ok(options)
    }
}

/// Puts the command line over `options`.
fn command_line(args: &CheckArgs, options: &mut Options) -> Result<(), Failure> {
    let rules = &mut options.rules;
    args.select
        .as_ref()
        .map_or(Ok(()), |names| rules.select(names))
        .and_then(|()| rules.ignore(&args.ignore))
        .map_err(|rule| Failure(rule.to_string()))?;
    if args.select.is_some() || !args.ignore.is_empty() {
        options.scope = Arc::new(Scope {
            limit: Some(options.rules.clone()),
            ..Scope::clone(&options.scope)
        });
    }
    if let Some(level) = args.min_confidence {
        options.min_confidence = level.into();
    }
    options.tests = !args.no_tests && (args.tests || options.tests);
    options.generated = !args.no_generated && (args.generated || options.generated);
    options.state_budget = args.state_budget;
    options.whole = args.no_elide;
    options.fixes = args.fixes.wanted() || args.format.iter().any(FormatArg::carries_fixes);
    let (goos, goarch) = (args.goos.as_deref(), args.goarch.as_deref());
    options.build.choose_platform(goos, goarch);
    if let Some(tags) = &args.tags {
        options.build.tags.clone_from(tags);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_folder_is_the_deepest_of_both() {
        let shared = |a: &str, b: &str| common(Path::new(a), Path::new(b));
        assert_eq!(shared("/m/a/b", "/m/a/c"), Path::new("/m/a"));
        assert_eq!(shared("/m/a", "/m/ab"), Path::new("/m"));
        assert_eq!(shared("/m", "/m/a"), Path::new("/m"));
        assert_eq!(shared("/a", "/b"), Path::new("/"));
    }
}
