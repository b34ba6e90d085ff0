//! Copies of the fixtures' packages with repairs made.

use crate::run::Goroutine;
use crate::support::markers::{self, Kind};
use crate::support::{Fixture, Package};
use goleash::analyze::{Directory, GoVersion, InputFile, Options, Report, directory};
use goleash::finding::{Edit, Finding};
use goleash::fix::Changes;
use goleash::source::FileId;
use regex::Regex;
use std::collections::BTreeSet;

/// A copy of a package with some of its findings repaired.
pub(crate) struct Copy {
    pub(crate) package: Package,
    /// The repairs: index of the finding, title.
    pub(crate) repaired: Vec<(usize, String)>,
    edits: Vec<Edit>,
    /// Functions all of whose findings are repaired.
    ended: BTreeSet<(String, String)>,
    /// Lines at which the other findings are now.
    open: BTreeSet<(String, u32)>,
}

/// The package without its markers: what stands at the end of a line decides where lines are put.
pub(crate) fn bare(package: &Package) -> Package {
    let marker = Regex::new(r"(?m)[ \t]+// (want|via|also|miss|noise)\b.*$").unwrap();
    let bare = |path: &str| format!("bare/{path}");
    Package {
        directory: bare(&package.directory),
        files: package
            .files
            .iter()
            .map(|file| {
                let text = marker.replace_all(&file.text, "").into_owned();
                Fixture {
                    path: bare(&file.path),
                    markers: Vec::new(),
                    functions: markers::functions(&text),
                    text,
                }
            })
            .collect(),
    }
}

/// What goleash says of a package, with repairs.
pub(crate) fn report(package: &Package) -> Report {
    let input = Directory {
        path: package.directory.clone(),
        import_path: package.directory.clone(),
        go: GoVersion {
            major: 1,
            minor: 27,
        },
        files: package
            .files
            .iter()
            .map(|f| InputFile {
                path: f.path.as_str().into(),
                bytes: f.text.as_bytes().into(),
                report: true,
                rules: None,
            })
            .collect(),
    };
    let options = Options {
        fixes: true,
        ..Options::default()
    };
    directory(&input, &options)
}

/// Edits that are made together, and the repairs they belong to: index of the finding, title.
type Layer = (Vec<Edit>, Vec<(usize, String)>);

/// Copies in which, together, every repair is made; in one copy at most one of each finding.
pub(crate) fn of(package: &Package, report: &Report) -> Vec<Copy> {
    let mut layers: Vec<Layer> = Vec::new();
    for (index, finding) in report.findings.iter().enumerate() {
        for fix in &finding.fixes {
            let fits = |edits: &[Edit], repaired: &[(usize, String)]| {
                let fresh = fix.edits.iter().filter(|e| !edits.contains(e));
                let all: Vec<&Edit> = edits.iter().chain(fresh).collect();
                repaired.iter().all(|(i, _)| *i != index)
                    && (0..report.files.len())
                        .all(|f| Changes::of(all.iter().copied(), FileId(f as u32)).is_some())
                    && is_apart(edits, &fix.edits)
            };
            let layer = layers
                .iter_mut()
                .find(|(edits, repaired)| fits(edits, repaired));
            let repaired = (index, fix.title.clone());
            if let Some((edits, done)) = layer {
                let fresh = fix.edits.iter().filter(|e| !edits.contains(e)).cloned();
                let fresh: Vec<_> = fresh.collect();
                edits.extend(fresh);
                done.push(repaired);
            } else {
                layers.push((fix.edits.clone(), vec![repaired]));
            }
        }
    }
    layers
        .into_iter()
        .enumerate()
        .map(|(number, (edits, repaired))| copy(package, report, number, edits, repaired))
        .collect()
}

/// Whether two repairs have all their edits in common or none: half of a repair is none.
fn is_apart(done: &[Edit], new: &[Edit]) -> bool {
    let shared = new.iter().filter(|e| done.contains(e)).count();
    shared == 0 || shared == new.len()
}

