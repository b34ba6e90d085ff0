//! Words of the command line that are not what they look like.

use super::args::Cli;
use crate::nearest::nearest;
use clap::CommandFactory;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Writes `-x.go` as `./-x.go` where there is such a file: programs that pass on file names do not mark where options end.
pub(super) fn dashed_files(arguments: Vec<OsString>) -> Vec<OsString> {
    let file = |word: &OsString| {
        let bytes = word.as_encoded_bytes();
        bytes.starts_with(b"-") && bytes.ends_with(b".go") && Path::new(word).is_file()
    };
    let with_folder = |word: OsString| {
        if file(&word) {
            Path::new(".").join(word).into_os_string()
        } else {
            word
        }
    };
    arguments.into_iter().map(with_folder).collect()
}

/// The command that was meant, when what reads like a command was taken for a pattern.
pub(super) fn misspelt_command(patterns: &[PathBuf]) -> Option<String> {
    let word = patterns.first()?.to_str()?;
    let is_word = word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let command = Cli::command();
    let commands = command.get_subcommands().filter(|c| !c.is_hide_set());
    let meant = nearest(word, commands.map(clap::Command::get_name))?;
    (is_word && !Path::new(word).exists()).then(|| meant.to_owned())
}
