//! Repairs under doubt: names that mean something else, lengths that change, imports that hold code, many findings at once.

use crate::binary::{goleash, tree};
use crate::text;
use serde_json::Value;
use std::fmt::Write as _;

/// A function that asks everybody in `all` and takes the first answer; `before` stands between the channel and the loop.
fn first(head: &str, before: &str, all: &str) -> String {
    format!(
        "package p

type pool struct{{ hosts []string }}

func (p *pool) refresh() {{ p.load() }}

func (p *pool) load() {{ p.hosts = append(p.hosts, \"late\") }}

func (p *pool) size() int {{ return len(p.hosts) }}

func fill(m map[string]int) {{ m[\"late\"] = 1 }}

{head} {{
\tout := make(chan int)
{before}\tfor i := range {all} {{
\t\tgo func() {{
\t\t\t_ = i
\t\t\tout <- 1
\t\t}}()
\t}}
\treturn <-out
}}
"
    )
}

/// The kinds of the repairs of the only finding, each with its safety.
fn offers(source: &str) -> Vec<(String, String)> {
    let folder = tree(&[("a.go", source.as_bytes())]);
    let json = goleash(&folder, "-f json").exits(1).stdout;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let findings = json["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), 1, "{json}");
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    let fixes = findings[0]["fixes"].as_array().expect("fixes");
    fixes
        .iter()
        .map(|fix| (word(&fix["kind"]), word(&fix["safety"])))
        .collect()
}

#[test]
fn room_is_safe_only_where_there_are_as_many_when_it_is_given() {
    let room = |safety: &str| ("room-for-all".to_owned(), safety.to_owned());
    let method = "func (p *pool) first() int";
    let map = "func first(m map[string]int) int";
    for (head, before, all, safety) in [
        (method, "", "p.hosts", "safe"),
        (method, "\tprintln(p.size())\n", "p.hosts", "safe"),
        (
            method,
            "\tp.hosts = append(p.hosts, \"x\")\n",
            "p.hosts",
            "unsafe",
        ),
        (method, "\tp.refresh()\n", "p.hosts", "unsafe"),
        (
            method,
            "\t*p = pool{hosts: make([]string, 9)}\n",
            "p.hosts",
            "unsafe",
        ),
        (
            "func (p *pool) first(f func()) int",
            "\tf()\n",
            "p.hosts",
            "unsafe",
        ),
        (map, "", "m", "safe"),
        (map, "\tm[\"x\"] = 1\n", "m", "unsafe"),
        (map, "\tfill(m)\n", "m", "unsafe"),
        // Written to somewhere else, before the channel is made or as another kind of thing.
        (
            map,
            "\tcounts := make([]int, 3)\n\tcounts[1] = 2\n",
            "m",
            "safe",
        ),
    ] {
        let source = first(head, before, all);
        assert!(
            offers(&source).contains(&room(safety)),
            "{safety} wanted of {:?}:\n{source}",
            offers(&source)
        );
    }
    // While a map is ranged over it may still grow.
    let growing = first(map, "", "m").replace("\t\tgo func", "\t\tm[i+\"x\"] = 2\n\t\tgo func");
    assert!(offers(&growing).contains(&room("unsafe")), "{growing}");
}

#[test]
fn names_that_mean_something_else_are_not_used() {
    let source = first("func first(words []string, len int) int", "", "words");
    let source = source.replace("_ = i", "_ = i + len");
    assert_eq!(
        offers(&source)
            .iter()
            .filter(|(kind, _)| kind == "room-for-all")
            .count(),
        0
    );
    let folder = tree(&[("a.go", source.as_bytes())]);
    goleash(&folder, "--fix").exits(1).tells("repaired nothing");
    assert_eq!(text(&folder, "a.go"), source);
}

/// Nobody closes what is ranged over, and there is no group to wait for: one has to be made, with an import.
const RANGED: &str = "
func each(words []string, sync int) (n int) {
\tch := make(chan int)
\tfor i := range words {
\t\tgo func() { ch <- i + sync }()
\t}
\tfor v := range ch {
\t\tn += v
\t}
\treturn n
}
";

#[test]
fn a_package_is_imported_only_where_nothing_has_its_name() {
    let hidden = format!("package p\n{RANGED}");
    let folder = tree(&[("a.go", hidden.as_bytes())]);
    goleash(&folder, "--fix --unsafe-fixes").exits(1);
    assert_eq!(text(&folder, "a.go"), hidden);

    let global = format!("{}\nvar sync = 1\n", hidden.replace(", sync int", ""));
    let folder = tree(&[("a.go", global.as_bytes())]);
    goleash(&folder, "--fix --unsafe-fixes").exits(1);
    assert_eq!(text(&folder, "a.go"), global);
}

#[test]
fn the_code_in_front_of_an_import_of_c_stays_with_it() {
    let head = "package p

// #include <stdlib.h>
import \"C\"
";
    let body = RANGED.replace(", sync int", "").replace("i + sync", "i");
    let folder = tree(&[("a.go", format!("{head}{body}").as_bytes())]);
    goleash(&folder, "--fix").exits(0);
    let repaired = text(&folder, "a.go");
    assert!(
        repaired.starts_with(&format!("{head}\nimport \"sync\"\n")),
        "{repaired}"
    );
    assert!(repaired.contains("var wg sync.WaitGroup"), "{repaired}");
}

#[test]
fn the_last_of_many_findings_has_a_repair_too() {
    let many = 70;
    let mut source = "package p\n\nimport \"context\"\n".to_owned();
    for nth in 0..many {
        let _ = write!(
            source,
            "
func ask{nth}(ctx context.Context, get func() int) int {{
\tch := make(chan int)
\tgo func() {{ ch <- get() }}()
\tselect {{
\tcase v := <-ch:
\t\treturn v
\tcase <-ctx.Done():
\t\treturn 0
\t}}
}}
"
        );
    }
    let folder = tree(&[("a.go", source.as_bytes())]);
    let json = goleash(&folder, "-f json").exits(1).stdout;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let findings = json["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), many);
    for finding in findings {
        let fixes = finding["fixes"].as_array().expect("fixes");
        assert!(!fixes.is_empty(), "{finding}");
    }
}

#[test]
#[cfg(unix)]
fn a_diff_of_odd_names_and_odd_bytes_can_be_applied() {
    let mut source = crate::ROOM.replace("the answer", "caf\u{1}").into_bytes();
    let mark = source.iter().position(|byte| *byte == 1).expect("the mark");
    // Not UTF-8, and what looks like the end of a line.
    source.splice(mark..=mark, *b"\xe9\rx\x1b[1m");
    let names = [
        "a b/x y.go",
        "q/\"q\"\t.go",
        "n/x\n+++ b/go.mod",
        "s/\\.go",
        "ü/ü.go",
    ];
    let names = names.map(|name| format!("{}.go", name.trim_end_matches(".go")));
    let files: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), &source[..])).collect();
    let folder = tree(&files);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_goleash"))
        .args(["--isolated", "--diff", "./..."])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    std::fs::write(folder.path().join("x.diff"), &output.stdout).expect("written");
    let applied = crate::git(folder.path(), &["apply", "x.diff"]);
    if crate::outside::or_skip(applied).is_none() {
        return;
    }
    for name in &names {
        let bytes = std::fs::read(folder.path().join(name)).expect("there");
        assert_eq!(bytes.len(), source.len() + ", 1".len(), "{name}");
    }
    goleash(&folder, "").exits(0);
}

#[test]
fn a_read_only_file_is_not_replaced() {
    let folder = tree(&[
        ("a/room.go", crate::ROOM.as_bytes()),
        ("b/room.go", crate::ROOM.as_bytes()),
    ]);
    let path = folder.path().join("b/room.go");
    let mut permissions = std::fs::metadata(&path).expect("there").permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).expect("read-only");
    goleash(&folder, "--fix")
        .exits(2)
        .tells("`b/room.go` is read-only; nothing was written");
    assert_eq!(text(&folder, "a/room.go"), crate::ROOM);
    assert_eq!(text(&folder, "b/room.go"), crate::ROOM);
}

#[test]
#[cfg(target_os = "linux")]
fn files_that_look_alike_are_not_taken_for_each_other() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tree(&[("p/doc.go", b"package p\n")]);
    let longer = crate::ROOM.replace("wait(", "waitLonger(");
    let named = |name: &[u8]| {
        folder
            .path()
            .join("p")
            .join(std::ffi::OsStr::from_bytes(name))
    };
    std::fs::write(named(b"a\xff.go"), crate::ROOM).expect("written");
    std::fs::write(named(b"a\xfe.go"), &longer).expect("written");
    goleash(&folder, "--fix").exits(1).tells("repaired nothing");
    let text = |name: &[u8]| std::fs::read_to_string(named(name)).expect("there");
    assert_eq!(text(b"a\xff.go"), crate::ROOM);
    assert_eq!(text(b"a\xfe.go"), longer);
}

/// What the worker returns where it stops waiting, by its results and what stands in front of its loop.
fn returned(decls: &str, params: &str, results: &str, before: &str) -> Option<String> {
    let of = if params.is_empty() { "" } else { "[int]" };
    let source = format!(
        "package p

import (
\t\"context\"
\t\"io\"
)

var _ io.Reader

{decls}
func worker{params}(ctx context.Context, in, out chan int) ({results}, error) {{
{before}\tfor v := range in {{
\t\tout <- v
\t}}
\tpanic(0)
}}

func run(ctx context.Context) int {{
\tin, out := make(chan int), make(chan int)
\tgo worker{of}(ctx, in, out)
\tin <- 1
\tclose(in)
\tselect {{
\tcase v := <-out:
\t\treturn v
\tcase <-ctx.Done():
\t\treturn 0
\t}}
}}
"
    );
    let folder = tree(&[("a.go", source.as_bytes())]);
    let json = goleash(&folder, "-f json").exits(1).stdout;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let edits = json["findings"][0]["fixes"][0]["edits"].as_array()?;
    let added: String = edits
        .iter()
        .filter_map(|edit| edit["replacement"].as_str())
        .collect();
    let values = added.split_once("return ")?.1;
    Some(values.split_once(", ctx.Err()")?.0.to_owned())
}

#[test]
fn what_is_returned_instead_has_the_type_that_is_asked_for() {
    let is = |decls: &str, params: &str, results: &str, wanted: &str| {
        let values = returned(decls, params, results, "");
        assert_eq!(values.as_deref(), Some(wanted), "{results}");
    };
    is(
        "",
        "",
        "io.Reader, io.LimitedReader",
        "nil, io.LimitedReader{}",
    );
    is("type T struct{}", "", "T, *T, [2]T", "T{}, nil, [2]T{}");
    is("type R[K any] struct{ k K }", "", "R[int]", "R[int]{}");
    // A type parameter, whatever else has its name.
    is("type T struct{}", "[T any]", "T, []T", "*new(T), nil");
    // A type of the function itself stands in front of that of the package.
    let local = "\ttype T int\n\tvar _ T\n";
    let values = returned("type T struct{}", "", "T", local);
    assert_eq!(values, None);
}
