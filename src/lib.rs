//! goleash finds goroutine leaks in Go source before they ship. `docs/architecture.md` is the map.

pub mod analyze;
pub mod finding;
pub mod leak;
pub mod report;
pub mod rule;
// Rules live beside their pages, outside `src`, so that a rule is one place to read and to change.
#[path = "../rules/registry.rs"]
pub mod rules;
pub mod source;
pub mod syntax;
