//! tokio-tungstenite, the most used library.

use anyhow::Result;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// As its own example does it.
pub async fn echo(mut stream: TcpStream) -> Result<()> {
    super::upgrade(&mut stream).await?;
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    while let Some(message) = socket.next().await.transpose()? {
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

/// All messages of a read are fed, then flushed once.
pub async fn echo_batch(mut stream: TcpStream) -> Result<()> {
    super::upgrade(&mut stream).await?;
    let config = WebSocketConfig::default().read_buffer_size(8 << 10);
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let mut next = socket.next().await;
    while let Some(message) = next.transpose()? {
        if message.is_text() || message.is_binary() {
            socket.feed(message).await?;
        }
        next = match socket.next().now_or_never() {
            Some(ready) => ready,
            None => {
                socket.flush().await?;
                socket.next().await
            }
        };
    }
    Ok(())
}
