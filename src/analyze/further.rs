//! Searches beside the one that a system gets anyway, where something of it goes to code that is not followed.
//!
//! In: a machine that is set up for the system. Out: further leaks, with what was taken for granted in their assumptions.

use crate::flow::ir::BodyId;
use crate::leak::{Exit, Leak, OpKind};
use crate::slice::Slice;
use crate::solve::answers::Answers;
use crate::solve::explore::{Candidate, Found, Search};
use crate::solve::handed::Handed;
use crate::solve::machine::Machine;
use crate::solve::witness::Text;
use crate::source::Place;
use std::sync::Arc;

/// The answers to requests of `root` that nobody takes any more: whoever asked has left by another case.
pub(super) fn unanswered(
    machine: &mut Machine<'_>,
    answers: &Arc<Answers>,
    root: BodyId,
    how: Search,
    text: &Text<'_>,
) -> (Found, Vec<Leak>) {
    machine.slice = Slice::whole(machine.program());
    machine.answers = Some(Arc::clone(answers));
    let found = machine.explore(root, how);
    let leaks = found
        .candidates
        .iter()
        .filter(|c| c.proc != 0)
        .filter_map(|c| machine.tell(root, c, text))
        .filter(|leak| leak.spawn.is_none() && leak.op.kind == OpKind::Send)
        .collect();
    machine.answers = None;
    machine.met_handed.set(false);
    (found, leaks)
}

/// Of the budget, for what a root makes alone: that is little, and what it hides comes up early.
const OWN_TENTHS: u32 = 6;

/// The leaks of a system that was given up, among what `root` makes by itself and in its own code: calls that get nothing
/// of that are taken to be somebody else's. So what a value is that they return, and who is stuck behind whom, is
/// nobody's guess; and a test that hangs itself, or fills a buffer turn by turn, does so with other data than it has.
pub(super) fn own(
    machine: &mut Machine<'_>,
    root: BodyId,
    how: Search,
    before: &mut Found,
    in_test: bool,
    text: &Text<'_>,
) -> Vec<Leak> {
    machine.own_only = true;
    let how = Search {
        budget: how.budget / 10 * OWN_TENTHS,
        ..how
    };
    let found = machine.explore(root, how);
    before.states += found.states;
    let family = machine.program().family(root);
    let is_told = |leak: &Leak| {
        let fills = leak.op.in_loop && leak.origin.as_ref().is_some_and(|o| o.capacity > 0);
        leak.stranding.exit != Exit::Stuck && !(in_test && (leak.spawn.is_none() || fills))
    };
    let leaks = found
        .candidates
        .iter()
        .filter(|c| family.contains(&c.site.0))
        .filter(|c| before.candidates.iter().all(|known| known.site != c.site))
        .filter_map(|c| machine.tell(root, c, text))
        .filter(is_told)
        .collect();
    machine.own_only = false;
    leaks
}

/// The leaks in functions that code which is not followed is handed: those that are there however it runs them. Where it
/// could run one beside its caller only for that to panic, it does not: who closes a channel behind a call counts on it that
/// what the call was handed has been run.
pub(super) fn handed(
    machine: &mut Machine<'_>,
    root: BodyId,
    how: Search,
    before: &mut Found,
    text: &Text<'_>,
) -> Vec<Leak> {
    let mut search = |way| {
        machine.handed = way;
        let found = machine.explore(root, how);
        before.states += found.states;
        found
    };
    let known = |at, among: &[Candidate]| among.iter().any(|c| c.site == at);
    let in_place = search(Handed::InPlace);
    if in_place.candidates.is_empty() {
        machine.handed = Handed::Kept;
        return Vec::new();
    }
    let beside = search(Handed::Beside);
    let tell = |machine: &Machine<'_>, c: &Candidate| {
        let is_new = !known(c.site, &before.candidates);
        is_new.then(|| machine.tell(root, c, text)).flatten()
    };
    let mut leaks: Vec<Leak> = (beside.candidates.iter())
        .filter(|c| known(c.site, &in_place.candidates))
        .filter_map(|c| tell(machine, c))
        .filter(|leak| match leak.op.kind {
            OpKind::Send => !leak.op.in_loop && !leak.partner_in_loop,
            // Whether what a receive waits for was ever to be run nobody in view says, unless there is no such thing.
            OpKind::Receive | OpKind::Range => {
                let made = leak.origin.as_ref().map(|origin| origin.at);
                made.is_some_and(|made| machine.has_no_server(root, made))
            }
            _ => false,
        })
        .collect();
    if beside.panics > in_place.panics {
        machine.handed = Handed::InPlace;
        let told: Vec<Place> = leaks.iter().map(|leak| leak.op.at).collect();
        let only_in_place = in_place.candidates.iter().filter_map(|c| tell(machine, c));
        let only_in_place = only_in_place.filter(|leak| {
            leak.op.kind == OpKind::Send
                && !leak.op.in_loop
                && leaves(leak.stranding.exit)
                && !told.contains(&leak.op.at)
        });
        // It is run as often as the call sees fit, whoever has left.
        leaks.extend(only_in_place.map(|mut leak| {
            leak.op.in_loop = true;
            leak.op.again = true;
            leak.facts.run_elsewhere = true;
            leak
        }));
    }
    machine.handed = Handed::Kept;
    leaks
}

/// Whether the partner of a stuck operation went another way than it could have gone.
fn leaves(exit: Exit) -> bool {
    match exit {
        Exit::Timer
        | Exit::Context
        | Exit::Stop
        | Exit::Sibling
        | Exit::Default
        | Exit::Return
        | Exit::Break
        | Exit::Goto => true,
        Exit::Panic | Exit::Goexit | Exit::Done | Exit::Stuck | Exit::Never => false,
    }
}
