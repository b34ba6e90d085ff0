//! Tells Zed how to start the server: the program on the path.

use zed_extension_api::{self as zed, Command, LanguageServerId, Result, Worktree};

struct Goleash;

impl zed::Extension for Goleash {
    fn new() -> Self {
        Self
    }

    fn language_server_command(
        &mut self,
        _: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Command> {
        let command = worktree
            .which("goleash")
            .ok_or("goleash is not on the path")?;
        Ok(Command {
            command,
            args: vec!["lsp".into()],
            env: worktree.shell_env(),
        })
    }
}

zed::register_extension!(Goleash);
