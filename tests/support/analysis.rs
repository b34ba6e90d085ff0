//! Runs the analysis on Go text in memory.

use goleash::analyze::{Directory, GoVersion, InputFile, Options, Report, directory};
use goleash::leak::Confidence;
use goleash::rules::by_id;
use goleash::source::Place;

/// What goleash says of the files (path and text) of one directory, with default options and `rule` on, if there is such
/// a rule: one that is off by default, or of low confidence, is tested all the same.
pub(crate) fn analyze(path: &str, files: &[(&str, &str)], rule: &str) -> Report {
    let mut options = Options::default();
    options.rules.turn(rule, true);
    // Findings that are guesses are tested as such.
    if by_id(rule).is_some_and(|r| r.metadata().confidence == Confidence::Low) {
        options.min_confidence = Confidence::Low;
    }
    analyze_with(path, files, &options)
}

/// The same with options of one's own.
pub(crate) fn analyze_with(path: &str, files: &[(&str, &str)], options: &Options) -> Report {
    let input = Directory {
        path: path.to_owned(),
        import_path: path.to_owned(),
        go: GoVersion {
            major: 1,
            minor: 27,
        },
        files: files
            .iter()
            .map(|(path, text)| InputFile {
                path: (*path).into(),
                bytes: text.as_bytes().into(),
                report: true,
                rules: None,
            })
            .collect(),
    };
    directory(&input, options)
}

/// File and 1-based line of a place.
pub(crate) fn locate(report: &Report, place: Place) -> (String, u32) {
    let file = &report.files[place.file.index()];
    (file.path().to_owned(), file.line(place.span.start))
}
