//! Tidies a state: counts what is still referred to and, where much is not, drops that and numbers the rest anew, in the
//! order of first mention.

use super::shared::List;
use super::state::{Act, Called, Obj, ObjId, Prepared, Proc, State, Sym, Value};
use std::rc::Rc;

/// Objects and symbols that nothing refers to, above which a state is worth numbering anew.
const GARBAGE: usize = 24;

/// New numbers in the order of first mention; kept from one state to the next for its room.
#[derive(Default)]
pub struct Survey {
    /// One more than the new number of each object, or nothing.
    objects: Vec<u32>,
    syms: Vec<u32>,
    order: Vec<ObjId>,
    sym_order: Vec<Sym>,
}

/// Something that a part of a state refers to.
enum Mention<'a> {
    Value(&'a Value),
    Object(ObjId),
}

impl State {
    /// Counts the objects that something refers to; where there is much garbage it is dropped.
    pub fn tidy(&mut self, survey: &mut Survey) -> usize {
        survey.look(self);
        let live = survey.order.len();
        let all = self.heap.len() + self.syms.len();
        let garbage = all - live - survey.sym_order.len();
        if garbage > GARBAGE && 2 * garbage > all {
            self.renumber(survey);
        }
        live
    }

    fn renumber(&mut self, map: &Survey) {
        for proc in &mut self.procs {
            Rc::make_mut(proc).renumber(map);
        }
        self.globals
            .iter_mut()
            .for_each(|(_, value)| value.renumber(map));
        let mut heap = List::default();
        let mut open = Vec::with_capacity(map.order.len());
        for old in &map.order {
            let mut obj = self.heap.share(*old as usize);
            if obj.refers() {
                Rc::make_mut(&mut obj).renumber(map);
            }
            heap.push_shared(obj);
            open.push(self.open[*old as usize]);
        }
        let mut syms = List::default();
        let mut paths = Vec::new();
        for (new, old) in map.sym_order.iter().enumerate() {
            syms.push_shared(self.syms.share(*old as usize));
            for ((_, name), value) in self.paths_of(*old) {
                let mut value = *value;
                value.renumber(map);
                paths.push(((new as Sym, name.clone()), value));
            }
        }
        if !self.equal.is_empty() {
            let pairs = self.equal.iter().filter_map(|(a, b, equal)| {
                let (x, y) = (map.sym(*a)?, map.sym(*b)?);
                Some((x.min(y), x.max(y), *equal))
            });
            self.equal = pairs.collect::<Vec<_>>().into();
        }
        if !self.orders.is_empty() {
            let orders = self
                .orders
                .iter()
                .filter_map(|(a, b, most)| Some((map.sym(*a)?, map.sym(*b)?, *most)));
            self.orders = orders.collect::<Vec<_>>().into();
        }
        self.heap = heap.into();
        self.open = open.into();
        self.syms = syms.into();
        self.paths = paths.into();
    }
}

impl Survey {
    /// Numbers all that `state` refers to.
    fn look(&mut self, state: &State) {
        self.objects.clear();
        self.objects.resize(state.heap.len(), 0);
        self.syms.clear();
        self.syms.resize(state.syms.len(), 0);
        self.order.clear();
        self.sym_order.clear();
        for proc in &state.procs {
            proc.mentions(&mut |mention| self.meet(&mention));
        }
        for (_, value) in state.globals.iter() {
            self.value(value);
        }
        // Values reachable from values already seen, until nothing new turns up.
        let (mut at, mut sym_at) = (0, 0);
        while at < self.order.len() || sym_at < self.sym_order.len() {
            while let Some(id) = self.order.get(at) {
                at += 1;
                state.heap[*id as usize].mentions(&mut |mention| self.meet(&mention));
            }
            while let Some(sym) = self.sym_order.get(sym_at) {
                sym_at += 1;
                for (_, value) in state.paths_of(*sym) {
                    self.value(value);
                }
            }
        }
    }

    fn meet(&mut self, mention: &Mention<'_>) {
        match mention {
            Mention::Value(value) => self.value(value),
            Mention::Object(id) => self.object(*id),
        }
    }

    fn object(&mut self, id: ObjId) {
        let slot = &mut self.objects[id as usize];
        if *slot == 0 {
            self.order.push(id);
            *slot = self.order.len() as u32;
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Ref(id) | Value::Val(id) => self.object(*id),
            Value::Sym(sym, _) => {
                let slot = &mut self.syms[*sym as usize];
                if *slot == 0 {
                    self.sym_order.push(*sym);
                    *slot = self.sym_order.len() as u32;
                }
            }
            _ => {}
        }
    }

    /// The new number of a symbol that something refers to.
    fn sym(&self, old: Sym) -> Option<Sym> {
        self.syms[old as usize].checked_sub(1)
    }

    fn renumber(&self, id: &mut ObjId) {
        // Everything that is renumbered has been looked at.
        *id = self.objects[*id as usize].saturating_sub(1);
    }
}

impl Value {
    fn renumber(&mut self, map: &Survey) {
        match self {
            Self::Ref(id) | Self::Val(id) => map.renumber(id),
            Self::Sym(sym, _) => *sym = map.sym(*sym).unwrap_or_default(),
            _ => {}
        }
    }
}

impl Obj {
    /// Whether it may mention any object or symbol.
    fn refers(&self) -> bool {
        !matches!(self, Self::Once(_) | Self::Clock(..))
    }

