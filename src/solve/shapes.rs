//! What kind of thing the lost channel is: a ticker, the end of a context, a promise, a reply.
//!
//! In: a repeated run. Out: the part of [`Facts`] by which rules tell such leaks apart. Nothing here decides whether there
//! is a leak.

use super::machine::Machine;
use super::state::{Act, Clock, Happening, Obj, ObjId, Proc, Value};
use super::witness::Teller;
use crate::flow::ir::{Body, BodyId, Call, Callee, Case, Expr, Op, Pc, Target, Var};
use crate::leak::{DeadContext, Facts, StoppedClock, Undying};
use crate::library::Effect;
use crate::resolve::Ty;
use crate::source::Place;
use crate::summary::{Way, way_of};

/// Calls that a value is followed back through at most.
const FAR_ENOUGH: usize = 6;

impl Teller<'_, '_> {
    /// Adds the facts about `proc`, which waits for `primitive`.
    pub(super) fn shapes(
        &self,
        root: BodyId,
        proc: &Proc,
        primitive: Option<ObjId>,
        facts: &mut Facts,
    ) {
        facts.clock_stopped = self.stopped(primitive);
        facts.test_exit = self.test_exit();
        facts.dead_context = self.dead_context(root, proc);
        facts.promise = self.promise(root, proc, primitive);
        facts.reply = self.is_reply(proc);
        facts.guarded = self.guarded(root, proc, primitive);
        facts.large_room = self.large_rooms(proc).next().is_some();
    }

    /// The ticker or timer that this is.
    pub(super) fn clock(&self, id: Option<ObjId>) -> Option<Clock> {
        match self.state.heap[id? as usize] {
            Obj::Clock(_, clock) => Some(clock),
            _ => None,
        }
    }

    /// The statement that stopped a ticker or timer last.
    fn stopped(&self, primitive: Option<ObjId>) -> Option<StoppedClock> {
        let clock = self.clock(primitive)?;
        // Where functions run later as well, a timer is stopped by a claim.
        let stops = |e: &&super::state::Event| {
            matches!(e.what, Happening::Stopped | Happening::Sent(_)) && e.on == primitive
        };
        let (body, pc) = self.events.iter().rfind(stops)?.at;
        let span = self.machine.source(body).spans.get(pc as usize)?;
        Some(StoppedClock {
            by: self.quote(body, *span),
            is_timer: clock == Clock::Disarmed,
        })
    }

    /// The statement at which a test ended.
    fn test_exit(&self) -> Option<String> {
        self.events.iter().find_map(|event| {
            let (id, pc) = event.at;
            let body = self.machine.body(id);
            let (Op::Call(call) | Op::Defer(call)) = body.code.get(pc as usize)? else {
                return None;
            };
            let ends = event.what == Happening::Left(super::state::Leaving::Goexit)
                && matches!(call.callee, Callee::Library(effect, _) if effect != Effect::Goexit);
            ends.then(|| self.quote(id, body.spans[pc as usize]))
        })
    }

    // --- contexts ---

    /// The first context that `proc` waits for and nobody ends.
    fn dead_context(&self, root: BodyId, proc: &Proc) -> Option<DeadContext> {
        let (act, pc) = proc.park.as_ref()?;
        let body = proc.frames.last()?.body;
        let code = self.machine.source(body).code.get(*pc as usize)?;
        let exprs: Vec<&Expr> = match code {
            Op::Recv { ch, .. } => vec![ch],
            Op::Select { cases, .. } => cases.iter().map(|case| &case.ch).collect(),
            _ => Vec::new(),
        };
        let waited = Machine::waits_for(act);
        waited.into_iter().zip(exprs).find_map(|(value, expr)| {
            if *value == Value::Nil {
                let name = self.endless(root, proc, body, expr)?;
                return Some(DeadContext {
                    name,
                    why: Undying::Never,
                });
            }
            self.uncancelled(self.state.object(value)?)
        })
    }

    /// A context of the system whose cancel function nobody calls.
    fn uncancelled(&self, id: ObjId) -> Option<DeadContext> {
        let Obj::Context(site, ..) = &self.state.heap[id as usize] else {
            return None;
        };
        let body = self.machine.source(site.body);
        let made = body.code.iter().zip(&body.spans).find_map(|(op, span)| {
            let Op::Call(call) = op else { return None };
            (*span == site.span).then_some(call)
        })?;
        let Callee::Library(effect, _) = made.callee else {
            return None;
        };
        let why = match effect {
            Effect::ContextNever => Undying::Never,
            Effect::ContextCancel => match made.dests.get(1) {
                Some(Target::Ignore) | None => Undying::Lost,
                Some(_) => Undying::NotCalled,
            },
            _ => return None,
        };
        Some(DeadContext {
            name: self.name_of(site),
            why,
        })
    }

