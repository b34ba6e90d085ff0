//! `ticker-range`: a goroutine waits for the ticks of a ticker, or for a timer, that has been stopped.

use super::wishes::wishes;
use super::wording::{blocked, channel, code};
use crate::finding::{Diagnosis, FixKind};
use crate::leak::{Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    let alone = matches!(leak.op.kind, OpKind::Range | OpKind::Receive);
    let stopped = leak.facts.clock_stopped.as_ref().filter(|_| alone)?;
    let by = code(stopped.by.strip_prefix("defer ").unwrap_or(&stopped.by));
    let clock = if stopped.is_timer { "timer" } else { "ticker" };
    let ticks = channel(leak).replace('`', "");
    Some(Diagnosis {
        message: format!(
            "{}: {by} stops the {clock} and does not close its channel",
            blocked(leak)
        ),
        help: format!(
            "wait for a stop signal too, such as `for {{ select {{ case <-{ticks}: … case <-done: return }} }}`, and give that \
             signal where the {clock} is stopped; then one of the two cases always becomes ready, while nothing comes from a \
             stopped {clock}"
        ),
        fixes: wishes(leak, &[FixKind::SelectStop]),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;
    use crate::leak::{Exit, StoppedClock};

    fn stopped(kind: OpKind, text: &str) -> Leak {
        let mut stopped = leak(kind, Exit::Done, text);
        stopped.op.target = "t.C".to_owned();
        stopped.facts.clock_stopped = Some(StoppedClock {
            by: text.to_owned(),
            is_timer: false,
        });
        stopped
    }

    #[test]
    fn the_stop_is_told() {
        let said = classify(&stopped(OpKind::Range, "defer t.Stop()")).expect("claimed");
        assert_eq!(
            said.message,
            "range over `t.C` never ends: `t.Stop()` stops the ticker and does not close its channel"
        );
        assert!(said.help.contains("case <-t.C:"), "{}", said.help);
    }

    #[test]
    fn a_ticker_that_goes_on_or_a_select_is_none() {
        assert_eq!(classify(&leak(OpKind::Range, Exit::Done, "")), None);
        assert_eq!(classify(&stopped(OpKind::Select, "t.Stop()")), None);
    }
}
