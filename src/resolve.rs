//! Names to definitions, and light types: enough to tell a channel from a slice and to find the method a call means.
//!
//! In: the parsed files of one package. Out: [`Package`], with tables of functions, types, constants and package
//! variables. Types of other packages are only names ([`Ty::Ext`]). Deliberately absent: type checking, inference of
//! type arguments (a type parameter is [`Ty::Unknown`]), anything that happens inside a function body.

use crate::source::FileId;
use crate::syntax::ast::{
    BinaryOp, ChanDir, Decl, Expr, ExprId, File, FuncDecl, LiteralKind, Name, Signature, UnaryOp,
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A light type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ty {
    /// Not known here.
    Unknown,
    /// `bool`.
    Bool,
    /// Any integer type.
    Int,
    /// `string`.
    Str,
    /// `error`.
    Error,
    /// Another basic type, which holds no primitive.
    Plain,
    /// A named type of the package.
    Named(TypeId),
    /// A named type of another package: import path and name.
    Ext(Name, Name),
    /// A pointer.
    Ptr(Arc<Ty>),
    /// A channel.
    Chan(ChanDir, Arc<Ty>),
    /// A slice.
    Slice(Arc<Ty>),
    /// An array, with its length where that is a constant.
    Array(Option<i64>, Arc<Ty>),
    /// A map.
    Map(Arc<Ty>, Arc<Ty>),
    /// A function.
    Func(Arc<FuncTy>),
    /// A struct written in place.
    Struct(Arc<Vec<FieldTy>>),
    /// An interface written in place.
    Interface,
    /// Several results.
    Tuple(Arc<Vec<Ty>>),
}

/// Parameter and result types of a function type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FuncTy {
    /// Parameter types; a variadic one is a slice.
    pub params: Vec<Ty>,
    /// Result types.
    pub results: Vec<Ty>,
}

/// A struct field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldTy {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Ty,
    /// Whether it is embedded.
    pub embedded: bool,
}

/// Index into [`Package::types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub u32);

/// Index into [`Package::funcs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FuncId(pub u32);

/// As the only signed number of that width in what is made of it, so that a hasher can tell it from others.
impl Hash for FuncId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_i32(self.0 as i32);
    }
}

/// A named type.
#[derive(Clone, Debug)]
pub struct TypeDef {
    /// Its name.
    pub name: Name,
    /// The type it stands for.
    pub underlying: Ty,
    /// Its methods (pointer and value receivers alike).
    pub methods: FxHashMap<Name, FuncId>,
}

impl Ty {
    /// The named type of the package that it is or points to.
    pub fn base_named(&self) -> Option<TypeId> {
        match self {
            Self::Named(id) => Some(*id),
            Self::Ptr(inner) => inner.base_named(),
            _ => None,
        }
    }

    /// The same where that is a struct.
    pub fn base_struct(&self, types: &[TypeDef]) -> Option<TypeId> {
        self.base_named()
            .filter(|id| matches!(types[id.0 as usize].underlying, Self::Struct(_)))
    }
}

/// Whether other packages can name it (Go spec, "Exported identifiers").
pub fn is_exported(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

/// A function or method with a body in view.
#[derive(Clone, Copy)]
pub struct Func<'a> {
    /// The file it stands in.
    pub file: FileId,
    /// Its declaration.
    pub decl: &'a FuncDecl,
    /// The type of its receiver.
    pub receiver: Option<TypeId>,
}

/// A compile-time constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Const {
    /// An integer.
    Int(i64),
    /// A boolean.
    Bool(bool),
    /// A string.
    Str(Name),
}

/// A file of the package as the analysis sees it.
#[derive(Clone, Copy)]
pub struct PackageFile<'a> {
    /// Its id in the report.
    pub id: FileId,
    /// Its syntax.
    pub ast: &'a File,
    /// Left out by a build constraint; its declarations count only where no other file has them.
    pub excluded: bool,
}

