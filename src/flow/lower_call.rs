//! Calls: built-ins, conversions, functions and methods of the package, library functions, everything else.

use super::holds::leads_to_channel;
use super::ir::{BodyId, Call, Callee, Expr, Op, Target};
use super::lower::Lowerer;
use super::lower_composite::group_type;
use super::lower_expr::fields;
use super::lower_later::{CLAIM, is_at_end, is_kept};
use super::lower_pipe::{close_end, is_about_pipes};
use crate::library::{Effect, ends_by_name};
use crate::resolve::{FuncId, Method, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, ChanDir, ExprId, Name};
use std::sync::Arc;

/// The argument a library call is about; a receiver does not count.
pub(super) fn passed(call: &Call, argument: u32) -> Expr {
    let index = argument as usize + usize::from(call.method);
    call.args.get(index).cloned().unwrap_or(Expr::Nil)
}

impl Lowerer<'_, '_> {
    /// A call in the middle of an expression.
    pub fn call_value(&mut self, id: ExprId) -> Expr {
        let span = self.ast().expr_span(id);
        let ast::Expr::Call(fun, args, spread) = self.ast().expr(id) else {
            return Expr::Fresh(span);
        };
        if let Some(value) = self.constant(id, 0) {
            return match value {
                crate::resolve::Const::Int(n) => Expr::Int(n),
                crate::resolve::Const::Bool(b) => Expr::Bool(b),
                crate::resolve::Const::Str(s) => Expr::Str(s),
            };
        }
        if let ast::Expr::Ident(name) = self.ast().expr(*fun)
            && self.is_builtin(name)
            && let Some(value) = self.builtin_value(name, args, *spread, span)
        {
            return value;
        }
        if self.is_type(*fun) {
            return args
                .first()
                .map_or(Expr::Fresh(span), |a| self.converted(id, *a, span));
        }
        let ty = self.value_type(id);
        let temp = self.temp(ty);
        self.call(id, vec![Target::Var(temp)]);
        Expr::Var(temp)
    }

    /// The value of a conversion: what is converted, but for texts made of numbers or bytes, which are new.
    fn converted(&mut self, id: ExprId, from: ExprId, span: Span) -> Expr {
        let value = self.expr(from);
        let [to, from] = [id, from].map(|expr| {
            let ty = self.value_type(expr);
            self.package.underlying(&ty)
        });
        if to == Ty::Str && matches!(from, Ty::Int | Ty::Slice(_)) {
            return Expr::Fresh(span);
        }
        value
    }

