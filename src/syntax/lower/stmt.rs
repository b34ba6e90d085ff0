//! Statements.

use super::expr::binary_op;
use super::{Lower, MAX_DEPTH, child, children, has_token, own_error, parts, span};
use crate::source::Span;
use crate::syntax::ast::{AssignOp, Block, ExprId, Name, SelectClause, Stmt, StmtId, SwitchClause};
use crate::syntax::kind::{FIELDS, Kind};
use tree_sitter::Node;

impl Lower<'_> {
    pub(super) fn block(&mut self, node: Node<'_>) -> Block {
        Block {
            stmts: self.body(node),
            span: span(node),
        }
    }

    pub(super) fn block_in(&mut self, node: Node<'_>, field: u16) -> Block {
        match child(node, field) {
            Some(block) => self.block(block),
            None => Block {
                stmts: Vec::new(),
                span: Span::new(node.end_byte(), node.end_byte()),
            },
        }
    }

    /// The statements of a block or clause. Errors that stand between them become bad statements.
    fn body(&mut self, node: Node<'_>) -> Vec<StmtId> {
        let mut stmts = Vec::new();
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            if child.is_error() || child.is_missing() {
                stmts.push(self.bad_stmt(child));
            } else if Kind::of(child) == Kind::StatementList {
                self.statement_list(child, &mut stmts);
            }
        }
        stmts
    }

    fn statement_list(&mut self, list: Node<'_>, stmts: &mut Vec<StmtId>) {
        let mut cursor = list.walk();
        for child in list.children(&mut cursor) {
            if child.is_error() || child.is_missing() {
                stmts.push(self.bad_stmt(child));
            } else if child.is_named() && Kind::of(child) != Kind::Comment {
                stmts.push(self.stmt(child));
            }
        }
    }

    /// Lowers a statement.
    pub(super) fn stmt(&mut self, node: Node<'_>) -> StmtId {
        if own_error(node) {
            return self.bad_stmt(node);
        }
        if self.depth >= MAX_DEPTH {
            return self.too_deep_stmt(node);
        }
        self.depth += 1;
        let id = self.stmt_of_kind(node);
        self.depth -= 1;
        id
    }

    fn bad_stmt(&mut self, node: Node<'_>) -> StmtId {
        self.push_stmt(Stmt::Bad, span(node))
    }

    fn too_deep_stmt(&mut self, node: Node<'_>) -> StmtId {
        self.file.unreadable.push(span(node));
        self.bad_stmt(node)
    }

    fn optional_stmt(&mut self, node: Node<'_>, field: u16) -> Option<StmtId> {
        child(node, field).map(|n| self.stmt(n))
    }

    // Each form has a function of its own, called in one place: so the frame of this one, which is on the stack once
    // per level, stays small.
    fn stmt_of_kind(&mut self, node: Node<'_>) -> StmtId {
        let form: fn(&mut Self, Node<'_>) -> StmtId = match Kind::of(node) {
            Kind::Block => Self::block_stmt,
            Kind::If => Self::if_stmt,
            Kind::For => Self::for_stmt,
            Kind::ExpressionSwitch => Self::switch,
            Kind::TypeSwitch => Self::type_switch,
            Kind::Select => Self::select,
            Kind::Labeled => Self::labeled,
            Kind::Break | Kind::Continue | Kind::Goto => Self::jump,
            Kind::ConstDeclaration | Kind::VarDeclaration | Kind::TypeDeclaration => {
                Self::decl_stmt
            }
            Kind::Assignment | Kind::ShortVar | Kind::ReceiveStatement => Self::assign,
            Kind::Return => Self::return_stmt,
            _ => Self::simple,
        };
        form(self, node)
    }

    /// The statements that hold at most two expressions.
    fn simple(&mut self, node: Node<'_>) -> StmtId {
        let stmt = match Kind::of(node) {
            Kind::EmptyStatement => Stmt::Empty,
            Kind::Fallthrough => Stmt::Fallthrough,
            Kind::ExpressionStatement => Stmt::Expr(self.expr(node)),
            Kind::Send => {
                let channel = self.field(node, FIELDS.channel);
                let value = self.field(node, FIELDS.value);
                Stmt::Send(channel, value)
            }
            Kind::Inc => Stmt::IncDec(self.first_part(node), true),
            Kind::Dec => Stmt::IncDec(self.first_part(node), false),
            Kind::Go => Stmt::Go(self.first_part(node)),
            Kind::Defer => Stmt::Defer(self.first_part(node)),
            _ => {
                self.file.unreadable.push(span(node));
                Stmt::Bad
            }
        };
        self.push_stmt(stmt, span(node))
    }

    fn first_part(&mut self, node: Node<'_>) -> ExprId {
        match parts(node).first() {
            Some(part) => self.expr(*part),
            None => self.bad(node),
        }
    }

    fn block_stmt(&mut self, node: Node<'_>) -> StmtId {
        let block = self.block(node);
        self.push_stmt(Stmt::Block(block), span(node))
    }

    fn decl_stmt(&mut self, node: Node<'_>) -> StmtId {
        let decls = self.declarations(node);
        self.push_stmt(Stmt::Decl(decls), span(node))
    }

    fn return_stmt(&mut self, node: Node<'_>) -> StmtId {
        let mut values = Vec::new();
        for list in parts(node) {
            values.extend(self.exprs(&parts(list)));
        }
        self.push_stmt(Stmt::Return(values), span(node))
    }

    fn jump(&mut self, node: Node<'_>) -> StmtId {
        let label = parts(node).first().map(|n| self.name(*n));
        let stmt = match Kind::of(node) {
            Kind::Break => Stmt::Break(label),
            Kind::Continue => Stmt::Continue(label),
            _ => Stmt::Goto(label.unwrap_or_default()),
        };
        self.push_stmt(stmt, span(node))
    }

    fn labeled(&mut self, node: Node<'_>) -> StmtId {
        let label = child(node, FIELDS.label).map(|n| self.name(n));
        let inner = parts(node)
            .into_iter()
            .find(|n| Kind::of(*n) != Kind::LabelName);
        let inner = match inner {
            Some(inner) => self.stmt(inner),
            None => self.push_stmt(Stmt::Empty, Span::new(node.end_byte(), node.end_byte())),
        };
        self.push_stmt(Stmt::Labeled(label.unwrap_or_default(), inner), span(node))
    }

    /// An assignment, a short declaration, or the receive of a `select` clause with or without either.
    fn assign(&mut self, node: Node<'_>) -> StmtId {
        let left = self.list(node, FIELDS.left);
        let right = self.list(node, FIELDS.right);
        let op = if Kind::of(node) == Kind::Assignment {
            let text = child(node, FIELDS.operator).and_then(|n| self.bytes.get(n.byte_range()));
            match text.and_then(|t| t.strip_suffix(b"=")).map(binary_op) {
                Some(Some(op)) => AssignOp::Update(op),
                _ => AssignOp::Assign,
            }
        } else if has_token(node, Kind::TokenDefine) {
            AssignOp::Define
        } else {
            AssignOp::Assign
        };
        let stmt = match right.first() {
            Some(received) if left.is_empty() => Stmt::Expr(*received),
            _ => Stmt::Assign(left, op, right),
        };
        self.push_stmt(stmt, span(node))
    }

    fn if_stmt(&mut self, node: Node<'_>) -> StmtId {
        let init = self.optional_stmt(node, FIELDS.initializer);
        let cond = self.field(node, FIELDS.condition);
        let then = self.block_in(node, FIELDS.consequence);
        let els = self.optional_stmt(node, FIELDS.alternative);
        let stmt = Stmt::If {
            init,
            cond,
            then,
            els,
        };
        self.push_stmt(stmt, span(node))
    }

    fn for_stmt(&mut self, node: Node<'_>) -> StmtId {
        let head = parts(node)
            .into_iter()
            .find(|n| Kind::of(*n) != Kind::Block);
        let stmt = match head.map(|n| (n, Kind::of(n))) {
            Some((head, Kind::RangeClause)) => self.range(node, head),
            Some((head, Kind::ForClause)) => Stmt::For {
                init: self.optional_stmt(head, FIELDS.initializer),
                cond: self.optional(head, FIELDS.condition),
                post: self.optional_stmt(head, FIELDS.update),
                body: self.block_in(node, FIELDS.body),
            },
            head => Stmt::For {
                init: None,
                cond: head.map(|(n, _)| self.expr(n)),
                post: None,
                body: self.block_in(node, FIELDS.body),
            },
        };
        self.push_stmt(stmt, span(node))
    }

    fn range(&mut self, node: Node<'_>, clause: Node<'_>) -> Stmt {
        let mut variables = self.list(clause, FIELDS.left).into_iter();
        Stmt::Range {
            key: variables.next(),
            value: variables.next(),
            define: has_token(clause, Kind::TokenDefine),
            subject: self.field(clause, FIELDS.right),
            body: self.block_in(node, FIELDS.body),
        }
    }

    fn switch(&mut self, node: Node<'_>) -> StmtId {
        let init = self.optional_stmt(node, FIELDS.initializer);
        let tag = self.optional(node, FIELDS.value);
        let clauses = self.switch_clauses(node);
        self.push_stmt(Stmt::Switch { init, tag, clauses }, span(node))
    }

    fn type_switch(&mut self, node: Node<'_>) -> StmtId {
        let init = self.optional_stmt(node, FIELDS.initializer);
        let alias = child(node, FIELDS.alias).and_then(|list| parts(list).first().copied());
        let bind: Option<(Name, Span)> = alias.map(|n| (self.name(n), span(n)));
        let subject = self.field(node, FIELDS.value);
        let clauses = self.switch_clauses(node);
        let stmt = Stmt::TypeSwitch {
            init,
            bind,
            subject,
            clauses,
        };
        self.push_stmt(stmt, span(node))
    }

    fn switch_clauses(&mut self, node: Node<'_>) -> Vec<SwitchClause> {
        let mut clauses = Vec::new();
        for part in parts(node) {
            let exprs = match Kind::of(part) {
                Kind::ExpressionCase => self.list(part, FIELDS.value),
                Kind::TypeCase => self.case_types(part),
                Kind::DefaultCase => Vec::new(),
                _ => continue,
            };
            clauses.push(SwitchClause {
                exprs,
                is_default: Kind::of(part) == Kind::DefaultCase,
                body: self.body(part),
                span: self.clause_span(part),
            });
        }
        clauses
    }

    /// The grammar counts the white space after a clause in.
    fn clause_span(&self, clause: Node<'_>) -> Span {
        let text = self.bytes.get(clause.byte_range()).unwrap_or_default();
        let start = clause.start_byte();
        Span::new(start, start + text.trim_ascii_end().len())
    }

    fn select(&mut self, node: Node<'_>) -> StmtId {
        let mut clauses = Vec::new();
        for part in children(node) {
            if !matches!(Kind::of(part), Kind::CommunicationCase | Kind::DefaultCase) {
                continue;
            }
            clauses.push(SelectClause {
                comm: self.optional_stmt(part, FIELDS.communication),
                body: self.body(part),
                span: self.clause_span(part),
            });
        }
        self.push_stmt(Stmt::Select(clauses), span(node))
    }
}
