//! The platform and tags a build is for, and what file names say about them.
//!
//! In: tags and file names. Out: whether they hold. The rules are those of Go's own `go/build` package. Deliberately absent:
//! the environment of the process.

use crate::nearest::nearest;

/// The platform and tags that decide which files are part of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildContext {
    /// Go's name of the operating system, such as `linux`.
    pub goos: String,
    /// Go's name of the processor, such as `amd64`.
    pub goarch: String,
    /// Further tags that hold.
    pub tags: Vec<String>,
    /// Whether C code is compiled too. Go does not when it compiles for another platform, unless told.
    pub cgo: bool,
    /// Whether somebody who knows the build has chosen the files already: then constraints keep none of them out.
    pub chosen: bool,
}

impl Default for BuildContext {
    fn default() -> Self {
        Self {
            goos: "linux".to_owned(),
            goarch: "amd64".to_owned(),
            tags: Vec::new(),
            cgo: true,
            chosen: false,
        }
    }
}

impl BuildContext {
    /// The platform goleash runs on, in Go's names: like `go build`, it decides which files count.
    pub fn host() -> Self {
        let goos = match std::env::consts::OS {
            "macos" => "darwin",
            os => os,
        };
        let goarch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "x86" => "386",
            "aarch64" => "arm64",
            "loongarch64" => "loong64",
            "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
            "powerpc64" => "ppc64",
            "mips" if cfg!(target_endian = "little") => "mipsle",
            "mips64" if cfg!(target_endian = "little") => "mips64le",
            arch => arch,
        };
        Self {
            goos: goos.to_owned(),
            goarch: goarch.to_owned(),
            tags: Vec::new(),
            cgo: true,
            chosen: false,
        }
    }

    /// Chooses another platform, as `GOOS` and `GOARCH` do; what is `None` stays.
    pub fn choose_platform(&mut self, goos: Option<&str>, goarch: Option<&str>) {
        if let Some(goos) = goos {
            goos.clone_into(&mut self.goos);
        }
        if let Some(goarch) = goarch {
            goarch.clone_into(&mut self.goarch);
        }
        let host = Self::host();
        self.cgo = (&self.goos, &self.goarch) == (&host.goos, &host.goarch);
    }

    /// Whether `tag` holds: platform, `unix`, `cgo`, `gc`, the release tags up to the newest known, and the user's tags.
    pub fn holds(&self, tag: &str) -> bool {
        match tag {
            "gc" => true,
            "cgo" if self.cgo => true,
            "unix" => UNIX.contains(&self.goos.as_str()),
            _ if tag == self.goos || tag == self.goarch => true,
            "linux" => self.goos == "android",
            "solaris" => self.goos == "illumos",
            "darwin" => self.goos == "ios",
            _ => is_release(tag) || self.tags.iter().any(|known| known == tag),
        }
    }

    /// Whether a tag names a platform or a release, and nothing of the project's own.
    pub fn is_platform(tag: &str) -> bool {
        KNOWN_OS.contains(&tag)
            || KNOWN_ARCH.contains(&tag)
            || tag == "unix"
            || tag.starts_with("go1.")
    }

    /// Whether the `_GOOS`, `_GOARCH` or `_GOOS_GOARCH` suffix of a file name (before `_test`) lets the file in.
    pub fn admits_name(&self, file_name: &str) -> bool {
        let stem = file_name.split('.').next().unwrap_or_default();
        let Some(from) = stem.find('_') else {
            return true;
        };
        let mut parts: Vec<&str> = stem[from..].split('_').collect();
        if parts.last() == Some(&"test") {
            parts.pop();
        }
        match parts.as_slice() {
            [.., os, arch] if KNOWN_OS.contains(os) && KNOWN_ARCH.contains(arch) => {
                self.holds(os) && self.holds(arch)
            }
            [.., last] if KNOWN_OS.contains(last) || KNOWN_ARCH.contains(last) => self.holds(last),
            _ => true,
        }
    }
}

/// The newest Go release whose `go1.N` tag holds.
const NEWEST_RELEASE: u16 = 27;

fn is_release(tag: &str) -> bool {
    tag.strip_prefix("go1.")
        .filter(|minor| !minor.starts_with('0'))
        .and_then(|minor| minor.parse::<u16>().ok())
        .is_some_and(|minor| (1..=NEWEST_RELEASE).contains(&minor))
}

/// Systems for which the tag `unix` holds.
const UNIX: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "linux",
    "netbsd",
    "openbsd",
    "solaris",
];

/// Names that count as an operating system in a file name.
const KNOWN_OS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
    "zos",
];

/// Names that count as a processor in a file name.
const KNOWN_ARCH: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "armbe",
    "arm64",
    "arm64be",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// A name of an operating system that Go knows; the error guesses which was meant.
pub fn os(word: &str) -> Result<&'static str, String> {
    known(word, "operating system", KNOWN_OS)
}

/// A name of a processor that Go knows; the error guesses which was meant.
pub fn arch(word: &str) -> Result<&'static str, String> {
    known(word, "processor", KNOWN_ARCH)
}

fn known(word: &str, what: &str, names: &[&'static str]) -> Result<&'static str, String> {
    names
        .iter()
        .copied()
        .find(|name| *name == word)
        .ok_or_else(|| match nearest(word, names.iter().copied()) {
            Some(near) => format!("Go knows no {what} `{word}`; did you mean `{near}`?"),
            None => format!("Go knows no {what} `{word}`; it knows {}", names.join(", ")),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn related_systems_and_the_users_tags_hold() {
        let android = BuildContext {
            goos: "android".to_owned(),
            goarch: "arm64".to_owned(),
            tags: vec!["e2e".to_owned()],
            ..BuildContext::default()
        };
        for tag in ["android", "linux", "unix", "arm64", "e2e"] {
            assert!(android.holds(tag), "{tag}");
        }
        assert!(!android.holds("amd64"));
    }

    #[test]
    fn file_names_name_platforms_only_after_an_underscore() {
        let linux = BuildContext::default();
        for name in [
            "linux.go",
            "windows.go",
            "a.go",
            "a_linux.go",
            "a_linux_test.go",
            "a_linux_amd64.go",
            "a_unix.go",
            "a_windows_x.go",
            "_test.go",
        ] {
            assert!(linux.admits_name(name), "{name}");
        }
        for name in [
            "a_windows.go",
            "a_windows_test.go",
            "a_arm64.go",
            "a_linux_arm64.go",
            "a_windows_amd64_test.go",
            "_windows.go",
        ] {
            assert!(!linux.admits_name(name), "{name}");
        }
    }

    #[test]
    fn another_platform_is_compiled_without_c() {
        let mut build = BuildContext::host();
        build.choose_platform(None, None);
        assert!(build.holds("cgo"));
        let other = if build.goos == "plan9" {
            "linux"
        } else {
            "plan9"
        };
        build.choose_platform(Some(other), None);
        assert!(build.holds(other) && !build.holds("cgo"));
        build.tags = vec!["cgo".to_owned()];
        assert!(build.holds("cgo"));
    }

    #[test]
    fn platforms_are_known_or_guessed() {
        assert_eq!(os("windows"), Ok("windows"));
        assert_eq!(
            os("windos"),
            Err("Go knows no operating system `windos`; did you mean `windows`?".to_owned())
        );
        assert!(arch("x86_64").is_err());
        assert!(os(&BuildContext::host().goos).is_ok());
    }
}
