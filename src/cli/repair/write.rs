//! Repaired files written: each in one step, with the permissions it had, and none that somebody else has changed.

use super::Change;
use crate::cli::{Failure, output};
use std::collections::BTreeMap;
use std::fs;

/// Refuses when a file is not what it was when it was analysed.
pub(super) fn check_unchanged(changes: &BTreeMap<String, Change>) -> Result<(), Failure> {
    for (shown, change) in changes {
        let now = fs::read(&change.path)
            .map_err(|error| Failure(format!("could not read `{shown}` again: {error}")))?;
        if now != *change.before {
            return Err(Failure(format!(
                "`{shown}` has been changed meanwhile; nothing was written, run goleash again"
            )));
        }
    }
    Ok(())
}

/// Writes every file.
pub(super) fn write(changes: &BTreeMap<String, Change>) -> Result<(), Failure> {
    for (index, change) in changes.values().enumerate() {
        output::bytes_to_file(&change.path, &change.after).map_err(|Failure(message)| {
            Failure(format!(
                "{message}; {index} of {} files are repaired",
                changes.len()
            ))
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_has_changed_is_left_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.go");
        fs::write(&path, "package a // new\n").expect("a file");
        let change = Change {
            path: path.clone(),
            before: b"package a\n".as_slice().into(),
            after: b"package b\n".as_slice().into(),
        };
        let changes = BTreeMap::from([("a.go".to_owned(), change)]);
        let Err(Failure(message)) = check_unchanged(&changes) else {
            panic!("refused");
        };
        assert!(message.contains("`a.go` has been changed"), "{message}");
        fs::write(&path, "package a\n").expect("a file");
        assert!(check_unchanged(&changes).is_ok());
        fs::remove_file(&path).expect("removed");
        assert!(check_unchanged(&changes).is_err());
    }
}
