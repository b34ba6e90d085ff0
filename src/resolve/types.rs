//! Light types: what they are, which one a type expression names, and what fields and methods they have.

use super::{Const, Package};
use crate::syntax::ast::{ChanDir, Expr, ExprId, Name, Signature};
use rustc_hash::FxHashMap;
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
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDef {
    /// Its name.
    pub name: Name,
    /// The type it stands for.
    pub underlying: Ty,
    /// Its methods (pointer and value receivers alike).
    pub methods: FxHashMap<Name, FuncId>,
}

impl TypeDef {
    /// One of which only the name is known.
    pub fn unknown(name: Name) -> Self {
        Self {
            name,
            underlying: Ty::Unknown,
            methods: FxHashMap::default(),
        }
    }
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

    /// The type that names of the package stand for.
    pub fn underlying<'t>(&'t self, types: &'t [TypeDef]) -> &'t Self {
        let mut ty = self;
        for _ in 0..NAMES {
            match ty {
                Self::Named(id) => ty = &types[id.0 as usize].underlying,
                _ => return ty,
            }
        }
        &Self::Unknown
    }

    /// The type of a field of a struct, promoted ones left out.
    pub fn own_field<'t>(&'t self, types: &'t [TypeDef], name: &Name) -> Option<&'t Self> {
        let Self::Struct(fields) = self.underlying(types) else {
            return None;
        };
        let field = fields.iter().find(|field| field.name == *name);
        field.map(|field| &field.ty)
    }
}

/// Named types that stand for each other are followed this deep.
const NAMES: usize = 16;

/// A method found by [`Package::method`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// One with a body in the package.
    Func(FuncId),
    /// Some method of an embedded type of another package.
    Ext(Name, Name),
}

impl Package<'_> {
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
            Expr::Index(base, args) => match ty(*base) {
                Ty::Ext(path, name) if path == "iter" => {
                    let args = args.iter().map(|arg| ty(*arg)).collect();
                    iterator(&name, args).unwrap_or(Ty::Ext(path, name))
                }
                other => other,
            },
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

    pub(super) fn named_type(&self, index: usize, name: &Name) -> Ty {
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
        ty.underlying(&self.types).clone()
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

    /// The type of method `name` of an interface of the package; those of embedded ones left out.
    pub fn promised(&self, ty: &Ty, name: &Name) -> Option<&Ty> {
        let Ty::Named(id) = ty else { return None };
        self.promises.get(&(*id, name.clone()))
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
}

/// The function type that `iter.Seq` or `iter.Seq2` of these types stands for (Go's documentation of `iter`).
fn iterator(name: &str, of: Vec<Ty>) -> Option<Ty> {
    let count = match name {
        "Seq" => 1,
        "Seq2" => 2,
        _ => return None,
    };
    let function = |params, results| Ty::Func(Arc::new(FuncTy { params, results }));
    let body = (of.len() == count).then(|| function(of, vec![Ty::Bool]))?;
    Some(function(vec![body], Vec::new()))
}
