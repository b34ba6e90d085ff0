//! What each process of a state may still do to each object: its frames' futures joined with the heap.
//!
//! In: a state. Out: [`Prospects`], worked out process by process when somebody asks. It may only say too much.

use super::machine::Machine;
use super::state::{Act, Called, Leaving, Obj, ObjId, Prepared, State, Value};
use super::stuck::Wants;
use crate::flow::ir::{BodyId, COND_LOCK};
use crate::library::Effect;
use crate::summary::{
    ANY, AWAIT, Acts, CALL, CLOSE, DONE, Future, LOCK, PACKAGE, PASSED, RECV, SEND, SIGNAL, UNLOCK,
};
use crate::syntax::ast::Name;
use rustc_hash::FxHashMap;
use std::cell::OnceCell;

/// Everything, to an object and to all it leads to: whoever gets hold of it may do the rest.
const ALL: Acts = !0;

/// Everything to an object; what it leads to is told by itself.
const ALL_TO_IT: Acts = ALL >> 1;

/// Function values called by function values are followed this deep.
const DEPTH: u32 = 4;

/// What each process of a state may still do.
pub struct Prospects<'a, 'p> {
    machine: &'a Machine<'p>,
    pub(super) state: &'a State,
    by_proc: Vec<OnceCell<Vec<Acts>>>,
    by_name: OnceCell<FxHashMap<Name, Acts>>,
}

impl<'a, 'p> Prospects<'a, 'p> {
    /// Nothing is worked out yet.
    pub fn new(machine: &'a Machine<'p>, state: &'a State) -> Self {
        Self {
            machine,
            state,
            by_proc: vec![OnceCell::new(); state.procs.len()],
            by_name: OnceCell::new(),
        }
    }

    /// Whether the rest of what process `q` may do includes one of the wanted acts.
    pub fn can_help(&self, q: usize, wants: &Wants) -> bool {
        if wants.is_empty() {
            return false;
        }
        let acts = self.by_proc[q].get_or_init(|| self.of(q));
        wants
            .iter()
            .any(|(id, wanted)| acts[*id as usize] & wanted != 0)
    }

    /// Whether the rest of what process `q` does includes one of the wanted acts itself, and not only hands on what they
    /// could be done to.
    pub fn does(&self, q: usize, wants: &Wants) -> bool {
        let acts = self.by_proc[q].get_or_init(|| self.of(q));
        wants.iter().any(|(id, wanted)| {
            let acts = acts[*id as usize];
            acts & wanted != 0 && acts & ANY == 0
        })
    }

    /// What process `q` may still do, by object.
    fn of(&self, q: usize) -> Vec<Acts> {
        let mut ahead = Ahead {
            machine: self.machine,
            state: self.state,
            prospects: self,
            acts: vec![0; self.state.heap.len()],
            called: Vec::new(),
            todo: Vec::new(),
        };
        let proc = &self.state.procs[q];
        if let Some(group) = &proc.on_end {
            ahead.on(group, DONE);
        }
        if let Some((act, _)) = &proc.park {
            ahead.act(act);
        }
        for (depth, frame) in proc.frames.iter().enumerate() {
            frame.defers.iter().for_each(|call| ahead.deferred(call));
            match frame.leaving {
                Leaving::No => {}
                // The results are about to be handed to the caller.
                Leaving::Return if depth > 0 || proc.id == 0 => {
                    for result in &self.machine.body(frame.body).results {
                        let value = ahead.content(&frame.vars[*result as usize]);
                        ahead.pass(value);
                    }
                    continue;
                }
                Leaving::Return | Leaving::Panic | Leaving::Goexit => continue,
            }
            let futures = self.machine.summaries.futures(frame.body);
            if let Some(future) = futures.get(frame.pc as usize) {
                ahead.future(future, 0, &|var| frame.vars.get(var as usize).copied());
            }
        }
        ahead.acts
    }

