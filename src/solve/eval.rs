//! Expressions to values (Go spec, "Expressions"), as far as they can matter to a primitive.

use super::machine::{COUNT_LIMIT, ELEMENT_LIMIT, Machine};
use super::numbers::LEN;
use super::state::{Obj, Outside, Site, State, Sym, Value};
use crate::flow::answers::comes_again;
use crate::flow::ir::{BodyId, COND_LOCK, Expr};
use crate::flow::{CLAIM, is_lock};
use crate::model::ROOM_LIMIT;
use crate::resolve::{Ty, TypeDef};
use crate::source::Span;
use crate::summary::DONE;
use crate::syntax::ast::Name;
use smol_str::format_smolstr;

/// The capacity of a channel of which it cannot be followed: whoever sends finds room.
pub(super) const ANY_ROOM: Value = Value::Int(i64::MAX);

impl<'p> Machine<'p> {
    pub(super) fn here(&self, state: &State, proc: usize) -> BodyId {
        state.procs[proc]
            .frames
            .last()
            .map_or(BodyId(0), |f| f.body)
    }

    pub(super) fn fresh(&self, state: &mut State, proc: usize, span: Span) -> Value {
        let file = self.body(self.here(state, proc)).file;
        state.symbol(file, span)
    }

    pub(super) fn site(&self, state: &State, proc: usize, span: Span, size: Span) -> Site {
        Site {
            body: self.here(state, proc),
            span,
            size,
        }
    }

    pub(super) fn text(&self, text: &Name) -> Value {
        Value::Str(self.texts.borrow_mut().number(text))
    }

    pub(super) fn eval(&self, state: &mut State, proc: usize, expr: &Expr) -> Value {
        let value = self.eval_raw(state, proc, expr);
        state.norm(&value)
    }

