//! Identity of a finding across edits elsewhere: a hash of what it is about, never of where it stands.
//!
//! Line numbers and file names stay out, so code may move; white space is collapsed, so it may be reformatted. Equal
//! findings of one package are told apart by counting them in report order.

use super::{Finding, LabelRole};
use crate::source::{Place, SourceFile};
use std::collections::BTreeMap;

/// Sets the fingerprint of every finding. They must be in report order, and hold all findings of each package in them:
/// equal ones are numbered.
pub fn assign_fingerprints(findings: &mut [Finding], files: &[SourceFile]) {
    let mut seen: BTreeMap<u64, u32> = BTreeMap::new();
    for finding in findings {
        let base = identity(finding, files);
        let ordinal = seen.entry(base).or_default();
        let hash = fnv1a(base, &ordinal.to_le_bytes());
        *ordinal += 1;
        finding.fingerprint = format!("{hash:016x}");
    }
}

fn identity(finding: &Finding, files: &[SourceFile]) -> u64 {
    let label = |role| {
        finding
            .labels
            .iter()
            .find(|label| label.role == role)
            .map_or_else(String::new, |label| line_text(label.at, files))
    };
    let parts = [
        finding.rule.to_owned(),
        finding.package.clone(),
        enclosing(&finding.function).to_owned(),
        line_text(finding.primary, files),
        label(LabelRole::Make),
        label(LabelRole::Stranding),
    ];
    // The terminator keeps ("ab", "c") and ("a", "bc") apart; no part holds a NUL that matters.
    parts.iter().fold(FNV_OFFSET, |hash, part| {
        fnv1a(fnv1a(hash, part.as_bytes()), &[0])
    })
}

/// The declared function around literals: `(*T).run` of `(*T).run.func2.1`. Literals are numbered, so a new one
/// above would change the name.
fn enclosing(function: &str) -> &str {
    function
        .match_indices(".func")
        .find(|(at, found)| function[at + found.len()..].starts_with(|c: char| c.is_ascii_digit()))
        .map_or(function, |(at, _)| &function[..at])
}

fn line_text(at: Place, files: &[SourceFile]) -> String {
    let Some(file) = files.get(at.file.index()) else {
        return String::new();
    };
    let line = String::from_utf8_lossy(file.line_bytes(file.line(at.span.start)));
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a, 64 bits: small, stable for ever, and collisions are no attack here.
fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a_has_its_published_values() {
        assert_eq!(fnv1a(FNV_OFFSET, b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(FNV_OFFSET, b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(FNV_OFFSET, b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn literals_belong_to_their_function() {
        assert_eq!(enclosing("(*T).run.func2.1"), "(*T).run");
        assert_eq!(enclosing("run.funcs"), "run.funcs");
        assert_eq!(enclosing("run"), "run");
    }
}
