//! An open connection on TCP.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::session::{Role, Session, Then};
use crate::fault::Fault;

/// Bytes of one read.
const READ: usize = 64 * 1024;

/// How long the other end may take to end TCP.
const ENDING: Duration = Duration::from_secs(2);

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Ended,
    /// The whole target has to go.
    Crash,
}

/// Serves the connection until it ends. `early` came behind the opening handshake.
pub(super) async fn drive(mut stream: TcpStream, mut session: Session, early: &[u8]) -> Exit {
    let mut buffer = vec![0; READ];
    let mut then = if early.is_empty() { Then::ReadOn } else { session.read(early) };
    loop {
        let delay = std::mem::take(&mut session.delay);
        if !delay.is_zero() {
            sleep(delay).await;
        }
        let out = std::mem::take(&mut session.out);
        // Who does not take it is found out by reading.
        let _ = stream.write_all(&out).await;
        match then {
            Then::ReadOn => {}
            Then::Finish | Then::Fail => break,
            Then::Drop => {
                end(stream, &mut buffer).await;
                return Exit::Ended;
            }
            Then::Stall => return std::future::pending().await,
            Then::Crash => return Exit::Crash,
        }
        then = match stream.read(&mut buffer).await {
            Ok(0) => session.end(),
            Ok(size) => session.read(&buffer[..size]),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset && session.is(Fault::CrashesOnReset) => {
                Then::Crash
            }
            Err(_) => return Exit::Ended,
        };
    }
    match then {
        Then::Finish if session.is(Fault::NeverEndsTcp) => std::future::pending().await,
        Then::Fail if session.is(Fault::KeepsFailedTcp) => {
            while stream.read(&mut buffer).await.is_ok_and(|size| size > 0) {}
            std::future::pending().await
        }
        Then::Finish if session.is(Fault::Resets) => {
            // The other end sees a reset either way.
            let _ = stream.set_zero_linger();
        }
        _ if session.role == Role::Client && !session.is(Fault::EndsTcpFirst) => {
            // The server ends TCP (section 7.1.1).
            let _ = timeout(ENDING, async { while stream.read(&mut buffer).await.is_ok_and(|size| size > 0) {} }).await;
        }
        _ => end(stream, &mut buffer).await,
    }
    Exit::Ended
}

/// Ends TCP, and waits until the other end does, so that what was sent is not lost by a reset.
pub(super) async fn end(mut stream: TcpStream, buffer: &mut [u8]) {
    let _ = timeout(ENDING, async {
        let _ = stream.shutdown().await;
        while stream.read(buffer).await.is_ok_and(|size| size > 0) {}
    })
    .await;
}
