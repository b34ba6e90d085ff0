//! Repeats the run of a candidate and tells it: what is stuck, on what, and who was meant to come.
//!
//! In: a candidate of the search. Out: a [`Leak`]. How the partner was lost is in [`super::stranding`], what happened in
//! which order in [`super::story`], what the run takes for granted in [`super::assumptions`], where the primitive was
//! made in [`super::origin`].

use super::callers::leaves;
use super::explore::Candidate;
use super::machine::Machine;
use super::state::{Act, Event, Happening, Log, Obj, ObjId, Proc, State, Value, Wish};
use super::stuck::Wants;
use crate::flow::ir::{BodyId, Callee, Expr, Note, Op, Pc};
use crate::leak::{Leak, OpKind, Operation};
use crate::source::{FileId, Place, Span};
use crate::summary::{Acts, CLOSE, RECV, way_of};
use std::rc::Rc;

/// Reads source text for messages: file and span to one line of text.
pub type Text<'t> = dyn Fn(FileId, Span) -> String + 't;

/// Statements quoted in a message are cut to this many characters.
pub(super) const QUOTE: usize = 60;

impl Machine<'_> {
    /// Tells the leak of a candidate; `None` when the run does not repeat (which would be a defect).
    pub fn tell(&self, root: BodyId, candidate: &Candidate, text: &Text<'_>) -> Option<Leak> {
        // The search renumbers objects as it goes; a repeated run does not, so what the goroutine waits for is read off
        // a first repetition and watched in a second.
        let end = self.replay(self.start(root), &candidate.choices)?;
        let wants = self.wants(&end, end.procs.iter().find(|p| p.id == candidate.proc)?)?;
        let wants = service(&end, wants);
        let mut start = self.start(root);
        start.log = Some(Box::new(Log {
            watched: candidate.proc,
            wants: wants.clone(),
            ..Log::default()
        }));
        let mut state = self.replay(start, &candidate.choices)?;
        let log = state.log.take()?;
        let proc = state.procs.iter().find(|p| p.id == candidate.proc)?.clone();
        debug_assert_eq!(
            proc.site(),
            Some(candidate.site),
            "the run must end at the stuck operation"
        );
        if self.rests_on_counts(&state, &proc, &candidate.doomed, &log, text)
            || self.rests_on_an_unset_variable(&state, &proc)
            || self.rests_on_its_end(&log, &proc)
        {
            return None;
        }
        let teller = Teller {
            machine: self,
            state: &state,
            events: &log.events,
            text,
            wants,
        };
        if teller.calls_out_of_turn(&proc) {
            self.abstain("unknown-caller");
            return None;
        }
        teller.leak(root, &proc, candidate)
    }
}

/// Of what would free a process, that which serves it: whoever sends is freed by a close as well, but by a panic. Whoever
/// would have closed the channel is not the receiver that was lost. To close a pipe is a service.
fn service(state: &State, wants: Wants) -> Wants {
    let panics = |id: ObjId| matches!(state.heap[id as usize], Obj::Chan { pipe: None, .. });
    let served = |(id, acts): (ObjId, Acts)| {
        let sends = acts & RECV != 0 && panics(id);
        (id, if sends { acts & !CLOSE } else { acts })
    };
    wants.into_iter().map(served).collect()
}

/// Tells one run.
pub(super) struct Teller<'m, 'p> {
    pub(super) machine: &'m Machine<'p>,
    pub(super) state: &'m State,
    pub(super) events: &'m [Event],
    pub(super) text: &'m Text<'m>,
    /// What would serve the stuck process.
    pub(super) wants: Wants,
}

impl Teller<'_, '_> {
    pub(super) fn place(&self, (body, pc): (BodyId, Pc)) -> Place {
        self.machine.source(body).place(pc)
    }

    /// What an operation of a made-up caller stands for.
    pub(super) fn note(&self, (body, pc): (BodyId, Pc)) -> Option<&Note> {
        self.machine.source(body).client.get(pc as usize)
    }

    pub(super) fn quote(&self, body: BodyId, span: Span) -> String {
        let text = (self.text)(self.machine.source(body).file, span);
        let line = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_end_matches(['{', ' ', ':'])
            .to_owned();
        if line.chars().count() > QUOTE {
            let cut: String = line.chars().take(QUOTE).collect();
            format!("{cut}…")
        } else {
            line
        }
    }

