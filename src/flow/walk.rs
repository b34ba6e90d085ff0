//! A walk along the ways through a body.
//!
//! In: where it starts, and what is made of each operation that it comes to. Out: whether it came to one that was looked for.
//! Deliberately absent: what variables hold; every way is taken.

use super::ir::{Body, Op, Pc};

/// What a walk makes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walk {
    /// It goes on behind it.
    On,
    /// It does not go this way.
    Back,
    /// It has found what it looks for.
    Found,
}

impl Body {
    /// Goes all ways from `start` on and comes to each operation once; whether `visit` found anything. Nothing is there
    /// behind the last operation.
    pub(crate) fn walk(&self, start: Pc, mut visit: impl FnMut(Pc, &Op) -> Walk) -> bool {
        let mut seen = vec![false; self.code.len()];
        let mut todo = vec![start];
        while let Some(pc) = todo.pop() {
            let Some(op) = self.code.get(pc as usize) else {
                continue;
            };
            if std::mem::replace(&mut seen[pc as usize], true) {
                continue;
            }
            match visit(pc, op) {
                Walk::On => op.successors(pc, &mut |next| todo.push(next)),
                Walk::Back => {}
                Walk::Found => return true,
            }
        }
        false
    }
}
