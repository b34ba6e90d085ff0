//! The files of one directory, grouped into packages.
//!
//! In: for each file its name and [`Header`]. Out: [`Package`]s that list files by index. Deliberately absent: reading
//! files, and syntax beyond the header.

pub mod constraint;
pub mod header;
pub mod platform;
mod variants;

pub use constraint::Constraint;
pub use header::{Header, header};
pub use platform::BuildContext;
pub use variants::variants;

use std::collections::BTreeMap;

/// A Go language version, such as 1.22, from a go.mod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoVersion {
    /// Always 1 so far.
    pub major: u16,
    /// The release.
    pub minor: u16,
}

/// A file of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Its index in the list that was grouped.
    pub file: usize,
    /// Whether build constraints keep it out of the build. Such a file is an alternative to others of the package: it is
    /// read, but not reported in.
    pub excluded: bool,
    /// Whether it is a `_test.go` file.
    pub test: bool,
    /// The language version it chooses for itself.
    pub go: Option<GoVersion>,
}

/// Files that are compiled together (a package together with its in-package tests).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The name in the package clauses; empty for files that have none.
    pub name: String,
    /// Its files, in the order of the list that was grouped.
    pub files: Vec<Member>,
}

/// Whether a file belongs to the tests, by its name.
pub fn is_test(file_name: &str) -> bool {
    file_name.ends_with("_test.go")
}

/// Whether build constraints, in the name or in the header, keep a file out of the build.
pub fn is_excluded(file_name: &str, header: &Header, context: &BuildContext) -> bool {
    !context.chosen
        && (!context.admits_name(file_name)
            || header
                .constraint
                .as_ref()
                .is_some_and(|constraint| !constraint.holds(context)))
}

/// Groups the files of one directory, given as (file name, header).
///
/// Packages are sorted by name. `x` and `x_test` come apart; so does every file that needs the tag `ignore` or
/// `wireinject`, because such files are compiled one by one and may repeat each other's names.
pub fn group(files: &[(&str, &Header)], context: &BuildContext) -> Vec<Package> {
    let mut packages: BTreeMap<(&str, Option<usize>), Vec<Member>> = BTreeMap::new();
    for (index, (name, header)) in files.iter().enumerate() {
        let alone = !context.chosen
            && header
                .constraint
                .as_ref()
                .is_some_and(|constraint| constraint.is_apart() && !constraint.holds(context));
        packages
            .entry((&header.package, alone.then_some(index)))
            .or_default()
            .push(Member {
                file: index,
                excluded: is_excluded(name, header, context),
                test: is_test(name),
                go: header.go,
            });
    }
    packages
        .into_iter()
        .map(|((name, _), files)| Package {
            name: name.to_owned(),
            files,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_files_are_all_part_of_the_build() {
        let tagged = header(b"//go:build ignore && plan9\n\npackage x");
        let chosen = BuildContext {
            chosen: true,
            ..BuildContext::default()
        };
        let files = [("a.go", &header(b"package x")), ("b_windows.go", &tagged)];
        let [package] = &group(&files, &chosen)[..] else {
            panic!("one package");
        };
        assert!(package.files.iter().all(|file| !file.excluded));
        assert_eq!(group(&files, &BuildContext::default()).len(), 2);
    }

    #[test]
    fn packages_tests_and_ignored_programs_come_apart() {
        let texts: &[(&str, &str)] = &[
            ("a.go", "package x"),
            ("a_test.go", "package x"),
            ("a_windows.go", "package x"),
            ("example_test.go", "package x_test"),
            ("gen.go", "//go:build ignore\n\npackage main"),
            ("gen2.go", "//go:build ignore\n\npackage main"),
            ("empty.go", ""),
            ("it_test.go", "//go:build integration\n\npackage x"),
        ];
        let headers: Vec<Header> = texts.iter().map(|(_, t)| header(t.as_bytes())).collect();
        let files: Vec<(&str, &Header)> = texts.iter().map(|(n, _)| *n).zip(&headers).collect();
        let shown: Vec<String> = group(&files, &BuildContext::default())
            .iter()
            .map(|package| {
                let files: Vec<String> = package
                    .files
                    .iter()
                    .map(|f| {
                        let mark = if f.excluded { "-" } else { "" };
                        format!("{mark}{}", texts[f.file].0)
                    })
                    .collect();
                format!("{}: {}", package.name, files.join(" "))
            })
            .collect();
        assert_eq!(
            shown,
            [
                ": empty.go",
                "main: -gen.go",
                "main: -gen2.go",
                "x: a.go a_test.go -a_windows.go -it_test.go",
                "x_test: example_test.go",
            ]
        );
    }
}
