//! Which folders the editor works in, and what belongs to them.
//!
//! In: the folders of `initialize` and of later changes. Out: for a file its project, the folder that shown paths are
//! relative to; for the workspace the patterns that stand for all of it. A go.work adds the modules it uses, wherever they
//! lie. Deliberately absent: what stands in Go files.

use super::buffers::{is_unsaved, resolved_folder};
use super::uri;
use crate::gomod::GoMod;
use serde_json::Value;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The folders of the workspace.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    folders: Vec<Folder>,
}

#[derive(Debug)]
struct Folder {
    uri: String,
    /// As the client spells it.
    spelled: PathBuf,
    /// With its links resolved.
    path: PathBuf,
}

impl Folder {
    fn new(uri: &str) -> Option<Self> {
        let spelled = uri::to_path(uri)?;
        let path = resolved_folder(&spelled);
        Some(Self {
            uri: uri.to_owned(),
            spelled,
            path,
        })
    }
}

impl Workspace {
    /// Reads the parameters of `initialize`: several folders, or one in an older way.
    pub(super) fn read(params: &Value) -> Self {
        let mut workspace = Self::default();
        match params.get("workspaceFolders").and_then(Value::as_array) {
            Some(folders) => workspace.add(folders),
            None => workspace.folders.extend(
                params
                    .get("rootUri")
                    .and_then(Value::as_str)
                    .and_then(Folder::new),
            ),
        }
        workspace
    }

    /// Adds folders, each with a `uri`.
    pub(super) fn add(&mut self, folders: &[Value]) {
        for folder in folders
            .iter()
            .filter_map(folder_uri)
            .filter_map(Folder::new)
        {
            if self.folders.iter().all(|known| known.path != folder.path) {
                self.folders.push(folder);
            }
        }
    }

    /// Takes folders away, each named by its `uri`.
    pub(super) fn remove(&mut self, folders: &[Value]) {
        let gone: Vec<&str> = folders.iter().filter_map(folder_uri).collect();
        self.folders
            .retain(|folder| !gone.contains(&folder.uri.as_str()));
    }

    /// The folder of the workspace around a path.
    fn around(&self, path: &Path) -> Option<&Folder> {
        let around = self
            .folders
            .iter()
            .filter(|folder| path.starts_with(&folder.path));
        around.max_by_key(|folder| folder.path.as_os_str().len())
    }

    /// The folder that shown paths are relative to: of the workspace, or else that of the go.work or go.mod.
    pub(super) fn project(&self, folder: &Path) -> PathBuf {
        if let Some(around) = self.around(folder) {
            return around.path.clone();
        }
        if is_unsaved(folder) {
            return folder.to_owned();
        }
        let holds = |name: &str| folder.ancestors().find(|above| above.join(name).is_file());
        let project = holds("go.work").or_else(|| holds("go.mod"));
        project.unwrap_or(folder).to_owned()
    }

    /// Whether a folder holds code of others: dependencies, and Go itself unless somebody works on it.
    pub(super) fn is_foreign(&self, folder: &Path) -> bool {
        if is_unsaved(folder) {
            return false;
        }
        let around = self.around(folder);
        let inner = around.map_or(folder, |around| {
            folder.strip_prefix(&around.path).unwrap_or(folder)
        });
        let mut names = inner.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy()),
            _ => None,
        });
        let is_dependency =
            names.any(|name| name == "vendor" || name == "node_modules" || name.contains('@'));
        let is_go = || {
            around.is_none()
                && folder
                    .ancestors()
                    .any(|above| above.join("src/runtime/proc.go").is_file())
        };
        is_dependency || is_go()
    }

    /// The URI of a file that is not open, spelled as the client spells the folder around it.
    pub(super) fn uri(&self, path: &Path) -> String {
        let spelled = self
            .around(path)
            .and_then(|folder| Some(folder.spelled.join(path.strip_prefix(&folder.path).ok()?)));
        uri::from_path(spelled.as_deref().unwrap_or(path))
    }

    /// For every project the folders that stand for it with everything below: its own, and the modules that its go.work
    /// uses outside of it.
    pub(super) fn projects(&self) -> Vec<(PathBuf, Vec<PathBuf>)> {
        let mut projects = Vec::new();
        for folder in &self.folders {
            let mut roots = vec![folder.path.clone()];
            for module in modules(&folder.path) {
                let inside = |root: &PathBuf| module.starts_with(root);
                if !roots.iter().any(inside) && self.around(&module).is_none() {
                    roots.push(module);
                }
            }
            // A folder inside another one is looked at once.
            let around = self
                .folders
                .iter()
                .any(|other| other.path != folder.path && folder.path.starts_with(&other.path));
            if around {
                roots.remove(0);
            }
            projects.push((folder.path.clone(), roots));
        }
        projects
    }
}

