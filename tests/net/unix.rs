//! Unix sockets.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wslab::app::echo;
use wslab::net::{Client, Listen, Server, ServerConfig, Target};
use wslab::wire::CloseCode;

use crate::stage::{text, within};

/// A path that is short enough for a socket, and that nobody has.
fn path() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("wslab-{}-{number}.sock", std::process::id()))
}

#[tokio::test]
async fn a_unix_socket_serves_like_any_other_and_is_removed_at_the_end() {
    let path = path();
    let server = Server::bind(&Listen::Unix(path.clone()), ServerConfig::default()).unwrap();
    assert_eq!((server.url(), server.local_addr()), (format!("unix:{}", path.display()), None));
    let target: Target = format!("{}:/room?a=1", server.url()).parse().unwrap();
    let connections = server.connections();
    let task = tokio::spawn(server.run(echo));
    let mut connection = within(Client::to(target).connect()).await.unwrap();
    assert_eq!(connection.peer_addr(), None);
    within(connection.send("hello")).await.unwrap();
    assert_eq!(text(within(connection.next()).await.unwrap()).as_deref(), Some("hello"));
    let waiting = tokio::spawn(async move { connection.next().await.map(|_| connection.closed().unwrap().code) });
    assert_eq!(within(connections.drain(Duration::from_secs(50))).await, 0);
    assert_eq!(within(waiting).await.unwrap(), Ok(CloseCode::GOING_AWAY));
    within(task).await.unwrap().unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_socket_that_exists_is_not_taken_over() {
    let path = path();
    let first = Server::bind(&Listen::Unix(path.clone()), ServerConfig::default()).unwrap();
    let error = Server::bind(&Listen::Unix(path.clone()), ServerConfig::default()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(path.exists(), "the first goes on");
    drop(first);
    assert!(!path.exists());
}
