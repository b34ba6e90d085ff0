//! Pipes: `io.Pipe`, and library functions that read from one of its ends or write to the other, also through what is
//! wrapped around it.
//!
//! In: such a call. Out: a pipe is a channel without room, and both ends stand for it; a read is a receive, a write a send. What
//! wraps an end stands for the pipe as well. How much a read takes of what is written nobody knows, so a read to the end is a
//! loop, and whoever reads or writes just once may be served by what came before (`solve::stuck`). Deliberately absent: functions that
//! are not listed, which may do anything to what they are handed, and wrappers that are types of the package.

use super::holds::PIPE_ENDS;
use super::ir::{Call, Callee, Expr, JumpKind, Op, Target, Var};
use super::lower::Lowerer;
use super::lower_later::is_kept;
use crate::library::{Effect, Fact};
use crate::resolve::Ty;
use crate::source::Span;
use crate::syntax::ast::{self, ExprId, Name};

/// Types of the standard library to which one writes without ever failing.
const ALWAYS_WRITES: [(&str, &str); 3] = [
    ("bytes", "Buffer"),
    ("strings", "Builder"),
    ("hash", "Hash"),
];

/// Variables of the standard library to which one writes without ever failing.
const DISCARD: [&str; 2] = ["io.Discard", "io/ioutil.Discard"];

/// What a call reads from or writes to.
#[derive(Clone, Debug)]
struct End {
    /// The pipe; nothing where it is none.
    pipe: Option<Expr>,
    /// Whether it is certain that nothing is done to a pipe.
    idle: bool,
    /// Its source text.
    text: Span,
    /// Whether a read from it fails only where there is nothing more to read.
    direct: bool,
    /// Whether a write to it may fail by itself.
    fails: bool,
}

impl Lowerer<'_, '_> {
    /// What is known of a library function here.
    pub(super) fn fact_of_function(&self, path: &str, name: &str) -> Option<&Fact> {
        self.library.function(path, name, self.has_pipes)
    }

    /// What is known of a library method here.
    pub(super) fn fact_of_method(&self, path: &str, ty: &str, name: &str) -> Option<&Fact> {
        let fact = self.library.method(path, ty, name, self.has_pipes);
        // Behind an interface there may be a type of the package, whose method says more.
        fact.filter(|fact| {
            let interface = path == "io" && !is_end(path, ty);
            !fact.effect.is_about_pipes() || !interface || !self.has_own_method(name)
        })
    }

    fn has_own_method(&self, name: &str) -> bool {
        let mut types = self.package.types.iter();
        types.any(|ty| ty.methods.contains_key(name))
    }

    /// A call that is about pipes; `texts` are the texts of its receiver, if it is a method, and of its arguments.
    pub(super) fn pipe_call(&mut self, call: Call, fun: ExprId, texts: &[(Ty, Span)], span: Span) {
        let Callee::Library(effect, argument) = call.callee else {
            return;
        };
        let of = if call.method { 0 } else { argument as usize };
        let mut ends = vec![self.end(&call, of, texts)];
        if effect == Effect::PipeCopy {
            ends = vec![self.end(&call, 0, texts), self.end(&call, 1, texts)];
        }
        if effect != Effect::Pipe && ends.iter().all(|end| end.pipe.is_none() && !end.idle) {
            let call = self.without_pipes(call, fun);
            self.emit_at(span, Op::Call(call));
            return;
        }
        let writes = matches!(
            effect,
            Effect::PipeWrite | Effect::PipeWriteAll | Effect::PipePart
        );
        // What is written is looked at and not kept.
        let others = call.args.iter().enumerate().filter(|(index, _)| {
            let end = match effect {
                Effect::PipeCopy => ends.get(*index),
                _ => ends.first().filter(|_| *index == of),
            };
            end.map_or(!writes, |end| end.pipe.is_none() && !end.idle)
        });
        let others = others.map(|(_, arg)| arg.clone()).collect();
        self.give_away(others, span);
        let dests = call.dests;
        match (effect, ends.as_slice()) {
            (Effect::Pipe, _) => self.make_pipe(&dests, span),
            (Effect::PipeWrap, [end]) => self.wrap(end, &dests, span),
            (Effect::PipePart, [end]) => self.part(end, &dests, span),
            (Effect::PipeWrite, [end]) => {
                let ok = is_kept(&dests).then(|| self.temp(Ty::Bool));
                self.write_to(end, ok, span);
                self.outcome(ok, Expr::Nil, &dests, span);
            }
            (Effect::PipeWriteAll, [end]) => self.write_all(end, false, &dests, span),
            (Effect::PipeRead, [end]) => {
                let ok = self.read_from(end, false, span);
                let error = if end.direct {
                    Expr::Nil
                } else {
                    Expr::Fresh(span)
                };
                self.outcome(Some(ok), error, &dests, span);
            }
            (Effect::PipeScan, [end]) => {
                let ok = self.read_from(end, false, span);
                if let Some(dest) = dests.first() {
                    self.emit_at(span, Op::Set(dest.clone(), Expr::Var(ok)));
                }
            }
            (Effect::PipeReadAll, [end]) => self.read_all(end, None, &dests, span),
            (Effect::PipeCopy, [to, from]) if from.pipe.is_none() => {
                self.write_all(to, true, &dests, span);
            }
            (Effect::PipeCopy, [to, from]) => self.read_all(from, Some(to), &dests, span),
            _ => {}
        }
    }

