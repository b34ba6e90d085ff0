//! Stands in for callers elsewhere: made-up bodies that construct a value, use its exported methods as any caller may,
//! and let go of it.
//!
//! In: a [`Program`] and what its bodies do to their parameters. Out: further bodies, each a root of a search of its own:
//! a constructor, at most one call that may block and at most one way of letting go. While the client has not let go it
//! *could* call any exported method, which keeps everything silent that such a call would serve. Deliberately absent:
//! protocols between methods that only a comment states.

use crate::exposure::Client;
use crate::flow::Program;
use crate::flow::ir::{
    Body, BodyId, Call, Callee, Case, Expr, JumpKind, LetGo, Note, Op, Pc, Target, Var, VarInfo,
    empty_body,
};
use crate::library::Effect;
use crate::resolve::{Ty, TypeId, is_exported};
use crate::source::{FileId, Place, Span};
use crate::summary::{Acts, CALL, CLOSE, Future, RECV, SEND, STOP};
use crate::syntax::ast::{BinaryOp, Name};

/// Clients made per constructor at most: with more methods than this nobody reads all the combinations either.
const PER_CONSTRUCTOR: usize = 24;

/// A function that makes a value for callers elsewhere.
#[derive(Clone, Debug)]
pub struct Constructor {
    /// The function.
    pub body: BodyId,
    /// What its first result is.
    pub makes: Made,
}

/// What a constructor makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// A value of this type.
    Value(TypeId),
    /// Channels to receive from, as its first results.
    Channels(usize),
}

/// The constructors of `program` whose values callers elsewhere may use; `counts` says of which files.
pub fn constructors(program: &Program, counts: &dyn Fn(FileId) -> bool) -> Vec<Constructor> {
    let called = called_here(program);
    let handed = handed_methods(program);
    let given = given_elsewhere(program);
    program
        .bodies
        .iter()
        .enumerate()
        .filter(|(_, body)| body.parent.is_none() && counts(body.file) && body.gives)
        .filter_map(|(index, body)| {
            let makes = made(program, body)?;
            let leaves = is_exported(simple_name(body))
                || !called[index]
                || match makes {
                    Made::Value(ty) => has_any(program, ty, &handed),
                    Made::Channels(_) => given[index],
                };
            if !leaves {
                return None;
            }
            Some(Constructor {
                body: BodyId(index as u32),
                makes,
            })
        })
        .collect()
}

