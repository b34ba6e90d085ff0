//! The engine's answer in words a rule can use: a goroutine that is stuck, and the run that proves it.
//!
//! In: nothing; these are plain values made by [`crate::solve`]. Deliberately absent: rules, messages, output formats,
//! syntax trees.

use crate::source::Place;

/// What kind of operation a goroutine sits at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OpKind {
    /// `ch <- v`
    Send,
    /// `<-ch`
    Receive,
    /// `for range ch`
    Range,
    /// A `select` of two or more cases without `default`.
    Select,
    /// `select {}`
    EmptySelect,
    /// `sync.WaitGroup.Wait`
    Wait,
    /// `errgroup.Group.Go` behind `SetLimit`
    Room,
    /// `Mutex.Lock` or `RWMutex.Lock`
    Lock,
    /// `RWMutex.RLock`
    ReadLock,
    /// `sync.Cond.Wait`
    CondWait,
    /// A library call that blocks.
    Call,
}

/// An operation in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What it does.
    pub kind: OpKind,
    /// Where the goroutine sits: the place the Go runtime shows (`engine.md`, "Findings", measured with Go 1.27): the
    /// statement of a send or receive, the `for` of a range, the `select` keyword, the *case* of a one-case select.
    pub at: Place,
    /// The channel (or `WaitGroup` …) as written, such as `ch` or `s.quit`.
    pub target: String,
    /// Whether the channel is nil in this run.
    pub nil: bool,
    /// The function it stands in, as in Go's stack traces without the package: `run`, `(*T).run`, `run.func1`.
    pub function: String,
    /// Whether it lies in a loop of that function.
    pub in_loop: bool,
    /// Whether one can come to it again from there: not where the loop is left right after it.
    pub again: bool,
    /// Whether it reads from a pipe or writes to one: a receive or a send for all that follows.
    pub pipe: bool,
}

impl Operation {
    /// The wait reason that Go's runtime prints for it (`runtime2.go`, `waitReasonStrings`).
    pub fn wait_reason(&self) -> &'static str {
        match (self.kind, self.nil) {
            // Go's library waits at a channel, a lock or an end of its own.
            _ if self.pipe => "select",
            (OpKind::Send, false) => "chan send",
            (OpKind::Send, true) => "chan send (nil chan)",
            (OpKind::Receive | OpKind::Range, false) => "chan receive",
            (OpKind::Receive | OpKind::Range, true) => "chan receive (nil chan)",
            (OpKind::Select | OpKind::Call, _) => "select",
            (OpKind::EmptySelect, _) => "select (no cases)",
            // Its group waits for room in a channel of its own.
            (OpKind::Room, _) => "chan send",
            (OpKind::Wait, _) => "sync.WaitGroup.Wait",
            (OpKind::Lock, _) => "sync.Mutex.Lock",
            (OpKind::ReadLock, _) => "sync.RWMutex.RLock",
            (OpKind::CondWait, _) => "sync.Cond.Wait",
        }
    }
}

/// Where a primitive comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The `make`, or the declaration of a `WaitGroup` or nil channel.
    pub at: Place,
    /// The name it is first given, such as `ch`; empty when it has none.
    pub name: String,
    /// Its capacity in this run (0 for anything but a buffered channel).
    pub capacity: u32,
    /// Whether it is made anew in each round of a loop.
    pub in_loop: bool,
    /// The capacity as written, when it is another one in other runs.
    pub capacity_text: Option<String>,
    /// Whether it is a channel, and no context, ticker or wait group.
    pub channel: bool,
}

impl Origin {
    /// How much room it is made with, to follow `is made`: `, with room for 10`.
    pub fn room(&self) -> String {
        match (&self.capacity_text, self.capacity) {
            _ if !self.channel => String::new(),
            (Some(text), _) if !text.is_empty() => format!(", with room for `{text}`"),
            (_, 0) => ", without room".to_owned(),
            (_, room) => format!(", with room for {room}"),
        }
    }
}

/// How the partner that could have helped was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Exit {
    /// The partner's `select` took a timer case.
    Timer,
    /// The partner's `select` took a context's `Done` case.
    Context,
    /// The partner's `select` took another case: a stop channel or anything from outside.
    Stop,
    /// The partner's `select` took a case on another channel of the same system (a second result channel).
    Sibling,
    /// The partner's `select` took its `default`.
    Default,
    /// A `return` (or the end of the body after a branch).
    Return,
    /// A `break`.
    Break,
    /// A `goto`.
    Goto,
    /// A panic that somebody recovers.
    Panic,
    /// `runtime.Goexit`, `t.Fatal` and the like: the end of one goroutine.
    Goexit,
    /// The partner did all it ever does (its last receive, its last send, its end).
    Done,
    /// The partner is stuck itself.
    Stuck,
    /// There never was a partner in this run.
    Never,
}

/// The step after which nobody was left for the stuck operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranding {
    /// How the partner was lost.
    pub exit: Exit,
    /// The `return`, the select case, the last receive; `None` for [`Exit::Never`].
    pub at: Option<Place>,
    /// The source text of the select case or statement, shortened, such as `case <-ctx.Done()`.
    pub text: String,
}

