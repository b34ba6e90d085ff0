//! `goleash init`: a configuration to start from.

use super::{Exit, Failure, output};
use crate::config::{INIT, NAMES};
use std::path::Path;

/// Writes a configuration into `folder`, which must have none yet.
pub(super) fn init(folder: &Path) -> Result<Exit, Failure> {
    if !folder.is_dir() {
        return Err(Failure(format!(
            "`{}` is no folder; give the one that the configuration is for",
            folder.display()
        )));
    }
    if let Some(there) = NAMES
        .map(|name| folder.join(name))
        .iter()
        .find(|file| is_there(file))
    {
        return Err(Failure(format!(
            "`{}` is there already and is left as it is",
            there.display()
        )));
    }
    let file = folder.join(NAMES[0]);
    output::to_new_file(&file, INIT)?;
    output::line(&format!("goleash: wrote {}", file.display()));
    Ok(Exit::Clean)
}

/// A broken link is there too.
fn is_there(file: &Path) -> bool {
    file.symlink_metadata().is_ok()
}
