//! Loops over functions (Go spec, "For statements with range clause", range over function): the function is called with the
//! body of the loop.
//!
//! In: the parts of the loop. Out: the body as a literal that says whether to go on, a call of the function with it, and what
//! a `return`, or a `break` or `continue` of a loop further out, comes to behind that. Deliberately absent: bodies with
//! `defer` or `goto`, which act on the function around them; they stand where the loop stands, and are run any number of
//! times, as are loops over functions out of view.

use super::ir::{BodyId, Call, Callee, Expr, JumpKind, Op, Target, Var};
use super::lower::{Exit, Lowerer};
use crate::resolve::Ty;
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, Block, ExprId, File, Name, Stmt, StmtId};
use crate::syntax::parts::Part;

/// How the body of such a loop is left for what stands around the loop, beside ending it.
#[derive(Clone, Debug)]
pub(super) enum Leave {
    /// By `return`, with what these variables of the function around hold.
    Return(Vec<Var>, Span),
    /// By `break` to a label of the function around.
    Break(Name, Span),
    /// By `continue` to one.
    Continue(Name, Span),
}

/// A literal that is the body of a loop over a function.
#[derive(Debug, Default)]
pub(super) struct Ranged {
    /// The variable, in the function around and here, that says how the body was left.
    way: Option<(Var, Var)>,
    leaves: Vec<Leave>,
}

/// The parts of a loop over a function.
pub(super) struct OverFunction<'s> {
    pub key: Option<ExprId>,
    pub value: Option<ExprId>,
    pub define: bool,
    pub subject: ExprId,
    pub body: &'s Block,
    pub label: Option<Name>,
    pub span: Span,
}

impl Lowerer<'_, '_> {
    /// Whether a loop over a function may be one over a function in view, with a body that can be handed to it.
    pub(super) fn is_handed_over(&mut self, subject: ExprId, body: &Block) -> bool {
        let file = self.ast();
        let of = match file.expr(subject) {
            ast::Expr::Call(fun, ..) => *fun,
            _ => subject,
        };
        let elsewhere = match file.expr(of) {
            ast::Expr::Selector(base, ..) => self.package_name(*base).is_some(),
            ast::Expr::Index(base, _) => {
                matches!(file.expr(*base), ast::Expr::Selector(base, ..) if self.package_name(*base).is_some())
            }
            _ => false,
        };
        !elsewhere && !acts_on_function(file, &body.stmts)
    }

    /// A loop over a function: `yields` are the types of what it hands to the body.
    pub(super) fn range_over_function(&mut self, of: &OverFunction<'_>, yields: &[Ty]) {
        let ty = self.value_type(of.subject);
        let function = self.expr(of.subject);
        let holder = self.temp(ty);
        self.emit_at(of.span, Op::Set(Target::Var(holder), function));
        let (body, ranged) = self.ranged_body(of, yields);
        let (followed, unknown, end) = (self.label(), self.label(), self.label());
        let is_followed = Expr::Followed(Box::new(Expr::Var(holder)));
        self.emit_at(of.span, Op::Branch(is_followed, followed, unknown));
        self.place(followed);
        let call = |callee, args, dests| Call {
            callee,
            args,
            method: false,
            dests,
        };
        let (function, literal) = (Expr::Var(holder), Expr::Closure(body));
        let runs = call(
            Callee::Value(function.clone()),
            vec![literal.clone()],
            Vec::new(),
        );
        self.emit_at(of.span, Op::Call(runs));
        self.jump(end);
        // A function that nobody follows decides how often the body runs.
        self.place(unknown);
        let asks = call(Callee::Unknown, vec![function], Vec::new());
        self.emit_at(of.span, Op::Call(asks));
        let (head, start) = (self.label(), self.label());
        self.top().loop_depth += 1;
        self.place(head);
        self.emit(Op::Choose(vec![start, end]));
        self.place(start);
        let goes_on = self.temp(Ty::Bool);
        let items = yields.iter().map(|_| Expr::Fresh(of.span)).collect();
        let dests = vec![Target::Var(goes_on)];
        self.emit_at(
            of.span,
            Op::Call(call(Callee::Value(literal), items, dests)),
        );
        self.emit(Op::Branch(Expr::Var(goes_on), head, end));
        self.top().loop_depth -= 1;
        self.place(end);
        self.leave(ranged, of.span);
    }

    /// The body of a loop as a literal that is handed one turn's values, and says whether to go on.
    fn ranged_body(&mut self, of: &OverFunction<'_>, yields: &[Ty]) -> (BodyId, Ranged) {
        let id = self.open_literal("range", of.span);
        let state = self.top();
        state.body.ranged = true;
        state.ranged = Some(Ranged::default());
        state.loop_depth = 1;
        let params: Vec<Var> = yields
            .iter()
            .map(|ty| {
                let var = self.new_var(Name::default(), ty.clone());
                let body = &mut self.top().body;
                body.params.push(var);
                body.param_spans.push(of.span);
                var
            })
            .collect();
        let goes_on = self.new_var(Name::default(), Ty::Bool);
        self.top().body.results.push(goes_on);
        let wanted = [of.key, of.value];
        let vars: Vec<(Option<ExprId>, Expr, Ty)> = wanted
            .into_iter()
            .zip(params.iter().zip(yields))
            .map(|(name, (param, ty))| (name, Expr::Var(*param), ty.clone()))
            .collect();
        self.at(of.span);
        self.iteration_vars(&vars, of.define);
        let (next, end) = (self.label(), self.label());
        self.loop_body(of.label.clone(), end, next, of.body);
        self.place(next);
        self.emit(Op::Return(vec![Expr::Bool(true)]));
        self.place(end);
        self.emit(Op::Return(vec![Expr::Bool(false)]));
        let ranged = self.top().ranged.take().unwrap_or_default();
        self.close();
        (id, ranged)
    }

