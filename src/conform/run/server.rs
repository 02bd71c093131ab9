//! A server as the target: every case makes a connection of its own, and sometimes others beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, timeout};

use super::{Opponent, judged};
use crate::conform::act::Pace;
use crate::conform::cpu::Metered;
use crate::conform::expect::Wanted;
use crate::conform::peer::{Connect, Transport, play};
use crate::conform::tap::Tap;
use crate::conform::{Beside, Case, Closer, Step};
use crate::net::{SystemKeys, nonce};
use crate::proto::opening::Ask;
use crate::proto::{Flow, MaskingKeys as _, Role, Seen};
use crate::watch::{Outcome, Trouble, Verdict};
use crate::wire::http::{Limits, Response};
use crate::wire::{Head, Opcode};

/// A connection may take so long.
const CONNECT: Duration = Duration::from_secs(10);

/// An opening handshake of a connection beside a case, or after it, may take so long.
const OPENING: Duration = Duration::from_secs(5);

/// Connections beside a case are gone for so long before the target has to serve another.
const FAREWELL: Duration = Duration::from_millis(100);

async fn connect<C: Connect>(target: &C) -> Result<C::Transport, Trouble> {
    timeout(CONNECT, target.connect()).await.unwrap_or(Err(Trouble::TimedOut))
}

/// Connects; a target that refuses may be one that just starts again.
async fn connect_patiently<C: Connect>(target: &C) -> Result<C::Transport, Trouble> {
    for pause in [50, 200] {
        match connect(target).await {
            Err(Trouble::Refused) => sleep(Duration::from_millis(pause)).await,
            other => return other,
        }
    }
    connect(target).await
}

/// A server, to which every case makes a connection of its own.
pub(in crate::conform) struct Server<C> {
    pub(in crate::conform) target: Arc<C>,
    pub(in crate::conform) tap: Option<Tap>,
    answers: Answers,
}

impl<C> Server<C> {
    pub(in crate::conform) fn new(target: Arc<C>, tap: Option<Tap>) -> Self {
        Self { target, tap, answers: Answers::default() }
    }
}

/// Whether further connections were answered that cases were followed by. A target that never answers any does not do so
/// because of a case, and is not waited for each time.
#[derive(Default)]
struct Answers {
    ever: AtomicBool,
    misses: AtomicU32,
}

impl Answers {
    /// So many connections in vain, and no more are tried.
    const MISSES: u32 = 3;

    fn are_hopeless(&self) -> bool {
        !self.ever.load(Relaxed) && self.misses.load(Relaxed) >= Self::MISSES
    }

    /// Takes note of one, and says whether it is as good as those before.
    fn are_kept(&self, answered: bool) -> bool {
        if answered {
            self.ever.store(true, Relaxed);
        } else {
            self.misses.fetch_add(1, Relaxed);
        }
        answered || !self.ever.load(Relaxed)
    }
}

impl<C: Connect> Opponent for Server<C> {
    fn name(&self) -> String {
        self.target.name()
    }

    async fn reach(&self) -> Result<(), Trouble> {
        connect(&*self.target).await.map(drop)
    }

    async fn attempt(&self, case: Arc<Case>, pace: Pace) -> Outcome {
        let begun = Instant::now();
        let (outcome, cpu) = Metered::new(one(self, case, pace)).await;
        Outcome { duration: begun.elapsed(), cpu, ..outcome }
    }
}

async fn one<C: Connect>(server: &Server<C>, case: Arc<Case>, pace: Pace) -> Outcome {
    let Server { target, tap, answers } = server;
    let target = &**target;
    let wanted = Arc::new(Wanted::of(&case));
    // They are there before ours and until the case is over.
    let beside = match case.beside {
        None => Vec::new(),
        Some(beside) => crowd(target, beside, pace).await,
    };
    let outcome = match connect_patiently(target).await {
        Ok(transport) => {
            let (ask, mut keys) = (target.ask(nonce()), SystemKeys::new());
            let transcript = match tap {
                None => play(transport, &ask, &case, &wanted, pace, &mut keys).await,
                Some(tap) => {
                    let tapped = tap.on(transport, Role::Client, &format!("case {}", case.id));
                    play(tapped, &ask, &case, &wanted, pace, &mut keys).await
                }
            };
            judged(&case, &wanted, transcript)
        }
        // So many connections are beyond a limit of the target, which it is free to have.
        Err(Trouble::Refused) if !beside.is_empty() => {
            Outcome::without_connection(case.id.to_string(), Verdict::Informational)
        }
        Err(trouble) => return Outcome::without_connection(case.id.to_string(), Verdict::Broken(trouble)),
    };
    if !beside.is_empty() {
        // A target that can serve no more is given the time to see them go.
        drop(beside);
        sleep(pace.scale(FAREWELL)).await;
    }
    if !case.may_harm() {
        return outcome;
    }
    match serves(target, pace, case.hears_messages, answers).await {
        Ok(()) => outcome,
        Err(words) => outcome.but_gone(words),
    }
}

