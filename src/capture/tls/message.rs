//! Handshake messages out of the records that carry them: several in one, or one in several.

use std::mem;

/// Of a longer message only so much is kept; nothing that matters is further behind.
const MAX_BODY: usize = 32 * 1024;

/// The kind of a handshake message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind(pub(super) u8);

impl Kind {
    pub(super) const HELLO_REQUEST: Self = Self(0);
    pub(super) const CLIENT_HELLO: Self = Self(1);
    pub(super) const SERVER_HELLO: Self = Self(2);
    pub(super) const END_OF_EARLY_DATA: Self = Self(5);
    pub(super) const ENCRYPTED_EXTENSIONS: Self = Self(8);
    pub(super) const FINISHED: Self = Self(20);
    pub(super) const KEY_UPDATE: Self = Self(24);

    /// Whether what it says matters, and not only that it came.
    const fn is_read(self) -> bool {
        matches!(self, Self::CLIENT_HELLO | Self::SERVER_HELLO | Self::ENCRYPTED_EXTENSIONS)
    }
}

/// The handshake messages of one end.
#[derive(Default)]
pub(super) struct Messages {
    head: [u8; 4],
    /// How many bytes of the head have come.
    have: usize,
    /// How many bytes of the body are to come.
    remaining: usize,
    body: Vec<u8>,
    /// Bytes were lost: where messages begin is not known any more.
    blind: bool,
}

impl Messages {
    /// The next message that comes to its end in these bytes, which it takes off their front, with its body if that
    /// matters.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<(Kind, Vec<u8>)> {
        if self.blind {
            return None;
        }
        if self.have < 4 {
            let take = bytes.len().min(4 - self.have);
            self.head[self.have..self.have + take].copy_from_slice(&bytes[..take]);
            *bytes = &bytes[take..];
            self.have += take;
            if self.have < 4 {
                return None;
            }
            let [_, length @ ..] = self.head;
            self.remaining = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        }
        let kind = Kind(self.head[0]);
        let (taken, rest) = bytes.split_at(bytes.len().min(self.remaining));
        *bytes = rest;
        self.remaining -= taken.len();
        if kind.is_read() {
            let room = MAX_BODY - self.body.len();
            self.body.extend_from_slice(&taken[..taken.len().min(room)]);
        }
        if self.remaining > 0 {
            return None;
        }
        self.have = 0;
        Some((kind, mem::take(&mut self.body)))
    }

    /// How many bytes of a message are kept.
    pub(super) fn kept(&self) -> usize {
        self.body.capacity()
    }

    /// The kind of the message that is under way, if any.
    pub(super) fn under_way(&self) -> Option<Kind> {
        (self.have > 0 && !self.blind).then_some(Kind(self.head[0]))
    }

    /// Bytes were lost: nothing is read until [`Messages::restart`].
    pub(super) fn lost(&mut self) {
        *self = Self { blind: true, ..Self::default() };
    }

    /// The next byte begins a message.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }
}
