//! Repeats the run of a candidate and tells it: how the partner was lost, what happened in which order.

use super::counts::rooms;
use super::explore::Candidate;
use super::machine::Machine;
use super::state::{Act, Event, Happening, Log, Obj, ObjId, Proc, Site, State, Value};
use crate::flow::LATER;
use crate::flow::ir::{BodyId, Callee, Expr, Note, Op, Pc, Target};
use crate::leak::{
    Confidence, Leak, OpKind, Operation, Origin, Step, StepKind, Stranding, Witness,
};
use crate::source::{FileId, Place, Span};
use crate::summary::way_of;

/// Reads source text for messages: file and span to one line of text.
pub type Text<'t> = dyn Fn(FileId, Span) -> String + 't;

/// Statements quoted in a message are cut to this many characters.
const QUOTE: usize = 60;

impl Machine<'_> {
    /// Tells the leak of a candidate; `None` when the run does not repeat (which would be a defect).
    pub fn tell(&self, root: BodyId, candidate: &Candidate, text: &Text<'_>) -> Option<Leak> {
        // The search renumbers objects as it goes; a repeated run does not, so what the goroutine waits for is read off
        // a first repetition and watched in a second.
        let end = self.replay(self.start(root), &candidate.choices)?;
        let wants = self.wants(&end, end.procs.iter().find(|p| p.id == candidate.proc)?)?;
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
        if self.rests_on_counts(&state, &proc, &candidate.doomed, &log) {
            return None;
        }
        let teller = Teller {
            machine: self,
            state: &state,
            events: &log.events,
            text,
            wants,
        };
        teller.leak(root, &proc, candidate)
    }
}

