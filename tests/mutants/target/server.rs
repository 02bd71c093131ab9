//! The echo server.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::drive::{Exit, drive, end};
use super::http::{self, HEAD};
use super::opening::{Answer, answer, refusal};
use super::session::{Role, Session};
use super::world::World;
use crate::fault::{Fault, Switch};

/// How long a request may take.
const REQUEST: Duration = Duration::from_secs(6);

/// What a target keeps of a head that it does not bound.
const ENDLESS: usize = 64 << 20;

/// Starts the server on a port of the system's. It ends when the set is dropped.
pub(crate) async fn start(fault: Switch, tasks: &mut JoinSet<()>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tasks.spawn(listen(listener, Arc::new(World::new(fault))));
    Ok(address)
}

/// Serves until it crashes, which ends all its connections.
async fn listen(listener: TcpListener, world: Arc<World>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(exit) = connections.join_next() => if matches!(exit, Ok(Exit::Crash)) { return },
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { return };
                connections.spawn(serve(stream, Arc::clone(&world)));
            }
        }
    }
}

async fn serve(mut stream: TcpStream, world: Arc<World>) -> Exit {
    let fault = world.fault;
    // Small frames are not held back.
    let _ = stream.set_nodelay(true);
    let mut bytes = Vec::new();
    let limit = if fault.is(Fault::RequestForEver) { Duration::MAX } else { REQUEST };
    let asked = {
        let _door = if fault.is(Fault::RequestsOneByOne) { Some(world.door.lock().await) } else { None };
        timeout(limit, request(&mut stream, &mut bytes, fault)).await
    };
    let mut buffer = vec![0; 4096];
    let answer = match asked {
        Ok(Request::Whole(size)) => {
            let answer = answer(&bytes[..size], fault);
            bytes.drain(..size);
            answer
        }
        Ok(Request::Large) => Answer::Refuse(refusal("431 Request Header Fields Too Large", "")),
        Ok(Request::Bad) => Answer::Refuse(refusal("400 Bad Request", "")),
        Ok(Request::Cut) if fault.is(Fault::CrashesOnCutRequest) && !bytes.is_empty() => return Exit::Crash,
        Ok(Request::Cut) => Answer::Drop,
        Err(_) => Answer::Refuse(refusal("408 Request Timeout", "")),
    };
    match answer {
        Answer::Open(response, agreed) => {
            if stream.write_all(&response).await.is_err() {
                return Exit::Ended;
            }
            let early = if fault.is(Fault::LosesWhatFollowsTheHead) { Vec::new() } else { bytes };
            drive(stream, Session::new(Role::Server, agreed, world), &early).await
        }
        Answer::Refuse(_) if fault.is(Fault::RefusesBySilence) => std::future::pending().await,
        Answer::Refuse(response) => {
            if !fault.is(Fault::RefusesByDropping) {
                // Who is gone need not be told.
                let _ = stream.write_all(&response).await;
            }
            end(stream, &mut buffer).await;
            Exit::Ended
        }
        Answer::Drop => {
            end(stream, &mut buffer).await;
            Exit::Ended
        }
    }
}

enum Request {
    /// Of so many bytes.
    Whole(usize),
    Large,
    Bad,
    /// TCP ended before its end.
    Cut,
}

async fn request(stream: &mut TcpStream, bytes: &mut Vec<u8>, fault: Switch) -> Request {
    let mut overlooked = 0;
    loop {
        match stream.read_buf(bytes).await {
            Ok(1..) => {}
            _ => return Request::Cut,
        }
        if !fault.is(Fault::RefusesEmptyLineFirst) {
            // Some empty lines before a request are overlooked (RFC 7230, section 3.5).
            while bytes.starts_with(b"\r\n") && overlooked < 4 {
                bytes.drain(..2);
                overlooked += 1;
            }
        }
        if bytes.first().is_some_and(|byte| !byte.is_ascii_graphic() && *byte != b'\r') {
            return Request::Bad;
        }
        if let Some(size) = http::end(bytes) {
            return Request::Whole(size);
        }
        let endless = fault.is(Fault::HeadWithoutEnd);
        if bytes.len() > if endless { ENDLESS } else { HEAD } {
            return Request::Large;
        }
        if fault.is(Fault::HeadInOneRead) {
            return Request::Bad;
        }
    }
}
