//! Repeats the run of a candidate and tells it: how the partner was lost, what happened in which order.

use super::explore::Candidate;
use super::machine::Machine;
use super::state::{
    Act, Event, Happening, Leaving, Log, Obj, ObjId, Outside, Proc, Site, State, Value,
};
use crate::flow::ir::{BodyId, Expr, JumpKind, Op, Pc, Target};
use crate::leak::{
    Confidence, Exit, Leak, OpKind, Operation, Origin, Step, StepKind, Stranding, Witness,
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
            events: Vec::new(),
        }));
        let mut state = self.replay(start, &candidate.choices)?;
        let log = state.log.take()?;
        let proc = state.procs.iter().find(|p| p.id == candidate.proc)?.clone();
        debug_assert_eq!(
            proc.site(),
            Some(candidate.site),
            "the run must end at the stuck operation"
        );
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

struct Teller<'m, 'p> {
    machine: &'m Machine<'p>,
    state: &'m State,
    events: &'m [Event],
    text: &'m Text<'m>,
    wants: super::stuck::Wants,
}

impl Teller<'_, '_> {
    fn place(&self, (body, pc): (BodyId, Pc)) -> Place {
        let body = self.machine.body(body);
        Place {
            file: body.file,
            span: body.spans.get(pc as usize).copied().unwrap_or_default(),
        }
    }

