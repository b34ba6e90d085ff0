//! Steps that others can see: which parked processes can go on, alone or in pairs, and what comes of it.

use super::machine::Machine;
use super::state::{Act, Happening, Obj, ObjId, Outside, State, Value};
use crate::flow::ir::{Op, Target};
use crate::summary::{ANY, Acts, CLOSE, DONE, RECV, RESET, SEND, TOUCHED};
use crate::syntax::ast::BinaryOp;

/// A successor: the processes that took part, and the state (with those processes to be run).
pub struct Successor {
    /// Indices of the processes that moved; empty for a fork on something undecided.
    pub procs: Vec<usize>,
    /// The state after it; `None` when the program ends here.
    pub state: Option<State>,
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
                ch: ch.clone(),
                value: value.clone(),
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
    fn others_act(&self, state: &State, id: ObjId, acts: Acts) -> bool {
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
                cap, buf, closed, ..
            } => {
                if *closed || (!port.send && !buf.is_empty()) {
                    return Readiness::Ready;
                }
                let helps = if port.send { RECV } else { SEND | CLOSE };
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
                        None => Readiness::Undecided(cap.clone(), buf.len() as i64),
                    };
                }
                Readiness::Partner(id)
            }
            Obj::Context(..) => match self.context_ended(state, id) {
                Some(true) => Readiness::Ready,
                Some(false) => Readiness::Outside,
                None => Readiness::Partner(id),
            },
            Obj::Clock(_, true) if state.open[id as usize] & (ANY | RESET) == 0 => {
                Readiness::Partner(id)
            }
            // A clock that ticks, or a value of another kind: what it is was not understood.
            _ => Readiness::Outside,
        }
    }

    /// All successors of a state in which every process is parked or has ended.
    pub fn successors(&self, state: &State) -> Vec<Successor> {
        let ports = Self::ports(state);
        if let Some(fork) = self.undecided(state, &ports) {
            return fork;
        }
        let mut out = Vec::new();
        for proc in 0..state.procs.len() {
            let Some((act, _)) = &state.procs[proc].park else {
                continue;
            };
            match act {
                Act::Close(ch) => out.push(self.close(state, proc, &ch.clone())),
                Act::Cancel(context) => {
                    let context = *context;
                    let mut next = state.clone();
                    if let Obj::Context(_, _, cancelled, _) = &mut next.heap[context as usize] {
                        *cancelled = true;
                    }
                    self.resume(&mut next, proc, Happening::Synced, Some(context));
                    out.push(Successor {
                        procs: vec![proc],
                        state: Some(next),
                    });
                }
                Act::Wait(group) => {
                    if self.wait_over(state, group) {
                        let on = state.object(group);
                        let mut next = state.clone();
                        self.resume(&mut next, proc, Happening::Synced, on);
                        out.push(Successor {
                            procs: vec![proc],
                            state: Some(next),
                        });
                    }
                }
                _ => self.communicate(state, proc, &ports, &mut out),
            }
        }
        out
    }

    fn wait_over(&self, state: &State, group: &Value) -> bool {
        let Some(id) = state.object(group) else {
            return true;
        };
        let Obj::Wait(_, count) = &state.heap[id as usize] else {
            return true;
        };
        state.escaped(id)
            || self.others_act(state, id, DONE)
            || self.compare(state, BinaryOp::Le, &state.norm(count), &Value::Int(0)) != Some(false)
    }

    /// Splits on a capacity or counter that decides whether somebody can go on.
    fn undecided(&self, state: &State, ports: &[Port]) -> Option<Vec<Successor>> {
        let fork = |outcomes: Vec<(State, bool)>| {
            outcomes
                .into_iter()
                .map(|(s, _)| Successor {
                    procs: Vec::new(),
                    state: Some(s),
                })
                .collect()
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
                && let Obj::Wait(_, count) = &state.heap[id as usize]
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

    fn communicate(&self, state: &State, proc: usize, ports: &[Port], out: &mut Vec<Successor>) {
        let mut certain = false;
        for port in ports.iter().filter(|p| p.proc == proc) {
            match self.readiness(state, port) {
                Readiness::Never | Readiness::Undecided(..) => {}
                Readiness::Outside => {
                    out.push(self.alone(state, port));
                    certain |= self.outside_of(&port.ch).is_none() && !is_clock(state, &port.ch);
                }
                Readiness::Ready => {
                    certain = true;
                    out.push(self.alone(state, port));
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
                            out.push(self.together(state, port, other));
                        }
                    }
                }
            }
        }
        if let Some((Act::Select(_, true), _)) = &state.procs[proc].park
            && !certain
        {
            let mut next = state.clone();
            let Some((_, pc)) = next.procs[proc].park else {
                return;
            };
            if let Some(target) = self.select_target(&next, proc, None) {
                if let Some(frame) = next.proc_mut(proc).frames.last_mut() {
                    frame.pc = target;
                }
                next.proc_mut(proc).park = None;
                next.todo.push(proc);
                self.note(&mut next, proc, pc, Happening::Defaulted, None);
            }
            out.push(Successor {
                procs: vec![proc],
                state: Some(next),
            });
        }
    }

    /// A communication that needs no partner of ours.
    fn alone(&self, state: &State, port: &Port) -> Successor {
        let mut next = state.clone();
        let procs = vec![port.proc];
        let id = state.object(&port.ch);
        let mut received = (Value::Unset, Value::Unset);
        // Somebody elsewhere takes what finds no room.
        let room = id.is_some_and(|id| !state.escaped(id))
            && matches!(self.readiness(state, port), Readiness::Ready);
        // Who can do nothing but close it closes it.
        if let Some(id) = id
            && !room
            && self.others_act(state, id, SEND | RECV | CLOSE)
        {
            next.open[id as usize] |= TOUCHED;
        }
        let closes = id.is_some_and(|id| state.open[id as usize] & (ANY | SEND | CLOSE) == CLOSE);
        if let Some(id) = id
            && let Obj::Context(_, _, ended, _) = &mut next.heap[id as usize]
        {
            // Whoever ended it, it stays ended.
            *ended = true;
        }
        if let Some(id) = id
            && let Obj::Chan { buf, closed, .. } = &mut next.heap[id as usize]
        {
            if port.send {
                if *closed {
                    // A send on a closed channel panics.
                    return Successor { procs, state: None };
                }
                if room {
                    buf.push(port.value.clone());
                }
            } else if !buf.is_empty() {
                received = (buf.remove(0), Value::Bool(true));
            } else if *closed || closes {
                *closed = true;
                received = (Value::Nil, Value::Bool(false));
            }
        }
        if port.send && id.is_none_or(|id| state.open[id as usize] & (ANY | RECV) != 0) {
            next.escape(&port.value);
        }
        self.complete(&mut next, port, received);
        Successor {
            procs,
            state: Some(next),
        }
    }

    /// A send and a receive meet.
    fn together(&self, state: &State, sender: &Port, receiver: &Port) -> Successor {
        let mut next = state.clone();
        self.complete(&mut next, sender, (Value::Unset, Value::Unset));
        self.complete(
            &mut next,
            receiver,
            (sender.value.clone(), Value::Bool(true)),
        );
        // Should two goroutines leave a meeting, the sender runs first; the order is explored where it matters.
        Successor {
            procs: vec![sender.proc, receiver.proc],
            state: Some(next),
        }
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

    fn close(&self, state: &State, proc: usize, ch: &Value) -> Successor {
        let procs = vec![proc];
        let mut next = state.clone();
        match state.object(ch) {
            Some(id) => {
                if let Obj::Chan { closed, .. } = &mut next.heap[id as usize] {
                    if *closed {
                        return Successor { procs, state: None };
                    }
                    *closed = true;
                }
                self.resume(&mut next, proc, Happening::Closed, Some(id));
            }
            None if *ch == Value::Nil => return Successor { procs, state: None },
            None => self.resume(&mut next, proc, Happening::Closed, None),
        }
        Successor {
            procs,
            state: Some(next),
        }
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

/// Whether a channel is that of a ticker in view.
fn is_clock(state: &State, ch: &Value) -> bool {
    state
        .object(ch)
        .is_some_and(|id| matches!(state.heap[id as usize], Obj::Clock(..)))
}
