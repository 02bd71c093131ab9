//! The echo client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::ask::{Wishes, check, request};
use super::drive::{drive, end};
use super::http::{self, HEAD};
use super::session::{Role, Session};
pub(crate) use super::world::World;
use crate::fault::Fault;

/// How long a response may take.
const RESPONSE: Duration = Duration::from_secs(5);

/// What a target keeps of a head that it does not bound.
const ENDLESS: usize = 64 << 20;

/// Connects, and sends messages back until the connection ends.
pub(crate) async fn visit(address: SocketAddr, resource: String, wishes: Wishes, world: Arc<World>) {
    let fault = world.fault;
    let Ok(mut stream) = TcpStream::connect(address).await else { return };
    // Small frames are not held back.
    let _ = stream.set_nodelay(true);
    let (mut asked, key) = request(&address.to_string(), &resource, wishes, fault);
    if fault.is(Fault::SpeaksBeforeTheAnswer) {
        asked.extend_from_slice(&[0x89, 0x80, 1, 2, 3, 4]);
    }
    if stream.write_all(&asked).await.is_err() {
        return;
    }
    let mut bytes = Vec::new();
    let size = timeout(RESPONSE, async {
        let mut before = 0;
        loop {
            match stream.read_buf(&mut bytes).await {
                Ok(1..) => {}
                _ => return None,
            }
            while let Some(size) = http::end(&bytes) {
                // Responses before the last say nothing here (RFC 9110, section 15.2).
                let line = bytes.get(9..13).unwrap_or_default();
                if !matches!(line, [b'1', b'0'..=b'9', b'0'..=b'9', b' ']) || line.starts_with(b"101") {
                    return Some(size);
                }
                bytes.drain(..size);
                before += 1;
                if before > 1 && fault.is(Fault::OneAnswerBeforeTheLast) {
                    return None;
                }
            }
            if !bytes.starts_with(&b"HTTP/"[..bytes.len().min(5)]) {
                return None;
            }
            let endless = fault.is(Fault::AnswerWithoutEnd);
            if bytes.len() > if endless { ENDLESS } else { HEAD } || fault.is(Fault::AnswerInOneRead) {
                return None;
            }
        }
    })
    .await
    .ok()
    .flatten();
    let agreed = size.ok_or(()).and_then(|size| check(&bytes[..size], &key, wishes, fault));
    let (Some(size), Ok(agreed)) = (size, agreed) else {
        if fault.is(Fault::ClosesWhatNeverOpened) {
            // A close frame with 1002, masked.
            let _ = stream.write_all(&[0x88, 0x82, 1, 2, 3, 4, 2, 0xe8]).await;
        }
        if fault.is(Fault::KeepsWhatNeverOpened) {
            return std::future::pending().await;
        }
        end(stream, &mut vec![0; 4096]).await;
        return;
    };
    bytes.drain(..size);
    let early = if fault.is(Fault::LosesWhatFollowsTheAnswer) { Vec::new() } else { bytes };
    // What a client that crashes leaves behind is a connection that ends.
    drive(stream, Session::new(Role::Client, agreed, world), &early).await;
}
