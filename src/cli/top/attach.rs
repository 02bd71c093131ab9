//! Attaching to a server elsewhere.

use std::path::PathBuf;

use clap::Args;

use crate::cli::connect::read_token;
use crate::cli::request::Header;
use crate::cli::{Exit, print, value};
use crate::net::{Client, ConnectError, Target, Trust};
use crate::proto::opening::Extra;
use crate::proto::{Cause, Config, deflate};
use crate::watch::feed::{AttachError, PATH};

/// How a server is asked to let us watch.
#[derive(Debug, Args)]
pub(super) struct Attaching {
    /// A further header of the request to a server, as `Name: value`; repeat it for several
    #[arg(long = "header", short = 'H', env = "WSLAB_HEADER", value_name = "HEADER")]
    headers: Vec<Header>,
    /// Show the server the token in this file, as `Authorization: Bearer …`; it has to have the permission `watch`
    #[arg(long, env = "WSLAB_AUTH_TOKEN_FILE", value_name = "FILE")]
    auth_token_file: Option<PathBuf>,
    /// Trust the certificates of this PEM file instead of the system's
    #[arg(long, env = "WSLAB_CACERT", value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Trust any certificate
    #[arg(long, env = "WSLAB_INSECURE", value_parser = value::flag, conflicts_with = "cacert")]
    insecure: bool,
}

impl Attaching {
    /// Refuses what only a server is asked with.
    pub(super) fn check_for_others(&self) -> anyhow::Result<()> {
        let given = [(!self.headers.is_empty(), "--header"), (self.auth_token_file.is_some(), "--auth-token-file")];
        match given.into_iter().find(|(given, _)| *given) {
            Some((_, option)) => anyhow::bail!("{option} is for a server, written ws://…, and this is none"),
            None => Ok(()),
        }
    }

    /// A client that asks `target` like this.
    pub(super) fn client(&self, mut target: Target) -> anyhow::Result<Client> {
        if let Some(query) = target.resource.strip_prefix('/')
            && (query.is_empty() || query.starts_with('?'))
        {
            target.resource = format!("{PATH}{query}");
        }
        let mut headers = Extra::default();
        for header in &self.headers {
            headers.push(&header.name, header.value.as_str())?;
        }
        if let Some(file) = &self.auth_token_file {
            headers.push("Authorization", format!("Bearer {}", read_token(file)?))?;
        }
        let trust = match (&self.cacert, self.insecure) {
            (Some(roots), _) => Trust::Roots(roots.clone()),
            (None, true) => Trust::Anybody,
            (None, false) => Trust::System,
        };
        // A server that is gone without a word is missed soon.
        let config = Config {
            ping_interval: Some(std::time::Duration::from_secs(5)),
            pong_timeout: std::time::Duration::from_secs(5),
            deflate: Some(deflate::Config::with_takeover()),
            ..Config::default()
        };
        Ok(Client::to(target).headers(headers).trust(trust).config(config))
    }
}

/// Says why a server cannot be watched, and what to do.
pub(super) fn failed(error: AttachError) -> anyhow::Result<Exit> {
    let advice = match &error {
        AttachError::Subprotocol => "; was it started with --watch?",
        AttachError::Connect(ConnectError::Opening(closed)) => match &closed.cause {
            Cause::OpeningInvalid(_, Some(response)) => match response.status {
                401 => "; --auth-token-file shows it a token",
                403 => "; without a token a server is watched from its own machine alone",
                _ => "; was it started with --watch?",
            },
            _ => "",
        },
        AttachError::Connect(ConnectError::Io { .. } | ConnectError::Timeout { .. }) => {
            print::error(&error);
            return Ok(Exit::Unreachable);
        }
        AttachError::Connect(_) => return Err(error.into()),
    };
    print::error(format_args!("{error}{advice}"));
    Ok(Exit::Unreachable)
}
