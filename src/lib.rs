//! A WebSocket laboratory: everything one does to a WebSocket implementation.
//!
//! wslab proves that an endpoint conforms to RFC 6455 and RFC 7692, reads captured traffic, and is a complete client and
//! server itself. Every part stands on one protocol core that does no I/O. What is not here yet is said in the README.
//!
//! # The one idea
//!
//! **Reading, judging and reacting are three different things.**
//!
//! * [`wire`] *reads and writes any bits.* Parsing a frame head cannot fail, it can only want more bytes; what is
//!   illegal round-trips like anything else.
//! * [`proto::Flow`] *judges one direction*: bytes (or a declared gap) in, [`Seen`](proto::Seen) items out, broken
//!   [`Rule`](proto::Rule)s among them. It never reacts, and never stops at the first fault.
//! * [`proto::Endpoint`] *reacts*: a `Flow` for what comes in, manners for what goes out.
//!
//! So a server, a capture and a conformance tester name the same fault with the same rule, and there is one table of rules:
//! clause, level, close code, words.
//!
//! # The layers
//!
//! `wire ← proto ← {net, capture} ← {conform, app} ← cli`, and beside them `watch` (what happened, as data), `report` (what
//! people read of it) and `tui` (what they look at while it happens). A module knows only those on the left of it; a test holds this.
//!
//! ## Wire
//!
//! ```
//! use wslab::wire::{Head, Opcode};
//!
//! // A final, masked text frame of five bytes, whose length takes sixteen bits, against the rules.
//! let bytes = [0x81, 0xfe, 0x00, 0x05, 1, 2, 3, 4];
//! let (head, size) = Head::parse(&bytes).ok_or("wants more")?;
//! assert_eq!((head.opcode, head.len, size), (Opcode::TEXT, 5, 8));
//! assert_eq!(*head.encode(), bytes);
//! # Ok::<_, &str>(())
//! ```
//!
//! ## Proto
//!
//! ```
//! use wslab::proto::{Flow, Role, Rule, Seen};
//!
//! let mut flow = Flow::new(Role::Client);
//! // A client has to mask.
//! let mut bytes = *b"\x81\x05Hello";
//! let seen: Vec<_> = flow.read(&mut bytes).collect();
//! assert!(seen.contains(&Seen::Fault(Rule::Unmasked)));
//! assert!(seen.contains(&Seen::Data(b"Hello")));
//! ```
//!
//! ## Net
//!
//! ```
//! use wslab::app;
//! use wslab::net::{Client, Listen, Server, ServerConfig};
//! use wslab::proto::Message;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), ServerConfig::default())?;
//! let url = server.url();
//! tokio::spawn(server.run(app::echo));
//!
//! let mut connection = Client::new(&url)?.connect().await?;
//! connection.send("hello").await?;
//! assert_eq!(connection.next().await?, Some(Message::text("hello")));
//! # Ok(())
//! # }
//! ```
//!
//! ## App
//!
//! ```
//! use wslab::app::host::{Application, Caller, Malformed, Visit, Voice};
//! use wslab::proto::Message;
//!
//! /// Says how long messages are.
//! struct Lengths;
//!
//! impl Application for Lengths {
//!     type Visit = Self;
//!
//!     fn open(&self, _: &Caller) -> Self {
//!         Self
//!     }
//! }
//!
//! impl Visit for Lengths {
//!     fn message(&mut self, message: &Message<'_>, voice: &mut Voice<'_>) -> Result<(), Malformed> {
//!         let text = message.as_text().ok_or(Malformed)?;
//!         voice.send(&text.chars().count());
//!         Ok(())
//!     }
//! }
//! ```
//!
//! A [`Host`](app::host::Host) serves it: with tokens ([`app::auth`]), rates ([`app::limit`]), pages, health and metrics.
//! [`app::chat`] and [`app::feed`] are such applications.
//!
//! ## Conform
//!
//! ```
//! use wslab::conform::Corpus;
//!
//! let corpus = Corpus::embedded();
//! let case = corpus.case("5.15").ok_or("no such case")?;
//! assert_eq!(case.clauses[0].to_string(), "RFC 6455, section 5.4");
//! # Ok::<_, &str>(())
//! ```
//!
//! ## Capture
//!
//! ```
//! use wslab::capture::stream::{Finish, Receiver};
//! use wslab::capture::{End, Loss, Place};
//!
//! /// The bytes of a TCP connection, in order, whatever became of its packets.
//! struct Bytes([Vec<u8>; 2]);
//!
//! impl Receiver for Bytes {
//!     fn bytes(&mut self, from: End, bytes: &mut [u8], _: Place) {
//!         self.0[from.index()].extend_from_slice(bytes);
//!     }
//!     fn opened(&mut self, _: End, _: Place) {}
//!     fn lost(&mut self, _: End, _: u64, _: Loss, _: Place) {}
//!     fn differs(&mut self, _: End, _: u64, _: u64, _: Place) {}
//!     fn ended(&mut self, _: End, _: Finish, _: Place) {}
//! }
//! ```
//!
//! A [`capture::source`] gives packets, [`capture::segment`] the TCP segments in them, [`capture::stream`] ordered bytes and
//! gaps, [`capture::tls`] what was encrypted. [`capture::Analyzer`] does all of it, and tells connections, frames, messages
//! and broken rules to a [`capture::Sink`].
//!
//! # Guarantees
//!
//! * `wire` and `proto` have no clock, no randomness and no I/O: the same input gives the same output.
//! * Memory is bounded: the size of messages, what waits for slow readers, what a conformance run keeps of a connection,
//!   what a capture keeps of each and of all.
//!   What a [`Session`](net::Session) answers to the messages of one read is its own affair: it is queued, however much
//!   it is. An [`Application`](app::host::Application) is told no more messages while 256 KiB of answers wait.
//! * Reading copies nothing and allocates nothing where a message lies whole in a read: it is lent out of the buffer it
//!   was read into. The answers to everything one read brought are one write.
//! * Nothing panics on any input from the network. Opening, closing and sending have a limit each; how long a connection
//!   may be idle is for keepalive to say.
//!
//! # Anti-goals
//!
//! No HTTP framework, no plugin system, no scripting language, no `no_std`, no legacy draft versions of the protocol.

pub mod app;
pub mod capture;
pub mod cli;
pub mod conform;
pub mod net;
pub mod proto;
pub mod report;
pub mod tui;
pub mod watch;
pub mod wire;
