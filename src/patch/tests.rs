//! Reading and taking back patches, by hand and at random.

use super::{Invalid, before, parse};

/// `line old -> new` of every file, with `|` before what a prefix may precede.
fn names(patch: &[u8]) -> Vec<String> {
    let files = parse(patch).expect("a patch");
    let name = |name: &Option<super::Name>| match name {
        Some(name) => {
            let bar = if name.prefix { "|" } else { "" };
            format!("{bar}{}", name.path.escape_ascii())
        }
        None => "-".to_owned(),
    };
    let shown = files.iter().map(|file| {
        let copy = if file.copy { " copy" } else { "" };
        let kind = if file.hunks.is_none() { " binary" } else { "" };
        format!(
            "{} {} -> {}{copy}{kind}",
            file.line,
            name(&file.old),
            name(&file.new)
        )
    });
    shown.collect()
}

fn wrong(patch: &str) -> (usize, String) {
    let Invalid { line, message } = parse(patch.as_bytes()).expect_err(patch);
    (line, message)
}

/// The only file of a patch as it was before.
fn taken_back(patch: &str, now: &str) -> Result<String, usize> {
    let files = parse(patch.as_bytes()).expect("a patch");
    before(&files[0], now.as_bytes())
        .map(|bytes| String::from_utf8(bytes).expect("text"))
        .map_err(|misfit| misfit.line)
}

