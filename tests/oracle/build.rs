//! Builds one program that can call every `Leak…` and `Clean…` function of the fixtures, in a temporary copy.

use crate::support::{Package, fixtures_root};
use std::borrow::Borrow;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A function the referee calls.
pub(crate) struct Case {
    /// Directory of its package, relative to `fixtures/`.
    pub(crate) directory: String,
    /// `Leak…` or `Clean…`.
    pub(crate) function: String,
}

impl Case {
    /// The name the program knows it by.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.directory, self.function)
    }

    /// Whether it must leak.
    pub(crate) fn leaks(&self) -> bool {
        self.function.starts_with("Leak")
    }
}

/// Every function to call, in order of package, file and line.
pub(crate) fn cases<P: Borrow<Package>>(packages: &[P]) -> Vec<Case> {
    let mut cases = Vec::new();
    for package in packages.iter().map(Borrow::borrow) {
        for function in package.files.iter().flat_map(|f| &f.functions) {
            if function.name.starts_with("Leak") || function.name.starts_with("Clean") {
                cases.push(Case {
                    directory: package.directory.clone(),
                    function: function.name.clone(),
                });
            }
        }
    }
    cases
}

/// Copies the fixtures into `scratch`, adds the generated parts and builds. The error is what Go printed.
pub(crate) fn program<P: Borrow<Package>>(
    go: &Path,
    scratch: &Path,
    packages: &[P],
    cases: &[Case],
) -> Result<PathBuf, String> {
    write(
        scratch,
        "go.mod",
        &std::fs::read_to_string(fixtures_root().join("go.mod")).unwrap(),
    );
    for file in packages.iter().flat_map(|p| &p.borrow().files) {
        write(scratch, &file.path, &file.text);
    }
    let mut imports = "package all\n\nimport (\n".to_owned();
    for package in packages.iter().map(Borrow::borrow) {
        let names: Vec<&str> = cases
            .iter()
            .filter(|c| c.directory == package.directory)
            .map(|c| c.function.as_str())
            .collect();
        if names.is_empty() {
            continue;
        }
        let _ = writeln!(
            imports,
            "\t_ \"goleash.test/fixtures/{}\"",
            package.directory
        );
        write(
            scratch,
            &format!("{}/zz_referee.go", package.directory),
            &registration(package, &names),
        );
    }
    imports.push_str(")\n");
    write(scratch, "zz/all/all.go", &imports);
    write(
        scratch,
        "zz/registry/registry.go",
        "package registry\n\nvar Functions = map[string]func(){}\n",
    );
    write(scratch, "zz/main.go", include_str!("driver.go.txt"));
    build(go, scratch)
}

fn build(go: &Path, scratch: &Path) -> Result<PathBuf, String> {
    let program = scratch.join("referee");
    let output = Command::new(go)
        .args(["build", "-trimpath", "-buildvcs=false", "-p", "2", "-o"])
        .arg(&program)
        .arg("./zz")
        .current_dir(scratch)
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .output()
        .map_err(|e| e.to_string())?;
    if output.status.success() {
        Ok(program)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// A file that enters a package's functions into the registry.
fn registration(package: &Package, names: &[&str]) -> String {
    let clause = package.files[0]
        .text
        .lines()
        .find(|l| l.starts_with("package "))
        .unwrap_or_default();
    let mut text = format!(
        "{clause}\n\nimport zzRegistry \"goleash.test/fixtures/zz/registry\"\n\nfunc init() {{\n"
    );
    for name in names {
        let _ = writeln!(
            text,
            "\tzzRegistry.Functions[\"{}.{name}\"] = {name}",
            package.directory
        );
    }
    text.push_str("}\n");
    text
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
