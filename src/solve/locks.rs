//! Locks and conditions: who may take a lock, who waits for a signal and whom one wakes.
//!
//! A lock is a channel with room for one: whoever holds it for writing has put `nil` in, each who holds it for reading
//! `true`, and whoever waits to write and keeps new readers out `false`. Only locks that are worth it are followed
//! ([`crate::flow`]); any other is always free. Who waits for a condition sits at it with the lock given back, and at the
//! lock once woken. What a leak is about is in [`super::holders`].

use super::machine::Machine;
use super::prospects::Prospects;
use super::state::{Act, Happening, Obj, ObjId, State, Value, Wish};
use super::step::Flow;
use crate::flow::ir::Pc;
use crate::summary::{ANY, LOCK, TOUCHED, UNLOCK};

const WRITER: Value = Value::Nil;
const READER: Value = Value::Bool(true);
const NEXT: Value = Value::Bool(false);

impl Machine<'_> {
    /// The lock that a value is or points to, where it is followed.
    fn followed(state: &State, lock: &Value) -> Option<ObjId> {
        let id = state.object(lock)?;
        matches!(state.heap[id as usize], Obj::Chan { .. }).then_some(id)
    }

    /// A process wants a lock.
    pub(super) fn lock(
        &self,
        state: &mut State,
        proc: usize,
        lock: &Value,
        wish: Wish,
        pc: Pc,
    ) -> Flow {
        let Some(id) = Self::followed(state, lock) else {
            return Flow::Next;
        };
        if !Self::is_free(state, id, wish) || self.is_shared_with(state, proc, id) {
            return Self::park(state, proc, Act::Lock(*lock, wish), pc);
        }
        Self::hold(state, id, wish);
        self.note(state, proc, pc, Happening::Locked, Some(id));
        Flow::Next
    }

    /// A process takes a lock if it is free; whether it did, where that is known.
    pub(super) fn try_lock(
        &self,
        state: &mut State,
        proc: usize,
        lock: &Value,
        pc: Pc,
    ) -> Option<bool> {
        let id = Self::followed(state, lock)?;
        if state.escaped(id) {
            return None;
        }
        let free = Self::is_free(state, id, Wish::Write);
        if free {
            Self::hold(state, id, Wish::Write);
            self.note(state, proc, pc, Happening::Locked, Some(id));
        }
        Some(free)
    }

    /// Whether anybody else may still lock or unlock this: if not, nobody sees when it is taken.
    fn is_shared_with(&self, state: &State, proc: usize, lock: ObjId) -> bool {
        if state.escaped(lock) {
            return false;
        }
        let prospects = Prospects::new(self, state);
        let wanted = vec![(lock, LOCK | UNLOCK)];
        let mut others = (0..state.procs.len()).filter(|q| *q != proc);
        others.any(|q| !state.procs[q].ended() && prospects.can_help(q, &wanted))
    }

    /// A process gives a lock back. Where nobody has it the program ends.
    pub(super) fn unlock(
        &self,
        state: &mut State,
        proc: usize,
        lock: &Value,
        read: bool,
        pc: Pc,
    ) -> Flow {
        let Some(id) = state.object(lock) else {
            return Flow::Next;
        };
        let outside = state.open[id as usize] & (ANY | TOUCHED) != 0;
        let Obj::Chan { buf, .. } = &mut state.heap[id as usize] else {
            return Flow::Next;
        };
        let key = if read { READER } else { WRITER };
        match buf.iter().position(|held| *held == key) {
            Some(at) => _ = buf.remove(at),
            None if outside => {}
            None => return Flow::Dead,
        }
        self.note(state, proc, pc, Happening::Unlocked, Some(id));
        Flow::Next
    }

    /// Whether a lock can be taken.
    pub(super) fn is_free(state: &State, id: ObjId, wish: Wish) -> bool {
        let Obj::Chan { buf, .. } = &state.heap[id as usize] else {
            return true;
        };
        let in_the_way = |held: &Value| match wish {
            Wish::Read => *held != READER,
            Wish::Write | Wish::WriteNext => *held != NEXT,
        };
        state.escaped(id) || !buf.iter().any(in_the_way)
    }

    /// Whether somebody holds a lock for reading.
    pub(super) fn is_read(state: &State, id: ObjId) -> bool {
        matches!(&state.heap[id as usize], Obj::Chan { buf, .. } if buf.contains(&READER))
    }

    /// A lock is taken.
    pub(super) fn hold(state: &mut State, id: ObjId, wish: Wish) {
        if state.escaped(id) {
            return;
        }
        let Obj::Chan { buf, .. } = &mut state.heap[id as usize] else {
            return;
        };
        if wish == Wish::WriteNext
            && let Some(at) = buf.iter().position(|held| *held == NEXT)
        {
            buf.remove(at);
        }
        buf.push(if wish == Wish::Read { READER } else { WRITER });
    }

    /// A process that wants to write has asked for the lock: from now on nobody else gets it for reading.
    pub(super) fn keep_out(state: &mut State, proc: usize, id: ObjId) {
        if let Obj::Chan { buf, .. } = &mut state.heap[id as usize] {
            buf.push(NEXT);
        }
        if let Some((Act::Lock(_, wish), _)) = &mut state.proc_mut(proc).park {
            *wish = Wish::WriteNext;
        }
    }

    /// A process waits for a condition; its lock is free until then.
    pub(super) fn await_cond(&self, state: &mut State, proc: usize, cond: &Value, pc: Pc) -> Flow {
        let Some(id) = state.object(cond) else {
            return Flow::Next;
        };
        let Obj::Cond(_, lock) = state.heap[id as usize] else {
            return Flow::Next;
        };
        if Self::followed(state, &lock).is_none() {
            // What it gives back nobody knows: a lock in an embedded struct, one side of an `RWMutex`.
            self.abstain("unknown-condition");
            return Flow::Next;
        }
        if matches!(self.unlock(state, proc, &lock, false, pc), Flow::Dead) {
            return Flow::Dead;
        }
        Self::park(state, proc, Act::Cond(*cond), pc)
    }

    /// A condition is signalled: one of those who wait for it is woken, whichever, or all.
    pub(super) fn signal(
        &self,
        state: &mut State,
        proc: usize,
        cond: &Value,
        all: bool,
        pc: Pc,
    ) -> Flow {
        let Some(id) = state.object(cond) else {
            return Flow::Next;
        };
        let waits = |q: &usize| match &state.procs[*q].park {
            Some((Act::Cond(on), _)) => state.object(on) == Some(id),
            _ => false,
        };
        let waiting: Vec<usize> = (0..state.procs.len()).filter(waits).collect();
        let count = u8::try_from(waiting.len()).unwrap_or(u8::MAX);
        let woken = if all { count } else { count.min(1) };
        let what = Happening::Signalled(count, woken);
        if all || waiting.len() < 2 {
            for waiter in waiting {
                Self::wake(state, waiter);
            }
            self.note(state, proc, pc, what, Some(id));
            return Flow::Next;
        }
        let forks = waiting.into_iter().map(|waiter| {
            let mut state = state.clone();
            Self::wake(&mut state, waiter);
            self.note(&mut state, proc, pc, what, Some(id));
            state
        });
        Flow::Fork(forks.collect())
    }

    /// Who waited for a condition has to take its lock again.
    pub(super) fn wake(state: &mut State, waiter: usize) {
        if let Some((Act::Cond(cond), pc)) = state.procs[waiter].park.clone()
            && let Some(Obj::Cond(_, lock)) = state.object(&cond).map(|id| &state.heap[id as usize])
        {
            let lock = *lock;
            state.proc_mut(waiter).park = Some((Act::Lock(lock, Wish::Write), pc));
        }
    }
}
