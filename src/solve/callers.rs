//! Facts about callers elsewhere: by which the run lets go, who is stuck, and which method would have served.

use super::state::{Act, Event, Happening, Leaving, Obj, ObjId, Proc, Sym, Value};
use super::witness::Teller;
use crate::flow::ir::{Body, BodyId, Expr, LetGo, Op, Pc, Var};
use crate::leak::{Caller, Facts, OpKind, Origin, Stranding};
use crate::resolve::{Ty, TypeId};
use crate::source::Place;
use crate::summary::{ANY, Acts, CALL, CLOSE, PASSED, RECV, SEND};
use crate::syntax::ast::Name;
use std::rc::Rc;
use std::sync::Arc;

impl Teller<'_, '_> {
    /// The callers elsewhere that the run goes through.
    pub(super) fn caller(&self, proc: &Proc, stranding: &Stranding) -> Option<Caller> {
        let mut caller = None;
        for event in self.events {
            let Some(note) = self.note(event.at) else {
                continue;
            };
            let caller = caller.get_or_insert_with(Caller::default);
            if !matches!(event.what, Happening::Received(Some(_))) {
                continue;
            }
            match &note.ends {
                Some(LetGo::Method(name)) => caller.release = Some(format!("`{name}`")),
                Some(LetGo::Returned(name)) => {
                    caller.release = Some(format!("the function that `{name}` returns"));
                }
                Some(LetGo::Context(name)) => caller.context = Some(name.clone()),
                Some(LetGo::Silently | LetGo::Unstarted) | None => {}
            }
            caller.left = stranding.at == Some(note.at);
        }
        if self.is_called(proc)
            && let Some(frame) = proc.frames.first()
            && let Some(caller) = &mut caller
        {
            let name = &self.machine.source(frame.body).name;
            caller.stuck_in = name.rsplit('.').next().map(str::to_owned);
            if caller.release.is_none() && caller.context.is_none() {
                caller.context = self.ended_context();
            }
        }
        caller
    }

    /// Whether a made-up caller lets go because what starts the value has failed.
    pub(super) fn is_unstarted(&self) -> bool {
        self.events.iter().any(|event| {
            let note = self.note(event.at);
            matches!(event.what, Happening::Received(Some(_)))
                && note.is_some_and(|note| note.ends == Some(LetGo::Unstarted))
        })
    }

    /// Whether a goroutine waits at something that another one has made: where a made-up caller calls one method twice, the
    /// one call has left it in a map for the other.
    pub(super) fn is_found(&self, proc: &Proc, origin: &Origin) -> bool {
        let makers = self.makers(origin.at);
        let elsewhere = |id: &u32| *id != proc.id && *id != 0;
        !makers.is_empty() && makers.iter().all(elsewhere)
    }

    /// Whether a goroutine sends on a channel that a call by a made-up caller has made, left for others to find, and given
    /// up.
    pub(super) fn is_left_by_call(&self, proc: &Proc) -> bool {
        let Some((Act::Send(ch, _), _)) = &proc.park else {
            return false;
        };
        let Some(Obj::Chan { site, .. }) = self
            .state
            .object(ch)
            .map(|id| &self.state.heap[id as usize])
        else {
            return false;
        };
        let makers = self.makers(Place {
            file: self.machine.source(site.body).file,
            span: site.span,
        });
        let gone = |id: &u32| {
            let maker = self.state.procs.iter().find(|p| p.id == *id);
            maker.is_some_and(|p| p.ended() && self.is_called(p))
        };
        !makers.is_empty() && makers.iter().all(gone)
    }

    /// The goroutines that have run the operation in which something is made.
    fn makers(&self, made: Place) -> Vec<u32> {
        let makes = |event: &&Event| {
            let place = self.machine.source(event.at.0).place(event.at.1);
            // What a made-up caller does stands for whole functions.
            self.note(event.at).is_none()
                && place.file == made.file
                && place.span.contains(made.span)
        };
        let makers = self.events.iter().filter(makes);
        makers.map(|event| event.proc).collect()
    }

    /// Whether a goroutine is that of a made-up caller who uses the value.
    pub(super) fn is_called(&self, proc: &Proc) -> bool {
        let note = proc.spawn.and_then(|at| self.note(at));
        note.is_some_and(|note| !note.part)
    }

    /// Whether the method that the owner runs beside a value, for as long as it is in use, has ended or is about to.
    pub(super) fn was_left_by_part(&self) -> bool {
        let is_part = |proc: &Proc| {
            let note = proc.spawn.and_then(|at| self.note(at));
            note.is_some_and(|note| note.part)
        };
        let mut parts = self.state.procs.iter().filter(|p| is_part(p));
        parts.any(|p| leaves(p))
    }

