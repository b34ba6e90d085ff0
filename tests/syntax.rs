//! Every form of Go syntax as the text dump shows it.
#![allow(clippy::unwrap_used)]

use goleash::source::Span;
use goleash::syntax::{ast, dump, parse_file};

fn text(source: &str) -> String {
    dump(&parse_file(source.as_bytes()))
}

/// Dumps `body` as the body of a function, without the lines around it.
fn body(body: &str) -> String {
    let all = text(&format!("package p\nfunc f() {{\n{body}\n}}\n"));
    let inner: Vec<_> = all
        .lines()
        .skip(2)
        .map(|l| l.strip_prefix("  ").unwrap_or(l))
        .collect();
    inner.join("\n")
}

fn check(cases: &[(&str, &str)], dumped: impl Fn(&str) -> String) {
    let mut wrong = String::new();
    for (source, expected) in cases {
        let got = dumped(source);
        if got.trim_end() != *expected {
            wrong += &format!(
                "--- {source}\n{}\n--- expected\n{expected}\n\n",
                got.trim_end()
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
