//! An echo server of actix-ws. Prints the port it listens on.

use actix_web::rt;
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, web};
use actix_ws::AggregatedMessage;
use futures_util::StreamExt;

const LIMIT: usize = 64 << 20;

async fn upgrade(request: HttpRequest, body: web::Payload) -> Result<HttpResponse, Error> {
    let (response, mut session, stream) = actix_ws::handle(&request, body)?;
    let mut messages = stream.max_frame_size(LIMIT).aggregate_continuations().max_continuation_size(LIMIT);
    rt::spawn(async move {
        // The crate has its users answer pings and closings themselves.
        while let Some(Ok(message)) = messages.next().await {
            let sent = match message {
                AggregatedMessage::Text(text) => session.text(text).await,
                AggregatedMessage::Binary(bytes) => session.binary(bytes).await,
                AggregatedMessage::Ping(payload) => session.pong(&payload).await,
                AggregatedMessage::Close(reason) => {
                    let _ = session.close(reason).await;
                    return;
                }
                AggregatedMessage::Pong(_) => Ok(()),
            };
            if sent.is_err() {
                return;
            }
        }
        let _ = session.close(None).await;
    });
    Ok(response)
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let server = HttpServer::new(|| App::new().default_service(web::to(upgrade))).workers(1).bind(("127.0.0.1", 0))?;
    for address in server.addrs() {
        println!("{}", address.port());
    }
    server.run().await?;
    Ok(())
}