    /// For a nil channel that is the Done channel of a context without an end: the name of that context.
    fn endless(&self, root: BodyId, proc: &Proc, body: BodyId, expr: &Expr) -> Option<String> {
        let way = way_of(expr)?;
        let mut at = self.declared_at(proc, body, way.var);
        for _ in 0..FAR_ENOUGH {
            let code = self.machine.source(at.0);
            if let Some(context) = done_of(code, at.1) {
                let name = way_of(context).map(|w| match w.field {
                    Some(field) => field.to_string(),
                    None => code.vars[w.var as usize].name.to_string(),
                });
                return Some(name.unwrap_or_default());
            }
            if let Some(way) = copied(code, at.1) {
                at = self.declared_at(proc, at.0, way.var);
                continue;
            }
            let index = code.params.iter().position(|p| *p == at.1)?;
            let (caller, var) = self.passed(root, at.0, index)?;
            at = self.declared_at(proc, caller, var);
        }
        None
    }

    /// The variable that a caller in view passes as parameter `index` of `callee`.
    fn passed(&self, root: BodyId, callee: BodyId, index: usize) -> Option<(BodyId, Var)> {
        let visited = self.events.iter().map(|e| e.at.0);
        let mut bodies: Vec<BodyId> = visited.chain([root]).collect();
        bodies.sort_unstable();
        bodies.dedup();
        bodies.into_iter().find_map(|id| {
            calls(self.machine.source(id)).find_map(|(_, call)| {
                if call.callee != Callee::Body(callee) {
                    return None;
                }
                let way = way_of(call.args.get(index)?)?;
                Some((id, way.var))
            })
        })
    }

    // --- promises ---

    /// The function that made what is waited for, started `proc` and returned the channel to the code the run is about.
    fn promise(&self, root: BodyId, proc: &Proc, primitive: Option<ObjId>) -> Option<String> {
        let Obj::Chan { site, .. } = &self.state.heap[primitive? as usize] else {
            return None;
        };
        let (spawner, _) = proc.spawn?;
        let maker = self.declared_function(site.body);
        if maker != self.declared_function(spawner) || maker == root {
            return None;
        }
        let body = self.machine.source(maker);
        let returns = body
            .results
            .iter()
            .any(|r| self.is_channel(&body.vars[*r as usize].ty));
        returns.then(|| body.name.clone())
    }

    /// The declared function a literal stands in.
    fn declared_function(&self, mut body: BodyId) -> BodyId {
        while let Some(parent) = self.machine.source(body).parent {
            body = parent;
        }
        body
    }

