//! Which functions are worth a search: those that make a primitive of their own, or get one back from a callee, as a result
//! or in a field of a value they made.
//!
//! A primitive is judged at the function that makes it, with everything it hands it to followed from there. A function
//! that only uses what it is given has an owner elsewhere.

use crate::flow::facts::Slot;
use crate::flow::ir::{Body, BodyId, Call, Callee, Expr, Op, Target, Var};
use crate::flow::{Links, PACKAGE_VARIABLES, Program, Users};
use crate::flow::{is_plain, makes_anything};
use crate::library::Effect;
use crate::resolve::Ty;
use rustc_hash::FxHashMap;

/// The roots of a program, in source order.
pub fn roots(program: &Program) -> Vec<BodyId> {
    let bodies = &program.bodies;
    let tickers = bodies.iter().any(|body| Traits::of(body).waits_for_ticks);
    let own: Vec<bool> = bodies
        .iter()
        .map(|body| Traits::of(body).makes || tickers && Traits::of(body).makes_ticker)
        .collect();
    let waits: Vec<bool> = bodies.iter().map(|body| Traits::of(body).blocks).collect();
    // What a function's literals and callees do is part of its system.
    let parts = parts(program);
    let (mut makes, mut waits) = (own.clone(), waits);
    parts.spread(&mut makes);
    parts.spread(&mut waits);
    let leaves = leaving_literals(program);
    let filled = filled(program);
    (0..bodies.len() as u32)
        .map(BodyId)
        .filter(|id| {
            let body = &bodies[id.0 as usize];
            let starts = match body.parent {
                None => body.name != PACKAGE_VARIABLES,
                Some(_) => leaves[id.0 as usize] && captures_nothing(program, *id),
            };
            if !starts || !body.client.is_empty() || !waits[id.0 as usize] || !makes[id.0 as usize]
            {
                return false;
            }
            program.family(*id).into_iter().any(|f| {
                let body = &bodies[f.0 as usize];
                own[f.0 as usize]
                    || receives_one(program, body, &makes)
                    || has_one_filled(body, &filled[f.0 as usize])
            })
        })
        .collect()
}

/// Whether a function or one of its literals makes a primitive by itself.
pub fn makes_own(program: &Program, root: BodyId) -> bool {
    let family = program.family(root);
    family
        .iter()
        .any(|id| Traits::of(&program.bodies[id.0 as usize]).makes)
}

/// The literals that code elsewhere runs, each time anew: handed to it, stored, returned. Those that a loop starts as
/// goroutines of their own are like them.
fn leaving_literals(program: &Program) -> Vec<bool> {
    let mut leaves = vec![false; program.bodies.len()];
    for literal in program
        .bodies
        .iter()
        .flat_map(|body| &Traits::of(body).leaving)
    {
        leaves[literal.0 as usize] = true;
    }
    leaves
}

/// What a body by itself has to do with primitives.
struct Traits {
    makes: bool,
    makes_ticker: bool,
    waits_for_ticks: bool,
    blocks: bool,
    /// The literals in it that leave.
    leaving: Vec<BodyId>,
    filling: Filling,
}

impl Traits {
    fn of(body: &Body) -> &Self {
        body.known(Slot::Traits, |body| Self {
            makes: makes_primitive(body),
            makes_ticker: makes_ticker(body),
            waits_for_ticks: waits_for_ticks(body),
            blocks: blocks(body),
            leaving: leaving(body),
            filling: Filling::of(body),
        })
    }
}

fn leaving(body: &Body) -> Vec<BodyId> {
    let mut leaving = Vec::new();
    for (pc, op) in body.code.iter().enumerate() {
        let mut leave = |e: &Expr| e.closures(&mut |literal| leaving.push(literal));
        match op {
            Op::Set(Target::Place(_), value) | Op::Send(_, _, value) => leave(value),
            Op::Set(_, value) if !matches!(value, Expr::Closure(_)) => leave(value),
            Op::Return(values) => values.iter().for_each(leave),
            Op::Call(call) | Op::Go(call) | Op::Defer(call) => match &call.callee {
                Callee::Unknown | Callee::Named(_) => call.args.iter().for_each(leave),
                Callee::Value(Expr::Closure(started)) => {
                    let own = matches!(op, Op::Go(_)) && body.in_loop[pc];
                    leaving.extend(own.then_some(*started));
                }
                Callee::Value(_) => call.args.iter().for_each(leave),
                _ => {}
            },
            _ => {}
        }
    }
    leaving
}

