//! SARIF 2.1.0, written for what GitHub's code scanning reads and valid for everybody else.
//!
//! No `automationDetails`: with it in the file, the category a workflow gives its upload would be ignored. No
//! `security-severity`: a leak is a defect first, and that property would make every finding a security alert.

mod location;
mod model;
mod rules;

use super::{Invocation, line_hash, to_json};
use crate::analyze::{Problem, Report};
use crate::finding::{Finding, LabelRole};
use crate::leak::{Step, StepKind};
use crate::rules::RULES;
use crate::source::{FileId, SourceFile};
use location::{SOURCE_ROOT, artifact, location};
use model::{
    BaseId, CodeFlow, Driver, Fingerprints, InvocationObject, Location, Log, LogicalLocation,
    Message, Notification, PhysicalLocation, Region, ResultObject, ResultProperties, Run,
    ThreadFlow, ThreadFlowLocation, Tool,
};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

/// Of more results in one run GitHub keeps only so many, the most severe.
const GITHUB_RESULTS: usize = 5_000;
/// A code flow of more steps tells no story.
const MAX_STEPS: usize = 10;

/// The report as a SARIF log with one run.
pub fn render(report: &Report, invocation: &Invocation) -> String {
    let mut hashes = LineHashes::new(&report.files);
    let results = report
        .findings
        .iter()
        .map(|finding| result(finding, &report.files, &mut hashes))
        .collect();
    let root = BaseId {
        description: Message {
            text: "The directory goleash was run in.".to_owned(),
        },
    };
    to_json(&Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: tool(invocation),
            invocations: [InvocationObject {
                execution_successful: invocation.execution_successful,
                exit_code: invocation.exit_code,
                tool_execution_notifications: notifications(report),
            }],
            original_uri_base_ids: BTreeMap::from([(SOURCE_ROOT, root)]),
            column_kind: "utf16CodeUnits",
            results,
        }],
    })
}

fn tool(invocation: &Invocation) -> Tool {
    Tool {
        driver: Driver {
            name: "goleash",
            semantic_version: invocation.version,
            information_uri: env!("CARGO_PKG_REPOSITORY"),
            rules: RULES.iter().map(rules::descriptor).collect(),
        },
    }
}

fn notifications(report: &Report) -> Vec<Notification> {
    let too_many = (report.findings.len() > GITHUB_RESULTS).then(|| Notification {
        level: "warning",
        message: Message {
            text: format!(
                "{} findings: GitHub code scanning shows {GITHUB_RESULTS} of one upload",
                report.findings.len()
            ),
        },
        locations: Vec::new(),
    });
    report
        .problems
        .iter()
        .map(notification)
        .chain(too_many)
        .collect()
}

fn notification(problem: &Problem) -> Notification {
    let place = (!problem.path.is_empty()).then(|| Location {
        physical_location: Some(PhysicalLocation {
            artifact_location: artifact(&problem.path),
            region: problem.lines.map(|(first, last)| Region {
                start_line: first.max(1),
                start_column: None,
                end_line: last.max(first).max(1),
                end_column: None,
            }),
        }),
        ..Location::default()
    });
    Notification {
        level: if problem.fatal { "error" } else { "warning" },
        message: Message {
            text: plain(&problem.message),
        },
        locations: place.into_iter().collect(),
    }
}

fn result<'a>(
    finding: &'a Finding,
    files: &[SourceFile],
    hashes: &mut LineHashes<'_>,
) -> ResultObject<'a> {
    let line = files
        .get(finding.primary.file.index())
        .map_or(1, |file| file.line(finding.primary.span.start));
    let mut primary = location(files, finding.primary, Some(plain(&finding.primary_text)));
    if !finding.function.is_empty() {
        primary.logical_locations = vec![LogicalLocation {
            fully_qualified_name: finding.function.clone(),
            kind: "function",
        }];
    }
    ResultObject {
        rule_id: finding.rule,
        rule_index: RULES.iter().position(|rule| rule.id == finding.rule),
        level: finding.level().as_str(),
        message: Message {
            text: message(finding),
        },
        locations: vec![primary],
        related_locations: related(finding, files),
        code_flows: code_flow(finding, files).into_iter().collect(),
        partial_fingerprints: Fingerprints {
            primary_location_line_hash: hashes.get(finding.primary.file, line),
            goleash: &finding.fingerprint,
        },
        properties: ResultProperties {
            confidence: finding.confidence.as_str(),
        },
    }
}

