//! The lives of values and channels, told as bodies: made, used, let go.
//!
//! In: a constructor, the method that may block, the way of letting go. Out: a body with a note at each step. Deliberately
//! absent: which combinations are worth trying, which [`super::contract`] decides.

use super::Made;
use super::build::{Builder, case_on, idle_case, receive};

use super::contract::{Method, Release};
use super::made::{exported_channels, exported_functions, is_receivable, made};
use super::methods::{context_param, returned_functions};
use super::starts::waits_in_loop;
use crate::flow::filled::is_followed_map;
use crate::flow::ir::{
    Body, BodyId, Call, Callee, Case, Expr, JumpKind, LetGo, Note, Op, Pc, Target, Var,
};
use crate::library::Effect;
use crate::resolve::Ty;

impl Builder<'_> {
    pub(super) fn value(
        mut self,
        all: &[Method],
        blocked: &[BodyId],
        release: Release,
        guesses: bool,
    ) -> Body {
        let results = self.construct();
        let receiver = Expr::Receiver(Box::new(Expr::Var(results.first().copied().unwrap_or(0))));
        let unmade = self.failures.len();
        let mut unstarted = Vec::new();
        for method in all.iter().filter(|m| m.starts) {
            if waits_in_loop(self.program, method.body) {
                self.start(method.body, &receiver, false);
                continue;
            }
            let results = self.must(method.body, vec![receiver.clone()], true);
            let failed = self.failures.split_off(unmade);
            unstarted.extend(failed.into_iter().map(|check| (method.body, check)));
            self.keep(&results, method.body);
        }
        for method in all.iter().filter(|m| m.runs || m.serves) {
            self.start(method.body, &receiver, method.runs);
        }
        if !blocked.is_empty() {
            self.was_used(&receiver);
        }
        for blocked in blocked {
            self.start(*blocked, &receiver, false);
        }
        let blocked = blocked.first().copied();
        let ended = self.context_ends(release);
        let select = self.here();
        let (case, note) = self.release_case(release, blocked, ended);
        let mut cases = vec![idle_case(select + 1)];
        cases.extend(case);
        self.emit(
            Op::Select {
                cases,
                default: None,
            },
            note,
        );
        let functions = self.functions(&results);
        self.any_of(
            all.iter()
                .filter(|m| !m.starts && !m.runs)
                .map(|m| m.body)
                .collect(),
            &functions,
            &receiver,
        );
        let after = self.here();
        if let Op::Select { cases, .. } = &mut self.body.code[select as usize]
            && let Some(case) = cases.get_mut(1)
        {
            case.target = after;
        }
        let note = match release {
            Release::Method(release) => {
                let (call, results) = self.call(release, vec![receiver.clone()], true);
                let text = format!("`{}` is called", self.name(release));
                let note = self.note(release, text);
                self.emit(Op::Call(call), note.clone());
                self.keep(&results, release);
                Some(note)
            }
            Release::Returned(index) => results.get(index).map(|function| {
                let note = self.note(self.constructor, self.returned_is_called());
                self.emit(Op::Call(call_of(&Expr::Var(*function))), note.clone());
                note
            }),
            Release::Never | Release::Context | Release::Dropped => None,
        };
        if let Some(note) = note {
            // Other ways of letting go may still follow.
            let functions: Vec<Expr> = match release {
                Release::Returned(index) => {
                    let called = results.get(index).map(|var| Expr::Var(*var));
                    let others = functions.iter().filter(|f| Some(*f) != called.as_ref());
                    others.cloned().collect()
                }
                _ => functions.clone(),
            };
            let others: Vec<BodyId> = all
                .iter()
                .filter(|m| m.releases && !m.starts && Release::Method(m.body) != release)
                .map(|m| m.body)
                .collect();
            if !others.is_empty() || !functions.is_empty() {
                let next = self.here() + 1;
                self.emit(
                    Op::Select {
                        cases: vec![idle_case(next)],
                        default: None,
                    },
                    note,
                );
                self.any_of(others, &functions, &receiver);
            }
        }
        let end = self.finish();
        let releases: Vec<BodyId> = all
            .iter()
            .filter(|m| m.releases && !m.starts)
            .map(|m| m.body)
            .collect();
        for (method, check) in unstarted {
            let to = if releases.is_empty() && functions.is_empty() {
                end
            } else {
                self.unstarted(method, end, guesses)
            };
            self.fail(check, to);
            if to != end {
                self.any_of(releases.clone(), &functions, &receiver);
            }
        }
        self.body
    }

    /// For a client that lets go when the constructor's context ends: the variable with that context's channel.
    fn context_ends(&mut self, release: Release) -> Option<Var> {
        if release != Release::Context {
            return None;
        }
        let index = context_param(self.program, self.constructor)?;
        let done = self.var(Ty::Unknown);
        let note = self.note(self.constructor, String::new());
        let call = Call {
            callee: Callee::Library(Effect::ContextDone, 0),
            args: vec![Expr::Var(self.body.params[index])],
            method: true,
            dests: vec![Target::Var(done)],
        };
        self.emit(Op::Call(call), note);
        Some(done)
    }

    fn release_case(
        &self,
        release: Release,
        blocked: Option<BodyId>,
        ended: Option<Var>,
    ) -> (Option<Case>, Note) {
        match release {
            Release::Never => (None, self.note(self.constructor, String::new())),
            Release::Dropped => {
                let mut note = self.note(self.constructor, "the value is dropped".to_owned());
                "the value is dropped".clone_into(&mut note.lets_go);
                note.guess = true;
                note.ends = Some(LetGo::Silently);
                (Some(case_on(Expr::Anytime)), note)
            }
            Release::Method(release) => {
                let name = self.name(release);
                let mut note = self.note(release, format!("`{name}` is called"));
                if let Some(blocked) = blocked {
                    note.assumption =
                        format!("a call of `{}` overlaps with `{name}`", self.name(blocked));
                }
                note.lets_go = format!("nothing more is called after `{name}`");
                note.ends = Some(LetGo::Method(name));
                (Some(case_on(Expr::Anytime)), note)
            }
            Release::Returned(_) => {
                let name = self.name(self.constructor);
                let mut note = self.note(self.constructor, self.returned_is_called());
                if let Some(blocked) = blocked {
                    note.assumption = format!(
                        "a call of `{}` overlaps with that of the function that `{name}` returns",
                        self.name(blocked)
                    );
                }
                note.lets_go =
                    format!("nothing more is called after the function that `{name}` returns");
                note.ends = Some(LetGo::Returned(name));
                (Some(case_on(Expr::Anytime)), note)
            }
            Release::Context => {
                let name = self.context_name();
                let mut note = self.note(self.constructor, format!("`{name}` ends"));
                note.lets_go = match self.makes() {
                    Made::Channels(_) => {
                        format!("the caller receives no more once `{name}` has ended")
                    }
                    Made::Value(_) => format!("nothing more is called once `{name}` has ended"),
                };
                note.ends = Some(LetGo::Context(name));
                (ended.map(|done| case_on(Expr::Var(done))), note)
            }
        }
    }

    fn returned_is_called(&self) -> String {
        format!(
            "the function that `{}` returns is called",
            self.name(self.constructor)
        )
    }

    fn context_name(&self) -> String {
        context_param(self.program, self.constructor)
            .map(|i| {
                self.body.vars[self.body.params[i] as usize]
                    .name
                    .to_string()
            })
            .filter(|n| !n.is_empty() && n != "_")
            .unwrap_or_else(|| "ctx".to_owned())
    }

    /// The functions to let go by that the client got with the value: further results of the constructor, exported fields.
    fn functions(&self, results: &[Var]) -> Vec<Expr> {
        let returned = returned_functions(self.program, self.constructor);
        let mut functions: Vec<Expr> = returned
            .filter_map(|index| results.get(index).map(|var| Expr::Var(*var)))
            .collect();
        if let (Made::Value(ty), Some(value)) = (self.makes(), results.first()) {
            let fields = exported_functions(self.program, ty).into_iter();
            let of_value = |field| Expr::Field(Box::new(Expr::Var(*value)), field);
            functions.extend(fields.map(of_value));
        }
        functions
    }

    /// Callers have used the value before: what its maps hold nobody knows.
    fn was_used(&mut self, receiver: &Expr) {
        let (Made::Value(ty), Expr::Receiver(value)) = (self.makes(), receiver) else {
            return;
        };
        let Ty::Struct(fields) = &self.program.types[ty.0 as usize].underlying else {
            return;
        };
        let maps = fields
            .iter()
            .filter(|field| matches!(field.ty, Ty::Map(..)));
        for map in maps {
            let note = self.note(self.constructor, String::new());
            let field = Expr::Field(value.clone(), map.name.clone());
            let unknown = if is_followed_map(&self.program.types, &map.ty) {
                Expr::Grown(Box::new(field.clone()))
            } else {
                Expr::Solid(note.at.span)
            };
            self.emit(Op::Set(Target::Place(field), unknown), note);
        }
    }

    /// What the client could call again and again, were it to go on; channels it gets back it receives from.
    fn any_of(&mut self, callees: Vec<BodyId>, functions: &[Expr], receiver: &Expr) {
        let head = self.here();
        let note = self.note(self.constructor, String::new());
        self.emit(Op::Choose(Vec::new()), note.clone());
        let mut starts = Vec::new();
        for callee in callees {
            starts.push(self.here());
            let (call, results) = self.call(callee, vec![receiver.clone()], true);
            self.emit(Op::Call(call), note.clone());
            for result in results {
                if is_receivable(self.program, &self.body.vars[result as usize].ty) {
                    self.emit(receive(Expr::Var(result)), note.clone());
                }
            }
            self.emit(Op::Jump(head, JumpKind::Plain), note.clone());
        }
        for function in functions {
            starts.push(self.here());
            self.emit(Op::Call(call_of(function)), note.clone());
            self.emit(Op::Jump(head, JumpKind::Plain), note.clone());
        }
        if let Made::Value(ty) = self.makes() {
            for field in exported_channels(self.program, ty) {
                starts.push(self.here());
                let Expr::Receiver(value) = receiver else {
                    continue;
                };
                self.emit(receive(Expr::Field(value.clone(), field)), note.clone());
                self.emit(Op::Jump(head, JumpKind::Plain), note.clone());
            }
        }
        if starts.is_empty() {
            starts.push(head);
        }
        self.body.code[head as usize] = Op::Choose(starts);
    }

    fn makes(&self) -> Made {
        made(
            self.program,
            &self.program.bodies[self.constructor.0 as usize],
        )
        .unwrap_or(Made::Channels(0))
    }

    pub(super) fn channels(mut self, count: usize) -> Body {
        let results = self.construct();
        let release = if context_param(self.program, self.constructor).is_some() {
            Release::Context
        } else {
            Release::Never
        };
        let ended = self.context_ends(release);
        let select = self.here();
        let (case, mut note) = self.release_case(release, None, ended);
        let leave = case.unwrap_or_else(|| {
            "the caller stops receiving".clone_into(&mut note.text);
            "the caller stops receiving".clone_into(&mut note.lets_go);
            note.guess = true;
            note.ends = Some(LetGo::Silently);
            case_on(Expr::Anytime)
        });
        let mut cases: Vec<Case> = results
            .iter()
            .take(count)
            .map(|r| Case {
                target: select,
                ..case_on(Expr::Var(*r))
            })
            .collect();
        cases.push(Case {
            target: select + 1,
            ..leave
        });
        self.emit(
            Op::Select {
                cases,
                default: None,
            },
            note,
        );
        self.finish();
        self.body
    }

    /// Ends the body: whoever failed goes to its end.
    fn finish(&mut self) -> Pc {
        let end = self.here();
        let note = self.note(self.constructor, String::new());
        self.emit(Op::End, note);
        for check in std::mem::take(&mut self.failures) {
            self.fail(check, end);
        }
        end
    }

    /// Has whoever fails at a check go on at `to`.
    fn fail(&mut self, check: usize, to: Pc) {
        if let Op::Branch(_, _, no) = &mut self.body.code[check] {
            *no = to;
        }
    }

    /// What the client comes to where a method that starts the value has failed: it may let go of it all the same, in what
    /// follows here. That it does not is a guess.
    fn unstarted(&mut self, method: BodyId, end: Pc, guesses: bool) -> Pc {
        let here = self.here();
        let name = self.name(method);
        let mut note = self.note(method, format!("`{name}` has failed"));
        note.lets_go = format!("nothing more is called after `{name}` has failed");
        note.guess = true;
        note.ends = Some(LetGo::Unstarted);
        let mut cases = vec![idle_case(here + 1)];
        if guesses {
            cases.push(Case {
                target: end,
                ..case_on(Expr::Anytime)
            });
        }
        let select = Op::Select {
            cases,
            default: None,
        };
        self.emit(select, note);
        here
    }
}

/// A call of a function value that takes nothing.
fn call_of(function: &Expr) -> Call {
    Call {
        callee: Callee::Value(function.clone()),
        args: Vec::new(),
        method: false,
        dests: Vec::new(),
    }
}
