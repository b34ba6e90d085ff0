//! HTTP requests in goroutines that nothing limits in time: calls of `net/http` whose client has no time-out and whose
//! request has no context.
//!
//! In: the tables of a package. Out: a [`Leak`] per request, told from its shape alone: no run is searched, and nobody knows
//! whether the other side answers. Deliberately absent: clients and requests that come from elsewhere, which may be limited.

use crate::leak::{
    Confidence, Exit, Facts, Leak, OpKind, Operation, Step, StepKind, Stranding, Witness,
};
use crate::resolve::{Func, Package};
use crate::source::{Place, Span};
use crate::syntax::ast::{Expr, ExprId, File, Name, Stmt, UnaryOp};

/// The package that this is about.
const HTTP: &str = "net/http";
/// Functions of it, and methods of a client, that make a request of their own without a context.
const PLAIN: [&str; 4] = ["Get", "Head", "Post", "PostForm"];

/// Code that runs in a goroutine: which file, from where to where, and what starts it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Region {
    file: usize,
    span: Span,
    spawn: Place,
}

/// The requests of a package that may take for ever, in source order.
pub fn unlimited(package: &Package<'_>) -> Vec<Leak> {
    let look = Look { package };
    let mut leaks: Vec<Leak> = Vec::new();
    for region in look.regions() {
        for call in look.calls(region.file, region.span) {
            let known = |leak: &Leak| leak.op.at == look.place(region.file, call);
            if let Some(target) = look.unlimited(region.file, call)
                && !leaks.iter().any(known)
            {
                leaks.push(look.leak(region, call, target));
            }
        }
    }
    leaks.sort_by_key(|leak| leak.op.at);
    leaks
}

struct Look<'p, 'a> {
    package: &'p Package<'a>,
}

