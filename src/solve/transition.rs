//! Steps that others can see: which parked processes can go on, alone or in pairs, and what comes of it.

use super::machine::Machine;
use super::prospects::Prospects;
use super::shared::List;
use super::state::{Act, Clock, Happening, Obj, ObjId, Outside, State, Value, Wish};
use crate::flow::ir::{Op, Target};
use crate::summary::{ANY, Acts, CLOSE, DONE, RECV, RESET, SEND, SIGNAL, TOUCHED};
use crate::syntax::ast::BinaryOp;

/// A step that others can see.
pub struct Move {
    step: Step,
}

enum Step {
    /// A fork on something undecided, one way.
    Decided(State),
    /// A process goes past a call it was parked at.
    Close(usize, Value),
    Cancel(usize, ObjId),
    Wait(usize, Option<ObjId>),
    /// A group has room for one more goroutine: who waits to start it tries again.
    Room(usize),
    Lock(usize, ObjId, Wish),
    /// Somebody out of view signals the condition that a process waits for.
    Woken(usize),
    /// Who wants a lock for writing keeps out who comes to read.
    KeepOut(usize, ObjId),
    /// A select goes by its default.
    Default(usize),
    /// A communication that needs no partner of ours.
    Alone(Port),
    /// A send and a receive meet.
    Together(Port, Port),
    /// A request is taken up at one of the places for that.
    TakenUp(Port, usize),
    /// A process leaves the system for good.
    Elsewhere(usize),
}

impl Move {
    /// Indices of the processes that move; none for a fork on something undecided.
    pub fn procs(&self) -> impl Iterator<Item = usize> {
        let (first, second) = match &self.step {
            Step::Decided(_) => (None, None),
            Step::Close(proc, _)
            | Step::Cancel(proc, _)
            | Step::Wait(proc, _)
            | Step::Room(proc)
            | Step::Lock(proc, ..)
            | Step::Woken(proc)
            | Step::KeepOut(proc, _)
            | Step::Default(proc)
            | Step::Elsewhere(proc) => (Some(*proc), None),
            Step::Alone(port) | Step::TakenUp(port, _) => (Some(port.proc), None),
            Step::Together(sender, receiver) => (Some(sender.proc), Some(receiver.proc)),
        };
        first.into_iter().chain(second)
    }

    /// Whether it decides something and moves nobody.
    pub fn is_fork(&self) -> bool {
        matches!(self.step, Step::Decided(_))
    }
}

/// One side of a communication.
#[derive(Clone, Debug)]
struct Port {
    proc: usize,
    case: Option<usize>,
    send: bool,
    ch: Value,
    value: Value,
}

/// What a channel operand is at the moment.
enum Readiness {
    /// It never is: a nil channel.
    Never,
    /// Somebody outside serves it.
    Outside,
    /// Ready by itself: room, a buffered value, a close.
    Ready,
    /// It needs a partner.
    Partner(ObjId),
    /// Whether there is room is undecided.
    Undecided(Value, i64),
}

