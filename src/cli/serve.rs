//! `wslab serve`: run a server.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::print::{self, Count};
use super::signal::Interrupts;
use super::{Everywhere, Exit, value};
use crate::app;
use crate::net::{Listen, Server, ServerConfig, tls};
use crate::proto::opening::{Origins, Policy};
use crate::proto::{Config, deflate};

/// Arguments of `wslab serve`.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(subcommand)]
    app: App,
}

#[derive(Debug, Subcommand)]
enum App {
    /// Send every message back as it came
    Echo(Listening),
}

/// What every server takes.
#[derive(Debug, Args)]
struct Listening {
    /// Address and port, or unix:/path; port 0 takes a free one
    #[arg(long, env = "WSLAB_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:9001", value_parser = listen)]
    listen: Listen,
    /// Certificate chain in PEM, for wss://
    #[arg(long, env = "WSLAB_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Key of the certificate in PEM
    #[arg(long, env = "WSLAB_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// A subprotocol to agree to; repeat it for several, the preferred one first
    #[arg(long, env = "WSLAB_SUBPROTOCOL", value_name = "NAME", value_delimiter = ',')]
    subprotocol: Vec<String>,
    /// An origin that may connect; repeat it for several. Without it any may
    #[arg(long, env = "WSLAB_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    origin: Vec<String>,
    /// The most connections at a time
    #[arg(long, env = "WSLAB_MAX_CONNECTIONS", value_name = "N", default_value = "100000",
          value_parser = value::count)]
    max_connections: usize,
    /// The largest message, in bytes; a larger one is refused with 1009
    #[arg(long, env = "WSLAB_MAX_MESSAGE", value_name = "BYTES", default_value = "67108864",
          value_parser = value::count)]
    max_message: usize,
    /// Do not agree to compress messages
    #[arg(long, env = "WSLAB_NO_DEFLATE", value_parser = value::flag)]
    no_deflate: bool,
    /// How often a ping asks whether a client is alive
    #[arg(long, env = "WSLAB_PING_INTERVAL", value_name = "TIME", value_parser = value::time)]
    ping_interval: Option<Duration>,
    /// How long after a ping a client may stay silent
    #[arg(long, env = "WSLAB_PING_TIMEOUT", value_name = "TIME", value_parser = value::time,
          default_value = "20s")]
    ping_timeout: Duration,
    /// How long connections may take to close when the server ends
    #[arg(long, env = "WSLAB_GRACE", value_name = "TIME", value_parser = value::time,
          default_value = "10s")]
    grace: Duration,
}

pub(super) fn listen(text: &str) -> Result<Listen, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        return if path.is_empty() {
            Err("write unix:/path/of/socket".to_owned())
        } else {
            Ok(Listen::Unix(path.into()))
        };
    }
    let address = text.strip_prefix("ws://").or(text.strip_prefix("wss://")).unwrap_or(text);
    let address = address.strip_suffix('/').unwrap_or(address);
    let address = address.replace("localhost", "127.0.0.1");
    let address: SocketAddr =
        address.parse().map_err(|_| "write an address and a port, such as 127.0.0.1:9001 or [::1]:0".to_owned())?;
    Ok(Listen::Tcp(address))
}

impl Serve {
    pub(super) async fn run(self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        match self.app {
            App::Echo(listening) => listening.run(everywhere).await,
        }
    }
}

impl Listening {
    fn config(&self) -> anyhow::Result<ServerConfig> {
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(chain), Some(key)) => Some(tls::server(chain, key)?),
            _ => None,
        };
        Ok(ServerConfig {
            endpoint: Config {
                max_frame: self.max_message as u64,
                max_message: self.max_message,
                ping_interval: self.ping_interval,
                pong_timeout: self.ping_timeout,
                deflate: (!self.no_deflate).then(deflate::Config::default),
                ..Config::default()
            },
            policy: Policy {
                protocols: self.subprotocol.clone(),
                origins: if self.origin.is_empty() { Origins::Any } else { Origins::named(&self.origin) },
                ..Policy::default()
            },
            max_connections: self.max_connections,
            tls,
            ..ServerConfig::default()
        })
    }

    async fn run(self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        let server = Server::bind(&self.listen, self.config()?).map_err(|error| cannot_listen(&self.listen, &error))?;
        let mut interrupts = Interrupts::new()?;
        if !everywhere.quiet {
            // On stdout, because with port 0 it is what the caller wants to know.
            print::result(format_args!("listening on {}", server.url()))?;
        }
        let connections = server.connections();
        let mut serving = tokio::spawn(server.run(app::echo));
        let asked = tokio::select! {
            asked = interrupts.next() => asked,
            ended = &mut serving => {
                ended.context("failed to serve")??;
                return Ok(Exit::Ok);
            }
        };
        if !everywhere.quiet {
            let left = Count(connections.len(), "connection");
            print::tell(format_args!("{asked}: closing {left} within {}", humantime::format_duration(self.grace)));
        }
        let dropped = tokio::select! {
            dropped = connections.drain(self.grace) => dropped,
            // Asked twice means now.
            _ = interrupts.next() => return Ok(Exit::Interrupted),
        };
        serving.await.context("failed to serve")??;
        if dropped > 0 && !everywhere.quiet {
            let dropped = Count(dropped, "connection");
            print::tell(format_args!("dropped {dropped} that did not close in time"));
        }
        Ok(Exit::Ok)
    }
}

/// Why nobody can listen there, and what to do.
pub(super) fn cannot_listen(listen: &Listen, error: &io::Error) -> anyhow::Error {
    let advice = match (listen, error.kind()) {
        (Listen::Tcp(_), io::ErrorKind::AddrInUse) => "; --listen 127.0.0.1:0 takes a free port",
        (Listen::Unix(_), io::ErrorKind::AddrInUse) => "; remove the file if no server listens on it any more",
        (Listen::Tcp(_), io::ErrorKind::AddrNotAvailable) => "; this machine does not have the address",
        _ => "",
    };
    anyhow::anyhow!("failed to listen on {}: {error}{advice}", Shown(listen))
}

/// Where a server was to listen, as users write it.
pub(super) struct Shown<'a>(pub(super) &'a Listen);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Listen::Tcp(address) => address.fmt(f),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
