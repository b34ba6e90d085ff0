//! Signatures and the types made of several parts.

use super::{Lower, all, child, children, names, parts, span};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, ChanDir, Expr, ExprId, Field, Name, Param, Signature};
use crate::syntax::kind::{FIELDS, Kind};
use tree_sitter::Node;

impl Lower<'_> {
    /// Parameters and results of whatever has them.
    pub(super) fn signature(&mut self, node: Node<'_>) -> Signature {
        Signature {
            params: self.params(child(node, FIELDS.parameters)),
            results: self.params(child(node, FIELDS.result)),
        }
    }

    /// The parameters of a list, or the single result that stands without parentheses.
    pub(super) fn params(&mut self, list: Option<Node<'_>>) -> Vec<Param> {
        let Some(list) = list else {
            return Vec::new();
        };
        let mut params = Vec::new();
        if Kind::of(list) != Kind::ParameterList {
            let ty = self.expr(list);
            params.push(Param {
                name: None,
                span: span(list),
                ty,
                variadic: false,
            });
            return params;
        }
        for part in parts(list) {
            let variadic = match Kind::of(part) {
                Kind::ParameterDeclaration => false,
                Kind::VariadicParameter => true,
                _ => continue,
            };
            let ty = self.field(part, FIELDS.ty);
            let names = names(part);
            for name in &names {
                params.push(Param {
                    name: Some(self.name(*name)),
                    span: span(*name),
                    ty,
                    variadic,
                });
            }
            if names.is_empty() {
                params.push(Param {
                    name: None,
                    span: self.file.expr_span(ty),
                    ty,
                    variadic,
                });
            }
        }
        params
    }

    /// Names of the type parameters that `node` declares.
    pub(super) fn type_params(&self, node: Node<'_>) -> Vec<Name> {
        child(node, FIELDS.type_parameters)
            .map(parts)
            .unwrap_or_default()
            .into_iter()
            .flat_map(names)
            .map(|n| self.name(n))
            .collect()
    }

    pub(super) fn pointer_type(&mut self, node: Node<'_>) -> ExprId {
        let inner = self.only_part(node);
        self.push_expr(Expr::Star(inner), span(node))
    }

    /// `~T` is `T` here: what a type parameter may be matters only by its underlying type.
    pub(super) fn negated_type(&mut self, node: Node<'_>) -> ExprId {
        self.only_part(node)
    }

    fn only_part(&mut self, node: Node<'_>) -> ExprId {
        match parts(node).first() {
            Some(inner) => self.expr(*inner),
            None => self.bad(node),
        }
    }

    /// `A | B`, or a type that stands alone.
    pub(super) fn union(&mut self, node: Node<'_>) -> ExprId {
        let types = self.exprs(&parts(node));
        if types.is_empty() {
            return self.bad(node);
        }
        self.balanced(BinaryOp::Or, &types)
    }

    pub(super) fn array_type(&mut self, node: Node<'_>) -> ExprId {
        let length = self.optional(node, FIELDS.length);
        let element = self.field(node, FIELDS.element);
        self.push_expr(Expr::ArrayType(length, element), span(node))
    }

    pub(super) fn slice_type(&mut self, node: Node<'_>) -> ExprId {
        let element = self.field(node, FIELDS.element);
        self.push_expr(Expr::SliceType(element), span(node))
    }

    pub(super) fn map_type(&mut self, node: Node<'_>) -> ExprId {
        let key = self.field(node, FIELDS.key);
        let value = self.field(node, FIELDS.value);
        self.push_expr(Expr::MapType(key, value), span(node))
    }

    pub(super) fn channel_type(&mut self, node: Node<'_>) -> ExprId {
        let tokens = children(node);
        let receives = starts_with_arrow(node);
        let chan = &tokens[usize::from(receives).min(tokens.len())..];
        self.channel_from(node, chan, receives)
    }

    /// A channel type from its `chan` token on.
    fn channel_from(&mut self, node: Node<'_>, chan: &[Node<'_>], receives: bool) -> ExprId {
        let start = if receives {
            node
        } else {
            *chan.first().unwrap_or(&node)
        };
        let whole = Span::new(start.start_byte(), node.end_byte());
        let Some(value) = child(node, FIELDS.value) else {
            return self.bad(node);
        };
        let sends = chan
            .get(1)
            .is_some_and(|n| Kind::of(*n) == Kind::TokenArrow);
        if !sends && !receives && Kind::of(value) == Kind::ChannelType && starts_with_arrow(value) {
            // Go gives an arrow to the leftmost `chan` it can belong to, the grammar to the next one.
            let tokens = children(value);
            let element = self.channel_from(value, tokens.get(1..).unwrap_or_default(), false);
            return self.push_expr(Expr::ChanType(ChanDir::Send, element), whole);
        }
        let dir = match (receives, sends) {
            (true, _) => ChanDir::Recv,
            (false, true) => ChanDir::Send,
            (false, false) => ChanDir::Both,
        };
        let element = self.expr(value);
        self.push_expr(Expr::ChanType(dir, element), whole)
    }

    pub(super) fn function_type(&mut self, node: Node<'_>) -> ExprId {
        let signature = self.signature(node);
        self.push_expr(Expr::FuncType(Box::new(signature)), span(node))
    }

    pub(super) fn interface_type(&mut self, node: Node<'_>) -> ExprId {
        let mut methods = Vec::new();
        let mut elements = Vec::new();
        for part in parts(node) {
            if Kind::of(part) == Kind::MethodElem {
                let name = child(part, FIELDS.name).map(|n| self.name(n));
                let signature = self.signature(part);
                methods.push((name.unwrap_or_default(), signature));
            } else {
                elements.push(self.expr(part));
            }
        }
        self.push_expr(
            Expr::InterfaceType(methods.into(), elements.into()),
            span(node),
        )
    }

    pub(super) fn struct_type(&mut self, node: Node<'_>) -> ExprId {
        let mut fields = Vec::new();
        let lists = parts(node).into_iter().flat_map(parts);
        for declaration in lists.filter(|n| Kind::of(*n) == Kind::FieldDeclaration) {
            let Some(ty) = child(declaration, FIELDS.ty) else {
                continue;
            };
            let names = all(declaration, FIELDS.name);
            if names.is_empty() {
                fields.push(self.embedded(declaration, ty));
                continue;
            }
            let ty = self.expr(ty);
            for name in names {
                fields.push(Field {
                    name: self.name(name),
                    ty,
                    embedded: false,
                });
            }
        }
        self.push_expr(Expr::StructType(fields), span(node))
    }

    fn embedded(&mut self, declaration: Node<'_>, ty: Node<'_>) -> Field {
        let name = self.unqualified(ty);
        let star = children(declaration)
            .into_iter()
            .find(|n| Kind::of(*n) == Kind::TokenStar);
        let mut id = self.expr(ty);
        if let Some(star) = star {
            id = self.push_expr(Expr::Star(id), Span::new(star.start_byte(), ty.end_byte()));
        }
        Field {
            name,
            ty: id,
            embedded: true,
        }
    }

    /// The type's name without package, pointer and type arguments: the name of an embedded field.
    fn unqualified(&self, mut ty: Node<'_>) -> Name {
        loop {
            let inner = match Kind::of(ty) {
                Kind::GenericType => child(ty, FIELDS.ty),
                Kind::QualifiedType => child(ty, FIELDS.name),
                Kind::PointerType | Kind::ParenthesizedType => parts(ty).first().copied(),
                _ => None,
            };
            match inner {
                Some(inner) => ty = inner,
                None => return self.name(ty),
            }
        }
    }
}

/// Whether this is `<-chan T`.
fn starts_with_arrow(node: Node<'_>) -> bool {
    children(node)
        .first()
        .is_some_and(|n| Kind::of(*n) == Kind::TokenArrow)
}
