//! TCP: what each end of a connection sent, in order, out of segments as a bystander saw them.
//!
//! Guarantees:
//! * Bytes of a direction are told in the order of their sequence numbers, none twice. What is missing between them is
//!   told as lost, so that [`Stream::position`] is always what was told and what was lost together.
//! * The first copy that was captured counts. A later one with other bytes is told as differing as far as it can be
//!   compared: with bytes that still wait, always; with those that were told, if it covers one of the last 32 stretches
//!   (mostly segments) from beginning to end. Of those a hash is kept, not the bytes.
//! * A segment in order is told out of the packet's own memory; only what came too early is copied. To remember it takes
//!   about 7 ns for each 100 bytes.
//! * What waits is bounded, for each stream by [`Limits`] and for all by [`Budget`]. Arbitrary segments end in some
//!   bytes and gaps, never in a panic.
//!
//! # When a hole is given up
//!
//! What is behind a hole waits, because captures are out of order: the network reorders, and so does capturing itself,
//! with several queues, interfaces or files; even an acknowledgement may come before what it acknowledges. Waiting is
//! counted in *ticks* of 64 segments of the connection, or of a quarter of a second with at least 8 segments: so times
//! may be missing, stand still, jump or run backwards. A hole is given up
//! * after 4 ticks (256 segments, or a second with 32), counted from when the other end has acknowledged all of it and
//!   something behind it was captured: it was sent and received, and only the capture does not have it;
//! * after 16 ticks if the other end acknowledges nothing meanwhile: probably its packets are not captured;
//! * after 240 ticks (a minute or more) if the other end acknowledges less: it waits as well, for a retransmission;
//! * at once if no more can be kept: then it is lost to the [limit](Loss::Limit);
//! * at the end, by [`Stream::finish`].
//!
//! On a lossy line that reorders by up to 25 ms some 100 KB waited at most, and every hole was filled. A retransmission
//! after a timeout takes from 0.2 s to a minute, but meanwhile the other end does not acknowledge.
//!
//! # Where a direction begins
//!
//! With its SYN, or where the SYN and ACK of the other end says. If neither was captured: where the other end's last
//! acknowledgement or the first segment without payload says; what is found to be missing there does not count as lost,
//! for a direction without a captured beginning begins with the first byte that was captured. Until a byte of it was told
//! earlier ones are still taken. A single byte right before the beginning is a keepalive (RFC 9293, section 3.8.4).
//!
//! # What ends a direction
//!
//! A FIN in its place, or a RST that its receiver would accept (RFC 9293, section 3.5.3; RFC 5961, section 3.2): at what
//! was acknowledged, in what is known to be sent, or up to 65,535 bytes behind, then as the FIN only in its place, and
//! forgotten if its sender goes on. What comes behind the end is ignored.

mod connection;
mod direction;
mod told;
mod waiting;

pub use connection::Stream;

use super::{End, Loss, Place};

/// Is told what the ends of a connection sent.
pub trait Receiver {
    /// A SYN, or the SYN and ACK that answers one, was captured: `by` is the client. At most once, mostly first.
    fn opened(&mut self, by: End, place: Place);

    /// The next bytes of a direction: what is new in one segment. They may be changed.
    ///
    /// `place` is the packet that had them; if they had to wait, it is before others that were told already.
    fn bytes(&mut self, from: End, bytes: &mut [u8], place: Place);

    /// The next `count` bytes of a direction are missing.
    ///
    /// `place` is the packet behind them, or the last one of the connection.
    fn lost(&mut self, from: End, count: u64, why: Loss, place: Place);

    /// Bytes came again, other than the first time.
    ///
    /// `offset` is where in the direction the compared stretch begins, from 0, `count` its length; `place` the packet that
    /// has the later copy.
    fn differs(&mut self, from: End, offset: u64, count: u64, place: Place);

    /// A direction has ended: nothing more of it is told. `place` is the packet that says so.
    fn ended(&mut self, from: End, how: Finish, place: Place);
}

/// How a direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finish {
    /// By FIN: all was sent.
    Fin,
    /// By RST: the connection is broken off. Of the other direction what was still sent is told.
    Reset,
}

/// What a [`Stream`] may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes of each direction may wait, what it takes to keep them included.
    pub waiting: usize,
}

impl Default for Limits {
    /// 4 MiB.
    fn default() -> Self {
        Self { waiting: 4 << 20 }
    }
}

/// How many bytes may wait in all streams together.
///
/// A stream gives back what it took when its holes are filled or given up. One that is dropped while something waits does
/// not: call [`Stream::finish`] or [`Stream::ignore`] before.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    taken: usize,
}

impl Budget {
    /// A budget of so many bytes.
    pub const fn new(limit: usize) -> Self {
        Self { limit, taken: 0 }
    }

    /// How many bytes are taken.
    pub const fn taken(&self) -> usize {
        self.taken
    }

    const fn has(&self, count: usize) -> bool {
        count <= self.limit.saturating_sub(self.taken)
    }

    const fn take(&mut self, count: usize) {
        self.taken += count;
    }

    const fn give_back(&mut self, count: usize) {
        self.taken = self.taken.saturating_sub(count);
    }
}

impl Default for Budget {
    /// 32 MiB.
    fn default() -> Self {
        Self::new(32 << 20)
    }
}
