//! `goleash check`: walk, analyse, write the result, tell on stderr how it went.

use super::args::CheckArgs;
use super::format::{Context, Sinks};
use super::ledger::{Known, Ledger};
use super::look::Sight;
use super::novelty::Left;
use super::timing::Clock;
use super::{Exit, Failure, output, repair, why};
use crate::analyze::{Problem, Report, Stats};
use crate::config::FailOn;
use crate::finding::Finding;
use crate::report::{Invocation, sarif};
use crate::stage::Stage;
use std::fmt::Write;

/// Runs the command.
pub(super) fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let sinks = Sinks::new(&args.format, args.output.as_deref())?;
    let sight = Sight::new(args, args.show_suppressed)?;
    let baseline = sight.baseline(args);
    let ledger = baseline.as_deref().map(Ledger::read).transpose()?;
    let mut seen = sight.see(args)?;
    if let Some(asked) = &args.why {
        return why::tell(asked, &seen.report);
    }
    let known = ledger.as_ref().map(|ledger| {
        let mut findings = std::mem::take(&mut seen.report.findings);
        let known = ledger.apply(&mut findings, &seen.looked(), args.show_suppressed);
        seen.report.findings = findings;
        known
    });
    // Only now: what the baseline accepts is not stale because it is old.
    let left = seen.retain_new(args)?;
    let unchanged = left.map_or(0, |left| left.unchanged);
    let no_files = seen.found.directories.is_empty() && unchanged == 0 && !args.allow_no_files;
    let fail_on = seen.plan.fail_on;
    let before = exit(&seen.report, no_files, fail_on);
    let repaired = args
        .fixes
        .wanted()
        .then(|| repair::repair(args, &mut seen, ledger.as_ref()))
        .transpose()?;
    if let Some(repaired) = &repaired {
        repair::settle(repaired, args)?;
    }
    let report = seen.report;
    let watched = Clock::watched(seen.clock.as_ref());
    let writing = watched.enter("", Stage::Report);
    let exit = if args.fixes.diff {
        before
    } else {
        let exit = exit(&report, no_files, fail_on);
        write_result(args, &sinks, &report, exit)?;
        exit
    };
    drop(writing);
    if args.stats {
        for row in stats(&report.stats).lines() {
            output::line(row);
        }
    }
    if let Some(clock) = &seen.clock {
        clock.tables().lines().for_each(output::line);
    }
    if !args.quiet {
        if let Some(repaired) = &repaired {
            output::line(&repair::summary(repaired, &report, args));
        }
        if !args.fixes.diff {
            output::line(&summary(&report, known.as_ref(), left));
        }
    }
    Ok(exit)
}

fn exit(report: &Report, no_files: bool, fail_on: FailOn) -> Exit {
    let fails = |f: &Finding| f.suppressed.is_none() && fail_on.fails(f.level());
    if report.problems.iter().any(|problem| problem.fatal) {
        Exit::Failure
    } else if report.findings.iter().any(fails) {
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
fn summary(report: &Report, known: Option<&Known>, left: Option<Left>) -> String {
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
    if let Some(left) = left {
        let older = counted(left.older as u64, "older finding");
        let unchanged = counted(left.unchanged as u64, "unchanged folder");
        let _ = write!(text, "; {older} and {unchanged} left out");
    }
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
        ("bytes parsed", stats.parsed),
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
        assert_eq!(exit(&report, false, FailOn::Note), Exit::Clean);
        assert_eq!(exit(&report, true, FailOn::Note), Exit::NoFiles);
        report.problems.push(problem(None, false));
        assert_eq!(exit(&report, false, FailOn::Note), Exit::Clean);
        report.problems.push(problem(None, true));
        assert_eq!(exit(&report, true, FailOn::Note), Exit::Failure);
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
            summary(&report, None, None),
            "no findings in 1 package (12 files); 1 error; 2 warnings"
        );
        let table = stats(&report.stats);
        let rows: Vec<&str> = table.lines().collect();
        let width = rows.iter().map(|row| row.len()).max();
        assert!(rows.iter().all(|row| Some(row.len()) == width), "{table}");
        assert!(rows.contains(&"files         12"), "{table}");
        assert!(
            table.ends_with("given up       3\n  escapes      3\n"),
            "{table}"
        );
    }
}
