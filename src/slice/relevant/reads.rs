//! What relevant operations read: variables, fields and results that are needed from then on.

use super::{Marker, keeps_result, needs_arg};
use crate::flow::ir::{Asserted, Body, BodyId, Call, Callee, Expr, FOREIGN, Op, Target, Var};
use crate::syntax::ast::Name;

impl Marker<'_, '_> {
    /// Marks what a relevant operation reads.
    pub(super) fn use_more(&mut self, id: BodyId, op: &Op) {
        match op {
            Op::Set(target, value) => {
                self.read_target(id, target);
                self.read(id, value);
            }
            Op::Branch(cond, ..) => self.read(id, cond),
            Op::RangeNext(subject, counter, ..) => {
                self.read_var(id, *subject);
                self.read_var(id, *counter);
            }
            Op::Send(ch, _, value) => {
                self.read(id, ch);
                if self.relevant.received || self.mine.operand(id, value) {
                    self.read(id, value);
                }
            }
            Op::Recv { ch, dests, .. } => {
                self.read(id, ch);
                self.take(id, &dests[0]);
                self.read_target(id, &dests[1]);
            }
            Op::Select { cases, .. } => {
                for case in cases {
                    self.read(id, &case.ch);
                    if case.send {
                        if self.relevant.received || self.mine.operand(id, &case.value) {
                            self.read(id, &case.value);
                        }
                    } else {
                        self.take(id, &case.dests[0]);
                        self.read_target(id, &case.dests[1]);
                    }
                }
            }
            Op::Close(ch, _) => self.read(id, ch),
            Op::Call(call) | Op::Go(call) | Op::Defer(call) => self.use_call(id, call),
            Op::Return(values) => {
                let results = &self.program.bodies[id.0 as usize].results;
                for (result, value) in results.iter().zip(values) {
                    if self.keeps_result(id, *result, value) {
                        self.read(id, value);
                    }
                }
            }
            Op::Recover(target) => self.read_target(id, target),
            _ => {}
        }
    }

    /// A received value.
    fn take(&mut self, id: BodyId, target: &Target) {
        self.read_target(id, target);
        if !self.relevant.received && self.relevant.target(id, target) {
            self.relevant.received = true;
            for body in self.mine.bodies().to_vec() {
                self.again(body);
            }
        }
    }

    fn use_call(&mut self, id: BodyId, call: &Call) {
        call.dests.iter().for_each(|d| self.read_target(id, d));
        if let Callee::Value(value) = &call.callee {
            self.read(id, value);
        }
        let targets = self.mine.targets(id, call);
        for (index, arg) in call.args.iter().enumerate() {
            if self.needs_arg(id, call, &targets, index, arg) {
                self.read(id, arg);
            }
        }
        for target in targets {
            let callee = &self.program.bodies[target.0 as usize];
            for (dest, result) in call.dests.iter().zip(&callee.results) {
                if self.relevant.target(id, dest) {
                    self.read_var(target, *result);
                }
            }
        }
    }

    fn needs_arg(
        &self,
        id: BodyId,
        call: &Call,
        targets: &[BodyId],
        index: usize,
        arg: &Expr,
    ) -> bool {
        needs_arg(
            self.program,
            &self.relevant,
            self.mine,
            (id, call),
            targets,
            (index, arg),
        )
    }

    pub(super) fn keeps_result(&self, id: BodyId, result: Var, value: &Expr) -> bool {
        keeps_result(&self.relevant, self.mine, id, result, value)
    }

    fn read_target(&mut self, id: BodyId, target: &Target) {
        // Where a value is stored is looked up; what is there is not.
        match target {
            Target::Place(Expr::Field(base, _)) => self.read(id, base),
            Target::Place(place) => self.read(id, place),
            _ => {}
        }
    }

    pub(super) fn read_var(&mut self, id: BodyId, var: Var) {
        if !self.relevant.var(id, var)
            && let Some(part) = self.part(id)
        {
            part.vars[var as usize] = true;
            self.again(id);
            let body = &self.program.bodies[id.0 as usize];
            if body.vars[var as usize].cell {
                if let Some(parent) = body.parent {
                    self.again(parent);
                }
                for literal in &self.program.literals[id.0 as usize] {
                    self.again(*literal);
                }
            }
            if body.params.contains(&var) {
                self.again_callers(id);
            }
        }
    }

    fn read(&mut self, id: BodyId, expr: &Expr) {
        match expr {
            Expr::Var(var) => self.read_var(id, *var),
            Expr::Field(base, name) => {
                self.read_name(name);
                self.read(id, base);
            }
            Expr::Global(name) => self.read_name(name),
            Expr::Is(base, asserted) => {
                if let Asserted::Foreign(..) | Asserted::Own(..) = asserted {
                    self.read_name(&FOREIGN);
                }
                self.read(id, base);
            }
            Expr::Struct(_, fields, ..) => {
                for (name, value) in fields {
                    if self.relevant.field(self.mine, id, name, value) {
                        self.read(id, value);
                    }
                }
            }
            Expr::Closure(literal) => {
                let captures = &self.program.bodies[literal.0 as usize].captures;
                for (outer, inner) in captures {
                    if self.relevant.var(*literal, *inner) {
                        self.read_var(id, *outer);
                    }
                }
            }
            other => other.children(&mut |child| self.read(id, child)),
        }
    }

    fn read_name(&mut self, name: &Name) {
        if !self.relevant.fields.contains(name) {
            self.relevant.fields.insert(name.clone());
            let mine = self.mine;
            for body in mine.mentions(name).iter() {
                self.again(*body);
            }
        }
    }

    pub(super) fn tie_captures(&mut self, id: BodyId, body: &Body) {
        let Some(parent) = body.parent else { return };
        for (outer, inner) in &body.captures {
            if self.relevant.var(parent, *outer) {
                self.read_var(id, *inner);
            }
            if self.relevant.var(id, *inner) {
                self.read_var(parent, *outer);
            }
        }
    }
}