    /// Built-ins that are pure.
    fn builtin_value(
        &mut self,
        name: &str,
        args: &[ExprId],
        spread: bool,
        span: Span,
    ) -> Option<Expr> {
        match (name, args) {
            ("make", [ty, rest @ ..]) => {
                let ty = self.type_of(*ty);
                let size_span = rest
                    .first()
                    .map_or(Span::default(), |s| self.ast().expr_span(*s));
                let size = rest.first().map_or(Expr::Int(0), |s| self.expr(*s));
                Some(match self.package.underlying(&ty) {
                    Ty::Chan(..) => Expr::MakeChan(Box::new(size), span, size_span),
                    Ty::Slice(elem) if self.is_followed_in_lists(&elem) => {
                        Expr::Slots(Box::new(size), span)
                    }
                    Ty::Slice(_) => Expr::Sized(Box::new(size), span),
                    Ty::Map(..) if self.is_followed_map(&ty) => Expr::Entries(span),
                    Ty::Map(..) => Expr::Map(0, span),
                    _ => Expr::Sized(Box::new(Expr::Int(0)), span),
                })
            }
            ("new", [ty]) => match self.type_of(*ty) {
                Ty::Unknown => Some(Expr::Addr(Box::new(self.expr(*ty)))),
                ty => Some(Expr::Addr(Box::new(self.zero_value(ty, span)))),
            },
            ("append", [base, rest @ ..]) if spread => {
                let (base, rest) = (
                    self.expr(*base),
                    rest.iter().map(|r| self.expr(*r)).collect(),
                );
                // However many elements there are: a sum nobody follows.
                self.give_away(rest, span);
                self.give_away(vec![base], span);
                Some(Expr::Append(Box::new(Expr::Fresh(span)), Vec::new()))
            }
            ("append", [base, rest @ ..]) => {
                let base = self.expr(*base);
                let values = rest.iter().map(|r| self.expr(*r)).collect();
                Some(Expr::Append(Box::new(base), values))
            }
            ("len", [base]) if self.array_length(*base).is_some() => {
                self.array_length(*base).map(Expr::Int)
            }
            ("len", [base]) => Some(Expr::Len(Box::new(self.expr(*base)), span)),
            ("cap", [base]) => Some(Expr::Cap(Box::new(self.expr(*base)))),
            ("close" | "panic" | "recover", _) => None,
            ("delete", [base, key]) if self.has_followed_entries(*base) => {
                let (map, key) = self.map_and_key(*base, Some(*key));
                let entry = Target::Place(Expr::Index(Box::new(map), Box::new(key)));
                self.emit_at(span, Op::Set(entry, Expr::Gone));
                Some(Expr::Fresh(span))
            }
            ("clear", [base]) if self.has_followed_entries(*base) => {
                let map = self.expr(*base);
                let keys = Target::Place(Expr::Keys(Box::new(map)));
                self.emit_at(span, Op::Set(keys, Expr::Gone));
                Some(Expr::Fresh(span))
            }
            ("delete" | "clear", [base, rest @ ..]) => {
                // Like a store: how many entries there are then nobody follows.
                let base = self.expr(*base);
                let key = rest.first().map_or(Expr::Nil, |key| self.expr(*key));
                let entry = Target::Place(Expr::Index(Box::new(base), Box::new(key)));
                self.emit_at(span, Op::Set(entry, Expr::Fresh(span)));
                Some(Expr::Fresh(span))
            }
            ("max" | "min", [first, rest @ ..]) => {
                let values: Vec<Expr> = rest.iter().map(|arg| self.expr(*arg)).collect();
                let ty = self.value_type(*first);
                let first = self.expr(*first);
                Some(self.extreme(first, values, name == "max", ty, span))
            }
            ("copy", args) => {
                let args = args.iter().map(|arg| self.expr(*arg)).collect();
                self.give_away(args, span);
                Some(Expr::Fresh(span))
            }
            _ => {
                for arg in args {
                    self.expr(*arg);
                }
                Some(Expr::Fresh(span))
            }
        }
    }

    /// The largest or smallest of some numbers.
    fn extreme(&mut self, first: Expr, rest: Vec<Expr>, max: bool, ty: Ty, span: Span) -> Expr {
        let best = self.temp(ty);
        self.emit_at(span, Op::Set(Target::Var(best), first));
        for value in rest {
            let (better, next) = (self.label(), self.label());
            let op = if max { BinaryOp::Lt } else { BinaryOp::Gt };
            let is_less =
                Expr::Binary(op, Box::new(Expr::Var(best)), Box::new(value.clone()), span);
            self.emit_at(span, Op::Branch(is_less, better, next));
            self.place(better);
            self.emit_at(span, Op::Set(Target::Var(best), value));
            self.place(next);
        }
        Expr::Var(best)
    }

    /// Whether the elements of a list are nil at first, and lead to channels later.
    fn is_followed_in_lists(&self, elem: &Ty) -> bool {
        matches!(self.package.underlying(elem), Ty::Chan(..) | Ty::Ptr(_))
            && leads_to_channel(&self.package.types, elem, 0)
    }

    /// The length of an array or a pointer to one, which its type says.
    fn array_length(&mut self, id: ExprId) -> Option<i64> {
        let ty = self.value_type(id);
        match self.package.underlying(&ty) {
            Ty::Array(len, _) => len,
            Ty::Ptr(inner) => match self.package.underlying(&inner) {
                Ty::Array(len, _) => len,
                _ => None,
            },
            _ => None,
        }
    }

