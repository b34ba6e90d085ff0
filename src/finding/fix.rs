//! Repairs: what a rule asks for, and what becomes of it.
//!
//! A rule cannot see syntax, so it asks for a *kind* of repair and names the places it is about: a [`FixWish`]. Who has
//! the syntax at hand makes edits of it: a [`Fix`].

use crate::leak::{Leak, StepKind, Undying};
use crate::source::Place;

/// A kind of repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FixKind {
    /// Room for the one value that is sent: `make(chan T, 1)`.
    RoomForOne,
    /// Room for every value that is sent: `make(chan T, len(items))`.
    RoomForAll,
    /// Leave right after the earlier send.
    ReturnAfterSend,
    /// Close the channel when the last value is sent.
    Close,
    /// Wait for a stop signal too: a `select` around the operation.
    SelectStop,
    /// Receive what is still sent.
    Drain,
    /// `defer wg.Done()` in the goroutine that is waited for.
    DeferDone,
    /// Call what releases the goroutine: `defer x.Stop()`, `defer cancel()`.
    DeferRelease,
    /// Close the end of a pipe that is read from: `defer pr.Close()`.
    CloseReader,
    /// Close the end of a pipe that is written to: `defer pw.Close()`.
    CloseWriter,
}

impl FixKind {
    /// The word machine-readable formats write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RoomForOne => "room-for-one",
            Self::RoomForAll => "room-for-all",
            Self::ReturnAfterSend => "return-after-send",
            Self::Close => "close",
            Self::SelectStop => "select-stop",
            Self::Drain => "drain",
            Self::DeferDone => "defer-done",
            Self::DeferRelease => "defer-release",
            Self::CloseReader => "close-reader",
            Self::CloseWriter => "close-writer",
        }
    }
}

/// What a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixWish {
    /// The kind of repair.
    pub kind: FixKind,
    /// The places it is about.
    pub anchors: Anchors,
}

/// The places a repair is about; a kind of repair uses those it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchors {
    /// The operation that sits there for ever.
    pub op: Place,
    /// Where the primitive is made; the first is that of the run that is told, others belong to runs that strand the same
    /// operation.
    pub makes: Vec<Place>,
    /// Where the stuck goroutine is started.
    pub spawn: Option<Place>,
    /// The steps after which nobody was left, that of the run that is told first.
    pub strandings: Vec<Place>,
    /// A `close` that stands in the code and is not reached.
    pub close: Option<Place>,
    /// A `Done` of a group that stands in the code and is not reached.
    pub done: Option<Place>,
    /// The last send on the same channel that the stuck goroutine had completed.
    pub earlier: Option<Place>,
    /// The call that would let the stuck goroutine go on, and was not made.
    pub release: Option<Release>,
}

/// A call that lets a goroutine go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// The method of this name of the value that the goroutine belongs to.
    Method(String),
    /// The cancel function of the context of this name.
    Cancel(String),
}

impl FixWish {
    /// A wish about the places of `leak`.
    pub fn new(kind: FixKind, leak: &Leak) -> Self {
        let stuck = leak.witness.steps.last().map(|step| step.goroutine);
        let earlier = leak
            .witness
            .steps
            .iter()
            .rfind(|step| step.kind == StepKind::Send && Some(step.goroutine) == stuck);
        Self {
            kind,
            anchors: Anchors {
                op: leak.op.at,
                makes: leak.origin.iter().map(|origin| origin.at).collect(),
                spawn: leak.spawn,
                strandings: leak.stranding.at.into_iter().collect(),
                close: leak.skipped_close,
                done: leak.facts.skipped_done,
                earlier: earlier.map(|step| step.at),
                release: release(leak),
            },
        }
    }

    /// Extends the wish to another run that ends at the same operation.
    pub fn also(&mut self, leak: &Leak) {
        let anchors = &mut self.anchors;
        let make = leak.origin.as_ref().map(|origin| origin.at);
        anchors
            .makes
            .extend(make.filter(|at| !anchors.makes.contains(at)));
        let stranding = leak.stranding.at;
        anchors
            .strandings
            .extend(stranding.filter(|at| !anchors.strandings.contains(at)));
    }
}

fn release(leak: &Leak) -> Option<Release> {
    let method = leak.facts.released_by.clone().map(Release::Method);
    method.or_else(|| {
        let context = leak.facts.dead_context.as_ref()?;
        (context.why != Undying::Never).then(|| Release::Cancel(context.name.clone()))
    })
}

impl Anchors {
    /// Where the primitive is made in the run that is told.
    pub fn make(&self) -> Option<Place> {
        self.makes.first().copied()
    }
}

/// Whether a repair may be applied without looking at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Safety {
    /// Its preconditions hold, and the analysis of the repaired source finds the leak gone and no new one.
    Safe,
    /// A person should look at it.
    Unsafe,
}

impl Safety {
    /// The word users and machine-readable formats write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// A repair of one finding, ready to be applied. `Place`s index the files of the report that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does: a verb phrase without a full stop, such as ``give `ch` room for one value``.
    pub title: String,
    /// The kind of repair.
    pub kind: FixKind,
    /// Whether it may be applied without looking.
    pub safety: Safety,
    /// The edits: sorted by place, none overlaps another, all to be applied together.
    pub edits: Vec<Edit>,
}

/// The bytes of a place replaced by a text; an empty place is an insertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub at: Place,
    /// What stands there afterwards, with the line ends of the file.
    pub replacement: String,
}
