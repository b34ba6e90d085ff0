//! The `goleash` command.

fn main() {}
