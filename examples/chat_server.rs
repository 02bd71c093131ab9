//! A chat: what one says all others hear. Interrupted it says good-bye to everybody.
//!
//! ```text
//! cargo run --example chat_server -- 127.0.0.1:9001
//! wslab connect ws://127.0.0.1:9001
//! ```

use std::net::SocketAddr;
use std::time::Duration;

use wslab::net::{Listen, Member, Server, ServerConfig, Session};
use wslab::proto::{Event, Message, Outbound};

/// One who chats.
struct Guest(Member);

impl Session for Guest {
    fn event(&mut self, event: Event<'_>, out: &mut Outbound) {
        let Member { id, connections, .. } = &self.0;
        match event {
            Event::Open(_) => {
                // Fails only while the connection is closing.
                let _sent = out.send(format!("you are guest {}, one of {}", id.0, connections.len()));
                connections.broadcast(&Message::text(format!("guest {} came", id.0)), Some(*id));
            }
            Event::Message(message) => {
                let words = message.as_text().unwrap_or("(bytes)");
                connections.broadcast(&Message::text(format!("guest {}: {words}", id.0)), Some(*id));
            }
            _ => {}
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let Member { id, connections, .. } = &self.0;
        connections.broadcast(&Message::text(format!("guest {} left", id.0)), Some(*id));
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address: SocketAddr = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned()).parse()?;
    let server = Server::bind(&Listen::Tcp(address), ServerConfig::default())?;
    println!("listening on {}", server.url());
    let connections = server.connections();
    let serving = tokio::spawn(server.run(Guest));
    tokio::signal::ctrl_c().await?;
    let dropped = connections.drain(Duration::from_secs(5)).await;
    println!("{dropped} guests had to be dropped");
    serving.await??;
    Ok(())
}
