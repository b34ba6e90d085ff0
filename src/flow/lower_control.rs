//! Statements that hold statements (Go spec, "If", "Switch", "Select" and "For statements").

use super::ir::{Case, Expr, Op, Pc, Target, Var};
use super::lower::{Entity, Exit, Lowerer};
use super::lower_iterator::OverFunction;
use crate::package::GoVersion;
use crate::resolve::{FuncTy, Ty};
use crate::source::Span;
use crate::syntax::ast::{
    self, AssignOp, BinaryOp, Block, ExprId, Name, SelectClause, Stmt, StmtId, SwitchClause,
    UnaryOp,
};

impl Lowerer<'_, '_> {
    pub(super) fn if_stmt(
        &mut self,
        init: Option<StmtId>,
        cond: ExprId,
        then: &Block,
        els: Option<StmtId>,
    ) {
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

    pub(super) fn switch(
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
    pub(super) fn clauses(
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

    pub(super) fn select(&mut self, clauses: &[SelectClause], span: Span) {
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

    pub(super) fn select_case(
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

    pub(super) fn per_iteration(&self) -> bool {
        // Go 1.22 gave each iteration its own variables.
        self.package.files[self.file].go.unwrap_or(self.go)
            >= GoVersion {
                major: 1,
                minor: 22,
            }
    }

    pub(super) fn for_stmt(
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
            self.stride(post);
            self.stmt(post);
        }
        self.jump(head);
        self.top().loop_depth -= 1;
        self.place(end);
    }

    /// A loop that goes on by a number which is not a constant (`i += size`) goes on by one at least: one that stays where it
    /// is, or goes back, is not meant.
    fn stride(&mut self, post: StmtId) {
        let Stmt::Assign(_, AssignOp::Update(BinaryOp::Add), by) = self.ast().stmt(post) else {
            return;
        };
        let [by] = by.as_slice() else { return };
        // Anything else may do something, and would do it twice.
        if !matches!(
            self.ast().expr(*by),
            ast::Expr::Ident(_) | ast::Expr::Selector(..)
        ) {
            return;
        }
        let span = self.ast().expr_span(*by);
        let by = self.expr(*by);
        if !matches!(by, Expr::Var(_) | Expr::Field(..)) {
            return;
        }
        let (on, stays) = (self.label(), self.label());
        let forward = Expr::Binary(BinaryOp::Ge, Box::new(by), Box::new(Expr::Int(1)), span);
        self.emit_at(span, Op::Branch(forward, on, stays));
        self.panics(stays, on);
    }

    /// The way from `at` ends in a panic; what comes next goes on at `on`.
    pub(super) fn panics(&mut self, at: Pc, on: Pc) {
        self.place(at);
        self.emit(Op::Panic);
        self.place(on);
    }

    pub(super) fn loop_body(&mut self, label: Option<Name>, end: Pc, next: Pc, body: &Block) {
        self.top().exits.push(Exit {
            label,
            break_to: end,
            continue_to: Some(next),
        });
        self.block(body);
        self.top().exits.pop();
    }

    pub(super) fn range(
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
        if let Ty::Func(func) = &kind
            && self.is_handed_over(subject, body)
        {
            let of = OverFunction {
                key,
                value,
                define,
                subject,
                body,
                label,
                span,
            };
            let yields = yielded(func);
            self.range_over_function(&of, &yields);
            return;
        }
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
                // Range over a function out of view: it decides how often the body runs.
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
                let types = yielded(&func);
                let fresh = |i: usize| {
                    (
                        Expr::Fresh(span),
                        types.get(i).cloned().unwrap_or(Ty::Unknown),
                    )
                };
                let ((a, at), (b, bt)) = (fresh(0), fresh(1));
                self.iteration_vars(&[(key, a, at), (value, b, bt)], define);
            }
            Ty::Map(key_ty, elem) if self.is_followed_map(&ty) => {
                self.at(subject_span);
                let (map, at) = self.each_key(ty, subject, (head, start, end));
                let at = Expr::Var(at);
                let held = Expr::Index(Box::new(Expr::Var(map)), Box::new(at.clone()));
                let vars = [(key, at, (*key_ty).clone()), (value, held, (*elem).clone())];
                self.iteration_vars(&vars, define);
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
                let one = Box::new(Expr::Int(1));
                let index = Expr::Binary(BinaryOp::Sub, Box::new(Expr::Var(counter)), one, span);
                let (key_value, key_ty) = match &other {
                    Ty::Map(key, _) => (Expr::Fresh(span), (**key).clone()),
                    _ => (index, Ty::Int),
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

    /// Goes through the keys that a map has when the loop begins, but for those that are gone when their turn comes (Go spec,
    /// "For statements with range clause"): the variables that hold the map and the key.
    fn each_key(&mut self, ty: Ty, map: Expr, (head, start, end): (Pc, Pc, Pc)) -> (Var, Var) {
        let (held, keys) = (self.temp(ty), self.temp(Ty::Unknown));
        self.emit(Op::Set(Target::Var(held), map));
        let list = Expr::Keys(Box::new(Expr::Var(held)));
        self.emit(Op::Set(Target::Var(keys), list));
        let counter = self.temp(Ty::Int);
        self.emit(Op::Set(Target::Var(counter), Expr::Int(0)));
        self.top().loop_depth += 1;
        self.place(head);
        let (key, there) = (self.temp(Ty::Unknown), self.label());
        self.emit(Op::RangeNext(keys, counter, Some(key), there, end));
        self.place(there);
        let has = Expr::StillHas(Box::new(Expr::Var(held)), Box::new(Expr::Var(key)));
        self.emit(Op::Branch(has, start, head));
        self.place(start);
        (held, key)
    }

    pub(super) fn iteration_vars(&mut self, vars: &[(Option<ExprId>, Expr, Ty)], define: bool) {
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

/// The types of what a function hands to the loop over it.
fn yielded(function: &FuncTy) -> Vec<Ty> {
    match function.params.first() {
        Some(Ty::Func(body)) => body.params.clone(),
        _ => Vec::new(),
    }
}
