//! Where a server listens, what it takes, and how it ends.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use tokio::time::timeout;

use super::guarding::{Guarding, Manner};
use super::{cannot_listen, listen};
use crate::cli::print::{self, Count};
use crate::cli::signal::Interrupts;
use crate::cli::top::{self, Looks};
use crate::cli::{Everywhere, Exit, value};
use crate::net::{self, Listen, Server, ServerConfig, Service, tls};
use crate::proto::opening::Policy;
use crate::proto::{Config, deflate};
use crate::watch::Meter;
use crate::watch::feed::SUBPROTOCOL;

/// How long one signal may take to come to everybody in this process.
const MOMENT: Duration = Duration::from_millis(200);

/// What every server takes.
#[derive(Debug, Args)]
pub(super) struct Listening {
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
    /// The most connections at a time
    #[arg(long, env = "WSLAB_MAX_CONNECTIONS", value_name = "N", default_value = "100000",
          value_parser = value::count)]
    max_connections: usize,
    /// The largest message, in bytes; a larger one is refused with 1009. Without it 67108864 for an echo, 65536 for the
    /// others
    #[arg(long, env = "WSLAB_MAX_MESSAGE", value_name = "BYTES", value_parser = value::count)]
    max_message: Option<usize>,
    /// The most bytes that wait for a client that reads slowly
    #[arg(long, env = "WSLAB_MAX_QUEUE", value_name = "BYTES", default_value = "1048576",
          value_parser = value::count)]
    max_queue: usize,
    /// What becomes of a client for which more would wait
    #[arg(long, env = "WSLAB_SLOW", value_name = "WHAT", default_value = "close")]
    slow: Slow,
    /// Do not agree to compress messages
    #[arg(long, env = "WSLAB_NO_DEFLATE", value_parser = value::flag)]
    no_deflate: bool,
    /// How often a ping asks whether a client is alive; 0s asks never
    #[arg(long, env = "WSLAB_PING_INTERVAL", value_name = "TIME", value_parser = value::time,
          default_value = "30s")]
    ping_interval: Duration,
    /// How long after a ping a client may stay silent; then it is closed with 1002
    #[arg(long, env = "WSLAB_PING_TIMEOUT", value_name = "TIME", value_parser = value::time,
          default_value = "5s")]
    ping_timeout: Duration,
    /// How long connections may take to close when the server ends
    #[arg(long, env = "WSLAB_GRACE", value_name = "TIME", value_parser = value::time,
          default_value = "10s")]
    grace: Duration,
    /// Show what is counted at /metrics, for Prometheus
    #[arg(long, env = "WSLAB_METRICS", value_parser = value::flag)]
    metrics: bool,
    /// Let it be watched at /_wslab, by `wslab top ws://…`: from this machine, or where clients have to have a token, by
    /// those whose token has the permission `watch`. Behind a proxy, which is on this machine itself, have tokens
    #[arg(long, env = "WSLAB_WATCH", value_parser = value::flag)]
    watch: bool,
    /// Show what happens on a dashboard, as `wslab top` does; leaving it ends the server
    #[arg(long, env = "WSLAB_TOP", value_parser = value::flag)]
    top: bool,
}

/// What becomes of a client that reads too slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Slow {
    /// It is closed with 1013
    Close,
    /// It misses messages
    Skip,
}

impl From<Slow> for net::Slow {
    fn from(slow: Slow) -> Self {
        match slow {
            Slow::Close => Self::Close,
            Slow::Skip => Self::Skip,
        }
    }
}

impl Listening {
    /// The largest message, in bytes.
    pub(super) fn max_message(&self, manner: Manner) -> usize {
        self.max_message.unwrap_or(match manner {
            Manner::Open => Config::default().max_message,
            Manner::Social => 64 << 10,
        })
    }

    /// Whether there is a page for Prometheus.
    pub(super) const fn has_metrics(&self) -> bool {
        self.metrics
    }

    /// Whether there is a dashboard.
    pub(super) const fn has_top(&self) -> bool {
        self.top
    }

    /// Whether it can be watched.
    pub(super) const fn is_watched(&self) -> bool {
        self.watch
    }

    pub(super) fn config(&self, guarding: &Guarding, manner: Manner) -> anyhow::Result<ServerConfig> {
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(chain), Some(key)) => Some(tls::server(chain, key)?),
            _ => None,
        };
        let max_message = self.max_message(manner);
        Ok(ServerConfig {
            endpoint: Config {
                max_frame: max_message as u64,
                max_message,
                ping_interval: Some(self.ping_interval),
                pong_timeout: self.ping_timeout,
                deflate: (!self.no_deflate).then(deflate::Config::default),
                ..Config::default()
            },
            policy: Policy {
                protocols: self.protocols(guarding),
                origins: guarding.origins(manner),
                ..Policy::default()
            },
            max_connections: self.max_connections,
            max_queue: self.max_queue,
            slow: self.slow.into(),
            tls,
        })
    }

    fn protocols(&self, guarding: &Guarding) -> Vec<String> {
        let watched = self.watch.then(|| SUBPROTOCOL.to_owned());
        self.subprotocol.iter().cloned().chain(guarding.subprotocol()).chain(watched).collect()
    }

    /// Serves until it is interrupted.
    /// `meter` is what the dashboard shows, if there is to be one.
    pub(super) async fn run(
        self,
        config: ServerConfig,
        service: impl Service,
        meter: Option<Arc<Meter>>,
        everywhere: &Everywhere,
    ) -> anyhow::Result<Exit> {
        anyhow::ensure!(
            meter.is_none() || io::stdout().is_terminal(),
            "--top shows a dashboard on a terminal, and the output is none: leave it out"
        );
        let server = Server::bind(&self.listen, config).map_err(|error| cannot_listen(&self.listen, &error))?;
        let mut interrupts = Interrupts::new()?;
        let url = server.url();
        if !everywhere.quiet && meter.is_none() {
            // On stdout, because with port 0 it is what the caller wants to know.
            print::result(format_args!("listening on {url}"))?;
        }
        let connections = server.connections();
        let mut serving = tokio::spawn(server.run(service));
        let shown = async {
            match meter {
                Some(meter) => match Looks::default().show(top::watched(url, meter), everywhere).await {
                    Ok(exit) => exit,
                    Err(error) => {
                        // Whoever is served need not suffer for it.
                        print::error(format_args!("the dashboard has ended: {error:#}; the server goes on"));
                        std::future::pending().await
                    }
                },
                None => std::future::pending().await,
            }
        };
        let asked = tokio::select! {
            // A signal that the dashboard heard is here in a moment, too, and is no second one; only a hangup is not.
            exit = shown => match exit {
                Exit::Interrupted => timeout(MOMENT, interrupts.next()).await.unwrap_or("hung up"),
                _ => "the dashboard was left",
            },
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
