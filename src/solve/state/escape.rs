//! What becomes known where nobody looks, and what may be done to it there.
//!
//! A value that escapes takes along all it leads to, but for fields that only the package can name: to those only what
//! the package does can happen ([`crate::exposure`]).

use super::{Obj, ObjId, State, Value};
use crate::resolve::TypeId;
use crate::summary::{ANY, Acts, CALL, RECV, TOUCHED};
use crate::syntax::ast::Name;

impl State {
    /// Whether an object is known where nobody looks.
    pub fn escaped(&self, id: ObjId) -> bool {
        self.open[id as usize] & ANY != 0
    }

    /// Lets code elsewhere do more to an object.
    fn open_up(&mut self, id: ObjId, acts: Acts) {
        if self.open[id as usize] | acts != self.open[id as usize] {
            self.open[id as usize] |= acts;
        }
    }

    /// Marks everything `value` leads to as known outside. Fields that only the package can name stay closed but for
    /// what the package does to them. Says whether others can do more to a primitive from now on.
    pub fn escape(&mut self, value: &Value) -> bool {
        let Some(first) = self.object(value) else {
            return false;
        };
        let mut serves = false;
        let mut open = std::mem::take(&mut self.open);
        self.for_each_met(first, &|_| 0, &mut |id, acts| {
            let before = open[id as usize];
            let is_new = before | acts != before;
            if is_new {
                open[id as usize] |= acts;
                serves |= matches!(
                    self.heap[id as usize],
                    Obj::Chan { .. }
                        | Obj::Wait(..)
                        | Obj::Clock(..)
                        | Obj::Cond(..)
                        | Obj::Cancel(_)
                );
            }
            is_new
        });
        self.open = open;
        serves
    }

    /// Calls `visit` on everything that code elsewhere comes to which gets an object, with what it may do to it; that says
    /// whether to go on from there. To a field that only the package can name it does what the package does to values it
    /// gets from anywhere, and what `more` says of that name.
    pub fn for_each_met(
        &self,
        first: ObjId,
        more: &dyn Fn(&Name) -> Acts,
        visit: &mut dyn FnMut(ObjId, Acts) -> bool,
    ) {
        let mut todo: Vec<(ObjId, Acts)> = vec![(first, ANY)];
        while let Some((id, acts)) = todo.pop() {
            let obj = &self.heap[id as usize];
            let acts = match obj {
                // Whoever is handed a context can wait for it, but only its cancel function ends it.
                Obj::Context(..) => continue,
                Obj::Chan { .. } | Obj::Wait(..) | Obj::Clock(..) | Obj::Cond(..) => acts,
                // A function that may be called may do all it can.
                Obj::Closure(..) | Obj::Cancel(_) if acts & (CALL | ANY) == 0 => continue,
                _ => ANY,
            };
            if !visit(id, acts) {
                continue;
            }
            match obj {
                Obj::Struct(ty, fields) => {
                    for (name, value) in fields {
                        let closed = self.exposure.acts(*ty, name);
                        let acts = closed.map_or(ANY, |acts| acts | more(name));
                        todo.extend(self.object(value).map(|id| (id, acts)));
                    }
                }
                Obj::Cancel(context) => {
                    visit(*context, ANY);
                }
                // What is in a channel nobody takes out.
                Obj::Chan { .. } if acts & (RECV | ANY) == 0 => {}
                Obj::Cond(..) if acts & ANY == 0 => {}
                Obj::Closure(body, env, None)
                    if let Some(captured) = self.exposure.of_literal(*body) =>
                {
                    for (index, field, acts) in captured {
                        let Some(cell) = env.get(*index) else {
                            continue;
                        };
                        // Others see what is written to the variable from now on.
                        visit(*cell, ANY);
                        let Obj::Cell(value) = &self.heap[*cell as usize] else {
                            continue;
                        };
                        match field {
                            None => todo.extend(self.object(value).map(|id| (id, *acts))),
                            Some(field) => {
                                self.fields_of(value, field, &mut |v| {
                                    todo.extend(self.object(v).map(|id| (id, *acts)));
                                });
                            }
                        }
                    }
                }
                _ => obj.for_each_object(&mut |held| todo.push((held, ANY))),
            }
        }
    }

    /// Calls `f` on what fields of this name hold in anything `value` leads to.
    fn fields_of(&self, value: &Value, field: &Name, f: &mut dyn FnMut(&Value)) {
        self.reach(value, &mut |_, obj| match obj {
            Obj::Struct(_, fields) => fields
                .iter()
                .filter(|(name, _)| name == field)
                .for_each(|(_, value)| f(value)),
            Obj::Slice(values) | Obj::Slots(_, values) if field == "[]" => {
                values.iter().for_each(&mut *f);
            }
            Obj::Entries(entries, _) if field == "[]" => {
                for entry in entries {
                    f(&entry.key);
                    f(&entry.value);
                }
            }
            _ => {}
        });
    }

    /// Whoever waits at something that `value` leads to may be served, where nobody has followed it.
    pub fn touch(&mut self, value: &Value) {
        let mut ids = Vec::new();
        self.reach(value, &mut |id, obj| {
            if matches!(obj, Obj::Chan { .. } | Obj::Wait(..) | Obj::Cond(..)) {
                ids.push(id);
            }
        });
        for id in ids {
            self.open_up(id, TOUCHED);
        }
    }

    /// Marks everything `value` leads to as known outside, closed fields and all.
    pub fn give_away(&mut self, value: &Value) {
        let mut ids = Vec::new();
        self.reach(value, &mut |id, obj| match obj {
            // Whoever is handed a context can wait for it, but only its cancel function ends it.
            Obj::Context(..) => {}
            Obj::Cancel(context) => ids.extend([id, *context]),
            _ => ids.push(id),
        });
        for id in ids {
            self.open_up(id, ANY);
        }
    }

    /// A value is put into a field of an object: if that is known outside, so is the value, as far as the field is.
    pub fn enter_field(&mut self, id: ObjId, ty: Option<TypeId>, name: &Name, value: &Value) {
        if !self.escaped(id) {
            return;
        }
        match self.exposure.acts(ty, name) {
            None => {
                self.escape(value);
            }
            Some(acts) => self.lend(value, acts),
        }
    }

    /// A channel goes where only this can be done to it. Says whether others can do more to it from now on.
    pub fn lend_out(&mut self, channel: &Value, acts: Acts) -> bool {
        let Some(id) = self.object(channel) else {
            return false;
        };
        let Obj::Chan { buf, .. } = &self.heap[id as usize] else {
            return self.escape(channel);
        };
        let more = (self.open[id as usize] | acts) != self.open[id as usize];
        if acts & RECV != 0 {
            for value in buf.clone() {
                self.escape(&value);
            }
        }
        self.open_up(id, acts);
        more
    }

    /// Others may do this to what `value` leads to.
    fn lend(&mut self, value: &Value, acts: Acts) {
        let Some(id) = self.object(value) else { return };
        match &self.heap[id as usize] {
            Obj::Chan { .. } | Obj::Wait(..) | Obj::Clock(..) | Obj::Cond(..)
                if acts & ANY == 0 =>
            {
                self.open[id as usize] |= acts;
            }
            Obj::Closure(..) | Obj::Cancel(_) if acts & (CALL | ANY) == 0 => {}
            _ => {
                self.escape(value);
            }
        }
    }
}
