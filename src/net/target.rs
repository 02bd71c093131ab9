//! Where to connect to or to listen.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::wire::http::without_secrets;

/// The address of a WebSocket endpoint: `ws://host:port/path?query`, `wss://…`, or `unix:/path/of/socket:/path?query`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What carries the connection.
    pub place: Place,
    /// The path and query that are asked for, beginning with `/`.
    pub resource: String,
}

/// What carries a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// TCP, perhaps under TLS.
    Tcp {
        /// A name or an address; without brackets if it is an IPv6 address.
        host: String,
        /// The port.
        port: u16,
        /// Whether TLS is spoken.
        tls: bool,
    },
    /// A Unix socket.
    Unix(PathBuf),
}

/// Why something is not a target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The scheme is missing or another.
    #[error("`{0}` is not the URL of a WebSocket: it has to begin with ws://, wss:// or unix:")]
    Scheme(String),
    /// RFC 6455, section 3: no fragment.
    #[error("`{0}` has a fragment (`#`), which the URL of a WebSocket must not have; write %23 for the character")]
    Fragment(String),
    /// The rest is no URL.
    #[error("`{0}` is not a URL: {1}")]
    Url(String, url::ParseError),
    /// Section 3: no user, no password. What is kept is the host.
    #[error(
        "the URL names a user or a password for `{0}`, which the URL of a WebSocket must not; send a header \
         Authorization instead"
    )]
    Credentials(String),
    /// No host.
    #[error("`{0}` names no host")]
    Host(String),
    /// No socket.
    #[error("`{0}` names no socket: write unix:/path/of/socket, or unix:/path/of/socket:/path to ask for a path")]
    Socket(String),
}

impl Target {
    /// The value of the Host header (section 4.1): the host, and the port if it is not the scheme's own.
    pub fn host_header(&self) -> String {
        match &self.place {
            Place::Unix(_) => "localhost".to_owned(),
            Place::Tcp { host, port, tls } => {
                let host = Bracketed(host);
                if *port == default_port(*tls) { host.to_string() } else { format!("{host}:{port}") }
            }
        }
    }
}

const fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

/// An IPv6 address stands in brackets where a port may follow.
struct Bracketed<'a>(&'a str);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if text.contains('#') {
            return Err(TargetError::Fragment(without_secrets(text).into_owned()));
        }
        if let Some(rest) = text.strip_prefix("unix:") {
            return unix(text, rest);
        }
        let tls = match text.split_once("://") {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("ws") => false,
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("wss") => true,
            _ => return Err(TargetError::Scheme(without_secrets(text).into_owned())),
        };
        let url = url::Url::parse(text).map_err(|error| TargetError::Url(without_secrets(text).into_owned(), error))?;
        let host = match url.host() {
            Some(url::Host::Domain(name)) => name.to_owned(),
            Some(url::Host::Ipv4(address)) => address.to_string(),
            Some(url::Host::Ipv6(address)) => address.to_string(),
            None => return Err(TargetError::Host(without_secrets(text).into_owned())),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Credentials(host));
        }
        let port = url.port().unwrap_or(default_port(tls));
        let resource = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
        Ok(Self { place: Place::Tcp { host, port, tls }, resource })
    }
}

fn unix(text: &str, rest: &str) -> Result<Target, TargetError> {
    let (socket, resource) = match rest.split_once(":/") {
        Some((socket, path)) => (socket, format!("/{path}")),
        None => (rest, "/".to_owned()),
    };
    if socket.is_empty() {
        return Err(TargetError::Socket(without_secrets(text).into_owned()));
    }
    Ok(Target { place: Place::Unix(socket.into()), resource })
}

/// As users write it, but for secret query parameters and JSON Web Tokens, for which `…` stands.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Unix(socket) if self.resource == "/" => write!(f, "unix:{}", socket.display()),
            Place::Unix(socket) => write!(f, "unix:{}:{}", socket.display(), without_secrets(&self.resource)),
            Place::Tcp { tls, .. } => {
                let scheme = if *tls { "wss" } else { "ws" };
                write!(f, "{scheme}://{}{}", self.host_header(), without_secrets(&self.resource))
            }
        }
    }
}