#[test]
fn files_are_named_in_many_ways() {
    let patch = br#"From 0123 Mon Sep 17 00:00:00 2001
Subject: [PATCH] --- a/not.go

---
 x.go | 2 +-

diff --git a/x.go b/x.go
index 1..2 100644
--- a/x.go
+++ b/x.go
@@ -1 +1 @@ func f() {
-a
+b
diff --git a/new file.go b/new file.go
new file mode 100644
index 0..1
--- /dev/null
+++ b/new file.go	
@@ -0,0 +1 @@
+x
diff --git a/gone.go b/gone.go
deleted file mode 100644
--- a/gone.go
+++ /dev/null
@@ -1 +0,0 @@
-x
diff --git "a/tab\there.go" "b/q\"\\\303\274\001.go"
similarity index 90%
rename from "tab\there.go"
rename to "q\"\\\303\274\001.go"
diff --git a/x.go b/y.go
similarity index 100%
copy from x.go
copy to y.go
diff --git a/mode only.go b/mode only.go
old mode 100644
new mode 100755
diff --git a/empty.go b/empty.go
new file mode 100644
index 0..0
diff --git a/bin.go b/bin.go
index 1..2 100644
GIT binary patch
literal 3
KcmZQz00IC2

--- a/last.go	2024-01-01 00:00:00
+++ b/last.go	2024-01-02 00:00:00
@@ -1 +1 @@
-a
+b
-- 
2.40.0
"#;
    assert_eq!(
        names(patch),
        [
            "7 |a/x.go -> |b/x.go",
            "14 - -> |b/new file.go",
            "21 |a/gone.go -> -",
            r#"27 tab\there.go -> q\"\\\xc3\xbc\x01.go"#,
            "31 x.go -> y.go copy",
            "35 |a/mode only.go -> |b/mode only.go",
            "38 - -> |b/empty.go",
            "41 |a/bin.go -> |b/bin.go binary",
            "47 |a/last.go -> |b/last.go",
        ]
    );
}

#[test]
fn headers_without_prefix_and_with_other_ones() {
    assert_eq!(
        names(b"diff --git x y.go x y.go\nold mode 100644\nnew mode 100755\n"),
        ["1 |x y.go -> |x y.go"]
    );
    assert_eq!(
        names(
            b"diff --git i/x.go w/x.go\r\n--- i/x.go\r\n+++ w/x.go\r\n@@ -1 +1 @@\r\n-a\r\n+b\r\n"
        ),
        ["1 |i/x.go -> |w/x.go"]
    );
    assert_eq!(
        names(b"diff --git a/x \"b/\\303.go\"\nold mode 1\nnew mode 2\n"),
        ["1 |a/x -> |b/\\xc3.go"]
    );
}

#[test]
fn lines_that_look_like_headers_are_lines() {
    let patch = b"--- a/x.sql\n+++ b/x.sql\n@@ -1,3 +1,3 @@\n--- a/y.go\n+++ b/y.go\n diff --git a/z.go b/z.go\n \n";
    assert_eq!(names(patch), ["1 |a/x.sql -> |b/x.sql"]);
}

#[test]
fn nothing_is_a_patch_that_changes_nothing() {
    assert_eq!(parse(b""), Ok(Vec::new()));
    assert_eq!(parse(b" \r\n\n"), Ok(Vec::new()));
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let header = "diff --git a/x b/x\n--- a/x\n+++ b/x\n";
    assert_eq!(wrong("hello\n").0, 1);
    for (text, line, message) in [
        (
            "@@ -1,2 +1 @@\n a\n",
            6,
            "the hunk of line 4 should have more lines (1 old, 0 new)",
        ),
        (
            "@@ -1,2 +1,2 @@\n a\nb\n",
            6,
            "the hunk of line 4 should have more lines (1 old, 1 new)",
        ),
        (
            "@@ -1 +1,2 @@\n a\n b\n",
            6,
            "the hunk of line 4 should have more lines (0 old, 1 new)",
        ),
        (
            "@@ -1 @@\n",
            4,
            "this hunk does not say which lines it is about",
        ),
        ("@@ -1,x +1 @@\n", 4, "this hunk does not say"),
        (
            "@@ -1,99999999999999999999999 +1 @@\n",
            4,
            "this hunk does not say",
        ),
        (
            "--- \"a/x\n+++ b/x\n",
            4,
            "the quotes around this name do not end",
        ),
        (
            "diff --git a/y b/y\nrename from \"y\\\n",
            5,
            "the quotes around this name do not end",
        ),
    ] {
        let (at, said) = wrong(&format!("{header}{text}"));
        assert!(
            at == line && said.starts_with(message),
            "{text}: {at}: {said}"
        );
    }
    assert_eq!(wrong("diff --git a/x b/x\n@@ -1 +1 @@\n").0, 2);
    let (line, message) = wrong("\ndiff --cc x.go\nindex 1,2..3\n");
    assert!(line == 2 && message.contains("merge"), "{message}");
}

const PATCH: &str = "--- a/x\n+++ b/x\n@@ -1,4 +1,3 @@\n one\n-two\n three\n four\n@@ -8,2 +7,4 @@\n eight\n+new\n+\n nine\n";
const NOW: &str = "one\nthree\nfour\nfive\nsix\nseven\neight\nnew\n\nnine\nten\n";
const BEFORE: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

#[test]
fn a_file_is_as_it_was() {
    assert_eq!(taken_back(PATCH, NOW), Ok(BEFORE.to_owned()));
    // Moved by lines above, and with other line ends.
    let moved = format!("zero\nzero\n{NOW}");
    assert_eq!(
        taken_back(PATCH, &moved),
        Ok(format!("zero\nzero\n{BEFORE}"))
    );
    let dos = NOW.replace('\n', "\r\n");
    let back = taken_back(PATCH, &dos).expect("it fits");
    assert_eq!(back.replace('\r', ""), BEFORE);
    let back = taken_back(&PATCH.replace('\n', "\r\n"), NOW).expect("it fits");
    assert_eq!(back.replace('\r', ""), BEFORE);
}

#[test]
fn ends_of_files_and_hunks_without_context() {
    let patch = "--- x\n+++ x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n";
    assert_eq!(taken_back(patch, "b\n"), Ok("a".to_owned()));
    let patch = "--- x\n+++ x\n@@ -2,0 +3,2 @@\n+c\n+d\n@@ -4 +5,0 @@\n-e\n@@ -6 +7 @@\n-g\n+G\n";
    assert_eq!(
        taken_back(patch, "a\nb\nc\nd\nx\ny\nG\nh\n"),
        Ok("a\nb\nx\ne\ny\ng\nh\n".to_owned())
    );
    assert_eq!(
        taken_back("--- x\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n", ""),
        Ok("a\nb\n".to_owned())
    );
    assert_eq!(
        taken_back("--- /dev/null\n+++ x\n@@ -0,0 +1 @@\n+a\n", "a\n"),
        Ok(String::new())
    );
}

#[test]
fn a_hunk_that_does_not_fit_is_named() {
    assert_eq!(taken_back(PATCH, &NOW.replace("new", "other")), Err(8));
    assert_eq!(taken_back(PATCH, ""), Err(3));
    // Without context nobody can tell where it belongs.
    let bare = "--- x\n+++ x\n@@ -1 +1 @@\n-a\n+b\n";
    assert_eq!(taken_back(bare, "c\nb\n"), Err(3));
    let far = format!("{}{NOW}", "x\n".repeat(5_000));
    assert_eq!(taken_back(PATCH, &far), Err(3));
    let huge = format!("--- x\n+++ x\n@@ -1 +{},0 @@\n-a\n", usize::MAX);
    assert_eq!(taken_back(&huge, "a\n"), Err(3));
}

#[test]
fn long_lines_take_no_long_time() {
    for piece in [" ", " a", " a/", "\"", "\\"] {
        let patch = format!("diff --git {}\n", piece.repeat(1 << 19));
        let _ = parse(patch.as_bytes());
        let hunks = format!(
            "--- x\n+++ x\n@@ -1,{n} +1,{n} @@\n{}",
            piece.repeat(9),
            n = usize::MAX
        );
        let _ = parse(hunks.as_bytes());
    }
}

/// Numbers without a pattern, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

#[test]
fn no_bytes_make_it_panic() {
    const PIECES: [&[u8]; 20] = [
        b"diff --git a/x b/x\n",
        b"--- a/x\n",
        b"+++ b/x\n",
        b"@@ -1,2 +1,2 @@\n",
        b"@@ -",
        b",",
        b" @@",
        b"+",
        b"-",
        b" ",
        b"\n",
        b"\r\n",
        b"\\ No newline",
        b"\"",
        b"\\",
        b"\\303",
        b"rename from ",
        b"rename to ",
        b"\xff",
        b"9",
    ];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut read = 0;
    for _ in 0..20_000 {
        let mut bytes = Vec::new();
        for _ in 0..random.below(30) {
            bytes.extend(PIECES[random.below(PIECES.len())]);
        }
        let mut mutated = PATCH.as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(mutated.len());
            mutated[at] = random.below(256) as u8;
        }
        for patch in [&bytes, &mutated] {
            for file in parse(patch).into_iter().flatten() {
                read += usize::from(before(&file, NOW.as_bytes()).is_ok());
            }
        }
    }
    assert!(read > 1_000, "some of them are patches: {read}");
}

