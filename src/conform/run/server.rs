//! A server as the target: every case makes a connection of its own, and sometimes others beside it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, timeout};

use super::{Opponent, judged};
use crate::conform::act::Pace;
use crate::conform::cpu::Metered;
use crate::conform::expect::Wanted;
use crate::conform::peer::{Connect, play};
use crate::conform::tap::Tap;
use crate::conform::{Beside, Case, Closer, Step};
use crate::net::{SystemKeys, nonce};
use crate::proto::opening::Ask;
use crate::proto::{MaskingKeys as _, Role};
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
        let (outcome, cpu) = Metered::new(one(&*self.target, case, pace, self.tap.as_ref())).await;
        Outcome { duration: begun.elapsed(), cpu, ..outcome }
    }
}

async fn one<C: Connect>(target: &C, case: Arc<Case>, pace: Pace, tap: Option<&Tap>) -> Outcome {
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
    match serves(target, pace).await {
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

/// Whether `target` serves one more client. Gives the words for why it does not.
async fn serves<C: Connect>(target: &C, pace: Pace) -> Result<(), String> {
    let mut transport = connect_patiently(target).await.map_err(|trouble| trouble.to_string())?;
    let opened = timeout(pace.patience(OPENING), open(&mut transport, &target.ask(nonce()))).await;
    if !opened.map_err(|_| "it did not answer in time".to_owned())? {
        return Err("it did not open it".to_owned());
    }
    // It is told that this was all; whether it listens is not the question.
    let head = Head { mask: Some(SystemKeys::new().next_key()), ..Head::new(Opcode::CLOSE, 0) };
    let _ = transport.write_all(&head.encode()).await;
    let _ = transport.flush().await;
    Ok(())
}

/// Has a plain opening handshake, and says whether it led to a connection.
async fn open<T: crate::conform::Transport>(transport: &mut T, ask: &Ask) -> bool {
    let Ok(request) = ask.request() else { return false };
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 4096]);
    request.write(&mut bytes);
    let _ = transport.write_all(&bytes).await;
    let _ = transport.flush().await;
    let mut answer = Vec::new();
    loop {
        match Response::parse(&answer, &Limits::default()) {
            Ok(Some((response, _))) => return response.status == 101,
            Ok(None) => {}
            Err(_) => return false,
        }
        match transport.read(&mut buffer).await {
            Ok(size @ 1..) => answer.extend_from_slice(&buffer[..size]),
            _ => return false,
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
        } else if !timeout(pace.patience(OPENING), open(&mut transport, &ask)).await.unwrap_or(false) {
            break;
        }
        crowd.push(transport);
    }
    crowd
}
