//! A feed: streams of values, each sent to whoever has subscribed to it.
//!
//! What is guaranteed:
//! * A subscriber gets the current value of a stream at once, if there is one, and then every update, and never an older
//!   value after a newer one.
//! * **A newer value replaces an older one that was not sent yet.** Whoever reads more slowly than a stream is updated
//!   misses values, but what he reads next is the newest; of each stream no more than one value waits for him. What is
//!   an event of its own, and not the newest state of something, is not for a feed.
//! * A value is encoded once, and compressed once for all who agreed on the same, those who subscribe later among them.
//!   Only who agreed on context takeover has it compressed for himself.
//! * Nothing grows without bound: not the streams, not their names or values, not what one may subscribe to.
//!
//! The messages, all of them JSON:
//!
//! | the client says | and is told |
//! | --- | --- |
//! | `{"type":"subscribe","streams":["stocks"]}` | `{"type":"data","stream":"stocks","data":…}`, now and at each update |
//! | `{"type":"unsubscribe","streams":["stocks"]}` | nothing more |
//! | `{"type":"streams"}` | `{"type":"streams","streams":["stocks",…]}`: what there is |
//!
//! Where clients have to say who they are, only those with the permission `subscribe` subscribe. Who renews his token by
//! one without it gets nothing more, and is told `Permission denied`.
//!
//! Streams that do not exist are named in `{"type":"error","message":"Unknown streams: …"}`, and the others of the same
//! request are subscribed to all the same.
//!
//! ```
//! use wslab::app::feed::{Feed, PAGE};
//! use wslab::app::host::Host;
//! use wslab::net::{Client, Listen, Server, ServerConfig};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let feed = Feed::new();
//! feed.publish("temperature", &21.5)?;
//!
//! let server = Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), ServerConfig::default())?;
//! let client = Client::new(&server.url())?;
//! tokio::spawn(server.run(Host::new(feed.clone()).page(PAGE)));
//!
//! let mut connection = client.connect().await?;
//! connection.send(r#"{"type":"subscribe","streams":["temperature"]}"#).await?;
//! let message = connection.next().await?.expect("the current value");
//! assert_eq!(message.as_text(), Some(r#"{"type":"data","stream":"temperature","data":21.5}"#));
//! # Ok(())
//! # }
//! ```

mod activity;
mod builtin;
mod lines;
mod message;
mod stocks;
mod stream;
mod streams;
mod system;
mod visit;

pub use activity::{ACTIVITY_PERIOD, Activity};
pub use builtin::{Builtin, start};
pub use lines::{LineError, LineFault, Lines, MAX_LINE, Source, follow};
pub use message::{MAX_NAME, MAX_NAMES};
pub use stocks::{Market, Quote, Quotes, STOCKS_PERIOD};
pub use stream::Publisher;
pub use streams::{Feed, MAX_STREAMS, MAX_VALUE, PublishError};
pub use system::{Machine, Reading, SYSTEM_PERIOD, Usage};
pub use visit::{MAX_SUBSCRIPTIONS, Subscriber};

/// The page that shows the streams in a browser, whole: it loads nothing else.
pub const PAGE: &str = include_str!("page.html");
