//! `goleash check`: walk, analyse, write the result, tell on stderr how it went.

use super::args::CheckArgs;
use super::format::{Context, Sinks};
use super::ledger::{Known, Ledger, Looked};
use super::progress::{self, Progress};
use super::run::{self, Manner};
use super::stdin::{self, Overlay};
use super::{Exit, Failure, output, words};
use crate::analyze::{self, Options, Problem, Report, Stats};
use crate::examine::{self, Outcome};
use crate::package::BuildContext;
use crate::report::{Invocation, sarif};
use crate::selection::{Selection, UnknownRule};
use crate::walk::{FoundDirectory, Settings, Walk, walk};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;

/// What a run has looked at and found.
pub(super) struct Seen {
    pub(super) found: Walk,
    pub(super) report: Report,
    silent: Vec<(String, String)>,
    options: Options,
}

impl Seen {
    /// What a baseline needs to know to call an entry stale.
    pub(super) fn looked(&self) -> Looked<'_> {
        Looked::new(
            &self.found,
            &self.silent,
            &self.report.problems,
            &self.options,
        )
    }
}

/// Runs the command.
pub(super) fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let sinks = Sinks::new(&args.format, args.output.as_deref())?;
    let ledger = args.baseline.as_deref().map(Ledger::read).transpose()?;
    let mut seen = see(args, args.show_suppressed)?;
    let known = ledger.map(|ledger| {
        let mut findings = std::mem::take(&mut seen.report.findings);
        let known = ledger.apply(&mut findings, &seen.looked());
        seen.report.findings = findings;
        known
    });
    let report = seen.report;
    let no_files = seen.found.directories.is_empty() && !args.allow_no_files;
    let exit = exit(&report, no_files);
    write_result(args, &sinks, &report, exit)?;
    if args.stats {
        for row in stats(&report.stats).lines() {
            output::line(row);
        }
    }
    if !args.quiet {
        output::line(&summary(&report, known.as_ref()));
    }
    Ok(exit)
}

/// Finds and analyses what the arguments name, and tells of what could not be read.
pub(super) fn see(args: &CheckArgs, show_suppressed: bool) -> Result<Seen, Failure> {
    let current = std::env::current_dir()
        .map_err(|error| Failure(format!("could not find the current folder: {error}")))?;
    let settings = Settings {
        current,
        this_module: args.this_module,
    };
    let options = Options {
        show_suppressed,
        ..options(args)?
    };
    let (found, overlay) = find(args, &settings)?;
    let outcome = analyse(args, &found.directories, overlay.as_ref(), &options)?;
    let mut report = outcome.report;
    report.problems.extend(found.problems.iter().cloned());
    report.problems.sort();
    report.problems.dedup();
    for note in found.notes.iter().chain(&outcome.notes) {
        output::line(&format!("goleash: {note}"));
    }
    for problem in &report.problems {
        output::line(&problem_line(problem));
    }
    Ok(Seen {
        found,
        report,
        silent: outcome.silent,
        options,
    })
}

/// The files to read, and the one whose text comes from stdin.
fn find(args: &CheckArgs, settings: &Settings) -> Result<(Walk, Option<Overlay>), Failure> {
    if let Some(file) = &args.stdin_filename {
        let (found, overlay) = stdin::overlay(file, settings)?;
        return Ok((found, Some(overlay)));
    }
    let found = walk(&args.patterns, settings).map_err(|error| {
        let meant = words::misspelt_command(&args.patterns)
            .map(|command| format!("; if you mean the command: `goleash {command}`"));
        Failure(error.0 + &meant.unwrap_or_default())
    })?;
    Ok((found, None))
}

/// Analyses what was found, and tells meanwhile how far it is.
fn analyse(
    args: &CheckArgs,
    found: &[FoundDirectory],
    overlay: Option<&Overlay>,
    options: &Options,
) -> Result<Outcome, Failure> {
    let progress = Progress::new(found.len(), args.quiet);
    let accounts = Mutex::new(BTreeMap::new());
    let manner = Manner {
        threads: args.threads,
        read: &|file| overlay.map_or_else(|| examine::read(file), |overlay| overlay.read(file)),
        done: &|directory, outcome| {
            progress.step();
            if let (true, Ok(mut accounts)) = (args.verbose, accounts.lock()) {
                let account = progress::account(directory, outcome);
                accounts.insert(directory.display.clone(), account);
            }
        },
    };
    let outcome = run::run(found, options, &manner, analyze::directory);
    drop(progress);
    for account in accounts.into_inner().unwrap_or_default().values() {
        account.lines().for_each(output::line);
    }
    outcome
}

pub(super) fn options(args: &CheckArgs) -> Result<Options, Failure> {
    let unknown = |rule: UnknownRule| Failure(rule.to_string());
    let mut rules = Selection::default();
    if let Some(names) = &args.select {
        rules.select(names).map_err(unknown)?;
    }
    rules.ignore(&args.ignore).map_err(unknown)?;
    Ok(Options {
        tests: !args.no_tests,
        generated: args.generated,
        rules,
        show_suppressed: args.show_suppressed,
        min_confidence: args.min_confidence.into(),
        state_budget: args.state_budget,
        build: build(args),
        fixes: false,
    })
}

/// Like `go build`, goleash takes the platform it runs on for the one that decides which files count.
fn build(args: &CheckArgs) -> BuildContext {
    let mut build = BuildContext::host();
    build.choose_platform(args.goos.as_deref(), args.goarch.as_deref());
    build.tags = args.tags.clone().unwrap_or_default();
    build
}

