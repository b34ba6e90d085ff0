//! The stages of a run, for whoever wants to know where the time goes.
//!
//! In: the moments at which a thread begins and ends a stage, told by the code that does the work. Out: calls of a
//! [`Watch`], if there is one. Deliberately absent: a clock. The analysis reads none; whoever measures brings it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// A part of the work that is worth measuring by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Finding files and reading them.
    Walk,
    /// Headers, comments and words, by lexers of our own.
    Lex,
    /// Bytes to syntax.
    Parse,
    /// Names to definitions, and function bodies to skeletons.
    Resolve,
    /// What is searched: made-up callers, summaries, roots, exposures.
    Model,
    /// The searches.
    Solve,
    /// From leaks to findings, their repairs, and writing them.
    Report,
}

impl Stage {
    /// All of them, in the order of the pipeline.
    pub const ALL: [Self; 7] = [
        Self::Walk,
        Self::Lex,
        Self::Parse,
        Self::Resolve,
        Self::Model,
        Self::Solve,
        Self::Report,
    ];

    /// Its name in a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Walk => "walk",
            Self::Lex => "lex",
            Self::Parse => "parse",
            Self::Resolve => "resolve",
            Self::Model => "model",
            Self::Solve => "solve",
            Self::Report => "report",
        }
    }
}

/// Is told what each thread is at. Stages nest: a thread that waits for others may take up work of another folder.
pub trait Watch: Send + Sync {
    /// The calling thread begins a stage of the work on a folder (empty: on the run as a whole).
    fn enter(&self, folder: &str, stage: Stage);
    /// The calling thread ends the stage it began last.
    fn leave(&self);
}

/// Somebody who watches, or nobody.
#[derive(Clone, Default)]
pub struct Watched(Option<Arc<dyn Watch>>);

impl Watched {
    /// Watched by `watch`.
    pub fn by(watch: Arc<dyn Watch>) -> Self {
        Self(Some(watch))
    }

    /// Begins a stage, which ends when what is returned is dropped.
    #[must_use]
    pub fn enter(&self, folder: &str, stage: Stage) -> Entered<'_> {
        if let Some(watch) = &self.0 {
            watch.enter(folder, stage);
        }
        Entered {
            watch: self.0.as_deref(),
            stays_in_its_thread: PhantomData,
        }
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.0.is_some()).finish()
    }
}

/// A stage that has begun.
pub struct Entered<'w> {
    watch: Option<&'w dyn Watch>,
    stays_in_its_thread: PhantomData<*const ()>,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if let Some(watch) = self.watch {
            watch.leave();
        }
    }
}
