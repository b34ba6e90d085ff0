//! The intermediate form: per function a flat list of operations on variables, with everything gone that cannot matter
//! to a primitive.
//!
//! Expressions are pure trees; whatever has an effect (a call, a receive) is an operation of its own that writes a
//! variable. What the lowering does not understand is [`Expr::Fresh`]: a value nobody knows anything about.

use super::facts::Facts;
use super::walk::Walk;
use crate::library::Effect;
use crate::resolve::{Ask, FuncId, Ty, TypeId};
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::{BinaryOp, Name};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A variable of a body.
pub type Var = u32;

/// A position in [`Body::code`].
pub type Pc = u32;

/// Index of a body: those of declared functions come first, at their [`FuncId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BodyId(pub u32);

/// As the only signed number of that width in a skeleton, so that a hasher can tell it from others: from one analysis to
/// the next the same body may have another number.
impl Hash for BodyId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_i32(self.0 as i32);
    }
}

impl From<FuncId> for BodyId {
    fn from(id: FuncId) -> Self {
        Self(id.0)
    }
}

/// The code of one function or function literal.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Body {
    /// The name as in Go's stack traces, without the package.
    pub name: String,
    /// The file it stands in: index into the package's files.
    pub file: FileId,
    /// The whole declaration or literal.
    pub span: Span,
    /// Receiver (if any) and parameters.
    pub params: Vec<Var>,
    /// Where these are declared, parallel to `params`.
    pub param_spans: Vec<Span>,
    /// Whether the first parameter is a receiver.
    pub method: bool,
    /// Whether the last parameter is variadic.
    pub variadic: bool,
    /// Result variables, named or not.
    pub results: Vec<Var>,
    /// For a literal: pairs of (variable of the enclosing body, variable here).
    pub captures: Vec<(Var, Var)>,
    /// All variables.
    pub vars: Vec<VarInfo>,
    /// The operations.
    pub code: Vec<Op>,
    /// Where each operation stands, parallel to `code`.
    pub spans: Vec<Span>,
    /// Whether each operation lies in a loop, parallel to `code`.
    pub in_loop: Vec<bool>,
    /// The branches that decide whether a loop goes on.
    pub loop_conds: Vec<Pc>,
    /// Whether it is the body of a loop over a function: run once a turn.
    pub ranged: bool,
    /// Whether it calls `recover`.
    pub recovers: bool,
    /// Whether something in it could not be read.
    pub partial: bool,
    /// Whether a call of it may end the program or the goroutine.
    pub ends: bool,
    /// Whether its results may lead to a primitive that it makes.
    pub gives: bool,
    /// The body a literal stands in.
    pub parent: Option<BodyId>,
    /// For a made-up caller: what its operations stand for, parallel to `code`.
    pub client: Vec<Note>,
    /// What has been worked out about it.
    pub(crate) facts: Facts,
}

/// What an operation of a made-up caller stands for in the source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    /// The declaration that is called, or the parameter that ends.
    pub at: Place,
    /// A few words for the user, such as `` `Close` is called ``.
    pub text: String,
    /// How the caller lets go here, if it does.
    pub ends: Option<LetGo>,
    /// What the run takes for granted from here on, ready to follow "if"; empty when nothing.
    pub assumption: String,
    /// What it takes for granted as well where the caller itself could have helped until here.
    pub lets_go: String,
    /// Whether that is a guess about callers that nothing in view supports.
    pub guess: bool,
    /// Whether what is started here is no use of the value but a part of it, which its owner runs.
    pub part: bool,
}

/// How a made-up caller lets go of what it has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LetGo {
    /// By calling this method.
    Method(String),
    /// By calling a function that this constructor returns beside the value.
    Returned(String),
    /// With the end of this context.
    Context(String),
    /// By doing nothing more.
    Silently,
    /// By doing nothing more once it could not be started.
    Unstarted,
}

/// A body without any code.
pub fn empty_body() -> Body {
    Body {
        name: String::new(),
        file: FileId(0),
        span: Span::default(),
        params: Vec::new(),
        param_spans: Vec::new(),
        method: false,
        variadic: false,
        results: Vec::new(),
        captures: Vec::new(),
        vars: Vec::new(),
        code: Vec::new(),
        spans: Vec::new(),
        in_loop: Vec::new(),
        loop_conds: Vec::new(),
        ranged: false,
        recovers: false,
        partial: false,
        ends: false,
        gives: false,
        parent: None,
        client: Vec::new(),
        facts: Facts::default(),
    }
}

