//! Connections that are kept in a pool, over real sockets.

use std::sync::mpsc;
use std::time::Duration;

use hex_literal::hex;
use wslab::net::pool::{Backoff, Standing};
use wslab::net::{Client, ConnectError, Listen, Member, Pool, PoolConfig, PoolError, Server, ServerConfig};
use wslab::proto::{Event, Outbound};
use wslab::wire::CloseCode;

use crate::stage::{accept, play, serve, serve_echo, until, within};

const MOMENT: Duration = Duration::from_millis(50);

fn client(url: &str) -> Client {
    Client::new(url).unwrap()
}

fn idle(pool: &Pool) -> usize {
    pool.connections().iter().filter(|connection| connection.standing == Standing::Idle).count()
}

#[tokio::test]
async fn a_connection_goes_from_hand_to_hand() {
    let server = serve_echo(ServerConfig::default());
    let pool = Pool::new(PoolConfig { maximum: 1, ..PoolConfig::default() });
    for _ in 0..20 {
        let mut connection = within(pool.get(&client(&server.url))).await.unwrap();
        assert_eq!(within(connection.request("hello")).await.unwrap().as_text(), Some("hello"));
        assert!(matches!(pool.get(&client(&server.url)).await, Err(PoolError::Full { maximum: 1 })));
    }
    let told = pool.connections();
    assert_eq!((told[0].id, told[0].sent, told[0].received), (0, 20, 20));
    assert_eq!(serde_json::to_string(&pool.stats()).unwrap(), r#"{"total":1,"maximum":1,"utilisation":100.0}"#);
    assert_eq!(within(pool.close()).await, 0);
    until("it is gone", || server.connections.is_empty()).await;
}

#[tokio::test]
async fn a_server_learns_why_an_idle_connection_is_closed() {
    let (notes, told) = mpsc::channel();
    let server = serve(ServerConfig::default(), move |_: Member| {
        let notes = notes.clone();
        move |event: Event<'_>, _: &mut Outbound| {
            if let Event::Close(code, reason) = event {
                notes.send((code, reason.to_owned())).unwrap();
            }
        }
    });
    let pool = Pool::new(PoolConfig { idle_timeout: MOMENT, ..PoolConfig::default() });
    drop(within(pool.get(&client(&server.url))).await.unwrap());
    until("nobody is left", || pool.stats().total == 0).await;
    assert_eq!(told.try_recv(), Ok((Some(CloseCode::NORMAL), "Inactive connection".to_owned())));
}

#[tokio::test]
async fn who_is_kept_warm_comes_back_after_the_server() {
    let server = serve_echo(ServerConfig::default());
    let url = server.url.clone();
    let address: std::net::SocketAddr = url.strip_prefix("ws://").unwrap().trim_end_matches('/').parse().unwrap();
    let backoff = Backoff { first: MOMENT / 5, cap: MOMENT };
    let pool = Pool::new(PoolConfig { backoff, ..PoolConfig::default() });
    pool.keep_warm(&client(&url), 2);
    until("it is warm", || idle(&pool) == 2).await;
    within(server.connections.drain(Duration::from_secs(10))).await;
    server.task.abort();
    let _ended = server.task.await;
    until("nobody is left", || idle(&pool) == 0).await;
    let error =
        within(pool.get(&client(&url).config(wslab::proto::Config { opening_timeout: MOMENT, ..Default::default() })))
            .await
            .unwrap_err();
    assert!(matches!(error, PoolError::Connect(ConnectError::Io { .. })), "{error}");

    let server = Server::bind(&Listen::Tcp(address), ServerConfig::default()).unwrap();
    let running = tokio::spawn(server.run(wslab::app::echo));
    until("it is warm again", || idle(&pool) == 2).await;
    let mut connection = within(pool.get(&client(&url))).await.unwrap();
    assert_eq!(within(connection.request("hello")).await.unwrap().as_text(), Some("hello"));
    running.abort();
}

