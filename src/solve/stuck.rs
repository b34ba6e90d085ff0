//! Who is stuck for ever: the greatest set of parked processes that only its own members could free.
//!
//! Decided at any state met, not only where everything has come to rest: a process that goes on elsewhere for ever frees
//! nobody whose primitive it can no longer act on.

use super::machine::Machine;
use super::state::{Act, Called, Leaving, Obj, ObjId, Proc, State, Value};
use crate::flow::ir::BodyId;
use crate::library::Effect;
use crate::summary::{ANY, Acts, CALL, CLOSE, DONE, Future, RECV, RESET, SEND, TOUCHED};
use crate::syntax::ast::Name;

/// Objects, and what would have to be done to one of them.
pub type Wants = Vec<(ObjId, Acts)>;

impl Machine<'_> {
    /// The processes (by index) that are stuck for ever, given which can go on right now.
    pub fn stuck(&self, state: &State, enabled: &[bool]) -> Vec<usize> {
        let mut doomed: Vec<usize> = (0..state.procs.len())
            .filter(|&i| !enabled[i] && state.procs[i].park.is_some() && !state.procs[i].ended())
            .collect();
        let wants: Vec<Option<Wants>> = state.procs.iter().map(|p| self.wants(state, p)).collect();
        doomed.retain(|&i| wants[i].is_some());
        loop {
            let before = doomed.len();
            let alive: Vec<usize> = (0..state.procs.len())
                .filter(|i| !doomed.contains(i) && !state.procs[*i].ended())
                .collect();
            doomed.retain(|&p| {
                let Some(wants) = &wants[p] else { return false };
                !alive.iter().any(|&q| self.can_help(state, q, wants))
            });
            if doomed.len() == before {
                return doomed;
            }
        }
    }

    /// What would free a parked process; `None` when the outside may.
    pub fn wants(&self, state: &State, proc: &Proc) -> Option<Wants> {
        let (act, _) = proc.park.as_ref()?;
        let mut wants = Wants::new();
        let mut add = |value: &Value, acts: Acts| -> bool {
            match state.object(value) {
                Some(id) if state.open[id as usize] & (ANY | TOUCHED | acts) != 0 => false,
                Some(id) if matches!(state.heap[id as usize], Obj::Clock(..)) => {
                    wants.push((id, RESET));
                    matches!(state.heap[id as usize], Obj::Clock(_, true))
                        && state.open[id as usize] & RESET == 0
                }
                Some(id) => match &state.heap[id as usize] {
                    Obj::Chan { .. } => {
                        wants.push((id, acts));
                        true
                    }
                    Obj::Context(..) => {
                        if self.context_ended(state, id).is_some() {
                            return false;
                        }
                        // It ends with any of its ancestors.
                        let mut next = Some(id);
                        while let Some(id) = next {
                            wants.push((id, CALL));
                            next = match &state.heap[id as usize] {
                                Obj::Context(_, parent, ..) => state.object(parent),
                                _ => None,
                            };
                        }
                        true
                    }
                    Obj::Wait(..) => {
                        wants.push((id, DONE));
                        true
                    }
                    _ => false,
                },
                None => *value == Value::Nil,
            }
        };
        let closed_world = match act {
            Act::Send(ch, _) => add(ch, RECV),
            Act::Recv(ch, _) => add(ch, SEND | CLOSE),
            Act::Wait(group) => add(group, DONE),
            Act::Select(_, true) => false,
            Act::Select(cases, false) => cases
                .iter()
                .all(|(send, ch, _)| add(ch, if *send { RECV } else { SEND | CLOSE })),
            Act::Close(_) | Act::Cancel(_) => false,
        };
        closed_world.then_some(wants)
    }

    /// For the log: whether anybody but the watched goroutine could still free it.
    pub(super) fn watched_has_help(&self, state: &State) -> bool {
        let Some(log) = &state.log else { return false };
        let wants: Wants = log
            .wants
            .iter()
            .filter(|(id, _)| (*id as usize) < state.heap.len())
            .copied()
            .collect();
        if wants.len() < log.wants.len() {
            return false;
        }
        let watched = log.watched;
        let ticks = |id: ObjId| matches!(state.heap[id as usize], Obj::Clock(_, false));
        if wants.iter().any(|(id, _)| ticks(*id)) {
            return true;
        }
        (0..state.procs.len()).any(|q| {
            state.procs[q].id != watched
                && !state.procs[q].ended()
                && self.can_help(state, q, &wants)
        })
    }

    /// Whether the rest of what process `q` may do includes one of the wanted acts.
    pub(super) fn can_help(&self, state: &State, q: usize, wants: &Wants) -> bool {
        let proc = &state.procs[q];
        if let Some(group) = &proc.on_end
            && let Some(id) = state.object(group)
            && wants.iter().any(|(w, acts)| *w == id && acts & DONE != 0)
        {
            return true;
        }
        if let Some((act, _)) = &proc.park
            && self.act_helps(state, act, wants)
        {
            return true;
        }
        proc.frames.iter().enumerate().any(|(depth, frame)| {
            let deferred = frame
                .defers
                .iter()
                .any(|call| self.deferred_helps(state, call, wants));
            if deferred {
                return true;
            }
            if frame.leaving != Leaving::No {
                // The results are about to be handed to the caller.
                let results = &self.body(frame.body).results;
                return (depth > 0 || proc.id == 0)
                    && frame.leaving == Leaving::Return
                    && results.iter().any(|r| {
                        let value = self.content(state, &frame.vars[*r as usize]);
                        self.leads_to(state, &value, wants)
                    });
            }
            let facts = self.summaries.facts(frame.body);
            facts.futures.get(frame.pc as usize).is_some_and(|future| {
                self.future_helps(state, future, wants, 0, &|var| {
                    frame.vars.get(var as usize).cloned()
                })
            })
        })
    }

    fn act_helps(&self, state: &State, act: &Act, wants: &Wants) -> bool {
        let on = |value: &Value, acts: Acts| {
            state
                .object(value)
                .is_some_and(|id| wants.iter().any(|(w, a)| *w == id && a & acts != 0))
        };
        match act {
            Act::Send(ch, value) => on(ch, SEND) || self.leads_to(state, value, wants),
            Act::Recv(ch, _) => on(ch, RECV) || self.brings(state, ch, wants),
            Act::Close(ch) => on(ch, CLOSE),
            Act::Cancel(context) => wants
                .iter()
                .any(|(w, acts)| *w == *context && acts & CALL != 0),
            Act::Wait(_) => false,
            Act::Select(cases, _) => cases.iter().any(|(send, ch, value)| {
                on(ch, if *send { SEND } else { RECV })
                    || self.leads_to(state, value, wants)
                    || (!send && self.brings(state, ch, wants))
            }),
        }
    }

    /// Whether a channel holds a value that leads to something wanted: whoever receives it may do the rest.
    fn brings(&self, state: &State, ch: &Value, wants: &Wants) -> bool {
        let Some(Obj::Chan { buf, .. }) = state.object(ch).map(|id| &state.heap[id as usize])
        else {
            return false;
        };
        buf.iter().any(|value| self.leads_to(state, value, wants))
    }

    /// Whether a value leads to something wanted, so that whoever gets it may do the rest.
    fn leads_to(&self, state: &State, value: &Value, wants: &Wants) -> bool {
        let mut any = false;
        state.reach(value, &mut |id, obj| {
            any |= wants.iter().any(|(w, _)| *w == id);
            any |= matches!(obj, Obj::Cancel(context) if wants.iter().any(|(w, _)| w == context));
        });
        any
    }

    fn deferred_helps(&self, state: &State, call: &super::state::Prepared, wants: &Wants) -> bool {
        let first = call.args.first();
        match &call.callee {
            Called::Body(body, env) => self.body_helps(state, *body, env, &call.args, wants, 0),
            Called::Cancel(context) => wants
                .iter()
                .any(|(w, acts)| *w == *context && acts & CALL != 0),
            Called::Close => first
                .and_then(|v| state.object(v))
                .is_some_and(|id| wants.iter().any(|(w, acts)| *w == id && acts & CLOSE != 0)),
            Called::Library(Effect::WaitDone, _) => first
                .and_then(|v| state.object(v))
                .is_some_and(|id| wants.iter().any(|(w, acts)| *w == id && acts & DONE != 0)),
            Called::Library(Effect::Inert | Effect::WaitWait, _)
            | Called::Panic
            | Called::Recover => false,
            Called::Library(..) | Called::Named(_) | Called::Unknown => {
                call.args.iter().any(|a| self.leads_to(state, a, wants))
            }
        }
    }

    /// Whether running `body` from its start may do a wanted act.
    fn body_helps(
        &self,
        state: &State,
        body: BodyId,
        env: &[ObjId],
        args: &[Value],
        wants: &Wants,
        depth: u32,
    ) -> bool {
        let code = self.body(body);
        let value = |var: u32| {
            if let Some(i) = code.params.iter().position(|p| *p == var) {
                return args.get(i).cloned();
            }
            let i = code.captures.iter().position(|(_, inner)| *inner == var)?;
            env.get(i).map(|cell| Value::Ref(*cell))
        };
        self.future_helps(state, self.summaries.entry(body), wants, depth, &value)
    }

    fn future_helps(
        &self,
        state: &State,
        future: &Future,
        wants: &Wants,
        depth: u32,
        value_of: &dyn Fn(u32) -> Option<Value>,
    ) -> bool {
        future.iter().any(|(way, acts)| {
            let Some(value) = value_of(way.var) else {
                return false;
            };
            if way.field.is_none() && acts & ANY != 0 && self.leads_to(state, &value, wants) {
                return true;
            }
            let value = self.content(state, &value);
            match &way.field {
                None => self.value_helps(state, &value, *acts, wants, depth),
                Some(field) => self.field_values(state, &value, field).iter().any(|v| {
                    (acts & ANY != 0 && self.leads_to(state, v, wants))
                        || self.value_helps(state, v, *acts, wants, depth)
                }),
            }
        })
    }

    /// What is in a variable's cell.
    fn content(&self, state: &State, value: &Value) -> Value {
        match value {
            Value::Ref(id) => match &state.heap[*id as usize] {
                Obj::Cell(inner) => inner.clone(),
                _ => value.clone(),
            },
            _ => value.clone(),
        }
    }

    fn value_helps(
        &self,
        state: &State,
        value: &Value,
        acts: Acts,
        wants: &Wants,
        depth: u32,
    ) -> bool {
        let value = &self.content(state, value);
        let Some(id) = state.object(value) else {
            return false;
        };
        if wants.iter().any(|(w, a)| *w == id && a & acts != 0) {
            return true;
        }
        if acts & RECV != 0 && self.brings(state, value, wants) {
            return true;
        }
        if acts & CALL == 0 || depth > 4 {
            return false;
        }
        match &state.heap[id as usize] {
            Obj::Cancel(context) => wants
                .iter()
                .any(|(w, acts)| *w == *context && acts & CALL != 0),
            Obj::Closure(body, env, receiver) => {
                let args: Vec<Value> = receiver.iter().cloned().collect();
                self.body_helps(state, *body, env, &args, wants, depth + 1)
            }
            _ => false,
        }
    }

    /// The values that fields of this name have in anything `value` leads to.
    fn field_values(&self, state: &State, value: &Value, field: &Name) -> Vec<Value> {
        let mut values = Vec::new();
        state.reach(value, &mut |_, obj| match obj {
            Obj::Struct(_, fields) => {
                values.extend(
                    fields
                        .iter()
                        .filter(|(n, _)| n == field)
                        .map(|(_, v)| v.clone()),
                );
            }
            Obj::Slice(elements) if field == "[]" => values.extend(elements.iter().cloned()),
            _ => {}
        });
        values
    }
}
