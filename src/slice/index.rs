//! Tables of a program that the slices of all its systems need: who calls whom, who mentions which field, and which bodies
//! have nothing to do with a system until they are handed something of it.

use super::effects::{Gives, gives, runs};
use super::waiting::{Waiting, both, may_wait};
use crate::flow::facts::Slot;
use crate::flow::ir::{Body, BodyId, Call, Callee, Expr, Op, Pc, Target, Var};
use crate::flow::{Program, is_lock, is_plain, makes_anything};
use crate::model;
use crate::resolve::{Ty, TypeDef};
use crate::source::FileId;
use crate::syntax::ast::Name;
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;
use std::sync::Arc;

/// What a body by itself puts into the tables.
struct Entry {
    /// The fields and package variables that it mentions.
    fields: Vec<Name>,
    /// The bodies that it calls, or mentions as values.
    called: Vec<BodyId>,
    /// The methods that it calls on values of types nobody knows.
    methods: Vec<Name>,
    /// Where it calls a function value that may be any.
    value_calls: Vec<Pc>,
    making: Vec<bool>,
    plain: Vec<bool>,
    /// Whether a goroutine may wait in it.
    waits: bool,
}

impl Entry {
    fn of(body: &Body) -> Self {
        let mut this = Self {
            fields: Vec::new(),
            called: Vec::new(),
            methods: Vec::new(),
            value_calls: Vec::new(),
            making: body.code.iter().map(makes).collect(),
            plain: body.vars.iter().map(|var| is_plain(&var.ty)).collect(),
            waits: body.code.iter().any(may_wait),
        };
        for (pc, op) in body.code.iter().enumerate() {
            if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op {
                this.call(call);
                if called_value(call).is_some_and(|value| named_function(value).is_none()) {
                    this.value_calls.push(pc as Pc);
                }
            }
            op.exprs(&mut |e| this.mention(e));
        }
        this.fields.sort_unstable();
        this.fields.dedup();
        this
    }

    fn call(&mut self, call: &Call) {
        match &call.callee {
            Callee::Body(id) => self.called.push(*id),
            Callee::Named(name) => self.methods.push(name.clone()),
            _ => {}
        }
    }

    fn mention(&mut self, expr: &Expr) {
        match expr {
            Expr::Field(_, name) | Expr::Global(name) => self.fields.push(name.clone()),
            Expr::Struct(_, fields, ..) => {
                self.fields
                    .extend(fields.iter().map(|(name, _)| name.clone()));
            }
            Expr::Closure(id) => self.called.push(*id),
            Expr::Func(func) | Expr::Method(_, func) => self.called.push((*func).into()),
            _ => {}
        }
        expr.children(&mut |child| self.mention(child));
    }
}

/// How many arguments a body takes, kept apart from its code: it is asked of very many.
pub(super) struct Takes {
    params: u32,
    variadic: bool,
    method: bool,
}

impl Takes {
    fn of(body: &Body) -> Self {
        Self {
            params: body.params.len() as u32,
            variadic: body.variadic,
            method: body.method,
        }
    }

    /// Whether a call with so many arguments may run it as a value; a receiver may come with the value.
    pub(super) fn fits(&self, args: usize) -> bool {
        let (args, params) = (args as u32, self.params);
        self.variadic || args == params || (self.method && args + 1 == params)
    }
}

