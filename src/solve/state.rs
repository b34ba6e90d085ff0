//! A state of a system: processes with their frames, a heap of primitives and followed objects, and what is known of
//! unknown values.
//!
//! Values that nobody knows are symbols; what a run has decided about one (nil or not, an interval, equal to a constant)
//! is kept with it, so that the same question gets the same answer until the variable is written again. [`value`] says
//! what values and objects there are, [`escape`] what becomes known outside, [`log`] what is recorded while a run is
//! repeated.

use super::shared::{List, Shared};
use crate::exposure::Exposure;
use crate::flow::ir::{BodyId, Pc, Target};
use crate::library::Effect;
use crate::source::{FileId, Span};
use crate::summary::{Acts, DONE};
use crate::syntax::ast::Name;
use std::rc::Rc;

mod escape;
mod log;
mod value;

pub use log::{Event, Happening, Log};
pub use value::{Clock, Entry, Known, Obj, ObjId, Outside, Site, Sym, Text, Value};

/// A call with everything evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prepared {
    /// What is called.
    pub callee: Called,
    /// Receiver and arguments.
    pub args: Vec<Value>,
    /// Whether `args[0]` is a receiver.
    pub method: bool,
    /// The statement.
    pub pc: Pc,
}

/// What an evaluated call calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Called {
    /// A body with captured cells.
    Body(BodyId, Vec<ObjId>),
    /// The cancel function of a context.
    Cancel(ObjId),
    /// A method chosen by what the receiver is.
    Named(Name),
    /// A library function.
    Library(Effect, u32),
    /// `close`
    Close,
    /// `panic`
    Panic,
    /// `recover`
    Recover,
    /// Anything else.
    Unknown,
}

/// An operation that others can see, with its operands evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// A send: channel, value.
    Send(Value, Value),
    /// A receive; the flag says whether it is the head of a range.
    Recv(Value, bool),
    /// A select: per case whether it sends, channel, value; and whether there is a default.
    Select(Vec<(bool, Value, Value)>, bool),
    /// A close.
    Close(Value),
    /// A wait for a `WaitGroup`.
    Wait(Value),
    /// A call that starts one more goroutine of a group, which runs only so many at a time.
    Room(Value),
    /// A call of a context's cancel function.
    Cancel(ObjId),
    /// A lock that is to be taken.
    Lock(Value, Wish),
    /// A wait for a condition.
    Cond(Value),
    /// Nothing: a place where others may run, as others can see what was done just before.
    Pause,
}

/// What a lock is to be taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wish {
    /// For reading, beside others who do.
    Read,
    /// For writing, alone.
    Write,
    /// The same, and whoever comes to read from now on has to wait behind (Go's documentation of `RWMutex`).
    WriteNext,
}

/// How a frame is being left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leaving {
    /// It is not.
    No,
    /// By return.
    Return,
    /// By a panic that somebody above may recover.
    Panic,
    /// By `Goexit`.
    Goexit,
}

/// A function activation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Its code.
    pub body: BodyId,
    /// The next operation.
    pub pc: Pc,
    /// Variables; a cell variable holds a reference to its cell.
    pub vars: Vec<Value>,
    /// Deferred calls, the next one last.
    pub defers: Vec<Prepared>,
    /// Where the caller wants the results.
    pub dests: Rc<[Target]>,
    /// How it is being left.
    pub leaving: Leaving,
    /// Whether the caller runs this as one of its deferred calls.
    pub deferred: bool,
}

/// A goroutine of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proc {
    /// Number in order of start; 0 is the root's own.
    pub id: u32,
    /// Where it was started.
    pub spawn: Option<(BodyId, Pc)>,
    /// Its stack; empty when it has ended.
    pub frames: List<Frame>,
    /// The operation it is parked at, and the position that operation has in the top frame's body.
    pub park: Option<(Act, Pc)>,
    /// A `WaitGroup` that counts it down when it ends.
    pub on_end: Option<Value>,
}

impl Proc {
    /// Whether it has ended.
    pub fn ended(&self) -> bool {
        self.frames.is_empty()
    }

    /// The body and position of the operation it is parked at.
    pub fn site(&self) -> Option<(BodyId, Pc)> {
        let (_, pc) = self.park.as_ref()?;
        self.frames.last().map(|f| (f.body, *pc))
    }
}

/// A state of a system. States share whatever is as it was in the one they come from.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The processes, in order of start.
    pub procs: Vec<Rc<Proc>>,
    /// The heap.
    pub heap: Shared<List<Obj>>,
    /// What code that nobody looks at may do to each object; [`ANY`] is everything.
    pub open: Shared<Vec<Acts>>,
    /// What that code can do to fields of values it gets.
    pub exposure: Exposure,
    /// Symbols.
    pub syms: Shared<List<Known>>,
    /// Values read from unknown ones: (symbol, field) to value, sorted by both.
    pub paths: Shared<Vec<((Sym, Name), Value)>>,
    /// Package variables read so far.
    pub globals: Shared<Vec<(Name, Value)>>,
    /// Decided equalities of two symbols.
    pub equal: Shared<Vec<(Sym, Sym, bool)>>,
    /// Decided orders of two symbols: the most by which the first is larger than the second.
    pub orders: Shared<Vec<(Sym, Sym, i64)>>,
    /// Processes that have to run up to their next visible operation, the next one last.
    pub todo: Vec<usize>,
    /// Processes already reported as leaked on the way here.
    pub leaked: Vec<u32>,
    /// The record, while a run is repeated.
    pub log: Option<Box<Log>>,
}

