//! The arguments; the longer help texts are in [`super::help`].

use super::format::{FormatArg, FormatArgParser};
use super::help::{ABOUT, BASELINE, COMPLETIONS, EXAMPLES, LONG_ABOUT, grouped};
use crate::analyze::STATE_BUDGET;
use crate::config::FailOn;
use crate::leak::Confidence;
use crate::package::platform;
use clap::{Arg, Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::ffi::{OsStr, OsString};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

#[derive(Debug, Parser)]
#[command(
    name = "goleash",
    version,
    about = ABOUT,
    long_about = LONG_ABOUT,
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    mut_args(grouped)
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) check: CheckArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Look for leaks (what goleash does when no command is named)
    #[command(after_help = EXAMPLES, mut_args(grouped))]
    Check(Box<CheckArgs>),
    /// Accept the findings there are, so that only new ones count (`goleash --baseline FILE`)
    #[command(after_help = BASELINE)]
    Baseline {
        #[command(subcommand)]
        action: BaselineAction,
    },
    /// Explain a rule: what leaks, what does not, how to fix it
    #[command(after_help = "Example:\n  goleash explain early-return")]
    Explain {
        /// The rule's id, as findings show it in brackets; `goleash list-rules` lists them
        rule: Option<String>,
    },
    /// Write a configuration with every key explained and commented out
    #[command(after_help = "Examples:\n  goleash init\n  goleash init server")]
    Init {
        /// The folder to write it to
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// List the rules with severity, confidence and title
    ListRules {
        /// How to list them
        #[arg(short, long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Serve an editor over stdin and stdout (Language Server Protocol)
    #[command(after_help = "Editors start it themselves: see docs/editors.md.")]
    Lsp,
    /// Write a completion script for a shell to stdout
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Write the manual page to stdout: `goleash man | man -l -`
    Man,
    /// Show an intermediate form of one file
    #[command(hide = true)]
    Debug {
        /// Which form
        stage: String,
        /// A Go file
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum BaselineAction {
    /// Accept all present findings in a new file
    #[command(mut_args(without_output))]
    Create(Box<CheckArgs>),
    /// Accept all present findings and forget those that are gone
    #[command(mut_args(without_output))]
    Update(Box<CheckArgs>),
    /// Forget accepted findings that are gone; accept none
    #[command(mut_args(without_output))]
    Prune(Box<CheckArgs>),
}

/// Hides what has no meaning where no finding is shown.
fn without_output(arg: Arg) -> Arg {
    const SHOWN: [&str; 16] = [
        "patterns",
        "tests",
        "no_tests",
        "generated",
        "no_generated",
        "config",
        "isolated",
        "tags",
        "goos",
        "goarch",
        "this_module",
        "select",
        "ignore",
        "min_confidence",
        "threads",
        "time_limit",
    ];
    let shown = SHOWN.contains(&arg.get_id().as_str());
    match arg.get_id().as_str() {
        "baseline" => arg.help("The file of accepted findings [default: goleash-baseline.json]"),
        _ => arg.hide(!shown),
    }
}

/// A line of a file.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) file: PathBuf,
    /// From 1.
    pub(super) line: u32,
}

fn line(text: &str) -> Result<Line, String> {
    let wanted = || "give a file and a line, such as `worker.go:42`".to_owned();
    let (file, line) = text.rsplit_once(':').ok_or_else(wanted)?;
    let line: u32 = line.parse().map_err(|_| wanted())?;
    let is_go = std::path::Path::new(file)
        .extension()
        .is_some_and(|e| e == "go");
    if line == 0 || !is_go {
        return Err(wanted());
    }
    Ok(Line {
        file: file.into(),
        line,
    })
}

#[derive(Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(super) struct CheckArgs {
    /// What to look at: `dir` (the package in that folder), `dir/...` (and everything below), or a .go file
    ///
    /// `dir/...` does not enter `vendor`, `testdata`, `node_modules`, folders whose names start with `_` or `.`, and
    /// folders that an `ignore` line of go.mod names. Name such a folder itself to look into it: `./testdata/...`.
    /// A .go file stands for its package, but only findings that touch the named files are shown.
    #[arg(
        value_name = "PATTERN",
        default_value = "./...",
        hide_default_value = false
    )]
    pub(super) patterns: Vec<PathBuf>,

    /// How to write the result [default: full]; several at once, all but one with a file: `-f full -f sarif=out.sarif`
    #[arg(short, long, value_name = "FORMAT[=FILE]", value_parser = FormatArgParser)]
    pub(super) format: Vec<FormatArg>,

    /// Write the format that names no file to this one instead of stdout; it is replaced in one step
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Tell uploads of several runs for one commit apart in code scanning (SARIF `automationDetails`)
    #[arg(long, value_name = "NAME")]
    pub(super) category: Option<String>,

    /// When to use colour; `auto` looks at the terminal, `NO_COLOR` and `CLICOLOR_FORCE`
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(super) color: Color,

    /// Report in `_test.go` files (the default)
    #[arg(long, overrides_with = "no_tests")]
    pub(super) tests: bool,

    /// Do not report in `_test.go` files
    #[arg(long, overrides_with = "tests")]
    pub(super) no_tests: bool,

    /// Report in generated files too
    #[arg(long, overrides_with = "no_generated")]
    pub(super) generated: bool,

    /// Do not report in generated files (the default)
    #[arg(long, overrides_with = "generated")]
    pub(super) no_generated: bool,

    /// Read this configuration instead of the nearest `goleash.toml` or `.goleash.toml` above each folder
    #[arg(long, value_name = "FILE", conflicts_with = "isolated")]
    pub(super) config: Option<PathBuf>,

    /// Read no configuration
    #[arg(long)]
    pub(super) isolated: bool,

    /// Build tags that hold, separated by commas, as for `go build`
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    pub(super) tags: Option<Vec<String>>,

    /// The operating system that decides which files count, in Go's words [default: this one]
    #[arg(long, value_name = "OS", value_parser = os)]
    pub(super) goos: Option<String>,

    /// The processor that decides which files count, in Go's words [default: this one]
    #[arg(long, value_name = "ARCH", value_parser = arch)]
    pub(super) goarch: Option<String>,

    /// Stay out of folders below that have a go.mod of their own, unless a go.work upward uses them
    #[arg(long)]
    pub(super) this_module: bool,

    /// Exit with 0 instead of 3 where the patterns match no Go file
    #[arg(long)]
    pub(super) allow_no_files: bool,

    /// Report only these rules: ids separated by commas, `default`, `all`
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(super) select: Option<Vec<String>>,

    /// Do not report these rules
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(super) ignore: Vec<String>,

    /// Do not report the findings that this file accepts; `goleash baseline` makes it
    #[arg(long, value_name = "FILE", overrides_with = "no_baseline")]
    pub(super) baseline: Option<PathBuf>,

    /// Use no file of accepted findings, also when the configuration names one
    #[arg(long, overrides_with = "baseline")]
    pub(super) no_baseline: bool,

    /// Report only what was not there at this revision (a commit, tag or branch that git knows)
    ///
    /// The packages in which something has changed since are analysed as they are and as they were; files git does not
    /// know yet count as changed.
    #[arg(
        long,
        value_name = "REV",
        group = "since",
        conflicts_with = "stdin_filename"
    )]
    pub(super) new_from_rev: Option<String>,

    /// Report only what was not there where this branch and HEAD were last the same: what a pull request brings
    #[arg(
        long,
        value_name = "BRANCH",
        group = "since",
        conflicts_with = "stdin_filename"
    )]
    pub(super) new_from_merge_base: Option<String>,

    /// Report only what was not there before this patch, which has been applied already; `-` reads it from stdin
    #[arg(
        long,
        value_name = "FILE",
        group = "since",
        conflicts_with = "stdin_filename"
    )]
    pub(super) new_from_patch: Option<PathBuf>,

    /// Show suppressed findings too, with the reason given; they do not count
    #[arg(long)]
    pub(super) show_suppressed: bool,

    /// Drop findings that are less sure than this [default: medium]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(super) min_confidence: Option<Level>,

    /// The least level of findings that exit with 1 [default: note]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(super) fail_on: Option<FailLevel>,

    #[command(flatten)]
    pub(super) fixes: FixArgs,

    /// States to search per system before it is given up (counted by `--stats` as `state-budget`)
    #[arg(long, value_name = "N", default_value_t = STATE_BUDGET, hide = true)]
    pub(super) state_budget: u32,

    /// Parse every byte, also of functions in which nothing can matter; the findings are the same
    #[arg(long, hide = true)]
    pub(super) no_elide: bool,

    /// Number of worker threads [default: one per processor]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,

    /// Stop after so many seconds: packages not done by then are told, and the exit code is 2
    #[arg(long, value_name = "SECONDS")]
    pub(super) time_limit: Option<NonZeroU64>,

    /// Say of the operations on a line why they are reported or not, system by system; nothing else is printed
    ///
    /// The line is one of a channel operation, a `go` statement, a `close` or a `Wait`. The exit code is 0 where something
    /// was said, and 3 where there is no such operation.
    #[arg(long, value_name = "FILE:LINE", value_parser = line, conflicts_with_all = ["patterns", "fix", "diff", "since", "stdin_filename"])]
    pub(super) why: Option<Line>,

    /// Tell on stderr what was looked at and what was given up, with the reasons
    #[arg(long)]
    pub(super) stats: bool,

    /// Tell on stderr where the time went: by stage over all threads, and for the ten slowest packages
    #[arg(long)]
    pub(super) timing: bool,

    /// Leave out the summary line
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// Tell on stderr, folder by folder, what was looked at and why nothing is reported in some files
    #[arg(short, long, conflicts_with = "quiet")]
    pub(super) verbose: bool,

    /// Read the text of this file from stdin, as an editor has it, and show what touches it
    ///
    /// The other files of its package are read from the disk. The file itself need not be there yet.
    #[arg(long, value_name = "FILE", conflicts_with = "patterns")]
    pub(super) stdin_filename: Option<PathBuf>,
}