/// Whether nothing that a literal captures leads to a primitive: functions that capture nothing either lead to none. Of many
/// that capture one another nobody says so.
fn captures_nothing(program: &Program, literal: BodyId) -> bool {
    const FEW: usize = 8;
    let mut found = vec![literal];
    let mut at = 0;
    while let Some(literal) = found.get(at) {
        let holds = &program.holds[literal.0 as usize];
        let body = &program.bodies[literal.0 as usize];
        let parent = body.parent.map(|parent| &program.bodies[parent.0 as usize]);
        for (outer, inner) in &body.captures {
            if !holds[*inner as usize] {
                continue;
            }
            match parent.and_then(|parent| local_function(parent, *outer)) {
                Some(function) if found.contains(&function) => {}
                Some(function) if found.len() < FEW => found.push(function),
                _ => return false,
            }
        }
        at += 1;
    }
    true
}

/// The literal that a variable of a body always holds, once it is not nil any more.
pub fn local_function(body: &Body, var: Var) -> Option<BodyId> {
    let mut function = None;
    for op in &body.code {
        match op {
            Op::Set(Target::Var(to), value) if *to == var => match value {
                Expr::Closure(literal) if function.is_none() => function = Some(*literal),
                Expr::Nil | Expr::Zero(..) => {}
                _ => return None,
            },
            _ => {
                let mut is_set = false;
                op.targets(&mut |target| is_set |= *target == Target::Var(var));
                if is_set {
                    return None;
                }
            }
        }
    }
    function
}

/// Capacities up to this are filled item by item; leaks behind larger ones are not looked for.
pub const ROOM_LIMIT: i64 = 5;

/// Whether a root, its literals or what they call directly have a loop that runs a fixed number of times.
pub fn counts(program: &Program, root: BodyId) -> bool {
    let family = program.family(root);
    let called: Vec<BodyId> = family
        .iter()
        .flat_map(|member| callees(&program.bodies[member.0 as usize]))
        .collect();
    family.iter().chain(&called).any(|id| {
        let body = &program.bodies[id.0 as usize];
        body.loop_conds.iter().any(
            |pc| matches!(&body.code[*pc as usize], Op::Branch(cond, ..) if mentions_count(cond)),
        )
    })
}

/// Whether a condition compares with a number above one.
pub fn mentions_count(cond: &Expr) -> bool {
    let mut any = matches!(cond, Expr::Int(n) if *n > 1);
    cond.children(&mut |child| any |= mentions_count(child));
    any
}

/// The largest constant capacity among the channels that a root and its literals make, up to a limit: so many items a
/// loop has to be followed to fill it.
pub fn largest_room(program: &Program, root: BodyId) -> i64 {
    let mut largest = 0;
    for member in program.family(root) {
        for op in &program.bodies[member.0 as usize].code {
            op.exprs(&mut |e| {
                if let Expr::MakeChan(cap, ..) = e
                    && let Expr::Int(n) = **cap
                    && n <= ROOM_LIMIT
                {
                    largest = largest.max(n);
                }
            });
        }
    }
    largest
}

/// Who has a body as a part: the body that a literal stands in, the callers of a function.
fn parts(program: &Program) -> Users {
    Users::of(program.bodies.len(), |index, f| {
        let body = &program.bodies[index];
        callees(body).for_each(&mut *f);
        let literals = program.literals[index].iter();
        literals.for_each(|literal| f(*literal));
    })
}

/// The functions from which one can come to a body that is `wanted`: through calls, literals, functions as values, and
/// methods that are only known by name.
pub fn reaching(program: &Program, wanted: impl Fn(&Body) -> bool) -> Vec<bool> {
    reaching_these(
        program,
        program.bodies.iter().map(|body| wanted(body)).collect(),
    )
}

/// The same for bodies given by their number.
pub fn reaching_these(program: &Program, mut near: Vec<bool>) -> Vec<bool> {
    let bodies = &program.bodies;
    let mut before: Vec<Vec<u32>> = vec![Vec::new(); bodies.len()];
    let mut by_name: FxHashMap<&str, Vec<u32>> = FxHashMap::default();
    for (index, body) in bodies.iter().enumerate() {
        let links = Links::of(body);
        for to in links.calls.iter().chain(&links.values) {
            before[to.0 as usize].push(index as u32);
        }
        for name in &links.named {
            by_name.entry(name).or_default().push(index as u32);
        }
        before[index].extend(body.parent.map(|parent| parent.0));
    }
    let mut queue: Vec<usize> = (0..near.len()).filter(|index| near[*index]).collect();
    while let Some(index) = queue.pop() {
        let name = bodies[index].simple_name();
        let named = by_name.get(name).into_iter().flatten();
        for from in before[index].iter().chain(named) {
            if !std::mem::replace(&mut near[*from as usize], true) {
                queue.push(*from as usize);
            }
        }
    }
    near
}