/// The tables of one package.
pub struct Package<'a> {
    /// Its files.
    pub files: Vec<PackageFile<'a>>,
    /// Functions and methods.
    pub funcs: Vec<Func<'a>>,
    /// Named types, those declared in functions included.
    pub types: Vec<TypeDef>,
    /// Package-level functions by name.
    pub func_names: FxHashMap<Name, FuncId>,
    /// Package-level types by name.
    pub type_names: FxHashMap<Name, TypeId>,
    /// Package-level variables and their types.
    pub globals: FxHashMap<Name, Ty>,
    /// Package-level constants.
    pub consts: FxHashMap<Name, Const>,
    /// Package variables that start as the result of `errors.New` or `fmt.Errorf`: sentinels, never nil by convention.
    pub solid: FxHashSet<Name>,
    imports: Vec<FxHashMap<Name, Name>>,
}

impl<'a> Package<'a> {
    /// Builds the tables. Where several files declare a name (build-tag twins), one that is not excluded wins, then
    /// the first.
    pub fn new(mut files: Vec<PackageFile<'a>>) -> Self {
        files.sort_by_key(|f| (f.excluded, f.id));
        let imports = files.iter().map(|f| import_names(f.ast)).collect();
        let mut package = Self {
            files,
            funcs: Vec::new(),
            types: Vec::new(),
            func_names: FxHashMap::default(),
            type_names: FxHashMap::default(),
            globals: FxHashMap::default(),
            consts: FxHashMap::default(),
            solid: FxHashSet::default(),
            imports,
        };
        package.declare_types();
        package.declare_values();
        package.declare_funcs();
        package
    }

    fn declare_types(&mut self) {
        let mut specs = Vec::new();
        for (index, file) in self.files.iter().enumerate() {
            for decl in &file.ast.decls {
                let Decl::Type(spec) = decl else { continue };
                if self.type_names.contains_key(&spec.name) {
                    continue;
                }
                let id = TypeId(self.types.len() as u32);
                self.type_names.insert(spec.name.clone(), id);
                self.types.push(TypeDef {
                    name: spec.name.clone(),
                    underlying: Ty::Unknown,
                    methods: FxHashMap::default(),
                });
                specs.push((id, index, spec));
            }
        }
        for (id, index, spec) in specs {
            let params: Vec<_> = spec.type_params.clone();
            self.types[id.0 as usize].underlying =
                self.type_of_expr_with(index, spec.ty, &|name| {
                    params.contains(name).then_some(Ty::Unknown)
                });
        }
    }

    fn declare_values(&mut self) {
        for index in 0..self.files.len() {
            for decl in &self.files[index].ast.decls {
                let Decl::Value(spec) = decl else { continue };
                for (i, (name, _)) in spec.names.iter().enumerate() {
                    if spec.is_const {
                        if let Some(value) = spec.values.get(i)
                            && let Some(value) = self.const_value(
                                self.files[index].ast,
                                *value,
                                i64::from(spec.iota),
                                &|_| None,
                            )
                        {
                            self.consts.entry(name.clone()).or_insert(value);
                        }
                        continue;
                    }
                    if spec
                        .values
                        .get(i)
                        .is_some_and(|v| self.is_sentinel(index, *v))
                    {
                        self.solid.insert(name.clone());
                    }
                    let ty = spec
                        .ty
                        .map_or(Ty::Unknown, |ty| self.type_of_expr(index, ty));
                    self.globals.entry(name.clone()).or_insert(ty);
                }
            }
        }
    }

    fn is_sentinel(&self, index: usize, value: ExprId) -> bool {
        let file = self.ast(index);
        let Expr::Call(fun, ..) = file.expr(value) else {
            return false;
        };
        let Expr::Selector(base, name, _) = file.expr(*fun) else {
            return false;
        };
        let Expr::Ident(package) = file.expr(*base) else {
            return false;
        };
        let path = self.import(index, package).map(Name::as_str);
        matches!(
            (path, name.as_str()),
            (Some("errors" | "github.com/pkg/errors"), "New") | (Some("fmt"), "Errorf")
        )
    }

