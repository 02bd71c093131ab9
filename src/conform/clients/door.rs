//! Who comes in, and what is answered: the opening handshake on the server's side.
//!
//! Reads a request and answers it, in bounded time and memory, and says which rules the request breaks.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::conform::handshake::Spoken;
use crate::conform::peer::Transport;
use crate::conform::{Case, Handshake, Pace};
use crate::proto::opening::{Answer, Asked, Extension, Policy, accept_key, judge_request, judge_response, name};
use crate::proto::{Flow, Role, Rule, Seen};
use crate::watch::Opening;
use crate::wire::http::{Limits, Request, Response, head_without_secrets};
use crate::wire::{Head, Opcode};

/// How long a request may take, at the pace of one.
const OPENING: Duration = Duration::from_secs(5);

/// What is recorded of an answer, in bytes.
const HEAD: usize = 16 * 1024;

/// How long what is not a case may take to be closed.
const CLOSING: Duration = Duration::from_secs(1);

/// How long a refused client may take to read why.
const REFUSAL: Duration = Duration::from_millis(500);

/// A client that has asked for something and was not answered.
#[derive(Debug)]
pub(super) struct Caller<T> {
    stream: T,
    pub(super) request: Request,
    pub(super) asked: Asked,
    opening: Opening,
    begun: Instant,
}

/// Waits for a request. Whoever sends anything else is answered here, and what was sent instead is given, if anything was.
pub(super) async fn knock<T: Transport>(mut stream: T, pace: Pace) -> Result<Caller<T>, Option<Box<Opening>>> {
    let begun = Instant::now();
    let mut bytes = Vec::new();
    let asked = timeout(pace.opening(OPENING), async {
        loop {
            match Request::parse(&bytes, &Limits::default()) {
                Ok(Some(head)) => return Ok(Some(head)),
                Ok(None) => {}
                Err(error) => return Err(Box::new(Answer::malformed(&error))),
            }
            if stream.read_buf(&mut bytes).await.is_ok_and(|size| size > 0) {
                continue;
            }
            return Ok(None);
        }
    })
    .await;
    let late = || Box::new(Answer::refusal(408, "the request did not come in time"));
    let (request, size) = match asked.unwrap_or_else(|_| Err(late())) {
        Ok(head) => head.ok_or(None)?,
        Err(answer) => {
            refuse(stream, &answer).await;
            bytes.truncate(Limits::default().max_bytes);
            let opening = Opening {
                request: head_without_secrets(&bytes),
                faults: answer.faults.collect(),
                status: Some(answer.response.status),
                duration: begun.elapsed(),
                ..Opening::default()
            };
            return Err((!bytes.is_empty()).then(|| Box::new(opening)));
        }
    };
    let asked = judge_request(&request);
    let mut faults: Vec<Rule> = asked.faults.collect();
    if bytes.len() > size && !faults.contains(&Rule::RequestBody) {
        faults.push(Rule::FrameBeforeOpen);
    }
    bytes.truncate(size);
    // A server may see through these, and a client must not count on it.
    let has_bare_feed =
        bytes.iter().enumerate().any(|(at, byte)| *byte == b'\n' && (at == 0 || bytes[at - 1] != b'\r'));
    if has_bare_feed && !faults.contains(&Rule::RequestMalformed) {
        faults.push(Rule::RequestMalformed);
    }
    if asked.key.as_deref().is_some_and(has_spare_bits) && !faults.contains(&Rule::RequestKeyInvalid) {
        faults.push(Rule::RequestKeyInvalid);
    }
    let opening = Opening { request: head_without_secrets(&bytes), faults, ..Opening::default() };
    Ok(Caller { stream, request, asked, opening, begun })
}

/// Whether what fills the last digit of 16 bytes in base64 is not zero, as an encoder has it (RFC 4648, section 3.5).
fn has_spare_bits(key: &str) -> bool {
    key.len() == 24 && !["A==", "Q==", "g==", "w=="].iter().any(|end| key.ends_with(end))
}

/// The keys of all requests, each of which has to be a new one (section 4.1, item 7 of the request).
#[derive(Debug, Default)]
pub(super) struct Keys(Mutex<HashSet<String>>);

impl Keys {
    /// The most that are remembered.
    const MOST: usize = 100_000;

    /// Takes note of the key of a caller, whose fault it is if somebody came with it before.
    pub(super) fn see<T: Transport>(&self, caller: &mut Caller<T>) {
        let Some(key) = caller.asked.key.clone() else { return };
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() < Self::MOST && !keys.insert(key) {
            drop(keys);
            caller.breaks(Rule::RequestKeyReused);
        }
    }
}