fn callees(body: &Body) -> impl Iterator<Item = BodyId> {
    Links::of(body).calls.iter().copied()
}

fn makes_primitive(body: &Body) -> bool {
    body.code.iter().any(|op| {
        // The zero value that a result begins with is nothing anybody made.
        if let Op::Set(Target::Var(var), Expr::Zero(..)) = op
            && body.results.contains(var)
        {
            return false;
        }
        let mut makes = false;
        op.exprs(&mut |e| makes |= makes_anything(e));
        makes
            || matches!(op, Op::Call(call) if matches!(
                call.callee,
                Callee::Library(effect, _) if makes_end(effect)
            ))
    })
}

/// Whether a library call makes a context that nobody but its owner ends.
fn makes_end(effect: Effect) -> bool {
    matches!(
        effect,
        Effect::ContextCancel | Effect::ContextNever | Effect::Cond
    )
}

fn makes_ticker(body: &Body) -> bool {
    body.code.iter().any(|op| {
        matches!(op, Op::Call(call)
            if matches!(call.callee, Callee::Library(Effect::Ticker, _)))
    })
}

/// Whether somebody waits for a clock alone: elsewhere a ticker is one case of several, and whether it is stopped does not
/// matter much.
fn waits_for_ticks(body: &Body) -> bool {
    body.code.iter().any(|op| match op {
        Op::Recv { ch, .. } => matches!(ch, Expr::Field(_, name) if name == "C"),
        Op::Select { cases, .. } => {
            matches!(cases.as_slice(), [only] if matches!(&only.ch, Expr::Field(_, name) if name == "C"))
        }
        _ => false,
    })
}

/// Whether a body ranges over a ticker: it does not return before somebody ends the program, so whoever runs it runs it in
/// a goroutine of its own.
pub fn ranges_over_ticks(body: &Body) -> bool {
    body.code.iter().any(
        |op| matches!(op, Op::Recv { ch: Expr::Field(_, name), range: true, .. } if name == "C"),
    )
}

fn blocks(body: &Body) -> bool {
    body.code.iter().any(|op| match op {
        Op::Send(..) | Op::Recv { .. } | Op::Select { .. } => true,
        Op::Call(call) | Op::Defer(call) | Op::Go(call) => {
            matches!(call.callee, Callee::Library(effect, _) if effect.waits())
        }
        _ => false,
    })
}

/// Whether the body gets something back from a callee that makes primitives.
fn receives_one(program: &Program, body: &Body, makes: &[bool]) -> bool {
    callees(body).any(|callee| {
        let callee_body = &program.bodies[callee.0 as usize];
        makes[callee.0 as usize]
            && callee_body
                .results
                .iter()
                .any(|r| !is_plain(&callee_body.vars[*r as usize].ty))
    })
}

/// How primitives get into fields of values that a body holds.
#[derive(Default)]
struct Filling {
    /// The variables in whose fields it puts what it makes.
    fills: Vec<Var>,
    /// Which variable leads to which argument of which body it calls.
    hands: Vec<(BodyId, usize, Var)>,
    /// The variables that hold a struct made here, or what a callee returned.
    holders: Vec<Var>,
}

impl Filling {
    fn of(body: &Body) -> Self {
        let mut filling = Self::default();
        for op in &body.code {
            match op {
                Op::Set(Target::Place(place), value) if makes_anything(value) => {
                    filling.fills.extend(base_of(place));
                }
                Op::Set(Target::Var(var), value) if value.literal_type().is_some() => {
                    filling.holders.push(*var);
                }
                Op::Set(Target::Var(var), Expr::Zero(..) | Expr::Addr(_)) => {
                    filling.holders.push(*var);
                }
                Op::Call(call) | Op::Go(call) | Op::Defer(call) => filling.call(call),
                _ => {}
            }
        }
        filling
    }

    fn call(&mut self, call: &Call) {
        match call.callee {
            Callee::Body(callee) => {
                for (index, arg) in call.args.iter().enumerate() {
                    self.hands
                        .extend(base_of(arg).map(|var| (callee, index, var)));
                }
                self.holders.extend(call.dests.iter().filter_map(variable));
            }
            Callee::Library(effect, _) if makes_end(effect) => {
                let places = call.dests.iter().filter_map(|dest| match dest {
                    Target::Place(place) => base_of(place),
                    _ => None,
                });
                self.fills.extend(places);
            }
            _ => {}
        }
    }
}

