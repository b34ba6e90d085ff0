//! Simple statements to operations (Go spec, "Statements"): assignments, declarations, jumps.

use super::ir::{Expr, JumpKind, Op, Pc, Target, Var};
use super::lower::{Entity, Exit, Lowerer};
use crate::resolve::Ty;
use crate::source::Span;
use crate::syntax::ast::{
    self, AssignOp, BinaryOp, Decl, ExprId, Name, Stmt, StmtId, UnaryOp, ValueSpec,
};

impl Lowerer<'_, '_> {
    pub fn stmt(&mut self, id: StmtId) {
        let file = self.ast();
        let span = file.stmt_span(id);
        self.at(span);
        match file.stmt(id) {
            Stmt::Bad => self.top().body.partial = true,
            Stmt::Empty | Stmt::Fallthrough => {}
            Stmt::Expr(e) => self.expr_stmt(*e),
            Stmt::Send(ch, value) => {
                let ch_span = file.expr_span(*ch);
                let ch = self.expr(*ch);
                let value = self.expr(*value);
                self.emit_at(span, Op::Send(ch, ch_span, value));
            }
            Stmt::IncDec(target, up) => {
                let value = self.expr(*target);
                let op = if *up { BinaryOp::Add } else { BinaryOp::Sub };
                let target = self.target(*target);
                self.emit_at(
                    span,
                    Op::Set(
                        target,
                        Expr::Binary(op, Box::new(value), Box::new(Expr::Int(1)), span),
                    ),
                );
            }
            Stmt::Assign(lhs, op, rhs) => self.assign(lhs, *op, rhs, span),
            Stmt::Go(call) => self.go_or_defer(*call, span, true),
            Stmt::Defer(call) => self.go_or_defer(*call, span, false),
            Stmt::Return(values) => self.return_stmt(values, span),
            Stmt::Break(label) => self.break_stmt(label.as_ref(), span),
            Stmt::Continue(label) => self.continue_stmt(label.as_ref(), span),
            Stmt::Goto(name) => {
                let label = self.goto_label(name);
                self.emit_at(span, Op::Jump(label, JumpKind::Goto));
            }
            Stmt::Block(block) => self.block(block),
            Stmt::If {
                init,
                cond,
                then,
                els,
            } => {
                let (init, cond, els) = (*init, *cond, *els);
                self.scoped(|this| this.if_stmt(init, cond, then, els));
            }
            Stmt::Switch { init, tag, clauses } => {
                let (init, tag) = (*init, *tag);
                self.scoped(|this| this.switch(init, tag, clauses, span));
            }
            Stmt::TypeSwitch {
                init,
                bind,
                subject,
                clauses,
            } => {
                let (init, subject) = (*init, *subject);
                let bind = bind.as_ref().map(|(name, _)| name.clone());
                self.scoped(|this| this.type_switch(init, bind.as_ref(), subject, clauses));
            }
            Stmt::Select(clauses) => self.select(clauses, span),
            Stmt::For {
                init,
                cond,
                post,
                body,
            } => {
                let (init, cond, post) = (*init, *cond, *post);
                self.scoped(|this| this.for_stmt(init, cond, post, body));
            }
            Stmt::Range {
                key,
                value,
                define,
                subject,
                body,
            } => {
                let (key, value, define, subject) = (*key, *value, *define, *subject);
                self.scoped(|this| this.range(key, value, define, subject, body, span));
            }
            Stmt::Labeled(name, inner) => {
                let label = self.goto_label(name);
                self.place(label);
                self.top().pending_label = Some(name.clone());
                self.stmt(*inner);
                self.top().pending_label = None;
            }
            Stmt::Decl(decls) => {
                for decl in decls {
                    self.local_decl(decl);
                }
            }
        }
    }

    pub(super) fn expr_stmt(&mut self, id: ExprId) {
        match self.ast().expr(id) {
            ast::Expr::Call(..) => self.call(id, Vec::new()),
            ast::Expr::Unary(UnaryOp::Recv, ch) => {
                self.receive(
                    *ch,
                    [Target::Ignore, Target::Ignore],
                    self.ast().expr_span(id),
                );
            }
            _ => {
                self.expr(id);
            }
        }
    }

