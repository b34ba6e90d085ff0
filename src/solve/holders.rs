//! What a leak at a lock or a condition is about: who holds which lock, who waits for it, and whom a signal woke.
//!
//! In: a repeated run. Out: [`HeldLock`] and [`Signal`], or that nothing is to be told. How locks are taken and given back is
//! in [`super::locks`].

use super::explore::Candidate;
use super::state::{Act, Event, Happening, ObjId, Proc, Wish};
use super::witness::{Teller, receiver_of};
use crate::flow::ir::{Body, BodyId, Callee, Expr, Op, Pc};
use crate::leak::{HeldLock, LockTrouble, Signal};
use crate::library::Effect;
use crate::syntax::ast::{BinaryOp, Name};

/// Who holds a lock, and where it was taken.
pub(super) type Holder = (u32, (BodyId, Pc));

impl Teller<'_, '_> {
    /// The lock that a leak is about, if any.
    pub(super) fn lock_trouble(
        &self,
        proc: &Proc,
        act: &Act,
        candidate: &Candidate,
    ) -> Option<HeldLock> {
        match act {
            Act::Lock(lock, _) => self.who_keeps(proc, self.state.object(lock)?, candidate),
            _ => self.who_is_kept_out(proc, candidate),
        }
    }

    /// Why a lock that a process waits for is not given back.
    fn who_keeps(&self, proc: &Proc, lock: ObjId, candidate: &Candidate) -> Option<HeldLock> {
        let holders = self.holders(lock);
        let own = holders.iter().find(|(holder, _)| *holder == proc.id);
        if let Some((_, at)) = own {
            // What a function asks before it calls itself again is mostly about data that nobody follows.
            let here = proc.frames.last().map(|frame| frame.body);
            let calls = proc.frames.iter().filter(|frame| Some(frame.body) == here);
            if calls.count() > 1 {
                return None;
            }
            // Who wants to read again waits behind somebody who wants to write.
            let writer = self.state.procs.iter().find(|other| {
                let wish = matches!(&other.park, Some((Act::Lock(on, Wish::WriteNext), _))
                    if self.state.object(on) == Some(lock));
                wish && other.id != proc.id
            });
            let writer = writer.and_then(|writer| writer.site());
            // Whoever took it in a function that it has left since has forgotten it.
            let left = proc.frames.iter().all(|frame| frame.body != at.0);
            let trouble = if left {
                LockTrouble::Left
            } else {
                LockTrouble::Itself
            };
            return Some(self.held(trouble, *at, writer));
        }
        let (holder, at) = *holders.first()?;
        if !candidate.doomed.contains(&holder) {
            if !self.is_ever_unlocked(at) {
                return None;
            }
            let mut held = self.held(LockTrouble::Left, at, None);
            held.ended = self.process(holder).is_none_or(Proc::ended);
            return Some(held);
        }
        // Round the circle of those who wait for each other's locks.
        let (mut circle, mut next) = (vec![proc.id, holder], holder);
        loop {
            let waits = self.process(next)?;
            let (Act::Lock(lock, _), _) = waits.park.as_ref()? else {
                return None;
            };
            let holders = self.holders(self.state.object(lock)?);
            if holders.iter().any(|(holder, _)| *holder == proc.id) {
                break;
            }
            (next, _) = *holders.first()?;
            if circle.contains(&next) {
                return None;
            }
            circle.push(next);
        }
        if circle.iter().any(|id| self.may_know_the_order(*id)) {
            self.machine.abstain("unknown-order");
            return None;
        }
        // One of them tells it for all.
        let tells = circle.iter().all(|other| *other <= proc.id);
        let other = self.process(holder)?.site();
        tells.then(|| self.held(LockTrouble::Order, at, other))
    }

    /// Whether a made-up caller calls one method twice: that is about the locks in it, or about what the one call has left
    /// for the other, and nothing else.
    pub(super) fn is_called_again(&self, root: BodyId) -> bool {
        let body = self.machine.source(root);
        let started = |op: &Op| match op {
            Op::Go(call) => call.body(),
            _ => None,
        };
        let mut pairs = body.code.iter().zip(body.code.iter().skip(1));
        let again =
            |(one, other): (&Op, &Op)| started(one).is_some() && started(one) == started(other);
        !body.client.is_empty() && pairs.any(again)
    }

    /// Whether a process is stuck only because somebody else waits for a lock who would serve it: that is the leak to tell.
    pub(super) fn is_behind_a_lock(&self, proc: &Proc, candidate: &Candidate) -> bool {
        let state = self.state;
        state.procs.iter().enumerate().any(|(index, other)| {
            other.id != proc.id
                && matches!(other.park, Some((Act::Lock(..), _)))
                && candidate.doomed.contains(&other.id)
                && self.machine.can_help(state, index, &self.wants)
        })
    }

