//! The typed view of Go syntax, and the last place that knows tree-sitter.
//!
//! In: the bytes of a file. Out: [`ast::File`]. Deliberately absent: what names refer to.

pub mod ast;
mod dump;
mod kind;
mod lower;
pub mod parts;

pub use dump::dump;

use crate::source::Span;

/// Reads a Go file. It never fails: what cannot be read is listed in [`ast::File::unreadable`].
///
/// No expression or statement lies deeper than two hundred others; a deeper one is `Bad` and unreadable. So the tree
/// may be walked by recursion.
pub fn parse_file(bytes: &[u8]) -> ast::File {
    lower::file(bytes)
}

/// Reads a file with the insides of some function bodies left out; their functions are [`ast::FuncDecl::elided`]. `None`
/// when anything else in it cannot be read: then only the whole file tells what there is.
pub fn parse_without(bytes: &[u8], elided: &[Span]) -> Option<ast::File> {
    lower::file_without(bytes, elided)
}

/// Reads functions of `file` whose bodies were left out; `functions` are their declarations with the end of the line.
/// False when that cannot be done.
#[must_use]
pub fn fill_in(bytes: &[u8], file: &mut ast::File, functions: &[Span]) -> bool {
    lower::fill_in(bytes, file, functions)
}

/// Reads functions of `file` that are no Go, each by itself and as far as that goes; their bodies were left out.
pub fn fill_in_roughly(bytes: &[u8], file: &mut ast::File, functions: &[Span]) {
    lower::fill_in_roughly(bytes, file, functions);
}

/// Reads one function of a file, without anything around it; `None` when that cannot be done.
pub fn parse_function(bytes: &[u8], function: Span) -> Option<ast::File> {
    lower::function(bytes, function)
}

/// Reads functions that `file` lacks, each by itself, and puts them in the place of what was read there; `functions` are
/// their declarations with the end of the line, in source order. Returns those of them that are Go by themselves.
pub fn add_functions(bytes: &[u8], file: &mut ast::File, functions: &[Span]) -> Vec<Span> {
    lower::add_functions(bytes, file, functions)
}
