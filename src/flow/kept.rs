//! What an earlier analysis of the same package has made of its files, for the next one.
//!
//! In: the tables of a package and the texts of its files, as they were and as they are. Out: the bodies of files that are
//! the same and speak of nothing that has been declared differently since; they keep their numbers, and so do the types
//! that are declared in them. Deliberately absent: what depends on more than one file ([`super::simplify`] looks after
//! that).

use super::concrete::Named;
use super::held::Held;
use super::ir::{Body, BodyId};
use super::locks;
use super::lower::{Lowerer, Piece, Spare};
use super::simplify::Simplified;
use super::whole::Makes;
use crate::library::Library;
use crate::package::GoVersion;
use crate::resolve::{Const, FuncId, Interfaces, Package, Ty, TypeDef, TypeId};
use crate::source::FileId;
use crate::syntax::ast::{Decl, Elided, Expr, File, Name};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::OnceCell;
use std::sync::Arc;

/// What is kept of a package from one analysis to the next.
#[derive(Debug, Default)]
pub struct Kept {
    library: Option<Arc<Library>>,
    go: Option<GoVersion>,
    /// Numbers set aside for the functions of each file, so that a new one does not move all others.
    pub rooms: Vec<u32>,
    pub(super) lowered: Lowered,
    pub(super) named: Named,
    pub(super) locks: locks::Earlier,
    pub(super) simplified: Simplified,
}

impl Kept {
    /// Begins an analysis of files with these texts, by [`FileId`]; `rooms` are those that hold now.
    pub fn begin(&mut self, library: &Arc<Library>, go: GoVersion, texts: Vec<Arc<[u8]>>) {
        let known = self.library.as_ref();
        let same_library =
            known.is_some_and(|known| Arc::ptr_eq(known, library) || known == library);
        if !same_library || self.go != Some(go) || self.lowered.rooms != self.rooms {
            *self = Self {
                library: Some(Arc::clone(library)),
                go: Some(go),
                rooms: std::mem::take(&mut self.rooms),
                ..Self::default()
            };
            self.lowered.rooms.clone_from(&self.rooms);
        }
        self.lowered.texts = texts;
    }
}

/// The files of a package, lowered.
#[derive(Debug, Default)]
pub(super) struct Lowered {
    rooms: Vec<u32>,
    texts: Vec<Arc<[u8]>>,
    ground: Ground,
    globals: FxHashMap<Name, Ty>,
    files: Vec<KeptFile>,
    /// Per file whether it is the same.
    same: Vec<bool>,
    /// What variables held, each time that it was asked which functions are wanted.
    held: Vec<Option<Held>>,
    /// Numbers given to bodies and types so far.
    bodies: usize,
    types: usize,
}

/// What every file may depend on, whatever names it uses.
#[derive(Debug, Default, PartialEq)]
struct Ground {
    types: Vec<(Name, Ty)>,
    promises: FxHashMap<(TypeId, Name), Ty>,
    interfaces: Interfaces,
    consts: FxHashMap<Name, Const>,
    makes: Makes,
}

/// A file, lowered.
#[derive(Debug, Default)]
struct KeptFile {
    id: Option<FileId>,
    excluded: bool,
    text: Option<Arc<[u8]>>,
    makes: Makes,
    elided: Vec<Option<Elided>>,
    declared: Vec<Declared>,
    words: OnceCell<FxHashSet<Name>>,
    first: KeptPiece,
    /// The functions that were asked for later.
    supplied: FxHashMap<FuncId, KeptPiece>,
    spare: Spare,
}

/// What other files can see of a function.
#[derive(Debug, PartialEq)]
struct Declared {
    name: Name,
    id: FuncId,
    receiver: Option<TypeId>,
    by_pointer: bool,
    ty: Ty,
    type_params: Vec<Name>,
    has_body: bool,
}

/// A part of a file, lowered.
#[derive(Debug, Default)]
struct KeptPiece {
    bodies: Vec<(BodyId, Arc<Body>)>,
    types: Vec<(TypeId, TypeDef)>,
}

