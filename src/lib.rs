//! goleash finds goroutine leaks in Go source before they ship. `docs/architecture.md` is the map.

pub mod analyze;
pub mod finding;
pub mod leak;
pub mod parse;
pub mod rule;
pub mod source;
pub mod syntax;
