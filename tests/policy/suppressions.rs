//! Comments that suppress findings, and what is said about the comments themselves.

use super::binary::{Run, goleash, tree};
use super::{EARLY, NCAST, found};
use serde_json::Value;

/// `early-return`: `ch` is made in line 5, the goroutine starts in line 8, sits in line 9, and is left in line 12.
const PLACES: &str = "package p

func save(data func() error, check func() error) error {
\t// Nobody waits for the result when the check fails.
\tch := make(chan error)

\tvar err error
\tgo func() {
\t\tch <- data()
\t}()
\tif err = check(); err != nil {
\t\treturn err
\t}
\treturn <-ch
}
";

/// `text` with `comment` behind the 1-based `line`.
fn behind(text: &str, line: usize, comment: &str) -> String {
    edit(text, line, |code| format!("{code} {comment}"))
}

/// `text` with `comment` on a line of its own above the 1-based `line`.
fn above(text: &str, line: usize, comment: &str) -> String {
    edit(text, line, |code| format!("{comment}\n{code}"))
}

fn edit(text: &str, line: usize, change: impl Fn(&str) -> String) -> String {
    let lines = text.lines().enumerate().map(|(index, code)| {
        if index + 1 == line {
            change(code)
        } else {
            code.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// The rules found in one file.
fn rules(text: &str) -> Vec<String> {
    let folder = tree(&[("a.go", text.as_bytes())]);
    let found = found(&folder, "");
    found
        .iter()
        .map(|f| f.split(' ').nth(1).expect("a rule").to_owned())
        .collect()
}

#[test]
fn a_comment_counts_at_every_place_of_a_finding() {
    assert_eq!(rules(PLACES), ["early-return"]);
    let comment = "//goleash:ignore early-return only at shutdown";
    for line in [5, 8, 9, 10, 12] {
        assert_eq!(
            rules(&behind(PLACES, line, comment)),
            [""; 0],
            "behind {line}"
        );
    }
    // Alone on a line it covers the statement below: 3 the function, 11 the `if` around the `return`.
    for line in [3, 5, 8, 9, 11, 12] {
        assert_eq!(
            rules(&above(PLACES, line, comment)),
            [""; 0],
            "above {line}"
        );
    }
    for line in [6, 7, 14] {
        let rules = rules(&behind(PLACES, line, comment));
        assert_eq!(rules.len(), 2, "behind {line}: {rules:?}");
    }
    // The package clause stands for the file.
    assert_eq!(rules(&above(PLACES, 1, comment)), [""; 0]);
    assert_eq!(rules(&behind(PLACES, 3, comment)), [""; 0]);
}

#[test]
fn every_family_of_comments_is_understood() {
    for comment in [
        "//goleash:ignore early-return why",
        "// goleash:ignore ncast,early-return why",
        "//goleash:ignore all why",
        "//lint:ignore goleash/early-return why",
        "//lint:ignore SA1000,goleash/early-return why",
        "//nolint:goleash // why",
        "//nolint:goleash/early-return // why",
        "//nolint:errcheck,goleash // why",
        "//nolint:all",
        "//nolint",
        "// nolint // why",
        "//goleash:daemon why",
    ] {
        let rules = rules(&behind(PLACES, 8, comment));
        let unused = comment.contains("ncast,").then_some("suppression-unused");
        assert_eq!(rules, Vec::from_iter(unused), "{comment}");
    }
    for comment in [
        "//goleash:file-ignore early-return why",
        "//lint:file-ignore goleash/early-return why",
    ] {
        for text in [above(PLACES, 1, comment), above(PLACES, 14, comment)] {
            assert_eq!(rules(&text), [""; 0], "{comment}");
        }
    }
    for comment in [
        "//nolint:errcheck // goleash",
        "//lint:ignore SA1000 why",
        "//nolinter",
        "// see goleash:ignore early-return why",
        "/* goleash:ignore early-return why */",
    ] {
        assert_eq!(
            rules(&behind(PLACES, 8, comment)),
            ["early-return"],
            "{comment}"
        );
    }
}

#[test]
fn another_rule_is_not_suppressed() {
    let text = behind(PLACES, 9, "//goleash:ignore ncast why");
    assert_eq!(rules(&text), ["early-return", "suppression-unused"]);
    // Of several rules each is judged by itself.
    let text = behind(PLACES, 9, "//goleash:ignore ncast,early-return why");
    let folder = tree(&[("a.go", text.as_bytes())]);
    let run = goleash(&folder, "").exits(1);
    assert!(
        run.stdout.contains("no finding of `ncast` here"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("remove the rule from the comment"),
        "{}",
        run.stdout
    );
}

#[test]
fn text_that_only_looks_like_a_comment_suppresses_nothing() {
    let quoted = PLACES.replace(
        "ch <- data()",
        "ch <- wrap(data(), \"//nolint\", `\n//goleash:ignore early-return why\n`)",
    ) + "\nfunc wrap(err error, _ ...string) error { return err }\n";
    assert_eq!(rules(&quoted), ["early-return"]);
}

#[test]
fn comments_count_in_files_that_are_partly_unreadable() {
    let broken = "\nfunc broken() {\n\tx := := 1\n}\n";
    let text = above(PLACES, 9, "//goleash:ignore early-return why") + broken;
    let folder = tree(&[("a.go", text.as_bytes())]);
    goleash(&folder, "")
        .exits(0)
        .tells("could not read this part");
    // What a comment is about may be in the part that was not read.
    let text = above(PLACES, 9, "//goleash:ignore ncast why") + broken;
    assert_eq!(rules(&text), ["early-return"]);
}

/// Stranded by the `return` in line 15 and, told only without that, by the `if` in line 9.
const TWO_WAYS: &str = "package p

func wide(sheets [][]string) (n int) {
next:
\tfor _, s := range sheets {
\t\tw := make(chan int)
\t\tgo func() { w <- len(s) }()
\t\tfor _, row := range s {
\t\t\tif len(row) == 0 {
\t\t\t\tcontinue next
\t\t\t}
\t\t}
\t\tn += <-w
\t}
\treturn n
}
";

#[test]
fn one_way_to_strand_an_operation_is_suppressed_and_another_is_not() {
    assert_eq!(rules(TWO_WAYS), ["early-return"]);
    let one = behind(TWO_WAYS, 15, "//goleash:ignore all why");
    let folder = tree(&[("a.go", one.as_bytes())]);
    let run = goleash(&folder, "-f concise").exits(1);
    assert!(run.stdout.starts_with("a.go:7:"), "{}", run.stdout);
    assert!(!run.stdout.contains("`return n`"), "{}", run.stdout);
    let both = behind(&one, 9, "//goleash:ignore all why");
    assert_eq!(rules(&both), [""; 0]);
}

/// The goroutines of line 9 are left behind by the `case` in line 15, which two rules tell of in their own words.
const TWO_RULES: &str = "package p

import \"time\"

func first(hosts []string, dial func(string) error, d time.Duration) error {
\tup := make(chan error)
\tfor _, h := range hosts {
\t\tgo func() {
\t\t\tup <- dial(h)
\t\t}()
\t}
\tselect {
\tcase err := <-up:
\t\treturn err
\tcase <-time.After(d):
\t\treturn nil
\t}
}
";

#[test]
fn a_comment_at_an_operation_settles_it() {
    assert_eq!(rules(TWO_RULES), ["timeout-send"]);
    let comment = "//goleash:ignore timeout-send why";
    assert_eq!(rules(&behind(TWO_RULES, 9, comment)), [""; 0]);
    assert_eq!(rules(&above(TWO_RULES, 9, comment)), [""; 0]);
    // Elsewhere it is about one rule or one way.
    assert_eq!(rules(&behind(TWO_RULES, 15, comment)), ["ncast"]);
    assert_eq!(rules(&behind(TWO_RULES, 5, comment)), ["ncast"]);
    assert_eq!(rules(&above(TWO_RULES, 1, comment)), ["ncast"]);
    // One that is about other words for it settles nothing.
    let comment = "//goleash:ignore ncast why";
    assert_eq!(rules(&behind(TWO_RULES, 9, comment)), ["timeout-send"]);
}

#[test]
fn a_comment_without_a_reason_suppresses_and_is_a_finding() {
    for comment in [
        "//goleash:ignore early-return",
        "//lint:ignore goleash/early-return",
        "//nolint:goleash",
        "//goleash:daemon",
    ] {
        let text = behind(PLACES, 8, comment);
        assert_eq!(rules(&text), ["suppression-no-reason"], "{comment}");
    }
    let folder = tree(&[("a.go", behind(PLACES, 8, "//nolint:goleash").as_bytes())]);
    goleash(&folder, "--ignore suppression-no-reason").exits(0);
}

#[test]
fn unknown_names_are_findings_with_a_guess() {
    let say = |comment: &str| -> Run {
        let folder = tree(&[("a.go", behind(PLACES, 9, comment).as_bytes())]);
        let run = goleash(&folder, "--select suppression-unknown-rule").exits(1);
        assert_eq!(run.stdout.matches("suppression-unknown-rule").count(), 1);
        run
    };
    for (comment, expected) in [
        ("//goleash:ignore erly-return why", "write `early-return`"),
        (
            "//nolint:goleash/GL001 // why",
            "`goleash list-rules` lists them all",
        ),
        ("//goleash:ignore", "this comment names no rule"),
        (
            "//goleash:disable ncast",
            "`goleash:disable` is no directive",
        ),
        ("//goleash:ingore ncast why", "write `goleash:ignore`"),
        (
            "//goleash:ignore suppression-unused why",
            "no comment suppresses it",
        ),
    ] {
        let run = say(comment);
        assert!(run.stdout.contains(expected), "{comment}: {}", run.stdout);
    }
}

#[test]
fn unused_comments_are_findings_unless_they_are_meant_for_others() {
    let clean = PLACES.replace("make(chan error)", "make(chan error, 1)");
    for comment in [
        "//goleash:ignore early-return why",
        "//goleash:file-ignore all why",
        "//nolint:goleash // why",
        "//lint:ignore goleash/early-return why",
        "//goleash:daemon why",
    ] {
        assert_eq!(
            rules(&behind(&clean, 8, comment)),
            ["suppression-unused"],
            "{comment}"
        );
    }
    for comment in ["//nolint", "//nolint:all // why", "//nolint:errcheck"] {
        assert_eq!(rules(&behind(&clean, 8, comment)), [""; 0], "{comment}");
    }
    // Also where there is no channel at all, and where an empty line parts it from the code.
    let empty = "package p\n\n//goleash:ignore ncast why\n\nfunc f() {}\n";
    assert_eq!(rules(empty), ["suppression-unused"]);
}

#[test]
fn a_comment_is_not_unused_because_of_what_was_asked_for() {
    let text = behind(PLACES, 9, "//goleash:ignore early-return why");
    let folder = tree(&[("a.go", text.as_bytes())]);
    goleash(&folder, "--ignore early-return").exits(0);
    let text = behind(NCAST, 6, "//goleash:ignore ncast why");
    let folder = tree(&[("a.go", text.as_bytes())]);
    let sure = found(&folder, "--min-confidence high --ignore suppression-unused");
    assert_eq!(sure, [""; 0], "the finding rests on an assumption");
    goleash(&folder, "--min-confidence high").exits(0);
    // Of two rules, the one that is off is not complained about.
    let text = behind(PLACES, 9, "//goleash:ignore early-return,ncast why");
    let folder = tree(&[("a.go", text.as_bytes())]);
    assert_eq!(found(&folder, ""), ["a.go:9 suppression-unused"]);
    goleash(&folder, "--ignore ncast").exits(0);
}

#[test]
fn only_files_that_are_reported_in_have_their_comments_judged() {
    let comment = "package p\n\n//goleash:ignore ncast why\nfunc f() {}\n";
    let generated = format!("// Code generated by x. DO NOT EDIT.\n\n{comment}");
    let folder = tree(&[
        ("a.go", b"package p\n"),
        ("gen.go", generated.as_bytes()),
        ("x_plan9.go", comment.as_bytes()),
        ("x_test.go", comment.as_bytes()),
    ]);
    assert_eq!(found(&folder, ""), ["x_test.go:3 suppression-unused"]);
    assert_eq!(found(&folder, "--no-tests"), [""; 0]);
    assert_eq!(
        found(&folder, "--no-tests --generated"),
        ["gen.go:5 suppression-unused"]
    );
    assert_eq!(found(&folder, "a.go"), [""; 0]);
}

#[test]
fn a_daemon_is_the_goroutine_started_there_and_no_other() {
    let nested = PLACES.replace(
        "\tgo func() {\n\t\tch <- data()\n\t}()\n",
        "\tgo func() {\n\t\tgo func() { ch <- data() }()\n\t}()\n",
    );
    assert_eq!(rules(&nested), ["early-return"]);
    let inner = above(&nested, 9, "\t\t//goleash:daemon why");
    assert_eq!(rules(&inner), [""; 0]);
    let outer = above(&nested, 8, "\t//goleash:daemon why");
    assert_eq!(rules(&outer), ["suppression-unused", "early-return"]);
}

#[test]
fn suppressed_findings_are_shown_on_request_and_do_not_count() {
    let text = behind(EARLY, 9, "//goleash:ignore early-return only at <shutdown>");
    let folder = tree(&[("a.go", text.as_bytes())]);
    goleash(&folder, "")
        .exits(0)
        .tells("no findings in 1 package");
    let json = |line: &str| -> Value {
        let run = goleash(&folder, line).exits(0);
        serde_json::from_str(&run.stdout).expect("JSON")
    };
    assert_eq!(json("-f json")["findings"], Value::Array(Vec::new()));
    let shown = &json("-f json --show-suppressed")["findings"][0]["suppressed"];
    assert_eq!(shown["kind"], "inSource");
    assert_eq!(shown["justification"], "only at <shutdown>");
    let sarif = json("-f sarif --show-suppressed");
    let suppressions = &sarif["runs"][0]["results"][0]["suppressions"];
    assert_eq!(suppressions[0]["kind"], "inSource");
    assert_eq!(suppressions[0]["justification"], "only at <shutdown>");
    assert!(json("-f sarif")["runs"][0]["results"][0].is_null());
    let run = goleash(&folder, "--show-suppressed")
        .exits(0)
        .tells("no findings and 1 suppressed in 1 package");
    assert!(
        run.stdout.contains("note: suppressed: only at <shutdown>"),
        "{}",
        run.stdout
    );
    let run = goleash(&folder, "--show-suppressed -f concise").exits(0);
    assert!(
        run.stdout.ends_with("(suppressed: only at <shutdown>)\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn findings_about_comments_are_sound_in_every_format() {
    let text = behind(PLACES, 9, "//goleash:ignore early-return,ncast,nothing");
    let folder = tree(&[("a.go", text.as_bytes())]);
    let rules = [
        "suppression-no-reason",
        "suppression-unknown-rule",
        "suppression-unused",
    ];
    for format in [
        "full",
        "concise",
        "json",
        "jsonl",
        "sarif",
        "github",
        "gitlab",
        "rdjson",
        "checkstyle",
    ] {
        let run = goleash(&folder, &format!("--show-suppressed -f {format}")).exits(1);
        for rule in rules {
            assert!(run.stdout.contains(rule), "{format}: {}", run.stdout);
        }
        if format == "sarif" {
            let log = serde_json::from_str(&run.stdout).expect("JSON");
            super::sarif::assert_valid(&log);
        }
    }
}

#[test]
fn suppressing_one_of_two_equal_findings_leaves_the_identity_of_the_other() {
    let body = EARLY.strip_prefix("package p\n").expect("a clause");
    let fingerprints = |first: &str| -> Vec<String> {
        let text = format!(
            "package p\n{first}\n{}",
            body.replace("func save", "func (t T) save")
        );
        let folder = tree(&[("a.go", text.as_bytes())]);
        let run = goleash(&folder, "-f json --show-suppressed");
        let value: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let findings = value["findings"].as_array().expect("findings");
        findings
            .iter()
            .map(|f| f["fingerprint"].as_str().expect("text").to_owned())
            .collect()
    };
    let suppressed = body.replace(
        "ch <- data()",
        "ch <- data() //goleash:ignore early-return why",
    );
    let plain = fingerprints(body);
    assert_eq!(plain.len(), 2);
    assert_eq!(fingerprints(&suppressed), plain);
}

#[test]
fn former_names_of_a_rule_keep_working() {
    let folder = tree(&[]);
    let json = goleash(&folder, "list-rules --format json").exits(0).stdout;
    let list: Value = serde_json::from_str(&json).expect("JSON");
    let rules = list.as_array().expect("rules");
    let former: Vec<(&str, &str)> = rules
        .iter()
        .filter(|rule| rule["id"] == "early-return")
        .flat_map(|rule| rule["also_known_as"].as_array().expect("names"))
        .filter_map(|name| Some(("early-return", name.as_str()?)))
        .collect();
    assert!(!former.is_empty());
    for (id, name) in former {
        let page = |name: &str| {
            let output = super::binary::command(folder.path())
                .args(["explain", name])
                .output();
            output.expect("the binary runs").stdout
        };
        assert_eq!(page(name), page(id), "{name}");
    }
}
