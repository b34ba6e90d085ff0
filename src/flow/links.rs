//! Which other bodies a body leads to, by every way that code has.

use super::facts::Slot;
use super::ir::{Body, BodyId, Callee, Expr, Op};
use crate::syntax::ast::Name;

/// The bodies that a body mentions, each list in the order of the code.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// Those it calls, starts or defers.
    pub(crate) calls: Vec<BodyId>,
    /// The names of methods that it calls on values of types nobody knows.
    pub(crate) named: Vec<Name>,
    /// The literals that it makes.
    pub(crate) closures: Vec<BodyId>,
    /// The methods that it binds to a receiver, as a whole value.
    pub(crate) methods: Vec<BodyId>,
    /// The functions and methods that it uses as values, in structs and lists too.
    pub(crate) functions: Vec<BodyId>,
    /// The functions, methods and literals that are a whole value.
    pub(crate) values: Vec<BodyId>,
    /// Whether it has to do with a wait group of the package.
    pub(crate) groups: bool,
}

impl Links {
    /// Those of a body.
    pub(crate) fn of(body: &Body) -> &Self {
        body.known(Slot::Links, Self::read)
    }

    fn read(body: &Body) -> Self {
        let mut this = Self::default();
        for op in &body.code {
            if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op {
                match &call.callee {
                    Callee::Body(callee) => this.calls.push(*callee),
                    Callee::Named(name) => this.named.push(name.clone()),
                    _ => {}
                }
            }
            op.exprs(&mut |e| {
                e.closures(&mut |literal| this.closures.push(literal));
                functions(e, &mut this.functions);
                this.groups = this.groups || has_group(e);
                match e {
                    Expr::Method(_, func) => {
                        this.methods.push((*func).into());
                        this.values.push((*func).into());
                    }
                    Expr::Func(func) => this.values.push((*func).into()),
                    Expr::Closure(literal) => this.values.push(*literal),
                    _ => {}
                }
            });
        }
        this
    }
}

fn has_group(expr: &Expr) -> bool {
    let mut found = matches!(expr, Expr::Group(_));
    expr.children(&mut |child| found = found || has_group(child));
    found
}

fn functions(expr: &Expr, out: &mut Vec<BodyId>) {
    match expr {
        Expr::Func(func) | Expr::Method(_, func) => out.push((*func).into()),
        Expr::Struct(_, fields, ..) => fields.iter().for_each(|(_, v)| functions(v, out)),
        Expr::Slice(values) | Expr::Append(_, values) => {
            values.iter().for_each(|v| functions(v, out));
        }
        _ => {}
    }
}
