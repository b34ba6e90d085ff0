//! One directory examined: its files read, analysed, a panic caught.
//!
//! In: a directory as a walk found it, and where the bytes of its files come from: the disk, or an editor's buffers. Out:
//! its report. The command line and the editor server share it, so that both say the same. Deliberately absent: threads.

pub use crate::defect::{guard, remember as remember_panics};

use crate::analyze::{Directory, InputFile, Options, Problem, Report, may_tell};
use crate::merge::{keep_touching, merge};
use crate::package::{self, Header};
use crate::stage::Stage;
use crate::walk::{FoundDirectory, FoundFile};
use std::fs;
use std::sync::Arc;

/// Stack of the threads that analyse. Deeply nested code is walked recursively; the memory is only reserved.
pub const STACK_BYTES: usize = 64 << 20;

/// Larger files are refused: positions are 32 bits wide, and nobody writes such Go.
const LARGEST_FILE: u64 = 1 << 30;

/// What was found, and what else the user should hear.
#[derive(Debug)]
pub struct Outcome {
    /// Findings and problems.
    pub report: Report,
    /// Why files that were named outright stay silent.
    pub notes: Vec<String>,
    /// Every file in which nothing is reported, with the reason.
    pub silent: Vec<(String, String)>,
}

/// Reads a directory with `read` and analyses it with `analyze`, and again for files that only a tag of the project's own
/// lets into the build. A file that cannot be read and a panic become problems.
pub fn directory(
    found: &FoundDirectory,
    options: &Options,
    read: impl Fn(&FoundFile) -> Result<Arc<[u8]>, String>,
    analyze: impl Fn(&Directory, &Options) -> Report,
) -> Outcome {
    let mut problems = Vec::new();
    let mut notes = Vec::new();
    let mut silent_files = Vec::new();
    let mut files = Vec::new();
    let mut headers: Vec<(&FoundFile, Arc<Header>)> = Vec::new();
    let reading = options.watched.enter(&found.display, Stage::Walk);
    for file in &found.files {
        match read(file) {
            Ok(bytes) => {
                let path: Arc<str> = file.display.as_str().into();
                let header = || package::header(&bytes);
                let header = match &options.cache {
                    Some(cache) => cache.header(&path, &bytes, header),
                    None => Arc::new(header()),
                };
                let silent = why_silent(file, &header, options);
                files.push(InputFile {
                    path,
                    bytes,
                    report: silent.is_none(),
                    rules: options
                        .scope
                        .rules(&file.path, &options.rules)
                        .map(Arc::new),
                });
                headers.push((file, header));
                silent_files.extend(silent.map(|reason| (file.display.clone(), reason)));
            }
            Err(message) => problems.push(problem(&file.display, message)),
        }
    }
    drop(reading);
    let directory = Directory {
        path: found.display.clone(),
        import_path: found.import_path.clone(),
        go: found.go,
        files,
    };
    let mut reports = Vec::new();
    let mut examine =
        |directory: &Directory, options: &Options| match guard(|| analyze(directory, options)) {
            Ok(report) => reports.push(report),
            Err(message) => problems.push(problem(&found.display, message)),
        };
    examine(&directory, options);
    let mut told: Vec<bool> = directory.files.iter().map(|file| file.report).collect();
    for build in package::variants(&named(&headers), &options.build) {
        let options = Options {
            build,
            // What is kept is kept for the build that is asked for.
            cache: None,
            ..options.clone()
        };
        let mut variant = directory.clone();
        for (index, (of, header)) in headers.iter().enumerate() {
            let is_new = !told[index] && why_silent(of, header, &options).is_none();
            variant.files[index].report = is_new;
            if is_new {
                told[index] = true;
                silent_files.retain(|(silent, _)| *silent != of.display);
            }
        }
        // Whatever the build, what is told stands in the files that only it lets in.
        let mut new = variant.files.iter().filter(|file| file.report);
        if new.any(|file| may_tell(&file.bytes, &options.library)) {
            examine(&variant, &options);
        }
    }
    if let Some((_, variants)) = reports.split_first_mut() {
        for Report { stats, .. } in variants {
            // The same files once more.
            (stats.packages, stats.files, stats.bytes) = (0, 0, 0);
        }
    }
    for (silent, reason) in &silent_files {
        if found.named.as_ref().is_some_and(|n| n.contains(silent)) {
            notes.push(format!("nothing is reported in {silent}: {reason}"));
        }
    }
    let mut report = merge(reports);
    let _reporting = options.watched.enter(&found.display, Stage::Report);
    if options.stop.stopped() {
        let message = "not looked at in full: the time that --time-limit gives is over";
        problems.push(problem(&found.display, message.to_owned()));
    }
    report.problems.append(&mut problems);
    if let Some(named) = &found.named {
        keep_touching(&mut report, named);
    }
    // What the findings do not refer to is dropped here, so that a big tree is never in memory as a whole.
    Outcome {
        report: merge(vec![report]),
        notes,
        silent: silent_files,
    }
}

