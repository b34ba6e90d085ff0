//! Bytes to a concrete syntax tree.
//!
//! In: the bytes of a Go file, whatever they are. Out: a tree whose offsets are those of the bytes, or nothing when the
//! file is too large or too costly to read. Deliberately absent: what the tree means, which is `syntax`'s to say.
//!
//! The grammar is older than the newest Go: it takes `new(expr)` and methods with type parameters for errors
//! (and, since `make` is no keyword, calls of other functions of that name). A file
//! with errors is therefore read a second time with such places masked, byte for byte, and the better tree is kept.
//! Whoever reads names must read them from the original bytes.

mod mask;

use crate::source::Span;
use std::cell::RefCell;
use std::ops::ControlFlow;
use tree_sitter::{Node, ParseOptions, Parser, Point, Range, Tree};

/// Larger files are not read: a tree takes many times the memory of its text.
const MAX_BYTES: usize = 16 << 20;

/// Progress reports (one per hundred parser operations) allowed to every file, and to every [`BYTES_PER_STEP`] of it.
/// Over Go's own source tree a file takes one per 120 bytes on average, and one per 45 at worst. It is a count and not
/// a clock, so that a verdict never depends on the machine.
const BASE_STEPS: usize = 20_000;
const BYTES_PER_STEP: usize = 10;

thread_local! {
    static PARSER: RefCell<Option<Parser>> = RefCell::new(new_parser());
}

/// A syntax tree with what was done to obtain it.
pub(crate) struct Parsed {
    /// The tree.
    pub(crate) tree: Tree,
    /// Type parameter lists of methods (brackets included) that the tree does not show.
    pub(crate) blanked: Vec<Span>,
}

/// Reads only the `kept` parts of `bytes`, as if nothing stood between them; `None` when anything in them cannot be read.
pub(crate) fn parse_parts(bytes: &[u8], kept: &[Span]) -> Option<Parsed> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    let ranges = ranges(bytes, kept);
    let tree = parse_bytes(bytes, 0, &ranges)?;
    if !tree.root_node().has_error() {
        return Some(Parsed {
            tree,
            blanked: Vec::new(),
        });
    }
    // Nothing before and behind the parts is looked at: that would cost as much for each function read by itself.
    let start = kept.first().map_or(0, |span| span.start);
    let end = kept.last().map_or(bytes.len(), |span| span.end as usize);
    let mut masked = mask::mask(&bytes[start as usize..end])?;
    let tree = parse_bytes(&masked.bytes, start as usize, &ranges)?;
    for span in &mut masked.blanked {
        (span.start, span.end) = (span.start + start, span.end + start);
    }
    (!tree.root_node().has_error()).then_some(Parsed {
        tree,
        blanked: masked.blanked,
    })
}

/// Reads one part of `bytes`, as if there were nothing else, errors and all.
pub(crate) fn parse_part(bytes: &[u8], part: Span) -> Option<Parsed> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    Some(Parsed {
        tree: parse_bytes(bytes, 0, &ranges(bytes, &[part]))?,
        blanked: Vec::new(),
    })
}

/// Spans as the parser wants them: with rows and columns, which nobody asks for and which are counted from the first of
/// them; counting from the start of the file would cost as much for each function that is read by itself.
fn ranges(bytes: &[u8], kept: &[Span]) -> Vec<Range> {
    let start = kept.first().map_or(0, |span| span.start as usize);
    let (mut at, mut row, mut line) = (start, 0, start);
    let mut point = |to: u32| {
        let to = to as usize;
        for end in memchr::memchr_iter(b'\n', &bytes[at..to]) {
            row += 1;
            line = at + end + 1;
        }
        at = to;
        Point {
            row,
            column: to - line,
        }
    };
    kept.iter()
        .map(|span| Range {
            start_byte: span.start as usize,
            end_byte: span.end as usize,
            start_point: point(span.start),
            end_point: point(span.end),
        })
        .collect()
}

/// Reads `bytes`; `None` when that would take too much.
pub(crate) fn parse(bytes: &[u8]) -> Option<Parsed> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    let tree = parse_bytes(bytes, 0, &[])?;
    let plain = Parsed {
        tree,
        blanked: Vec::new(),
    };
    let root = plain.tree.root_node();
    if !root.has_error() {
        return Some(plain);
    }
    let Some(masked) = mask::mask(bytes) else {
        return Some(plain);
    };
    let Some(tree) = parse_bytes(&masked.bytes, 0, &[]) else {
        return Some(plain);
    };
    if error_bytes(tree.root_node()) < error_bytes(root) {
        return Some(Parsed {
            tree,
            blanked: masked.blanked,
        });
    }
    Some(plain)
}

/// Calls `found` with the span of every outermost error in `node`, in source order.
pub(crate) fn for_each_error(node: Node<'_>, mut found: impl FnMut(Span)) {
    let mut cursor = node.walk();
    loop {
        let here = cursor.node();
        let wrong = here.is_error() || here.is_missing();
        if wrong {
            found(Span::new(here.start_byte(), here.end_byte()));
        }
        if !wrong && here.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// How much of the text the tree could not place; something missing counts as one byte.
fn error_bytes(root: Node<'_>) -> usize {
    let mut sum = 0;
    for_each_error(root, |span| sum += (span.end - span.start).max(1) as usize);
    sum
}

fn new_parser() -> Option<Parser> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_go::LANGUAGE.into()).ok()?;
    Some(parser)
}

/// Reads the `ranges` of a file, or all of it where there are none; `bytes` are those from `start` on.
fn parse_bytes(bytes: &[u8], start: usize, ranges: &[Range]) -> Option<Tree> {
    let budget = BASE_STEPS + bytes.len() / BYTES_PER_STEP;
    let mut steps = 0;
    let mut progress = |_: &tree_sitter::ParseState| {
        steps += 1;
        if steps > budget {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    PARSER.with_borrow_mut(|slot| {
        let parser = slot.as_mut()?;
        parser.set_included_ranges(ranges).ok()?;
        let tree = parser.parse_with_options(
            &mut |at, _| {
                let rest = at.checked_sub(start).and_then(|at| bytes.get(at..));
                rest.unwrap_or_default()
            },
            None,
            Some(ParseOptions::new().progress_callback(&mut progress)),
        );
        if tree.is_none() {
            // Otherwise the next file would be read as the continuation of this one.
            parser.reset();
        }
        tree
    })
}

/// Names of the type parameters in a blanked list, as spans of `bytes`.
pub(crate) fn parameter_names(bytes: &[u8], list: Span) -> Vec<Span> {
    let at = list.start as usize;
    mask::parameter_names(&bytes[at..list.end as usize])
        .into_iter()
        .map(|(start, end)| Span::new(at + start, at + end))
        .collect()
}
