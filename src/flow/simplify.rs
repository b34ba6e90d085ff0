//! Slices each body down to what can matter to a primitive.
//!
//! An operation is *relevant* when it acts on a primitive, hands one on, ends something, or computes a value that a
//! relevant operation reads. A branch is relevant only when different relevant operations come next on its two sides
//! (the idea of program slicing by control dependence, Weiser 1981). Loops that are dropped are taken to end.

use super::ahead::{Ahead, Next, look_ahead};
use super::answers::{answer, repeated_questions};
use super::gist::{Gist, gist, pipe_of};
use super::held::{Held, held};
use super::holding::{Flags, holding_vars};
use super::holds::{Holds, expr_holds, is_plain, leads_to_channel};
use super::ir::{Body, BodyId, Callee, Expr, JumpKind, Op, Pc, Target, empty_body};
use super::lower::retarget;
use super::users::Users;
use crate::library::{Effect, ends_by_name};
use crate::resolve::{Ty, TypeDef, TypeId};
use crate::syntax::ast::Name;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// What earlier analyses have simplified, by the function it stands in.
#[derive(Debug, Default)]
pub(super) struct Simplified {
    /// Per body: what its idle calls were dropped from, and what came of it.
    dropped: Vec<Option<Dropped>>,
    families: Vec<Option<Family>>,
    /// What variables held, where that was worked out here.
    held: Option<Held>,
    /// What is asked of the whole package, and how often that has changed.
    fields: FxHashSet<Name>,
    leads: FxHashMap<TypeId, bool>,
    asked: u32,
}

impl Simplified {
    /// There are so many bodies now.
    fn resize(&mut self, count: usize) {
        self.dropped.resize_with(count, || None);
        self.families.resize_with(count, || None);
    }

    /// Notes what is asked of the whole package.
    fn ask(&mut self, asked: Asked<'_>) {
        if self.fields != *asked.fields || self.leads != *asked.leads {
            self.fields.clone_from(asked.fields);
            self.leads.clone_from(asked.leads);
            self.asked += 1;
        }
    }
}

/// A body whose idle calls were dropped.
#[derive(Debug)]
struct Dropped {
    from: Arc<Body>,
    holds: Vec<bool>,
    matters: Vec<bool>,
    into: Arc<Body>,
}

/// A function and its literals, simplified.
#[derive(Debug)]
struct Family {
    from: Vec<Member>,
    /// What [`read_here`] says, and what was asked of the whole package then.
    read: Vec<bool>,
    asked: u32,
    into: Vec<Arc<Body>>,
}

/// A function or literal of which the idle calls have been dropped, and what else decides what is left of it.
#[derive(Clone, Debug)]
struct Member {
    id: BodyId,
    body: Arc<Body>,
    holds: Vec<bool>,
    ends: bool,
    gives: bool,
}

