//! Which functions start goroutines that go on for long, and which stop something.
//!
//! In: a function. Out: yes or no, through the functions it calls. Deliberately absent: what ends such a goroutine.

use crate::flow::ir::{BodyId, Call, Callee, Expr, Op, Var};
use crate::flow::{Program, Walk};
use crate::library::Effect;
use rustc_hash::{FxHashMap, FxHashSet};

/// Whether a function, or one it calls, starts a goroutine that waits in a loop; with `receiver` only one that is handed
/// its receiver.
pub(super) fn spawns_loop(program: &Program, root: BodyId, receiver: bool) -> bool {
    spawns(program, root, &|spawn| {
        let waits = if spawn.in_view {
            waits_in_loop(program, spawn.body)
        } else {
            crate::model::ranges_over_ticks(&program.bodies[spawn.body.0 as usize])
        };
        waits && (spawn.handed || !receiver)
    })
}

/// Whether a function, or one it calls, starts a goroutine that is handed its receiver and may wait: it may be there when
/// the call is over.
pub(super) fn leaves_waiting(program: &Program, root: BodyId) -> bool {
    spawns(program, root, &|spawn| {
        spawn.in_view && spawn.handed && waits(program, spawn.body, false)
    })
}

/// Whether a function, or one it calls, starts a goroutine that runs `method`.
pub(super) fn spawns_method(program: &Program, root: BodyId, method: BodyId) -> bool {
    let calls = |op: &Op| matches!(op, Op::Call(call) if call.body() == Some(method));
    spawns(program, root, &|spawn| {
        let literal = &program.bodies[spawn.body.0 as usize];
        let through = literal.parent.is_some() && literal.code.iter().any(calls);
        spawn.in_view && (spawn.body == method || through)
    })
}

/// A goroutine that is started.
struct Spawn {
    body: BodyId,
    /// Whether it gets what its starter was handed first.
    handed: bool,
    /// Whether it is seen to be started, and not handed to code that may start it.
    in_view: bool,
}

/// Whether a function, or one it calls, starts such a goroutine.
fn spawns(program: &Program, root: BodyId, wanted: &dyn Fn(Spawn) -> bool) -> bool {
    let mut seen: FxHashSet<(BodyId, Vec<Var>)> = FxHashSet::default();
    let own = program.bodies[root.0 as usize].params.first().copied();
    let mut todo = vec![(root, Vec::from_iter(own))];
    while let Some((id, mine)) = todo.pop() {
        if !seen.insert((id, mine.clone())) {
            continue;
        }
        for op in &program.bodies[id.0 as usize].code {
            let (Op::Go(call) | Op::Call(call) | Op::Defer(call)) = op else {
                continue;
            };
            let spawned = match op {
                Op::Go(_) => call.body(),
                _ => spawned_by_library(call),
            };
            if let Some(spawned) = spawned {
                let handed = !inherited(program, call, spawned, &mine).is_empty();
                let spawn = Spawn {
                    body: spawned,
                    handed,
                    in_view: true,
                };
                if wanted(spawn) {
                    return true;
                }
                continue;
            }
            if let Callee::Body(callee) = call.callee {
                todo.push((callee, inherited(program, call, callee, &mine)));
            }
            if let Callee::Unknown | Callee::Named(_) = call.callee {
                for arg in &call.args {
                    let mut found = false;
                    arg.closures(&mut |body| {
                        let handed = !inherited(program, call, body, &mine).is_empty();
                        found |= wanted(Spawn {
                            body,
                            handed,
                            in_view: false,
                        });
                    });
                    if found {
                        return true;
                    }
                }
            }
            if let Callee::Library(Effect::Call | Effect::CallOnce, _) = call.callee {
                for arg in &call.args {
                    functions(arg, &mut |b| {
                        todo.push((b, inherited(program, call, b, &mine)));
                    });
                }
            }
        }
    }
    false
}

/// The parameters and captured variables of a callee that lead to what `mine` do.
pub(super) fn inherited(program: &Program, call: &Call, callee: BodyId, mine: &[Var]) -> Vec<Var> {
    let callee = &program.bodies[callee.0 as usize];
    let leads = |arg: &Expr| {
        let mut leads = false;
        arg.vars(&mut |var| leads |= mine.contains(&var));
        leads
    };
    let params = call
        .args
        .iter()
        .zip(&callee.params)
        .filter(|(arg, _)| leads(arg))
        .map(|(_, param)| *param);
    let captured = callee
        .captures
        .iter()
        .filter(|(outer, _)| mine.contains(outer))
        .map(|(_, inner)| *inner);
    // A bound method as a function value brings its receiver along.
    let bound = call
        .args
        .iter()
        .any(|arg| matches!(arg, Expr::Method(receiver, _) if leads(receiver)))
        .then(|| callee.params.first().copied())
        .flatten();
    params.chain(captured).chain(bound).collect()
}