    /// A call whose results go to `dests` (fewer or none: the rest is dropped).
    pub fn call(&mut self, id: ExprId, dests: Vec<Target>) {
        let span = self.ast().expr_span(id);
        let ast::Expr::Call(fun, args, spread) = self.ast().expr(id) else {
            return;
        };
        let is_builtin = if let ast::Expr::Ident(name) = self.ast().expr(*fun) {
            self.is_builtin(name)
        } else {
            false
        };
        if (is_builtin && !self.has_builtin_effect(*fun)) || self.is_type(*fun) {
            let value = self.call_value(id);
            if let Some(target) = dests.into_iter().next() {
                self.emit_at(span, Op::Set(target, value));
            }
            return;
        }
        let mut call = self.prepare(*fun, args, dests);
        self.at(span);
        match &call.callee {
            Callee::Close(text) => {
                let ch = call.args.first().cloned().unwrap_or(Expr::Nil);
                let text = *text;
                self.emit(Op::Close(ch, text));
                for dest in call.dests {
                    self.emit_at(span, Op::Set(dest, Expr::Nil));
                }
            }
            _ if is_about_pipes(&call) => {
                let texts = self.texts_of(*fun, args, call.method);
                self.pipe_call(call, *fun, &texts, span);
            }
            Callee::Panic => self.emit(Op::Panic),
            Callee::Recover => {
                self.emit(Op::Recover(
                    call.dests.into_iter().next().unwrap_or(Target::Ignore),
                ));
            }
            Callee::Library(Effect::NilAs, argument) => {
                let from = passed(&call, *argument);
                self.nil_as(&[from], call.dests, span);
            }
            Callee::Library(Effect::NilIfAll, _) if !*spread => {
                let args = call.args.split_off(usize::from(call.method));
                self.nil_as(&args, call.dests, span);
            }
            Callee::Library(Effect::Succeeds, _) => {
                let mut dests = call.dests;
                let error = dests.pop().unwrap_or(Target::Ignore);
                for dest in dests {
                    self.emit_at(span, Op::Set(dest, Expr::Fresh(span)));
                }
                self.emit_at(span, Op::Set(error, Expr::Nil));
            }
            Callee::Library(Effect::ListOf, argument) => {
                let list = Expr::Sized(Box::new(passed(&call, *argument)), span);
                if let Some(target) = call.dests.into_iter().next() {
                    self.emit_at(span, Op::Set(target, list));
                }
            }
            Callee::Library(Effect::Group, _) => {
                let group = Expr::Addr(Box::new(Expr::Zero(group_type(), span)));
                if let Some(target) = call.dests.into_iter().next() {
                    self.emit_at(span, Op::Set(target, group));
                }
            }
            Callee::Library(Effect::Receive, argument) => {
                let (ch, ch_span) = (passed(&call, *argument), self.span_of(args, *argument));
                self.receive_by_call(ch, ch_span, call.dests, span);
            }
            Callee::Library(Effect::SpawnLater | Effect::SpawnAtEnd, argument)
                if is_kept(&call.dests) || is_at_end(&call.callee) =>
            {
                let function = passed(&call, *argument);
                self.spawn_later(call, function, span);
            }
            Callee::Library(Effect::OnceFunc, argument) if is_kept(&call.dests) => {
                let function = passed(&call, *argument);
                self.once_func(call.dests, function, span);
            }
            Callee::Library(Effect::TimerStop, _) if is_kept(&call.dests) && self.has_later => {
                let timer = call.args.first().cloned().unwrap_or(Expr::Nil);
                let stopped = self.claim(Expr::Field(Box::new(timer), CLAIM), span);
                let target = call.dests.into_iter().next().unwrap_or(Target::Ignore);
                self.emit_at(span, Op::Set(target, Expr::Var(stopped)));
            }
            _ => self.emit(Op::Call(call)),
        }
    }

    /// A function that receives; its results are what comes and whether anything came.
    fn receive_by_call(&mut self, ch: Expr, ch_span: Span, dests: Vec<Target>, span: Span) {
        let mut dests = dests.into_iter();
        let mut dest = || dests.next().unwrap_or(Target::Ignore);
        let dests = [dest(), dest()];
        self.receive_from(ch, ch_span, dests, span);
    }

