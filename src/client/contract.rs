//! Which lives of a value clients try: what starts it, what may block on it, and how a caller lets go.
//!
//! In: a constructor and what the methods of its type do. Out: a client for each combination. Deliberately absent: how a
//! client is built.

use super::build::Builder;
use super::kept::keeps;
use super::made::followed_maps;
use super::methods::{acts_on_receiver, context_param, methods, returned_functions};
use super::starts::{
    closes_after_waiting, has_begun, leaves_waiting, spawns_loop, spawns_method, stops_something,
    waits_in_loop,
};
use crate::flow::Program;
use crate::flow::ir::{Body, BodyId, Callee, Expr, Op, Target, Var};
use crate::library::Effect;
use crate::resolve::{Ty, TypeId};
use crate::summary::{Acts, CLOSE, Future, RECV};
use crate::syntax::ast::Name;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;

/// Clients made per constructor at most: with more methods than this nobody reads all the combinations either.
const PER_CONSTRUCTOR: usize = 24;

/// A method as a client sees it.
#[derive(Clone, Debug)]
pub(super) struct Method {
    pub(super) body: BodyId,
    /// It may wait for a field of its receiver.
    pub(super) blocks: bool,
    /// It closes, cancels or stops something its receiver holds.
    pub(super) releases: bool,
    /// It starts goroutines that go on for long: called once, before anything else.
    pub(super) starts: bool,
    /// It goes on itself until another method tells it to end: run from the beginning, and at any time later.
    pub(super) serves: bool,
    /// It starts goroutines that may be waiting for a field of its receiver when it is over.
    pub(super) leaves: bool,
    /// The owner runs it in a goroutine of his own: it waits, and says as it leaves that it has ended.
    pub(super) runs: bool,
}

/// What is known of a package, and what clients are wanted.
pub(super) struct Wanted<'a> {
    /// Whether those that rest on a guess are.
    pub(super) guesses: bool,
    /// The methods that code elsewhere is handed as function values.
    pub(super) handed: &'a [bool],
    /// What functions do, as far as somebody has asked.
    pub(super) met: RefCell<FxHashMap<BodyId, Met>>,
}

impl Wanted<'_> {
    fn met(&self, program: &Program, function: BodyId) -> Met {
        let known = self.met.borrow().get(&function).copied();
        known.unwrap_or_else(|| {
            let met = met(program, function);
            self.met.borrow_mut().insert(function, met);
            met
        })
    }
}

pub(super) fn value_clients<'e>(
    program: &Program,
    constructor: BodyId,
    ty: TypeId,
    wanted: &Wanted<'_>,
    entry: &dyn Fn(BodyId) -> &'e Future,
) -> Vec<Body> {
    let Wanted {
        guesses, handed, ..
    } = *wanted;
    let mut all = methods(program, ty, handed);
    let has_map = followed_maps(program, ty).next().is_some();
    for method in &mut all {
        let future = entry(method.body);
        let acts = acts_on_receiver(program, ty, method.body, future);
        method.releases = acts.releases;
        // What starts and stops something is no plain beginning.
        method.starts &= !(acts.releases && stops_something(program, method.body, true));
        let registers = || {
            let met = wanted.met(program, method.body);
            met.stores && met.waits
        };
        method.blocks = !method.starts && (acts.waits || has_map && registers());
        // What starts things as well as it stops them has not let go, nor is it a plain use.
        let starts = spawns_loop(program, method.body, true);
        method.releases &= !starts;
        method.leaves =
            method.blocks && !starts && acts.waits && leaves_waiting(program, method.body);
        // What goes on until it is told to end, and says so as it leaves, tells nobody else to.
        method.releases &= acts.signals
            || !waits_in_loop(program, method.body)
            || stops_something(program, method.body, false);
        // Nor does what runs from the beginning.
        method.releases &= !spawns_method(program, constructor, method.body);
    }
    // Who waits until another method closes something has not let go: that one is called in the end.
    let fields = |method: &Method, act: Acts| -> Vec<Name> {
        let own = program.bodies[method.body.0 as usize].params.first();
        let of_own = entry(method.body)
            .iter()
            .filter(|(way, acts)| Some(&way.var) == own && acts & act != 0);
        of_own.filter_map(|(way, _)| way.field.clone()).collect()
    };
    let runs: Vec<bool> = all
        .iter()
        .map(|method| {
            let awaits = |other: &Method, field: &Name| {
                other.body != method.body
                    && fields(other, RECV).contains(field)
                    && !fields(other, CLOSE).contains(field)
            };
            method.blocks
                && closes_after_waiting(program, method.body)
                && !spawns_method(program, constructor, method.body)
                && fields(method, CLOSE)
                    .iter()
                    .any(|field| all.iter().any(|other| awaits(other, field)))
        })
        .collect();
    for (method, runs) in all.iter_mut().zip(runs) {
        method.runs = runs;
        method.releases &= !runs;
        method.blocks &= !runs;
    }
    let waits: Vec<bool> = all
        .iter()
        .map(|method| {
            let closed = fields(method, CLOSE);
            let mut awaited = fields(method, RECV);
            // Who closes it itself only asks whether that has been done before.
            awaited.retain(|field| !closed.contains(field));
            all.iter().any(|other| {
                other.body != method.body
                    && other.releases
                    && fields(other, CLOSE).iter().any(|f| awaited.contains(f))
            })
        })
        .collect();
    for (method, waits) in all.iter_mut().zip(waits) {
        method.releases &= !waits;
        // Who gives something back in the end is asked for that.
        method.serves = waits
            && method.blocks
            && !method.leaves
            && waits_in_loop(program, method.body)
            && gives_at_most_an_error(program, method.body);
        method.blocks &= !method.serves;
    }
    let mut out = Vec::new();
    if has_map || !program.troubled.is_empty() {
        out = again(program, constructor, &all, wanted);
    }
    let goes_on = |m: &Method| m.starts || m.runs || m.serves;
    // What a method leaves behind may be served by one that the owner runs for long, whatever tells that to end.
    let leaves = all.iter().any(|m| m.leaves)
        && !all.iter().any(|m| {
            !goes_on(m) && waits_in_loop(program, m.body) && gives_at_most_an_error(program, m.body)
        });
    let spawns = leaves || all.iter().any(goes_on) || spawns_loop(program, constructor, false);
    if !spawns {
        return out;
    }
    all.retain(|method| !method.starts || !has_begun(program, constructor, method.body));
    let releases: Vec<Release> = all
        .iter()
        .filter(|m| m.releases && !m.starts)
        .map(|m| Release::Method(m.body))
        .chain(returned_functions(program, constructor).map(Release::Returned))
        .chain([Release::Never])
        .collect();
    let blocked: Vec<Option<&Method>> = [None]
        .into_iter()
        .chain(all.iter().filter(|m| m.blocks).map(Some))
        .collect();
    // A context that nobody keeps bounds what the constructor does, where another call says when the value is let go.
    let closes = releases.len() > 1;
    let has_context = context_param(program, constructor)
        .is_some_and(|param| !closes || keeps(program, constructor, param));
    let mut lives = Vec::new();
    if guesses && !has_context && releases.len() == 1 {
        // Nothing ends what it has started; whether a caller ever drops it nobody can see.
        lives.push((None, Release::Dropped));
    }
    for blocked in &blocked {
        let ends = has_context && blocked.is_none();
        for release in &releases {
            if blocked.is_some_and(|b| Release::Method(b.body) == *release) {
                continue;
            }
            lives.push((*blocked, *release));
        }
        if ends {
            lives.push((*blocked, Release::Context));
        }
    }
    lives.truncate(PER_CONSTRUCTOR);
    out.extend(lives.into_iter().map(|(blocked, release)| {
        let called = blocked.map(|m| m.body);
        Builder::new(program, constructor).value(&all, called.as_slice(), release, guesses)
    }));
    out
}

