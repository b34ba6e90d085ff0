//! Calls through interfaces where only one type can be behind: `a := NewAgent()`, with a constructor that returns nothing
//! but one type of the package, makes `a.Run()` a call of that type's method.
//!
//! In: the bodies as they were lowered. Out: the same with such calls named. A variable of which some value is not understood
//! is left alone: the machine finds its method by what it holds, but nobody who looks at the code before that does.

use super::ir::{Body, BodyId, Callee, Expr, Op, Pc, Target, Var};
use super::users::Users;
use crate::resolve::{TypeDef, TypeId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Assignments and returns that are followed from a call back to where a value is made.
const DEEP_ENOUGH: u32 = 8;

/// What a variable or result can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// Nil alone, so far.
    Nothing,
    /// Values of this type, or pointers to them, and nil.
    Only(TypeId),
    /// Anything.
    Anything,
}

impl Held {
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, known) | (known, Self::Nothing) => known,
            (Self::Only(a), Self::Only(b)) if a == b => self,
            _ => Self::Anything,
        }
    }
}

/// What earlier analyses have named: per body what it was, which calls call what, and what came of it.
pub(super) type Named = FxHashMap<BodyId, (Arc<Body>, Vec<Method>, Arc<Body>)>;

/// A call, and the method it calls.
type Method = (Pc, BodyId);

/// Names the methods of calls through interfaces where the type is certain; what is in `earlier` is not changed again. Says
/// whether there are any.
pub(super) fn name_methods(
    bodies: &mut [Arc<Body>],
    types: &[TypeDef],
    mut earlier: Option<&mut Named>,
) -> bool {
    let mut found: BTreeMap<usize, Vec<Method>> = BTreeMap::new();
    let mut finder = Finder {
        bodies,
        types,
        literals: None,
        given: FxHashMap::default(),
        held: FxHashMap::default(),
        asked: Vec::new(),
    };
    for (index, body) in bodies.iter().enumerate() {
        for (pc, op) in body.code.iter().enumerate() {
            let (Op::Call(call) | Op::Go(call) | Op::Defer(call)) = op else {
                continue;
            };
            let Callee::Named(name) = &call.callee else {
                continue;
            };
            let Some(Expr::Receiver(receiver)) = call.args.first() else {
                continue;
            };
            if let Expr::Var(var) = **receiver
                && let Held::Only(ty) = finder.variable(BodyId(index as u32), var, 0)
                && let Some(func) = types[ty.0 as usize].methods.get(name)
                && !bodies[BodyId::from(*func).0 as usize].code.is_empty()
            {
                let here = found.entry(index).or_default();
                here.push((pc as Pc, BodyId::from(*func)));
            }
        }
    }
    let any = !found.is_empty();
    for (index, methods) in found {
        let id = BodyId(index as u32);
        let arc = &mut bodies[index];
        let known = earlier.as_ref().and_then(|earlier| earlier.get(&id));
        if let Some((from, same, into)) = known
            && Arc::ptr_eq(from, arc)
            && *same == methods
        {
            *arc = Arc::clone(into);
            continue;
        }
        let from = earlier.is_some().then(|| Arc::clone(arc));
        let body = Body::changed(arc);
        for (pc, method) in &methods {
            if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = &mut body.code[*pc as usize] {
                call.callee = Callee::Body(*method);
            }
        }
        if let (Some(earlier), Some(from)) = (&mut earlier, from) {
            earlier.insert(id, (from, methods, Arc::clone(arc)));
        }
    }
    any
}

struct Finder<'b> {
    bodies: &'b [Arc<Body>],
    types: &'b [TypeDef],
    /// The literals of each body, once somebody asks.
    literals: Option<Users>,
    given: FxHashMap<BodyId, Given>,
    held: FxHashMap<(BodyId, Var), Held>,
    /// The variables whose answer is being looked for.
    asked: Vec<(BodyId, Var)>,
}