/// A file, another made of it, and the patch between them: taking it back gives the first.
#[test]
fn random_edits_are_taken_back() {
    let mut random = Random(42);
    for round in 0..500 {
        let old: Vec<String> = (0..random.below(20))
            .map(|_| format!("l{}\n", random.below(4)))
            .collect();
        let (mut now, mut patch) = (String::new(), "--- x\n+++ x\n".to_owned());
        let (mut old_line, mut new_line) = (1, 1);
        for line in &old {
            let (mut body, mut olds, mut news) = (String::new(), 0, 0);
            match random.below(4) {
                0 => (body, olds) = (format!("-{line}"), 1),
                1 => {
                    body = format!("-{line}+new{round}\n");
                    (olds, news) = (1, 1);
                    now = format!("{now}new{round}\n");
                }
                _ => now += line,
            }
            if !body.is_empty() {
                // A range without lines names the line before it.
                let new_start = new_line - usize::from(news == 0);
                let header = format!("@@ -{old_line},{olds} +{new_start},{news} @@\n");
                patch = patch + &header + &body;
            }
            old_line += 1;
            new_line += if body.is_empty() { 1 } else { news };
        }
        let back = parse(patch.as_bytes()).expect("a patch");
        let back = back.first().map_or_else(
            || Ok(now.clone().into_bytes()),
            |file| before(file, now.as_bytes()),
        );
        let back = String::from_utf8(back.expect("it fits")).expect("text");
        assert_eq!(back, old.concat(), "{patch}");
    }
}
