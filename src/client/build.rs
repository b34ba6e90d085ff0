//! The parts that a client's body is made of.
//!
//! In: a constructor. Out: calls, checks of their results, waits. Deliberately absent: their order, which [`super::story`]
//! decides.

use crate::flow::Program;
use crate::flow::ir::{
    Body, BodyId, Call, Callee, Case, Expr, Note, Op, Pc, Target, Var, VarInfo, empty_body,
};
use crate::resolve::Ty;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Name};

pub(super) struct Builder<'p> {
    pub(super) program: &'p Program,
    pub(super) constructor: BodyId,
    pub(super) body: Body,
    /// Calls of functions end here when they fail.
    pub(super) failures: Vec<usize>,
}

impl<'p> Builder<'p> {
    pub(super) fn new(program: &'p Program, constructor: BodyId) -> Self {
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

    pub(super) fn emit(&mut self, op: Op, note: Note) {
        self.body.code.push(op);
        self.body.spans.push(note.at.span);
        self.body.in_loop.push(false);
        self.body.client.push(note);
    }

    pub(super) fn here(&self) -> Pc {
        self.body.code.len() as Pc
    }

    pub(super) fn var(&mut self, ty: Ty) -> Var {
        self.body.vars.push(VarInfo {
            name: Name::default(),
            ty,
            is_struct: false,
            cell: false,
        });
        self.body.vars.len() as Var - 1
    }

    pub(super) fn note(&self, id: BodyId, text: String) -> Note {
        Note {
            at: self.program.bodies[id.0 as usize].declared(),
            text,
            ends: None,
            assumption: String::new(),
            lets_go: String::new(),
            guess: false,
            part: false,
        }
    }

    pub(super) fn name(&self, id: BodyId) -> String {
        self.program.bodies[id.0 as usize].simple_name().to_owned()
    }

    /// A call of `id` with `first` arguments given and the others unknown; its results go to new variables.
    pub(super) fn call(
        &mut self,
        id: BodyId,
        mut args: Vec<Expr>,
        method: bool,
    ) -> (Call, Vec<Var>) {
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
    pub(super) fn must(&mut self, id: BodyId, args: Vec<Expr>, method: bool) -> Vec<Var> {
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

    /// Another caller calls `id`, or the owner runs it as a part of the value.
    pub(super) fn start(&mut self, id: BodyId, receiver: &Expr, part: bool) {
        let (call, _) = self.call(id, vec![receiver.clone()], true);
        let mut note = self.note(id, format!("`{}` is called", self.name(id)));
        note.part = part;
        let call = Call {
            dests: Vec::new(),
            ..call
        };
        self.emit(Op::Go(call), note);
    }

    /// Whatever a call returned is used in ways nobody sees.
    pub(super) fn keep(&mut self, results: &[Var], callee: BodyId) {
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
    pub(super) fn only_if_nil(&mut self, var: Var, nil: bool, note: &Note) {
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

    pub(super) fn construct(&mut self) -> Vec<Var> {
        let params: Vec<Expr> = self.body.params.iter().map(|p| Expr::Var(*p)).collect();
        let method = self.program.bodies[self.constructor.0 as usize].method;
        let results = self.must(self.constructor, params, method);
        let note = self.note(self.constructor, String::new());
        if let Some(first) = results.first() {
            self.only_if_nil(*first, false, &note);
        }
        results
    }
}

pub(super) fn receive(ch: Expr) -> Op {
    Op::Recv {
        ch,
        ch_span: Span::default(),
        dests: [Target::Ignore, Target::Ignore],
        range: false,
    }
}

pub(super) fn case_on(ch: Expr) -> Case {
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
pub(super) fn idle_case(target: Pc) -> Case {
    Case {
        target,
        ..case_on(Expr::Never)
    }
}
