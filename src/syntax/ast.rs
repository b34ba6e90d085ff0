//! The typed view of a Go file: arenas of expressions and statements, indices instead of references.
//!
//! It follows the shape of Go's own `go/ast` (types are expressions), because a parser cannot tell a conversion from a
//! call or an index from an instantiation. Parentheses are dropped. Everything the parser could not read is
//! [`Expr::Bad`] or [`Stmt::Bad`], and makes the analysis say less.

use crate::source::Span;
pub use smol_str::SmolStr as Name;

/// Index of an expression in [`File::exprs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprId(pub u32);

/// Index of a statement in [`File::stmts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StmtId(pub u32);

/// A parsed file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// Name in the package clause; empty when there is none.
    pub package: Name,
    /// Imports in source order.
    pub imports: Vec<Import>,
    /// Top-level declarations in source order.
    pub decls: Vec<Decl>,
    /// All expressions; a child comes before its parent.
    pub exprs: Vec<Expr>,
    /// Span of each expression, parallel to `exprs`.
    pub expr_spans: Vec<Span>,
    /// All statements; a child comes before its parent.
    pub stmts: Vec<Stmt>,
    /// Span of each statement, parallel to `stmts`.
    pub stmt_spans: Vec<Span>,
    /// What could not be read, in source order; see [`crate::parse`].
    pub unreadable: Vec<Span>,
}

impl File {
    /// Gives back the room that nothing was put into: a file is held as long as its package is looked at.
    pub(crate) fn shrink(&mut self) {
        self.decls.shrink_to_fit();
        self.exprs.shrink_to_fit();
        self.expr_spans.shrink_to_fit();
        self.stmts.shrink_to_fit();
        self.stmt_spans.shrink_to_fit();
    }

    /// The expression of `id`.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }

    /// The span of expression `id`.
    pub fn expr_span(&self, id: ExprId) -> Span {
        self.expr_spans[id.0 as usize]
    }

    /// The statement of `id`.
    pub fn stmt(&self, id: StmtId) -> &Stmt {
        &self.stmts[id.0 as usize]
    }

    /// The span of statement `id`.
    pub fn stmt_span(&self, id: StmtId) -> Span {
        self.stmt_spans[id.0 as usize]
    }
}

/// An import declaration.
#[derive(Clone, Debug)]
pub struct Import {
    /// The explicit name (`.` and `_` included), if any.
    pub name: Option<Name>,
    /// The import path without quotes.
    pub path: Name,
    /// The whole import spec.
    pub span: Span,
}

/// A top-level declaration (or one inside a function, wrapped in [`Stmt::Decl`]).
#[derive(Clone, Debug)]
pub enum Decl {
    /// A function or method.
    Func(FuncDecl),
    /// One `var` or `const` spec.
    Value(ValueSpec),
    /// One `type` spec.
    Type(TypeSpec),
}

/// A function or method declaration.
#[derive(Clone, Debug)]
pub struct FuncDecl {
    /// Its name.
    pub name: Name,
    /// Where the name stands.
    pub name_span: Span,
    /// The receiver of a method.
    pub receiver: Option<Param>,
    /// Names of the type parameters (not those of the receiver's type).
    pub type_params: Vec<Name>,
    /// Parameters and results.
    pub signature: Signature,
    /// The body; `None` for functions implemented elsewhere.
    pub body: Option<Block>,
    /// Whether the inside of the body was left out.
    pub elided: Option<Elided>,
    /// The whole declaration.
    pub span: Span,
}

/// What is known of a body that was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elided {
    /// It does nothing by itself: only where it is handed something can a call of it matter.
    Idle,
    /// It may do something by itself: every call of it that is looked at can matter.
    Active,
}

/// Parameters and results of a function, literal or function type.
#[derive(Clone, Debug, Default)]
pub struct Signature {
    /// One entry per parameter name (`a, b int` gives two).
    pub params: Vec<Param>,
    /// One entry per result.
    pub results: Vec<Param>,
}