    pub(super) fn leak(&self, root: BodyId, proc: &Proc, candidate: &Candidate) -> Option<Leak> {
        let (act, pc) = proc.park.as_ref()?;
        let body_id = proc.frames.last()?.body;
        let (mut op, cases) = self.operation(body_id, *pc, act)?;
        // Each call leaves a channel of its own.
        if self.is_left_by_call(proc) {
            (op.again, op.in_loop) = (false, false);
        }
        let primitive = Machine::waits_for(act)
            .into_iter()
            .find_map(|v| self.state.object(v));
        let origin = self
            .origin(primitive, &op)
            .or_else(|| self.declaration(proc));
        let stranding = self.stranding(proc, candidate);
        let (wanted_sends, on) = (matches!(op.kind, OpKind::Send), primitive);
        let done = |send: bool, who: Option<u32>| {
            self.events
                .iter()
                .filter(|e| e.on.is_some() && e.on == on && who.is_none_or(|w| e.proc == w))
                .filter(|e| match e.what {
                    Happening::Sent(_) => send,
                    Happening::Received(_) => !send,
                    _ => false,
                })
                .count() as u32
        };
        let siblings = self
            .state
            .procs
            .iter()
            .filter(|p| p.spawn.is_some() && p.spawn == proc.spawn)
            .count()
            .max(1) as u32;
        let spawned_in_loop = proc
            .spawn
            .is_some_and(|(b, pc)| self.machine.source(b).in_loop.get(pc as usize) == Some(&true));
        let name = origin.as_ref().map(|o| o.name.clone()).unwrap_or_default();
        let partner = self.find_op(root, &name, |op| match op {
            Op::Recv { .. } => wanted_sends,
            Op::Send(..) => !wanted_sends,
            Op::Select { .. } => true,
            _ => false,
        });
        let skipped_close = self.find_op(root, &name, |op| match op {
            Op::Close(..) => true,
            Op::Defer(call) => matches!(call.callee, Callee::Close(_)),
            _ => false,
        });
        let (confidence, assumptions) = self.assumptions(proc, candidate, &stranding);
        let witness = self.witness(proc, &op, &stranding, origin.as_ref(), on, candidate);
        let mut facts = self.facts(root, proc, last_name(&name, &op.target));
        facts.caller = self.caller(proc, &stranding);
        if facts.caller.is_none() || self.is_unstarted() {
            facts.released_by = self.released_by(op.kind, proc, &stranding);
        }
        if facts.caller.is_some() && self.counts_for_others(act, &facts) {
            self.machine.abstain("unknown-caller");
            return None;
        }
        facts.owner_acts = self.owner_acts(root, &stranding);
        self.shapes(root, proc, primitive, &mut facts);
        facts.items = self.items();
        let goes_on = |p: &Rc<Proc>| p.id == 0 && (candidate.doomed.contains(&0) || !leaves(p));
        facts.root_ended = !self.state.procs.iter().any(goes_on);
        if let (Act::Cond(_), Some(cond)) = (act, primitive) {
            if self.was_woken(proc, cond) {
                self.machine.abstain("unknown-condition");
                return None;
            }
            facts.signal = self.missed_signal(cond);
        }
        facts.lock = self.lock_trouble(proc, act, candidate);
        let is_found = || origin.as_ref().is_some_and(|o| self.is_found(proc, o));
        if facts.lock.is_none() && self.is_called_again(root) && !is_found() {
            return None;
        }
        if facts.lock.is_none() && self.is_behind_a_lock(proc, candidate) {
            self.machine.abstain("behind-a-lock");
            return None;
        }
        Some(Leak {
            completed_before: done(wanted_sends, Some(proc.id)),
            served: done(!wanted_sends, None),
            op,
            cases,
            origin,
            // Whoever calls from elsewhere was not started here.
            spawn: proc
                .spawn
                .filter(|at| self.note(*at).is_none())
                .map(|at| self.place(at)),
            root: self.machine.source(root).name.clone(),
            stranding,
            siblings,
            spawned_in_loop,
            partner_in_loop: partner
                .is_some_and(|(b, pc)| self.machine.source(b).in_loop[pc as usize]),
            partner: partner.map(|at| self.place(at)),
            skipped_close: skipped_close.map(|at| self.place(at)),
            facts,
            witness,
            confidence,
            assumptions,
        })
    }

