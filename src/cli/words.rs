//! Words of the command line that are not what they look like.

use std::ffi::OsString;
use std::path::Path;

/// Writes `-x.go` as `./-x.go` where there is such a file: programs that pass on file names do not mark where options end.
pub(super) fn dashed_files(arguments: Vec<OsString>) -> Vec<OsString> {
    let file = |word: &OsString| {
        let bytes = word.as_encoded_bytes();
        bytes.starts_with(b"-") && bytes.ends_with(b".go") && Path::new(word).is_file()
    };
    let with_folder = |word: OsString| {
        if file(&word) {
            Path::new(".").join(word).into_os_string()
        } else {
            word
        }
    };
    arguments.into_iter().map(with_folder).collect()
}
