//! Servers that are watched, over real sockets.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinHandle;
use wslab::app::Echo;
use wslab::app::host::Host;
use wslab::net::{Client, Connection, Connections, Listen, Server, ServerConfig};
use wslab::proto::opening::Policy;
use wslab::watch::Snapshot;
use wslab::watch::feed::SUBPROTOCOL;
use wslab::watch::live::{News, Wish};

/// No test takes so long; one that hangs fails.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it ends in time")
}

/// A server that is watched.
pub(crate) struct Served {
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    pub(crate) connections: Connections,
    running: JoinHandle<std::io::Result<()>>,
}

pub(crate) fn config() -> ServerConfig {
    let policy = Policy { protocols: vec![SUBPROTOCOL.to_owned()], ..Policy::default() };
    ServerConfig { policy, ..ServerConfig::default() }
}

pub(crate) fn serve(host: Host<Echo>) -> Served {
    serve_at(([127, 0, 0, 1], 0).into(), host)
}

pub(crate) fn serve_at(address: SocketAddr, host: Host<Echo>) -> Served {
    let server = Server::bind(&Listen::Tcp(address), config()).unwrap();
    let (url, address, connections) = (server.url(), server.local_addr().unwrap(), server.connections());
    Served { url, address, connections, running: tokio::spawn(server.run(host)) }
}

pub(crate) fn echo() -> Host<Echo> {
    Host::new(Echo).watched()
}

impl Served {
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url).unwrap()
    }

    pub(crate) fn watching(&self) -> Client {
        Client::new(&format!("{}/_wslab", self.url)).unwrap().protocols([SUBPROTOCOL])
    }

    /// Ends it, and waits until its port is free.
    pub(crate) async fn end(self) {
        within(self.connections.drain(Duration::from_secs(5))).await;
        within(self.running).await.unwrap().unwrap();
    }
}

/// Somebody who watches.
pub(crate) struct Looker(pub(crate) Connection);

impl Looker {
    pub(crate) async fn at(served: &Served) -> Self {
        Self(within(served.watching().connect()).await.unwrap())
    }

    pub(crate) async fn wishes(&mut self, wish: &Wish) {
        within(self.0.send(serde_json::to_string(wish).unwrap())).await.unwrap();
    }

    pub(crate) async fn hears(&mut self) -> News {
        let message = within(self.0.next()).await.unwrap().expect("news");
        serde_json::from_str(message.as_text().unwrap()).unwrap()
    }

    /// The first snapshot that is as it is waited for.
    pub(crate) async fn sees(&mut self, is: impl Fn(&Snapshot) -> bool) -> Snapshot {
        loop {
            if let News::Snapshot(snapshot) = self.hears().await
                && is(&snapshot)
            {
                return *snapshot;
            }
        }
    }
}
