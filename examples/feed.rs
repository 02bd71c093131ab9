//! A feed: values that change, sent to every browser that looks at them.
//!
//! ```text
//! cargo run --example feed -- 127.0.0.1:9001
//! ```
//!
//! Then open `http://127.0.0.1:9001/`, or say `{"type":"subscribe","streams":["clock","system"]}` to
//! `wslab connect ws://127.0.0.1:9001`.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use wslab::app::feed::{self, Activity, Builtin, Feed, PAGE};
use wslab::app::host::Host;
use wslab::net::{Listen, Server, ServerConfig};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address: SocketAddr = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned()).parse()?;
    let server = Server::bind(&Listen::Tcp(address), ServerConfig::default())?;
    println!("listening on {}", server.url());

    let feed = Feed::new();
    let (started, connections) = (Instant::now(), server.connections());
    let activity = move || Activity {
        connections: connections.len() as u64,
        uptime: started.elapsed().as_secs(),
        ..Activity::default()
    };
    feed::start(&feed, Builtin::new().stocks(1).system().activity(activity))?;

    // A stream of one's own: publish from wherever the value changes.
    let clock = feed.stream("clock")?;
    tokio::spawn(async move {
        while clock.publish(&started.elapsed().as_millis()).is_ok() {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    });

    server.run(Host::new(feed).page(PAGE)).await?;
    Ok(())
}
