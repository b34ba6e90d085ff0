//! Files of which the lexer is not sure: while something at the top of a file is typed, brackets and quotes stand open.
//!
//! In: such a file, parsed as a whole. Out: an outline of the functions that the parser has found in it, so that the other
//! files of the directory can be read as ever. Each function is looked at by itself; what a lexer is not sure of there
//! may do anything.

use super::read::with_line_end;
use crate::outline::{Function, Outline, Word, outline};
use crate::resolve::is_exported;
use crate::source::Span;
use crate::syntax::ast::{Decl, File};
use memchr::memmem;

/// The outline of a file as the parser has read it. It is not sure: no body may be left out.
pub(super) fn outline_of(bytes: &[u8], file: &File) -> Outline {
    let mut whole = Outline {
        blocks: true,
        pipes: memmem::find(bytes, b".Pipe").is_some(),
        ..Outline::default()
    };
    for decl in &file.decls {
        let Decl::Func(decl) = decl else { continue };
        let Some(body) = &decl.body else { continue };
        let alone = alone(bytes, decl.span);
        let from = whole.words.len() as u32;
        let (marked, stops) = alone.as_ref().map_or((true, true), |(known, words)| {
            whole.words.extend(words);
            (known.marked, known.stops)
        });
        whole.functions.push(Function {
            name: Word::plain(decl.name.as_bytes()),
            span: with_line_end(bytes, decl.span),
            body: body.span,
            marked,
            stops,
            words: from..whole.words.len() as u32,
            method: decl.receiver.is_some(),
            exported: is_exported(&decl.name),
            broken: alone.is_none(),
        });
    }
    whole.functions.sort_by_key(|function| function.span.start);
    whole
}

/// What the lexer makes of a function, if it is sure that it is one and nothing else.
fn alone(bytes: &[u8], span: Span) -> Option<(Function, Vec<Word>)> {
    let text = &bytes[span.start as usize..span.end as usize];
    let Outline {
        functions,
        words,
        sure,
        ..
    } = outline(text);
    let [function] = functions.as_slice() else {
        return None;
    };
    let all = function.span.end as usize == text.len();
    (sure && all && !function.broken).then(|| (function.clone(), words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse_file;

    fn functions(text: &str) -> (Outline, Vec<Function>) {
        assert!(!outline(text.as_bytes()).sure);
        let outline = outline_of(text.as_bytes(), &parse_file(text.as_bytes()));
        assert!(!outline.sure);
        let functions = outline.functions.clone();
        (outline, functions)
    }

    #[test]
    fn functions_beside_what_is_not_closed_are_known() {
        let text =
            "package p\n\nfunc f() {\n\tgo g()\n}\n\nfunc (t *T) g() {\n\tx()\n}\n\nvar open = (\n";
        let (outline, functions) = functions(text);
        let [f, g] = functions.as_slice() else {
            panic!("{functions:?}");
        };
        assert!(f.marked && !f.broken && !f.method);
        assert!(!g.marked && !g.broken && g.method);
        assert_eq!(outline.words_of(g), [Word::plain(b"x")]);
        assert_eq!(g.name, Word::plain(b"g"));
    }

    #[test]
    fn what_the_lexer_is_not_sure_of_may_do_anything() {
        let text = "package p\n\nfunc f() { x() }; func g() { y(; }\n\nvar open = (\n";
        let (_, functions) = functions(text);
        let known: Vec<_> = functions.iter().map(|f| (f.broken, f.marked)).collect();
        assert_eq!(known, [(false, false), (true, true)]);
    }
}
