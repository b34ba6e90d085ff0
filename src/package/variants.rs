//! Variants of a package that only a tag of the project's own builds.
//!
//! In: the files of a directory and what a build is for. Out: further builds, each of which lets in files that nobody else
//! does. Deliberately absent: other platforms, which `--goos` and `--goarch` choose, and tags of the toolchain.

use super::platform::BuildContext;
use super::{Header, is_excluded};

/// Builds beside the one that is asked for; a package with more is looked at in the first ones only.
const MOST: usize = 4;

/// Tags that say something of the toolchain, or that nobody sets.
const NOT_OWN: [&str; 10] = [
    "ignore",
    "gc",
    "gccgo",
    "cgo",
    "race",
    "msan",
    "asan",
    "purego",
    "appengine",
    "tools",
];

/// The builds, given files as (file name, header), that let in files which `context` and the builds before keep out; none
/// where somebody has chosen tags or files.
pub fn variants(files: &[(&str, &Header)], context: &BuildContext) -> Vec<BuildContext> {
    if context.chosen || !context.tags.is_empty() {
        return Vec::new();
    }
    let mut variants: Vec<BuildContext> = Vec::new();
    for (name, header) in files {
        let out = |build: &BuildContext| is_excluded(name, header, build);
        let Some(constraint) = &header.constraint else {
            continue;
        };
        if variants.len() == MOST || !out(context) || variants.iter().any(|build| !out(build)) {
            continue;
        }
        let mut tags = Vec::new();
        constraint.tags(&mut |tag| {
            let own =
                !NOT_OWN.contains(&tag) && !context.holds(tag) && !BuildContext::is_platform(tag);
            if own && !tags.iter().any(|known| known == tag) {
                tags.push(tag.to_owned());
            }
        });
        let with = |more: &[String]| BuildContext {
            tags: more.to_vec(),
            ..context.clone()
        };
        let all = std::iter::once(with(&tags));
        let single = tags.chunks(1).map(with);
        variants.extend(single.chain(all).find(|build| !out(build)));
    }
    variants
}

#[cfg(test)]
mod tests {
    use super::super::header;
    use super::*;

    fn builds_for(texts: &[(&str, &str)], context: &BuildContext) -> Vec<String> {
        let headers: Vec<Header> = texts.iter().map(|(_, t)| header(t.as_bytes())).collect();
        let files: Vec<(&str, &Header)> = texts.iter().map(|(n, _)| *n).zip(&headers).collect();
        variants(&files, context)
            .iter()
            .map(|build| build.tags.join("+"))
            .collect()
    }

    fn builds(texts: &[(&str, &str)]) -> Vec<String> {
        builds_for(texts, &BuildContext::default())
    }

    #[test]
    fn who_chooses_tags_has_chosen_the_build() {
        let files = [("b.go", "//go:build remote\n\npackage x")];
        let chosen = BuildContext {
            tags: vec!["e2e".to_owned()],
            ..BuildContext::default()
        };
        assert_eq!(builds(&files), ["remote"]);
        assert!(builds_for(&files, &chosen).is_empty());
    }

    #[test]
    fn each_tag_of_the_project_builds_a_variant_once() {
        let found = builds(&[
            ("a.go", "package x"),
            ("b.go", "//go:build remote\n\npackage x"),
            ("c.go", "//go:build remote && linux\n\npackage x"),
            ("d.go", "//go:build !remote\n\npackage x"),
            ("e.go", "//go:build e2e && slow\n\npackage x"),
        ]);
        assert_eq!(found, ["remote", "e2e+slow"]);
    }

    #[test]
    fn platforms_and_the_toolchain_build_none() {
        let found = builds(&[
            ("a_windows.go", "//go:build remote\n\npackage x"),
            ("b.go", "//go:build windows\n\npackage x"),
            ("c.go", "//go:build darwin || freebsd\n\npackage x"),
            ("d.go", "//go:build ignore\n\npackage main"),
            ("e.go", "//go:build race\n\npackage x"),
            ("f.go", "//go:build go1.99\n\npackage x"),
            ("g.go", "//go:build !cgo\n\npackage x"),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }
}
