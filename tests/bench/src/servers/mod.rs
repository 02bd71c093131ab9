//! The echo servers: one file each, all on the same footing.
//!
//! A server is an `async fn echo(stream) -> anyhow::Result<()>` that serves one connection, and an entry in [`ALL`].
//! A library that accepts connections itself has an `async fn run() -> anyhow::Result<()>` instead. Each runs in a process of its own, on a current-thread tokio runtime, with TCP_NODELAY, on a port of 127.0.0.1 that
//! it prints, and ends when its stdin does.

use std::future::Future;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub mod chats;
mod fastwebsockets;
mod flow;
mod nexus;
mod raw;
mod sockudo;
mod tokio_websockets;
mod tungstenite;
mod wslab;

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The bytes come back as they are.
    Raw,
    /// RFC 6455, uncompressed.
    WebSocket,
}

/// A server that can be measured.
pub struct Server {
    /// What it is called, on the command line too.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// What it speaks.
    pub protocol: Protocol,
    /// Serves until the process ends.
    pub run: fn() -> Result<()>,
}

/// All of them. The first is what the others are compared with.
pub const ALL: &[Server] = &[
    Server {
        name: "raw",
        about: "raw TCP echo on tokio: the floor",
        protocol: Protocol::Raw,
        run: || run(serve(raw::echo)),
    },
    Server {
        name: "wslab",
        about: "wslab's server as `wslab serve echo` runs it",
        protocol: Protocol::WebSocket,
        run: || run(wslab::run()),
    },
    Server {
        name: "wslab-meter",
        about: "the same with its meter, as `wslab serve echo --metrics` runs it",
        protocol: Protocol::WebSocket,
        run: || run(wslab::metered()),
    },
    Server {
        name: "wslab-net",
        about: "the server of wslab::net as it comes, without the host of `wslab serve`",
        protocol: Protocol::WebSocket,
        run: || run(wslab::bare()),
    },
    Server {
        name: "flow",
        about: "wslab's Flow in a bare loop: what its core costs, without the server around it",
        protocol: Protocol::WebSocket,
        run: || run(serve(flow::echo)),
    },
    Server {
        name: "nexus-web",
        about: "nexus-web's frame reader and writer, one write a read",
        protocol: Protocol::WebSocket,
        run: || run(serve(nexus::echo)),
    },
    Server {
        name: "sockudo-ws",
        about: "sockudo-ws's raw codec, one write a read",
        protocol: Protocol::WebSocket,
        run: || run(serve(sockudo::echo)),
    },
    Server {
        name: "tungstenite",
        about: "tokio-tungstenite as it comes: a flush per message",
        protocol: Protocol::WebSocket,
        run: || run(serve(tungstenite::echo)),
    },
    Server {
        name: "tungstenite-batch",
        about: "tokio-tungstenite with read buffers of 8 KiB, one flush a read",
        protocol: Protocol::WebSocket,
        run: || run(serve(tungstenite::echo_batch)),
    },
    Server {
        name: "tokio-websockets",
        about: "tokio-websockets as it comes",
        protocol: Protocol::WebSocket,
        run: || run(serve(tokio_websockets::echo)),
    },
    Server {
        name: "fastwebsockets",
        about: "fastwebsockets as it comes",
        protocol: Protocol::WebSocket,
        run: || run(serve(fastwebsockets::echo)),
    },
];

/// The server of that name.
pub fn find(name: &str) -> Result<&'static Server> {
    let all = || ALL.iter().chain(chats::ALL);
    all().find(|server| server.name == name).with_context(|| {
        let names: Vec<_> = all().map(|server| server.name).collect();
        format!("there is no server {name:?}; there are {}", names.join(", "))
    })
}

/// Runs a server that accepts connections itself until stdin ends.
fn run(server: impl Future<Output = Result<()>>) -> Result<()> {
    std::thread::spawn(|| {
        // Whether it ends or fails, nobody holds this server any more.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(server)
}

/// Serves every connection with `echo`.
async fn serve<E, F>(echo: E) -> Result<()>
where
    E: Fn(TcpStream) -> F,
    F: Future<Output = Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    say_port(listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(echo(stream));
    }
}

/// Tells who started the server where it listens.
fn say_port(address: SocketAddr) -> Result<()> {
    println!("{}", address.port());
    Ok(io::stdout().flush()?)
}

/// Answers the opening handshake, for the libraries that take over an upgraded stream.
///
/// The client sends nothing before it has the answer, so nothing behind the request is lost.
async fn upgrade(stream: &mut TcpStream) -> Result<()> {
    let mut request = Vec::with_capacity(512);
    while !request.ends_with(b"\r\n\r\n") {
        anyhow::ensure!(stream.read_buf(&mut request).await? > 0, "the client left during the opening handshake");
    }
    let request = String::from_utf8(request)?;
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).context("no key")?;
    let digest = Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    let accept = base64::engine::general_purpose::STANDARD.encode(digest);
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    Ok(stream.write_all(answer.as_bytes()).await?)
}