impl State {
    /// A copy to try something in, of which no record is kept.
    #[must_use]
    pub fn scratch(&self) -> Self {
        Self {
            procs: self.procs.clone(),
            heap: self.heap.clone(),
            open: self.open.clone(),
            exposure: self.exposure.clone(),
            syms: self.syms.clone(),
            paths: self.paths.clone(),
            globals: self.globals.clone(),
            equal: self.equal.clone(),
            orders: self.orders.clone(),
            todo: self.todo.clone(),
            leaked: self.leaked.clone(),
            log: None,
        }
    }

    /// Process `index`, to be changed; states share processes that did not move.
    pub fn proc_mut(&mut self, index: usize) -> &mut Proc {
        Rc::make_mut(&mut self.procs[index])
    }

    /// Adds a process.
    pub fn add_proc(&mut self, proc: Proc) {
        self.procs.push(Rc::new(proc));
    }

    /// What a package variable holds, if it has been looked at.
    pub fn global(&self, name: &str) -> Option<&Value> {
        let found = self.globals.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value)
    }

    /// Whether an object is a wait group that is a package variable: others may count on it as well.
    pub fn is_shared(&self, id: ObjId) -> bool {
        let held = Value::Val(id);
        self.open[id as usize] & DONE != 0 && self.globals.iter().any(|(_, value)| *value == held)
    }

    /// The value that `name` of an unknown value has, if it has been looked at.
    pub fn path(&self, sym: Sym, name: &str) -> Option<&Value> {
        let at = self
            .paths
            .binary_search_by(|((s, n), _)| (*s, n.as_str()).cmp(&(sym, name)))
            .ok()?;
        Some(&self.paths[at].1)
    }

    /// Sets the value that `name` of an unknown value has.
    pub fn set_path(&mut self, sym: Sym, name: Name, value: Value) {
        let found = self
            .paths
            .binary_search_by(|((s, n), _)| (*s, n.as_str()).cmp(&(sym, name.as_str())));
        match found {
            Ok(at) => self.paths[at].1 = value,
            Err(at) => self.paths.insert(at, ((sym, name), value)),
        }
    }

    /// Nothing is known any more of the elements of an unknown list.
    pub fn forget_elements(&mut self, list: Sym) {
        let is_element = |name: &Name| name.starts_with('[');
        if self
            .paths_of(list)
            .iter()
            .any(|((_, name), _)| is_element(name))
        {
            self.paths
                .retain(|((of, name), _)| *of != list || !is_element(name));
        }
    }

    /// All that is known of parts of an unknown value.
    pub fn paths_of(&self, sym: Sym) -> &[((Sym, Name), Value)] {
        let from = self.paths.partition_point(|((s, _), _)| *s < sym);
        let rest = &self.paths[from..];
        // There are few, so a walk finds their end sooner than a search.
        let count = rest.iter().take_while(|((s, _), _)| *s == sym).count();
        &rest[..count]
    }

    /// A new object.
    pub fn alloc(&mut self, obj: Obj) -> ObjId {
        self.heap.push(obj);
        self.open.push(0);
        self.heap.len() as ObjId - 1
    }

    /// A new object that is like another.
    pub fn copy(&mut self, id: ObjId) -> ObjId {
        let (obj, open) = (self.heap.share(id as usize), self.open[id as usize]);
        self.heap.push_shared(obj);
        self.open.push(open);
        self.heap.len() as ObjId - 1
    }

    /// A new symbol, about which nothing is known.
    pub fn symbol(&mut self, file: FileId, span: Span) -> Value {
        self.syms.push(Known {
            origin: (file, span),
            nil: None,
            truth: None,
            lo: i64::MIN,
            hi: i64::MAX,
            eq: None,
            ne: Vec::new(),
            bound: false,
            large: None,
            global: false,
            opaque: false,
            counter: false,
            drawn: false,
            element: false,
            length: false,
        });
        Value::Sym(self.syms.len() as Sym - 1, 0)
    }

    /// What is known of a symbol.
    pub fn known(&mut self, sym: Sym) -> &mut Known {
        &mut self.syms[sym as usize]
    }

    /// A symbol that can only be one number is that number.
    pub fn norm(&self, value: &Value) -> Value {
        if let Value::Sym(sym, offset) = value {
            let known = &self.syms[*sym as usize];
            if known.lo == known.hi {
                return Value::Int(known.lo.saturating_add(*offset));
            }
            if let Some(eq) = &known.eq {
                return *eq;
            }
            if *offset == 0 && known.nil == Some(true) {
                return Value::Nil;
            }
        }
        *value
    }

    /// The object a value is or points to.
    pub fn object(&self, value: &Value) -> Option<ObjId> {
        match value {
            Value::Ref(id) | Value::Val(id) => Some(*id),
            _ => None,
        }
    }

    /// Calls `f` on every object that can be reached from `value`.
    pub fn reach<'s>(&'s self, value: &Value, f: &mut impl FnMut(ObjId, &'s Obj)) {
        let Some(first) = self.object(value) else {
            return;
        };
        let mut seen = vec![false; self.heap.len()];
        let mut todo = vec![first];
        while let Some(id) = todo.pop() {
            if std::mem::replace(&mut seen[id as usize], true) {
                continue;
            }
            let obj = &self.heap[id as usize];
            f(id, obj);
            obj.for_each_object(&mut |held| todo.push(held));
        }
    }

    /// Whether `value` leads to a primitive or to a function literal.
    pub fn carries(&self, value: &Value) -> bool {
        let mut any = false;
        self.reach(value, &mut |_, obj| {
            any |= matches!(
                obj,
                Obj::Chan { .. }
                    | Obj::Wait(..)
                    | Obj::Cond(..)
                    | Obj::Clock(..)
                    | Obj::Context(..)
                    | Obj::Cancel(_)
                    | Obj::Closure(..)
            );
        });
        any
    }
}
