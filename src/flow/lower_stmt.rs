//! Statements to operations (Go spec, "Statements").

use super::ir::{Case, Expr, JumpKind, Op, Pc, Target, Var};
use super::lower::{Entity, Exit, Lowerer};
use crate::package::GoVersion;
use crate::resolve::Ty;
use crate::source::Span;
use crate::syntax::ast::{
    self, AssignOp, BinaryOp, Block, Decl, ExprId, Name, SelectClause, Stmt, StmtId, SwitchClause,
    UnaryOp, ValueSpec,
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
            Stmt::Continue(label) => {
                let target = self.exit(label.as_ref(), true).and_then(|e| e.continue_to);
                match target {
                    Some(target) => self.emit_at(span, Op::Jump(target, JumpKind::Plain)),
                    None => self.top().body.partial = true,
                }
            }
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

    fn expr_stmt(&mut self, id: ExprId) {
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

    fn return_stmt(&mut self, values: &[ExprId], span: Span) {
        let results = self.top().body.results.clone();
        let values: Vec<Expr> = if let [call] = values
            && results.len() > 1
        {
            // `return f()` with several results.
            let temps: Vec<Var> = results.iter().map(|_| self.temp(Ty::Unknown)).collect();
            self.call(*call, temps.iter().map(|t| Target::Var(*t)).collect());
            temps.into_iter().map(Expr::Var).collect()
        } else {
            values.iter().map(|v| self.expr(*v)).collect()
        };
        self.emit_at(span, Op::Return(values));
    }

    fn exit(&mut self, label: Option<&Name>, looping: bool) -> Option<Exit> {
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

    fn break_stmt(&mut self, label: Option<&Name>, span: Span) {
        let target = self.exit(label, false);
        match target {
            // Only a break out of a loop leaves anything a partner could still do.
            Some(Exit {
                break_to,
                continue_to,
                ..
            }) => {
                let kind = if continue_to.is_some() {
                    JumpKind::Break
                } else {
                    JumpKind::Plain
                };
                self.emit_at(span, Op::Jump(break_to, kind));
            }
            None => self.top().body.partial = true,
        }
    }

    fn goto_label(&mut self, name: &Name) -> Pc {
        if let Some(label) = self.top().goto_labels.get(name) {
            return *label;
        }
        let label = self.label();
        self.top().goto_labels.insert(name.clone(), label);
        label
    }

    fn local_decl(&mut self, decl: &Decl) {
        match decl {
            Decl::Value(spec) if spec.is_const => self.local_const(spec),
            Decl::Value(spec) => self.var_spec(spec),
            Decl::Type(spec) => {
                let id = crate::resolve::TypeId(self.package.types.len() as u32);
                self.package.types.push(crate::resolve::TypeDef {
                    name: spec.name.clone(),
                    underlying: Ty::Unknown,
                    methods: rustc_hash::FxHashMap::default(),
                });
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

    fn local_const(&mut self, spec: &ValueSpec) {
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

    fn var_spec(&mut self, spec: &ValueSpec) {
        let explicit = spec.ty.map(|ty| self.type_of(ty));
        if spec.values.is_empty() {
            for (name, span) in &spec.names {
                let ty = explicit.clone().unwrap_or(Ty::Unknown);
                let var = self.declare(name, ty.clone());
                self.emit_at(*span, Op::Set(Target::Var(var), Expr::Zero(ty, *span)));
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

    fn assign(&mut self, lhs: &[ExprId], op: AssignOp, rhs: &[ExprId], span: Span) {
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

    fn assign_each(&mut self, lhs: &[ExprId], op: AssignOp, rhs: &[ExprId], span: Span) {
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
    fn targets(
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

    /// An expression with several results (call, receive with ok, assertion, map index) into `targets`.
    fn multi(&mut self, source: ExprId, targets: Vec<Target>) {
        let span = self.ast().expr_span(source);
        match self.ast().expr(source) {
            ast::Expr::Call(..) => self.call(source, targets),
            ast::Expr::Unary(UnaryOp::Recv, ch) => {
                let mut targets = targets.into_iter();
                let dests = [
                    targets.next().unwrap_or(Target::Ignore),
                    targets.next().unwrap_or(Target::Ignore),
                ];
                self.receive(*ch, dests, span);
            }
            ast::Expr::TypeAssert(base, _) => {
                let value = self.expr(*base);
                let mut targets = targets.into_iter();
                if let Some(target) = targets.next() {
                    self.emit_at(span, Op::Set(target, value));
                }
                for target in targets {
                    self.emit(Op::Set(target, Expr::Fresh(span)));
                }
            }
            _ => {
                self.expr(source);
                for target in targets {
                    self.emit_at(span, Op::Set(target, Expr::Fresh(span)));
                }
            }
        }
    }

    fn if_stmt(&mut self, init: Option<StmtId>, cond: ExprId, then: &Block, els: Option<StmtId>) {
        if let Some(init) = init {
            self.stmt(init);
        }
        let (yes, no, end) = (self.label(), self.label(), self.label());
        self.at(self.ast().expr_span(cond));
        self.branch(cond, yes, no);
        self.place(yes);
        self.block(then);
        self.jump(end);
        self.place(no);
        if let Some(els) = els {
            self.stmt(els);
        }
        self.place(end);
    }

    fn switch(
        &mut self,
        init: Option<StmtId>,
        tag: Option<ExprId>,
        clauses: &[SwitchClause],
        span: Span,
    ) {
        let label = self.top().pending_label.take();
        if let Some(init) = init {
            self.stmt(init);
        }
        let tag = tag.map(|tag| {
            let ty = self.value_type(tag);
            let value = self.expr(tag);
            let temp = self.temp(ty);
            self.emit_at(span, Op::Set(Target::Var(temp), value));
            temp
        });
        let end = self.label();
        let bodies: Vec<Pc> = clauses.iter().map(|_| self.label()).collect();
        for (clause, body) in clauses.iter().zip(&bodies) {
            for id in &clause.exprs {
                let next = self.label();
                match tag {
                    Some(tag) => {
                        let value = self.expr(*id);
                        let text = self.ast().expr_span(*id);
                        let equal = Expr::Binary(
                            BinaryOp::Eq,
                            Box::new(Expr::Var(tag)),
                            Box::new(value),
                            text,
                        );
                        self.emit_at(text, Op::Branch(equal, *body, next));
                    }
                    None => self.branch(*id, *body, next),
                }
                self.place(next);
            }
        }
        let default = clauses.iter().position(|c| c.is_default);
        let otherwise = default.map_or(end, |i| bodies[i]);
        self.jump(otherwise);
        self.clauses(clauses, &bodies, end, label, |_, _| {});
    }

    /// The bodies of a switch: each ends the switch unless it ends with `fallthrough`.
    fn clauses(
        &mut self,
        clauses: &[SwitchClause],
        bodies: &[Pc],
        end: Pc,
        label: Option<Name>,
        enter: impl Fn(&mut Self, &SwitchClause),
    ) {
        self.top().exits.push(Exit {
            label,
            break_to: end,
            continue_to: None,
        });
        for (i, clause) in clauses.iter().enumerate() {
            self.place(bodies[i]);
            self.scoped(|this| {
                enter(this, clause);
                this.stmts(&clause.body);
            });
            let falls = clause
                .body
                .last()
                .is_some_and(|s| matches!(self.ast().stmt(*s), Stmt::Fallthrough));
            let next = if falls {
                bodies.get(i + 1).copied().unwrap_or(end)
            } else {
                end
            };
            self.jump(next);
        }
        self.top().exits.pop();
        self.place(end);
    }

    fn type_switch(
        &mut self,
        init: Option<StmtId>,
        bind: Option<&Name>,
        subject: ExprId,
        clauses: &[SwitchClause],
    ) {
        let label = self.top().pending_label.take();
        if let Some(init) = init {
            self.stmt(init);
        }
        let value = self.expr(subject);
        let end = self.label();
        let bodies: Vec<Pc> = clauses.iter().map(|_| self.label()).collect();
        let mut targets = bodies.clone();
        if !clauses.iter().any(|c| c.is_default) {
            targets.push(end);
        }
        self.emit(Op::Choose(targets));
        self.clauses(clauses, &bodies, end, label, |this, clause| {
            let Some(name) = bind else { return };
            let ty = match clause.exprs.as_slice() {
                [one] => this.type_of(*one),
                _ => Ty::Unknown,
            };
            let var = this.declare(name, ty);
            this.emit(Op::Set(Target::Var(var), value.clone()));
        });
    }

    fn select(&mut self, clauses: &[SelectClause], span: Span) {
        let label = self.top().pending_label.take();
        let end = self.label();
        let mut cases = Vec::new();
        let mut default = None;
        let mut bodies = Vec::new();
        for clause in clauses {
            let target = self.label();
            let mut bindings = Vec::new();
            match clause.comm {
                None => default = Some(target),
                Some(comm) => {
                    if let Some(case) = self.select_case(comm, clause.span, target, &mut bindings) {
                        cases.push(case);
                    }
                }
            }
            bodies.push((target, bindings, clause));
        }
        self.emit_at(span, Op::Select { cases, default });
        self.top().exits.push(Exit {
            label,
            break_to: end,
            continue_to: None,
        });
        for (target, bindings, clause) in bodies {
            self.place(target);
            self.scoped(|this| {
                for (name, var) in bindings {
                    this.bind(&name, Entity::Var(var));
                }
                this.stmts(&clause.body);
            });
            self.jump(end);
        }
        self.top().exits.pop();
        self.place(end);
    }

    fn select_case(
        &mut self,
        comm: StmtId,
        clause: Span,
        target: Pc,
        bindings: &mut Vec<(Name, Var)>,
    ) -> Option<Case> {
        let file = self.ast();
        let span = file.stmt_span(comm);
        self.at(span);
        let (recv, lhs, op) = match file.stmt(comm) {
            Stmt::Send(ch, value) => {
                let ch_span = file.expr_span(*ch);
                let (ch, value) = (self.expr(*ch), self.expr(*value));
                let dests = [Target::Ignore, Target::Ignore];
                return Some(Case {
                    send: true,
                    ch,
                    ch_span,
                    value,
                    dests,
                    target,
                    span,
                    clause,
                });
            }
            Stmt::Expr(e) => (*e, &[][..], AssignOp::Assign),
            Stmt::Assign(lhs, op, rhs) => (*rhs.first()?, lhs.as_slice(), *op),
            _ => {
                self.top().body.partial = true;
                return None;
            }
        };
        let ast::Expr::Unary(UnaryOp::Recv, ch) = file.expr(recv) else {
            self.top().body.partial = true;
            return None;
        };
        let ty = self.value_type(recv);
        let ch_span = file.expr_span(*ch);
        let ch = self.expr(*ch);
        let (targets, fresh) = self.scoped(|this| this.targets(lhs, op, &[ty, Ty::Bool]));
        bindings.extend(fresh);
        let mut targets = targets.into_iter();
        let dests = [
            targets.next().unwrap_or(Target::Ignore),
            targets.next().unwrap_or(Target::Ignore),
        ];
        Some(Case {
            send: false,
            ch,
            ch_span,
            value: Expr::Nil,
            dests,
            target,
            span,
            clause,
        })
    }

    fn per_iteration(&self) -> bool {
        // Go 1.22 gave each iteration its own variables.
        self.go
            >= GoVersion {
                major: 1,
                minor: 22,
            }
    }

    fn for_stmt(
        &mut self,
        init: Option<StmtId>,
        cond: Option<ExprId>,
        post: Option<StmtId>,
        body: &Block,
    ) {
        let label = self.top().pending_label.take();
        if let Some(init) = init {
            self.stmt(init);
        }
        let loop_vars: Vec<Var> = self
            .top()
            .scopes
            .last()
            .into_iter()
            .flat_map(|scope| scope.values())
            .filter_map(|e| {
                if let Entity::Var(v) = e {
                    Some(*v)
                } else {
                    None
                }
            })
            .collect();
        let (head, start, next, end) = (self.label(), self.label(), self.label(), self.label());
        self.top().loop_depth += 1;
        self.place(head);
        match cond {
            Some(cond) => {
                self.at(self.ast().expr_span(cond));
                let from = self.top().body.code.len() as Pc;
                self.branch(cond, start, end);
                let to = self.top().body.code.len() as Pc;
                self.top().body.loop_conds.extend(from..to);
            }
            None => self.jump(start),
        }
        self.place(start);
        self.loop_body(label, end, next, body);
        self.place(next);
        if self.per_iteration() {
            let mut loop_vars = loop_vars;
            loop_vars.sort_unstable();
            for var in loop_vars {
                self.emit(Op::Renew(var));
            }
        }
        if let Some(post) = post {
            self.stmt(post);
        }
        self.jump(head);
        self.top().loop_depth -= 1;
        self.place(end);
    }

    fn loop_body(&mut self, label: Option<Name>, end: Pc, next: Pc, body: &Block) {
        self.top().exits.push(Exit {
            label,
            break_to: end,
            continue_to: Some(next),
        });
        self.block(body);
        self.top().exits.pop();
    }

    fn range(
        &mut self,
        key: Option<ExprId>,
        value: Option<ExprId>,
        define: bool,
        subject: ExprId,
        body: &Block,
        span: Span,
    ) {
        let label = self.top().pending_label.take();
        let ty = self.value_type(subject);
        let kind = self.package.underlying(&ty);
        let subject_span = self.ast().expr_span(subject);
        let subject = self.expr(subject);
        let (head, start, end) = (self.label(), self.label(), self.label());
        self.at(span);
        match kind {
            Ty::Chan(_, elem) => {
                self.top().loop_depth += 1;
                self.place(head);
                let (item, ok) = (self.temp((*elem).clone()), self.temp(Ty::Bool));
                let dests = [Target::Var(item), Target::Var(ok)];
                self.emit_at(
                    span,
                    Op::Recv {
                        ch: subject,
                        ch_span: subject_span,
                        dests,
                        range: true,
                    },
                );
                self.emit(Op::Branch(Expr::Var(ok), start, end));
                self.place(start);
                self.iteration_vars(&[(key, Expr::Var(item), (*elem).clone())], define);
            }
            Ty::Func(func) => {
                // Range over a function: the function decides how often the body runs.
                let call = super::ir::Call {
                    callee: super::ir::Callee::Unknown,
                    args: vec![subject],
                    method: false,
                    dests: Vec::new(),
                };
                self.emit_at(span, Op::Call(call));
                self.top().loop_depth += 1;
                self.place(head);
                self.emit(Op::Choose(vec![start, end]));
                self.place(start);
                let types = match func.params.first() {
                    Some(Ty::Func(yield_)) => yield_.params.clone(),
                    _ => Vec::new(),
                };
                let fresh = |i: usize| {
                    (
                        Expr::Fresh(span),
                        types.get(i).cloned().unwrap_or(Ty::Unknown),
                    )
                };
                let ((a, at), (b, bt)) = (fresh(0), fresh(1));
                self.iteration_vars(&[(key, a, at), (value, b, bt)], define);
            }
            other => {
                // An array's length is part of its type.
                let (subject, ty) = match &other {
                    Ty::Array(Some(len), _) => (Expr::Int(*len), Ty::Int),
                    _ => (subject, ty),
                };
                let holder = self.temp(ty);
                self.emit_at(subject_span, Op::Set(Target::Var(holder), subject));
                let counter = self.temp(Ty::Int);
                self.emit(Op::Set(Target::Var(counter), Expr::Int(0)));
                let elem = match &other {
                    Ty::Slice(elem) | Ty::Array(_, elem) => (**elem).clone(),
                    Ty::Map(_, value) => (**value).clone(),
                    Ty::Str => Ty::Int,
                    _ => Ty::Unknown,
                };
                self.top().loop_depth += 1;
                self.place(head);
                let item = value.map(|_| self.temp(elem.clone()));
                self.emit_at(span, Op::RangeNext(holder, counter, item, start, end));
                self.place(start);
                let (key_value, key_ty) = if let Ty::Map(key, _) = &other {
                    (Expr::Fresh(span), (**key).clone())
                } else {
                    let one = Box::new(Expr::Int(1));
                    (
                        Expr::Binary(BinaryOp::Sub, Box::new(Expr::Var(counter)), one, span),
                        Ty::Int,
                    )
                };
                let item = item.map_or(Expr::Nil, Expr::Var);
                self.iteration_vars(&[(key, key_value, key_ty), (value, item, elem)], define);
            }
        }
        self.loop_body(label, end, head, body);
        self.jump(head);
        self.top().loop_depth -= 1;
        self.place(end);
    }

    fn iteration_vars(&mut self, vars: &[(Option<ExprId>, Expr, Ty)], define: bool) {
        for (id, value, ty) in vars {
            let Some(id) = id else { continue };
            match self.ast().expr(*id) {
                ast::Expr::Ident(name) if name == "_" => {}
                ast::Expr::Ident(name) if define => {
                    let name = name.clone();
                    let var = self.new_var(name.clone(), ty.clone());
                    if self.per_iteration() {
                        self.emit(Op::Declare(var));
                    }
                    self.bind(&name, Entity::Var(var));
                    self.emit(Op::Set(Target::Var(var), value.clone()));
                }
                _ => {
                    let target = self.target(*id);
                    self.emit(Op::Set(target, value.clone()));
                }
            }
        }
    }
}
