//! From a directory's bytes to its syntax, with as little parsing as the findings allow.
//!
//! A parser takes a hundred times as long as a lexer, and most functions have nothing to do with goroutines. So a
//! directory in which no file speaks of channels or wait groups is not parsed at all; in the others the parser sees all
//! declarations, and the bodies that [`super::needed`] picks. What else a search wants it asks for, function by function.
//! Where the lexer is not sure of a file, the whole directory is parsed.

use super::needed::{Choice, Needed};
use super::search::Unit;
use super::{Cache, Directory, InputFile, Options};
use crate::outline::{Function, Outline, outline};
use crate::source::Span;
use crate::stage::Stage;
use crate::syntax::ast::{Decl, File};
use crate::syntax::{fill_in, parse_file, parse_without};
use memchr::{memchr, memmem};
use rayon::prelude::*;
use std::sync::Arc;

/// Shorter bodies are not worth leaving out.
const SHORT: u32 = 64;

/// Reads the files of a directory.
pub(super) fn read(dir: &Directory, options: &Options, cache: &Cache) -> Vec<Arc<File>> {
    if options.whole {
        return all(dir, options, cache);
    }
    let nothing = || dir.files.iter().map(|_| Arc::default()).collect();
    let lexing = options.enter(dir, Stage::Lex);
    // Requests may hang in bodies without any mark.
    let requests = dir.files.iter().any(|file| {
        options.rules_in(file).is_on("http-no-timeout")
            && memmem::find(&file.bytes, b"http").is_some()
    });
    if !requests && !dir.files.iter().any(|file| may_block(&file.bytes)) {
        return nothing();
    }
    if requests || options.cache.is_some() {
        // And what is needed of a file hangs on the others; only its whole syntax is good for the next analysis too.
        return all(dir, options, cache);
    }
    drop(lexing);
    let outlines: Vec<Outline> = dir
        .files
        .par_iter()
        .map(|file| {
            let _lexing = options.enter(dir, Stage::Lex);
            outline(&file.bytes)
        })
        .collect();
    if outlines.iter().any(|outline| !outline.sure) {
        return all(dir, options, cache);
    }
    if options.stop.stopped() || !outlines.iter().any(|outline| outline.blocks) {
        return nothing();
    }
    let files = needed(dir, options, &outlines);
    files.into_iter().map(Arc::new).collect()
}

/// Parses the declarations and the bodies that are needed.
fn needed(dir: &Directory, options: &Options, outlines: &[Outline]) -> Vec<File> {
    let lexing = options.enter(dir, Stage::Lex);
    let mut needed = Needed::new(outlines, &options.library);
    let marked = needed.choice();
    drop(lexing);
    let mut files: Vec<File> = each(dir, outlines)
        .zip(marked.par_iter())
        .map(|((file, outline), kept)| {
            let _parsing = options.enter(dir, Stage::Parse);
            let elided: Vec<Span> = left_out(outline, kept)
                .map(|index| outline.functions[index].body)
                .collect();
            if elided.is_empty() {
                return parse_file(&file.bytes);
            }
            parse_without(&file.bytes, &elided).unwrap_or_else(|| parse_file(&file.bytes))
        })
        .collect();
    let lexing = options.enter(dir, Stage::Lex);
    needed.close(&files);
    let chosen = needed.choice();
    drop(lexing);
    files
        .par_iter_mut()
        .zip(each(dir, outlines))
        .zip(marked.par_iter().zip(chosen.par_iter()))
        .for_each(|((ast, (file, outline)), (before, now))| {
            let added: Vec<Span> = left_out(outline, before)
                .filter(|index| now[*index])
                .map(|index| outline.functions[index].span)
                .collect();
            // A file that had to be parsed whole has all its bodies.
            if !added.is_empty() && is_partial(ast) {
                let _parsing = options.enter(dir, Stage::Parse);
                if !fill_in(&file.bytes, ast, &added) {
                    *ast = parse_file(&file.bytes);
                }
            }
        });
    needed.tell(&mut files);
    files
}

fn each<'d>(
    dir: &'d Directory,
    outlines: &'d [Outline],
) -> impl IndexedParallelIterator<Item = (&'d InputFile, &'d Outline)> {
    dir.files.par_iter().zip(outlines.par_iter())
}

/// Which functions have bodies that the parser does not see.
fn left_out<'o>(outline: &'o Outline, kept: &'o Choice) -> impl Iterator<Item = usize> + 'o {
    let functions = outline.functions.iter().enumerate();
    let is_long = |f: &Function| f.body.end - f.body.start >= SHORT;
    functions
        .filter(move |(index, function)| !kept[*index] && is_long(function))
        .map(|(index, _)| index)
}

/// Parses every byte.
fn all(dir: &Directory, options: &Options, cache: &Cache) -> Vec<Arc<File>> {
    let parse = |file: &InputFile| {
        if options.stop.stopped() {
            return Arc::default();
        }
        cache.syntax(&file.path, &file.bytes, || {
            let _parsing = options.enter(dir, Stage::Parse);
            parse_file(&file.bytes)
        })
    };
    dir.files.par_iter().map(parse).collect()
}

/// Every byte of the files of a package; the directory's other files are empty.
pub(super) fn whole(package: Unit<'_>) -> Vec<File> {
    let Unit { dir, options, .. } = package;
    let is_member = |index| package.members.files.iter().any(|m| m.file == index);
    let parse = |(index, file): (usize, &InputFile)| {
        let _parsing = options.enter(dir, Stage::Parse);
        if is_member(index) {
            parse_file(&file.bytes)
        } else {
            File::default()
        }
    };
    dir.files.par_iter().enumerate().map(parse).collect()
}

/// How many bytes of a file the parser was shown at first.
pub(super) fn parsed_bytes(file: &InputFile, ast: &File) -> u64 {
    if ast.package.is_empty() && ast.decls.is_empty() {
        return 0;
    }
    let left_out = ast.decls.iter().filter_map(|decl| match decl {
        Decl::Func(f) if f.elided.is_some() => {
            f.body.as_ref().map(|body| body.span.end - body.span.start)
        }
        _ => None,
    });
    file.bytes.len() as u64 - u64::from(left_out.sum::<u32>())
}

/// How many functions of a file were read without their bodies.
pub(super) fn elided(file: &File) -> usize {
    let is_elided = |decl: &&Decl| matches!(decl, Decl::Func(f) if f.elided.is_some());
    file.decls.iter().filter(is_elided).count()
}

/// Whether any function of a file was read without its body.
pub(super) fn is_partial(file: &File) -> bool {
    elided(file) > 0
}

/// A span together with the rest of the line it ends in: declarations end with a line.
pub(super) fn with_line_end(bytes: &[u8], span: Span) -> Span {
    let rest = &bytes[span.end as usize..];
    let end = memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
    Span {
        end: span.end + end as u32,
        ..span
    }
}

/// Whether a file may speak of anything that a goroutine waits at; comments and literals count.
fn may_block(bytes: &[u8]) -> bool {
    ["<-", "chan", "WaitGroup", "select", "NewTicker"]
        .iter()
        .any(|mark| memmem::find(bytes, mark.as_bytes()).is_some())
}
