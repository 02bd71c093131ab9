//! What holds for any bytes, cut anyhow, with any losses; and for any frames, right or wrong.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use wslab::proto::{Flow, Role, Rule, Rules, Seen};
use wslab::wire::{CloseCode, Form, Head, Opcode};

use crate::support::direction::{Sight, WholeFrame, read_in_pieces, sights, whole_frames};
use crate::support::frame::{Frame, close_with, frame, ping, pong};

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![0..4_usize, 0..40_usize], 0..40)
}

/// Something happens to a direction.
#[derive(Clone, Debug)]
enum Happening {
    Bytes(Vec<u8>),
    /// So many bytes are lost.
    Loss(u64),
    /// What remains of the frame is lost, and so many bytes more.
    LossOfTheRest(u64),
    /// A reading is given up after so many items.
    Dropped(Vec<u8>, usize),
}

/// Bytes that often go beyond a first head.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let frames = vec(any_frame(), 0..6).prop_map(|frames| encode(&frames, Role::Client));
    let short_frames = vec((any::<u8>(), 0..20_u8, vec(any::<u8>(), 0..20)), 0..8)
        .prop_map(|heads| heads.into_iter().flat_map(|(a, b, rest)| [vec![a, b], rest].concat()).collect());
    prop_oneof![vec(any::<u8>(), 0..300), short_frames, frames]
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => bytes().prop_map(Happening::Bytes),
        1 => (bytes(), 0..10_usize).prop_map(|(bytes, items)| Happening::Dropped(bytes, items)),
        1 => prop_oneof![0..100_u64, any::<u64>()].prop_map(Happening::Loss),
        1 => (0..2_u64).prop_map(Happening::LossOfTheRest),
    ]
}

/// How many bytes of the direction an item stands for.
fn bytes_of(seen: &Seen<'_>) -> u64 {
    match seen {
        Seen::Head(head) => head.encode().len() as u64,
        Seen::Data(data) => data.len() as u64,
        Seen::Lost(count) => *count,
        Seen::End | Seen::Fault(_) | Seen::Adrift | Seen::Resumed => 0,
    }
}

