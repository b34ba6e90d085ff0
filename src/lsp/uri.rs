//! `file:` URIs and paths.
//!
//! In and out: the one as the other. The bytes of a path need not be UTF-8 where the system allows it. URIs of other
//! schemes are nothing goleash could read a package from.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The path a URI stands for; `None` when it names no file of this machine.
pub(super) fn to_path(uri: &str) -> Option<PathBuf> {
    let rest = uri.get(..5).filter(|s| s.eq_ignore_ascii_case("file:"))?;
    let rest = uri[rest.len()..].split(['?', '#']).next()?;
    let (host, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/')?),
        None => ("", rest),
    };
    let bytes = decoded(path);
    if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
        return remote(host, &bytes);
    }
    local(bytes)
}

/// What a buffer is called that has no file yet; `None` for all others.
pub(super) fn unsaved(uri: &str) -> Option<&str> {
    const SCHEME: &str = "untitled:";
    let scheme = uri.get(..SCHEME.len())?;
    let name = &uri[SCHEME.len()..];
    (scheme.eq_ignore_ascii_case(SCHEME) && !name.is_empty()).then_some(name)
}

/// The URI of an absolute path.
pub(super) fn from_path(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let mut out = String::from("file://");
    if cfg!(windows) {
        // A drive needs a slash before it; `\\server\share` brings its own.
        let text = path.to_string_lossy().replace('\\', "/");
        // How Windows spells a path whose links are resolved.
        let text = text.strip_prefix("//?/").unwrap_or(&text);
        if let Some(share) = text.strip_prefix("//") {
            encode(share.as_bytes(), &mut out);
        } else {
            out.push('/');
            encode(text.as_bytes(), &mut out);
        }
    } else {
        encode(bytes, &mut out);
    }
    out
}

#[cfg(unix)]
fn local(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let path = PathBuf::from(std::ffi::OsString::from_vec(bytes));
    path.is_absolute().then_some(path)
}

#[cfg(not(unix))]
fn local(bytes: Vec<u8>) -> Option<PathBuf> {
    let text = String::from_utf8(bytes).ok()?;
    let path = PathBuf::from(text.strip_prefix('/').unwrap_or(&text));
    path.is_absolute().then_some(path)
}

/// Only Windows reads files of other hosts by their path.
fn remote(host: &str, path: &[u8]) -> Option<PathBuf> {
    let path = String::from_utf8(path.to_vec()).ok()?;
    cfg!(windows).then(|| PathBuf::from(format!("//{host}{path}")))
}

fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let digit = |at: usize| {
        let digit = char::from(*bytes.get(at)?).to_digit(16)?;
        u8::try_from(digit).ok()
    };
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
            out.push(high << 4 | low);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    out
}

/// Everything but `/` and the unreserved characters of RFC 3986 is escaped.
fn encode(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) {
            out.push(char::from(*byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn buffers_without_a_file_are_told_from_files() {
        assert_eq!(unsaved("untitled:Untitled-1"), Some("Untitled-1"));
        assert_eq!(unsaved("UNTITLED:/a/b.go"), Some("/a/b.go"));
        for other in ["untitled:", "untitled", "file:///untitled:1", "ü", ""] {
            assert_eq!(unsaved(other), None, "{other}");
        }
    }

    #[test]
    fn paths_survive_the_way_there_and_back() {
        use std::os::unix::ffi::OsStrExt;
        for bytes in [
            &b"/a/b.go"[..],
            b"/a b/100%/\xc3\xa9#?.go",
            b"/not utf-8 \xff/\xc3.go",
        ] {
            let path = Path::new(std::ffi::OsStr::from_bytes(bytes));
            let uri = from_path(path);
            assert!(uri.is_ascii() && !uri.contains([' ', '#', '?']), "{uri}");
            assert_eq!(to_path(&uri).as_deref(), Some(path), "{uri}");
        }
    }

    #[test]
    fn spellings_of_clients_are_understood() {
        let path = |uri: &str| to_path(uri).map(|p| p.to_string_lossy().into_owned());
        assert_eq!(path("FILE:///a%2Fb/c.go"), Some("/a/b/c.go".into()));
        assert_eq!(path("file://localhost/a.go"), Some("/a.go".into()));
        assert_eq!(path("file:/a.go#L3"), Some("/a.go".into()));
        assert_eq!(path("file:///a%zz%4"), Some("/a%zz%4".into()));
        for other in [
            "untitled:Untitled-1",
            "http://x/a.go",
            "file:a.go",
            "file://",
            "ü",
            "",
        ] {
            assert_eq!(path(other), None, "{other}");
        }
    }
}
