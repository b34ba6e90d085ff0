//! Which findings a baseline knows.

use super::{Baseline, Entry};
use crate::finding::{BaselineState, Finding};
use crate::rules::by_name;
use std::collections::BTreeMap;

impl Baseline {
    /// Sets the state of every finding that is not suppressed; returns, for each entry, whether a finding used it.
    pub fn mark(&self, findings: &mut [Finding]) -> Vec<bool> {
        let (states, used) = self.states(findings);
        for (finding, state) in findings.iter_mut().zip(states) {
            finding.baseline = state;
        }
        used
    }

    /// The state of every finding, none for one that is suppressed; and, for each entry, whether a finding used it.
    ///
    /// An entry and a finding with one fingerprint are the same. Else they are when rule (under its present id), package,
    /// function, operation and make agree and they have a stranding step in common: code elsewhere can decide which of
    /// several steps a finding tells of, and how many of its like stand before it.
    pub fn states(&self, findings: &[Finding]) -> (Vec<Option<BaselineState>>, Vec<bool>) {
        let mut used = vec![false; self.entries.len()];
        let by_print = self.index(|entry| entry.fingerprint.as_str());
        let by_place = self.index(|entry| (entry.package.as_str(), entry.function.as_str()));
        let mut states: Vec<_> = findings
            .iter()
            .map(|finding| {
                let known = by_print.get(finding.fingerprint.as_str());
                let state = match finding.suppressed {
                    Some(_) => return None,
                    None if take(known, &mut used, |_| true) => BaselineState::Unchanged,
                    None => BaselineState::New,
                };
                Some(state)
            })
            .collect();
        // Only what no finding is equal to is left for those that are alike.
        for (finding, state) in findings.iter().zip(&mut states) {
            if *state == Some(BaselineState::New) {
                let identity = &finding.identity;
                let near = by_place.get(&(identity.package.as_str(), identity.function.as_str()));
                if take(near, &mut used, |index| {
                    is_like(&self.entries[index], finding)
                }) {
                    *state = Some(BaselineState::Updated);
                }
            }
        }
        (states, used)
    }

    fn index<'e, K: Ord>(&'e self, key: impl Fn(&'e Entry) -> K) -> BTreeMap<K, Vec<usize>> {
        let mut index: BTreeMap<K, Vec<usize>> = BTreeMap::new();
        for (at, entry) in self.entries.iter().enumerate() {
            index.entry(key(entry)).or_default().push(at);
        }
        index
    }
}

/// Uses up the first of these entries that is free and fits; says whether there was one.
fn take(entries: Option<&Vec<usize>>, used: &mut [bool], fits: impl Fn(usize) -> bool) -> bool {
    let found = entries
        .into_iter()
        .flatten()
        .find(|index| !used[**index] && fits(**index));
    if let Some(index) = found {
        used[*index] = true;
    }
    found.is_some()
}

/// Whether an entry of the same function is about the same operation.
fn is_like(entry: &Entry, finding: &Finding) -> bool {
    let identity = &finding.identity;
    let rule = by_name(&entry.rule).map_or(entry.rule.as_str(), |rule| rule.id);
    let shared = entry
        .stranded
        .iter()
        .any(|step| identity.stranded.iter().any(|other| same_code(step, other)));
    rule == finding.rule
        && same_code(&entry.operation, &identity.operation)
        && same_code(&entry.made, &identity.made)
        && (shared || (entry.stranded.is_empty() && identity.stranded.is_empty()))
}

/// Whether two pieces of code differ in nothing but layout.
fn same_code(a: &str, b: &str) -> bool {
    let letters = |text: &'_ str| text.split_whitespace().collect::<String>();
    a == b || letters(a) == letters(b)
}
