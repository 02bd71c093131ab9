//! Sessions written by hand, and servers in memory.

use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::watch;
use wslab::conform::fuzz::{Course, End, Prediction, Session, predict};
use wslab::conform::{Await, Connect, Expected, Frame, Grade, Own, Payload, Step, Terms, Trouble};
use wslab::proto::opening::{Ask, Policy, answer};
use wslab::proto::{Config, Endpoint, Event, Input, Message, Output, deflate};
use wslab::wire::Opcode;

/// A session without compression.
pub(crate) fn session<const N: usize>(steps: [Step; N]) -> Session {
    Session { deflate: Vec::new(), steps: steps.into() }
}

/// One with it.
pub(crate) fn deflated<const N: usize>(steps: [Step; N]) -> Session {
    Session { deflate: vec![Terms { takeover: true, window: None, own: Own::default() }], steps: steps.into() }
}

pub(crate) fn frame(opcode: Opcode, payload: &[u8]) -> Frame {
    Frame::new(opcode, Payload::Bytes(payload.to_vec().into()))
}

pub(crate) fn sends(frame: Frame) -> Step {
    Step::Frame(frame)
}

pub(crate) fn text(payload: &str) -> Step {
    sends(frame(Opcode::TEXT, payload.as_bytes()))
}

pub(crate) fn ping(payload: &str) -> Step {
    sends(frame(Opcode::PING, payload.as_bytes()))
}

pub(crate) fn begins(payload: &[u8]) -> Step {
    sends(Frame { fin: false, ..frame(Opcode::TEXT, payload) })
}

pub(crate) fn ends(payload: &[u8]) -> Step {
    sends(frame(Opcode::CONTINUATION, payload))
}

pub(crate) const AWAITS_ECHO: Step = Step::Await(Await::Message);
pub(crate) const AWAITS_PONG: Step = Step::Await(Await::Pong);

/// The events of a course as they are read: `"text a"`, `"pong x"`.
fn words(course: &Course) -> String {
    let word = |event: &Expected| match event {
        Expected::Text(payload) => format!("text {}", payload.bytes().escape_ascii()),
        Expected::Binary(payload) => format!("binary {}", payload.bytes().escape_ascii()),
        Expected::Pong(payload) => format!("pong {}", payload.bytes().escape_ascii()),
        other => format!("{other:?}"),
    };
    let events: Vec<String> = course.events.iter().map(word).collect();
    let mark = if course.grade == Grade::Ok { "" } else { "(" };
    let end = if course.grade == Grade::Ok { "" } else { ")" };
    format!("{mark}{}{end}", events.join(", "))
}

/// What is foretold, in words: the courses, those in brackets that are no more than acceptable, then the end.
pub(crate) fn foretold(session: &Session) -> String {
    let Some(Prediction { courses, end, .. }) = predict(session) else { return "unforetold".to_owned() };
    let courses: Vec<String> = courses.iter().map(words).collect();
    let end = match end {
        End::Open => "open".to_owned(),
        End::Left => "left".to_owned(),
        End::Reset => "reset".to_owned(),
        End::Closed { codes, .. } => format!("closed {:?}", codes.iter().map(|code| code.0).collect::<Vec<_>>()),
        End::Failed { rules, codes } => {
            format!("failed {rules:?} {:?}", codes.iter().map(|code| code.0).collect::<Vec<_>>())
        }
    };
    format!("{} -> {end}", courses.join(" | "))
}

/// What a faulty server does with what it reads, and with messages that it should send back.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    /// Changes the bytes of a read.
    pub(crate) read: fn(&mut [u8]),
    /// Whether a message is sent back.
    pub(crate) echoes: fn(&Message<'_>) -> bool,
    /// Whether a message is the end of all of the servers.
    pub(crate) kills: fn(&Message<'_>) -> bool,
}

impl Fault {
    pub(crate) const NONE: Self = Self { read: |_| {}, echoes: |_| true, kills: |_| false };
}

/// Echo servers in memory, one a connection.
pub(crate) struct Servers {
    fault: Fault,
    /// Whether they are no more.
    dead: watch::Sender<bool>,
}

impl Servers {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, dead: watch::Sender::new(false) }
    }
}

impl Connect for Servers {
    type Transport = DuplexStream;

    async fn connect(&self) -> Result<DuplexStream, Trouble> {
        if *self.dead.borrow() {
            return Err(Trouble::Refused);
        }
        let (ours, theirs) = duplex(64 * 1024);
        let (fault, dead) = (self.fault, self.dead.clone());
        tokio::spawn(async move {
            let mut end = dead.subscribe();
            tokio::select! {
                biased;
                _ = end.wait_for(|dead| *dead) => {}
                () = serve(theirs, fault, &dead) => {}
            }
        });
        Ok(ours)
    }

    fn ask(&self, key: [u8; 16]) -> Ask {
        Ask::new("localhost", "/", key)
    }

    fn name(&self) -> String {
        "memory".to_owned()
    }
}

async fn serve(mut stream: DuplexStream, fault: Fault, dead: &watch::Sender<bool>) {
    let deflate = Some(deflate::Config { level: 1, ..deflate::Config::with_takeover() });
    let config = Config { deflate, ..Config::default() };
    let mut endpoint = Endpoint::server(Arc::new(config), Instant::now());
    let mut buffer = vec![0; 64 * 1024];
    let mut open = false;
    loop {
        let Ok(size) = stream.read(&mut buffer).await else { return };
        if open {
            (fault.read)(&mut buffer[..size]);
        }
        let mut over = size == 0;
        let input = if over { Input::Eof } else { Input::Bytes(&mut buffer[..size]) };
        let mut asked = None;
        over |= turn(&mut endpoint, input, fault, dead, &mut asked);
        if let Some(answer) = asked {
            endpoint.answer(answer);
            open = true;
            over |= turn(&mut endpoint, Input::Tick, fault, dead, &mut None);
        }
        let outgoing = endpoint.outgoing().to_vec();
        if stream.write_all(&outgoing).await.is_err() {
            return;
        }
        endpoint.sent(outgoing.len());
        // What is sent may have been the last; then TCP ends.
        over |= turn(&mut endpoint, Input::Tick, fault, dead, &mut None);
        if over {
            return;
        }
    }
}

/// One turn; says whether TCP is to be ended.
fn turn(
    endpoint: &mut Endpoint,
    input: Input<'_>,
    fault: Fault,
    dead: &watch::Sender<bool>,
    asked: &mut Option<wslab::proto::opening::Answer>,
) -> bool {
    let policy = Policy { deflate: endpoint.config().deflate, ..Policy::default() };
    let mut shutdown = false;
    let mut turn = endpoint.handle(input, Instant::now());
    loop {
        match turn.next() {
            Output::Event(Event::Asked(request, _), _) => *asked = Some(answer(request, &policy)),
            Output::Event(Event::Message(message), outbound) => {
                if (fault.kills)(&message) {
                    dead.send_replace(true);
                }
                if (fault.echoes)(&message) {
                    // A connection that closes takes nothing more.
                    let _closing = outbound.send(message);
                }
            }
            Output::Event(..) | Output::Transmit => {}
            Output::Shutdown => shutdown = true,
            Output::Wait(_) => return shutdown,
        }
    }
}
