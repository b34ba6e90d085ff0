//! Which bodies need a summary, and an order in which few are worked out twice.

use crate::flow::ir::BodyId;
use crate::flow::{Links, Program};
use rustc_hash::FxHashMap;

/// The bodies whose code may run when `roots` do, by name where a call is resolved by name alone.
pub(super) fn needed(program: &Program, roots: &[BodyId]) -> Vec<bool> {
    let mut needed = vec![false; program.bodies.len()];
    let mut todo: Vec<usize> = roots.iter().map(|r| r.0 as usize).collect();
    let mut by_name = None;
    while let Some(index) = todo.pop() {
        if std::mem::replace(&mut needed[index], true) {
            continue;
        }
        let links = Links::of(&program.bodies[index]);
        let bodies = links.calls.iter().chain(&links.closures);
        todo.extend(bodies.chain(&links.functions).map(|id| id.0 as usize));
        for name in &links.named {
            let by_name = by_name.get_or_insert_with(|| bodies_by_name(program));
            todo.extend(by_name.get(name.as_str()).into_iter().flatten());
        }
    }
    needed
}

/// Bodies by the last part of their name.
fn bodies_by_name(program: &Program) -> FxHashMap<&str, Vec<usize>> {
    let mut by_name: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (index, body) in program.bodies.iter().enumerate() {
        by_name.entry(body.simple_name()).or_default().push(index);
    }
    by_name
}

/// Which bodies use the summary of each body.
pub(super) fn dependents(program: &Program) -> Vec<Vec<usize>> {
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); program.bodies.len()];
    for (index, body) in program.bodies.iter().enumerate() {
        let links = Links::of(body);
        let used = links.calls.iter().chain(&links.closures);
        for used in used.chain(&links.functions) {
            let by = &mut dependents[used.0 as usize];
            if by.last() != Some(&index) {
                by.push(index);
            }
        }
    }
    dependents
}

/// All bodies, each after those whose summaries it uses, as far as they do not use its own.
pub(super) fn callees_first(dependents: &[Vec<usize>]) -> Vec<usize> {
    let mut uses: Vec<Vec<usize>> = vec![Vec::new(); dependents.len()];
    for (used, by) in dependents.iter().enumerate() {
        by.iter().for_each(|user| uses[*user].push(used));
    }
    uses_first(&uses)
}

/// All numbers, each after those that it uses (`uses` lists them), as far as they do not use it.
pub fn uses_first(uses: &[Vec<usize>]) -> Vec<usize> {
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
