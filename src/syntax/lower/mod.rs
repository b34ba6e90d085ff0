//! Lowering: the grammar's tree to the arenas of [`crate::syntax::ast`].
//!
//! Errors are settled where they stand: a statement with an error of its own becomes [`Stmt::Bad`], an error between
//! statements becomes a [`Stmt::Bad`] of its own, and a function whose head cannot be read is left out.

mod decl;
mod expr;
mod stmt;
mod types;

use super::ast::{Decl, Expr, ExprId, File, Name, Stmt, StmtId};
use super::kind::{FIELDS, Kind};
use crate::parse::{self, Parsed};
use crate::source::Span;
use rustc_hash::FxHashMap;
use tree_sitter::Node;

/// How deep expressions and statements may lie in each other: far more than people write, and little enough for a small
/// stack.
const MAX_DEPTH: usize = 200;

/// Reads and lowers a file.
pub(super) fn file(bytes: &[u8]) -> File {
    let Some(parsed) = parse::parse(bytes) else {
        return File {
            unreadable: vec![Span::new(0, bytes.len())],
            ..File::default()
        };
    };
    let mut lower = Lower::new(bytes, &parsed, &[], File::default());
    lower.source_file(parsed.tree.root_node());
    let mut file = lower.file;
    file.unreadable.sort_unstable();
    file.unreadable.dedup();
    file.shrink();
    file
}

/// Reads and lowers a file without the insides of the bodies in `elided`.
pub(super) fn file_without(bytes: &[u8], elided: &[Span]) -> Option<File> {
    let mut kept = Vec::with_capacity(elided.len() + 1);
    let mut from = 0;
    for body in elided {
        // The braces stay.
        kept.push(Span {
            start: from,
            end: body.start + 1,
        });
        from = body.end - 1;
    }
    kept.push(Span {
        start: from,
        end: bytes.len() as u32,
    });
    let parsed = parse::parse_parts(bytes, &kept)?;
    let mut lower = Lower::new(bytes, &parsed, elided, File::default());
    lower.source_file(parsed.tree.root_node());
    let mut file = lower.file;
    file.shrink();
    file.unreadable.is_empty().then_some(file)
}

/// Reads and lowers one function.
pub(super) fn function(bytes: &[u8], function: Span) -> Option<File> {
    let parsed = parse::parse_parts(bytes, &[function])?;
    let mut lower = Lower::new(bytes, &parsed, &[], File::default());
    lower.source_file(parsed.tree.root_node());
    let mut file = lower.file;
    file.shrink();
    (file.unreadable.is_empty() && file.decls.len() == 1).then_some(file)
}

/// Reads `functions` and puts them where `file` lacks their bodies.
pub(super) fn fill_in(bytes: &[u8], file: &mut File, functions: &[Span]) -> bool {
    let Some(parsed) = parse::parse_parts(bytes, functions) else {
        return false;
    };
    let mut lower = Lower::new(bytes, &parsed, &[], std::mem::take(file));
    let done = lower.replace_functions(parsed.tree.root_node());
    *file = lower.file;
    file.shrink();
    done && file.unreadable.is_empty()
}

/// Reads functions that are no Go as far as that goes, and puts them where `file` lacks their bodies.
pub(super) fn fill_in_roughly(bytes: &[u8], file: &mut File, functions: &[Span]) {
    let mut places: FxHashMap<u32, usize> = FxHashMap::default();
    for (at, decl) in file.decls.iter().enumerate() {
        if let Decl::Func(place) = decl {
            places.entry(place.span.start).or_insert(at);
        }
    }
    for function in functions {
        let Some(parsed) = parse::parse_part(bytes, *function) else {
            continue;
        };
        let read = declarations(bytes, &parsed, file)
            .into_iter()
            .find_map(|decl| match decl {
                Decl::Func(read) if read.span.start == function.start => Some(read),
                _ => None,
            });
        let place = places.get(&function.start).map(|at| &mut file.decls[*at]);
        if let Some(Decl::Func(place)) = place {
            let span = place.span;
            match read {
                Some(read) if read.body.is_some() => *place = read,
                // Nobody knows what it does.
                _ => place.body = None,
            }
            place.span = span;
            place.elided = None;
        }
    }
    file.unreadable.sort_unstable();
    file.unreadable.dedup();
}

/// Reads functions that `file` lacks, and puts them in the place of whatever was read there. Returns those that are Go.
pub(super) fn add_functions(bytes: &[u8], file: &mut File, functions: &[Span]) -> Vec<Span> {
    let (mut found, mut spans) = (Vec::new(), Vec::new());
    for function in functions {
        let Some(parsed) = parse::parse_parts(bytes, &[*function]) else {
            continue;
        };
        let mut read = declarations(bytes, &parsed, file);
        if let Some(Decl::Func(one)) = read.pop().filter(|_| read.is_empty())
            && one.span.start == function.start
            && one.body.is_some()
        {
            found.push(Decl::Func(one));
            spans.push(*function);
        }
    }
    if spans.is_empty() {
        return spans;
    }
    let mut decls = std::mem::take(&mut file.decls);
    decls.retain(|decl| {
        let at = place(file, decl);
        // They are in source order, and none lies in another.
        let next = spans.partition_point(|span| span.end <= at.start);
        spans.get(next).is_none_or(|span| at.end <= span.start)
    });
    decls.extend(found);
    decls.sort_by_key(|decl| place(file, decl).start);
    file.decls = decls;
    spans
}