impl KeptPiece {
    fn of(piece: Piece, lowerer: &Lowerer<'_, '_>) -> Self {
        let body = |id: BodyId| Some((id, Arc::clone(lowerer.bodies[id.0 as usize].as_ref()?)));
        let ty = |id: TypeId| (id, lowerer.package.types[id.0 as usize].clone());
        Self {
            bodies: piece.bodies.into_iter().filter_map(body).collect(),
            types: piece.types.into_iter().map(ty).collect(),
        }
    }

    fn restore(&self, lowerer: &mut Lowerer<'_, '_>) {
        for (id, body) in &self.bodies {
            lowerer.bodies[id.0 as usize] = Some(Arc::clone(body));
        }
        for (id, ty) in &self.types {
            lowerer.package.types[id.0 as usize] = ty.clone();
        }
    }
}

impl Lowered {
    /// Finds out which files are the same.
    pub(super) fn compare(&mut self, package: &Package<'_>) {
        let same = |file: usize| file < self.files.len() && self.is_unchanged(package, file);
        self.same = (0..package.files.len()).map(same).collect();
    }

    /// What a file may make, where it is the same.
    pub(super) fn makes(&self, file: usize) -> Option<Makes> {
        self.same[file].then(|| self.files[file].makes)
    }

    /// Takes over what is the same, once files were compared.
    pub(super) fn restore(&mut self, lowerer: &mut Lowerer<'_, '_>) {
        let package = &*lowerer.package;
        let ground = Ground {
            types: package
                .types
                .iter()
                .map(|ty| (ty.name.clone(), ty.underlying.clone()))
                .collect(),
            promises: package.promises.clone(),
            interfaces: package.interfaces.clone(),
            consts: package.consts.clone(),
            makes: Makes {
                timers: lowerer.has_later,
                pipes: lowerer.has_pipes,
            },
        };
        let count = package.files.len();
        if self.files.len() != count || self.ground != ground {
            self.ground = ground;
            self.globals = package.globals.clone();
            self.files.clear();
            self.files.resize_with(count, KeptFile::default);
            self.same = vec![false; count];
            return;
        }
        let changed = self.changed_names(package);
        if !changed.is_empty() {
            for (file, same) in self.same.iter_mut().enumerate() {
                let words = self.files[file]
                    .words
                    .get_or_init(|| words(package.ast(file)));
                *same &= changed.is_disjoint(words);
            }
        }
        self.globals = package.globals.clone();
        lowerer.bodies.resize_with(self.bodies, || None);
        let nothing = || TypeDef::unknown(Name::default());
        lowerer.package.types.resize_with(self.types, nothing);
        for (file, same) in self.files.iter().zip(&self.same) {
            if *same {
                file.first.restore(lowerer);
            }
        }
    }

    fn is_unchanged(&self, package: &Package<'_>, file: usize) -> bool {
        let (kept, now) = (&self.files[file], &package.files[file]);
        let text = self.texts.get(now.id.index());
        (kept.id, kept.excluded) == (Some(now.id), now.excluded)
            && kept
                .text
                .as_ref()
                .zip(text)
                .is_some_and(|(a, b)| Arc::ptr_eq(a, b) || a == b)
            && now.ast.unreadable.is_empty()
            && elided(now.ast).eq(kept.elided.iter().copied())
    }

    /// The names of functions and variables that mean something else in a file that is the same.
    fn changed_names(&self, package: &Package<'_>) -> FxHashSet<Name> {
        let mut names = FxHashSet::default();
        for (file, kept) in self.files.iter().enumerate() {
            if self.same[file] {
                continue;
            }
            let now = declared(package, file);
            let news = now.iter().filter(|it| !kept.declared.contains(it));
            let gone = kept.declared.iter().filter(|it| !now.contains(it));
            names.extend(news.chain(gone).map(|it| it.name.clone()));
        }
        if self.globals != package.globals {
            let differs = |name: &&Name| self.globals.get(*name) != package.globals.get(*name);
            let all = self.globals.keys().chain(package.globals.keys());
            names.extend(all.filter(differs).cloned());
        }
        names
    }

    /// What variables held when it was asked for the time with this number which functions are wanted.
    pub(super) fn held(&mut self, round: usize) -> &mut Option<Held> {
        if self.held.len() <= round {
            self.held.resize_with(round + 1, || None);
        }
        &mut self.held[round]
    }

    /// It was not asked more often than this.
    pub(super) fn end_rounds(&mut self, count: usize) {
        self.held.truncate(count);
    }

