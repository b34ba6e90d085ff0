//! What `git diff --raw -z` and `git cat-file --batch` print.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The mode of a submodule.
const SUBMODULE: &[u8] = b"160000";

/// A record of `git diff --raw -z`. Paths are bytes, relative to the top of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Whether the old and the new one are a submodule.
    pub(super) submodule: (bool, bool),
    /// The object the old one was: a file's text, or a submodule's commit.
    pub(super) object: String,
    /// `A`, `C`, `D`, `M`, `R`, `T`, `U`.
    pub(super) status: u8,
    /// Where it was, or where it is copied from.
    pub(super) old: Vec<u8>,
    /// Where it is.
    pub(super) new: Vec<u8>,
}

/// Reads the output of `git diff --raw -z`; `None` when it is something else.
pub(super) fn records(output: &[u8]) -> Option<Vec<Record>> {
    let mut fields = output.split(|byte| *byte == 0);
    let mut records = Vec::new();
    loop {
        let Some(head) = fields.next().filter(|head| !head.is_empty()) else {
            return Some(records);
        };
        let words: Vec<&[u8]> = head
            .strip_prefix(b":")?
            .split(|byte| *byte == b' ')
            .collect();
        let [old_mode, new_mode, object, _, status] = words[..] else {
            return None;
        };
        let status = *status.first()?;
        let old = fields.next()?.to_vec();
        let new = match status {
            b'R' | b'C' => fields.next()?.to_vec(),
            _ => old.clone(),
        };
        records.push(Record {
            submodule: (old_mode == SUBMODULE, new_mode == SUBMODULE),
            object: String::from_utf8(object.to_vec()).ok()?,
            status,
            old,
            new,
        });
    }
}

/// Reads the output of `git cat-file --batch`: the objects by the names they were asked for, in that order. An object that
/// is missing is left out.
pub(super) fn objects<'n>(
    names: &[&'n str],
    mut output: &[u8],
) -> Option<BTreeMap<&'n str, Arc<[u8]>>> {
    let mut objects = BTreeMap::new();
    for name in names {
        let end = output.iter().position(|byte| *byte == b'\n')?;
        let head = std::str::from_utf8(&output[..end]).ok()?;
        output = &output[end + 1..];
        let size = match head.split(' ').collect::<Vec<_>>()[..] {
            [_, "missing"] => continue,
            [_, _, size] => size.parse::<usize>().ok()?,
            _ => return None,
        };
        objects.insert(*name, Arc::from(output.get(..size)?));
        output = output.get(size + 1..)?;
    }
    Some(objects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read() {
        let output = b":100644 100644 aa bb M\0a b\n.go\0:100644 100644 cc dd R090\0old\0new\0\
            :160000 160000 ee 00 M\0sub\0:000000 100644 00 ff A\0x\xff\0";
        let read = records(output).expect("records");
        let shown: Vec<_> = read
            .iter()
            .map(|r| {
                let (old, new) = (r.old.escape_ascii(), r.new.escape_ascii());
                format!(
                    "{} {} {old} {new} {:?}",
                    char::from(r.status),
                    r.object,
                    r.submodule
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                r"M aa a b\n.go a b\n.go (false, false)",
                "R cc old new (false, false)",
                "M ee sub sub (true, true)",
                r"A 00 x\xff x\xff (false, false)",
            ]
        );
        assert_eq!(records(b""), Some(Vec::new()));
        assert_eq!(records(b"diff --git a/x b/x\n"), None);
        assert_eq!(records(b":1 2 3 4 R1\0old"), None);
    }

    #[test]
    fn objects_are_read() {
        let read = objects(&["a", "b", "c"], b"a blob 3\nx\ny\nb missing\nc blob 0\n\n");
        let read = read.expect("objects");
        assert_eq!(read.get("a").map(|o| o.to_vec()), Some(b"x\ny".to_vec()));
        assert_eq!(read.get("b"), None);
        assert_eq!(read.get("c").map(|o| o.len()), Some(0));
        assert_eq!(objects(&["a"], b"a blob 9\nx\n"), None);
        assert_eq!(objects(&["a"], b""), None);
    }
}
