//! A way to tell an analysis under way that nobody wants its result any more, or that its time is up.
//!
//! In: a word from another thread. Out: an answer to whoever asks on the way, between pieces of work. Deliberately absent:
//! clocks; who says when is the caller's business.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that the analysis looks at and others raise; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Tells everybody who holds a clone to stop.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has.
    pub fn stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
