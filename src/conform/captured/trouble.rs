//! Why a connection cannot become a case.

use crate::capture::{Connection, Opaque};
use crate::proto::Role;

/// Why a captured connection cannot become a case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoCase {
    /// There is none of this number.
    #[error("there is no connection {number}: {}", there_are(*connections))]
    NoSuchConnection {
        /// The number.
        number: u64,
        /// How many there are.
        connections: u64,
    },
    /// The opening handshake failed.
    #[error(
        "connection {number} cannot become a case: it was refused with status {status}, and a case begins when a \
         connection is open"
    )]
    Refused {
        /// Which connection.
        number: u64,
        /// The status of the response.
        status: u16,
    },
    /// The opening handshake was not captured, or not to its end.
    #[error(
        "connection {number} cannot become a case: its opening handshake was not captured whole, so what was agreed on \
         and said before is not known"
    )]
    NotOpened {
        /// Which connection.
        number: u64,
    },
    /// Bytes are missing.
    #[error(
        "connection {number} cannot become a case: {bytes} bytes that the {from} sent were not captured; capture it \
         again without losses, and with whole packets"
    )]
    Lost {
        /// Which connection.
        number: u64,
        /// Whose.
        from: Role,
        /// How many.
        bytes: u64,
    },
    /// A message cannot be read.
    #[error("connection {number} cannot become a case: message {message}, from the {from}, cannot be read: {why}")]
    Opaque {
        /// Which connection.
        number: u64,
        /// Whose.
        from: Role,
        /// Which one of the connection.
        message: u64,
        /// Why.
        why: Opaque,
    },
    /// A frame has too many bytes.
    #[error("connection {number} cannot become a case: the payload of frame {frame} is too large to be kept")]
    FrameTooBig {
        /// Which connection.
        number: u64,
        /// Which frame of it.
        frame: u64,
    },
    /// Something was agreed on that a case cannot ask for.
    #[error(
        "connection {number} cannot become a case: its ends agreed on the extensions {extensions}, and a case can ask \
         for permessage-deflate alone"
    )]
    Extensions {
        /// Which connection.
        number: u64,
        /// The extensions, as the server wrote them.
        extensions: String,
    },
    /// Too much was said.
    #[error(
        "connection {number} cannot become a case: it has more than {frames} frames or {} MiB; a case is one course of \
         events that people can read",
        bytes >> 20
    )]
    TooLong {
        /// Which connection.
        number: u64,
        /// The most frames.
        frames: u64,
        /// The most bytes.
        bytes: u64,
    },
    /// The file would be larger than case files may be.
    #[error(
        "connection {number} cannot become a case: its file would have {:.1} MiB, and a case file has {} MiB at most",
        *bytes as f64 / f64::from(1 << 20),
        crate::conform::parse::MAX_FILE >> 20
    )]
    FileTooLarge {
        /// Which connection.
        number: u64,
        /// How many bytes it would have.
        bytes: usize,
    },
}

fn there_are(connections: u64) -> String {
    match connections {
        0 => "the capture has none".to_owned(),
        1 => "the only one is 0".to_owned(),
        _ => format!("they are 0 to {}", connections - 1),
    }
}

/// Whether a case can be true to a connection.
pub(super) fn check(connection: &Connection) -> Result<(), NoCase> {
    let number = connection.number;
    match connection.status {
        Some(101) if !connection.guessed && connection.url.is_some() => {}
        Some(status) if status != 101 => return Err(NoCase::Refused { number, status }),
        _ => return Err(NoCase::NotOpened { number }),
    }
    for from in [Role::Client, Role::Server] {
        let bytes = connection.sent(from).lost;
        if bytes > 0 {
            return Err(NoCase::Lost { number, from, bytes });
        }
    }
    Ok(())
}