    /// What comes behind a loop over a function, by the way in which its body was left.
    fn leave(&mut self, ranged: Ranged, span: Span) {
        let Some((way, _)) = ranged.way else { return };
        for (index, leave) in ranged.leaves.into_iter().enumerate() {
            let (so, next) = (self.label(), self.label());
            let number = Box::new(Expr::Int(index as i64 + 1));
            let is_so = Expr::Binary(BinaryOp::Eq, Box::new(Expr::Var(way)), number, span);
            self.emit_at(span, Op::Branch(is_so, so, next));
            self.place(so);
            match leave {
                Leave::Return(values, span) => {
                    let values = values.into_iter().map(Expr::Var).collect();
                    self.leave_function(values, span);
                }
                Leave::Break(label, span) => self.break_stmt(Some(&label), span),
                Leave::Continue(label, span) => self.continue_stmt(Some(&label), span),
            }
            self.place(next);
        }
    }

    /// `return`, from a loop over a function as well.
    pub(super) fn leave_function(&mut self, values: Vec<Expr>, span: Span) {
        if self.top().ranged.is_none() {
            self.emit_at(span, Op::Return(values));
            return;
        }
        let results = self.function_results();
        let kept: Vec<Var> = values
            .into_iter()
            .zip(results)
            .map(|(value, result)| {
                let ty = self.top().body.vars[result as usize].ty.clone();
                let (outer, inner) = self.around(ty);
                self.emit_at(span, Op::Set(Target::Var(inner), value));
                outer
            })
            .collect();
        self.leave_by(Leave::Return(kept, span), span);
    }

    /// `continue`.
    pub(super) fn continue_stmt(&mut self, label: Option<&Name>, span: Span) {
        let target = self.exit(label, true).and_then(|e| e.continue_to);
        match (target, label) {
            (Some(target), _) => self.emit_at(span, Op::Jump(target, JumpKind::Plain)),
            (None, Some(label)) if self.top().ranged.is_some() => {
                self.leave_by(Leave::Continue(label.clone(), span), span);
            }
            _ => self.top().body.partial = true,
        }
    }

    /// `break`.
    pub(super) fn break_stmt(&mut self, label: Option<&Name>, span: Span) {
        match (self.exit(label, false), label) {
            // Only a break out of a loop leaves anything a partner could still do.
            (
                Some(Exit {
                    break_to,
                    continue_to,
                    ..
                }),
                _,
            ) => {
                let kind = if continue_to.is_some() {
                    JumpKind::Break
                } else {
                    JumpKind::Plain
                };
                self.emit_at(span, Op::Jump(break_to, kind));
            }
            (None, Some(label)) if self.top().ranged.is_some() => {
                self.leave_by(Leave::Break(label.clone(), span), span);
            }
            _ => self.top().body.partial = true,
        }
    }

    /// The results of the function around, where this is the body of a loop in it.
    pub(super) fn function_results(&mut self) -> Vec<Var> {
        let is_function = |level: &usize| self.fns[*level].ranged.is_none();
        let level = (0..self.fns.len()).rev().find(is_function).unwrap_or(0);
        let results = self.fns[level].body.results.clone();
        let through = |this: &mut Self, var| {
            (level + 1..this.fns.len()).fold(var, |var, inner| this.capture(inner, var))
        };
        results.into_iter().map(|var| through(self, var)).collect()
    }

    /// Ends the body of a loop over a function, and says how.
    fn leave_by(&mut self, leave: Leave, span: Span) {
        let known = self.top().ranged.as_ref().and_then(|ranged| ranged.way);
        let way = known.unwrap_or_else(|| {
            let way = self.around(Ty::Int);
            let outer = self.fns.len() - 2;
            self.emit_in(outer, Op::Set(Target::Var(way.0), Expr::Int(0)));
            way
        });
        let Some(ranged) = &mut self.top().ranged else {
            return;
        };
        ranged.way = Some(way);
        ranged.leaves.push(leave);
        let number = Expr::Int(ranged.leaves.len() as i64);
        self.emit_at(span, Op::Set(Target::Var(way.1), number));
        self.emit_at(span, Op::Return(vec![Expr::Bool(false)]));
    }

    /// A new variable of the function around the loop: there, and in the loop's body.
    fn around(&mut self, ty: Ty) -> (Var, Var) {
        let inner = self.fns.len() - 1;
        let outer = self.new_var_in(inner - 1, Name::default(), ty);
        self.emit_in(inner - 1, Op::Declare(outer));
        (outer, self.capture(inner, outer))
    }
}

/// Whether statements, but for those of literals in them, act on the function that they stand in in ways a literal cannot.
fn acts_on_function(file: &File, stmts: &[StmtId]) -> bool {
    let mut todo: Vec<StmtId> = stmts.to_vec();
    while let Some(id) = todo.pop() {
        let stmt = file.stmt(id);
        if matches!(stmt, Stmt::Defer(_) | Stmt::Goto(_)) {
            return true;
        }
        stmt.parts(&mut |part| {
            if let Part::Stmt(inner) = part {
                todo.push(inner);
            }
        });
    }
    false
}
