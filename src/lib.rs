//! goleash finds goroutine leaks in Go source before they ship. `docs/architecture.md` is the map.

pub mod analyze;
pub mod cli;
pub mod finding;
pub mod gomod;
pub mod leak;
pub mod merge;
pub mod package;
pub mod report;
pub mod rule;
pub mod source;
pub mod syntax;
pub mod walk;

/// The rules; empty until the registry is attached.
pub mod rules {
    /// The list of rules.
    pub mod registry {
        /// Every rule, most specific first.
        pub const RULES: &[crate::rule::Rule] = &[];
    }
}
