//! Reports of single directories, made into one.
//!
//! In: reports in any order. Out: one report, the same for every order, that lists only files its findings refer to.

use crate::analyze::Report;
use crate::finding::Finding;
use crate::source::{FileId, Place};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Merges `reports`: files by path, findings by file, position and rule, problems sorted and without repetition.
pub fn merge(reports: Vec<Report>) -> Report {
    let mut merged = Report::default();
    let mut files = BTreeMap::new();
    let mut findings: Vec<(Rc<[String]>, Finding)> = Vec::new();
    for mut report in reports {
        merged.stats.add(&report.stats);
        merged.problems.append(&mut report.problems);
        merged.answers.append(&mut report.answers);
        let paths: Rc<[String]> = report.files.iter().map(|f| f.path().to_owned()).collect();
        let mut used = BTreeSet::new();
        for finding in &mut report.findings {
            places(finding, &mut |place| {
                used.insert(place.file.index());
            });
        }
        for (index, file) in report.files.into_iter().enumerate() {
            if used.contains(&index) {
                files.entry(file.path().to_owned()).or_insert(file);
            }
        }
        findings.extend(report.findings.into_iter().map(|f| (Rc::clone(&paths), f)));
    }
    let ids: BTreeMap<&str, FileId> = files
        .keys()
        .enumerate()
        .map(|(index, path)| (path.as_str(), FileId(index as u32)))
        .collect();
    merged.findings = findings
        .into_iter()
        .map(|(paths, mut finding)| {
            places(&mut finding, &mut |place| {
                if let Some(id) = paths
                    .get(place.file.index())
                    .and_then(|p| ids.get(p.as_str()))
                {
                    place.file = *id;
                }
            });
            finding
        })
        .collect();
    merged.files = files.into_values().collect();
    merged.findings.sort_by(|a, b| key(a).cmp(&key(b)));
    merged.answers.sort();
    merged.problems.sort();
    merged.problems.dedup();
    merged
}

/// Keeps the findings that touch one of the files with these paths, by their primary place or a label.
pub fn keep_touching(report: &mut Report, paths: &BTreeSet<String>) {
    let files = &report.files;
    let wanted = |place: &Place| {
        files
            .get(place.file.index())
            .is_some_and(|file| paths.contains(file.path()))
    };
    report.findings.retain(|finding| {
        wanted(&finding.primary) || finding.labels.iter().any(|label| wanted(&label.at))
    });
}

fn key(finding: &Finding) -> (Place, &'static str, &str, &str) {
    (
        finding.primary,
        finding.rule,
        &finding.message,
        &finding.fingerprint,
    )
}

/// Visits every place of a finding.
fn places(finding: &mut Finding, visit: &mut dyn FnMut(&mut Place)) {
    visit(&mut finding.primary);
    for label in &mut finding.labels {
        visit(&mut label.at);
    }
    for place in &mut finding.also_stranded_at {
        visit(place);
    }
    for step in &mut finding.witness {
        visit(&mut step.at);
    }
    for edit in finding.fixes.iter_mut().flat_map(|fix| &mut fix.edits) {
        visit(&mut edit.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::{Problem, Stats};
    use crate::finding::{Identity, Label, LabelRole, Severity};
    use crate::leak::{Confidence, Step, StepKind};
    use crate::source::{SourceFile, Span};

    fn place(file: u32, start: usize) -> Place {
        Place {
            file: FileId(file),
            span: Span::new(start, start + 1),
        }
    }

    fn finding(rule: &'static str, primary: Place, label: Place) -> Finding {
        Finding {
            rule,
            severity: Severity::Warning,
            confidence: Confidence::High,
            configured_level: None,
            message: String::new(),
            help: String::new(),
            primary,
            primary_text: String::new(),
            wait_reason: "chan send",
            function: String::new(),
            package: String::new(),
            labels: vec![Label {
                at: label,
                role: LabelRole::Make,
                text: String::new(),
            }],
            also_stranded_at: vec![label],
            witness: vec![Step {
                at: label,
                kind: StepKind::Make,
                goroutine: 0,
                text: String::new(),
            }],
            fixes: Vec::new(),
            assumptions: Vec::new(),
            in_test: false,
            identity: Identity::default(),
            fingerprint: String::new(),
            suppressed: None,
            baseline: None,
        }
    }

    fn report(paths: &[&str], findings: Vec<Finding>) -> Report {
        Report {
            files: paths.iter().map(|p| SourceFile::new(*p, *b"abc")).collect(),
            findings,
            answers: Vec::new(),
            problems: vec![Problem {
                path: paths[0].to_owned(),
                lines: None,
                message: "m".to_owned(),
                fatal: false,
            }],
            stats: Stats {
                files: paths.len() as u64,
                ..Stats::default()
            },
        }
    }

    fn show(report: &Report) -> Vec<String> {
        let path = |place: Place| report.files[place.file.index()].path();
        report
            .findings
            .iter()
            .map(|f| {
                format!(
                    "{}:{} {} {} {} {}",
                    path(f.primary),
                    f.primary.span.start,
                    f.rule,
                    path(f.labels[0].at),
                    path(f.also_stranded_at[0]),
                    path(f.witness[0].at)
                )
            })
            .collect()
    }

    #[test]
    fn the_order_of_the_parts_does_not_matter() {
        let a = || {
            report(
                &["a/unused.go", "a/y.go", "a/x.go"],
                vec![
                    finding("r", place(1, 0), place(2, 0)),
                    finding("q", place(2, 2), place(2, 0)),
                    finding("p", place(2, 1), place(1, 0)),
                ],
            )
        };
        let b = || report(&["b/x.go"], vec![finding("r", place(0, 0), place(0, 0))]);
        let merged = merge(vec![b(), a(), Report::default()]);
        assert_eq!(
            show(&merged),
            [
                "a/x.go:1 p a/y.go a/y.go a/y.go",
                "a/x.go:2 q a/x.go a/x.go a/x.go",
                "a/y.go:0 r a/x.go a/x.go a/x.go",
                "b/x.go:0 r b/x.go b/x.go b/x.go",
            ]
        );
        assert_eq!(show(&merged), show(&merge(vec![a(), b()])));
        assert_eq!(merged.files.len(), 3);
        assert_eq!(merged.stats.files, 4);
        let problems: Vec<&str> = merged.problems.iter().map(|p| p.path.as_str()).collect();
        assert_eq!(problems, ["a/unused.go", "b/x.go"]);
    }

    #[test]
    fn named_files_keep_what_touches_them() {
        let mut touched = report(
            &["x.go", "y.go", "z.go"],
            vec![
                finding("primary", place(0, 0), place(1, 0)),
                finding("label", place(1, 0), place(0, 0)),
                finding("neither", place(1, 0), place(2, 0)),
            ],
        );
        keep_touching(&mut touched, &BTreeSet::from(["x.go".to_owned()]));
        let rules: Vec<&str> = touched.findings.iter().map(|f| f.rule).collect();
        assert_eq!(rules, ["primary", "label"]);
    }
}
