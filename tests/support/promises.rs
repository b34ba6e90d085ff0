//! What goleash promises for any input: each function feeds one of its readers, and panics where a promise is broken.
//!
//! The mutation harness and the libFuzzer targets share them, so that whatever either of them finds is repeated by the
//! other.
#![allow(dead_code, reason = "each harness uses its own part")]

use goleash::analyze::{Directory, GoVersion, InputFile, Options, Report, directory};
use goleash::baseline::Baseline;
use goleash::config::Config;
use goleash::finding::Safety;
use goleash::fix::Changes;
use goleash::leak::Confidence;
use goleash::merge::merge;
use goleash::patch;
use goleash::report::{self, Invocation};
use goleash::source::{FileId, Place};
use std::path::Path;

/// Source to findings: the texts are the files of one package. Every finding lies in its file, every format can be
/// written and read, every repair can be made.
pub fn findings(files: &[&[u8]], options: &Options) -> Report {
    let files = files.iter().enumerate().map(|(index, bytes)| InputFile {
        path: format!("file{index}.go").into(),
        bytes: (*bytes).into(),
        report: true,
        rules: None,
    });
    let dir = Directory {
        path: ".".to_owned(),
        import_path: "example.com/m".to_owned(),
        go: GoVersion {
            major: 1,
            minor: 24,
        },
        files: files.collect(),
    };
    let report = merge(vec![directory(&dir, options)]);
    for finding in &report.findings {
        assert!(!finding.message.is_empty());
        assert!(!finding.fingerprint.is_empty());
        inside(&report, finding.primary);
        finding.labels.iter().for_each(|l| inside(&report, l.at));
        finding.witness.iter().for_each(|s| inside(&report, s.at));
        for fix in &finding.fixes {
            can_be_made(&report, fix.edits.as_slice());
            assert!(fix.safety == Safety::Safe || !fix.title.is_empty());
        }
    }
    formats(&report);
    report
}

/// Options under which everything is said and every repair is offered.
pub fn loud() -> Options {
    Options {
        generated: true,
        show_suppressed: true,
        min_confidence: Confidence::Low,
        state_budget: 200,
        fixes: true,
        ..Options::default()
    }
}

fn inside(report: &Report, at: Place) {
    let file = &report.files[at.file.index()];
    let size = file.bytes().len() as u32;
    assert!(at.span.start <= at.span.end && at.span.end <= size);
}

fn can_be_made(report: &Report, edits: &[goleash::finding::Edit]) {
    for (index, file) in report.files.iter().enumerate() {
        let changes = Changes::of(edits, FileId(index as u32)).expect("edits do not overlap");
        changes.apply(file.bytes());
    }
    edits.iter().for_each(|edit| inside(report, edit.at));
}

/// Every format is written; those that are JSON are JSON.
fn formats(report: &Report) {
    let invocation = Invocation {
        version: "0",
        execution_successful: true,
        exit_code: 1,
    };
    let json = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    };
    json(&report::json::render(report, &invocation));
    let options = report::sarif::Options::default();
    json(&report::sarif::render(report, &invocation, &options));
    json(&report::rdjson::render(report));
    json(&report::gitlab::render(report));
    report::jsonl::render(report, &invocation)
        .lines()
        .for_each(json);
    let style = report::human::Style::default();
    for text in [
        report::human::render(report, &style),
        report::concise::render(report),
        report::github::render(report),
        report::checkstyle::render(report),
    ] {
        let plain = |c: char| !c.is_control() || c == '\n' || c == '\t' || c == '\r';
        assert!(text.chars().all(plain), "a control character is shown");
    }
}

/// A configuration is understood, or refused with a word on where.
pub fn configuration(text: &str) {
    let root = Path::new("/nowhere");
    match Config::parse(text, &root.join("goleash.toml"), root, "goleash.toml") {
        Ok(config) => {
            let mut options = Options::default();
            config.apply(&mut options);
            options.scope.excludes(&root.join("a/b_test.go"));
            options.scope.rules(&root.join("a/b.go"), &options.rules);
        }
        Err(wrong) => {
            assert!(!wrong.message.is_empty());
            if let Some((line, column)) = wrong.at {
                let lines = text.split('\n').count() as u32;
                assert!(line >= 1 && column >= 1 && line <= lines + 1, "{wrong}");
            }
        }
    }
}

/// A baseline is understood and written back the same, or refused with the line.
pub fn baseline(text: &str) {
    match Baseline::parse(text) {
        Ok(baseline) => {
            let written = baseline.render();
            let again = Baseline::parse(&written).expect("what is written can be read");
            assert_eq!(again, baseline);
            assert_eq!(again.render(), written);
            baseline.mark(&mut []);
        }
        Err(wrong) => assert!(wrong.line >= 1 && !wrong.message.is_empty()),
    }
}

/// A patch is understood, or refused with the line; and what it makes of a file is a file, or the hunk is named.
pub fn patch(bytes: &[u8], now: &[u8]) {
    match patch::parse(bytes) {
        Ok(diffs) => {
            for diff in &diffs {
                assert!(diff.line >= 1);
                if let Err(misfit) = patch::before(diff, now) {
                    assert!(misfit.line >= diff.line);
                }
            }
        }
        Err(wrong) => assert!(wrong.line >= 1 && !wrong.message.is_empty()),
    }
}
