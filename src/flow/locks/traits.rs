//! What a body says by itself about locks, read off it once.
//!
//! In: a body as it was lowered. Out: [`Traits`]. Deliberately absent: which locks these are, and what the bodies do that
//! it calls; both take more than the one body.

use super::{Act, is_made_mutex, lock_call, lock_of_cond, may_wait};
use crate::flow::facts::Slot;
use crate::flow::ir::{Body, BodyId, Call, Callee, Expr, Op};
use crate::library::Effect;
use crate::resolve::{Ty, TypeId};
use crate::syntax::ast::Name;

/// What a body by itself has to do with locks.
pub(super) struct Traits {
    /// Whether a goroutine may have to wait in it.
    pub(super) waits: bool,
    /// Whether it locks or unlocks something, or makes a condition with a lock.
    pub(super) acts: bool,
    /// Whether it unlocks something.
    pub(super) unlocks: bool,
    /// What it calls, or defers.
    pub(super) calls: Vec<Called>,
    /// The types of the structs that are made in it.
    pub(super) structs: Vec<TypeId>,
    /// Whether a mutex is made in it for a pointer.
    pub(super) makes_mutex: bool,
}

/// What a call runs before it comes back.
#[derive(PartialEq)]
pub(super) enum Called {
    Body(BodyId),
    /// A method of a value of a type that nobody knows.
    Method(Name),
}

impl Traits {
    /// Those of a body.
    pub(super) fn of(body: &Body) -> &Self {
        body.known(Slot::Locks, Self::read)
    }

    fn read(body: &Body) -> Self {
        let mut this = Self {
            waits: body.code.iter().any(may_wait),
            acts: false,
            unlocks: false,
            calls: Vec::new(),
            structs: Vec::new(),
            makes_mutex: false,
        };
        for op in &body.code {
            let act = lock_call(op).map(|(_, act)| act);
            this.acts |= act.is_some() || lock_of_cond(op).is_some();
            this.unlocks |= act == Some(Act::Unlock);
            if let Op::Call(call) | Op::Defer(call) = op {
                Called::by(call, &mut |called| this.calls.push(called));
            }
            op.exprs(&mut |expr| this.makes(expr));
        }
        this
    }

    /// Notes what an expression makes.
    fn makes(&mut self, expr: &Expr) {
        match expr {
            Expr::Struct(Some(ty), ..) | Expr::Zero(Ty::Named(ty), _)
                if !self.structs.contains(ty) =>
            {
                self.structs.push(*ty);
            }
            Expr::Addr(made) => self.makes_mutex |= is_made_mutex(made),
            _ => {}
        }
        expr.children(&mut |child| self.makes(child));
    }
}

impl Called {
    /// Calls `f` on all that a call may run.
    pub(super) fn by(call: &Call, f: &mut dyn FnMut(Self)) {
        match &call.callee {
            Callee::Body(id) | Callee::Value(Expr::Closure(id)) => f(Self::Body(*id)),
            Callee::Named(name) => f(Self::Method(name.clone())),
            Callee::Library(Effect::Call | Effect::CallOnce, _) => {
                for arg in &call.args {
                    arg.closures(&mut |id| f(Self::Body(id)));
                    arg.functions(&mut |func| f(Self::Body(func.into())));
                }
            }
            _ => {}
        }
    }
}
