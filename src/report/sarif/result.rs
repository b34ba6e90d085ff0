//! One result: message with links, related locations, code flow, fingerprints.

use super::fix::fix;
use super::location::location;
use super::model::{
    CodeFlow, Fingerprints, Location, LogicalLocation, Message, ResultObject, ResultProperties,
    SuppressionObject, ThreadFlow, ThreadFlowLocation,
};
use super::plain;
use crate::analyze::Report;
use crate::finding::{BaselineState, Finding, LabelRole, Suppression};
use crate::leak::{Step, StepKind};
use crate::report::line_hash;
use crate::rules::RULES;
use crate::source::{FileId, SourceFile};
use std::collections::HashMap;
use std::fmt::Write as _;

/// A code flow of more steps tells no story.
const MAX_STEPS: usize = 10;
/// A message with more links to places that are all alike is no sentence any more.
const MAX_LINKS: usize = 5;

/// Makes results of the findings of one report.
pub(super) struct Results<'r> {
    files: &'r [SourceFile],
    hashes: LineHashes<'r>,
    /// Readers take a result without the properties for one of which nothing is known, so all have them or none.
    with_suppressions: bool,
    with_baseline: bool,
}

impl<'r> Results<'r> {
    pub(super) fn new(report: &'r Report) -> Self {
        Self {
            files: &report.files,
            hashes: LineHashes::new(&report.files),
            with_suppressions: report.findings.iter().any(|f| f.suppressed.is_some()),
            with_baseline: report.findings.iter().any(|f| f.baseline.is_some()),
        }
    }

    pub(super) fn result(&mut self, finding: &'r Finding) -> ResultObject<'r> {
        let file = self.files.get(finding.primary.file.index());
        let line = file.map_or(1, |file| file.line(finding.primary.span.start));
        ResultObject {
            rule_id: finding.rule,
            rule_index: RULES.iter().position(|rule| rule.id == finding.rule),
            level: finding.level().as_str(),
            message: Message {
                text: message(finding),
            },
            locations: vec![primary(finding, self.files)],
            related_locations: related(finding, self.files),
            code_flows: code_flow(finding, self.files).into_iter().collect(),
            partial_fingerprints: Fingerprints {
                primary_location_line_hash: self.hashes.get(finding.primary.file, line),
                goleash: &finding.fingerprint,
            },
            fixes: finding.fixes.iter().map(|f| fix(f, self.files)).collect(),
            suppressions: self
                .with_suppressions
                .then(|| finding.suppressed.iter().map(suppression).collect()),
            baseline_state: self.with_baseline.then(|| {
                let state = finding.baseline.unwrap_or(BaselineState::New);
                state.as_str()
            }),
            properties: ResultProperties {
                confidence: finding.confidence.as_str(),
            },
        }
    }
}

fn primary(finding: &Finding, files: &[SourceFile]) -> Location {
    let mut primary = location(files, finding.primary, Some(plain(&finding.primary_text)));
    if !finding.function.is_empty() {
        primary.logical_locations = vec![LogicalLocation {
            fully_qualified_name: finding.function.clone(),
            kind: "function",
        }];
    }
    primary
}

fn suppression(suppression: &Suppression) -> SuppressionObject<'_> {
    SuppressionObject {
        kind: suppression.kind.as_str(),
        justification: &suppression.justification,
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
            LabelRole::Lock => "Locked",
            LabelRole::Skipped => "Not reached",
        };
        // Writing to a `String` cannot fail.
        let _ = match i {
            0 => write!(out, " {what} [here](1)"),
            _ => write!(out, ", {} [here]({})", what.to_lowercase(), i + 1),
        };
    }
    also(finding, &mut out);
    if !finding.labels.is_empty() {
        out.push('.');
    }
    if !finding.help.is_empty() {
        out.push(' ');
        out.push_str(&sentence(&finding.help));
    }
    out
}

/// Links to the steps that strand the same operation in the same way.
fn also(finding: &Finding, out: &mut String) {
    let first = finding.labels.len() + 1;
    let count = finding.also_stranded_at.len();
    let links: Vec<String> = (first..first + count.min(MAX_LINKS))
        .map(|id| format!("[here]({id})"))
        .collect();
    if links.is_empty() {
        return;
    }
    let start = if out.ends_with('.') {
        " Also"
    } else {
        ", also"
    };
    let _ = write!(out, "{start} {}", links.join(", "));
    if count > MAX_LINKS {
        let _ = write!(out, " and in {} more places", count - MAX_LINKS);
    }
    if finding.labels.is_empty() {
        out.push('.');
    }
}

/// `text` with a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>());
    plain(&format!("{}{}.", first.unwrap_or_default(), chars.as_str()))
}

/// The labels, then the places that strand the same operation too; the numbers are those the message links to.
fn related(finding: &Finding, files: &[SourceFile]) -> Vec<Location> {
    let labels = finding.labels.iter();
    let also = finding.also_stranded_at.iter();
    labels
        .map(|label| (label.at, plain(&label.text)))
        .chain(also.map(|at| (*at, "this strands it as well".to_owned())))
        .enumerate()
        .map(|(i, (at, text))| Location {
            id: Some(i + 1),
            ..location(files, at, Some(text))
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
