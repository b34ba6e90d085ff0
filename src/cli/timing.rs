//! `--timing`: where the time of a run goes, by stage and by folder.
//!
//! Every thread charges the time since it last began or ended a stage to the one it was at, so nothing counts twice
//! and the stages of all threads together are the time they were busy.

use crate::stage::{Stage, Watch, Watched};
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// So many folders are shown.
const SHOWN: usize = 10;

/// Time by stage, in the order of [`Stage::ALL`].
type Row = [Duration; Stage::ALL.len()];

/// A clock held to a run.
pub(super) struct Clock {
    start: Instant,
    folders: Mutex<BTreeMap<String, Row>>,
}

thread_local! {
    static AT: RefCell<Thread> = const { RefCell::new(Thread { since: None, stages: Vec::new() }) };
}

/// What a thread is at.
struct Thread {
    /// When it last began or ended a stage.
    since: Option<Instant>,
    stages: Vec<(String, Stage)>,
}

impl Clock {
    /// Starts now.
    pub(super) fn start() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            folders: Mutex::default(),
        })
    }

    /// What tells this clock of stages.
    pub(super) fn watched(clock: Option<&Arc<Self>>) -> Watched {
        clock.map_or_else(Watched::default, |clock| {
            Watched::by(Arc::<Self>::clone(clock))
        })
    }

    /// The tables.
    pub(super) fn tables(&self) -> String {
        let run = self.start.elapsed();
        let Ok(folders) = self.folders.lock() else {
            return String::new();
        };
        tables(&folders, run)
    }

    /// Charges what has passed on this thread to what it was at.
    fn charge(&self, thread: &mut Thread) {
        let now = Instant::now();
        if let (Some(since), Some((folder, stage))) = (thread.since, thread.stages.last())
            && let Ok(mut folders) = self.folders.lock()
        {
            if !folders.contains_key(folder) {
                folders.insert(folder.clone(), Row::default());
            }
            if let Some(row) = folders.get_mut(folder) {
                row[*stage as usize] += now - since;
            }
        }
        thread.since = Some(now);
    }
}

impl Watch for Clock {
    fn enter(&self, folder: &str, stage: Stage) {
        AT.with_borrow_mut(|thread| {
            self.charge(thread);
            thread.stages.push((folder.to_owned(), stage));
        });
    }

    fn leave(&self) {
        AT.with_borrow_mut(|thread| {
            self.charge(thread);
            thread.stages.pop();
        });
    }
}

fn tables(folders: &BTreeMap<String, Row>, run: Duration) -> String {
    let mut total = Row::default();
    for row in folders.values() {
        for (sum, time) in total.iter_mut().zip(row) {
            *sum += *time;
        }
    }
    let busy: Duration = total.iter().sum();
    let mut text = String::from("stage       seconds  share\n");
    for (stage, time) in Stage::ALL.iter().zip(&total) {
        let share = 100.0 * time.as_secs_f64() / busy.as_secs_f64().max(f64::MIN_POSITIVE);
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "{:<10} {:>8.3} {share:>5.1}%",
            stage.name(),
            time.as_secs_f64()
        );
    }
    let _ = writeln!(
        text,
        "all threads {:>7.3}, from start to end {:.3}",
        busy.as_secs_f64(),
        run.as_secs_f64()
    );
    let mut slowest: Vec<_> = folders
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .collect();
    slowest.sort_by_key(|(_, row)| Reverse(row.iter().sum::<Duration>()));
    slowest.truncate(SHOWN);
    if slowest.is_empty() {
        return text;
    }
    text.push_str("\nseconds");
    for stage in Stage::ALL {
        let _ = write!(text, " {:>8}", stage.name());
    }
    text.push_str("  slowest packages\n");
    for (name, row) in slowest {
        let _ = write!(text, "{:7.3}", row.iter().sum::<Duration>().as_secs_f64());
        for time in row {
            let _ = write!(text, " {:>8.3}", time.as_secs_f64());
        }
        let _ = writeln!(text, "  {name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn milliseconds(clock: &Clock, folder: &str, stage: Stage) -> u128 {
        let folders = clock.folders.lock().expect("no thread has panicked");
        folders
            .get(folder)
            .map_or(0, |row| row[stage as usize].as_millis())
    }

    #[test]
    fn a_stage_inside_another_is_charged_once() {
        const NAP: Duration = Duration::from_millis(30);
        let clock = Clock::start();
        let watched = Clock::watched(Some(&clock));
        let outer = watched.enter("a", Stage::Parse);
        thread::sleep(NAP);
        let inner = watched.enter("b", Stage::Solve);
        thread::sleep(NAP * 4);
        drop(inner);
        drop(outer);
        thread::sleep(NAP);
        let (parse, solve) = (
            milliseconds(&clock, "a", Stage::Parse),
            milliseconds(&clock, "b", Stage::Solve),
        );
        assert!(parse >= 30, "{parse}");
        assert!(solve >= 120, "{solve}");
        let all: Duration = clock
            .folders
            .lock()
            .expect("no thread has panicked")
            .values()
            .flatten()
            .sum();
        assert!(
            all <= clock.start.elapsed(),
            "{all:?} counts some time twice"
        );
    }

    #[test]
    fn the_slowest_ten_come_first_and_the_run_itself_is_no_package() {
        let seconds = |walk, solve| {
            let mut row = Row::default();
            row[Stage::Walk as usize] = Duration::from_secs(walk);
            row[Stage::Solve as usize] = Duration::from_secs(solve);
            row
        };
        let mut folders: BTreeMap<String, Row> =
            (0..12).map(|n| (format!("p{n}"), seconds(0, n))).collect();
        folders.insert(String::new(), seconds(34, 0));
        let text = tables(&folders, Duration::from_secs(60));
        assert!(text.contains("walk         34.000  34.0%\n"), "{text}");
        assert!(text.contains("solve        66.000  66.0%\n"), "{text}");
        assert!(
            text.contains("all threads 100.000, from start to end 60.000\n"),
            "{text}"
        );
        let (_, packages) = text.split_once("slowest packages\n").expect("a table");
        let names: Vec<&str> = packages
            .lines()
            .filter_map(|line| line.rsplit(' ').next())
            .collect();
        let expected: Vec<String> = (2..12).rev().map(|n| format!("p{n}")).collect();
        assert_eq!(names, expected);
    }
}
