//! The file and its declarations.

use super::{Lower, child, names, own_error, parts, span};
use crate::parse;
use crate::source::Span;
use crate::syntax::ast::{
    Block, Decl, Elided, ExprId, FuncDecl, Import, Name, TypeSpec, ValueSpec,
};
use crate::syntax::kind::{FIELDS, Kind};
use tree_sitter::Node;

impl Lower<'_> {
    pub(super) fn source_file(&mut self, root: Node<'_>) {
        if root.is_error() {
            self.salvage(root);
            return;
        }
        for node in root.children(&mut root.walk()) {
            if node.is_error() {
                self.salvage(node);
                continue;
            }
            if !node.is_named() || matches!(Kind::of(node), Kind::Comment | Kind::EmptyStatement) {
                continue;
            }
            self.note_errors(node);
            match Kind::of(node) {
                Kind::ConstDeclaration | Kind::VarDeclaration | Kind::TypeDeclaration => {
                    let decls = self.declarations(node);
                    self.file.decls.extend(decls);
                }
                _ if self.unit(node) => {}
                // The grammar accepts statements between declarations; Go does not.
                _ => self.file.unreadable.push(span(node)),
            }
        }
    }

    /// Puts the functions in `root` in place of those of `file` that lack their bodies.
    pub(super) fn replace_functions(&mut self, root: Node<'_>) -> bool {
        for node in root.named_children(&mut root.walk()) {
            if !matches!(
                Kind::of(node),
                Kind::FunctionDeclaration | Kind::MethodDeclaration
            ) {
                continue;
            }
            let function = self.function(node);
            let place =
                self.file.decls.iter_mut().find(
                    |decl| matches!(decl, Decl::Func(f) if f.span == function.span && f.elided.is_some()),
                );
            let Some(place) = place else { return false };
            *place = Decl::Func(function);
        }
        true
    }

    /// Keeps the functions and imports that an error swallowed whole. Other declarations in there may as well have been
    /// local ones.
    fn salvage(&mut self, error: Node<'_>) {
        let mut lost: Option<Span> = None;
        for node in error.children(&mut error.walk()) {
            if Kind::of(node) == Kind::Comment {
                continue;
            }
            if self.unit(node) {
                self.file.unreadable.extend(lost.take());
                self.note_errors(node);
            } else {
                lost = Some(lost.map_or(span(node), |l| l.to(span(node))));
            }
        }
        if lost.is_some() {
            self.file.unreadable.extend(lost);
        } else if error.child_count() == 0 {
            self.file.unreadable.push(span(error));
        }
    }

    fn note_errors(&mut self, node: Node<'_>) {
        if node.has_error() {
            parse::for_each_error(node, |span| self.file.unreadable.push(span));
        }
    }

    /// A node that can only stand at the top of a file; false when it is something else.
    fn unit(&mut self, node: Node<'_>) -> bool {
        match Kind::of(node) {
            Kind::PackageClause => {
                if let Some(name) = parts(node).first()
                    && self.file.package.is_empty()
                {
                    self.file.package = self.name(*name);
                }
            }
            Kind::ImportDeclaration => self.imports(node),
            Kind::FunctionDeclaration | Kind::MethodDeclaration => {
                if !own_error(node) {
                    let function = self.function(node);
                    self.file.decls.push(Decl::Func(function));
                }
            }
            _ => return false,
        }
        true
    }

    fn imports(&mut self, node: Node<'_>) {
        for part in parts(node) {
            match Kind::of(part) {
                Kind::ImportSpecList => self.imports(part),
                Kind::ImportSpec if !own_error(part) => {
                    let quoted = child(part, FIELDS.path).map(|n| self.name(n));
                    let quoted = quoted.unwrap_or_default();
                    let import = Import {
                        name: child(part, FIELDS.name).map(|n| self.name(n)),
                        path: Name::new(quoted.trim_matches(['"', '`'])),
                        span: span(part),
                    };
                    self.file.imports.push(import);
                }
                _ => {}
            }
        }
    }

    fn function(&mut self, node: Node<'_>) -> FuncDecl {
        let name = child(node, FIELDS.name);
        let receiver = self.params(child(node, FIELDS.receiver)).into_iter().next();
        let mut type_params = self.type_params(node);
        if let (Some(name), Some(parameters)) = (name, child(node, FIELDS.parameters)) {
            let between = Span::new(name.end_byte(), parameters.start_byte());
            if let Some(list) = self.blanked.iter().find(|s| between.contains(**s)) {
                let names = parse::parameter_names(self.bytes, *list);
                type_params = names.into_iter().map(|s| self.text(s)).collect();
            }
        }
        let body = child(node, FIELDS.body).map(|n| self.block(n));
        let is_elided = |block: &Block| {
            let at = |span: &Span| span.start.cmp(&block.span.start);
            self.elided.binary_search_by(at).is_ok()
        };
        FuncDecl {
            elided: body.as_ref().filter(|b| is_elided(b)).map(|_| Elided::Idle),
            name: name.map(|n| self.name(n)).unwrap_or_default(),
            name_span: name.map(span).unwrap_or_default(),
            receiver,
            type_params,
            signature: self.signature(node),
            body,
            span: span(node),
        }
    }

    /// The specs of a `const`, `var` or `type` declaration.
    pub(super) fn declarations(&mut self, node: Node<'_>) -> Vec<Decl> {
        let mut specs = Vec::new();
        for part in parts(node) {
            if Kind::of(part) == Kind::VarSpecList {
                specs.extend(parts(part));
            } else {
                specs.push(part);
            }
        }
        let mut decls = Vec::new();
        // What a `const` without values repeats.
        let mut repeated: (Option<ExprId>, Vec<ExprId>) = (None, Vec::new());
        let mut iota = 0;
        for spec in specs {
            match Kind::of(spec) {
                Kind::ConstSpec => {
                    let explicit = self.value_spec(spec);
                    if explicit.0.is_some() || !explicit.1.is_empty() {
                        repeated = explicit;
                    }
                    let (ty, values) = repeated.clone();
                    decls.push(self.value_decl(spec, ty, values, Some(iota)));
                    iota += 1;
                }
                Kind::VarSpec => {
                    let (ty, values) = self.value_spec(spec);
                    decls.push(self.value_decl(spec, ty, values, None));
                }
                Kind::TypeSpec | Kind::TypeAlias => decls.extend(self.type_decl(spec)),
                _ => {}
            }
        }
        decls
    }

    fn value_spec(&mut self, spec: Node<'_>) -> (Option<ExprId>, Vec<ExprId>) {
        let ty = child(spec, FIELDS.ty).map(|n| self.checked_expr(n));
        let mut values = Vec::new();
        for value in child(spec, FIELDS.value).map(parts).unwrap_or_default() {
            values.push(self.checked_expr(value));
        }
        (ty, values)
    }

    fn value_decl(
        &self,
        spec: Node<'_>,
        ty: Option<ExprId>,
        values: Vec<ExprId>,
        iota: Option<u32>,
    ) -> Decl {
        Decl::Value(ValueSpec {
            names: names(spec)
                .into_iter()
                .map(|n| (self.name(n), span(n)))
                .collect(),
            ty,
            values,
            is_const: iota.is_some(),
            iota: iota.unwrap_or(0),
            span: span(spec),
        })
    }

    fn type_decl(&mut self, spec: Node<'_>) -> Option<Decl> {
        let name = child(spec, FIELDS.name)?;
        let ty = child(spec, FIELDS.ty)?;
        Some(Decl::Type(TypeSpec {
            name: self.name(name),
            name_span: span(name),
            type_params: self.type_params(spec),
            ty: self.checked_expr(ty),
            is_alias: Kind::of(spec) == Kind::TypeAlias,
        }))
    }
}
