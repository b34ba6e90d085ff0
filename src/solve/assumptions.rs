//! What a run takes for granted: numbers, callers elsewhere, and functions that are handed on. From these comes how sure a
//! leak is.

use super::counts::rooms;
use super::explore::Candidate;
use super::handed::Handed;
use super::state::{Act, Event, Happening, Obj, Proc, Value};
use super::witness::{QUOTE, Teller};
use crate::flow::ir::{Callee, Expr, LetGo, Op};
use crate::leak::{Confidence, Exit, Stranding};
use crate::library::Effect;
use crate::model;
use crate::resolve::Ty;
use crate::summary::CLOSE;
use std::rc::Rc;

impl Teller<'_, '_> {
    pub(super) fn assumptions(
        &self,
        proc: &Proc,
        candidate: &Candidate,
        stranding: &Stranding,
    ) -> (Confidence, Vec<String>) {
        let (mut confidence, mut assumptions) = self.about_callers(proc);
        if self.hangs_its_test(proc, candidate, stranding) {
            confidence = Confidence::Low;
            assumptions.push("what is tested fails".to_owned());
        }
        for known in self.state.syms.iter().filter(|k| k.bound) {
            if let Some(room) = known.large {
                if self.stuck_for_room(proc, room) {
                    confidence = confidence.min(Confidence::Medium);
                    assumptions.push(format!("more than {room} values are sent"));
                }
                continue;
            }
            let text = (self.text)(known.origin.0, known.origin.1);
            let text = text.lines().next().unwrap_or_default().trim();
            let name = if text.is_empty() || text.len() > QUOTE {
                "the number of items".to_owned()
            } else if known.length && !text.starts_with("len(") {
                format!("`len({text})`")
            } else {
                format!("`{text}`")
            };
            if known.hi <= 0 {
                confidence = Confidence::Low;
                assumptions.push(format!("{name} is 0"));
            } else if known.lo >= 2 {
                confidence = confidence.min(Confidence::Medium);
                assumptions.push(format!("{name} > {}", known.lo - 1));
            }
        }
        let beside = self.events.iter().filter_map(|e| self.machine.hander(e));
        let in_place = match self.machine.handed {
            Handed::InPlace => Some(self.machine.handers_above(proc)),
            Handed::Kept | Handed::Beside => None,
        };
        for (body, pc) in beside.chain(in_place.into_iter().flatten()) {
            let call = self.quote(body, self.machine.source(body).spans[pc as usize]);
            let callee = call.split('(').next().unwrap_or_default();
            let callee = callee.trim_start_matches("go ").trim_start_matches("_ = ");
            confidence = confidence.min(Confidence::Medium);
            // A literal that keeps functions runs none itself.
            assumptions.push(
                if callee.starts_with(['[', '&']) || callee.starts_with("map[") {
                    "the functions that are kept are run".to_owned()
                } else {
                    format!("`{callee}` runs what it is handed")
                },
            );
        }
        for body in self.events.iter().filter_map(|e| self.machine.answerer(e)) {
            confidence = confidence.min(Confidence::Medium);
            let name = &self.machine.source(body).name;
            assumptions.push(format!("`{name}` answers"));
        }
        assumptions.sort();
        assumptions.dedup();
        (confidence, assumptions)
    }

    /// How many items the assumptions about numbers ask for, all together.
    pub(super) fn items(&self) -> u64 {
        let syms = self.state.syms.iter();
        let asked = syms.filter(|k| k.bound && k.large.is_none() && k.lo >= 2);
        asked.map(|known| known.lo.unsigned_abs()).sum()
    }

    /// Whether it is the test itself that waits, or somebody who is stuck together with it: a test that hangs is seen by
    /// whoever runs it, and one that does not is proof against the run.
    fn hangs_its_test(&self, proc: &Proc, candidate: &Candidate, stranding: &Stranding) -> bool {
        let behind = || {
            let stuck = |p: &&Rc<Proc>| candidate.doomed.contains(&p.id);
            let mut others = self.state.procs.iter().filter(stuck);
            stranding.exit == Exit::Stuck && others.any(|p| self.is_test(p))
        };
        self.machine.in_test && (self.is_test(proc) || behind())
    }

    /// Whether a goroutine is that of a test: the root's own, where nothing starts the root beside others, and those of
    /// tests within it.
    fn is_test(&self, proc: &Proc) -> bool {
        let program = self.machine.program;
        let Some((body, pc)) = proc.spawn else {
            let Some(root) = proc.frames.first().map(|frame| frame.body) else {
                return false;
            };
            return model::is_test(program, root);
        };
        let code = &self.machine.source(body).code;
        matches!(code.get(pc as usize), Some(Op::Call(call))
            if matches!(call.callee, Callee::Library(Effect::CallTest, _)))
    }