/// What happened in one step of a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// A primitive was made.
    Make,
    /// A goroutine was started.
    Spawn,
    /// A send completed.
    Send,
    /// A receive completed.
    Receive,
    /// A channel was closed.
    Close,
    /// A `select` went by one of its cases.
    Case,
    /// A branch was taken.
    Branch,
    /// A goroutine left a function or loop.
    Leave,
    /// A `WaitGroup`, lock or Cond operation completed.
    Sync,
    /// A goroutine ended.
    End,
    /// The goroutine arrives at the operation it never gets past. Always the last step.
    Stuck,
}

/// One step of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where.
    pub at: Place,
    /// What.
    pub kind: StepKind,
    /// Which goroutine: 0 is the root's own, others in order of their start.
    pub goroutine: u32,
    /// A sentence for the user, lower case, no full stop: ``the caller returns here, `ch` has no receiver any more``.
    pub text: String,
}

/// The run that proves a leak, in order; it ends at the stuck operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// The steps.
    pub steps: Vec<Step>,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// The shape only.
    Low,
    /// One assumption, which the message states.
    Medium,
    /// Only code in view and independent branches.
    High,
}

/// What a `WaitGroup` was told in the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// What all `Add` together counted.
    pub added: u32,
    /// How often `Done` was called.
    pub done: u32,
    /// Whether an `Add` lies in the same loop as the `Wait`.
    pub added_in_loop: bool,
    /// The `Add` after which the goroutine that made it started none.
    pub unstarted: Option<Place>,
    /// Whether `Done` was called on a copy of the group.
    pub copied: bool,
}

/// Callers elsewhere that the run goes through: code that is not in view, but may be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// What the caller calls to let go in this run, ready to be told: `` `Close` ``, ``the function that `Open` returns``.
    pub release: Option<String>,
    /// The constructor's context, with whose end it lets go.
    pub context: Option<String>,
    /// The method in which a caller is stuck itself.
    pub stuck_in: Option<String>,
    /// Whether letting go is what lost the partner.
    pub left: bool,
}

/// What makes a clock silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedClock {
    /// The statement that stopped it, as in the source.
    pub by: String,
    /// Whether it is a timer, and not a ticker.
    pub is_timer: bool,
}

/// A context that nobody ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadContext {
    /// The variable that holds it; empty when it has none.
    pub name: String,
    /// Why nobody does.
    pub why: Undying,
}

/// Why nobody ends a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Undying {
    /// It comes from `context.Background()` or `context.TODO()`: nobody can.
    Never,
    /// Its cancel function was not kept.
    Lost,
    /// Its cancel function is not called in this run.
    NotCalled,
}

/// How a lock comes into a leak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockTrouble {
    /// The goroutine waits for a lock that it holds itself.
    Itself,
    /// Whoever holds the lock has gone on and does not unlock it.
    Left,
    /// Whoever holds the lock waits for one that the goroutine holds.
    Order,
    /// Whoever would serve the goroutine waits for a lock that it holds.
    Under,
}

/// A signal that woke fewer than waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The call.
    pub at: Place,
    /// How many waited.
    pub waited: u32,
    /// How many of those it woke.
    pub woken: u32,
}

/// A lock that has to do with a leak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLock {
    /// How it does.
    pub trouble: LockTrouble,
    /// The lock as written where it was taken, such as `s.mu`.
    pub name: String,
    /// Whether it was taken for reading.
    pub read: bool,
    /// Where it was taken.
    pub at: Place,
    /// Whether the goroutine that took it has ended.
    pub ended: bool,
    /// Where somebody waits who holds what the goroutine waits for, or would serve it.
    pub other: Option<Place>,
    /// The lock that this one waits for.
    pub other_name: String,
}

/// What else is true of a leak. Each fact is there for the few rules that ask for it; none is needed to tell the leak.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// For a stuck `Wait`: what its group was told.
    pub tally: Option<Tally>,
    /// For a stuck `Wait`: a `Done` that stands in the code and is not reached in this run.
    pub skipped_done: Option<Place>,
    /// For a stuck call that starts one more goroutine of a group: how many run at a time.
    pub limit: Option<u8>,
    /// Whether the stuck goroutine would serve itself, further on.
    pub waits_for_itself: bool,
    /// Callers elsewhere, if the run needs any.
    pub caller: Option<Caller>,
    /// A method of the package that would serve the stuck operation, and is not called in this run.
    pub released_by: Option<String>,
    /// For a nil channel: the `make` for its variable that this run does not come to, or comes to later.
    pub skipped_make: Option<Place>,
    /// For a channel of a ticker or timer: what stopped it.
    pub clock_stopped: Option<StoppedClock>,
    /// The statement at which a test ends in this run: a failed check, `t.Fatal`, `t.Skip`.
    pub test_exit: Option<String>,
    /// A context among what is waited for, which nobody ends.
    pub dead_context: Option<DeadContext>,
    /// The function that made the channel, started the goroutine and returned the channel.
    pub promise: Option<String>,
    /// Whether the channel came to the stuck goroutine in a message, or was sent by it in one.
    pub reply: bool,
    /// For a send: a `select` that sends on the same channel and has another way on.
    pub guarded: Option<Place>,
    /// Whether the partner was lost by what came of a channel that the root was handed: its callers know whether that can be.
    pub owner_acts: bool,
    /// Whether it is in a function that code which is not followed runs, as often as that sees fit.
    pub run_elsewhere: bool,
    /// Whether it is stuck for room that the run does not fill itself: so many values are taken to have been sent before.
    pub large_room: bool,
    /// Whether the goroutine that ran the root had come to its end.
    pub root_ended: bool,
    /// How many items all its assumptions about numbers ask for together: the fewer, the plainer the run.
    pub items: u64,
    /// The lock that it is about, if any.
    pub lock: Option<HeldLock>,
    /// For a wait for a condition: the last signal that woke others and not this goroutine.
    pub signal: Option<Signal>,
}