/// The bodies that clients of these constructors may call.
pub fn reached(program: &Program, constructors: &[Constructor]) -> Vec<BodyId> {
    let mut all: Vec<BodyId> = Vec::new();
    for constructor in constructors {
        all.push(constructor.body);
        if let Made::Value(ty) = constructor.makes {
            all.extend(methods(program, ty).into_iter().map(|m| m.body));
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// The constructor that a client calls.
pub fn maker(client: &Body) -> Option<BodyId> {
    client.code.iter().find_map(|op| match op {
        Op::Call(call) => match call.callee {
            Callee::Body(id) => Some(id),
            _ => None,
        },
        _ => None,
    })
}

/// The clients of `constructors`, those that rest on a guess only if `guesses`; `entry` tells what a body does to its
/// parameters.
pub fn clients<'e>(
    program: &Program,
    constructors: &[Constructor],
    guesses: bool,
    entry: &dyn Fn(BodyId) -> &'e Future,
) -> Vec<(Body, Client)> {
    constructors
        .iter()
        .flat_map(|c| match c.makes {
            Made::Value(ty) => value_clients(program, c.body, ty, guesses, entry)
                .into_iter()
                .map(|body| (body, Client::Methods(ty)))
                .collect(),
            Made::Channels(count) => {
                // Without a context nothing says that a caller may stop receiving.
                let known = context_param(program, c.body).is_some();
                let wanted = known || guesses;
                let client = || {
                    (
                        Builder::new(program, c.body).channels(count),
                        Client::Receives,
                    )
                };
                Vec::from_iter(wanted.then(client))
            }
        })
        .collect()
}

/// A method as a client sees it.
#[derive(Clone, Debug)]
struct Method {
    body: BodyId,
    /// It may wait for a field of its receiver.
    blocks: bool,
    /// It closes, cancels or stops something its receiver holds.
    releases: bool,
    /// It starts goroutines that go on for long: called once, before anything else.
    starts: bool,
}

fn value_clients<'e>(
    program: &Program,
    constructor: BodyId,
    ty: TypeId,
    guesses: bool,
    entry: &dyn Fn(BodyId) -> &'e Future,
) -> Vec<Body> {
    let mut all = methods(program, ty);
    for method in &mut all {
        let future = entry(method.body);
        let acts = acts_on_receiver(program, ty, method.body, future);
        method.releases = acts.releases;
        // What starts and stops something is no plain beginning.
        method.starts &= !(acts.releases && stops_something(program, method.body));
        method.blocks = acts.waits && !method.starts;
    }
    // Who waits until another method closes something has not let go: that one is called in the end.
    let fields = |method: &Method, act: Acts| -> Vec<Name> {
        let own = program.bodies[method.body.0 as usize].params.first();
        let of_own = entry(method.body)
            .iter()
            .filter(|(way, acts)| Some(&way.var) == own && acts & act != 0);
        of_own.filter_map(|(way, _)| way.field.clone()).collect()
    };
    let waits: Vec<bool> = all
        .iter()
        .map(|method| {
            let awaited = fields(method, RECV);
            all.iter().any(|other| {
                other.body != method.body
                    && other.releases
                    && fields(other, CLOSE).iter().any(|f| awaited.contains(f))
            })
        })
        .collect();
    for (method, waits) in all.iter_mut().zip(waits) {
        method.releases &= !waits;
    }
    let spawns = all.iter().any(|m| m.starts) || spawns_loop(program, constructor, false);
    if !spawns {
        return Vec::new();
    }
    let releases: Vec<Option<&Method>> = all
        .iter()
        .filter(|m| m.releases && !m.starts)
        .map(Some)
        .chain([None])
        .collect();
    let blocked: Vec<Option<&Method>> = [None]
        .into_iter()
        .chain(all.iter().filter(|m| m.blocks).map(Some))
        .collect();
    let has_context = context_param(program, constructor).is_some();
    let mut out = Vec::new();
    if guesses && !has_context && releases.len() == 1 {
        // Nothing ends what it has started; whether a caller ever drops it nobody can see.
        out.push((None, Release::Dropped));
    }
    for blocked in &blocked {
        let ends = has_context && blocked.is_none();
        for release in &releases {
            if release.is_some_and(|r| blocked.is_some_and(|b| b.body == r.body)) {
                continue;
            }
            let release = release.map_or(Release::Never, |r| Release::Method(r.body));
            out.push((*blocked, release));
        }
        if ends {
            out.push((*blocked, Release::Context));
        }
    }
    out.truncate(PER_CONSTRUCTOR);
    out.into_iter()
        .map(|(blocked, release)| {
            Builder::new(program, constructor).value(&all, blocked.map(|m| m.body), release)
        })
        .collect()
}

/// How a client lets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Release {
    Never,
    Method(BodyId),
    Context,
    Dropped,
}

// --- what is known of functions ---

fn simple_name(body: &Body) -> &str {
    body.name.rsplit('.').next().unwrap_or_default()
}

fn called_here(program: &Program) -> Vec<bool> {
    let mut called = vec![false; program.bodies.len()];
    for body in &program.bodies {
        for op in &body.code {
            if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op
                && let Callee::Body(callee) = call.callee
            {
                called[callee.0 as usize] = true;
            }
        }
    }
    called
}

