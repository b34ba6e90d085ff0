//! Names to definitions, and light types: enough to tell a channel from a slice and to find the method a call means.
//!
//! In: the parsed files of one package. Out: [`Package`], with tables of functions, types, constants and package
//! variables. Types of other packages are only names ([`Ty::Ext`]). Deliberately absent: type checking, inference of
//! type arguments (a type parameter is [`Ty::Unknown`]), anything that happens inside a function body.
//!
//! [`types`] says what a light type is and what an expression names, [`constants`] evaluates, [`imports`] says what
//! package a name stands for.

use crate::package::GoVersion;
use crate::source::{FileId, Span};
use crate::syntax::ast::{Decl, Expr, ExprId, File, FuncDecl, Name, Signature, UnaryOp};
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::Range;
use std::sync::LazyLock;

mod constants;
mod imports;
mod interfaces;
mod types;

pub use constants::{Const, fold, parse_int, parse_rune, parse_text};
use imports::import_names;
pub use interfaces::{Ask, Interface, Interfaces};
pub use types::{FieldTy, FuncId, FuncTy, Method, Ty, TypeDef, TypeId};

/// Whether a variable is named as errors are that tell what happened.
fn is_error_name(name: &str) -> bool {
    let rest = name
        .strip_prefix("Err")
        .or_else(|| name.strip_prefix("err"));
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_uppercase()))
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
    /// Whether its receiver is a pointer.
    pub by_pointer: bool,
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
    /// The language version it chooses for itself, whatever its module says.
    pub go: Option<GoVersion>,
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
    /// The types of the methods that interfaces of the package ask for.
    pub promises: FxHashMap<(TypeId, Name), Ty>,
    /// The interfaces as they are written down.
    pub interfaces: Interfaces,
    imports: Vec<FxHashMap<Name, Name>>,
    /// Per file the numbers of its functions.
    blocks: Vec<Range<usize>>,
}

/// Numbers set aside where the functions of a file have become too many.
const ROOM: u32 = 8;

/// Stands where no function has the number yet.
static NOBODY: LazyLock<FuncDecl> = LazyLock::new(|| FuncDecl {
    name: Name::default(),
    name_span: Span::default(),
    receiver: None,
    type_params: Vec::new(),
    signature: Signature::default(),
    body: None,
    elided: None,
    span: Span::default(),
});

impl<'a> Package<'a> {
    /// Builds the tables. Where several files declare a name (build-tag twins), one that is not excluded wins, then
    /// the first.
    pub fn new(files: Vec<PackageFile<'a>>) -> Self {
        Self::with_rooms(files, None)
    }

    /// The same; each file has as many numbers for functions as `rooms` sets aside for it, or more where they are too few.
    pub fn with_rooms(mut files: Vec<PackageFile<'a>>, rooms: Option<&mut Vec<u32>>) -> Self {
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
            blocks: Vec::new(),
            promises: FxHashMap::default(),
            interfaces: Interfaces::default(),
        };
        package.declare_types();
        package.declare_values();
        package.declare_funcs(rooms);
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
                self.types.push(TypeDef::unknown(spec.name.clone()));
                specs.push((id, index, spec));
            }
        }
        for (id, index, spec) in specs {
            let local = |name: &Name| spec.type_params.contains(name).then_some(Ty::Unknown);
            self.types[id.0 as usize].underlying = self.type_of_expr_with(index, spec.ty, &local);
            let Expr::InterfaceType(methods, elements) = self.files[index].ast.expr(spec.ty) else {
                continue;
            };
            let interface = self.interface(index, methods, elements, &local);
            self.interfaces.insert(id, interface);
            for (name, signature) in methods {
                let ty = self.func_type(index, signature, &local);
                self.promises.insert((id, name.clone()), ty);
            }
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
                        .is_some_and(|v| self.is_sentinel(index, name, *v))
                    {
                        self.solid.insert(name.clone());
                    }
                    let first = spec.values.get(i);
                    let ty = match spec.ty {
                        Some(ty) => self.type_of_expr(index, ty),
                        None => first.map_or(Ty::Unknown, |first| self.made_channel(index, *first)),
                    };
                    self.globals.entry(name.clone()).or_insert(ty);
                }
            }
        }
    }

    /// The type of a channel that a package variable starts with, where its declaration says no more than that.
    fn made_channel(&self, index: usize, value: ExprId) -> Ty {
        let file = self.ast(index);
        let Expr::Call(fun, args, _) = file.expr(value) else {
            return Ty::Unknown;
        };
        let (Expr::Ident(name), Some(ty)) = (file.expr(*fun), args.first()) else {
            return Ty::Unknown;
        };
        match self.type_of_expr(index, *ty) {
            channel @ Ty::Chan(..) if name == "make" => channel,
            _ => Ty::Unknown,
        }
    }

    /// Whether a package variable is an error by which others know what happened: nobody sets it to nil. What is no call of
    /// a constructor is taken for one by its name, such as those of the standard library have (`io.ErrClosedPipe`).
    fn is_sentinel(&self, index: usize, name: &Name, value: ExprId) -> bool {
        let file = self.ast(index);
        let (fun, args) = match file.expr(value) {
            Expr::Call(fun, args, _) => (fun, args),
            Expr::CompositeLit(..) => return is_error_name(name),
            Expr::Unary(UnaryOp::Addr, of) => {
                return is_error_name(name) && matches!(file.expr(*of), Expr::CompositeLit(..));
            }
            _ => return false,
        };
        if let (Expr::Ident(ty), [of]) = (file.expr(*fun), args.as_slice()) {
            let converts = self.type_names.contains_key(ty);
            return converts && is_error_name(name) && matches!(file.expr(*of), Expr::Literal(..));
        }
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

    fn declare_funcs(&mut self, mut rooms: Option<&mut Vec<u32>>) {
        if let Some(rooms) = &mut rooms {
            rooms.resize(self.files.len(), 0);
        }
        for index in 0..self.files.len() {
            let file = self.files[index];
            let start = self.funcs.len();
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
                let of = decl.receiver.as_ref().map(|r| file.ast.expr(r.ty));
                self.funcs.push(Func {
                    file: FileId(index as u32),
                    decl,
                    receiver,
                    by_pointer: matches!(of, Some(Expr::Star(_))),
                });
            }
            if let Some(rooms) = &mut rooms {
                let count = (self.funcs.len() - start) as u32;
                let room = &mut rooms[index];
                if *room < count {
                    *room = count + ROOM;
                }
                let nobody = Func {
                    file: FileId(index as u32),
                    decl: &NOBODY,
                    receiver: None,
                    by_pointer: false,
                };
                self.funcs.resize(start + *room as usize, nobody);
            }
            self.blocks.push(start..self.funcs.len());
        }
    }

    /// The numbers of the functions in the file at `index` of [`Package::files`].
    pub fn functions_of(&self, index: usize) -> Range<usize> {
        self.blocks[index].clone()
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
}
