//! `goleash completions` and `goleash man`: what a shell and `man` want to know, made from the definition of the command
//! line.

use super::args::Cli;
use super::{Exit, Failure, output};
use crate::rules::RULES;
use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory};
use clap_complete::Shell;

/// Prints a completion script.
pub(super) fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut with_rules(), "goleash", &mut script);
    print(&script)
}

/// The command line with the rules as values; elsewhere they are no fixed set, because a misspelt one is worth a guess.
fn with_rules() -> Command {
    let rules = PossibleValuesParser::new(RULES.iter().map(|rule| rule.id));
    Cli::command().mut_subcommand("explain", |explain| {
        explain.mut_arg("rule", |rule| rule.value_parser(rules))
    })
}

/// Prints the manual page.
pub(super) fn manual() -> Result<Exit, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(|error| Failure(format!("could not write the manual page: {error}")))?;
    print(&page)
}

fn print(bytes: &[u8]) -> Result<Exit, Failure> {
    output::to_stdout(&String::from_utf8_lossy(bytes))?;
    Ok(Exit::Clean)
}
