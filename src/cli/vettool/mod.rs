//! `go vet -vettool=goleash`: what the go command asks of its tools, answered from files.
//!
//! In: the arguments, recognised by their form. Out: the answer where the go command wants it. The protocol itself is
//! [`crate::vettool`]'s. The exit code is 0 with findings too when they are told as JSON, as the go command expects.

mod key;

use super::args::{CheckArgs, Cli};
use super::ledger::Ledger;
use super::run::{self, Manner};
use super::{Exit, Failure, check, output, settings};
use crate::analyze::{self, Report};
use crate::gomod::NEWEST;
use crate::report::vet;
use crate::stage::Watched;
use crate::vettool::{self, Flag, Unit};
use crate::walk::{FoundDirectory, FoundFile, slashed};
use clap::{CommandFactory, Parser};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;

/// The options of `goleash check` that make sense package by package.
const PASSED_ON: &[&str] = &[
    "generated",
    "ignore",
    "isolated",
    "min-confidence",
    "no-baseline",
    "no-tests",
    "select",
    "tests",
];

/// What facts there are for packages that import one: none.
const FACTS: &str = "goleash\n";

/// Answers the go command; `None` when it is not the one who asks.
pub(super) fn answer(arguments: &[OsString]) -> Option<Result<Exit, Failure>> {
    let words: Vec<&str> = arguments
        .get(1..)?
        .iter()
        .filter_map(|w| w.to_str())
        .collect();
    match words.as_slice() {
        ["-flags"] => Some(output::to_stdout(&vettool::describe(&flags())).map(|()| Exit::Clean)),
        ["-V=full" | "--V=full"] => Some(key::version()),
        [flags @ .., file] if is_unit(file) => Some(unit(flags, Path::new(file))),
        _ => None,
    }
}

fn is_unit(file: &str) -> bool {
    let file = Path::new(file);
    file.extension().is_some_and(|found| found == "cfg") && file.is_file()
}

/// The flags that `go vet` may be given, described as in `--help`.
fn flags() -> Vec<Flag> {
    let command = Cli::command();
    let known = |name: &&str| {
        let found = command
            .get_arguments()
            .find(|argument| argument.get_long() == Some(name))?;
        Some(Flag {
            name: (*name).to_owned(),
            bool: !found.get_action().takes_values(),
            usage: found
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default(),
        })
    };
    PASSED_ON.iter().filter_map(known).collect()
}

/// The folder of the nearest go.mod upward; the folder itself where there is none.
fn module_root(folder: &Path) -> PathBuf {
    folder
        .ancestors()
        .find(|folder| folder.join("go.mod").is_file())
        .unwrap_or(folder)
        .to_owned()
}

/// Answers for one package.
fn unit(flags_given: &[&str], file: &Path) -> Result<Exit, Failure> {
    let words: Vec<String> = flags_given.iter().map(|&word| word.to_owned()).collect();
    let given = vettool::parse(&words, &flags()).map_err(Failure)?;
    let shown = file.display();
    let bytes =
        fs::read(file).map_err(|error| Failure(format!("could not read `{shown}`: {error}")))?;
    let unit = Unit::parse(&bytes)
        .map_err(|error| Failure(format!("`{shown}` is no configuration of go vet: {error}")))?;
    if unit.vetx_only {
        return facts(&unit, unit.facts_are_cached()).map(|()| Exit::Clean);
    }
    let args = match check_arguments(&given.words) {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return Ok(Exit::Failure);
        }
    };
    let (found, paths) = directory(&unit);
    let mut plan = settings::plan(
        &args,
        false,
        &unit.dir,
        slice::from_ref(&found),
        &Watched::default(),
    )?;
    for options in &mut plan.options {
        let options = Arc::make_mut(options);
        options.build.chosen = true;
        options.fixes = given.json;
    }
    // The go command runs one process per processor.
    let manner = Manner {
        threads: NonZeroUsize::new(1),
        ..Manner::default()
    };
    let work = plan.work(slice::from_ref(&found));
    let mut report = run::run(&work, &manner, analyze::directory)?.report;
    if let (Some(file), false) = (&plan.baseline, args.no_baseline) {
        Ledger::read(file)?.accept(&mut report.findings, false);
    }
    tell(&unit, &report, given.json, &|path| {
        paths.get(path).cloned().unwrap_or_else(|| path.to_owned())
    })
}

fn check_arguments(words: &[String]) -> Result<CheckArgs, clap::Error> {
    let line = std::iter::once("goleash").chain(words.iter().map(String::as_str));
    Ok(Cli::try_parse_from(line)?.check)
}

/// The package as a walk from the root of its module would have found it, and the paths of its files as the go command
/// knows them.
fn directory(unit: &Unit) -> (FoundDirectory, HashMap<String, String>) {
    let root = module_root(&unit.dir);
    let display = |path: &Path| slashed(path.strip_prefix(&root).unwrap_or(path));
    let mut paths = HashMap::new();
    let mut files = Vec::new();
    for path in unit.sources() {
        let shown = display(&path);
        paths.insert(shown.clone(), path.to_string_lossy().into_owned());
        files.push(FoundFile {
            size: fs::metadata(&path).map_or(0, |meta| meta.len()),
            changed: None,
            // Patterns of a configuration are held against resolved paths.
            path: fs::canonicalize(&path).unwrap_or(path),
            display: shown,
        });
    }
    let found = FoundDirectory {
        display: display(&unit.dir),
        import_path: unit.import_path().to_owned(),
        module: None,
        go: unit.version().unwrap_or(NEWEST),
        files,
        named: None,
    };
    (found, paths)
}

/// Writes the answer, and the facts unless something went wrong: what is not written is asked for again.
fn tell(unit: &Unit, report: &Report, json: bool, paths: vet::Paths<'_>) -> Result<Exit, Failure> {
    for problem in &report.problems {
        let mut problem = problem.clone();
        problem.path = paths(&problem.path);
        output::line(&check::problem_line(&problem));
    }
    if report.problems.iter().any(|problem| problem.fatal) {
        return Ok(Exit::Failure);
    }
    facts(unit, report.problems.is_empty())?;
    if json {
        let text = vet::json(report, &unit.id, paths);
        match &unit.stdout {
            Some(file) => write(file, &text)?,
            None => output::to_stdout(&text)?,
        }
        return Ok(Exit::Clean);
    }
    output::to_stderr(&vet::plain(report, paths));
    Ok(if report.findings.is_empty() {
        Exit::Clean
    } else {
        Exit::Findings
    })
}

fn facts(unit: &Unit, cached: bool) -> Result<(), Failure> {
    match &unit.vetx_output {
        Some(file) if cached => write(file, FACTS),
        _ => Ok(()),
    }
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    fs::write(file, text)
        .map_err(|error| Failure(format!("could not write `{}`: {error}", file.display())))
}