    /// The method that the owner runs beside a value, where it has returned an error: whoever runs it knows that there is
    /// nothing to let go of.
    pub(super) fn failed_part(&self) -> Option<&str> {
        let failed = self.events.iter().find(|event| {
            let proc = self.state.procs.iter().find(|p| p.id == event.proc);
            let note = proc.and_then(|p| p.spawn).and_then(|at| self.note(at));
            let body = self.machine.source(event.at.0);
            note.is_some_and(|note| note.part && note.at == body.declared())
                && matches!(event.what, Happening::Left(_))
                && returns_an_error(body, event.at.1)
        })?;
        Some(self.machine.source(failed.at.0).simple_name())
    }

    /// Whether what a group counts is started by another call than that which counts it: how many go with how many calls is
    /// between them.
    pub(super) fn counts_for_others(&self, act: &Act, facts: &Facts) -> bool {
        let Act::Wait(group) = act else { return false };
        let unstarted = facts.tally.as_ref().is_some_and(|t| t.unstarted.is_some());
        let group = self.state.object(group);
        let adds = |event: &Event| event.on == group && event.what == Happening::Added;
        // The caller himself only makes the value, and lets go of it.
        unstarted && self.events.iter().any(|e| e.proc == 0 && adds(e))
    }

    /// The context that a made-up caller has handed to a constructor, where its end is what a goroutine goes on by in the
    /// run: whoever owns it knows until when the value may be used.
    pub(super) fn ended_context(&self) -> Option<String> {
        let client = self.state.procs.first().filter(|p| p.id == 0)?;
        let frame = client.frames.first()?;
        let body = self.machine.source(frame.body);
        let handed = |param: &&Var| {
            matches!(frame.vars.get(**param as usize), Some(Value::Sym(sym, _))
                if self.events.iter().any(|event| self.ends_by(event, *sym)))
        };
        if body.client.is_empty() {
            return None;
        }
        let ended = body.params.iter().find(handed)?;
        let name = body.vars[*ended as usize].name.to_string();
        Some(if name.is_empty() || name == "_" {
            "ctx".to_owned()
        } else {
            name
        })
    }

    /// Whether somebody goes on in a step because a context has ended that is this unknown one, or was made of it.
    fn ends_by(&self, event: &Event, context: Sym) -> bool {
        const DEEP_ENOUGH: u32 = 64;
        if !matches!(event.what, Happening::Received(_)) {
            return false;
        }
        let done = self.state.path(context, "Done()");
        let mut next = event.on;
        for _ in 0..DEEP_ENOUGH {
            let Some(id) = next else { return false };
            if done.is_some_and(|done| self.state.object(done) == Some(id)) {
                return true;
            }
            match &self.state.heap[id as usize] {
                Obj::Context(_, Value::Sym(parent, _), _, false) => return *parent == context,
                Obj::Context(_, parent, _, false) => next = self.state.object(parent),
                _ => return false,
            }
        }
        false
    }

    /// A method that would serve what `proc` waits for and was not called: one that closes or cancels it before one that sends
    /// or receives. There is none where a method that would have served left before it did.
    pub(super) fn released_by(
        &self,
        kind: OpKind,
        proc: &Proc,
        stranding: &Stranding,
    ) -> Option<String> {
        let serves = service_of(kind)?;
        let with = |wanted: Acts| self.other_methods_that(proc, wanted);
        let body = |id: BodyId| &self.machine.program.bodies[id.0 as usize];
        let left = |id: BodyId| {
            let method = body(id);
            stranding
                .at
                .is_some_and(|at| at.file == method.file && method.span.contains(at.span))
        };
        if with(serves).into_iter().any(left) {
            return None;
        }
        let called = |id: &BodyId| self.events.iter().any(|event| event.at.0 == *id);
        let not_called = |wanted: Acts| with(wanted).into_iter().filter(|id| !called(id));
        // What is handed something serves one more round, rather than ending it.
        let takes_nothing = |id: &BodyId| body(*id).params.len() == 1;
        let method = not_called(serves & (CLOSE | CALL))
            .next()
            .or_else(|| not_called(serves).find(takes_nothing))
            .or_else(|| not_called(serves).next())?;
        body(method).name.rsplit('.').next().map(str::to_owned)
    }

