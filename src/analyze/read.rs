//! From a directory's bytes to its syntax, with as little parsing as the findings allow.
//!
//! A parser takes a hundred times as long as a lexer, and most functions have nothing to do with goroutines. So a
//! directory in which no file speaks of channels or wait groups is not parsed at all; in the others the parser sees all
//! declarations, and the bodies that [`super::needed`] picks. What else a search wants it asks for, function by function.
//! Where the lexer is not sure of a file, all of that is parsed ([`super::unsure`]). What an earlier analysis has read of a file is
//! read no more; it may be a little more than what is needed now.

use super::lost::{every_byte, tell_broken};
use super::needed::{Choice, Judge, Needed};
use super::search::Unit;
use super::unsure::outline_of;
use super::{Cache, Directory, InputFile, Options, Question};
use crate::library::Library;
use crate::outline::{Function, Outline, outline};
use crate::source::{Place, Span};
use crate::stage::Stage;
use crate::syntax::ast::{Decl, Elided, File, FuncDecl};
use crate::syntax::{fill_in, fill_in_roughly, parse_without};
use memchr::{memchr, memmem};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Shorter bodies are not worth leaving out.
const SHORT: u32 = 62;

/// What was read of a directory.
#[derive(Default)]
pub(super) struct Reading {
    /// The syntax of its files.
    pub(super) asts: Vec<Arc<File>>,
    /// Where bodies may have been left out: what tells whether they still may be when they have changed.
    pub(super) judge: Option<Arc<Judge>>,
}

/// Reads the files of a directory.
pub(super) fn read(dir: &Directory, options: &Options, cache: &Cache) -> Reading {
    let whole = || Reading {
        asts: all(dir, options, cache),
        judge: None,
    };
    // What stands on a line that is asked about may be in a body that nothing else needs.
    if options.whole || matches!(options.why, Some(Question::Line { .. })) {
        return whole();
    }
    let nothing = || Reading {
        asts: dir.files.iter().map(|_| Arc::default()).collect(),
        judge: None,
    };
    let lexing = options.enter(dir, Stage::Lex);
    // Requests may hang in bodies without any mark.
    let requests = dir.files.iter().any(|file| may_request(file, options));
    if !requests && !dir.files.iter().any(|file| may_block(&file.bytes)) {
        return nothing();
    }
    if requests {
        return whole();
    }
    drop(lexing);
    let mut outlines: Vec<Arc<Outline>> = dir
        .files
        .par_iter()
        .map(|file| {
            let _lexing = options.enter(dir, Stage::Lex);
            if options.cache.is_some() {
                cache.outline(&file.path, &file.bytes)
            } else {
                Arc::new(outline(&file.bytes))
            }
        })
        .collect();
    for (file, outline) in dir.files.iter().zip(&mut outlines) {
        if !outline.sure {
            let ast = every_byte_of(file, dir, options, cache);
            *outline = Arc::new(outline_of(&file.bytes, &ast));
        }
    }
    if options.stop.stopped() || !outlines.iter().any(|outline| outline.blocks) {
        return nothing();
    }
    needed(dir, options, cache, &outlines)
}

/// Whether a file is searched for requests.
pub(super) fn may_request(file: &InputFile, options: &Options) -> bool {
    options.rules_in(file).is_on("http-no-timeout") && memmem::find(&file.bytes, b"http").is_some()
}

