//! One case on one connection, as client or as server: does what the script says, and records.
//!
//! Reading and writing go on side by side, so a target that does not read until it has written holds up nothing. A
//! connection takes bounded time and memory whatever the target does: it is the script's timers that end it.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::conform::act::{Act, Pace};
use crate::conform::answer::answered;
use crate::conform::expect::Wanted;
use crate::conform::handshake::{Handshake, Spoken};
use crate::conform::script::Script;
use crate::conform::transcript::Recorder;
use crate::conform::{Case, Transcript, Trouble};
use crate::proto::opening::{Ask, Asked, Extension, judge_request, judge_response, rule_of};
use crate::proto::{MaskingKeys, Role, Rule};
use crate::watch::{Answered, Ending, Opening};
use crate::wire::http::{Limits, Request, Response, head_without_secrets};

/// How long the opening handshake may take, at the pace of one.
const OPENING: Duration = Duration::from_secs(5);

/// How long a polite end of a connection may hold us up.
const FAREWELL: Duration = Duration::from_millis(500);

/// What is recorded of a request, in bytes.
const HEAD: usize = 16 * 1024;

/// Bytes of one read.
const READ: usize = 64 * 1024;

/// A connection that cases can be played on.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes dropping the connection reset it, where that can be.
    fn reset(&mut self) {}

    /// Our own address and the peer's, if it has addresses.
    fn addresses(&self) -> Option<(SocketAddr, SocketAddr)> {
        None
    }
}

impl Transport for tokio::io::DuplexStream {}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn reset(&mut self) {
        (**self).reset();
    }

    fn addresses(&self) -> Option<(SocketAddr, SocketAddr)> {
        (**self).addresses()
    }
}

/// Where connections to a target come from.
pub trait Connect: Send + Sync + 'static {
    /// What they are.
    type Transport: Transport;

    /// Makes a connection, without the opening handshake.
    fn connect(&self) -> impl Future<Output = Result<Self::Transport, Trouble>> + Send;

    /// What the opening handshake asks for, with a fresh key.
    fn ask(&self, key: [u8; 16]) -> Ask;

    /// The target, as a person writes it.
    fn name(&self) -> String;
}

/// Plays `case` as a client on a connection that is not yet open. Offers what the case needs, instead of what `ask` does.
pub async fn play<T: Transport>(
    transport: T,
    ask: &Ask,
    case: &Arc<Case>,
    wanted: &Arc<Wanted>,
    pace: Pace,
    keys: &mut dyn MaskingKeys,
) -> Transcript {
    let mut script = Script::new(Arc::clone(case), Arc::clone(wanted), Role::Client, pace);
    let ask = Ask { extensions: case.offers(), ..ask.clone() };
    let mut peer = Peer::new(transport, Role::Client, &script);
    let reset = match peer.open(&ask, case, pace).await {
        Some(mut early) => {
            if !early.is_empty() {
                peer.record.received(Duration::ZERO, &mut early);
            }
            peer.drive(&mut script, keys).await == Exit::Reset
        }
        None => false,
    };
    let (transcript, parting) = peer.part(reset);
    parting.leave().await;
    transcript
}

/// Plays `case` as a server on a connection whose opening handshake is over, well or badly; what was sent behind it is
/// part of the case.
///
/// What it came to is there before TCP is ended: a client that goes on once it is finds its result.
pub(super) async fn play_answered<T: Transport>(
    transport: T,
    (opening, behind): (Opening, &[u8]),
    case: &Arc<Case>,
    wanted: &Arc<Wanted>,
    pace: Pace,
    keys: &mut dyn MaskingKeys,
) -> (Transcript, Parting<T>) {
    let mut script = Script::new(Arc::clone(case), Arc::clone(wanted), Role::Server, pace);
    let mut peer = Peer::new(transport, Role::Server, &script);
    let done = opening.done;
    // The faults of a request are the target's own; what we answered on purpose is to be seen through.
    let sound = opening.faults.is_empty();
    peer.record.opened(opening, None);
    if !behind.is_empty() {
        peer.record.sent(Duration::ZERO, behind, false);
    }
    let is_played = done || case.opening.is_some() && sound;
    if !is_played {
        peer.record.ended(Duration::ZERO, Ending::ByUs);
        return peer.part(false);
    }
    let reset = peer.drive(&mut script, keys).await == Exit::Reset;
    peer.part(reset)
}

struct Peer<T> {
    reader: ReadHalf<T>,
    writer: WriteHalf<T>,
    record: Recorder,
    opened: Instant,
    buffer: Vec<u8>,
}

#[derive(PartialEq, Eq)]
enum Exit {
    Polite,
    Reset,
}

impl<T: Transport> Peer<T> {
    fn new(transport: T, role: Role, script: &Script) -> Self {
        let (reader, writer) = tokio::io::split(transport);
        let record = Recorder::new(role, script.bounds());
        Self { reader, writer, record, opened: Instant::now(), buffer: vec![0; READ] }
    }

