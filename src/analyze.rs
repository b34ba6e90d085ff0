//! The whole pure pipeline: a directory's Go files in, findings and problems out. The command line and the editor
//! server both call it; it does no I/O.

mod cache;
mod callers;
mod choose;
mod commands;
mod further;
mod locks;
mod lost;
mod memo;
mod needed;
mod read;
mod recall;
mod repair;
mod roots;
mod rounds;
mod search;
mod settled;
mod unsure;
mod why;
mod words;

use crate::finding::{Finding, assign_fingerprints};
use crate::leak::Confidence;
use crate::library::Library;
pub use crate::package::GoVersion;
use crate::package::{BuildContext, Header, group, header};
use crate::scope::Scope;
use crate::selection::Selection;
use crate::source::{FileId, SourceFile, Span};
use crate::stage::{Entered, Stage, Watched};
use crate::stop::Stop;
use crate::suppress::{Judged, Known, Suppressions};
use crate::syntax::ast::File;
pub use cache::Cache;
use choose::Choice;
pub use read::may_tell;
use std::collections::BTreeMap;
use std::sync::Arc;
pub use why::{Answer, Ground, Question, Verdict};

/// A file of a directory.
#[derive(Clone, Debug)]
pub struct InputFile {
    /// The name reports show: relative where possible, `/` separators.
    pub path: Arc<str>,
    /// Its bytes; need not be UTF-8 or Go.
    pub bytes: Arc<[u8]>,
    /// Whether findings in it are shown; other files are read for what they say about the package.
    pub report: bool,
    /// The rules that speak in it, where they are not those of [`Options`].
    pub rules: Option<Arc<Selection>>,
}

/// All Go files of one directory (possibly several packages: `x`, `x_test`, ignored mains).
#[derive(Clone, Debug)]
pub struct Directory {
    /// As reports show it; `.` for the current one.
    pub path: String,
    /// What others import it by; where no module says so, `path` again. Fingerprints hold it, so that they are the same
    /// wherever goleash is run.
    pub import_path: String,
    /// The language version of its module; decides loop variables (1.22) and timers (1.23).
    pub go: GoVersion,
    /// Its files, sorted by path.
    pub files: Vec<InputFile>,
}

/// States to search per system, unless told otherwise.
pub const STATE_BUDGET: u32 = 700;

/// What the analysis is asked to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Report findings in `_test.go` files.
    pub tests: bool,
    /// Report findings in generated files.
    pub generated: bool,
    /// The rules that speak.
    pub rules: Selection,
    /// Keep suppressed findings in the report, marked as such.
    pub show_suppressed: bool,
    /// Findings below this are dropped.
    pub min_confidence: Confidence,
    /// States one system may cost before it is given up, by name.
    pub state_budget: u32,
    /// The platform and tags that decide which files are part of the build.
    pub build: BuildContext,
    /// What library calls do.
    pub library: Arc<Library>,
    /// Functions in which findings are known to be wrong.
    pub known: Arc<[Known]>,
    /// What differs from file to file; whoever reads the files makes [`InputFile::report`] and [`InputFile::rules`] of it.
    pub scope: Arc<Scope>,
    /// Offer repairs, each checked by an analysis of the repaired package: costs only where there are findings.
    pub fixes: bool,
    /// Read every byte, also of functions in which nothing can matter.
    pub whole: bool,
    /// Who is told which stage the work is at; it makes no difference to the result.
    pub watched: Watched,
    /// What an earlier analysis of the same directory has read.
    pub cache: Option<Arc<Cache>>,
    /// When somebody stops it the analysis returns early, with less.
    pub stop: Stop,
    /// A line somebody asks about.
    pub why: Option<Question>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tests: true,
            generated: false,
            rules: Selection::default(),
            show_suppressed: false,
            min_confidence: Confidence::Medium,
            state_budget: STATE_BUDGET,
            build: BuildContext::default(),
            library: Library::standard(),
            known: Arc::default(),
            scope: Arc::default(),
            fixes: false,
            whole: false,
            watched: Watched::default(),
            cache: None,
            stop: Stop::default(),
            why: None,
        }
    }
}

impl Options {
    /// The rules that speak in a file.
    fn rules_in<'a>(&'a self, file: &'a InputFile) -> &'a Selection {
        file.rules.as_deref().unwrap_or(&self.rules)
    }