    /// The operation as the Go runtime would show it.
    fn operation(&self, body_id: BodyId, pc: Pc, act: &Act) -> Option<(Operation, Vec<Operation>)> {
        let body = self.machine.source(body_id);
        let span = *body.spans.get(pc as usize)?;
        let make = |kind, span: Span, target: Span, nil: bool| Operation {
            kind,
            at: Place {
                file: body.file,
                span,
            },
            target: self.quote(body_id, target),
            nil,
            function: body.name.clone(),
            in_loop: body.in_loop.get(pc as usize) == Some(&true),
            again: body.comes_again(pc),
            pipe: matches!(
                body.code.get(pc as usize),
                Some(
                    Op::Send(Expr::Pipe(..), ..)
                        | Op::Recv {
                            ch: Expr::Pipe(..),
                            ..
                        }
                )
            ),
        };
        let nil = |v: &Value| *v == Value::Nil;
        let code = body.code.get(pc as usize)?;
        Some(match (act, code) {
            (Act::Send(ch, _), Op::Send(_, target, _)) => {
                (make(OpKind::Send, span, *target, nil(ch)), Vec::new())
            }
            (
                Act::Recv(ch, true),
                Op::Recv {
                    ch: Expr::Pipe(..),
                    ch_span,
                    ..
                },
            ) => (make(OpKind::Range, span, *ch_span, nil(ch)), Vec::new()),
            (Act::Recv(ch, true), Op::Recv { ch_span, .. }) => {
                let header = Span {
                    start: span.start,
                    end: ch_span.end,
                };
                (make(OpKind::Range, header, *ch_span, nil(ch)), Vec::new())
            }
            (Act::Recv(ch, false), Op::Recv { ch_span, .. }) => {
                (make(OpKind::Receive, span, *ch_span, nil(ch)), Vec::new())
            }
            (Act::Select(values, _), Op::Select { cases, .. }) => {
                let mut operations: Vec<Operation> = cases
                    .iter()
                    .zip(values)
                    .map(|(case, (send, ch, _))| {
                        let kind = if *send { OpKind::Send } else { OpKind::Receive };
                        make(kind, case.span, case.ch_span, nil(ch))
                    })
                    .collect();
                match operations.len() {
                    0 => (make(OpKind::EmptySelect, span, span, false), operations),
                    // A select with one case is compiled to the bare operation, at the case.
                    1 => {
                        let mut only = operations.remove(0);
                        only.at.span = Span {
                            start: cases[0].clause.start,
                            end: cases[0].span.end,
                        };
                        (only, operations)
                    }
                    _ => {
                        let keyword = Span {
                            start: span.start,
                            end: span.start + "select".len() as u32,
                        };
                        (make(OpKind::Select, keyword, span, false), operations)
                    }
                }
            }
            (Act::Wait(_), _) => {
                let mut wait = make(OpKind::Wait, span, span, false);
                wait.target = receiver_of(&(self.text)(body.file, span));
                (wait, Vec::new())
            }
            (Act::Room(_), _) => {
                let mut room = make(OpKind::Room, span, span, false);
                room.target = receiver_of(&(self.text)(body.file, span));
                (room, Vec::new())
            }
            (Act::Cond(_), _) => {
                let mut wait = make(OpKind::CondWait, span, span, false);
                wait.target = receiver_of(&(self.text)(body.file, span));
                (wait, Vec::new())
            }
            (Act::Lock(_, wish), _) => {
                let kind = if *wish == Wish::Read {
                    OpKind::ReadLock
                } else {
                    OpKind::Lock
                };
                let mut lock = make(kind, span, span, false);
                lock.target = receiver_of(&(self.text)(body.file, span));
                (lock, Vec::new())
            }
            _ => (make(OpKind::Call, span, span, false), Vec::new()),
        })
    }

    /// An operation on the channel of that name in the root and its literals, for the wording of messages.
    fn find_op(
        &self,
        root: BodyId,
        name: &str,
        wanted: impl Fn(&Op) -> bool,
    ) -> Option<(BodyId, Pc)> {
        if name.is_empty() {
            return None;
        }
        let program = self.machine.program;
        // A made-up caller has no code of its own.
        let mut family = program.family(root);
        for op in &self.machine.source(root).code {
            if let Op::Call(call) | Op::Go(call) = op
                && !self.machine.source(root).client.is_empty()
                && let Callee::Body(callee) = call.callee
            {
                family.extend(program.family(callee));
            }
        }
        for id in family {
            let body = self.machine.source(id);
            for (pc, op) in body.code.iter().enumerate() {
                if !wanted(op) {
                    continue;
                }
                let mut on_it = false;
                op.exprs(&mut |e| {
                    on_it |= way_of(e).is_some_and(|w| {
                        body.vars[w.var as usize].name == name && w.field.is_none()
                            || w.field.is_some_and(|f| f == name)
                    });
                });
                if on_it {
                    return Some((id, pc as Pc));
                }
            }
        }
        None
    }
}

/// The group or lock in the text of a statement that waits for it: `s.wg` of `defer s.wg.Wait()`.
pub(super) fn receiver_of(statement: &str) -> String {
    let methods = [".Wait(", ".Go(", ".Lock(", ".RLock("];
    let end = methods
        .iter()
        .filter_map(|method| statement.find(method))
        .min();
    let call = &statement[..end.unwrap_or(statement.len())];
    let receiver = call.rsplit([' ', '\t', '(', '!']).next();
    receiver.unwrap_or_default().to_owned()
}

/// The name a primitive was first given, or else the last part of what the operation calls it.
fn last_name<'a>(origin: &'a str, target: &'a str) -> &'a str {
    if origin.is_empty() {
        target.rsplit('.').next().unwrap_or_default()
    } else {
        origin
    }
}
