//! The identity of a state: a hash that does not depend on how objects and symbols are numbered, on variables nobody
//! reads any more, or on the order in which like goroutines were started.

use super::machine::Machine;
use super::state::{Act, Called, Leaving, Obj, ObjId, Prepared, Proc, State, Sym, Value};
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash, Hasher};

/// A 128-bit hash: two states with the same one are taken to be the same.
pub type Identity = (u64, u64);

struct Encoder<'s> {
    state: &'s State,
    objects: FxHashMap<ObjId, u32>,
    symbols: FxHashMap<Sym, u32>,
    order: Vec<ObjId>,
    symbol_order: Vec<Sym>,
    one: FxHasher,
    two: FxHasher,
}

impl Encoder<'_> {
    fn word(&mut self, word: u64) {
        self.one.write_u64(word);
        // A second, independent stream: the same words, mixed differently.
        self.two
            .write_u64(word.rotate_left(23) ^ 0x9e37_79b9_7f4a_7c15);
    }

    fn value(&mut self, value: &Value) {
        match self.state.norm(value) {
            Value::Unset => self.word(1),
            Value::Nil => self.word(2),
            Value::Int(n) => {
                self.word(3);
                self.word(n as u64);
            }
            Value::Bool(b) => self.word(4 + u64::from(b)),
            Value::Str(s) => {
                let mut hasher = FxHasher::default();
                s.hash(&mut hasher);
                self.word(6);
                self.word(hasher.finish());
            }
            Value::Sym(sym, offset) => {
                let next = self.symbols.len() as u32;
                let number = *self.symbols.entry(sym).or_insert(next);
                if number == next {
                    self.symbol_order.push(sym);
                }
                self.word(7);
                self.word(u64::from(number));
                self.word(offset as u64);
            }
            Value::Ref(id) => {
                self.word(8);
                self.object(id);
            }
            Value::Val(id) => {
                self.word(9);
                self.object(id);
            }
            Value::Out(outside) => self.word(10 + outside as u64),
            Value::Func(func) => {
                self.word(15);
                self.word(u64::from(func.0));
            }
        }
    }

    fn object(&mut self, id: ObjId) {
        let next = self.objects.len() as u32;
        let number = *self.objects.entry(id).or_insert(next);
        if number == next {
            self.order.push(id);
        }
        self.word(u64::from(number));
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
            } => {
                self.word(21);
                self.word(u64::from(site.span.start) << 32 | u64::from(site.body.0));
                self.value(cap);
                self.word(buf.len() as u64);
                buf.iter().for_each(|v| self.value(v));
                self.word(u64::from(*closed));
            }
            Obj::Struct(ty, fields) => {
                self.word(22);
                self.word(ty.map_or(0, |t| u64::from(t.0) + 1));
                for (name, value) in fields {
                    self.value(&Value::Str(name.clone()));
                    self.value(value);
                }
            }
            Obj::Slice(values) => {
                self.word(23);
                self.word(values.len() as u64);
                values.iter().for_each(|v| self.value(v));
            }
            Obj::Map(count) => {
                self.word(31);
                self.value(count);
            }
            Obj::Wait(site, count) => {
                self.word(24);
                self.word(u64::from(site.span.start));
                self.value(count);
            }
            Obj::Once(done) => self.word(25 + u64::from(*done)),
            Obj::Clock(site, stopped) => {
                self.word(32 + u64::from(*stopped));
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
            Act::Recv(ch, _) | Act::Close(ch) | Act::Wait(ch) => self.value(ch),
            Act::Select(cases, _) => {
                for (_, ch, value) in cases {
                    self.value(ch);
                    self.value(value);
                }
            }
            Act::Cancel(context) => self.object(*context),
        }
    }

    fn facts(&mut self) {
        // Symbols are described after everything that mentions them; describing may bring up more.
        let mut at = 0;
        while at < self.symbol_order.len() {
            let sym = self.symbol_order[at];
            at += 1;
            let known = &self.state.syms[sym as usize];
            self.word(40);
            self.word(known.nil.map_or(0, |b| 1 + u64::from(b)));
            self.word(known.truth.map_or(0, |b| 1 + u64::from(b)));
            self.word(known.lo as u64 ^ u64::from(known.opaque) << 63);
            self.word(known.hi as u64);
            for value in &known.ne {
                self.value(value);
            }
            let state = self.state;
            for ((_, name), value) in state.paths_of(sym) {
                self.value(&Value::Str(name.clone()));
                self.value(value);
            }
            let known_equal: Vec<_> = self
                .state
                .equal
                .iter()
                .filter(|(a, ..)| *a == sym)
                .collect();
            for (_, other, equal) in known_equal {
                if let Some(number) = self.symbols.get(other) {
                    let number = u64::from(*number);
                    self.word(41 + u64::from(*equal));
                    self.word(number);
                }
            }
            self.objects_so_far();
        }
    }

    fn objects_so_far(&mut self) {
        let mut at = 0;
        while at < self.order.len() {
            let id = self.order[at];
            at += 1;
            if id != ObjId::MAX {
                self.order[at - 1] = ObjId::MAX;
                self.obj(id);
            }
        }
    }
}

/// Whether it is a started one, where it was started, and the positions of its frames.
type Shape = (bool, Option<(u32, u32)>, Vec<(u32, u32)>);

impl Machine<'_> {
    /// The identity of `state`.
    pub fn identity(&self, state: &State) -> Identity {
        let mut encoder = Encoder {
            state,
            objects: FxHashMap::default(),
            symbols: FxHashMap::default(),
            order: Vec::new(),
            symbol_order: Vec::new(),
            one: FxHasher::default(),
            two: FxHasher::default(),
        };
        let mut procs: Vec<&Proc> = state
            .procs
            .iter()
            .map(|p| &**p)
            .filter(|p| !p.ended())
            .collect();
        procs.sort_by_key(|p| Self::shape(p));
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
        for (name, value) in &state.globals {
            // A package variable nobody has asked about is the same as one not read yet.
            let told = match value {
                Value::Sym(sym, _) => {
                    state.syms[*sym as usize].is_told() || !state.paths_of(*sym).is_empty()
                }
                _ => true,
            };
            if told {
                encoder.value(&Value::Str(name.clone()));
                encoder.value(value);
            }
        }
        encoder.objects_so_far();
        encoder.facts();
        encoder.objects_so_far();
        (encoder.one.finish(), encoder.two.finish())
    }

    /// What like goroutines have in common: where they were started and how far they are.
    fn shape(proc: &Proc) -> Shape {
        let frames = proc.frames.iter().map(|f| (f.body.0, f.pc)).collect();
        (proc.id != 0, proc.spawn.map(|(b, pc)| (b.0, pc)), frames)
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
        for frame in &proc.frames {
            encoder.word(51);
            encoder.word(u64::from(frame.body.0) << 32 | u64::from(frame.pc));
            encoder.word(frame.leaving as u64 * 2 + u64::from(frame.deferred));
            let live = self.live(frame.body, frame.pc);
            let results = &self.body(frame.body).results;
            for (var, value) in frame.vars.iter().enumerate() {
                let alive = frame.leaving == Leaving::No && live.is_none_or(|l| l[var])
                    || frame.leaving == Leaving::Return && results.contains(&(var as u32));
                if alive {
                    encoder.word(var as u64);
                    encoder.value(value);
                }
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
