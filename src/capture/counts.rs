//! What is counted of each end of a connection, by name.

use super::Sent;
use crate::proto::Role;

/// A count of [`Sent`], with the names that tables and filters have for it.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// Its name where it is the client's: `client_frames`.
    pub client: &'static str,
    /// Its name where it is the server's: `server_frames`.
    pub server: &'static str,
    /// The count.
    pub of: fn(&Sent) -> u64,
}

impl Count {
    /// Its name where it is of this end.
    pub const fn name(&self, of: Role) -> &'static str {
        match of {
            Role::Client => self.client,
            Role::Server => self.server,
        }
    }
}

macro_rules! counts {
    ($($name:ident = $of:expr,)*) => {
        impl Sent {
            /// All counts, in the order in which tables have them: frames, frames by kind, messages, bytes.
            pub const COUNTS: &[Count] = &[$(Count {
                client: concat!("client_", stringify!($name)),
                server: concat!("server_", stringify!($name)),
                of: $of,
            },)*];
        }
    };
}

counts! {
    frames = |sent| sent.frames.all(),
    text = |sent| sent.frames.text,
    binary = |sent| sent.frames.binary,
    continuations = |sent| sent.frames.continuation,
    closes = |sent| sent.frames.close,
    pings = |sent| sent.frames.ping,
    pongs = |sent| sent.frames.pong,
    reserved = |sent| sent.frames.reserved,
    messages = |sent| sent.messages,
    compressed = |sent| sent.compressed,
    opaque = |sent| sent.opaque,
    bytes = |sent| sent.bytes,
    payload = |sent| sent.payload,
    deflated = |sent| sent.deflated,
    inflated = |sent| sent.inflated,
    content = |sent| sent.content,
    lost = |sent| sent.lost,
}
