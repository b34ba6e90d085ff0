//! The least that any linter with this parser has to do, to hold a run of goleash against: `scripts/ratios.py` times both.
//!
//! `floor MODE PATH` reads all Go files below PATH with as many threads as there are processors and parses, by MODE, `all`
//! of them; the `survivors`: files with a mark, in folders where anything can block; `marked`: of those only the functions
//! with a mark, and declarations; or nothing but the `one` file that PATH is. It prints how many bytes it has read.
#![allow(clippy::print_stdout, reason = "its result")]

use goleash::outline::{Outline, outline};
use rayon::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tree_sitter::{Parser, Point, Range};
use walkdir::WalkDir;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, mode, path] = arguments.as_slice() else {
        panic!("usage: floor all|survivors|marked|one PATH");
    };
    if mode == "one" {
        let bytes = fs::read(path).expect("a Go file");
        parse(&bytes, &[]);
        println!("{}", bytes.len());
        return;
    }
    let folders = folders(Path::new(path));
    let read: usize = folders
        .par_iter()
        .with_max_len(1)
        .map(|files| folder(mode, files))
        .sum();
    println!("{read}");
}

fn folders(path: &Path) -> Vec<Vec<PathBuf>> {
    let mut folders: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for entry in WalkDir::new(path).into_iter().flatten() {
        let is_go = entry.path().extension().is_some_and(|e| e == "go");
        if let (true, true, Some(folder)) =
            (is_go, entry.file_type().is_file(), entry.path().parent())
        {
            folders
                .entry(folder.to_owned())
                .or_default()
                .push(entry.path().to_owned());
        }
    }
    folders.into_values().collect()
}

/// Does what `mode` says with the files of one folder; returns how many bytes they have.
fn folder(mode: &str, files: &[PathBuf]) -> usize {
    let texts: Vec<Vec<u8>> = files
        .iter()
        .map(|f| fs::read(f).expect("a Go file"))
        .collect();
    if mode == "all" {
        texts.iter().for_each(|text| parse(text, &[]));
    } else {
        let outlines: Vec<Outline> = texts.iter().map(|text| outline(text)).collect();
        if outlines.iter().any(|o| o.blocks) {
            for (text, outline) in texts.iter().zip(&outlines) {
                let survives = outline.blocks || outline.functions.iter().any(|f| f.marked);
                if survives && mode == "marked" && outline.sure {
                    parse(text, &marked(text, outline));
                } else if survives {
                    parse(text, &[]);
                }
            }
        }
    }
    texts.iter().map(Vec::len).sum()
}

/// Everything but the insides of bodies without a mark.
fn marked(text: &[u8], outline: &Outline) -> Vec<Range> {
    let mut kept = Vec::new();
    let mut from = (0, Point::new(0, 0));
    let mut at = from;
    let mut point = |to: usize| {
        let lines = memchr::memchr_iter(b'\n', &text[at.0..to]);
        let (count, last) = lines.fold((0, None), |(count, _), end| (count + 1, Some(end)));
        let column = last.map_or(at.1.column + to - at.0, |end| to - (at.0 + end + 1));
        at = (to, Point::new(at.1.row + count, column));
        at.1
    };
    for function in outline.functions.iter().filter(|f| !f.marked) {
        let (open, close) = (
            function.body.start as usize + 1,
            function.body.end as usize - 1,
        );
        kept.push(range(from, (open, point(open))));
        from = (close, point(close));
    }
    kept.push(range(from, (text.len(), point(text.len()))));
    kept
}

fn range(from: (usize, Point), to: (usize, Point)) -> Range {
    Range {
        start_byte: from.0,
        end_byte: to.0,
        start_point: from.1,
        end_point: to.1,
    }
}

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new(parser());
}

fn parser() -> Parser {
    let mut parser = Parser::new();
    let set = parser.set_language(&tree_sitter_go::LANGUAGE.into());
    set.expect("the grammar fits");
    parser
}

fn parse(text: &[u8], ranges: &[Range]) {
    PARSER.with_borrow_mut(|parser| {
        parser.set_included_ranges(ranges).expect("ranges in order");
        std::hint::black_box(parser.parse(text, None));
    });
}
