//! Which repairs are made together.

use super::Changes;
use crate::finding::{Edit, Finding, Fix, Safety};
use std::collections::BTreeSet;

/// Repairs that can be made at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Their edits, sorted by place, none overlapping another.
    pub edits: Vec<Edit>,
    /// How many findings they repair.
    pub repaired: usize,
    /// How many findings have a repair that gets in the way of those of others; it may fit once those are made.
    pub put_off: usize,
}

/// The best repair of each finding that is not suppressed, safe ones or all, in the order of the findings. One that
/// overlaps an earlier one is put off. A repair that two findings share is made once.
pub fn plan(findings: &[Finding], unsafe_too: bool) -> Plan {
    let open = findings.iter().filter(|f| f.suppressed.is_none());
    together(open.filter_map(|finding| best(finding, unsafe_too)))
}

/// The repair to make of a finding's, if there is one.
pub fn best(finding: &Finding, unsafe_too: bool) -> Option<&Fix> {
    let mut fixes = finding.fixes.iter();
    fixes.find(|fix| unsafe_too || fix.safety == Safety::Safe)
}

fn together<'f>(fixes: impl Iterator<Item = &'f Fix>) -> Plan {
    let mut plan = Plan::default();
    for fix in fixes {
        let shared = fix.edits.iter().filter(|e| plan.edits.contains(e)).count();
        if shared == fix.edits.len() {
            plan.repaired += 1;
        } else if shared == 0 && fits(&plan.edits, fix) {
            plan.edits.extend(fix.edits.iter().cloned());
            plan.repaired += 1;
        } else {
            plan.put_off += 1;
        }
    }
    plan.edits.sort_by_key(|edit| edit.at);
    plan
}

fn fits(edits: &[Edit], fix: &Fix) -> bool {
    let files: BTreeSet<_> = fix.edits.iter().map(|edit| edit.at.file).collect();
    files
        .into_iter()
        .all(|file| Changes::of(edits.iter().chain(&fix.edits), file).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FixKind;
    use crate::source::{FileId, Place, Span};

    fn fix(edits: &[(u32, usize, usize)]) -> Fix {
        let edit = |(file, start, end): &(u32, usize, usize)| Edit {
            at: Place {
                file: FileId(*file),
                span: Span::new(*start, *end),
            },
            replacement: "x".to_owned(),
        };
        Fix {
            title: String::new(),
            kind: FixKind::Close,
            safety: Safety::Safe,
            edits: edits.iter().map(edit).collect(),
        }
    }

    #[test]
    fn what_overlaps_an_earlier_repair_is_put_off() {
        let fixes = [
            fix(&[(0, 10, 12), (1, 0, 0)]),
            // The same once more: two findings share it.
            fix(&[(0, 10, 12), (1, 0, 0)]),
            // Half of it, and one that overlaps.
            fix(&[(1, 0, 0)]),
            fix(&[(0, 11, 13)]),
            fix(&[(0, 0, 3)]),
        ];
        let plan = together(fixes.iter());
        assert_eq!((plan.repaired, plan.put_off), (4, 1));
        let places: Vec<_> = plan
            .edits
            .iter()
            .map(|e| (e.at.file.0, e.at.span.start))
            .collect();
        assert_eq!(places, [(0, 0), (0, 10), (1, 0)]);
    }
}