fn folder_uri(folder: &Value) -> Option<&str> {
    folder.get("uri")?.as_str()
}

/// The modules that the go.work of a folder uses.
fn modules(folder: &Path) -> Vec<PathBuf> {
    let Ok(bytes) = fs::read(folder.join("go.work")) else {
        return Vec::new();
    };
    GoMod::parse(&String::from_utf8_lossy(&bytes))
        .uses
        .iter()
        .filter_map(|module| fs::canonicalize(folder.join(module)).ok())
        .collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use serde_json::json;

    fn workspace(folders: &[&Path]) -> Workspace {
        let folders: Vec<Value> = folders
            .iter()
            .map(|folder| json!({"uri": uri::from_path(folder), "name": "x"}))
            .collect();
        Workspace::read(&json!({"workspaceFolders": folders}))
    }

    #[test]
    fn a_file_belongs_to_the_nearest_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("there");
        fs::create_dir_all(top.join("a/b/c")).expect("created");
        let mut workspace = workspace(&[&top.join("a"), &top.join("a/b")]);
        assert_eq!(workspace.project(&top.join("a/b/c")), top.join("a/b"));
        assert_eq!(workspace.project(&top.join("a/d")), top.join("a"));
        workspace.remove(&[json!({"uri": uri::from_path(&top.join("a/b"))})]);
        assert_eq!(workspace.project(&top.join("a/b/c")), top.join("a"));
        fs::write(top.join("go.mod"), "module m").expect("written");
        assert_eq!(workspace.project(&top.join("e/f")), top);
    }

    #[test]
    fn links_keep_the_spelling_of_the_client() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("there");
        fs::create_dir(top.join("real")).expect("created");
        std::os::unix::fs::symlink(top.join("real"), top.join("link")).expect("linked");
        let workspace = workspace(&[&top.join("link")]);
        let file = top.join("real/x.go");
        assert_eq!(workspace.uri(&file), uri::from_path(&top.join("link/x.go")));
    }

    #[test]
    fn a_go_work_adds_its_modules() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("there");
        for name in ["work/inside", "beside", "open"] {
            fs::create_dir_all(top.join(name)).expect("created");
        }
        let uses = "go 1.27\nuse (\n\t.\n\t./inside\n\t../beside\n\t../open\n\t../gone\n)\n";
        fs::write(top.join("work/go.work"), uses).expect("written");
        let workspace = workspace(&[&top.join("work"), &top.join("open")]);
        assert_eq!(
            workspace.projects(),
            [
                (top.join("work"), vec![top.join("work"), top.join("beside")]),
                (top.join("open"), vec![top.join("open")]),
            ]
        );
    }

    #[test]
    fn code_of_others_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("there");
        fs::create_dir_all(top.join("go/src/runtime")).expect("created");
        fs::write(top.join("go/src/runtime/proc.go"), "package runtime").expect("written");
        let app = workspace(&[&top.join("app")]);
        for foreign in [
            "app/vendor/x",
            "go/pkg/mod/example.com/x@v1.0.0/y",
            "go/src/net",
            "app/node_modules",
        ] {
            assert!(app.is_foreign(&top.join(foreign)), "{foreign}");
        }
        for own in ["app", "app/x", "elsewhere"] {
            assert!(!app.is_foreign(&top.join(own)), "{own}");
        }
        let go = workspace(&[&top.join("go")]);
        assert!(!go.is_foreign(&top.join("go/src/net")));
    }
}
