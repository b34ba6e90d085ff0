//! The stable text form of skeletons, for debugging and bug reports: one operation a line, with its position.

use super::ir::Body;
use crate::library::Library;
use crate::package::GoVersion;
use crate::resolve::{Package, PackageFile};
use crate::source::FileId;
use crate::syntax::ast::File;
use std::fmt::Write as _;

/// The skeletons of a file that stands alone.
pub fn dump(file: &File) -> String {
    let files = vec![PackageFile {
        id: FileId(0),
        ast: file,
        excluded: false,
        go: None,
    }];
    let mut package = Package::new(files);
    let program = super::lower(
        &mut package,
        &Library::standard(),
        GoVersion {
            major: 1,
            minor: 27,
        },
    );
    program.bodies.iter().map(|it| body(it)).collect()
}

fn body(body: &Body) -> String {
    let mut out = format!(
        "{} params {:?} results {:?} captures {:?}\n",
        body.name, body.params, body.results, body.captures
    );
    for (index, var) in body.vars.iter().enumerate() {
        let cell = if var.cell { " cell" } else { "" };
        let _ = writeln!(out, "  var {index} {}{cell}", var.name);
    }
    for (pc, op) in body.code.iter().enumerate() {
        let span = body.spans[pc];
        let _ = writeln!(out, "  {pc:3} {}..{} {op:?}", span.start, span.end);
    }
    out
}
