//! Repaired files written: each in one step, with the permissions it had, and none that somebody else has changed or that
//! is not to be written.

use super::Change;
use crate::cli::{Failure, output};
use std::collections::BTreeMap;
use std::fs;

/// Refuses when a file is not what it was when it was analysed, or is read-only.
pub(super) fn check(changes: &BTreeMap<String, Change>) -> Result<(), Failure> {
    for (shown, change) in changes {
        // A file in a folder that can be written could be replaced all the same, which nobody asked for.
        let read_only = fs::metadata(&change.path).is_ok_and(|meta| meta.permissions().readonly());
        let refused = if read_only {
            Err(format!("`{shown}` is read-only"))
        } else {
            unchanged(shown, change, &[&change.before])
        };
        refused.map_err(|why| Failure(format!("{why}; nothing was written")))?;
    }
    Ok(())
}

/// Says it when a file holds none of `known`.
fn unchanged(shown: &str, change: &Change, known: &[&[u8]]) -> Result<(), String> {
    let now = fs::read(&change.path)
        .map_err(|error| format!("could not read `{shown}` again: {error}"))?;
    if known.contains(&&*now) {
        Ok(())
    } else {
        Err(format!(
            "`{shown}` has been changed meanwhile, run goleash again"
        ))
    }
}

/// Writes every file, after a last look at it: since [`check`] others have had time.
pub(super) fn write(changes: &BTreeMap<String, Change>) -> Result<(), Failure> {
    for (index, (shown, change)) in changes.iter().enumerate() {
        // Under another name it may have been written already.
        unchanged(shown, change, &[&change.before, &change.after])
            .and_then(|()| {
                output::bytes_to_file(&change.path, &change.after)
                    .map_err(|Failure(message)| message)
            })
            .map_err(|message| {
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
        for refused in [check(&changes), write(&changes)] {
            let Err(Failure(message)) = refused else {
                panic!("refused");
            };
            assert!(message.contains("`a.go` has been changed"), "{message}");
        }
        let text = || fs::read_to_string(&path).expect("a file");
        assert_eq!(text(), "package a // new\n");
        fs::write(&path, "package a\n").expect("a file");
        assert!(check(&changes).is_ok());
        assert!(write(&changes).is_ok());
        assert_eq!(text(), "package b\n");
        // Once more, as through a link to it.
        assert!(write(&changes).is_ok());
        fs::remove_file(&path).expect("removed");
        assert!(check(&changes).is_err());
    }
}
