//! Why an operation is reported, or is not: what was decided about it in every system that reaches it.
//!
//! In: a line of a file (or all of them), and the searches of its package. Out: [`Answer`]s. They say what the engine knows and add nothing
//! to it.

use super::locks;
use super::search::Unit;
use crate::flow::Program;
use crate::flow::ir::{BodyId, Callee, Op, Pc};
use crate::leak::Leak;
use crate::library::Effect;
use crate::model;
use crate::rules::classify;
use crate::slice::Slice;
use crate::solve::explore::Found;
use crate::source::{Place, SourceFile, Span};
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::iter::once;

/// What somebody wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The operations on one line.
    Line {
        /// The file, as reports name it.
        path: String,
        /// The line, from 1.
        line: u32,
    },
    /// All operations; systems with nothing of their own at stake are left out of the answers.
    All,
}

impl Question {
    fn is_about(&self, asked: &str, mut at: impl Iterator<Item = u32>) -> bool {
        match self {
            Self::Line { path, line } => path == asked && at.any(|at| at == *line),
            Self::All => true,
        }
    }
}

/// What is known of one operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// File and line, from 1.
    pub at: (String, u32),
    /// The operation, in a few words.
    pub operation: String,
    /// Whether it is followed: an operation on a lock or a condition is not.
    pub followed: bool,
    /// What each system says of it.
    pub verdicts: Vec<Verdict>,
}

/// What was decided in one system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verdict {
    /// The function it starts in.
    pub root: String,
    /// Where that is: file and line, from 1.
    pub at: (String, u32),
    /// What was decided.
    pub ground: Ground,
    /// What was given up on the way, by name.
    pub abstentions: BTreeMap<&'static str, u64>,
}

/// What a verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    /// A run was found in which a goroutine is stuck there; the rules that recognise such runs.
    Stuck(Vec<String>),
    /// A goroutine that is started there is stuck elsewhere in a run that was found: where, and the rules.
    Started(Vec<(String, u32)>, Vec<String>),
    /// The search was given up after so many states.
    GivenUp(u32),
    /// Every run was followed, in so many states.
    Refuted(u32),
    /// A run was found that rests on what a caller does, and no caller in view does it.
    Callers,
    /// What it acts on was not made by this system, which therefore says nothing of it.
    Foreign,
}

/// The operations that are asked about, and what has been found out so far.
pub(super) struct Inquiry<'a> {
    package: Unit<'a>,
    /// The files of the directory, read when first asked for.
    files: Vec<OnceCell<SourceFile>>,
    /// Whether systems are named that say nothing of an operation.
    foreign: bool,
    operations: Vec<(BodyId, Pc)>,
    /// Per body: whether one can come from it to one of the operations.
    near: Vec<bool>,
    answers: Vec<Answer>,
}

impl<'a> Inquiry<'a> {
    /// Finds the operations on the line.
    pub(super) fn new(question: &Question, package: Unit<'a>, program: &Program) -> Self {
        let mut this = Self {
            package,
            files: package.dir.files.iter().map(|_| OnceCell::new()).collect(),
            foreign: matches!(question, Question::Line { .. }),
            operations: Vec::new(),
            near: Vec::new(),
            answers: Vec::new(),
        };
        for (index, body) in program.bodies.iter().enumerate() {
            if !body.client.is_empty() {
                continue;
            }
            let path = &package.dir.files[body.file.index()].path;
            for (pc, op) in body.code.iter().enumerate() {
                let at = body.place(pc as Pc);
                let Some(name) = name_of(op) else { continue };
                let clauses = clauses(op).map(|span| Place { span, ..at });
                if question.is_about(path, once(at).chain(clauses).map(|at| this.line(at).1)) {
                    this.operations.push((BodyId(index as u32), pc as Pc));
                    this.answers.push(Answer {
                        at: this.line(at),
                        operation: format!("{name}: `{}`", this.first_line(at)),
                        followed: true,
                        verdicts: Vec::new(),
                    });
                }
            }
        }
        let wanted: Vec<bool> = (0..program.bodies.len())
            .map(|index| this.operations.iter().any(|(id, _)| id.0 as usize == index))
            .collect();
        this.near = model::reaching_these(program, wanted);
        this.add_locks(program, question);
        this
    }

    /// What the line does to locks that are not followed stands behind what is: nothing is ever decided about it.
    fn add_locks(&mut self, program: &Program, question: &Question) {
        if matches!(question, Question::All) {
            return;
        }
        let followed = self.operations.iter();
        let followed = followed.map(|(body, pc)| program.bodies[body.0 as usize].place(*pc));
        let followed: Vec<Place> = followed.collect();
        let others = locks::operations(self.package).into_iter();
        for (at, name) in others.filter(|(at, _)| !followed.contains(at)) {
            let path = &self.package.dir.files[at.file.index()].path;
            if question.is_about(path, once(at).map(|at| self.line(at).1)) {
                self.answers.push(Answer {
                    at: self.line(at),
                    operation: format!("{name}: `{}`", self.first_line(at)),
                    followed: false,
                    verdicts: Vec::new(),
                });
            }
        }
    }

