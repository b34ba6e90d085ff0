//! Which configuration holds for a folder: the nearest one upward, the one that was named, or none.
//!
//! A configuration holds as a whole: what one further up says does not shine through. In one folder `goleash.toml` wins
//! over `.goleash.toml`.

use super::{Config, ConfigError};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The names a configuration may have, in the order they are looked for.
pub const NAMES: [&str; 2] = ["goleash.toml", ".goleash.toml"];

/// Where configurations come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// For each folder the nearest one upward.
    #[default]
    Nearest,
    /// This one for all folders. Its patterns are relative to the current folder.
    Named(PathBuf),
    /// None.
    Isolated,
}

/// The configurations met so far.
#[derive(Debug)]
pub struct Configs {
    current: PathBuf,
    choice: Choice,
    /// By folder; filled as folders are asked for.
    known: HashMap<PathBuf, Option<Arc<Config>>>,
}

impl Configs {
    /// Nothing is read yet. `current` is the folder goleash runs in.
    pub fn new(current: &Path, choice: Choice) -> Self {
        Self {
            current: fs::canonicalize(current).unwrap_or_else(|_| current.to_owned()),
            choice,
            known: HashMap::new(),
        }
    }

    /// The configuration that holds for `folder`, whose links are resolved.
    pub fn of(&mut self, folder: &Path) -> Result<Option<Arc<Config>>, ConfigError> {
        match &self.choice {
            Choice::Isolated => Ok(None),
            // One entry serves all folders.
            Choice::Named(file) => {
                let (file, base) = (self.current.join(file), self.current.clone());
                self.remember(Path::new(""), |this| this.read(&file, &base).map(Some))
            }
            Choice::Nearest => self.nearest(folder),
        }
    }

    fn nearest(&mut self, folder: &Path) -> Result<Option<Arc<Config>>, ConfigError> {
        self.remember(folder, |this| {
            for name in NAMES {
                let file = folder.join(name);
                if file.is_file() {
                    return this.read(&file, folder).map(Some);
                }
            }
            folder
                .parent()
                .map_or(Ok(None), |parent| this.nearest(parent))
        })
    }

    fn remember(
        &mut self,
        folder: &Path,
        find: impl FnOnce(&mut Self) -> Result<Option<Arc<Config>>, ConfigError>,
    ) -> Result<Option<Arc<Config>>, ConfigError> {
        if let Some(known) = self.known.get(folder) {
            return Ok(known.clone());
        }
        let config = find(self)?;
        self.known.insert(folder.to_owned(), config.clone());
        Ok(config)
    }

    fn read(&self, file: &Path, base: &Path) -> Result<Arc<Config>, ConfigError> {
        let shown = self.shown(file);
        let failure = |error: &io::Error| ConfigError {
            path: shown.clone(),
            at: None,
            message: format!("could not be read: {error}"),
        };
        let text = fs::read_to_string(file).map_err(|error| failure(&error))?;
        Config::parse(&text, file, base, &shown).map(Arc::new)
    }

    /// A file as messages name it: seen from the current folder, where that is below or above.
    fn shown(&self, file: &Path) -> String {
        let folder = file.parent().unwrap_or(file);
        let relative = match (
            file.strip_prefix(&self.current),
            self.current.strip_prefix(folder),
        ) {
            (Ok(below), _) => below.to_owned(),
            (_, Ok(above)) => {
                let up: PathBuf = above.iter().map(|_| "..").collect();
                up.join(file.file_name().unwrap_or_default())
            }
            _ => file.to_owned(),
        };
        relative.to_string_lossy().replace('\\', "/")
    }
}
