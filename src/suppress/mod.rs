//! Findings that somebody has looked at and keeps: comments in the code that say so.
//!
//! In: the files of a directory, then the findings one by one. Out: for each finding the comment that suppresses it, and
//! at the end what is wrong with the comments themselves. Comments are found by a lexer, so they count in files too that
//! the parser cannot read. What a configuration knows to be wrong is here too, as
//! a value ([`Known`]). Deliberately absent: baselines.

mod directive;
mod known;
mod lex;
mod remarks;
mod scan;

pub use known::Known;
pub use remarks::Judged;

use crate::finding::{Finding, LabelRole, Suppression, SuppressionKind};
use crate::source::{FileId, Place, SourceFile, Span};
use directive::{Directive, Reach, Rules};
use scan::Code;
use std::collections::BTreeSet;

/// The comments of a directory's files, and which of them have suppressed anything.
#[derive(Debug, Default)]
pub struct Suppressions {
    /// For each file its comments, in order.
    files: Vec<Vec<Entry>>,
}

/// A finding is suppressed by a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Why.
    pub suppression: Suppression,
    /// Whether the comment stands at the operation itself, and not at a step that strands it or around all of it.
    pub at_operation: bool,
}

/// A comment that is a directive.
#[derive(Debug)]
struct Entry {
    directive: Directive,
    span: Span,
    covers: Covers,
    /// The rules whose findings it has met.
    used: BTreeSet<&'static str>,
}

/// The code a comment covers; lines are 1-based and inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Covers {
    File,
    /// What starts in these lines.
    Lines(u32, u32),
    /// What starts or ends in this line.
    Line(u32),
    Nothing,
}

impl Suppressions {
    /// Reads the comments of `files`, in the order of their ids.
    pub fn new<'f>(files: impl Iterator<Item = &'f [u8]>) -> Self {
        Self {
            files: files.map(entries).collect(),
        }
    }

    /// Whether there is nothing to look up.
    pub fn is_empty(&self) -> bool {
        self.files.iter().all(Vec::is_empty)
    }

    /// Why a finding is suppressed, if it is: a comment covers its primary place, one of its labels, or the start of its
    /// goroutine. All comments that cover it have done something from now on.
    pub fn find(&mut self, finding: &Finding, files: &[SourceFile]) -> Option<Found> {
        let mut reason: Option<String> = None;
        let mut at_operation = false;
        for spot in &spots(finding, files) {
            let Some(entries) = self.files.get_mut(spot.file.index()) else {
                continue;
            };
            for entry in entries {
                if entry.names(finding.rule) && entry.covers(spot) {
                    entry.used.insert(finding.rule);
                    reason.get_or_insert_with(|| entry.directive.reason.clone());
                    at_operation |= spot.role.is_none() && entry.stands_at(spot);
                }
            }
        }
        reason.map(|justification| Found {
            suppression: Suppression {
                kind: SuppressionKind::InSource,
                justification,
            },
            at_operation,
        })
    }
}

impl Entry {
    fn names(&self, rule: &str) -> bool {
        match &self.directive.rules {
            Rules::All => true,
            Rules::These(ids) => ids.contains(&rule),
        }
    }

    /// Whether what it covers begins with the line of this place.
    fn stands_at(&self, spot: &Spot) -> bool {
        match self.covers {
            Covers::Line(line) | Covers::Lines(line, _) => spot.first == line || spot.last == line,
            Covers::File | Covers::Nothing => false,
        }
    }

    fn covers(&self, spot: &Spot) -> bool {
        if self.directive.reach == Reach::Goroutine && spot.role != Some(LabelRole::Spawn) {
            return false;
        }
        match self.covers {
            Covers::File => true,
            Covers::Lines(first, last) => (first..=last).contains(&spot.first),
            Covers::Line(line) => spot.first == line || spot.last == line,
            Covers::Nothing => false,
        }
    }
}

/// A place of a finding, by its lines.
struct Spot {
    file: FileId,
    first: u32,
    last: u32,
    /// `None` for the primary place.
    role: Option<LabelRole>,
}

fn spots(finding: &Finding, files: &[SourceFile]) -> Vec<Spot> {
    let spot = |(at, role): (Place, Option<LabelRole>)| {
        let file = files.get(at.file.index())?;
        Some(Spot {
            file: at.file,
            first: file.line(at.span.start),
            last: file.line(at.span.end.max(at.span.start + 1) - 1),
            role,
        })
    };
    let labels = finding
        .labels
        .iter()
        .map(|label| (label.at, Some(label.role)));
    std::iter::once((finding.primary, None))
        .chain(labels)
        .filter_map(spot)
        .collect()
}

fn entries(bytes: &[u8]) -> Vec<Entry> {
    // Nearly every file is done here.
    let mentioned = [&b"goleash"[..], b"nolint"]
        .iter()
        .any(|word| memchr::memmem::find(bytes, word).is_some());
    if !mentioned {
        return Vec::new();
    }
    scan::comments(bytes, directive::may_be)
        .into_iter()
        .filter_map(|comment| {
            let text = &bytes[comment.span.start as usize..comment.span.end as usize];
            let directive = directive::parse(&String::from_utf8_lossy(text))?;
            Some(Entry {
                covers: covers(directive.reach, comment.line, comment.code),
                directive,
                span: comment.span,
                used: BTreeSet::new(),
            })
        })
        .collect()
}

fn covers(reach: Reach, line: u32, code: Code) -> Covers {
    match (reach, code) {
        (Reach::File, _) | (Reach::Code, Code::AboveClause) => Covers::File,
        (Reach::Code, Code::Beside(Some(last))) => Covers::Lines(line, last),
        (_, Code::Beside(_)) => Covers::Line(line),
        (Reach::Code, Code::Above(first, last)) => Covers::Lines(first, last),
        // A goroutine inside the statement below is not the one that is meant.
        (Reach::Goroutine, Code::Above(first, _)) => Covers::Lines(first, first),
        (_, Code::Nothing) | (Reach::Goroutine, Code::AboveClause) => Covers::Nothing,
    }
}
