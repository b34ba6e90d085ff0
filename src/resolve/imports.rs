//! What package an imported name stands for, and by which path facts about a package are known.

use crate::syntax::ast::{File, Name};
use rustc_hash::FxHashMap;

/// What each imported name stands for. Without an explicit name it is the last path element, less a version suffix:
/// the convention nearly all packages follow; where one does not, its calls are unknown ones.
pub(super) fn import_names(file: &File) -> FxHashMap<Name, Name> {
    let mut names = FxHashMap::default();
    for import in &file.imports {
        let name = import
            .name
            .clone()
            .unwrap_or_else(|| default_import_name(&import.path));
        names.insert(name, canonical(&import.path));
    }
    names
}

/// The path that facts about a package go by: without the folder it was vendored in (`go help gopath-get`, "Vendor
/// Directories"; before that, godep's workspace), and for packages that became part of the standard library the path
/// they have there.
fn canonical(path: &Name) -> Name {
    let vendored = ["/vendor/", "/Godeps/_workspace/src/"];
    let path = vendored
        .iter()
        .find_map(|folder| path.rsplit_once(folder))
        .map_or(path.clone(), |(_, inner)| Name::from(inner));
    match path.as_str() {
        "golang.org/x/net/context" | "code.google.com/p/go.net/context" => {
            Name::new_static("context")
        }
        _ => path,
    }
}

fn default_import_name(path: &str) -> Name {
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or(path);
    let is_version =
        last.len() > 1 && last.starts_with('v') && last[1..].bytes().all(|b| b.is_ascii_digit());
    let base = if is_version {
        parts.next().unwrap_or(last)
    } else {
        last
    };
    let base = base.split(".v").next().unwrap_or(base);
    Name::from(base.strip_prefix("go-").unwrap_or(base))
}

#[cfg(test)]
mod tests {
    use super::{canonical, default_import_name};
    use crate::syntax::ast::Name;

    #[test]
    fn packages_are_known_wherever_they_were_copied_to() {
        for (path, known) in [
            ("sync", "sync"),
            ("golang.org/x/net/context", "context"),
            (
                "a.b/c/vendor/golang.org/x/sync/errgroup",
                "golang.org/x/sync/errgroup",
            ),
            (
                "a.b/c/Godeps/_workspace/src/golang.org/x/net/context",
                "context",
            ),
            ("a.b/vendor", "a.b/vendor"),
        ] {
            assert_eq!(canonical(&Name::from(path)), known, "{path}");
        }
    }

    #[test]
    fn import_names_follow_the_convention() {
        for (path, name) in [
            ("sync", "sync"),
            ("a.b/c/v2", "c"),
            ("gopkg.in/yaml.v3", "yaml"),
            ("x/go-cmp", "cmp"),
        ] {
            assert_eq!(default_import_name(path), name);
        }
    }
}