/// Simplifies all bodies of a package; `holds` says what variables hold, where that is known, and what is in `earlier` need not be simplified again.
pub(super) fn simplify(
    bodies: &mut [Arc<Body>],
    types: &[TypeDef],
    holds: Option<Flags>,
    mut earlier: Option<&mut Simplified>,
) -> Holds {
    let holds = holds.unwrap_or_else(|| match &mut earlier {
        Some(earlier) => held(bodies, types, &mut earlier.held),
        None => holding_vars(bodies, types),
    });
    let holds = holds.into_holds();
    if let Some(earlier) = &mut earlier {
        earlier.resize(bodies.len());
    }
    let matters = mattering_bodies(bodies, &holds);
    for (index, body) in bodies.iter_mut().enumerate() {
        drop_idle(index, body, &holds[index], &matters, earlier.as_deref_mut());
    }
    let gists: Vec<&Gist> = bodies.iter().map(|body| gist(body)).collect();
    let mut leads: FxHashMap<TypeId, bool> = FxHashMap::default();
    for ty in gists.iter().flat_map(|gist| &gist.structs) {
        let leads_to = || leads_to_channel(types, &Ty::Named(*ty), 0);
        leads.entry(*ty).or_insert_with(leads_to);
    }
    let makes = |gist: &&Gist| gist.makes || gist.structs.iter().any(|ty| leads[ty]);
    let mut makes: Vec<bool> = gists.iter().map(makes).collect();
    let mut ends: Vec<bool> = gists.iter().map(|gist| gist.endless || gist.ends).collect();
    let callers = users(&gists, |gist| &gist.calls);
    callers.spread(&mut makes);
    callers.spread(&mut ends);
    let mut read: FxHashSet<Name> = FxHashSet::default();
    for name in gists.iter().flat_map(|gist| &gist.read) {
        if !read.contains(name) {
            read.insert(name.clone());
        }
    }
    if gists.iter().any(|gist| gist.looks_up) {
        let handed_on = gists.iter().flat_map(|gist| &gist.handed_on);
        read.extend(handed_on.cloned());
    }
    drop(gists);
    let asked = Asked {
        fields: &read,
        leads: &leads,
    };
    if let Some(earlier) = &mut earlier {
        earlier.ask(asked);
    }
    let gives = |index: usize, body: &Body| {
        let mut results = body.results.iter();
        makes[index] && results.any(|r| !is_plain(&body.vars[*r as usize].ty))
    };
    let families = families(bodies);
    let nobody = Arc::new(empty_body());
    for root in 0..bodies.len() {
        if bodies[root].parent.is_some() || bodies[root].code.is_empty() {
            continue;
        }
        let id = BodyId(root as u32);
        let is_known = |member: &Member, index: usize| {
            let body = &bodies[index];
            Arc::ptr_eq(&member.body, body)
                && (member.id.0 as usize, member.ends) == (index, ends[index])
                && member.gives == gives(index, body)
                && member.holds == holds[index]
        };
        if let Some(earlier) = &earlier
            && let Some(known) = &earlier.families[root]
            && known.from.len() == families.users(root).count()
            && known
                .from
                .iter()
                .zip(families.users(root))
                .all(|(member, index)| is_known(member, index))
            && (known.asked == earlier.asked || known.read == read_here(&known.from, asked))
        {
            for (index, into) in families.users(root).zip(&known.into) {
                bodies[index] = Arc::clone(into);
            }
            continue;
        }
        let members = families.users(root).map(|index| {
            let body = std::mem::replace(&mut bodies[index], Arc::clone(&nobody));
            Member {
                id: BodyId(index as u32),
                gives: gives(index, &body),
                body,
                holds: holds[index].clone(),
                ends: ends[index],
            }
        });
        let into = family(id, members.collect(), asked, earlier.as_deref_mut());
        for (index, into) in families.users(root).zip(into) {
            bodies[index] = into;
        }
    }
    holds
}

/// Each function with its literals, in order.
fn families(bodies: &[Arc<Body>]) -> Users {
    Users::of(bodies.len(), |mut index, f| {
        while let Some(parent) = bodies[index].parent {
            index = parent.0 as usize;
        }
        f(BodyId(index as u32));
    })
}

fn drop_idle(
    index: usize,
    body: &mut Arc<Body>,
    holds: &[bool],
    matters: &[bool],
    earlier: Option<&mut Simplified>,
) {
    let Some(earlier) = earlier else {
        drop_idle_calls(body, holds, matters);
        return;
    };
    let called = gist(body)
        .calls
        .iter()
        .map(|callee| matters[callee.0 as usize]);
    let known = &mut earlier.dropped[index];
    if let Some(known) = known
        && Arc::ptr_eq(&known.from, body)
        && known.holds == holds
        && called.clone().eq(known.matters.iter().copied())
    {
        if !Arc::ptr_eq(&known.into, body) {
            *body = Arc::clone(&known.into);
        }
        return;
    }
    let matters_here = called.collect();
    let from = Arc::clone(body);
    drop_idle_calls(body, holds, matters);
    *known = Some(Dropped {
        from,
        holds: holds.to_vec(),
        matters: matters_here,
        into: Arc::clone(body),
    });
}

/// What holds all over the package.
#[derive(Clone, Copy)]
struct Asked<'a> {
    /// The fields that branches look at, and those whose channels are used.
    fields: &'a FxHashSet<Name>,
    /// Whether the structs that are made lead to channels.
    leads: &'a FxHashMap<TypeId, bool>,
}

impl Asked<'_> {
    fn leads_to_channel(self, ty: TypeId) -> bool {
        self.leads.get(&ty) == Some(&true)
    }
}