    pub(super) fn is_same(&self, file: usize) -> bool {
        self.same[file]
    }

    /// The numbers of a file that nobody has any more. They are taken.
    pub(super) fn spare(&mut self, file: usize) -> Spare {
        let kept = &mut self.files[file];
        let mut spare = std::mem::take(&mut kept.spare);
        if !self.same[file] {
            spare.known.clear();
            spare.known_types.clear();
            let supplied = std::mem::take(&mut kept.supplied).into_values();
            for piece in supplied.chain([std::mem::take(&mut kept.first)]) {
                let literals = piece
                    .bodies
                    .iter()
                    .filter(|(_, body)| body.parent.is_some());
                spare.bodies.extend(literals.map(|(id, _)| *id));
                spare.types.extend(piece.types.iter().map(|(id, _)| *id));
                spare.known.extend(piece.bodies);
                spare.known_types.extend(piece.types);
            }
        }
        spare.bodies.sort_unstable_by(|a, b| b.cmp(a));
        spare.types.sort_unstable_by(|a, b| b.cmp(a));
        spare
    }

    /// Keeps a file that was lowered.
    pub(super) fn put(
        &mut self,
        file: usize,
        piece: Piece,
        spare: Spare,
        lowerer: &mut Lowerer<'_, '_>,
    ) {
        lowerer.forget_unless_same(&piece, &spare);
        let now = &lowerer.package.files[file];
        self.files[file] = KeptFile {
            id: Some(now.id),
            excluded: now.excluded,
            text: self
                .texts
                .get(now.id.index())
                .filter(|_| now.ast.unreadable.is_empty())
                .cloned(),
            makes: Makes::of(now.ast, lowerer.library),
            elided: elided(now.ast).collect(),
            declared: declared(lowerer.package, file),
            words: OnceCell::new(),
            first: KeptPiece::of(piece, lowerer),
            supplied: FxHashMap::default(),
            spare,
        };
        // From here on what belongs to it is kept.
        self.same[file] = true;
        self.count(lowerer);
    }

    /// Takes over a function that was asked for; says whether it was known.
    pub(super) fn restore_supplied(
        &self,
        file: usize,
        id: FuncId,
        lowerer: &mut Lowerer<'_, '_>,
    ) -> bool {
        let known = self.files[file].supplied.get(&id);
        if let Some(piece) = known {
            piece.restore(lowerer);
        }
        known.is_some()
    }

    /// Keeps a function that was asked for.
    pub(super) fn put_supplied(
        &mut self,
        file: usize,
        id: FuncId,
        piece: Piece,
        spare: Spare,
        lowerer: &mut Lowerer<'_, '_>,
    ) {
        lowerer.forget_unless_same(&piece, &spare);
        let kept = &mut self.files[file];
        kept.spare = spare;
        kept.supplied.insert(id, KeptPiece::of(piece, lowerer));
        self.count(lowerer);
    }

    fn count(&mut self, lowerer: &Lowerer<'_, '_>) {
        self.bodies = lowerer.bodies.len();
        self.types = lowerer.package.types.len();
    }
}

/// Which bodies of a file were left out, by function.
fn elided(file: &File) -> impl Iterator<Item = Option<Elided>> {
    file.decls.iter().filter_map(|decl| match decl {
        Decl::Func(function) => Some(function.elided),
        _ => None,
    })
}

/// The functions of a file.
fn declared(package: &Package<'_>, file: usize) -> Vec<Declared> {
    package
        .functions_of(file)
        .map(|index| {
            let func = &package.funcs[index];
            Declared {
                name: func.decl.name.clone(),
                id: FuncId(index as u32),
                receiver: func.receiver,
                by_pointer: func.by_pointer,
                ty: package.func_type(file, &func.decl.signature, &|_| None),
                type_params: func.decl.type_params.clone(),
                has_body: func.decl.body.is_some(),
            }
        })
        .collect()
}

/// The names in a file that may stand for functions, methods or variables.
fn words(file: &File) -> FxHashSet<Name> {
    let name = |expr: &Expr| match expr {
        Expr::Ident(name) | Expr::Selector(_, name, _) => Some(name.clone()),
        _ => None,
    };
    file.exprs.iter().filter_map(name).collect()
}