    /// What the processes may still do to fields of this name, whatever they belong to.
    fn to_fields(&self, name: &Name) -> Acts {
        let by_name = self.by_name.get_or_init(|| {
            let mut by_name = FxHashMap::default();
            let mut add = |future: &Future| {
                for (way, acts) in future.iter() {
                    if let Some(name) = &way.field {
                        *by_name.entry(name.clone()).or_default() |= acts;
                    }
                }
            };
            let summaries = self.machine.summaries;
            for frame in self.state.procs.iter().flat_map(|proc| proc.frames.iter()) {
                if frame.leaving == Leaving::No {
                    let futures = summaries.futures(frame.body);
                    futures
                        .get(frame.pc as usize)
                        .into_iter()
                        .for_each(|f| add(f));
                }
                for call in &frame.defers {
                    if let Called::Body(body, _) = &call.callee {
                        add(summaries.entry(*body));
                    }
                }
            }
            by_name
        });
        by_name.get(name).copied().unwrap_or(0)
    }
}

/// What one process may still do, as it is worked out.
struct Ahead<'a, 'p> {
    machine: &'a Machine<'p>,
    state: &'a State,
    prospects: &'a Prospects<'a, 'p>,
    acts: Vec<Acts>,
    /// Closures that have been followed, and how deep.
    called: Vec<(ObjId, u32)>,
    todo: Vec<ObjId>,
}