fn variable(target: &Target) -> Option<Var> {
    match target {
        Target::Var(var) => Some(*var),
        _ => None,
    }
}

/// The variable by which one comes to a field, an element or what a pointer leads to.
fn base_of(place: &Expr) -> Option<Var> {
    match place {
        Expr::Var(var) => Some(*var),
        Expr::Field(base, _)
        | Expr::Index(base, _)
        | Expr::Deref(base)
        | Expr::Addr(base)
        | Expr::Receiver(base)
        | Expr::Pipe(base, _) => base_of(base),
        _ => None,
    }
}

/// Per body, the variables in whose fields it, its literals or its callees put something they make.
fn filled(program: &Program) -> Vec<Vec<Var>> {
    let bodies = &program.bodies;
    let mut filled: Vec<Vec<Var>> = bodies
        .iter()
        .map(|body| Traits::of(body).filling.fills.clone())
        .collect();
    let users = Users::of(bodies.len(), |index, f| {
        let hands = &Traits::of(&bodies[index]).filling.hands;
        hands.iter().for_each(|(callee, ..)| f(*callee));
        let literals = program.literals[index].iter();
        literals.for_each(|literal| f(*literal));
    });
    let mut grown: Vec<usize> = (0..bodies.len())
        .filter(|at| !filled[*at].is_empty())
        .collect();
    let mut again = vec![false; bodies.len()];
    while !grown.is_empty() {
        let mut look_at: Vec<usize> = Vec::new();
        for user in grown.drain(..).flat_map(|index| users.users(index)) {
            if !std::mem::replace(&mut again[user], true) {
                look_at.push(user);
            }
        }
        for index in look_at {
            again[index] = false;
            if fill(program, &mut filled, index) {
                grown.push(index);
            }
        }
    }
    filled
}

/// Takes over what the literals and callees of a body put into fields; says whether there is anything new.
fn fill(program: &Program, filled: &mut [Vec<Var>], index: usize) -> bool {
    let known = filled[index].len();
    for (callee, argument, var) in &Traits::of(&program.bodies[index]).filling.hands {
        let callee = callee.0 as usize;
        let param = program.bodies[callee].params.get(*argument);
        if param.is_some_and(|param| filled[callee].contains(param)) && !filled[index].contains(var)
        {
            filled[index].push(*var);
        }
    }
    for literal in &program.literals[index] {
        let literal = literal.0 as usize;
        for (outer, inner) in &program.bodies[literal].captures {
            if filled[literal].contains(inner) && !filled[index].contains(outer) {
                filled[index].push(*outer);
            }
        }
    }
    filled[index].len() > known
}

/// Whether something is put into a field of a value that the body made itself.
fn has_one_filled(body: &Body, filled: &[Var]) -> bool {
    let holders = &Traits::of(body).filling.holders;
    filled
        .iter()
        .any(|var| holders.contains(var) && !body.params.contains(var))
}

/// Per function or literal of a test file, whether it runs in the goroutine of a test: it is handed one, or is a plain
/// function, and nothing starts it beside others. A literal that is handed none is as like as not run by what is tested.
pub fn tests(program: &Program) -> Vec<bool> {
    let mut tests: Vec<bool> = program.bodies.iter().map(|b| is_like_a_test(b)).collect();
    for op in program.bodies.iter().flat_map(|body| &body.code) {
        if let Some(started) = started(op) {
            tests[started.0 as usize] = false;
        }
    }
    tests
}

/// The same for one body.
pub fn is_test(program: &Program, id: BodyId) -> bool {
    let mut code = program.bodies.iter().flat_map(|body| &body.code);
    is_like_a_test(&program.bodies[id.0 as usize]) && !code.any(|op| started(op) == Some(id))
}

fn is_like_a_test(body: &Body) -> bool {
    let testing = |ty: &Ty| matches!(ty, Ty::Ptr(to) if matches!(&**to, Ty::Ext(path, _) if path == "testing"));
    let mut params = body.params.iter();
    let given = params.any(|var| testing(&body.vars[*var as usize].ty));
    body.client.is_empty() && (given || (!body.method && body.parent.is_none()))
}

/// The body that a `go` statement starts.
fn started(op: &Op) -> Option<BodyId> {
    match op {
        Op::Go(call) => call.body(),
        _ => None,
    }
}