/// The message as sentences, the first of which GitHub uses as title, with links to the related locations: it shows those
/// only through links.
fn message(finding: &Finding) -> String {
    let mut out = sentence(&finding.message);
    for (i, label) in finding.labels.iter().enumerate() {
        let what = match label.role {
            LabelRole::Make => "Made",
            LabelRole::Spawn => "Goroutine started",
            LabelRole::Stranding => "Stranded",
        };
        // Writing to a `String` cannot fail.
        let _ = match i {
            0 => write!(out, " {what} [here](1)"),
            _ => write!(out, ", {} [here]({})", what.to_lowercase(), i + 1),
        };
    }
    if !finding.labels.is_empty() {
        out.push('.');
    }
    if !finding.help.is_empty() {
        out.push(' ');
        out.push_str(&sentence(&finding.help));
    }
    out
}

/// `text` with a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>());
    plain(&format!("{}{}.", first.unwrap_or_default(), chars.as_str()))
}

/// Text without what SARIF would read as a link (`f[x](1)`) or as a placeholder (`[]int{0}`), and on one line.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        let c = if c.is_control() { ' ' } else { c };
        if (before == ']' && c == '(') || (before == '{' && c.is_ascii_digit()) {
            out.push(' ');
        }
        out.push(c);
        before = c;
    }
    out
}

fn related(finding: &Finding, files: &[SourceFile]) -> Vec<Location> {
    finding
        .labels
        .iter()
        .enumerate()
        .map(|(i, label)| Location {
            id: Some(i + 1),
            ..location(files, label.at, Some(plain(&label.text)))
        })
        .collect()
}

/// The witness as one thread flow, all goroutines in it: readers show only the first.
fn code_flow(finding: &Finding, files: &[SourceFile]) -> Option<CodeFlow> {
    let steps = essential(&finding.witness);
    (!steps.is_empty()).then(|| CodeFlow {
        thread_flows: [ThreadFlow {
            locations: steps
                .into_iter()
                .map(|step| ThreadFlowLocation {
                    location: location(files, step.at, Some(plain(&step.text))),
                })
                .collect(),
        }],
    })
}

/// The steps worth a click: all of a short run; of a long one how it begins (what is made and started) and how it ends.
fn essential(steps: &[Step]) -> Vec<&Step> {
    if steps.len() <= MAX_STEPS {
        return steps.iter().collect();
    }
    let telling: Vec<_> = steps
        .iter()
        .filter(|step| !matches!(step.kind, StepKind::Branch | StepKind::Sync))
        .collect();
    if telling.len() <= MAX_STEPS {
        return telling;
    }
    let (first, last) = (MAX_STEPS / 2, telling.len() - MAX_STEPS / 2);
    [&telling[..first], &telling[last..]].concat()
}

/// Line hashes, computed once for each file that has findings.
struct LineHashes<'a> {
    files: &'a [SourceFile],
    known: HashMap<FileId, Vec<String>>,
}

impl<'a> LineHashes<'a> {
    fn new(files: &'a [SourceFile]) -> Self {
        Self {
            files,
            known: HashMap::new(),
        }
    }

    fn get(&mut self, file: FileId, line: u32) -> Option<String> {
        let bytes = self.files.get(file.index())?.bytes();
        let hashes = self
            .known
            .entry(file)
            .or_insert_with(|| line_hash::of_lines(bytes));
        hashes.get(line as usize - 1).cloned()
    }
}