    /// A system has been looked at: its slice and what the search found, if there was one, and the leaks it told.
    pub(super) fn look(
        &mut self,
        program: &Program,
        root: BodyId,
        slice: Option<&Slice<'_>>,
        found: Option<&Found>,
        leaks: &[Leak],
        abstentions: &BTreeMap<&'static str, u64>,
    ) {
        if !self.near[root.0 as usize] {
            return;
        }
        let body = &program.bodies[root.0 as usize];
        let at = self.line(Place {
            file: body.file,
            span: body.span,
        });
        for (index, (id, pc)) in self.operations.iter().enumerate() {
            let place = program.bodies[id.0 as usize].place(*pc);
            // A select is reported at its first word.
            let is_here = |at: Place| at.file == place.file && at.span.start == place.span.start;
            let here: Vec<&Leak> = leaks.iter().filter(|l| is_here(l.op.at)).collect();
            let sees = slice.is_some_and(|s| s.keeps(*id, *pc));
            let started: Vec<&Leak> = leaks
                .iter()
                .filter(|l| l.spawn.is_some_and(is_here))
                .collect();
            let ground = match found {
                _ if !here.is_empty() => Ground::Stuck(rules(&here)),
                _ if !started.is_empty() => {
                    let mut places: Vec<_> = started.iter().map(|l| self.line(l.op.at)).collect();
                    places.sort();
                    places.dedup();
                    Ground::Started(places, rules(&started))
                }
                Some(found) if sees && found.gave_up => Ground::GivenUp(found.states),
                Some(found) if sees => Ground::Refuted(found.states),
                _ => Ground::Foreign,
            };
            if ground == Ground::Foreign && !self.foreign {
                continue;
            }
            self.answers[index].verdicts.push(Verdict {
                root: body.name.clone(),
                at: at.clone(),
                ground,
                abstentions: abstentions.clone(),
            });
        }
    }

    /// A leak of this root was told of which its callers do not bring about.
    pub(super) fn refuted_by_callers(&mut self, root: &str, stuck_at: Place) {
        let stuck_at = self.line(stuck_at);
        for answer in &mut self.answers {
            for verdict in answer.verdicts.iter_mut().filter(|v| v.root == root) {
                let refuted = match &mut verdict.ground {
                    Ground::Stuck(_) => answer.at == stuck_at,
                    Ground::Started(places, _) => {
                        places.retain(|place| *place != stuck_at);
                        places.is_empty()
                    }
                    _ => false,
                };
                if refuted {
                    verdict.ground = Ground::Callers;
                }
            }
        }
    }

    /// The answers, in the order of the text.
    pub(super) fn answers(mut self) -> Vec<Answer> {
        for answer in &mut self.answers {
            answer.verdicts.sort();
            answer.verdicts.dedup();
        }
        self.answers.sort();
        self.answers
    }

    fn file(&self, at: Place) -> &SourceFile {
        self.files[at.file.index()].get_or_init(|| {
            let file = &self.package.dir.files[at.file.index()];
            SourceFile::new(file.path.clone(), file.bytes.clone())
        })
    }

    fn line(&self, at: Place) -> (String, u32) {
        let file = self.file(at);
        (file.path().to_owned(), file.line(at.span.start))
    }

    fn first_line(&self, at: Place) -> String {
        let text = self.file(at).text(at.span).into_owned();
        text.lines()
            .next()
            .unwrap_or_default()
            .trim_end()
            .to_owned()
    }
}

/// The operations worth a question.
fn name_of(op: &Op) -> Option<&'static str> {
    Some(match op {
        Op::Send(..) => "send",
        Op::Recv { .. } => "receive",
        Op::Select { .. } => "select",
        Op::Close(..) => "close",
        Op::Go(_) => "go statement",
        Op::Call(call) | Op::Defer(call) => match &call.callee {
            Callee::Library(Effect::WaitWait, _) => "wait",
            Callee::Library(Effect::CondWait, _) => "wait for a condition",
            Callee::Library(Effect::CondSignal | Effect::CondBroadcast, _) => "signal",
            Callee::Library(Effect::Lock | Effect::ReadLock | Effect::TryLock, _) => "lock",
            Callee::Library(Effect::Unlock | Effect::ReadUnlock, _) => "unlock",
            Callee::Library(effect, _) if effect.starts_argument() => "go statement",
            Callee::Close(_) => "close",
            _ => return None,
        },
        _ => return None,
    })
}

/// The clauses of a `select`: who asks about one asks about the whole.
fn clauses(op: &Op) -> impl Iterator<Item = Span> {
    let cases = match op {
        Op::Select { cases, .. } => cases.as_slice(),
        _ => &[],
    };
    cases.iter().map(|case| case.clause)
}

/// The rules that recognise leaks.
fn rules(leaks: &[&Leak]) -> Vec<String> {
    let mut rules: Vec<String> = leaks
        .iter()
        .filter_map(|leak| classify(leak))
        .map(|(rule, _)| rule.id.to_owned())
        .collect();
    rules.sort();
    rules.dedup();
    rules
}
