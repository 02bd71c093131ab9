//! Messages, joined from frames.
//!
//! A message that lies whole in the bytes of one read is lent as it is; only one that is cut, by fragments or by
//! reads, is gathered. What is gathered never grows beyond the limit, nor beyond what really came.

use std::borrow::Cow;

use crate::wire::{Head, Opcode};

/// What a message is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
}

impl Kind {
    /// The opcode of a message of this kind.
    pub const fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::TEXT,
            Self::Binary => Opcode::BINARY,
        }
    }
}

/// A whole message, lent or owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is made of.
    pub kind: Kind,
    /// Its bytes.
    pub payload: Cow<'a, [u8]>,
}

impl<'a> Message<'a> {
    /// A text message.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        let payload = match text.into() {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        Self { kind: Kind::Text, payload }
    }

    /// A binary message.
    pub fn binary(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { kind: Kind::Binary, payload: bytes.into() }
    }

    /// Whether it is text.
    pub fn is_text(&self) -> bool {
        self.kind == Kind::Text
    }

    /// The text, if it is a text message and UTF-8, which every text that an [`Endpoint`](crate::proto::Endpoint)
    /// hands out is.
    pub fn as_text(&self) -> Option<&str> {
        match self.kind {
            Kind::Text => simdutf8::basic::from_utf8(&self.payload).ok(),
            Kind::Binary => None,
        }
    }

    /// The message with bytes of its own.
    pub fn into_owned(self) -> Message<'static> {
        Message { kind: self.kind, payload: Cow::Owned(self.payload.into_owned()) }
    }
}

impl<'a> From<&'a str> for Message<'a> {
    fn from(text: &'a str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Message<'_> {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl<'a> From<&'a [u8]> for Message<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::binary(bytes)
    }
}

impl From<Vec<u8>> for Message<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::binary(bytes)
    }
}

/// A message exceeds the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is larger than {limit} bytes")]
pub struct TooBig {
    /// The limit in bytes.
    pub limit: usize,
}

/// What the end of a frame completed; [`Joiner::payload`] has its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// A message.
    Message {
        /// What it is made of.
        kind: Kind,
        /// Whether its bytes still have to be inflated.
        compressed: bool,
    },
    /// A close frame.
    Close,
    /// A ping.
    Ping,
    /// A pong.
    Pong,
}

/// Joins the frames of one direction.
///
/// It is told the heads, data and ends that a [`Flow`](super::Flow) has seen, in their order.
#[derive(Debug)]
pub struct Joiner {
    max_frame: u64,
    max_message: usize,
    message: Option<Open>,
    /// The frame that is being read: its head, and whether its payload is lent rather than gathered.
    frame: Head,
    lent: bool,
    gathered: Vec<u8>,
    control: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    kind: Kind,
    compressed: bool,
}

/// Up to this many bytes of memory are left for the next message that is gathered.
const KEPT: usize = 1024;

impl Joiner {
    /// A joiner for messages of at most `max_message` bytes in frames of at most `max_frame` bytes.
    pub const fn new(max_frame: u64, max_message: usize) -> Self {
        Self {
            max_frame,
            max_message,
            message: None,
            frame: Head::new(Opcode::CONTINUATION, 0),
            lent: false,
            gathered: Vec::new(),
            control: Vec::new(),
        }
    }

    /// The largest message in bytes that may come in a single frame.
    #[inline]
    pub fn limit(&self) -> u64 {
        self.max_frame.min(self.max_message as u64)
    }

    /// A frame begins.
    ///
    /// # Errors
    /// If the frame or the message is larger than it may be; that is known before any of its bytes is kept. Who goes
    /// on all the same gets nothing more of that message.
    #[inline]
    pub fn head(&mut self, head: &Head) -> Result<(), TooBig> {
        self.frame = *head;
        self.lent = false;
        if head.opcode.is_control() {
            self.control.clear();
            return Ok(());
        }
        match head.opcode {
            Opcode::TEXT => self.open(Kind::Text, head),
            Opcode::BINARY => self.open(Kind::Binary, head),
            Opcode::CONTINUATION if self.message.is_some() => {}
            // Nothing of it is kept.
            _ => return Ok(()),
        }
        let limit = self.max_frame.min(self.max_message.saturating_sub(self.gathered.len()) as u64);
        if head.len > limit {
            self.message = None;
            self.gathered = Vec::new();
            let limit = self.max_message.min(usize::try_from(self.max_frame).unwrap_or(usize::MAX));
            return Err(TooBig { limit });
        }
        Ok(())
    }

    #[inline]
    fn open(&mut self, kind: Kind, head: &Head) {
        self.message = Some(Open { kind, compressed: head.rsv & Head::RSV1 != 0 });
        self.gathered.clear();
    }