proptest! {
    /// Every byte that was given or lost is said in some item, but for the beginning of a head that is not yet whole.
    #[test]
    fn nothing_panics_and_every_byte_is_accounted_for(
        sender in role(),
        reserved in 0..8_u8,
        adrift: bool,
        happenings in vec(happening(), 0..12),
    ) {
        let mut flow = if adrift { Flow::adrift(sender) } else { Flow::new(sender) }.with_reserved(reserved);
        let (mut given, mut said) = (0_u64, 0_u64);
        for happening in happenings {
            match happening {
                Happening::Bytes(mut bytes) => {
                    given = given.wrapping_add(bytes.len() as u64);
                    for seen in flow.read(&mut bytes) {
                        said = said.wrapping_add(bytes_of(&seen));
                    }
                }
                Happening::Dropped(mut bytes, items) => {
                    let mut reading = flow.read(&mut bytes);
                    for seen in reading.by_ref().take(items) {
                        said = said.wrapping_add(bytes_of(&seen));
                    }
                    let unread = reading.unread();
                    given = given.wrapping_add((bytes.len() - unread) as u64);
                }
                Happening::Loss(lost) => {
                    given = given.wrapping_add(lost);
                    said = flow.skip(lost).fold(said, |said, seen| said.wrapping_add(bytes_of(&seen)));
                }
                Happening::LossOfTheRest(more) => {
                    let lost = flow.remaining().saturating_add(more);
                    given = given.wrapping_add(lost);
                    said = flow.skip(lost).fold(said, |said, seen| said.wrapping_add(bytes_of(&seen)));
                }
            }
            prop_assert_eq!(flow.position(), given);
            prop_assert!(given.wrapping_sub(said) < Head::MAX_LEN as u64, "{} given, {} said", given, said);
            if flow.is_between_frames() {
                prop_assert_eq!(given, said);
                prop_assert_eq!(flow.remaining(), 0);
            }
            let _ = flow.finish();
        }
    }

    #[test]
    fn chopping_changes_nothing(
        sender in role(),
        reserved in 0..8_u8,
        bytes in bytes(),
        sizes in sizes(),
    ) {
        let flow = Flow::new(sender).with_reserved(reserved);
        let whole = whole_frames(read_in_pieces(flow.clone(), &bytes, &[]));
        prop_assert_eq!(&whole_frames(read_in_pieces(flow.clone(), &bytes, &sizes)), &whole);
        prop_assert_eq!(&whole_frames(read_in_pieces(flow, &bytes, &vec![1; bytes.len()])), &whole);
    }

    /// Legal traffic of either side is seen as it was sent, and nothing is wrong with it.
    #[test]
    fn a_legal_session_gives_no_fault_and_its_payloads_come_back(
        sender in role(),
        session in session(),
        sizes in sizes(),
    ) {
        let mut flow = Flow::new(sender);
        let mut bytes = encode(&session.frames, sender);
        let mut messages = Vec::new();
        let mut controls = Vec::new();
        let mut open = None;
        let mut current: Option<(Head, Vec<u8>)> = None;
        let mut rest = &mut bytes[..];
        for size in sizes.into_iter().chain([usize::MAX]) {
            let (piece, after) = rest.split_at_mut(size.min(rest.len()));
            rest = after;
            for seen in flow.read(piece) {
                match seen {
                    Seen::Head(head) => current = Some((head, Vec::new())),
                    Seen::Data(data) => current.as_mut().expect("a head comes first").1.extend_from_slice(data),
                    Seen::End => {
                        let (head, payload) = current.take().expect("a head comes first");
                        if head.opcode.is_control() {
                            controls.push((head.opcode, payload));
                            continue;
                        }
                        let (_, joined) = open.get_or_insert((head.opcode, Vec::new()));
                        joined.extend(payload);
                        if head.fin {
                            messages.extend(open.take());
                        }
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
        }
        prop_assert_eq!((messages, controls), (session.messages, session.controls));
        prop_assert!(flow.finish().is_empty() && flow.is_between_frames());
    }

    /// Any frames, judged a second time by a model that is told frames instead of bytes.
    #[test]
    fn any_frames_are_judged_as_the_model_does(
        sender in role(),
        reserved in prop_oneof![Just(0_u8), Just(Head::RSV1), Just(7_u8)],
        frames in vec(any_frame(), 0..12),
        sizes in sizes(),
    ) {
        let flow = Flow::new(sender).with_reserved(reserved);
        let seen = whole_frames(read_in_pieces(flow.clone(), &encode(&frames, sender), &sizes));
        let mut model = Model { sender, reserved, open: None, closed: false, last_key: None };
        let expected: Vec<_> = (1..).zip(&frames).map(|(n, frame)| model.judge(frame, key(n))).collect();
        prop_assert_eq!(seen, expected);
    }

    /// Asking for whole messages first is a short way to the very same.
    #[test]
    fn whole_messages_are_told_as_the_rest_would_tell_them(
        sender in role(),
        reserved in prop_oneof![Just(0_u8), Just(Head::RSV1)],
        limit in prop_oneof![Just(u64::MAX), 0..200_u64],
        frames in vec(prop_oneof![any_frame(), any_whole_message()], 0..12),
        sizes in sizes(),
    ) {
        let flow = Flow::new(sender).with_reserved(reserved);
        let mut bytes = encode(&frames, sender);
        let expected = read_in_pieces(flow.clone(), &bytes, &sizes);
        let (mut short, mut seen) = (flow, Vec::new());
        let mut rest = &mut bytes[..];
        for size in sizes.iter().copied().chain([usize::MAX]) {
            let (mut piece, after) = rest.split_at_mut(size.min(rest.len()));
            rest = after;
            loop {
                if let Some((head, payload)) = short.next_message(&mut piece, limit) {
                    prop_assert!(head.len <= limit);
                    seen.push(Sight::Head(head));
                    seen.extend((!payload.is_empty()).then(|| Sight::Data(payload.to_vec())));
                    seen.push(Sight::End);
                } else if let Some(item) = short.next(&mut piece) {
                    seen.push(Sight::of(item));
                } else {
                    break;
                }
            }
        }
        prop_assert_eq!(seen, expected);
        prop_assert_eq!(short.position(), bytes.len() as u64);
    }

    /// A payload with a hole is seen as what remains of it, and the next frame is found.
    #[test]
    fn a_hole_in_a_payload_takes_nothing_but_its_bytes(
        sender in role(),
        payload in vec(any::<u8>(), 1..300),
        hole in any::<(Index, Index)>(),
    ) {
        let (a, b) = (hole.0.index(payload.len() + 1), hole.1.index(payload.len() + 1));
        let (start, end) = (a.min(b), a.max(b));
        let frame = frame(Opcode::BINARY, &payload);
        let mut bytes = encode(&[frame.clone(), ping("next")], sender);
        let head = frame.head(sender, key(1)).encode().len();
        let mut flow = Flow::new(sender);
        let mut seen = sights(&mut flow, &mut bytes[..head + start]);
        seen.extend(flow.skip((end - start) as u64).map(Sight::of));
        seen.extend(sights(&mut flow, &mut bytes[head + end..]));

        let whole = (start, end);
        let data: Vec<u8> = seen
            .iter()
            .take_while(|sight| **sight != Sight::End)
            .flat_map(|sight| if let Sight::Data(data) = sight { data.clone() } else { Vec::new() })
            .collect();
        prop_assert_eq!(data, [&payload[..start], &payload[end..]].concat(), "{:?}", whole);
        let next = Head { mask: ping("next").head(sender, key(2)).mask, ..Head::new(Opcode::PING, 4) };
        prop_assert_eq!(&seen[seen.len() - 3..], [Sight::Head(next), Sight::Data(b"next".to_vec()), Sight::End]);
        prop_assert!(!seen.iter().any(|sight| matches!(sight, Sight::Fault(_) | Sight::Adrift | Sight::Resumed)));
    }
}

/// A message in one frame, mostly without a fault.
fn any_whole_message() -> impl Strategy<Value = Frame> {
    prop_oneof![
        ".{0,80}".prop_map(|text| frame(Opcode::TEXT, text)),
        vec(any::<u8>(), 0..200).prop_map(|bytes| frame(Opcode::BINARY, bytes)),
        vec(any::<u8>(), 0..4).prop_map(|bytes| frame(Opcode::TEXT, bytes)),
    ]
}

/// The fresh masking key of the frame with this number.
fn key(number: u32) -> [u8; 4] {
    (0x9e37_79b9_u32.wrapping_mul(number)).to_be_bytes()
}

fn encode(frames: &[Frame], sender: Role) -> Vec<u8> {
    (1..).zip(frames).flat_map(|(number, frame)| frame.encode(sender, key(number))).collect()
}

/// Frames that a conforming sender sends, and what they amount to.
#[derive(Clone, Debug)]
struct Session {
    frames: Vec<Frame>,
    messages: Vec<(Opcode, Vec<u8>)>,
    controls: Vec<(Opcode, Vec<u8>)>,
}

fn session() -> impl Strategy<Value = Session> {
    let text = any::<String>().prop_map(|text| (Opcode::TEXT, text.into_bytes()));
    let binary = prop_oneof![vec(any::<u8>(), 0..300), Just(vec![0xff; 65535]), Just(vec![0xfe; 65536])]
        .prop_map(|bytes| (Opcode::BINARY, bytes));
    let control = prop_oneof![vec(any::<u8>(), 0..=125).prop_map(ping), vec(any::<u8>(), 0..=125).prop_map(pong),];
    // The cuts between fragments, and the control frames that follow each.
    let message = (prop_oneof![text, binary], vec((any::<Index>(), vec(control, 0..2)), 0..5));
    let code = prop_oneof![1000..=1003_u16, 1007..=1014_u16, 3000..=4999_u16];
    let close = proptest::option::of((code, "[a-zß€😀]{0,30}"));
    (vec(message, 0..6), close).prop_map(|(messages, close)| {
        let mut session = Session { frames: Vec::new(), messages: Vec::new(), controls: Vec::new() };
        for (message, breaks) in messages {
            session.say(&message, breaks);
        }
        if let Some((code, reason)) = close {
            session.control(close_with(code, reason));
        }
        session
    })
}

impl Session {
    fn say(&mut self, (opcode, payload): &(Opcode, Vec<u8>), mut breaks: Vec<(Index, Vec<Frame>)>) {
        breaks.sort_by_key(|(cut, _)| cut.index(payload.len() + 1));
        let mut start = 0;
        let mut opcode_now = *opcode;
        for (cut, controls) in breaks {
            let cut = cut.index(payload.len() + 1);
            self.frames.push(frame(opcode_now, &payload[start..cut]).unfinished());
            controls.into_iter().for_each(|control| self.control(control));
            (start, opcode_now) = (cut, Opcode::CONTINUATION);
        }
        self.frames.push(frame(opcode_now, &payload[start..]));
        self.messages.push((*opcode, payload.clone()));
    }

    fn control(&mut self, frame: Frame) {
        self.controls.push((frame.head(Role::Server, [0; 4]).opcode, frame.payload().to_vec()));
        self.frames.push(frame);
    }
}

/// A frame that may break any rule.
fn any_frame() -> impl Strategy<Value = Frame> {
    let opcode = prop_oneof![3 => 0..3_u8, 1 => 8..11_u8, 1 => 0..16_u8].prop_map(Opcode);
    let payload = prop_oneof![
        3 => "[aß€😀]{0,4}".prop_map(String::into_bytes),
        3 => vec(prop_oneof![Just(b'a'), 0x80..=0xff_u8], 0..4),
        2 => any::<[u8; 2]>().prop_map(Vec::from),
        2 => (990..1020_u16, vec(any::<u8>(), 0..2)).prop_map(|(code, reason)| {
            [&code.to_be_bytes()[..], &reason].concat()
        }),
        1 => (124..128_usize).prop_map(|len| vec![b'x'; len]),
    ];
    let rsv = prop_oneof![4 => Just(0_u8), 1 => 0..8_u8];
    let form = prop_oneof![6 => Just(Form::Bits7), 1 => Just(Form::Bits16), 1 => Just(Form::Bits64)];
    let masking = prop_oneof![8 => Just(0), 1 => Just(1), 1 => Just(2)];
    (opcode, payload, any::<bool>(), rsv, form, masking).prop_map(|(opcode, payload, fin, rsv, form, masking)| {
        let least = Form::minimal(payload.len() as u64);
        let frame = frame(opcode, payload).fin(fin || opcode.is_control() && rsv == 0).rsv(rsv).form(form.max(least));
        match masking {
            0 => frame,
            1 => frame.wrongly_masked(),
            _ => frame.key([1, 2, 3, 4]),
        }
    })
}

/// RFC 6455 told again, one frame after another, with no thought of speed.
struct Model {
    sender: Role,
    reserved: u8,
    /// The message that is being fragmented: its text so far, `None` if it is not judged as text.
    open: Option<Option<Vec<u8>>>,
    closed: bool,
    last_key: Option<[u8; 4]>,
}

impl Model {
    fn judge(&mut self, frame: &Frame, key: [u8; 4]) -> WholeFrame {
        let head = frame.head(self.sender, key);
        let mut of_the_head = Vec::new();
        let mut of_the_payload = Rules::NONE;
        let mut broken = |rule, is_broken: bool| {
            if is_broken {
                of_the_head.push(rule);
            }
        };
        let begins = matches!(head.opcode.0, 1 | 2);
        let control = head.opcode.0 >= 8;
        // A reserved opcode below 8 might begin a message of a kind of its own.
        let meant = if matches!(head.opcode.0, 1..=7) { self.reserved } else { 0 };
        broken(Rule::ReservedBit, (0..3).any(|bit| head.rsv >> bit & 1 > meant >> bit & 1));
        broken(Rule::ReservedOpcode, ![0, 1, 2, 8, 9, 10].contains(&head.opcode.0));
        broken(Rule::Unmasked, self.sender == Role::Client && head.mask.is_none());
        broken(Rule::Masked, self.sender == Role::Server && head.mask.is_some());
        let shortest = if head.len < 126 { 2 } else { 4 } + if head.mask.is_some() { 4 } else { 0 };
        broken(Rule::LengthNotMinimal, head.encode().len() > shortest);
        broken(Rule::ControlTooLong, control && head.len > 125);
        broken(Rule::ControlFragmented, control && !head.fin);
        broken(Rule::NothingToContinue, head.opcode.0 == 0 && self.open.is_none());
        broken(Rule::MessageUnfinished, begins && self.open.is_some());
        broken(Rule::FrameAfterClose, self.closed);
        broken(Rule::MaskingKeyRepeated, head.mask.is_some() && head.mask == self.last_key);
        self.last_key = head.mask;

        if begins {
            let text = head.opcode.0 == 1 && head.rsv & self.reserved == 0;
            self.open = Some(text.then(Vec::new));
        }
        if begins || head.opcode.0 == 0 {
            if let Some(text) = &mut self.open {
                let wrong = text.as_mut().is_some_and(|text| {
                    text.extend_from_slice(frame.payload());
                    let error = std::str::from_utf8(text).err();
                    error.is_some_and(|error| head.fin || error.error_len().is_some())
                });
                if wrong {
                    of_the_payload.insert(Rule::InvalidUtf8);
                    *text = None;
                }
            }
            if head.fin {
                self.open = None;
            }
        }
        if head.opcode == Opcode::CLOSE {
            self.closed = true;
            of_the_payload = close_faults(frame.payload());
        }
        WholeFrame { head, of_the_head, payload: frame.payload().to_vec(), of_the_payload, complete: true }
    }
}

fn close_faults(body: &[u8]) -> Rules {
    let [high, low, reason @ ..] = body else {
        return body.iter().map(|_| Rule::CloseBodyStub).collect();
    };
    let code = match u16::from_be_bytes([*high, *low]) {
        code if CloseCode(code).may_be_sent() => None,
        1004 | 1005 | 1006 | 1015 => Some(Rule::CloseCodeReserved),
        1016..3000 => Some(Rule::CloseCodeUnassigned),
        _ => Some(Rule::CloseCodeInvalid),
    };
    let reason = std::str::from_utf8(reason).is_err().then_some(Rule::CloseReasonNotUtf8);
    code.into_iter().chain(reason).collect()
}
