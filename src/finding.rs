//! What a user is shown: a [`Diagnosis`] is what a rule says of a leak, a [`Finding`] is that plus everything an output
//! format needs. Every format reads findings and nothing else.

mod build;
mod fingerprint;
mod fix;
mod text;

pub use build::build;
pub use fingerprint::{Identity, assign_fingerprints, enclosing};
pub use fix::{Anchors, Edit, Fix, FixKind, FixWish, Release, Safety};

use crate::leak::{Confidence, Step};
use crate::source::Place;

/// How bad a rule's findings are, before confidence is looked at. A property of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// A defect.
    Warning,
    /// A defect that will bite.
    Error,
}

impl Severity {
    /// The word users and configuration files write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl SuppressionKind {
    /// The word machine-readable formats write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InSource => "inSource",
            Self::External => "external",
        }
    }
}

impl Confidence {
    /// The word users and configuration files write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What a rule says of a leak it recognises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What is wrong: lower case, no full stop, no line numbers; names the channel and the path that strands it.
    pub message: String,
    /// What to do and why it suffices: an imperative sentence.
    pub help: String,
    /// The repairs to offer where they can be made, the best first.
    pub fixes: Vec<FixWish>,
}

/// Why a secondary place is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LabelRole {
    /// Where the primitive was made.
    Make,
    /// Where the stuck goroutine was started.
    Spawn,
    /// The step that stranded it.
    Stranding,
    /// Where a lock is taken that somebody needs, or somebody waits for it.
    Lock,
    /// A `close`, `Done` or `make` that would have helped and is not reached.
    Skipped,
}

/// A secondary place with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub at: Place,
    /// Why.
    pub role: LabelRole,
    /// What the user reads there: lower case, no full stop.
    pub text: String,
}

/// Who said that a finding is known and need not be acted on; the words are SARIF's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SuppressionKind {
    /// A comment in the source.
    InSource,
    /// Something outside it: a configuration, a baseline.
    External,
}

/// How a finding stands to a baseline; the words are SARIF's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BaselineState {
    /// The baseline does not have it.
    New,
    /// The baseline has it.
    Unchanged,
    /// The baseline has it, and code around it has changed since.
    Updated,
}

impl BaselineState {
    /// The word machine-readable formats write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Unchanged => "unchanged",
            Self::Updated => "updated",
        }
    }
}

/// Why a finding is shown as suppressed. Suppressed findings are in a report only on request, and never fail a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Who said so.
    pub kind: SuppressionKind,
    /// The reason given; empty when there is none.
    pub justification: String,
}

/// One finding. `Place`s index the files of the report that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, such as `early-return`.
    pub rule: &'static str,
    /// The rule's severity.
    pub severity: Severity,
    /// How sure this finding is.
    pub confidence: Confidence,
    /// The level the user's configuration gives the rule; it wins over severity and confidence.
    pub configured_level: Option<Severity>,
    /// See [`Diagnosis::message`].
    pub message: String,
    /// See [`Diagnosis::help`].
    pub help: String,
    /// The operation that sits there for ever.
    pub primary: Place,
    /// The text at the primary place, such as ``this send on `ch` blocks for ever``.
    pub primary_text: String,
    /// The Go runtime's wait reason, such as `chan send`.
    pub wait_reason: &'static str,
    /// The function that holds the stuck operation, as in Go's stack traces without the package.
    pub function: String,
    /// Directory of the package as users know it (`.` for the current one).
    pub package: String,
    /// Make, spawn, stranding step, skipped act; at most one of each role, in the order of the run.
    pub labels: Vec<Label>,
    /// Further stranding steps of the same operation that were folded into this finding.
    pub also_stranded_at: Vec<Place>,
    /// The run, in order, ending at the primary place.
    pub witness: Vec<Step>,
    /// Repairs, the best first; empty unless they were asked for.
    pub fixes: Vec<Fix>,
    /// What has to hold, each ready to follow "if"; stated in the message too.
    pub assumptions: Vec<String>,
    /// Whether the primary place is in a `_test.go` file.
    pub in_test: bool,
    /// What it is about, wherever it stands.
    pub identity: Identity,
    /// That and the rule in 16 lowercase hex digits: the same as long as edits happen elsewhere in the code.
    pub fingerprint: String,
    /// Why it need not be acted on, when somebody said so.
    pub suppressed: Option<Suppression>,
    /// What a baseline knows of it, when there is one.
    pub baseline: Option<BaselineState>,
}

impl Finding {
    /// How loud to be: as configured, or else the rule's severity, lowered when the finding rests on an assumption or on
    /// shape alone.
    pub fn level(&self) -> Severity {
        if let Some(level) = self.configured_level {
            return level;
        }
        match self.confidence {
            Confidence::High => self.severity,
            Confidence::Medium => self.severity.min(Severity::Warning),
            Confidence::Low => Severity::Note,
        }
    }
}

impl LabelRole {
    /// The word machine-readable formats write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Make => "make",
            Self::Spawn => "spawn",
            Self::Stranding => "stranding",
            Self::Lock => "lock",
            Self::Skipped => "skipped",
        }
    }
}