    fn mentions<'a>(&'a self, f: &mut impl FnMut(Mention<'a>)) {
        match self {
            Self::Cell(value)
            | Self::Map(value)
            | Self::Wait(_, value, _)
            | Self::Cond(_, value)
            | Self::Context(_, value, ..) => f(Mention::Value(value)),
            Self::Chan { cap, buf, .. } => {
                f(Mention::Value(cap));
                buf.iter().for_each(|v| f(Mention::Value(v)));
            }
            Self::Struct(_, fields) => fields.iter().for_each(|(_, v)| f(Mention::Value(v))),
            Self::Slice(values) => values.iter().for_each(|v| f(Mention::Value(v))),
            Self::Slots(len, values) => {
                f(Mention::Value(len));
                values.iter().for_each(|v| f(Mention::Value(v)));
            }
            Self::Entries(entries, others) => {
                f(Mention::Value(others));
                for entry in entries {
                    f(Mention::Value(&entry.key));
                    f(Mention::Value(&entry.value));
                }
            }
            Self::Cancel(id) => f(Mention::Object(*id)),
            Self::Closure(_, env, receiver) => {
                env.iter().for_each(|id| f(Mention::Object(*id)));
                receiver.iter().for_each(|v| f(Mention::Value(v)));
            }
            Self::Once(_) | Self::Clock(..) => {}
        }
    }

    fn renumber(&mut self, map: &Survey) {
        match self {
            Self::Cell(value)
            | Self::Map(value)
            | Self::Wait(_, value, _)
            | Self::Cond(_, value)
            | Self::Context(_, value, ..) => value.renumber(map),
            Self::Chan { cap, buf, .. } => {
                cap.renumber(map);
                buf.iter_mut().for_each(|v| v.renumber(map));
            }
            Self::Struct(_, fields) => fields.iter_mut().for_each(|(_, v)| v.renumber(map)),
            Self::Slice(values) => values.iter_mut().for_each(|v| v.renumber(map)),
            Self::Slots(len, values) => {
                len.renumber(map);
                values.iter_mut().for_each(|v| v.renumber(map));
            }
            Self::Entries(entries, others) => {
                others.renumber(map);
                for entry in entries {
                    entry.key.renumber(map);
                    entry.value.renumber(map);
                }
            }
            Self::Cancel(id) => map.renumber(id),
            Self::Closure(_, env, receiver) => {
                env.iter_mut().for_each(|id| map.renumber(id));
                receiver.iter_mut().for_each(|v| v.renumber(map));
            }
            Self::Once(_) | Self::Clock(..) => {}
        }
    }
}

impl Prepared {
    fn mentions<'a>(&'a self, f: &mut impl FnMut(Mention<'a>)) {
        match &self.callee {
            Called::Body(_, env) => env.iter().for_each(|id| f(Mention::Object(*id))),
            Called::Cancel(id) => f(Mention::Object(*id)),
            _ => {}
        }
        self.args.iter().for_each(|a| f(Mention::Value(a)));
    }

    fn renumber(&mut self, map: &Survey) {
        match &mut self.callee {
            Called::Body(_, env) => env.iter_mut().for_each(|id| map.renumber(id)),
            Called::Cancel(id) => map.renumber(id),
            _ => {}
        }
        self.args.iter_mut().for_each(|a| a.renumber(map));
    }
}

impl Act {
    fn mentions<'a>(&'a self, f: &mut impl FnMut(Mention<'a>)) {
        match self {
            Self::Send(ch, value) => {
                f(Mention::Value(ch));
                f(Mention::Value(value));
            }
            Self::Recv(ch, _)
            | Self::Close(ch)
            | Self::Wait(ch)
            | Self::Room(ch)
            | Self::Lock(ch, _)
            | Self::Cond(ch) => {
                f(Mention::Value(ch));
            }
            Self::Select(cases, _) => cases.iter().for_each(|(_, ch, value)| {
                f(Mention::Value(ch));
                f(Mention::Value(value));
            }),
            Self::Cancel(id) => f(Mention::Object(*id)),
            Self::Pause => {}
        }
    }

    fn renumber(&mut self, map: &Survey) {
        match self {
            Self::Send(ch, value) => {
                ch.renumber(map);
                value.renumber(map);
            }
            Self::Recv(ch, _)
            | Self::Close(ch)
            | Self::Wait(ch)
            | Self::Room(ch)
            | Self::Lock(ch, _)
            | Self::Cond(ch) => {
                ch.renumber(map);
            }
            Self::Select(cases, _) => cases.iter_mut().for_each(|(_, ch, value)| {
                ch.renumber(map);
                value.renumber(map);
            }),
            Self::Cancel(id) => map.renumber(id),
            Self::Pause => {}
        }
    }
}

impl Proc {
    fn mentions<'a>(&'a self, f: &mut impl FnMut(Mention<'a>)) {
        for frame in self.frames.iter() {
            frame.vars.iter().for_each(|v| f(Mention::Value(v)));
            frame.defers.iter().for_each(|d| d.mentions(f));
        }
        if let Some((act, _)) = &self.park {
            act.mentions(f);
        }
        self.on_end.iter().for_each(|v| f(Mention::Value(v)));
    }

    fn renumber(&mut self, map: &Survey) {
        for frame in self.frames.iter_mut() {
            frame.vars.iter_mut().for_each(|v| v.renumber(map));
            frame.defers.iter_mut().for_each(|d| d.renumber(map));
        }
        if let Some((act, _)) = &mut self.park {
            act.renumber(map);
        }
        self.on_end.iter_mut().for_each(|v| v.renumber(map));
    }
}