/// Parses the declarations and the bodies that are needed.
fn needed(dir: &Directory, options: &Options, cache: &Cache, outlines: &[Arc<Outline>]) -> Reading {
    let lexing = options.enter(dir, Stage::Lex);
    let mut rounds = cache.take_rounds();
    let mut needed = Needed::new(outlines, &options.library, &mut rounds);
    let marked = needed.choice();
    drop(lexing);
    // What is left out need not be looked at again when it changes.
    let least = if options.cache.is_some() { 1 } else { SHORT };
    let mut asts: Vec<Arc<File>> = each(dir, outlines)
        .zip(marked.par_iter())
        .map(|((file, outline), kept)| {
            if !outline.sure {
                return every_byte_of(file, dir, options, cache);
            }
            // An earlier analysis may have read some more of it.
            if let Some(read) = cache.take_parts(&file.path, &file.bytes) {
                return read;
            }
            let _parsing = options.enter(dir, Stage::Parse);
            let left_out = |index: usize| {
                let function = &outline.functions[index];
                function.broken || !kept[index] && is_long(function, least)
            };
            let parts = parts(&file.bytes, outline, &left_out);
            Arc::new(parts.unwrap_or_else(|| every_byte(&file.bytes)))
        })
        .collect();
    let lexing = options.enter(dir, Stage::Lex);
    needed.close(&asts, &mut rounds);
    if options.cache.is_some() {
        cache.put_rounds(rounds);
    }
    let chosen = needed.choice();
    drop(lexing);
    asts.par_iter_mut()
        .zip(each(dir, outlines))
        .zip(chosen.par_iter())
        .for_each(|((ast, (file, outline)), chosen)| {
            // Where the lexer or the parser had to guess, everything was read.
            if !outline.sure {
                return;
            }
            if ast.unreadable.iter().any(|at| !is_broken(outline, *at)) {
                return;
            }
            let ast = Arc::make_mut(ast);
            // These are told of again below.
            ast.unreadable.clear();
            let missing = align(outline, chosen, least, ast);
            let _parsing = (!missing.is_empty()).then(|| options.enter(dir, Stage::Parse));
            let (broken, sound): (Vec<_>, Vec<_>) = missing.into_iter().partition(|f| f.broken);
            let sound: Vec<Span> = sound.into_iter().map(|function| function.span).collect();
            if !sound.is_empty() && !fill_in(&file.bytes, ast, &sound) {
                *ast = every_byte(&file.bytes);
                return;
            }
            let broken: Vec<Span> = broken.into_iter().map(|function| function.span).collect();
            fill_in_roughly(&file.bytes, ast, &broken);
            tell_broken(outline, ast);
        });
    for (at, (ast, file)) in asts.iter_mut().zip(&dir.files).enumerate() {
        needed.tell(at, ast);
        if !outlines[at].sure {
            continue;
        }
        // What was read roughly is not good for a state of the package in which it is not needed.
        if options.cache.is_some() && all_left_out(ast, &ast.unreadable) {
            cache.put_parts(&file.path, &file.bytes, ast);
        }
    }
    Reading {
        asts,
        judge: Some(Arc::new(needed.into_judge())),
    }
}

/// Leaves out the bodies that are not needed, also where an earlier analysis has read them. Returns the functions that are
/// needed and were read without their bodies.
fn align<'o>(
    outline: &'o Outline,
    chosen: &Choice,
    least: u32,
    ast: &mut File,
) -> Vec<&'o Function> {
    let mut missing = Vec::new();
    for decl in &mut ast.decls {
        let Decl::Func(function) = decl else { continue };
        let (Some(body), Some(index)) = (&function.body, outline.index(function.span.start)) else {
            continue;
        };
        let known = &outline.functions[index];
        if !chosen[index] && (known.broken || is_long(known, least)) {
            function.elided = Some(Elided::Idle);
        } else if function.elided.is_some() && body.stmts.is_empty() {
            missing.push(known);
        } else {
            function.elided = None;
        }
    }
    missing
}

/// Whether a place lies in a function that is no Go by itself.
pub(super) fn is_broken(outline: &Outline, at: Span) -> bool {
    let behind = outline
        .functions
        .partition_point(|f| f.span.start <= at.start);
    let before = behind.checked_sub(1).map(|index| &outline.functions[index]);
    before.is_some_and(|f| f.broken && f.span.contains(at))
}

fn is_long(function: &Function, least: u32) -> bool {
    // Its braces are always there.
    function.body.end - function.body.start >= least + 2
}

fn each<'d>(
    dir: &'d Directory,
    outlines: &'d [Arc<Outline>],
) -> impl IndexedParallelIterator<Item = (&'d InputFile, &'d Arc<Outline>)> {
    dir.files.par_iter().zip(outlines.par_iter())
}

/// Parses every byte.
fn all(dir: &Directory, options: &Options, cache: &Cache) -> Vec<Arc<File>> {
    let parse = |file: &InputFile| {
        if options.stop.stopped() {
            return Arc::default();
        }
        every_byte_of(file, dir, options, cache)
    };
    dir.files.par_iter().map(parse).collect()
}

fn every_byte_of(file: &InputFile, dir: &Directory, options: &Options, cache: &Cache) -> Arc<File> {
    cache.syntax(&file.path, &file.bytes, || {
        let _parsing = options.enter(dir, Stage::Parse);
        every_byte(&file.bytes)
    })
}