impl Machine<'_> {
    fn ports(state: &State) -> Vec<Port> {
        let mut ports = Vec::new();
        for (proc, p) in state.procs.iter().enumerate() {
            let Some((act, _)) = &p.park else { continue };
            let port = |case, send, ch: &Value, value: &Value| Port {
                proc,
                case,
                send,
                ch: *ch,
                value: *value,
            };
            match act {
                Act::Send(ch, value) => ports.push(port(None, true, ch, value)),
                Act::Recv(ch, _) => ports.push(port(None, false, ch, &Value::Nil)),
                Act::Select(cases, _) => {
                    for (i, (send, ch, value)) in cases.iter().enumerate() {
                        ports.push(port(Some(i), *send, ch, value));
                    }
                }
                _ => {}
            }
        }
        ports
    }

    /// Whether code elsewhere may do one of these; a client's calls are looked at one by one.
    pub(super) fn others_act(&self, state: &State, id: ObjId, acts: Acts) -> bool {
        state.exposure.client.is_none() && state.open[id as usize] & acts != 0
    }

    fn readiness(&self, state: &State, port: &Port) -> Readiness {
        match self.outside_of(&port.ch) {
            Some(Outside::Never) => return Readiness::Never,
            Some(_) => return Readiness::Outside,
            None => {}
        }
        let Some(id) = state.object(&port.ch) else {
            return Readiness::Never;
        };
        match &state.heap[id as usize] {
            Obj::Chan {
                cap,
                buf,
                closed,
                pipe,
                ..
            } => {
                if *closed || (!port.send && !buf.is_empty()) {
                    return Readiness::Ready;
                }
                let helps = helps(port.send, pipe.is_some());
                if state.escaped(id) || self.others_act(state, id, helps) {
                    return Readiness::Outside;
                }
                if port.send {
                    let room = self.compare(
                        state,
                        BinaryOp::Gt,
                        &state.norm(cap),
                        &Value::Int(buf.len() as i64),
                    );
                    return match room {
                        Some(true) => Readiness::Ready,
                        Some(false) => Readiness::Partner(id),
                        None => Readiness::Undecided(*cap, buf.len() as i64),
                    };
                }
                Readiness::Partner(id)
            }
            Obj::Context(..) => match self.context_ended(state, id) {
                Some(true) => Readiness::Ready,
                Some(false) => Readiness::Outside,
                None => Readiness::Partner(id),
            },
            // Who would stop a timer before it fires.
            Obj::Clock(_, Clock::Fired | Clock::Disarmed) if port.send => Readiness::Never,
            Obj::Clock(_, clock)
                if clock.is_silent() && state.open[id as usize] & (ANY | RESET) == 0 =>
            {
                Readiness::Partner(id)
            }
            // A clock that ticks, or a value of another kind: what it is was not understood.
            _ => Readiness::Outside,
        }
    }

    /// All moves from a state in which every process is parked or has ended.
    pub fn moves(&self, state: &State) -> Vec<Move> {
        let ports = Self::ports(state);
        if let Some(fork) = self.undecided(state, &ports) {
            return fork;
        }
        let mut out = Vec::new();
        let mut add = |step| out.push(Move { step });
        for (proc, process) in state.procs.iter().enumerate() {
            let Some((act, _)) = &process.park else {
                continue;
            };
            if self.is_elsewhere(state, proc) {
                add(Step::Elsewhere(proc));
                continue;
            }
            match act {
                Act::Close(ch) => add(Step::Close(proc, *ch)),
                Act::Cancel(context) => add(Step::Cancel(proc, *context)),
                Act::Pause => add(Step::Wait(proc, None)),
                Act::Wait(group) => {
                    if self.wait_over(state, proc, group) {
                        add(Step::Wait(proc, state.object(group)));
                    }
                }
                Act::Room(group) => {
                    if self.has_room(state, group) {
                        add(Step::Room(proc));
                    }
                }
                Act::Lock(lock, wish) => {
                    let Some(id) = state.object(lock) else {
                        continue;
                    };
                    if Self::is_free(state, id, *wish) {
                        add(Step::Lock(proc, id, *wish));
                    } else if *wish == Wish::Write && Self::is_read(state, id) {
                        add(Step::KeepOut(proc, id));
                    }
                }
                Act::Cond(cond) => {
                    // Somebody out of view signals it.
                    let outside =
                        |id: ObjId| state.escaped(id) || self.others_act(state, id, SIGNAL);
                    if state.object(cond).is_some_and(outside) {
                        add(Step::Woken(proc));
                    }
                }
                _ => self.communicate(state, proc, &ports, &mut add),
            }
        }
        out
    }

    /// Whether the program ends with a move: a send on a closed channel, a close of a closed or nil one.
    pub fn ends_program(&self, state: &State, step: &Move) -> bool {
        let is_closed = |ch: &Value| {
            state.object(ch).is_some_and(|id| {
                let obj = &state.heap[id as usize];
                matches!(
                    obj,
                    Obj::Chan {
                        closed: true,
                        pipe: None,
                        ..
                    }
                )
            })
        };
        match &step.step {
            Step::Alone(port) => port.send && is_closed(&port.ch),
            Step::Close(_, ch) => *ch == Value::Nil || is_closed(ch),
            _ => false,
        }
    }

    /// The state after a move that does not end the program, with the processes that moved to be run.
    pub fn perform(&self, mut state: State, step: Move) -> State {
        match step.step {
            Step::Decided(decided) => return decided,
            Step::Close(proc, ch) => {
                let id = state.object(&ch);
                if let Some(id) = id
                    && let Obj::Chan { closed, .. } = &mut state.heap[id as usize]
                {
                    *closed = true;
                }
                self.resume(&mut state, proc, Happening::Closed, id);
            }
            Step::Cancel(proc, context) => {
                if let Obj::Context(_, _, cancelled, _) = &mut state.heap[context as usize] {
                    *cancelled = true;
                }
                self.resume(&mut state, proc, Happening::Synced, Some(context));
            }
            Step::Wait(proc, on) => self.resume(&mut state, proc, Happening::Synced, on),
            Step::Room(proc) => {
                if let Some((_, pc)) = state.proc_mut(proc).park.take() {
                    Self::go_to(&mut state, proc, pc);
                    state.todo.push(proc);
                }
            }
            Step::Lock(proc, id, wish) => {
                Self::hold(&mut state, id, wish);
                self.resume(&mut state, proc, Happening::Locked, Some(id));
            }
            Step::Woken(proc) => Self::wake(&mut state, proc),
            Step::KeepOut(proc, id) => Self::keep_out(&mut state, proc, id),
            Step::Default(proc) => self.default(&mut state, proc),
            Step::Alone(port) => self.alone(&mut state, &port),
            Step::Together(sender, receiver) => self.together(&mut state, &sender, &receiver),
            Step::TakenUp(port, at) => {
                self.complete(&mut state, &port, (Value::Unset, Value::Unset));
                self.take_up(&mut state, at, port.value);
            }
            Step::Elsewhere(proc) => {
                let process = state.proc_mut(proc);
                process.park = None;
                process.frames = List::from_iter([]);
            }
        }
        state
    }

    /// The state that a move leads to, if the program goes on.
    pub fn after(&self, state: State, step: Move) -> Option<State> {
        (!self.ends_program(&state, &step)).then(|| self.perform(state, step))
    }

    fn wait_over(&self, state: &State, proc: usize, group: &Value) -> bool {
        let Some(id) = state.object(group) else {
            return true;
        };
        let Obj::Wait(_, count, _) = &state.heap[id as usize] else {
            return true;
        };
        let counted =
            self.compare(state, BinaryOp::Le, &state.norm(count), &Value::Int(0)) != Some(false);
        if counted || state.escaped(id) {
            return true;
        }
        if state.is_shared(id) {
            // Somebody out of view counts it down, where nobody in view is left to do so.
            let prospects = Prospects::new(self, state);
            let wanted = vec![(id, DONE)];
            let mut others = (0..state.procs.len()).filter(|q| *q != proc);
            return !others.any(|q| !state.procs[q].ended() && prospects.can_help(q, &wanted));
        }
        self.others_act(state, id, DONE)
    }

    /// Splits on a capacity or counter that decides whether somebody can go on.
    fn undecided(&self, state: &State, ports: &[Port]) -> Option<Vec<Move>> {
        let fork = |outcomes: Vec<(State, bool)>| {
            let decided = outcomes.into_iter().map(|(state, _)| Move {
                step: Step::Decided(state),
            });
            decided.collect()
        };
        for port in ports {
            if let Readiness::Undecided(cap, len) = self.readiness(state, port) {
                return Some(fork(self.decide_comparison(
                    state.clone(),
                    BinaryOp::Gt,
                    &cap,
                    &Value::Int(len),
                    true,
                )));
            }
        }
        for proc in &state.procs {
            if let Some((Act::Wait(group), _)) = &proc.park
                && let Some(id) = state.object(group)
                && let Obj::Wait(_, count, _) = &state.heap[id as usize]
                && !state.escaped(id)
            {
                let count = state.norm(count);
                if self
                    .compare(state, BinaryOp::Le, &count, &Value::Int(0))
                    .is_none()
                {
                    let outcomes = self.decide_comparison(
                        state.clone(),
                        BinaryOp::Le,
                        &count,
                        &Value::Int(0),
                        true,
                    );
                    if outcomes.len() > 1 {
                        return Some(fork(outcomes));
                    }
                }
            }
        }
        None
    }

    fn communicate(&self, state: &State, proc: usize, ports: &[Port], add: &mut impl FnMut(Step)) {
        let mut certain = false;
        for port in ports.iter().filter(|p| p.proc == proc) {
            match self.readiness(state, port) {
                Readiness::Never | Readiness::Undecided(..) => {}
                Readiness::Outside => {
                    let takers = if port.send {
                        self.takers(state, (port.proc, port.case), &port.value)
                    } else {
                        Vec::new()
                    };
                    if takers.is_empty() {
                        add(Step::Alone(port.clone()));
                    }
                    for taker in takers {
                        add(Step::TakenUp(port.clone(), taker));
                    }
                    // A context ends and a clock ticks some time: no poll is sure to come late enough.
                    certain |=
                        self.outside_of(&port.ch).is_none() && !has_its_time(state, &port.ch);
                }
                Readiness::Ready => {
                    certain = true;
                    add(Step::Alone(port.clone()));
                }
                Readiness::Partner(id) => {
                    for other in ports
                        .iter()
                        .filter(|o| o.proc != proc && o.send != port.send)
                    {
                        if state.object(&other.ch) != Some(id) {
                            continue;
                        }
                        // When a partner arrives nobody can see, so that a `default` stays possible. Each pair once: from the sender's side.
                        if port.send {
                            add(Step::Together(port.clone(), other.clone()));
                        }
                    }
                }
            }
        }
        if let Some((Act::Select(_, true), _)) = &state.procs[proc].park
            && !certain
        {
            add(Step::Default(proc));
        }
    }

    /// A select goes by its default.
    fn default(&self, state: &mut State, proc: usize) {
        let Some((act, pc)) = state.procs[proc].park.clone() else {
            return;
        };
        // A timer that is stopped once more, as in `stop_timer`.
        if let Act::Select(cases, _) = &act
            && let [(true, clock, _)] = cases.as_slice()
            && let Some(id) = state.object(clock)
            && let Obj::Clock(_, clock @ Clock::Disarmed) = &mut state.heap[id as usize]
        {
            *clock = Clock::Fired;
        }
        if let Some(target) = self.select_target(state, proc, None) {
            let process = state.proc_mut(proc);
            process.park = None;
            if let Some(frame) = process.frames.last_mut() {
                frame.pc = target;
            }
            state.todo.push(proc);
            self.note(state, proc, pc, Happening::Defaulted, None);
        }
    }

    /// A communication that needs no partner of ours.
    fn alone(&self, state: &mut State, port: &Port) {
        let id = state.object(&port.ch);
        let mut received = (Value::Unset, Value::Unset);
        // Somebody elsewhere takes what finds no room.
        let room = id.is_some_and(|id| !state.escaped(id))
            && matches!(self.readiness(state, port), Readiness::Ready);
        let open = id.map(|id| state.open[id as usize]);
        // Who can do nothing but close it closes it.
        if let Some(id) = id
            && !room
            && self.others_act(state, id, SEND | RECV | CLOSE)
        {
            state.open[id as usize] |= TOUCHED;
        }
        let closes = open.is_some_and(|open| open & (ANY | SEND | CLOSE) == CLOSE);
        match id.map(|id| (id, &state.heap[id as usize])) {
            Some((id, Obj::Context(..))) => {
                if let Obj::Context(_, _, ended, _) = &mut state.heap[id as usize] {
                    // Whoever ended it, it stays ended.
                    *ended = true;
                }
            }
            Some((id, Obj::Clock(_, Clock::Set))) => {
                if let Obj::Clock(_, clock) = &mut state.heap[id as usize] {
                    *clock = if port.send {
                        Clock::Disarmed
                    } else {
                        Clock::Fired
                    };
                }
            }
            Some((id, Obj::Chan { .. })) => {
                if let Obj::Chan {
                    buf, closed, pipe, ..
                } = &mut state.heap[id as usize]
                {
                    if pipe.is_some() && port.send {
                        *closed |= open.is_some_and(|open| open & (ANY | RECV | CLOSE) == CLOSE);
                        *pipe = Some(true);
                    } else if port.send {
                        if room {
                            buf.push(port.value);
                        }
                    } else if !buf.is_empty() {
                        received = (buf.remove(0), Value::Bool(true));
                    } else if *closed || closes {
                        *closed = true;
                        received = (Value::Nil, Value::Bool(false));
                    }
                }
            }
            _ => {}
        }
        if port.send && open.is_none_or(|open| open & (ANY | RECV) != 0) {
            state.escape(&port.value);
        }
        self.complete(state, port, received);
    }

    /// A send and a receive meet.
    fn together(&self, state: &mut State, sender: &Port, receiver: &Port) {
        if let Some(id) = state.object(&sender.ch)
            && let Obj::Chan {
                pipe: pipe @ Some(false),
                ..
            } = &mut state.heap[id as usize]
        {
            *pipe = Some(true);
        }
        self.complete(state, sender, (Value::Unset, Value::Unset));
        // Should two goroutines leave a meeting, the sender runs first; the order is explored where it matters.
        self.complete(state, receiver, (sender.value, Value::Bool(true)));
    }

    fn select_target(&self, state: &State, proc: usize, case: Option<usize>) -> Option<u32> {
        let frame = state.procs[proc].frames.last()?;
        match self.body(frame.body).code.get(frame.pc as usize)? {
            Op::Select { cases, default } => match case {
                Some(case) => cases.get(case).map(|c| c.target),
                None => *default,
            },
            _ => None,
        }
    }

    /// Moves a process past its communication.
    fn complete(&self, state: &mut State, port: &Port, (value, ok): (Value, Value)) {
        let proc = port.proc;
        let Some((act, pc)) = state.proc_mut(proc).park.take() else {
            return;
        };
        let Some(frame) = state.procs[proc].frames.last() else {
            return;
        };
        let body = self.body(frame.body);
        let is_range = matches!(act, Act::Recv(_, true));
        let (dests, target): (Vec<Target>, u32) = match &body.code[frame.pc as usize] {
            Op::Recv { dests, .. } => (dests.to_vec(), frame.pc + 1),
            Op::Select { cases, .. } => match port.case.and_then(|c| cases.get(c)) {
                Some(case) => (case.dests.to_vec(), case.target),
                None => (Vec::new(), frame.pc + 1),
            },
            _ => (Vec::new(), frame.pc + 1),
        };
        let span = body.spans[pc as usize];
        let file = body.file;
        if !port.send {
            for (index, known) in [value, ok].into_iter().enumerate() {
                let Some(dest) = dests.get(index) else {
                    continue;
                };
                let known = match (known, index) {
                    (Value::Unset, 1) if is_range && matches!(port.ch, Value::Out(_)) => {
                        Value::Bool(true)
                    }
                    // Nobody closes the channel of a clock.
                    (Value::Unset, 1) if is_clock(state, &port.ch) => Value::Bool(true),
                    (Value::Unset, _) => state.symbol(file, span),
                    (known, _) => known,
                };
                self.assign(state, proc, dest, known);
            }
        }
        if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
            frame.pc = target;
        }
        state.todo.push(proc);
        let what = if port.send {
            Happening::Sent(port.case)
        } else {
            Happening::Received(port.case)
        };
        let on = state.object(&port.ch);
        self.note(state, proc, pc, what, on);
    }

    /// Moves a process past a call that it was parked at.
    fn resume(&self, state: &mut State, proc: usize, what: Happening, on: Option<ObjId>) {
        let Some((_, pc)) = state.proc_mut(proc).park.take() else {
            return;
        };
        state.todo.push(proc);
        self.note(state, proc, pc, what, on);
    }
}

/// What others can do to let a send or a receive go on: a close ends either where it is one on a pipe.
pub(super) fn helps(send: bool, pipe: bool) -> Acts {
    match (send, pipe) {
        (true, false) => RECV,
        (true, true) => RECV | CLOSE,
        (false, _) => SEND | CLOSE,
    }
}

/// Whether a channel is that of a context or a ticker in view.
fn has_its_time(state: &State, ch: &Value) -> bool {
    state
        .object(ch)
        .is_some_and(|id| matches!(state.heap[id as usize], Obj::Clock(..) | Obj::Context(..)))
}

/// Whether a channel is that of a ticker in view.
fn is_clock(state: &State, ch: &Value) -> bool {
    state
        .object(ch)
        .is_some_and(|id| matches!(state.heap[id as usize], Obj::Clock(..)))
}
