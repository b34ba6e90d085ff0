//! Which functions of a package are lowered, and in which order.
//!
//! In: the tables of a package. Out: its bodies. Functions whose bodies were left out are asked for where one that was lowered
//! calls them and that can matter ([`super::demand`]), until nobody asks for more; what [`super::kept`] has is not lowered again.

use super::demand;
use super::holding::Flags;
use super::ir::{Body, BodyId, empty_body};
use super::kept::Lowered;
use super::lower::{Lowerer, Piece, Spare};
use crate::library::{Fact, Library};
use crate::package::GoVersion;
use crate::resolve::{FuncId, Package, Ty};
use crate::source::Place;
use crate::syntax::ast;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Reads the function that stands there and whose body was left out.
pub type Supply<'s, 'a> = dyn FnMut(Place) -> Option<(&'a ast::File, &'a ast::FuncDecl)> + 's;

/// Lowers all functions of `package`; the result is indexed by [`BodyId`]. Bodies that were left out are asked for where
/// something is handed to them that can matter. What `kept` has of files that are the same is not lowered again. Returned
/// is also what variables hold, where that was worked out on the way.
pub(super) fn lower_package<'a>(
    package: &mut Package<'a>,
    library: &Library,
    go: GoVersion,
    supply: &mut Supply<'_, 'a>,
    mut kept: Option<&mut Lowered>,
) -> (Vec<Arc<Body>>, Option<Flags>) {
    type_variables(package, library);
    let count = package.funcs.len();
    let files = package.files.len();
    if let Some(kept) = &mut kept {
        kept.compare(package);
    }
    let makes = (0..files).map(|file| {
        let known = kept.as_ref().and_then(|kept| kept.makes(file));
        known.unwrap_or_else(|| Makes::of(package.ast(file), library))
    });
    let makes = makes.fold(Makes::default(), Makes::or);
    let mut lowerer = Lowerer {
        has_later: makes.timers,
        has_pipes: makes.pipes,
        package,
        library,
        go,
        bodies: Vec::new(),
        fns: Vec::new(),
        file: 0,
        piece: Piece::default(),
        spare: Spare::default(),
    };
    lowerer.bodies.resize_with(count + files, || None);
    if let Some(kept) = &mut kept {
        kept.restore(&mut lowerer);
    }
    for file in 0..files {
        if kept.as_ref().is_some_and(|kept| kept.is_same(file)) {
            continue;
        }
        if let Some(kept) = &mut kept {
            lowerer.spare = kept.spare(file);
        }
        for index in lowerer.package.functions_of(file) {
            lowerer.function(FuncId(index as u32));
        }
        lowerer.package_variables(file, BodyId((count + file) as u32));
        let piece = std::mem::take(&mut lowerer.piece);
        if let Some(kept) = &mut kept {
            let spare = std::mem::take(&mut lowerer.spare);
            kept.put(file, piece, spare, &mut lowerer);
        }
    }
    let nobody = Arc::new(empty_body());
    let mut asked = FxHashSet::default();
    let mut left = READ_LATER;
    let mut rounds = 0;
    loop {
        let bodies: Vec<Arc<Body>> = lowerer
            .bodies
            .iter()
            .map(|body| Arc::clone(body.as_ref().unwrap_or(&nobody)))
            .collect();
        let held = kept.as_mut().map(|kept| kept.held(rounds));
        let (wanted, holds) = demand::wanted(lowerer.package, &bodies, held);
        rounds += 1;
        let mut any = false;
        for id in wanted {
            if !asked.insert(id) {
                continue;
            }
            let func = lowerer.package.func(id);
            let file = func.file.index();
            let place = Place {
                file: lowerer.package.files[file].id,
                span: func.decl.span,
            };
            let length = place.span.end - place.span.start;
            any = true;
            if length > left {
                left = 0;
                lowerer.unread(id);
                lowerer.piece = Piece::default();
                continue;
            }
            left -= length;
            let Some((ast, decl)) = supply(place) else {
                continue;
            };
            lowerer.package.supply(id, ast, decl);
            if let Some(kept) = &mut kept {
                if kept.restore_supplied(file, id, &mut lowerer) {
                    continue;
                }
                lowerer.spare = kept.spare(file);
            }
            lowerer.function(id);
            let piece = std::mem::take(&mut lowerer.piece);
            if let Some(kept) = &mut kept {
                let spare = std::mem::take(&mut lowerer.spare);
                kept.put_supplied(file, id, piece, spare, &mut lowerer);
            }
        }
        if !any {
            if let Some(kept) = &mut kept {
                kept.end_rounds(rounds);
            }
            return (bodies, holds);
        }
    }
}

/// Bytes of functions that are read because somebody calls them, at most; of the others nobody knows what they do. Of the
/// packages of 20 public repositories and Go's `src` one has more, the compiler's `ssa` with seven times as much; the next
/// has two thirds of it.
const READ_LATER: u32 = 1 << 20;

/// What a file may make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Makes {
    /// Timers that run functions.
    pub timers: bool,
    /// Pipes.
    pub pipes: bool,
}

impl Makes {
    pub(super) fn of(ast: &ast::File, library: &Library) -> Self {
        let mut makes = Self::default();
        for expr in &ast.exprs {
            if let ast::Expr::Selector(_, name, _) = expr {
                makes.timers |= name == "AfterFunc";
                makes.pipes |= library.makes_pipe(name);
            }
        }
        makes
    }

    fn or(self, other: Self) -> Self {
        Self {
            timers: self.timers || other.timers,
            pipes: self.pipes || other.pipes,
        }
    }
}

/// Gives package variables without a stated type that of the library call they start with.
fn type_variables(package: &mut Package<'_>, library: &Library) {
    let mut typed = Vec::new();
    for file in 0..package.files.len() {
        let ast = package.ast(file);
        for decl in &ast.decls {
            let ast::Decl::Value(spec) = decl else {
                continue;
            };
            if spec.is_const || spec.ty.is_some() || spec.names.len() != spec.values.len() {
                continue;
            }
            for ((name, _), value) in spec.names.iter().zip(&spec.values) {
                let ast::Expr::Call(fun, ..) = ast.expr(*value) else {
                    continue;
                };
                let ast::Expr::Selector(base, function, _) = ast.expr(*fun) else {
                    continue;
                };
                let ast::Expr::Ident(base) = ast.expr(*base) else {
                    continue;
                };
                let path = package.import(file, base);
                let fact = path.and_then(|path| library.function(path, function, false));
                if let Some(ty) = fact.and_then(Fact::returned) {
                    typed.push((name.clone(), ty));
                }
            }
        }
    }
    for (name, (path, ty)) in typed {
        if let Some(known) = package.globals.get_mut(&name)
            && *known == Ty::Unknown
        {
            *known = Ty::Ext(path.into(), ty.into());
        }
    }
}