    pub fn receive(&mut self, ch: ExprId, dests: [Target; 2], span: Span) {
        let ch_span = self.ast().expr_span(ch);
        let ch = self.expr(ch);
        self.receive_from(ch, ch_span, dests, span);
    }

    pub(super) fn receive_from(&mut self, ch: Expr, ch_span: Span, dests: [Target; 2], span: Span) {
        self.emit_at(
            span,
            Op::Recv {
                ch,
                ch_span,
                dests,
                range: false,
            },
        );
    }

    pub(super) fn return_stmt(&mut self, values: &[ExprId], span: Span) {
        let results = self.function_results();
        let values: Vec<Expr> = if values.is_empty() {
            // What the named results hold is returned.
            results.into_iter().map(Expr::Var).collect()
        } else if let [call] = values
            && results.len() > 1
        {
            // `return f()` with several results.
            let temps: Vec<Var> = results.iter().map(|_| self.temp(Ty::Unknown)).collect();
            self.call(*call, temps.iter().map(|t| Target::Var(*t)).collect());
            temps.into_iter().map(Expr::Var).collect()
        } else {
            values.iter().map(|v| self.expr(*v)).collect()
        };
        self.leave_function(values, span);
    }

    pub(super) fn exit(&mut self, label: Option<&Name>, looping: bool) -> Option<Exit> {
        self.top()
            .exits
            .iter()
            .rev()
            .find(|e| {
                label.is_none_or(|l| e.label.as_ref() == Some(l))
                    && (!looping || e.continue_to.is_some())
            })
            .map(|e| Exit {
                label: None,
                break_to: e.break_to,
                continue_to: e.continue_to,
            })
    }

    pub(super) fn goto_label(&mut self, name: &Name) -> Pc {
        if let Some(label) = self.top().goto_labels.get(name) {
            return *label;
        }
        let label = self.label();
        self.top().goto_labels.insert(name.clone(), label);
        label
    }

    pub(super) fn local_decl(&mut self, decl: &Decl) {
        match decl {
            Decl::Value(spec) if spec.is_const => self.local_const(spec),
            Decl::Value(spec) => self.var_spec(spec),
            Decl::Type(spec) => {
                let id = self.new_type(&spec.name);
                if !spec.is_alias {
                    self.bind(&spec.name, Entity::Type(Ty::Named(id)));
                }
                let ty = self.type_of(spec.ty);
                if spec.is_alias {
                    self.bind(&spec.name, Entity::Type(ty));
                } else {
                    self.package.types[id.0 as usize].underlying = ty;
                }
            }
            Decl::Func(_) => {}
        }
    }

    pub(super) fn local_const(&mut self, spec: &ValueSpec) {
        for (i, (name, _)) in spec.names.iter().enumerate() {
            let value = spec
                .values
                .get(i)
                .and_then(|v| self.constant(*v, i64::from(spec.iota)));
            if let Some(value) = value {
                self.bind(name, Entity::Const(value));
            } else {
                let var = self.declare(name, Ty::Unknown);
                self.emit(Op::Set(Target::Var(var), Expr::Fresh(spec.span)));
            }
        }
    }

    pub(super) fn var_spec(&mut self, spec: &ValueSpec) {
        let explicit = spec.ty.map(|ty| self.type_of(ty));
        if spec.values.is_empty() {
            for (name, span) in &spec.names {
                let ty = explicit.clone().unwrap_or(Ty::Unknown);
                let var = self.declare(name, ty.clone());
                let zero = self.zero_value(ty, *span);
                self.emit_at(*span, Op::Set(Target::Var(var), zero));
            }
            return;
        }
        if spec.values.len() == spec.names.len() {
            let values: Vec<(Expr, Ty)> = spec
                .values
                .iter()
                .map(|v| (self.expr(*v), self.value_type(*v)))
                .collect();
            for ((name, _), (value, ty)) in spec.names.iter().zip(values) {
                let var = self.declare(name, explicit.clone().unwrap_or(ty));
                self.emit_at(spec.span, Op::Set(Target::Var(var), value));
            }
            return;
        }
        let types = self.tuple_types(spec.values[0], spec.names.len());
        let vars: Vec<Var> = spec
            .names
            .iter()
            .zip(types)
            .map(|((name, _), ty)| self.new_var(name.clone(), explicit.clone().unwrap_or(ty)))
            .collect();
        for var in &vars {
            self.emit(Op::Declare(*var));
        }
        self.multi(
            spec.values[0],
            vars.iter().map(|v| Target::Var(*v)).collect(),
        );
        for ((name, _), var) in spec.names.iter().zip(vars) {
            self.bind(name, Entity::Var(var));
        }
    }