/// The functions whose first result a caller in view hands to code elsewhere.
fn given_elsewhere(program: &Program) -> Vec<bool> {
    let mut given = vec![false; program.bodies.len()];
    for body in &program.bodies {
        let hands_on = |var: Var| {
            body.code.iter().any(|op| match op {
                Op::Call(call) | Op::Go(call) | Op::Defer(call) => {
                    matches!(call.callee, Callee::Unknown | Callee::Named(_))
                        && call.args.contains(&Expr::Var(var))
                }
                _ => false,
            })
        };
        for op in &body.code {
            if let Op::Call(call) = op
                && let Callee::Body(callee) = call.callee
                && let Some(Target::Var(var)) = call.dests.first()
                && !given[callee.0 as usize]
            {
                given[callee.0 as usize] = hands_on(*var);
            }
        }
    }
    given
}

/// The methods that code elsewhere is handed as function values.
fn handed_methods(program: &Program) -> Vec<bool> {
    let mut handed = vec![false; program.bodies.len()];
    for body in &program.bodies {
        for op in &body.code {
            if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op
                && matches!(call.callee, Callee::Unknown | Callee::Named(_))
            {
                for arg in &call.args {
                    if let Expr::Method(_, func) = arg {
                        handed[BodyId::from(*func).0 as usize] = true;
                    }
                }
            }
        }
    }
    handed
}

/// Whether code elsewhere is handed a method of a type.
fn has_any(program: &Program, ty: TypeId, handed: &[bool]) -> bool {
    let mut methods = program.types[ty.0 as usize].methods.values();
    methods.any(|func| handed[BodyId::from(*func).0 as usize])
}

fn made(program: &Program, body: &Body) -> Option<Made> {
    let first = *body.results.first()?;
    let declared = &body.vars[first as usize].ty;
    if is_receivable(program, declared) {
        let count = body
            .results
            .iter()
            .take_while(|r| is_receivable(program, &body.vars[**r as usize].ty))
            .count();
        return Some(Made::Channels(count));
    }
    let ty = match declared.base_named() {
        Some(ty) if is_struct(program, ty) => Some(ty),
        _ => returned_type(program, body),
    }?;
    (is_struct(program, ty) && holds_channel(program, &Ty::Named(ty), 0)).then_some(Made::Value(ty))
}

/// The struct type that a function with an interface as its result returns.
fn returned_type(program: &Program, body: &Body) -> Option<TypeId> {
    body.code.iter().find_map(|op| {
        let Op::Return(values) = op else { return None };
        let ty = match values.first()? {
            Expr::Var(var) => body.vars[*var as usize].ty.base_named(),
            other => other.literal_type(),
        }?;
        is_struct(program, ty).then_some(ty)
    })
}

fn is_struct(program: &Program, ty: TypeId) -> bool {
    matches!(program.types[ty.0 as usize].underlying, Ty::Struct(_))
}

fn is_receivable(program: &Program, ty: &Ty) -> bool {
    use crate::syntax::ast::ChanDir;
    match ty {
        Ty::Chan(dir, _) => *dir != ChanDir::Send,
        Ty::Named(id) => is_receivable(program, &program.types[id.0 as usize].underlying),
        _ => false,
    }
}

/// Whether values of a type lead to a channel (or a cancel function) through their fields.
fn holds_channel(program: &Program, ty: &Ty, depth: u32) -> bool {
    crate::flow::leads_to_channel(&program.types, ty, depth)
}

fn methods(program: &Program, ty: TypeId) -> Vec<Method> {
    let handed = handed_methods(program);
    let mut all: Vec<Method> = program.types[ty.0 as usize]
        .methods
        .iter()
        .filter(|(name, func)| is_exported(name) || handed[BodyId::from(**func).0 as usize])
        .map(|(_, func)| Method {
            body: (*func).into(),
            blocks: false,
            releases: false,
            starts: spawns_loop(program, (*func).into(), true),
        })
        .filter(|m| !program.bodies[m.body.0 as usize].code.is_empty())
        .collect();
    all.sort_by_key(|m| m.body);
    // Who has another method start things when they are first needed uses the value, and may fail for reasons of its own.
    let starting: Vec<BodyId> = all.iter().filter(|m| m.starts).map(|m| m.body).collect();
    for method in &mut all {
        let code = &program.bodies[method.body.0 as usize].code;
        let asks = |op: &Op| match op {
            Op::Call(call) => matches!(call.callee, Callee::Body(id) if starting.contains(&id)),
            _ => false,
        };
        method.starts &= !code.iter().any(asks);
    }
    all
}