    pub(super) fn eval_raw(&self, state: &mut State, proc: usize, expr: &Expr) -> Value {
        match expr {
            Expr::Fresh(span) => self.fresh(state, proc, *span),
            Expr::Solid(span) => {
                let value = self.fresh(state, proc, *span);
                if let Value::Sym(sym, _) = value {
                    state.known(sym).nil = Some(false);
                }
                value
            }
            Expr::Int(n) => Value::Int(*n),
            Expr::Bool(b) => Value::Bool(*b),
            Expr::Str(s) => self.text(s),
            Expr::Nil => Value::Nil,
            Expr::Never => Value::Out(Outside::Never),
            Expr::Anytime => Value::Out(Outside::Other),
            Expr::Var(var) => self.read_var(state, proc, *var),
            Expr::Global(name) => self.global(state, proc, name),
            Expr::Group(name) => self.shared_group(state, proc, name),
            Expr::Field(base, name) => {
                let base = self.eval(state, proc, base);
                self.load_field(state, proc, &base, name)
            }
            Expr::Index(base, index) => {
                let list = self.eval(state, proc, base);
                let index = self.eval(state, proc, index);
                if let (Value::Sym(sym, _), Value::Int(at)) = (list, index)
                    && comes_again(self.source(self.here(state, proc)), base)
                {
                    return self.unknown_element(state, proc, sym, at);
                }
                self.element(state, proc, &list, &index)
            }
            Expr::Deref(base) => match self.eval(state, proc, base) {
                Value::Ref(id) => match &state.heap[id as usize] {
                    Obj::Cell(value) => *value,
                    Obj::Struct(..) | Obj::Wait(..) => Value::Val(id),
                    _ => Value::Ref(id),
                },
                Value::Sym(sym, _) => self.path(state, proc, sym, &POINTEE),
                other => other,
            },
            Expr::Addr(base) => self.address(state, proc, base),
            Expr::Receiver(base) => match self.eval(state, proc, base) {
                Value::Val(id) => Value::Ref(id),
                other => other,
            },
            Expr::Func(func) => Value::Func(*func),
            Expr::Method(receiver, func) => {
                let receiver = match self.eval(state, proc, receiver) {
                    Value::Val(id) => Value::Ref(id),
                    other => other,
                };
                Value::Ref(state.alloc(Obj::Closure((*func).into(), Vec::new(), Some(receiver))))
            }
            Expr::Closure(body) => {
                let captures = &self.body(*body).captures;
                let env = captures
                    .iter()
                    .filter_map(|(outer, _)| self.cell(state, proc, *outer))
                    .collect();
                Value::Ref(state.alloc(Obj::Closure(*body, env, None)))
            }
            Expr::Pipe(base, _) => {
                let base = self.eval(state, proc, base);
                self.pipe_of(state, &base)
            }
            Expr::MakeChan(cap, span, size) => {
                let pipe = (**cap == Expr::Nil).then_some(false);
                let cap = match &**cap {
                    Expr::Nil => Value::Int(0),
                    cap => self.eval(state, proc, cap),
                };
                let mut cap = Self::number(state, &cap);
                if let Value::Int(room) = cap
                    && room
                        > if self.exact_rooms {
                            COUNT_LIMIT
                        } else {
                            ROOM_LIMIT
                        }
                {
                    // As good as any number: it is told only where as many sends as one likes come before.
                    cap = self.fresh(state, proc, *size);
                    if let Value::Sym(sym, _) = cap {
                        state.known(sym).large = Some(room);
                        state.known(sym).lo = 1;
                    }
                }
                if let Value::Sym(sym, _) = cap {
                    let known = state.known(sym);
                    known.bound = true;
                    known.lo = known.lo.max(i64::from(!self.zero_counts));
                }
                if matches!(cap, Value::Sym(sym, _) if state.syms[sym as usize].opaque) {
                    self.abstain("unknown-capacity");
                    cap = ANY_ROOM;
                }
                let site = self.site(state, proc, *span, *size);
                let id = state.alloc(Obj::Chan {
                    site,
                    cap,
                    buf: Vec::new(),
                    closed: false,
                    pipe,
                });
                Self::holds(state, id, &cap);
                Value::Ref(id)
            }
            Expr::Struct(ty, fields, address, _) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| {
                        let value = self.eval(state, proc, value);
                        (name.clone(), self.copied(state, value))
                    })
                    .collect();
                let id = state.alloc(Obj::Struct(*ty, fields));
                if *address {
                    Value::Ref(id)
                } else {
                    Value::Val(id)
                }
            }
            Expr::Slice(values) => {
                let values: Vec<Value> = values.iter().map(|v| self.eval(state, proc, v)).collect();
                Value::Ref(state.alloc(Obj::Slice(values)))
            }
            Expr::Sized(len, span) => {
                let len = self.eval(state, proc, len);
                if len == Value::Int(0) {
                    return Value::Ref(state.alloc(Obj::Slice(Vec::new())));
                }
                let value = self.fresh(state, proc, *span);
                if let Value::Sym(sym, _) = value {
                    state.known(sym).nil = Some(false);
                    state.set_path(sym, LEN, len);
                }
                value
            }
            Expr::Slots(len, span) => {
                let size = self.eval(state, proc, len);
                match size {
                    Value::Int(n) if (0..=ELEMENT_LIMIT as i64).contains(&n) => {
                        let values = vec![Value::Nil; usize::try_from(n).unwrap_or(0)];
                        Value::Ref(state.alloc(Obj::Slice(values)))
                    }
                    Value::Sym(sym, _) if !state.syms[sym as usize].opaque => {
                        Value::Ref(state.alloc(Obj::Slots(size, Vec::new())))
                    }
                    _ => self.eval_raw(state, proc, &Expr::Sized(len.clone(), *span)),
                }
            }
            Expr::Map(count, _) => Value::Ref(state.alloc(Obj::Map(Value::Int(*count)))),
            Expr::Entries(_) => Value::Ref(state.alloc(Obj::Entries(Vec::new(), Value::Int(0)))),
            Expr::Keys(map) => {
                let map = self.eval(state, proc, map);
                self.keys(state, proc, &map)
            }
            Expr::Grown(map) => {
                let map = self.eval(state, proc, map);
                self.grown(state, proc, map)
            }
            // Only branches ask, and go by every answer.
            Expr::HasKey(..) | Expr::StillHas(..) => self.fresh(state, proc, Span::default()),
            Expr::Gone => Value::Unset,
            Expr::Followed(function) => {
                let function = self.eval(state, proc, function);
                let closure = state.object(&function).map(|id| &state.heap[id as usize]);
                let body = match (function, closure) {
                    (Value::Func(func), _) => Some(func.into()),
                    (_, Some(Obj::Closure(body, ..))) => Some(*body),
                    _ => None,
                };
                Value::Bool(body.is_some_and(|body| !self.body(body).code.is_empty()))
            }
            Expr::Has(base) => {
                let base = self.eval(state, proc, base);
                let has = match state.object(&base).map(|id| (id, &state.heap[id as usize])) {
                    Some((id, Obj::Map(count))) => {
                        (*count == Value::Int(0) && !state.escaped(id)).then_some(false)
                    }
                    Some((_, Obj::Chan { closed: true, .. })) => Some(false),
                    Some((id, Obj::Chan { .. })) => (!state.escaped(id)).then_some(true),
                    _ => (base == Value::Nil).then_some(false),
                };
                has.map_or_else(|| self.fresh(state, proc, Span::default()), Value::Bool)
            }
            Expr::Is(base, ty) => self.is_of(state, proc, base, ty),
            Expr::Answer(base, function) => {
                let of = self.eval(state, proc, base);
                let answer = self.answer(state, proc, *function, &of);
                answer.unwrap_or_else(|| self.fresh(state, proc, Span::default()))
            }
            Expr::Append(base, values) => self.append(state, proc, base, values),
            Expr::Zero(ty, span) => self.zero(state, proc, ty, *span),
            Expr::Len(base, span) => {
                let list = self.eval(state, proc, base);
                let length = self.length(state, proc, &list, *span);
                // The element of an unknown list or map may be another one the next time it is asked for, and mostly is the
                // same: no run may depend on it.
                if let (Expr::Index(..), Value::Sym(sym, _)) = (&**base, length) {
                    state.known(sym).opaque = true;
                }
                length
            }
            Expr::Cap(base) => {
                let base = self.eval(state, proc, base);
                match state.object(&base).map(|id| &state.heap[id as usize]) {
                    Some(Obj::Chan { cap, .. }) if *cap != ANY_ROOM => *cap,
                    _ => self.fresh(state, proc, Span::default()),
                }
            }
            Expr::Binary(op, left, right, span) => {
                let (left, right) = (self.eval(state, proc, left), self.eval(state, proc, right));
                self.arithmetic(state, proc, *op, &left, &right, *span)
            }
            Expr::Not(inner) => {
                let value = self.eval(state, proc, inner);
                self.negated(state, proc, &value)
            }
        }
    }

    /// The pipe that a value is an end of. What is none is read from or written to by a method that is not followed.
    fn pipe_of(&self, state: &mut State, end: &Value) -> Value {
        let obj = state.object(end).map(|id| &state.heap[id as usize]);
        if matches!(end, Value::Sym(..)) || matches!(obj, Some(Obj::Chan { pipe: Some(_), .. })) {
            return *end;
        }
        state.escape(end);
        Value::Out(Outside::Other)
    }

    pub(super) fn global(&self, state: &mut State, proc: usize, name: &Name) -> Value {
        if let Some(slot) = state.global(name) {
            return state.held_in(*slot);
        }
        let value = self.fresh(state, proc, Span::default());
        // Variables of other packages are error sentinels and the like.
        if let Value::Sym(sym, _) = value
            && (name.contains('.') || self.program.solid.contains(name))
        {
            state.known(sym).nil = Some(false);
            state.known(sym).global = true;
        }
        state.globals.push((name.clone(), value));
        value
    }

    /// A wait group that is a package variable. What others add to it or take away nobody sees.
    fn shared_group(&self, state: &mut State, proc: usize, name: &Name) -> Value {
        if let Some(value) = state.global(name) {
            return *value;
        }
        let site = self.site(state, proc, Span::default(), Span::default());
        let id = state.alloc(Obj::Wait(site, Value::Int(0), None));
        state.open[id as usize] |= DONE;
        state.globals.push((name.clone(), Value::Val(id)));
        Value::Val(id)
    }

    /// The value that `name` of an unknown value has; the same each time.
    pub(super) fn path(&self, state: &mut State, proc: usize, sym: Sym, name: &Name) -> Value {
        if let Some(value) = state.path(sym, name) {
            return *value;
        }
        let value = self.fresh(state, proc, Span::default());
        state.set_path(sym, name.clone(), value);
        value
    }

    pub(super) fn load_field(
        &self,
        state: &mut State,
        proc: usize,
        base: &Value,
        name: &Name,
    ) -> Value {
        match base {
            Value::Sym(sym, _) => {
                let slot = self.path(state, proc, *sym, name);
                state.held_in(slot)
            }
            Value::Ref(id) | Value::Val(id) => {
                let mut id = *id;
                // A variable may hold its own address.
                for _ in 0..state.heap.len() {
                    let Obj::Cell(Value::Ref(inner) | Value::Val(inner)) = state.heap[id as usize]
                    else {
                        break;
                    };
                    id = inner;
                }
                match &state.heap[id as usize] {
                    Obj::Clock(..) if name == "C" || *name == CLAIM => return Value::Ref(id),
                    Obj::Cond(_, lock) if *name == COND_LOCK => return *lock,
                    _ => {}
                }
                let Obj::Struct(ty, fields) = &state.heap[id as usize] else {
                    return self.fresh(state, proc, Span::default());
                };
                if let Some((_, slot)) = fields.iter().find(|(n, _)| n == name) {
                    return state.held_in(*slot);
                }
                let ty = *ty;
                let field =
                    ty.and_then(|ty| Ty::Named(ty).own_field(&self.program.types, name).cloned());
                let value = match field {
                    Some(field_ty)
                        // Nobody assigns a lock; and a client's calls are the only ones there are.
                        if !state.escaped(id)
                            || matches!(&field_ty, Ty::Ext(path, _) if path == "sync")
                            || state.exposure.client.is_some()
                                && state.exposure.acts(ty, name).is_some() => {
                        self.zero(state, proc, &field_ty, Span::default())
                    }
                    _ => self.fresh(state, proc, Span::default()),
                };
                if let Obj::Struct(_, fields) = &mut state.heap[id as usize] {
                    fields.push((name.clone(), value));
                }
                value
            }
            _ => self.fresh(state, proc, Span::default()),
        }
    }

    pub(super) fn type_def(&self, id: u32) -> &'p TypeDef {
        &self.program.types[id as usize]
    }

    pub(super) fn element(
        &self,
        state: &mut State,
        proc: usize,
        base: &Value,
        index: &Value,
    ) -> Value {
        if let Some(id) = Self::followed_map(state, base) {
            let entry = self.entry(state, id, index);
            return entry.unwrap_or_else(|| self.fresh(state, proc, Span::default()));
        }
        if let Some(id) = state.object(base)
            && let Obj::Slice(values) | Obj::Slots(_, values) = &state.heap[id as usize]
        {
            if let Value::Int(i) = index
                && let Ok(at) = usize::try_from(*i)
            {
                match values.get(at) {
                    // Somebody else may have filled it since.
                    Some(Value::Nil) if state.escaped(id) => {
                        return self.fresh(state, proc, Span::default());
                    }
                    Some(value) => return *value,
                    // Whether the list was to be filled so far is a matter of two counts.
                    None if matches!(state.heap[id as usize], Obj::Slots(..)) => {
                        return self.fresh(state, proc, Span::default());
                    }
                    None => {}
                }
            }
            // Which element is meant is not known: any of them may be served from here on.
            state.escape(base);
        }
        self.fresh(state, proc, Span::default())
    }

    /// An element of an unknown list.
    fn unknown_element(&self, state: &mut State, proc: usize, list: Sym, at: i64) -> Value {
        let element = self.path(state, proc, list, &element_name(at));
        if let Value::Sym(sym, _) = element {
            state.known(sym).element = true;
        }
        element
    }

    pub(super) fn address(&self, state: &mut State, proc: usize, base: &Expr) -> Value {
        let value = self.eval(state, proc, base);
        match (base, value) {
            (_, Value::Val(id)) => Value::Ref(id),
            (Expr::Var(var), value) => {
                let is_cell = state.procs[proc]
                    .frames
                    .last()
                    .is_some_and(|f| self.body(f.body).vars[*var as usize].cell);
                match value {
                    Value::Sym(sym, _) if !is_cell => {
                        state.known(sym).nil = Some(false);
                        value
                    }
                    _ if is_cell => self.cell(state, proc, *var).map_or(Value::Nil, Value::Ref),
                    value => Value::Ref(state.alloc(Obj::Cell(value))),
                }
            }
            (_, value) => {
                if let Some(cell) = self.shared_cell(state, proc, base) {
                    return Value::Ref(cell);
                }
                // The address of a field or element: others may write and use it.
                state.escape(&value);
                self.eval_raw(state, proc, &Expr::Solid(Span::default()))
            }
        }
    }

    pub(super) fn append(
        &self,
        state: &mut State,
        proc: usize,
        base: &Expr,
        values: &[Expr],
    ) -> Value {
        let base = self.eval(state, proc, base);
        let values: Vec<Value> = values.iter().map(|v| self.eval(state, proc, v)).collect();
        let carries = values.iter().any(|v| state.carries(v));
        let mut all = match (
            &base,
            state.object(&base).map(|id| &state.heap[id as usize]),
        ) {
            (_, Some(Obj::Slice(old))) => old.clone(),
            (Value::Nil, _) => Vec::new(),
            _ => {
                state.escape(&base);
                values.iter().for_each(|v| {
                    state.escape(v);
                });
                return self.grown_list(state, proc);
            }
        };
        all.extend(values);
        if all.len() > ELEMENT_LIMIT {
            if carries {
                all.iter().for_each(|v| {
                    state.escape(v);
                });
            }
            return self.grown_list(state, proc);
        }
        Value::Ref(state.alloc(Obj::Slice(all)))
    }

    pub(super) fn zero(&self, state: &mut State, proc: usize, ty: &Ty, span: Span) -> Value {
        match ty {
            Ty::Bool => Value::Bool(false),
            Ty::Int => Value::Int(0),
            Ty::Str => self.text(&Name::default()),
            Ty::Error
            | Ty::Ptr(_)
            | Ty::Chan(..)
            | Ty::Slice(_)
            | Ty::Map(..)
            | Ty::Func(_)
            | Ty::Interface => Value::Nil,
            Ty::Named(id) => match &self.type_def(id.0).underlying {
                Ty::Struct(_) => Value::Val(state.alloc(Obj::Struct(Some(*id), Vec::new()))),
                other => self.zero(state, proc, &other.clone(), span),
            },
            Ty::Struct(_) => Value::Val(state.alloc(Obj::Struct(None, Vec::new()))),
            Ty::Ext(path, name) => match (path.as_str(), name.as_str()) {
                (path, name) if crate::library::is_group(path, name) => {
                    let site = self.site(state, proc, span, Span::default());
                    Value::Val(state.alloc(Obj::Wait(site, Value::Int(0), None)))
                }
                _ if is_lock(ty) => {
                    let site = self.site(state, proc, span, Span::default());
                    Value::Val(state.alloc(Obj::Chan {
                        site,
                        cap: Value::Int(1),
                        buf: Vec::new(),
                        closed: false,
                        pipe: None,
                    }))
                }
                ("sync/atomic" | "go.uber.org/atomic", kind) => {
                    let value = match kind {
                        "Bool" => Value::Bool(false),
                        "Pointer" | "Value" | "Error" => Value::Nil,
                        "String" | "Float32" | "Float64" | "Time" => self.fresh(state, proc, span),
                        _ => Value::Int(0),
                    };
                    Value::Val(state.alloc(Obj::Struct(None, vec![(ATOMIC, value)])))
                }
                ("sync", "Once") => Value::Val(state.alloc(Obj::Once(false))),
                ("context", "Context" | "CancelFunc") => Value::Nil,
                _ => self.fresh(state, proc, span),
            },
            Ty::Array(Some(len), elem)
                if (0..=ELEMENT_LIMIT as i64).contains(len)
                    && matches!(**elem, Ty::Chan(..) | Ty::Ptr(_)) =>
            {
                let values = vec![Value::Nil; usize::try_from(*len).unwrap_or(0)];
                Value::Val(state.alloc(Obj::Slice(values)))
            }
            Ty::Array(..) | Ty::Plain | Ty::Unknown | Ty::Tuple(_) => self.fresh(state, proc, span),
        }
    }
}

/// The field that holds the value of an atomic variable.
pub(super) const ATOMIC: Name = Name::new_static("value");

/// The path under which is kept what an unknown pointer leads to.
pub(super) const POINTEE: Name = Name::new_static("*");

/// Of a value that a call returned: the last value it returned, which may be an error.
pub(super) const ERROR: Name = Name::new_static("error()");

/// The path under which an element of an unknown list is kept: two loops over the list see the same one.
fn element_name(at: i64) -> Name {
    format_smolstr!("[{at}]")
}
