//! A leak and what a rule says of it, put together: places, texts, context.
//!
//! The fingerprint stays empty here: it depends on the other findings of the package, see
//! [`super::assign_fingerprints`].

use super::{Diagnosis, Finding, Label, LabelRole, Severity};
use crate::leak::{Exit, Leak, LockTrouble, OpKind, Operation, Origin, Signal};
use crate::source::{Place, SourceFile};

/// The finding for `leak` as `rule` words it. `package` is the package's directory as users know it; `files` are those
/// the leak's places index.
pub fn build(
    leak: &Leak,
    rule: &'static str,
    severity: Severity,
    diagnosis: Diagnosis,
    package: &str,
    files: &[SourceFile],
) -> Finding {
    let in_test = files
        .get(leak.op.at.file.index())
        .is_some_and(|file| file.path().ends_with("_test.go"));
    Finding {
        rule,
        severity,
        confidence: leak.confidence,
        configured_level: None,
        message: diagnosis.message,
        help: diagnosis.help,
        primary: leak.op.at,
        primary_text: primary_text(&leak.op),
        wait_reason: leak.op.wait_reason(),
        function: leak.op.function.clone(),
        package: package.to_owned(),
        labels: labels(leak),
        also_stranded_at: Vec::new(),
        witness: leak.witness.steps.clone(),
        fixes: Vec::new(),
        assumptions: leak.assumptions.clone(),
        in_test,
        identity: super::Identity::default(),
        fingerprint: String::new(),
        suppressed: None,
        baseline: None,
    }
}

fn primary_text(op: &Operation) -> String {
    let (verb, joint) = match op.kind {
        OpKind::Send if op.pipe => ("write", "to"),
        OpKind::Receive | OpKind::Range if op.pipe => ("read", "from"),
        OpKind::Send => ("send", "on"),
        OpKind::Receive => ("receive", "from"),
        OpKind::Range => ("range", "over"),
        OpKind::Select => return "this select blocks for ever".to_owned(),
        OpKind::EmptySelect => return "this empty select blocks for ever".to_owned(),
        OpKind::Wait | OpKind::CondWait => ("wait", "for"),
        OpKind::Lock | OpKind::ReadLock => ("lock", "of"),
        OpKind::Room => return format!("this call of `{}.Go` blocks for ever", op.target),
        OpKind::Call => return "nothing limits how long this call takes".to_owned(),
    };
    if op.target.is_empty() {
        format!("this {verb} blocks for ever")
    } else {
        format!("this {verb} {joint} `{}` blocks for ever", op.target)
    }
}

/// Make, spawn, stranding step, skipped act, in the order of the run; a place that is the primary one already has its text.
fn labels(leak: &Leak) -> Vec<Label> {
    let make = leak
        .origin
        .as_ref()
        .map(|origin| (origin.at, LabelRole::Make, make_text(leak, origin)));
    let spawn = leak
        .spawn
        .map(|at| (at, LabelRole::Spawn, spawn_text(leak).to_owned()));
    let stranding = stranding(leak).map(|(at, text)| (at, LabelRole::Stranding, text));
    let [taken, waiting] = locks(leak);
    [make, taken, spawn, stranding, waiting, skipped(leak)]
        .into_iter()
        .flatten()
        .filter(|(at, ..)| *at != leak.op.at)
        .map(|(at, role, text)| Label { at, role, text })
        .collect()
}

fn make_text(leak: &Leak, origin: &Origin) -> String {
    let name = match origin.name.as_str() {
        "" if leak.facts.lock.is_some() => format!("`{}`", leak.op.target),
        "" => "it".to_owned(),
        name => format!("`{name}`"),
    };
    let channel = matches!(
        leak.op.kind,
        OpKind::Send | OpKind::Receive | OpKind::Range | OpKind::Select
    );
    match (channel, leak.op.nil) {
        _ if leak.op.pipe => "the pipe is made here".to_owned(),
        (false, _) => format!("{name} is declared here"),
        (true, true) => format!("{name} is nil: it is declared here and not made"),
        (true, false) => format!("{name} is made here{}", origin.room()),
    }
}

fn spawn_text(leak: &Leak) -> &'static str {
    if leak.spawned_in_loop {
        "the goroutine is started here, in a loop"
    } else {
        "the goroutine is started here"
    }
}

/// Where the lock is taken that a leak is about, and where somebody else waits who is part of it.
fn locks(leak: &Leak) -> [Option<(Place, LabelRole, String)>; 2] {
    let Some(lock) = &leak.facts.lock else {
        return [None, None];
    };
    let name = &lock.name;
    let taken = (lock.at, LabelRole::Lock, format!("`{name}` is locked here"));
    let who = match lock.trouble {
        LockTrouble::Under => "who would serve it",
        LockTrouble::Itself => "one that wants to write",
        _ => "who holds the lock",
    };
    let waiting = lock
        .other
        .map(|at| (at, LabelRole::Lock, format!("{who} waits here")));
    [Some(taken), waiting]
}

/// What would have helped: the missing `Done`, the `make` of a nil channel, or, without a step that strands it, a close that stands in the code.
fn skipped(leak: &Leak) -> Option<(Place, LabelRole, String)> {
    if let Some(at) = leak.facts.skipped_done {
        return Some((
            at,
            LabelRole::Skipped,
            "this `Done` is not reached".to_owned(),
        ));
    }
    if let Some(at) = leak.facts.skipped_make {
        return Some((
            at,
            LabelRole::Skipped,
            "this `make` is not reached before".to_owned(),
        ));
    }
    let at = leak.skipped_close.filter(|_| leak.stranding.at.is_none())?;
    Some((
        at,
        LabelRole::Skipped,
        "this close is not reached".to_owned(),
    ))
}

fn stranding(leak: &Leak) -> Option<(Place, String)> {
    if let Some(Signal { at, waited, woken }) = leak.facts.signal {
        return Some((at, format!("of {waited} that wait it wakes {woken}")));
    }
    let at = leak.stranding.at?;
    let (partner, act) = match leak.op.kind {
        OpKind::Send if leak.op.pipe => ("reader", "read"),
        OpKind::Receive | OpKind::Range if leak.op.pipe => ("writer", "write"),
        OpKind::Send => ("receiver", "receive"),
        OpKind::Receive | OpKind::Range => ("sender", "send"),
        OpKind::Wait | OpKind::Room => ("goroutine", "`Done`"),
        OpKind::Lock | OpKind::ReadLock => ("goroutine that holds it", "unlock"),
        OpKind::CondWait => ("goroutine that would signal", "signal"),
        _ => ("partner", "step"),
    };
    let text = match leak.stranding.exit {
        Exit::Timer | Exit::Context | Exit::Stop | Exit::Sibling | Exit::Default => {
            format!("the {partner} goes this way instead")
        }
        Exit::Return | Exit::Break | Exit::Goto | Exit::Panic => {
            format!("the {partner} leaves here")
        }
        Exit::Goexit => format!("the {partner} ends here"),
        Exit::Done => format!("the last {act} is here"),
        Exit::Stuck => format!("the {partner} is stuck here"),
        Exit::Never => return None,
    };
    Some((at, text))
}
