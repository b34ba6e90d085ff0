//! A baseline: findings that a team has accepted for now. What is in it does not count; what is not in it is new.
//!
//! In: the text of a baseline file, and findings. Out: which findings are known, which entries are used up. An entry holds
//! the parts of a fingerprint and no line numbers, so edits elsewhere leave it valid. Deliberately absent: reading and
//! writing files, and deciding whether an entry without a finding is stale, which depends on what was looked at.

mod file;
mod matching;
#[cfg(test)]
mod tests;

pub use file::{FORMAT_VERSION, Invalid};

use crate::analyze::Report;
use crate::finding::Finding;
use crate::leak::Confidence;
use serde::{Deserialize, Serialize};

/// Accepted findings, sorted by what they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The entries.
    pub entries: Vec<Entry>,
}

/// One accepted finding. The order of the fields is that of the file, and their order sorts the entries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The package, as others import it.
    pub package: String,
    /// The declared function that holds the operation.
    pub function: String,
    /// The rule's id when the entry was made.
    pub rule: String,
    /// The code of the operation that blocks.
    pub operation: String,
    /// The code that makes the primitive.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub made: String,
    /// The code of the steps that strand the operation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stranded: Vec<String>,
    /// The file, relative to the folder of the baseline. Says where to look, and is no part of the identity.
    pub file: String,
    /// `low` or `medium`; nothing for findings that are sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Unsure>,
    /// See [`Finding::fingerprint`].
    pub fingerprint: String,
}

/// A confidence that is not high.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unsure {
    /// See [`Confidence::Low`].
    Low,
    /// See [`Confidence::Medium`].
    Medium,
}

impl Entry {
    /// How sure the finding was.
    pub fn confidence(&self) -> Confidence {
        match self.confidence {
            Some(Unsure::Low) => Confidence::Low,
            Some(Unsure::Medium) => Confidence::Medium,
            None => Confidence::High,
        }
    }

    /// The entry for a finding in `file`.
    fn of(finding: &Finding, file: String) -> Self {
        let identity = &finding.identity;
        Self {
            package: identity.package.clone(),
            function: identity.function.clone(),
            rule: finding.rule.to_owned(),
            operation: identity.operation.clone(),
            made: identity.made.clone(),
            stranded: identity.stranded.clone(),
            file,
            confidence: match finding.confidence {
                Confidence::Low => Some(Unsure::Low),
                Confidence::Medium => Some(Unsure::Medium),
                Confidence::High => None,
            },
            fingerprint: finding.fingerprint.clone(),
        }
    }
}

impl Baseline {
    /// The baseline that accepts every finding of `report` that is not suppressed; `file` turns the path of a file as
    /// reports show it into one relative to the folder of the baseline.
    pub fn of(report: &Report, file: impl Fn(&str) -> String) -> Self {
        let path = |finding: &Finding| {
            let found = report.files.get(finding.primary.file.index());
            found.map_or_else(String::new, |source| file(source.path()))
        };
        let findings = report.findings.iter();
        Self::sorted(
            findings
                .filter(|finding| finding.suppressed.is_none())
                .map(|finding| Entry::of(finding, path(finding)))
                .collect(),
        )
    }

    /// A baseline of these entries, which may be in any order and may repeat.
    pub fn sorted(mut entries: Vec<Entry>) -> Self {
        entries.sort();
        entries.dedup();
        Self { entries }
    }
}