fn exit(report: &Report, no_files: bool) -> Exit {
    if report.problems.iter().any(|problem| problem.fatal) {
        Exit::Failure
    } else if report.findings.iter().any(|f| f.suppressed.is_none()) {
        Exit::Findings
    } else if no_files {
        Exit::NoFiles
    } else {
        Exit::Clean
    }
}

fn write_result(
    args: &CheckArgs,
    sinks: &Sinks,
    report: &Report,
    exit: Exit,
) -> Result<(), Failure> {
    let context = Context {
        color: args.color,
        invocation: Invocation {
            version: env!("CARGO_PKG_VERSION"),
            execution_successful: exit != Exit::Failure,
            exit_code: exit as i32,
        },
        sarif: sarif::Options {
            category: args.category.clone(),
        },
    };
    for note in sinks.notes(report) {
        output::line(&format!("goleash: {note}"));
    }
    sinks.write(report, &context)
}

/// `path:line: message`, so that terminals and editors can jump there.
pub(super) fn problem_line(problem: &Problem) -> String {
    let level = if problem.fatal { "error" } else { "warning" };
    let Problem { path, message, .. } = problem;
    match problem.lines {
        Some((first, last)) if first < last => {
            format!("{path}:{first}: {level}: {message} (lines {first} to {last})")
        }
        Some((line, _)) => format!("{path}:{line}: {level}: {message}"),
        None => format!("{path}: {level}: {message}"),
    }
}

/// The last line of a run.
fn summary(report: &Report, known: Option<&Known>) -> String {
    let stats = &report.stats;
    let suppressed = report.findings.iter().filter(|f| f.suppressed.is_some());
    let suppressed = suppressed.count() as u64;
    let mut findings = match report.findings.len() as u64 - suppressed {
        0 => "no findings".to_owned(),
        count => counted(count, "finding"),
    };
    if suppressed > 0 {
        let _ = write!(findings, " and {suppressed} suppressed");
    }
    let mut text = format!(
        "{findings} in {} ({})",
        counted(stats.packages, "package"),
        counted(stats.files, "file")
    );
    if let Some(known) = known {
        let _ = write!(text, "; {} in the baseline", known.accepted);
        if known.stale > 0 {
            let _ = write!(text, ", {} stale", known.stale);
        }
    }
    let fatal = report.problems.iter().filter(|p| p.fatal).count() as u64;
    let other = report.problems.len() as u64 - fatal;
    if fatal > 0 {
        let _ = write!(text, "; {}", counted(fatal, "error"));
    }
    if other > 0 {
        let _ = write!(text, "; {}", counted(other, "warning"));
    }
    text
}

pub(super) fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// The table behind `--stats`.
fn stats(stats: &Stats) -> String {
    let given_up = stats.abstentions.values().sum();
    let mut rows = vec![
        ("packages", stats.packages),
        ("files", stats.files),
        ("bytes", stats.bytes),
        ("functions", stats.functions),
        ("systems", stats.systems),
        ("states", stats.states),
        ("given up", given_up),
    ];
    let names: Vec<String> = stats
        .abstentions
        .keys()
        .map(|name| format!("  {name}"))
        .collect();
    rows.extend(
        names
            .iter()
            .map(String::as_str)
            .zip(stats.abstentions.values().copied()),
    );
    let names = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let counts = rows
        .iter()
        .map(|(_, count)| count.to_string().len())
        .max()
        .unwrap_or(0);
    rows.iter().fold(String::new(), |mut text, (name, count)| {
        let _ = writeln!(text, "{name:names$}  {count:>counts$}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(lines: Option<(u32, u32)>, fatal: bool) -> Problem {
        Problem {
            path: "a/x.go".to_owned(),
            lines,
            message: "could not read this part".to_owned(),
            fatal,
        }
    }

    #[test]
    fn problems_are_one_line_each() {
        let shown = |lines, fatal| problem_line(&problem(lines, fatal));
        assert_eq!(
            shown(Some((3, 3)), false),
            "a/x.go:3: warning: could not read this part"
        );
        assert_eq!(
            shown(Some((3, 5)), false),
            "a/x.go:3: warning: could not read this part (lines 3 to 5)"
        );
        assert_eq!(shown(None, true), "a/x.go: error: could not read this part");
    }

    #[test]
    fn failures_win_and_warnings_do_not_count() {
        let mut report = Report::default();
        assert_eq!(exit(&report, false), Exit::Clean);
        assert_eq!(exit(&report, true), Exit::NoFiles);
        report.problems.push(problem(None, false));
        assert_eq!(exit(&report, false), Exit::Clean);
        report.problems.push(problem(None, true));
        assert_eq!(exit(&report, true), Exit::Failure);
    }

    #[test]
    fn the_summary_counts_and_stats_line_up() {
        let mut report = Report::default();
        report.stats.packages = 1;
        report.stats.files = 12;
        report.stats.abstentions.insert("escapes", 3);
        report.problems = vec![
            problem(None, true),
            problem(None, false),
            problem(Some((1, 1)), false),
        ];
        assert_eq!(
            summary(&report, None),
            "no findings in 1 package (12 files); 1 error; 2 warnings"
        );
        let table = stats(&report.stats);
        assert!(table.contains("files      12\n"), "{table}");
        assert!(table.contains("given up    3\n  escapes   3\n"), "{table}");
    }
}
