//! Whether a leak rests on how two numbers compare of which nothing in view says how they do.
//!
//! In: a repeated run. Out: whether to tell it. Nothing here decides whether there is a leak.

use super::handed::Handed;
use super::machine::Machine;
use super::state::{Act, Event, Happening, Known, Log, Obj, ObjId, Proc, State, Sym, Value};
use crate::flow::ir::{BodyId, Expr, Pc};
use crate::syntax::ast::BinaryOp;
use rustc_hash::FxHashMap;

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
    touched: Vec<(ObjId, Bound)>,
    /// The numbers that objects were told: capacities, and what was added to wait groups.
    held: Vec<(ObjId, Sym)>,
    /// Numbers drawn from a shared counter that were held against another one nobody followed.
    drawn: Vec<Sym>,
    /// Whether some loop came to its end by its own condition.
    counted_out: bool,
}

impl Tracks {
    /// A goroutine has come to the head of a loop, and goes on or leaves it.
    pub(super) fn at_head(&mut self, proc: u32, head: Head, bounds: &[Bound], goes_on: bool) {
        let under_way = self.under_way.entry(proc).or_default();
        under_way.retain(|(other, _)| *other != head);
        self.counted_out |= !goes_on && !bounds.is_empty();
        if goes_on {
            under_way.extend(bounds.iter().map(|bound| (head, *bound)));
        }
    }

    /// An object has been told a number.
    fn holds(&mut self, object: ObjId, numbers: &[Sym]) {
        self.held.extend(numbers.iter().map(|n| (object, *n)));
    }

    /// Something has happened.
    pub(super) fn note(&mut self, event: &Event) {
        let under_way = self.under_way.entry(event.proc).or_default();
        if let Happening::Left(_) | Happening::FellOff = event.what {
            under_way.retain(|(head, _)| head.0 != event.at.0);
        }
        if let Some(object) = event.on {
            let touched = under_way.iter().map(|(_, bound)| (object, *bound));
            self.touched.extend(touched);
        }
        if let Happening::Spawned(child) = event.what {
            let inherited = under_way.clone();
            self.under_way.insert(child, inherited);
        }
    }
}

impl Machine<'_> {
    /// For the log: how a number drawn from a shared counter compares with another says who draws no more.
    pub(super) fn note_drawn(state: &mut State, op: BinaryOp, left: &Value, right: &Value) {
        let (Value::Sym(a, _), Value::Sym(b, _)) = (left, right) else {
            return;
        };
        let ordered = matches!(
            op,
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge
        );
        if a == b || !ordered {
            return;
        }
        let drawn = [*a, *b]
            .into_iter()
            .find(|sym| state.syms[*sym as usize].drawn);
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
        limits(cond, &mut |limit| {
            let value = self.eval(&mut scratch, proc, limit);
            bounds.extend(numbers(state, &value).into_iter().map(Some));
        });
        bounds
    }

    /// Whether a loop counts up to what is a constant in this run.
    pub(super) fn is_counted(&self, state: &State, proc: usize, cond: &Expr) -> bool {
        let mut scratch = state.scratch();
        let mut counted = false;
        limits(cond, &mut |limit| {
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
    ) -> bool {
        if self.fills_a_room(state, proc, log) {
            self.abstain("unrelated-count");
            return true;
        }
        if self.keeps_count(state, proc, log) || self.counts_the_unknown(state, doomed, log) {
            self.abstain("unknown-count");
            return true;
        }
        false
    }

    /// Whether a stuck send finds no room only because of a number that has nothing to do with the room.
    fn fills_a_room(&self, state: &State, proc: &Proc, log: &Log) -> bool {
        let decided = decided_rooms(state, proc, log);
        rooms(state, proc)
            .into_iter()
            .chain(decided)
            .any(|(id, sym)| {
                if state.syms[sym as usize].large.is_some() {
                    // A function that is run once, for all that is known, sends no such number.
                    return log.counted
                        || self.handed != Handed::Kept
                        || !self.sends_again(state, proc, id, log);
                }
                // A list as long as the room says how many sends there are; another list says nothing about it.
                let others = state.syms.iter().enumerate();
                others
                    .filter(|(other, _)| *other != sym as usize)
                    .any(|(_, known)| known.bound && known.lo >= 2)
            })
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
        let tracks = &log.tracks;
        here || started_in_loop(stuck.id)
            || tracks
                .under_way
                .get(&stuck.id)
                .is_some_and(|l| !l.is_empty())
            || tracks.touched.iter().any(|(touched, _)| *touched == id)
            || log
                .events
                .iter()
                .filter(was_sent)
                .any(|event| in_loop(event.at) || started_in_loop(event.proc))
    }

    /// Whether a number that nobody followed is held against another one: what the stuck goroutines wait for was acted on
    /// as often as it says, and as often as another number says.
    fn counts_the_unknown(&self, state: &State, doomed: &[u32], log: &Log) -> bool {
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
        let in_loops = tracks
            .touched
            .iter()
            .filter(|(id, _)| objects.contains(id))
            .map(|(_, bound)| *bound);
        let sits_in = stuck
            .iter()
            .filter_map(|p| tracks.under_way.get(&p.id))
            .flatten()
            .map(|(_, bound)| *bound);
        let held = tracks.held.iter().filter(|(id, _)| objects.contains(id));
        let held: Vec<Bound> = held.map(|(_, number)| Some(*number)).collect();
        let receives = |p: &&Proc| matches!(p.park, Some((Act::Recv(..), _)));
        // Who leaves early leaves those stuck who hand over what they draw, however many they draw.
        let counts = tracks.counted_out || !held.is_empty() || stuck.iter().any(receives);
        let mut bounds: Vec<Bound> = in_loops.chain(sits_in).chain(held).collect();
        if counts {
            bounds.extend(tracks.drawn.iter().map(|sym| Some(*sym)));
        }
        bounds.sort_unstable();
        bounds.dedup();
        let unknown = |bound: &Bound| {
            bound.is_some_and(|sym| {
                let known = &state.syms[sym as usize];
                known.opaque || known.drawn
            })
        };
        bounds.len() > 1 && bounds.iter().any(unknown)
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

/// Calls `f` on what a condition holds a counter against.
fn limits(cond: &Expr, f: &mut dyn FnMut(&Expr)) {
    match cond {
        Expr::Binary(BinaryOp::Gt | BinaryOp::Ge, limit, ..)
        | Expr::Binary(BinaryOp::Lt | BinaryOp::Le | BinaryOp::Ne | BinaryOp::Eq, _, limit, _) => {
            f(limit);
        }
        Expr::Binary(..) | Expr::Not(..) => cond.children(&mut |child| limits(child, f)),
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