impl Body {
    /// Where a captured variable comes from: the body that this literal stands in, and the variable there.
    pub fn outer(&self, var: Var) -> Option<(BodyId, Var)> {
        let (outer, _) = self.captures.iter().find(|(_, inner)| *inner == var)?;
        Some((self.parent?, *outer))
    }

    /// The name of its function, or of its method without the type.
    pub fn simple_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or_default()
    }

    /// Whether the operation at `pc` can be come to again from itself: one in a loop that is left right after it cannot.
    pub fn comes_again(&self, pc: Pc) -> bool {
        // The loop's next turn is another call.
        let goes_on = |op: &Op| matches!(op, Op::Return(values) if *values == [Expr::Bool(true)]);
        if self.ranged && self.walk(pc, |_, op| if goes_on(op) { Walk::Found } else { Walk::On }) {
            return true;
        }
        let mut seen = vec![false; self.code.len()];
        let mut todo = vec![pc];
        while let Some(here) = todo.pop() {
            let Some(op) = self.code.get(here as usize) else {
                continue;
            };
            op.successors(here, &mut |next| {
                if let Some(seen) = seen.get_mut(next as usize)
                    && !std::mem::replace(seen, true)
                {
                    todo.push(next);
                }
            });
        }
        seen.get(pc as usize) == Some(&true)
    }

    /// Where it is declared: from `func` to its end.
    pub fn declared(&self) -> Place {
        Place {
            file: self.file,
            span: self.span,
        }
    }

    /// Where the operation at `pc` stands.
    pub fn place(&self, pc: Pc) -> Place {
        if let Some(note) = self.client.get(pc as usize) {
            return note.at;
        }
        Place {
            file: self.file,
            span: self.spans.get(pc as usize).copied().unwrap_or_default(),
        }
    }
}

/// A variable.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct VarInfo {
    /// Its name; empty for a temporary.
    pub name: Name,
    /// Its light type.
    pub ty: Ty,
    /// Whether its values are structs: none is nil, not even as an interface value.
    pub is_struct: bool,
    /// Whether a literal captures it or its address is taken: it lives in a cell of its own.
    pub cell: bool,
}

/// A pure expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expr {
    /// A value nobody knows, another one each time; the span is its source text.
    Fresh(Span),
    /// A value of which nothing is known but that it is not nil.
    Solid(Span),
    /// An integer.
    Int(i64),
    /// A boolean.
    Bool(bool),
    /// A string.
    Str(Name),
    /// `nil`.
    Nil,
    /// A channel on which nothing ever comes, without anybody being stuck at it: where a client decides to go on.
    Never,
    /// A channel that the outside serves at any moment.
    Anytime,
    /// A variable.
    Var(Var),
    /// A package-level variable.
    Global(Name),
    /// A wait group that is a package-level variable.
    Group(Name),
    /// `base.name`, through pointers.
    Field(Box<Expr>, Name),
    /// `base[index]`.
    Index(Box<Expr>, Box<Expr>),
    /// `*base`.
    Deref(Box<Expr>),
    /// `&base`.
    Addr(Box<Expr>),
    /// `base` as the receiver of a method: the address of a struct, anything else as it is.
    Receiver(Box<Expr>),
    /// The pipe that `base` is an end of; the flag says whether its type leaves no other choice.
    Pipe(Box<Expr>, bool),
    /// A function of the package as a value.
    Func(FuncId),
    /// A method of the package bound to its receiver.
    Method(Box<Expr>, FuncId),
    /// A function literal.
    Closure(BodyId),
    /// `make(chan T, capacity)`; the spans are the whole call and the capacity. Where that is `nil` it is a pipe: a channel
    /// without room, on which an operation goes on, and fails, once either end is closed.
    MakeChan(Box<Expr>, Span, Span),
    /// A struct value; the flag says whether its address is taken at once.
    Struct(Option<TypeId>, Vec<(Name, Expr)>, bool, Span),
    /// A slice or array of these elements.
    Slice(Vec<Expr>),
    /// A slice or map of this length whose elements are not followed.
    Sized(Box<Expr>, Span),
    /// A slice of this length whose elements are nil at first, and followed.
    Slots(Box<Expr>, Span),
    /// A map with this many entries, which are not followed.
    Map(i64, Span),
    /// An empty map whose entries are followed.
    Entries(Span),
    /// The keys of a map, as a list in the order in which they came.
    Keys(Box<Expr>),
    /// The map that this is, into which others may have put something since; a new one where there is none.
    Grown(Box<Expr>),
    /// Whether a map has this key.
    HasKey(Box<Expr>, Box<Expr>),
    /// Whether a map has a key that it had when a loop over its keys began.
    StillHas(Box<Expr>, Box<Expr>),
    /// What an entry of a map is set to when it is deleted.
    Gone,
    /// Whether a function value is one in view.
    Followed(Box<Expr>),
    /// Whether the map `base` has an entry that was asked for, or the pipe has both ends open.
    Has(Box<Expr>),
    /// Whether a value is of this type; nil is of none.
    Is(Box<Expr>, Asserted),
    /// What a function that is not followed says of a value: the same whenever it is asked of the same one.
    Answer(Box<Expr>, BodyId),
    /// `append(base, elements…)`.
    Append(Box<Expr>, Vec<Expr>),
    /// The zero value of a type.
    Zero(Ty, Span),
    /// `len(base)`; the span is the source text.
    Len(Box<Expr>, Span),
    /// `cap(base)`.
    Cap(Box<Expr>),
    /// A comparison or arithmetic; the span is the source text.
    Binary(BinaryOp, Box<Expr>, Box<Expr>, Span),
    /// `!base`.
    Not(Box<Expr>),
}

