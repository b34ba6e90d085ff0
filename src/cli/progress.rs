//! How far a run is: a bar on the terminal for those that take their time, and for `--verbose` a paragraph per folder.
//!
//! Nothing is drawn where nobody watches, in the first second, or after the run.

use crate::examine::Outcome;
use crate::walk::FoundDirectory;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Runs that are done by then show nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the bar is drawn anew, so that one can see it is alive.
const TICK: Duration = Duration::from_millis(100);

/// A bar that shows itself when the run takes long, and leaves no trace.
pub(super) struct Progress {
    bar: ProgressBar,
    waiting: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// For a run over `folders`.
    pub(super) fn new(folders: usize, quiet: bool) -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        if quiet || !is_watched(io::stderr().is_terminal(), &variable) {
            return Self {
                bar: ProgressBar::hidden(),
                waiting: None,
            };
        }
        Self::on(ProgressDrawTarget::stderr, folders, PATIENCE)
    }

    fn on(target: fn() -> ProgressDrawTarget, folders: usize, patience: Duration) -> Self {
        let hidden = ProgressDrawTarget::hidden();
        let bar = ProgressBar::with_draw_target(Some(folders as u64), hidden);
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos} of {len} folders") {
            bar.set_style(style);
        }
        let (stop, stopped) = mpsc::channel::<()>();
        let shown = bar.clone();
        let waiting = thread::spawn(move || {
            if stopped.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                shown.set_draw_target(target());
                shown.enable_steady_tick(TICK);
            }
        });
        Self {
            bar,
            waiting: Some((stop, waiting)),
        }
    }

    /// One more folder is done.
    pub(super) fn step(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, waiting)) = self.waiting.take() {
            drop(stop);
            // Only after it is through can nobody draw any more.
            let _ = waiting.join();
            self.bar.finish_and_clear();
        }
    }
}

/// Whether somebody looks at stderr as it is written. pre-commit gives its hooks a terminal and keeps what they print.
fn is_watched(terminal: bool, variable: &dyn Fn(&str) -> Option<String>) -> bool {
    let set = |name| variable(name).is_some_and(|value| !value.is_empty());
    terminal && !set("CI") && !set("PRE_COMMIT") && variable("TERM").is_none_or(|t| t != "dumb")
}

/// What was looked at in one folder, for `--verbose`.
pub(super) fn account(directory: &FoundDirectory, outcome: &Outcome) -> String {
    let stats = &outcome.report.stats;
    let mut text = format!(
        "{}: files {}, packages {}, functions {}, systems {}, states {}, findings {}",
        directory.display,
        stats.files,
        stats.packages,
        stats.functions,
        stats.systems,
        stats.states,
        outcome.report.findings.len()
    );
    for (reason, count) in &stats.abstentions {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "\n  given up: {reason} {count}");
    }
    for (file, reason) in &outcome.silent {
        let _ = write!(text, "\n  nothing is reported in {file}: {reason}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::{InMemoryTerm, TermLike};
    use std::sync::OnceLock;

    /// A terminal that the bar can be given by a plain function.
    fn terminal() -> &'static InMemoryTerm {
        static TERMINAL: OnceLock<InMemoryTerm> = OnceLock::new();
        TERMINAL.get_or_init(|| InMemoryTerm::new(5, 60))
    }

    fn shown() -> String {
        terminal().contents()
    }

    #[test]
    fn a_long_run_shows_a_bar_and_takes_it_away_again() {
        let target = || ProgressDrawTarget::term_like(Box::new(terminal().clone()));
        drop(Progress::on(target, 3, Duration::from_secs(600)));
        assert_eq!(shown(), "", "a short run");
        let progress = Progress::on(target, 3, Duration::ZERO);
        progress.step();
        progress.step();
        let mut waited = 0;
        while !shown().contains("2 of 3 folders") {
            thread::sleep(TICK);
            waited += 1;
            assert!(waited < 300, "no bar: {:?}", shown());
        }
        drop(progress);
        assert_eq!(shown(), "", "after the run");
        terminal().flush().expect("a terminal in memory");
    }

    #[test]
    fn nothing_is_drawn_where_nobody_watches() {
        let watched = |terminal, set: &str| {
            is_watched(terminal, &|name| {
                let (key, value) = set.split_once('=')?;
                (key == name).then(|| value.to_owned())
            })
        };
        assert!(watched(true, ""));
        assert!(watched(true, "TERM=xterm"));
        assert!(watched(true, "CI="));
        assert!(!watched(false, ""));
        assert!(!watched(true, "TERM=dumb"));
        assert!(!watched(true, "CI=true"));
        assert!(!watched(true, "PRE_COMMIT=1"));
    }
}
