//! Tidies a state: drops what nothing refers to any more and numbers the rest anew, in the order of first mention.

use super::state::{Act, Called, Obj, ObjId, Prepared, Proc, State, Sym, Value};
use std::rc::Rc;

impl State {
    /// Drops objects and symbols that nothing refers to any more and numbers the others anew.
    pub fn compact(&mut self) {
        let mut map = Renumber {
            objects: vec![None; self.heap.len()],
            syms: vec![None; self.syms.len()],
            order: Vec::new(),
            sym_order: Vec::new(),
        };
        let mut procs = std::mem::take(&mut self.procs);
        procs
            .iter_mut()
            .for_each(|p| Rc::make_mut(p).renumber(&mut map));
        self.globals
            .iter_mut()
            .for_each(|(_, value)| value.renumber(&mut map));
        // Values reachable from values already seen, until nothing new turns up.
        let (mut at, mut sym_at) = (0, 0);
        let mut heap = Vec::new();
        let mut open = Vec::new();
        let mut paths = Vec::new();
        while at < map.order.len() || sym_at < map.sym_order.len() {
            while let Some(&old) = map.order.get(at) {
                at += 1;
                let mut obj = std::mem::replace(&mut self.heap[old as usize], Obj::Once(false));
                obj.renumber(&mut map);
                heap.push(obj);
                open.push(self.open[old as usize]);
            }
            while let Some(&old) = map.sym_order.get(sym_at) {
                sym_at += 1;
                for ((_, name), value) in self.paths_of(old) {
                    let mut value = value.clone();
                    value.renumber(&mut map);
                    paths.push(((sym_at as Sym - 1, name.clone()), value));
                }
            }
        }
        self.equal.retain_mut(
            |(a, b, _)| match (map.syms[*a as usize], map.syms[*b as usize]) {
                (Some(x), Some(y)) => {
                    (*a, *b) = (x.min(y), x.max(y));
                    true
                }
                _ => false,
            },
        );
        self.syms = map
            .sym_order
            .iter()
            .map(|old| self.syms[*old as usize].clone())
            .collect();
        self.procs = procs;
        self.heap = heap;
        self.open = open;
        self.paths = paths;
    }
}

/// New numbers in the order of first mention.
struct Renumber {
    objects: Vec<Option<ObjId>>,
    syms: Vec<Option<Sym>>,
    order: Vec<ObjId>,
    sym_order: Vec<Sym>,
}

impl Renumber {
    fn object(&mut self, id: &mut ObjId) {
        let next = self.order.len() as ObjId;
        let slot = &mut self.objects[*id as usize];
        if slot.is_none() {
            *slot = Some(next);
            self.order.push(*id);
        }
        *id = slot.unwrap_or(next);
    }
}

impl Value {
    fn renumber(&mut self, map: &mut Renumber) {
        match self {
            Self::Ref(id) | Self::Val(id) => map.object(id),
            Self::Sym(sym, _) => {
                let next = map.sym_order.len() as Sym;
                let slot = &mut map.syms[*sym as usize];
                if slot.is_none() {
                    *slot = Some(next);
                    map.sym_order.push(*sym);
                }
                *sym = slot.unwrap_or(next);
            }
            _ => {}
        }
    }
}

impl Obj {
    fn renumber(&mut self, map: &mut Renumber) {
        match self {
            Self::Cell(value)
            | Self::Map(value)
            | Self::Wait(_, value)
            | Self::Context(_, value, ..) => {
                value.renumber(map);
            }
            Self::Chan { cap, buf, .. } => {
                cap.renumber(map);
                buf.iter_mut().for_each(|v| v.renumber(map));
            }
            Self::Struct(_, fields) => fields.iter_mut().for_each(|(_, v)| v.renumber(map)),
            Self::Slice(values) => values.iter_mut().for_each(|v| v.renumber(map)),
            Self::Cancel(id) => map.object(id),
            Self::Closure(_, env, receiver) => {
                env.iter_mut().for_each(|id| map.object(id));
                if let Some(receiver) = receiver {
                    receiver.renumber(map);
                }
            }
            Self::Once(_) | Self::Clock(..) => {}
        }
    }
}

impl Prepared {
    fn renumber(&mut self, map: &mut Renumber) {
        match &mut self.callee {
            Called::Body(_, env) => env.iter_mut().for_each(|id| map.object(id)),
            Called::Cancel(id) => map.object(id),
            _ => {}
        }
        self.args.iter_mut().for_each(|a| a.renumber(map));
    }
}

impl Act {
    fn renumber(&mut self, map: &mut Renumber) {
        match self {
            Self::Send(ch, value) => {
                ch.renumber(map);
                value.renumber(map);
            }
            Self::Recv(ch, _) | Self::Close(ch) | Self::Wait(ch) => ch.renumber(map),
            Self::Select(cases, _) => cases.iter_mut().for_each(|(_, ch, value)| {
                ch.renumber(map);
                value.renumber(map);
            }),
            Self::Cancel(id) => map.object(id),
        }
    }
}

impl Proc {
    fn renumber(&mut self, map: &mut Renumber) {
        for frame in &mut self.frames {
            frame.vars.iter_mut().for_each(|v| v.renumber(map));
            frame.defers.iter_mut().for_each(|d| d.renumber(map));
        }
        if let Some((act, _)) = &mut self.park {
            act.renumber(map);
        }
        if let Some(group) = &mut self.on_end {
            group.renumber(map);
        }
    }
}
