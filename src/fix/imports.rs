//! An import added where it belongs, the way gofmt leaves it.

use super::text::Editor;
use super::tree::Tree;

/// Makes the package `path` of the standard library known in the file; returns the name it has there. `None` where it is
/// imported under a name that cannot be used, or hidden by another import of that name.
pub(super) fn ensure(tree: &Tree<'_>, editor: &mut Editor<'_>, path: &str) -> Option<String> {
    // The comment in front of `import "C"` is code, and only as long as nothing else stands in that declaration.
    let (of_c, imports): (Vec<_>, Vec<_>) = tree.ast.imports.iter().partition(|i| i.path == "C");
    if let Some(known) = imports.iter().find(|import| import.path == path) {
        let name = known.name.as_deref().unwrap_or(path);
        return (name != "_" && name != ".").then(|| name.to_owned());
    }
    let taken = imports
        .iter()
        .any(|import| import.name.as_deref().unwrap_or_else(|| last(&import.path)) == last(path));
    if taken {
        return None;
    }
    let line = format!("\"{path}\"");
    let Some(first) = imports.first() else {
        // Behind the package clause, which stands in a line of its own, or the import of C.
        let offset = match of_c.first() {
            Some(import) if editor.begins_line(import.span.start) => return None,
            Some(import) => import.span.end,
            None => tree.package_clause()?,
        };
        editor.below(offset, &format!("\nimport {line}"));
        return Some(path.to_owned());
    };
    if !editor.begins_line(first.span.start) {
        // `import "fmt"` becomes a block.
        let start = editor.line_start(first.span.start);
        let alone = imports.len() == 1
            && editor.ends_line(first.span.end)
            && tree.text(crate::source::Span {
                start,
                end: first.span.start,
            }) == "import ";
        if !alone {
            return None;
        }
        let mut lines = [tree.text(first.span), line];
        lines.sort_by_key(|line| line.rsplit(' ').next().map(str::to_owned));
        editor.replace(first.span, &format!("(\n\t{}\n\t{}\n)", lines[0], lines[1]));
        return Some(path.to_owned());
    }
    // In front of the first of the block's first paragraph that comes later in the alphabet.
    let mut at = None;
    for import in imports {
        let row = tree.source.line(import.span.start);
        let follows = at.is_none_or(|(last, _): (u32, u32)| row == last + 1);
        if !follows || !editor.begins_line(import.span.start) {
            break;
        }
        if import.path.as_str() > path {
            let start = editor.line_start(import.span.start);
            editor.insert(start, &format!("\t{line}\n"));
            return Some(path.to_owned());
        }
        at = Some((row, import.span.end));
    }
    let (_, end) = at?;
    editor.below(end, &format!("\t{line}"));
    Some(path.to_owned())
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