impl Finder<'_> {
    fn variable(&mut self, id: BodyId, var: Var, depth: u32) -> Held {
        if depth > DEEP_ENOUGH {
            return Held::Anything;
        }
        let bodies = self.bodies;
        let body = &bodies[id.0 as usize];
        if let Some(ty) = body.vars[var as usize].ty.base_struct(self.types) {
            return Held::Only(ty);
        }
        if let Some((outer, _)) = body.captures.iter().find(|(_, inner)| *inner == var) {
            return body.parent.map_or(Held::Anything, |parent| {
                self.variable(parent, *outer, depth + 1)
            });
        }
        if body.params.contains(&var) {
            return Held::Anything;
        }
        if let Some(held) = self.held.get(&(id, var)) {
            return *held;
        }
        if self.asked.contains(&(id, var)) {
            // A variable that is assigned to itself holds what else is assigned to it.
            return Held::Nothing;
        }
        self.asked.push((id, var));
        let held = self.assigned(id, var, depth);
        self.asked.pop();
        if self.asked.is_empty() {
            // Within a circle the answer is not the whole one.
            self.held.insert((id, var), held);
        }
        held
    }

    /// What a body, and the literals in it, put into a variable.
    fn assigned(&mut self, id: BodyId, var: Var, depth: u32) -> Held {
        let bodies = self.bodies;
        let body = &bodies[id.0 as usize];
        let given = self.given.entry(id).or_insert_with(|| Given::of(body));
        if given.shared.contains(&var) {
            return Held::Anything;
        }
        let mut held = Held::Nothing;
        for pc in given.writes.get(&var).cloned().unwrap_or_default() {
            let value = match &body.code[pc as usize] {
                Op::Declare(_) | Op::Renew(_) => Held::Nothing,
                Op::Set(Target::Var(_), value) => self.value(id, value, depth),
                Op::Call(call) => {
                    let result = call.dests.iter().position(|d| *d == Target::Var(var));
                    match (&call.callee, result) {
                        (Callee::Body(callee), Some(result)) => {
                            self.result(*callee, result, depth + 1)
                        }
                        _ => Held::Anything,
                    }
                }
                _ => Held::Anything,
            };
            held = held.or(value);
        }
        let literals = self.literals.get_or_insert_with(|| literals(bodies));
        for literal in literals.users(id.0 as usize).collect::<Vec<_>>() {
            let captures = &bodies[literal].captures;
            if let Some((_, inner)) = captures.iter().find(|(outer, _)| *outer == var) {
                let literal = BodyId(literal as u32);
                held = held.or(self.assigned(literal, *inner, depth + 1));
            }
        }
        held
    }

    fn value(&mut self, id: BodyId, value: &Expr, depth: u32) -> Held {
        match value {
            Expr::Nil => Held::Nothing,
            Expr::Zero(ty, _) => ty.base_struct(self.types).map_or(Held::Nothing, Held::Only),
            Expr::Struct(Some(ty), ..) => Held::Only(*ty),
            Expr::Addr(inner) => match &**inner {
                Expr::Struct(Some(ty), ..) => Held::Only(*ty),
                Expr::Var(var) => {
                    let ty = &self.bodies[id.0 as usize].vars[*var as usize].ty;
                    ty.base_struct(self.types)
                        .map_or(Held::Anything, Held::Only)
                }
                _ => Held::Anything,
            },
            Expr::Var(var) => self.variable(id, *var, depth + 1),
            _ => Held::Anything,
        }
    }

    fn result(&mut self, id: BodyId, index: usize, depth: u32) -> Held {
        if depth > DEEP_ENOUGH {
            return Held::Anything;
        }
        let bodies = self.bodies;
        let body = &bodies[id.0 as usize];
        let Some(result) = body.results.get(index) else {
            return Held::Anything;
        };
        if let Some(ty) = body.vars[*result as usize].ty.base_struct(self.types) {
            return Held::Only(ty);
        }
        let mut held = Held::Nothing;
        let mut returns = false;
        for op in &body.code {
            if let Op::Return(values) = op {
                returns = true;
                let value = values.get(index);
                held = held.or(value.map_or(Held::Anything, |v| self.value(id, v, depth)));
            }
        }
        if returns { held } else { Held::Anything }
    }
}

/// How the variables of a body come by their values.
#[derive(Default)]
struct Given {
    /// Those whose address is taken: anybody may write to them.
    shared: FxHashSet<Var>,
    /// The operations that write to each.
    writes: FxHashMap<Var, Vec<Pc>>,
}

impl Given {
    fn of(body: &Body) -> Self {
        let mut given = Self::default();
        for (pc, op) in body.code.iter().enumerate() {
            op.exprs(&mut |e| addressed(e, &mut given.shared));
            op.writes(&mut |var| {
                let writes = given.writes.entry(var).or_default();
                if writes.last() != Some(&(pc as Pc)) {
                    writes.push(pc as Pc);
                }
            });
        }
        given
    }
}

/// The literals of each body, as those that use it.
fn literals(bodies: &[Arc<Body>]) -> Users {
    Users::of(bodies.len(), |index, f| {
        if let Some(parent) = bodies[index].parent {
            f(parent);
        }
    })
}

/// Adds the variables whose address is taken.
fn addressed(expr: &Expr, vars: &mut FxHashSet<Var>) {
    match expr {
        Expr::Addr(inner) => {
            if let Expr::Var(var) = **inner {
                vars.insert(var);
            }
        }
        other => other.children(&mut |child| addressed(child, vars)),
    }
}