/// A function and its literals with what does not matter gone.
fn family(
    root: BodyId,
    members: Vec<Member>,
    asked: Asked<'_>,
    earlier: Option<&mut Simplified>,
) -> Vec<Arc<Body>> {
    let relevant = Slice::new(&members, asked).run();
    let keeps = earlier.is_some();
    let from = if keeps { members.clone() } else { Vec::new() };
    let mut into = Vec::with_capacity(members.len());
    for (member, relevant) in members.into_iter().zip(relevant) {
        let mut arc = member.body;
        let body = Body::changed(&mut arc);
        body.ends = member.ends;
        body.gives = member.gives;
        prune(body, &relevant);
        close_gaps(body);
        into.push(arc);
    }
    if let Some(earlier) = earlier {
        let known = Family {
            read: read_here(&from, asked),
            from,
            asked: earlier.asked,
            into: into.clone(),
        };
        earlier.families[root.0 as usize] = Some(known);
    }
    into
}

/// Of the fields that a function and its literals write, which somebody looks at; of the structs that they make, which
/// lead to a channel.
fn read_here(members: &[Member], asked: Asked<'_>) -> Vec<bool> {
    let gists = || members.iter().map(|member| gist(&member.body));
    let written = gists().flat_map(|gist| &gist.written);
    let made = gists().flat_map(|gist| &gist.structs);
    written
        .map(|name| asked.fields.contains(name))
        .chain(made.map(|ty| asked.leads_to_channel(*ty)))
        .collect()
}

/// Drops the operations that do nothing.
fn close_gaps(body: &mut Body) {
    // A jump to the next operation that stays does nothing either.
    let mut stays = vec![true; body.code.len()];
    for pc in (0..body.code.len()).rev() {
        let idle = match &body.code[pc] {
            Op::Nop => true,
            Op::Jump(to, JumpKind::Plain) => {
                let to = *to as usize;
                to > pc && (pc + 1..to).all(|between| !stays[between])
            }
            _ => false,
        };
        stays[pc] = !idle;
    }
    let mut moved = Vec::with_capacity(body.code.len() + 1);
    let mut count = 0;
    for stay in &stays {
        moved.push(count);
        count += Pc::from(*stay);
    }
    moved.push(count);
    let keep =
        |flags: &mut dyn FnMut(usize)| (0..stays.len()).filter(|i| stays[*i]).for_each(flags);
    let (mut code, mut spans, mut in_loop) = (Vec::new(), Vec::new(), Vec::new());
    keep(&mut |i| {
        let mut op = std::mem::replace(&mut body.code[i], Op::Nop);
        retarget(&mut op, &mut |to| moved[to as usize]);
        code.push(op);
        spans.push(body.spans[i]);
        in_loop.push(body.in_loop[i]);
    });
    body.loop_conds = body
        .loop_conds
        .iter()
        .filter(|pc| stays[**pc as usize])
        .map(|pc| moved[*pc as usize])
        .collect();
    body.code = code;
    body.spans = spans;
    body.in_loop = in_loop;
}

/// Bodies a call of which must be followed even when it is handed nothing.
fn mattering_bodies(bodies: &[Arc<Body>], holds: &Holds) -> Vec<bool> {
    let gists: Vec<&Gist> = bodies.iter().map(|body| gist(body)).collect();
    let matters = gists.iter().zip(holds);
    let matters = matters
        .map(|(gist, holds)| gist.matters || gist.values.iter().any(|var| holds[*var as usize]));
    let mut matters: Vec<bool> = matters.collect();
    users(&gists, |gist| &gist.runs).spread(&mut matters);
    for (gist, matters) in gists.iter().zip(&mut matters) {
        *matters |= gist.endless;
    }
    matters
}

/// Who uses each body.
fn users(gists: &[&Gist], uses: fn(&Gist) -> &[BodyId]) -> Users {
    Users::of(gists.len(), |index, f| {
        uses(gists[index]).iter().for_each(|used| f(*used));
    })
}

