//! The choice of the locks that are followed.
//!
//! In: the bodies of a package. Out: [`Found`]. Deliberately absent: what is done to a body then.

use super::held::{Mask, bit, held};
use super::order::Order;
use super::traits::{Called, Traits};
use super::{Act, Lock, is_made_mutex, is_mutex, lock_call, lock_of_cond, may_wait};
use crate::flow::ir::{Body, BodyId, Call, Expr, Op, Pc, Var};
use crate::flow::users::Users;
use crate::resolve::{Ty, TypeDef};
use crate::syntax::ast::Name;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is found of the locks of a package.
#[derive(Debug)]
pub(super) struct Found {
    /// The locks that are followed.
    pub(super) followed: BTreeSet<Lock>,
    /// Whether a lock is made for a condition alone.
    pub(super) made: bool,
    /// Per body, the operations on locks that are not followed.
    pub(super) dropped: FxHashMap<usize, Vec<Pc>>,
    /// The bodies that get into trouble with a lock that is followed.
    pub(super) troubled: BTreeSet<BodyId>,
}

/// What is known of one body.
#[derive(Default)]
struct Known {
    /// Whether a goroutine may have to wait in it.
    waits: bool,
    /// The locks it locks.
    locks: BTreeSet<u32>,
    /// The bodies it calls.
    calls: Vec<BodyId>,
    /// The lock that is held where a body is called.
    held: Vec<(u32, BodyId)>,
}

pub(super) struct Finder<'b> {
    bodies: &'b [Arc<Body>],
    types: &'b [TypeDef],
    numbers: FxHashMap<Lock, u32>,
    known: Vec<Known>,
    /// The locks that are followed, by number.
    wanted: BTreeSet<u32>,
    /// The locks that are not followed, as one is held behind which they are locked that cannot be.
    refused: BTreeSet<u32>,
    /// The first is held where the second is locked.
    edges: BTreeSet<(u32, u32)>,
    /// The locks with which a body may end that it unlocks elsewhere.
    left: Vec<(u32, BodyId)>,
    /// The bodies that get into trouble with a lock.
    trouble: BTreeSet<(u32, BodyId)>,
    /// Whether a lock is made for a condition alone.
    made: bool,
    by_name: FxHashMap<Name, Vec<BodyId>>,
}

/// Methods that a call through an interface may call, at most; of more nobody says which.
const CANDIDATES: usize = 3;

/// Locks that a function locks through what it calls, at most; more are left alone there.
const THROUGH_CALLS: usize = 32;

impl<'b> Finder<'b> {
    /// Finds out which locks are followed, and what comes of that.
    pub(super) fn find(bodies: &'b [Arc<Body>], types: &'b [TypeDef]) -> Found {
        let mut finder = Self::new(bodies, types);
        finder.choose();
        let followed = finder.followed();
        Found {
            dropped: finder.left_alone(&followed),
            followed,
            made: finder.made,
            troubled: finder.troubled(),
        }
    }

    fn new(bodies: &'b [Arc<Body>], types: &'b [TypeDef]) -> Self {
        let mut by_name: FxHashMap<Name, Vec<BodyId>> = FxHashMap::default();
        for (name, func) in types.iter().flat_map(|ty| &ty.methods) {
            by_name
                .entry(name.clone())
                .or_default()
                .push((*func).into());
        }
        let mut known = Vec::new();
        known.resize_with(bodies.len(), Known::default);
        Self {
            bodies,
            types,
            numbers: FxHashMap::default(),
            known,
            wanted: BTreeSet::new(),
            refused: BTreeSet::new(),
            edges: BTreeSet::new(),
            left: Vec::new(),
            trouble: BTreeSet::new(),
            made: false,
            by_name,
        }
    }

