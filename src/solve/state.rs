//! A state of a system: processes with their frames, a heap of primitives and followed objects, and what is known of
//! unknown values.
//!
//! Values that nobody knows are symbols; what a run has decided about one (nil or not, an interval, equal to a constant)
//! is kept with it, so that the same question gets the same answer until the variable is written again.

use super::counts::Tracks;
use super::shared::{List, Shared};
use crate::exposure::Exposure;
use crate::flow::ir::{BodyId, Pc, Target};
use crate::library::Effect;
use crate::resolve::{FuncId, TypeId};
use crate::source::{FileId, Span};
use crate::summary::{ANY, Acts, CALL, RECV};
use crate::syntax::ast::Name;
use std::rc::Rc;

/// Index into [`State::heap`].
pub type ObjId = u32;
/// Index into [`State::syms`].
pub type Sym = u32;

/// Who serves a channel that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outside {
    /// A clock.
    Timer,
    /// The owner of a context.
    Context,
    /// Anybody.
    Other,
    /// Nobody in any run that is looked at, though somebody might: a client that may still act.
    Never,
}

/// A string constant: its number among those that the machine has met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Text(pub u32);

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Not yet alive.
    Unset,
    /// `nil`
    Nil,
    /// An integer.
    Int(i64),
    /// A boolean.
    Bool(bool),
    /// A string constant.
    Str(Text),
    /// A symbol plus an offset (for integers).
    Sym(Sym, i64),
    /// A pointer to an object, or a channel, closure, slice.
    Ref(ObjId),
    /// A struct held by value.
    Val(ObjId),
    /// A channel served from outside.
    Out(Outside),
    /// A function of the package.
    Func(FuncId),
}

/// Where an object was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Site {
    /// The body that made it.
    pub body: BodyId,
    /// The source text of the `make` or declaration.
    pub span: Span,
    /// The source text of the capacity.
    pub size: Span,
}

/// A heap object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Obj {
    /// A variable that is captured or whose address is taken.
    Cell(Value),
    /// A channel.
    Chan {
        /// Where it was made.
        site: Site,
        /// Its capacity.
        cap: Value,
        /// Values in its buffer.
        buf: Vec<Value>,
        /// Whether it is closed.
        closed: bool,
    },
    /// A struct; fields not yet looked at are absent.
    Struct(Option<TypeId>, Vec<(Name, Value)>),
    /// A slice whose elements are followed.
    Slice(Vec<Value>),
    /// A slice of this length, with those of its elements that have been written.
    Slots(Value, Vec<Value>),
    /// A map, with the number of its entries; what is stored in it escapes.
    Map(Value),
    /// A `WaitGroup`, with its counter.
    Wait(Site, Value),
    /// A `sync.Once`, and whether it is done.
    Once(bool),
    /// A ticker, which stands for its channel as well, and whether it is stopped.
    Clock(Site, bool),
    /// A context: its parent, whether it has been cancelled, whether it can end by itself.
    Context(Site, Value, bool, bool),
    /// The cancel function of a context.
    Cancel(ObjId),
    /// A function literal with its cells, or a bound method with its receiver.
    Closure(BodyId, Vec<ObjId>, Option<Value>),
}

/// What a run has decided about a symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Where the value comes from in the source: file and text.
    pub origin: (FileId, Span),
    /// Whether it is nil.
    pub nil: Option<bool>,
    /// Whether it is true.
    pub truth: Option<bool>,
    /// Lower bound.
    pub lo: i64,
    /// Upper bound.
    pub hi: i64,
    /// The constant it equals.
    pub eq: Option<Value>,
    /// Constants it differs from.
    pub ne: Vec<Value>,
    /// Whether it is a variable or constant of a package: two of them are different values.
    pub global: bool,
    /// Whether it is a number (or a list with a length) that was computed in a way nobody followed.
    pub opaque: bool,
    /// Whether it is the value of a shared counter, on which a run must not depend.
    pub counter: bool,
    /// Whether it is the length of what its origin says.
    pub length: bool,
    /// Whether it bounds a loop, capacity or counter.
    pub bound: bool,
    /// The constant it stands for: a capacity too large to be filled item by item.
    pub large: Option<i64>,
}

impl Known {
    /// Whether a run has decided anything about the value.
    pub fn is_told(&self) -> bool {
        self.nil.is_some()
            || self.truth.is_some()
            || self.lo != i64::MIN
            || self.hi != i64::MAX
            || self.eq.is_some()
            || !self.ne.is_empty()
    }
}

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
    /// A call of a context's cancel function.
    Cancel(ObjId),
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

/// What happened in one step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A local operation.
    Local,
    /// A condition, choice or loop head was decided.
    Decided,
    /// A goroutine of this number was started; `u32::MAX` for one whose code is out of view.
    Spawned(u32),
    /// A send completed (case of the select, if it was one).
    Sent(Option<usize>),
    /// A receive completed.
    Received(Option<usize>),
    /// A select went by its default.
    Defaulted,
    /// A channel was closed.
    Closed,
    /// A wait was over, a context cancelled.
    Synced,
    /// A ticker was stopped.
    Stopped,
    /// A request was taken up by a goroutine that was there before.
    TookUp,
    /// A `WaitGroup` was told to wait for more.
    Added,
    /// A `WaitGroup` was told that one is done.
    CountedDown,
    /// A `break` or `goto` was followed.
    Jumped(crate::flow::ir::JumpKind),
    /// A frame begins to be left.
    Left(Leaving),
    /// The body ran to its end.
    FellOff,
    /// The goroutine ended.
    Ended,
}

