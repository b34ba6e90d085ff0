//! The command line: arguments, commands, exit codes.
//!
//! In: the arguments. Out: the result on stdout (or in a file) and nothing else there; everything else on stderr. Only
//! here, in [`crate::walk`] and in [`crate::examine`] is anything read or written.

mod args;
mod baseline;
mod check;
mod debug;
mod explain;
mod format;
mod help;
mod init;
mod ledger;
mod look;
mod markdown;
mod novelty;
mod output;
mod progress;
mod repair;
mod run;
mod settings;
mod shell;
mod stdin;
mod timing;
mod vettool;
mod why;
mod words;

use crate::examine;
use args::{BaselineAction, Cli, Command};
use clap::Parser;
use std::ffi::OsString;
use std::process::ExitCode;
use std::thread;

/// What the exit codes mean; they are the same for every format, and an earlier one wins over a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Exit {
    /// Usage, configuration, I/O or internal error.
    Failure = 2,
    /// There are findings; of the editor server: its client has left without `shutdown`.
    Findings = 1,
    /// The patterns matched no Go file at all.
    NoFiles = 3,
    /// Nothing was found.
    Clean = 0,
}

/// Why a command could not do its work; the text says what to do about it.
#[derive(Debug)]
struct Failure(String);

/// Runs the command line `arguments` (the program's name first).
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    examine::remember_panics();
    // Older consoles of Windows want to be asked before they obey colours.
    #[cfg(windows)]
    let _ = anstyle_query::windows::enable_ansi_colors();
    let exit = on_own_stack(move || {
        examine::guard(|| command(arguments.clone())).unwrap_or_else(|panic| {
            output::line(&format!("goleash: {panic}"));
            Exit::Failure
        })
    });
    ExitCode::from(exit as u8)
}

/// Runs `work` on a stack of the usual size: that of the first thread is whatever `ulimit -s` says.
fn on_own_stack(work: impl Fn() -> Exit + Sync) -> Exit {
    const USUAL: usize = 8 << 20;
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(USUAL);
        match worker
            .spawn_scoped(scope, &work)
            .map(thread::ScopedJoinHandle::join)
        {
            Ok(exit) => exit.unwrap_or(Exit::Failure),
            // Where there is no room for another thread this one has to do.
            Err(_) => work(),
        }
    })
}

fn command(arguments: Vec<OsString>) -> Exit {
    if let Some(answer) = vettool::answer(&arguments) {
        return told(answer);
    }
    let cli = match Cli::try_parse_from(args::command_first(words::dashed_files(arguments))) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors and go to stdout; nobody is left to tell when that is closed.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Failure
            } else {
                Exit::Clean
            };
        }
    };
    told(match cli.command {
        None => check::check(&cli.check),
        Some(Command::Check(check)) => check::check(&check),
        Some(Command::Baseline { action }) => match action {
            BaselineAction::Create(args) => baseline::create(&args),
            BaselineAction::Update(args) => baseline::rewrite(&args, true),
            BaselineAction::Prune(args) => baseline::rewrite(&args, false),
        },
        Some(Command::Explain { rule }) => explain::explain(rule.as_deref()),
        Some(Command::Init { folder }) => init::init(&folder),
        Some(Command::ListRules { format }) => explain::list(format),
        Some(Command::Lsp) => lsp(),
        Some(Command::Completions { shell }) => shell::completions(shell),
        Some(Command::Man) => shell::manual(),
        Some(Command::Debug { stage, file }) => debug::debug(&stage, &file),
    })
}

fn told(done: Result<Exit, Failure>) -> Exit {
    done.unwrap_or_else(|Failure(message)| {
        output::line(&format!("goleash: error: {message}"));
        Exit::Failure
    })
}

/// Serves an editor; where one leaves without `shutdown` the exit code is 1, as the protocol has it.
fn lsp() -> Result<Exit, Failure> {
    let polite = crate::lsp::serve(std::io::stdin(), std::io::stdout()).map_err(Failure)?;
    Ok(if polite { Exit::Clean } else { Exit::Findings })
}
