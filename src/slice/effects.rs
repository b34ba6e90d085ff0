//! What the slicer has to know of library calls.

use crate::flow::ir::Call;
use crate::library::Effect;

/// What the results of a library call are to the system.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    /// Something of its own.
    Own,
    /// A clock's channel.
    Clock,
    /// Something of its own if an argument is.
    LikeArguments,
    /// Nothing that matters.
    Nothing,
}

/// What the results of a call with this effect are.
pub(super) fn gives(effect: Effect) -> Gives {
    match effect {
        Effect::TimerValue
        | Effect::Cond
        | Effect::Ticker
        | Effect::ContextNever
        | Effect::ContextCancel
        | Effect::ContextDeadline
        | Effect::GroupContext => Gives::Own,
        Effect::Timer => Gives::Clock,
        Effect::ContextDerive
        | Effect::ContextDone
        | Effect::ContextErr
        | Effect::ContextBound
        | Effect::AtomicLoad
        | Effect::AtomicSwap => Gives::LikeArguments,
        _ => Gives::Nothing,
    }
}

/// Whether a call with this effect does nothing but make or look up its results.
pub(super) fn only_gives(effect: Effect) -> bool {
    matches!(
        effect,
        Effect::Inert
            | Effect::NonNil
            | Effect::NilAs
            | Effect::NilIfAll
            | Effect::Succeeds
            | Effect::ListOf
            | Effect::TimerStop
            | Effect::Counter
            | Effect::AtomicLoad
            | Effect::Timer
            | Effect::TimerValue
            | Effect::Ticker
            | Effect::ContextNever
            | Effect::ContextCancel
            | Effect::ContextDeadline
            | Effect::ContextDerive
            | Effect::GroupContext
            | Effect::Cond
            | Effect::ContextDone
            | Effect::ContextErr
            | Effect::ContextBound
    )
}

/// Whether a call with this effect changes the variable that is its receiver.
pub(super) fn writes_receiver(effect: Effect) -> bool {
    matches!(
        effect,
        Effect::AtomicStore | Effect::AtomicAdd | Effect::AtomicSwap | Effect::AtomicCas
    )
}

/// Whether a call with this effect may end the goroutine or let others go first.
pub(super) fn may_end(effect: Effect) -> bool {
    matches!(
        effect,
        Effect::Exit | Effect::EndTest | Effect::Goexit | Effect::Parallel
    )
}

/// Whether a call with this effect ends a test unless its argument is what it should be.
pub(super) fn is_check(effect: Effect) -> bool {
    matches!(
        effect,
        Effect::RequireNil | Effect::RequireNonNil | Effect::RequireTrue | Effect::RequireFalse
    )
}

/// Whether a call with this effect runs a function it is given; which argument that is.
pub(super) fn runs(effect: Effect, argument: u32, call: &Call) -> Option<usize> {
    let runs = effect.runs_argument();
    runs.then_some(argument as usize + usize::from(call.method))
}
