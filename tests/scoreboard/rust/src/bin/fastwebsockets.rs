//! An echo server of fastwebsockets on hyper. Prints the port it listens on.

use anyhow::Result;
use fastwebsockets::upgrade::{UpgradeFut, is_upgrade_request, upgrade};
use fastwebsockets::{FragmentCollector, OpCode};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

const LIMIT: usize = 64 << 20;

async fn echo(upgrading: UpgradeFut) -> Result<()> {
    let mut socket = upgrading.await?;
    socket.set_max_message_size(LIMIT);
    let mut socket = FragmentCollector::new(socket);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => socket.write_frame(frame).await?,
            _ => {}
        }
    }
}

// `upgrade` leaves the headers Connection and Upgrade to its callers, and has a function for them.
async fn answer(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>> {
    let upgraded = if is_upgrade_request(&request) { upgrade(&mut request).ok() } else { None };
    let Some((response, upgrading)) = upgraded else {
        let mut refusal = Response::new(Empty::new());
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(refusal);
    };
    tokio::spawn(echo(upgrading));
    Ok(response)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).with_upgrades();
        tokio::spawn(serving);
    }
}