    /// Whether the caller himself is stuck in what starts the value, which another method would serve, or lets go of it, which
    /// one would that nobody has run: nothing says that he does not call that one before.
    pub(super) fn calls_out_of_turn(&self, proc: &Proc) -> bool {
        let Some(first) = proc.frames.first().filter(|_| proc.id == 0) else {
            return false;
        };
        let client = self.machine.source(first.body);
        let is_call = |op: &Op| matches!(op, Op::Call(_));
        let makes = client.code.iter().position(is_call);
        let is_choice = |op: &Op| matches!(op, Op::Select { .. });
        let lets_go = client.code.iter().position(is_choice);
        // He stands behind the call.
        let at = first.pc as usize;
        if client.client.is_empty() || makes.is_none_or(|makes| at <= makes + 1) {
            return false;
        }
        let starts = lets_go.is_some_and(|go| at <= go);
        let wanted = proc.park.as_ref().and_then(|(act, _)| match act {
            Act::Send(..) => Some(RECV | ANY | PASSED),
            Act::Recv(..) => Some(SEND | CLOSE | CALL | ANY | PASSED),
            Act::Select(..) => Some(SEND | RECV | CLOSE | CALL | ANY | PASSED),
            _ => None,
        });
        let others = wanted.map_or_else(Vec::new, |wanted| self.other_methods_that(proc, wanted));
        let is_in = |p: &Rc<Proc>, id: BodyId| p.frames.iter().any(|frame| frame.body == id);
        let has_run = |id: &BodyId| {
            self.events.iter().any(|event| event.at.0 == *id)
                || self.state.procs.iter().any(|p| is_in(p, *id))
        };
        !others.is_empty() && (starts || !others.iter().any(has_run))
    }

    /// The methods that do one of these to what `proc` waits for, but for those it is in.
    pub(super) fn other_methods_that(&self, proc: &Proc, wanted: Acts) -> Vec<BodyId> {
        let mut methods = self.methods_that(&self.keeping_fields(), wanted);
        methods.retain(|id| !proc.frames.iter().any(|frame| frame.body == *id));
        methods
    }

    /// The fields that keep what is waited for, or the function that cancels it.
    fn keeping_fields(&self) -> Vec<(TypeId, &Name)> {
        let wanted = |id: ObjId| self.wants.iter().any(|(want, _)| *want == id);
        let keeps = |value: &Value| {
            self.state.object(value).is_some_and(|id| {
                wanted(id) || matches!(self.state.heap[id as usize], Obj::Cancel(c) if wanted(c))
            })
        };
        let structs = self.state.heap.iter().filter_map(|obj| match obj {
            Obj::Struct(Some(ty), fields) => Some((*ty, fields)),
            _ => None,
        });
        structs
            .flat_map(|(ty, fields)| fields.iter().map(move |field| (ty, field)))
            .filter(|(_, (_, value))| keeps(value))
            .map(|(ty, (name, _))| (ty, name))
            .collect()
    }

    /// Whether values of a type are, or lead through their fields to, ones of another.
    fn has(&self, outer: TypeId, inner: TypeId, depth: u32) -> bool {
        const DEEP_ENOUGH: u32 = 3;
        if outer == inner {
            return true;
        }
        let Ty::Struct(fields) = &self.machine.type_def(outer.0).underlying else {
            return false;
        };
        depth < DEEP_ENOUGH
            && fields
                .iter()
                .filter_map(|field| field.ty.base_named())
                .any(|ty| self.has(ty, inner, depth + 1))
    }

    /// The methods that do one of these to such a field of their receiver.
    fn methods_that(&self, fields: &[(TypeId, &Name)], wanted: Acts) -> Vec<BodyId> {
        if fields.is_empty() {
            return Vec::new();
        }
        let bodies = self.machine.program.bodies.iter().enumerate();
        let does = |(index, method): &(usize, &Arc<Body>)| {
            let receiver = method.params.first().filter(|_| method.method);
            let of = receiver.and_then(|r| method.vars[*r as usize].ty.base_named());
            // A field of a field's value is one of the method's type as well.
            let held = |field: &Name| {
                fields
                    .iter()
                    .any(|(ty, name)| *name == field && of.is_some_and(|of| self.has(of, *ty, 0)))
            };
            let entry = self.machine.summaries.entry(BodyId(*index as u32));
            entry.iter().any(|(way, acts)| {
                Some(&way.var) == receiver
                    && way.field.as_ref().is_some_and(held)
                    && acts & wanted != 0
            })
        };
        let methods = bodies.into_iter().filter(does);
        methods.map(|(index, _)| BodyId(index as u32)).collect()
    }
}

/// Whether a goroutine has ended, or is about to: it leaves its outermost function.
pub(super) fn leaves(proc: &Proc) -> bool {
    let outermost = proc.frames.first();
    outermost.is_none_or(|frame| frame.leaving != Leaving::No)
}

/// Whether a function leaves there with an error, for all that its text says.
fn returns_an_error(body: &Body, pc: Pc) -> bool {
    let Some(Op::Return(values)) = body.code.get(pc as usize) else {
        return false;
    };
    let mut returned = body.results.iter().zip(values);
    returned
        .any(|(result, value)| body.vars[*result as usize].ty == Ty::Error && *value != Expr::Nil)
}

/// What serves such an operation.
fn service_of(kind: OpKind) -> Option<Acts> {
    match kind {
        OpKind::Send => Some(RECV),
        // One value more ends no range.
        OpKind::Range => Some(CLOSE | CALL),
        OpKind::Receive | OpKind::Select => Some(SEND | CLOSE | CALL),
        _ => None,
    }
}
