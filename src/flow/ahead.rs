//! What comes next: for each position of a body, the first operation that stays, and which branches decide about it.
//!
//! In: a body and which of its operations stay. Out: [`Ahead`]. A branch decides when its sides come to different
//! operations first; a branch that decides stays, and is then itself what comes next before it. That is the placement of
//! φ-functions on the reversed control flow graph, with the operations that stay as definitions (Cytron et al. 1991).

use super::ir::{Body, Op, Pc};

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing, ever: a loop without a way out.
    Nothing,
    /// This operation.
    Op(Pc),
    /// A way out of the body that is like any other: by the operation there.
    Exit(Pc),
    /// The end of the program.
    Dead,
}

/// What comes next from each position of a body on, the operation there included.
#[derive(Clone, Debug, Default)]
pub struct Ahead {
    /// Per position.
    pub next: Vec<Next>,
    /// The branches on which it depends, in order.
    pub deciding: Vec<Pc>,
}

/// Looks ahead in `body`. `stays` says which operations stay, `dies` where the program ends; the end of the body and every
/// `return` that does not stay are the same way out. Nobody needs to decide whether to go where the program ends.
pub fn look_ahead(body: &Body, stays: &[bool], dies: &dyn Fn(&Op) -> bool) -> Ahead {
    let mut labels: Vec<Option<Next>> = vec![None; body.code.len()];
    // Loops that never come to anything have no label when the others have settled.
    settle(body, stays, dies, &mut labels);
    for label in &mut labels {
        label.get_or_insert(Next::Nothing);
    }
    settle(body, stays, dies, &mut labels);
    let next: Vec<Next> = labels
        .into_iter()
        .map(|label| label.unwrap_or(Next::Nothing))
        .collect();
    let deciding = (0..body.code.len())
        .filter(|pc| !stays[*pc] && next[*pc] == Next::Op(*pc as Pc))
        .map(|pc| pc as Pc)
        .collect();
    Ahead { next, deciding }
}

/// Rounds after which a branch that has decided once goes on doing so, should labels not settle before.
const ROUNDS: u32 = 32;

fn settle(body: &Body, stays: &[bool], dies: &dyn Fn(&Op) -> bool, labels: &mut [Option<Next>]) {
    let mut round = 0;
    let mut again = true;
    while std::mem::take(&mut again) {
        round += 1;
        for pc in (0..body.code.len()).rev() {
            let here = Some(Next::Op(pc as Pc));
            let label = match &body.code[pc] {
                _ if stays[pc] => here,
                op if dies(op) => Some(Next::Dead),
                Op::Return(_) | Op::End => Some(Next::Exit(pc as Pc)),
                _ if round > ROUNDS && labels[pc] == here => here,
                op => meet(op, pc as Pc, labels),
            };
            if label != labels[pc] {
                labels[pc] = label;
                again = true;
            }
        }
    }
}

/// What comes after `op`, which does not stay: the same on all sides, or `op` itself.
fn meet(op: &Op, pc: Pc, labels: &[Option<Next>]) -> Option<Next> {
    let mut met = None;
    let mut differs = false;
    op.successors(pc, &mut |to| {
        let Some(Some(label)) = labels.get(to as usize) else {
            return;
        };
        met = Some(match (met, *label) {
            (Some(Next::Exit(a)), Next::Exit(b)) => Next::Exit(a.min(b)),
            (Some(Next::Dead), label) => label,
            (Some(before), Next::Dead) => before,
            (Some(before), label) if before != label => {
                differs = true;
                before
            }
            (_, label) => label,
        });
    });
    if differs { Some(Next::Op(pc)) } else { met }
}