/// Calls that can do nothing to a primitive become assignments of unknown values.
fn drop_idle_calls(arc: &mut Arc<Body>, holds: &[bool], matters: &[bool]) {
    let repeated = repeated_questions(arc);
    for pc in 0..arc.code.len() {
        if let Some(end) = pipe_of(&arc.code[pc])
            && !expr_holds(end, holds)
        {
            // It is no pipe of ours: what comes of it nobody knows.
            let span = arc.spans[pc];
            Body::changed(arc).code[pc] = match &arc.code[pc] {
                Op::Recv { dests, .. } => Op::Set(dests[1].clone(), Expr::Fresh(span)),
                _ => Op::Nop,
            };
            continue;
        }
        let Op::Call(call) = &arc.code[pc] else {
            continue;
        };
        let hands_over = call.args.iter().any(|a| expr_holds(a, holds));
        let idle = match &call.callee {
            Callee::Library(effect, _) if effect.is_pure() => !hands_over,
            Callee::Unknown => !hands_over,
            Callee::Named(name) => !hands_over && name != "Done" && !ends_by_name(name),
            Callee::Value(value) => !hands_over && !expr_holds(value, holds),
            Callee::Body(id) => !hands_over && !matters[id.0 as usize],
            _ => false,
        };
        if !idle {
            continue;
        }
        // One result is an assignment; with several each has to be one, in place of a single operation.
        let span = arc.spans[pc];
        let solid = matches!(call.callee, Callee::Library(Effect::NonNil, _));
        if let Some(plain) = atomic_access(call) {
            Body::changed(arc).code[pc] = plain;
            continue;
        }
        // Whoever is handed the address of a number or a flag may have written to it.
        let written = call.args.iter().filter_map(addressed);
        let results = call.dests.iter().filter(|d| **d != Target::Ignore);
        let dests: Vec<Target> = written.chain(results.cloned()).collect();
        Body::changed(arc).code[pc] = match dests.as_slice() {
            [] => Op::Nop,
            [one] if solid => Op::Set(one.clone(), Expr::Solid(span)),
            [one] => {
                let is_struct =
                    matches!(one, Target::Var(var) if arc.vars[*var as usize].is_struct);
                let unknown = if is_struct {
                    Expr::Solid(span)
                } else {
                    Expr::Fresh(span)
                };
                Op::Set(one.clone(), answer(call, &repeated).unwrap_or(unknown))
            }
            _ => Op::Call(super::ir::Call {
                callee: Callee::Unknown,
                args: Vec::new(),
                method: false,
                dests,
            }),
        };
    }
}

/// An atomic load or store of a plain variable, as what it is where only its value counts.
fn atomic_access(call: &super::ir::Call) -> Option<Op> {
    let Callee::Library(effect, _) = call.callee else {
        return None;
    };
    let place = match call.args.first().filter(|_| !call.method)? {
        Expr::Addr(place) => (**place).clone(),
        pointer @ Expr::Var(_) => Expr::Deref(Box::new(pointer.clone())),
        _ => return None,
    };
    match (effect, call.dests.as_slice(), call.args.as_slice()) {
        (Effect::AtomicLoad, [dest], _) => Some(Op::Set(dest.clone(), place)),
        (Effect::AtomicStore, _, [_, value]) => Some(Op::Set(place_of(place)?, value.clone())),
        _ => None,
    }
}

/// What is written through an argument that is the address of a variable or field.
fn addressed(arg: &Expr) -> Option<Target> {
    match arg {
        Expr::Addr(place) => place_of((**place).clone()),
        _ => None,
    }
}

/// A variable or field as what an assignment goes to.
fn place_of(place: Expr) -> Option<Target> {
    match place {
        Expr::Var(var) => Some(Target::Var(var)),
        Expr::Field(..) | Expr::Global(_) | Expr::Deref(_) => Some(Target::Place(place)),
        _ => None,
    }
}

/// The slicing fixpoint over a function and its literals (captured variables tie them together).
struct Slice<'b> {
    members: &'b [Member],
    /// Per member the one it stands in.
    parents: Vec<Option<usize>>,
    ops: Vec<Vec<bool>>,
    vars: Vec<Vec<bool>>,
    asked: Asked<'b>,
}

/// Per body: which operations stay.
type Relevant = Vec<Vec<bool>>;

impl<'b> Slice<'b> {
    fn new(members: &'b [Member], asked: Asked<'b>) -> Self {
        let parent = |member: &Member| {
            let parent = member.body.parent?;
            members.iter().position(|other| other.id == parent)
        };
        let count = |member: &Member| vec![false; member.body.code.len()];
        let vars = |member: &Member| vec![false; member.body.vars.len()];
        Self {
            members,
            parents: members.iter().map(parent).collect(),
            ops: members.iter().map(count).collect(),
            vars: members.iter().map(vars).collect(),
            asked,
        }
    }

    fn run(mut self) -> Relevant {
        loop {
            let mut changed = false;
            for index in 0..self.members.len() {
                while self.pass(index) {
                    changed = true;
                }
                changed |= self.tie_captures(index);
            }
            if !changed {
                return self.ops;
            }
        }
    }

