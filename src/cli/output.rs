//! Where text goes: stdout, a file, stderr; and whether with colour.

use super::Failure;
use super::args::Color;
use crate::report::one_line;
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// Writes one line to stderr. Nobody is left to tell when stderr is closed.
pub(super) fn line(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", one_line(text));
}

/// Writes lines that are safe already to stderr.
pub(super) fn to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes the result to stdout; a reader that has gone away (`| head`) is no error.
pub(super) fn to_stdout(text: &str) -> Result<(), Failure> {
    bytes_to_stdout(text.as_bytes())
}

/// The same for bytes that need not be text.
pub(super) fn bytes_to_stdout(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure(format!("could not write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes the result to a file in one step, so that nobody ever reads half of it.
pub(super) fn to_file(path: &Path, text: &str) -> Result<(), Failure> {
    bytes_to_file(path, text.as_bytes())
}

/// The same for bytes that need not be text.
pub(super) fn bytes_to_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failure =
        |error: io::Error| Failure(format!("could not write `{}`: {error}", path.display()));
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => Err(Failure(format!(
            "could not write `{}`: it is a folder; give the name of a file",
            path.display()
        ))),
        // Replacing a device or a pipe would take it away from everybody else.
        Ok(meta) if !meta.is_file() => fs::OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut file| file.write_all(bytes))
            .map_err(failure),
        Ok(meta) => fs::canonicalize(path)
            .and_then(|target| replace(&target, bytes, Some(meta.permissions())))
            .map_err(failure),
        Err(_) => replace(path, bytes, None).map_err(failure),
    }
}

/// Refuses, before any work is done, a file that cannot be written.
pub(super) fn check_target(path: &Path) -> Result<(), Failure> {
    let folder = folder_of(path);
    if path.file_name().is_none() || path.is_dir() {
        return Err(Failure(format!(
            "`{}` is no file name; give the name of a file",
            path.display()
        )));
    }
    if !folder.is_dir() {
        return Err(Failure(format!(
            "the folder of `{}` does not exist; create it first",
            path.display()
        )));
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn replace(path: &Path, bytes: &[u8], permissions: Option<fs::Permissions>) -> io::Result<()> {
    staged(path, bytes, |temporary| {
        permissions.map_or(Ok(()), |p| fs::set_permissions(temporary, p))?;
        fs::rename(temporary, path)
    })
}

/// Writes a new file in one step; one that is there already stays as it is.
pub(super) fn to_new_file(path: &Path, text: &str) -> Result<(), Failure> {
    // Unlike a rename, a link never takes the place of something else.
    let linked = |temporary: &Path| match fs::hard_link(temporary, path) {
        // Not every file system has links: the name is taken first, and what stands under it is then replaced.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            fs::File::create_new(path)?;
            fs::rename(temporary, path)
        }
        linked => linked,
    };
    staged(path, text.as_bytes(), linked)
        .map_err(|error| Failure(format!("could not write `{}`: {error}", path.display())))
}

/// Writes a temporary file beside `path`, hands it to `place`, and leaves nothing of it behind.
fn staged(
    path: &Path,
    bytes: &[u8],
    place: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = folder_of(path).join(name);
    let placed = fs::File::create_new(&temporary)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| place(&temporary));
    let _ = fs::remove_file(&temporary);
    placed
}

/// Whether the result is coloured, by option, environment and terminal, in this order.
pub(super) fn colored(color: Color, to_file: bool) -> bool {
    decide_color(
        color,
        &|name| std::env::var(name).ok(),
        !to_file && io::stdout().is_terminal(),
    )
}

/// Whether the terminal behind stdout shows links. `FORCE_HYPERLINK` decides where it is not known.
pub(super) fn links(to_file: bool) -> bool {
    !to_file && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout)
}

/// How wide the terminal behind stdout is; `None` when there is none.
pub(super) fn terminal_width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let size = terminal_size::terminal_size();
    Some(size.map_or(80, |(terminal_size::Width(width), _)| usize::from(width)))
}

fn decide_color(color: Color, variable: &dyn Fn(&str) -> Option<String>, terminal: bool) -> bool {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR").is_some() => false,
        Color::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        Color::Auto => terminal && set("TERM").is_none_or(|term| term != "dumb"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_follows_option_environment_terminal() {
        let decide = |color, environment: &[(&str, &str)], terminal| {
            let variable = |name: &str| {
                let found = environment.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            decide_color(color, &variable, terminal)
        };
        assert!(decide(Color::Auto, &[], true));
        assert!(!decide(Color::Auto, &[], false));
        assert!(!decide(Color::Auto, &[("TERM", "dumb")], true));
        assert!(!decide(Color::Auto, &[("NO_COLOR", "1")], true));
        assert!(decide(Color::Auto, &[("NO_COLOR", "")], true));
        assert!(decide(Color::Auto, &[("CLICOLOR_FORCE", "1")], false));
        assert!(!decide(Color::Auto, &[("CLICOLOR_FORCE", "0")], false));
        let both = [("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")];
        assert!(!decide(Color::Auto, &both, true));
        assert!(decide(Color::Always, &both, false));
        assert!(!decide(Color::Never, &[("CLICOLOR_FORCE", "1")], true));
    }
}
