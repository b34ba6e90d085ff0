//! The stranding step: how, in a run, the partner was lost that could have helped.

use super::explore::Candidate;
use super::state::{Event, Happening, Leaving, Obj, Proc};
use super::witness::Teller;
use crate::flow::ir::{Callee, Expr, JumpKind, Note, Op};
use crate::leak::{Exit, Stranding};
use crate::source::{Place, Span};

impl Teller<'_, '_> {
    pub(super) fn stranding(&self, proc: &Proc, candidate: &Candidate) -> Stranding {
        let none = |exit| Stranding {
            exit,
            at: None,
            text: String::new(),
        };
        if let Some(partner) = self.stuck_partner(proc, candidate) {
            let at = partner.site().map(|at| (self.place(at), at.0));
            return Stranding {
                exit: Exit::Stuck,
                at: at.map(|(place, _)| place),
                text: at.map_or_else(String::new, |(place, body)| self.quote(body, place.span)),
            };
        }
        let Some(last) = self.events.iter().rposition(|e| e.help) else {
            return none(Exit::Never);
        };
        let Some(event) = self.events.get(last + 1) else {
            return none(Exit::Never);
        };
        let index = self.leaves_before(last + 1, event);
        self.classify(index, &self.events[index])
    }

    /// Who would help further on, and is stuck as well.
    pub(super) fn stuck_partner<'p>(
        &'p self,
        proc: &Proc,
        candidate: &Candidate,
    ) -> Option<&'p Proc> {
        let mut procs = self.state.procs.iter().enumerate();
        let helps = |index: usize| self.machine.can_help(self.state, index, &self.wants);
        let found = procs.find(|(index, other)| {
            other.id != proc.id && candidate.doomed.contains(&other.id) && helps(*index)
        });
        found.map(|(_, other)| &**other)
    }

    /// Where a deferred literal decides or comes to its end, its function has begun to leave before: the event that says so.
    fn leaves_before(&self, index: usize, event: &Event) -> usize {
        let ends = |e: &Event| matches!(e.what, Happening::Left(_) | Happening::FellOff);
        let is_it = Callee::Value(Expr::Closure(event.at.0));
        let defers = |op: &Op| matches!(op, Op::Defer(call) if call.callee == is_it);
        let outer = self.machine.source(event.at.0).parent;
        let before = outer
            .filter(|_| ends(event) || matches!(event.what, Happening::Decided(_)))
            .filter(|outer| self.machine.source(*outer).code.iter().any(defers))
            .and_then(|outer| {
                let of_outer = |e: &Event| e.proc == event.proc && e.at.0 == outer;
                self.events[..index].iter().rposition(of_outer)
            });
        before
            .filter(|at| matches!(self.events[*at].what, Happening::Left(Leaving::Return)))
            .unwrap_or(index)
    }

    pub(super) fn classify(&self, index: usize, event: &Event) -> Stranding {
        if let Some(note) = self.note(event.at) {
            return self.let_go(event, note);
        }
        let body = self.machine.source(event.at.0);
        let here = |exit| Stranding {
            exit,
            at: Some(self.place(event.at)),
            text: self.quote(event.at.0, body.spans[event.at.1 as usize]),
        };
        match event.what {
            // A case on the very channel is a service, the last one.
            Happening::Sent(Some(_)) | Happening::Received(Some(_))
                if event
                    .on
                    .is_some_and(|id| self.wants.iter().any(|(w, _)| *w == id)) =>
            {
                here(Exit::Done)
            }
            Happening::Sent(Some(case)) | Happening::Received(Some(case)) => {
                self.left_by_case(event, case)
            }
            Happening::Defaulted => here(Exit::Default),
            Happening::Sent(None)
            | Happening::Received(None)
            | Happening::Closed
            | Happening::Synced
            | Happening::Stopped
            | Happening::Locked
            | Happening::Unlocked
            | Happening::Signalled(..)
            | Happening::CountedDown => here(Exit::Done),
            Happening::Jumped(JumpKind::Goto) => here(Exit::Goto),
            Happening::Jumped(_) => here(Exit::Break),
            Happening::Left(leaving) => here(exit_of(leaving)),
            Happening::FellOff
            | Happening::Ended
            | Happening::Spawned(_)
            | Happening::Local
            | Happening::TookUp
            | Happening::Added => here(Exit::Done),
            Happening::Decided(_) => self.left_by_branch(index, event),
        }
    }

    /// A made-up caller lets go.
    fn let_go(&self, event: &Event, note: &Note) -> Stranding {
        let on = event.on.map(|id| &self.state.heap[id as usize]);
        let exit = match event.what {
            Happening::Received(Some(_)) if matches!(on, Some(Obj::Context(..))) => Exit::Context,
            Happening::Received(Some(_)) => Exit::Stop,
            _ => Exit::Done,
        };
        Stranding {
            exit,
            at: Some(note.at),
            text: note.text.clone(),
        }
    }

    pub(super) fn left_by_case(&self, event: &Event, case: usize) -> Stranding {
        let body = self.machine.source(event.at.0);
        let Some(Op::Select { cases, .. }) = body.code.get(event.at.1 as usize) else {
            return Stranding {
                exit: Exit::Stop,
                at: Some(self.place(event.at)),
                text: String::new(),
            };
        };
        let case = &cases[case];
        let text = self.quote(
            event.at.0,
            Span {
                start: case.clause.start,
                end: case.span.end,
            },
        );
        let channel = (self.text)(body.file, case.ch_span);
        let exit = match event.on.map(|id| &self.state.heap[id as usize]) {
            Some(Obj::Context(..)) => Exit::Context,
            Some(Obj::Clock(..)) => Exit::Timer,
            Some(Obj::Chan { .. }) => Exit::Sibling,
            _ if channel.ends_with("Done()") => Exit::Context,
            _ if is_clock(&case.ch, &channel) => Exit::Timer,
            _ => Exit::Stop,
        };
        // A stop channel of the system itself is closed, not sent on.
        let closed = event.on.is_some_and(|id| {
            matches!(
                &self.state.heap[id as usize],
                Obj::Chan { closed: true, .. }
            )
        });
        let exit = if exit == Exit::Sibling && closed {
            Exit::Stop
        } else {
            exit
        };
        let span = Span {
            start: case.clause.start,
            end: case.span.end,
        };
        Stranding {
            exit,
            at: Some(Place {
                file: body.file,
                span,
            }),
            text,
        }
    }

    /// A decision after which the partner was lost: what it did next says how.
    pub(super) fn left_by_branch(&self, index: usize, event: &Event) -> Stranding {
        let body = self.machine.source(event.at.0);
        let ends_loop = matches!(body.code.get(event.at.1 as usize), Some(Op::RangeNext(..)))
            || body.loop_conds.contains(&event.at.1);
        let next = self.events[index + 1..]
            .iter()
            .filter(|e| e.proc == event.proc);
        for later in next {
            let at = Some(self.place(later.at));
            let text = self.quote(later.at.0, self.place(later.at).span);
            let exit = match later.what {
                // What is called on the way out comes back.
                Happening::Left(Leaving::Return) | Happening::FellOff
                    if later.at.0 != event.at.0 =>
                {
                    continue;
                }
                Happening::Left(Leaving::Return) | Happening::FellOff if ends_loop => Exit::Done,
                Happening::Left(leaving) => exit_of(leaving),
                Happening::FellOff | Happening::Ended => Exit::Return,
                Happening::Jumped(JumpKind::Goto) => Exit::Goto,
                Happening::Jumped(_) => Exit::Break,
                Happening::Local
                | Happening::Decided(_)
                | Happening::Spawned(_)
                | Happening::Added => continue,
                _ => break,
            };
            if exit == Exit::Done {
                break;
            }
            return Stranding { exit, at, text };
        }
        let span = body.spans[event.at.1 as usize];
        let exit = if ends_loop { Exit::Done } else { Exit::Return };
        let span = if ends_loop {
            Span {
                start: span.start,
                end: span.start + 3,
            }
        } else {
            span
        };
        Stranding {
            exit,
            at: Some(Place {
                file: body.file,
                span,
            }),
            text: format!("if {}", self.quote(event.at.0, span)),
        }
    }
}

fn exit_of(leaving: Leaving) -> Exit {
    match leaving {
        Leaving::Panic => Exit::Panic,
        Leaving::Goexit => Exit::Goexit,
        Leaving::No | Leaving::Return => Exit::Return,
    }
}

fn is_clock(ch: &Expr, text: &str) -> bool {
    matches!(ch, Expr::Field(_, name) if name == "C")
        || text.starts_with("time.")
        || text.to_ascii_lowercase().contains("time")
        || text.to_ascii_lowercase().contains("tick")
}