    fn choose(&mut self) {
        for index in 0..self.bodies.len() {
            self.look_at(index);
        }
        self.spread();
        for index in 0..self.bodies.len() {
            for (lock, callee) in std::mem::take(&mut self.known[index].held) {
                let callee = &self.known[callee.0 as usize];
                if callee.waits {
                    self.wanted.insert(lock);
                }
                if callee.locks.contains(&lock) {
                    self.trouble.insert((lock, BodyId(index as u32)));
                }
                self.edges
                    .extend(callee.locks.iter().map(|next| (lock, *next)));
            }
        }
        self.circles();
        for (lock, body) in std::mem::take(&mut self.left) {
            self.wanted.insert(lock);
            self.trouble.insert((lock, body));
        }
        let other = self.number(Lock::Other);
        self.refused.insert(other);
        for lock in &self.refused {
            self.wanted.remove(lock);
        }
    }

    /// The bodies that get into trouble with a lock that is followed.
    fn troubled(&self) -> BTreeSet<BodyId> {
        let trouble = self.trouble.iter();
        let trouble = trouble.filter(|(lock, _)| self.wanted.contains(lock));
        trouble.map(|(_, body)| *body).collect()
    }

    /// The locks that are followed.
    fn followed(&self) -> BTreeSet<Lock> {
        let numbers = self.numbers.iter();
        let followed = numbers.filter(|(_, number)| self.wanted.contains(number));
        followed.map(|(lock, _)| lock.clone()).collect()
    }

    /// Per body, the operations on locks that are not followed.
    fn left_alone(&self, followed: &BTreeSet<Lock>) -> FxHashMap<usize, Vec<Pc>> {
        let bodies = self.bodies.iter().enumerate();
        let bodies = bodies.filter(|(_, body)| Traits::of(body).acts);
        let ops = bodies.map(|(index, body)| {
            let dropped = |(_, op): &(usize, &Op)| {
                let Some((call, _)) = lock_call(op) else {
                    return false;
                };
                let lock = call.args.first().and_then(|lock| self.lock(index, lock));
                match lock.filter(|lock| !self.is_pointer(lock)) {
                    Some(lock) => !followed.contains(&lock),
                    // A pointer to any of them.
                    None => followed.is_empty() && !self.made,
                }
            };
            let code = body.code.iter().enumerate();
            let ops = code.filter(dropped).map(|(pc, _)| pc as Pc);
            (index, ops.collect::<Vec<Pc>>())
        });
        ops.filter(|(_, ops)| !ops.is_empty()).collect()
    }

    /// The lock that an expression is.
    fn lock(&self, body: usize, expr: &Expr) -> Option<Lock> {
        match expr {
            Expr::Receiver(inner) | Expr::Addr(inner) | Expr::Deref(inner) => {
                self.lock(body, inner)
            }
            Expr::Var(var) => {
                let (body, var) = declared(self.bodies, body, *var);
                let ty = &self.bodies[body].vars[var as usize].ty;
                is_or_points_to_mutex(ty).then_some(Lock::Var(body, var))
            }
            Expr::Field(base, name) => {
                let ty = type_of(self.bodies, self.types, body, base)?.base_named()?;
                let holder = Ty::Named(ty);
                let field = holder.own_field(self.types, name)?;
                is_or_points_to_mutex(field).then(|| Lock::Field(ty, name.clone()))
            }
            _ => None,
        }
    }

    /// Whether it is a pointer to a lock, which may be any.
    fn is_pointer(&self, lock: &Lock) -> bool {
        let is_pointer = |ty: &Ty| matches!(ty, Ty::Ptr(_));
        match lock {
            Lock::Field(ty, name) => {
                let field = Ty::Named(*ty);
                field.own_field(self.types, name).is_some_and(is_pointer)
            }
            Lock::Var(body, var) => is_pointer(&self.bodies[*body].vars[*var as usize].ty),
            Lock::Other => true,
        }
    }

    fn number(&mut self, lock: Lock) -> u32 {
        let next = self.numbers.len() as u32;
        *self.numbers.entry(lock).or_insert(next)
    }

