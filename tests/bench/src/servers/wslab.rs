//! wslab's own server, as the command line runs it, and without its host.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use wslab::app::Echo;
use wslab::app::host::Host;
use wslab::net::{Listen, Server, ServerConfig, Service};
use wslab::proto::Config;
use wslab::watch::Meter;

/// What `wslab serve echo` runs.
pub async fn run() -> Result<()> {
    serve(Host::new(Echo)).await
}

/// The same with its meter, as `wslab serve echo --metrics` runs it.
pub async fn metered() -> Result<()> {
    serve(Host::new(Echo).metered(Meter::new())).await
}

/// The server of the library, as it comes.
pub async fn bare() -> Result<()> {
    listen(ServerConfig::default(), wslab::app::echo).await
}

/// A service with the timers of `wslab serve`.
pub async fn serve(service: impl Service) -> Result<()> {
    let endpoint = Config {
        ping_interval: Some(Duration::from_secs(30)),
        pong_timeout: Duration::from_secs(5),
        ..Config::default()
    };
    listen(ServerConfig { endpoint, ..ServerConfig::default() }, service).await
}

async fn listen(config: ServerConfig, service: impl Service) -> Result<()> {
    let server = Server::bind(&Listen::Tcp((Ipv4Addr::LOCALHOST, 0).into()), config)?;
    super::say_port(server.local_addr().context("it does not listen on TCP")?)?;
    Ok(server.run(service).await?)
}