/// Tables of a program that every slice needs.
pub struct Index<'p> {
    pub(super) program: &'p Program,
    by_name: FxHashMap<&'p str, Vec<BodyId>>,
    /// Names of fields that are channels.
    pub(super) channel_fields: FxHashSet<Name>,
    /// The bodies that mention a field.
    mentions: FxHashMap<Name, Vec<BodyId>>,
    /// The bodies that call a body, or mention it as a value.
    callers: Vec<Vec<BodyId>>,
    /// The bodies that call a method of a name on a value of a type nobody knows.
    by_method: FxHashMap<Name, Vec<BodyId>>,
    /// The bodies that call a function value that may be any, and where they do.
    pub(super) value_calls: Vec<(BodyId, &'p [Pc])>,
    /// Per body, the operations that make something or mention a function as a value.
    pub(super) making: Vec<&'p [bool]>,
    /// Per body, the variables that are plain data.
    pub(super) plain: Vec<&'p [bool]>,
    /// Per body, how many arguments it takes.
    pub(super) takes: Vec<Takes>,
    /// The bodies that have nothing to do with a system until they are handed something of it: neither they nor what they
    /// call make anything or run what is a value.
    pub(super) quiet: Vec<bool>,
    /// Per body, whether it is part of a test.
    in_test: Vec<bool>,
    /// The bodies in which a goroutine may wait, and those that lead there.
    waiting: Waiting,
    /// The same with tests alone.
    waiting_in_tests: Waiting,
    /// The same with what tests start beside themselves; nothing where a test that waits itself is told too.
    waiting_beside_tests: Option<Waiting>,
    /// Per body, whether it runs in the goroutine of a test, where that matters.
    tests: Vec<bool>,
}

impl<'p> Index<'p> {
    /// The tables of `program`; `in_test` says of a file whether it is part of a test, `hanging` whether a test that waits
    /// itself is told.
    pub fn new(program: &'p Program, in_test: &dyn Fn(FileId) -> bool, hanging: bool) -> Self {
        let mut this = Self {
            program,
            by_name: FxHashMap::default(),
            channel_fields: channel_fields(&program.types),
            mentions: FxHashMap::default(),
            callers: vec![Vec::new(); program.bodies.len()],
            by_method: FxHashMap::default(),
            value_calls: Vec::new(),
            making: Vec::with_capacity(program.bodies.len()),
            plain: Vec::with_capacity(program.bodies.len()),
            takes: program.bodies.iter().map(|b| Takes::of(b)).collect(),
            quiet: Vec::new(),
            in_test: program.bodies.iter().map(|b| in_test(b.file)).collect(),
            waiting: Waiting::default(),
            waiting_in_tests: Waiting::default(),
            waiting_beside_tests: None,
            tests: Vec::new(),
        };
        for (index, body) in program.bodies.iter().enumerate() {
            let id = BodyId(index as u32);
            let method = body.simple_name();
            this.by_name.entry(method).or_default().push(id);
            let entry = body.known(Slot::Index, Entry::of);
            for name in &entry.fields {
                this.mentions.entry(name.clone()).or_default().push(id);
            }
            for callee in &entry.called {
                push_once(&mut this.callers[callee.0 as usize], id);
            }
            for name in &entry.methods {
                push_once(this.by_method.entry(name.clone()).or_default(), id);
            }
            if !entry.value_calls.is_empty() {
                this.value_calls.push((id, &entry.value_calls));
            }
            this.making.push(&entry.making);
            this.plain.push(&entry.plain);
        }
        let loud: Vec<bool> = program.bodies.iter().map(|b| !this.is_bare(b)).collect();
        let loud = this.before(loud);
        this.quiet = loud.into_iter().map(|loud| !loud).collect();
        let waits = |body: &Arc<Body>| body.known(Slot::Index, Entry::of).waits;
        let here: Vec<bool> = program.bodies.iter().map(waits).collect();
        let in_tests = both(&here, &this.in_test);
        if !hanging && in_tests.contains(&true) {
            let beside = both(&in_tests, &this.beside());
            this.waiting_beside_tests = Some(Waiting::new(&this, beside));
            this.tests = model::tests(program);
        }
        this.waiting = Waiting::new(&this, here);
        this.waiting_in_tests = Waiting::new(&this, in_tests);
        this
    }

    /// The bodies given and those that lead to one of them: through calls, literals, functions as values, and methods
    /// known by name.
    pub(super) fn before(&self, mut these: Vec<bool>) -> Vec<bool> {
        let bodies = (0..these.len() as u32).map(BodyId);
        let mut queue: Vec<BodyId> = bodies.filter(|id| these[id.0 as usize]).collect();
        while let Some(id) = queue.pop() {
            for before in self.callers(id).iter().chain(self.callers_by_name(id)) {
                if !std::mem::replace(&mut these[before.0 as usize], true) {
                    queue.push(*before);
                }
            }
        }
        these
    }

