//! Where a leak can be seeded in a file, and the change that seeds it.
//!
//! In: a parsed file. Out: [`Site`]s. A change keeps every line where it is, so that places before and after compare by
//! their lines. Deliberately absent: whether the change makes a leak.

use goleash::source::{SourceFile, Span};
use goleash::syntax::ast::{
    Decl, Expr, ExprId, File, LiteralKind, SelectClause, Stmt, StmtId, UnaryOp,
};
use std::collections::{BTreeMap, BTreeSet};

/// What is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// A receive, or a loop over a channel.
    Drain,
    /// A send.
    Send,
    /// A `close`.
    Close,
    /// The room of a channel.
    Buffer,
    /// A `Done` of a wait group.
    Done,
    /// The receiving case of a `select`.
    Arm,
    /// The `default` of a `select`.
    Default,
    /// The call of a cancel function.
    Cancel,
    /// The call of a method by which a value is let go.
    Release,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Drain,
        Self::Send,
        Self::Close,
        Self::Buffer,
        Self::Done,
        Self::Arm,
        Self::Default,
        Self::Cancel,
        Self::Release,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Send => "send",
            Self::Close => "close",
            Self::Buffer => "buffer",
            Self::Done => "done",
            Self::Arm => "arm",
            Self::Default => "default",
            Self::Cancel => "cancel",
            Self::Release => "release",
        }
    }
}

/// One change.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) kind: Kind,
    /// What is replaced.
    pub(crate) span: Span,
    /// By what.
    pub(crate) by: String,
    /// The last name of the channel, wait group or function it acts on; empty when it has none.
    pub(crate) name: String,
    /// The first line of the `select` it is a case of; 0 where it is none.
    pub(crate) select: u32,
    /// Its first and last line.
    pub(crate) lines: (u32, u32),
    /// Whether that select keeps a `default`.
    pub(crate) keeps_default: bool,
    /// First and last line of the function it lies in.
    pub(crate) function: (u32, u32),
    /// That function.
    pub(crate) whole: Span,
}

/// What is done to something with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// A channel is made, with or without room.
    Make {
        room: bool,
    },
    Send,
    Receive,
    /// A loop, if it is a channel.
    Range,
    /// A case of a select.
    CaseSend,
    CaseReceive,
    Close,
    Wait,
}

/// Something that is done to the channel or wait group of that last name.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub(crate) name: String,
    pub(crate) deed: Deed,
    /// Where the operation starts: for a case, its select.
    pub(crate) line: u32,
    pub(crate) span: Span,
}

/// Methods by which Go code lets go of a value.
const RELEASES: &[&str] = &[
    "Stop", "stop", "Close", "close", "Shutdown", "shutdown", "Cancel", "Quit", "quit", "Release",
];