/// Files with their names and headers, as those who look at build constraints want them.
fn named<'a>(files: &'a [(&'a FoundFile, Arc<Header>)]) -> Vec<(&'a str, &'a Header)> {
    let name = |file: &'a FoundFile| file.display.rsplit('/').next().unwrap_or_default();
    files.iter().map(|(file, h)| (name(file), &**h)).collect()
}

fn problem(path: &str, message: String) -> Problem {
    Problem {
        path: path.to_owned(),
        lines: None,
        message,
        fatal: true,
    }
}

/// The bytes of a file on disk, or why there are none.
pub fn read(file: &FoundFile) -> Result<Arc<[u8]>, String> {
    let too_large = |size| format!("is too large ({size} bytes); files up to 1 GiB are read");
    if file.size > LARGEST_FILE {
        return Err(too_large(file.size));
    }
    let bytes = fs::read(&file.path).map_err(|error| format!("could not be read: {error}"))?;
    let size = bytes.len() as u64;
    if size > LARGEST_FILE {
        return Err(too_large(size));
    }
    Ok(bytes.into())
}

/// Why findings in a file are not shown, if they are not.
fn why_silent(file: &FoundFile, header: &Header, options: &Options) -> Option<String> {
    if options.scope.excludes(&file.path) {
        return Some("the configuration leaves it out".to_owned());
    }
    let name = file.display.rsplit('/').next().unwrap_or_default();
    if package::is_excluded(name, header, &options.build) {
        let (os, arch) = (&options.build.goos, &options.build.goarch);
        return Some(format!("build constraints leave it out on {os}/{arch}"));
    }
    if header.generated && !options.generated {
        return Some("it is generated (--generated reports in it)".to_owned());
    }
    (package::is_test(name) && !options.tests).then(|| "it is a test".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gomod::NEWEST;
    use std::path::PathBuf;

    fn gone(display: &str, size: u64) -> FoundFile {
        FoundFile {
            path: PathBuf::from("/nonexistent").join(display),
            display: display.to_owned(),
            size,
            changed: None,
        }
    }

    #[test]
    fn files_that_are_gone_or_too_large_are_problems_of_their_own() {
        let found = FoundDirectory {
            display: ".".to_owned(),
            import_path: ".".to_owned(),
            module: None,
            go: NEWEST,
            files: vec![gone("gone.go", 1), gone("huge.go", LARGEST_FILE + 1)],
            named: None,
        };
        let outcome = directory(&found, &Options::default(), read, |dir, _| {
            assert!(dir.files.is_empty());
            Report::default()
        });
        let shown: Vec<String> = outcome
            .report
            .problems
            .iter()
            .map(|p| format!("{} {}", p.path, p.message))
            .collect();
        assert!(
            shown[0].starts_with("gone.go could not be read: "),
            "{shown:?}"
        );
        assert!(
            shown[1].starts_with("huge.go is too large (1073741825 bytes)"),
            "{shown:?}"
        );
    }
}