/// The declarations in a part of a file, with what they consist of added to that file.
fn declarations(bytes: &[u8], parsed: &Parsed, file: &mut File) -> Vec<Decl> {
    let mut lower = Lower::new(bytes, parsed, &[], std::mem::take(file));
    let known = lower.file.decls.len();
    lower.source_file(parsed.tree.root_node());
    *file = lower.file;
    file.decls.split_off(known)
}

/// Where a declaration stands.
fn place(file: &File, decl: &Decl) -> Span {
    match decl {
        Decl::Func(function) => function.span,
        Decl::Value(spec) => spec.span,
        Decl::Type(spec) => spec.name_span.to(file.expr_span(spec.ty)),
    }
}

struct Lower<'a> {
    bytes: &'a [u8],
    blanked: &'a [Span],
    /// The bodies that are left out, in source order.
    elided: &'a [Span],
    file: File,
    depth: usize,
}

impl<'a> Lower<'a> {
    /// Lowers into `file`.
    fn new(bytes: &'a [u8], parsed: &'a Parsed, elided: &'a [Span], file: File) -> Self {
        Self {
            bytes,
            blanked: &parsed.blanked,
            elided,
            file,
            depth: 0,
        }
    }

    /// Source text of `node`, from the original bytes: the parsed copy may be masked.
    fn name(&self, node: Node<'_>) -> Name {
        self.text(span(node))
    }

    fn text(&self, span: Span) -> Name {
        let text = self
            .bytes
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default();
        Name::new(String::from_utf8_lossy(text))
    }

    fn push_expr(&mut self, expr: Expr, span: Span) -> ExprId {
        let id = ExprId(self.file.exprs.len() as u32);
        self.file.exprs.push(expr);
        self.file.expr_spans.push(span);
        id
    }

    fn push_stmt(&mut self, stmt: Stmt, span: Span) -> StmtId {
        let id = StmtId(self.file.stmts.len() as u32);
        self.file.stmts.push(stmt);
        self.file.stmt_spans.push(span);
        id
    }
}

fn span(node: Node<'_>) -> Span {
    Span::new(node.start_byte(), node.end_byte())
}

/// All children except comments: tokens and errors too.
fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.children(&mut node.walk())
        .filter(|n| Kind::of(*n) != Kind::Comment)
        .collect()
}

/// The children that are more than tokens, without comments and errors.
fn parts(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk())
        .filter(|n| Kind::of(*n) != Kind::Comment && !n.is_error())
        .collect()
}

/// The child in `field`.
fn child(node: Node<'_>, field: u16) -> Option<Node<'_>> {
    node.child_by_field_id(field)
}

/// The children in `field`; the grammar counts the commas between them in.
fn all(node: Node<'_>, field: u16) -> Vec<Node<'_>> {
    let Some(field) = std::num::NonZeroU16::new(field) else {
        return Vec::new();
    };
    node.children_by_field_id(field, &mut node.walk())
        .filter(|n| n.is_named() && Kind::of(*n) != Kind::Comment && !n.is_error())
        .collect()
}

/// The names declared by `node`.
fn names(node: Node<'_>) -> Vec<Node<'_>> {
    all(node, FIELDS.name)
}

/// Whether `node` holds a token of this kind.
fn has_token(node: Node<'_>, token: Kind) -> bool {
    node.children(&mut node.walk())
        .any(|n| Kind::of(n) == token)
}

/// Whether something is wrong with `node` itself rather than with a statement inside it.
fn own_error(node: Node<'_>) -> bool {
    if !node.has_error() || Kind::of(node) == Kind::Block {
        return false;
    }
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        if node.is_error() || node.is_missing() {
            return true;
        }
        let mut cursor = node.walk();
        open.extend(
            node.children(&mut cursor)
                .filter(|n| n.has_error() && !settles_its_errors(*n)),
        );
    }
    false
}

/// Whether errors in a node of this kind become bad statements there.
fn settles_its_errors(node: Node<'_>) -> bool {
    matches!(
        Kind::of(node),
        Kind::Block
            | Kind::StatementList
            | Kind::Assignment
            | Kind::ConstDeclaration
            | Kind::Dec
            | Kind::Defer
            | Kind::ExpressionStatement
            | Kind::ExpressionSwitch
            | Kind::For
            | Kind::Go
            | Kind::If
            | Kind::Inc
            | Kind::Labeled
            | Kind::Return
            | Kind::Select
            | Kind::ShortVar
            | Kind::TypeDeclaration
            | Kind::TypeSwitch
            | Kind::VarDeclaration
    )
}