/// Clients that call a method twice which gets into trouble with a lock, or which waits for what an earlier call has put
/// into a map: the second call may be the one that waits.
fn again(program: &Program, constructor: BodyId, all: &[Method], wanted: &Wanted<'_>) -> Vec<Body> {
    let methods = all.iter().filter(|m| {
        let met = wanted.met(program, m.body);
        !m.starts && (met.trouble || met.finds && met.stores && met.waits)
    });
    let twice = methods.map(|method| [method.body; 2]).take(PER_CONSTRUCTOR);
    twice
        .map(|twice| {
            Builder::new(program, constructor).value(all, &twice, Release::Never, wanted.guesses)
        })
        .collect()
}

/// Whether a method has no result but an error.
fn gives_at_most_an_error(program: &Program, method: BodyId) -> bool {
    let body = &program.bodies[method.0 as usize];
    let is_error = |result: &Var| body.vars[*result as usize].ty == Ty::Error;
    body.results.len() <= 1 && body.results.iter().all(is_error)
}

/// What a function or one that it calls does.
#[derive(Clone, Copy, Default)]
pub(super) struct Met {
    /// It gets into trouble with a lock.
    trouble: bool,
    /// It looks for an entry of a map that is followed.
    finds: bool,
    /// It stores one.
    stores: bool,
    /// It waits.
    waits: bool,
}

fn met(program: &Program, root: BodyId) -> Met {
    let mut met = Met::default();
    let is_all = |met: &Met| met.trouble && met.finds && met.stores && met.waits;
    let mut seen = FxHashSet::default();
    let mut todo = vec![root];
    while let Some(id) = todo.pop() {
        if !seen.insert(id) {
            continue;
        }
        if is_all(&met) {
            break;
        }
        met.trouble |= program.troubled.contains(&id);
        for op in &program.bodies[id.0 as usize].code {
            match op {
                Op::Branch(Expr::HasKey(..), ..) => met.finds = true,
                Op::Set(Target::Place(Expr::Index(..)), value) => {
                    met.stores |= *value != Expr::Gone;
                }
                Op::Recv { .. } | Op::Select { .. } => met.waits = true,
                Op::Call(call) | Op::Defer(call) => {
                    met.waits |= matches!(call.callee, Callee::Library(Effect::WaitWait, _));
                    todo.extend(call.body());
                }
                _ => {}
            }
        }
    }
    met
}

/// How a client lets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Release {
    Never,
    Method(BodyId),
    /// By calling the function that is this result of the constructor.
    Returned(usize),
    Context,
    Dropped,
}
