//! The direct parts of expressions, statements and declarations, in source order: what every walk over a file needs.

use super::ast::{Block, Decl, Expr, ExprId, Field, Param, Signature, Stmt, StmtId};

/// A part of an expression, statement or declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// An expression or type.
    Expr(ExprId),
    /// A statement.
    Stmt(StmtId),
}

impl Expr {
    /// Visits the direct parts; of a function literal its parameter types and the statements of its body.
    pub fn parts(&self, visit: &mut dyn FnMut(Part)) {
        let mut expr = |id: &ExprId| visit(Part::Expr(*id));
        match self {
            Self::Bad | Self::Ident(_) | Self::Literal(..) => {}
            Self::Selector(inner, ..)
            | Self::Star(inner)
            | Self::Unary(_, inner)
            | Self::SliceType(inner)
            | Self::ChanType(_, inner) => expr(inner),
            Self::Binary(_, left, right) | Self::MapType(left, right) => {
                expr(left);
                expr(right);
            }
            Self::Index(base, list) | Self::Call(base, list, _) => {
                expr(base);
                list.iter().for_each(expr);
            }
            Self::Slice(base, bounds) => {
                expr(base);
                bounds.iter().flatten().for_each(expr);
            }
            Self::TypeAssert(base, ty) => {
                expr(base);
                ty.iter().for_each(expr);
            }
            Self::ArrayType(length, element) => {
                length.iter().for_each(&mut expr);
                expr(element);
            }
            Self::CompositeLit(ty, elements) => {
                ty.iter().for_each(&mut expr);
                for (key, value) in elements {
                    key.iter().for_each(&mut expr);
                    expr(value);
                }
            }
            Self::StructType(fields) => {
                fields.iter().for_each(|Field { ty, .. }| expr(ty));
            }
            Self::FuncType(signature) => types(signature, visit),
            Self::InterfaceType(methods, elements) => {
                methods.iter().for_each(|(_, s)| types(s, visit));
                elements.iter().for_each(|e| visit(Part::Expr(*e)));
            }
            Self::FuncLit(signature, body) => {
                types(signature, visit);
                statements(&body.stmts, visit);
            }
        }
    }
}

impl Stmt {
    /// Visits the direct parts.
    pub fn parts(&self, visit: &mut dyn FnMut(Part)) {
        match self {
            Self::Bad
            | Self::Empty
            | Self::Break(_)
            | Self::Continue(_)
            | Self::Goto(_)
            | Self::Fallthrough => {}
            Self::Expr(expr) | Self::IncDec(expr, _) | Self::Go(expr) | Self::Defer(expr) => {
                visit(Part::Expr(*expr));
            }
            Self::Send(channel, value) => {
                visit(Part::Expr(*channel));
                visit(Part::Expr(*value));
            }
            Self::Assign(left, _, right) => {
                left.iter().chain(right).for_each(|e| visit(Part::Expr(*e)));
            }
            Self::Return(values) => values.iter().for_each(|e| visit(Part::Expr(*e))),
            Self::Block(block) => statements(&block.stmts, visit),
            Self::Labeled(_, inner) => visit(Part::Stmt(*inner)),
            Self::Decl(decls) => decls.iter().for_each(|decl| decl.parts(visit)),
            Self::If {
                init,
                cond,
                then,
                els,
            } => {
                init.iter().for_each(|s| visit(Part::Stmt(*s)));
                visit(Part::Expr(*cond));
                statements(&then.stmts, visit);
                els.iter().for_each(|s| visit(Part::Stmt(*s)));
            }
            Self::Switch { init, tag, clauses } => {
                init.iter().for_each(|s| visit(Part::Stmt(*s)));
                tag.iter().for_each(|e| visit(Part::Expr(*e)));
                for clause in clauses {
                    clause.exprs.iter().for_each(|e| visit(Part::Expr(*e)));
                    statements(&clause.body, visit);
                }
            }
            Self::TypeSwitch {
                init,
                subject,
                clauses,
                ..
            } => {
                init.iter().for_each(|s| visit(Part::Stmt(*s)));
                visit(Part::Expr(*subject));
                for clause in clauses {
                    clause.exprs.iter().for_each(|e| visit(Part::Expr(*e)));
                    statements(&clause.body, visit);
                }
            }
            Self::Select(clauses) => {
                for clause in clauses {
                    clause.comm.iter().for_each(|s| visit(Part::Stmt(*s)));
                    statements(&clause.body, visit);
                }
            }
            Self::For {
                init,
                cond,
                post,
                body,
            } => {
                init.iter().for_each(|s| visit(Part::Stmt(*s)));
                cond.iter().for_each(|e| visit(Part::Expr(*e)));
                post.iter().for_each(|s| visit(Part::Stmt(*s)));
                statements(&body.stmts, visit);
            }
            Self::Range {
                key,
                value,
                subject,
                body,
                ..
            } => {
                key.iter().chain(value).for_each(|e| visit(Part::Expr(*e)));
                visit(Part::Expr(*subject));
                statements(&body.stmts, visit);
            }
        }
    }
}

impl Decl {
    /// Visits the direct parts; of a function its parameter types and the statements of its body.
    pub fn parts(&self, visit: &mut dyn FnMut(Part)) {
        match self {
            Self::Func(func) => {
                func.receiver.iter().for_each(|r| visit(Part::Expr(r.ty)));
                types(&func.signature, visit);
                func.body
                    .iter()
                    .for_each(|Block { stmts, .. }| statements(stmts, visit));
            }
            Self::Value(spec) => spec
                .ty
                .iter()
                .chain(&spec.values)
                .for_each(|e| visit(Part::Expr(*e))),
            Self::Type(spec) => visit(Part::Expr(spec.ty)),
        }
    }
}

fn types(signature: &Signature, visit: &mut dyn FnMut(Part)) {
    let Signature { params, results } = signature;
    for Param { ty, .. } in params.iter().chain(results) {
        visit(Part::Expr(*ty));
    }
}

fn statements(list: &[StmtId], visit: &mut dyn FnMut(Part)) {
    list.iter().for_each(|stmt| visit(Part::Stmt(*stmt)));
}
