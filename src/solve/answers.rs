//! Requests that carry a channel for the answer: sent where nobody in view owns the channel, taken up by whoever in the
//! package receives values of their type.
//!
//! In: a program. Out: [`Answers`], the places where requests are received, and in a search with them ([`Machine::answers`])
//! goroutines that begin right there, with a request of the system at hand and everything else unknown. They are followed
//! until they wait for something that is not the system's.

use super::machine::Machine;
use super::shared::List;
use super::state::{Event, Happening, Log, Obj, Proc, State, Value};
use crate::exposure::{has_field, last_field};
use crate::flow::Program;
use crate::flow::ir::{Body, BodyId, Callee, Expr, Op, Pc, Target, Var};
use crate::resolve::{Ty, TypeDef, TypeId};
use crate::source::FileId;
use crate::syntax::ast::Name;
use rustc_hash::{FxHashMap, FxHashSet};

/// Places for one type of request that are looked at.
const PLACES: usize = 4;

/// Where the requests of a package are received.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    places: Vec<Answer>,
}

/// A place where a request is received.
#[derive(Clone, Debug)]
struct Answer {
    ty: TypeId,
    body: BodyId,
    at: Pc,
    /// The field that keeps the channel it is received from, if one does.
    field: Option<Name>,
    /// Where the code goes on.
    next: Pc,
    /// Where the request, and that there was one, are put.
    dests: [Target; 2],
}

impl Answers {
    /// Finds them in the files that count. Only requests are looked for of which some answer is sent without a choice.
    pub fn of(program: &Program, counts: &dyn Fn(FileId) -> bool) -> Self {
        let mut answered: FxHashSet<Name> = FxHashSet::default();
        for body in &program.bodies {
            for op in &body.code {
                if let Op::Send(Expr::Field(_, name), ..) = op {
                    answered.insert(name.clone());
                }
            }
        }
        let mut places: Vec<Answer> = Vec::new();
        let mut add = |body: &Body, id, at, ch: &Expr, next, dests: &[Target; 2]| {
            let Target::Var(var) = &dests[0] else { return };
            if let Some(ty) = request(&program.types, &body.vars[*var as usize].ty, &answered)
                && places.iter().filter(|a| a.ty == ty).count() < PLACES
            {
                let dests = dests.clone();
                places.push(Answer {
                    ty,
                    body: id,
                    at,
                    field: last_field(ch),
                    next,
                    dests,
                });
            }
        };
        for (index, body) in program.bodies.iter().enumerate() {
            if !counts(body.file) || !body.client.is_empty() {
                continue;
            }
            let id = BodyId(index as u32);
            for (pc, op) in body.code.iter().enumerate() {
                let pc = pc as Pc;
                match op {
                    Op::Recv { ch, dests, .. } => add(body, id, pc, ch, pc + 1, dests),
                    Op::Select { cases, .. } => {
                        for case in cases.iter().filter(|c| !c.send) {
                            add(body, id, pc, &case.ch, case.target, &case.dests);
                        }
                    }
                    _ => {}
                }
            }
        }
        Self { places }
    }

    /// Whether a function or one of its literals sends such a request.
    pub fn asked_by(&self, program: &Program, root: BodyId) -> bool {
        let asks = |body: &Body, value: &Expr| {
            let ty = match value {
                Expr::Var(var) => body.vars[*var as usize].ty.base_struct(&program.types),
                other => other.literal_type(),
            };
            ty.is_some_and(|ty| self.places.iter().any(|a| a.ty == ty))
        };
        !self.places.is_empty()
            && program.family(root).into_iter().any(|member| {
                let body = &program.bodies[member.0 as usize];
                body.code.iter().any(|op| match op {
                    Op::Send(_, _, value) => asks(body, value),
                    Op::Select { cases, .. } => {
                        cases.iter().any(|c| c.send && asks(body, &c.value))
                    }
                    _ => false,
                })
            })
    }
}

