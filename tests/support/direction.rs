//! One direction of a connection, and what a `Flow` saw in it, in words.
//!
//! ```ignore
//! each_sender(|mut it| {
//!     it.sends(text("Hello").rsv(Head::RSV1));
//!     it.is_seen_as("text+rsv1 5, ReservedBit, 'Hello', end");
//! });
//! ```
//!
//! A head is its opcode and its length: `text 5`. Behind the opcode stand `+unfinished` for a clear fin bit, `+rsv1`,
//! `+rsv2` and `+rsv3`, `+masked` or `+unmasked` if the sender should not, and `+16bit` or `+64bit` for a form that is
//! too long. Data is in quotes; a fault is the name of its rule; the rest is `end`, `lost 5`, `adrift`, `resumed`.
//! Where the lines are broken is of no account.

use std::fmt::Write;
use std::ops::Range;

use wslab::proto::{Flow, Role, Rule, Rules, Seen};
use wslab::wire::{Form, Head};

use super::frame::Frame;

/// Runs the same test for the direction of a client and for that of a server.
pub(crate) fn each_sender(test: impl Fn(Direction)) {
    test(from(Role::Client));
    test(from(Role::Server));
}

/// The same with reserved bits that an extension gave a meaning.
pub(crate) fn each_sender_with_reserved(bits: u8, test: impl Fn(Direction)) {
    for sender in [Role::Client, Role::Server] {
        test(Direction::new(Flow::new(sender).with_reserved(bits)));
    }
}

/// The same with a beginning that nobody saw, and with reserved bits that an extension gave a meaning.
pub(crate) fn each_sender_adrift(bits: u8, test: impl Fn(Direction)) {
    for sender in [Role::Client, Role::Server] {
        test(Direction::new(Flow::adrift(sender).with_reserved(bits)));
    }
}

/// The direction in which `sender` sends.
pub(crate) fn from(sender: Role) -> Direction {
    Direction::new(Flow::new(sender))
}

/// A direction that is being read.
pub(crate) struct Direction {
    flow: Flow,
    at_first: Flow,
    bytes: Vec<u8>,
    gaps: bool,
    keys: u32,
    seen: Vec<Sight>,
}

impl Direction {
    fn new(flow: Flow) -> Self {
        // A place to resume at depends on where the bytes are cut.
        let gaps = !flow.is_between_frames();
        Self { at_first: flow.clone(), flow, bytes: Vec::new(), gaps, keys: 0, seen: Vec::new() }
    }

    pub(crate) fn sender(&self) -> Role {
        self.flow.sender()
    }

    pub(crate) fn flow(&self) -> &Flow {
        &self.flow
    }

    /// The bytes of a frame, masked with a key that was not used before.
    pub(crate) fn encode(&mut self, frame: &Frame) -> Vec<u8> {
        self.keys += 1;
        frame.encode(self.flow.sender(), (0x37fa_2100 + self.keys).to_be_bytes())
    }

    /// Sends a frame, in one piece.
    pub(crate) fn sends(&mut self, frame: Frame) {
        let bytes = self.encode(&frame);
        self.sends_bytes(&bytes);
    }

    /// Sends bytes, in one piece.
    pub(crate) fn sends_bytes(&mut self, bytes: impl AsRef<[u8]>) {
        let mut bytes = bytes.as_ref().to_vec();
        let before = self.flow.position();
        self.bytes.extend_from_slice(&bytes);
        self.seen.extend(sights(&mut self.flow, &mut bytes));
        assert_eq!(self.flow.position(), before + bytes.len() as u64, "every byte is counted");
    }

    /// Sends a frame of which these bytes never come: 0 is the first of the payload, and the end may lie beyond it.
    pub(crate) fn sends_without(&mut self, lost: Range<usize>, frame: Frame) {
        let bytes = self.encode(&frame);
        let payload = bytes.len() - frame.payload().len();
        self.sends_bytes(&bytes[..payload + lost.start]);
        self.loses(lost.len() as u64);
        self.sends_bytes(bytes.get(payload + lost.end..).unwrap_or_default());
    }

    /// So many bytes never come.
    pub(crate) fn loses(&mut self, lost: u64) {
        self.gaps = true;
        let before = self.flow.position();
        self.seen.extend(self.flow.skip(lost).map(Sight::of));
        assert_eq!(self.flow.position(), before + lost, "every byte that is lost is counted");
    }

    /// What was seen since this was last asked. Asks, too, whether cutting the bytes changes anything.
    pub(crate) fn is_seen_as(&mut self, expected: &str) {
        let seen: Vec<_> = self.seen.drain(..).map(|sight| sight.words(self.flow.sender())).collect();
        let expected = expected.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(seen.join(", "), expected, "the {} sends it", self.flow.sender());
        self.is_seen_alike_however_cut();
    }

    fn is_seen_alike_however_cut(&self) {
        let len = self.bytes.len();
        if self.gaps || len > 1 << 10 {
            return;
        }
        let read = |sizes: &[usize]| whole_frames(read_in_pieces(self.at_first.clone(), &self.bytes, sizes));
        let whole = read(&[len]);
        assert_eq!(read(&vec![1; len]), whole, "byte by byte");
        for cut in 0..=len {
            assert_eq!(read(&[cut, len - cut]), whole, "cut at {cut} of {:02x?}", self.bytes);
        }
    }