/// A type that a value may be of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Asserted {
    /// A struct type of the package; the flag says whether it is a pointer to one.
    Own(TypeId, bool),
    /// A type of another package, by its path and name; the flag says whether it is a pointer to that.
    Foreign(Name, bool),
    /// An interface that asks for these methods.
    Interface(Arc<[Ask]>),
    /// A type that is neither a struct, nor a pointer, nor an interface.
    Plain,
    /// Anything else: an interface, as like as not.
    Other,
}

/// The field of a condition that is its lock (Go's documentation of `sync.Cond`).
pub const COND_LOCK: Name = Name::new_static("L");

/// The field of a struct of another package that holds its type.
pub const FOREIGN: Name = Name::new_static("type()");

/// Where a result goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Nowhere.
    Ignore,
    /// A variable.
    Var(Var),
    /// A field, element, dereference or package variable.
    Place(Expr),
}

/// What a call calls.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Callee {
    /// A function of the package; a receiver is the first argument.
    Body(BodyId),
    /// A function value.
    Value(Expr),
    /// A method chosen by the dynamic type of the first argument.
    Named(Name),
    /// A library function with a known effect; a receiver is the first argument.
    Library(Effect, u32),
    /// The built-in `close`, with the channel's source text.
    Close(Span),
    /// The built-in `panic`.
    Panic,
    /// The built-in `recover`.
    Recover,
    /// Anything else.
    Unknown,
}

/// A call with its arguments.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Call {
    /// What is called.
    pub callee: Callee,
    /// Receiver (if it is a method) and arguments.
    pub args: Vec<Expr>,
    /// Whether `args[0]` is a receiver.
    pub method: bool,
    /// Where the results go.
    pub dests: Vec<Target>,
}

/// One case of a select.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Case {
    /// Whether it sends.
    pub send: bool,
    /// The channel.
    pub ch: Expr,
    /// The channel's source text.
    pub ch_span: Span,
    /// What is sent.
    pub value: Expr,
    /// Where a received value and its `ok` go.
    pub dests: [Target; 2],
    /// Where its body starts.
    pub target: Pc,
    /// The communication.
    pub span: Span,
    /// The whole clause.
    pub clause: Span,
}

/// Why control jumps; a plain jump is no way out of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JumpKind {
    /// The end of a branch, the head of a loop, `continue`.
    Plain,
    /// `break`
    Break,
    /// `goto`
    Goto,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Op {
    /// Nothing.
    Nop,
    /// The variable begins a new life.
    Declare(Var),
    /// A loop variable gets a new cell with the value it has (Go 1.22).
    Renew(Var),
    /// An assignment.
    Set(Target, Expr),
    /// Control goes on elsewhere.
    Jump(Pc, JumpKind),
    /// A two-way branch: (condition, if true, if false).
    Branch(Expr, Pc, Pc),
    /// Any of these, undecided.
    Choose(Vec<Pc>),
    /// Head of a counted range: (subject, counter, value, body, exit).
    RangeNext(Var, Var, Option<Var>, Pc, Pc),
    /// A send: channel, its text, value.
    Send(Expr, Span, Expr),
    /// A receive.
    Recv {
        /// The channel.
        ch: Expr,
        /// Its source text.
        ch_span: Span,
        /// Where the value and its `ok` go.
        dests: [Target; 2],
        /// Whether it is the head of a range.
        range: bool,
    },
    /// A select.
    Select {
        /// Its cases.
        cases: Vec<Case>,
        /// Where `default` starts.
        default: Option<Pc>,
    },
    /// A close, with the channel's source text.
    Close(Expr, Span),
    /// A call.
    Call(Call),
    /// A `go` statement.
    Go(Call),
    /// A `defer` statement.
    Defer(Call),
    /// Results into the result variables, then the deferred calls.
    Return(Vec<Expr>),
    /// The end of the body without `return`.
    End,
    /// `panic`
    Panic,
    /// `recover()`
    Recover(Target),
}

