//! The interpreter: evaluates expressions and runs a process up to its next operation that others can see.
//!
//! Semantics only, no search strategy. Where control may go several ways, every step function returns all the states
//! it may lead to, in a fixed order, so that a run is a list of choices that can be repeated.

use super::state::{
    Act, Called, Frame, Known, Leaving, Obj, ObjId, Outside, Prepared, Proc, Site, State, Sym,
    Value,
};
use crate::flow::Program;
use crate::flow::ir::{Body, BodyId, Call, Callee, Expr, Pc, Target, Var};
use crate::resolve::{Ty, TypeDef};
use crate::source::Span;
use crate::summary::Summaries;
use crate::syntax::ast::{BinaryOp, Name};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// How often a loop over an unknown number of items is followed, where no capacity asks for more.
pub const LOOP_LIMIT: i64 = 3;
/// Counters above this are given up.
pub(super) const COUNT_LIMIT: i64 = 24;
/// Calls nested deeper than this are unknown calls.
pub(super) const DEPTH_LIMIT: usize = 8;

/// Reasons to abstain, by name, with their counts.
pub type Abstentions = BTreeMap<&'static str, u64>;

/// The interpreter of one program.
pub struct Machine<'p> {
    pub(super) program: &'p Program,
    pub(super) summaries: &'p Summaries<'p>,
    /// Whether the program ends when the root's own goroutine does: the root is `main`.
    pub ends_with_root: bool,
    /// Whether runs are followed in which a loop over unknown items runs zero times or a capacity is zero.
    pub zero_counts: bool,
    /// How often a loop over an unknown number of items is followed.
    pub loop_limit: i64,
    /// What was given up, and how often.
    pub abstentions: RefCell<Abstentions>,
}

impl<'p> Machine<'p> {
    /// An interpreter for `program`.
    pub fn new(program: &'p Program, summaries: &'p Summaries<'p>) -> Self {
        Self {
            program,
            summaries,
            ends_with_root: false,
            zero_counts: false,
            loop_limit: LOOP_LIMIT,
            abstentions: RefCell::new(Abstentions::new()),
        }
    }