    /// A value that is nil if and only if all of these are.
    fn nil_as(&mut self, of: &[Expr], dests: Vec<Target>, span: Span) {
        let Some(target) = dests.into_iter().next() else {
            return;
        };
        let (solid, end) = (self.label(), self.label());
        for value in of {
            let next = self.label();
            let is_nil = value.is_nil(span);
            self.emit_at(span, Op::Branch(is_nil, next, solid));
            self.place(next);
        }
        self.emit_at(span, Op::Set(target.clone(), Expr::Nil));
        self.jump(end);
        self.place(solid);
        self.emit_at(span, Op::Set(target, Expr::Solid(span)));
        self.place(end);
    }

    fn has_builtin_effect(&self, fun: ExprId) -> bool {
        matches!(self.ast().expr(fun), ast::Expr::Ident(name) if matches!(name.as_str(), "close" | "panic" | "recover"))
    }

    /// `go` and `defer`.
    pub fn go_or_defer(&mut self, id: ExprId, span: Span, go: bool) {
        let ast::Expr::Call(fun, args, _) = self.ast().expr(id) else {
            self.top().body.partial = true;
            return;
        };
        let mut call = self.prepare(*fun, args, Vec::new());
        if let Callee::Library(Effect::Receive, argument) = call.callee {
            let (ch, ch_span) = (passed(&call, argument), self.span_of(args, argument));
            call = self.received_later(ch, ch_span, span);
        }
        if is_about_pipes(&call) {
            let texts = self.texts_of(*fun, args, call.method);
            call = self.pipe_call_later(call, *fun, &texts, span);
        }
        self.emit_at(span, if go { Op::Go(call) } else { Op::Defer(call) });
    }

    /// A call of a literal that receives from `ch`, which is evaluated here.
    fn received_later(&mut self, ch: Expr, ch_span: Span, span: Span) -> Call {
        let kept = self.temp(Ty::Chan(ChanDir::Recv, Arc::new(Ty::Unknown)));
        self.emit_at(span, Op::Set(Target::Var(kept), ch));
        let literal = self.made_up_literal("receive", span, |this, inner| {
            let ch = Expr::Var(inner(this, kept));
            this.receive_by_call(ch, ch_span, Vec::new(), span);
        });
        Call {
            callee: Callee::Value(Expr::Closure(literal)),
            args: Vec::new(),
            method: false,
            dests: Vec::new(),
        }
    }

    /// Resolves what is called and lowers receiver and arguments.
    fn prepare(&mut self, fun: ExprId, args: &[ExprId], dests: Vec<Target>) -> Call {
        let file = self.ast();
        let function = |callee| Call {
            callee,
            args: Vec::new(),
            method: false,
            dests: Vec::new(),
        };
        let mut call = match file.expr(fun) {
            ast::Expr::Ident(name) if self.is_builtin(name) => match name.as_str() {
                "close" => function(Callee::Close(self.span_of(args, 0))),
                "panic" => function(Callee::Panic),
                "recover" => {
                    self.top().body.recovers = true;
                    function(Callee::Recover)
                }
                _ => function(Callee::Unknown),
            },
            ast::Expr::Selector(base, name, _) => self.selected(*base, name),
            _ => match self.expr(fun) {
                Expr::Func(id) => function(Callee::Body(id.into())),
                value => function(Callee::Value(value)),
            },
        };
        for arg in args {
            let value = self.expr(*arg);
            call.args.push(value);
        }
        call.dests = dests;
        self.check_body(&mut call);
        if let Callee::Library(Effect::Close, argument) = call.callee {
            call.args = vec![passed(&call, argument)];
            call.method = false;
            call.callee = Callee::Close(self.span_of(args, argument));
        }
        let receiver = match file.expr(fun) {
            ast::Expr::Selector(base, ..) => file.expr_span(*base),
            _ => Span::default(),
        };
        close_end(&mut call, receiver);
        call
    }

