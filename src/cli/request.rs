//! What a request asks for, as several commands take it.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::conform::Remote;
use crate::net::{Client, Target, Trust};
use crate::proto::opening::Extra;

/// Headers, subprotocols, origin, and whom to trust.
#[derive(Debug, Args)]
pub(super) struct Asking {
    /// A further header of the request, as `Name: value`; repeat it for several
    #[arg(long = "header", short = 'H', env = "WSLAB_HEADER", value_name = "HEADER")]
    headers: Vec<String>,
    /// A subprotocol to ask for; repeat it for several, the preferred one first
    #[arg(long, env = "WSLAB_SUBPROTOCOL", value_name = "NAME", value_delimiter = ',')]
    subprotocol: Vec<String>,
    /// The origin to name
    #[arg(long, env = "WSLAB_ORIGIN", value_name = "ORIGIN")]
    origin: Option<String>,
    /// Trust the certificates of this PEM file instead of the system's
    #[arg(long, env = "WSLAB_CACERT", value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Trust any certificate
    #[arg(long, env = "WSLAB_INSECURE", conflicts_with = "cacert")]
    insecure: bool,
}

impl Asking {
    fn headers(&self) -> anyhow::Result<Extra> {
        let mut headers = Extra::default();
        for header in &self.headers {
            let (name, value) = header
                .split_once(':')
                .with_context(|| format!("`{header}` is not a header: write it as `Name: value`"))?;
            headers.push(name.trim(), value.trim())?;
        }
        Ok(headers)
    }

    fn trust(&self) -> Trust {
        match (&self.cacert, self.insecure) {
            (Some(roots), _) => Trust::Roots(roots.clone()),
            (None, true) => Trust::Anybody,
            (None, false) => Trust::System,
        }
    }

    /// A client for `target` that asks like this.
    pub(super) fn client(&self, target: Target) -> anyhow::Result<Client> {
        let client = Client::to(target).headers(self.headers()?).protocols(&self.subprotocol).trust(self.trust());
        Ok(match &self.origin {
            Some(origin) => client.origin(origin),
            None => client,
        })
    }

    /// The target of a conformance run that is asked like this.
    pub(super) fn remote(&self, target: Target) -> anyhow::Result<Remote> {
        let remote = Remote::new(target, &self.trust())?;
        Ok(remote.asking(self.subprotocol.clone(), self.origin.clone(), self.headers()?)?)
    }
}
