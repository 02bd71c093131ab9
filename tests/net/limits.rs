//! Limits: connections, frames, messages.

use hex_literal::hex;
use insta::assert_snapshot;
use wslab::net::{Client, ServerConfig};
use wslab::proto::{Cause, Config, Message};
use wslab::wire::CloseCode;

use crate::stage::{REQUEST, Raw, bind, serve_echo, until, within};

#[tokio::test]
async fn one_too_many_is_told_when_to_come_again() {
    let server = serve_echo(ServerConfig { max_connections: 2, ..ServerConfig::default() });
    let mut first = within(server.connect()).await;
    let _second = within(server.connect()).await;
    let mut third = server.raw().await;
    third.say(REQUEST).await;
    let answer = String::from_utf8(within(third.rest()).await).unwrap();
    assert_snapshot!(answer.replace("\r\n", "\n"), @r"
    HTTP/1.1 503 Service Unavailable
    Connection: close
    Content-Type: text/plain; charset=utf-8
    Content-Length: 47
    Retry-After: 10

    the server has no place for another connection
    ");
    drop(third);

    within(first.close(CloseCode::NORMAL, "")).await.unwrap();
    until("there is a place again", || server.connections.len() == 1).await;
    let client = Client::new(&server.url).unwrap();
    // The place is given back a moment after the member has left.
    let mut again = None;
    for _ in 0..100 {
        again = within(client.connect()).await.ok();
        if again.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(again.is_some());
}

#[tokio::test]
async fn connections_that_are_handed_out_hold_their_place() {
    let server = bind(ServerConfig { max_connections: 1, ..ServerConfig::default() });
    let client = Client::new(&server.url()).unwrap();
    let (first, served) =
        within(async { tokio::join!(client.connect(), async { server.accept().await.unwrap().open().await }) }).await;
    let mut raw = Raw(tokio::net::TcpStream::connect(server.local_addr().unwrap()).await.unwrap());
    raw.say(REQUEST).await;
    let accepting = tokio::spawn(async move { server.accept().await.is_ok() });
    assert!(within(raw.head()).await.starts_with("HTTP/1.1 503 "));
    drop((first, served));
    let second = Client::new(client_url(&client)).unwrap();
    let _opening = tokio::spawn(async move { second.connect().await });
    assert!(within(accepting).await.unwrap());
}

fn client_url(client: &Client) -> &'static str {
    Box::leak(client.target().to_string().into_boxed_str())
}

#[tokio::test]
async fn messages_and_frames_above_the_limit_are_refused_with_1009() {
    let endpoint = Config { max_message: 1000, max_frame: 600, ..Config::default() };
    let server = serve_echo(ServerConfig { endpoint, ..ServerConfig::default() });
    let fits = Config { fragment: Some(500), deflate: None, ..Config::default() };
    for (size, fragment, taken) in
        [(600, None, true), (601, None, false), (1000, Some(500), true), (1001, Some(500), false)]
    {
        let config = Config { fragment, ..fits.clone() };
        let mut connection = within(Client::new(&server.url).unwrap().config(config).connect()).await.unwrap();
        within(connection.send(vec![7; size])).await.unwrap();
        let came = within(connection.next()).await;
        if taken {
            assert_eq!(came, Ok(Some(Message::binary(vec![7; size]))));
        } else {
            assert_eq!(came, Ok(None));
            assert_eq!(connection.closed().unwrap().code, CloseCode::TOO_BIG);
        }
    }
}

#[tokio::test]
async fn a_client_has_limits_as_well() {
    let server = serve_echo(ServerConfig::default());
    let config = Config { max_message: 10, ..Config::default() };
    let mut connection = within(Client::new(&server.url).unwrap().config(config).connect()).await.unwrap();
    within(connection.send("eleven bytes")).await.unwrap();
    let broken = within(connection.next()).await.unwrap_err();
    assert_eq!(broken.0.cause, Cause::TooBig { limit: 10 });
    assert_snapshot!(broken, @"the peer sent a message larger than 10 bytes");
}

#[tokio::test]
async fn a_declared_length_beyond_the_limit_is_refused_before_its_bytes_come() {
    let server = serve_echo(ServerConfig::default());
    let mut raw = server.raw_open().await;
    raw.say(hex!("82 ff 0fffffffffffffff 00000000")).await;
    let close: [u8; 4] = within(raw.hear()).await;
    assert_eq!(close[2..], hex!("03f1"));
    raw.rest().await;
}