/// An entry of the log.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// Number of the goroutine.
    pub proc: u32,
    /// Where.
    pub at: (BodyId, Pc),
    /// What.
    pub what: Happening,
    /// The channel it was on.
    pub on: Option<ObjId>,
    /// Whether somebody could still help the watched goroutine after this.
    pub help: bool,
}

/// A record of a run, kept only while one is repeated.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The goroutine whose helpers are watched.
    pub watched: u32,
    /// What it waits for: object and the acts that would help.
    pub wants: Vec<(ObjId, Acts)>,
    /// The events.
    pub events: Vec<Event>,
    /// Whether a loop was followed that runs a fixed number of times.
    pub counted: bool,
    /// What happened in which loop.
    pub tracks: Tracks,
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
    /// Processes that have to run up to their next visible operation, the next one last.
    pub todo: Vec<usize>,
    /// Processes already reported as leaked on the way here.
    pub leaked: Vec<u32>,
    /// The record, while a run is repeated.
    pub log: Option<Box<Log>>,
}

impl State {
    /// Process `index`, to be changed; states share processes that did not move.
    pub fn proc_mut(&mut self, index: usize) -> &mut Proc {
        Rc::make_mut(&mut self.procs[index])
    }

    /// Adds a process.
    pub fn add_proc(&mut self, proc: Proc) {
        self.procs.push(Rc::new(proc));
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
                    | Obj::Clock(..)
                    | Obj::Context(..)
                    | Obj::Cancel(_)
                    | Obj::Closure(..)
            );
        });
        any
    }

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
    /// what the package does to them.
    pub fn escape(&mut self, value: &Value) {
        let Some(first) = self.object(value) else {
            return;
        };
        let mut todo: Vec<(ObjId, Acts)> = vec![(first, ANY)];
        let (heap, exposure) = (self.heap.clone(), self.exposure.clone());
        while let Some((id, acts)) = todo.pop() {
            let before = self.open[id as usize];
            let obj = &heap[id as usize];
            let acts = match obj {
                // Whoever is handed a context can wait for it, but only its cancel function ends it.
                Obj::Context(..) => continue,
                Obj::Chan { .. } | Obj::Wait(..) | Obj::Clock(..) => acts,
                // A function that may be called may do all it can.
                Obj::Closure(..) | Obj::Cancel(_) if acts & (CALL | ANY) == 0 => continue,
                _ => ANY,
            };
            if before | acts == before {
                continue;
            }
            self.open[id as usize] |= acts;
            match obj {
                Obj::Struct(ty, fields) => {
                    for (name, value) in fields {
                        let acts = exposure.acts(*ty, name).unwrap_or(ANY);
                        todo.extend(self.object(value).map(|id| (id, acts)));
                    }
                }
                Obj::Cancel(context) => {
                    self.open_up(*context, ANY);
                }
                // What is in a channel nobody takes out.
                Obj::Chan { .. } if acts & (RECV | ANY) == 0 => {}
                Obj::Closure(body, env, None)
                    if let Some(captured) = exposure.of_literal(*body) =>
                {
                    for (index, field, acts) in captured {
                        let Some(cell) = env.get(*index) else {
                            continue;
                        };
                        // Others see what is written to the variable from now on.
                        self.open_up(*cell, ANY);
                        let Obj::Cell(value) = &heap[*cell as usize] else {
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
            _ => {}
        });
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
            None => self.escape(value),
            Some(acts) => self.lend(value, acts),
        }
    }

    /// Others may do this to what `value` leads to.
    fn lend(&mut self, value: &Value, acts: Acts) {
        let Some(id) = self.object(value) else { return };
        match &self.heap[id as usize] {
            Obj::Chan { .. } | Obj::Wait(..) | Obj::Clock(..) if acts & ANY == 0 => {
                self.open[id as usize] |= acts;
            }
            Obj::Closure(..) | Obj::Cancel(_) if acts & (CALL | ANY) == 0 => {}
            _ => self.escape(value),
        }
    }
}

impl Obj {
    /// Calls `f` on every object that this one holds.
    pub fn for_each_object(&self, f: &mut impl FnMut(ObjId)) {
        let mut value = |value: &Value| {
            if let Value::Ref(id) | Value::Val(id) = value {
                f(*id);
            }
        };
        match self {
            Self::Cell(held)
            | Self::Map(held)
            | Self::Wait(_, held)
            | Self::Context(_, held, ..) => value(held),
            Self::Chan { buf, .. } => buf.iter().for_each(value),
            Self::Struct(_, fields) => fields.iter().for_each(|(_, v)| value(v)),
            Self::Slice(values) | Self::Slots(_, values) => values.iter().for_each(value),
            Self::Cancel(context) => f(*context),
            Self::Closure(_, env, receiver) => {
                receiver.iter().for_each(value);
                env.iter().copied().for_each(f);
            }
            Self::Once(_) | Self::Clock(..) => {}
        }
    }
}
