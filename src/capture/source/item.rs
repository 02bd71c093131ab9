//! What every source gives.

use super::SourceError;
use crate::capture::Packet;

/// What a source gives, lent until the next is asked for.
#[derive(Debug)]
pub enum Item<'a> {
    /// A packet.
    Packet(Packet<'a>),
    /// The text of an NSS key log, as a pcapng file carries it in a Decryption Secrets Block.
    Secrets(&'a [u8]),
    /// Nothing came for a while. Live interfaces say so, and standard input if it is all that is read, some times a
    /// second, so that whoever reads can look after other things; files never do.
    Idle,
}

/// Gives packets one after the other.
pub trait Source: Send {
    /// The next item, lent until the next call; `None` at the end.
    ///
    /// # Errors
    /// If what follows cannot be read. Everything that could be was given before. Calling again gives the error of
    /// another file, if one of several was damaged too, and then `None` for ever.
    fn next(&mut self) -> Result<Option<Item<'_>>, SourceError>;
}