    /// The same for a call that is started or deferred: a literal that makes it, with arguments of now.
    pub(super) fn pipe_call_later(
        &mut self,
        call: Call,
        fun: ExprId,
        texts: &[(Ty, Span)],
        span: Span,
    ) -> Call {
        let mut kept: Vec<Var> = Vec::new();
        for (arg, (ty, _)) in call.args.iter().zip(texts) {
            let holder = self.temp(ty.clone());
            self.emit_at(span, Op::Set(Target::Var(holder), arg.clone()));
            kept.push(holder);
        }
        let literal = self.made_up_literal("pipe", span, |this, inner| {
            let args = kept.iter().map(|var| Expr::Var(inner(this, *var)));
            let args = args.collect();
            this.pipe_call(Call { args, ..call }, fun, texts, span);
        });
        Call {
            callee: Callee::Value(Expr::Closure(literal)),
            args: Vec::new(),
            method: false,
            dests: Vec::new(),
        }
    }

    /// A call of a function that has to do with no pipe after all.
    fn without_pipes(&mut self, call: Call, fun: ExprId) -> Call {
        let fact = match self.ast().expr(fun) {
            ast::Expr::Selector(base, name, _) => self
                .package_name(*base)
                .and_then(|path| self.library.function(&path, name, false)),
            _ => None,
        };
        let callee = fact.map_or(Callee::Unknown, |fact| {
            Callee::Library(fact.effect, fact.argument as u32)
        });
        Call { callee, ..call }
    }

    /// The types and texts of the receiver, if there is one, and of the arguments of a call.
    pub(super) fn texts_of(
        &mut self,
        fun: ExprId,
        args: &[ExprId],
        method: bool,
    ) -> Vec<(Ty, Span)> {
        let receiver = match self.ast().expr(fun) {
            ast::Expr::Selector(base, ..) if method => Some(*base),
            _ => None,
        };
        let all = receiver.into_iter().chain(args.iter().copied());
        all.map(|id| (self.value_type(id), self.ast().expr_span(id)))
            .collect()
    }

    /// What a call reads from or writes to as its argument `index`.
    fn end(&self, call: &Call, index: usize, texts: &[(Ty, Span)]) -> End {
        let (ty, text) = texts
            .get(index)
            .cloned()
            .unwrap_or((Ty::Unknown, Span::default()));
        let base = match &ty {
            Ty::Ptr(inner) => self.package.underlying(inner),
            _ => self.package.underlying(&ty),
        };
        let mut end = End {
            pipe: None,
            idle: false,
            text,
            direct: false,
            fails: true,
        };
        let arg = call.args.get(index).filter(|arg| **arg != Expr::Nil);
        let Some(arg) = arg else {
            return end;
        };
        if matches!(arg, Expr::Global(name) if DISCARD.contains(&name.as_str())) {
            (end.fails, end.idle) = (false, true);
            return end;
        }
        let Ty::Ext(path, name) = &base else {
            // A type of the package has a method that is not looked at here, unless it is that of an embedded end.
            let promoted = call.method && index == 0;
            let leads = promoted || matches!(base, Ty::Unknown | Ty::Interface);
            end.pipe = leads.then(|| Expr::Pipe(Box::new(arg.clone()), false));
            return end;
        };
        let is_writer = ALWAYS_WRITES.contains(&(path, name));
        end.fails = !is_writer;
        // What is written to something with a buffer stays there until that is flushed.
        let write = self.library.method(path, name, "Write", true);
        let keeps = !call.method && write.is_some_and(|fact| fact.effect == Effect::Inert);
        if is_writer || keeps {
            end.idle = true;
            return end;
        }
        end.direct = path == "io" || path == "bufio";
        let exact = is_end(path, name);
        end.pipe = Some(Expr::Pipe(Box::new(arg.clone()), exact));
        end
    }