    pub(super) fn body(&self, id: BodyId) -> &'p Body {
        &self.program.bodies[id.0 as usize]
    }

    pub(super) fn abstain(&self, reason: &'static str) {
        *self.abstentions.borrow_mut().entry(reason).or_default() += 1;
    }

    /// The state in which `root` is about to run with arguments nobody knows.
    pub fn start(&self, root: BodyId) -> State {
        let mut state = State::default();
        let body = self.body(root);
        let args = body
            .params
            .iter()
            .map(|_| state.symbol(body.file, body.span))
            .collect();
        let frame = self.frame(&mut state, root, &[], args, Vec::new());
        state.add_proc(Proc {
            id: 0,
            spawn: None,
            frames: vec![frame],
            park: None,
            on_end: None,
        });
        state.todo.push(0);
        state
    }

    /// A fresh activation of `body`.
    pub(super) fn frame(
        &self,
        state: &mut State,
        id: BodyId,
        env: &[ObjId],
        mut args: Vec<Value>,
        dests: Vec<Target>,
    ) -> Frame {
        let body = self.body(id);
        let mut vars = vec![Value::Unset; body.vars.len()];
        if body.variadic && args.len() >= body.params.len() {
            let rest = args.split_off(body.params.len() - 1);
            let packed = if rest.iter().any(|v| state.carries(v)) {
                Value::Ref(state.alloc(Obj::Slice(rest)))
            } else {
                state.symbol(body.file, body.span)
            };
            args.push(packed);
        }
        for (param, value) in body.params.iter().zip(args) {
            vars[*param as usize] = if body.vars[*param as usize].cell {
                Value::Ref(state.alloc(Obj::Cell(value)))
            } else {
                value
            };
        }
        for ((_, inner), cell) in body.captures.iter().zip(env) {
            vars[*inner as usize] = Value::Ref(*cell);
        }
        Frame {
            body: id,
            pc: 0,
            vars,
            defers: Vec::new(),
            dests,
            leaving: Leaving::No,
            deferred: false,
        }
    }

    // --- variables ---

    pub(super) fn read_var(&self, state: &mut State, proc: usize, var: Var) -> Value {
        let Some(frame) = state.procs[proc].frames.last() else {
            return Value::Unset;
        };
        let body = self.body(frame.body);
        let slot = frame.vars[var as usize].clone();
        let value = if body.vars[var as usize].cell
            && let Value::Ref(cell) = slot
            && let Obj::Cell(content) = &state.heap[cell as usize]
        {
            content.clone()
        } else {
            slot
        };
        if value == Value::Unset {
            // A variable of a part that could not be read.
            let fresh = state.symbol(body.file, body.span);
            self.write_var(state, proc, var, fresh.clone());
            return fresh;
        }
        state.norm(&value)
    }

    /// The cell of a captured variable; it comes into being when it is first asked for.
    pub(super) fn cell(&self, state: &mut State, proc: usize, var: Var) -> Option<ObjId> {
        let slot = state.procs[proc].frames.last()?.vars[var as usize].clone();
        if let Value::Ref(id) = slot
            && matches!(state.heap[id as usize], Obj::Cell(_))
        {
            return Some(id);
        }
        let id = state.alloc(Obj::Cell(slot));
        state.proc_mut(proc).frames.last_mut()?.vars[var as usize] = Value::Ref(id);
        Some(id)
    }

    pub(super) fn write_var(&self, state: &mut State, proc: usize, var: Var, value: Value) {
        let value = self.copied(state, value);
        let Some(frame) = state.procs[proc].frames.last() else {
            return;
        };
        if self.body(frame.body).vars[var as usize].cell {
            if let Some(cell) = self.cell(state, proc, var) {
                if state.escaped[cell as usize] {
                    state.escape(&value);
                }
                state.heap[cell as usize] = Obj::Cell(value);
            }
            return;
        }
        if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
            frame.vars[var as usize] = value;
        }
    }

    /// A struct value is copied when it is assigned.
    fn copied(&self, state: &mut State, value: Value) -> Value {
        match value {
            Value::Val(id) => match state.heap[id as usize].clone() {
                obj @ Obj::Struct(..) => {
                    let escaped = state.escaped[id as usize];
                    let copy = state.alloc(obj);
                    state.escaped[copy as usize] = escaped;
                    Value::Val(copy)
                }
                _ => Value::Val(id),
            },
            other => other,
        }
    }

    pub(super) fn assign(&self, state: &mut State, proc: usize, target: &Target, value: Value) {
        match target {
            Target::Ignore => {}
            Target::Var(var) => self.write_var(state, proc, *var, value),
            Target::Place(place) => self.assign_place(state, proc, place, value),
        }
    }

    fn assign_place(&self, state: &mut State, proc: usize, place: &Expr, value: Value) {
        let value = self.copied(state, value);
        match place {
            Expr::Global(name) => {
                self.store_outside(state, &value);
                state.globals.retain(|(n, _)| n != name);
                state.globals.push((name.clone(), value));
            }
            Expr::Field(base, name) => {
                let base = self.eval(state, proc, base);
                self.store_field(state, &base, name, value);
            }
            Expr::Index(base, index) => {
                let base = self.eval(state, proc, base);
                let index = self.eval(state, proc, index);
                // A key of a map is stored as well.
                state.escape(&index);
                if let Some(id) = state.object(&base)
                    && let Obj::Slice(values) = &mut state.heap[id as usize]
                    && let Value::Int(i) = index
                    && let Some(slot) = usize::try_from(i).ok().and_then(|i| values.get_mut(i))
                {
                    *slot = value;
                    return;
                }
                state.escape(&value);
            }
            Expr::Deref(base) => {
                let base = self.eval(state, proc, base);
                match base {
                    Value::Ref(id) if matches!(state.heap[id as usize], Obj::Cell(_)) => {
                        if state.escaped[id as usize] {
                            state.escape(&value);
                        }
                        state.heap[id as usize] = Obj::Cell(value);
                    }
                    Value::Ref(id) => {
                        if let Some(source) = state.object(&value)
                            && matches!(state.heap[id as usize], Obj::Struct(..))
                        {
                            state.heap[id as usize] = state.heap[source as usize].clone();
                        }
                    }
                    _ => state.escape(&value),
                }
            }
            _ => state.escape(&value),
        }
    }

    pub(super) fn store_field(&self, state: &mut State, base: &Value, name: &Name, value: Value) {
        if let Some(id) = state.object(base) {
            if state.escaped[id as usize] {
                self.store_outside(state, &value);
            }
            if let Obj::Struct(_, fields) = &mut state.heap[id as usize] {
                match fields.iter_mut().find(|(n, _)| n == name) {
                    Some((_, slot)) => *slot = value,
                    None => fields.push((name.clone(), value)),
                }
                return;
            }
        }
        self.store_outside(state, &value);
        if let Value::Sym(sym, _) = base {
            state.set_path(*sym, name.clone(), value);
        }
    }

    /// A value goes where others can reach it.
    fn store_outside(&self, state: &mut State, value: &Value) {
        if state.carries(value) {
            self.abstain("escape-store");
        }
        // Also when it leads to nothing yet: what is put into it later is as visible.
        state.escape(value);
    }

    // --- expressions ---

    fn here(&self, state: &State, proc: usize) -> BodyId {
        state.procs[proc]
            .frames
            .last()
            .map_or(BodyId(0), |f| f.body)
    }

    fn fresh(&self, state: &mut State, proc: usize, span: Span) -> Value {
        let file = self.body(self.here(state, proc)).file;
        state.symbol(file, span)
    }

    fn site(&self, state: &State, proc: usize, span: Span, size: Span) -> Site {
        Site {
            body: self.here(state, proc),
            span,
            size,
        }
    }

    pub(super) fn eval(&self, state: &mut State, proc: usize, expr: &Expr) -> Value {
        let value = self.eval_raw(state, proc, expr);
        state.norm(&value)
    }

    fn eval_raw(&self, state: &mut State, proc: usize, expr: &Expr) -> Value {
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
            Expr::Str(s) => Value::Str(s.clone()),
            Expr::Nil => Value::Nil,
            Expr::Var(var) => self.read_var(state, proc, *var),
            Expr::Global(name) => self.global(state, proc, name),
            Expr::Field(base, name) => {
                let base = self.eval(state, proc, base);
                self.load_field(state, proc, &base, name)
            }
            Expr::Index(base, index) => {
                let base = self.eval(state, proc, base);
                let index = self.eval(state, proc, index);
                self.element(state, proc, &base, &index)
            }
            Expr::Deref(base) => match self.eval(state, proc, base) {
                Value::Ref(id) => match &state.heap[id as usize] {
                    Obj::Cell(value) => value.clone(),
                    Obj::Struct(..) | Obj::Wait(..) => Value::Val(id),
                    _ => Value::Ref(id),
                },
                Value::Sym(sym, _) => self.path(state, proc, sym, &Name::new_static("*")),
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
            Expr::MakeChan(cap, span, size) => {
                let cap = self.eval(state, proc, cap);
                if let Value::Sym(sym, _) = cap {
                    let known = state.known(sym);
                    known.bound = true;
                    known.lo = known.lo.max(i64::from(!self.zero_counts));
                }
                let opaque = matches!(cap, Value::Sym(sym, _) if state.syms[sym as usize].opaque);
                let site = self.site(state, proc, *span, *size);
                let id = state.alloc(Obj::Chan {
                    site,
                    cap,
                    buf: Vec::new(),
                    closed: false,
                });
                if opaque {
                    self.abstain("unknown-capacity");
                    state.escaped[id as usize] = true;
                }
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
            Expr::Append(base, values) => self.append(state, proc, base, values),
            Expr::Zero(ty, span) => self.zero(state, proc, ty, *span),
            Expr::Len(base, span) => {
                let base = self.eval(state, proc, base);
                self.length(state, proc, &base, *span)
            }
            Expr::Cap(base) => {
                let base = self.eval(state, proc, base);
                match state.object(&base).map(|id| &state.heap[id as usize]) {
                    Some(Obj::Chan { cap, .. }) => cap.clone(),
                    _ => self.fresh(state, proc, Span::default()),
                }
            }
            Expr::Binary(op, left, right, span) => {
                let (left, right) = (self.eval(state, proc, left), self.eval(state, proc, right));
                self.arithmetic(state, proc, *op, &left, &right, *span)
            }
            Expr::Not(inner) => match self.eval(state, proc, inner) {
                Value::Bool(b) => Value::Bool(!b),
                _ => self.fresh(state, proc, Span::default()),
            },
        }
    }

    fn global(&self, state: &mut State, proc: usize, name: &Name) -> Value {
        if let Some((_, value)) = state.globals.iter().find(|(n, _)| n == name) {
            return value.clone();
        }
        let value = self.fresh(state, proc, Span::default());
        // Variables of other packages are error sentinels and the like.
        if let Value::Sym(sym, _) = value
            && (name.contains('.') || self.program.solid.contains(name))
        {
            state.known(sym).nil = Some(false);
            state.known(sym).global = true;
        }
        state.globals.push((name.clone(), value.clone()));
        value
    }

    /// The value that `name` of an unknown value has; the same each time.
    fn path(&self, state: &mut State, proc: usize, sym: Sym, name: &Name) -> Value {
        if let Some(value) = state.path(sym, name) {
            return value.clone();
        }
        let value = self.fresh(state, proc, Span::default());
        state.set_path(sym, name.clone(), value.clone());
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
            Value::Sym(sym, _) => self.path(state, proc, *sym, name),
            Value::Ref(id) | Value::Val(id) => {
                let mut id = *id;
                while let Obj::Cell(Value::Ref(inner) | Value::Val(inner)) = state.heap[id as usize]
                {
                    id = inner;
                }
                let Obj::Struct(ty, fields) = &state.heap[id as usize] else {
                    return self.fresh(state, proc, Span::default());
                };
                if let Some((_, value)) = fields.iter().find(|(n, _)| n == name) {
                    return value.clone();
                }
                let field = ty.and_then(|ty| {
                    field_type(&self.program.types, &self.type_def(ty.0).underlying, name)
                });
                let value = match field {
                    Some(ty) if !state.escaped[id as usize] => {
                        self.zero(state, proc, &ty, Span::default())
                    }
                    _ => self.fresh(state, proc, Span::default()),
                };
                if let Obj::Struct(_, fields) = &mut state.heap[id as usize] {
                    fields.push((name.clone(), value.clone()));
                }
                value
            }
            _ => self.fresh(state, proc, Span::default()),
        }
    }

    fn type_def(&self, id: u32) -> &'p TypeDef {
        &self.program.types[id as usize]
    }

    fn element(&self, state: &mut State, proc: usize, base: &Value, index: &Value) -> Value {
        if let Some(id) = state.object(base)
            && let Obj::Slice(values) = &state.heap[id as usize]
        {
            if let Value::Int(i) = index
                && let Some(value) = usize::try_from(*i).ok().and_then(|i| values.get(i))
            {
                return value.clone();
            }
            // Which element is meant is not known: any of them may be served from here on.
            state.escape(base);
        }
        self.fresh(state, proc, Span::default())
    }

    fn address(&self, state: &mut State, proc: usize, base: &Expr) -> Value {
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
                // The address of a field or element: others may write and use it.
                state.escape(&value);
                self.eval_raw(state, proc, &Expr::Solid(Span::default()))
            }
        }
    }

    /// A list of a length that was not followed.
    fn opaque(&self, state: &mut State, proc: usize) -> Value {
        let value = self.fresh(state, proc, Span::default());
        if let Value::Sym(sym, _) = value {
            state.known(sym).opaque = true;
        }
        value
    }

    fn append(&self, state: &mut State, proc: usize, base: &Expr, values: &[Expr]) -> Value {
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
                values.iter().for_each(|v| state.escape(v));
                return self.opaque(state, proc);
            }
        };
        all.extend(values);
        if all.len() > 6 {
            if carries {
                all.iter().for_each(|v| state.escape(v));
            }
            return self.opaque(state, proc);
        }
        Value::Ref(state.alloc(Obj::Slice(all)))
    }

    pub(super) fn zero(&self, state: &mut State, proc: usize, ty: &Ty, span: Span) -> Value {
        match ty {
            Ty::Bool => Value::Bool(false),
            Ty::Int => Value::Int(0),
            Ty::Str => Value::Str(Name::default()),
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
                ("sync", "WaitGroup") | ("golang.org/x/sync/errgroup", "Group") => {
                    let site = self.site(state, proc, span, Span::default());
                    Value::Val(state.alloc(Obj::Wait(site, Value::Int(0))))
                }
                ("sync/atomic", kind) => {
                    let value = match kind {
                        "Bool" => Value::Bool(false),
                        "Pointer" | "Value" => Value::Nil,
                        _ => Value::Int(0),
                    };
                    Value::Val(state.alloc(Obj::Struct(None, vec![(ATOMIC, value)])))
                }
                ("sync", "Once") => Value::Val(state.alloc(Obj::Once(false))),
                ("context", "Context" | "CancelFunc") => Value::Nil,
                _ => self.fresh(state, proc, span),
            },
            Ty::Array(..) | Ty::Plain | Ty::Unknown | Ty::Tuple(_) => self.fresh(state, proc, span),
        }
    }

    fn length(&self, state: &mut State, proc: usize, base: &Value, span: Span) -> Value {
        match base {
            Value::Nil => Value::Int(0),
            Value::Sym(sym, _) => {
                if let Some(value) = state.path(*sym, &LEN) {
                    return value.clone();
                }
                let value = self.fresh(state, proc, span);
                let opaque = state.syms[*sym as usize].opaque;
                if let Value::Sym(len, _) = value {
                    let known = state.known(len);
                    known.lo = 0;
                    known.opaque = opaque;
                    known.length = true;
                }
                state.set_path(*sym, LEN, value.clone());
                value
            }
            _ => match state.object(base).map(|id| &state.heap[id as usize]) {
                Some(Obj::Slice(values)) => Value::Int(values.len() as i64),
                _ => self.fresh(state, proc, span),
            },
        }
    }

    pub(super) fn arithmetic(
        &self,
        state: &mut State,
        proc: usize,
        op: BinaryOp,
        left: &Value,
        right: &Value,
        span: Span,
    ) -> Value {
        use crate::resolve::{Const, fold};
        let constant = |v: &Value| match v {
            Value::Int(n) => Some(Const::Int(*n)),
            Value::Bool(b) => Some(Const::Bool(*b)),
            Value::Str(s) => Some(Const::Str(s.clone())),
            _ => None,
        };
        if let (Some(a), Some(b)) = (constant(left), constant(right))
            && let Some(value) = fold(op, &a, &b)
        {
            return match value {
                Const::Int(n) => Value::Int(n),
                Const::Bool(b) => Value::Bool(b),
                Const::Str(s) => Value::Str(s),
            };
        }
        match (op, left, right) {
            (BinaryOp::Add, Value::Sym(s, k), Value::Int(n))
            | (BinaryOp::Add, Value::Int(n), Value::Sym(s, k))
                if (k + n).abs() < COUNT_LIMIT =>
            {
                Value::Sym(*s, k + n)
            }
            (BinaryOp::Sub, Value::Sym(s, k), Value::Int(n)) if (k - n).abs() < COUNT_LIMIT => {
                Value::Sym(*s, k - n)
            }
            _ => {
                // `x == nil` and the like as a value: known when the run has decided it.
                if let Some(known) = self.compare(state, op, left, right) {
                    return Value::Bool(known);
                }
                let value = self.fresh(state, proc, span);
                // A number computed in a way that is not followed: nothing may be counted on it.
                if let Value::Sym(sym, _) = value
                    && matches!(
                        op,
                        BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div
                    )
                {
                    state.known(sym).opaque = true;
                }
                value
            }
        }
    }

    // --- conditions ---

    /// What a run already knows of a comparison.
    pub(super) fn compare(
        &self,
        state: &State,
        op: BinaryOp,
        left: &Value,
        right: &Value,
    ) -> Option<bool> {
        match op {
            BinaryOp::Eq => self.equal(state, left, right),
            BinaryOp::Ne => self.equal(state, left, right).map(|b| !b),
            BinaryOp::Lt => self.less(state, left, right),
            BinaryOp::Ge => self.less(state, left, right).map(|b| !b),
            BinaryOp::Gt => self.less(state, right, left),
            BinaryOp::Le => self.less(state, right, left).map(|b| !b),
            _ => None,
        }
    }

    fn equal(&self, state: &State, left: &Value, right: &Value) -> Option<bool> {
        match (left, right) {
            (Value::Int(a), Value::Int(b)) => Some(a == b),
            (Value::Bool(a), Value::Bool(b)) => Some(a == b),
            (Value::Str(a), Value::Str(b)) => Some(a == b),
            (Value::Nil, Value::Nil) => Some(true),
            (Value::Ref(a), Value::Ref(b)) => Some(a == b),
            (Value::Val(a), Value::Val(b)) => {
                match (&state.heap[*a as usize], &state.heap[*b as usize]) {
                    (Obj::Struct(s, x), Obj::Struct(t, y)) if s == t => {
                        (x.is_empty() && y.is_empty()).then_some(true)
                    }
                    _ => Some(false),
                }
            }
            // An unknown value cannot be an object of ours that nobody else knows.
            (Value::Sym(..), Value::Ref(id) | Value::Val(id))
            | (Value::Ref(id) | Value::Val(id), Value::Sym(..)) => {
                (!state.escaped[*id as usize]).then_some(false)
            }
            (Value::Nil, Value::Ref(_) | Value::Val(_) | Value::Func(_) | Value::Out(_))
            | (Value::Ref(_) | Value::Val(_) | Value::Func(_) | Value::Out(_), Value::Nil) => {
                Some(false)
            }
            (Value::Sym(s, j), Value::Sym(t, k)) if s == t => Some(j == k),
            (Value::Sym(s, 0), Value::Sym(t, 0)) => {
                let key = (*s.min(t), *s.max(t));
                state
                    .equal
                    .iter()
                    .find(|(a, b, _)| (*a, *b) == key)
                    .map(|(.., equal)| *equal)
                    .or_else(|| {
                        let (a, b) = (&state.syms[*s as usize], &state.syms[*t as usize]);
                        if a.global && b.global {
                            return Some(false);
                        }
                        match (a.nil, b.nil) {
                            (Some(true), Some(false)) | (Some(false), Some(true)) => Some(false),
                            (Some(true), Some(true)) => Some(true),
                            _ => None,
                        }
                    })
            }
            (Value::Sym(s, _), Value::Nil) | (Value::Nil, Value::Sym(s, _)) => {
                state.syms[*s as usize].nil
            }
            (Value::Sym(s, k), Value::Int(n)) | (Value::Int(n), Value::Sym(s, k)) => {
                let known = &state.syms[*s as usize];
                let value = n - k;
                if value < known.lo || value > known.hi || known.ne.contains(&Value::Int(value)) {
                    Some(false)
                } else {
                    None
                }
            }
            (Value::Sym(s, 0), constant @ (Value::Str(_) | Value::Bool(_)))
            | (constant @ (Value::Str(_) | Value::Bool(_)), Value::Sym(s, 0)) => {
                let known = &state.syms[*s as usize];
                match (constant, known.truth) {
                    (Value::Bool(b), Some(truth)) => Some(*b == truth),
                    _ if known.ne.contains(constant) => Some(false),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn less(&self, state: &State, left: &Value, right: &Value) -> Option<bool> {
        let range = |v: &Value| match v {
            Value::Int(n) => Some((*n, *n)),
            Value::Sym(s, k) => {
                let known = &state.syms[*s as usize];
                Some((known.lo.saturating_add(*k), known.hi.saturating_add(*k)))
            }
            _ => None,
        };
        if let (Value::Sym(s, j), Value::Sym(t, k)) = (left, right)
            && s == t
        {
            return Some(j < k);
        }
        let ((llo, lhi), (rlo, rhi)) = (range(left)?, range(right)?);
        if lhi < rlo {
            Some(true)
        } else if llo >= rhi {
            Some(false)
        } else {
            None
        }
    }

    /// All ways a condition can turn out, with what each means for the values it is about.
    /// `counted` says that the condition decides whether a loop goes on.
    pub(super) fn decide(
        &self,
        mut state: State,
        proc: usize,
        cond: &Expr,
        counted: bool,
    ) -> Vec<(State, bool)> {
        match cond {
            Expr::Not(inner) => {
                let mut outcomes = self.decide(state, proc, inner, counted);
                outcomes.iter_mut().for_each(|(_, b)| *b = !*b);
                outcomes
            }
            Expr::Binary(op @ (BinaryOp::LogAnd | BinaryOp::LogOr), left, right, _) => {
                let stops = *op == BinaryOp::LogOr;
                let mut outcomes = Vec::new();
                for (state, value) in self.decide(state, proc, left, counted) {
                    if value == stops {
                        outcomes.push((state, value));
                    } else {
                        outcomes.extend(self.decide(state, proc, right, counted));
                    }
                }
                outcomes
            }
            Expr::Binary(op, left, right, _) => {
                let (left, right) = (
                    self.eval(&mut state, proc, left),
                    self.eval(&mut state, proc, right),
                );
                self.decide_comparison(state, *op, &left, &right, counted)
            }
            _ => {
                let value = self.eval(&mut state, proc, cond);
                self.decide_truth(state, &value)
            }
        }
    }

    /// Whether a value is the outcome of a count that was not followed: a run that depends on it is given up.
    fn is_uncounted(&self, state: &State, value: &Value) -> bool {
        let uncounted = matches!(value, Value::Sym(sym, _) if state.syms[*sym as usize].counter);
        if uncounted {
            self.abstain("unknown-count");
        }
        uncounted
    }

    fn decide_truth(&self, state: State, value: &Value) -> Vec<(State, bool)> {
        if self.is_uncounted(&state, value) {
            return Vec::new();
        }
        match value {
            Value::Bool(b) => vec![(state, *b)],
            Value::Sym(sym, _) => {
                if let Some(truth) = state.syms[*sym as usize].truth {
                    return vec![(state, truth)];
                }
                split(state, |s, b| s.known(*sym).truth = Some(b))
            }
            _ => split(state, |_, _| {}),
        }
    }

    pub(super) fn decide_comparison(
        &self,
        state: State,
        op: BinaryOp,
        left: &Value,
        right: &Value,
        counted: bool,
    ) -> Vec<(State, bool)> {
        if let Some(known) = self.compare(&state, op, left, right) {
            return vec![(state, known)];
        }
        if matches!(op, BinaryOp::Eq)
            && (self.is_uncounted(&state, left) || self.is_uncounted(&state, right))
        {
            return Vec::new();
        }
        match (op, left, right) {
            (BinaryOp::Ne, ..) => {
                let mut outcomes =
                    self.decide_comparison(state, BinaryOp::Eq, left, right, counted);
                outcomes.iter_mut().for_each(|(_, b)| *b = !*b);
                outcomes.reverse();
                outcomes
            }
            (BinaryOp::Eq, Value::Sym(sym, k), other)
            | (BinaryOp::Eq, other, Value::Sym(sym, k)) => {
                let (sym, k, other) = (*sym, *k, other.clone());
                split(state, |s, equal| learn_equal(s, sym, k, &other, equal))
            }
            (BinaryOp::Gt, ..) => self.decide_comparison(state, BinaryOp::Lt, right, left, counted),
            (BinaryOp::Ge, ..) => {
                let mut outcomes =
                    self.decide_comparison(state, BinaryOp::Lt, left, right, counted);
                outcomes.iter_mut().for_each(|(_, b)| *b = !*b);
                outcomes
            }
            (BinaryOp::Le, ..) => {
                let mut outcomes =
                    self.decide_comparison(state, BinaryOp::Lt, right, left, counted);
                outcomes.iter_mut().for_each(|(_, b)| *b = !*b);
                outcomes
            }
            (BinaryOp::Lt, Value::Sym(sym, k), Value::Int(n)) => {
                // sym + k < n
                let (sym, at) = (*sym, n.saturating_sub(*k));
                self.split_at(&state, sym, at, counted, true)
            }
            (BinaryOp::Lt, Value::Int(n), Value::Sym(sym, k)) => {
                // n < sym + k, so not sym < n - k + 1
                let (sym, at) = (*sym, n.saturating_sub(*k).saturating_add(1));
                self.split_at(&state, sym, at, counted, false)
            }
            _ => split(state, |_, _| {}),
        }
    }

    /// Splits the interval of `sym` into below `at` and not; the outcome of the first is `below`. A counter that has
    /// reached the limit sees the end of its loop only.
    fn split_at(
        &self,
        state: &State,
        sym: Sym,
        at: i64,
        counted: bool,
        below: bool,
    ) -> Vec<(State, bool)> {
        if counted && state.syms[sym as usize].opaque {
            self.abstain("unknown-count");
            return Vec::new();
        }
        let mut outcomes = Vec::new();
        for is_below in [true, false] {
            if !is_below && counted && at > self.loop_limit && state.syms[sym as usize].lo < at {
                self.abstain("loop-limit");
                continue;
            }
            // A run that needs an empty loop proves little (`Search` leaves those to low confidence).
            if is_below
                && counted
                && at <= 1
                && state.syms[sym as usize].lo < at
                && !self.zero_counts
            {
                continue;
            }
            let mut state = state.clone();
            let known = state.known(sym);
            known.bound |= counted;
            if is_below {
                known.hi = known.hi.min(at - 1);
            } else {
                known.lo = known.lo.max(at);
            }
            if known.lo <= known.hi {
                outcomes.push((state, is_below == below));
            }
        }
        // True first, as for every other condition.
        outcomes.sort_by_key(|(_, b)| !*b);
        outcomes
    }

    /// Evaluates what a call statement calls and hands over.
    pub(super) fn prepare(&self, state: &mut State, proc: usize, call: &Call, pc: Pc) -> Prepared {
        let mut args: Vec<Value> = call
            .args
            .iter()
            .map(|a| self.eval(state, proc, a))
            .collect();
        let mut method = call.method;
        let callee = match &call.callee {
            Callee::Body(body) => Called::Body(*body, Vec::new()),
            Callee::Value(value) => {
                let value = self.eval(state, proc, value);
                self.called(state, &value, &mut args, &mut method)
            }
            Callee::Named(name) => Called::Named(name.clone()),
            Callee::Library(effect, argument) => Called::Library(*effect, *argument),
            Callee::Close(_) => Called::Close,
            Callee::Panic => Called::Panic,
            Callee::Recover => Called::Recover,
            Callee::Unknown => Called::Unknown,
        };
        for arg in &mut args {
            *arg = self.copied(state, arg.clone());
        }
        Prepared {
            callee,
            args,
            method,
            pc,
        }
    }

    /// What calling a function value calls; a bound receiver becomes the first argument.
    pub(super) fn called(
        &self,
        state: &State,
        value: &Value,
        args: &mut Vec<Value>,
        method: &mut bool,
    ) -> Called {
        match value {
            Value::Func(func) => Called::Body((*func).into(), Vec::new()),
            Value::Ref(id) => match &state.heap[*id as usize] {
                Obj::Closure(body, env, receiver) => {
                    if let Some(receiver) = receiver {
                        args.insert(0, receiver.clone());
                        *method = true;
                    }
                    Called::Body(*body, env.clone())
                }
                Obj::Cancel(context) => Called::Cancel(*context),
                _ => Called::Unknown,
            },
            _ => Called::Unknown,
        }
    }

    /// The operand of an operation on a channel: contexts' Done channels stand for the context.
    pub(super) fn outside_of(&self, value: &Value) -> Option<Outside> {
        match value {
            Value::Out(outside) => Some(*outside),
            Value::Sym(..)
            | Value::Int(_)
            | Value::Str(_)
            | Value::Bool(_)
            | Value::Func(_)
            | Value::Unset => Some(Outside::Other),
            Value::Nil | Value::Ref(_) | Value::Val(_) => None,
        }
    }

    /// The primitives an act waits for.
    pub(super) fn waits_for(act: &Act) -> Vec<&Value> {
        match act {
            Act::Send(ch, _) | Act::Recv(ch, _) | Act::Close(ch) | Act::Wait(ch) => vec![ch],
            Act::Select(cases, _) => cases.iter().map(|(_, ch, _)| ch).collect(),
            Act::Cancel(_) => Vec::new(),
        }
    }
}

/// The field that holds the value of an atomic variable.
pub(super) const ATOMIC: Name = Name::new_static("value");

/// The path under which the length of an unknown value is kept.
const LEN: Name = Name::new_static("len()");

fn field_type(types: &[TypeDef], ty: &Ty, name: &Name) -> Option<Ty> {
    match ty {
        Ty::Struct(fields) => fields
            .iter()
            .find(|f| f.name == *name)
            .map(|f| f.ty.clone()),
        Ty::Named(id) => field_type(types, &types[id.0 as usize].underlying, name),
        _ => None,
    }
}

fn split(state: State, learn: impl Fn(&mut State, bool)) -> Vec<(State, bool)> {
    let mut yes = state.clone();
    learn(&mut yes, true);
    let mut no = state;
    learn(&mut no, false);
    vec![(yes, true), (no, false)]
}

fn learn_equal(state: &mut State, sym: Sym, offset: i64, other: &Value, equal: bool) {
    match other {
        Value::Sym(t, _) => {
            let (a, b) = (sym.min(*t), sym.max(*t));
            state.equal.push((a, b, equal));
            if equal {
                let nil = state.syms[sym as usize].nil.or(state.syms[*t as usize].nil);
                state.known(sym).nil = nil;
                state.known(*t).nil = nil;
            }
        }
        Value::Nil => state.known(sym).nil = Some(equal),
        Value::Int(n) => {
            let value = n - offset;
            let known: &mut Known = state.known(sym);
            if equal {
                known.lo = value;
                known.hi = value;
            } else if known.lo == value {
                known.lo += 1;
            } else if known.hi == value {
                known.hi -= 1;
            } else {
                known.ne.push(Value::Int(value));
            }
        }
        Value::Bool(b) => state.known(sym).truth = Some(*b == equal),
        constant @ Value::Str(_) => {
            let known = state.known(sym);
            if equal {
                known.eq = Some(constant.clone());
            } else {
                known.ne.push(constant.clone());
            }
        }
        // That an unknown value is one of our objects says nothing that could be kept.
        _ => {}
    }
}
