//! The interpreter: evaluates expressions and runs a process up to its next operation that others can see.
//!
//! Semantics only, no search strategy. Where control may go several ways, every step function returns all the states
//! it may lead to, in a fixed order, so that a run is a list of choices that can be repeated.

use super::answers::Answers;
use super::asked::forget_answers;
use super::handed::Handed;
use super::state::{
    Act, Called, Frame, Leaving, Obj, ObjId, Outside, Prepared, State, Text, Value,
};
use crate::exposure::Exposure;
use crate::flow::ir::{Body, BodyId, Call, Callee, Expr, Pc, Target, Var};
use crate::flow::{Program, leads_to_channel};
use crate::resolve::{Ty, TypeId};
use crate::slice::Slice;
use crate::stop::Stop;
use crate::summary::{Live, Summaries};
use crate::syntax::ast::Name;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::{Cell, OnceCell, RefCell};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// How often a loop over an unknown number of items is followed, where no capacity asks for more.
pub const LOOP_LIMIT: i64 = 3;
/// Counters above this are given up.
pub(super) const COUNT_LIMIT: i64 = 24;
/// Lists with more elements than this are not followed.
pub(super) const ELEMENT_LIMIT: usize = 6;
/// Calls nested deeper than this are unknown calls.
pub(super) const DEPTH_LIMIT: usize = 8;

/// Reasons to abstain, by name, with their counts.
pub type Abstentions = BTreeMap<&'static str, u64>;

/// String constants by number.
#[derive(Default)]
pub(super) struct Texts {
    names: Vec<Name>,
    numbers: FxHashMap<Name, u32>,
}

impl Texts {
    /// The number of a constant.
    pub(super) fn number(&mut self, name: &Name) -> Text {
        if let Some(number) = self.numbers.get(name) {
            return Text(*number);
        }
        let number = self.names.len() as u32;
        self.names.push(name.clone());
        self.numbers.insert(name.clone(), number);
        Text(number)
    }

    /// The constant with this number.
    pub(super) fn name(&self, text: Text) -> Name {
        self.names[text.0 as usize].clone()
    }
}

/// The interpreter of one program.
pub struct Machine<'p> {
    pub(super) program: &'p Program,
    pub(super) summaries: &'p Summaries<'p>,
    /// The code of the system that is looked at.
    pub slice: Slice<'p>,
    /// Whether the program ends when the root's own goroutine does: the root is `main`.
    pub ends_with_root: bool,
    /// Whether runs are followed in which a loop over unknown items runs zero times or a capacity is zero.
    pub zero_counts: bool,
    /// Whether constant capacities are filled item by item, as loops that run a fixed number of times do.
    pub exact_rooms: bool,
    /// How often a loop over an unknown number of items is followed.
    pub loop_limit: i64,
    /// Whether a test that ends at a failed check is followed to its end, and not taken to be over.
    pub exits_strand: bool,
    /// Whether the root is part of a test.
    pub in_test: bool,
    /// Whether calls that are handed nothing of ours are unknown ones, whatever they make: a smaller system, in which what
    /// they make is somebody else's.
    pub own_only: bool,
    /// What becomes of functions that code which is not followed is handed.
    pub handed: Handed,
    /// Whether such a function was met that may wait.
    pub met_handed: Cell<bool>,
    /// Who takes up requests that are sent out of view, where that is looked at.
    pub answers: Option<Arc<Answers>>,
    /// Package variables that somebody fills.
    pub filled: Arc<FxHashSet<Name>>,
    /// Which types have room for primitives.
    pub(super) holders: Vec<bool>,
    /// The methods of the package by name, once somebody asks.
    pub(super) methods: OnceCell<FxHashMap<Name, Vec<BodyId>>>,
    /// What code that is not looked at can do to what it gets.
    pub exposure: Exposure,
    /// Ends the search early when somebody raises it.
    pub stop: Stop,
    /// The string constants met so far.
    pub(super) texts: RefCell<Texts>,
    /// What was given up, and how often.
    pub abstentions: RefCell<Abstentions>,
}