#[tokio::test]
async fn a_server_that_never_answers_pings_is_dropped() {
    let (url, server) = play(|mut raw| async move {
        accept(&mut raw).await;
        // Everything until the client is gone: a ping, and the close frame.
        raw.rest().await
    })
    .await;
    let pool = Pool::new(PoolConfig { ping_interval: Some(MOMENT), pong_timeout: MOMENT, ..PoolConfig::default() });
    drop(within(pool.get(&client(&url))).await.unwrap());
    until("nobody is left", || pool.stats().total == 0).await;
    let heard = within(server).await.unwrap();
    assert_eq!((&heard[..2], &heard[10..12]), (&hex!("89 84")[..], &hex!("88 8e")[..]), "{heard:02x?}");
}

#[tokio::test]
async fn the_last_word_of_a_server_is_an_error_at_once() {
    let (url, _server) = play(|mut raw| async move {
        raw.head().await;
        raw.say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").await;
        raw.rest().await
    })
    .await;
    let pool = Pool::new(PoolConfig::default());
    let error = within(pool.get(&client(&url))).await.unwrap_err();
    insta::assert_snapshot!(error, @"the opening handshake failed: the server answered 401 Unauthorized");
    assert_eq!(pool.stats().total, 0);
}

#[tokio::test]
async fn a_url_is_told_without_its_secrets() {
    let server = serve_echo(ServerConfig::default());
    let pool = Pool::new(PoolConfig::default());
    let url = format!("{}/chat?room=1&token=abc", server.url.trim_end_matches('/'));
    let connection = within(pool.get(&client(&url))).await.unwrap();
    let told = connection.info().unwrap().url;
    assert!(told.ends_with("/chat?room=1&token=…"), "{told}");
    assert!(!format!("{connection:?} {pool:?}").contains("abc"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_on_several_threads_are_never_too_many() {
    let servers = [serve_echo(ServerConfig::default()), serve_echo(ServerConfig::default())];
    let pool = Pool::new(PoolConfig { maximum: 5, ..PoolConfig::default() });
    let tasks: Vec<_> = (0..20_usize)
        .map(|number| {
            let (pool, client) = (pool.clone(), client(&servers[number % 2].url));
            tokio::spawn(async move {
                let mut done = 0;
                while done < 30 {
                    match pool.get(&client).await {
                        Ok(mut connection) => {
                            let words = format!("{number} {done}");
                            let answer = connection.request(words.as_str()).await.unwrap();
                            assert_eq!(answer.as_text(), Some(words.as_str()));
                            done += 1;
                        }
                        Err(PoolError::Full { .. }) => tokio::task::yield_now().await,
                        Err(error) => panic!("{error}"),
                    }
                    assert!(pool.stats().total <= 5, "{}", pool.stats());
                }
            })
        })
        .collect();
    for task in tasks {
        within(task).await.unwrap();
    }
    assert_eq!(within(pool.close()).await, 0);
}

#[test]
fn a_runtime_that_ends_takes_its_connections_with_it() {
    let pool = Pool::new(PoolConfig { maximum: 1, ..PoolConfig::default() });
    for _ in 0..2 {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let server = serve_echo(ServerConfig::default());
            let mut connection = within(pool.get(&client(&server.url))).await.unwrap();
            assert_eq!(within(connection.request("hello")).await.unwrap().as_text(), Some("hello"));
        });
        drop(runtime);
        assert_eq!(pool.stats().total, 0);
    }
}

#[test]
fn what_is_kept_warm_can_be_kept_warm_by_another_runtime() {
    let pool = Pool::new(PoolConfig::default());
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let servers = runtime();
    let server = servers.block_on(async { serve_echo(ServerConfig::default()) });
    for _ in 0..2 {
        let runtime = runtime();
        runtime.block_on(async {
            pool.keep_warm(&client(&server.url), 1);
            within(until("it is warm", || idle(&pool) == 1)).await;
        });
        drop(runtime);
        assert_eq!(pool.stats().total, 0);
    }
}

#[test]
fn what_is_held_longer_than_its_runtime_lasts_is_gone() {
    let pool = Pool::new(PoolConfig { maximum: 1, ..PoolConfig::default() });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connection = runtime.block_on(async {
        let server = serve_echo(ServerConfig::default());
        within(pool.get(&client(&server.url))).await.unwrap()
    });
    drop(runtime);
    assert_eq!(pool.stats().total, 1);
    drop(connection);
    assert_eq!(pool.stats().total, 0);
}
