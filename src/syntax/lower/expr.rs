//! Expressions, and the types among them.

use super::{Lower, MAX_DEPTH, all, child, own_error, parts, span};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprId, LiteralKind, UnaryOp};
use crate::syntax::kind::{FIELDS, Kind};
use tree_sitter::Node;

/// A chain of one operator longer than this is built as a balanced tree: generated code adds up thousands of strings.
const LONG_CHAIN: usize = 16;

impl Lower<'_> {
    /// Lowers an expression or type; parentheses are dropped.
    pub(super) fn expr(&mut self, mut node: Node<'_>) -> ExprId {
        while let Some(inner) = wrapped(node) {
            node = inner;
        }
        if self.depth >= MAX_DEPTH {
            return self.too_deep(node);
        }
        self.depth += 1;
        let id = self.expr_of_kind(node);
        self.depth -= 1;
        id
    }

    fn too_deep(&mut self, node: Node<'_>) -> ExprId {
        self.file.unreadable.push(span(node));
        self.bad(node)
    }

    /// An expression that no statement encloses, so that its errors must stay with it.
    pub(super) fn checked_expr(&mut self, node: Node<'_>) -> ExprId {
        if own_error(node) {
            self.push_expr(Expr::Bad, span(node))
        } else {
            self.expr(node)
        }
    }

    /// The expression in a field that the grammar demands.
    pub(super) fn field(&mut self, node: Node<'_>, field: u16) -> ExprId {
        match child(node, field) {
            Some(node) => self.expr(node),
            None => self.bad(node),
        }
    }

    pub(super) fn optional(&mut self, node: Node<'_>, field: u16) -> Option<ExprId> {
        child(node, field).map(|n| self.expr(n))
    }

    pub(super) fn exprs(&mut self, nodes: &[Node<'_>]) -> Vec<ExprId> {
        nodes.iter().map(|n| self.expr(*n)).collect()
    }

    /// The expressions of the list in a field.
    pub(super) fn list(&mut self, node: Node<'_>, field: u16) -> Vec<ExprId> {
        match child(node, field) {
            Some(list) if Kind::of(list) == Kind::ExpressionList => self.exprs(&parts(list)),
            Some(single) => vec![self.expr(single)],
            None => Vec::new(),
        }
    }

    pub(super) fn bad(&mut self, node: Node<'_>) -> ExprId {
        self.push_expr(Expr::Bad, span(node))
    }

    // Each form has a function of its own, called in one place: so the frame of this one, which is on the stack once
    // per level, stays small.
    fn expr_of_kind(&mut self, node: Node<'_>) -> ExprId {
        let form: fn(&mut Self, Node<'_>) -> ExprId = match Kind::of(node) {
            Kind::Identifier
            | Kind::TypeIdentifier
            | Kind::FieldIdentifier
            | Kind::PackageIdentifier
            | Kind::BlankIdentifier
            | Kind::Nil
            | Kind::True
            | Kind::False
            | Kind::Iota => Self::ident,
            Kind::Int
            | Kind::Float
            | Kind::Imaginary
            | Kind::Rune
            | Kind::InterpretedString
            | Kind::RawString => Self::literal,
            Kind::FuncLiteral => Self::func_literal,
            Kind::CompositeLiteral | Kind::LiteralValue => Self::composite,
            Kind::Selector | Kind::QualifiedType => Self::selector,
            Kind::Index => Self::index,
            Kind::GenericType => Self::generic_type,
            Kind::TypeInstantiation => Self::instantiation,
            Kind::Slice => Self::slice,
            Kind::TypeAssertion => Self::type_assertion,
            Kind::Call => Self::call,
            Kind::TypeConversion => Self::conversion,
            Kind::Unary => Self::unary,
            Kind::Binary => Self::binary,
            Kind::PointerType => Self::pointer_type,
            Kind::NegatedType => Self::negated_type,
            Kind::TypeElem | Kind::TypeConstraint => Self::union,
            Kind::ArrayType | Kind::ImplicitArrayType => Self::array_type,
            Kind::SliceType => Self::slice_type,
            Kind::MapType => Self::map_type,
            Kind::ChannelType => Self::channel_type,
            Kind::StructType => Self::struct_type,
            Kind::FunctionType => Self::function_type,
            Kind::InterfaceType => Self::interface_type,
            _ => Self::bad,
        };
        form(self, node)
    }

    pub(super) fn ident(&mut self, node: Node<'_>) -> ExprId {
        let name = self.name(node);
        self.push_expr(Expr::Ident(name), span(node))
    }

    fn literal(&mut self, node: Node<'_>) -> ExprId {
        let kind = match Kind::of(node) {
            Kind::Int => LiteralKind::Int,
            Kind::Float => LiteralKind::Float,
            Kind::Imaginary => LiteralKind::Imaginary,
            Kind::Rune => LiteralKind::Rune,
            _ => LiteralKind::String,
        };
        let text = self.name(node);
        self.push_expr(Expr::Literal(kind, text), span(node))
    }

    fn func_literal(&mut self, node: Node<'_>) -> ExprId {
        let signature = self.signature(node);
        let body = self.block_in(node, FIELDS.body);
        self.push_expr(
            Expr::FuncLit(Box::new(signature), Box::new(body)),
            span(node),
        )
    }

    fn composite(&mut self, node: Node<'_>) -> ExprId {
        let (ty, body) = if Kind::of(node) == Kind::CompositeLiteral {
            let ty = self.field(node, FIELDS.ty);
            (Some(ty), child(node, FIELDS.body))
        } else {
            (None, Some(node))
        };
        let mut elements = Vec::new();
        for element in body.map(parts).unwrap_or_default() {
            if Kind::of(element) == Kind::KeyedElement {
                let key = self.field(element, FIELDS.key);
                let value = self.field(element, FIELDS.value);
                elements.push((Some(key), value));
            } else {
                elements.push((None, self.expr(element)));
            }
        }
        self.push_expr(Expr::CompositeLit(ty, elements), span(node))
    }

    fn selector(&mut self, node: Node<'_>) -> ExprId {
        let (operand, field) = if Kind::of(node) == Kind::QualifiedType {
            (FIELDS.package, FIELDS.name)
        } else {
            (FIELDS.operand, FIELDS.field)
        };
        let base = self.field(node, operand);
        let Some(field) = child(node, field) else {
            return self.bad(node);
        };
        let name = self.name(field);
        self.push_expr(Expr::Selector(base, name, span(field)), span(node))
    }

    fn index(&mut self, node: Node<'_>) -> ExprId {
        let base = self.field(node, FIELDS.operand);
        let index = self.field(node, FIELDS.index);
        self.push_expr(Expr::Index(base, vec![index]), span(node))
    }

    fn generic_type(&mut self, node: Node<'_>) -> ExprId {
        let base = self.field(node, FIELDS.ty);
        let arguments = child(node, FIELDS.type_arguments).map_or_else(Vec::new, parts);
        let arguments = self.exprs(&arguments);
        self.push_expr(Expr::Index(base, arguments), span(node))
    }

    fn instantiation(&mut self, node: Node<'_>) -> ExprId {
        let base = self.field(node, FIELDS.ty);
        let arguments = self.exprs(parts(node).get(1..).unwrap_or_default());
        self.push_expr(Expr::Index(base, arguments), span(node))
    }

    fn slice(&mut self, node: Node<'_>) -> ExprId {
        let base = self.field(node, FIELDS.operand);
        let bounds = [FIELDS.start, FIELDS.end, FIELDS.capacity].map(|f| self.optional(node, f));
        self.push_expr(Expr::Slice(base, bounds), span(node))
    }

    fn type_assertion(&mut self, node: Node<'_>) -> ExprId {
        let base = self.field(node, FIELDS.operand);
        let ty = self.field(node, FIELDS.ty);
        self.push_expr(Expr::TypeAssert(base, Some(ty)), span(node))
    }

    fn call(&mut self, node: Node<'_>) -> ExprId {
        let mut callee = self.field(node, FIELDS.function);
        if let Some(list) = child(node, FIELDS.type_arguments) {
            let arguments = self.exprs(&parts(list));
            let whole = self.file.expr_span(callee).to(span(list));
            callee = self.push_expr(Expr::Index(callee, arguments), whole);
        }
        let arguments = child(node, FIELDS.arguments).map_or_else(Vec::new, parts);
        let spread = arguments
            .last()
            .is_some_and(|n| Kind::of(*n) == Kind::VariadicArgument);
        let arguments = self.exprs(&arguments);
        self.push_expr(Expr::Call(callee, arguments, spread), span(node))
    }

    fn conversion(&mut self, node: Node<'_>) -> ExprId {
        let ty = self.field(node, FIELDS.ty);
        let operand = self.field(node, FIELDS.operand);
        self.push_expr(Expr::Call(ty, vec![operand], false), span(node))
    }

    fn unary(&mut self, node: Node<'_>) -> ExprId {
        let operand = self.field(node, FIELDS.operand);
        let op = match self.operator(node) {
            b"!" => UnaryOp::Not,
            b"-" => UnaryOp::Neg,
            b"+" => UnaryOp::Pos,
            b"^" => UnaryOp::BitNot,
            b"&" => UnaryOp::Addr,
            b"<-" => UnaryOp::Recv,
            b"*" => return self.push_expr(Expr::Star(operand), span(node)),
            _ => return self.bad(node),
        };
        self.push_expr(Expr::Unary(op, operand), span(node))
    }

    /// The text of the operator of `node`.
    fn operator(&self, node: Node<'_>) -> &[u8] {
        child(node, FIELDS.operator)
            .and_then(|n| self.bytes.get(n.byte_range()))
            .unwrap_or_default()
    }

    fn binary(&mut self, node: Node<'_>) -> ExprId {
        // Chains lean left; they are taken apart in a loop because they are the one form that generators make long.
        let mut operands = Vec::new();
        let mut left = node;
        while Kind::of(left) == Kind::Binary {
            let Some(op) = binary_op(self.operator(left)) else {
                return self.bad(node);
            };
            let (Some(right), Some(next)) = (child(left, FIELDS.right), child(left, FIELDS.left))
            else {
                return self.bad(node);
            };
            operands.push((op, right));
            left = next;
        }
        operands.reverse();
        let op = operands[0].0;
        let balanced = operands.len() > LONG_CHAIN
            && is_associative(op)
            && operands.iter().all(|(o, _)| *o == op);
        let levels = if balanced {
            operands.len().ilog2() as usize
        } else {
            operands.len() - 1
        };
        if self.depth + levels > MAX_DEPTH {
            return self.too_deep(node);
        }
        self.depth += levels;
        let first = self.expr(left);
        let mut result = first;
        if balanced {
            let mut all = vec![first];
            for (_, right) in operands {
                all.push(self.expr(right));
            }
            result = self.balanced(op, &all);
        } else {
            for (op, right) in operands {
                let whole = Span::new(node.start_byte(), right.end_byte());
                let right = self.expr(right);
                result = self.push_expr(Expr::Binary(op, result, right), whole);
            }
        }
        self.depth -= levels;
        result
    }

    pub(super) fn balanced(&mut self, op: BinaryOp, operands: &[ExprId]) -> ExprId {
        let (left, right) = operands.split_at(operands.len() / 2);
        if left.is_empty() {
            return right[0];
        }
        let left = self.balanced(op, left);
        let right = self.balanced(op, right);
        let whole = self.file.expr_span(left).to(self.file.expr_span(right));
        self.push_expr(Expr::Binary(op, left, right), whole)
    }

    /// The types of a `case` in a type switch.
    pub(super) fn case_types(&mut self, node: Node<'_>) -> Vec<ExprId> {
        self.exprs(&all(node, FIELDS.ty))
    }
}