/// Whether a function, or one it calls, closes a field or calls a function kept in one: not what it starts does. What it does
/// only as it leaves counts where `leaving`.
pub(super) fn stops_something(program: &Program, root: BodyId, leaving: bool) -> bool {
    let mut seen = FxHashSet::default();
    let mut todo = vec![root];
    while let Some(id) = todo.pop() {
        if !seen.insert(id) {
            continue;
        }
        for op in &program.bodies[id.0 as usize].code {
            match op {
                Op::Close(Expr::Field(..), _) => return true,
                Op::Defer(_) if !leaving => {}
                Op::Call(call) | Op::Defer(call) => match &call.callee {
                    Callee::Body(callee) => todo.push(*callee),
                    Callee::Close(_) => return true,
                    Callee::Value(Expr::Field(..)) if call.args.is_empty() => return true,
                    Callee::Library(Effect::Call | Effect::CallOnce, _) => {
                        for arg in &call.args {
                            functions(arg, &mut |b| todo.push(b));
                        }
                    }
                    _ => {}
                },
                _ => {}
            }
        }
    }
    false
}

/// Whether a function waits before it closes anything, but for what it closes as it leaves.
pub(super) fn closes_after_waiting(program: &Program, root: BodyId) -> bool {
    for op in &program.bodies[root.0 as usize].code {
        match op {
            Op::Close(..) => return false,
            Op::Recv { .. } | Op::Select { default: None, .. } => return true,
            Op::Call(call) => match call.callee {
                Callee::Close(_) => return false,
                Callee::Body(callee) if stops_something(program, callee, true) => return false,
                Callee::Body(callee) if waits_in_loop(program, callee) => return true,
                _ => {}
            },
            _ => {}
        }
    }
    false
}

/// Whether a constructor has called `start` whenever it gives something back: whoever calls it once more is told so, and what
/// was made goes on.
pub(super) fn has_begun(program: &Program, constructor: BodyId, start: BodyId) -> bool {
    const DEEP_ENOUGH: u32 = 4;
    let mut refuted = FxHashMap::default();
    always_calls(
        program,
        (constructor, true),
        start,
        DEEP_ENOUGH,
        &mut refuted,
    )
}

/// Whether a function always calls `start` before it gives something back, by itself or through so many calls. `outermost`:
/// whoever gets nil gets nothing. `refuted`: of which functions it is known that they do not, through how many calls.
fn always_calls(
    program: &Program,
    (function, outermost): (BodyId, bool),
    start: BodyId,
    deep: u32,
    refuted: &mut FxHashMap<BodyId, u32>,
) -> bool {
    if refuted.get(&function).is_some_and(|known| *known >= deep) {
        return false;
    }
    // Whoever calls itself does so before it has called `start`.
    refuted.insert(function, deep);
    let body = &program.bodies[function.0 as usize];
    let leaves = body.walk(0, |_, op| match op {
        Op::Return(values) if outermost && values.first() == Some(&Expr::Nil) => Walk::Back,
        Op::Return(_) | Op::End => Walk::Found,
        Op::Call(call) | Op::Go(call) if call.body() == Some(start) => Walk::Back,
        Op::Call(call) if deep > 1 => match call.callee {
            Callee::Body(callee)
                if always_calls(program, (callee, false), start, deep - 1, refuted) =>
            {
                Walk::Back
            }
            _ => Walk::On,
        },
        _ => Walk::On,
    });
    let calls = !leaves && !body.code.is_empty();
    if calls {
        refuted.remove(&function);
    }
    calls
}

/// Calls `f` on the functions that an argument is or holds.
pub(super) fn functions(arg: &Expr, f: &mut dyn FnMut(BodyId)) {
    arg.closures(&mut *f);
    if let Expr::Func(func) | Expr::Method(_, func) = arg {
        f((*func).into());
    }
}

pub(super) fn spawned_by_library(call: &Call) -> Option<BodyId> {
    let argument = match call.callee {
        Callee::Library(effect, argument) if effect.starts_argument() => argument,
        _ => return None,
    };
    match call
        .args
        .get(argument as usize + usize::from(call.method))?
    {
        Expr::Closure(body) => Some(*body),
        Expr::Func(func) | Expr::Method(_, func) => Some((*func).into()),
        _ => None,
    }
}

pub(super) fn waits_in_loop(program: &Program, root: BodyId) -> bool {
    waits(program, root, true)
}

/// Whether a function, or one it calls, may wait; only in a loop if `again`.
fn waits(program: &Program, root: BodyId, again: bool) -> bool {
    let mut seen = FxHashSet::default();
    let mut todo = vec![root];
    while let Some(id) = todo.pop() {
        if !seen.insert(id) {
            continue;
        }
        let body = &program.bodies[id.0 as usize];
        for (pc, op) in body.code.iter().enumerate() {
            match op {
                Op::Send(..) | Op::Recv { .. } if body.in_loop[pc] || !again => return true,
                Op::Select { default, .. } if body.in_loop[pc] || !again && default.is_none() => {
                    return true;
                }
                Op::Call(call) => match call.callee {
                    Callee::Body(callee) => todo.push(callee),
                    Callee::Library(Effect::CondWait, _) if body.in_loop[pc] || !again => {
                        return true;
                    }
                    _ => {}
                },
                _ => {}
            }
        }
    }
    false
}
