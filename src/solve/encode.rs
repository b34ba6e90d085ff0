//! The identity of a state: a hash that does not depend on how objects and symbols are numbered, on variables nobody
//! reads any more, or on the order in which like goroutines were started.

use super::machine::Machine;
use super::reads::Ahead;
use super::state::{Act, Called, Leaving, Obj, ObjId, Prepared, Proc, State, Sym, Value};
use crate::syntax::ast::Name;
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

/// A 128-bit hash: two states with the same one are taken to be the same.
pub type Identity = (u64, u64);

/// Room for numbers, kept from one state to the next.
#[derive(Default)]
pub struct Numbers {
    /// One more than the number of each object, in the order in which they come up.
    objects: Vec<u32>,
    symbols: Vec<u32>,
    order: Vec<ObjId>,
    /// The symbols, each with the offset at which it came up first: a number nobody knows, plus one, is another such
    /// number, so a loop that counts comes back to where it was.
    symbol_order: Vec<(Sym, i64)>,
}

struct Encoder<'s> {
    state: &'s State,
    numbers: &'s mut Numbers,
    /// What may still be read; everything when nobody has looked.
    ahead: Option<&'s Ahead<'s>>,
    /// How many of the numbered objects have been described.
    described: usize,
    one: FxHasher,
    two: FxHasher,
}

impl<'s> Encoder<'s> {
    fn new(state: &'s State, numbers: &'s mut Numbers, ahead: Option<&'s Ahead<'s>>) -> Self {
        numbers.objects.clear();
        numbers.objects.resize(state.heap.len(), 0);
        numbers.symbols.clear();
        numbers.symbols.resize(state.syms.len(), 0);
        numbers.order.clear();
        numbers.symbol_order.clear();
        Self {
            state,
            numbers,
            ahead,
            described: 0,
            one: FxHasher::default(),
            two: FxHasher::default(),
        }
    }

    fn word(&mut self, word: u64) {
        self.one.write_u64(word);
        // A second, independent stream: the same words, mixed differently.
        self.two
            .write_u64(word.rotate_left(23) ^ 0x9e37_79b9_7f4a_7c15);
    }

