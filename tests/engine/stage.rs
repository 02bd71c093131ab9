//! Cases and targets to play with, and a stage where time is a number.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use wslab::conform::{
    Act, Alternative, Case, Close, Closer, Expected, Frame, Grade, Id, Judgement, Manners, Pace, Patience, Payload,
    Recorder, Script, Source, Step, Then, Transcript, Wanted, judge,
};
use wslab::proto::{Clause, Flow, Level, Role, Seen};
use wslab::watch::{Ending, Opening};
use wslab::wire::{CloseBody, CloseCode, Head, Opcode};

pub const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub const fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

/// A case that sends `send`, and takes `expect` for OK.
pub fn case<const N: usize>(send: [Step; N], expect: &[Expected]) -> Case {
    Case {
        id: Id("t.1".into()),
        title: "A case of the tests".to_owned(),
        note: None,
        rules: Vec::new(),
        clauses: vec![Clause("6455#5.2")],
        level: Level::Must,
        tags: Vec::new(),
        target: None,
        deflate: Vec::new(),
        opening: None,
        manners: Manners::default(),
        beside: None,
        send: send.into(),
        expect: vec![Alternative { verdict: Grade::Ok, events: expect.to_vec() }],
        close: Close {
            by: Closer::Us,
            codes: vec![CloseCode::NORMAL],
            clean: true,
            wrong_end_fails: false,
            wrong_code_fails: false,
            may_be_bare: false,
        },
        patience: Patience { time: ms(1000), then: Then::Fail },
        hears_messages: true,
        informational: false,
        source: Source { file: "t.toml".into(), line: 1 },
    }
}

/// The case, with the target to fail the connection with `code`.
pub fn failing(case: Case, code: u16) -> Case {
    let close = Close { by: Closer::Target, codes: vec![CloseCode(code)], clean: false, ..case.close.clone() };
    Case { close, ..case }
}

pub fn frame(opcode: Opcode, payload: impl Into<Payload>) -> Frame {
    Frame::new(opcode, payload)
}

pub fn text(payload: &'static str) -> Step {
    Step::Frame(frame(Opcode::TEXT, payload))
}

pub fn ping(payload: &'static str) -> Step {
    Step::Frame(frame(Opcode::PING, payload))
}

pub fn close(code: u16) -> Step {
    Step::Frame(frame(Opcode::CLOSE, Payload::Bytes(code.to_be_bytes().to_vec().into())))
}

pub fn hears(payload: &'static str) -> Expected {
    Expected::Text(payload.into())
}

/// What a target does upon a frame, and how long after it.
#[derive(Clone, Debug)]
pub enum Deed {
    Send(Vec<u8>),
    End,
    Reset,
}

/// A server frame.
pub fn says(opcode: Opcode, payload: &[u8]) -> Deed {
    let mut bytes = Head::new(opcode, payload.len() as u64).encode().to_vec();
    bytes.extend_from_slice(payload);
    Deed::Send(bytes)
}

pub fn closes(code: u16) -> Deed {
    says(Opcode::CLOSE, &code.to_be_bytes())
}

/// Reacts to frames.
pub type Target = Box<dyn FnMut(&Head, &[u8]) -> Vec<(Duration, Deed)> + Send>;

/// A target that echoes messages and answers control frames as it should.
pub fn echo() -> Target {
    let mut message: Option<(Opcode, Vec<u8>)> = None;
    let mut closed = false;
    Box::new(move |head, payload| {
        let now = |deed| (Duration::ZERO, deed);
        match head.opcode {
            _ if closed => Vec::new(),
            Opcode::PING => vec![now(says(Opcode::PONG, payload))],
            Opcode::CLOSE => {
                closed = true;
                let code = CloseBody::parse(payload).code().unwrap_or(CloseCode::NORMAL);
                vec![now(closes(code.0)), now(Deed::End)]
            }
            Opcode::TEXT | Opcode::BINARY | Opcode::CONTINUATION => {
                let (opcode, mut all) = message.take().unwrap_or((head.opcode, Vec::new()));
                all.extend_from_slice(payload);
                if head.fin {
                    return vec![now(says(opcode, &all))];
                }
                message = Some((opcode, all));
                Vec::new()
            }
            _ => Vec::new(),
        }
    })
}

/// A target that does nothing.
pub fn mute() -> Target {
    Box::new(|_, _| Vec::new())
}

