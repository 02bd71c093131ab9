//! A feed that is served, and guests that speak with it.

use std::future::Future;
use std::time::Duration;

use serde_json::{Value, json};
use wslab::app::feed::{Feed, PAGE};
use wslab::app::host::Host;
use wslab::net::{Client, Connection, Connections, Listen, Server, ServerConfig};

/// No test takes so long; one that hangs fails.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it ends in time")
}

/// Waits until `ready`.
pub(crate) async fn until(what: &str, mut ready: impl FnMut() -> bool) {
    for _ in 0..12_000 {
        if ready() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to this: {what}");
}

/// A server of a feed; it ends with the test.
pub(crate) struct Stage {
    pub(crate) url: String,
    pub(crate) connections: Connections,
}

pub(crate) fn stage(feed: &Feed) -> Stage {
    stage_with(feed, ServerConfig::default())
}

pub(crate) fn stage_with(feed: &Feed, config: ServerConfig) -> Stage {
    let server = Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), config).expect("a free port");
    let stage = Stage { url: server.url(), connections: server.connections() };
    tokio::spawn(server.run(Host::new(feed.clone()).page(PAGE)));
    stage
}

impl Stage {
    pub(crate) async fn join(&self) -> Guest {
        let client = Client::new(&self.url).expect("a URL");
        Guest(within(client.connect()).await.expect("a connection"))
    }
}

/// Somebody who speaks with a feed.
pub(crate) struct Guest(pub(crate) Connection);

impl Guest {
    pub(crate) async fn say(&mut self, message: impl ToString) {
        within(self.0.send(message.to_string())).await.expect("it is open");
    }

    pub(crate) async fn subscribe(&mut self, streams: &[&str]) {
        self.say(json!({ "type": "subscribe", "streams": streams })).await;
    }

    pub(crate) async fn unsubscribe(&mut self, streams: &[&str]) {
        self.say(json!({ "type": "unsubscribe", "streams": streams })).await;
    }

    /// The next message, as it is written.
    pub(crate) async fn hear(&mut self) -> String {
        let message = within(self.0.next()).await.expect("no error").expect("a message");
        message.as_text().expect("text").to_owned()
    }

    /// The next message, which is a value of `stream`.
    pub(crate) async fn hear_of(&mut self, stream: &str) -> Value {
        let text = self.hear().await;
        let message: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&message["type"], &message["stream"]), (&json!("data"), &json!(stream)), "{text}");
        message["data"].clone()
    }

    /// The next message, which says that something is wrong.
    pub(crate) async fn hear_error(&mut self) -> String {
        let text = self.hear().await;
        let message: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(message["type"], "error", "{text}");
        message["message"].as_str().expect("words").to_owned()
    }

    /// All that was sent so far. What others had sent may be overtaken by one answer, but not by two.
    pub(crate) async fn hear_all(&mut self) -> Vec<Value> {
        let mut heard = Vec::new();
        for _ in 0..2 {
            self.say(json!({ "type": "streams" })).await;
            loop {
                let message: Value = serde_json::from_str(&self.hear().await).expect("JSON");
                if message["type"] == "streams" {
                    break;
                }
                heard.push(message);
            }
        }
        heard
    }

    pub(crate) async fn hear_nothing(&mut self) {
        assert_eq!(self.hear_all().await, Vec::<Value>::new());
    }
}