/// Tells one run.
pub(super) struct Teller<'m, 'p> {
    pub(super) machine: &'m Machine<'p>,
    pub(super) state: &'m State,
    pub(super) events: &'m [Event],
    pub(super) text: &'m Text<'m>,
    pub(super) wants: super::stuck::Wants,
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
        let (op, cases) = self.operation(body_id, *pc, act)?;
        let primitive = Machine::waits_for(act)
            .into_iter()
            .find_map(|v| self.state.object(v));
        let origin = self
            .origin(primitive, body_id, &op)
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
        let (confidence, assumptions) = self.assumptions(proc);
        let witness = self.witness(proc, &op, &stranding, origin.as_ref(), on);
        let mut facts = self.facts(root, proc, last_name(&name, &op.target));
        facts.caller = self.caller(proc, &stranding);
        if facts.caller.is_none() {
            facts.released_by = self.released_by(op.kind);
        }
        facts.owner_acts = self.owner_acts(root, &stranding);
        self.shapes(root, proc, primitive, &mut facts);
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
    pub(super) fn operation(
        &self,
        body_id: BodyId,
        pc: Pc,
        act: &Act,
    ) -> Option<(Operation, Vec<Operation>)> {
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
        };
        let nil = |v: &Value| *v == Value::Nil;
        let code = body.code.get(pc as usize)?;
        Some(match (act, code) {
            (Act::Send(ch, _), Op::Send(_, target, _)) => {
                (make(OpKind::Send, span, *target, nil(ch)), Vec::new())
            }
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
                wait.target = group_of(&(self.text)(body.file, span));
                (wait, Vec::new())
            }
            _ => (make(OpKind::Call, span, span, false), Vec::new()),
        })
    }

    pub(super) fn origin(
        &self,
        primitive: Option<ObjId>,
        _body: BodyId,
        _op: &Operation,
    ) -> Option<Origin> {
        let id = primitive?;
        // A field that was never set has no place of its own.
        let (site, capacity, symbolic) = match &self.state.heap[id as usize] {
            Obj::Chan { site, cap, .. } => {
                match self.large_room(cap).unwrap_or(self.state.norm(cap)) {
                    Value::Int(n) => (*site, u32::try_from(n).unwrap_or(0), false),
                    Value::Sym(sym, offset) => {
                        let hi = self.state.syms[sym as usize].hi.saturating_add(offset);
                        (*site, u32::try_from(hi).unwrap_or(0), true)
                    }
                    _ => (*site, 0, false),
                }
            }
            Obj::Wait(site, _) | Obj::Context(site, ..) | Obj::Clock(site, _) => (*site, 0, false),
            _ => return None,
        };
        if site.span == Span::default() {
            return None;
        }
        Some(self.origin_of(&site, capacity, symbolic))
    }

    /// The constant that a large capacity stands for: what a run has decided about it says nothing about the code.
    fn large_room(&self, cap: &Value) -> Option<Value> {
        let Value::Sym(sym, _) = cap else { return None };
        self.state.syms[*sym as usize].large.map(Value::Int)
    }

    fn origin_of(&self, site: &Site, capacity: u32, symbolic: bool) -> Origin {
        let file = self.machine.source(site.body).file;
        Origin {
            at: Place {
                file,
                span: site.span,
            },
            name: self.name_of(site),
            in_loop: self.made_in_loop(site),
            capacity,
            capacity_text: symbolic.then(|| self.quote(site.body, site.size)),
        }
    }

    pub(super) fn made_in_loop(&self, site: &Site) -> bool {
        let body = self.machine.source(site.body);
        (0..body.code.len()).any(|pc| body.in_loop[pc] && body.spans[pc].contains(site.span))
    }

    /// The variable or field that a primitive is first put into.
    pub(super) fn name_of(&self, site: &Site) -> String {
        let body = self.machine.source(site.body);
        for (pc, op) in body.code.iter().enumerate() {
            // A context or a ticker is what a call returns.
            if let Op::Call(call) = op
                && body.spans[pc] == site.span
                && let Some(target) = call.dests.first()
            {
                return self.name_of_target(site.body, target);
            }
            let Op::Set(target, value) = op else { continue };
            if makes(value, site.span) {
                return self.name_of_target(site.body, target);
            }
            if let Some(name) = field_that_makes(value, site.span) {
                return name;
            }
        }
        String::new()
    }

    /// The variable or field that something is put into; a temporary hands it to a field of what is made next.
    fn name_of_target(&self, id: BodyId, target: &Target) -> String {
        let body = self.machine.source(id);
        match target {
            Target::Var(var) if body.vars[*var as usize].name.is_empty() => body
                .code
                .iter()
                .find_map(|op| {
                    let mut name = None;
                    op.exprs(&mut |e| name = name.take().or_else(|| field_given(e, *var)));
                    name
                })
                .unwrap_or_default(),
            Target::Var(var) => body.vars[*var as usize].name.to_string(),
            Target::Place(place) => way_of(place)
                .and_then(|w| w.field)
                .map(|f| f.to_string())
                .unwrap_or_default(),
            Target::Ignore => String::new(),
        }
    }

    /// An operation on the channel of that name in the root and its literals, for the wording of messages.
    pub(super) fn find_op(
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

    // --- confidence ---

    pub(super) fn assumptions(&self, proc: &Proc) -> (Confidence, Vec<String>) {
        let (mut confidence, mut assumptions) = self.about_callers(proc);
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
        for (body, pc) in self.events.iter().filter_map(|e| self.machine.hander(e)) {
            let call = self.quote(body, self.machine.source(body).spans[pc as usize]);
            let callee = call.split('(').next().unwrap_or_default();
            let callee = callee.trim_start_matches("go ").trim_start_matches("_ = ");
            confidence = confidence.min(Confidence::Medium);
            assumptions.push(format!("`{callee}` runs what it is handed"));
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

    /// Whether a process is stuck sending on a channel of this large capacity.
    fn stuck_for_room(&self, proc: &Proc, room: i64) -> bool {
        rooms(self.state, proc)
            .into_iter()
            .any(|(_, sym)| self.state.syms[sym as usize].large == Some(room))
    }

    /// What the run takes for granted about callers elsewhere.
    fn about_callers(&self, proc: &Proc) -> (Confidence, Vec<String>) {
        let mut confidence = Confidence::High;
        let mut assumptions = Vec::new();
        let called = proc.spawn.is_some_and(|at| self.note(at).is_some());
        let client = self.state.procs.first().filter(|p| p.id == 0);
        if client.is_some_and(|p| self.still_there(p)) && proc.spawn.is_some() && !called {
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
                confidence = confidence.min(if note.guess {
                    Confidence::Low
                } else {
                    Confidence::Medium
                });
                assumptions.push(told.clone());
            }
        }
        (confidence, assumptions)
    }

    /// Whether a made-up caller has not let go yet.
    fn still_there(&self, proc: &Proc) -> bool {
        let Some(Act::Select(cases, _)) = proc.park.as_ref().map(|(act, _)| act) else {
            return false;
        };
        proc.frames.len() == 1
            && cases
                .iter()
                .any(|(_, ch, _)| *ch == Value::Out(super::state::Outside::Never))
    }

    // --- the story ---

    pub(super) fn witness(
        &self,
        proc: &Proc,
        op: &Operation,
        stranding: &Stranding,
        origin: Option<&Origin>,
        on: Option<ObjId>,
    ) -> Witness {
        let mut steps = Vec::new();
        let name = op.target.as_str();
        if let Some(origin) = origin {
            let what = match (origin.capacity, op.kind) {
                _ if op.nil => format!("`{}` is declared, and nil", origin.name),
                (_, OpKind::Wait) => format!("`{}` is declared", origin.name),
                _ if self.is_clock(on) => {
                    format!("`{}` is made, a ticker", display(&origin.name, name))
                }
                (0, _) => format!(
                    "`{}` is made, without room for a value",
                    display(&origin.name, name)
                ),
                (n, _) => format!(
                    "`{}` is made, with room for {n}",
                    display(&origin.name, name)
                ),
            };
            steps.push(Step {
                at: origin.at,
                kind: StepKind::Make,
                goroutine: 0,
                text: what,
            });
        }
        for event in self.events {
            let place = self.place(event.at);
            if let Some(note) = self.note(event.at) {
                steps.extend(self.caller_step(event, note, stranding, name));
                continue;
            }
            let quoted = self.quote(event.at.0, place.span);
            let is_stranding = stranding.at == Some(place);
            let step = match event.what {
                Happening::Spawned(id) => {
                    let who = if id == proc.id {
                        "the goroutine that gets stuck is started"
                    } else {
                        "a goroutine is started"
                    };
                    Some((StepKind::Spawn, format!("{who}: `{quoted}`")))
                }
                Happening::Sent(_) if event.on == on && on.is_some() => {
                    Some((StepKind::Send, format!("a send completes: `{quoted}`")))
                }
                Happening::Received(_) if event.on == on && on.is_some() => Some((
                    StepKind::Receive,
                    format!("a receive completes: `{quoted}`"),
                )),
                Happening::Closed if event.on == on && on.is_some() => {
                    Some((StepKind::Close, format!("it is closed: `{quoted}`")))
                }
                Happening::Stopped if event.on == on => {
                    Some((StepKind::Sync, format!("the ticker is stopped: `{quoted}`")))
                }
                // A function that runs later, or is stopped.
                Happening::Sent(Some(_)) | Happening::Received(Some(_))
                    if self.is_made_up(event) =>
                {
                    let what = if self.machine.source(event.at.0).name.ends_with(LATER) {
                        "it is time for the function"
                    } else {
                        "the function is stopped before it runs"
                    };
                    Some((StepKind::Sync, format!("{what}: `{quoted}`")))
                }
                Happening::Sent(Some(case)) | Happening::Received(Some(case)) => {
                    let text = self.case_text(event, case);
                    Some((StepKind::Case, format!("the select goes by `{text}`")))
                }
                Happening::Left(_) | Happening::Jumped(_) if is_stranding => {
                    Some((StepKind::Leave, format!("`{quoted}` leaves")))
                }
                Happening::Defaulted if is_stranding => {
                    Some((StepKind::Case, "the select goes by `default`".to_owned()))
                }
                _ => None,
            };
            if let Some((kind, mut text)) = step {
                if is_stranding {
                    text = format!("{text}; from here on nobody is left for `{name}`");
                }
                let step = Step {
                    at: place,
                    kind,
                    goroutine: event.proc,
                    text,
                };
                if steps.last() != Some(&step) {
                    steps.push(step);
                }
            }
        }
        steps.push(Step {
            at: op.at,
            kind: StepKind::Stuck,
            goroutine: proc.id,
            text: format!("the goroutine blocks here for ever ({})", op.wait_reason()),
        });
        Witness { steps }
    }

    /// A step of a made-up caller.
    fn caller_step(
        &self,
        event: &Event,
        note: &Note,
        stranding: &Stranding,
        name: &str,
    ) -> Option<Step> {
        let kind = match event.what {
            Happening::Spawned(_) => StepKind::Branch,
            Happening::Received(Some(_)) if !note.text.is_empty() => StepKind::Case,
            _ => return None,
        };
        let mut text = note.text.clone();
        if kind == StepKind::Case && stranding.at == Some(note.at) {
            text = format!("{text}; from here on nobody is left for `{name}`");
        }
        Some(Step {
            at: note.at,
            kind,
            goroutine: event.proc,
            text,
        })
    }

    /// Whether it is a select that stands nowhere in the source.
    fn is_made_up(&self, event: &Event) -> bool {
        let (body, pc) = event.at;
        let op = self.machine.source(body).code.get(pc as usize);
        matches!(op, Some(Op::Select { cases, .. }) if cases.iter().all(|c| c.span == c.clause))
    }

    pub(super) fn case_text(&self, event: &Event, case: usize) -> String {
        match self
            .machine
            .source(event.at.0)
            .code
            .get(event.at.1 as usize)
        {
            Some(Op::Select { cases, .. }) if case < cases.len() => {
                let case = &cases[case];
                self.quote(
                    event.at.0,
                    Span {
                        start: case.clause.start,
                        end: case.span.end,
                    },
                )
            }
            _ => String::new(),
        }
    }
}

fn display<'a>(origin: &'a str, target: &'a str) -> &'a str {
    if origin.is_empty() { target } else { origin }
}

/// The group in the text of a statement that waits for it: `s.wg` of `defer s.wg.Wait()`.
fn group_of(statement: &str) -> String {
    let call = statement.split(".Wait(").next().unwrap_or_default();
    let group = call.rsplit([' ', '\t', '(', '!']).next();
    group.unwrap_or_default().to_owned()
}

/// The name a primitive was first given, or else the last part of what the operation calls it.
fn last_name<'a>(origin: &'a str, target: &'a str) -> &'a str {
    if origin.is_empty() {
        target.rsplit('.').next().unwrap_or_default()
    } else {
        origin
    }
}

fn makes(value: &Expr, span: Span) -> bool {
    match value {
        Expr::MakeChan(_, at, _) | Expr::Zero(_, at) => *at == span,
        Expr::Addr(inner) => makes(inner, span),
        _ => false,
    }
}

/// The field of a composite literal that is given a variable's value.
fn field_given(value: &Expr, var: crate::flow::ir::Var) -> Option<String> {
    match value {
        Expr::Struct(_, fields, ..) => fields.iter().find_map(|(name, value)| match value {
            Expr::Var(given) if *given == var => Some(name.to_string()),
            other => field_given(other, var),
        }),
        Expr::Addr(inner) | Expr::Receiver(inner) => field_given(inner, var),
        _ => None,
    }
}

fn field_that_makes(value: &Expr, span: Span) -> Option<String> {
    match value {
        Expr::Struct(_, fields, ..) => fields.iter().find_map(|(name, value)| {
            if makes(value, span) {
                Some(name.to_string())
            } else {
                field_that_makes(value, span)
            }
        }),
        _ => None,
    }
}
