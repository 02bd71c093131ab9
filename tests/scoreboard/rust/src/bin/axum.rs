//! An echo server of axum. Prints the port it listens on.

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use tokio::net::TcpListener;

const LIMIT: usize = 64 << 20;

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Text(_) | Message::Binary(_)) && socket.send(message).await.is_err() {
            return;
        }
    }
}

async fn upgrade(upgrade: WebSocketUpgrade) -> Response {
    upgrade.max_message_size(LIMIT).max_frame_size(LIMIT).on_upgrade(echo)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    axum::serve(listener, Router::new().fallback(any(upgrade))).await?;
    Ok(())
}
