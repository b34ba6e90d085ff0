//! Findings that a configuration knows to be wrong, by the function they are in.

use crate::finding::{Finding, Suppression, SuppressionKind, enclosing};

/// A function in which findings of a rule are known to be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// As in Go's stack traces, with or without the package in front: `run`, `(*T).run`, `example.com/m/pool.(*T).run`, or
    /// only the end of the package's path: `pool.(*T).run`. Function literals belong to the function they stand in.
    pub function: String,
    /// The rule; `None` for every rule.
    pub rule: Option<&'static str>,
    /// Why they are wrong.
    pub reason: String,
}

impl Known {
    /// Why `finding`, in the package imported as `package`, is suppressed, if this entry is about it.
    pub fn suppresses(&self, finding: &Finding, package: &str) -> Option<Suppression> {
        let about = self.rule.is_none_or(|rule| rule == finding.rule)
            && is_named(&self.function, package, enclosing(&finding.function));
        about.then(|| Suppression {
            kind: SuppressionKind::External,
            justification: self.reason.clone(),
        })
    }
}

/// Whether `name` stands for `function` of `package`.
fn is_named(name: &str, package: &str, function: &str) -> bool {
    let Some(before) = name.strip_suffix(function) else {
        return false;
    };
    let Some(path) = before.strip_suffix('.') else {
        return before.is_empty();
    };
    package
        .strip_suffix(path)
        .is_some_and(|above| above.is_empty() || above.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_with_as_much_of_their_package_as_one_likes() {
        let named = |name: &str| is_named(name, "example.com/m/pool", "(*T).run");
        for name in [
            "(*T).run",
            "pool.(*T).run",
            "m/pool.(*T).run",
            "example.com/m/pool.(*T).run",
        ] {
            assert!(named(name), "{name}");
        }
        for name in [
            "T.run",
            "run",
            "ool.(*T).run",
            "x/pool.(*T).run",
            ".(*T).run",
            "",
        ] {
            assert!(!named(name), "{name}");
        }
        assert!(is_named("main.run", "main", "run"));
        assert!(!is_named("xrun", "main", "run"));
    }
}