    /// A new pipe, and both its ends.
    fn make_pipe(&mut self, dests: &[Target], span: Span) {
        let pipe = self.temp(end_type(PIPE_ENDS[0]));
        let made = Expr::MakeChan(Box::new(Expr::Nil), span, Span::default());
        self.emit_at(span, Op::Set(Target::Var(pipe), made));
        for dest in dests {
            self.emit_at(span, Op::Set(dest.clone(), Expr::Var(pipe)));
        }
    }

    /// What wraps an end stands for it.
    fn wrap(&mut self, end: &End, dests: &[Target], span: Span) {
        let Some(pipe) = &end.pipe else {
            self.unknown_results(dests, span);
            return;
        };
        let [value, error] = dests else {
            if let [value] = dests {
                self.emit_at(span, Op::Set(value.clone(), pipe.clone()));
            }
            return;
        };
        let (made, failed, done) = (self.label(), self.label(), self.label());
        self.emit_at(span, Op::Choose(vec![made, failed]));
        self.place(made);
        self.emit_at(span, Op::Set(value.clone(), pipe.clone()));
        self.emit_at(span, Op::Set(error.clone(), Expr::Nil));
        self.jump(done);
        self.place(failed);
        self.emit_at(span, Op::Set(value.clone(), Expr::Nil));
        self.emit_at(span, Op::Set(error.clone(), Expr::Solid(span)));
        self.place(done);
    }

    /// Something is written, and more can be written to what is returned.
    fn part(&mut self, end: &End, dests: &[Target], span: Span) {
        let ok = self.temp(Ty::Bool);
        self.write_to(end, Some(ok), span);
        let (value, rest) = dests.split_first().unzip();
        let pipe = end.pipe.clone().unwrap_or(Expr::Fresh(span));
        if let Some(value) = value {
            self.emit_at(span, Op::Set(value.clone(), pipe));
        }
        self.outcome(Some(ok), Expr::Nil, rest.unwrap_or_default(), span);
    }

    /// Nobody knows what a call returns.
    fn unknown_results(&mut self, dests: &[Target], span: Span) {
        for dest in dests {
            self.emit_at(span, Op::Set(dest.clone(), Expr::Fresh(span)));
        }
    }

    /// One write; `ok` is whether it was taken.
    fn write_to(&mut self, end: &End, ok: Option<Var>, span: Span) {
        let Some(pipe) = &end.pipe else {
            if let Some(ok) = ok {
                let value = if end.fails {
                    Expr::Fresh(span)
                } else {
                    Expr::Bool(true)
                };
                self.emit_at(span, Op::Set(Target::Var(ok), value));
            }
            return;
        };
        self.emit_at(span, Op::Send(pipe.clone(), end.text, Expr::Fresh(span)));
        if let Some(ok) = ok {
            let open = Expr::Has(Box::new(pipe.clone()));
            self.emit_at(span, Op::Set(Target::Var(ok), open));
        }
    }

    /// One read, to the end or of what comes next; the result is whether anything came.
    fn read_from(&mut self, end: &End, all: bool, span: Span) -> Var {
        let ok = self.temp(Ty::Bool);
        let op = match &end.pipe {
            Some(pipe) => Op::Recv {
                ch: pipe.clone(),
                ch_span: end.text,
                dests: [Target::Ignore, Target::Var(ok)],
                range: all,
            },
            None => Op::Set(Target::Var(ok), Expr::Fresh(span)),
        };
        self.emit_at(span, op);
        ok
    }