/// Calls `$f` on every expression that `$of` is made of; `$iter` goes through lists of them.
macro_rules! each_child {
    ($of:expr, $f:ident, $iter:ident) => {
        match $of {
            Self::Field(base, _)
            | Self::Deref(base)
            | Self::Addr(base)
            | Self::Receiver(base)
            | Self::Pipe(base, _)
            | Self::Method(base, _)
            | Self::MakeChan(base, ..)
            | Self::Sized(base, _)
            | Self::Slots(base, _)
            | Self::Len(base, _)
            | Self::Cap(base)
            | Self::Has(base)
            | Self::Followed(base)
            | Self::Keys(base)
            | Self::Grown(base)
            | Self::Is(base, _)
            | Self::Answer(base, ..)
            | Self::Not(base) => $f(base),
            Self::Index(left, right)
            | Self::HasKey(left, right)
            | Self::StillHas(left, right)
            | Self::Binary(_, left, right, _) => {
                $f(left);
                $f(right);
            }
            Self::Struct(_, fields, ..) => fields.$iter().for_each(|(_, value)| $f(value)),
            Self::Slice(values) => values.$iter().for_each($f),
            Self::Append(base, values) => {
                $f(base);
                values.$iter().for_each($f);
            }
            Self::Fresh(_)
            | Self::Solid(_)
            | Self::Int(_)
            | Self::Bool(_)
            | Self::Str(_)
            | Self::Nil
            | Self::Never
            | Self::Anytime
            | Self::Var(_)
            | Self::Global(_)
            | Self::Group(_)
            | Self::Func(_)
            | Self::Closure(_)
            | Self::Map(..)
            | Self::Entries(..)
            | Self::Gone
            | Self::Zero(..) => {}
        }
    };
}

impl Expr {
    /// The type of a struct literal, or of one whose address is taken.
    pub fn literal_type(&self) -> Option<TypeId> {
        match self {
            Self::Struct(ty, ..) => *ty,
            Self::Addr(inner) => match &**inner {
                Self::Struct(ty, ..) => *ty,
                _ => None,
            },
            _ => None,
        }
    }

    /// The wait group of the package that this is, or that it points to.
    pub fn group(&self) -> Option<&Name> {
        match self {
            Self::Group(name) => Some(name),
            Self::Addr(inner) | Self::Receiver(inner) => inner.group(),
            _ => None,
        }
    }

    /// Calls `f` on every expression this one is made of.
    pub fn children(&self, f: &mut dyn FnMut(&Self)) {
        each_child!(self, f, iter);
    }

    /// The same, to be changed.
    pub(super) fn children_mut(&mut self, f: &mut dyn FnMut(&mut Self)) {
        each_child!(self, f, iter_mut);
    }

    /// Whether it is nil, as a condition.
    pub(super) fn is_nil(&self, span: Span) -> Self {
        let (this, nil) = (Box::new(self.clone()), Box::new(Self::Nil));
        Self::Binary(BinaryOp::Eq, this, nil, span)
    }

    /// Calls `f` on every variable the expression reads.
    pub fn vars(&self, f: &mut dyn FnMut(Var)) {
        if let Self::Var(var) = self {
            f(*var);
        }
        self.children(&mut |child| child.vars(f));
    }

    /// Calls `f` on every function literal the expression makes.
    pub fn closures(&self, f: &mut dyn FnMut(BodyId)) {
        if let Self::Closure(body) = self {
            f(*body);
        }
        self.children(&mut |child| child.closures(f));
    }

    /// Calls `f` on every declared function or method that the expression uses as a value.
    pub fn functions(&self, f: &mut dyn FnMut(FuncId)) {
        if let Self::Func(func) | Self::Method(_, func) = self {
            f(*func);
        }
        self.children(&mut |child| child.functions(f));
    }
}

impl Call {
    /// The body that is called by its name, or as a literal where it stands.
    pub fn body(&self) -> Option<BodyId> {
        match &self.callee {
            Callee::Body(body) | Callee::Value(Expr::Closure(body)) => Some(*body),
            _ => None,
        }
    }
}

