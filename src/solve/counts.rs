//! Whether a leak rests on how two numbers compare of which nothing in view says how they do.
//!
//! In: a repeated run. Out: whether to tell it. Nothing here decides whether there is a leak.

use super::eval::ANY_ROOM;
use super::handed::Handed;
use super::machine::Machine;
use super::state::{Act, Event, Happening, Known, Log, Obj, ObjId, Proc, State, Sym, Value};
use super::witness::Text;
use crate::flow::ir::{Body, BodyId, Expr, Op, Pc, Target};
use crate::syntax::ast::BinaryOp;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What a loop counts up to: a number known by its symbol, or a constant above one.
pub type Bound = Option<Sym>;

/// The head of a loop.
type Head = (BodyId, Pc);

/// Which loops were under way when something happened to an object.
#[derive(Clone, Debug, Default)]
pub struct Tracks {
    /// The loops that each goroutine is in, those of who started it included, with their bounds.
    under_way: FxHashMap<u32, Vec<(Head, Bound)>>,
    /// What happened to an object in a loop.
    touched: Vec<(ObjId, (Head, Bound))>,
    /// The numbers that objects were told: capacities, and what was added to wait groups.
    held: Vec<(ObjId, Sym)>,
    /// Those that have been told a number since a goroutine was started last: nobody but who was there has them.
    alone: Vec<ObjId>,
    /// Numbers drawn from a shared counter that were held against another one nobody followed, and lengths of lists that have
    /// grown too long to follow.
    drawn: Vec<Sym>,
    /// What the loops counted up to that came to their end by their own condition.
    counted_out: Vec<Bound>,
}

impl Tracks {
    /// A goroutine has come to the head of a loop, and goes on or leaves it.
    pub(super) fn at_head(&mut self, proc: u32, head: Head, bounds: &[Bound], goes_on: bool) {
        let under_way = self.under_way.entry(proc).or_default();
        under_way.retain(|(other, _)| *other != head);
        if goes_on {
            under_way.extend(bounds.iter().map(|bound| (head, *bound)));
        } else {
            self.counted_out.extend(bounds);
        }
    }

    /// An object has been told a number.
    fn holds(&mut self, object: ObjId, numbers: &[Sym]) {
        self.held.extend(numbers.iter().map(|n| (object, *n)));
        self.alone.push(object);
    }

    /// Something has happened.
    pub(super) fn note(&mut self, event: &Event) {
        let under_way = self.under_way.entry(event.proc).or_default();
        if let Happening::Left(_) | Happening::FellOff = event.what {
            under_way.retain(|(head, _)| head.0 != event.at.0);
        }
        if let Some(object) = event.on {
            let touched = under_way.iter().map(|counted| (object, *counted));
            self.touched.extend(touched);
        }
        if let Happening::Spawned(child) = event.what {
            self.alone.clear();
            let inherited = under_way.clone();
            self.under_way.insert(child, inherited);
        }
    }
}

