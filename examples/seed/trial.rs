//! One package with the seeds that fit in it, and one seed tried out.
//!
//! In: a directory. Out: [`Trial`]s.

use crate::plausible::plausible;
use crate::sites::{Deed, Kind, Reader, Site, Use};
use goleash::analyze::{Answer, Directory, Ground, Options, Question, Report, Verdict, directory};
use goleash::leak::Confidence;
use goleash::source::SourceFile;
use goleash::syntax::parse_file;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// File and line.
type At = (String, u32);

/// A change, and the operations that it should leave somebody at.
pub(crate) struct Seed {
    pub(crate) site: Site,
    /// Which file of the directory.
    file: usize,
    partners: BTreeSet<At>,
    /// The systems that say of them that nobody gets stuck.
    systems: BTreeSet<(String, At)>,
    /// What was given up in the system that has followed most of it.
    given_up: BTreeSet<&'static str>,
    /// Names it from one run to the next.
    pub(crate) identity: String,
}

/// A directory in which seeds fit.
pub(crate) struct Package {
    directory: Directory,
    /// Those before any change: with default options, and with low ones among them.
    findings: [BTreeSet<(At, &'static str)>; 2],
    pub(crate) seeds: Vec<Seed>,
}

/// What came of a seed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// A new finding at an operation that lost its partner.
    Partner(String),
    /// A new finding at another operation.
    Elsewhere(String),
    /// A new finding of low confidence.
    Low(String),
    /// None; what the engine says of the partners.
    Missed(String),
}

/// A seed tried out.
pub(crate) struct Trial {
    pub(crate) kind: Kind,
    pub(crate) outcome: Outcome,
    pub(crate) at: At,
    /// Whether nothing was given up in the system that proves it clean.
    pub(crate) whole: bool,
    /// What was taken away.
    text: String,
    partners: BTreeSet<At>,
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, what) = match &self.outcome {
            Outcome::Partner(what) => ("found", what),
            Outcome::Elsewhere(what) => ("elsewhere", what),
            Outcome::Low(what) => ("low", what),
            Outcome::Missed(what) => ("missed", what),
        };
        let partners: Vec<String> = self.partners.iter().map(shown).collect();
        write!(
            f,
            "{}\t{}\t{word}\t{what}\t{}\t{}\t{}",
            self.kind.name(),
            if self.whole { "whole" } else { "part" },
            shown(&self.at),
            self.text,
            partners.join(" ")
        )
    }
}

fn shown((path, line): &At) -> String {
    format!("{path}:{line}")
}

fn options(confidence: Confidence) -> Options {
    Options {
        tests: false,
        min_confidence: confidence,
        why: Some(Question::All),
        ..Options::default()
    }
}

/// Whether nobody gets stuck there in some system that was looked at to its end.
fn is_clean(answer: &Answer) -> bool {
    let stuck = |v: &Verdict| matches!(v.ground, Ground::Stuck(_));
    answer.verdicts.iter().any(is_refuted) && !answer.verdicts.iter().any(stuck)
}

fn is_refuted(verdict: &Verdict) -> bool {
    matches!(verdict.ground, Ground::Refuted(_))
}

fn is_in(at: &At, path: &str, lines: (u32, u32)) -> bool {
    at.0 == path && (lines.0..=lines.1).contains(&at.1)
}

/// The systems that have looked at an operation to the end, and what they gave up on the way.
type Systems = BTreeMap<(String, At), BTreeSet<&'static str>>;

fn systems(answer: &Answer) -> Systems {
    let refuted = answer.verdicts.iter().filter(|v| is_refuted(v));
    let systems = refuted.map(|v| {
        let names = v.abstentions.keys().copied().collect();
        ((v.root.clone(), v.at.clone()), names)
    });
    systems.collect()
}

fn found(report: &Report) -> BTreeSet<(At, &'static str)> {
    let places = report.findings.iter().map(|finding| {
        let file = &report.files[finding.primary.file.index()];
        let at = (
            file.path().to_owned(),
            file.line(finding.primary.span.start),
        );
        (at, finding.rule)
    });
    places.collect()
}

