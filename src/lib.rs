//! goleash finds goroutine leaks in Go source before they ship. `docs/architecture.md` is the map.

pub mod analyze;
pub mod baseline;
pub mod cli;
pub mod client;
pub mod config;
pub mod defect;
pub mod examine;
pub mod exposure;
pub mod finding;
pub mod fix;
pub mod flow;
pub mod gomod;
pub mod leak;
pub mod library;
pub mod lsp;
pub mod merge;
pub mod model;
pub mod nearest;
pub mod outline;
pub mod package;
pub mod parse;
pub mod patch;
pub mod report;
pub mod requests;
pub mod resolve;
pub mod rule;
pub mod scope;
pub mod selection;
pub mod since;
pub mod slice;
pub mod solve;
pub mod source;
pub mod stage;
pub mod stop;
pub mod summary;
pub mod suppress;
pub mod syntax;
pub mod vettool;
pub mod walk;

// Rules live beside their pages, outside `src/`, so that one folder holds all there is to know about a rule.
#[path = "../rules/registry.rs"]
pub mod rules;
