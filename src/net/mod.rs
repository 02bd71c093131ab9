//! Clients and servers on tokio, over TCP, TLS and Unix sockets. The only module that opens sockets.
//!
//! Everything the protocol asks for is done by [`proto::Endpoint`](crate::proto::Endpoint); here are the drivers that
//! move its bytes. Opening, closing and sending have a limit each, what others queue for a connection has one, and a
//! connection that is idle owns no buffers.

mod client;
mod connection;
mod driver;
mod halves;
mod inband;
mod incoming;
mod keys;
mod letter;
mod listener;
mod mailbox;
mod members;
mod opening;
pub mod pool;
mod server;
mod serving;
mod stream;
mod target;
pub mod tls;

pub use client::{Client, ConnectError};
pub use connection::{Broken, Connection, OwnedEvent};
pub use driver::Session;
pub use halves::{Receiver, Sender};
pub use inband::{Inband, InbandError, UnpackError};
pub use incoming::{AcceptError, Incoming};
pub use keys::{SystemKeys, nonce};
pub(crate) use letter::Encodings;
pub use listener::{Listen, Listener};
pub use mailbox::PostError;
pub use members::{Connections, Member, Reach, Slow};
pub use pool::{Pool, PoolConfig, PoolError, Pooled};
pub use server::{Entry, Server, ServerConfig, Service};
pub use stream::Stream;
pub use target::{Place, Target, TargetError};
pub use tls::Trust;
