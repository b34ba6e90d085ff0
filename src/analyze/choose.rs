//! From all leaks of a package the findings to show: one per stuck operation, told by its best witness.
//!
//! In: the leaks, and the comments that suppress some. Out: findings without fingerprints, suppressed ones marked. Each
//! leak is held against the comments by itself: where one way to strand an operation is suppressed, another still counts,
//! unless the comment stands at the operation. Whoever has looked at that need not hear of it again in other words.

use super::{Directory, Options, Stats};
use crate::defect;
use crate::finding::{Diagnosis, Finding, Suppression};
use crate::leak::{Exit, Leak, OpKind};
use crate::rule::Rule;
use crate::rules::classify;
use crate::source::{Place, SourceFile};
use crate::suppress::Suppressions;
use rustc_hash::FxHashSet;
use std::cmp::Reverse;

/// What leaks are judged by, and what has been found.
pub(super) struct Choice<'a> {
    pub(super) dir: &'a Directory,
    pub(super) options: &'a Options,
    pub(super) sources: &'a [SourceFile],
    pub(super) suppressions: &'a mut Suppressions,
    pub(super) stats: &'a mut Stats,
}

/// What has been told so far.
#[derive(Default)]
struct Told {
    findings: Vec<Finding>,
    suppressed: Vec<Finding>,
    /// The operations whose best story is suppressed by a comment at them.
    settled: FxHashSet<Place>,
    /// Large rooms of which it has been told that they fill up.
    filled: Vec<Filled>,
}

/// A large room that fills up: where the channel is made, who sends, and how the receiver was lost. Which of the sends is
/// the one too many is chance, so the first is told of.
#[derive(PartialEq, Eq)]
struct Filled {
    made: Place,
    sender: Option<Place>,
    lost: Option<Place>,
}

impl Filled {
    fn of(leak: &Leak) -> Option<Self> {
        let origin = leak.origin.as_ref().filter(|_| leak.facts.large_room)?;
        Some(Self {
            made: origin.at,
            sender: leak.spawn,
            lost: leak.stranding.at,
        })
    }
}

impl Choice<'_> {
    /// The findings for `leaks`.
    pub(super) fn choose(mut self, mut leaks: Vec<Leak>) -> Vec<Finding> {
        // Reportable exits first, then confidence, fewest assumptions, fewest items, shortest run.
        leaks.sort_by_key(|leak| {
            (
                leak.op.at,
                // A story without a failed test comes first.
                leak.facts.test_exit.is_some(),
                leak.stranding.exit == Exit::Stuck,
                Reverse(leak.confidence),
                leak.assumptions.len(),
                leak.facts.items,
                leak.witness.steps.len(),
                leak.stranding.at,
            )
        });
        let mut told = Told::default();
        for leak in leaks {
            self.one(&leak, &mut told);
        }
        told.findings.append(&mut told.suppressed);
        told.findings
    }

    fn one(&mut self, leak: &Leak, told: &mut Told) {
        let on_purpose =
            leak.op.kind == OpKind::EmptySelect || (leak.spawn.is_none() && leak.root == "main");
        if on_purpose {
            // Nobody writes `select {}`, or lets `main` wait for nothing, by mistake.
            return self.abstain("waits-on-purpose");
        }
        defect::looking_at(&self.dir.files[leak.op.at.file.index()].path, &leak.root);
        let explained = classify(leak);
        let silent = self.silent(leak, explained.as_ref());
        let any = !self.suppressions.is_empty() || !self.options.known.is_empty();
        if let Some((rule, diagnosis)) = &explained
            && any
        {
            // What is silent anyway is looked up too: a comment about it is not unused.
            let mut finding = self.finding(rule, diagnosis.clone(), leak);
            let (suppression, at_operation) = self.suppression(&finding);
            finding.suppressed = suppression;
            if finding.suppressed.is_some() {
                let at = finding.primary;
                if silent.is_none()
                    && at_operation
                    && !told.findings.iter().any(|f| f.primary == at)
                {
                    told.settled.insert(at);
                }
                let same = |f: &Finding| f.primary == finding.primary && f.rule == finding.rule;
                if silent.is_none() && !told.suppressed.iter().any(same) {
                    told.suppressed.push(finding);
                }
                return;
            }
        }
        match silent {
            None => {}
            Some(Silence::NotReported) => return,
            Some(Silence::LowConfidence) => return self.abstain("low-confidence"),
            Some(Silence::RuleOff) => return self.abstain("rule-off"),
        }
        if told.settled.contains(&leak.op.at) {
            return;
        }
        if let Some(first) = told.findings.iter_mut().find(|f| f.primary == leak.op.at) {
            fold(first, leak);
            return;
        }
        let filled = Filled::of(leak);
        if filled
            .as_ref()
            .is_some_and(|room| told.filled.contains(room))
        {
            return;
        }
        match explained {
            Some((rule, diagnosis)) => {
                told.filled.extend(filled);
                told.findings.push(self.finding(rule, diagnosis, leak));
            }
            None => self.abstain("no-rule"),
        }
    }

    /// Why a finding is suppressed, if it is, and whether a comment at the operation says so.
    fn suppression(&mut self, finding: &Finding) -> (Option<Suppression>, bool) {
        if let Some(found) = self.suppressions.find(finding, self.sources) {
            return (Some(found.suppression), found.at_operation);
        }
        let package = &self.dir.import_path;
        let mut known = self.options.known.iter();
        (
            known.find_map(|known| known.suppresses(finding, package)),
            false,
        )
    }

    /// Why nothing is said of a leak, whatever the comments say.
    fn silent(&self, leak: &Leak, explained: Option<&(&Rule, Diagnosis)>) -> Option<Silence> {
        let file = &self.dir.files[leak.op.at.file.index()];
        if !file.report {
            return Some(Silence::NotReported);
        }
        if leak.confidence < self.options.min_confidence {
            return Some(Silence::LowConfidence);
        }
        explained
            .filter(|(rule, _)| !self.options.rules_in(file).is_on(rule.id))
            .map(|_| Silence::RuleOff)
    }

    fn finding(&self, rule: &Rule, diagnosis: Diagnosis, leak: &Leak) -> Finding {
        let file = &self.dir.files[leak.op.at.file.index()];
        let mut finding = rule.finding(leak, diagnosis, &self.dir.path, self.sources);
        finding.configured_level = self.options.rules_in(file).level(rule.id);
        finding
    }

    fn abstain(&mut self, reason: &'static str) {
        *self.stats.abstentions.entry(reason).or_default() += 1;
    }
}

/// Why nothing is said of a leak.
enum Silence {
    /// Its file is only read for what it says about the others.
    NotReported,
    /// It is less sure than what is asked for.
    LowConfidence,
    /// The rule that explains it is off there.
    RuleOff,
}

/// Adds the way a leak is stranded to the finding of the same operation.
fn fold(first: &mut Finding, leak: &Leak) {
    let stranding = leak.stranding.at.filter(|at| {
        !first.also_stranded_at.contains(at) && !first.labels.iter().any(|l| l.at == *at)
    });
    first.also_stranded_at.extend(stranding);
}
