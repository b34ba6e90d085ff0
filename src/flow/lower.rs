//! The lowering's state: functions under construction, scopes, labels, captures.

use super::ir::{
    Body, BodyId, Call, Callee, Expr, JumpKind, Op, Pc, Target, Var, VarInfo, empty_body,
};
use super::lower_iterator::Ranged;
use crate::library::Library;
use crate::package::GoVersion;
use crate::resolve::{Const, FuncId, Package, Ty, TypeDef, TypeId};
use crate::source::Span;
use crate::syntax::ast::{self, Block, ExprId, Name, Signature, StmtId};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The bodies and types that a part of a package has.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub bodies: Vec<BodyId>,
    pub types: Vec<TypeId>,
}

/// Numbers of bodies and types that nobody has any more, the smallest last, and what they stood for.
#[derive(Debug, Default)]
pub(super) struct Spare {
    pub bodies: Vec<BodyId>,
    pub types: Vec<TypeId>,
    /// The bodies that the part had before: where one comes to the same again, what was worked out about it still holds.
    pub known: FxHashMap<BodyId, Arc<Body>>,
    /// The types that were declared in its functions.
    pub known_types: FxHashMap<TypeId, TypeDef>,
}

impl Spare {
    /// Whether all types of a part are what their numbers stood for before, if for anything.
    fn has_same(&self, types: &[TypeId], now: &[TypeDef]) -> bool {
        types.iter().all(|id| {
            let known = self.known_types.get(id);
            known.is_none_or(|known| *known == now[id.0 as usize])
        })
    }
}

/// What a name in a function stands for.
#[derive(Clone, Debug)]
pub(super) enum Entity {
    Var(Var),
    Const(Const),
    Type(Ty),
}

/// Where `break` and `continue` go.
pub(super) struct Exit {
    pub label: Option<Name>,
    pub break_to: Pc,
    pub continue_to: Option<Pc>,
}

/// A function under construction. Until [`Lowerer::finish`], jump targets are label numbers.
pub(super) struct FnState {
    pub body: Body,
    pub id: BodyId,
    pub scopes: Vec<FxHashMap<Name, Entity>>,
    pub exits: Vec<Exit>,
    pub labels: Vec<Pc>,
    pub goto_labels: FxHashMap<Name, Pc>,
    pub loop_depth: u32,
    pub literals: u32,
    pub span: Span,
    /// The label of the statement being lowered, for `break L` and `continue L`.
    pub pending_label: Option<Name>,
    /// For the body of a loop over a function: how it is left.
    pub ranged: Option<Ranged>,
}

pub(super) struct Lowerer<'p, 'a> {
    pub package: &'p mut Package<'a>,
    pub library: &'p Library,
    pub go: GoVersion,
    pub bodies: Vec<Option<Arc<Body>>>,
    pub fns: Vec<FnState>,
    /// Index of the file being lowered.
    pub file: usize,
    /// Whether the package has timers that run functions; of others it makes no difference when they are stopped.
    pub has_later: bool,
    /// Whether the package makes pipes; of others it makes no difference who reads and writes.
    pub has_pipes: bool,
    /// What has been lowered since somebody took it.
    pub piece: Piece,
    pub spare: Spare,
}

/// The name of the function that gives a file's package variables their first values, as in Go's stack traces.
pub(crate) const PACKAGE_VARIABLES: &str = "glob.";

/// A label that has no position yet.
const UNBOUND: Pc = Pc::MAX;

