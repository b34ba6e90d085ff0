//! Which module a folder lies in, and so which language version it is written in.

use super::path::{join, slashed};
use super::workspaces::Workspaces;
use crate::gomod::{GoMod, NEWEST, UNSTATED};
use crate::package::GoVersion;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A module: the folder of its go.mod and what that says.
pub(super) struct Module {
    folder: PathBuf,
    file: GoMod,
}

impl Module {
    /// Where its go.mod is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the go.mod tells patterns to stay out of `folder`.
    pub(super) fn ignores(&self, folder: &Path) -> bool {
        folder
            .strip_prefix(&self.folder)
            .is_ok_and(|relative| self.file.ignores(&slashed(relative)))
    }

    /// What others import `folder` by, if the go.mod names the module.
    pub(super) fn import_path(&self, folder: &Path) -> Option<String> {
        let relative = folder.strip_prefix(&self.folder).ok()?;
        let name = Some(&self.file.module).filter(|name| !name.is_empty())?;
        Some(join(name, relative))
    }
}

/// The modules met so far.
#[derive(Default)]
pub(super) struct Modules {
    known: HashMap<PathBuf, Option<Rc<Module>>>,
    pub(super) workspaces: Workspaces,
    /// go.mod files that could not be read; their modules count as stating no version.
    pub(super) unreadable: Vec<(PathBuf, io::Error)>,
}

impl Modules {
    /// The language version in a folder: its go.mod's, else that of the go.work that makes the module part of a workspace.
    pub(super) fn version(&mut self, folder: &Path) -> GoVersion {
        let Some(module) = self.of(folder) else {
            return NEWEST;
        };
        let of_workspace = || {
            let workspace = self.workspaces.of(&module.folder)?;
            workspace.uses(&module.folder).then_some(workspace.go)?
        };
        module.file.go.or_else(of_workspace).unwrap_or(UNSTATED)
    }

    /// The module of the nearest go.mod upward, also above where the walk began.
    pub(super) fn of(&mut self, folder: &Path) -> Option<Rc<Module>> {
        if let Some(known) = self.known.get(folder) {
            return known.clone();
        }
        let path = folder.join("go.mod");
        let module = if path.is_file() {
            let bytes = fs::read(&path).unwrap_or_else(|error| {
                self.unreadable.push((path, error));
                Vec::new()
            });
            Some(Rc::new(Module {
                folder: folder.to_owned(),
                file: GoMod::parse(&String::from_utf8_lossy(&bytes)),
            }))
        } else {
            folder.parent().and_then(|parent| self.of(parent))
        };
        self.known.insert(folder.to_owned(), module.clone());
        module
    }
}
