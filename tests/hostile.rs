//! Files no person wrote: reading must end, on a small stack, without a panic.
#![allow(clippy::unwrap_used)]

use goleash::syntax::{ast, dump, parse_file};
use std::time::{Duration, Instant};

/// Reads on a stack a quarter of what threads usually get.
fn read(bytes: Vec<u8>) -> ast::File {
    std::thread::Builder::new()
        .stack_size(512 << 10)
        .spawn(move || parse_file(&bytes))
        .unwrap()
        .join()
        .unwrap()
}

fn nested(open: &str, middle: &str, close: &str, depth: usize) -> Vec<u8> {
    let text = format!(
        "package p\nfunc f() {{\n{}{middle}{}\n}}\nfunc after() {{ g() }}\n",
        open.repeat(depth),
        close.repeat(depth)
    );
    text.into_bytes()
}

fn function_names(file: &ast::File) -> Vec<&str> {
    file.decls
        .iter()
        .filter_map(|d| match d {
            ast::Decl::Func(f) => Some(f.name.as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn deep_nesting_ends_in_bad_and_the_next_function_is_read() {
    let begin = Instant::now();
    for depth in [10_000, 100_000] {
        for (open, middle, close) in [
            ("{", "", "}"),
            ("if x {", "", "}"),
            ("func() {", "", "}()"),
            ("for { select { default: ", "", "} }"),
            ("switch { default: ", "", "}"),
            ("f(", "x", ")"),
            ("x = -", "y", ""),
            ("a[", "0", "]"),
            ("L: ", "x()", ""),
            ("x = T{", "1", "}"),
            ("if x {} else ", "{}", ""),
            ("var x []", "int", ""),
            ("var x func(", "", ")"),
            ("var x struct { a ", "", "}"),
            ("x.y().", "z()", ""),
        ] {
            let open_one = open
                .strip_prefix("x = ")
                .or_else(|| open.strip_prefix("var x "));
            let file = match open_one {
                Some(inner) => {
                    let head = &open[..open.len() - inner.len()];
                    let text = nested(inner, middle, close, depth);
                    let text = String::from_utf8(text).unwrap();
                    read(text.replacen("{\n", &format!("{{\n{head}"), 1).into_bytes())
                }
                None => read(nested(open, middle, close, depth)),
            };
            assert!(!file.unreadable.is_empty(), "{open}");
            if depth == 10_000 && file.unreadable[0].start > 0 {
                assert_eq!(function_names(&file).last(), Some(&"after"), "{open}");
            }
        }
    }
    assert!(begin.elapsed() < Duration::from_secs(300));
}

#[test]
fn parentheses_and_chains_of_one_operator_may_be_long() {
    let file = read(nested("(", "x", ")", 10_000));
    assert!(file.unreadable.is_empty());
    let file = read(nested("x = y + ", "z", "", 1).clone());
    assert!(file.unreadable.is_empty());
    let sum = format!("package p\nvar s = \"a\"{}\n", " + \"b\"".repeat(20_000));
    let file = read(sum.into_bytes());
    assert!(file.unreadable.is_empty());
    let mixed = format!("package p\nvar s = 1{}\n", " + 2 - 3".repeat(20_000));
    assert_eq!(read(mixed.into_bytes()).unreadable.len(), 1);
}

#[test]
fn unclosed_brackets_by_the_thousand_end_in_time() {
    for open in [
        "(",
        "[",
        "{",
        "if x {",
        "func(",
        "go func() {",
        "map[",
        "<-",
        "x.",
        "new(",
        "`",
        "/*",
    ] {
        let file = read(format!("package p\nfunc f() {{\n{}", open.repeat(10_000)).into_bytes());
        assert!(!file.unreadable.is_empty(), "{open}");
    }
}

#[test]
fn odd_bytes_do_no_harm() {
    assert!(read(Vec::new()).unreadable.is_empty());
    let bom = read(b"\xef\xbb\xbfpackage p\nfunc f() {}\n".to_vec());
    assert!(bom.unreadable.is_empty());
    assert_eq!(bom.package, "p");
    assert_eq!(function_names(&bom), ["f"]);
    let crlf = read(b"package p\r\n\r\nfunc f() {\r\n\tgo g()\r\n}\r\n".to_vec());
    assert!(crlf.unreadable.is_empty());
    assert_eq!(dump(&crlf), "package p\nfunc f () ()\n  go (call g)\n");
    for hostile in [
        &b"package p\nfunc f() { go g(\0) }\n"[..],
        b"\0\0\0",
        b"package p\nfunc \xff\xfe() { x\xff := 1 }\n",
        b"package p\nvar s = \"\xff\xfe\"\n",
        b"package \xff\nimport \"\xff\"\n",
        b"\xff",
        b"// \xff\n",
        b"func",
        b"new(new(new(",
        b"func (r T) M[K \xff](",
    ] {
        dump(&read(hostile.to_vec()));
    }
    let mut noise = 7_u32;
    let random = std::iter::repeat_with(|| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    });
    dump(&read(random.take(20_000).collect()));
}

#[test]
fn a_file_cut_anywhere_is_read() {
    let sample = include_bytes!("data/sample.go");
    assert!(read(sample.to_vec()).unreadable.is_empty());
    for end in 0..sample.len() {
        dump(&parse_file(&sample[..end]));
    }
    for start in (0..sample.len()).step_by(3) {
        dump(&parse_file(&sample[start..]));
    }
}
