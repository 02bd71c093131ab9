//! One direction of a connection, read and judged.
//!
//! A [`Flow`] owns no buffer: it is lent the reader's own bytes, unmasks them in place and lends slices of them back.
//! Between calls it keeps a head that was cut (14 bytes at most) and where it is, nothing else. It never reacts and
//! never stops: after a fault it reads on as well as the bytes allow. Cutting the bytes differently changes nothing
//! but where [`Seen::Data`] is cut, and so how early a fault of the payload is said.

use crate::proto::{Role, Rule, Rules};
use crate::wire::{self, CloseCode, Head, Opcode, Utf8};

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

    /// Takes the next bytes of the direction. All of them are read when the iterator ends.
    ///
    /// For a flow that is adrift, `bytes` have to start where a TCP segment did.
    #[inline]
    pub fn read<'f, 'a>(&'f mut self, bytes: &'a mut [u8]) -> Reading<'f, 'a> {
        Reading { flow: self, rest: bytes }
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

    /// The faults of a head, and what they mean for the message that is open.
    #[inline]
    fn judge_head(&mut self, head: &Head) -> Rules {
        let fragment = head.opcode == Opcode::CONTINUATION;
        let control = head.opcode.is_control();
        let allowed = if fragment || control { 0 } else { self.reserved };
        let masked = head.mask.is_some();
        let clean = head.rsv & !allowed == 0
            && masked == (self.sender == Role::Client)
            && (!masked || head.mask != self.key)
            && !self.closed
            && match head.form {
                wire::Form::Bits7 => true,
                wire::Form::Bits16 => head.len > 125 && !control,
                wire::Form::Bits64 => head.len > 0xffff && head.len >> 63 == 0 && !control,
            }
            && match head.opcode {
                Opcode::TEXT | Opcode::BINARY => matches!(self.open, Open::None | Open::Unknown),
                Opcode::CONTINUATION => self.open != Open::None,
                Opcode::CLOSE | Opcode::PING | Opcode::PONG => head.fin,
                _ => false,
            };
        if clean { Rules::NONE } else { self.faults_of(head, allowed) }
    }

    #[cold]
    fn faults_of(&self, head: &Head, allowed: u8) -> Rules {
        let control = head.opcode.is_control();
        let data = matches!(head.opcode, Opcode::TEXT | Opcode::BINARY);
        let checks = [
            (head.rsv & !allowed != 0, Rule::ReservedBit),
            (head.opcode.is_reserved(), Rule::ReservedOpcode),
            (head.mask.is_none() && self.sender == Role::Client, Rule::Unmasked),
            (head.mask.is_some() && self.sender == Role::Server, Rule::Masked),
            (head.form != wire::Form::minimal(head.len), Rule::LengthNotMinimal),
            (head.len >> 63 != 0, Rule::LengthTopBit),
            (control && head.len > 125, Rule::ControlTooLong),
            (control && !head.fin, Rule::ControlFragmented),
            (head.opcode == Opcode::CONTINUATION && self.open == Open::None, Rule::NothingToContinue),
            (data && matches!(self.open, Open::Text | Open::Opaque), Rule::MessageUnfinished),
            (self.closed, Rule::FrameAfterClose),
            (head.mask.is_some() && head.mask == self.key, Rule::MaskingKeyRepeated),
        ];
        checks.into_iter().filter_map(|(broken, rule)| broken.then_some(rule)).collect()
    }

    /// Enters the frame of `head`.
    #[inline]
    fn begin(&mut self, head: Head) {
        self.faults = self.judge_head(&head);
        self.fin = head.fin;
        self.opcode = head.opcode;
        self.key = head.mask;
        self.len = head.len;
        self.remaining = head.len;
        self.torn = false;
        self.judge = match head.opcode {
            Opcode::TEXT | Opcode::BINARY => {
                // A compressed message is text only once it is inflated.
                let text = head.opcode == Opcode::TEXT && head.rsv & self.reserved == 0;
                self.utf8 = Utf8::new();
                self.open = if text { Open::Text } else { Open::Opaque };
                if text { Judge::Text } else { Judge::Nothing }
            }
            Opcode::CONTINUATION if self.open == Open::Text => Judge::Text,
            Opcode::CLOSE => {
                self.close = CloseScan::default();
                Judge::Close
            }
            _ => Judge::Nothing,
        };
        if head.len == 0 {
            self.finish_frame();
        } else {
            self.step = Step::Payload;
        }
    }

    /// Leaves the frame: what its payload as a whole breaks, and what comes after it.
    #[inline]
    fn finish_frame(&mut self) {
        self.step = Step::End;
        if !self.opcode.is_control() {
            if self.fin && !self.opcode.is_reserved() {
                if self.judge == Judge::Text && self.utf8.finish().is_err() {
                    self.faults.insert(Rule::InvalidUtf8);
                }
                self.open = Open::None;
            }
        } else if self.opcode == Opcode::CLOSE {
            if !self.torn {
                self.judge_close();
            }
            self.closed = true;
        }
    }

    #[cold]
    fn judge_close(&mut self) {
        let scan = &mut self.close;
        if scan.seen == 1 {
            self.faults.insert(Rule::CloseBodyStub);
        }
        if self.judge == Judge::Close && scan.reason.finish().is_err() {
            self.faults.insert(Rule::CloseReasonNotUtf8);
        }
    }

    #[inline]
    fn judge_payload(&mut self, data: &[u8]) {
        match self.judge {
            Judge::Nothing => {}
            Judge::Text => {
                if self.utf8.feed(data).is_err() {
                    self.faults.insert(Rule::InvalidUtf8);
                    // Said once a message.
                    self.judge = Judge::Nothing;
                    self.open = Open::Opaque;
                }
            }
            Judge::Close => self.scan_close(data),
        }
    }

    #[cold]
    fn scan_close(&mut self, data: &[u8]) {
        let scan = &mut self.close;
        let missing = usize::from(2 - scan.seen).min(data.len());
        let (code, reason) = data.split_at(missing);
        for &byte in code {
            scan.code[usize::from(scan.seen)] = byte;
            scan.seen += 1;
        }
        if scan.seen == 2
            && missing > 0
            && let Some(rule) = Rule::broken_by(CloseCode(u16::from_be_bytes(scan.code)))
        {
            self.faults.insert(rule);
        }
        if scan.reason.feed(reason).is_err() {
            self.faults.insert(Rule::CloseReasonNotUtf8);
            self.judge = Judge::Nothing;
        }
    }
}

