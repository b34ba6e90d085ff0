//! Questions that several goroutines ask of one value: `for !stop.HasFired()` here and in a literal beside it.
//!
//! What a method of another package answers nobody follows; but two who ask the same value get the same answer until
//! something is done to it. So a question that a function and its literals ask of a variable they share becomes the
//! reading of a field, and a call of another of its methods a write to that field. Deliberately absent: questions of one
//! body alone, which is how iterators are used; values that are used in any other way, or handed on.

use super::facts::Slot;
use super::ir::{Body, BodyId, Call, Callee, Expr, Op, Target, Var};
use super::lower_expr::may_hold;
use crate::source::Span;
use crate::syntax::ast::Name;
use std::sync::Arc;

/// A use of a variable, by the body and position it stands at.
type Place = (usize, usize, Var);

/// Turns the questions that are shared into fields; says whether there are any.
pub(super) fn name_questions(bodies: &mut [Arc<Body>]) -> bool {
    let mut any = false;
    let asking = asking_families(bodies);
    for index in 0..bodies.len() {
        if !asking[outermost(bodies, index)] || !traits(&bodies[index]).may_ask {
            continue;
        }
        for var in shared(&bodies[index]).collect::<Vec<_>>() {
            if let Some(uses) = Uses::of(bodies, index, var) {
                any |= uses.apply(bodies);
            }
        }
    }
    any
}

/// What a body by itself has to do with questions.
struct Traits {
    /// Whether it calls a method of a variable by its name alone.
    asks: bool,
    /// See [`may_ask`].
    may_ask: bool,
}

fn traits(body: &Body) -> &Traits {
    body.known(Slot::Questions, |body| Traits {
        asks: body.code.iter().any(is_question),
        may_ask: may_ask(body),
    })
}

/// Whether an operation calls a method of a variable by its name alone.
fn is_question(op: &Op) -> bool {
    let receiver = |call: &Call| match call.args.first() {
        Some(Expr::Receiver(receiver)) => matches!(**receiver, Expr::Var(_)),
        _ => false,
    };
    matches!(op, Op::Call(call) if matches!(call.callee, Callee::Named(_)) && receiver(call))
}

/// Per function, by the number of its body, whether anything is asked in it or one of its literals.
fn asking_families(bodies: &[Arc<Body>]) -> Vec<bool> {
    let mut asking = vec![false; bodies.len()];
    for (index, body) in bodies.iter().enumerate() {
        if traits(body).asks {
            asking[outermost(bodies, index)] = true;
        }
    }
    asking
}

/// The function that a body is, or stands in.
fn outermost(bodies: &[Arc<Body>], mut index: usize) -> usize {
    while let Some(parent) = bodies[index].parent {
        index = parent.0 as usize;
    }
    index
}

/// The variables that a body shares with its literals, and not with the body it stands in.
fn shared(body: &Body) -> impl Iterator<Item = Var> + use<'_> {
    let own = |var: &Var| body.captures.iter().all(|(_, own)| own != var);
    (0..body.vars.len() as Var)
        .filter(move |var| body.vars[*var as usize].cell)
        .filter(own)
}

/// Whether a body does nothing but ask and act with any of the variables that it shares, whatever its literals do.
fn may_ask(body: &Body) -> bool {
    shared(body).any(|var| {
        let mut uses = Uses::default();
        let mut code = body.code.iter().enumerate();
        code.all(|(pc, op)| uses.note((0, pc, var), op).is_some())
    })
}

/// What is done to a variable, where nothing else is.
#[derive(Default)]
struct Uses {
    questions: Vec<(Place, Name)>,
    acts: Vec<Place>,
    written: usize,
}

impl Uses {
    /// The uses of `var` in the body at `index` and its literals, where each is a question or an act.
    fn of(bodies: &[Arc<Body>], index: usize, var: Var) -> Option<Self> {
        let mut uses = Self::default();
        let mut todo = vec![(index, var)];
        while let Some((index, var)) = todo.pop() {
            for (pc, op) in bodies[index].code.iter().enumerate() {
                uses.note((index, pc, var), op)?;
                op.exprs(&mut |e| {
                    e.closures(&mut |literal| todo.extend(inside(bodies, literal, var)));
                });
            }
        }
        (uses.written <= 1).then_some(uses)
    }

    /// Files one operation; `None` where it does something else with the variable.
    fn note(&mut self, place: Place, op: &Op) -> Option<()> {
        let var = place.2;
        op.writes(&mut |written| self.written += usize::from(written == var));
        if let Op::Call(call) = op
            && let Callee::Named(name) = &call.callee
            && let [Expr::Receiver(receiver), args @ ..] = call.args.as_slice()
            && **receiver == Expr::Var(var)
            && !args.iter().any(may_hold)
        {
            match call.dests.as_slice() {
                [] | [Target::Ignore] => self.acts.push(place),
                [Target::Var(_)] if args.is_empty() => self.questions.push((place, name.clone())),
                _ => return None,
            }
            return Some(());
        }
        let mut other = false;
        op.exprs(&mut |e| e.vars(&mut |read| other |= read == var));
        (!other).then_some(())
    }

    /// Rewrites the calls, where one question is asked in several bodies and no other anywhere.
    fn apply(self, bodies: &mut [Arc<Body>]) -> bool {
        let Some(((first, ..), question)) = self.questions.first() else {
            return false;
        };
        let one = self.questions.iter().all(|(_, name)| name == question);
        let several = self.questions.iter().any(|((body, ..), _)| body != first);
        if !one || !several {
            return false;
        }
        let answer = Name::from(format!("{question}()"));
        let field = |var| Expr::Field(Box::new(Expr::Var(var)), answer.clone());
        for ((body, pc, var), _) in &self.questions {
            let op = &mut Body::changed(&mut bodies[*body]).code[*pc];
            if let Op::Call(call) = op
                && let Some(dest) = call.dests.pop()
            {
                *op = Op::Set(dest, field(*var));
            }
        }
        for (body, pc, var) in self.acts {
            let span: Span = bodies[body].spans[pc];
            let body = Body::changed(&mut bodies[body]);
            body.code[pc] = Op::Set(Target::Place(field(var)), Expr::Fresh(span));
        }
        true
    }
}

/// The literal and what it calls a variable of the body it stands in, if it captures that.
fn inside(bodies: &[Arc<Body>], literal: BodyId, var: Var) -> Option<(usize, Var)> {
    let index = literal.0 as usize;
    let captured = bodies[index]
        .captures
        .iter()
        .find(|(outer, _)| *outer == var);
    captured.map(|(_, own)| (index, *own))
}
