//! tokio-websockets as it comes.

use anyhow::Result;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_websockets::ServerBuilder;

pub async fn echo(mut stream: TcpStream) -> Result<()> {
    super::upgrade(&mut stream).await?;
    let mut socket = ServerBuilder::new().serve(stream);
    while let Some(message) = socket.next().await.transpose()? {
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}