    /// Has the opening handshake. Gives what came behind it, or nothing if it failed.
    async fn open(&mut self, ask: &Ask, case: &Case, pace: Pace) -> Option<Vec<u8>> {
        let begun = Instant::now();
        let mut asking = Asking::default();
        let limit = match &case.opening {
            Some(_) => pace.opening(OPENING).max(pace.patience(case.patience.time)),
            None => pace.opening(OPENING),
        };
        let done = timeout(limit, self.handshake(ask, case.opening.as_ref(), pace, &mut asking)).await;
        let Asking { mut opening, behind, answer, ended } = asking;
        opening.timed_out = done.is_err();
        opening.duration = begun.elapsed();
        let rest = done.ok().flatten();
        opening.done = rest.is_some();
        // A transcript is recorded and reported: what is secret does not get into it.
        opening.request = head_without_secrets(&opening.request);
        opening.response = head_without_secrets(&opening.response);
        self.record.opened(opening, answer);
        if !behind.is_empty() {
            self.record.sent(Duration::ZERO, &behind, false);
        }
        if rest.is_none() {
            self.record.ended(begun.elapsed(), ended.unwrap_or(Ending::ByUs));
        }
        self.opened = Instant::now();
        rest
    }

    /// Says what is to be said, in its pieces; never ends.
    async fn speak(writer: &mut WriteHalf<T>, said: &Spoken, how: Option<&Handshake>, pace: Pace) -> Never {
        let pause = how.and_then(|how| how.pause).map(|pause| pace.scale(pause));
        let chop = how.and_then(|how| how.chop);
        if let Some(pause) = pause.filter(|_| chop.is_none()) {
            sleep(pause).await;
        }
        for piece in said.bytes.chunks(chop.unwrap_or(usize::MAX)) {
            // A target may answer before it has read everything, so a failed write is no reason not to read.
            let _ = writer.write_all(piece).await;
            let _ = writer.flush().await;
            if let Some(pause) = pause.filter(|_| chop.is_some()) {
                sleep(pause).await;
            }
        }
        std::future::pending().await
    }

    async fn handshake(
        &mut self,
        ask: &Ask,
        how: Option<&Handshake>,
        pace: Pace,
        asking: &mut Asking,
    ) -> Option<Vec<u8>> {
        // What cannot be asked was refused when the target was set up.
        let plain = ask.request().ok()?;
        let said = how.unwrap_or(&Handshake::default()).request(&plain);
        asking.opening.request.extend_from_slice(&said.bytes[..said.head.min(HEAD)]);
        let asked = asked(&said.bytes, &plain);
        // What follows the head is frames, unless the head says that it is a body, or goes on.
        if !asked.faults.contains(Rule::RequestBody) && !how.is_some_and(|how| how.unfinished) {
            asking.behind.extend_from_slice(&said.bytes[said.head..]);
        }
        let Self { reader, writer, buffer, .. } = self;
        tokio::select! {
            biased;
            never = Self::speak(writer, &said, how, pace) => match never {},
            rest = asking.answer_of(reader, buffer, &asked, how.is_some()) => rest,
        }
    }

    async fn drive(&mut self, script: &mut Script, keys: &mut dyn MaskingKeys) -> Exit {
        loop {
            let now = self.opened.elapsed();
            match script.next(now, &mut self.record, keys) {
                Act::Write(bytes) => {
                    if let Some(exit) = self.write(&bytes, script).await {
                        return exit;
                    }
                }
                Act::Wait(until) => {
                    let (opened, unread) = (self.opened, script.unread());
                    let reads = now >= unread;
                    let until = if reads { until } else { until.min(unread) };
                    tokio::select! {
                        biased;
                        read = self.reader.read(&mut self.buffer), if reads => self.take(read),
                        () = sleep_until(opened + until) => {}
                    }
                }
                Act::HalfClose => {
                    let _ = timeout(FAREWELL, self.writer.shutdown()).await;
                }
                Act::Reset => return Exit::Reset,
                Act::Done => return Exit::Polite,
            }
        }
    }

    /// Writes all of `bytes`, and reads what comes meanwhile.
    async fn write(&mut self, mut bytes: &[u8], script: &mut Script) -> Option<Exit> {
        loop {
            let until = self.opened + script.stalls_at(&self.record);
            let unread = self.opened + script.unread();
            let reads = Instant::now() >= unread;
            let written = tokio::select! {
                biased;
                written = hand_over(&mut self.writer, bytes) => written,
                read = self.reader.read(&mut self.buffer), if reads => {
                    self.take(read);
                    Ok(Written::Part(0))
                }
                () = sleep_until(unread), if !reads => Ok(Written::Part(0)),
                () = sleep_until(until) => {
                    let now = self.opened.elapsed();
                    return (script.stalled(now, &mut self.record) == Act::Reset).then_some(Exit::Reset);
                }
            };
            match written {
                Ok(Written::Part(size)) => bytes = &bytes[size..],
                Ok(Written::All) => return None,
                Err(_) => {
                    script.deafened(self.opened.elapsed());
                    return None;
                }
            }
            if self.record.is_over() || self.record.is_flooded() {
                return None;
            }
        }
    }