impl Package {
    /// The seeds of a directory; `None` where there are none.
    pub(crate) fn new(directory: Directory) -> Option<Self> {
        let report = goleash::analyze::directory(&directory, &options(Confidence::Medium));
        let clean = report.answers.iter().filter(|a| is_clean(a));
        let clean: Vec<(&Answer, Systems)> = clean.map(|a| (a, systems(a))).collect();
        if clean.is_empty() {
            return None;
        }
        let mut uses: Vec<Vec<Use>> = Vec::new();
        let mut releases = BTreeSet::new();
        let mut sites: Vec<Vec<Site>> = Vec::new();
        for file in &directory.files {
            let ast = parse_file(&file.bytes);
            let text = SourceFile::new(file.path.clone(), file.bytes.clone());
            let reader = Reader::new(&ast, &text);
            uses.push(reader.uses());
            releases.extend(reader.releases());
            sites.push(if file.report {
                reader.sites()
            } else {
                Vec::new()
            });
        }
        let acts_on = |answer: &Answer, name: &str| {
            let file = directory.files.iter().position(|f| *f.path == *answer.at.0);
            let is = |u: &Use| {
                let makes = matches!(u.deed, Deed::Make { .. } | Deed::Close);
                u.line == answer.at.1 && u.name == name && !makes
            };
            file.is_some_and(|file| uses[file].iter().any(is))
        };
        let mut seeds = Vec::new();
        for (file, sites) in sites.into_iter().enumerate() {
            let path = &directory.files[file].path;
            for site in sites {
                let text = &directory.files[file].bytes;
                if !plausible(&site, file, text, &uses, &releases) {
                    continue;
                }
                let found = partners(&site, path, &clean, &acts_on);
                if let Some(Partners {
                    at,
                    systems,
                    given_up,
                }) = found
                {
                    seeds.push(Seed {
                        partners: at,
                        systems,
                        given_up,
                        identity: format!(
                            "{}/{path}:{}:{}",
                            directory.path,
                            site.span.start,
                            site.kind.name()
                        ),
                        site,
                        file,
                    });
                }
            }
        }
        if seeds.is_empty() {
            return None;
        }
        let low = goleash::analyze::directory(&directory, &options(Confidence::Low));
        Some(Self {
            directory,
            findings: [found(&report), found(&low)],
            seeds,
        })
    }

    /// Analyses the package with the seed in it.
    pub(crate) fn try_out(&self, index: usize) -> Trial {
        let Seed {
            site,
            file,
            partners,
            systems,
            given_up,
            ..
        } = &self.seeds[index];
        let mut changed = self.directory.clone();
        let file = &mut changed.files[*file];
        let mut bytes = file.bytes.to_vec();
        let span = site.span.start as usize..site.span.end as usize;
        let text = String::from_utf8_lossy(&bytes[span.clone()]).into_owned();
        bytes.splice(span, site.by.bytes());
        file.bytes = bytes.into();
        let path = file.path.to_string();
        // What is left of a select may start in another of its lines.
        let is_partner =
            |at: &At| partners.contains(at) || site.kind == Kind::Arm && is_near(at, partners);
        let new = |report: &Report, before: &BTreeSet<(At, &'static str)>| {
            let all = found(report);
            let mut new: Vec<_> = all.difference(before).cloned().collect();
            new.sort_by_key(|(at, _)| !is_partner(at));
            let (at, rule) = new.into_iter().next()?;
            Some((is_partner(&at), format!("{rule} {}", shown(&at))))
        };
        // Runs that need a count to be zero are looked for only on request, and hide those that do not.
        let report = directory(&changed, &options(Confidence::Medium));
        let [before, low] = &self.findings;
        let outcome = match new(&report, before) {
            Some((true, what)) => Outcome::Partner(what),
            Some((false, what)) => Outcome::Elsewhere(what),
            None => match new(&directory(&changed, &options(Confidence::Low)), low) {
                Some((_, what)) => Outcome::Low(what),
                None => Outcome::Missed(reason(&report.answers, partners, systems)),
            },
        };
        let in_package = |at: &At| {
            let (path, line) = at;
            let shown = &self.directory.path;
            let inside = path.strip_prefix("./").unwrap_or(path);
            let folder = shown.split('/').next().unwrap_or_default();
            (format!("{folder}/{inside}"), *line)
        };
        Trial {
            kind: site.kind,
            whole: given_up.is_empty(),
            outcome,
            at: in_package(&(path, site.lines.0)),
            text: first_words(&text),
            partners: partners.iter().map(in_package).collect(),
        }
    }
}

