//! Which variables of a body are still read, per position.

use crate::flow::ir::{Body, Op, Pc, Target, Var};

/// Which variables of a body are still read, per position.
pub struct Live {
    /// Words per position.
    width: usize,
    bits: Vec<u64>,
}

impl Live {
    /// The variables that are read from a position of the body on, in order; `None` behind its end.
    pub fn at(&self, pc: Pc) -> Option<impl Iterator<Item = Var> + '_> {
        let from = pc as usize * self.width;
        let row = self.bits.get(from..from + self.width)?;
        Some(row.iter().enumerate().flat_map(|(index, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(index as Var * u64::BITS + bit)
            })
        }))
    }
}

fn set(row: &mut [u64], var: Var) {
    row[(var / u64::BITS) as usize] |= 1 << (var % u64::BITS);
}

/// Looks at `body`.
pub fn liveness(body: &Body) -> Live {
    let width = body.vars.len().div_ceil(u64::BITS as usize);
    let reads = reads(body, width);
    let mut bits = vec![0; width * (body.code.len() + 1)];
    let mut now = vec![0; width];
    let mut again = width > 0;
    while std::mem::take(&mut again) {
        for (pc, op) in body.code.iter().enumerate().rev() {
            now.fill(0);
            op.successors(pc as Pc, &mut |next| {
                let from = next as usize * width;
                if let Some(next) = bits.get(from..from + width) {
                    now.iter_mut().zip(next).for_each(|(a, b)| *a |= b);
                }
            });
            if let Op::Set(Target::Var(var), _) | Op::Declare(var) = op
                && !body.vars[*var as usize].cell
            {
                now[(*var / u64::BITS) as usize] &= !(1 << (*var % u64::BITS));
            }
            let row = pc * width..(pc + 1) * width;
            now.iter_mut()
                .zip(&reads[row.clone()])
                .for_each(|(a, b)| *a |= b);
            if now != bits[row.clone()] {
                bits[row].copy_from_slice(&now);
                again = true;
            }
        }
    }
    Live { width, bits }
}

/// What each operation itself reads.
fn reads(body: &Body, width: usize) -> Vec<u64> {
    let mut cells = vec![0; width];
    for (var, info) in body.vars.iter().enumerate() {
        if info.cell {
            set(&mut cells, var as Var);
        }
    }
    let mut reads = vec![0; width * body.code.len()];
    for (pc, op) in body.code.iter().enumerate() {
        let row = &mut reads[pc * width..(pc + 1) * width];
        match op {
            Op::Return(_) | Op::End => body.results.iter().for_each(|r| set(row, *r)),
            Op::Renew(var) => set(row, *var),
            _ => {}
        }
        let mut captures = false;
        op.exprs(&mut |e| {
            e.vars(&mut |var| set(row, var));
            e.closures(&mut |_| captures = true);
        });
        if captures {
            // A literal made here keeps what it captures.
            row.iter_mut().zip(&cells).for_each(|(a, b)| *a |= b);
        }
    }
    reads
}
