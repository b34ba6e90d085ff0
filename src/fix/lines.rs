//! Statements turned into several lines, and lines put at the head of a body, whatever the layout around them.

use super::text::Editor;
use super::tree::Tree;
use crate::syntax::ast::{Block, StmtId};
use crate::syntax::parts::Part;

/// What a statement becomes; `text` is the statement itself or what stands for it.
pub(super) struct Wrapped {
    /// In front of it.
    pub(super) before: String,
    /// The statement.
    pub(super) text: String,
    /// Right behind it, before a comment at the end of its line.
    pub(super) after: String,
    /// The lines below it.
    pub(super) below: String,
}

/// Replaces the statement by what `wrapped` makes of it, given the indentation of its line.
pub(super) fn wrap<'a>(
    tree: &Tree<'a>,
    editor: &mut Editor<'a>,
    stmt: StmtId,
    wrapped: impl FnOnce(&str) -> Wrapped,
) -> Option<()> {
    let span = tree.ast.stmt_span(stmt);
    if editor.alone(span) {
        let indent = editor.indent(span.start);
        let new = wrapped(&indent);
        // A comment behind the statement stays behind its first line.
        let comment = editor.line_end(span.end) > span.end;
        let after = if comment {
            new.after
        } else {
            format!("{}\n{}", new.after, new.below)
        };
        if new.text == tree.text(span) {
            editor.insert(span.start, &new.before);
            editor.insert(span.end, &after);
        } else {
            editor.replace(span, &format!("{}{}{after}", new.before, new.text));
        }
        if comment {
            editor.below(span.end, &new.below);
        }
        return Some(());
    }
    // One line holds the whole body: `go func() { ch <- v }()`.
    let body = one_line_body(tree, editor, stmt)?;
    let indent = editor.indent(body.span.start);
    let inner = format!("{indent}{}", Editor::unit(&indent));
    let new = wrapped(&inner);
    let changed = format!("{}{}{}\n{}", new.before, new.text, new.after, new.below);
    spread(tree, editor, body, &indent, &inner, |s| {
        (s == stmt).then(|| changed.clone())
    });
    Some(())
}

/// Puts a line at the head of a body, behind the `defer`s that it begins with.
pub(super) fn at_head<'a>(
    tree: &Tree<'a>,
    editor: &mut Editor<'a>,
    body: &Block,
    line: &str,
) -> Option<()> {
    let opens = body.span.start + 1;
    let last_defer = body
        .stmts
        .iter()
        .take_while(|s| matches!(tree.ast.stmt(**s), crate::syntax::ast::Stmt::Defer(_)))
        .last()
        .copied();
    let Some(first) = body.stmts.first() else {
        let indent = editor.indent(body.span.start);
        let unit = Editor::unit(&indent);
        if editor.has_comment(body.span) {
            return None;
        }
        editor.replace(body.span, &format!("{{\n{indent}{unit}{line}\n{indent}}}"));
        return Some(());
    };
    let first = tree.ast.stmt_span(*first);
    if let Some(last) = last_defer
        && editor.alone(tree.ast.stmt_span(last))
    {
        let span = tree.ast.stmt_span(last);
        let indent = editor.indent(span.start);
        editor.below(span.end, &format!("{indent}{line}"));
        return Some(());
    }
    if editor.begins_line(first.start) && editor.ends_line(opens) {
        let indent = editor.indent(first.start);
        editor.below(body.span.start, &format!("{indent}{line}"));
        return Some(());
    }
    if !is_one_line(tree, editor, body) {
        return None;
    }
    let indent = editor.indent(body.span.start);
    let inner = format!("{indent}{}", Editor::unit(&indent));
    let mut head = Some(line.to_owned());
    spread(tree, editor, body, &indent, &inner, |s| {
        let line = head.take()?;
        Some(format!(
            "{line}\n{inner}{}",
            tree.text(tree.ast.stmt_span(s))
        ))
    });
    Some(())
}

/// The body that holds `stmt`, when it begins and ends in one line and holds no comment.
fn one_line_body<'t>(tree: &'t Tree<'_>, editor: &Editor<'_>, stmt: StmtId) -> Option<&'t Block> {
    let body = tree.function(Part::Stmt(stmt))?.body()?;
    (body.stmts.contains(&stmt) && is_one_line(tree, editor, body)).then_some(body)
}

fn is_one_line(tree: &Tree<'_>, editor: &Editor<'_>, body: &Block) -> bool {
    let line = |offset| tree.source.line(offset);
    line(body.span.start) == line(body.span.end.saturating_sub(1)) && !editor.has_comment(body.span)
}

/// Writes a body with each statement on lines of its own; `changed` says what becomes of a statement.
fn spread<'a>(
    tree: &Tree<'a>,
    editor: &mut Editor<'a>,
    body: &Block,
    indent: &str,
    inner: &str,
    mut changed: impl FnMut(StmtId) -> Option<String>,
) {
    let mut text = "{\n".to_owned();
    for stmt in &body.stmts {
        text.push_str(inner);
        match changed(*stmt) {
            Some(new) => text.push_str(&new),
            None => text.push_str(&tree.text(tree.ast.stmt_span(*stmt))),
        }
        text.push('\n');
    }
    text.push_str(indent);
    text.push('}');
    editor.replace(body.span, &text);
}
