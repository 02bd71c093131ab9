//! `wslab serve`: run a server.

mod guarding;
mod listening;
mod place;

use clap::{Args, Subcommand};

use self::guarding::{Guarding, Manner};
use self::listening::Listening;
pub(super) use self::place::{Shown, cannot_listen, listen};
use super::{Everywhere, Exit};
use crate::app;
use crate::app::host::{Application, Host};
use crate::watch::Meter;
use crate::watch::feed::Metrics;

/// Arguments of `wslab serve`.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(subcommand)]
    app: App,
}

#[derive(Debug, Subcommand)]
enum App {
    /// Send every message back as it came
    Echo(Serving),
}

/// What every server takes.
#[derive(Debug, Args)]
struct Serving {
    #[command(flatten)]
    listening: Listening,
    #[command(flatten)]
    guarding: Guarding,
}

impl Serve {
    pub(super) async fn run(self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        match self.app {
            App::Echo(serving) => serving.run(Host::new(app::Echo), Manner::Open, everywhere).await,
        }
    }
}

impl Serving {
    async fn run<A: Application>(self, host: Host<A>, manner: Manner, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        let host = self.guarding.guard(host, manner)?.unpacking(self.listening.max_message());
        let host = if self.listening.has_metrics() {
            let meter = Meter::new();
            host.metrics(Metrics::new(meter.clone())).metered(meter)
        } else {
            host
        };
        let config = self.listening.config(&self.guarding, manner)?;
        self.listening.run(config, host, everywhere).await
    }
}