    pub(super) fn assign(&mut self, lhs: &[ExprId], op: AssignOp, rhs: &[ExprId], span: Span) {
        match op {
            AssignOp::Update(op) => {
                let left = self.expr(lhs[0]);
                let right = rhs.first().map_or(Expr::Fresh(span), |r| self.expr(*r));
                let target = self.target(lhs[0]);
                self.emit_at(
                    span,
                    Op::Set(
                        target,
                        Expr::Binary(op, Box::new(left), Box::new(right), span),
                    ),
                );
            }
            _ if lhs.len() == rhs.len() => self.assign_each(lhs, op, rhs, span),
            _ => {
                let Some(source) = rhs.first() else { return };
                let types = self.tuple_types(*source, lhs.len());
                let (targets, fresh) = self.targets(lhs, op, &types);
                self.multi(*source, targets);
                for (name, var) in fresh {
                    self.bind(&name, Entity::Var(var));
                }
            }
        }
    }

    pub(super) fn assign_each(&mut self, lhs: &[ExprId], op: AssignOp, rhs: &[ExprId], span: Span) {
        // A receive or call on its own writes its target directly, so that the operation carries it.
        if let ([source], ast::Expr::Call(..) | ast::Expr::Unary(UnaryOp::Recv, _)) =
            (rhs, self.ast().expr(rhs[0]))
        {
            let ty = self.value_type(*source);
            let (targets, fresh) = self.targets(lhs, op, &[ty]);
            self.multi(*source, targets);
            for (name, var) in fresh {
                self.bind(&name, Entity::Var(var));
            }
            return;
        }
        let types: Vec<Ty> = rhs.iter().map(|r| self.value_type(*r)).collect();
        let mut values: Vec<Expr> = rhs.iter().map(|r| self.expr(*r)).collect();
        if values.len() > 1 {
            // All operands are read before any is written (Go spec, "Assignment statements").
            for (value, ty) in values.iter_mut().zip(&types) {
                let temp = self.temp(ty.clone());
                self.emit(Op::Set(
                    Target::Var(temp),
                    std::mem::replace(value, Expr::Var(temp)),
                ));
            }
        }
        let (targets, fresh) = self.targets(lhs, op, &types);
        for (target, value) in targets.into_iter().zip(values) {
            self.emit_at(span, Op::Set(target, value));
        }
        for (name, var) in fresh {
            self.bind(&name, Entity::Var(var));
        }
    }

    /// The targets of an assignment, and the variables that `:=` declares (to be bound after the right side is read).
    pub(super) fn targets(
        &mut self,
        lhs: &[ExprId],
        op: AssignOp,
        types: &[Ty],
    ) -> (Vec<Target>, Vec<(Name, Var)>) {
        let mut fresh = Vec::new();
        let mut targets = Vec::new();
        for (i, id) in lhs.iter().enumerate() {
            let ast::Expr::Ident(name) = self.ast().expr(*id) else {
                targets.push(self.target(*id));
                continue;
            };
            let name = name.clone();
            let declared_here = self
                .top()
                .scopes
                .last()
                .is_some_and(|s| s.contains_key(&name));
            if op == AssignOp::Define && name != "_" && !declared_here {
                let var = self.new_var(name.clone(), types.get(i).cloned().unwrap_or(Ty::Unknown));
                self.emit(Op::Declare(var));
                fresh.push((name, var));
                targets.push(Target::Var(var));
            } else {
                targets.push(self.target(*id));
            }
        }
        (targets, fresh)
    }
}
