//! A recorded conformance run, played.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::Telling;
use super::clock::Clock;
use super::speed::Speed;
use crate::report;
use crate::watch::live::{News, State, Wish};
use crate::watch::{Event, Running, Sink};

/// How often it is told how far a run is, at most.
const LEAST: Duration = Duration::from_millis(50);
/// How long a wish waits at most.
const NAP: Duration = Duration::from_millis(50);

/// Whether a file is the recording of a run: it begins with an object of JSON, and no capture does.
///
/// # Errors
/// If it cannot be read.
pub(super) fn is_run(path: &Path) -> anyhow::Result<bool> {
    let failed = || format!("failed to read {}", path.display());
    let mut file = File::open(path).with_context(failed)?;
    let mut first = [0; 1];
    Ok(file.read(&mut first).with_context(failed)? == 1 && first == *b"{")
}

/// Plays the recording at this speed, until its end or until nobody listens any more.
pub(super) fn play(path: &Path, speed: Speed, telling: Telling) {
    let Telling { news, wishes } = telling;
    if news.blocking_send(News::State(State::Live)).is_err() {
        return;
    }
    let mut player = Player {
        news,
        wishes,
        clock: Clock::new(speed, Instant::now()),
        running: Running::new(),
        began: None,
        now: Timestamp::UNIX_EPOCH,
        told: None,
    };
    let words = match read(path, &mut player) {
        Ok(cut) => cut.then(|| "the recording ends in the middle of an event".to_owned()),
        // Nobody listens any more.
        Err(_) if player.news.is_closed() => return,
        Err(error) => Some(format!("{error:#}")),
    };
    if player.tell().is_ok() && player.news.blocking_send(News::State(State::Over { words })).is_ok() {
        while player.wishes.blocking_recv().is_some() {}
    }
}

fn read(path: &Path, player: &mut Player) -> anyhow::Result<bool> {
    let name = path.display().to_string();
    let mut file = BufReader::new(File::open(path)?);
    file.fill_buf()?;
    Ok(report::replay(&name, file, player)?.cut)
}

struct Player {
    news: mpsc::Sender<News>,
    wishes: mpsc::Receiver<Wish>,
    clock: Clock,
    running: Running,
    began: Option<Timestamp>,
    now: Timestamp,
    told: Option<Instant>,
}

fn unheard() -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}

impl Player {
    fn tell(&mut self) -> io::Result<()> {
        self.told = Some(Instant::now());
        let progress = self.running.progress(self.now);
        self.news.blocking_send(News::Run(Box::new(progress))).map_err(|_| unheard())
    }

    fn wait(&mut self, until: Duration) -> io::Result<()> {
        loop {
            while let Ok(wish) = self.wishes.try_recv() {
                if let Wish::Hold { hold } = wish {
                    self.clock.hold(hold, Instant::now());
                }
            }
            if self.news.is_closed() {
                return Err(unheard());
            }
            let wait = self.clock.wait(until, Instant::now());
            if self.clock.is_held() {
                thread::sleep(NAP);
            } else if wait.is_zero() {
                return Ok(());
            } else {
                thread::sleep(wait.min(NAP));
            }
        }
    }
}

impl Sink for Player {
    fn take(&mut self, event: &Event) -> io::Result<()> {
        let began = *self.began.get_or_insert(event.at);
        self.now = self.now.max(event.at);
        let since = Duration::try_from(self.now.duration_since(began)).unwrap_or_default();
        self.wait(since)?;
        self.running.take(event)?;
        if self.told.is_none_or(|told| told.elapsed() >= LEAST) { self.tell() } else { Ok(()) }
    }
}
