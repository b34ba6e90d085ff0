//! Values, the objects they lead to, and what is known of those that nobody knows.

use crate::flow::ir::BodyId;
use crate::resolve::{FuncId, TypeId};
use crate::source::{FileId, Span};
use crate::syntax::ast::Name;

/// Index into [`super::State::heap`].
pub type ObjId = u32;
/// Index into [`super::State::syms`].
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

/// An entry of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Its key.
    pub key: Value,
    /// What is kept under it.
    pub value: Value,
    /// Whether a key that nobody knows has been taken for its own: another one is not, as an answer to a request comes once.
    pub met: bool,
    /// The goroutine that has put it there.
    pub by: u32,
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
        /// For a pipe: whether anything has passed.
        pipe: Option<bool>,
    },
    /// A struct; fields not yet looked at are absent.
    Struct(Option<TypeId>, Vec<(Name, Value)>),
    /// A slice whose elements are followed.
    Slice(Vec<Value>),
    /// A slice of this length, with those of its elements that have been written.
    Slots(Value, Vec<Value>),
    /// A map, with the number of its entries; what is stored in it escapes.
    Map(Value),
    /// A map whose entries are followed, in the order in which they came, with the number of those that others have put
    /// into it.
    Entries(Vec<Entry>, Value),
    /// A `WaitGroup`, with its counter, and how many goroutines of a group may run at a time.
    Wait(Site, Value, Option<u8>),
    /// A condition, with its lock.
    Cond(Site, Value),
    /// A `sync.Once`, and whether it is done.
    Once(bool),
    /// A ticker or timer, which stands for its channel as well.
    Clock(Site, Clock),
    /// A context: its parent, whether it has been cancelled, whether it can end by itself.
    Context(Site, Value, bool, bool),
    /// The cancel function of a context.
    Cancel(ObjId),
    /// A function literal with its cells, or a bound method with its receiver.
    Closure(BodyId, Vec<ObjId>, Option<Value>),
}

/// What a clock does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    /// A ticker that ticks.
    Ticks,
    /// A ticker that has been stopped.
    Stopped,
    /// A timer that fires some time, or has fired without anybody having seen it.
    Set,
    /// A timer that has fired.
    Fired,
    /// A timer that was stopped before it fired.
    Disarmed,
}

impl Clock {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ticks | Self::Stopped => "ticker",
            Self::Set | Self::Fired | Self::Disarmed => "timer",
        }
    }

    /// Whether nothing comes from it any more.
    pub fn is_silent(self) -> bool {
        matches!(self, Self::Stopped | Self::Disarmed)
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
            | Self::Wait(_, held, _)
            | Self::Cond(_, held)
            | Self::Context(_, held, ..) => value(held),
            Self::Chan { buf, .. } => buf.iter().for_each(value),
            Self::Struct(_, fields) => fields.iter().for_each(|(_, v)| value(v)),
            Self::Slice(values) | Self::Slots(_, values) => values.iter().for_each(value),
            Self::Entries(entries, _) => entries.iter().for_each(|entry| {
                value(&entry.key);
                value(&entry.value);
            }),
            Self::Cancel(context) => f(*context),
            Self::Closure(_, env, receiver) => {
                receiver.iter().for_each(value);
                env.iter().copied().for_each(f);
            }
            Self::Once(_) | Self::Clock(..) => {}
        }
    }
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
    /// Whether numbers counted from it are drawn from a shared counter, or it is how long a list has grown.
    pub drawn: bool,
    /// Whether it is an element of a list nobody knows.
    pub element: bool,
    /// Whether it is the length of what its origin says.
    pub length: bool,
    /// Whether it bounds a loop, capacity or counter.
    pub bound: bool,
    /// The constant it stands for: a capacity too large to be filled item by item.
    pub large: Option<i64>,
}

impl Known {
    /// Moves the bounds of a number past the constants it differs from.
    pub fn skip_others(&mut self) {
        while self.lo <= self.hi && self.ne.contains(&Value::Int(self.lo)) {
            self.lo += 1;
        }
        while self.lo <= self.hi && self.ne.contains(&Value::Int(self.hi)) {
            self.hi -= 1;
        }
    }

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