    fn pass(&mut self, index: usize) -> bool {
        let body = &self.members[index].body;
        let mut changed = false;
        let ahead = look_ahead(body, &self.ops[index], &|_| false);
        for (pc, op) in body.code.iter().enumerate() {
            if self.ops[index][pc] || !self.is_relevant(index, pc as Pc, op, &ahead) {
                continue;
            }
            self.ops[index][pc] = true;
            changed = true;
            let vars = &mut self.vars[index];
            op.exprs(&mut |e| e.vars(&mut |v| vars[v as usize] = true));
        }
        changed
    }

    fn is_relevant(&self, index: usize, pc: Pc, op: &Op, ahead: &Ahead) -> bool {
        let written_matters = || {
            let mut any = false;
            op.writes(&mut |v| any |= self.vars[index][v as usize]);
            any
        };
        match op {
            Op::Nop | Op::Jump(..) => false,
            Op::Declare(var) | Op::Renew(var) => self.vars[index][*var as usize],
            Op::Set(Target::Place(place), value) => {
                expr_holds(value, &self.members[index].holds)
                    || value
                        .literal_type()
                        .is_some_and(|ty| self.asked.leads_to_channel(ty))
                    || self.is_read(index, place)
                    || key_of(place).is_some_and(|key| expr_holds(key, &self.members[index].holds))
                    || emptied(op).is_some_and(|map| expr_holds(map, &self.members[index].holds))
            }
            Op::Set(Target::Ignore, _) => false,
            Op::Set(Target::Var(var), value) => {
                let result = self.members[index].body.results.contains(var);
                self.vars[index][*var as usize]
                    || (result && expr_holds(value, &self.members[index].holds))
            }
            Op::Branch(..) | Op::Choose(_) | Op::RangeNext(..) => {
                ahead.deciding.binary_search(&pc).is_ok()
            }
            Op::Call(call) if call.callee == Callee::Unknown && call.args.is_empty() => {
                written_matters()
            }
            Op::Call(_) | Op::Go(_) | Op::Defer(_) => true,
            Op::Recover(_) => true,
            _ => true,
        }
    }

    fn is_read(&self, index: usize, place: &Expr) -> bool {
        match place {
            Expr::Field(_, name) | Expr::Global(name) => self.asked.fields.contains(name),
            // A map that is asked for its length or for an entry gets one more.
            Expr::Index(base, _) => match &**base {
                Expr::Var(var) => self.vars[index][*var as usize],
                base => self.is_read(index, base),
            },
            // A write through a pointer or to an element: kept when its value can hold something, else data.
            Expr::Deref(_) | Expr::Group(_) => true,
            _ => false,
        }
    }

    fn tie_captures(&mut self, index: usize) -> bool {
        let Some(parent) = self.parents[index] else {
            return false;
        };
        let mut changed = false;
        for (outer, inner) in &self.members[index].body.captures {
            let any = self.vars[parent][*outer as usize] || self.vars[index][*inner as usize];
            changed |= any && !std::mem::replace(&mut self.vars[parent][*outer as usize], true);
            changed |= any && !std::mem::replace(&mut self.vars[index][*inner as usize], true);
        }
        changed
    }
}

/// The map or list of which an operation takes something away, by whatever name it goes here.
pub(crate) fn emptied(op: &Op) -> Option<&Expr> {
    match op {
        Op::Set(Target::Place(Expr::Index(base, _)), Expr::Gone | Expr::Nil)
        | Op::Set(Target::Place(Expr::Keys(base)), Expr::Gone) => Some(base),
        _ => None,
    }
}

/// The key of a map (or index of a slice) that a place names.
pub(crate) fn key_of(place: &Expr) -> Option<&Expr> {
    match place {
        Expr::Index(_, key) => Some(key),
        _ => None,
    }
}

/// Removes what is not relevant; a branch that decides nothing goes to the only thing that can come next.
fn prune(body: &mut Body, relevant: &[bool]) {
    let ahead = look_ahead(body, relevant, &|_| false);
    for (pc, _) in relevant.iter().enumerate().filter(|(_, stays)| !**stays) {
        let replacement = match &body.code[pc] {
            Op::Jump(..) | Op::Nop | Op::End | Op::Return(_) | Op::Panic => continue,
            Op::Branch(..) | Op::Choose(_) | Op::RangeNext(..) => {
                let to = match ahead.next[pc] {
                    Next::Op(to) | Next::Exit(to) => to,
                    // Where a loop without exit swallows control, the body's end.
                    Next::Nothing | Next::Dead => body.code.len() as Pc - 1,
                };
                Op::Jump(to, JumpKind::Plain)
            }
            _ => Op::Nop,
        };
        body.code[pc] = replacement;
    }
}