impl Op {
    /// Calls `f` on every expression the operation evaluates; the places it writes to included.
    pub fn exprs(&self, f: &mut impl FnMut(&Expr)) {
        let target = |t: &Target, f: &mut dyn FnMut(&Expr)| {
            if let Target::Place(place) = t {
                f(place);
            }
        };
        match self {
            Self::Set(dest, value) => {
                target(dest, f);
                f(value);
            }
            Self::Branch(cond, ..) => f(cond),
            Self::Send(ch, _, value) => {
                f(ch);
                f(value);
            }
            Self::Recv { ch, dests, .. } => {
                f(ch);
                dests.iter().for_each(|d| target(d, f));
            }
            Self::Select { cases, .. } => {
                for case in cases {
                    f(&case.ch);
                    f(&case.value);
                    case.dests.iter().for_each(|d| target(d, f));
                }
            }
            Self::Close(ch, _) => f(ch),
            Self::Call(call) | Self::Go(call) | Self::Defer(call) => {
                if let Callee::Value(value) = &call.callee {
                    f(value);
                }
                call.args.iter().for_each(&mut *f);
                call.dests.iter().for_each(|d| target(d, f));
            }
            Self::Return(values) => values.iter().for_each(f),
            Self::Recover(dest) => target(dest, f),
            Self::RangeNext(subject, counter, ..) => {
                f(&Expr::Var(*subject));
                f(&Expr::Var(*counter));
            }
            Self::Nop
            | Self::Declare(_)
            | Self::Renew(_)
            | Self::Jump(..)
            | Self::Choose(_)
            | Self::End
            | Self::Panic => {}
        }
    }

    /// Calls `f` on every value the operation evaluates, to be changed; the places it writes to are left out.
    pub(super) fn exprs_mut(&mut self, f: &mut dyn FnMut(&mut Expr)) {
        match self {
            Self::Set(_, value) | Self::Branch(value, ..) => f(value),
            Self::Send(ch, _, value) => {
                f(ch);
                f(value);
            }
            Self::Recv { ch, .. } | Self::Close(ch, _) => f(ch),
            Self::Select { cases, .. } => {
                for case in cases {
                    f(&mut case.ch);
                    f(&mut case.value);
                }
            }
            Self::Call(call) | Self::Go(call) | Self::Defer(call) => {
                if let Callee::Value(value) = &mut call.callee {
                    f(value);
                }
                call.args.iter_mut().for_each(&mut *f);
            }
            Self::Return(values) => values.iter_mut().for_each(f),
            _ => {}
        }
    }

    /// Calls `f` on everything the operation assigns to, but for what a range counts by.
    pub fn targets<'o>(&'o self, f: &mut impl FnMut(&'o Target)) {
        match self {
            Self::Set(dest, _) | Self::Recover(dest) => f(dest),
            Self::Recv { dests, .. } => dests.iter().for_each(f),
            Self::Select { cases, .. } => cases.iter().flat_map(|c| &c.dests).for_each(f),
            Self::Call(call) => call.dests.iter().for_each(f),
            _ => {}
        }
    }

    /// Calls `f` on every variable the operation writes, or hands the address of to code that is not followed.
    pub fn writes(&self, f: &mut impl FnMut(Var)) {
        if let Self::Call(call) = self
            && matches!(call.callee, Callee::Unknown | Callee::Named(_))
        {
            for arg in &call.args {
                if let Expr::Addr(inner) = arg
                    && let Expr::Var(var) = **inner
                {
                    f(var);
                }
            }
        }
        self.targets(&mut |target| {
            if let Target::Var(var) = target {
                f(*var);
            }
        });
        if let Self::RangeNext(_, counter, item, ..) = self {
            f(*counter);
            if let Some(item) = item {
                f(*item);
            }
        }
    }

    /// Calls `f` on every operation that can come next within the body; `here` is this one's position.
    pub fn successors(&self, here: Pc, f: &mut impl FnMut(Pc)) {
        match self {
            Self::Jump(to, _) => f(*to),
            Self::Branch(_, yes, no) => {
                f(*yes);
                f(*no);
            }
            Self::Choose(targets) => targets.iter().copied().for_each(f),
            Self::RangeNext(.., body, exit) => {
                f(*body);
                f(*exit);
            }
            Self::Select { cases, default } => {
                cases.iter().map(|c| c.target).chain(*default).for_each(f);
            }
            Self::Return(_) | Self::End | Self::Panic => {}
            _ => f(here + 1),
        }
    }
}
