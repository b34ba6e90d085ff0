//! Finds a Go toolchain that has the goroutine leak profile.

use std::path::PathBuf;
use std::process::Command;

/// The first minor release with `pprof.Lookup("goroutineleak")`.
const FIRST: u32 = 27;

/// The `go` command: `GOLEASH_GO`, or else `go` on the path, if it is new enough. The error says what is wrong.
pub(crate) fn toolchain() -> Result<PathBuf, String> {
    let go = std::env::var_os("GOLEASH_GO").map_or_else(|| PathBuf::from("go"), PathBuf::from);
    let output = Command::new(&go)
        .args(["env", "GOVERSION"])
        .env("GOTOOLCHAIN", "local")
        .output()
        .map_err(|e| format!("cannot run `{}`: {e}", go.display()))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let minor: Option<u32> = version
        .strip_prefix("go1.")
        .map(|rest| rest.split(|c: char| !c.is_ascii_digit()))
        .and_then(|mut parts| parts.next()?.parse().ok());
    if minor.is_some_and(|minor| minor >= FIRST) {
        Ok(go)
    } else {
        Err(format!(
            "`{}` is `{version}`, go1.{FIRST} or newer is needed",
            go.display()
        ))
    }
}
