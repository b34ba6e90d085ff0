//! Places as SARIF writes them: URIs, and regions counted in UTF-16 code units.

use super::model::{ArtifactLocation, Location, Message, PhysicalLocation, Region};
use crate::report::first_line;
use crate::source::{Place, SourceFile, Span};
use std::fmt::Write as _;

/// What relative URIs are relative to.
pub(super) const SOURCE_ROOT: &str = "%SRCROOT%";

/// A place with an optional text; without a physical location when its file is unknown.
pub(super) fn location(files: &[SourceFile], at: Place, text: Option<String>) -> Location {
    Location {
        physical_location: files.get(at.file.index()).map(|file| PhysicalLocation {
            artifact_location: artifact(file.path()),
            region: Some(region(file, at)),
        }),
        message: text.map(|text| Message { text }),
        ..Location::default()
    }
}

/// One line only: GitHub annotates a pull request only where all lines of a region are part of the change.
fn region(file: &SourceFile, at: Place) -> Region {
    exact_region(file, first_line(file, at))
}

/// All of a span.
pub(super) fn exact_region(file: &SourceFile, span: Span) -> Region {
    let (start, end) = (
        file.utf16_position(span.start),
        file.utf16_position(span.end),
    );
    Region {
        start_line: start.line,
        start_column: Some(start.column),
        end_line: end.line,
        end_column: Some(end.column),
    }
}

/// The URI of a path as reports show it: relative ones below the source root, absolute ones with a scheme.
pub(super) fn artifact(path: &str) -> ArtifactLocation {
    let drive = matches!(path.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic());
    if drive {
        return ArtifactLocation {
            uri: format!("file:///{}:{}", &path[..1], encoded(&path[2..])),
            uri_base_id: None,
        };
    }
    if path.starts_with('/') {
        return ArtifactLocation {
            // An empty authority also keeps a path that starts with two slashes a path.
            uri: format!("file://{}", encoded(path)),
            uri_base_id: None,
        };
    }
    ArtifactLocation {
        uri: encoded(path.strip_prefix("./").unwrap_or(path)),
        uri_base_id: Some(SOURCE_ROOT),
    }
}

/// `path` with everything but `/` and the unreserved characters of RFC 3986 percent-encoded. `:` too: in the first segment
/// it would end a scheme.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        let uri = |path: &str| artifact(path).uri;
        assert_eq!(uri("./a b/100%/é.go"), "a%20b/100%25/%C3%A9.go");
        assert_eq!(uri("c:x.go"), "c%3Ax.go");
        assert_eq!(uri("../up.go"), "../up.go");
        assert_eq!(uri("/abs/a.go"), "file:///abs/a.go");
        assert_eq!(uri("C:/abs/a.go"), "file:///C:/abs/a.go");
        assert_eq!(artifact("/abs/a.go").uri_base_id, None);
        assert_eq!(artifact("a.go").uri_base_id, Some("%SRCROOT%"));
    }
}
