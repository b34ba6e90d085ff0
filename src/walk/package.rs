//! One folder as an editor sees it: what is on the disk, and the files that exist only in the editor yet.

use super::path::join;
use super::{FoundFile, Root, Settings, Walk, Walker, is_go, is_hidden};
use std::path::Path;

/// The Go files right in `folder`, whose links are resolved, and the `unsaved` ones among them that the disk does not
/// have. Neither needs to exist: an editor may hold what was deleted.
pub fn package(folder: &Path, unsaved: &[&Path], settings: &Settings) -> Walk {
    let mut walker = Walker::new(settings);
    let root = Root {
        path: folder.to_owned(),
        display: walker.display(folder, Some(folder)),
    };
    if folder.is_dir() {
        walker.collect(&root, false);
    }
    let empty = walker.directory(&root.path, root.display.clone());
    let files = &mut walker.found.entry(root.path).or_insert(empty).files;
    for path in unsaved {
        let Some(name) = path
            .file_name()
            .filter(|name| is_go(name) && !is_hidden(name))
        else {
            continue;
        };
        if files.iter().all(|file| file.path != *path) {
            files.push(FoundFile {
                path: path.to_path_buf(),
                display: join(&root.display, Path::new(name)),
                size: 0,
                changed: None,
            });
        }
    }
    files.sort_by(|a, b| a.display.cmp(&b.display));
    walker.finish()
}
