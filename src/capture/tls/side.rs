//! What is remembered of one direction.

use super::keys::Keys;
use super::message::Messages;
use super::trouble::Trouble;

/// One direction of a connection.
#[derive(Default)]
pub(super) struct Side {
    pub(super) framing: Framing,
    /// A record that has begun, or that waits; while seeking, what may begin one.
    pub(super) gathered: Vec<u8>,
    pub(super) messages: Messages,
    pub(super) reading: Reading,
    /// The sequence number of the next record, if [`Reading::Open`].
    pub(super) sequence: u64,
    /// Whether a hello came, or anything else that begins a connection.
    pub(super) greeted: bool,
    /// Bytes were missed: the next record may have another sequence number, or other keys.
    pub(super) unsure: bool,
    /// How many bytes have passed unread since the last record that opened.
    pub(super) unread: u64,
    /// How many of them were looked through for a record.
    pub(super) sought: usize,
    /// How many records have not opened since the last that did.
    pub(super) failures: u32,
    /// How many bytes have come.
    pub(super) fed: u64,
    /// How many bytes have been tried with wrong keys or sequence numbers.
    pub(super) effort: u64,
    /// How many bytes of it are held.
    pub(super) held: usize,
    /// What is missing to go on; what comes is held until then.
    pub(super) waiting: Option<Trouble>,
    /// Why it is not read any more.
    pub(super) trouble: Option<Trouble>,
    /// Whether it said close_notify.
    pub(super) closed: bool,
}

/// Where in the records it stands.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Framing {
    /// Where a record begins, or in one.
    #[default]
    Records,
    /// In a record that has a hole: how many bytes of it are to come.
    Damaged(u64),
    /// It is not known where the next record begins.
    Seeking,
    /// Nobody can read it.
    Ignored,
}

/// How records are read.
#[derive(Default)]
pub(super) enum Reading {
    /// They are not encrypted.
    #[default]
    Clear,
    /// They are, and no record has opened yet.
    Sealed(Epoch),
    /// They are, with these keys.
    Open(Epoch, Box<Keys>),
}

/// Which keys are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Epoch {
    /// Those of TLS 1.2.
    Master,
    /// Of TLS 1.3: 0-RTT data.
    Early,
    /// Of TLS 1.3: the rest of the handshake.
    Handshake,
    /// Of TLS 1.3: application data.
    Traffic,
}

impl Side {
    /// What it may be tried with in vain for each byte that comes, and beyond that: a damaged capture, or one made up to
    /// that end, must not take for ever.
    const EFFORT: (u64, u64) = (64, 128 << 20);

    /// The shortest record (RFC 7905).
    const SHORTEST: u64 = 21;

    const MAX_TRIES: u64 = 4096;

    /// The next records are encrypted with keys that have not been used before.
    pub(super) fn seal(&mut self, epoch: Epoch) {
        self.reading = Reading::Sealed(epoch);
        self.sequence = 0;
        self.messages.restart();
    }

    /// Whether application data are what it sends now.
    pub(super) const fn sends_data(&self) -> bool {
        matches!(self.reading, Reading::Open(Epoch::Master | Epoch::Traffic, _))
    }

    /// How many sequence numbers are to be tried.
    pub(super) fn tries(&self) -> u64 {
        if self.unsure && !self.is_exhausted() { (self.unread / Self::SHORTEST + 2).min(Self::MAX_TRIES) } else { 1 }
    }

    pub(super) const fn is_exhausted(&self) -> bool {
        let (each, more) = Self::EFFORT;
        self.effort > self.fed.saturating_mul(each).saturating_add(more)
    }

    /// How many bytes are kept of it.
    pub(super) fn kept(&self) -> usize {
        self.gathered.capacity() + self.messages.kept() + self.held
    }

    pub(super) fn is_ignored(&self) -> bool {
        self.framing == Framing::Ignored
    }

    /// From now on nothing of it is read or kept.
    pub(super) fn ignore(&mut self) {
        *self = Self {
            framing: Framing::Ignored,
            greeted: self.greeted,
            trouble: self.trouble.take(),
            closed: self.closed,
            ..Self::default()
        };
    }
}