    fn quote(&self, body: BodyId, span: Span) -> String {
        let text = (self.text)(self.machine.body(body).file, span);
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

    fn leak(&self, root: BodyId, proc: &Proc, candidate: &Candidate) -> Option<Leak> {
        let (act, pc) = proc.park.as_ref()?;
        let body_id = proc.frames.last()?.body;
        let (op, cases) = self.operation(body_id, *pc, act)?;
        let primitive = Machine::waits_for(act)
            .into_iter()
            .find_map(|v| self.state.object(v));
        let origin = self.origin(primitive, body_id, &op);
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
            .is_some_and(|(b, pc)| self.machine.body(b).in_loop.get(pc as usize) == Some(&true));
        let name = origin.as_ref().map(|o| o.name.clone()).unwrap_or_default();
        let partner = self.find_op(root, &name, |op| match op {
            Op::Recv { .. } => wanted_sends,
            Op::Send(..) => !wanted_sends,
            Op::Select { .. } => true,
            _ => false,
        });
        let skipped_close = self.find_op(root, &name, |op| match op {
            Op::Close(..) => true,
            Op::Defer(call) => matches!(call.callee, crate::flow::ir::Callee::Close(_)),
            _ => false,
        });
        let (confidence, assumptions) = self.assumptions(&stranding);
        let witness = self.witness(proc, &op, &stranding, origin.as_ref(), on);
        Some(Leak {
            completed_before: done(wanted_sends, Some(proc.id)),
            served: done(!wanted_sends, None),
            op,
            cases,
            origin,
            spawn: proc.spawn.map(|at| self.place(at)),
            root: self.machine.body(root).name.clone(),
            stranding,
            siblings,
            spawned_in_loop,
            partner_in_loop: partner
                .is_some_and(|(b, pc)| self.machine.body(b).in_loop[pc as usize]),
            partner: partner.map(|at| self.place(at)),
            skipped_close: skipped_close.map(|at| self.place(at)),
            witness,
            confidence,
            assumptions,
        })
    }

    /// The operation as the Go runtime would show it.
    fn operation(&self, body_id: BodyId, pc: Pc, act: &Act) -> Option<(Operation, Vec<Operation>)> {
        let body = self.machine.body(body_id);
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
            (Act::Wait(_), _) => (make(OpKind::Wait, span, span, false), Vec::new()),
            _ => (make(OpKind::Call, span, span, false), Vec::new()),
        })
    }

    fn origin(&self, primitive: Option<ObjId>, _body: BodyId, _op: &Operation) -> Option<Origin> {
        let id = primitive?;
        let (site, capacity, symbolic) = match &self.state.heap[id as usize] {
            Obj::Chan { site, cap, .. } => match self.state.norm(cap) {
                Value::Int(n) => (*site, u32::try_from(n).unwrap_or(0), false),
                Value::Sym(sym, offset) => {
                    let hi = self.state.syms[sym as usize].hi.saturating_add(offset);
                    (*site, u32::try_from(hi).unwrap_or(0), true)
                }
                _ => (*site, 0, false),
            },
            Obj::Wait(site, _) | Obj::Context(site, ..) => (*site, 0, false),
            _ => return None,
        };
        let file = self.machine.body(site.body).file;
        let is_constant = (self.text)(file, site.size)
            .bytes()
            .all(|b| b.is_ascii_digit());
        Some(Origin {
            at: Place {
                file,
                span: site.span,
            },
            name: self.name_of(&site),
            in_loop: self.made_in_loop(&site),
            capacity,
            capacity_text: (symbolic || !is_constant).then(|| self.quote(site.body, site.size)),
        })
    }

    fn made_in_loop(&self, site: &Site) -> bool {
        let body = self.machine.body(site.body);
        (0..body.code.len()).any(|pc| body.in_loop[pc] && body.spans[pc].contains(site.span))
    }

    /// The variable or field that a primitive is first put into.
    fn name_of(&self, site: &Site) -> String {
        let body = self.machine.body(site.body);
        for op in &body.code {
            let Op::Set(target, value) = op else { continue };
            if makes(value, site.span) {
                return match target {
                    Target::Var(var) => body.vars[*var as usize].name.to_string(),
                    Target::Place(place) => way_of(place)
                        .and_then(|w| w.field)
                        .map(|f| f.to_string())
                        .unwrap_or_default(),
                    Target::Ignore => String::new(),
                };
            }
            if let Some(name) = field_that_makes(value, site.span) {
                return name;
            }
        }
        String::new()
    }

    /// An operation on the channel of that name in the root and its literals, for the wording of messages.
    fn find_op(
        &self,
        root: BodyId,
        name: &str,
        wanted: impl Fn(&Op) -> bool,
    ) -> Option<(BodyId, Pc)> {
        if name.is_empty() {
            return None;
        }
        let program = self.machine.program;
        for id in program.family(root) {
            let body = self.machine.body(id);
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

    // --- the stranding step ---

    fn stranding(&self, proc: &Proc, candidate: &Candidate) -> Stranding {
        let none = |exit| Stranding {
            exit,
            at: None,
            text: String::new(),
        };
        let others_stuck = candidate.doomed.iter().any(|id| {
            *id != proc.id
                && self
                    .state
                    .procs
                    .iter()
                    .position(|p| p.id == *id)
                    .is_some_and(|q| self.machine.can_help(self.state, q, &self.wants))
        });
        if others_stuck {
            return none(Exit::Stuck);
        }
        let Some(last) = self.events.iter().rposition(|e| e.help) else {
            return none(Exit::Never);
        };
        let Some(event) = self.events.get(last + 1) else {
            return none(Exit::Never);
        };
        self.classify(last + 1, event)
    }

    fn classify(&self, index: usize, event: &Event) -> Stranding {
        let body = self.machine.body(event.at.0);
        let here = |exit| Stranding {
            exit,
            at: Some(self.place(event.at)),
            text: self.quote(event.at.0, body.spans[event.at.1 as usize]),
        };
        match event.what {
            // A case on the very channel is a service, the last one.
            Happening::Sent(Some(_)) | Happening::Received(Some(_))
                if event
                    .on
                    .is_some_and(|id| self.wants.iter().any(|(w, _)| *w == id)) =>
            {
                here(Exit::Done)
            }
            Happening::Sent(Some(case)) | Happening::Received(Some(case)) => {
                self.left_by_case(event, case)
            }
            Happening::Defaulted => here(Exit::Default),
            Happening::Sent(None)
            | Happening::Received(None)
            | Happening::Closed
            | Happening::Synced => here(Exit::Done),
            Happening::Jumped(JumpKind::Goto) => here(Exit::Goto),
            Happening::Jumped(_) => here(Exit::Break),
            Happening::Left(leaving) => here(exit_of(leaving)),
            Happening::FellOff | Happening::Ended | Happening::Spawned(_) | Happening::Local => {
                here(Exit::Done)
            }
            Happening::Decided => self.left_by_branch(index, event),
        }
    }

    fn left_by_case(&self, event: &Event, case: usize) -> Stranding {
        let body = self.machine.body(event.at.0);
        let Some(Op::Select { cases, .. }) = body.code.get(event.at.1 as usize) else {
            return Stranding {
                exit: Exit::Stop,
                at: Some(self.place(event.at)),
                text: String::new(),
            };
        };
        let case = &cases[case];
        let text = self.quote(
            event.at.0,
            Span {
                start: case.clause.start,
                end: case.span.end,
            },
        );
        let channel = (self.text)(body.file, case.ch_span);
        let exit = match event.on.map(|id| &self.state.heap[id as usize]) {
            Some(Obj::Context(..)) => Exit::Context,
            Some(Obj::Chan { .. }) => Exit::Sibling,
            _ if channel.ends_with("Done()") => Exit::Context,
            _ if is_clock(&case.ch, &channel) => Exit::Timer,
            _ => Exit::Stop,
        };
        // A stop channel of the system itself is closed, not sent on.
        let closed = event.on.is_some_and(|id| {
            matches!(
                &self.state.heap[id as usize],
                Obj::Chan { closed: true, .. }
            )
        });
        let exit = if exit == Exit::Sibling && closed {
            Exit::Stop
        } else {
            exit
        };
        let span = Span {
            start: case.clause.start,
            end: case.span.end,
        };
        Stranding {
            exit,
            at: Some(Place {
                file: body.file,
                span,
            }),
            text,
        }
    }

    /// A decision after which the partner was lost: what it did next says how.
    fn left_by_branch(&self, index: usize, event: &Event) -> Stranding {
        let body = self.machine.body(event.at.0);
        let ends_loop = matches!(body.code.get(event.at.1 as usize), Some(Op::RangeNext(..)))
            || body.loop_conds.contains(&event.at.1);
        let next = self.events[index + 1..]
            .iter()
            .filter(|e| e.proc == event.proc);
        for later in next {
            let at = Some(self.place(later.at));
            let text = self.quote(later.at.0, self.place(later.at).span);
            let exit = match later.what {
                Happening::Left(Leaving::Return) | Happening::FellOff if ends_loop => Exit::Done,
                Happening::Left(leaving) => exit_of(leaving),
                Happening::FellOff | Happening::Ended => Exit::Return,
                Happening::Jumped(JumpKind::Goto) => Exit::Goto,
                Happening::Jumped(_) => Exit::Break,
                Happening::Local | Happening::Decided | Happening::Spawned(_) => continue,
                _ => break,
            };
            if exit == Exit::Done {
                break;
            }
            return Stranding { exit, at, text };
        }
        let span = body.spans[event.at.1 as usize];
        let exit = if ends_loop { Exit::Done } else { Exit::Return };
        let span = if ends_loop {
            Span {
                start: span.start,
                end: span.start + 3,
            }
        } else {
            span
        };
        Stranding {
            exit,
            at: Some(Place {
                file: body.file,
                span,
            }),
            text: format!("if {}", self.quote(event.at.0, span)),
        }
    }

    // --- confidence ---

    fn assumptions(&self, _stranding: &Stranding) -> (Confidence, Vec<String>) {
        let mut confidence = Confidence::High;
        let mut assumptions = Vec::new();
        for known in self.state.syms.iter().filter(|k| k.bound) {
            let text = (self.text)(known.origin.0, known.origin.1);
            let text = text.lines().next().unwrap_or_default().trim();
            let name = if text.is_empty() || text.len() > QUOTE {
                "the number of items".to_owned()
            } else if known.length && !text.starts_with("len(") {
                format!("len({text})")
            } else {
                text.to_owned()
            };
            if known.hi <= 0 {
                confidence = Confidence::Low;
                assumptions.push(format!("`{name}` is 0"));
            } else if known.lo >= 2 {
                confidence = confidence.min(Confidence::Medium);
                assumptions.push(format!("`{name}` > {}", known.lo - 1));
            }
        }
        assumptions.sort();
        assumptions.dedup();
        (confidence, assumptions)
    }

    // --- the story ---

    fn witness(
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
                (_, OpKind::Wait) => format!("`{}` is declared", origin.name),
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

    fn case_text(&self, event: &Event, case: usize) -> String {
        match self.machine.body(event.at.0).code.get(event.at.1 as usize) {
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

fn exit_of(leaving: Leaving) -> Exit {
    match leaving {
        Leaving::Panic => Exit::Panic,
        Leaving::Goexit => Exit::Goexit,
        Leaving::No | Leaving::Return => Exit::Return,
    }
}

fn is_clock(ch: &Expr, text: &str) -> bool {
    let _ = Outside::Timer;
    matches!(ch, Expr::Field(_, name) if name == "C")
        || text.starts_with("time.")
        || text.to_ascii_lowercase().contains("time")
        || text.to_ascii_lowercase().contains("tick")
}

fn makes(value: &Expr, span: Span) -> bool {
    match value {
        Expr::MakeChan(_, at, _) | Expr::Zero(_, at) => *at == span,
        Expr::Addr(inner) => makes(inner, span),
        _ => false,
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
