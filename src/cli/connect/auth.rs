//! A token that the server is shown, and never anybody else.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use crate::cli::print;
use crate::cli::request::Asking;
use crate::net::Target;
use crate::wire::http::is_token;

/// Where a token comes from, and where it goes.
#[derive(Debug, Args)]
pub(super) struct Auth {
    /// Show the server the token in this file
    #[arg(long, env = "WSLAB_AUTH_TOKEN_FILE", value_name = "FILE")]
    auth_token_file: Option<PathBuf>,
    /// Where to show it: `Authorization: Bearer …`, the query parameter `token`, the subprotocols `bearer` and the
    /// token itself, or a first message `{"token":…}`
    #[arg(long, env = "WSLAB_AUTH_BY", value_name = "WAY", default_value = "header", requires = "auth_token_file")]
    auth_by: By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    Header,
    Query,
    Subprotocol,
    Message,
}

/// What is shown besides the request.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The token, so that it can be left out of what is printed.
    pub(super) token: Option<String>,
    /// The first message of each connection.
    pub(super) message: Option<String>,
}

/// A file of more bytes is none with a token.
const LONGEST: u64 = 64 << 10;

impl Auth {
    /// Reads the token and has the request show it.
    pub(super) fn show(&self, asking: &mut Asking, target: &mut Target) -> anyhow::Result<Shown> {
        let Some(file) = &self.auth_token_file else { return Ok(Shown::default()) };
        anyhow::ensure!(
            !asking.has_header("Authorization"),
            "--auth-token-file and --header Authorization both say who asks: leave one out"
        );
        let token = read(file)?;
        let mut message = None;
        match self.auth_by {
            By::Header => asking.push_header("Authorization", format!("Bearer {token}")),
            By::Query => {
                let query = target.resource.split_once('?').map(|(_, query)| query);
                let has_one = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
                anyhow::ensure!(
                    !{ has_one }.any(|(name, _)| name == "token"),
                    "the URL has a parameter `token` already: leave it or --auth-by query out"
                );
                let mark = if query.is_some() { '&' } else { '?' };
                let value: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
                target.resource = format!("{}{mark}token={value}", target.resource);
            }
            By::Subprotocol => {
                anyhow::ensure!(
                    is_token(token.as_bytes()),
                    "the token in {} has characters that a subprotocol cannot have, such as =, / or a blank: use \
                     --auth-by header, query or message",
                    file.display()
                );
                asking.push_subprotocols(["bearer".to_owned(), token.clone()]);
            }
            By::Message => message = Some(serde_json::json!({ "token": token }).to_string()),
        }
        Ok(Shown { token: Some(token), message })
    }
}

/// The token in a file, without the end of its line.
pub(in crate::cli) fn read(file: &Path) -> anyhow::Result<String> {
    let shown = file.display();
    anyhow::ensure!(file != Path::new("-"), "the token cannot come from the standard input: write it into a file");
    let mut bytes = Vec::new();
    let mut opened = File::open(file).with_context(|| format!("cannot read the token in {shown}"))?;
    warn_of_readers(&opened, file);
    opened.by_ref().take(LONGEST + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {shown}"))?;
    anyhow::ensure!(bytes.len() as u64 <= LONGEST, "{shown} is longer than 64 KiB: that is no token");
    let text = String::from_utf8(bytes).ok().with_context(|| format!("{shown} is no text: that is no token"))?;
    let token = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    anyhow::ensure!(!token.trim().is_empty(), "{shown} is empty: write the token into it");
    if let Some(at) = token.bytes().position(|byte| byte.is_ascii_control()) {
        let what = if token.as_bytes()[at] == b'\n' { "a second line" } else { "a control character" };
        anyhow::bail!("{shown} has {what} from byte {} on: a token is one line of text", at + 1);
    }
    Ok(token.to_owned())
}

/// What others can read is no secret.
fn warn_of_readers(opened: &File, file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = opened.metadata().map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        let shown = file.display();
        print::warning(format_args!("others can read or change the token in {shown}: `chmod 600 {shown}` helps"));
    }
}
