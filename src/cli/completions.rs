//! `wslab completions`: what a shell has to know so that it completes our words.

use std::io::{self, Write as _};

use clap::Args;
use clap_complete::Shell;

use super::Exit;

/// Arguments of `wslab completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Where it belongs:
  bash        wslab completions bash > ~/.local/share/bash-completion/completions/wslab
  zsh         wslab completions zsh > _wslab, in a folder of $fpath
  fish        wslab completions fish > ~/.config/fish/completions/wslab.fish
  powershell  wslab completions powershell >> $PROFILE
  elvish      wslab completions elvish >> ~/.config/elvish/rc.elv")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::command(), "wslab", &mut script);
        let mut out = io::stdout().lock();
        out.write_all(&script)?;
        out.flush()?;
        Ok(Exit::Ok)
    }
}