    /// Tells whoever watches that a stage of the work on a directory begins.
    fn enter(&self, dir: &Directory, stage: Stage) -> Entered<'_> {
        self.watched.enter(&dir.path, stage)
    }
}

/// Something the analysis could not do, told to the user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file or directory.
    pub path: String,
    /// First and last 1-based line it concerns, if it concerns lines.
    pub lines: Option<(u32, u32)>,
    /// What and why: lower case, no full stop.
    pub message: String,
    /// Whether this is a defect of goleash itself or an I/O error (exit code 2) and not just of the input.
    pub fatal: bool,
}

/// What was looked at and what was given up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Packages seen.
    pub packages: u64,
    /// Files seen.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// How many of them the parser was shown, before anything that a search asked for.
    pub parsed: u64,
    /// Functions and function literals in what was parsed.
    pub functions: u64,
    /// Closed systems examined.
    pub systems: u64,
    /// States the exploration visited.
    pub states: u64,
    /// Every reason to abstain, by name.
    pub abstentions: BTreeMap<&'static str, u64>,
}

impl Stats {
    /// Adds reasons to abstain.
    pub fn note(&mut self, abstentions: &BTreeMap<&'static str, u64>) {
        for (reason, count) in abstentions {
            *self.abstentions.entry(reason).or_default() += count;
        }
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &Self) {
        self.packages += other.packages;
        self.files += other.files;
        self.bytes += other.bytes;
        self.parsed += other.parsed;
        self.functions += other.functions;
        self.systems += other.systems;
        self.states += other.states;
        for (reason, count) in &other.abstentions {
            *self.abstentions.entry(reason).or_default() += count;
        }
    }
}

/// What came out, for one directory or (merged) for a whole run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The files that findings refer to.
    pub files: Vec<SourceFile>,
    /// The findings, sorted by file, position, rule; suppressed ones only on request.
    pub findings: Vec<Finding>,
    /// What could not be done, sorted.
    pub problems: Vec<Problem>,
    /// Counts.
    pub stats: Stats,
    /// What [`Options::why`] asks about, answered; variants of a package answer one by one.
    pub answers: Vec<Answer>,
}