    /// Results that nobody knows, and last the error: this where all went well.
    fn outcome(&mut self, ok: Option<Var>, error: Expr, dests: &[Target], span: Span) {
        let Some((last, others)) = dests.split_last() else {
            return;
        };
        self.unknown_results(others, span);
        let (Some(ok), true) = (ok, *last != Target::Ignore) else {
            return;
        };
        let (well, failed, done) = (self.label(), self.label(), self.label());
        self.emit_at(span, Op::Branch(Expr::Var(ok), well, failed));
        self.place(well);
        self.emit_at(span, Op::Set(last.clone(), error));
        self.jump(done);
        self.place(failed);
        self.emit_at(span, Op::Set(last.clone(), Expr::Solid(span)));
        self.place(done);
    }

    /// Writes as often as there is something to write; `copies` says whether looking for that may fail.
    fn write_all(&mut self, end: &End, copies: bool, dests: &[Target], span: Span) {
        let (head, more, out, failed, done) = (
            self.label(),
            self.label(),
            self.label(),
            self.label(),
            self.label(),
        );
        let ok = self.temp(Ty::Bool);
        self.top().loop_depth += 1;
        self.place(head);
        self.emit_at(span, Op::Choose(vec![more, out]));
        self.place(more);
        self.write_to(end, Some(ok), span);
        self.emit_at(span, Op::Branch(Expr::Var(ok), head, failed));
        self.top().loop_depth -= 1;
        let (error, others) = error_last(dests);
        self.place(out);
        if let Some(error) = error {
            let value = if copies { Expr::Fresh(span) } else { Expr::Nil };
            self.emit_at(span, Op::Set(error.clone(), value));
        }
        self.jump(done);
        self.place(failed);
        if let Some(error) = error {
            self.emit_at(span, Op::Set(error.clone(), Expr::Solid(span)));
        }
        self.place(done);
        self.unknown_results(others, span);
    }

    /// Reads until nothing more comes; what comes is written to `to`, where that may fail.
    fn read_all(&mut self, from: &End, to: Option<&End>, dests: &[Target], span: Span) {
        let (head, some, out, failed, done) = (
            self.label(),
            self.label(),
            self.label(),
            self.label(),
            self.label(),
        );
        self.top().loop_depth += 1;
        self.place(head);
        let came = self.read_from(from, true, span);
        self.emit_at(span, Op::Branch(Expr::Var(came), some, out));
        self.place(some);
        if let Some(to) = to {
            let ok = self.temp(Ty::Bool);
            self.write_to(to, Some(ok), span);
            self.emit_at(span, Op::Branch(Expr::Var(ok), head, failed));
        } else {
            self.emit(Op::Jump(head, JumpKind::Plain));
        }
        self.top().loop_depth -= 1;
        self.place(out);
        // Who closed the pipe may have said why.
        self.unknown_results(dests, span);
        self.jump(done);
        self.place(failed);
        let (error, others) = error_last(dests);
        self.unknown_results(others, span);
        if let Some(error) = error {
            self.emit_at(span, Op::Set(error.clone(), Expr::Solid(span)));
        }
        self.place(done);
    }
}

/// Where the error goes, which is returned last, and where the other results do.
fn error_last(dests: &[Target]) -> (Option<&Target>, &[Target]) {
    dests
        .split_last()
        .map_or((None, dests), |(error, others)| (Some(error), others))
}

/// The type of an end of a pipe.
fn end_type(name: &'static str) -> Ty {
    Ty::Ptr(std::sync::Arc::new(Ty::Ext(
        Name::new_static("io"),
        Name::new_static(name),
    )))
}

/// The types of what a function that makes a pipe returns.
pub(super) fn pipe_types() -> Vec<Ty> {
    PIPE_ENDS.map(end_type).to_vec()
}

/// Whether a type is that of an end of a pipe.
fn is_end(path: &str, name: &str) -> bool {
    path == "io" && PIPE_ENDS.contains(&name)
}

/// Whether a call is about pipes, and no close, which is one of a channel.
pub(super) fn is_about_pipes(call: &Call) -> bool {
    matches!(call.callee, Callee::Library(effect, _) if effect.is_about_pipes())
}

/// The close of an end: that of a channel.
pub(super) fn close_end(call: &mut Call, text: Span) {
    if let Callee::Library(Effect::PipeClose, _) = call.callee {
        call.args.truncate(1);
        let end = call.args.pop().unwrap_or(Expr::Nil);
        call.args.push(Expr::Pipe(Box::new(end), true));
        call.method = false;
        call.callee = Callee::Close(text);
    }
}
