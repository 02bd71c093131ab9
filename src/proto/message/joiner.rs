//! Frames joined to messages.

use super::Kind;
use super::inflating::Inflating;
use crate::proto::Rule;
use crate::proto::deflate::Direction;
use crate::wire::{Head, Opcode};

/// A message exceeds the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is larger than {limit} bytes")]
pub struct TooBig {
    /// The limit in bytes.
    pub limit: usize,
}

/// Why a compressed message cannot be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinFault {
    /// It is larger than it may be.
    #[error(transparent)]
    TooBig(#[from] TooBig),
    /// It breaks a rule: [`Rule::CompressedDataInvalid`] or [`Rule::InvalidUtf8`].
    #[error("{0}")]
    Rule(Rule),
}

/// What the end of a frame completed; [`Joiner::payload`] has its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// A message.
    Message {
        /// What it is made of.
        kind: Kind,
        /// Whether it is compressed and was not inflated. Where nobody inflates its bytes are those of the frames;
        /// where it could not be done there are none: it is opaque.
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
/// It is told the heads, data and ends that a [`Flow`](crate::proto::Flow) has seen, in their order, and if it is to
/// [inflate](Joiner::inflating) also what was lost.
#[derive(Debug)]
pub struct Joiner {
    max_frame: u64,
    max_message: usize,
    message: Option<Open>,
    /// The frame that is being read: its head, and whether its payload is lent rather than gathered.
    frame: Head,
    lent: bool,
    gathered: Vec<u8>,
    /// Of a control frame that spans reads.
    #[expect(clippy::box_collection, reason = "an idle connection has none")]
    control: Option<Box<Vec<u8>>>,
    inflating: Option<Box<Inflating>>,
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
            control: None,
            inflating: None,
        }
    }

    /// The same, but compressed messages are inflated as their bytes come (RFC 7692), and text among them is judged
    /// once it is inflated. What they are inflated to is held to the largest message, what they come in is not.
    pub fn inflating(mut self, direction: Direction) -> Self {
        self.inflating = Some(Box::new(Inflating::new(direction)));
        self
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
            self.control = None;
            return Ok(());
        }
        match head.opcode {
            Opcode::TEXT => self.open(Kind::Text, head),
            Opcode::BINARY => self.open(Kind::Binary, head),
            Opcode::CONTINUATION if self.message.is_some() => {}
            // Nothing of it is kept.
            _ => return Ok(()),
        }
        let room = match self.message {
            // What comes out of it counts.
            Some(Open { compressed: true, .. }) if self.inflating.is_some() => u64::MAX,
            _ => self.max_message.saturating_sub(self.gathered.len()) as u64,
        };
        if head.len > self.max_frame.min(room) {
            let open = self.message.take();
            self.gathered = Vec::new();
            if let (Some(Open { compressed: true, .. }), Some(inflating)) = (open, &mut self.inflating) {
                inflating.adrift();
            }
            let limit = self.max_message.min(usize::try_from(self.max_frame).unwrap_or(usize::MAX));
            return Err(TooBig { limit });
        }
        Ok(())
    }

    #[inline]
    fn open(&mut self, kind: Kind, head: &Head) {
        let compressed = head.rsv & Head::RSV1 != 0;
        self.message = Some(Open { kind, compressed });
        self.gathered.clear();
        if compressed && let Some(inflating) = &mut self.inflating {
            inflating.begin();
        }
    }

    /// Payload of the frame. If it ends the frame, [`Joiner::payload`] has to be given the same slice.
    ///
    /// # Errors
    /// If a compressed message cannot be inflated, gets larger than it may be, or is text that is not UTF-8. Who goes
    /// on all the same gets nothing more of a message of the first two kinds, nor of later ones that could refer to it.
    #[inline]
    pub fn data(&mut self, data: &[u8]) -> Result<(), JoinFault> {
        let whole = data.len() as u64 == self.frame.len;
        if self.frame.opcode.is_control() {
            self.lent = whole;
            if !whole {
                // A control frame with more than 125 bytes is a fault; nobody wants the rest.
                let control = self.control.get_or_insert_default();
                let room = 125_usize.saturating_sub(control.len());
                control.extend_from_slice(&data[..data.len().min(room)]);
            }
        } else if let (Some(Open { kind, compressed: true }), Some(inflating)) = (self.message, &mut self.inflating) {
            if !self.frame.opcode.is_reserved() {
                return inflating.data(kind, data, &mut self.gathered, self.max_message);
            }
        } else if whole && self.frame.fin && self.gathered.is_empty() {
            self.lent = true;
        } else if self.message.is_some() && !self.frame.opcode.is_reserved() {
            self.gather(data);
        }
        Ok(())
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

    /// Payload of the frame that is being read was lost ([`Seen::Lost`](crate::proto::Seen::Lost)).
    ///
    /// A compressed message that misses some is opaque. With context takeover all later ones are, too.
    pub fn lost(&mut self) {
        if let (Some(Open { compressed: true, .. }), Some(inflating), false) =
            (self.message, &mut self.inflating, self.frame.opcode.is_control())
        {
            inflating.tear(&mut self.gathered);
        }
    }

    /// Nobody knows what was lost ([`Seen::Adrift`](crate::proto::Seen::Adrift)), or what came before the first byte.
    ///
    /// The message that was open is no more. With context takeover all later compressed messages are opaque.
    pub fn adrift(&mut self) {
        self.message = None;
        self.gathered = Vec::new();
        if let Some(inflating) = &mut self.inflating {
            inflating.adrift();
        }
    }

    /// The frame is complete.
    ///
    /// # Errors
    /// If it ends a compressed message before the compressed data do, or text inside a code point.
    #[inline]
    pub fn end(&mut self) -> Result<Option<Joined>, JoinFault> {
        match self.frame.opcode {
            Opcode::CONTINUATION | Opcode::TEXT | Opcode::BINARY => {}
            Opcode::CLOSE => return Ok(Some(Joined::Close)),
            Opcode::PING => return Ok(Some(Joined::Ping)),
            Opcode::PONG => return Ok(Some(Joined::Pong)),
            _ => return Ok(None),
        }
        if !self.frame.fin {
            return Ok(None);
        }
        let Some(Open { kind, mut compressed }) = self.message.take() else { return Ok(None) };
        if compressed && let Some(inflating) = &mut self.inflating {
            compressed = !inflating.end(kind, &mut self.gathered, self.max_message)?;
        }
        Ok(Some(Joined::Message { kind, compressed }))
    }

    /// The bytes of what [`Joiner::end`] completed, where `last` is the slice that [`Joiner::data`] was last given,
    /// empty if the frame had none.
    #[inline]
    pub fn payload<'a>(&'a self, last: &'a [u8]) -> &'a [u8] {
        match (self.lent, self.frame.opcode.is_control()) {
            (true, _) => last,
            (false, true) => self.control.as_deref().map_or(&[], Vec::as_slice),
            (false, false) => &self.gathered,
        }
    }

    /// Takes memory that was given back elsewhere, for the next message that is gathered.
    #[inline]
    pub fn borrow(&mut self, memory: &mut Vec<u8>) {
        if self.gathered.capacity() == 0 {
            std::mem::swap(&mut self.gathered, memory);
            self.gathered.clear();
        }
    }

    /// Gives memory that no open message needs to whoever may need it next, if it is more than there is.
    #[inline]
    pub fn give_back(&mut self, memory: &mut Vec<u8>) {
        if self.message.is_none() && self.gathered.capacity() > memory.capacity() {
            std::mem::swap(&mut self.gathered, memory);
        }
        self.release();
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

    /// Memory in bytes that it holds: for the message that is open, and for what compressed messages refer to.
    #[inline]
    pub fn kept(&self) -> usize {
        self.gathered.capacity() + self.inflating.as_ref().map_or(0, |inflating| inflating.kept())
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
            joiner.data(&vec![b'x'; size.min(left)]).expect("nothing is inflated");
            left -= size.min(left);
            asked += usize::from(joiner.gathered.capacity() != capacity);
            assert!(joiner.gathered.capacity() <= 2 * joiner.gathered.len(), "at most twice of what came");
        }
        if came == head.len {
            joiner.end().expect("nothing is inflated");
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
