//! Identity of a finding across edits elsewhere: what it is about, never where it stands.
//!
//! Line numbers and file names stay out, so code may move; white space and comments stay out, so it may be reformatted and
//! annotated. Equal findings of one package are told apart by counting them in report order.

use super::text::code_from;
use super::{Finding, LabelRole};
use crate::source::{Place, SourceFile};
use std::collections::BTreeMap;

/// What a finding is about: with the rule, the parts of its fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The package, as others import it.
    pub package: String,
    /// The declared function that holds the operation, without its package: `run`, `(*T).run`.
    pub function: String,
    /// The code of the operation.
    pub operation: String,
    /// The code that makes the primitive; empty when that is not known.
    pub made: String,
    /// The code of the stranding steps: the one the finding tells of, then those folded into it.
    pub stranded: Vec<String>,
}

/// Sets identity and fingerprint of every finding. They must be in report order, and hold all findings of the package
/// that is imported as `package`: equal ones are numbered.
pub fn assign_fingerprints(findings: &mut [Finding], files: &[SourceFile], package: &str) {
    let mut seen: BTreeMap<u64, u32> = BTreeMap::new();
    for finding in findings {
        finding.identity = identity(finding, files, package);
        let base = finding.identity.hash(finding.rule);
        let ordinal = seen.entry(base).or_default();
        let hash = fnv1a(base, &ordinal.to_le_bytes());
        *ordinal += 1;
        finding.fingerprint = format!("{hash:016x}");
    }
}

fn identity(finding: &Finding, files: &[SourceFile], package: &str) -> Identity {
    let code = |at: Place| {
        files
            .get(at.file.index())
            .map_or_else(String::new, |file| code_from(file, at.span.start))
    };
    let label = |role| {
        let found = finding.labels.iter().find(|label| label.role == role);
        found.map(|label| code(label.at))
    };
    Identity {
        package: package.to_owned(),
        function: enclosing(&finding.function).to_owned(),
        operation: code(finding.primary),
        made: label(LabelRole::Make).unwrap_or_default(),
        stranded: label(LabelRole::Stranding)
            .into_iter()
            .chain(finding.also_stranded_at.iter().map(|at| code(*at)))
            .collect(),
    }
}

impl Identity {
    /// The first stranding step only: which others lead to the same operation may change with code elsewhere.
    fn hash(&self, rule: &str) -> u64 {
        let parts = [
            rule,
            &self.package,
            &self.function,
            &self.operation,
            &self.made,
            self.stranded.first().map_or("", String::as_str),
        ];
        // The terminator keeps ("ab", "c") and ("a", "bc") apart; no part holds a NUL that matters.
        parts.iter().fold(FNV_OFFSET, |hash, part| {
            let letters = part.split_whitespace();
            let hash = letters.fold(hash, |hash, word| fnv1a(hash, word.as_bytes()));
            fnv1a(hash, &[0])
        })
    }
}

/// The declared function around literals: `(*T).run` of `(*T).run.func2.1`. Literals are numbered, so a new one
/// above would change the name.
pub fn enclosing(function: &str) -> &str {
    function
        .match_indices(".func")
        .find(|(at, found)| function[at + found.len()..].starts_with(|c: char| c.is_ascii_digit()))
        .map_or(function, |(at, _)| &function[..at])
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

    #[test]
    fn white_space_is_no_part_of_it() {
        let hash = |operation: &str, made: &str| {
            let identity = Identity {
                operation: operation.to_owned(),
                made: made.to_owned(),
                ..Identity::default()
            };
            identity.hash("r")
        };
        assert_eq!(hash("ch<-v", ""), hash("ch <- v", ""));
        assert_ne!(hash("ch <- v", ""), hash("ch <- w", ""));
        assert_ne!(hash("ab", "c"), hash("a", "bc"));
    }
}