/// A goroutine that can never get past an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// The operation that sits there for ever: the primary location.
    pub op: Operation,
    /// For a stuck `select`: its cases.
    pub cases: Vec<Operation>,
    /// The primitive the operation is on (for a select: that of the first case that has one).
    pub origin: Option<Origin>,
    /// The `go` statement (or spawning call) of the stuck goroutine; `None` when it is the root's own.
    pub spawn: Option<Place>,
    /// The function the run starts in.
    pub root: String,
    /// How its partner was lost.
    pub stranding: Stranding,
    /// Operations the stuck goroutine had completed on the same primitive before.
    pub completed_before: u32,
    /// Goroutines started at the same spawn in this run, the stuck one included.
    pub siblings: u32,
    /// Whether that spawn lies in a loop.
    pub spawned_in_loop: bool,
    /// Complementary operations that did complete on the primitive (receives, for a stuck send).
    pub served: u32,
    /// Where a complementary operation stands, if the code in view has one.
    pub partner: Option<Place>,
    /// Whether that complementary operation lies in a loop.
    pub partner_in_loop: bool,
    /// A `close` of the primitive that stands in the code but is not reached in this run.
    pub skipped_close: Option<Place>,
    /// What else some rules ask for.
    pub facts: Facts,
    /// The run.
    pub witness: Witness,
    /// How sure.
    pub confidence: Confidence,
    /// What has to hold, each ready to follow "if": ``` `len(items)` > 1 ```.
    pub assumptions: Vec<String>,
}

impl HeldLock {
    /// The call that took it: `s.mu.RLock()`.
    pub fn taken(&self) -> String {
        let method = if self.read { "RLock" } else { "Lock" };
        format!("{}.{method}()", self.name)
    }

    /// The call that gives it back: `s.mu.RUnlock()`.
    pub fn given_back(&self) -> String {
        let method = if self.read { "RUnlock" } else { "Unlock" };
        format!("{}.{method}()", self.name)
    }
}

impl Leak {
    /// The lock that it is about, where that comes into it in this way.
    pub fn lock_in(&self, trouble: LockTrouble) -> Option<&HeldLock> {
        let lock = self.facts.lock.as_ref();
        lock.filter(|lock| lock.trouble == trouble)
    }

    /// Visits every place that is told of.
    pub fn places(&mut self, visit: &mut dyn FnMut(&mut Place)) {
        // Every field is named, so that a new one is not forgotten here.
        let Self {
            op,
            cases,
            origin,
            spawn,
            root: _,
            stranding,
            completed_before: _,
            siblings: _,
            spawned_in_loop: _,
            served: _,
            partner,
            partner_in_loop: _,
            skipped_close,
            facts,
            witness,
            confidence: _,
            assumptions: _,
        } = self;
        let Facts {
            tally,
            skipped_done,
            limit: _,
            waits_for_itself: _,
            caller: _,
            released_by: _,
            skipped_make,
            clock_stopped: _,
            test_exit: _,
            dead_context: _,
            promise: _,
            reply: _,
            guarded,
            owner_acts: _,
            run_elsewhere: _,
            large_room: _,
            root_ended: _,
            items: _,
            lock,
            signal,
        } = facts;
        let operations = std::iter::once(op).chain(cases).map(|op| &mut op.at);
        let origin = origin.iter_mut().map(|origin| &mut origin.at);
        let unstarted = tally
            .iter_mut()
            .filter_map(|tally| tally.unstarted.as_mut());
        let steps = witness.steps.iter_mut().map(|step| &mut step.at);
        let locked = lock
            .iter_mut()
            .flat_map(|lock| [Some(&mut lock.at), lock.other.as_mut()]);
        let signal = signal.iter_mut().map(|signal| &mut signal.at);
        let others = [
            spawn,
            &mut stranding.at,
            partner,
            skipped_close,
            skipped_done,
            skipped_make,
            guarded,
        ];
        operations
            .chain(origin)
            .chain(unstarted)
            .chain(steps)
            .chain(others.into_iter().flatten())
            .chain(locked.flatten())
            .chain(signal)
            .for_each(visit);
    }
}