impl<'p> Machine<'p> {
    /// An interpreter for `program`.
    pub fn new(program: &'p Program, summaries: &'p Summaries<'p>) -> Self {
        let types = &program.types;
        let holds = |ty: usize| leads_to_channel(types, &Ty::Named(TypeId(ty as u32)), 0);
        Self {
            holders: (0..types.len()).map(holds).collect(),
            methods: OnceCell::new(),
            program,
            summaries,
            slice: Slice::whole(program),
            ends_with_root: false,
            exits_strand: false,
            in_test: false,
            own_only: false,
            handed: Handed::default(),
            met_handed: Cell::new(false),
            answers: None,
            filled: Arc::default(),
            zero_counts: false,
            exact_rooms: false,
            loop_limit: LOOP_LIMIT,
            exposure: Exposure::default(),
            stop: Stop::default(),
            texts: RefCell::default(),
            abstentions: RefCell::new(Abstentions::new()),
        }
    }

    /// The program that is interpreted.
    pub fn program(&self) -> &'p Program {
        self.program
    }

    /// The code of a body, as far as it matters to the system.
    pub(super) fn body(&self, id: BodyId) -> &Body {
        self.slice.body(id)
    }

    /// The whole code of a body, for telling what stands there; positions are the same.
    pub(super) fn source(&self, id: BodyId) -> &'p Body {
        &self.program.bodies[id.0 as usize]
    }

    /// Which variables of a body are still read.
    pub(super) fn live(&self, id: BodyId) -> &Live {
        self.slice
            .live(id)
            .unwrap_or_else(|| self.summaries.live(id))
    }

    /// Counts something that was given up.
    pub fn abstain(&self, reason: &'static str) {
        *self.abstentions.borrow_mut().entry(reason).or_default() += 1;
    }

    /// A fresh activation of `body`.
    pub(super) fn frame(
        &self,
        state: &mut State,
        id: BodyId,
        env: &[ObjId],
        mut args: Vec<Value>,
        dests: Rc<[Target]>,
    ) -> Frame {
        let body = self.body(id);
        let mut vars = vec![Value::Unset; body.vars.len()];
        if body.variadic && args.len() >= body.params.len() {
            let rest = args.split_off(body.params.len() - 1);
            let is_empty = |value: &Value| {
                let list = state.object(value).map(|id| &state.heap[id as usize]);
                matches!(list, Some(Obj::Slice(values)) if values.is_empty())
            };
            let packed = if let [list] = rest.as_slice()
                && is_empty(list)
            {
                // No element but a list without any, handed on as it is: `f(xs[:0]...)`.
                *list
            } else if rest.iter().any(|v| state.carries(v)) {
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
        let slot = frame.vars[var as usize];
        let value = if body.vars[var as usize].cell
            && let Value::Ref(cell) = slot
            && let Obj::Cell(content) = &state.heap[cell as usize]
        {
            *content
        } else {
            slot
        };
        if value == Value::Unset {
            // A variable of a part that could not be read.
            let fresh = state.symbol(body.file, body.span);
            self.write_var(state, proc, var, fresh);
            return fresh;
        }
        state.norm(&value)
    }

    /// The cell of a captured variable; it comes into being when it is first asked for.
    pub(super) fn cell(&self, state: &mut State, proc: usize, var: Var) -> Option<ObjId> {
        let slot = state.procs[proc].frames.last()?.vars[var as usize];
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
                if state.escaped(cell) {
                    state.escape(&value);
                }
                state.heap.set(cell as usize, Obj::Cell(value));
            }
            return;
        }
        if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
            frame.vars[var as usize] = value;
        }
    }

    /// A struct or array is copied when it is assigned, a `WaitGroup` among them.
    pub(super) fn copied(&self, state: &mut State, value: Value) -> Value {
        match value {
            Value::Val(id) => match &state.heap[id as usize] {
                Obj::Struct(..) | Obj::Wait(..) | Obj::Slice(_) => {
                    let copy = state.copy(id);
                    state.part_from(copy);
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

    pub(super) fn assign_place(&self, state: &mut State, proc: usize, place: &Expr, value: Value) {
        let value = self.copied(state, value);
        match place {
            Expr::Global(name) => {
                self.store_outside(state, &value);
                if let Some(slot) = state.global(name).copied()
                    && state.put_in(slot, value)
                {
                    return;
                }
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
                if let Some(id) = Self::followed_map(state, &base) {
                    self.store_entry(state, proc, id, (index, value));
                    return;
                }
                // A key of a map is stored as well.
                state.escape(&index);
                if self.set_element(state, &base, &index, value) {
                    return;
                }
                // Any element of a list may have changed.
                if let Some(id) = state.object(&base)
                    && matches!(state.heap[id as usize], Obj::Slice(_) | Obj::Slots(..))
                {
                    state.escape(&base);
                }
                if let Value::Sym(list, _) = base {
                    state.forget_elements(list);
                }
                self.change_map(state, proc, &base);
                state.escape(&value);
            }
            Expr::Deref(base) => {
                let base = self.eval(state, proc, base);
                match base {
                    Value::Ref(id) if matches!(state.heap[id as usize], Obj::Cell(_)) => {
                        if state.escaped(id) {
                            state.escape(&value);
                        }
                        state.heap.set(id as usize, Obj::Cell(value));
                    }
                    Value::Ref(id) => {
                        if let Some(source) = state.object(&value)
                            && matches!(state.heap[id as usize], Obj::Struct(..))
                        {
                            let copy = state.heap[source as usize].clone();
                            state.heap.set(id as usize, copy);
                        }
                    }
                    Value::Sym(sym, _) => {
                        state.escape(&value);
                        state.set_path(sym, super::eval::POINTEE, value);
                    }
                    _ => {
                        state.escape(&value);
                    }
                }
            }
            Expr::Group(_) => {
                // Begun anew, by whoever knows when.
                let group = self.eval(state, proc, place);
                state.escape(&group);
            }
            _ => {
                state.escape(&value);
            }
        }
    }

    /// Puts a value into an element of a list; whether that is followed.
    fn set_element(&self, state: &mut State, base: &Value, index: &Value, value: Value) -> bool {
        let (Some(id), Value::Int(at)) = (state.object(base), index) else {
            return false;
        };
        let Ok(at) = usize::try_from(*at) else {
            return false;
        };
        let followed = match &mut state.heap[id as usize] {
            Obj::Slice(values) => values.get_mut(at).map(|slot| *slot = value).is_some(),
            Obj::Slots(_, values) if at < ELEMENT_LIMIT => {
                match at.cmp(&values.len()) {
                    Ordering::Less => values[at] = value,
                    Ordering::Equal => values.push(value),
                    Ordering::Greater => return false,
                }
                true
            }
            _ => false,
        };
        if followed && state.escaped(id) {
            self.store_outside(state, &value);
        }
        followed
    }

    /// Entries of a map come or go: nobody follows how many there are then.
    pub(super) fn change_map(&self, state: &mut State, proc: usize, map: &Value) {
        if let Some(id) = Self::followed_map(state, map) {
            self.stop_following(state, proc, id);
        } else if let Some(id) = state.object(map)
            && matches!(state.heap[id as usize], Obj::Map(_))
        {
            let count = self.opaque(state, proc);
            if let Value::Sym(sym, _) = count {
                state.known(sym).lo = 1;
            }
            state.heap.set(id as usize, Obj::Map(count));
        }
    }

    pub(super) fn store_field(&self, state: &mut State, base: &Value, name: &Name, value: Value) {
        if let Some(id) = state.object(base) {
            if let Obj::Struct(ty, _) = state.heap[id as usize] {
                state.enter_field(id, ty, name, &value);
            } else if state.escaped(id) {
                self.store_outside(state, &value);
            }
            if let Obj::Struct(_, fields) = &state.heap[id as usize]
                && let Some((_, slot)) = fields.iter().find(|(n, _)| n == name).cloned()
                && state.put_in(slot, value)
            {
                return;
            }
            if let Obj::Struct(_, fields) = &mut state.heap[id as usize] {
                forget_answers(fields);
                match fields.iter_mut().find(|(n, _)| n == name) {
                    Some((_, slot)) => *slot = value,
                    None => fields.push((name.clone(), value)),
                }
                return;
            }
        }
        self.store_outside(state, &value);
        if let Value::Sym(sym, _) = base {
            let slot = state.path(*sym, name).copied();
            if !slot.is_some_and(|slot| state.put_in(slot, value)) {
                state.set_path(*sym, name.clone(), value);
            }
        }
    }

    /// A value goes where others can reach it.
    pub(super) fn store_outside(&self, state: &mut State, value: &Value) {
        // Also when it leads to nothing yet: what is put into it later is as visible.
        if state.escape(value) {
            self.abstain("escape-store");
        }
    }

    // --- calls ---

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
            *arg = self.copied(state, *arg);
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
                        args.insert(0, *receiver);
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
            Act::Send(ch, _)
            | Act::Recv(ch, _)
            | Act::Close(ch)
            | Act::Wait(ch)
            | Act::Room(ch)
            | Act::Lock(ch, _)
            | Act::Cond(ch) => vec![ch],
            Act::Select(cases, _) => cases.iter().map(|(_, ch, _)| ch).collect(),
            Act::Cancel(_) | Act::Pause => Vec::new(),
        }
    }
}