impl<'a> Ahead<'a, '_> {
    /// It acts on what `value` is.
    fn on(&mut self, value: &Value, acts: Acts) {
        if let Some(id) = self.state.object(value) {
            self.acts[id as usize] |= acts;
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Send(ch, value) => {
                self.on(ch, SEND);
                self.pass(value);
            }
            Act::Recv(ch, _) => {
                self.on(ch, RECV);
                self.bring(ch);
            }
            Act::Close(ch) => self.on(ch, CLOSE),
            Act::Cancel(context) => self.acts[*context as usize] |= CALL,
            Act::Wait(_) | Act::Room(_) | Act::Pause => {}
            Act::Lock(lock, _) => self.on(lock, LOCK),
            Act::Cond(cond) => self.on(cond, AWAIT),
            Act::Select(cases, _) => {
                for (send, ch, value) in cases {
                    self.on(ch, if *send { SEND } else { RECV });
                    self.pass(value);
                    if !send {
                        self.bring(ch);
                    }
                }
            }
        }
    }

    /// Whoever receives what a channel holds may do the rest.
    fn bring(&mut self, ch: &Value) {
        let state = self.state;
        if let Some(Obj::Chan { buf, .. }) = state.object(ch).map(|id| &state.heap[id as usize]) {
            buf.iter().for_each(|value| self.pass(value));
        }
    }

    /// Whoever receives `value`, or has called, does with it what the package does with what it gets so, and what those do
    /// who are there: they may keep it where they come to it by themselves.
    fn pass(&mut self, value: &Value) {
        let Some(first) = self.state.object(value) else {
            return;
        };
        let (acts, prospects) = (&mut self.acts, self.prospects);
        let callers = &self.state.exposure;
        let more = |name: &Name| prospects.to_fields(name) | callers.of_results(name);
        self.state.for_each_met(first, &more, &mut |id, may| {
            let may = match may {
                0 => return false,
                may if may & (ANY | PASSED) != 0 => ALL_TO_IT,
                // It is only handed on to who does this.
                may => may | ANY,
            };
            let before = acts[id as usize];
            acts[id as usize] |= may;
            before | may != before
        });
    }

    /// Whoever gets `value` may do anything to all it leads to.
    fn lead(&mut self, value: &Value) {
        let state = self.state;
        self.todo.extend(state.object(value));
        while let Some(id) = self.todo.pop() {
            // What it leads to has been seen as well.
            if std::mem::replace(&mut self.acts[id as usize], ALL) == ALL {
                continue;
            }
            state.heap[id as usize].for_each_object(&mut |held| self.todo.push(held));
        }
    }

    fn deferred(&mut self, call: &Prepared) {
        let first = call.args.first();
        let mut on_first = |acts| first.into_iter().for_each(|value| self.on(value, acts));
        match &call.callee {
            Called::Body(body, env) => self.body(*body, env, &call.args, 0),
            Called::Cancel(context) => self.acts[*context as usize] |= CALL,
            Called::Close => on_first(CLOSE),
            Called::Library(Effect::WaitDone, _) => on_first(DONE),
            Called::Library(Effect::Unlock | Effect::ReadUnlock, _) => on_first(UNLOCK),
            Called::Library(Effect::Lock | Effect::ReadLock | Effect::TryLock, _) => on_first(LOCK),
            Called::Library(Effect::CondSignal | Effect::CondBroadcast, _) => on_first(SIGNAL),
            Called::Library(Effect::Inert | Effect::WaitWait, _)
            | Called::Panic
            | Called::Recover => {}
            Called::Library(..) | Called::Named(_) | Called::Unknown => {
                call.args.iter().for_each(|a| self.lead(a));
            }
        }
    }

    /// `body` may be run from its start.
    fn body(&mut self, body: BodyId, env: &[ObjId], args: &[Value], depth: u32) {
        let code = self.machine.body(body);
        let value = |var: u32| {
            if let Some(i) = code.params.iter().position(|p| *p == var) {
                return args.get(i).copied();
            }
            let i = code.captures.iter().position(|(_, inner)| *inner == var)?;
            env.get(i).map(|cell| Value::Ref(*cell))
        };
        self.future(self.machine.summaries.entry(body), depth, &value);
    }

    fn future(&mut self, future: &Future, depth: u32, value_of: &dyn Fn(u32) -> Option<Value>) {
        for (way, acts) in future.iter() {
            if way.var == PACKAGE {
                let group = way.field.as_ref().and_then(|name| self.state.global(name));
                let acts = if acts & (ANY | PASSED) == 0 {
                    acts
                } else {
                    ALL
                };
                group.into_iter().for_each(|group| self.on(group, acts));
                continue;
            }
            let Some(value) = value_of(way.var) else {
                continue;
            };
            if self.state.object(&value).is_none() {
                continue;
            }
            if way.field.is_none() && acts & ANY != 0 {
                self.lead(&value);
            }
            let value = self.content(&value);
            if way.field.is_none() && acts & PASSED != 0 {
                self.pass(value);
            }
            match &way.field {
                None => self.value(value, acts, depth),
                Some(field) => {
                    for value in self.field_values(value, field) {
                        if acts & ANY != 0 {
                            self.lead(value);
                        } else if acts & PASSED != 0 {
                            self.pass(value);
                        }
                        self.value(value, acts, depth);
                    }
                }
            }
        }
    }

    /// What is in a variable's cell.
    fn content<'v>(&self, value: &'v Value) -> &'v Value
    where
        'a: 'v,
    {
        match value {
            Value::Ref(id) => match &self.state.heap[*id as usize] {
                Obj::Cell(inner) => inner,
                _ => value,
            },
            _ => value,
        }
    }

    fn value(&mut self, value: &Value, acts: Acts, depth: u32) {
        let value = self.content(value);
        let Some(id) = self.state.object(value) else {
            return;
        };
        self.acts[id as usize] |= acts;
        if acts & RECV != 0 {
            self.bring(value);
        }
        if acts & CALL == 0 || depth > DEPTH {
            return;
        }
        match &self.state.heap[id as usize] {
            Obj::Cancel(context) => self.acts[*context as usize] |= CALL,
            Obj::Closure(body, env, receiver) => {
                let deeper = |(other, at): &(ObjId, u32)| *other == id && *at <= depth;
                if self.called.iter().any(deeper) {
                    return;
                }
                self.called.push((id, depth));
                self.body(*body, env, receiver.as_slice(), depth + 1);
            }
            _ => {}
        }
    }

    /// The values that fields of this name have in anything `value` leads to.
    fn field_values(&self, value: &Value, field: &Name) -> Vec<&'a Value> {
        let mut values = Vec::new();
        self.state.reach(value, &mut |_, obj| match obj {
            Obj::Struct(_, fields) => {
                values.extend(fields.iter().filter(|(n, _)| n == field).map(|(_, v)| v));
            }
            Obj::Slice(elements) | Obj::Slots(_, elements) if field == "[]" => {
                values.extend(elements);
            }
            Obj::Entries(entries, _) if field == "[]" => {
                values.extend(entries.iter().flat_map(|entry| [&entry.key, &entry.value]));
            }
            Obj::Cond(_, lock) if *field == COND_LOCK => values.push(lock),
            _ => {}
        });
        values
    }
}