fn copy(
    package: &Package,
    report: &Report,
    number: usize,
    edits: Vec<Edit>,
    repaired: Vec<(usize, String)>,
) -> Copy {
    let name = |path: &str| format!("f{number}/{path}");
    let mut files = Vec::new();
    let mut open = BTreeSet::new();
    let mut touched = BTreeSet::new();
    let mut ended = BTreeSet::new();
    for file in &package.files {
        let id = report.files.iter().position(|f| f.path() == file.path);
        let changes = id.map(|id| Changes::of(&edits, FileId(id as u32)).unwrap());
        let text = changes.as_ref().map_or_else(
            || file.text.clone(),
            |c| String::from_utf8(c.apply(file.text.as_bytes())).unwrap(),
        );
        let path = name(&file.path);
        let line_at = |offset: u32| {
            let before = &text.as_bytes()[..offset as usize];
            String::from_utf8_lossy(before).matches('\n').count() as u32 + 1
        };
        for (index, finding) in report.findings.iter().enumerate() {
            if Some(finding.primary.file.index()) != id {
                continue;
            }
            let function = file
                .function_at(
                    report.files[finding.primary.file.index()].line(finding.primary.span.start),
                )
                .unwrap();
            if repaired.iter().any(|(i, _)| *i == index) {
                ended.insert((path.clone(), function.name.clone()));
            } else {
                touched.insert((path.clone(), function.name.clone()));
                let moved = changes.as_ref().unwrap().moved(finding.primary.span.start);
                open.extend(moved.map(|at| (path.clone(), line_at(at))));
            }
        }
        files.push(Fixture {
            markers: markers::markers(&path, &text),
            functions: markers::functions(&text),
            path,
            text,
        });
    }
    Copy {
        package: Package {
            directory: name(&package.directory),
            files,
        },
        repaired,
        edits,
        ended: ended.difference(&touched).cloned().collect(),
        open,
    }
}

impl Copy {
    /// What is wrong with a goroutine that was there at the end.
    pub(crate) fn complaint(&self, goroutine: &Goroutine) -> Option<String> {
        if !goroutine.leaked {
            return None;
        }
        let shown = format!(
            "{}:{} [{}] leaks",
            goroutine.file, goroutine.line, goroutine.reason
        );
        let Some(file) = self.package.files.iter().find(|f| f.path == goroutine.file) else {
            return Some(shown);
        };
        let function = file.function_at(goroutine.line)?;
        if self
            .ended
            .contains(&(file.path.clone(), function.name.clone()))
        {
            return Some(format!("{shown}, though `{}` is repaired", function.name));
        }
        let at = (file.path.clone(), goroutine.line);
        let excused = file.markers.iter().any(|m| {
            m.line == goroutine.line
                && matches!(m.kind, Kind::Also | Kind::Miss(_) | Kind::Want { .. })
        });
        (!self.open.contains(&at) && !excused).then_some(shown)
    }
}

/// What the analysis of a copy says that it should not say, and what comments are lost.
pub(crate) fn complaints(package: &Package, before: &Report, copy: &Copy) -> Vec<String> {
    let mut complaints = Vec::new();
    for (old, new) in package.files.iter().zip(&copy.package.files) {
        if comments(&old.text) != comments(&new.text) {
            complaints.push(format!("{}: comments differ", new.path));
        }
    }
    let after = report(&copy.package);
    let place = |report: &Report, finding: &Finding| {
        let file = &report.files[finding.primary.file.index()];
        (file.path().to_owned(), finding.primary.span.start)
    };
    let expected: BTreeSet<(String, u32)> = before
        .findings
        .iter()
        .enumerate()
        .filter(|(index, _)| copy.repaired.iter().all(|(i, _)| i != index))
        .filter_map(|(_, finding)| {
            let (path, at) = place(before, finding);
            let changes = Changes::of(&copy.edits, finding.primary.file).unwrap();
            let prefix = copy.package.directory.split('/').next().unwrap();
            Some((format!("{prefix}/{path}"), changes.moved(at)?))
        })
        .collect();
    for finding in &after.findings {
        let at = place(&after, finding);
        if !expected.contains(&at) {
            let titles: Vec<&str> = copy.repaired.iter().map(|(_, t)| t.as_str()).collect();
            let line = after.files[finding.primary.file.index()].line(at.1);
            complaints.push(format!(
                "{}:{line}: {} after {titles:?}",
                at.0, finding.message
            ));
        }
    }
    complaints
}

/// The comments of a file, sorted.
fn comments(text: &str) -> Vec<&str> {
    let mut comments: Vec<&str> = text
        .lines()
        .filter_map(|line| line.find("// ").map(|at| line[at..].trim_end()))
        .collect();
    comments.sort_unstable();
    comments
}