impl Machine<'_> {
    /// For the log: how a number drawn from a shared counter compares with another says who draws no more, and how long a list
    /// has grown says that there is enough in it.
    pub(super) fn note_drawn(state: &mut State, op: BinaryOp, left: &Value, right: &Value) {
        let ordered = matches!(
            op,
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge
        );
        let sym = |value: &Value| match value {
            Value::Sym(sym, _) => Some(*sym),
            _ => None,
        };
        let (a, b) = (sym(left), sym(right));
        if a == b {
            return;
        }
        let unknown = a.is_some() && b.is_some();
        let says = |sym: &Sym| {
            let known = &state.syms[*sym as usize];
            known.drawn && (known.length || ordered && unknown)
        };
        let drawn = a.into_iter().chain(b).find(says);
        if let (Some(sym), Some(log)) = (drawn, &mut state.log) {
            log.tracks.drawn.push(sym);
        }
    }

    /// For the log: an object is told a number, which says how much it holds or waits for.
    pub(super) fn holds(state: &mut State, object: ObjId, number: &Value) {
        if state.log.is_none() {
            return;
        }
        let numbers = numbers(state, number);
        if let Some(log) = &mut state.log {
            log.tracks.holds(object, &numbers);
        }
    }

    /// For the log: the numbers that the condition of a loop counts up to.
    pub(super) fn bounds(&self, state: &State, proc: usize, cond: &Expr) -> Vec<Bound> {
        if state.log.is_none() {
            return Vec::new();
        }
        let mut scratch = state.scratch();
        let mut bounds = Vec::new();
        if crate::model::mentions_count(cond) {
            bounds.push(None);
        }
        sides(cond, &mut |counter, limit| {
            let value = self.eval(&mut scratch, proc, limit);
            bounds.extend(numbers(state, &value).into_iter().map(Some));
            // How many entries a map has is a number of its own, which nobody follows.
            if let Expr::Len(..) = counter {
                let value = self.eval(&mut scratch, proc, counter);
                let is_unknown = |sym: &Sym| {
                    state
                        .syms
                        .get(*sym as usize)
                        .is_some_and(|known| known.opaque)
                };
                let numbers = numbers(state, &value).into_iter();
                bounds.extend(numbers.filter(is_unknown).map(Some));
            }
        });
        bounds
    }

    /// Whether a loop counts up to what is a constant in this run.
    pub(super) fn is_counted(&self, state: &State, proc: usize, cond: &Expr) -> bool {
        let mut scratch = state.scratch();
        let mut counted = false;
        sides(cond, &mut |_, limit| {
            let value = self.eval(&mut scratch, proc, limit);
            counted |= matches!(value, Value::Int(n) if n > 1);
        });
        counted
    }

    /// For the log: the numbers that a range over so many items counts up to.
    pub(super) fn range_bounds(state: &State, len: &Value) -> Vec<Bound> {
        if state.log.is_none() {
            return Vec::new();
        }
        let numbers = numbers(state, len);
        if numbers.is_empty() && matches!(len, Value::Int(n) if *n > 1) {
            return vec![None];
        }
        numbers.into_iter().map(Some).collect()
    }

    /// Whether the leak of `proc` rests on how numbers compare that have nothing to do with each other.
    pub(super) fn rests_on_counts(
        &self,
        state: &State,
        proc: &Proc,
        doomed: &[u32],
        log: &Log,
        text: &Text<'_>,
    ) -> bool {
        if self.fills_a_room(state, proc, log) {
            self.abstain("unrelated-count");
            return true;
        }
        if self.waits_by_a_count(state, doomed) {
            self.abstain("unknown-capacity");
            return true;
        }
        if self.keeps_count(state, proc, log) || self.counts_the_unknown(state, doomed, log, text) {
            self.abstain("unknown-count");
            return true;
        }
        false
    }

    /// Whether somebody is stuck at a channel of any room: how many values come there is a matter of the same number, most of
    /// the time.
    fn waits_by_a_count(&self, state: &State, doomed: &[u32]) -> bool {
        let stuck = state.procs.iter().filter(|p| doomed.contains(&p.id));
        let acts = stuck.filter_map(|p| p.park.as_ref());
        acts.flat_map(|(act, _)| Self::waits_for(act))
            .filter_map(|ch| state.object(ch))
            .any(|id| matches!(&state.heap[id as usize], Obj::Chan { cap, .. } if *cap == ANY_ROOM))
    }

    /// Whether a stuck send finds no room only because of a number that has nothing to do with the room.
    fn fills_a_room(&self, state: &State, proc: &Proc, log: &Log) -> bool {
        let decided = decided_rooms(state, proc, log);
        rooms(state, proc)
            .into_iter()
            .chain(decided)
            .any(|(id, sym)| {
                if let Some(room) = state.syms[sym as usize].large {
                    // A function that is run once, for all that is known, sends no such number.
                    return log.counted
                        || self.handed != Handed::Kept
                        || !self.sends_again(state, proc, id, log)
                        || log.keeps_within(state, proc, room)
                        || log.fills_alone(proc, id) && !log.tracks.is_counted(proc, id);
                }
                if log.fills_alone(proc, id) {
                    return true;
                }
                // A semaphore is there for more than find room at once.
                if self.takes_a_slot(proc) {
                    return false;
                }
                // A list as long as the room says how many sends there are; another list says nothing about it.
                let others = state.syms.iter().enumerate();
                others
                    .filter(|(other, _)| *other != sym as usize)
                    .any(|(_, known)| known.bound && known.lo >= 2)
            })
    }

    /// Whether a process waits for a slot of a semaphore: it sends what means nothing, and what is received there is thrown away.
    fn takes_a_slot(&self, proc: &Proc) -> bool {
        let Some((body, pc)) = proc.site() else {
            return false;
        };
        let code = self.source(body);
        let Some(Op::Send(slots, _, Expr::Struct(_, content, ..))) = code.code.get(pc as usize)
        else {
            return false;
        };
        let Some(name) = name_of(code, slots).filter(|_| content.is_empty()) else {
            return false;
        };
        let gives_back = |body: &Arc<Body>| {
            body.code.iter().any(|op| match op {
                Op::Recv {
                    ch,
                    dests,
                    range: false,
                    ..
                } => *dests == [Target::Ignore, Target::Ignore] && name_of(body, ch) == Some(name),
                _ => false,
            })
        };
        self.program.bodies.iter().any(gives_back)
    }

    /// Whether some send on a channel stands where one comes by as often as one likes.
    fn sends_again(&self, state: &State, stuck: &Proc, id: ObjId, log: &Log) -> bool {
        let in_loop = |(body, pc): (BodyId, Pc)| {
            let body = self.source(body);
            // Callers elsewhere call as often as they like.
            !body.client.is_empty() || body.in_loop.get(pc as usize) == Some(&true)
        };
        let was_sent =
            |event: &&Event| event.on == Some(id) && matches!(event.what, Happening::Sent(_));
        let started_in_loop = |proc: u32| {
            let proc = state.procs.iter().find(|p| p.id == proc);
            proc.and_then(|p| p.spawn).is_some_and(in_loop)
        };
        let here = stuck.frames.iter().rev().enumerate().any(|(depth, frame)| {
            // Callers stand behind their call.
            in_loop((frame.body, frame.pc.saturating_sub(u32::from(depth > 0))))
        });
        here || started_in_loop(stuck.id)
            || log.tracks.is_counted(stuck, id)
            || log
                .events
                .iter()
                .filter(was_sent)
                .any(|event| in_loop(event.at) || started_in_loop(event.proc))
    }

    /// Whether a number that nobody followed is held against another one: what the stuck goroutines wait for was acted on
    /// as often as it says, and as often as another number says.
    fn counts_the_unknown(
        &self,
        state: &State,
        doomed: &[u32],
        log: &Log,
        text: &Text<'_>,
    ) -> bool {
        let stuck: Vec<&Proc> = state
            .procs
            .iter()
            .map(AsRef::as_ref)
            .filter(|p| doomed.contains(&p.id))
            .collect();
        let mut objects: Vec<ObjId> = Vec::new();
        for proc in &stuck {
            let wants = self.wants(state, proc).unwrap_or_default();
            objects.extend(wants.iter().map(|(id, _)| *id));
        }
        let tracks = &log.tracks;
        let in_loops = tracks.touched.iter();
        let in_loops = in_loops.filter(|(id, _)| objects.contains(id));
        let sits_in = stuck.iter().filter_map(|p| tracks.under_way.get(&p.id));
        let loops = in_loops.map(|(_, counted)| counted);
        let loops = loops.chain(sits_in.flatten());
        let mut counted: Vec<(Option<Head>, Bound)> =
            loops.map(|(head, bound)| (Some(*head), *bound)).collect();
        let held = tracks.held.iter().filter(|(id, _)| objects.contains(id));
        counted.extend(held.map(|(_, number)| (None, Some(*number))));
        let is_told = counted.iter().any(|(head, _)| head.is_none());
        let receives = |p: &&Proc| matches!(p.park, Some((Act::Recv(..), _)));
        // Who leaves early leaves those stuck who hand over what they draw, however many they draw.
        let counted_out = !tracks.counted_out.is_empty();
        let counts = counted_out || is_told || stuck.iter().any(receives);
        // What was told a number may wait for as many as a loop has started, or has not.
        let waits = stuck
            .iter()
            .any(|p| matches!(p.park, Some((Act::Wait(_), _))));
        if waits {
            counted.extend(tracks.counted_out.iter().map(|bound| (None, *bound)));
        }
        if counts {
            counted.extend(tracks.drawn.iter().map(|sym| (None, Some(*sym))));
        }
        let mut bounds: Vec<Bound> = counted.iter().map(|(_, bound)| *bound).collect();
        bounds.sort_unstable();
        bounds.dedup();
        let unknown = |bound: &Bound| {
            bound.is_some_and(|sym| {
                let known = &state.syms[sym as usize];
                known.opaque || known.drawn
            })
        };
        bounds.len() > 1 && (bounds.iter().any(unknown) || are_asked_alike(state, &counted, text))
    }
}