/// Analyses one directory.
pub fn directory(dir: &Directory, options: &Options) -> Report {
    let lexing = options.enter(dir, Stage::Lex);
    let cache = options.cache.clone().unwrap_or_default();
    cache.retain_files(dir);
    let headers: Vec<Arc<Header>> = dir
        .files
        .iter()
        .map(|f| cache.header(&f.path, &f.bytes, || header(&f.bytes)))
        .collect();
    let names: Vec<(&str, &Header)> = dir
        .files
        .iter()
        .zip(&headers)
        .map(|(f, h)| (file_name(&f.path), &**h))
        .collect();
    let mut report = Report::default();
    report.stats.files = dir.files.len() as u64;
    report.stats.bytes = dir.files.iter().map(|f| f.bytes.len() as u64).sum();
    let units = group(&names, &options.build);
    cache.retain_packages(&units);
    let recalled = recall::recall(dir, options, &cache, &units);
    let mut suppressions = Suppressions::new(dir.files.iter().map(|f| &*f.bytes));
    drop(lexing);
    let mut readable = vec![true; dir.files.len()];
    if let Some(recalled) = recalled {
        report.stats.parsed = recalled.parsed;
        let unreadable = dir.files.iter().zip(&recalled.unreadable);
        for ((file, unreadable), readable) in unreadable.zip(&mut readable) {
            *readable = unreadable.is_empty();
            problems(file, unreadable, &mut report.problems);
        }
        for found in recalled.packages {
            report.stats.packages += 1;
            tell(
                dir,
                options,
                &found,
                &mut suppressions,
                &mut report,
                |_, _| {},
            );
        }
    } else {
        let reading = read::read(dir, options, &cache);
        for ((file, ast), readable) in dir.files.iter().zip(&reading.asts).zip(&mut readable) {
            report.stats.parsed += read::parsed_bytes(file, ast);
            *readable = ast.unreadable.is_empty();
            problems(file, &ast.unreadable, &mut report.problems);
        }
        let asts: Vec<&File> = reading.asts.iter().map(|ast| &**ast).collect();
        let mut all = Vec::new();
        for unit in &units {
            if options.stop.stopped() {
                break;
            }
            report.stats.packages += 1;
            let package = search::Unit {
                dir,
                members: unit,
                asts: &asts,
                options,
            };
            all.extend(examine(package, &mut suppressions, &mut report));
        }
        recall::remember(dir, options, &cache, &units, &reading, &all);
        drop(reading);
        if options.cache.is_some() {
            for found in &all {
                read::keep_read(dir, &cache, &found.read_later);
            }
        }
    }
    let _reporting = options.enter(dir, Stage::Report);
    remarks(dir, &readable, options, &suppressions, &mut report.findings);
    if !report.findings.is_empty() {
        report.files = dir
            .files
            .iter()
            .map(|f| SourceFile::new(f.path.clone(), f.bytes.clone()))
            .collect();
        report.findings.sort_by_key(|f| (f.primary, f.rule));
        assign_fingerprints(&mut report.findings, &report.files, &dir.import_path);
        // Only now: who suppresses a finding does not change the identity of its like.
        report
            .findings
            .retain(|f| f.suppressed.is_none() || options.show_suppressed);
    }
    report.problems.sort();
    report
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn problems(file: &InputFile, unreadable: &[Span], problems: &mut Vec<Problem>) {
    if unreadable.is_empty() {
        return;
    }
    let text = SourceFile::new(file.path.clone(), file.bytes.clone());
    for span in unreadable {
        let lines = (
            text.line(span.start),
            text.line(span.end.max(span.start + 1) - 1),
        );
        problems.push(Problem {
            path: file.path.to_string(),
            lines: Some(lines),
            message: "could not read this part as Go; the rest of the file is analysed".to_owned(),
            fatal: false,
        });
    }
}

/// What is wrong with the comments that suppress findings, in files that are reported in.
fn remarks(
    dir: &Directory,
    readable: &[bool],
    options: &Options,
    suppressions: &Suppressions,
    findings: &mut Vec<Finding>,
) {
    for (index, (file, readable)) in dir.files.iter().zip(readable).enumerate() {
        if file.report {
            let judged = Judged {
                path: &file.path,
                readable: *readable,
                rules: options.rules_in(file),
            };
            findings.extend(suppressions.remarks(FileId(index as u32), judged, &dir.path));
        }
    }
}

/// Analyses the files that are compiled together. What was found is returned where it may be told again.
fn examine(
    package: search::Unit<'_>,
    suppressions: &mut Suppressions,
    report: &mut Report,
) -> Option<search::Searched> {
    let search::Unit {
        dir, options, asts, ..
    } = package;
    let is_partial = asts.iter().any(|ast| read::is_partial(ast));
    let mut found = search::search(package, None);
    let mut whole = Vec::new();
    if !found.complete && is_partial {
        // Where a body could not be read by itself, only the whole file tells what there is.
        whole = read::whole(package);
        let asts: Vec<&File> = whole.iter().collect();
        found = search::search(
            search::Unit {
                asts: &asts,
                ..package
            },
            None,
        );
    }
    report.answers.append(&mut found.answers);
    let searched_whole = !whole.is_empty();
    let repair = |sources: &[SourceFile], findings: &mut [Finding]| {
        if !options.fixes || findings.is_empty() {
            return;
        }
        // A repair may concern code that the search had no use for.
        if is_partial && whole.is_empty() {
            whole = read::whole(package);
        }
        let read: Vec<&File> = whole.iter().collect();
        let asts = if whole.is_empty() { asts } else { &read };
        let package = search::Unit { asts, ..package };
        let _reporting = options.enter(dir, Stage::Report);
        repair::offer(package, &found, sources, findings);
    };
    tell(dir, options, &found, suppressions, report, repair);
    (!searched_whole).then_some(found)
}

/// Makes findings of leaks; `repair` offers what mends them.
fn tell(
    dir: &Directory,
    options: &Options,
    found: &search::Searched,
    suppressions: &mut Suppressions,
    report: &mut Report,
    repair: impl FnOnce(&[SourceFile], &mut [Finding]),
) {
    report.stats.add(&found.stats);
    if found.leaks.is_empty() {
        return;
    }
    let reporting = options.enter(dir, Stage::Report);
    let sources: Vec<SourceFile> = dir
        .files
        .iter()
        .map(|f| SourceFile::new(f.path.clone(), f.bytes.clone()))
        .collect();
    let choice = Choice {
        dir,
        options,
        sources: &sources,
        suppressions,
        stats: &mut report.stats,
    };
    let mut findings = choice.choose(found.leaks.clone());
    drop(reporting);
    repair(&sources, &mut findings);
    report.findings.append(&mut findings);
}
