//! A chat for browsers and programs, in a few lines.
//!
//! ```text
//! cargo run --example chat -- 127.0.0.1:9001
//! ```
//!
//! Then open <http://127.0.0.1:9001/> in two windows. Interrupted it says good-bye to everybody.

use std::net::SocketAddr;
use std::time::Duration;

use wslab::app::chat::{Chat, ChatConfig, PAGE};
use wslab::app::host::Host;
use wslab::net::{Listen, Server, ServerConfig, Slow};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address: SocketAddr = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned()).parse()?;
    // Whoever reads too slowly is closed: better than a conversation with holes in it.
    let config = ServerConfig { slow: Slow::Close, ..ServerConfig::default() };
    let server = Server::bind(&Listen::Tcp(address), config)?;
    println!("listening on {}", server.url().replacen("ws", "http", 1));

    let chat = Chat::new(ChatConfig::default());
    let connections = server.connections();
    let serving = tokio::spawn(server.run(Host::new(chat.clone()).page(PAGE)));

    tokio::signal::ctrl_c().await?;
    for (room, _) in chat.rooms() {
        chat.say(&room, None, "The server shuts down. Good-bye!");
    }
    connections.drain(Duration::from_secs(5)).await;
    serving.await??;
    Ok(())
}