impl Log {
    /// Whether a goroutine fills a channel that it has made and that nobody else has had: it has made as much room as it needs,
    /// as whoever has to hand it on first does.
    fn fills_alone(&self, proc: &Proc, id: ObjId) -> bool {
        let by_others = |event: &Event| event.on == Some(id) && event.proc != proc.id;
        self.tracks.alone.contains(&id) && !self.events.iter().any(by_others)
    }

    /// Whether a goroutine is in a loop of no more turns than there is room for.
    fn keeps_within(&self, state: &State, proc: &Proc, room: i64) -> bool {
        let of = self.tracks.under_way.get(&proc.id).into_iter().flatten();
        of.filter_map(|(_, bound)| *bound)
            .map(|sym| &state.syms[sym as usize])
            // A loop that came to its end before has said the very number, which stands for any other.
            .any(|known| known.lo < known.hi && known.hi <= room)
    }
}

impl Tracks {
    /// Whether what a goroutine sends on a channel is counted, by a loop up to some number.
    fn is_counted(&self, proc: &Proc, id: ObjId) -> bool {
        let loops = self.under_way.get(&proc.id);
        loops.is_some_and(|loops| !loops.is_empty())
            || self.touched.iter().any(|(touched, _)| *touched == id)
    }
}

/// Whether two of these numbers are what the same call was answered, such as `v.NumField()` in the heads of two loops.
fn are_asked_alike(state: &State, counted: &[(Option<Head>, Bound)], text: &Text<'_>) -> bool {
    let answers = counted.iter().filter_map(|(head, bound)| {
        let sym = (*bound)?;
        let known = &state.syms[sym as usize];
        let told = (!known.length).then(|| text(known.origin.0, known.origin.1))?;
        told.ends_with(')').then_some((head, sym, told))
    });
    let answers: Vec<_> = answers.collect();
    answers.iter().enumerate().any(|(at, (head, sym, told))| {
        let mut others = answers[..at].iter();
        // A loop asks in each turn.
        others.any(|(other, another, same)| other != head && another != sym && same == told)
    })
}

