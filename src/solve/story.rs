//! The story of a run: what happened in which order, in words.
//!
//! Only what concerns the stuck operation is told; steps of a made-up caller are told by its notes.

use super::explore::Candidate;
use super::state::{Clock, Event, Happening, ObjId, Proc};
use super::witness::Teller;
use crate::flow::LATER;
use crate::flow::ir::{Note, Op};
use crate::leak::{Exit, OpKind, Operation, Origin, Step, StepKind, Stranding, Witness};
use crate::source::Span;

impl Teller<'_, '_> {
    pub(super) fn witness(
        &self,
        proc: &Proc,
        op: &Operation,
        stranding: &Stranding,
        origin: Option<&Origin>,
        on: Option<ObjId>,
        candidate: &Candidate,
    ) -> Witness {
        let mut steps = Vec::new();
        let name = op.target.as_str();
        if let Some(origin) = origin {
            let made = match display(&origin.name, name) {
                // A select has no name of its own.
                "select" => "it".to_owned(),
                name => format!("`{name}`"),
            };
            let what = match op.kind {
                _ if op.nil => format!("`{}` is declared, and nil", origin.name),
                _ if op.pipe => "the pipe is made".to_owned(),
                OpKind::Wait | OpKind::CondWait | OpKind::Lock | OpKind::ReadLock
                    if !origin.name.is_empty() =>
                {
                    format!("`{}` is declared", origin.name)
                }
                OpKind::Wait | OpKind::CondWait | OpKind::Lock | OpKind::ReadLock => {
                    format!("{made} is declared")
                }
                _ => match self.clock(on) {
                    Some(clock) => format!("{made} is made, a {}", clock.name()),
                    None => format!("{made} is made{}", origin.room()),
                },
            };
            steps.push(Step {
                at: origin.at,
                kind: StepKind::Make,
                goroutine: 0,
                text: what,
            });
        }
        let kept = self.kept_locks();
        for event in self.events {
            let place = self.place(event.at);
            if let Some(note) = self.note(event.at) {
                steps.extend(self.caller_step(event, note, stranding, name));
                continue;
            }
            let quoted = self.quote(event.at.0, place.span);
            let is_stranding = stranding.at == Some(place) && stranding.exit != Exit::Stuck;
            let step = match event.what {
                Happening::Spawned(id) => {
                    let who = if id == proc.id {
                        "the goroutine that gets stuck is started"
                    } else {
                        "a goroutine is started"
                    };
                    Some((StepKind::Spawn, format!("{who}: `{quoted}`")))
                }
                Happening::Stopped | Happening::Sent(_)
                    if event.on == on && self.clock(on).is_some() =>
                {
                    let clock = self.clock(on).map_or("", Clock::name);
                    Some((
                        StepKind::Sync,
                        format!("the {clock} is stopped: `{quoted}`"),
                    ))
                }
                Happening::Sent(_) if event.on == on && on.is_some() => {
                    let what = if op.pipe { "write" } else { "send" };
                    Some((StepKind::Send, format!("a {what} completes: `{quoted}`")))
                }
                Happening::Received(_) if event.on == on && on.is_some() => {
                    let what = if op.pipe { "read" } else { "receive" };
                    Some((StepKind::Receive, format!("a {what} completes: `{quoted}`")))
                }
                Happening::Closed if event.on == on && on.is_some() => {
                    Some((StepKind::Close, format!("it is closed: `{quoted}`")))
                }
                Happening::Locked if kept.contains(&(event.proc, event.at)) => Some((
                    StepKind::Sync,
                    format!("`{}` is locked, and kept", self.name_of_lock(event.at)),
                )),
                Happening::Signalled(waited, woken) if event.on == on => Some((
                    StepKind::Sync,
                    format!("of {waited} that wait `{quoted}` wakes {woken}"),
                )),
                // A function that runs later, or is stopped. A timer need not have any.
                Happening::Sent(Some(_)) | Happening::Received(Some(_))
                    if self.is_made_up(event) =>
                {
                    let what = if self.machine.source(event.at.0).name.ends_with(LATER) {
                        "it is time for the function"
                    } else {
                        "the function is stopped before it runs"
                    };
                    event
                        .on
                        .map(|_| (StepKind::Sync, format!("{what}: `{quoted}`")))
                }
                Happening::Sent(Some(case)) | Happening::Received(Some(case)) => {
                    let text = self.case_text(event, case);
                    Some((StepKind::Case, format!("the select goes by `{text}`")))
                }
                Happening::Left(_) | Happening::Jumped(_) if is_stranding => {
                    Some((StepKind::Leave, format!("`{quoted}` leaves")))
                }
                Happening::Defaulted if is_stranding => {
                    Some((StepKind::Case, "the select goes by `default`".to_owned()))
                }
                _ => None,
            };
            if let Some((kind, mut text)) = step {
                if is_stranding {
                    text = format!("{text}; from here on nobody is left for `{name}`");
                }
                let step = Step {
                    at: place,
                    kind,
                    goroutine: event.proc,
                    text,
                };
                if steps.last() != Some(&step) {
                    steps.push(step);
                }
            }
        }
        let partner = self.stuck_partner(proc, candidate);
        if let Some((partner, at)) = partner.and_then(|p| Some((p, p.site()?))) {
            steps.push(Step {
                at: self.place(at),
                kind: StepKind::Stuck,
                goroutine: partner.id,
                text: format!(
                    "who would serve it blocks as well: `{}`",
                    self.quote(at.0, self.place(at).span)
                ),
            });
        }
        steps.push(Step {
            at: op.at,
            kind: StepKind::Stuck,
            goroutine: proc.id,
            text: format!("the goroutine blocks here for ever ({})", op.wait_reason()),
        });
        Witness { steps }
    }

    /// A step of a made-up caller.
    fn caller_step(
        &self,
        event: &Event,
        note: &Note,
        stranding: &Stranding,
        name: &str,
    ) -> Option<Step> {
        let kind = match event.what {
            Happening::Spawned(_) => StepKind::Branch,
            Happening::Received(Some(_)) if !note.text.is_empty() => StepKind::Case,
            _ => return None,
        };
        let mut text = note.text.clone();
        if kind == StepKind::Case && stranding.at == Some(note.at) {
            text = format!("{text}; from here on nobody is left for `{name}`");
        }
        Some(Step {
            at: note.at,
            kind,
            goroutine: event.proc,
            text,
        })
    }

    /// Whether it is a select that stands nowhere in the source.
    fn is_made_up(&self, event: &Event) -> bool {
        let (body, pc) = event.at;
        let op = self.machine.source(body).code.get(pc as usize);
        matches!(op, Some(Op::Select { cases, .. }) if cases.iter().all(|c| c.span == c.clause))
    }

    fn case_text(&self, event: &Event, case: usize) -> String {
        match self
            .machine
            .source(event.at.0)
            .code
            .get(event.at.1 as usize)
        {
            Some(Op::Select { cases, .. }) if case < cases.len() => {
                let case = &cases[case];
                self.quote(
                    event.at.0,
                    Span {
                        start: case.clause.start,
                        end: case.span.end,
                    },
                )
            }
            _ => String::new(),
        }
    }
}

fn display<'a>(origin: &'a str, target: &'a str) -> &'a str {
    if origin.is_empty() { target } else { origin }
}
