//! One file's syntax with the way up: from an expression or statement to what it stands in.

use super::comments::Comments;
use crate::source::{FileId, SourceFile, Span};
use crate::syntax::ast::{Block, Decl, Expr, ExprId, File, FuncDecl, Signature, Stmt, StmtId};
use crate::syntax::parts::Part;

/// What an expression or statement is a direct part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Up {
    /// Nothing that was read.
    Nowhere,
    Expr(ExprId),
    Stmt(StmtId),
    /// A top-level declaration.
    Decl(usize),
}

/// A function or function literal.
#[derive(Clone, Copy)]
pub(super) enum Func<'a> {
    Decl(&'a FuncDecl),
    Lit(ExprId, &'a Signature, &'a Block),
}

impl<'a> Func<'a> {
    pub(super) fn signature(self) -> &'a Signature {
        match self {
            Self::Decl(decl) => &decl.signature,
            Self::Lit(_, signature, _) => signature,
        }
    }

    pub(super) fn body(self) -> Option<&'a Block> {
        match self {
            Self::Decl(decl) => decl.body.as_ref(),
            Self::Lit(_, _, body) => Some(body),
        }
    }
}

/// A file with the way up.
pub(super) struct Tree<'a> {
    pub(super) id: FileId,
    pub(super) ast: &'a File,
    pub(super) source: &'a SourceFile,
    exprs: Vec<Up>,
    stmts: Vec<Up>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(id: FileId, ast: &'a File, source: &'a SourceFile) -> Self {
        let mut tree = Self {
            id,
            ast,
            source,
            exprs: vec![Up::Nowhere; ast.exprs.len()],
            stmts: vec![Up::Nowhere; ast.stmts.len()],
        };
        for (index, expr) in ast.exprs.iter().enumerate() {
            expr.parts(&mut |part| tree.set(part, Up::Expr(ExprId(index as u32))));
        }
        for (index, stmt) in ast.stmts.iter().enumerate() {
            stmt.parts(&mut |part| tree.set(part, Up::Stmt(StmtId(index as u32))));
        }
        for (index, decl) in ast.decls.iter().enumerate() {
            decl.parts(&mut |part| tree.set(part, Up::Decl(index)));
        }
        tree
    }

    fn set(&mut self, part: Part, up: Up) {
        match part {
            Part::Expr(id) => self.exprs[id.0 as usize] = up,
            Part::Stmt(id) => self.stmts[id.0 as usize] = up,
        }
    }

    pub(super) fn up(&self, part: Part) -> Up {
        match part {
            Part::Expr(id) => self.exprs[id.0 as usize],
            Part::Stmt(id) => self.stmts[id.0 as usize],
        }
    }

    pub(super) fn span(&self, part: Part) -> Span {
        match part {
            Part::Expr(id) => self.ast.expr_span(id),
            Part::Stmt(id) => self.ast.stmt_span(id),
        }
    }

    /// What `part` stands in, itself first, up to the declaration.
    pub(super) fn chain(&self, part: Part) -> impl Iterator<Item = Part> {
        std::iter::successors(Some(part), |part| match self.up(*part) {
            Up::Expr(id) => Some(Part::Expr(id)),
            Up::Stmt(id) => Some(Part::Stmt(id)),
            Up::Nowhere | Up::Decl(_) => None,
        })
    }

    /// The functions around `part`, innermost first; a literal is not around itself.
    pub(super) fn functions(&self, part: Part) -> Vec<Func<'a>> {
        let mut found = Vec::new();
        let mut last = part;
        for above in self.chain(part).skip(1) {
            last = above;
            if let Some(func) = self.literal(above) {
                found.push(func);
            }
        }
        if let Up::Decl(index) = self.up(last)
            && let Decl::Func(decl) = &self.ast.decls[index]
        {
            found.push(Func::Decl(decl));
        }
        found
    }

    /// The innermost function around `part`.
    pub(super) fn function(&self, part: Part) -> Option<Func<'a>> {
        self.functions(part).into_iter().next()
    }

    pub(super) fn literal(&self, part: Part) -> Option<Func<'a>> {
        let Part::Expr(id) = part else { return None };
        match self.ast.expr(id) {
            Expr::FuncLit(signature, body) => Some(Func::Lit(id, signature, body)),
            _ => None,
        }
    }

    /// The statement that `part` is or stands in.
    pub(super) fn statement(&self, part: Part) -> Option<StmtId> {
        self.chain(part).find_map(|above| match above {
            Part::Stmt(id) => Some(id),
            Part::Expr(_) => None,
        })
    }

    /// The list that holds `stmt` directly, with its index in it; `None` for the simple statements of heads.
    pub(super) fn list(&self, stmt: StmtId) -> Option<(&'a [StmtId], usize)> {
        let lists: Vec<&'a [StmtId]> = match self.up(Part::Stmt(stmt)) {
            Up::Stmt(above) => lists(self.ast.stmt(above)),
            Up::Expr(above) => match self.ast.expr(above) {
                Expr::FuncLit(_, body) => vec![&body.stmts],
                _ => Vec::new(),
            },
            Up::Decl(index) => match &self.ast.decls[index] {
                Decl::Func(func) => func.body.iter().map(|b| b.stmts.as_slice()).collect(),
                _ => Vec::new(),
            },
            Up::Nowhere => Vec::new(),
        };
        lists.into_iter().find_map(|list| {
            let index = list.iter().position(|s| *s == stmt)?;
            Some((list, index))
        })
    }

    /// Whether `stmt` is the communication of a `select` case.
    pub(super) fn is_case(&self, stmt: StmtId) -> bool {
        let Up::Stmt(above) = self.up(Part::Stmt(stmt)) else {
            return false;
        };
        matches!(self.ast.stmt(above), Stmt::Select(clauses)
            if clauses.iter().any(|c| c.comm == Some(stmt)))
    }

    /// The expression with exactly this span, the outermost of several.
    pub(super) fn expr_at(&self, span: Span) -> Option<ExprId> {
        let index = self.ast.expr_spans.iter().rposition(|s| *s == span)?;
        Some(ExprId(index as u32))
    }

    /// The statement with exactly this span, or else the innermost one around it.
    pub(super) fn stmt_at(&self, span: Span) -> Option<StmtId> {
        let spans = &self.ast.stmt_spans;
        let index = spans.iter().rposition(|s| *s == span).or_else(|| {
            // A child comes before its parent.
            spans.iter().position(|s| s.contains(span))
        })?;
        Some(StmtId(index as u32))
    }

    /// A byte of the package clause.
    pub(super) fn package_clause(&self) -> Option<u32> {
        let comments = Comments::of(self.source.bytes());
        let found = memchr::memmem::find_iter(self.source.bytes(), b"package ")
            .map(|at| at as u32)
            .find(|at| !comments.covers(*at))?;
        Some(found)
    }

    pub(super) fn text(&self, span: Span) -> String {
        self.source.text(span).into_owned()
    }

    pub(super) fn expr_text(&self, id: ExprId) -> String {
        self.text(self.ast.expr_span(id))
    }

    /// The name that an expression is, if it is one.
    pub(super) fn name(&self, id: ExprId) -> Option<&'a str> {
        match self.ast.expr(id) {
            Expr::Ident(name) => Some(name.as_str()),
            _ => None,
        }
    }

    /// The function called and the arguments, if `id` is a call.
    pub(super) fn call(&self, id: ExprId) -> Option<(ExprId, &'a [ExprId])> {
        match self.ast.expr(id) {
            Expr::Call(fun, args, _) => Some((*fun, args)),
            _ => None,
        }
    }

    /// The arguments, if `id` calls the built-in (or whatever else is called) `name`.
    pub(super) fn builtin(&self, id: ExprId, name: &str) -> Option<&'a [ExprId]> {
        let (fun, args) = self.call(id)?;
        (self.name(fun) == Some(name)).then_some(args)
    }
}

/// The statement lists that stand directly in a statement.
pub(super) fn lists(stmt: &Stmt) -> Vec<&[StmtId]> {
    match stmt {
        Stmt::Block(block)
        | Stmt::If { then: block, .. }
        | Stmt::For { body: block, .. }
        | Stmt::Range { body: block, .. } => vec![&block.stmts],
        Stmt::Switch { clauses, .. } | Stmt::TypeSwitch { clauses, .. } => {
            clauses.iter().map(|c| c.body.as_slice()).collect()
        }
        Stmt::Select(clauses) => clauses.iter().map(|c| c.body.as_slice()).collect(),
        _ => Vec::new(),
    }
}
