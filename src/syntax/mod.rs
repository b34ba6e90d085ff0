//! The typed view of Go syntax, and the last place that knows tree-sitter.

pub mod ast;
