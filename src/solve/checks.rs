//! Checks of tests: a run in which one fails is over unless somebody asks for more, as such a test has failed already.

use super::machine::Machine;
use super::state::{Happening, Leaving, Prepared, State, Value};
use super::step::Flow;
use crate::flow::ir::{Callee, Op, Pc};
use crate::library::Effect;
use crate::syntax::ast::BinaryOp;

impl Machine<'_> {
    /// A check of a test: a run in which it fails is over, as such a test has failed already.
    pub(super) fn require(
        &self,
        state: &mut State,
        proc: usize,
        effect: Effect,
        call: &Prepared,
        argument: usize,
    ) -> Flow {
        let Some(checked) = call.args.get(argument) else {
            return Flow::Next;
        };
        let wanted = matches!(effect, Effect::RequireNil | Effect::RequireTrue);
        let taken = std::mem::take(state);
        let outcomes = match effect {
            Effect::RequireNil | Effect::RequireNonNil => {
                self.decide_comparison(taken, BinaryOp::Eq, checked, &Value::Nil, false)
            }
            _ => self.decide_truth(taken, checked),
        };
        let mut ways = Vec::new();
        for (mut after, outcome) in outcomes {
            let goes_on = outcome == wanted
                || self.exits_strand
                    && matches!(self.end_test(&mut after, proc, call.pc), Flow::Next);
            if goes_on {
                ways.push(after);
            }
        }
        match ways.len() {
            0 => Flow::Dead,
            1 => {
                *state = ways.remove(0);
                Flow::Next
            }
            _ => Flow::Fork(ways),
        }
    }

    /// A test ends here. By default that is the end of what can be said: a test that has failed strands nobody.
    pub(super) fn end_test(&self, state: &mut State, proc: usize, pc: Pc) -> Flow {
        // A test within a test ends alone; what its caller does then is not followed.
        let within = state.procs[proc].frames.iter().any(|frame| {
            let before = frame.pc.checked_sub(1).map(|at| at as usize);
            let op = before.and_then(|at| self.body(frame.body).code.get(at));
            matches!(op, Some(Op::Call(call))
                if matches!(call.callee, Callee::Library(Effect::CallTest, _)))
        });
        if !self.exits_strand || within {
            return Flow::Dead;
        }
        if let Some(frame) = state.proc_mut(proc).frames.last_mut() {
            frame.leaving = Leaving::Goexit;
        }
        self.note(state, proc, pc, Happening::Left(Leaving::Goexit), None);
        Flow::Next
    }
}