impl<T: Transport> Caller<T> {
    /// Whether the request has nothing of a WebSocket: a browser or a tool that looks what is here.
    pub(super) fn is_plain(&self) -> bool {
        [Rule::RequestUpgrade, Rule::RequestKeyMissing].iter().all(|rule| self.opening.faults.contains(rule))
    }

    /// Takes note of a rule that is broken by more than the request alone.
    pub(super) fn breaks(&mut self, rule: Rule) {
        if !self.opening.faults.contains(&rule) {
            self.opening.faults.push(rule);
        }
    }

    /// Whether the request breaks no rule.
    pub(super) fn is_sound(&self) -> bool {
        self.opening.faults.is_empty()
    }

    /// Opens the connection, or refuses a request that breaks a rule in the way that it has to be refused.
    ///
    /// A case may have it answered otherwise. What is no legal answer then leaves the connection unopened, with status
    /// 101 or without. Gives also what was sent behind the answer.
    pub(super) async fn answer(
        mut self,
        protocols: &[String],
        case: Option<&Case>,
        pace: Pace,
    ) -> (T, Opening, Vec<u8>) {
        let how = case.and_then(|case| case.opening.as_ref()).filter(|_| self.is_sound());
        let response = match &self.asked.key {
            Some(key) if self.is_sound() => {
                self.opening.subprotocol = protocols.iter().find(|own| self.asked.protocols.contains(own)).cloned();
                self.opening.extensions = Extension::list(&agree(case, &self.asked.extensions));
                let mut response = Response::new(101);
                let headers = &mut response.headers;
                headers.push("Upgrade", "websocket");
                headers.push("Connection", "Upgrade");
                headers.push(name::ACCEPT, accept_key(key));
                if let Some(protocol) = &self.opening.subprotocol {
                    headers.push(name::PROTOCOL, protocol.as_str());
                }
                if !self.opening.extensions.is_empty() {
                    headers.push(name::EXTENSIONS, self.opening.extensions.as_str());
                }
                response.write(&mut self.opening.response);
                response
            }
            _ => {
                let answer = match Policy::default().answer(&self.asked) {
                    // What was wrong is not in the request: it came behind it, or before.
                    Answer { agreed: Some(_), .. } => {
                        let fault = self.opening.faults.first().copied().unwrap_or(Rule::FrameBeforeOpen);
                        Answer::refusal(400, fault.words())
                    }
                    refusal => refusal,
                };
                answer.write(&mut self.opening.response);
                answer.response
            }
        };
        self.opening.status = Some(response.status);
        self.opening.done = response.status == 101;
        let offers_it = case.is_none_or(|case| case.is_offered(&self.asked.extensions));
        let said = match how.filter(|_| offers_it) {
            None => Spoken::plain(self.opening.response.clone()),
            Some(how) => {
                let said = how.response(&response, &self.asked);
                self.takes_note_of(&said);
                said
            }
        };
        self.speak(&said, how.filter(|_| offers_it), pace).await;
        // What came meanwhile came too early.
        self.opening.done &= self.is_sound();
        self.opening.duration = self.begun.elapsed();
        // What follows a head that goes on is no frame.
        let is_frames = !how.is_some_and(|how| how.unfinished);
        let behind = if is_frames { said.bytes[said.head..].to_vec() } else { Vec::new() };
        (self.stream, self.opening, behind)
    }

    /// What we said instead of a plain answer, and whether a client may take it for an opened connection.
    fn takes_note_of(&mut self, said: &Spoken) {
        let limits = Limits { max_bytes: 4 << 20, max_headers: 16 * 1024 };
        let mut bytes = &said.bytes[..];
        let parsed = loop {
            let parsed = Response::parse(bytes, &limits).ok().flatten();
            match parsed {
                // What comes before the answer opens nothing, and keeps nothing from being opened.
                Some((response, head)) if response.is_interim() => bytes = &bytes[head..],
                other => break other,
            }
        };
        let judged = parsed.as_ref().map(|(response, _)| judge_response(&self.asked, response));
        let legal = judged.filter(|judged| judged.faults.is_empty()).and_then(|judged| judged.agreed);
        self.opening.status = parsed.map(|(response, _)| response.status);
        self.opening.done = legal.is_some();
        let agreed = legal.unwrap_or_default();
        self.opening.subprotocol = agreed.protocol;
        self.opening.extensions = Extension::list(&agreed.extensions);
        self.opening.response = said.bytes[..said.head.min(HEAD)].to_vec();
    }

