//! What else goleash reads: configurations, baselines, patches, comments that suppress.

use crate::mutate::Random;
use crate::{each_seed, promises};

const CONFIGURATION: &str = r#"
exclude = ["gen/**", "*.pb.go"]
tests = true
generated = false
min-confidence = "medium"
fail-on = "warning"
baseline = "goleash-baseline.json"
rules = { early-return = "error", all = "warning", ncast = "off" }

[build]
tags = ["integration"]
goos = "linux"

[[overrides]]
paths = ["internal/**"]
rules = { double-send = "note" }

[[known]]
function = "m.(*T).loop"
rule = "early-return"
reason = "ends with the process"
"#;

const BASELINE: &str = r#"{
  "version": 1,
  "findings": [
    {
      "package": "example.com/m",
      "function": "(*T).loop",
      "rule": "early-return",
      "operation": "ch <- 1",
      "made": "make(chan int)",
      "stranded": ["return err"],
      "file": "m/t.go",
      "confidence": "medium",
      "fingerprint": "0123456789abcdef"
    }
  ]
}
"#;

const PATCH: &str = "\
From 0123456789 Mon Sep 17 00:00:00 2001
Subject: [PATCH] a change

diff --git a/old name.go b/new.go
similarity index 90%
rename from old name.go
rename to new.go
index 1..2 100644
--- \"a/old name.go\"
+++ b/new.go
@@ -1,3 +1,4 @@ package p
 package p
-one
+two
+three
 four
\\ No newline at end of file
diff --git a/x.bin b/x.bin
Binary files a/x.bin and b/x.bin differ
--- /dev/null
+++ b/added.go
@@ -0,0 +1 @@
+package p
";

const NOW: &str = "package p\ntwo\nthree\nfour\n";

const COMMENT: &str = "//goleash:ignore early-return,ncast because of this\n//nolint:goleash,all // why\n//goleash:daemon x";

/// Some of the characters that mean something in these texts.
const CHARS: &[char] = &[
    '"', '\'', '[', ']', '{', '}', '=', ',', ':', '\\', '/', '*', '?', '!', '#', '\n', '\r', '\t',
    ' ', '\0', '-', '+', '@', '0', '9', 'a', 'ä', '😀', '\u{feff}', '\u{202e}',
];

/// A few changes by the character and by the line.
fn mutated(text: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    for _ in 0..=random.below(4) {
        text = if random.below(2) == 0 {
            by_line(&text, random)
        } else {
            by_character(&text, random)
        };
    }
    text
}

fn by_line(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    if lines.is_empty() {
        return "\n".to_owned();
    }
    let (a, b) = (random.below(lines.len()), random.below(lines.len()));
    match random.below(4) {
        0 => drop(lines.remove(a)),
        1 => lines.insert(b, lines[a]),
        2 => lines.swap(a, b),
        _ => lines.truncate(a),
    }
    lines.concat()
}

fn by_character(text: &str, random: &mut Random) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = random.below(chars.len() + 1);
    let new = CHARS[random.below(CHARS.len())];
    match random.below(4) {
        0 if at < chars.len() => chars[at] = new,
        1 if at < chars.len() => drop(chars.remove(at)),
        2 => {
            // Much of one thing.
            let many = 1 << random.below(10);
            chars.splice(at..at, std::iter::repeat_n(new, many));
        }
        _ => chars.insert(at, new),
    }
    chars.into_iter().collect()
}

#[test]
fn no_configuration_breaks_a_promise() {
    promises::configuration(CONFIGURATION);
    each_seed(2_000, |random| {
        promises::configuration(&mutated(CONFIGURATION, random));
    });
}

#[test]
fn no_baseline_breaks_a_promise() {
    goleash::baseline::Baseline::parse(BASELINE).expect("sound before it is changed");
    each_seed(2_000, |random| {
        promises::baseline(&mutated(BASELINE, random));
    });
}

#[test]
fn no_patch_breaks_a_promise() {
    let diffs = goleash::patch::parse(PATCH.as_bytes()).expect("sound before it is changed");
    assert_eq!(diffs.len(), 3);
    each_seed(2_000, |random| {
        let patch = mutated(PATCH, random);
        let now = mutated(NOW, random);
        promises::patch(patch.as_bytes(), NOW.as_bytes());
        promises::patch(patch.as_bytes(), now.as_bytes());
    });
}

#[test]
fn no_comment_breaks_a_promise() {
    let options = promises::loud();
    each_seed(400, |random| {
        let comment = mutated(COMMENT, random);
        let text = format!(
            "package p\n\nfunc f() {{\n\tch := make(chan int)\n{comment}\n\tgo func() {{ ch <- 1 }}()\n}}\n"
        );
        promises::findings(&[text.as_bytes()], &options);
    });
}
