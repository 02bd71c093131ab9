//! An echo server of tokio-websockets. Prints the port it listens on.

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_websockets::{Limits, ServerBuilder};

const LIMIT: usize = 64 << 20;

async fn echo(stream: TcpStream) -> anyhow::Result<()> {
    let builder = ServerBuilder::new().limits(Limits::default().max_payload_len(Some(LIMIT)));
    let (_, mut socket) = builder.accept(stream).await?;
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    // A violation of the client's has a close frame wait for being sent.
    socket.close().await?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        // A client that breaks the protocol ends its own connection.
        tokio::spawn(echo(stream));
    }
}