    fn span_of(&self, args: &[ExprId], argument: u32) -> Span {
        let arg = args.get(argument as usize);
        arg.map_or(Span::default(), |arg| self.ast().expr_span(*arg))
    }

    /// A function without a body in view is an unknown one.
    fn check_body(&self, call: &mut Call) {
        if let Callee::Body(BodyId(id)) = call.callee
            && self
                .package
                .funcs
                .get(id as usize)
                .is_some_and(|f| f.decl.body.is_none())
        {
            call.callee = Callee::Unknown;
        }
    }

    /// `base.name(…)`: the callee, and the receiver as first argument.
    fn selected(&mut self, base: ExprId, name: &Name) -> Call {
        let call = |callee, args: Vec<Expr>, method| Call {
            callee,
            args,
            method,
            dests: Vec::new(),
        };
        if let Some(path) = self.package_name(base) {
            return match self.fact_of_function(&path, name) {
                Some(fact) => call(
                    Callee::Library(fact.effect, fact.argument as u32),
                    Vec::new(),
                    false,
                ),
                None if ends_by_name(name) => {
                    call(Callee::Library(Effect::Exit, 0), Vec::new(), false)
                }
                None => call(Callee::Unknown, Vec::new(), false),
            };
        }
        // A method expression `T.Method` takes the receiver as an ordinary argument.
        if self.is_type(base) {
            let ty = self.type_of(base);
            return match self.package.method(&ty, name) {
                Some((path, Method::Func(func))) if path.is_empty() => {
                    call(Callee::Body(func.into()), Vec::new(), false)
                }
                _ => call(Callee::Unknown, Vec::new(), false),
            };
        }
        let ty = self.value_type(base);
        if self.package.field(&ty, name).is_some() {
            let value = self.expr_field(base, name);
            return call(Callee::Value(value), Vec::new(), false);
        }
        match self.package.method(&ty, name) {
            Some((path, Method::Func(func))) => {
                let receiver = match path.as_slice() {
                    [] => self.own_receiver(base, &ty, func),
                    path => self.receiver(base, path),
                };
                call(Callee::Body(func.into()), vec![receiver], true)
            }
            Some((path, Method::Ext(package, type_name))) => {
                let receiver = self.receiver(base, &path);
                match self.fact_of_method(&package, &type_name, name) {
                    Some(fact) => call(
                        Callee::Library(fact.effect, fact.argument as u32),
                        vec![receiver],
                        true,
                    ),
                    None => call(Callee::Named(name.clone()), vec![receiver], true),
                }
            }
            None => {
                let receiver = self.receiver(base, &[]);
                call(Callee::Named(name.clone()), vec![receiver], true)
            }
        }
    }

    fn expr_field(&mut self, base: ExprId, name: &Name) -> Expr {
        let ty = self.value_type(base);
        let path = self
            .package
            .field(&ty, name)
            .map(|(path, _)| path)
            .unwrap_or_default();
        let value = self.expr(base);
        Expr::Field(Box::new(fields(value, &path)), name.clone())
    }

    /// The receiver of a method of its own type. Go takes the address of a variable where the method has a pointer; what is
    /// no struct is written through it.
    fn own_receiver(&mut self, base: ExprId, ty: &Ty, func: FuncId) -> Expr {
        let receiver = self.receiver(base, &[]);
        let is_struct = matches!(
            self.package.underlying(ty),
            Ty::Struct(_) | Ty::Ext(..) | Ty::Ptr(_) | Ty::Unknown
        );
        match receiver {
            Expr::Receiver(place) if !is_struct && self.package.func(func).by_pointer => {
                if let Expr::Var(var) = *place {
                    self.top().body.vars[var as usize].cell = true;
                    return Expr::Receiver(Box::new(Expr::Addr(place)));
                }
                Expr::Receiver(place)
            }
            receiver => receiver,
        }
    }

    /// The receiver of a method call; its address where Go takes it implicitly is the same object here.
    fn receiver(&mut self, base: ExprId, path: &[Name]) -> Expr {
        let value = self.expr(base);
        Expr::Receiver(Box::new(fields(value, path)))
    }
}