    fn declare_funcs(&mut self) {
        for index in 0..self.files.len() {
            let file = self.files[index];
            for decl in &file.ast.decls {
                let Decl::Func(decl) = decl else { continue };
                let id = FuncId(self.funcs.len() as u32);
                let receiver = decl
                    .receiver
                    .as_ref()
                    .and_then(|r| self.receiver_type(file.ast, r.ty));
                match (receiver, &decl.receiver) {
                    (Some(ty), _) => {
                        self.types[ty.0 as usize]
                            .methods
                            .entry(decl.name.clone())
                            .or_insert(id);
                    }
                    (None, None) => {
                        self.func_names.entry(decl.name.clone()).or_insert(id);
                    }
                    (None, Some(_)) => {}
                }
                self.funcs.push(Func {
                    file: FileId(index as u32),
                    decl,
                    receiver,
                });
            }
        }
    }

    fn receiver_type(&self, file: &File, ty: ExprId) -> Option<TypeId> {
        match file.expr(ty) {
            Expr::Ident(name) => self.type_names.get(name).copied(),
            Expr::Star(inner) | Expr::Index(inner, _) => self.receiver_type(file, *inner),
            _ => None,
        }
    }

    /// The file at `index` of [`Package::files`].
    pub fn ast(&self, index: usize) -> &'a File {
        self.files[index].ast
    }

    /// The import path that `name` stands for in the file at `index`.
    pub fn import(&self, index: usize, name: &str) -> Option<&Name> {
        self.imports[index].get(name)
    }

    /// The function of `id`.
    pub fn func(&self, id: FuncId) -> Func<'a> {
        self.funcs[id.0 as usize]
    }

    /// Gives a function that was read without its body (see [`FuncDecl::elided`]) the declaration that has it, from
    /// a syntax of its own.
    pub fn supply(&mut self, id: FuncId, ast: &'a File, decl: &'a FuncDecl) {
        let old = self.funcs[id.0 as usize].file.index();
        let file = FileId(self.files.len() as u32);
        self.files.push(PackageFile {
            ast,
            ..self.files[old]
        });
        self.imports.push(self.imports[old].clone());
        let func = &mut self.funcs[id.0 as usize];
        func.file = file;
        func.decl = decl;
    }

    /// The type named in the file at `index` by expression `id`, without local names.
    pub fn type_of_expr(&self, index: usize, id: ExprId) -> Ty {
        self.type_of_expr_with(index, id, &|_| None)
    }

    /// Like [`Self::type_of_expr`], asking `local` for each name first (local types, type parameters).
    pub fn type_of_expr_with(
        &self,
        index: usize,
        id: ExprId,
        local: &dyn Fn(&Name) -> Option<Ty>,
    ) -> Ty {
        let ty = |id: ExprId| self.type_of_expr_with(index, id, local);
        match self.ast(index).expr(id) {
            Expr::Ident(name) => local(name).unwrap_or_else(|| self.named_type(index, name)),
            Expr::Selector(base, name, _) => match self.ast(index).expr(*base) {
                Expr::Ident(package) => self
                    .import(index, package)
                    .map_or(Ty::Unknown, |path| Ty::Ext(path.clone(), name.clone())),
                _ => Ty::Unknown,
            },
            Expr::Star(inner) => Ty::Ptr(Arc::new(ty(*inner))),
            Expr::Index(base, _) => ty(*base),
            Expr::SliceType(elem) => Ty::Slice(Arc::new(ty(*elem))),
            Expr::ArrayType(len, elem) => {
                let len = len.and_then(|len| self.const_value(self.ast(index), len, 0, &|_| None));
                let len = if let Some(Const::Int(n)) = len {
                    Some(n)
                } else {
                    None
                };
                Ty::Array(len, Arc::new(ty(*elem)))
            }
            Expr::MapType(key, value) => Ty::Map(Arc::new(ty(*key)), Arc::new(ty(*value))),
            Expr::ChanType(dir, elem) => Ty::Chan(*dir, Arc::new(ty(*elem))),
            Expr::FuncType(signature) => self.func_type(index, signature, local),
            Expr::StructType(fields) => Ty::Struct(Arc::new(
                fields
                    .iter()
                    .map(|f| FieldTy {
                        name: f.name.clone(),
                        ty: ty(f.ty),
                        embedded: f.embedded,
                    })
                    .collect(),
            )),
            Expr::InterfaceType(..) => Ty::Interface,
            _ => Ty::Unknown,
        }
    }

    /// The function type of `signature`.
    pub fn func_type(
        &self,
        index: usize,
        signature: &Signature,
        local: &dyn Fn(&Name) -> Option<Ty>,
    ) -> Ty {
        let params = signature
            .params
            .iter()
            .map(|p| {
                let ty = self.type_of_expr_with(index, p.ty, local);
                if p.variadic {
                    Ty::Slice(Arc::new(ty))
                } else {
                    ty
                }
            })
            .collect();
        let results = signature
            .results
            .iter()
            .map(|p| self.type_of_expr_with(index, p.ty, local))
            .collect();
        Ty::Func(Arc::new(FuncTy { params, results }))
    }

    fn named_type(&self, index: usize, name: &Name) -> Ty {
        if let Some(id) = self.type_names.get(name) {
            return Ty::Named(*id);
        }
        match name.as_str() {
            "bool" => Ty::Bool,
            "int" | "int8" | "int16" | "int32" | "int64" | "uint" | "uint8" | "uint16"
            | "uint32" | "uint64" | "uintptr" | "byte" | "rune" => Ty::Int,
            "string" => Ty::Str,
            "error" => Ty::Error,
            "float32" | "float64" | "complex64" | "complex128" => Ty::Plain,
            "any" => Ty::Interface,
            _ => {
                // A dot import can bring any name: the file then knows none for sure.
                let _ = index;
                Ty::Unknown
            }
        }
    }

    /// Follows names to the type they stand for.
    pub fn underlying(&self, ty: &Ty) -> Ty {
        let mut ty = ty.clone();
        for _ in 0..16 {
            match ty {
                Ty::Named(id) => ty = self.types[id.0 as usize].underlying.clone(),
                other => return other,
            }
        }
        Ty::Unknown
    }

    /// The field `name` of `ty`, promoted ones included: the embedded fields on the way, and its type.
    pub fn field(&self, ty: &Ty, name: &str) -> Option<(Vec<Name>, Ty)> {
        self.find_in_struct(ty, 0, &mut |_, fields| {
            fields.iter().find(|f| f.name == name).map(|f| f.ty.clone())
        })
    }

    /// The method `name` of `ty`, promoted ones included: the embedded fields on the way, and what was found.
    pub fn method(&self, ty: &Ty, name: &str) -> Option<(Vec<Name>, Method)> {
        self.find_in_struct(ty, 0, &mut |ty, _| match ty {
            Ty::Named(id) => self.types[id.0 as usize]
                .methods
                .get(name)
                .map(|f| Method::Func(*f)),
            Ty::Ext(path, type_name) => Some(Method::Ext(path.clone(), type_name.clone())),
            _ => None,
        })
    }

    fn find_in_struct<T>(
        &self,
        ty: &Ty,
        depth: u32,
        found: &mut dyn FnMut(&Ty, &[FieldTy]) -> Option<T>,
    ) -> Option<(Vec<Name>, T)> {
        // Go's rule is the shallowest depth; embedding cycles end at a depth no real type has.
        if depth > 6 {
            return None;
        }
        let mut ty = ty.clone();
        while let Ty::Ptr(inner) = &ty {
            ty = (**inner).clone();
        }
        let fields = match self.underlying(&ty) {
            Ty::Struct(fields) => fields,
            Ty::Ptr(inner) => return self.find_in_struct(&inner, depth + 1, found),
            _ => Arc::new(Vec::new()),
        };
        if let Some(hit) = found(&ty, &fields) {
            return Some((Vec::new(), hit));
        }
        for field in fields.iter().filter(|f| f.embedded) {
            if let Some((mut path, hit)) = self.find_in_struct(&field.ty, depth + 1, found) {
                path.insert(0, field.name.clone());
                return Some((path, hit));
            }
        }
        None
    }

    /// Evaluates a constant expression; `local` is asked for names first.
    pub fn const_value(
        &self,
        file: &File,
        id: ExprId,
        iota: i64,
        local: &dyn Fn(&Name) -> Option<Const>,
    ) -> Option<Const> {
        match file.expr(id) {
            Expr::Ident(name) => local(name).or_else(|| match name.as_str() {
                "iota" => Some(Const::Int(iota)),
                "true" => Some(Const::Bool(true)),
                "false" => Some(Const::Bool(false)),
                _ => self.consts.get(name).cloned(),
            }),
            Expr::Literal(LiteralKind::Int, text) => parse_int(text).map(Const::Int),
            Expr::Literal(LiteralKind::String, text) => {
                Some(Const::Str(text.trim_matches(['"', '`']).into()))
            }
            Expr::Unary(UnaryOp::Neg, inner) => {
                match self.const_value(file, *inner, iota, local)? {
                    Const::Int(n) => n.checked_neg().map(Const::Int),
                    _ => None,
                }
            }
            Expr::Unary(UnaryOp::Not, inner) => {
                match self.const_value(file, *inner, iota, local)? {
                    Const::Bool(b) => Some(Const::Bool(!b)),
                    _ => None,
                }
            }
            Expr::Binary(op, left, right) => {
                let left = self.const_value(file, *left, iota, local)?;
                let right = self.const_value(file, *right, iota, local)?;
                fold(*op, &left, &right)
            }
            // A conversion of a constant to an integer type keeps its value.
            Expr::Call(fun, args, false) if args.len() == 1 => match file.expr(*fun) {
                Expr::Ident(name) if matches!(self.named_type(0, name), Ty::Int) => {
                    self.const_value(file, args[0], iota, local)
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// A method found by [`Package::method`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// One with a body in the package.
    Func(FuncId),
    /// Some method of an embedded type of another package.
    Ext(Name, Name),
}

/// Folds two constants, as Go does for untyped ones; `None` when the operation or kinds do not fit.
pub fn fold(op: BinaryOp, left: &Const, right: &Const) -> Option<Const> {
    match (left, right) {
        (Const::Int(a), Const::Int(b)) => match op {
            BinaryOp::Add => a.checked_add(*b).map(Const::Int),
            BinaryOp::Sub => a.checked_sub(*b).map(Const::Int),
            BinaryOp::Mul => a.checked_mul(*b).map(Const::Int),
            BinaryOp::Div => a.checked_div(*b).map(Const::Int),
            BinaryOp::Rem => a.checked_rem(*b).map(Const::Int),
            BinaryOp::Shl => u32::try_from(*b)
                .ok()
                .and_then(|b| a.checked_shl(b))
                .map(Const::Int),
            BinaryOp::Shr => u32::try_from(*b)
                .ok()
                .and_then(|b| a.checked_shr(b))
                .map(Const::Int),
            BinaryOp::Eq => Some(Const::Bool(a == b)),
            BinaryOp::Ne => Some(Const::Bool(a != b)),
            BinaryOp::Lt => Some(Const::Bool(a < b)),
            BinaryOp::Le => Some(Const::Bool(a <= b)),
            BinaryOp::Gt => Some(Const::Bool(a > b)),
            BinaryOp::Ge => Some(Const::Bool(a >= b)),
            _ => None,
        },
        (Const::Bool(a), Const::Bool(b)) => match op {
            BinaryOp::Eq => Some(Const::Bool(a == b)),
            BinaryOp::Ne => Some(Const::Bool(a != b)),
            BinaryOp::LogAnd => Some(Const::Bool(*a && *b)),
            BinaryOp::LogOr => Some(Const::Bool(*a || *b)),
            _ => None,
        },
        (Const::Str(a), Const::Str(b)) => match op {
            BinaryOp::Eq => Some(Const::Bool(a == b)),
            BinaryOp::Ne => Some(Const::Bool(a != b)),
            _ => None,
        },
        _ => None,
    }
}

/// The value of an integer literal in any of Go's notations.
pub fn parse_int(text: &str) -> Option<i64> {
    let text = text.replace('_', "");
    let (digits, radix) = match text.get(..2) {
        Some("0x" | "0X") => (&text[2..], 16),
        Some("0b" | "0B") => (&text[2..], 2),
        Some("0o" | "0O") => (&text[2..], 8),
        _ if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        _ => (text.as_str(), 10),
    };
    i64::from_str_radix(digits, radix).ok()
}

/// What each imported name stands for. Without an explicit name it is the last path element, less a version suffix:
/// the convention nearly all packages follow; where one does not, its calls are unknown ones.
fn import_names(file: &File) -> FxHashMap<Name, Name> {
    let mut names = FxHashMap::default();
    for import in &file.imports {
        let name = import
            .name
            .clone()
            .unwrap_or_else(|| default_import_name(&import.path));
        names.insert(name, canonical(&import.path));
    }
    names
}

/// The path that facts about a package go by: without the folder it was vendored in (`go help gopath-get`, "Vendor
/// Directories"; before that, godep's workspace), and for packages that became part of the standard library the path
/// they have there.
fn canonical(path: &Name) -> Name {
    let vendored = ["/vendor/", "/Godeps/_workspace/src/"];
    let path = vendored
        .iter()
        .find_map(|folder| path.rsplit_once(folder))
        .map_or(path.clone(), |(_, inner)| Name::from(inner));
    match path.as_str() {
        "golang.org/x/net/context" | "code.google.com/p/go.net/context" => {
            Name::new_static("context")
        }
        _ => path,
    }
}

fn default_import_name(path: &str) -> Name {
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or(path);
    let is_version =
        last.len() > 1 && last.starts_with('v') && last[1..].bytes().all(|b| b.is_ascii_digit());
    let base = if is_version {
        parts.next().unwrap_or(last)
    } else {
        last
    };
    let base = base.split(".v").next().unwrap_or(base);
    Name::from(base.strip_prefix("go-").unwrap_or(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_in_all_notations() {
        for (text, value) in [
            ("0", 0),
            ("10", 10),
            ("1_000", 1000),
            ("0x1F", 31),
            ("017", 15),
            ("0b11", 3),
        ] {
            assert_eq!(parse_int(text), Some(value), "{text}");
        }
    }

    #[test]
    fn packages_are_known_wherever_they_were_copied_to() {
        for (path, known) in [
            ("sync", "sync"),
            ("golang.org/x/net/context", "context"),
            (
                "a.b/c/vendor/golang.org/x/sync/errgroup",
                "golang.org/x/sync/errgroup",
            ),
            (
                "a.b/c/Godeps/_workspace/src/golang.org/x/net/context",
                "context",
            ),
            ("a.b/vendor", "a.b/vendor"),
        ] {
            assert_eq!(canonical(&Name::from(path)), known, "{path}");
        }
    }

    #[test]
    fn import_names_follow_the_convention() {
        for (path, name) in [
            ("sync", "sync"),
            ("a.b/c/v2", "c"),
            ("gopkg.in/yaml.v3", "yaml"),
            ("x/go-cmp", "cmp"),
        ] {
            assert_eq!(default_import_name(path), name);
        }
    }
}