    /// Notes what a body does by itself: where it waits, and what it holds where it calls, locks, waits or ends.
    fn look_at(&mut self, index: usize) {
        let bodies = self.bodies;
        let body = &bodies[index];
        let traits = Traits::of(body);
        let calls = traits
            .calls
            .iter()
            .flat_map(|called| self.bodies_of(called));
        self.known[index].calls = calls.copied().collect();
        self.known[index].waits = traits.waits;
        if !traits.acts {
            return;
        }
        let mut here: Vec<u32> = Vec::new();
        let mut acts: Vec<Option<(usize, Act)>> = vec![None; body.code.len()];
        for (pc, op) in body.code.iter().enumerate() {
            if let Some(lock) = lock_of_cond(op) {
                self.made |= matches!(lock, Expr::Addr(made) if is_made_mutex(made));
                if let Some(lock) = self.lock(index, lock) {
                    // Who signals and who waits go one after the other.
                    let number = self.number(lock);
                    self.wanted.insert(number);
                }
            }
            let Some((call, act)) = lock_call(op) else {
                continue;
            };
            let lock = call.args.first().and_then(|lock| self.lock(index, lock));
            let number = self.number(lock.unwrap_or(Lock::Other));
            if act == Act::Lock {
                self.known[index].locks.insert(number);
            }
            let at = here.iter().position(|known| *known == number);
            let at = at.unwrap_or_else(|| {
                here.push(number);
                here.len() - 1
            });
            // More locks than bits: the rest is free.
            acts[pc] = (at < Mask::BITS as usize).then_some((at, act));
        }
        if here.is_empty() {
            return;
        }
        let unlocked = acts.iter().flatten().filter(|(_, act)| *act == Act::Unlock);
        let unlocked = unlocked.fold(0, |mask, (at, _)| mask | bit(*at));
        let unlocks = |id: BodyId| Traits::of(&self.bodies[id.0 as usize]).unlocks;
        let kept = held(body, &acts, Some(&unlocks));
        let held = held(body, &acts, None);
        let recovers = body.code.iter().any(|op| match op {
            Op::Defer(call) => call
                .body()
                .is_some_and(|id| self.bodies[id.0 as usize].recovers),
            _ => false,
        });
        let id = BodyId(index as u32);
        for (pc, op) in body.code.iter().enumerate() {
            let Some(held) = held[pc] else { continue };
            let each = |mask: Mask| (0..here.len()).filter(move |at| mask & bit(*at) != 0);
            match (op, acts[pc]) {
                (Op::Call(_) | Op::Defer(_), Some((at, Act::Lock))) => {
                    for lock in each(held) {
                        self.edges.insert((here[lock], here[at]));
                        if lock == at {
                            self.trouble.insert((here[lock], id));
                        }
                    }
                }
                (Op::Panic, _) if !recovers => {}
                (Op::Return(_) | Op::End | Op::Panic, _) => {
                    let left = each(kept[pc].unwrap_or(0) & unlocked);
                    self.left.extend(left.map(|lock| (here[lock], id)));
                }
                (Op::Call(call) | Op::Defer(call), None) => {
                    let called = self.called(call);
                    let holds =
                        each(held).flat_map(|lock| called.iter().map(move |id| (lock, *id)));
                    let holds: Vec<_> = holds.map(|(lock, id)| (here[lock], id)).collect();
                    self.known[index].held.extend(holds);
                }
                _ => {}
            }
            if may_wait(op) {
                self.wanted.extend(each(held).map(|lock| here[lock]));
            }
        }
    }

    /// The bodies that a call runs before it comes back.
    fn called(&self, call: &Call) -> Vec<BodyId> {
        let mut bodies = Vec::new();
        Called::by(call, &mut |called| bodies.extend(self.bodies_of(&called)));
        bodies
    }