    /// Whether a process may have been told in which order to take its locks: by a comparison of what nobody follows, or by
    /// a list that it goes through.
    fn may_know_the_order(&self, id: u32) -> bool {
        let Some(proc) = self.process(id) else {
            return true;
        };
        let compares = |op: &Op| matches!(op, Op::Branch(cond, ..) if is_ordering(cond));
        let here = proc.site();
        let again = self
            .kept_locks()
            .contains(&(id, here.unwrap_or((BodyId(0), 0))));
        again
            || proc.frames.iter().any(|frame| {
                let body = self.machine.source(frame.body);
                let code = body.code.iter().enumerate();
                let mut branches = code.filter(|(pc, _)| !body.loop_conds.contains(&(*pc as Pc)));
                branches.any(|(_, op)| compares(op))
            })
    }

    /// Whether the function that took a lock gives it back somewhere, or another does that has not taken it. Where neither is
    /// so it is kept on purpose, and nobody is meant to come after.
    fn is_ever_unlocked(&self, (body, pc): (BodyId, Pc)) -> bool {
        let Some(lock) = name_of_lock_in(self.machine.source(body), pc as usize) else {
            return true;
        };
        let program = self.machine.program;
        let mut of_taker = body;
        while let Some(parent) = program.bodies[of_taker.0 as usize].parent {
            of_taker = parent;
        }
        let roots = (0..program.bodies.len() as u32).map(BodyId);
        roots
            .filter(|id| program.bodies[id.0 as usize].parent.is_none())
            .any(|root| {
                let (mut locks, mut unlocks) = (false, false);
                for member in program.family(root) {
                    let body = self.machine.source(member);
                    for pc in 0..body.code.len() {
                        let Some(effect) = lock_effect(&body.code[pc]) else {
                            continue;
                        };
                        if name_of_lock_in(body, pc) == Some(lock) {
                            let taken = matches!(effect, Effect::Lock | Effect::ReadLock);
                            locks |= taken;
                            unlocks |= !taken;
                        }
                    }
                }
                unlocks && (root == of_taker || !locks)
            })
    }

    /// The lock behind which somebody waits who would serve a process that holds it.
    fn who_is_kept_out(&self, proc: &Proc, candidate: &Candidate) -> Option<HeldLock> {
        let state = self.state;
        for (index, other) in state.procs.iter().enumerate() {
            let Some((Act::Lock(lock, _), _)) = &other.park else {
                continue;
            };
            let Some(id) = state.object(lock).filter(|_| other.id != proc.id) else {
                continue;
            };
            let holders = self.holders(id);
            let own = holders.iter().find(|(holder, _)| *holder == proc.id);
            if let Some((_, at)) = own
                && candidate.doomed.contains(&other.id)
                && self.machine.can_help(state, index, &self.wants)
            {
                return Some(self.held(LockTrouble::Under, *at, other.site()));
            }
        }
        None
    }

    fn held(
        &self,
        trouble: LockTrouble,
        at: (BodyId, Pc),
        other: Option<(BodyId, Pc)>,
    ) -> HeldLock {
        let read = lock_effect(&self.machine.source(at.0).code[at.1 as usize]);
        HeldLock {
            trouble,
            read: read == Some(Effect::ReadLock),
            name: self.name_of_lock(at),
            at: self.place(at),
            ended: false,
            other: other.map(|at| self.place(at)),
            other_name: other.map_or_else(String::new, |at| self.name_of_lock(at)),
        }
    }

    /// Whether a process has waited for a condition before, or could have been told otherwise what it waits for: what it asks
    /// then is mostly about data that nobody follows.
    pub(super) fn was_woken(&self, proc: &Proc, cond: ObjId) -> bool {
        let Some(here) = proc.site() else { return true };
        let on_it = |e: &&Event| e.proc == proc.id && e.at == here && e.what == Happening::Locked;
        let signals = |e: &Event| e.on == Some(cond) && matches!(e.what, Happening::Signalled(..));
        let waits = self.events.iter().filter(on_it).count();
        // Who comes to wait after something was signalled finds what that was about.
        let arrived = self.events.iter().rposition(|e| e.proc == proc.id);
        let before = arrived.unwrap_or(0);
        waits > 0
            || self.events[..before].iter().any(signals)
            || self.is_counted_by_caller(here)
            || self.is_asked_freely(proc, here)
    }