/// A parameter, result or receiver.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name, if given.
    pub name: Option<Name>,
    /// Where it stands (the type, when there is no name).
    pub span: Span,
    /// Its type; for a variadic parameter the element type.
    pub ty: ExprId,
    /// Whether it is declared with `...`.
    pub variadic: bool,
}

/// One spec of a `var` or `const` declaration.
#[derive(Clone, Debug)]
pub struct ValueSpec {
    /// Declared names with their spans.
    pub names: Vec<(Name, Span)>,
    /// The explicit type.
    pub ty: Option<ExprId>,
    /// The initial values. For a `const` that repeats the expression before it, those of that spec.
    pub values: Vec<ExprId>,
    /// Whether this is a constant.
    pub is_const: bool,
    /// The value of `iota`: the index of the spec in its group.
    pub iota: u32,
    /// The whole spec.
    pub span: Span,
}

/// One spec of a `type` declaration.
#[derive(Clone, Debug)]
pub struct TypeSpec {
    /// The declared name.
    pub name: Name,
    /// Where the name stands.
    pub name_span: Span,
    /// Names of the type parameters.
    pub type_params: Vec<Name>,
    /// The type it stands for.
    pub ty: ExprId,
    /// Whether it is an alias (`type A = B`).
    pub is_alias: bool,
}

/// A block: its statements, and the span from brace to brace.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The statements in order.
    pub stmts: Vec<StmtId>,
    /// From `{` to `}` inclusive.
    pub span: Span,
}

/// Kinds of basic literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LiteralKind {
    /// Integer.
    Int,
    /// Floating point.
    Float,
    /// Imaginary.
    Imaginary,
    /// Rune.
    Rune,
    /// String, raw or interpreted.
    String,
}

/// Unary operators (`*x` is [`Expr::Star`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `!x`
    Not,
    /// `-x`
    Neg,
    /// `+x`
    Pos,
    /// `^x`
    BitNot,
    /// `&x`
    Addr,
    /// `<-x`
    Recv,
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    AndNot,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    LogAnd,
    LogOr,
}

/// Direction of a channel type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChanDir {
    /// `chan T`
    Both,
    /// `chan<- T`
    Send,
    /// `<-chan T`
    Recv,
}

/// A field of a struct type.
#[derive(Clone, Debug)]
pub struct Field {
    /// The name; for an embedded field the unqualified type name.
    pub name: Name,
    /// Its type.
    pub ty: ExprId,
    /// Whether it is embedded.
    pub embedded: bool,
}

/// An expression or a type. What is large and rare is boxed: there are many of these.
#[derive(Clone, Debug)]
pub enum Expr {
    /// Could not be read.
    Bad,
    /// A name (also `nil`, `true`, `iota`, `_`).
    Ident(Name),
    /// A basic literal with its source text.
    Literal(LiteralKind, Name),
    /// A function literal.
    FuncLit(Box<Signature>, Box<Block>),
    /// `T{…}`; the type is absent inside another composite literal. Elements are (key, value).
    CompositeLit(Option<ExprId>, Vec<(Option<ExprId>, ExprId)>),
    /// `base.field`; the span is that of the field name.
    Selector(ExprId, Name, Span),
    /// `base[i]` or an instantiation `base[T, U]`.
    Index(ExprId, Vec<ExprId>),
    /// `base[lo:hi:max]`.
    Slice(ExprId, [Option<ExprId>; 3]),
    /// `base.(T)`; without a type it is the `.(type)` of a type switch.
    TypeAssert(ExprId, Option<ExprId>),
    /// A call or conversion; the flag says whether the last argument is spread with `...`.
    Call(ExprId, Vec<ExprId>, bool),
    /// `*x`: a dereference or a pointer type.
    Star(ExprId),
    /// Any other unary operation.
    Unary(UnaryOp, ExprId),
    /// A binary operation.
    Binary(BinaryOp, ExprId, ExprId),
    /// `[N]T`; without a length it is `[...]T`.
    ArrayType(Option<ExprId>, ExprId),
    /// `[]T`.
    SliceType(ExprId),
    /// `map[K]V`.
    MapType(ExprId, ExprId),
    /// A channel type.
    ChanType(ChanDir, ExprId),
    /// A struct type.
    StructType(Vec<Field>),
    /// A function type.
    FuncType(Box<Signature>),
    /// An interface type: its methods by name, and the other elements (embedded interfaces, type sets).
    InterfaceType(Box<[(Name, Signature)]>, Box<[ExprId]>),
}