impl Flow {
    /// Reads on in `rest` and takes from it what was read; `None` when it is used up.
    ///
    /// What [`Flow::read`] does in a loop, for who has to do other things in between. `rest` must not be shortened by
    /// anybody else.
    #[inline(always)]
    pub fn next<'a>(&mut self, rest: &mut &'a mut [u8]) -> Option<Seen<'a>> {
        match self.step {
            // Every fault of a frame is said before its end.
            Step::Head => self.next_head(rest),
            Step::Payload | Step::End if !self.faults.is_empty() => self.faults.pop().map(Seen::Fault),
            Step::Payload => self.next_payload(rest),
            Step::End => {
                self.step = Step::Head;
                Some(Seen::End)
            }
            Step::Adrift => self.next_plausible(rest),
        }
    }

    /// Takes a message of at most `limit` bytes that is the very next thing, whole in one frame, all there, and without
    /// a fault, and tells its kind; `None`, with nothing taken, if what comes is anything else.
    ///
    /// It is what [`Flow::next`] would tell as a head, data and an end, at a fraction of the cost: most of the traffic
    /// of most connections looks like this.
    #[inline]
    pub fn next_message<'a>(&mut self, rest: &mut &'a mut [u8], limit: u64) -> Option<(Head, &'a [u8])> {
        if self.step != Step::Head || self.held > 0 || self.open != Open::None {
            return None;
        }
        let (head, size) = Head::parse(rest)?;
        let data = matches!(head.opcode, Opcode::TEXT | Opcode::BINARY);
        if !data || !head.fin || head.rsv != 0 || head.len > limit || !self.judge_head(&head).is_empty() {
            return None;
        }
        let end = size.checked_add(usize::try_from(head.len).ok()?)?;
        let payload = rest.get_mut(size..end)?;
        if let Some(key) = head.mask {
            wire::mask(payload, key);
        }
        if head.opcode == Opcode::TEXT && !wire::is_utf8(payload) {
            // Not the usual thing: as it was, for `next` to tell.
            if let Some(key) = head.mask {
                wire::mask(payload, key);
            }
            return None;
        }
        self.key = head.mask;
        let taken = self.advance(rest, end);
        Some((head, &taken[size..]))
    }

    #[inline]
    fn next_head<'a>(&mut self, rest: &mut &'a mut [u8]) -> Option<Seen<'a>> {
        let (head, size) = if self.held == 0 {
            match Head::parse(rest) {
                Some(parsed) => parsed,
                None => return self.hold(rest),
            }
        } else {
            self.mend(rest)?
        };
        self.advance(rest, size);
        self.begin(head);
        Some(Seen::Head(head))
    }

    /// The bytes end inside a head: keeps its beginning.
    #[cold]
    fn hold<'a>(&mut self, rest: &mut &'a mut [u8]) -> Option<Seen<'a>> {
        let cut = self.advance(rest, rest.len());
        self.cut[..cut.len()].copy_from_slice(cut);
        self.held = cut.len() as u8;
        None
    }

    /// Completes a head that was cut. The size that it gives is what remains to be taken of these bytes.
    #[cold]
    fn mend(&mut self, rest: &mut &mut [u8]) -> Option<(Head, usize)> {
        let held = usize::from(self.held);
        let count = (Head::MAX_LEN - held).min(rest.len());
        let mut bytes = self.cut;
        bytes[held..held + count].copy_from_slice(&rest[..count]);
        match Head::parse(&bytes[..held + count]) {
            Some((head, size)) => {
                self.held = 0;
                Some((head, size - held))
            }
            None => {
                self.advance(rest, count);
                self.cut = bytes;
                self.held += count as u8;
                None
            }
        }
    }

    #[inline]
    fn next_payload<'a>(&mut self, rest: &mut &'a mut [u8]) -> Option<Seen<'a>> {
        if rest.is_empty() {
            return None;
        }
        let offset = self.len - self.remaining;
        let count = rest.len().min(usize::try_from(self.remaining).unwrap_or(usize::MAX));
        let data = self.advance(rest, count);
        if let Some(key) = self.key {
            wire::mask_at(data, key, offset);
        }
        self.judge_payload(data);
        self.remaining -= count as u64;
        if self.remaining == 0 {
            self.finish_frame();
        }
        Some(Seen::Data(data))
    }

    #[cold]
    fn next_plausible<'a>(&mut self, rest: &mut &'a mut [u8]) -> Option<Seen<'a>> {
        if rest.is_empty() {
            return None;
        }
        if self.is_plausible(rest) {
            self.step = Step::Head;
            return Some(Seen::Resumed);
        }
        let passed = self.advance(rest, rest.len());
        Some(Seen::Lost(passed.len() as u64))
    }

    #[inline]
    fn advance<'a>(&mut self, rest: &mut &'a mut [u8], count: usize) -> &'a mut [u8] {
        let (taken, left) = std::mem::take(rest).split_at_mut(count);
        *rest = left;
        self.position = self.position.wrapping_add(count as u64);
        taken
    }
}

/// The bytes of one [`Flow::read`], as what was seen in them.
///
/// Dropped early it leaves the flow where it is: the bytes that were not read are for the caller to give again.
#[derive(Debug)]
pub struct Reading<'f, 'a> {
    flow: &'f mut Flow,
    rest: &'a mut [u8],
}

impl Reading<'_, '_> {
    /// How many bytes of the direction were read so far, also within the bytes that were given.
    pub const fn position(&self) -> u64 {
        self.flow.position
    }

    /// How many of the given bytes are still to be read.
    pub const fn unread(&self) -> usize {
        self.rest.len()
    }
}

impl<'a> Iterator for Reading<'_, 'a> {
    type Item = Seen<'a>;

    #[inline]
    fn next(&mut self) -> Option<Seen<'a>> {
        self.flow.next(&mut self.rest)
    }
}