    /// Whether what a process asked right before it began to wait could have been answered otherwise.
    fn is_asked_freely(&self, proc: &Proc, (body, pc): (BodyId, Pc)) -> bool {
        let in_loop = &self.machine.source(body).in_loop;
        let of_proc = self.events.iter().rev().filter(|e| e.proc == proc.id);
        // From the wait back to where the lock was taken.
        let asked = of_proc.take_while(|e| e.what != Happening::Locked);
        let mut asked = asked.filter(|e| {
            let near = e.at.0 == body && in_loop.get(e.at.1 as usize) == in_loop.get(pc as usize);
            near || e.at.0 != body
        });
        asked.any(|e| e.what == Happening::Decided(true))
    }

    /// Whether a loop of a body goes on until something comes to a number that its caller gives.
    fn is_counted_by_caller(&self, (body, _): (BodyId, Pc)) -> bool {
        let body = self.machine.source(body);
        body.loop_conds.iter().any(|pc| {
            let Op::Branch(cond, ..) = &body.code[*pc as usize] else {
                return false;
            };
            let mut given = false;
            cond.vars(&mut |var| {
                let receiver = body.method && body.params.first() == Some(&var);
                given |= body.params.contains(&var) && !receiver;
            });
            given && is_ordering(cond)
        })
    }

    /// The last signal of a condition that woke somebody else.
    pub(super) fn missed_signal(&self, cond: ObjId) -> Option<Signal> {
        let signals = self.events.iter().rev().filter(|e| e.on == Some(cond));
        let mut missed = signals.filter_map(|e| match e.what {
            Happening::Signalled(waited, woken) if woken < waited => Some(Signal {
                at: self.place(e.at),
                waited: u32::from(waited),
                woken: u32::from(woken),
            }),
            _ => None,
        });
        missed.next()
    }

    /// Who holds which locks in the end, and where they were taken.
    pub(super) fn kept_locks(&self) -> Vec<Holder> {
        let locked = self.events.iter().filter(|e| e.what == Happening::Locked);
        let mut locks: Vec<ObjId> = locked.filter_map(|e| e.on).collect();
        locks.sort_unstable();
        locks.dedup();
        locks
            .into_iter()
            .flat_map(|lock| self.holders(lock))
            .collect()
    }

    pub(super) fn name_of_lock(&self, at: (BodyId, Pc)) -> String {
        let place = self.place(at);
        receiver_of(&(self.text)(place.file, place.span))
    }

    fn process(&self, id: u32) -> Option<&Proc> {
        let found = self.state.procs.iter().find(|proc| proc.id == id);
        found.map(|proc| &**proc)
    }

    /// Who holds a lock in the end, in the order in which they took it.
    fn holders(&self, lock: ObjId) -> Vec<Holder> {
        let mut holders: Vec<Holder> = Vec::new();
        for Event {
            proc, at, what, on, ..
        } in self.events
        {
            if *on != Some(lock) {
                continue;
            }
            match what {
                Happening::Locked => holders.push((*proc, *at)),
                Happening::Unlocked => {
                    let own = holders.iter().rposition(|(holder, _)| holder == proc);
                    // Somebody else may unlock what one has locked.
                    if let Some(at) = own.or(holders.len().checked_sub(1)) {
                        holders.remove(at);
                    }
                }
                _ => {}
            }
        }
        holders
    }
}

/// What an operation does to a lock.
fn lock_effect(op: &Op) -> Option<Effect> {
    let (Op::Call(call) | Op::Defer(call) | Op::Go(call)) = op else {
        return None;
    };
    match call.callee {
        Callee::Library(
            effect @ (Effect::Lock | Effect::ReadLock | Effect::Unlock | Effect::ReadUnlock),
            _,
        ) => Some(effect),
        _ => None,
    }
}

/// The field or variable that an operation locks or unlocks.
fn name_of_lock_in(body: &Body, pc: usize) -> Option<&Name> {
    let (Op::Call(call) | Op::Defer(call) | Op::Go(call)) = &body.code[pc] else {
        return None;
    };
    field_or_variable(body, call.args.first()?)
}

fn field_or_variable<'b>(body: &'b Body, lock: &'b Expr) -> Option<&'b Name> {
    match lock {
        Expr::Receiver(inner) | Expr::Addr(inner) | Expr::Deref(inner) => {
            field_or_variable(body, inner)
        }
        Expr::Field(_, name) => Some(name),
        Expr::Var(var) => Some(&body.vars[*var as usize].name),
        _ => None,
    }
}

/// Whether a condition asks which of two values comes first.
fn is_ordering(cond: &Expr) -> bool {
    let ordering = [BinaryOp::Lt, BinaryOp::Le, BinaryOp::Gt, BinaryOp::Ge];
    let mut any = matches!(cond, Expr::Binary(op, ..) if ordering.contains(op));
    cond.children(&mut |child| any = any || is_ordering(child));
    any
}