    fn is_channel(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Chan(..) => true,
            Ty::Named(id) => self.is_channel(&self.machine.type_def(id.0).underlying),
            _ => false,
        }
    }

    // --- replies ---

    /// Whether the channel came in a message, or was sent away in one before.
    fn is_reply(&self, proc: &Proc) -> bool {
        let Some((act, pc)) = &proc.park else {
            return false;
        };
        let Some(frame) = proc.frames.last() else {
            return false;
        };
        let body = self.machine.source(frame.body);
        let Some(op) = body.code.get(*pc as usize) else {
            return false;
        };
        match (act, op) {
            (Act::Send(..), Op::Send(ch, ..)) => {
                way_of(ch).is_some_and(|way| self.was_received(proc, proc.frames.len() - 1, &way))
            }
            (Act::Recv(..), Op::Recv { ch, .. }) => {
                way_of(ch).is_some_and(|way| sends_away(body, &way))
            }
            _ => false,
        }
    }

    /// Whether a variable of a frame holds what was received, here or in one of the callers.
    fn was_received(&self, proc: &Proc, mut depth: usize, way: &Way) -> bool {
        let Some(frame) = proc.frames.get(depth) else {
            return false;
        };
        let (mut id, mut var) = (frame.body, way.var);
        for _ in 0..FAR_ENOUGH {
            let body = self.machine.source(id);
            if receives_into(body, var) {
                return true;
            }
            if let Some(way) = copied(body, var) {
                var = way.var;
                continue;
            }
            if let Some(outer) = body.outer(var) {
                (id, var) = outer;
                continue;
            }
            let Some(index) = body.params.iter().position(|p| *p == var) else {
                return false;
            };
            let below = depth.checked_sub(1).and_then(|d| proc.frames.get(d));
            let site = match below {
                Some(caller) if caller.pc > 0 => Some((caller.body, caller.pc - 1)),
                _ => proc.spawn,
            };
            let Some((caller, arg)) = site.and_then(|at| self.argument(at, index)) else {
                return false;
            };
            (id, var) = (caller, arg);
            depth = depth.saturating_sub(1);
        }
        false
    }

    fn argument(&self, (body, pc): (BodyId, Pc), index: usize) -> Option<(BodyId, Var)> {
        let (Op::Call(call) | Op::Go(call) | Op::Defer(call)) =
            self.machine.source(body).code.get(pc as usize)?
        else {
            return None;
        };
        Some((body, way_of(call.args.get(index)?)?.var))
    }

    // --- guards ---

    /// A `select` in the code around a stuck send that sends on the same channel and has a case to receive as well.
    fn guarded(&self, root: BodyId, proc: &Proc, primitive: Option<ObjId>) -> Option<Place> {
        let Some((Act::Send(..), pc)) = &proc.park else {
            return None;
        };
        let Obj::Chan { site, .. } = &self.state.heap[primitive? as usize] else {
            return None;
        };
        let frame = proc.frames.last()?;
        let stuck = (frame.body, *pc);
        let op = self.machine.source(frame.body).code.get(*pc as usize)?;
        let Op::Send(ch, ..) = op else { return None };
        let way = way_of(ch)?;
        let owner = |body: &Body, way: &Way| body.vars[way.var as usize].ty.base_named();
        let holder = owner(self.machine.source(frame.body), &way);
        let name = self.name_of(site);
        let same = |body: &Body, case: &Case| {
            case.send
                && way_of(&case.ch).is_some_and(|other| match (&way.field, &other.field) {
                    (Some(field), Some(name)) => field == name && owner(body, &other) == holder,
                    (None, None) => body.vars[other.var as usize].name == name,
                    _ => false,
                })
        };
        let functions = [site.body, frame.body, root].map(|id| self.declared_function(id));
        let program = self.machine.program;
        let mut bodies: Vec<BodyId> = if way.field.is_some() && holder.is_some() {
            // A field can be sent on wherever its type is known.
            (0..program.bodies.len() as u32).map(BodyId).collect()
        } else {
            functions
                .into_iter()
                .flat_map(|id| program.family(id))
                .collect()
        };
        bodies.sort_unstable();
        bodies.dedup();
        bodies.into_iter().find_map(|id| {
            let body = self.machine.source(id);
            let at = body.code.iter().position(|op| {
                let Op::Select { cases, default } = op else {
                    return false;
                };
                cases.iter().any(|case| same(body, case))
                    && (default.is_some() || cases.iter().any(|case| !case.send))
            })?;
            let at = (id, at as Pc);
            (at != stuck).then(|| self.place(at))
        })
    }
}

/// The context whose Done channel a body puts into a variable.
fn done_of(body: &Body, var: Var) -> Option<&Expr> {
    calls(body).find_map(|(_, call)| {
        let done = matches!(call.callee, Callee::Library(Effect::ContextDone, _))
            || matches!(&call.callee, Callee::Named(name) if name == "Done");
        (done && call.dests.first() == Some(&Target::Var(var)))
            .then(|| call.args.first())
            .flatten()
    })
}

/// The path that a body copies into a variable.
fn copied(body: &Body, var: Var) -> Option<Way> {
    body.code.iter().find_map(|op| match op {
        Op::Set(Target::Var(target), value) if *target == var => {
            way_of(value).filter(|way| way.var != var)
        }
        _ => None,
    })
}

fn calls(body: &Body) -> impl Iterator<Item = (usize, &Call)> {
    body.code
        .iter()
        .enumerate()
        .filter_map(|(pc, op)| match op {
            Op::Call(call) | Op::Go(call) | Op::Defer(call) => Some((pc, call)),
            _ => None,
        })
}

/// Whether a body receives something into a variable.
fn receives_into(body: &Body, var: Var) -> bool {
    let into = |dests: &[Target]| dests.first() == Some(&Target::Var(var));
    body.code.iter().any(|op| match op {
        Op::Recv { dests, .. } => into(dests),
        Op::Select { cases, .. } => cases.iter().any(|case| !case.send && into(&case.dests)),
        _ => false,
    })
}

/// Whether a body sends away what a path starts at, or what the variable it starts at was put into.
fn sends_away(body: &Body, way: &Way) -> bool {
    let leads = |value: &Expr| {
        let mut leads = false;
        value.vars(&mut |var| leads |= var == way.var);
        leads && way_of(value).is_none_or(|sent| sent.field.is_none())
    };
    let holders: Vec<Var> = body
        .code
        .iter()
        .filter_map(|op| match op {
            Op::Set(Target::Var(var), value) if leads(value) => Some(*var),
            _ => None,
        })
        .collect();
    let sent = |value: &Expr| {
        leads(value) || way_of(value).is_some_and(|w| w.field.is_none() && holders.contains(&w.var))
    };
    body.code.iter().any(|op| match op {
        Op::Send(_, _, value) => sent(value),
        Op::Select { cases, .. } => cases.iter().any(|case| case.send && sent(&case.value)),
        _ => false,
    })
}