    fn bodies_of<'c>(&'c self, called: &'c Called) -> &'c [BodyId] {
        match called {
            Called::Body(id) => std::slice::from_ref(id),
            Called::Method(name) => {
                let methods = self.by_name.get(name);
                let few = methods.filter(|methods| methods.len() <= CANDIDATES);
                few.map(Vec::as_slice).unwrap_or_default()
            }
        }
    }

    /// What a body calls waits and locks as well.
    fn spread(&mut self) {
        let known = &self.known;
        let callers = Users::of(known.len(), |index, f| {
            known[index].calls.iter().for_each(|callee| f(*callee));
        });
        let mut queue: Vec<usize> = (0..self.known.len())
            .filter(|at| self.known[*at].waits || !self.known[*at].locks.is_empty())
            .collect();
        while let Some(index) = queue.pop() {
            let (waits, locks) = (self.known[index].waits, self.known[index].locks.clone());
            for caller in callers.users(index) {
                let caller_known = &mut self.known[caller];
                let before = (caller_known.waits, caller_known.locks.len());
                caller_known.waits |= waits;
                for lock in &locks {
                    if caller_known.locks.len() < THROUGH_CALLS {
                        caller_known.locks.insert(*lock);
                    }
                }
                if before != (caller_known.waits, caller_known.locks.len()) {
                    queue.push(caller);
                }
            }
        }
    }

    /// Locks that are held while each other are locked.
    fn circles(&mut self) {
        let order = Order::of(&self.edges, self.numbers.len());
        let mut circle: BTreeSet<u32> = BTreeSet::new();
        for (held, locked) in &self.edges {
            if order.are_in_a_circle(*held, *locked) {
                circle.extend([*held, *locked]);
            }
        }
        // Whoever has to take another lock first is alone with those of the circle.
        let vague = self
            .numbers
            .iter()
            .filter(|(lock, _)| self.is_pointer(lock));
        let vague: FxHashSet<u32> = vague.map(|(_, number)| *number).collect();
        let mut gates: Vec<u32> = circle.iter().copied().collect();
        while let Some(lock) = gates.pop() {
            for gate in &order.before[lock as usize] {
                if vague.contains(gate) && *gate != lock {
                    self.refused.insert(lock);
                }
                if circle.insert(*gate) {
                    gates.push(*gate);
                }
            }
        }
        self.wanted.extend(circle);
    }
}

/// Follows a captured variable to the body that declares it.
fn declared(bodies: &[Arc<Body>], mut body: usize, mut var: Var) -> (usize, Var) {
    while let Some(parent) = bodies[body].parent
        && let Some((outer, _)) = bodies[body].captures.iter().find(|(_, own)| *own == var)
    {
        (body, var) = (parent.0 as usize, *outer);
    }
    (body, var)
}

/// Whether values of a type are locks or lead to one at once.
fn is_or_points_to_mutex(ty: &Ty) -> bool {
    match ty {
        Ty::Ptr(inner) => is_mutex(inner),
        ty => is_mutex(ty),
    }
}

/// The light type of an expression, where its parts say.
fn type_of(bodies: &[Arc<Body>], types: &[TypeDef], body: usize, expr: &Expr) -> Option<Ty> {
    match expr {
        Expr::Var(var) => {
            let (body, var) = declared(bodies, body, *var);
            Some(bodies[body].vars[var as usize].ty.clone())
        }
        Expr::Field(base, name) => {
            let ty = type_of(bodies, types, body, base)?.base_named()?;
            Ty::Named(ty).own_field(types, name).cloned()
        }
        Expr::Index(base, _) => {
            let ty = type_of(bodies, types, body, base)?;
            match ty.underlying(types) {
                Ty::Slice(inner) | Ty::Array(_, inner) | Ty::Map(_, inner) => {
                    Some((**inner).clone())
                }
                _ => None,
            }
        }
        Expr::Deref(base) | Expr::Addr(base) | Expr::Receiver(base) => {
            type_of(bodies, types, body, base)
        }
        Expr::Struct(Some(ty), ..) => Some(Ty::Named(*ty)),
        _ => None,
    }
}
