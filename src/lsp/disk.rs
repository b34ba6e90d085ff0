//! The files of a package on the disk, read again only where they have changed.
//!
//! In: files as a walk found them. Out: their bytes. A file is taken to be the same while size and time of change are;
//! where that time is so near to when it was read that another change could bear the same, it is read again.

use crate::examine;
use crate::walk::FoundFile;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Coarser clocks of file systems are not in use.
const GRAIN: Duration = Duration::from_secs(2);

type Files = BTreeMap<PathBuf, Known>;

/// What was read of a package.
#[derive(Debug, Default)]
pub(super) struct Disk {
    files: Mutex<Files>,
}

/// A file as it was read.
#[derive(Clone, Debug)]
struct Known {
    changed: SystemTime,
    size: u64,
    bytes: Arc<[u8]>,
}

impl Disk {
    /// The bytes of a file, or why there are none.
    pub(super) fn read(&self, file: &FoundFile) -> Result<Arc<[u8]>, String> {
        let Some(changed) = file.changed else {
            return examine::read(file);
        };
        let same = |known: &&Known| (known.changed, known.size) == (changed, file.size);
        if let Some(known) = lock(&self.files).get(&file.path).filter(same) {
            return Ok(Arc::clone(&known.bytes));
        }
        let settled = changed + GRAIN < SystemTime::now();
        let bytes = examine::read(file)?;
        if settled && bytes.len() as u64 == file.size {
            let known = Known {
                changed,
                size: file.size,
                bytes: Arc::clone(&bytes),
            };
            lock(&self.files).insert(file.path.clone(), known);
        }
        Ok(bytes)
    }

    /// Forgets all but these files, once there are more.
    pub(super) fn retain(&self, files: &[FoundFile]) {
        let mut known = lock(&self.files);
        if known.len() > files.len() {
            known.retain(|path, _| files.iter().any(|file| file.path == *path));
        }
    }
}

fn lock(files: &Mutex<Files>) -> MutexGuard<'_, Files> {
    // Nothing is done to it but insertions.
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk;
    use std::fs;

    #[test]
    fn what_has_changed_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.go");
        let disk = Disk::default();
        let write = |text: &str, age: u64| {
            fs::write(&path, text).expect("written");
            let then = SystemTime::now() - Duration::from_secs(age);
            let opened = fs::File::options().write(true).open(&path).expect("open");
            opened.set_modified(then).expect("set");
        };
        let settings = walk::Settings {
            current: folder.path().to_owned(),
            this_module: false,
        };
        let found = || walk::package(folder.path(), &[], &settings).directories[0].files[0].clone();
        let read = || disk.read(&found()).map(|bytes| bytes.to_vec());
        write("a", 100);
        assert_eq!(read(), Ok(b"a".to_vec()));
        let (one, other) = (disk.read(&found()), disk.read(&found()));
        assert!(Arc::ptr_eq(&one.expect("read"), &other.expect("read")));
        write("b", 50);
        assert_eq!(read(), Ok(b"b".to_vec()));
        write("cc", 50);
        assert_eq!(read(), Ok(b"cc".to_vec()));
        // So new that the next change may bear the same time.
        let now = SystemTime::now();
        for text in ["d", "e"] {
            fs::write(&path, text).expect("written");
            let opened = fs::File::options().write(true).open(&path).expect("open");
            opened.set_modified(now).expect("set");
            assert_eq!(read(), Ok(text.as_bytes().to_vec()));
        }
        let gone = found();
        fs::remove_file(&path).expect("removed");
        assert!(disk.read(&gone).is_err());
        disk.retain(&[]);
        assert!(disk.files.lock().expect("no panic").is_empty());
    }
}
