//! goleash finds goroutine leaks in Go source before they ship. `docs/architecture.md` is the map.

pub mod analyze;
pub mod finding;
pub mod flow;
pub mod leak;
pub mod library;
pub mod resolve;
pub mod rule;
pub mod solve;
pub mod source;
pub mod summary;
pub mod syntax;