impl<'a> Look<'_, 'a> {
    fn ast(&self, file: usize) -> &'a File {
        self.package.files[file].ast
    }

    fn place(&self, file: usize, expr: ExprId) -> Place {
        Place {
            file: self.package.files[file].id,
            span: self.ast(file).expr_span(expr),
        }
    }

    // --- goroutines ---

    /// What `go` statements start, and the functions of the package that is called from there.
    fn regions(&self) -> Vec<Region> {
        let mut regions = Vec::new();
        for (file, PackageAst { ast, id }) in self.files() {
            for (stmt, span) in ast.stmts.iter().zip(&ast.stmt_spans) {
                let Stmt::Go(call) = stmt else { continue };
                let spawn = Place {
                    file: id,
                    span: *span,
                };
                let Expr::Call(fun, ..) = ast.expr(*call) else {
                    continue;
                };
                if let Expr::FuncLit(_, block) = ast.expr(*fun) {
                    regions.push(Region {
                        file,
                        span: block.span,
                        spawn,
                    });
                }
                regions.extend(self.function(file, *fun, spawn));
            }
        }
        let mut at = 0;
        while let Some(region) = regions.get(at).copied() {
            at += 1;
            for call in self.calls(region.file, region.span) {
                let Expr::Call(fun, ..) = self.ast(region.file).expr(call) else {
                    continue;
                };
                if let Some(next) = self.function(region.file, *fun, region.spawn)
                    && !regions
                        .iter()
                        .any(|r| r.file == next.file && r.span == next.span)
                {
                    regions.push(next);
                }
            }
        }
        regions
    }

    fn files(&self) -> impl Iterator<Item = (usize, PackageAst<'a>)> {
        let files = self.package.files.iter().enumerate();
        files.map(|(index, file)| {
            let ast = PackageAst {
                ast: file.ast,
                id: file.id,
            };
            (index, ast)
        })
    }

    /// The body of the function of the package that `fun` names; a method only where one type has it.
    fn function(&self, file: usize, fun: ExprId, spawn: Place) -> Option<Region> {
        let func = match self.ast(file).expr(fun) {
            Expr::Ident(name) => self.package.func(*self.package.func_names.get(name)?),
            Expr::Selector(base, name, _) => {
                if self.import(file, *base).is_some() {
                    return None;
                }
                let mut named = self
                    .package
                    .funcs
                    .iter()
                    .filter(|f| f.decl.receiver.is_some() && f.decl.name == *name);
                let only = named.next()?;
                if named.next().is_some() {
                    return None;
                }
                *only
            }
            _ => return None,
        };
        Some(Region {
            file: func.file.index(),
            span: func.decl.body.as_ref()?.span,
            spawn,
        })
    }

    /// The calls that stand in a part of a file.
    fn calls(&self, file: usize, within: Span) -> Vec<ExprId> {
        let ast = self.ast(file);
        (0..ast.exprs.len() as u32)
            .map(ExprId)
            .filter(|id| matches!(ast.expr(*id), Expr::Call(..)))
            .filter(|id| within.contains(ast.expr_span(*id)))
            .collect()
    }

    // --- requests ---

    /// What a call calls, if it is a request without a limit of time.
    fn unlimited(&self, file: usize, call: ExprId) -> Option<String> {
        let ast = self.ast(file);
        let Expr::Call(fun, args, _) = ast.expr(call) else {
            return None;
        };
        let Expr::Selector(base, method, _) = ast.expr(*fun) else {
            return None;
        };
        let plain = PLAIN.contains(&method.as_str());
        let around = self.enclosing(file, ast.expr_span(call))?.decl.span;
        let client = match ast.expr(*base) {
            Expr::Ident(name) if self.is_http(file, *base) => {
                return plain.then(|| format!("{name}.{method}"));
            }
            Expr::Selector(package, name, _)
                if name == "DefaultClient" && self.is_http(file, *package) =>
            {
                let Expr::Ident(package) = ast.expr(*package) else {
                    return None;
                };
                format!("{package}.{name}")
            }
            Expr::Ident(name) if self.is_new_client(file, around, name) => name.to_string(),
            _ => return None,
        };
        let limited = method == "Do"
            && !args
                .first()
                .is_some_and(|request| self.is_bare_request(file, around, *request));
        (plain || method == "Do" && !limited).then(|| format!("{client}.{method}"))
    }

    fn import(&self, file: usize, base: ExprId) -> Option<&Name> {
        let Expr::Ident(name) = self.ast(file).expr(base) else {
            return None;
        };
        self.package.import(file, name)
    }

    fn is_http(&self, file: usize, base: ExprId) -> bool {
        self.import(file, base).is_some_and(|path| path == HTTP)
    }

    fn enclosing(&self, file: usize, span: Span) -> Option<&Func<'a>> {
        let mut funcs = self.package.funcs.iter();
        funcs.find(|f| f.file.index() == file && f.decl.span.contains(span))
    }

    /// What is assigned to a variable in a part of a file.
    fn assigned(&self, file: usize, around: Span, name: &Name) -> Vec<ExprId> {
        let ast = self.ast(file);
        let mut values = Vec::new();
        for (stmt, span) in ast.stmts.iter().zip(&ast.stmt_spans) {
            let Stmt::Assign(left, _, right) = stmt else {
                continue;
            };
            let index = left
                .iter()
                .position(|l| matches!(ast.expr(*l), Expr::Ident(n) if n == name));
            if let Some(index) = index
                && around.contains(*span)
            {
                values.extend(right.get(index).or(right.first()).copied());
            }
        }
        values
    }

    /// Whether a variable only ever holds a client that is made here without a time-out.
    fn is_new_client(&self, file: usize, around: Span, name: &Name) -> bool {
        let values = self.assigned(file, around, name);
        let bare = |value: &ExprId| self.is_bare_client(file, *value);
        !values.is_empty()
            && values.iter().all(bare)
            && !self.mentions(file, around, name, "Timeout")
    }

    fn is_bare_client(&self, file: usize, value: ExprId) -> bool {
        let ast = self.ast(file);
        match ast.expr(value) {
            Expr::Unary(UnaryOp::Addr, inner) => self.is_bare_client(file, *inner),
            Expr::CompositeLit(Some(ty), elements) => {
                let is_client = matches!(ast.expr(*ty), Expr::Selector(package, name, _)
                    if name == "Client" && self.is_http(file, *package));
                let keys: Vec<_> = elements
                    .iter()
                    .filter_map(|(key, _)| key.map(|key| ast.expr(key)))
                    .collect();
                let limits = |key: &&Expr| matches!(key, Expr::Ident(name) if name == "Timeout" || name == "Transport");
                is_client && keys.len() == elements.len() && !keys.iter().any(limits)
            }
            _ => false,
        }
    }

    /// Whether a request is made here, without a context.
    fn is_bare_request(&self, file: usize, around: Span, request: ExprId) -> bool {
        let ast = self.ast(file);
        let Expr::Ident(name) = ast.expr(request) else {
            return false;
        };
        let bare = |value: &ExprId| {
            matches!(ast.expr(*value), Expr::Call(fun, ..)
                if matches!(ast.expr(*fun), Expr::Selector(package, made, _)
                    if made == "NewRequest" && self.is_http(file, *package)))
        };
        let values = self.assigned(file, around, name);
        !values.is_empty()
            && values.iter().all(bare)
            && !self.mentions(file, around, name, "WithContext")
    }

    /// Whether `name.field` stands in a part of a file.
    fn mentions(&self, file: usize, around: Span, name: &Name, field: &str) -> bool {
        let ast = self.ast(file);
        ast.exprs.iter().zip(&ast.expr_spans).any(|(expr, span)| {
            around.contains(*span)
                && matches!(expr, Expr::Selector(base, selected, _)
                    if selected == field
                        && matches!(ast.expr(*base), Expr::Ident(n) if n == name))
        })
    }

    // --- telling ---

    fn leak(&self, region: Region, call: ExprId, target: String) -> Leak {
        let at = self.place(region.file, call);
        let function = self
            .enclosing(region.file, at.span)
            .map_or_else(String::new, |f| f.decl.name.to_string());
        let step = |at: Place, kind, goroutine, text: &str| Step {
            at,
            kind,
            goroutine,
            text: text.to_owned(),
        };
        Leak {
            op: Operation {
                kind: OpKind::Call,
                at,
                target,
                nil: false,
                function: function.clone(),
                in_loop: false,
                again: false,
                pipe: false,
            },
            cases: Vec::new(),
            origin: None,
            spawn: Some(region.spawn),
            root: function,
            stranding: Stranding {
                exit: Exit::Never,
                at: None,
                text: String::new(),
            },
            completed_before: 0,
            siblings: 1,
            spawned_in_loop: false,
            served: 0,
            partner: None,
            partner_in_loop: false,
            skipped_close: None,
            facts: Facts::default(),
            witness: Witness {
                steps: vec![
                    step(region.spawn, StepKind::Spawn, 0, "a goroutine is started"),
                    step(
                        at,
                        StepKind::Stuck,
                        1,
                        "the goroutine waits here for as long as the other side likes",
                    ),
                ],
            },
            confidence: Confidence::Medium,
            assumptions: vec!["the other side does not answer".to_owned()],
        }
    }
}

struct PackageAst<'a> {
    ast: &'a File,
    id: crate::source::FileId,
}