    /// Whether a process is stuck sending on a channel of this large capacity.
    fn stuck_for_room(&self, proc: &Proc, room: i64) -> bool {
        self.large_rooms(proc).any(|large| large == room)
    }

    /// The large capacities of the channels that a process is stuck sending on.
    pub(super) fn large_rooms(&self, proc: &Proc) -> impl Iterator<Item = i64> {
        let rooms = rooms(self.state, proc).into_iter();
        rooms.filter_map(|(_, sym)| self.state.syms[sym as usize].large)
    }

    /// What the run takes for granted about callers elsewhere.
    fn about_callers(&self, proc: &Proc) -> (Confidence, Vec<String>) {
        let mut confidence = Confidence::High;
        let mut assumptions = Vec::new();
        let called = self.is_called(proc);
        let client = self.state.procs.first().filter(|p| p.id == 0);
        let unused = client.is_some_and(|p| self.still_there(p)) && proc.spawn.is_some() && !called;
        if unused && !self.is_left_by_call(proc) && !self.was_left_by_part() {
            // Nothing says that it was meant to end.
            confidence = Confidence::Low;
        }
        for event in self.events {
            let Some(note) = self.note(event.at) else {
                continue;
            };
            if !matches!(event.what, Happening::Received(Some(_))) {
                continue;
            }
            let told = if called {
                &note.assumption
            } else {
                &note.lets_go
            };
            if !told.is_empty() {
                confidence = confidence.min(if note.guess || !called && self.is_awaited(proc) {
                    Confidence::Low
                } else {
                    Confidence::Medium
                });
                assumptions.push(told.clone());
            }
            // Who has a method that closes what a goroutine ranges over, or selects from, is asked to call it, whatever has ended.
            let ended = event.on.map(|id| &self.state.heap[id as usize]);
            if !called
                && matches!(ended, Some(Obj::Context(..)))
                && matches!(proc.park, Some((Act::Recv(_, true) | Act::Select(..), _)))
                && let Some(closes) = self.other_methods_that(proc, CLOSE).first()
            {
                confidence = Confidence::Low;
                let name = self.machine.source(*closes).simple_name();
                assumptions.push(format!("`{name}` is not called"));
            }
        }
        // The method that a caller of his own calls, or the one who lets go.
        let method = proc.frames.get(usize::from(!called));
        if (called || proc.id == 0)
            && let Some(method) = method
            && let Some(failed) = self.failed_part()
        {
            confidence = confidence.min(Confidence::Medium);
            let name = self.machine.source(method.body).simple_name();
            assumptions.push(format!("`{name}` is called after `{failed}` has failed"));
        }
        if called && let Some(context) = self.ended_context() {
            confidence = confidence.min(Confidence::Medium);
            let name = self.machine.source(proc.frames[0].body).simple_name();
            assumptions.push(format!(
                "a call of `{name}` overlaps with the end of `{context}`"
            ));
        }
        (confidence, assumptions)
    }

    /// Whether a process is stuck with the first and only error that it reports on a channel that a made-up caller got:
    /// who is handed such a channel mostly waits for the one error, whatever has ended meanwhile.
    fn is_awaited(&self, proc: &Proc) -> bool {
        let (Some((Act::Send(ch, _), pc)), Some(frame)) = (&proc.park, proc.frames.last()) else {
            return false;
        };
        let body = self.machine.source(frame.body);
        let Some(Op::Send(Expr::Var(var), ..)) = body.code.get(*pc as usize) else {
            return false;
        };
        let carries_errors =
            matches!(&body.vars[*var as usize].ty, Ty::Chan(_, elem) if **elem == Ty::Error);
        let on = self.state.object(ch);
        let sent = |e: &Event| e.on == on && matches!(e.what, Happening::Sent(_));
        carries_errors && !body.comes_again(*pc) && !self.events.iter().any(sent)
    }

    /// Whether a made-up caller has not let go yet.
    fn still_there(&self, proc: &Proc) -> bool {
        let Some(Act::Select(cases, _)) = proc.park.as_ref().map(|(act, _)| act) else {
            return false;
        };
        let note = proc.site().and_then(|at| self.note(at));
        let unstarted = note.is_some_and(|note| note.ends == Some(LetGo::Unstarted));
        proc.frames.len() == 1
            && !unstarted
            && cases
                .iter()
                .any(|(_, ch, _)| *ch == Value::Out(super::state::Outside::Never))
    }
}
