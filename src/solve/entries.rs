//! Maps whose values lead to a primitive: entries by key, as far as the run says which keys are the same.
//!
//! In: a map, a key, perhaps a value. Out: every way in which the key can be one of those that are there, with what is
//! learnt from that; a store, a deletion, a lookup in a run that has decided. Two keys nobody knows are taken for
//! different where one is stored, and for the same, once, where one is looked up. Deliberately absent: keys that are structs, and
//! the order of a range (Go spec, "For statements with range clause": it may be any).

use super::decide::learn_equal;
use super::machine::{ELEMENT_LIMIT, Machine};
use super::numbers::LEN;
use super::state::{Act, Entry, Obj, ObjId, State, Value};
use crate::flow::ir::{Callee, Expr, Op, Pc, Target};
use crate::library::Effect;

impl Machine<'_> {
    /// The map that a value is, if its entries are followed and nobody else has it.
    pub(super) fn followed_map(state: &State, value: &Value) -> Option<ObjId> {
        let id = state.object(value)?;
        let is_followed = matches!(state.heap[id as usize], Obj::Entries(..)) && !state.escaped(id);
        is_followed.then_some(id)
    }

    /// The entries of a map that is followed, and how many there are besides.
    fn entries(state: &State, id: ObjId) -> (&[Entry], Value) {
        match &state.heap[id as usize] {
            Obj::Entries(entries, others) => (entries, state.norm(others)),
            _ => (&[], Value::Int(0)),
        }
    }

    /// Every way in which a map can have a key or not. A key that nobody knows is one of those that are there, if it can be.
    pub(super) fn decide_key(
        &self,
        mut state: State,
        proc: usize,
        map: &Expr,
        key: &Expr,
    ) -> Vec<(State, bool)> {
        let map = self.eval(&mut state, proc, map);
        let key = self.eval(&mut state, proc, key);
        let Some(id) = Self::followed_map(&state, &map) else {
            let is_empty = map == Value::Nil;
            let mut missing = vec![(state.clone(), false)];
            if !is_empty {
                missing.insert(0, (state, true));
            }
            return missing;
        };
        // Who comes back to itself does so for something else, and so does who goes through a list.
        let nested = self.is_nested(&state, proc);
        let by = self
            .is_in_loop(&state, proc)
            .then_some(state.procs[proc].id);
        let (mut outcomes, mut missed) = (Vec::new(), Vec::new());
        if self.is_among_several(&state, id, &key) {
            self.abstain("unknown-key");
            return Vec::new();
        }
        for (at, other) in Self::entries(&state, id).0.to_vec().iter().enumerate() {
            match self.equal(&state, &other.key, &key) {
                Some(true) => {
                    outcomes.push((state, true));
                    return outcomes;
                }
                Some(false) => {}
                None if nested || by == Some(other.by) => {
                    self.abstain("unknown-key");
                    return Vec::new();
                }
                None => {
                    if !other.met {
                        let mut same = state.clone();
                        learn_same(&mut same, &other.key, &key, true);
                        if let Obj::Entries(entries, _) = &mut same.heap[id as usize] {
                            entries[at].met = true;
                        }
                        outcomes.push((same, true));
                    }
                    learn_same(&mut state, &other.key, &key, false);
                    missed.push(other.value);
                }
            }
        }
        let found = !outcomes.is_empty();
        // Whoever looks for another key may as well have looked for this one.
        for value in missed {
            state.touch(&value);
        }
        if Self::entries(&state, id).1 != Value::Int(0) {
            outcomes.push((state.clone(), true));
        }
        if !found {
            outcomes.push((state, false));
        }
        outcomes
    }

    /// Whether a map still has a key that it had. Of one that is not followed nobody says that it has not.
    pub(super) fn still_has(
        &self,
        mut state: State,
        proc: usize,
        map: &Expr,
        key: &Expr,
    ) -> (State, bool) {
        let map = self.eval(&mut state, proc, map);
        let key = self.eval(&mut state, proc, key);
        let has = Self::followed_map(&state, &map)
            .is_none_or(|id| self.entry(&state, id, &key).is_some());
        (state, has)
    }

    /// Whether one goroutine has stored several entries of which a key may be any: it tells them apart by something that
    /// nobody follows, such as what the texts begin with.
    fn is_among_several(&self, state: &State, id: ObjId, key: &Value) -> bool {
        let mut by = Vec::new();
        for entry in Self::entries(state, id).0 {
            match self.equal(state, &entry.key, key) {
                Some(true) => return false,
                Some(false) => {}
                None if by.contains(&entry.by) => return true,
                None => by.push(entry.by),
            }
        }
        false
    }

    /// The value of an entry whose key is known to be this one.
    pub(super) fn entry(&self, state: &State, id: ObjId, key: &Value) -> Option<Value> {
        let (entries, _) = Self::entries(state, id);
        let found = entries
            .iter()
            .find(|entry| self.equal(state, &entry.key, key) == Some(true));
        found.map(|entry| entry.value)
    }

    /// Puts an entry into a map that is followed.
    pub(super) fn store_entry(
        &self,
        state: &mut State,
        proc: usize,
        id: ObjId,
        (key, value): (Value, Value),
    ) {
        let known = Self::entries(state, id).0.to_vec();
        let same = |other: &Value| self.equal(state, other, &key);
        if let Some(at) = known
            .iter()
            .position(|entry| same(&entry.key) == Some(true))
        {
            if let Obj::Entries(entries, _) = &mut state.heap[id as usize] {
                entries[at].value = value;
            }
            return;
        }
        // Structs and arrays are compared part by part. Which of the keys that a loop comes to are the same nobody says, nor
        // which of those that one goroutine has made of something.
        let has_parts = match &key {
            Value::Val(_) => true,
            Value::Ref(id) => matches!(state.heap[*id as usize], Obj::Slice(_) | Obj::Slots(..)),
            _ => false,
        };
        let by = state.procs[proc].id;
        let mut undecided = known
            .iter()
            .filter(|entry| same(&entry.key).is_none())
            .peekable();
        if known.len() >= ELEMENT_LIMIT
            || has_parts
            || undecided.peek().is_some() && self.is_in_loop(state, proc)
            || undecided.any(|entry| entry.by == by)
        {
            self.stop_following(state, proc, id);
            state.escape(&key);
            state.escape(&value);
            return;
        }
        for other in &known {
            if self.equal(state, &other.key, &key).is_none() {
                learn_same(state, &other.key, &key, false);
            }
        }
        if let Obj::Entries(entries, _) = &mut state.heap[id as usize] {
            entries.push(Entry {
                key,
                value,
                met: false,
                by,
            });
        }
    }

    /// Whether a goroutine is in a call of a function that it has not left since an earlier call.
    fn is_nested(&self, state: &State, proc: usize) -> bool {
        let here = self.here(state, proc);
        let frames = state.procs[proc].frames.iter();
        frames.filter(|frame| frame.body == here).count() > 1
    }

    /// Whether what a goroutine does is part of a loop, perhaps one of a function that has called this one.
    fn is_in_loop(&self, state: &State, proc: usize) -> bool {
        let frames = &state.procs[proc].frames;
        let last = frames.iter().count().saturating_sub(1);
        frames.iter().enumerate().any(|(depth, frame)| {
            // Who has called stands behind the call.
            let pc = if depth == last {
                frame.pc
            } else {
                frame.pc.saturating_sub(1)
            };
            self.body(frame.body).in_loop.get(pc as usize) == Some(&true)
        })
    }

    /// Whether an assignment puts something into a map that others may wait for.
    pub(super) fn is_shown(
        &self,
        state: &mut State,
        proc: usize,
        target: &Target,
        value: &Value,
    ) -> bool {
        let Target::Place(Expr::Index(map, _)) = target else {
            return false;
        };
        // Others who want the same lock run where it is taken and waited for.
        let locks = |op: &Op| match op {
            Op::Call(call) => matches!(call.callee, Callee::Library(Effect::Lock, _)),
            _ => false,
        };
        let map = self.eval(state, proc, map);
        Self::followed_map(state, &map).is_some()
            && state.carries(value)
            && !self.body(self.here(state, proc)).code.iter().any(locks)
    }

    /// Lets others run before a goroutine goes on: it has put something into a map, or has not found there what somebody may
    /// yet put into it.
    pub(super) fn pause(state: &mut State, proc: usize, pc: Pc) {
        if state.procs.iter().filter(|p| !p.ended()).count() > 1 {
            state.proc_mut(proc).park = Some((Act::Pause, pc));
            state.todo.retain(|other| *other != proc);
        }
    }

    /// Every way in which an entry can be deleted, or not be there.
    pub(super) fn delete(
        &self,
        mut state: State,
        proc: usize,
        map: &Expr,
        key: &Expr,
    ) -> Vec<State> {
        let value = self.eval(&mut state, proc, map);
        if Self::followed_map(&state, &value).is_none() {
            self.change_map(&mut state, proc, &value);
            return vec![state];
        }
        let key_value = self.eval(&mut state, proc, key);
        let known = Expr::HasKey(Box::new(map.clone()), Box::new(key.clone()));
        let outcomes = self.decide(state, proc, &known, false).into_iter();
        let mut states = Vec::new();
        for (mut state, _) in outcomes {
            if let Some(id) = Self::followed_map(&state, &value) {
                let (entries, _) = Self::entries(&state, id);
                let same = |entry: &Entry| self.equal(&state, &entry.key, &key_value) == Some(true);
                let at = entries.iter().position(same);
                if let Some(at) = at
                    && let Obj::Entries(entries, _) = &mut state.heap[id as usize]
                {
                    entries.remove(at);
                }
            }
            states.push(state);
        }
        states
    }

    /// Takes all entries out of a map.
    pub(super) fn empty_map(&self, state: &mut State, proc: usize, map: &Value) {
        if let Some(id) = Self::followed_map(state, map) {
            let empty = Obj::Entries(Vec::new(), Value::Int(0));
            state.heap.set(id as usize, empty);
        } else {
            self.change_map(state, proc, map);
        }
    }

    /// A map into which others may have put something; where there is none they have made it.
    pub(super) fn grown(&self, state: &mut State, proc: usize, map: Value) -> Value {
        let more = self.opaque(state, proc);
        if let Some(id) = Self::followed_map(state, &map) {
            if let Obj::Entries(_, others) = &mut state.heap[id as usize] {
                *others = more;
            }
            return map;
        }
        match map {
            Value::Nil => Value::Ref(state.alloc(Obj::Entries(Vec::new(), more))),
            map => map,
        }
    }

    /// The keys of a map as a list of its own; of what is not followed nobody knows more than how many there are.
    pub(super) fn keys(&self, state: &mut State, proc: usize, map: &Value) -> Value {
        if let Some(id) = Self::followed_map(state, map) {
            let (entries, others) = Self::entries(state, id);
            if others == Value::Int(0) {
                let keys = entries.iter().map(|entry| entry.key).collect();
                return Value::Ref(state.alloc(Obj::Slice(keys)));
            }
            // Any of them may be what a loop comes to.
            self.stop_following(state, proc, id);
        }
        if *map == Value::Nil {
            return Value::Nil;
        }
        let frame = state.procs[proc].frames.last();
        let span = frame.and_then(|f| self.body(f.body).spans.get(f.pc as usize).copied());
        let span = span.unwrap_or_default();
        let keys = self.fresh(state, proc, span);
        let count = self.length(state, proc, map, span);
        if let Value::Sym(list, _) = keys {
            state.set_path(list, LEN, count);
        }
        keys
    }

    /// What is in a map may be found there by anybody from now on.
    pub(super) fn stop_following(&self, state: &mut State, proc: usize, id: ObjId) {
        let known = Self::entries(state, id).0.to_vec();
        for entry in &known {
            state.escape(&entry.key);
            state.escape(&entry.value);
        }
        let count = self.opaque(state, proc);
        if let Value::Sym(sym, _) = count {
            state.known(sym).lo = i64::from(!known.is_empty());
        }
        state.heap.set(id as usize, Obj::Map(count));
    }
}

/// Remembers whether two keys are the same, where one of them is a value that nobody knows.
fn learn_same(state: &mut State, left: &Value, right: &Value, same: bool) {
    match (left, right) {
        (Value::Sym(sym, k), other) | (other, Value::Sym(sym, k)) => {
            learn_equal(state, *sym, *k, other, same);
        }
        _ => {}
    }
}