/// The name by which a body knows a channel: that of the field which keeps it, or else of the variable.
fn name_of<'b>(body: &'b Body, ch: &'b Expr) -> Option<&'b str> {
    match ch {
        Expr::Field(_, name) => Some(name),
        Expr::Var(var) => Some(&body.vars[*var as usize].name)
            .filter(|name| !name.is_empty())
            .map(|name| &**name),
        _ => None,
    }
}

/// The numbers that a value may be: a decided one shows as a constant.
fn numbers(state: &State, value: &Value) -> Vec<Sym> {
    match value {
        Value::Sym(sym, _) => Vec::from_iter(((*sym as usize) < state.syms.len()).then_some(*sym)),
        Value::Int(n) if *n > 0 => {
            let is_that = |known: &Known| known.bound && known.lo == *n && known.hi == *n;
            (0..state.syms.len() as Sym)
                .filter(|sym| is_that(&state.syms[*sym as usize]))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Calls `f` on the counters in a condition, each with what it is held against.
fn sides(cond: &Expr, f: &mut dyn FnMut(&Expr, &Expr)) {
    match cond {
        Expr::Binary(BinaryOp::Gt | BinaryOp::Ge, limit, counter, _)
        | Expr::Binary(
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Ne | BinaryOp::Eq,
            counter,
            limit,
            _,
        ) => f(counter, limit),
        Expr::Binary(..) | Expr::Not(..) => cond.children(&mut |child| sides(child, f)),
        _ => {}
    }
}

/// The channels of unknown capacity that a process waits to send on, and their capacities.
pub(super) fn rooms(state: &State, proc: &Proc) -> Vec<(ObjId, Sym)> {
    let room = |id: ObjId| match &state.heap[id as usize] {
        Obj::Chan {
            cap: Value::Sym(sym, _),
            ..
        } => Some((id, *sym)),
        _ => None,
    };
    sent_on(state, proc).into_iter().filter_map(room).collect()
}

/// The same for capacities that were decided later, as by a loop that counts up to them.
fn decided_rooms(state: &State, proc: &Proc, log: &Log) -> Vec<(ObjId, Sym)> {
    let channels = sent_on(state, proc);
    let decided = |id: ObjId| {
        let obj = &state.heap[id as usize];
        matches!(
            obj,
            Obj::Chan {
                cap: Value::Int(_),
                ..
            }
        )
    };
    let held = log.tracks.held.iter();
    held.filter(|(id, _)| channels.contains(id) && decided(*id))
        .copied()
        .collect()
}

/// The channels that a process waits to send on.
fn sent_on(state: &State, proc: &Proc) -> Vec<ObjId> {
    let Some((act, _)) = &proc.park else {
        return Vec::new();
    };
    let channels: Vec<&Value> = match act {
        Act::Send(ch, _) => vec![ch],
        Act::Select(cases, _) => {
            let sends = cases.iter().filter(|(send, ..)| *send);
            sends.map(|(_, ch, _)| ch).collect()
        }
        _ => Vec::new(),
    };
    let channels = channels.into_iter();
    channels.filter_map(|ch| state.object(ch)).collect()
}
