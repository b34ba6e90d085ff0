//! What happened in a run, recorded while it is repeated.

use super::super::counts::Tracks;
use super::{Leaving, ObjId};
use crate::flow::ir::{BodyId, Pc};
use crate::summary::Acts;

/// What happened in one step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A local operation.
    Local,
    /// A condition, choice or loop head was decided; the flag says whether it could have been otherwise.
    Decided(bool),
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
    /// A condition was signalled: how many waited for it, and how many of those were woken.
    Signalled(u8, u8),
    /// A lock was taken.
    Locked,
    /// A lock was given back.
    Unlocked,
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