    /// Payload of the frame. If it ends the frame, [`Joiner::payload`] has to be given the same slice.
    #[inline]
    pub fn data(&mut self, data: &[u8]) {
        let whole = data.len() as u64 == self.frame.len;
        if self.frame.opcode.is_control() {
            self.lent = whole;
            if !whole {
                // A control frame with more than 125 bytes is a fault; nobody wants the rest.
                let room = 125_usize.saturating_sub(self.control.len());
                self.control.extend_from_slice(&data[..data.len().min(room)]);
            }
        } else if whole && self.frame.fin && self.gathered.is_empty() {
            self.lent = true;
        } else if self.message.is_some() && !self.frame.opcode.is_reserved() {
            self.gather(data);
        }
    }

    fn gather(&mut self, data: &[u8]) {
        let spare = self.gathered.capacity() - self.gathered.len();
        if spare < data.len() {
            // Grows as bytes come, never by what a head merely declares; but the last frame of a message bounds it.
            let last = if self.frame.fin { self.frame.len } else { u64::MAX };
            let declared = usize::try_from(last).unwrap_or(usize::MAX);
            let ahead = declared.min(self.gathered.len().max(data.len() * 2)).max(data.len());
            self.gathered.reserve_exact(ahead);
        }
        self.gathered.extend_from_slice(data);
    }

    /// The frame is complete.
    #[inline]
    pub fn end(&mut self) -> Option<Joined> {
        match self.frame.opcode {
            Opcode::CONTINUATION | Opcode::TEXT | Opcode::BINARY => {}
            Opcode::CLOSE => return Some(Joined::Close),
            Opcode::PING => return Some(Joined::Ping),
            Opcode::PONG => return Some(Joined::Pong),
            _ => return None,
        }
        if !self.frame.fin {
            return None;
        }
        let Open { kind, compressed } = self.message.take()?;
        Some(Joined::Message { kind, compressed })
    }

    /// The bytes of what [`Joiner::end`] completed, where `last` is the slice that [`Joiner::data`] was last given,
    /// empty if the frame had none.
    #[inline]
    pub fn payload<'a>(&'a self, last: &'a [u8]) -> &'a [u8] {
        match (self.lent, self.frame.opcode.is_control()) {
            (true, _) => last,
            (false, true) => &self.control,
            (false, false) => &self.gathered,
        }
    }

    /// Gives memory back that no open message needs.
    #[inline]
    pub fn release(&mut self) {
        if self.message.is_none() && self.gathered.capacity() > 0 {
            self.gathered.clear();
            if self.gathered.capacity() > KEPT {
                self.gathered = Vec::new();
            }
        }
    }

    /// Bytes that are kept for a message that is not complete.
    pub fn gathered(&self) -> usize {
        self.gathered.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells of a frame whose payload comes in pieces of `size` bytes, and gives back how often memory was asked for.
    fn tell(joiner: &mut Joiner, head: Head, came: u64, size: usize) -> usize {
        let mut asked = 0;
        joiner.head(&head).expect("there is no limit");
        let before = joiner.gathered.len();
        let mut left = usize::try_from(came).expect("a test has less");
        while left > 0 {
            let capacity = joiner.gathered.capacity();
            joiner.data(&vec![b'x'; size.min(left)]);
            left -= size.min(left);
            asked += usize::from(joiner.gathered.capacity() != capacity);
            assert!(joiner.gathered.capacity() <= 2 * joiner.gathered.len(), "at most twice of what came");
        }
        if came == head.len {
            joiner.end();
        }
        assert_eq!(joiner.gathered.len(), before + came as usize);
        asked
    }

    #[test]
    fn memory_grows_with_what_came_not_with_what_a_head_declares() {
        for size in [1, 2, 100, 1000] {
            let mut joiner = Joiner::new(u64::MAX, usize::MAX);
            let asked = tell(&mut joiner, Head::new(Opcode::BINARY, 1 << 40), 100_000, size);
            assert!(asked <= 20, "asked {asked} times, in pieces of {size}");
        }
    }

    #[test]
    fn memory_grows_by_doubling_also_with_small_fragments() {
        let mut joiner = Joiner::new(u64::MAX, usize::MAX);
        let mut asked = 0;
        let mut opcode = Opcode::TEXT;
        for _ in 0..100_000 {
            asked += tell(&mut joiner, Head { fin: false, ..Head::new(opcode, 1) }, 1, 1);
            opcode = Opcode::CONTINUATION;
        }
        assert!(asked <= 20, "asked {asked} times");
    }

    #[test]
    fn memory_of_a_large_message_is_given_back_and_of_a_small_one_kept() {
        for (len, kept) in [(KEPT / 2, true), (KEPT + 1, false)] {
            let mut joiner = Joiner::new(u64::MAX, usize::MAX);
            tell(&mut joiner, Head { fin: false, ..Head::new(Opcode::BINARY, len as u64) }, len as u64, len);
            joiner.release();
            assert_eq!(joiner.gathered(), len, "the message is open");
            tell(&mut joiner, Head::new(Opcode::CONTINUATION, 0), 0, 1);
            joiner.release();
            assert_eq!((joiner.gathered(), joiner.gathered.capacity() > 0), (0, kept));
        }
    }
}