    /// Whether a body by itself brings nothing into a system.
    fn is_bare(&self, body: &Body) -> bool {
        let types = &self.program.types;
        let is_nil_channel = |value: &Expr, ty: &Ty| *value == Expr::Nil && is_channel(ty);
        let brings = |op: &Op| match op {
            Op::Set(Target::Var(var), value) => is_nil_channel(value, &body.vars[*var as usize].ty),
            Op::Set(Target::Place(Expr::Field(_, name)), Expr::Nil) => {
                self.channel_fields.contains(name)
            }
            Op::Send(ch, ..) | Op::Recv { ch, .. } => *ch == Expr::Nil,
            Op::Select { cases, .. } => cases.iter().any(|case| case.ch == Expr::Nil),
            Op::Return(values) => {
                let mut results = values.iter().zip(&body.results);
                results.any(|(value, to)| is_nil_channel(value, &body.vars[*to as usize].ty))
            }
            Op::Recover(target) => *target != Target::Ignore,
            Op::Call(call) | Op::Go(call) | Op::Defer(call) => match &call.callee {
                Callee::Body(callee) => {
                    let callee = &self.program.bodies[callee.0 as usize];
                    let is_channel = |var: &Var| is_channel(&callee.vars[*var as usize].ty);
                    call.args.contains(&Expr::Nil) && callee.params.iter().any(is_channel)
                }
                Callee::Value(_) => true,
                Callee::Library(effect, argument) => {
                    matches!(gives(*effect), Gives::Own | Gives::Clock)
                        || runs(*effect, *argument, call).is_some()
                }
                _ => false,
            },
            _ => false,
        };
        let makes = |op: &Op| {
            let mut any = false;
            op.exprs(&mut |e| any |= self.begins(types, e));
            any
        };
        body.parent.is_none() && !body.code.iter().any(|op| brings(op) || makes(op))
    }

    /// Whether something of a system may begin in an expression.
    fn begins(&self, types: &[TypeDef], expr: &Expr) -> bool {
        let here = match expr {
            Expr::Closure(_) | Expr::Func(_) | Expr::Method(..) => true,
            Expr::MakeChan(..) | Expr::Entries(..) | Expr::Never | Expr::Anytime => true,
            Expr::Zero(ty, _) => makes_anything(expr) || has_primitive(types, ty, 0),
            Expr::Struct(ty, fields, ..) => {
                let is_nil = |(name, value): &(Name, Expr)| {
                    *value == Expr::Nil && self.channel_fields.contains(name)
                };
                fields.iter().any(is_nil)
                    || ty.is_some_and(|ty| has_primitive(types, &Ty::Named(ty), 0))
            }
            _ => false,
        };
        let mut any = here;
        expr.children(&mut |child| any = any || self.begins(types, child));
        any
    }

    /// Where a search that starts in `root` can tell of goroutines that wait: what only a test drives into a corner says
    /// little about the code it tests.
    pub(super) fn waiting(&self, root: BodyId) -> &Waiting {
        if !self.in_test[root.0 as usize] {
            return &self.waiting;
        }
        let beside = self.waiting_beside_tests.as_ref();
        beside
            .filter(|_| self.tests[root.0 as usize])
            .unwrap_or(&self.waiting_in_tests)
    }

    /// The functions that a root or its literals call and that bring something into a system, each once.
    pub(super) fn loud_callees(&self, root: BodyId) -> Vec<BodyId> {
        let mut callees = Vec::new();
        for member in self.program.family(root) {
            for op in &self.program.bodies[member.0 as usize].code {
                if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op
                    && let Callee::Body(callee) = call.callee
                    && !self.quiet[callee.0 as usize]
                {
                    callees.push(callee);
                }
            }
        }
        callees.sort_unstable();
        callees.dedup();
        callees
    }

    /// Whether several functions call this one.
    pub(super) fn is_shared(&self, function: BodyId) -> bool {
        const SEVERAL: usize = 3;
        self.callers(function).len() >= SEVERAL
    }

    /// Whether a search that starts in `root` may come to where a goroutine waits and can be told of.
    pub(super) fn leads_to_waiting(&self, root: BodyId) -> bool {
        self.waiting(root).is_ahead_of(root)
    }

