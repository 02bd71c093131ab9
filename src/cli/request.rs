//! What a request asks for, as several commands take it.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::value;
use crate::conform::Remote;
use crate::net::{Client, Target, Trust};
use crate::proto::opening::Extra;
use crate::wire::http::{is_secret, subprotocols_without_secrets, without_secrets};

/// Headers, subprotocols, origin, and whom to trust.
#[derive(Clone, Debug, Args)]
pub(super) struct Asking {
    /// A further header of the request, as `Name: value`; repeat it for several
    #[arg(long = "header", short = 'H', env = "WSLAB_HEADER", value_name = "HEADER")]
    headers: Vec<Header>,
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
    #[arg(long, env = "WSLAB_INSECURE", value_parser = value::flag, conflicts_with = "cacert")]
    insecure: bool,
}

/// A header on the command line.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) value: String,
}

impl FromStr for Header {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once(':').ok_or("write it as `Name: value`")?;
        Ok(Self { name: name.trim().to_owned(), value: value.trim().to_owned() })
    }
}

impl Header {
    /// Whether its value is nobody else's business.
    fn is_secret(&self) -> bool {
        is_secret(&self.name)
    }
}

impl Asking {
    fn headers(&self) -> anyhow::Result<Extra> {
        let mut headers = Extra::default();
        for header in &self.headers {
            headers.push(&header.name, header.value.as_str())?;
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

    /// Asks for these too, where the command line does not say.
    pub(super) fn also(&mut self, origin: Option<&String>, protocols: &[String]) {
        self.origin = self.origin.take().or_else(|| origin.cloned());
        if self.subprotocol.is_empty() {
            self.subprotocol = protocols.to_vec();
        }
    }

    /// Whether the command line names such a header.
    pub(super) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name))
    }

    /// Asks with a further header.
    pub(super) fn push_header(&mut self, name: &str, value: String) {
        self.headers.push(Header { name: name.to_owned(), value });
    }

    /// Asks for further subprotocols, behind the others.
    pub(super) fn push_subprotocols(&mut self, names: impl IntoIterator<Item = String>) {
        self.subprotocol.extend(names);
    }

    /// The subprotocols, the preferred one first.
    pub(super) fn subprotocols(&self) -> &[String] {
        &self.subprotocol
    }

    /// Refuses what only a client asks for, where clients are tested.
    pub(super) fn check_for_clients(&self) -> anyhow::Result<()> {
        let given = [
            (!self.headers.is_empty(), "--header"),
            (self.origin.is_some(), "--origin"),
            (self.cacert.is_some(), "--cacert"),
            (self.insecure, "--insecure"),
        ];
        match given.into_iter().find(|(given, _)| *given) {
            Some((_, option)) => anyhow::bail!("{option} is for testing servers, and clients are to be tested"),
            None => Ok(()),
        }
    }

    /// The words of a command line that asks the same. What is secret is left out: `…` stands for it.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut option = |name: &str, value: &str| words.extend([name.to_owned(), value::shell(value)]);
        for header in &self.headers {
            let value = if header.is_secret() { "…".into() } else { without_secrets(&header.value) };
            option("--header", &format!("{}: {value}", header.name));
        }
        self.subprotocol.iter().for_each(|name| option("--subprotocol", &subprotocols_without_secrets(name)));
        self.origin.iter().for_each(|origin| option("--origin", &without_secrets(origin)));
        self.cacert.iter().for_each(|file| option("--cacert", &file.display().to_string()));
        words.extend(self.insecure.then(|| "--insecure".to_owned()));
        words
    }
}
