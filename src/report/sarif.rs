//! SARIF 2.1.0, written for what GitHub's code scanning reads and valid for everybody else.
//!
//! `automationDetails` only when asked for: with it in the file, the category a workflow gives its upload would be
//! ignored. No `security-severity`: a leak is a defect first, and that property would make every finding a security alert.

mod fix;
mod location;
mod model;
mod result;
mod rules;

use super::{Invocation, to_json};
use crate::analyze::{Problem, Report};
use crate::finding::Finding;
use crate::rules::RULES;
use location::{SOURCE_ROOT, artifact};
use model::{
    AutomationDetails, BaseId, Driver, InvocationObject, Location, Log, Message, Notification,
    PhysicalLocation, Region, Run, Tool,
};
use result::Results;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Of more results in one run GitHub keeps only so many, the most severe.
const GITHUB_SHOWN: usize = 5_000;
/// With more results GitHub refuses the file.
const GITHUB_TAKEN: usize = 25_000;

/// What a user can say about a log.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Tells this upload from others of the same commit (the directory or platform that was analysed).
    pub category: Option<String>,
}

/// The report as a SARIF log with one run: results by severity, then in report order.
pub fn render(report: &Report, invocation: &Invocation, options: &Options) -> String {
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|finding| Reverse(finding.level()));
    let mut results = Results::new(report);
    let results = findings.into_iter().map(|f| results.result(f)).collect();
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
            automation_details: options.category.as_deref().map(automation_details),
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

/// What GitHub's code scanning will not do with so many results, if there are so many.
pub fn beyond_limits(report: &Report) -> Option<String> {
    let count = report.findings.len();
    if count > GITHUB_TAKEN {
        Some(format!(
            "{count} results in SARIF: GitHub code scanning refuses a file with more than {GITHUB_TAKEN}; analyse in parts, \
             each with a --category of its own, or start with a baseline"
        ))
    } else if count > GITHUB_SHOWN {
        Some(format!(
            "{count} results in SARIF: GitHub code scanning shows the {GITHUB_SHOWN} most severe of one file; analyse in \
             parts, each with a --category of its own, or start with a baseline"
        ))
    } else {
        None
    }
}

/// The category in GitHub's form: all before the last slash is the category, what follows would be a run's own id.
fn automation_details(category: &str) -> AutomationDetails {
    AutomationDetails {
        id: format!("{}/", category.trim_end_matches('/')),
    }
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
    let too_many = beyond_limits(report).map(|text| Notification {
        level: "warning",
        message: Message { text },
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
