//! Which bodies need a summary, and an order in which few are worked out twice.

use crate::flow::Program;
use crate::flow::ir::{BodyId, Callee, Expr, Op};
use rustc_hash::FxHashMap;

/// The bodies whose code may run when `roots` do, by name where a call is resolved by name alone.
pub(super) fn needed(program: &Program, roots: &[BodyId]) -> Vec<bool> {
    let mut needed = vec![false; program.bodies.len()];
    let mut todo: Vec<usize> = roots.iter().map(|r| r.0 as usize).collect();
    let mut by_name: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (index, body) in program.bodies.iter().enumerate() {
        by_name
            .entry(body.name.rsplit('.').next().unwrap_or_default())
            .or_default()
            .push(index);
    }
    while let Some(index) = todo.pop() {
        if std::mem::replace(&mut needed[index], true) {
            continue;
        }
        for op in &program.bodies[index].code {
            if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op {
                match &call.callee {
                    Callee::Body(body) => todo.push(body.0 as usize),
                    Callee::Named(name) => {
                        todo.extend(by_name.get(name.as_str()).into_iter().flatten());
                    }
                    _ => {}
                }
            }
            op.exprs(&mut |e| {
                e.closures(&mut |b| todo.push(b.0 as usize));
                functions(e, &mut |f| todo.push(f));
            });
        }
    }
    needed
}

/// Functions and methods of the package that an expression uses as values.
fn functions(expr: &Expr, f: &mut impl FnMut(usize)) {
    match expr {
        Expr::Func(func) | Expr::Method(_, func) => f(func.0 as usize),
        Expr::Struct(_, fields, ..) => fields.iter().for_each(|(_, v)| functions(v, f)),
        Expr::Slice(values) | Expr::Append(_, values) => {
            values.iter().for_each(|v| functions(v, f));
        }
        _ => {}
    }
}

/// Which bodies use the summary of each body.
pub(super) fn dependents(program: &Program) -> Vec<Vec<usize>> {
    let mut dependents: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    for (index, body) in program.bodies.iter().enumerate() {
        for op in &body.code {
            if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op
                && let Callee::Body(callee) = call.callee
            {
                dependents.entry(callee.0 as usize).or_default().push(index);
            }
            op.exprs(&mut |e| {
                e.closures(&mut |b| dependents.entry(b.0 as usize).or_default().push(index));
                if let Expr::Method(_, func) = e {
                    dependents.entry(func.0 as usize).or_default().push(index);
                }
            });
        }
    }
    (0..program.bodies.len())
        .map(|index| {
            let mut list = dependents.remove(&index).unwrap_or_default();
            list.sort_unstable();
            list.dedup();
            list
        })
        .collect()
}

/// All bodies, each after those whose summaries it uses, as far as they do not use its own.
pub(super) fn callees_first(dependents: &[Vec<usize>]) -> Vec<usize> {
    let mut uses: Vec<Vec<usize>> = vec![Vec::new(); dependents.len()];
    for (used, by) in dependents.iter().enumerate() {
        by.iter().for_each(|user| uses[*user].push(used));
    }
    let mut order = Vec::with_capacity(uses.len());
    let mut met = vec![false; uses.len()];
    let mut path: Vec<(usize, usize)> = Vec::new();
    for first in 0..uses.len() {
        if std::mem::replace(&mut met[first], true) {
            continue;
        }
        path.push((first, 0));
        while let Some((body, next)) = path.last_mut() {
            let Some(used) = uses[*body].get(*next) else {
                order.push(*body);
                path.pop();
                continue;
            };
            *next += 1;
            if !std::mem::replace(&mut met[*used], true) {
                path.push((*used, 0));
            }
        }
    }
    order
}
