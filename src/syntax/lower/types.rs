//! Signatures and the types made of several parts.

use super::{Lower, all, child, children, names, parts, span};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprId, Field, Name, Param, Signature};
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

    pub(super) fn function_type(&mut self, node: Node<'_>) -> ExprId {
        let signature = self.signature(node);
        self.push_expr(Expr::FuncType(signature), span(node))
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
        self.push_expr(Expr::InterfaceType(methods, elements), span(node))
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