impl Case {
    /// Whether the case may leave a server behind that serves nobody any more: it provokes the server to fail.
    fn may_harm(&self) -> bool {
        self.close.by != Closer::Us
            || self.opening.is_some()
            || self.beside.is_some()
            || self.informational
            || self.send.iter().any(|step| matches!(step, Step::Reset | Step::HalfClose))
    }
}

/// Whether `target` serves one more client: opens its connection and, if it did so before, answers its ping, or echoes its
/// message if it is one that `echoes`. Gives the words for why it does not.
async fn serves<C: Connect>(target: &C, pace: Pace, echoes: bool, answers: &Answers) -> Result<(), String> {
    let mut transport = connect_patiently(target).await.map_err(|trouble| trouble.to_string())?;
    let opened = timeout(pace.patience(OPENING), open(&mut transport, &target.ask(nonce()))).await;
    let Some(behind) = opened.map_err(|_| "it did not answer in time".to_owned())? else {
        return Err("it did not open it".to_owned());
    };
    if answers.are_hopeless() {
        return Ok(());
    }
    let answered = timeout(pace.patience(OPENING), answered(&mut transport, behind, echoes)).await;
    match answered {
        _ if answers.are_kept(answered == Ok(true)) => Ok(()),
        Ok(_) if echoes => Err("it did not echo".to_owned()),
        Ok(_) => Err("it did not answer a ping".to_owned()),
        Err(_) if echoes => Err("it did not echo in time".to_owned()),
        Err(_) => Err("it did not answer a ping in time".to_owned()),
    }
}

/// Whether what we say on an open connection, of which this came already, is answered.
async fn answered<T: Transport>(transport: &mut T, mut came: Vec<u8>, echoes: bool) -> bool {
    const WORDS: &[u8] = b"Are you still there?";
    let mut keys = SystemKeys::new();
    let mut frame = |opcode, payload: &[u8]| {
        let key = keys.next_key();
        let mut frame = Head { mask: Some(key), ..Head::new(opcode, payload.len() as u64) }.encode().to_vec();
        frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        frame
    };
    let asked = if echoes { frame(Opcode::TEXT, WORDS) } else { frame(Opcode::PING, WORDS) };
    let _ = transport.write_all(&asked).await;
    let _ = transport.flush().await;
    let wanted = if echoes { Opcode::TEXT } else { Opcode::PONG };
    let (mut flow, mut joined, mut opcode) = (Flow::new(Role::Server), Vec::new(), Opcode::CLOSE);
    let mut buffer = vec![0; 4096];
    loop {
        for seen in flow.read(&mut came) {
            match seen {
                // What else it has to say is its own business.
                Seen::Head(head) if head.opcode != Opcode::CONTINUATION => (opcode, joined) = (head.opcode, Vec::new()),
                Seen::Data(data) if joined.len() <= WORDS.len() => joined.extend_from_slice(data),
                _ => {}
            }
        }
        if opcode == wanted && joined == WORDS {
            break;
        }
        match transport.read(&mut buffer).await {
            Ok(size @ 1..) => came = buffer[..size].to_vec(),
            _ => return false,
        }
    }
    // It is told that this was all; whether it listens is not the question.
    let _ = transport.write_all(&frame(Opcode::CLOSE, &[])).await;
    let _ = transport.flush().await;
    true
}

/// Has a plain opening handshake. Gives what came behind the answer if that led to a connection.
async fn open<T: Transport>(transport: &mut T, ask: &Ask) -> Option<Vec<u8>> {
    let request = ask.request().ok()?;
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 4096]);
    request.write(&mut bytes);
    let _ = transport.write_all(&bytes).await;
    let _ = transport.flush().await;
    let mut answer = Vec::new();
    loop {
        match Response::parse(&answer, &Limits::default()) {
            Ok(Some((response, head))) if response.is_interim() => drop(answer.drain(..head)),
            Ok(Some((response, head))) => return (response.status == 101).then(|| answer.split_off(head)),
            Ok(None) => match transport.read(&mut buffer).await {
                Ok(size @ 1..) => answer.extend_from_slice(&buffer[..size]),
                _ => return None,
            },
            Err(_) => return None,
        }
    }
}

/// The connections that are to be there beside a case, as many as the target lets us have.
async fn crowd<C: Connect>(target: &C, beside: Beside, pace: Pace) -> Vec<C::Transport> {
    let (count, asking) = match beside {
        Beside::Open(count) => (count, false),
        Beside::Asking(count) => (count, true),
    };
    let mut crowd = Vec::new();
    for _ in 0..count {
        let Ok(mut transport) = connect_patiently(target).await else { break };
        let ask = target.ask(nonce());
        if asking {
            let half = format!("GET {} HTTP/1.1\r\nHost: {}\r\n", ask.target, ask.host);
            let _ = transport.write_all(half.as_bytes()).await;
            let _ = transport.flush().await;
        } else if !timeout(pace.patience(OPENING), open(&mut transport, &ask))
            .await
            .is_ok_and(|opened| opened.is_some())
        {
            break;
        }
        crowd.push(transport);
    }
    crowd
}
