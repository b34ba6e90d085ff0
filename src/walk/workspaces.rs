//! Which modules a go.work makes one workspace of.

use crate::gomod::GoMod;
use crate::package::GoVersion;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What a go.work says.
pub(super) struct Workspace {
    /// The version for modules that state none.
    pub(super) go: Option<GoVersion>,
    /// The folders of its modules, with all links resolved.
    modules: BTreeSet<PathBuf>,
}

impl Workspace {
    /// Whether a module with its go.mod in `folder` is part of it.
    pub(super) fn uses(&self, folder: &Path) -> bool {
        self.modules.contains(folder)
    }

    fn read(folder: &Path, text: &str) -> Self {
        let file = GoMod::parse(text);
        Self {
            go: file.go,
            modules: file
                .uses
                .iter()
                .filter_map(|used| fs::canonicalize(folder.join(used)).ok())
                .collect(),
        }
    }
}

/// The workspaces met so far.
#[derive(Default)]
pub(super) struct Workspaces {
    known: HashMap<PathBuf, Option<Rc<Workspace>>>,
    /// go.work files that could not be read; they count as using no module.
    pub(super) unreadable: Vec<(PathBuf, io::Error)>,
}

impl Workspaces {
    /// The workspace of the nearest go.work upward.
    pub(super) fn of(&mut self, folder: &Path) -> Option<Rc<Workspace>> {
        if let Some(known) = self.known.get(folder) {
            return known.clone();
        }
        let path = folder.join("go.work");
        let workspace = if path.is_file() {
            let bytes = fs::read(&path).unwrap_or_else(|error| {
                self.unreadable.push((path, error));
                Vec::new()
            });
            let text = String::from_utf8_lossy(&bytes);
            Some(Rc::new(Workspace::read(folder, &text)))
        } else {
            folder.parent().and_then(|parent| self.of(parent))
        };
        self.known.insert(folder.to_owned(), workspace.clone());
        workspace
    }
}