fn is_near(at: &At, partners: &BTreeSet<At>) -> bool {
    partners
        .iter()
        .any(|(path, line)| *path == at.0 && (*line..line + 60).contains(&at.1))
}

fn first_words(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    line.chars().take(60).collect()
}

/// What a change should do harm to.
struct Partners {
    at: BTreeSet<At>,
    systems: BTreeSet<(String, At)>,
    given_up: BTreeSet<&'static str>,
}

/// The operations that a change should leave somebody at, as far as they are proved clean by a system that the change is
/// part of, and what that system gave up.
fn partners(
    site: &Site,
    path: &str,
    clean: &[(&Answer, Systems)],
    acts_on: &dyn Fn(&Answer, &str) -> bool,
) -> Option<Partners> {
    let (own, others): (&[&str], &[&str]) = match site.kind {
        Kind::Drain => (&["receive"], &["send", "select"]),
        Kind::Send => (&["send"], &["receive", "select"]),
        Kind::Close => (&["close"], &["receive", "select"]),
        Kind::Buffer => (&[], &["send", "select"]),
        Kind::Done => (&[], &["wait"]),
        Kind::Arm | Kind::Default => (&["select"], &["select"]),
        Kind::Cancel => (&[], &["receive", "select"]),
        Kind::Release => (&[], &["receive", "send", "select"]),
    };
    let is = |answer: &Answer, words: &[&str]| {
        words.iter().any(|word| answer.operation.starts_with(word))
    };
    let is_inside = |answer: &Answer| is_in(&answer.at, path, site.lines);
    let starts_here = |root: &(String, At)| is_in(&root.1, path, site.function);
    // The systems that the change is part of, by an operation of its own or because they start around it.
    let select = match site.kind {
        Kind::Arm | Kind::Default => site.select,
        _ => 0,
    };
    let mine: BTreeSet<&(String, At)> = clean
        .iter()
        .filter(|(a, _)| {
            let is_own = if select > 0 {
                a.at.0 == path && a.at.1 == select
            } else {
                is_inside(a)
            };
            own.is_empty() || is(a, own) && is_own
        })
        .flat_map(|(_, systems)| systems.keys())
        .filter(|root| match site.kind {
            Kind::Buffer | Kind::Done | Kind::Cancel | Kind::Release => starts_here(root),
            _ => true,
        })
        .collect();
    let mut found = BTreeSet::new();
    let mut saying = BTreeSet::new();
    let mut given_up: Option<&BTreeSet<&'static str>> = None;
    for (answer, systems) in clean {
        let fits = match site.kind {
            Kind::Arm | Kind::Default => answer.at.0 == path && answer.at.1 == select,
            Kind::Cancel => acts_on(answer, "Done"),
            Kind::Release => !is_in(&answer.at, path, site.function),
            _ => acts_on(answer, &site.name),
        };
        if !fits || !is(answer, others) || select == 0 && is_inside(answer) {
            continue;
        }
        for (root, names) in systems.iter().filter(|(root, _)| mine.contains(root)) {
            found.insert(answer.at.clone());
            saying.insert(root.clone());
            if given_up.is_none_or(|least| names.len() < least.len()) {
                given_up = Some(names);
            }
        }
    }
    given_up.map(|names| Partners {
        at: found,
        systems: saying,
        given_up: names.clone(),
    })
}

/// Why nothing is reported, as far as the engine says it of the partners.
fn reason(answers: &[Answer], partners: &BTreeSet<At>, systems: &BTreeSet<(String, At)>) -> String {
    let verdicts: Vec<&Verdict> = answers
        .iter()
        .filter(|a| partners.contains(&a.at))
        .flat_map(|a| &a.verdicts)
        .filter(|v| systems.contains(&(v.root.clone(), v.at.clone())))
        .collect();
    let names: BTreeSet<&str> = verdicts
        .iter()
        .flat_map(|v| v.abstentions.keys().copied())
        .collect();
    if verdicts.is_empty() {
        "judged by nobody".to_owned()
    } else if verdicts
        .iter()
        .any(|v| matches!(v.ground, Ground::Stuck(_)))
    {
        "stuck, and not told".to_owned()
    } else if verdicts
        .iter()
        .any(|v| matches!(v.ground, Ground::GivenUp(_)))
    {
        "state-budget".to_owned()
    } else if names.is_empty() {
        "refuted".to_owned()
    } else {
        let names: Vec<&str> = names.into_iter().collect();
        names.join(", ")
    }
}
