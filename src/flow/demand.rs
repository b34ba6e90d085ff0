//! Which bodies that were left out have to be read after all.
//!
//! A body that does nothing by itself is read only where it is handed something that may hold a primitive, or is used as a
//! value: it may hand that on, return it, or look at a field that decides what its caller does. One that may do something
//! by itself is read where it is called. In: bodies as they were lowered. Out: the functions to read. Every other call of
//! such a function is one of which only the results count.

use super::holds::{Holds, expr_holds, holding_vars};
use super::ir::{Body, Call, Callee, Expr, Op};
use crate::resolve::{FuncId, Package};
use crate::syntax::ast::{Elided, Name};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// The functions of `package` without bodies that `bodies` hand something to.
pub(super) fn wanted(package: &Package<'_>, bodies: &[Body]) -> BTreeSet<FuncId> {
    let mut demand = Demand {
        elided: FxHashMap::default(),
        by_name: FxHashMap::default(),
        wanted: BTreeSet::new(),
    };
    for (index, func) in package.funcs.iter().enumerate() {
        if let Some(elided) = func.decl.elided {
            let id = FuncId(index as u32);
            demand.elided.insert(id, elided);
            let methods = demand.by_name.entry(func.decl.name.clone()).or_default();
            methods.push(id);
        }
    }
    if demand.elided.is_empty() {
        return BTreeSet::new();
    }
    let holds = holding_vars(bodies, &package.types);
    demand.look(bodies, &holds);
    demand.wanted
}

struct Demand {
    elided: FxHashMap<FuncId, Elided>,
    by_name: FxHashMap<Name, Vec<FuncId>>,
    wanted: BTreeSet<FuncId>,
}

impl Demand {
    fn look(&mut self, bodies: &[Body], holds: &Holds) {
        for (body, holds) in bodies.iter().zip(holds) {
            for op in &body.code {
                match op {
                    Op::Call(call) | Op::Defer(call) => self.call(call, holds, false),
                    Op::Go(call) => self.call(call, holds, true),
                    _ => {}
                }
                op.exprs(&mut |e| self.values(e));
            }
        }
    }

    fn want(&mut self, id: FuncId) {
        if self.elided.contains_key(&id) {
            self.wanted.insert(id);
        }
    }

    fn call(&mut self, call: &Call, holds: &[bool], starts: bool) {
        let handed = call.args.iter().any(|arg| expr_holds(arg, holds));
        match &call.callee {
            Callee::Body(body) => {
                let id = FuncId(body.0);
                if starts || handed || self.elided.get(&id) == Some(&Elided::Active) {
                    self.want(id);
                }
            }
            // Whose method it is turns out only in a search.
            Callee::Named(name) if handed => {
                for id in self.by_name.get(name).cloned().unwrap_or_default() {
                    self.want(id);
                }
            }
            _ => {}
        }
    }

    /// Functions that are used as values may be called with anything.
    fn values(&mut self, expr: &Expr) {
        if let Expr::Func(id) | Expr::Method(_, id) = expr {
            self.want(*id);
        }
        expr.children(&mut |child| self.values(child));
    }
}
