//! Text work on paths: patterns, and the paths that reports show.

use super::PatternError;
use std::ffi::{OsStr, OsString};
use std::path::{Component, MAIN_SEPARATOR, Path, PathBuf};

/// Splits `dir/...` into `dir` and whether everything below it is meant.
pub(super) fn split_pattern(pattern: &Path) -> Result<(PathBuf, bool), PatternError> {
    let dots = |part: &OsStr| part.to_string_lossy().contains("...");
    let mut parts: Vec<OsString> = pattern.iter().map(OsStr::to_owned).collect();
    let below = parts.last().is_some_and(|last| last == "...");
    if below {
        parts.pop();
    }
    if parts.iter().any(|part| dots(part)) {
        return Err(PatternError(format!(
            "`{}`: `...` stands only at the end of a pattern, after a `/`, as in `dir/...`",
            slashed(pattern)
        )));
    }
    let path: PathBuf = parts.iter().collect();
    Ok((
        if path.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            path
        },
        below,
    ))
}

/// Takes `.` and `..` out of a path as far as its text allows.
pub fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for part in path.components() {
        match (part, cleaned.components().next_back()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                cleaned.pop();
            }
            (part, _) => cleaned.push(part),
        }
    }
    cleaned
}

/// The text of a path with `/` separators; `.` for the empty one.
pub fn slashed(path: &Path) -> String {
    slashed_as(&path.to_string_lossy(), MAIN_SEPARATOR == '\\')
}

/// The same for either kind of system. On Windows a path may carry the prefix that resolving it adds, `\\?\`, which no
/// other program prints.
fn slashed_as(text: &str, windows: bool) -> String {
    match text {
        "" => ".".to_owned(),
        text if !windows => text.to_owned(),
        text => {
            let plain = match text.strip_prefix(r"\\?\UNC\") {
                Some(share) => format!(r"\\{share}"),
                None => text.strip_prefix(r"\\?\").unwrap_or(text).to_owned(),
            };
            plain.replace('\\', "/")
        }
    }
}

/// A displayed path: `relative` below `folder`.
pub(super) fn join(folder: &str, relative: &Path) -> String {
    match (folder, slashed(relative)) {
        (_, relative) if relative == "." => folder.to_owned(),
        (".", relative) => relative,
        (folder, relative) => format!("{}/{relative}", folder.trim_end_matches('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_dots_stand_at_the_end_only() {
        let split = |text: &str| {
            split_pattern(Path::new(text)).map(|(path, below)| (slashed(&path), below))
        };
        assert_eq!(split("./..."), Ok((".".into(), true)));
        assert_eq!(split("..."), Ok((".".into(), true)));
        assert_eq!(split("/..."), Ok(("/".into(), true)));
        assert_eq!(split("../..."), Ok(("..".into(), true)));
        assert_eq!(split("a/b/"), Ok(("a/b".into(), false)));
        for text in ["a/.../b", "a...", "a/b.../...", ".../a"] {
            assert!(split(text).is_err(), "{text}");
        }
    }

    #[test]
    fn paths_of_windows_are_shown_with_slashes_and_without_prefix() {
        let windows = |text| slashed_as(text, true);
        assert_eq!(windows(r"server\pool.go"), "server/pool.go");
        assert_eq!(windows(r".\a/b\c.go"), "./a/b/c.go");
        assert_eq!(windows(r"C:\code\a.go"), "C:/code/a.go");
        assert_eq!(windows(r"\\?\C:\code\a.go"), "C:/code/a.go");
        assert_eq!(windows(r"\\host\share\a.go"), "//host/share/a.go");
        assert_eq!(windows(r"\\?\UNC\host\share\a.go"), "//host/share/a.go");
        assert_eq!(windows(""), ".");
        assert_eq!(slashed_as(r"a\b.go", false), r"a\b.go", "a name elsewhere");
    }

    #[test]
    fn paths_lose_their_detours() {
        let cleaned = |text: &str| slashed(&clean(Path::new(text)));
        assert_eq!(cleaned("./a/../b/."), "b");
        assert_eq!(cleaned("../../a"), "../../a");
        assert_eq!(cleaned("/../a"), "/a");
        assert_eq!(cleaned("a/.."), ".");
        assert_eq!(join(".", Path::new("a.go")), "a.go");
        assert_eq!(join("/", Path::new("a.go")), "/a.go");
        assert_eq!(join("../x", Path::new("")), "../x");
    }
}
