//! The typed view of Go syntax, and the last place that knows tree-sitter.
//!
//! In: the bytes of a file. Out: [`ast::File`]. Deliberately absent: what names refer to.

pub mod ast;
mod dump;
mod kind;
mod lower;
pub mod parts;

pub use dump::dump;

/// Reads a Go file. It never fails: what cannot be read is listed in [`ast::File::unreadable`].
///
/// No expression or statement lies deeper than two hundred others; a deeper one is `Bad` and unreadable. So the tree
/// may be walked by recursion.
pub fn parse_file(bytes: &[u8]) -> ast::File {
    lower::file(bytes)
}
