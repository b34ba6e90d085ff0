//! The `goleash` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    goleash::cli::main(std::env::args_os().collect())
}