/// How an assignment assigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssignOp {
    /// `:=`
    Define,
    /// `=`
    Assign,
    /// `+=` and the like.
    Update(BinaryOp),
}

/// A clause of a `switch`.
#[derive(Clone, Debug)]
pub struct SwitchClause {
    /// The expressions (types, in a type switch); empty for `default`.
    pub exprs: Vec<ExprId>,
    /// Whether this is `default`.
    pub is_default: bool,
    /// Its statements.
    pub body: Vec<StmtId>,
    /// The whole clause.
    pub span: Span,
}

/// A clause of a `select`.
#[derive(Clone, Debug)]
pub struct SelectClause {
    /// The communication: a [`Stmt::Send`], [`Stmt::Expr`] or [`Stmt::Assign`] with a receive; `None` for `default`.
    pub comm: Option<StmtId>,
    /// Its statements.
    pub body: Vec<StmtId>,
    /// The whole clause (starting at `case` or `default`).
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug)]
pub enum Stmt {
    /// Could not be read.
    Bad,
    /// Nothing.
    Empty,
    /// An expression statement.
    Expr(ExprId),
    /// `ch <- value`.
    Send(ExprId, ExprId),
    /// `x++` (true) or `x--`.
    IncDec(ExprId, bool),
    /// An assignment or short declaration.
    Assign(Vec<ExprId>, AssignOp, Vec<ExprId>),
    /// `go call`.
    Go(ExprId),
    /// `defer call`.
    Defer(ExprId),
    /// `return …`.
    Return(Vec<ExprId>),
    /// `break`, with its label.
    Break(Option<Name>),
    /// `continue`, with its label.
    Continue(Option<Name>),
    /// `goto label`.
    Goto(Name),
    /// `fallthrough`.
    Fallthrough,
    /// A block.
    Block(Block),
    /// `if init; cond {…} else …`; the else branch is a [`Stmt::Block`] or [`Stmt::If`].
    If {
        /// The simple statement before the condition.
        init: Option<StmtId>,
        /// The condition.
        cond: ExprId,
        /// The first branch.
        then: Block,
        /// The second branch.
        els: Option<StmtId>,
    },
    /// An expression switch.
    Switch {
        /// The simple statement before the tag.
        init: Option<StmtId>,
        /// The tag; absent means `true`.
        tag: Option<ExprId>,
        /// The clauses in order.
        clauses: Vec<SwitchClause>,
    },
    /// A type switch.
    TypeSwitch {
        /// The simple statement before the guard.
        init: Option<StmtId>,
        /// The name bound in each clause.
        bind: Option<(Name, Span)>,
        /// The expression before `.(type)`.
        subject: ExprId,
        /// The clauses in order.
        clauses: Vec<SwitchClause>,
    },
    /// A select.
    Select(Vec<SelectClause>),
    /// A `for` without `range`.
    For {
        /// The init statement.
        init: Option<StmtId>,
        /// The condition.
        cond: Option<ExprId>,
        /// The post statement.
        post: Option<StmtId>,
        /// The body.
        body: Block,
    },
    /// A `for … range`.
    Range {
        /// First iteration variable.
        key: Option<ExprId>,
        /// Second iteration variable.
        value: Option<ExprId>,
        /// Whether the variables are declared here (`:=`).
        define: bool,
        /// What is ranged over.
        subject: ExprId,
        /// The body.
        body: Block,
    },
    /// A labelled statement.
    Labeled(Name, StmtId),
    /// Declarations inside a function.
    Decl(Vec<Decl>),
}