    /// Writes what is said, in its pieces. Whoever is gone is found gone when the case is played.
    async fn speak(&mut self, said: &Spoken, how: Option<&Handshake>, pace: Pace) {
        let pause = how.and_then(|how| how.pause).map(|pause| pace.scale(pause));
        let chop = how.and_then(|how| how.chop);
        if let Some(pause) = pause.filter(|_| chop.is_none()) {
            self.listen(pause).await;
        }
        let mut left = said.bytes.len();
        for piece in said.bytes.chunks(chop.unwrap_or(usize::MAX)) {
            let written = timeout(OPENING, async {
                self.stream.write_all(piece).await?;
                self.stream.flush().await
            });
            if !matches!(written.await, Ok(Ok(()))) {
                return;
            }
            left -= piece.len();
            if let Some(pause) = pause.filter(|_| chop.is_some()) {
                // From the end of the head on, the client may go on.
                if said.bytes.len() - left < said.head {
                    self.listen(pause).await;
                } else {
                    sleep(pause).await;
                }
            }
        }
    }

    /// Waits, and takes note of what comes although nothing was answered yet.
    async fn listen(&mut self, time: Duration) {
        let until = Instant::now() + time;
        let mut buffer = vec![0; 4096];
        let came = timeout(time, self.stream.read(&mut buffer)).await;
        if came.is_ok_and(|read| read.is_ok_and(|size| size > 0)) {
            self.breaks(Rule::FrameBeforeOpen);
        }
        sleep_until(until).await;
    }

    /// Says something other than an opened connection.
    pub(super) async fn refuse(self, status: u16, words: &str) {
        let mut answer = Answer::refusal(status, words);
        if self.asked.method == "HEAD" {
            answer.body.clear();
        }
        refuse(self.stream, &answer).await;
    }

    /// Opens the connection, has `words` made, sends them, and closes. Gives `None` if nothing could be opened.
    pub(super) async fn tell(self, words: impl Future<Output = Option<String>>) -> Option<()> {
        let (mut stream, opening, _) = self.answer(&[], None, Pace::default()).await;
        if !opening.done {
            end(stream).await;
            return None;
        }
        let mut frames = Vec::new();
        if let Some(words) = words.await {
            frames.extend_from_slice(&Head::new(Opcode::TEXT, words.len() as u64).encode());
            frames.extend_from_slice(words.as_bytes());
        }
        frames.extend_from_slice(&Head::new(Opcode::CLOSE, 0).encode());
        // A client that does not read, does not answer or is gone holds nothing up for long.
        let _ = timeout(CLOSING, async {
            stream.write_all(&frames).await?;
            stream.flush().await?;
            closed(&mut stream).await
        })
        .await;
        end(stream).await;
        Some(())
    }
}

/// What is agreed of the extensions that a client offers in a case; `None` for what is no case.
fn agree(case: Option<&Case>, offers: &[Extension]) -> Vec<Extension> {
    case.and_then(|case| case.accept(offers)).map(Extension::from).into_iter().collect()
}

/// Reads until the client's close frame, or the end.
async fn closed<T: Transport>(stream: &mut T) -> std::io::Result<()> {
    let mut flow = Flow::new(Role::Client);
    let mut buffer = vec![0; 4096];
    let mut closes = false;
    loop {
        let size = stream.read(&mut buffer).await?;
        if size == 0 {
            return Ok(());
        }
        for seen in flow.read(&mut buffer[..size]) {
            match seen {
                Seen::Head(head) => closes = head.opcode == Opcode::CLOSE,
                Seen::End if closes => return Ok(()),
                _ => {}
            }
        }
    }
}

async fn refuse<T: Transport>(mut stream: T, answer: &Answer) {
    let mut bytes = Vec::new();
    answer.write(&mut bytes);
    let _ = timeout(REFUSAL, stream.write_all(&bytes)).await;
    end(stream).await;
}

/// Ends TCP so that what was written arrives: a socket that is closed with something unread is reset.
async fn end<T: Transport>(mut stream: T) {
    let _ = timeout(REFUSAL, async {
        let _ = stream.shutdown().await;
        let mut buffer = vec![0; 4096];
        while stream.read(&mut buffer).await.is_ok_and(|size| size > 0) {}
    })
    .await;
}