/// Whether a function, or one it calls, starts a goroutine that waits in a loop; with `receiver` only one that is handed
/// its receiver.
fn spawns_loop(program: &Program, root: BodyId, receiver: bool) -> bool {
    let mut seen: Vec<(BodyId, Vec<Var>)> = Vec::new();
    let own = program.bodies[root.0 as usize].params.first().copied();
    let mut todo = vec![(root, Vec::from_iter(own))];
    while let Some((id, mine)) = todo.pop() {
        if seen.iter().any(|(i, m)| *i == id && *m == mine) {
            continue;
        }
        for op in &program.bodies[id.0 as usize].code {
            let (Op::Go(call) | Op::Call(call) | Op::Defer(call)) = op else {
                continue;
            };
            let spawned = match op {
                Op::Go(_) => started(call),
                _ => spawned_by_library(call),
            };
            if let Some(spawned) = spawned {
                let handed = !inherited(program, call, spawned, &mine).is_empty();
                if waits_in_loop(program, spawned) && (handed || !receiver) {
                    return true;
                }
                continue;
            }
            if let Callee::Body(callee) = call.callee {
                todo.push((callee, inherited(program, call, callee, &mine)));
            }
            if let Callee::Unknown | Callee::Named(_) = call.callee {
                for arg in &call.args {
                    let mut ticking = false;
                    arg.closures(&mut |b| {
                        let handed = !inherited(program, call, b, &mine).is_empty();
                        let waits = crate::model::ranges_over_ticks(&program.bodies[b.0 as usize]);
                        ticking |= waits && (handed || !receiver);
                    });
                    if ticking {
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
        seen.push((id, mine));
    }
    false
}

/// The parameters and captured variables of a callee that lead to what `mine` do.
fn inherited(program: &Program, call: &Call, callee: BodyId, mine: &[Var]) -> Vec<Var> {
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

/// Whether a function, or one it calls, closes a field or calls a function kept in one: not what it starts does.
fn stops_something(program: &Program, root: BodyId) -> bool {
    let mut seen = Vec::new();
    let mut todo = vec![root];
    while let Some(id) = todo.pop() {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        for op in &program.bodies[id.0 as usize].code {
            match op {
                Op::Close(Expr::Field(..), _) => return true,
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

/// Calls `f` on the functions that an argument is or holds.
fn functions(arg: &Expr, f: &mut dyn FnMut(BodyId)) {
    arg.closures(&mut *f);
    if let Expr::Func(func) | Expr::Method(_, func) = arg {
        f((*func).into());
    }
}

fn started(call: &Call) -> Option<BodyId> {
    match &call.callee {
        Callee::Body(body) | Callee::Value(Expr::Closure(body)) => Some(*body),
        _ => None,
    }
}

fn spawned_by_library(call: &Call) -> Option<BodyId> {
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

fn waits_in_loop(program: &Program, root: BodyId) -> bool {
    let mut seen = Vec::new();
    let mut todo = vec![root];
    while let Some(id) = todo.pop() {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        let body = &program.bodies[id.0 as usize];
        for (pc, op) in body.code.iter().enumerate() {
            match op {
                Op::Send(..) | Op::Recv { .. } | Op::Select { .. } if body.in_loop[pc] => {
                    return true;
                }
                Op::Call(call) => {
                    if let Callee::Body(callee) = call.callee {
                        todo.push(callee);
                    }
                }
                _ => {}
            }
        }
    }
    false
}

/// What a method does to what its receiver holds.
struct ReceiverActs {
    waits: bool,
    releases: bool,
}

fn acts_on_receiver(
    program: &Program,
    ty: TypeId,
    method: BodyId,
    future: &Future,
) -> ReceiverActs {
    let mut acts = ReceiverActs {
        waits: false,
        releases: false,
    };
    let Some(receiver) = program.bodies[method.0 as usize].params.first() else {
        return acts;
    };
    for (way, done) in future.iter().filter(|(way, _)| way.var == *receiver) {
        let Some(field) = &way.field else { continue };
        acts.waits |= done & (SEND | RECV) != 0;
        acts.releases |= done & (CLOSE | STOP) != 0;
        let field_ty = field_type(program, ty, field);
        acts.releases |= done & CALL != 0 && field_ty.as_ref().is_some_and(is_plain_function);
        acts.releases |= done & SEND != 0
            && field_ty
                .as_ref()
                .is_some_and(|ty| is_signal(program, ty) && takes_nothing(program, method));
    }
    acts
}

fn takes_nothing(program: &Program, method: BodyId) -> bool {
    program.bodies[method.0 as usize].params.len() == 1
}

/// A cancel function: neither parameters nor results.
fn is_plain_function(ty: &Ty) -> bool {
    match ty {
        Ty::Ext(path, name) => path == "context" && name == "CancelFunc",
        Ty::Func(f) => f.params.is_empty() && f.results.is_empty(),
        _ => false,
    }
}

fn is_signal(program: &Program, ty: &Ty) -> bool {
    match ty {
        Ty::Chan(_, elem) => {
            **elem == Ty::Bool || matches!(&**elem, Ty::Struct(fields) if fields.is_empty())
        }
        Ty::Named(id) => is_signal(program, &program.types[id.0 as usize].underlying),
        _ => false,
    }
}

fn field_type(program: &Program, ty: TypeId, field: &Name) -> Option<Ty> {
    let Ty::Struct(fields) = &program.types[ty.0 as usize].underlying else {
        return None;
    };
    fields
        .iter()
        .find(|f| f.name == *field)
        .map(|f| f.ty.clone())
}

fn context_param(program: &Program, constructor: BodyId) -> Option<usize> {
    let body = &program.bodies[constructor.0 as usize];
    body.params
        .iter()
        .position(|p| is_context(&body.vars[*p as usize].ty))
}

fn is_context(ty: &Ty) -> bool {
    matches!(ty, Ty::Ext(path, name) if path == "context" && name == "Context")
}

// --- building ---

struct Builder<'p> {
    program: &'p Program,
    constructor: BodyId,
    body: Body,
    /// Calls of functions end here when they fail.
    failures: Vec<usize>,
}

impl<'p> Builder<'p> {
    fn new(program: &'p Program, constructor: BodyId) -> Self {
        let made = &program.bodies[constructor.0 as usize];
        let mut body = Body {
            name: made.name.clone(),
            file: made.file,
            span: made.span,
            ..empty_body()
        };
        for param in &made.params {
            let info = &made.vars[*param as usize];
            body.vars.push(VarInfo {
                cell: false,
                ..info.clone()
            });
            body.params.push(body.vars.len() as Var - 1);
        }
        Self {
            program,
            constructor,
            body,
            failures: Vec::new(),
        }
    }

    fn emit(&mut self, op: Op, note: Note) {
        self.body.code.push(op);
        self.body.spans.push(note.at.span);
        self.body.in_loop.push(false);
        self.body.client.push(note);
    }

    fn here(&self) -> Pc {
        self.body.code.len() as Pc
    }

    fn var(&mut self, ty: Ty) -> Var {
        self.body.vars.push(VarInfo {
            name: Name::default(),
            ty,
            cell: false,
        });
        self.body.vars.len() as Var - 1
    }

    /// Where a function is declared: from `func` to its name and parameters.
    fn declared(&self, id: BodyId) -> Place {
        let body = &self.program.bodies[id.0 as usize];
        Place {
            file: body.file,
            span: body.span,
        }
    }

    fn note(&self, id: BodyId, text: String) -> Note {
        Note {
            at: self.declared(id),
            text,
            ends: None,
            assumption: String::new(),
            lets_go: String::new(),
            guess: false,
        }
    }

    fn name(&self, id: BodyId) -> String {
        simple_name(&self.program.bodies[id.0 as usize]).to_owned()
    }

    /// A call of `id` with `first` arguments given and the others unknown; its results go to new variables.
    fn call(&mut self, id: BodyId, mut args: Vec<Expr>, method: bool) -> (Call, Vec<Var>) {
        let callee = &self.program.bodies[id.0 as usize];
        let span = callee.span;
        for _ in args.len()..callee.params.len() {
            args.push(Expr::Fresh(span));
        }
        let types: Vec<Ty> = callee
            .results
            .iter()
            .map(|r| callee.vars[*r as usize].ty.clone())
            .collect();
        let results: Vec<Var> = types.into_iter().map(|ty| self.var(ty)).collect();
        let call = Call {
            callee: Callee::Body(id),
            args,
            method,
            dests: results.iter().map(|r| Target::Var(*r)).collect(),
        };
        (call, results)
    }

    /// Calls `id` and goes on only if it reports no error.
    fn must(&mut self, id: BodyId, args: Vec<Expr>, method: bool) -> Vec<Var> {
        let text = format!("`{}` is called", self.name(id));
        let (call, results) = self.call(id, args, method);
        let note = self.note(id, text);
        self.emit(Op::Call(call), note.clone());
        let error = results
            .iter()
            .copied()
            .find(|r| self.body.vars[*r as usize].ty == Ty::Error);
        if let Some(error) = error {
            self.only_if_nil(error, true, &note);
        }
        results
    }

    /// Another caller calls `id`.
    fn start(&mut self, id: BodyId, receiver: &Expr) {
        let (call, _) = self.call(id, vec![receiver.clone()], true);
        let note = self.note(id, format!("`{}` is called", self.name(id)));
        let call = Call {
            dests: Vec::new(),
            ..call
        };
        self.emit(Op::Go(call), note);
    }

    /// Whatever a call returned is used in ways nobody sees.
    fn keep(&mut self, results: &[Var], callee: BodyId) {
        let args: Vec<Expr> = results.iter().map(|r| Expr::Var(*r)).collect();
        let note = self.note(callee, String::new());
        let call = Call {
            callee: Callee::Unknown,
            args,
            method: false,
            dests: Vec::new(),
        };
        self.emit(Op::Call(call), note);
    }

    /// Goes on only if `var` is nil (or is not).
    fn only_if_nil(&mut self, var: Var, nil: bool, note: &Note) {
        let op = if nil { BinaryOp::Eq } else { BinaryOp::Ne };
        let condition = Expr::Binary(
            op,
            Box::new(Expr::Var(var)),
            Box::new(Expr::Nil),
            Span::default(),
        );
        let next = self.here() + 1;
        self.failures.push(next as usize - 1);
        self.emit(Op::Branch(condition, next, next), note.clone());
    }

    fn construct(&mut self) -> Vec<Var> {
        let params: Vec<Expr> = self.body.params.iter().map(|p| Expr::Var(*p)).collect();
        let method = self.program.bodies[self.constructor.0 as usize].method;
        let results = self.must(self.constructor, params, method);
        let note = self.note(self.constructor, String::new());
        if let Some(first) = results.first() {
            self.only_if_nil(*first, false, &note);
        }
        results
    }

    fn value(mut self, all: &[Method], blocked: Option<BodyId>, release: Release) -> Body {
        let results = self.construct();
        let receiver = Expr::Receiver(Box::new(Expr::Var(results.first().copied().unwrap_or(0))));
        for method in all.iter().filter(|m| m.starts) {
            if waits_in_loop(self.program, method.body) {
                self.start(method.body, &receiver);
                continue;
            }
            let results = self.must(method.body, vec![receiver.clone()], true);
            self.keep(&results, method.body);
        }
        if let Some(blocked) = blocked {
            self.start(blocked, &receiver);
        }
        let ended = self.context_ends(release);
        let select = self.here();
        let (case, note) = self.release_case(release, blocked, ended);
        let mut cases = vec![idle_case(select + 1)];
        cases.extend(case);
        self.emit(
            Op::Select {
                cases,
                default: None,
            },
            note,
        );
        self.any_of(
            all.iter().filter(|m| !m.starts).map(|m| m.body).collect(),
            &receiver,
        );
        let after = self.here();
        if let Op::Select { cases, .. } = &mut self.body.code[select as usize]
            && let Some(case) = cases.get_mut(1)
        {
            case.target = after;
        }
        if let Release::Method(release) = release {
            let (call, results) = self.call(release, vec![receiver.clone()], true);
            let text = format!("`{}` is called", self.name(release));
            let note = self.note(release, text);
            self.emit(Op::Call(call), note.clone());
            self.keep(&results, release);
            // Other ways of letting go may still follow.
            let others: Vec<BodyId> = all
                .iter()
                .filter(|m| m.releases && !m.starts && m.body != release)
                .map(|m| m.body)
                .collect();
            if !others.is_empty() {
                let next = self.here() + 1;
                self.emit(
                    Op::Select {
                        cases: vec![idle_case(next)],
                        default: None,
                    },
                    note,
                );
                self.any_of(others, &receiver);
            }
        }
        self.finish()
    }

    /// For a client that lets go when the constructor's context ends: the variable with that context's channel.
    fn context_ends(&mut self, release: Release) -> Option<Var> {
        if release != Release::Context {
            return None;
        }
        let index = context_param(self.program, self.constructor)?;
        let done = self.var(Ty::Unknown);
        let note = self.note(self.constructor, String::new());
        let call = Call {
            callee: Callee::Library(Effect::ContextDone, 0),
            args: vec![Expr::Var(self.body.params[index])],
            method: true,
            dests: vec![Target::Var(done)],
        };
        self.emit(Op::Call(call), note);
        Some(done)
    }

    fn release_case(
        &self,
        release: Release,
        blocked: Option<BodyId>,
        ended: Option<Var>,
    ) -> (Option<Case>, Note) {
        match release {
            Release::Never => (None, self.note(self.constructor, String::new())),
            Release::Dropped => {
                let mut note = self.note(self.constructor, "the value is dropped".to_owned());
                "the value is dropped".clone_into(&mut note.lets_go);
                note.guess = true;
                note.ends = Some(LetGo::Silently);
                (Some(case_on(Expr::Anytime)), note)
            }
            Release::Method(release) => {
                let name = self.name(release);
                let mut note = self.note(release, format!("`{name}` is called"));
                if let Some(blocked) = blocked {
                    note.assumption =
                        format!("a call of `{}` overlaps with `{name}`", self.name(blocked));
                }
                note.lets_go = format!("nothing more is called after `{name}`");
                note.ends = Some(LetGo::Method(name));
                (Some(case_on(Expr::Anytime)), note)
            }
            Release::Context => {
                let name = self.context_name();
                let mut note = self.note(self.constructor, format!("`{name}` ends"));
                note.lets_go = match self.makes() {
                    Made::Channels(_) => {
                        format!("the caller receives no more once `{name}` has ended")
                    }
                    Made::Value(_) => format!("nothing more is called once `{name}` has ended"),
                };
                note.ends = Some(LetGo::Context(name));
                (ended.map(|done| case_on(Expr::Var(done))), note)
            }
        }
    }

    fn context_name(&self) -> String {
        context_param(self.program, self.constructor)
            .map(|i| {
                self.body.vars[self.body.params[i] as usize]
                    .name
                    .to_string()
            })
            .filter(|n| !n.is_empty() && n != "_")
            .unwrap_or_else(|| "ctx".to_owned())
    }

    /// What the client could call again and again, were it to go on; channels it gets back it receives from.
    fn any_of(&mut self, callees: Vec<BodyId>, receiver: &Expr) {
        let head = self.here();
        let note = self.note(self.constructor, String::new());
        self.emit(Op::Choose(Vec::new()), note.clone());
        let mut starts = Vec::new();
        for callee in callees {
            starts.push(self.here());
            let (call, results) = self.call(callee, vec![receiver.clone()], true);
            self.emit(Op::Call(call), note.clone());
            for result in results {
                if is_receivable(self.program, &self.body.vars[result as usize].ty) {
                    self.emit(receive(Expr::Var(result)), note.clone());
                }
            }
            self.emit(Op::Jump(head, JumpKind::Plain), note.clone());
        }
        if let Made::Value(ty) = self.makes() {
            for field in exported_channels(self.program, ty) {
                starts.push(self.here());
                let Expr::Receiver(value) = receiver else {
                    continue;
                };
                self.emit(receive(Expr::Field(value.clone(), field)), note.clone());
                self.emit(Op::Jump(head, JumpKind::Plain), note.clone());
            }
        }
        if starts.is_empty() {
            starts.push(head);
        }
        self.body.code[head as usize] = Op::Choose(starts);
    }

    fn makes(&self) -> Made {
        made(
            self.program,
            &self.program.bodies[self.constructor.0 as usize],
        )
        .unwrap_or(Made::Channels(0))
    }

    fn channels(mut self, count: usize) -> Body {
        let results = self.construct();
        let release = if context_param(self.program, self.constructor).is_some() {
            Release::Context
        } else {
            Release::Never
        };
        let ended = self.context_ends(release);
        let select = self.here();
        let (case, mut note) = self.release_case(release, None, ended);
        let leave = case.unwrap_or_else(|| {
            "the caller stops receiving".clone_into(&mut note.text);
            "the caller stops receiving".clone_into(&mut note.lets_go);
            note.guess = true;
            note.ends = Some(LetGo::Silently);
            case_on(Expr::Anytime)
        });
        let mut cases: Vec<Case> = results
            .iter()
            .take(count)
            .map(|r| Case {
                target: select,
                ..case_on(Expr::Var(*r))
            })
            .collect();
        cases.push(Case {
            target: select + 1,
            ..leave
        });
        self.emit(
            Op::Select {
                cases,
                default: None,
            },
            note,
        );
        self.finish()
    }

    /// Closes the body: whoever failed goes to its end.
    fn finish(mut self) -> Body {
        let end = self.here();
        let note = self.note(self.constructor, String::new());
        self.emit(Op::End, note);
        for at in self.failures {
            if let Op::Branch(_, _, no) = &mut self.body.code[at] {
                *no = end;
            }
        }
        self.body
    }
}

fn exported_channels(program: &Program, ty: TypeId) -> Vec<Name> {
    let Ty::Struct(fields) = &program.types[ty.0 as usize].underlying else {
        return Vec::new();
    };
    fields
        .iter()
        .filter(|f| is_exported(&f.name) && is_receivable(program, &f.ty))
        .map(|f| f.name.clone())
        .collect()
}

fn receive(ch: Expr) -> Op {
    Op::Recv {
        ch,
        ch_span: Span::default(),
        dests: [Target::Ignore, Target::Ignore],
        range: false,
    }
}

fn case_on(ch: Expr) -> Case {
    Case {
        send: false,
        ch,
        ch_span: Span::default(),
        value: Expr::Nil,
        dests: [Target::Ignore, Target::Ignore],
        target: 0,
        span: Span::default(),
        clause: Span::default(),
    }
}

/// The case in which the client goes on using the value: never taken, always possible.
fn idle_case(target: Pc) -> Case {
    Case {
        target,
        ..case_on(Expr::Never)
    }
}