/// A target that does this upon the first frame, and then answers our close frame.
pub fn once(deeds: Vec<(u64, Deed)>) -> Target {
    let mut deeds = Some(deeds);
    Box::new(move |_, _| deeds.take().unwrap_or_default().into_iter().map(|(at, deed)| (ms(at), deed)).collect())
}

/// What was played, and how it was judged.
#[derive(Debug)]
pub struct Played {
    pub transcript: Transcript,
    pub writes: Vec<(Duration, Vec<u8>)>,
    /// The frames that we sent: opcode and payload.
    pub frames: Vec<(Opcode, Vec<u8>)>,
    pub judgement: Judgement,
}

impl Played {
    pub fn opcodes(&self) -> Vec<Opcode> {
        self.frames.iter().map(|(opcode, _)| *opcode).collect()
    }

    pub fn verdicts(&self) -> (&'static str, &'static str) {
        (self.judgement.verdict.word(), self.judgement.close.word())
    }

    /// The payload of our close frame.
    pub fn our_close(&self) -> Option<&[u8]> {
        self.frames.iter().find(|(opcode, _)| *opcode == Opcode::CLOSE).map(|(_, payload)| &payload[..])
    }
}

pub fn opened() -> Opening {
    Opening { done: true, status: Some(101), ..Opening::default() }
}

/// Reads frames and hands each to a target when it is complete.
pub struct Reader {
    flow: Flow,
    head: Option<Head>,
    payload: Vec<u8>,
}

impl Reader {
    pub fn new() -> Self {
        Self { flow: Flow::new(Role::Client), head: None, payload: Vec::new() }
    }

    pub fn read(&mut self, bytes: &[u8]) -> Vec<(Head, Vec<u8>)> {
        let mut frames = Vec::new();
        for seen in self.flow.read(&mut bytes.to_vec()) {
            match seen {
                Seen::Head(head) => self.head = Some(head),
                Seen::Data(data) => self.payload.extend_from_slice(data),
                Seen::End => frames.extend(self.head.take().map(|head| (head, std::mem::take(&mut self.payload)))),
                _ => {}
            }
        }
        frames
    }
}

/// Plays `case` against `target`; time passes only where both wait.
pub fn play(case: &Case, target: Target) -> Played {
    play_at(case, target, Pace::default())
}

pub fn play_at(case: &Case, target: Target, pace: Pace) -> Played {
    play_opened(case, target, pace, opened())
}

/// Plays it on a connection that these extensions were agreed for.
pub fn play_agreed(case: &Case, target: Target, extensions: &str) -> Played {
    play_opened(case, target, Pace::default(), Opening { extensions: extensions.to_owned(), ..opened() })
}

fn play_opened(case: &Case, mut target: Target, pace: Pace, opening: Opening) -> Played {
    let wanted = Arc::new(Wanted::of(case));
    let mut script = Script::new(Arc::new(case.clone()), wanted, Role::Client, pace);
    let mut record = Recorder::new(Role::Client, script.bounds());
    record.opened(opening, None);
    let (mut reader, mut writes, mut frames) = (Reader::new(), Vec::new(), Vec::new());
    let mut now = Duration::ZERO;
    // What the target is going to do, by time and order.
    let mut due: BTreeMap<(Duration, u64), Deed> = BTreeMap::new();
    for turn in 0.. {
        assert!(turn < 1_000_000, "the script does not end");
        match script.next(now, &mut record, &mut || KEY) {
            Act::Write(bytes) => {
                for (head, payload) in reader.read(&bytes) {
                    for (after, deed) in target(&head, &payload) {
                        let order = due.len() as u64 + turn * 1000;
                        due.insert((now + after, order), deed);
                    }
                    frames.push((head.opcode, payload));
                }
                writes.push((now, bytes.to_vec()));
            }
            Act::Wait(until) => {
                assert!(until > now, "a wait that is over");
                match due.first_entry().filter(|entry| entry.key().0 <= until) {
                    Some(entry) => {
                        now = now.max(entry.key().0);
                        match entry.remove() {
                            Deed::Send(mut bytes) => record.received(now, &mut bytes),
                            Deed::End => record.ended(now, Ending::ByPeer),
                            Deed::Reset => record.ended(now, Ending::Reset),
                        }
                    }
                    None => now = until,
                }
            }
            Act::HalfClose => {
                due.insert((now, turn * 1000), Deed::End);
            }
            Act::Reset | Act::Done => break,
        }
    }
    let transcript = record.finish();
    let judgement = judge(case, &transcript);
    Played { transcript, writes, frames, judgement }
}