    fn text(&mut self, text: &str) {
        let bytes = text.as_bytes();
        self.word(bytes.len() as u64);
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.word(u64::from_le_bytes(word));
        }
    }

    fn name(&mut self, name: &Name) {
        match self.ahead.and_then(|ahead| ahead.number(name)) {
            Some(number) => self.word(u64::from(number)),
            None => self.text(name),
        }
    }

    /// Whether what is kept under a name matters to anybody.
    fn is_read(&self, name: &Name) -> bool {
        self.ahead.is_none_or(|ahead| ahead.reads(name))
    }

    fn integer(&mut self, number: i64) {
        self.word(3);
        self.word(number as u64);
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Unset => self.word(1),
            Value::Nil => self.word(2),
            Value::Int(n) => self.integer(*n),
            Value::Bool(b) => self.word(4 + u64::from(*b)),
            Value::Str(text) => self.word(6 | u64::from(text.0) << 32),
            Value::Sym(sym, offset) => self.symbol(*sym, *offset),
            Value::Ref(id) => {
                self.word(8);
                self.object(*id);
            }
            Value::Val(id) => {
                self.word(9);
                self.object(*id);
            }
            Value::Out(outside) => self.word(10 + *outside as u64),
            Value::Func(func) => {
                self.word(15);
                self.word(u64::from(func.0));
            }
        }
    }

    /// What [`State::norm`] makes of a symbol.
    fn symbol(&mut self, sym: Sym, offset: i64) {
        let known = &self.state.syms[sym as usize];
        if known.lo == known.hi {
            self.integer(known.lo.saturating_add(offset));
        } else if let Some(constant) = &known.eq {
            self.value(constant);
        } else if offset == 0 && known.nil == Some(true) {
            self.word(2);
        } else {
            let slot = &mut self.numbers.symbols[sym as usize];
            if *slot == 0 {
                self.numbers.symbol_order.push((sym, offset));
                *slot = self.numbers.symbol_order.len() as u32;
            }
            let (_, first) = self.numbers.symbol_order[*slot as usize - 1];
            let number = u64::from(*slot);
            self.word(7 | number << 32);
            self.word(offset.wrapping_sub(first) as u64);
        }
    }

    fn object(&mut self, id: ObjId) {
        let slot = &mut self.numbers.objects[id as usize];
        if *slot == 0 {
            self.numbers.order.push(id);
            *slot = self.numbers.order.len() as u32;
        }
        let number = u64::from(*slot);
        self.word(number);
    }

    fn obj(&mut self, id: ObjId) {
        let state = self.state;
        self.word(u64::from(state.open[id as usize]));
        match &state.heap[id as usize] {
            Obj::Cell(value) => {
                self.word(20);
                self.value(value);
            }
            Obj::Chan {
                site,
                cap,
                buf,
                closed,
                pipe,
            } => {
                self.word(21);
                self.word(u64::from(site.span.start) << 32 | u64::from(site.body.0));
                self.value(cap);
                self.word(buf.len() as u64);
                buf.iter().for_each(|v| self.value(v));
                self.word(u64::from(*closed) | u64::from(*pipe == Some(true)) << 1);
            }
            Obj::Struct(ty, fields) => {
                self.word(22);
                self.word(ty.map_or(0, |t| u64::from(t.0) + 1));
                self.word(u64::from(fields.is_empty()));
                for (name, value) in fields {
                    // What leads on may be handed on with the struct.
                    if state.object(value).is_some() || self.is_read(name) {
                        self.name(name);
                        self.value(value);
                    }
                }
            }
            Obj::Slice(values) => {
                self.word(23);
                self.word(values.len() as u64);
                values.iter().for_each(|v| self.value(v));
            }
            Obj::Slots(len, values) => {
                self.word(34);
                self.value(len);
                self.word(values.len() as u64);
                values.iter().for_each(|v| self.value(v));
            }
            Obj::Map(count) => {
                self.word(31);
                self.value(count);
            }
            Obj::Entries(entries, others) => {
                self.word(37);
                self.word(entries.len() as u64);
                for entry in entries {
                    self.value(&entry.key);
                    self.value(&entry.value);
                    self.word(u64::from(entry.met));
                    // Who has stored it makes a difference as long as that one is there.
                    let by = state.procs.iter().find(|proc| proc.id == entry.by);
                    let spawn = by.filter(|proc| !proc.ended()).map(|proc| proc.spawn);
                    self.word(spawn.map_or(0, |spawn| {
                        spawn.map_or(1, |(body, pc)| {
                            2 + (u64::from(body.0) << 32 | u64::from(pc))
                        })
                    }));
                }
                self.value(others);
            }
            Obj::Wait(site, count, limit) => {
                self.word(24);
                self.word(u64::from(site.span.start));
                self.word(limit.map_or(0, |limit| 1 + u64::from(limit)));
                self.value(count);
            }
            Obj::Cond(site, lock) => {
                self.word(35);
                self.word(u64::from(site.span.start));
                self.value(lock);
            }
            Obj::Once(done) => self.word(25 + u64::from(*done)),
            Obj::Clock(site, clock) => {
                self.word(32);
                self.word(*clock as u64);
                self.word(u64::from(site.span.start));
            }
            Obj::Context(_, parent, cancelled, own) => {
                self.word(27);
                self.value(parent);
                self.word(u64::from(*cancelled) << 1 | u64::from(*own));
            }
            Obj::Cancel(context) => {
                self.word(28);
                self.object(*context);
            }
            Obj::Closure(body, env, receiver) => {
                self.word(29);
                self.word(u64::from(body.0));
                env.iter().for_each(|cell| self.object(*cell));
                if let Some(receiver) = receiver {
                    self.value(receiver);
                }
            }
        }
    }

    fn prepared(&mut self, call: &Prepared) {
        self.word(30);
        self.word(u64::from(call.pc));
        let mut hasher = FxHasher::default();
        std::mem::discriminant(&call.callee).hash(&mut hasher);
        match &call.callee {
            Called::Body(body, _) => body.hash(&mut hasher),
            Called::Named(name) => name.hash(&mut hasher),
            Called::Library(effect, argument) => (effect, argument).hash(&mut hasher),
            _ => {}
        }
        self.word(hasher.finish());
        if let Called::Body(_, env) = &call.callee {
            env.iter().for_each(|cell| self.object(*cell));
        }
        if let Called::Cancel(context) = &call.callee {
            self.object(*context);
        }
        call.args.iter().for_each(|a| self.value(a));
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Send(ch, value) => {
                self.value(ch);
                self.value(value);
            }
            Act::Recv(ch, _) | Act::Close(ch) | Act::Wait(ch) | Act::Room(ch) => self.value(ch),
            // Who was woken stands at the same place, and waits for the lock.
            Act::Cond(cond) => {
                self.word(36);
                self.value(cond);
            }
            Act::Lock(lock, wish) => {
                self.value(lock);
                self.word(*wish as u64);
            }
            Act::Select(cases, _) => {
                for (_, ch, value) in cases {
                    self.value(ch);
                    self.value(value);
                }
            }
            Act::Cancel(context) => self.object(*context),
            Act::Pause => self.word(38),
        }
    }

    /// Objects and symbols are described after everything that mentions them; describing may bring up more.
    fn describe(&mut self) {
        let state = self.state;
        let mut at = 0;
        loop {
            while let Some(id) = self.numbers.order.get(self.described) {
                self.described += 1;
                self.obj(*id);
            }
            let Some((sym, first)) = self.numbers.symbol_order.get(at).copied() else {
                return;
            };
            at += 1;
            let known = &state.syms[sym as usize];
            // Bounds and constants are those of the symbol with that offset.
            let shifted = |bound: i64| bound.saturating_add(first);
            self.word(40);
            self.word(known.nil.map_or(0, |b| 1 + u64::from(b)));
            self.word(known.truth.map_or(0, |b| 1 + u64::from(b)));
            let (lo, hi) = match (known.lo, known.hi) {
                (i64::MIN, i64::MAX) => (i64::MIN, i64::MAX),
                (i64::MIN, hi) => (i64::MIN, shifted(hi)),
                (lo, i64::MAX) => (shifted(lo), i64::MAX),
                (lo, hi) => (shifted(lo), shifted(hi)),
            };
            self.word(lo as u64 ^ u64::from(known.opaque) << 63);
            self.word(hi as u64);
            for value in &known.ne {
                match value {
                    Value::Int(n) => self.integer(shifted(*n)),
                    value => self.value(value),
                }
            }
            for ((_, name), value) in state.paths_of(sym) {
                if self.is_read(name) {
                    self.name(name);
                    self.value(value);
                }
            }
            // Each pair is told with the one that came up later, in any order.
            let mut pairs = 0u64;
            for (a, b, equal) in state.equal.iter() {
                let other = if *a == sym { *b } else { *a };
                let number = self.numbers.symbols[other as usize] as usize;
                if (*a == sym || *b == sym) && (1..=at).contains(&number) {
                    let (_, others) = self.numbers.symbol_order[number - 1];
                    let mut pair = FxHasher::default();
                    (number, equal, first.wrapping_sub(others)).hash(&mut pair);
                    pairs = pairs.wrapping_add(pair.finish());
                }
            }
            for (a, b, most) in state.orders.iter() {
                let other = if *a == sym { *b } else { *a };
                let number = self.numbers.symbols[other as usize] as usize;
                if (*a == sym || *b == sym) && (1..=at).contains(&number) {
                    let (_, others) = self.numbers.symbol_order[number - 1];
                    let apart = if *a == sym {
                        first.wrapping_sub(others)
                    } else {
                        others.wrapping_sub(first)
                    };
                    let mut pair = FxHasher::default();
                    (number, *a == sym, most.wrapping_add(apart), 1u8).hash(&mut pair);
                    pairs = pairs.wrapping_add(pair.finish());
                }
            }
            self.word(pairs);
        }
    }
}