    fn take(&mut self, read: std::io::Result<usize>) {
        let now = self.opened.elapsed();
        match read {
            Ok(0) => self.record.ended(now, Ending::ByPeer),
            Ok(size) => self.record.received(now, &mut self.buffer[..size]),
            Err(_) => self.record.ended(now, Ending::Reset),
        }
    }

    /// What was recorded, and the connection, which is still to be ended.
    fn part(self, reset: bool) -> (Transcript, Parting<T>) {
        let Self { reader, writer, record, buffer, .. } = self;
        let transcript = record.finish();
        let linger = transcript.role == Role::Server;
        (transcript, Parting { reader, writer, buffer, reset, linger })
    }
}

/// What a request asks for, as a target may read it. What is no request asks for what the plain one does.
fn asked(bytes: &[u8], plain: &Request) -> Asked {
    let limits = Limits { max_bytes: 4 << 20, max_headers: 16 * 1024 };
    match Request::parse(bytes, &limits) {
        Ok(Some((request, _))) => judge_request(&request),
        _ => judge_request(plain),
    }
}

/// What an opening handshake comes to while it goes on.
#[derive(Default)]
struct Asking {
    opening: Opening,
    /// What was sent behind the request.
    behind: Vec<u8>,
    answer: Option<Answered>,
    /// How TCP ended before there was an answer.
    ended: Option<Ending>,
}

impl Asking {
    /// Reads the answer to what was asked. Gives what came behind it if it opens the connection.
    ///
    /// Where the request itself is the stimulus (`odd`), whether it had to be refused is for the case to say.
    async fn answer_of<R: AsyncRead + Unpin>(
        &mut self,
        reader: &mut R,
        buffer: &mut [u8],
        asked: &Asked,
        odd: bool,
    ) -> Option<Vec<u8>> {
        let limits = Limits::default();
        let opening = &mut self.opening;
        loop {
            let read = reader.read(buffer).await;
            let size = *read.as_ref().unwrap_or(&0);
            opening.response.extend_from_slice(&buffer[..size]);
            loop {
                match Response::parse(&opening.response, &limits) {
                    Ok(Some((response, head))) => {
                        let rest = opening.response.split_off(head);
                        if response.is_interim() {
                            opening.response = rest;
                            continue;
                        }
                        opening.status = Some(response.status);
                        self.answer = Some(answered(&response));
                        let judged = judge_response(asked, &response);
                        let by_case = [Rule::ResponseStatus, Rule::ResponseNotRefused];
                        opening.faults = judged.faults.filter(|rule| !odd || !by_case.contains(rule)).collect();
                        let agreed = judged.agreed.filter(|_| opening.faults.is_empty())?;
                        opening.subprotocol = agreed.protocol;
                        opening.extensions = Extension::list(&agreed.extensions);
                        return Some(rest);
                    }
                    Ok(None) if size > 0 => break,
                    Ok(None) => {
                        // It ended inside the head, or before it.
                        opening.faults.extend((!opening.response.is_empty()).then_some(Rule::ResponseMalformed));
                        self.ended = Some(if read.is_ok() { Ending::ByPeer } else { Ending::Reset });
                        return None;
                    }
                    Err(error) => {
                        opening.faults.push(rule_of(&error, Role::Server).unwrap_or(Rule::ResponseMalformed));
                        opening.response.truncate(limits.max_bytes);
                        return None;
                    }
                }
            }
        }
    }
}

/// What does not come.
enum Never {}

/// A connection that is to be ended.
pub(super) struct Parting<T> {
    reader: ReadHalf<T>,
    writer: WriteHalf<T>,
    buffer: Vec<u8>,
    reset: bool,
    linger: bool,
}

impl<T: Transport> Parting<T> {
    /// Ends it, in bounded time.
    pub(super) async fn leave(self) {
        let Self { mut reader, mut writer, mut buffer, reset, linger } = self;
        if reset {
            reader.unsplit(writer).reset();
            return;
        }
        let _ = timeout(FAREWELL, async {
            let _ = writer.shutdown().await;
            // Closing a socket that has something to be read resets it, and the peer may lose our last frame by that
            // (RFC 6455, section 7.1.1). Who asks for the connection does not close first, so this is for who answers.
            while linger && reader.read(&mut buffer).await.is_ok_and(|size| size > 0) {}
        })
        .await;
    }
}

/// How far a write came.
enum Written {
    /// So many bytes were taken.
    Part(usize),
    /// Nothing is left, here or in the buffers of TLS.
    All,
}

/// Hands bytes over, or when there are none what is still buffered. Cancelled, nothing is lost.
async fn hand_over<W: AsyncWrite + Unpin>(writer: &mut W, bytes: &[u8]) -> std::io::Result<Written> {
    if bytes.is_empty() {
        writer.flush().await?;
        return Ok(Written::All);
    }
    match writer.write(bytes).await? {
        0 => Err(std::io::ErrorKind::WriteZero.into()),
        size => Ok(Written::Part(size)),
    }
}
