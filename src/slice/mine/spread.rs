//! How what is ours spreads through a system: from what is made to whatever it is stored in, handed to or returned from,
//! until nothing new turns up.
//!
//! In: the bodies of a system, one at a time. Out: marks on its variables and fields, and the bodies that are to be looked
//! at again. Deliberately absent: whether any of that matters.

use super::super::effects::{Gives, gives};
use super::super::index::{has_primitive, is_channel};
use super::Mine;
use crate::flow::ir::{Body, BodyId, COND_LOCK, Call, Callee, Expr, Op, Target, Var};
use crate::flow::{is_plain, makes_anything};
use crate::library::Effect;
use crate::resolve::Ty;
use crate::syntax::ast::Name;

impl Mine<'_> {
    pub(super) fn join(&mut self, id: BodyId) {
        if self.has(id) {
            return;
        }
        self.offsets[id.0 as usize] = self.vars.len() as u32 + 1;
        let body = &self.program.bodies[id.0 as usize];
        self.vars.resize(self.vars.len() + body.vars.len(), false);
        self.bodies.push(id);
        self.again(id);
    }

    fn again(&mut self, id: BodyId) {
        if self.has(id) && !std::mem::replace(&mut self.queued[id.0 as usize], true) {
            self.queue.push_back(id);
        }
    }

    fn again_callers(&mut self, id: BodyId) {
        let index = self.index;
        for caller in index.callers(id) {
            self.again(*caller);
        }
        for caller in index.callers_by_name(id) {
            self.again(*caller);
        }
        if self.is_value(id) {
            self.again_as_value(id);
        }
    }

    /// Calls of values are to be held against this function, and nothing else of the bodies they are in: there are many.
    fn again_as_value(&mut self, id: BodyId) {
        if !std::mem::replace(&mut self.values_queued[id.0 as usize], true) {
            self.values.push(id);
        }
    }

    /// Whatever calls of values hand to a function that may be called so, and get back from it.
    pub(super) fn call_as_value(&mut self, target: BodyId) {
        for (caller, calls) in &self.index.value_calls {
            if !self.has(*caller) {
                continue;
            }
            let body = &self.program.bodies[caller.0 as usize];
            for pc in *calls {
                if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = &body.code[*pc as usize]
                    && self.fits(target, call)
                {
                    self.look_at(*caller);
                    self.pass(*caller, call, target);
                }
            }
        }
    }

    fn mark(&mut self, body: BodyId, var: Var) {
        let Some(at) = self.offsets[body.0 as usize].checked_sub(1) else {
            return;
        };
        let info = &self.program.bodies[body.0 as usize].vars[var as usize];
        let slot = &mut self.vars[(at + var) as usize];
        if *slot || self.index.plain[body.0 as usize][var as usize] {
            return;
        }
        *slot = true;
        self.again(body);
        self.activate(body);
        let code = &self.program.bodies[body.0 as usize];
        // Whoever shares the variable learns of it.
        if info.cell {
            if let Some(parent) = code.parent {
                self.again(parent);
            }
            let program = self.program;
            for literal in &program.literals[body.0 as usize] {
                self.again(*literal);
            }
        }
        if code.params.contains(&var) || code.results.contains(&var) {
            self.again_callers(body);
        }
    }

    fn mark_field(&mut self, name: &Name) {
        if !self.fields.contains(name) {
            self.fields.insert(name.clone());
            for body in self.mentions(name).iter() {
                self.again(*body);
            }
        }
    }

    fn activate(&mut self, body: BodyId) {
        if !std::mem::replace(&mut self.active[body.0 as usize], true) {
            self.again(body);
            self.again_callers(body);
        }
    }

    /// Something of ours is stored in what `expr` names: everything on the way leads to it now.
    fn gain(&mut self, body: BodyId, expr: &Expr) {
        match expr {
            Expr::Var(var) => self.mark(body, *var),
            Expr::Field(base, name) => {
                self.mark_field(name);
                self.gain(body, base);
            }
            Expr::Index(base, _)
            | Expr::Deref(base)
            | Expr::Addr(base)
            | Expr::Receiver(base)
            | Expr::Pipe(base, _) => {
                self.gain(body, base);
            }
            Expr::Struct(_, fields, ..) => {
                for (name, value) in fields {
                    if self.fields.contains(name) {
                        self.gain(body, value);
                    }
                }
            }
            Expr::Slice(values) => values.iter().for_each(|v| self.gain(body, v)),
            Expr::Append(base, values) => {
                self.gain(body, base);
                values.iter().for_each(|v| self.gain(body, v));
            }
            _ => {}
        }
    }

    /// What leads to something of ours now may have been reached through `expr` before.
    fn share(&mut self, body: BodyId, expr: &Expr) {
        if let Expr::Var(var) = expr {
            let info = &self.program.bodies[body.0 as usize].vars[*var as usize];
            if !is_container(&info.ty) {
                return;
            }
        }
        self.gain(body, expr);
    }

    pub(super) fn body(&mut self, id: BodyId) {
        let body = &self.program.bodies[id.0 as usize];
        let index = self.index;
        for (op, making) in body.code.iter().zip(index.making[id.0 as usize]) {
            if *making {
                op.exprs(&mut |e| self.made(id, e));
            }
            self.op(id, body, op);
        }
        if let Some(parent) = body.parent {
            for (outer, inner) in &body.captures {
                if self.var(parent, *outer) {
                    self.mark(id, *inner);
                }
                if self.var(id, *inner) {
                    self.mark(parent, *outer);
                }
            }
            if self.is_active(id) {
                self.activate(parent);
            }
        }
    }

    fn use_as_value(&mut self, id: BodyId) {
        self.join(id);
        if let Err(at) = self.as_value.binary_search(&id) {
            self.as_value.insert(at, id);
            self.again_as_value(id);
        }
    }

    /// Bodies an expression mentions join the system; fields of what it makes become ours.
    fn made(&mut self, body: BodyId, expr: &Expr) {
        match expr {
            Expr::Closure(id) => {
                self.use_as_value(*id);
            }
            Expr::Func(func) | Expr::Method(_, func) => {
                self.use_as_value(BodyId::from(*func));
            }
            Expr::Struct(ty, fields, ..) => {
                for (name, value) in fields {
                    let is_nil_channel =
                        *value == Expr::Nil && self.index.channel_fields.contains(name);
                    if is_nil_channel || self.expr(body, value) {
                        self.mark_field(name);
                    }
                }
                if let Some(ty) = ty {
                    self.zero_fields(&Ty::Named(*ty), 0);
                }
            }
            Expr::Zero(ty, _) => self.zero_fields(ty, 0),
            _ => {}
        }
        if makes_anything(expr) {
            self.activate(body);
        }
        expr.children(&mut |child| self.made(body, child));
    }

    /// The fields in which the zero value of a type has a primitive or a nil channel.
    fn zero_fields(&mut self, ty: &Ty, depth: u32) {
        const DEEP_ENOUGH: u32 = 6;
        if depth > DEEP_ENOUGH {
            return;
        }
        match ty {
            Ty::Named(id) => {
                let program = self.program;
                self.zero_fields(&program.types[id.0 as usize].underlying, depth + 1);
            }
            Ty::Struct(fields) => {
                for field in fields.iter() {
                    if has_primitive(&self.program.types, &field.ty, depth) {
                        self.mark_field(&field.name);
                        self.zero_fields(&field.ty, depth + 1);
                    }
                }
            }
            Ty::Array(_, elem) => self.zero_fields(elem, depth + 1),
            _ => {}
        }
    }

    fn op(&mut self, id: BodyId, body: &Body, op: &Op) {
        match op {
            Op::Set(target, value) => self.set(id, body, target, value),
            Op::Recv { ch, dests, .. } if self.operand(id, ch) => {
                dests.iter().for_each(|d| self.receive(id, d));
            }
            Op::Select { cases, .. } => {
                for case in cases {
                    if !case.send && self.operand(id, &case.ch) {
                        case.dests.iter().for_each(|d| self.receive(id, d));
                    }
                }
            }
            Op::RangeNext(subject, _, Some(item), ..) => {
                if self.var(id, *subject) {
                    self.mark(id, *item);
                } else if self.var(id, *item) {
                    self.share(id, &Expr::Var(*subject));
                }
            }
            Op::Return(values) => {
                for (result, value) in body.results.iter().zip(values) {
                    let nil = *value == Expr::Nil && is_channel(&body.vars[*result as usize].ty);
                    if nil || self.expr(id, value) {
                        self.mark(id, *result);
                    } else if self.var(id, *result) {
                        self.share(id, value);
                    }
                }
            }
            Op::Call(call) | Op::Go(call) | Op::Defer(call) => self.call(id, call),
            Op::Recover(target) => self.receive(id, target),
            _ => {}
        }
    }

    /// Something of ours goes where `target` says.
    fn receive(&mut self, id: BodyId, target: &Target) {
        match target {
            Target::Ignore => {}
            Target::Var(var) => self.mark(id, *var),
            Target::Place(place) => self.gain(id, place),
        }
    }

    fn set(&mut self, id: BodyId, body: &Body, target: &Target, value: &Expr) {
        let holds = match target {
            Target::Var(var) => {
                (*value == Expr::Nil && is_channel(&body.vars[*var as usize].ty))
                    || self.expr(id, value)
            }
            Target::Place(Expr::Field(_, name)) if *value == Expr::Nil => {
                self.index.channel_fields.contains(name)
            }
            Target::Place(place) => {
                crate::flow::key_of(place).is_some_and(|key| self.expr(id, key))
                    || self.expr(id, value)
            }
            Target::Ignore => false,
        };
        if holds {
            self.receive(id, target);
        }
        match target {
            Target::Var(var)
                if self.var(id, *var) && is_container(&body.vars[*var as usize].ty) =>
            {
                self.share(id, value);
            }
            Target::Place(place) if self.expr(id, place) => self.share(id, value),
            _ => {}
        }
    }

    fn call(&mut self, id: BodyId, call: &Call) {
        if let Callee::Body(callee) = call.callee {
            if self.index.quiet[callee.0 as usize] && !self.hands(id, call, callee) {
                self.quiet.push(callee);
            } else {
                self.join(callee);
            }
        }
        if let Callee::Named(name) = &call.callee
            && call.args.first().is_some_and(|a| self.expr(id, a))
        {
            for target in self.index.named(name).to_vec() {
                self.join(target);
            }
        }
        for target in self.targets(id, call) {
            self.pass(id, call, target);
        }
        let passed = call.args.iter().any(|a| self.expr(id, a));
        let given = match &call.callee {
            Callee::Library(effect, _) => match gives(*effect) {
                Gives::Own => true,
                Gives::Clock => self.is_ranged(id, call),
                Gives::LikeArguments => passed,
                Gives::Nothing => false,
            },
            Callee::Named(_) => passed,
            _ => false,
        };
        if given {
            call.dests.iter().for_each(|d| self.receive(id, d));
            self.activate(id);
        }
        if matches!(
            call.callee,
            Callee::Library(Effect::TimerValue | Effect::Ticker, _)
        ) {
            self.mark_field(&Name::new_static("C"));
        }
        if matches!(call.callee, Callee::Library(Effect::Cond, _)) {
            self.mark_field(&COND_LOCK);
        }
    }

    /// Whether what is stored in `target` may lead to something of ours.
    fn leads_to_mine(&self, id: BodyId, target: &Target) -> bool {
        match target {
            Target::Var(var) => self.var(id, *var),
            Target::Place(place) => self.expr(id, place),
            Target::Ignore => false,
        }
    }

    /// Whether a call hands something of ours to `callee`, or takes from it what may lead there.
    fn hands(&self, id: BodyId, call: &Call, callee: BodyId) -> bool {
        let callee = &self.program.bodies[callee.0 as usize];
        let gives = |arg: &Expr| *arg == Expr::Nil || self.expr(id, arg);
        let takes = |(dest, result): (&Target, &Var)| {
            self.leads_to_mine(id, dest) && is_container(&callee.vars[*result as usize].ty)
        };
        call.args.iter().any(gives) || call.dests.iter().zip(&callee.results).any(takes)
    }

    /// Whether a loop runs over what the call returns.
    fn is_ranged(&self, id: BodyId, call: &Call) -> bool {
        let code = &self.program.bodies[id.0 as usize].code;
        code.iter().any(|op| {
            matches!(op, Op::Recv { ch: Expr::Var(ch), range: true, .. }
                if call.dests.contains(&Target::Var(*ch)))
        })
    }

    /// What a call hands to `target` and gets back from it.
    fn pass(&mut self, id: BodyId, call: &Call, target: BodyId) {
        if self.is_active(target) {
            self.activate(id);
        }
        let callee = &self.program.bodies[target.0 as usize];
        let direct = !matches!(call.callee, Callee::Library(..));
        // A bound receiver comes first.
        let bound = match &call.callee {
            Callee::Value(Expr::Method(base, _)) => Some(&**base),
            _ => None,
        };
        let args: Vec<&Expr> = bound
            .into_iter()
            .chain(call.args.iter().filter(|_| direct))
            .collect();
        // A method value that was stored has its receiver with it.
        let shifts = callee.method
            && bound.is_none()
            && matches!(call.callee, Callee::Value(_) | Callee::Library(..));
        for (index, arg) in args.into_iter().enumerate() {
            self.pass_one(id, arg, target, index);
            if shifts {
                self.pass_one(id, arg, target, index + 1);
            }
        }
        for (dest, result) in call.dests.iter().zip(&callee.results) {
            if self.var(target, *result) {
                self.receive(id, dest);
                continue;
            }
            let shares = is_container(&callee.vars[*result as usize].ty);
            if shares && self.leads_to_mine(id, dest) {
                self.mark(target, *result);
            }
        }
        if shifts && let Some(param) = callee.params.first() {
            self.mark(target, *param);
        }
    }

    /// What a call hands to one parameter of `target`.
    fn pass_one(&mut self, id: BodyId, arg: &Expr, target: BodyId, index: usize) {
        let callee = &self.program.bodies[target.0 as usize];
        let last = callee.params.len().saturating_sub(1);
        let Some(param) = callee.params.get(index.min(last)) else {
            return;
        };
        let info = &callee.vars[*param as usize];
        let nil = *arg == Expr::Nil && is_channel(&info.ty);
        if nil || self.expr(id, arg) {
            self.mark(target, *param);
        } else if self.var(target, *param) && is_container(&info.ty) {
            self.share(id, arg);
        }
    }
}

/// Whether something can be stored in a value of this type that others who have it then see.
fn is_container(ty: &Ty) -> bool {
    match ty {
        Ty::Chan(..) | Ty::Func(_) => false,
        Ty::Ext(path, _) => path != "context",
        ty => !is_plain(ty),
    }
}