/// What like goroutines have in common: whether and where they were started, and how far they are.
fn shape(proc: &Proc) -> impl Iterator<Item = (u32, u32)> {
    let spawn = proc.spawn.map_or((0, 0), |(body, pc)| (body.0 + 1, pc));
    let start = [(u32::from(proc.id != 0), 0), spawn];
    let frames = proc.frames.iter().map(|f| (f.body.0, f.pc));
    start.into_iter().chain(frames)
}

impl Machine<'_> {
    /// The identity of `state`.
    pub fn identity(
        &self,
        state: &State,
        numbers: &mut Numbers,
        ahead: Option<&Ahead<'_>>,
    ) -> Identity {
        let mut encoder = Encoder::new(state, numbers, ahead);
        let mut procs: Vec<&Proc> = state
            .procs
            .iter()
            .map(|p| &**p)
            .filter(|p| !p.ended())
            .collect();
        procs.sort_by(|a, b| shape(a).cmp(shape(b)));
        for proc in procs {
            self.encode_proc(&mut encoder, proc);
        }
        let running: Vec<u64> = state
            .todo
            .iter()
            .map(|p| u64::from(state.procs[*p].id))
            .collect();
        encoder.word(running.len() as u64);
        for id in running {
            encoder.word(id);
        }
        for (name, value) in state.globals.iter() {
            // A package variable nobody has asked about is the same as one not read yet.
            let told = match value {
                Value::Sym(sym, _) => {
                    state.syms[*sym as usize].is_told() || !state.paths_of(*sym).is_empty()
                }
                _ => true,
            };
            if told && encoder.is_read(name) {
                encoder.name(name);
                encoder.value(value);
            }
        }
        encoder.describe();
        (encoder.one.finish(), encoder.two.finish())
    }

    fn encode_proc(&self, encoder: &mut Encoder<'_>, proc: &Proc) {
        encoder.word(50);
        encoder.word(u64::from(proc.id == 0));
        encoder.word(
            proc.spawn
                .map_or(0, |(b, pc)| (u64::from(b.0) << 32) | (u64::from(pc) + 1)),
        );
        if let Some(group) = &proc.on_end {
            encoder.value(group);
        }
        for frame in proc.frames.iter() {
            encoder.word(51);
            encoder.word(u64::from(frame.body.0) << 32 | u64::from(frame.pc));
            encoder.word(frame.leaving as u64 * 2 + u64::from(frame.deferred));
            match frame.leaving {
                Leaving::No => {
                    if let Some(live) = self.live(frame.body).at(frame.pc) {
                        for var in live {
                            encoder.word(u64::from(var));
                            encoder.value(&frame.vars[var as usize]);
                        }
                    }
                }
                Leaving::Return => {
                    for result in &self.body(frame.body).results {
                        encoder.value(&frame.vars[*result as usize]);
                    }
                }
                Leaving::Panic | Leaving::Goexit => {}
            }
            for call in &frame.defers {
                encoder.prepared(call);
            }
        }
        if let Some((act, pc)) = &proc.park {
            encoder.word(u64::from(*pc) + 60);
            encoder.act(act);
        }
    }
}