/// Repairs.
#[derive(Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(super) struct FixArgs {
    /// Make the repairs that are safe, and report what is left
    #[arg(long, conflicts_with = "stdin_filename")]
    pub(super) fix: bool,

    /// Make, or show with --diff, the other repairs too: those that a person should look at
    #[arg(long, conflicts_with = "stdin_filename")]
    pub(super) unsafe_fixes: bool,

    /// Show the repairs as a diff instead of making them and of reporting anything
    #[arg(long, conflicts_with_all = ["format", "output", "stdin_filename"])]
    pub(super) diff: bool,

    /// Make repairs although the repository has uncommitted changes
    #[arg(long)]
    pub(super) allow_dirty: bool,
}

impl FixArgs {
    /// Whether repairs are to be made or shown.
    pub(super) fn wanted(&self) -> bool {
        self.fix || self.unsafe_fixes || self.diff
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// When stdout is a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// A table
    Table,
    /// A JSON array
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Level {
    /// The shape only
    Low,
    /// One assumption, which the message states
    Medium,
    /// Only code in view
    High,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailLevel {
    /// Errors
    Error,
    /// Errors and warnings
    Warning,
    /// Every finding
    Note,
    /// No finding
    Never,
}

impl From<FailLevel> for FailOn {
    fn from(level: FailLevel) -> Self {
        match level {
            FailLevel::Error => Self::Error,
            FailLevel::Warning => Self::Warning,
            FailLevel::Note => Self::Note,
            FailLevel::Never => Self::Never,
        }
    }
}

impl From<Level> for Confidence {
    fn from(level: Level) -> Self {
        match level {
            Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
        }
    }
}

fn os(word: &str) -> Result<String, String> {
    platform::os(word).map(str::to_owned)
}

fn arch(word: &str) -> Result<String, String> {
    platform::arch(word).map(str::to_owned)
}

/// Moves the word `check` before any options, so that `goleash -q check ./...` works as people expect.
pub(super) fn command_first(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let command = Cli::command();
    let takes_value = |argument: &OsStr| {
        command.get_arguments().any(|known| {
            known.get_action().takes_values()
                && (known
                    .get_long()
                    .is_some_and(|long| argument == format!("--{long}").as_str())
                    || known
                        .get_short()
                        .is_some_and(|short| argument == format!("-{short}").as_str()))
        })
    };
    let mut at = 1;
    while let Some(argument) = arguments.get(at) {
        if argument == "check" {
            let word = arguments.remove(at);
            arguments.insert(1, word);
            break;
        }
        if argument == "--" || !argument.as_encoded_bytes().starts_with(b"-") {
            break;
        }
        at += if takes_value(argument) { 2 } else { 1 };
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn check_may_stand_behind_options() {
        let moved = |line: &str| {
            let words = line.split(' ').map(OsString::from).collect();
            command_first(words).join(OsStr::new(" "))
        };
        assert_eq!(moved("goleash -q check ./..."), "goleash check -q ./...");
        assert_eq!(moved("goleash -f json check x"), "goleash check -f json x");
        assert_eq!(
            moved("goleash --format=json check"),
            "goleash check --format=json"
        );
        assert_eq!(moved("goleash -f check"), "goleash -f check");
        assert_eq!(moved("goleash -- check"), "goleash -- check");
        assert_eq!(moved("goleash explain check"), "goleash explain check");
    }
}
