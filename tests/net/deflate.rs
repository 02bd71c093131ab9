//! Compression between wslab's own ends, over TCP.

use wslab::net::{Client, ServerConfig};
use wslab::proto::{Config, Message, Role, deflate};

use crate::stage::{serve_echo, until, within};

fn config(deflate: impl Into<Option<deflate::Config>>) -> Config {
    Config { deflate: deflate.into(), ..Config::default() }
}

fn server(deflate: impl Into<Option<deflate::Config>>) -> ServerConfig {
    ServerConfig { endpoint: config(deflate), ..ServerConfig::default() }
}

/// Messages that are worth compressing, and some that are not.
fn messages() -> Vec<Message<'static>> {
    let noise: Vec<u8> = (0..40_000_u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) as u8).collect();
    vec![
        Message::text("Hello"),
        Message::text(""),
        Message::text("ümläut ".repeat(500)),
        Message::binary(vec![0; 1_000_000]),
        Message::text("ümläut ".repeat(500)),
        Message::binary(noise),
        Message::text("{\"id\": 1, \"words\": [1, 2, 3]}".repeat(20)),
    ]
}

#[tokio::test]
async fn messages_come_back_as_they_were_sent_whatever_is_agreed() {
    for takeover in [[false, false], [false, true], [true, false], [true, true]] {
        for bits in 8..=15 {
            let served = serve_echo(server(deflate::Config { threshold: 0, ..deflate::Config::with_takeover() }));
            let wanted = deflate::Config {
                threshold: 0,
                server_takeover: takeover[0],
                client_takeover: takeover[1],
                server_window_bits: bits,
                client_window_bits: 23 - bits,
                ..deflate::Config::default()
            };
            let client = Client::new(&served.url).unwrap().config(config(wanted));
            let mut connection = within(client.connect()).await.unwrap();
            let agreed = connection.agreed().and_then(|agreed| agreed.deflate()).unwrap();
            assert_eq!(agreed.direction(Role::Server).window_bits, bits);
            assert_eq!(agreed.direction(Role::Server).context_takeover, takeover[0]);
            assert_eq!(agreed.direction(Role::Client).window_bits, 23 - bits);
            assert_eq!(agreed.direction(Role::Client).context_takeover, takeover[1]);
            for message in messages() {
                within(connection.send(message.clone())).await.unwrap();
                assert_eq!(within(connection.next()).await.unwrap(), Some(message));
            }
        }
    }
}

#[tokio::test]
async fn it_is_agreed_on_by_default_and_not_if_either_end_does_not_want_it() {
    for (client_wants, server_wants) in [(true, true), (true, false), (false, true), (false, false)] {
        let served = serve_echo(if server_wants { ServerConfig::default() } else { server(None) });
        let client = Client::new(&served.url).unwrap();
        let client = if client_wants { client } else { client.config(config(None)) };
        let mut connection = within(client.connect()).await.unwrap();
        let agreed = connection.agreed().and_then(|agreed| agreed.deflate());
        assert_eq!(agreed.is_some(), client_wants && server_wants);
        within(connection.send("hello ".repeat(100))).await.unwrap();
        assert_eq!(within(connection.next()).await.unwrap(), Some(Message::text("hello ".repeat(100))));
    }
}

/// Those who agreed on the same are sent the same bytes; those who take contexts over compress for themselves.
#[tokio::test]
async fn a_broadcast_reaches_each_as_it_agreed() {
    let wanted = deflate::Config { threshold: 100, ..deflate::Config::with_takeover() };
    let served = serve_echo(ServerConfig { max_queue: 8 << 20, ..server(wanted) });
    let wants = [
        None,
        Some(deflate::Config::with_takeover()),
        Some(deflate::Config::default()),
        Some(deflate::Config { server_window_bits: 9, ..deflate::Config::default() }),
        Some(deflate::Config { server_window_bits: 8, ..deflate::Config::default() }),
    ];
    let mut connections = Vec::new();
    for want in wants {
        let client = Client::new(&served.url).unwrap().config(config(want));
        connections.push(within(client.connect()).await.unwrap());
    }
    until("all are members", || served.connections.len() == wants.len()).await;
    for message in messages() {
        for _ in 0..2 {
            assert_eq!(served.connections.broadcast(&message, None).reached, wants.len());
        }
        for id in served.connections.ids() {
            assert_eq!(served.connections.send(id, &message), Ok(()));
        }
        for connection in &mut connections {
            for _ in 0..3 {
                assert_eq!(within(connection.next()).await.unwrap(), Some(message.clone()));
            }
        }
    }
    // One's own refer to each other across those of all.
    let own = Message::text((0..200).map(|n| (n * n).to_string()).collect::<String>());
    for _ in 0..2 {
        let to_all = Message::text("something else altogether ".repeat(10));
        served.connections.broadcast(&to_all, None);
        for connection in &mut connections {
            assert_eq!(within(connection.next()).await.unwrap(), Some(to_all.clone()));
            within(connection.send(own.clone())).await.unwrap();
            assert_eq!(within(connection.next()).await.unwrap(), Some(own.clone()));
        }
    }
}