    /// The bodies that mention a field of this name, in order: all of them, or those of `system` where they are few.
    pub(super) fn mentions(&self, name: &Name, system: &[BodyId]) -> Cow<'_, [BodyId]> {
        // To look at a body takes about as long as passing over so many.
        const EACH: usize = 4;
        let all = self.mentions.get(name).map_or(&[][..], Vec::as_slice);
        if all.len() <= EACH * system.len() {
            return Cow::Borrowed(all);
        }
        let mentions = |id: &&BodyId| {
            let entry = self.program.bodies[id.0 as usize].known(Slot::Index, Entry::of);
            entry.fields.binary_search(name).is_ok()
        };
        let mut here: Vec<BodyId> = system.iter().filter(mentions).copied().collect();
        here.sort_unstable();
        Cow::Owned(here)
    }

    /// The bodies that call a body, or mention it as a value.
    pub(super) fn callers(&self, id: BodyId) -> &[BodyId] {
        &self.callers[id.0 as usize]
    }

    /// The bodies that may call a method by its name alone.
    pub(super) fn callers_by_name(&self, id: BodyId) -> &[BodyId] {
        let body = &self.program.bodies[id.0 as usize];
        if !body.method {
            return &[];
        }
        let name = body.simple_name();
        self.by_method.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn named(&self, name: &str) -> &[BodyId] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }
}

/// The function value that a call runs, by itself or by way of a library function.
pub(super) fn called_value(call: &Call) -> Option<&Expr> {
    match &call.callee {
        Callee::Value(value) => Some(value),
        Callee::Library(effect, argument) => call.args.get(runs(*effect, *argument, call)?),
        _ => None,
    }
}

/// The function that a value is, where the value says so itself.
pub(super) fn named_function(value: &Expr) -> Option<BodyId> {
    match value {
        Expr::Closure(id) => Some(*id),
        Expr::Func(func) | Expr::Method(_, func) => Some(BodyId::from(*func)),
        _ => None,
    }
}

/// Whether an operation makes something or mentions a function as a value.
fn makes(op: &Op) -> bool {
    fn any(expr: &Expr) -> bool {
        let mut found = matches!(
            expr,
            Expr::Closure(_) | Expr::Func(_) | Expr::Method(..) | Expr::Struct(..) | Expr::Zero(..)
        ) || makes_anything(expr);
        expr.children(&mut |child| found = found || any(child));
        found
    }
    let mut found = false;
    op.exprs(&mut |e| found = found || any(e));
    found
}

fn push_once(list: &mut Vec<BodyId>, id: BodyId) {
    if list.last() != Some(&id) {
        list.push(id);
    }
}

pub(super) fn is_channel(ty: &Ty) -> bool {
    matches!(ty, Ty::Chan(..))
}

/// Whether the zero value of a type has a primitive, a nil channel or an atomic in it.
pub(super) fn has_primitive(types: &[TypeDef], ty: &Ty, depth: u32) -> bool {
    const DEEP_ENOUGH: u32 = 6;
    if depth > DEEP_ENOUGH {
        return false;
    }
    match ty {
        Ty::Chan(..) => true,
        Ty::Ext(path, name) => {
            crate::library::is_group(path, name)
                || (path == "sync" && name == "Once")
                || name == "Group"
                || is_lock(ty)
        }
        Ty::Named(id) => has_primitive(types, &types[id.0 as usize].underlying, depth + 1),
        Ty::Struct(fields) => fields
            .iter()
            .any(|f| has_primitive(types, &f.ty, depth + 1)),
        Ty::Array(_, elem) => has_primitive(types, elem, depth + 1),
        _ => false,
    }
}

/// Names of fields whose type is a channel.
fn channel_fields(types: &[TypeDef]) -> FxHashSet<Name> {
    let mut names = FxHashSet::default();
    for def in types {
        if let Ty::Struct(fields) = &def.underlying {
            for field in fields.iter().filter(|f| is_channel(&f.ty)) {
                names.insert(field.name.clone());
            }
        }
    }
    names
}