impl<'a> Lowerer<'_, 'a> {
    /// Parts with what was known of the bodies of `piece`, where a type that is declared in one of its functions is another
    /// one now: a body that says the same may mean something else.
    pub fn forget_unless_same(&mut self, piece: &Piece, spare: &Spare) {
        if spare.has_same(&piece.types, &self.package.types) {
            return;
        }
        for id in &piece.bodies {
            if let Some(body) = &mut self.bodies[id.0 as usize] {
                *body = Arc::new((**body).clone());
            }
        }
    }

    pub fn ast(&self) -> &'a ast::File {
        self.package.ast(self.file)
    }

    pub fn function(&mut self, id: FuncId) {
        let func = self.package.func(id);
        let Some(block) = &func.decl.body else { return };
        self.head(id);
        if func.decl.elided.is_some() {
            self.elided(block);
        } else {
            self.body_block(block);
        }
        self.close();
    }

    /// A function of which nobody knows what it does to what it is handed.
    pub fn unread(&mut self, id: FuncId) {
        let func = self.package.func(id);
        let Some(block) = &func.decl.body else { return };
        self.head(id);
        let args = self.top().body.params.iter().map(|param| Expr::Var(*param));
        let call = Call {
            callee: Callee::Unknown,
            args: args.collect(),
            method: false,
            dests: Vec::new(),
        };
        self.emit_at(block.span, Op::Call(call));
        self.elided(block);
        self.close();
    }

    /// Opens a declared function, with its receiver and parameters.
    fn head(&mut self, id: FuncId) {
        let func = self.package.func(id);
        self.file = func.file.index();
        let name = match (&func.decl.receiver, func.receiver) {
            (Some(receiver), Some(ty)) => {
                let ty = &self.package.types[ty.0 as usize].name;
                let pointer = matches!(self.ast().expr(receiver.ty), ast::Expr::Star(_));
                if pointer {
                    format!("(*{ty}).{}", func.decl.name)
                } else {
                    format!("{ty}.{}", func.decl.name)
                }
            }
            _ => func.decl.name.to_string(),
        };
        let type_params = func.decl.type_params.clone();
        self.open(BodyId(id.0), name, func.decl.span, None);
        for param in type_params {
            self.bind(&param, Entity::Type(Ty::Unknown));
        }
        if let Some(receiver) = &func.decl.receiver {
            // Type parameters of the receiver's type are in scope too: `func (q *Queue[T]) …`.
            let mut ty = receiver.ty;
            while let ast::Expr::Star(inner) = self.ast().expr(ty) {
                ty = *inner;
            }
            if let ast::Expr::Index(_, params) = self.ast().expr(ty) {
                for param in params.clone() {
                    if let ast::Expr::Ident(name) = self.ast().expr(param) {
                        self.bind(&name.clone(), Entity::Type(Ty::Unknown));
                    }
                }
            }
            let ty = self.type_of(receiver.ty);
            self.param(receiver.name.as_ref(), ty, receiver.span);
            self.top().body.method = true;
        }
        self.signature(&func.decl.signature);
    }

    /// A body of which only the results count, and nobody knows them.
    fn elided(&mut self, block: &Block) {
        let results = self.top().body.results.len();
        self.emit_at(
            block.span,
            Op::Return(vec![Expr::Fresh(block.span); results]),
        );
    }

    /// Lowers what the package's variables in a file start with, for the function literals in there.
    pub fn package_variables(&mut self, file: usize, id: BodyId) {
        self.file = file;
        self.open(id, PACKAGE_VARIABLES.to_owned(), Span::default(), None);
        for decl in &self.package.ast(file).decls {
            if let ast::Decl::Value(spec) = decl
                && !spec.is_const
            {
                self.variable(spec);
            }
        }
        self.emit(Op::End);
        self.close();
    }

    /// The number of a body that is neither a declared function nor one for package variables.
    fn new_body(&mut self) -> BodyId {
        self.spare.bodies.pop().unwrap_or_else(|| {
            self.bodies.push(None);
            BodyId(self.bodies.len() as u32 - 1)
        })
    }

    /// A type that is declared in a function, of which only the name is known yet.
    pub fn new_type(&mut self, name: &Name) -> TypeId {
        let types = &mut self.package.types;
        let id = self.spare.types.pop().unwrap_or_else(|| {
            types.push(TypeDef::unknown(Name::default()));
            TypeId(types.len() as u32 - 1)
        });
        types[id.0 as usize] = TypeDef::unknown(name.clone());
        self.piece.types.push(id);
        id
    }

    fn variable(&mut self, spec: &ast::ValueSpec) {
        for (at, value) in spec.values.iter().enumerate() {
            self.at(spec.span);
            let value = self.expr(*value);
            let target = match spec.names.get(at) {
                Some((name, _)) if name != "_" => Target::Place(Expr::Global(name.clone())),
                _ => Target::Ignore,
            };
            self.emit(Op::Set(target, value));
        }
    }

    /// Lowers a function literal; returns its body and leaves the captures to be read off it.
    pub fn literal(&mut self, signature: &Signature, block: &Block, span: Span) -> BodyId {
        let id = self.open_literal("func", span);
        self.signature(signature);
        self.body_block(block);
        self.close();
        id
    }

    /// Opens a literal, with a number of its own behind `kind` in its name.
    pub fn open_literal(&mut self, kind: &str, span: Span) -> BodyId {
        let id = self.new_body();
        let outer = self.top();
        outer.literals += 1;
        let (name, parent) = (
            format!("{}.{kind}{}", outer.body.name, outer.literals),
            outer.id,
        );
        self.open(id, name, span, Some(parent));
        id
    }

    /// A literal that nobody has written, without parameters or results; `fill` is handed what makes a variable of the
    /// enclosing body known in it.
    pub fn made_up_literal(
        &mut self,
        name: &str,
        span: Span,
        fill: impl FnOnce(&mut Self, &dyn Fn(&mut Self, Var) -> Var),
    ) -> BodyId {
        let id = self.new_body();
        let outer = self.top();
        let (name, parent) = (format!("{}.{name}", outer.body.name), outer.id);
        self.open(id, name, span, Some(parent));
        fill(self, &|this, var| {
            let inner = this.fns.len() - 1;
            this.capture(inner, var)
        });
        self.emit(Op::End);
        self.close();
        id
    }

    fn open(&mut self, id: BodyId, name: String, span: Span, parent: Option<BodyId>) {
        let body = Body {
            name,
            file: self.package.files[self.file].id,
            span,
            parent,
            ..empty_body()
        };
        self.fns.push(FnState {
            body,
            id,
            scopes: vec![FxHashMap::default()],
            exits: Vec::new(),
            labels: Vec::new(),
            goto_labels: FxHashMap::default(),
            loop_depth: 0,
            literals: 0,
            span,
            pending_label: None,
            ranged: None,
        });
    }

    fn signature(&mut self, signature: &Signature) {
        for param in &signature.params {
            let mut ty = self.type_of(param.ty);
            if param.variadic {
                ty = Ty::Slice(std::sync::Arc::new(ty));
                self.top().body.variadic = true;
            }
            self.param(param.name.as_ref(), ty, param.span);
        }
        for result in &signature.results {
            let ty = self.type_of(result.ty);
            let var = self.new_var(result.name.clone().unwrap_or_default(), ty.clone());
            if let Some(name) = &result.name {
                self.bind(name, Entity::Var(var));
            }
            self.top().body.results.push(var);
            self.emit(Op::Declare(var));
            let zero = self.zero_value(ty, result.span);
            self.emit(Op::Set(Target::Var(var), zero));
        }
    }

    fn param(&mut self, name: Option<&Name>, ty: Ty, span: Span) {
        let var = self.new_var(name.cloned().unwrap_or_default(), ty);
        if let Some(name) = name {
            self.bind(name, Entity::Var(var));
        }
        self.top().body.params.push(var);
        self.top().body.param_spans.push(span);
    }

    /// The statements of a function's body, in the scope in which its parameters and results are declared (Go spec,
    /// "Declarations and scope"): `:=` assigns to those that it names.
    fn body_block(&mut self, block: &Block) {
        self.stmts(&block.stmts);
        self.at(Span {
            start: block.span.end.saturating_sub(1),
            end: block.span.end,
        });
        self.emit(Op::End);
    }

    /// Resolves labels and files the finished body.
    pub fn close(&mut self) {
        let Some(mut state) = self.fns.pop() else {
            return;
        };
        // A label nobody placed belongs to code that could not be read: going there ends the body.
        let end = state.body.code.len().saturating_sub(1) as Pc;
        let labels: Vec<Pc> = state
            .labels
            .iter()
            .map(|&l| if l == UNBOUND { end } else { l })
            .collect();
        for op in &mut state.body.code {
            retarget(op, &mut |label| labels[label as usize]);
        }
        self.piece.bodies.push(state.id);
        let known = self.spare.known.remove(&state.id);
        let same = known.filter(|known| **known == state.body);
        self.bodies[state.id.0 as usize] = Some(same.unwrap_or_else(|| Arc::new(state.body)));
    }

    pub fn top(&mut self) -> &mut FnState {
        let last = self.fns.len() - 1;
        &mut self.fns[last]
    }

    pub fn at(&mut self, span: Span) {
        self.top().span = span;
    }

    pub fn emit(&mut self, op: Op) {
        self.emit_in(self.fns.len() - 1, op);
    }

    /// Like [`Self::emit`], in a function around the innermost one.
    pub fn emit_in(&mut self, level: usize, op: Op) {
        let state = &mut self.fns[level];
        state.body.code.push(op);
        let (span, in_loop) = (state.span, state.loop_depth > 0);
        state.body.spans.push(span);
        state.body.in_loop.push(in_loop);
    }

    pub fn emit_at(&mut self, span: Span, op: Op) {
        self.at(span);
        self.emit(op);
    }

    pub fn label(&mut self) -> Pc {
        self.top().labels.push(UNBOUND);
        self.top().labels.len() as Pc - 1
    }

    pub fn place(&mut self, label: Pc) {
        let here = self.top().body.code.len() as Pc;
        self.top().labels[label as usize] = here;
        // A label may be the last thing before a body's end or a loop's head; an operation keeps it distinct.
        self.emit(Op::Nop);
    }

    pub fn jump(&mut self, label: Pc) {
        self.emit(Op::Jump(label, JumpKind::Plain));
    }

    pub fn new_var(&mut self, name: Name, ty: Ty) -> Var {
        self.new_var_in(self.fns.len() - 1, name, ty)
    }

    /// Like [`Self::new_var`], in a function around the innermost one.
    pub fn new_var_in(&mut self, level: usize, name: Name, ty: Ty) -> Var {
        let is_pointer = matches!(ty, Ty::Ptr(_));
        let is_struct = !is_pointer && matches!(self.package.underlying(&ty), Ty::Struct(_));
        let vars = &mut self.fns[level].body.vars;
        vars.push(VarInfo {
            name,
            ty,
            is_struct,
            cell: false,
        });
        vars.len() as Var - 1
    }

    pub fn temp(&mut self, ty: Ty) -> Var {
        let var = self.new_var(Name::default(), ty);
        self.emit(Op::Declare(var));
        var
    }

    /// Declares `name` as a new variable of the innermost scope.
    pub fn declare(&mut self, name: &Name, ty: Ty) -> Var {
        let var = self.new_var(name.clone(), ty);
        self.bind(name, Entity::Var(var));
        self.emit(Op::Declare(var));
        var
    }

    pub fn bind(&mut self, name: &Name, entity: Entity) {
        if name != "_"
            && let Some(scope) = self.top().scopes.last_mut()
        {
            scope.insert(name.clone(), entity);
        }
    }

    pub fn scoped<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        self.top().scopes.push(FxHashMap::default());
        let out = f(self);
        self.top().scopes.pop();
        out
    }

    /// What `name` stands for inside the function; captures variables of enclosing functions on the way.
    pub fn lookup(&mut self, name: &str) -> Option<Entity> {
        let mut level = self.fns.len();
        let entity = loop {
            level = level.checked_sub(1)?;
            if let Some(entity) = self.fns[level]
                .scopes
                .iter()
                .rev()
                .find_map(|s| s.get(name))
            {
                break entity.clone();
            }
        };
        let Entity::Var(mut var) = entity else {
            return Some(entity);
        };
        for inner in level + 1..self.fns.len() {
            var = self.capture(inner, var);
        }
        Some(Entity::Var(var))
    }

    /// Makes variable `outer` of function `inner - 1` known in function `inner`.
    pub fn capture(&mut self, inner: usize, outer: Var) -> Var {
        self.fns[inner - 1].body.vars[outer as usize].cell = true;
        if let Some((_, var)) = self.fns[inner]
            .body
            .captures
            .iter()
            .find(|(o, _)| *o == outer)
        {
            return *var;
        }
        let info = VarInfo {
            cell: true,
            ..self.fns[inner - 1].body.vars[outer as usize].clone()
        };
        let body = &mut self.fns[inner].body;
        body.vars.push(info);
        let var = body.vars.len() as Var - 1;
        body.captures.push((outer, var));
        var
    }

    /// The type that type expression `id` names here.
    pub fn type_of(&self, id: ExprId) -> Ty {
        let named = self
            .package
            .type_of_expr_with(self.file, id, &|name| self.local_type(name));
        match (self.ast().expr(id), named) {
            // The length may be a constant of the function.
            (ast::Expr::ArrayType(Some(len), _), Ty::Array(None, elem)) => {
                let len = match self.constant(*len, 0) {
                    Some(Const::Int(len)) => Some(len),
                    _ => None,
                };
                Ty::Array(len, elem)
            }
            (_, ty) => ty,
        }
    }

    pub fn local_type(&self, name: &Name) -> Option<Ty> {
        for state in self.fns.iter().rev() {
            for scope in state.scopes.iter().rev() {
                match scope.get(name) {
                    Some(Entity::Type(ty)) => return Some(ty.clone()),
                    Some(_) => return Some(Ty::Unknown),
                    None => {}
                }
            }
        }
        None
    }

    pub fn stmts(&mut self, stmts: &[StmtId]) {
        for stmt in stmts {
            self.stmt(*stmt);
        }
    }

    pub fn block(&mut self, block: &Block) {
        self.scoped(|this| this.stmts(&block.stmts));
    }
}

/// Applies `f` to every jump target of `op`.
pub(super) fn retarget(op: &mut Op, f: &mut impl FnMut(Pc) -> Pc) {
    match op {
        Op::Jump(to, _) => *to = f(*to),
        Op::Branch(_, yes, no) => {
            *yes = f(*yes);
            *no = f(*no);
        }
        Op::Choose(targets) => targets.iter_mut().for_each(|t| *t = f(*t)),
        Op::RangeNext(_, _, _, body, exit) => {
            *body = f(*body);
            *exit = f(*exit);
        }
        Op::Select { cases, default } => {
            for case in cases {
                case.target = f(case.target);
            }
            if let Some(default) = default {
                *default = f(*default);
            }
        }
        _ => {}
    }
}