/// Reads one file.
pub(crate) struct Reader<'a> {
    ast: &'a File,
    text: &'a SourceFile,
    functions: Vec<Span>,
    /// Receives that are cases of a select.
    cases: BTreeSet<ExprId>,
    /// Sends that are.
    sends: BTreeSet<StmtId>,
    /// Expressions that are statements by themselves.
    alone: BTreeMap<ExprId, StmtId>,
    made: BTreeMap<ExprId, String>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(ast: &'a File, text: &'a SourceFile) -> Self {
        let functions = ast.decls.iter().filter_map(|decl| match decl {
            Decl::Func(function) if function.body.is_some() => Some(function.span),
            _ => None,
        });
        let mut this = Self {
            ast,
            text,
            functions: functions.collect(),
            cases: BTreeSet::new(),
            sends: BTreeSet::new(),
            alone: BTreeMap::new(),
            made: BTreeMap::new(),
        };
        for (index, stmt) in ast.stmts.iter().enumerate() {
            this.note(StmtId(index as u32), stmt);
        }
        for expr in &ast.exprs {
            if let Expr::CompositeLit(_, items) = expr {
                for (key, value) in items {
                    let key = key.map(|key| last_name(ast, key)).unwrap_or_default();
                    this.made.insert(*value, key);
                }
            }
        }
        this
    }

    fn note(&mut self, id: StmtId, stmt: &Stmt) {
        let ast = self.ast;
        match stmt {
            Stmt::Expr(expr) | Stmt::Defer(expr) => {
                self.alone.insert(*expr, id);
            }
            Stmt::Assign(left, _, right) if left.len() == right.len() => {
                for (left, right) in left.iter().zip(right) {
                    self.made.insert(*right, last_name(ast, *left));
                }
            }
            Stmt::Decl(decls) => {
                for decl in decls {
                    if let Decl::Value(spec) = decl {
                        for ((name, _), value) in spec.names.iter().zip(&spec.values) {
                            self.made.insert(*value, name.to_string());
                        }
                    }
                }
            }
            Stmt::Select(clauses) => {
                let received = clauses.iter().filter_map(|c| received(ast, c));
                self.cases.extend(received);
                self.sends.extend(clauses.iter().filter_map(|c| c.comm));
            }
            _ => {}
        }
    }

    /// Methods that close a channel or call a cancel function themselves.
    pub(crate) fn releases(&self) -> Vec<String> {
        let methods = self.ast.decls.iter().filter_map(|decl| match decl {
            Decl::Func(function) if function.receiver.is_some() => Some(function),
            _ => None,
        });
        let ends = methods.filter(|function| {
            let text = self.text.text(function.span);
            text.contains("close(") || text.contains("ancel(")
        });
        ends.map(|function| function.name.to_string()).collect()
    }

    /// What is done to channels and wait groups.
    pub(crate) fn uses(&self) -> Vec<Use> {
        let ast = self.ast;
        let mut uses = Vec::new();
        let mut add = |deed: Deed, name: String, at: Span, span: Span| {
            let line = self.text.line(at.start);
            uses.push(Use {
                name,
                deed,
                line,
                span,
            });
        };
        for (index, expr) in ast.exprs.iter().enumerate() {
            let id = ExprId(index as u32);
            let span = ast.expr_spans[index];
            match expr {
                Expr::Unary(UnaryOp::Recv, channel) if !self.cases.contains(&id) => {
                    add(Deed::Receive, last_name(ast, *channel), span, span);
                }
                Expr::Call(callee, arguments, _) => match (ast.expr(*callee), &arguments[..]) {
                    (Expr::Selector(base, name, _), []) if name == "Wait" => {
                        add(Deed::Wait, last_name(ast, *base), span, span);
                    }
                    (Expr::Ident(name), [channel]) if name == "close" => {
                        add(Deed::Close, last_name(ast, *channel), span, span);
                    }
                    (Expr::Ident(name), [ty, rest @ ..])
                        if name == "make" && matches!(ast.expr(*ty), Expr::ChanType(..)) =>
                    {
                        let room = !rest.is_empty();
                        let name = self.made.get(&id).cloned().unwrap_or_default();
                        add(Deed::Make { room }, name, span, span);
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        for (index, stmt) in ast.stmts.iter().enumerate() {
            let span = ast.stmt_spans[index];
            match stmt {
                Stmt::Send(channel, _) if !self.sends.contains(&StmtId(index as u32)) => {
                    add(Deed::Send, last_name(ast, *channel), span, span);
                }
                Stmt::Range { subject, .. } => {
                    add(Deed::Range, last_name(ast, *subject), span, span);
                }
                Stmt::Select(clauses) => {
                    for clause in clauses {
                        if let Some((deed, name)) = self.communication(clause) {
                            add(deed, name, span, clause.span);
                        }
                    }
                }
                _ => {}
            }
        }
        uses
    }

    fn communication(&self, clause: &SelectClause) -> Option<(Deed, String)> {
        if let Some(Stmt::Send(channel, _)) = clause.comm.map(|c| self.ast.stmt(c)) {
            return Some((Deed::CaseSend, last_name(self.ast, *channel)));
        }
        match self.ast.expr(received(self.ast, clause)?) {
            Expr::Unary(_, channel) => Some((Deed::CaseReceive, last_name(self.ast, *channel))),
            _ => None,
        }
    }

    /// All sites, in the order of the text.
    pub(crate) fn sites(&self) -> Vec<Site> {
        let mut sites = Vec::new();
        for index in 0..self.ast.exprs.len() {
            sites.extend(self.in_expr(ExprId(index as u32)));
        }
        for index in 0..self.ast.stmts.len() {
            self.in_stmt(StmtId(index as u32), &mut sites);
        }
        sites.sort_by_key(|site| (site.span.start, site.span.end, site.kind));
        sites
    }

    fn in_expr(&self, id: ExprId) -> Option<Site> {
        let ast = self.ast;
        let span = ast.expr_span(id);
        match ast.expr(id) {
            Expr::Unary(UnaryOp::Recv, channel) if !self.cases.contains(&id) => {
                let name = last_name(ast, *channel);
                match self.alone.get(&id) {
                    Some(stmt) => self.blank(Kind::Drain, ast.stmt_span(*stmt), name),
                    None => self.replace(Kind::Drain, span, "received(", ")", name),
                }
            }
            Expr::Call(callee, arguments, _) => self.in_call(id, *callee, arguments),
            _ => None,
        }
    }

    fn in_call(&self, id: ExprId, callee: ExprId, arguments: &[ExprId]) -> Option<Site> {
        let ast = self.ast;
        let alone = || self.alone.get(&id).map(|stmt| ast.stmt_span(*stmt));
        match (ast.expr(callee), arguments) {
            (Expr::Ident(name), [ty, room]) if name == "make" => {
                let is_none =
                    matches!(ast.expr(*room), Expr::Literal(LiteralKind::Int, n) if n == "0");
                if is_none || !matches!(ast.expr(*ty), Expr::ChanType(..)) {
                    return None;
                }
                let span = Span {
                    start: ast.expr_span(*ty).end,
                    end: ast.expr_span(*room).end,
                };
                let name = self.made.get(&id).cloned().unwrap_or_default();
                self.blank(Kind::Buffer, span, name)
            }
            (Expr::Ident(name), [channel]) if name == "close" => {
                self.blank(Kind::Close, alone()?, last_name(ast, *channel))
            }
            (Expr::Selector(base, name, _), []) if name == "Done" => {
                self.blank(Kind::Done, alone()?, last_name(ast, *base))
            }
            (Expr::Ident(name) | Expr::Selector(_, name, _), [])
                if name.to_lowercase().contains("cancel") =>
            {
                self.blank(Kind::Cancel, alone()?, name.to_string())
            }
            (Expr::Selector(_, name, _), _) if RELEASES.contains(&name.as_str()) => {
                self.blank(Kind::Release, alone()?, name.to_string())
            }
            _ => None,
        }
    }

    fn in_stmt(&self, id: StmtId, sites: &mut Vec<Site>) {
        let ast = self.ast;
        let span = ast.stmt_span(id);
        match ast.stmt(id) {
            Stmt::Send(channel, _) if !self.sends.contains(&id) => {
                sites.extend(self.blank(Kind::Send, span, last_name(ast, *channel)));
            }
            Stmt::Range { subject, .. } => {
                sites.extend(self.blank(Kind::Drain, span, last_name(ast, *subject)));
            }
            Stmt::Select(clauses) if clauses.len() > 1 => {
                for clause in clauses {
                    let site = match self.communication(clause) {
                        None => self.blank(Kind::Default, clause.span, String::new()),
                        Some((Deed::CaseReceive, name)) => self.blank(Kind::Arm, clause.span, name),
                        Some(_) => None,
                    };
                    sites.extend(site.map(|site| Site {
                        select: self.text.line(span.start),
                        keeps_default: clause.comm.is_some()
                            && clauses.iter().any(|c| c.comm.is_none()),
                        ..site
                    }));
                }
            }
            _ => {}
        }
    }

    fn blank(&self, kind: Kind, span: Span, name: String) -> Option<Site> {
        self.replace(kind, span, "", "", name)
    }

    /// What stands at `span` goes, but for the ends of its lines, which come between `before` and `after`.
    fn replace(
        &self,
        kind: Kind,
        span: Span,
        before: &str,
        after: &str,
        name: String,
    ) -> Option<Site> {
        let function = self.functions.iter().find(|f| f.contains(span))?;
        let ends = self.text.text(span).matches('\n').count();
        Some(Site {
            kind,
            span,
            by: format!("{before}{}{after}", "\n".repeat(ends)),
            name,
            select: 0,
            lines: self.lines(span),
            function: self.lines(*function),
            whole: *function,
            keeps_default: false,
        })
    }

    fn lines(&self, span: Span) -> (u32, u32) {
        (self.text.line(span.start), self.text.line(span.end))
    }
}

/// The receive expression of a case.
fn received(ast: &File, clause: &SelectClause) -> Option<ExprId> {
    let id = match ast.stmt(clause.comm?) {
        Stmt::Expr(expr) => *expr,
        Stmt::Assign(_, _, right) => *right.first()?,
        _ => return None,
    };
    matches!(ast.expr(id), Expr::Unary(UnaryOp::Recv, _)).then_some(id)
}

/// The name that is read last: `done` of `s.done`, `Done` of `ctx.Done()`, `chans` of `chans[i]`.
fn last_name(ast: &File, id: ExprId) -> String {
    match ast.expr(id) {
        Expr::Ident(name) | Expr::Selector(_, name, _) => name.to_string(),
        Expr::Index(base, _) | Expr::Star(base) | Expr::Unary(_, base) => last_name(ast, *base),
        Expr::Call(callee, ..) => last_name(ast, *callee),
        _ => String::new(),
    }
}
