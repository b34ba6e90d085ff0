//! Every byte of a file read, and functions found again that the parser has lost.
//!
//! In: bytes. Out: syntax. Where something at the top of a file is not closed, or is half typed, the parser takes what
//! follows for a part of it. Functions that the lexer tells from that by their formatting are read by themselves then.

use super::read::parts;
use crate::outline::{Outline, outline};
use crate::source::Span;
use crate::syntax::ast::{Decl, File};
use crate::syntax::{add_functions, fill_in_roughly, parse_file};
use rustc_hash::FxHashSet;

/// Parses every byte of a file; functions that are no Go, and those that the parser loses, by themselves.
pub(super) fn every_byte(bytes: &[u8]) -> File {
    let outline = outline(bytes);
    let broken = |index: usize| outline.functions[index].broken;
    let Some(mut file) = parts(bytes, &outline, &broken) else {
        let mut file = parse_file(bytes);
        find_again(bytes, &outline, &mut file);
        return file;
    };
    let broken = outline.functions.iter().filter(|f| f.broken);
    let broken: Vec<Span> = broken.map(|function| function.span).collect();
    fill_in_roughly(bytes, &mut file, &broken);
    tell_broken(&outline, &mut file);
    file
}

/// Tells of the functions that are no Go by themselves.
pub(super) fn tell_broken(outline: &Outline, ast: &mut File) {
    let broken = outline.functions.iter().filter(|f| f.broken);
    ast.unreadable.extend(broken.map(|function| function.body));
    ast.unreadable.sort_unstable();
    ast.unreadable.dedup();
}

/// Reads the functions by themselves that are not in a file of which something could not be read.
fn find_again(bytes: &[u8], outline: &Outline, file: &mut File) {
    if file.unreadable.is_empty() {
        return;
    }
    let start = |decl: &Decl| match decl {
        Decl::Func(function) => Some(function.span.start),
        _ => None,
    };
    let known: FxHashSet<u32> = file.decls.iter().filter_map(start).collect();
    let sound = outline.functions.iter().filter(|f| !f.broken);
    let lost = sound.filter(|function| !known.contains(&function.span.start));
    let lost: Vec<Span> = lost.map(|function| function.span).collect();
    let found = add_functions(bytes, file, &lost);
    if let Some(first) = found.first() {
        let left = without(bytes, &file.unreadable, &found);
        // Something before it made the parser lose it.
        let cause = || bytes[..first.start as usize].trim_ascii_end().len();
        file.unreadable = if left.is_empty() {
            vec![Span::new(cause().saturating_sub(1), cause())]
        } else {
            left
        };
    }
}

/// What of `spans` is not in `found`, which are in source order, and is more than white space.
fn without(bytes: &[u8], spans: &[Span], found: &[Span]) -> Vec<Span> {
    let mut left = Vec::new();
    for span in spans {
        let mut start = span.start;
        let first = found.partition_point(|f| f.end <= span.start);
        for hole in found[first..].iter().take_while(|f| f.start < span.end) {
            left.push(Span {
                start,
                end: hole.start.max(start),
            });
            start = hole.end;
        }
        left.push(Span {
            start,
            end: span.end.max(start),
        });
    }
    left.retain(|span| {
        let text = &bytes[span.start as usize..span.end as usize];
        !text.trim_ascii().is_empty()
    });
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the functions that are read while `typed` stands between two of them, and what is not read.
    fn functions(typed: &str) -> (Vec<String>, Vec<String>) {
        let text = format!(
            "package p\n\nfunc f() {{\n\tgo x()\n}}\n\n{typed}\n\nfunc (t *T) g(x int) {{\n\tgo y()\n}}\n\nfunc h() {{\n}}\n"
        );
        let file = every_byte(text.as_bytes());
        let names = file.decls.iter().filter_map(|decl| match decl {
            Decl::Func(f) => Some(f.name.to_string()),
            _ => None,
        });
        let at = |span: &Span| {
            text[span.start as usize..span.end as usize]
                .trim()
                .to_owned()
        };
        (names.collect(), file.unreadable.iter().map(at).collect())
    }

    #[test]
    fn what_is_half_typed_hides_no_function() {
        for typed in [
            "var x = ",
            "var x = \"abc",
            "var x = `abc",
            "var x = call(",
            "var x = []int{",
            "type T",
            "type T struct {\n\ta int",
            "type T interface {",
            "import \"net/ht",
            "import (",
            "func",
            "func typed(n int",
            "/* why",
            "}",
            ")",
        ] {
            let (names, unreadable) = functions(typed);
            assert_eq!(names, ["f", "g", "h"], "{typed}");
            assert!(!unreadable.is_empty(), "{typed}");
            let told = unreadable.join(" ");
            assert!(!told.contains("go y"), "{typed}: {told}");
        }
        for typed in ["func typed(n int) {", "func typed(n int) {\n\tx(\n\tif y {"] {
            let (names, unreadable) = functions(typed);
            assert!(
                names.ends_with(&["g".to_owned(), "h".to_owned()]),
                "{typed}: {names:?}"
            );
            assert!(!unreadable.is_empty(), "{typed}");
        }
    }

    #[test]
    fn what_stands_in_a_literal_is_no_function() {
        let (names, _) = functions("var x = )\nvar y = `\nfunc z() {\n}\n`");
        assert!(!names.contains(&"z".to_owned()), "{names:?}");
    }
}
