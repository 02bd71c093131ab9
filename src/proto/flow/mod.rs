//! One direction of a connection, read and judged.
//!
//! A [`Flow`] owns no buffer: it is lent the reader's own bytes, unmasks them in place and lends slices of them back.
//! Between calls it keeps a head that was cut (14 bytes at most) and where it is, nothing else. It never reacts and
//! never stops: after a fault it reads on as well as the bytes allow. Cutting the bytes differently changes nothing
//! but where [`Seen::Data`] is cut, and so how early a fault of the payload is said.

mod judge;
mod read;

pub use self::read::Reading;
use crate::proto::{Role, Rule, Rules};
use crate::wire::{Head, Opcode, Utf8};

/// One thing that was seen in a direction of a connection.
///
/// A frame is its head, the faults of the head, its payload in as many pieces as arrived (none if it is empty), the
/// faults of the payload, and its end. A fault is said as soon as it is certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// A frame begins.
    Head(Head),
    /// Payload of the frame, unmasked; never empty.
    Data(&'a [u8]),
    /// The frame is complete.
    End,
    /// A rule was broken.
    Fault(Rule),
    /// So many bytes are missing, or were passed over because nobody knows what they are.
    Lost(u64),
    /// A loss swallowed a head: where the next frame begins is unknown.
    Adrift,
    /// A place was found that looks like the head of a frame.
    Resumed,
}

/// What one direction of a connection has to be read with.
#[derive(Clone, Debug)]
pub struct Flow {
    sender: Role,
    reserved: u8,
    step: Step,
    faults: Rules,
    fin: bool,
    opcode: Opcode,
    key: Option<[u8; 4]>,
    len: u64,
    remaining: u64,
    open: Open,
    judge: Judge,
    torn: bool,
    closed: bool,
    held: u8,
    cut: [u8; Head::MAX_LEN],
    utf8: Utf8,
    close: CloseScan,
    position: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Head,
    Payload,
    End,
    Adrift,
}

/// The message that is being fragmented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    None,
    Text,
    /// Binary, or text that only inflating makes readable.
    Opaque,
    /// After a loss: there may be one or not.
    Unknown,
}

/// How the payload of the current frame is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judge {
    Nothing,
    Text,
    Close,
}

/// The body of a close frame as it arrives.
#[derive(Clone, Copy, Debug, Default)]
struct CloseScan {
    seen: u8,
    code: [u8; 2],
    reason: Utf8,
}

impl Flow {
    /// The direction in which `sender` sends, from its first frame on.
    pub const fn new(sender: Role) -> Self {
        Self {
            sender,
            reserved: 0,
            step: Step::Head,
            faults: Rules::NONE,
            fin: true,
            opcode: Opcode::CONTINUATION,
            key: None,
            len: 0,
            remaining: 0,
            open: Open::None,
            judge: Judge::Nothing,
            torn: false,
            closed: false,
            held: 0,
            cut: [0; Head::MAX_LEN],
            utf8: Utf8::new(),
            close: CloseScan { seen: 0, code: [0; 2], reason: Utf8::new() },
            position: 0,
        }
    }

    /// The same with reserved bits that an extension gave a meaning on the first frame of a message.
    pub const fn with_reserved(mut self, bits: u8) -> Self {
        self.reserved = bits;
        self
    }

    /// A direction whose beginning was not seen: it looks for the first plausible head.
    pub const fn adrift(sender: Role) -> Self {
        let mut flow = Self::new(sender);
        flow.lose_track();
        flow
    }

    /// Who sends in this direction.
    pub const fn sender(&self) -> Role {
        self.sender
    }

    /// The reserved bits that an extension gave a meaning.
    pub const fn reserved(&self) -> u8 {
        self.reserved
    }

    /// How many bytes of the direction were read or lost, modulo 2^64.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Payload bytes of the current frame that are still to come; 0 between frames.
    pub const fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Whether the next byte begins a frame.
    pub const fn is_between_frames(&self) -> bool {
        matches!(self.step, Step::Head) && self.held == 0
    }

    /// Steps over `lost` bytes that nobody will ever see.
    ///
    /// Within the payload of one frame that is all; beyond it the flow is adrift. Faults that were not asked for yet,
    /// because a [`Reading`] was dropped early, are said first.
    pub fn skip(&mut self, lost: u64) -> impl Iterator<Item = Seen<'static>> + use<> {
        let unsaid = std::mem::replace(&mut self.faults, Rules::NONE);
        self.position = self.position.wrapping_add(lost);
        let in_payload = self.step == Step::Payload && lost <= self.remaining;
        // What came of a head that was cut is passed over too.
        let passed = lost.saturating_add(u64::from(self.held));
        let then = if lost == 0 || self.step == Step::Adrift {
            None
        } else if in_payload {
            self.remaining -= lost;
            self.torn = true;
            if self.judge == Judge::Text {
                self.open = Open::Opaque;
            }
            self.judge = Judge::Nothing;
            (self.remaining == 0).then(|| {
                self.finish_frame();
                self.step = Step::Head;
                Seen::End
            })
        } else {
            self.lose_track();
            Some(Seen::Adrift)
        };
        unsaid.map(Seen::Fault).chain((lost > 0).then_some(Seen::Lost(passed))).chain(then)
    }

    /// Ends the direction: what is broken by its ending here.
    pub fn finish(&self) -> Rules {
        let mut faults = self.faults;
        if self.held > 0 || self.step == Step::Payload {
            faults.insert(Rule::TruncatedFrame);
        } else if matches!(self.open, Open::Text | Open::Opaque) && !self.closed {
            faults.insert(Rule::TruncatedMessage);
        }
        faults
    }

    const fn lose_track(&mut self) {
        self.step = Step::Adrift;
        self.faults = Rules::NONE;
        self.remaining = 0;
        self.held = 0;
        self.open = Open::Unknown;
        self.key = None;
    }

    /// Whether a conforming sender could have begun a frame with these bytes; asked after a loss.
    fn is_plausible(&self, mut bytes: &[u8]) -> bool {
        let mut frames = 0;
        while let Some((head, size)) = Head::parse(bytes) {
            let mut probe = Self { open: Open::Unknown, ..Self::new(self.sender) };
            probe.reserved = self.reserved;
            if !probe.judge_head(&head).is_empty() {
                return false;
            }
            frames += 1;
            match usize::try_from(head.len).ok().and_then(|len| bytes.get(size + len..)) {
                Some(rest) if !rest.is_empty() => bytes = rest,
                _ => return true,
            }
        }
        frames > 0
    }
}
