//! The smallest server: sends every message back.
//!
//! ```text
//! cargo run --example echo_server -- 127.0.0.1:9001
//! ```

use std::net::SocketAddr;

use wslab::net::{Listen, Member, Server, ServerConfig};
use wslab::proto::{Event, Outbound};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address: SocketAddr = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned()).parse()?;
    let server = Server::bind(&Listen::Tcp(address), ServerConfig::default())?;
    println!("listening on {}", server.url());
    let echo = |_member: Member| {
        |event: Event<'_>, out: &mut Outbound| {
            if let Event::Message(message) = event {
                // Fails only while the connection is closing.
                let _sent = out.send(message);
            }
        }
    };
    server.run(echo).await?;
    Ok(())
}
