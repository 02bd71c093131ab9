//! wslab's own server, with the session that `wslab serve echo` runs.

use std::net::Ipv4Addr;

use anyhow::{Context as _, Result};
use wslab::net::{Listen, Server, ServerConfig};

pub async fn run() -> Result<()> {
    let server = Server::bind(&Listen::Tcp((Ipv4Addr::LOCALHOST, 0).into()), ServerConfig::default())?;
    super::say_port(server.local_addr().context("it does not listen on TCP")?)?;
    Ok(server.run(wslab::app::echo).await?)
}