    /// What is broken by the direction ending here.
    pub(crate) fn ends(&self) -> Vec<Rule> {
        self.flow.finish().collect()
    }
}

/// A [`Seen`] with bytes of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    Head(Head),
    Data(Vec<u8>),
    End,
    Fault(Rule),
    Lost(u64),
    Adrift,
    Resumed,
}

impl Sight {
    pub(crate) fn of(seen: Seen<'_>) -> Self {
        match seen {
            Seen::Head(head) => Self::Head(head),
            Seen::Data(data) => Self::Data(data.to_vec()),
            Seen::End => Self::End,
            Seen::Fault(rule) => Self::Fault(rule),
            Seen::Lost(count) => Self::Lost(count),
            Seen::Adrift => Self::Adrift,
            Seen::Resumed => Self::Resumed,
        }
    }

    fn words(&self, sender: Role) -> String {
        match self {
            Self::Head(head) => head_in_words(head, sender),
            Self::Data(data) => format!("'{}'", data.escape_ascii()),
            Self::End => "end".into(),
            Self::Fault(rule) => rule.name().into(),
            Self::Lost(count) => format!("lost {count}"),
            Self::Adrift => "adrift".into(),
            Self::Resumed => "resumed".into(),
        }
    }
}

fn head_in_words(head: &Head, sender: Role) -> String {
    let mut words = head.opcode.to_string();
    let marks = [
        (!head.fin, "+unfinished"),
        (head.rsv & Head::RSV1 != 0, "+rsv1"),
        (head.rsv & Head::RSV2 != 0, "+rsv2"),
        (head.rsv & Head::RSV3 != 0, "+rsv3"),
        (head.mask.is_some() && sender == Role::Server, "+masked"),
        (head.mask.is_none() && sender == Role::Client, "+unmasked"),
        (head.form == Form::Bits16 && Form::minimal(head.len) != Form::Bits16, "+16bit"),
        (head.form == Form::Bits64 && Form::minimal(head.len) != Form::Bits64, "+64bit"),
    ];
    words.extend(marks.into_iter().filter_map(|(set, mark)| set.then_some(mark)));
    write!(words, " {}", head.len).expect("writing into a string cannot fail");
    words
}

/// Everything that is seen in these bytes.
pub(crate) fn sights(flow: &mut Flow, bytes: &mut [u8]) -> Vec<Sight> {
    flow.read(bytes).map(Sight::of).collect()
}

/// Everything that is seen when the bytes come in pieces of these sizes, and then the rest.
pub(crate) fn read_in_pieces(mut flow: Flow, bytes: &[u8], sizes: &[usize]) -> Vec<Sight> {
    let mut bytes = bytes.to_vec();
    let mut rest = &mut bytes[..];
    let mut seen = Vec::new();
    for size in sizes {
        let (piece, after) = rest.split_at_mut((*size).min(rest.len()));
        seen.extend(sights(&mut flow, piece));
        rest = after;
    }
    seen.extend(sights(&mut flow, rest));
    seen
}

/// A frame whose payload is joined, so that where it was cut does not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WholeFrame {
    pub(crate) head: Head,
    /// The faults of the head, before any data.
    pub(crate) of_the_head: Vec<Rule>,
    pub(crate) payload: Vec<u8>,
    /// The faults of the payload: how early they are said depends on how early the bytes come, so they are a set.
    pub(crate) of_the_payload: Rules,
    pub(crate) complete: bool,
}

/// Puts frames together from what was seen in a direction without losses.
pub(crate) fn whole_frames(seen: Vec<Sight>) -> Vec<WholeFrame> {
    let mut frames: Vec<WholeFrame> = Vec::new();
    for sight in seen {
        if let Sight::Head(head) = sight {
            assert!(frames.last().is_none_or(|last| last.complete), "a frame begins inside another");
            frames.push(WholeFrame {
                head,
                of_the_head: Vec::new(),
                payload: Vec::new(),
                of_the_payload: Rules::NONE,
                complete: false,
            });
            continue;
        }
        let frame = frames.last_mut().expect("a head comes first");
        assert!(!frame.complete, "nothing but a head follows an end");
        match sight {
            Sight::Data(data) => {
                assert!(!data.is_empty(), "data is never empty");
                frame.payload.extend(data);
            }
            Sight::Fault(rule) if is_of_a_payload(rule) => {
                assert!(!frame.of_the_payload.contains(rule), "{rule:?} is said once a frame");
                frame.of_the_payload.insert(rule);
            }
            Sight::Fault(rule) => {
                assert!(frame.payload.is_empty(), "{rule:?} is known before the payload");
                frame.of_the_head.push(rule);
            }
            Sight::End => {
                assert_eq!(frame.payload.len() as u64, frame.head.len, "a frame ends when its payload does");
                frame.complete = true;
            }
            other => panic!("{other:?} where nothing was lost"),
        }
    }
    frames
}

fn is_of_a_payload(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::InvalidUtf8
            | Rule::CloseBodyStub
            | Rule::CloseCodeInvalid
            | Rule::CloseCodeReserved
            | Rule::CloseCodeUnassigned
            | Rule::CloseReasonNotUtf8
    )
}
