//! Changes that mean nothing change no finding: line ends, formatting, comments, neighbours, the order of files.
//!
//! Each is made to every fixture. `scripts/metamorphic.py` makes those that need a parser of Go: other names, extracted
//! goroutines, channels in fields.

mod support;

use goleash::analyze::{Directory, GoVersion, InputFile, Options, directory};
use support::{Package, packages};

/// A finding: file, line, rule.
type Hit = (String, u32, &'static str);

/// The texts of a package by path, analysed in this order.
fn hits(package: &Package, texts: &[(String, String)]) -> Vec<Hit> {
    let files = texts.iter().map(|(path, text)| InputFile {
        path: path.as_str().into(),
        bytes: text.as_bytes().into(),
        report: true,
        rules: None,
    });
    let dir = Directory {
        path: package.directory.clone(),
        import_path: package.directory.clone(),
        go: GoVersion {
            major: 1,
            minor: 27,
        },
        files: files.collect(),
    };
    let mut options = Options::default();
    options.rules.turn("all", true);
    let report = directory(&dir, &options);
    let mut hits: Vec<Hit> = report
        .findings
        .iter()
        .map(|finding| {
            let file = &report.files[finding.primary.file.index()];
            let line = file.line(finding.primary.span.start);
            (file.path().to_owned(), line, finding.rule)
        })
        .collect();
    hits.sort();
    hits
}

fn texts(package: &Package) -> Vec<(String, String)> {
    let files = package.files.iter();
    files.map(|f| (f.path.clone(), f.text.clone())).collect()
}

/// Makes a change to every file of every package that allows it, and compares. `moved` says where a line is afterwards.
fn changes_nothing(change: impl Fn(&str) -> Option<String>, moved: impl Fn(&str, u32) -> u32) {
    let mut compared = 0;
    for package in packages() {
        let before = texts(&package);
        let after: Vec<(String, String)> = before
            .iter()
            .map(|(path, text)| {
                let text = change(text).unwrap_or_else(|| text.clone());
                (path.clone(), text)
            })
            .collect();
        let text_of = |path: &str| before.iter().find(|(p, _)| p == path).map(|(_, t)| t);
        let mut wanted: Vec<Hit> = hits(&package, &before)
            .into_iter()
            .map(|(path, line, rule)| {
                let text = text_of(&path).expect("a file of the package");
                let line = if change(text).is_some() {
                    moved(text, line)
                } else {
                    line
                };
                (path, line, rule)
            })
            .collect();
        wanted.sort();
        compared += wanted.len();
        assert_eq!(hits(&package, &after), wanted, "{}", package.directory);
    }
    assert!(compared > 100, "only {compared} findings were compared");
}

fn stays(_: &str, line: u32) -> u32 {
    line
}

/// Where a raw string stands, lines are not just lines.
fn has_raw_string(text: &str) -> bool {
    text.contains('`')
}

#[test]
fn line_ends_do_not_matter() {
    changes_nothing(|text| Some(text.replace('\n', "\r\n")), stays);
}

#[test]
fn a_byte_order_mark_does_not_matter() {
    changes_nothing(|text| Some(format!("\u{feff}{text}")), stays);
}

#[test]
fn indentation_and_blanks_do_not_matter() {
    changes_nothing(
        |text| {
            let lines = text.lines().map(|line| format!("   {}\t \n", line.trim()));
            (!has_raw_string(text)).then(|| lines.collect::<Vec<_>>().concat())
        },
        stays,
    );
}

#[test]
fn empty_lines_do_not_matter() {
    // But for comments that suppress: those stand right above what they are about.
    changes_nothing(
        |text| {
            let fits =
                !has_raw_string(text) && !text.contains("goleash") && !text.contains("nolint");
            fits.then(|| text.replace('\n', "\n\n"))
        },
        |_, line| 2 * line - 1,
    );
}

#[test]
fn comments_do_not_matter() {
    changes_nothing(
        |text| {
            let fits = !has_raw_string(text) && !text.contains("/*");
            fits.then(|| text.replace("\n}\n", "\n/* ch <- 1 */ }\n"))
        },
        stays,
    );
}

#[test]
fn a_block_around_each_body_does_not_matter() {
    changes_nothing(wrapped, stays);
}

/// The body of each function whose head is one line, in a block of its own. Not where results have names: a short
/// declaration at the top of the body assigns to them, and in a block declares others (Go spec, "Short variable
/// declarations").
fn wrapped(text: &str) -> Option<String> {
    if has_raw_string(text) {
        return None;
    }
    let mut out = String::new();
    let mut open = false;
    for line in text.lines() {
        let begins = line.starts_with("func ") && line.ends_with(" {") && !names_results(line);
        let ends = open && line == "}";
        if ends {
            out.push('}');
        }
        out.push_str(line);
        out.push_str(if begins { " {\n" } else { "\n" });
        open = begins || (open && !ends);
    }
    Some(out)
}

/// Whether the results of this head of a function have names: `(n int, err error)`, not `(chan int, error)`.
fn names_results(head: &str) -> bool {
    let results = head.rsplit_once(") (").map_or("", |(_, results)| results);
    let name = results.split_once(' ').map_or("", |(name, _)| name);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name && !["chan", "func", "map", "struct", "interface"].contains(&name)
}

/// Code that has nothing to do with that of any fixture.
const UNRELATED: &str = "
func unrelatedZq(n int) (out chan int) {
\tout = make(chan int, 1)
\tout <- n
\treturn out
}

type unrelatedTypeZq struct{ ch, done chan int }

func (u *unrelatedTypeZq) leaveZq() { close(u.done) }
";

#[test]
fn unrelated_code_in_the_file_does_not_matter() {
    // Once for each file of a package, under other names.
    changes_nothing(
        |text| {
            let name = format!("Zq{}", text.len());
            Some(format!("{text}{}", UNRELATED.replace("Zq", &name)))
        },
        stays,
    );
}

#[test]
fn unrelated_files_do_not_matter() {
    for package in packages() {
        let before = texts(&package);
        let (path, text) = &before[0];
        let clause = text.lines().find(|line| line.starts_with("package "));
        let mut after = before.clone();
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for name in ["aa.go", "zz.go", "zz_test.go"] {
            let body = UNRELATED.replace("Zq", &name.replace('.', ""));
            let text = format!("{}\n{body}", clause.expect("a package clause"));
            after.push((format!("{folder}/{name}"), text));
        }
        after.push((
            format!("{folder}/other_test.go"),
            "package other_test\n".to_owned(),
        ));
        after.sort();
        let mut found = hits(&package, &after);
        found.retain(|(path, ..)| before.iter().any(|(p, _)| p == path));
        assert_eq!(found, hits(&package, &before), "{}", package.directory);
    }
}

#[test]
fn the_order_of_files_does_not_matter() {
    for package in packages() {
        let before = texts(&package);
        let mut after = before.clone();
        after.reverse();
        assert_eq!(
            hits(&package, &after),
            hits(&package, &before),
            "{}",
            package.directory
        );
    }
}
