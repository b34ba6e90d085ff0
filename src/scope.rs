//! What holds where in a tree: files left out, and rules that differ from folder to folder.
//!
//! In: patterns relative to a folder, then paths. Out: whether a file is left out, and which rules speak in it. A pattern
//! covers what it matches and everything below; one without `/` matches at every depth. `*` stays within one name, `**` does
//! not. Deliberately absent: the file system; paths are compared as they are given.

use crate::finding::Severity;
use crate::selection::Selection;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::path::{Path, PathBuf};

/// What a configuration says about a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// It does not speak.
    Off,
    /// It speaks.
    On,
    /// It speaks, and its findings have this level.
    Level(Severity),
}

impl Setting {
    /// Puts the setting over what `rules` says of the rule.
    pub fn apply(self, id: &str, rules: &mut Selection) {
        match self {
            Self::Off => rules.turn(id, false),
            Self::On => rules.turn(id, true),
            Self::Level(level) => rules.set_level(id, level),
        }
    }
}

/// Patterns, ready to be compared with.
#[derive(Clone, Debug, Default)]
pub struct Patterns(GlobSet);

impl Patterns {
    /// Reads patterns; the error says what is wrong with the first bad one.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Self, String> {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            let pattern = pattern.as_ref();
            for glob in globs(pattern) {
                let glob = GlobBuilder::new(&glob).literal_separator(true).build();
                set.add(glob.map_err(|e| format!("`{pattern}` is no pattern: {}", e.kind()))?);
            }
        }
        let set = set.build().map_err(|error| error.to_string())?;
        Ok(Self(set))
    }

    /// Whether one of them covers a path.
    pub fn cover(&self, path: &Path) -> bool {
        self.0.is_match(path)
    }
}

/// A pattern as globs for the whole path: the thing itself, and everything in it.
fn globs(pattern: &str) -> [String; 2] {
    let named = pattern.trim_end_matches('/');
    let anchored = named.strip_prefix("./").or_else(|| named.strip_prefix('/'));
    let glob = match anchored {
        Some(path) => path.to_owned(),
        None if named.contains('/') => named.to_owned(),
        None => format!("**/{named}"),
    };
    let below = format!("{glob}/**");
    [glob, below]
}

/// Rules that hold for some files only.
#[derive(Clone, Debug)]
pub struct Override {
    /// The files.
    pub paths: Patterns,
    /// Rules by id, and what is said of each.
    pub rules: Vec<(&'static str, Setting)>,
}

/// What a configuration says of the files below its folder.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The folder, with all links resolved.
    pub root: PathBuf,
    /// Files nothing is reported in.
    pub exclude: Patterns,
    /// In the order in which they are applied: later ones win.
    pub overrides: Vec<Override>,
    /// Rules that may speak at all, when the command line has the last word.
    pub limit: Option<Selection>,
}

impl Scope {
    /// Whether a file is left out.
    pub fn excludes(&self, file: &Path) -> bool {
        self.relative(file)
            .is_some_and(|path| self.exclude.cover(path))
    }

    /// The rules that speak in a file, where they differ from `rules`.
    pub fn rules(&self, file: &Path, rules: &Selection) -> Option<Selection> {
        let path = self.relative(file)?;
        let mut covering = self
            .overrides
            .iter()
            .filter(|o| o.paths.cover(path))
            .peekable();
        covering.peek()?;
        let mut rules = rules.clone();
        for (id, setting) in covering.flat_map(|o| &o.rules) {
            setting.apply(id, &mut rules);
        }
        if let Some(limit) = &self.limit {
            rules.restrict(limit);
        }
        Some(rules)
    }

    fn relative<'p>(&self, file: &'p Path) -> Option<&'p Path> {
        file.strip_prefix(&self.root).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(pattern: &str, path: &str) -> bool {
        Patterns::new(&[pattern])
            .expect("a pattern")
            .cover(Path::new(path))
    }

    #[test]
    fn patterns_cover_what_they_match_and_all_below() {
        for (pattern, path) in [
            ("gen", "gen/a.go"),
            ("gen", "x/gen/y/a.go"),
            ("gen/", "x/gen/a.go"),
            ("*_gen.go", "x/a_gen.go"),
            ("./gen", "gen/a.go"),
            ("/gen/*.go", "gen/a.go"),
            ("x/gen", "x/gen/y/a.go"),
            ("x/**/gen", "x/a/b/gen/c.go"),
            ("**/mocks/**", "a/mocks/b.go"),
            ("{a,b}/*.go", "b/x.go"),
            ("[ab].go", "x/b.go"),
        ] {
            assert!(covers(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("gen", "generated/a.go"),
            ("./gen", "x/gen/a.go"),
            ("x/gen", "y/x/gen/a.go"),
            ("x/*.go", "x/y/a.go"),
            ("*_gen.go", "a_gen_test.go"),
        ] {
            assert!(!covers(pattern, path), "{pattern} {path}");
        }
        assert!(Patterns::new(&["a[", "b"]).is_err());
        assert!(!Patterns::default().cover(Path::new("a.go")));
    }

    #[test]
    fn later_overrides_win_and_the_command_line_over_all() {
        let over = |pattern, rules: &[(&'static str, Setting)]| Override {
            paths: Patterns::new(&[pattern]).expect("a pattern"),
            rules: rules.to_vec(),
        };
        let mut scope = Scope {
            root: PathBuf::from("/m"),
            exclude: Patterns::new(&["old"]).expect("a pattern"),
            overrides: vec![
                over(
                    "legacy",
                    &[("ncast", Setting::Off), ("early-return", Setting::Off)],
                ),
                over("legacy/new", &[("ncast", Setting::Level(Severity::Note))]),
            ],
            limit: None,
        };
        let rules = Selection::default();
        let on = |scope: &Scope, path: &str| {
            let rules = scope.rules(Path::new(path), &rules)?;
            Some((rules.is_on("ncast"), rules.is_on("early-return")))
        };
        assert_eq!(on(&scope, "/m/a.go"), None);
        assert_eq!(on(&scope, "/elsewhere/legacy/a.go"), None);
        assert_eq!(on(&scope, "/m/legacy/a.go"), Some((false, false)));
        assert_eq!(on(&scope, "/m/legacy/new/a.go"), Some((true, false)));
        let mut limit = Selection::default();
        limit.select(&["early-return"]).expect("known");
        scope.limit = Some(limit);
        assert_eq!(on(&scope, "/m/legacy/new/a.go"), Some((false, false)));
        assert!(scope.excludes(Path::new("/m/x/old/a.go")));
        assert!(!scope.excludes(Path::new("/old/a.go")));
    }
}
