//! Programs of others that tests run: found, or a reason to skip.
#![allow(dead_code, reason = "each test crate uses its own part")]

use std::process::Command;

/// What was found; without, says why the test is skipped, which is a failure with `CI=true` in the environment.
pub(crate) fn or_skip<T>(found: Result<T, String>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(why) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
            eprintln!("skipped: {why}");
            None
        }
    }
}

/// Whether programs are on the path and work; the error names the one that is not.
pub(crate) fn programs(names: &[&str]) -> Result<(), String> {
    for name in names {
        let output = Command::new(name).arg("--version").output();
        if !output.is_ok_and(|output| output.status.success()) {
            return Err(format!("cannot run `{name}`; .ci/run installs it"));
        }
    }
    Ok(())
}

/// Runs a command that has to work; the panic shows all it printed. Returns stdout.
#[track_caller]
pub(crate) fn must(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{stdout}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}