/// Parses a file without the bodies that are `left_out`; `None` where nothing is, or the rest is no Go either.
pub(super) fn parts(
    bytes: &[u8],
    outline: &Outline,
    left_out: &dyn Fn(usize) -> bool,
) -> Option<File> {
    let functions = outline.functions.iter().enumerate();
    let left_out: Vec<Span> = functions
        .filter(|(index, _)| left_out(*index))
        .map(|(_, function)| function.body)
        .collect();
    let some = outline.sure && !left_out.is_empty();
    some.then(|| parse_without(bytes, &left_out)).flatten()
}

/// Every byte of the files of a package; the directory's other files are empty.
pub(super) fn whole(package: Unit<'_>) -> Vec<File> {
    let Unit { dir, options, .. } = package;
    let is_member = |index| package.members.files.iter().any(|m| m.file == index);
    let parse = |(index, file): (usize, &InputFile)| {
        let _parsing = options.enter(dir, Stage::Parse);
        if is_member(index) {
            every_byte(&file.bytes)
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

/// A function that was left out, where an earlier analysis has read its body.
pub(super) fn known(file: &File, span: Span) -> Option<FuncDecl> {
    let function = file.decls.iter().find_map(|decl| match decl {
        Decl::Func(function) if function.span == span => Some(function),
        _ => None,
    })?;
    let is_read = function.body.as_ref().is_some_and(|b| !b.stmts.is_empty());
    is_read.then(|| FuncDecl {
        elided: None,
        ..function.clone()
    })
}

/// Reads the bodies that a search asked for, so that the next one finds them read.
pub(super) fn keep_read(dir: &Directory, cache: &Cache, asked: &[Place]) {
    for (index, file) in dir.files.iter().enumerate() {
        let here = asked.iter().filter(|place| place.file.index() == index);
        let mut functions: Vec<Span> = here.map(|place| place.span).collect();
        if functions.is_empty() {
            continue;
        }
        let Some(mut ast) = cache.take_parts(&file.path, &file.bytes) else {
            continue;
        };
        functions.retain(|span| known(&ast, *span).is_none());
        functions.sort_unstable();
        for span in &mut functions {
            *span = with_line_end(&file.bytes, *span);
        }
        if !functions.is_empty() {
            let ast = Arc::make_mut(&mut ast);
            let broken = std::mem::take(&mut ast.unreadable);
            if !fill_in(&file.bytes, ast, &functions) {
                // It will be read anew.
                continue;
            }
            ast.unreadable = broken;
        }
        cache.put_parts(&file.path, &file.bytes, &ast);
    }
}

/// How many functions of a file were read without their bodies.
pub(super) fn elided(file: &File) -> usize {
    let is_elided = |decl: &&Decl| matches!(decl, Decl::Func(f) if f.elided.is_some());
    file.decls.iter().filter(is_elided).count()
}

/// Whether all these places are bodies that were left out.
fn all_left_out(file: &File, places: &[Span]) -> bool {
    if places.is_empty() {
        return true;
    }
    let left_out = |decl: &Decl| match decl {
        Decl::Func(function) if function.elided.is_some() => {
            function.body.as_ref().map(|body| body.span)
        }
        _ => None,
    };
    let left_out: FxHashSet<Span> = file.decls.iter().filter_map(left_out).collect();
    places.iter().all(|at| left_out.contains(at))
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
    [
        "<-",
        "chan",
        "WaitGroup",
        "select",
        "NewTicker",
        "Mutex",
        ".Pipe",
        ".SetLimit",
    ]
    .iter()
    .any(|mark| memmem::find(bytes, mark.as_bytes()).is_some())
}

/// Whether anything may be told of a file by itself: there is a loop in it, an operation on a channel, a call that may
/// wait, or a word to goleash. Comments and literals count.
pub fn may_tell(bytes: &[u8], library: &Library) -> bool {
    let waits = library.facts().filter(|fact| fact.effect.waits());
    let waits = waits.filter_map(|fact| fact.name.rsplit('.').next());
    ["<-", "select", "for", ".SetLimit", "goleash"]
        .into_iter()
        .chain(waits)
        .any(|word| word == "*" || memmem::find(bytes, word.as_bytes()).is_some())
}