/// The type of a request: a struct with a channel that somebody sends an answer on.
fn request(types: &[TypeDef], ty: &Ty, answered: &FxHashSet<Name>) -> Option<TypeId> {
    let id = ty.base_struct(types)?;
    let Ty::Struct(fields) = &types[id.0 as usize].underlying else {
        return None;
    };
    fields
        .iter()
        .any(|f| matches!(f.ty, Ty::Chan(..)) && answered.contains(&f.name))
        .then_some(id)
}

impl Machine<'_> {
    /// The places (by number) that may take up a request which a process, by the case it waits with if that is a select, sends
    /// to somebody out of view. What is sent by one field is not received from another of the same value.
    pub(super) fn takers(
        &self,
        state: &State,
        (proc, case): (usize, Option<usize>),
        value: &Value,
    ) -> Vec<usize> {
        let Some(answers) = &self.answers else {
            return Vec::new();
        };
        let ty = match state.object(value).map(|id| &state.heap[id as usize]) {
            Some(Obj::Struct(Some(ty), _)) if state.carries(value) => *ty,
            _ => return Vec::new(),
        };
        let sent_by = self.sent_by(state, proc, case);
        let other_field = |place: &Answer| match (&place.field, &sent_by) {
            (Some(received), Some(sent)) => received != sent && self.keeps_both(received, sent),
            _ => false,
        };
        let places = answers.places.iter().enumerate();
        places
            .filter(|(_, place)| place.ty == ty && !other_field(place))
            .map(|(at, _)| at)
            .collect()
    }

    /// Whether values of some type keep channels in both fields.
    fn keeps_both(&self, one: &Name, other: &Name) -> bool {
        let types = &self.program.types;
        (0..types.len() as u32)
            .map(TypeId)
            .any(|ty| has_field(types, ty, one) && has_field(types, ty, other))
    }

    /// The field that keeps the channel a process sends on.
    fn sent_by(&self, state: &State, proc: usize, case: Option<usize>) -> Option<Name> {
        let (body, pc) = state.procs[proc].site()?;
        match self.body(body).code.get(pc as usize)? {
            Op::Send(ch, ..) => last_field(ch),
            Op::Select { cases, .. } => last_field(&cases.get(case?)?.ch),
            _ => None,
        }
    }

    /// Starts the goroutine that takes up a request.
    pub(super) fn take_up(&self, state: &mut State, at: usize, request: Value) {
        let Some(answer) = self.answers.as_ref().and_then(|a| a.places.get(at)) else {
            return;
        };
        let code = self.body(answer.body);
        let unknown = |state: &mut State| state.symbol(code.file, code.span);
        let env: Vec<_> = code
            .captures
            .iter()
            .map(|_| {
                let value = unknown(state);
                state.alloc(Obj::Cell(value))
            })
            .collect();
        let args = code.params.iter().map(|_| unknown(state)).collect();
        let mut frame = self.frame(state, answer.body, &env, args, [].into());
        let read: Vec<Var> = self
            .live(answer.body)
            .at(answer.next)
            .map(Iterator::collect)
            .unwrap_or_default();
        for var in read {
            let captured = code.captures.iter().any(|(_, inner)| *inner == var);
            if captured || code.params.contains(&var) {
                continue;
            }
            let value = unknown(state);
            frame.vars[var as usize] = if code.vars[var as usize].cell {
                Value::Ref(state.alloc(Obj::Cell(value)))
            } else {
                value
            };
        }
        frame.pc = answer.next;
        let index = state.procs.len();
        state.add_proc(Proc {
            id: index as u32,
            spawn: None,
            frames: List::from_iter([frame]),
            park: None,
            on_end: None,
        });
        let copy = self.copied(state, request);
        self.assign(state, index, &answer.dests[0], copy);
        self.assign(state, index, &answer.dests[1], Value::Bool(true));
        state.todo.insert(0, index);
        self.note(state, index, answer.at, Happening::TookUp, None);
    }

    /// Whether a process that took up a request waits for what is not the system's: what it does then matters to nobody.
    pub(super) fn is_elsewhere(&self, state: &State, proc: usize) -> bool {
        let process = &state.procs[proc];
        if self.answers.is_none() || process.spawn.is_some() || process.id == 0 {
            return false;
        }
        let Some((act, _)) = &process.park else {
            return false;
        };
        let channels = Self::waits_for(act);
        channels
            .into_iter()
            .all(|ch| state.object(ch).is_none_or(|id| state.escaped(id)))
    }

    /// Whether somebody goes on in a run by what only `proc`, which took up a request and is stuck, would do later, such as to
    /// close a channel when it ends.
    pub(super) fn rests_on_its_end(&self, log: &Log, proc: &Proc) -> bool {
        if self.answers.is_none() || proc.spawn.is_some() || proc.id == 0 {
            return false;
        }
        let others = log.events.iter().filter(|event| event.proc != proc.id);
        let fields = others.filter_map(|event| self.received_by(event));
        let mut own: Option<FxHashSet<BodyId>> = None;
        fields.into_iter().any(|field| {
            let own = own.get_or_insert_with(|| self.run_by(proc));
            let mut servers = self.servers_of(&field).peekable();
            servers.peek().is_some() && servers.all(|server| own.contains(&server))
        })
    }

    /// The field that keeps the channel somebody received from.
    fn received_by(&self, event: &Event) -> Option<Name> {
        let Happening::Received(case) = event.what else {
            return None;
        };
        let (body, pc) = event.at;
        match self.source(body).code.get(pc as usize)? {
            Op::Recv { ch, .. } => last_field(ch),
            Op::Select { cases, .. } => last_field(&cases.get(case?)?.ch),
            _ => None,
        }
    }

    /// The functions that close or send on a channel kept in such a field.
    fn servers_of<'f>(&'f self, field: &'f Name) -> impl Iterator<Item = BodyId> + 'f {
        let is_it = |ch: &Expr| last_field(ch).as_ref() == Some(field);
        let serves = move |body: &Body| {
            body.code.iter().any(|op| match op {
                Op::Close(ch, _) | Op::Send(ch, ..) => is_it(ch),
                Op::Defer(call) | Op::Call(call) => {
                    matches!(call.callee, Callee::Close(_)) && call.args.iter().any(is_it)
                }
                Op::Select { cases, .. } => cases.iter().any(|c| c.send && is_it(&c.ch)),
                _ => false,
            })
        };
        let bodies = self.program.bodies.iter().enumerate();
        bodies
            .filter(move |(_, body)| serves(body))
            .map(|(index, _)| BodyId(index as u32))
    }

    /// The functions a process is in, and those that nobody else calls.
    fn run_by(&self, proc: &Proc) -> FxHashSet<BodyId> {
        let mut own: FxHashSet<BodyId> = FxHashSet::default();
        for frame in proc.frames.iter() {
            own.extend(self.program.family(frame.body));
        }
        loop {
            let mut called: FxHashMap<BodyId, bool> = FxHashMap::default();
            for (index, body) in self.program.bodies.iter().enumerate() {
                let is_own = own.contains(&BodyId(index as u32));
                for op in &body.code {
                    if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op
                        && let Callee::Body(callee) = call.callee
                    {
                        *called.entry(callee).or_insert(true) &= is_own && !matches!(op, Op::Go(_));
                    }
                }
            }
            let before = own.len();
            let by_own = called.into_iter().filter(|(_, by_own)| *by_own);
            own.extend(by_own.map(|(callee, _)| callee));
            if own.len() == before {
                return own;
            }
        }
    }

    /// The function that took up a request, where an event says so.
    pub(super) fn answerer(&self, event: &Event) -> Option<BodyId> {
        (event.what == Happening::TookUp).then_some(event.at.0)
    }
}