/// What `node` holds, if it is nothing but a wrapping.
fn wrapped(node: Node<'_>) -> Option<Node<'_>> {
    let wraps = matches!(
        Kind::of(node),
        Kind::ParenthesizedExpression
            | Kind::ParenthesizedType
            | Kind::LiteralElement
            | Kind::ExpressionStatement
            | Kind::VariadicArgument
    );
    if wraps {
        parts(node).first().copied()
    } else {
        None
    }
}

pub(super) fn binary_op(text: &[u8]) -> Option<BinaryOp> {
    Some(match text {
        b"+" => BinaryOp::Add,
        b"-" => BinaryOp::Sub,
        b"*" => BinaryOp::Mul,
        b"/" => BinaryOp::Div,
        b"%" => BinaryOp::Rem,
        b"&" => BinaryOp::And,
        b"|" => BinaryOp::Or,
        b"^" => BinaryOp::Xor,
        b"<<" => BinaryOp::Shl,
        b">>" => BinaryOp::Shr,
        b"&^" => BinaryOp::AndNot,
        b"==" => BinaryOp::Eq,
        b"!=" => BinaryOp::Ne,
        b"<" => BinaryOp::Lt,
        b"<=" => BinaryOp::Le,
        b">" => BinaryOp::Gt,
        b">=" => BinaryOp::Ge,
        b"&&" => BinaryOp::LogAnd,
        b"||" => BinaryOp::LogOr,
        _ => return None,
    })
}

/// Whether `(a op b) op c` may be read as `a op (b op c)`. The order in which operands are evaluated is the same.
fn is_associative(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Add
            | BinaryOp::Mul
            | BinaryOp::And
            | BinaryOp::Or
            | BinaryOp::Xor
            | BinaryOp::LogAnd
            | BinaryOp::LogOr
    )
}
