//! A capture, played.

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use super::Telling;
use super::clock::Clock;
use super::speed::Speed;
use crate::capture::source::{Item, Source};
use crate::capture::{Analyzer, Options, Replay, Time};
use crate::watch::live::{News, Playing, State, Wish};

/// Between snapshots there is no more than this, in the time of the capture; in slow motion less, so that no more time of
/// ours passes between them than was wished.
const APART: Duration = Duration::from_secs(1);
/// Nor are there more of them than one in this time of ours.
const LEAST: Duration = Duration::from_millis(20);
/// How often frames and violations are told.
const TICK: Duration = Duration::from_millis(100);
/// How often it is told where the replay stands.
const STAND: Duration = Duration::from_millis(250);
/// A wait of ours from which on it is said until when nothing happens.
const LONG: Duration = Duration::from_secs(2);
/// How long a wish waits at most.
const NAP: Duration = Duration::from_millis(50);

/// Nobody listens any more.
pub(super) struct Unheard;

/// Plays a capture at this speed, or as it comes, until its end or until nobody listens any more.
pub(super) fn play(source: Box<dyn Source>, secrets: &[Vec<u8>], speed: Option<Speed>, telling: Telling) {
    let mut analyzer = Analyzer::new(Options::default(), Replay::new());
    secrets.iter().for_each(|secrets| analyzer.secrets(secrets));
    let player = Player::new(speed, telling);
    // Whoever does not listen does not have to be told.
    let _played = player.play(source, analyzer);
}

struct Player {
    news: mpsc::Sender<News>,
    wishes: mpsc::Receiver<Wish>,
    /// `None` while packets are played as they come.
    clock: Option<Clock>,
    every: Duration,
    /// Of what was told last: the time of the capture, and ours.
    snapshot: Option<(Time, Instant)>,
    told: Instant,
    /// When the next packet is due: in the time of the capture, and since its beginning.
    next: Option<(Time, Duration)>,
    /// When it was told last where the replay stands.
    stood: Option<Instant>,
    /// When the last packet came.
    came: Instant,
}

impl Player {
    fn new(speed: Option<Speed>, telling: Telling) -> Self {
        let now = Instant::now();
        Self {
            news: telling.news,
            wishes: telling.wishes,
            clock: speed.map(|speed| Clock::new(speed, now)),
            every: Duration::from_secs(1),
            snapshot: None,
            told: now,
            next: None,
            stood: None,
            came: now,
        }
    }

    fn play(mut self, mut source: Box<dyn Source>, mut analyzer: Analyzer<Replay>) -> Result<(), Unheard> {
        self.tell(News::State(State::Live))?;
        let words = loop {
            match source.next() {
                Ok(Some(Item::Packet(packet))) => {
                    let time = packet.place.time;
                    self.until(time, analyzer.sink_mut())?;
                    // A replay takes everything.
                    let _taken = analyzer.packet(packet);
                    self.packet(analyzer.sink_mut())?;
                }
                Ok(Some(Item::Secrets(secrets))) => analyzer.secrets(secrets),
                Ok(Some(Item::Idle)) => self.idle(analyzer.sink_mut())?,
                Ok(None) => break None,
                // What came before the damage counts.
                Err(error) => break Some(error.to_string()),
            }
        };
        analyzer.sink_mut().ends();
        // A replay takes everything.
        let Ok((mut replay, _)) = analyzer.finish() else { return Ok(()) };
        self.tell_rest(&mut replay)?;
        self.tell(News::Snapshot(Box::new(replay.snapshot())))?;
        self.tell(News::State(State::Over { words }))?;
        // Those who look at it may follow nothing any more.
        while self.wishes.blocking_recv().is_some() {}
        Ok(())
    }

    fn tell(&self, news: News) -> Result<(), Unheard> {
        self.news.blocking_send(news).map_err(|_| Unheard)
    }

    /// Waits until a packet of this time is due, and tells what is due before it.
    fn until(&mut self, time: Option<Time>, replay: &mut Replay) -> Result<(), Unheard> {
        self.listen(replay)?;
        let Some(time) = time else { return Ok(()) };
        if self.clock.is_some() && replay.times().is_none() {
            // There is something to look at from the beginning.
            replay.at(time);
            self.snapshot(time, replay)?;
        }
        if let (Some(_), Some((began, mut now))) = (&self.clock, replay.times()) {
            self.next = Some((time, time.since(began)));
            loop {
                let due = Time(now.0.saturating_add(self.apart(began, now)));
                let next = due.min(time);
                self.wait(next.since(began), replay)?;
                if due >= time {
                    break;
                }
                // Nothing happened in between.
                replay.at(due);
                self.snapshot(due, replay)?;
                now = if self.is_hurried() || self.is_due(time.since(began)) { time } else { due };
            }
            self.next = None;
        }
        replay.at(time);
        self.came = Instant::now();
        Ok(())
    }

    /// How far the next snapshot is from the last, in the time of the capture.
    fn apart(&self, began: Time, now: Time) -> i64 {
        let within = self.clock.as_ref().and_then(|clock| clock.within(self.every));
        let apart = APART.min(self.every).min(within.unwrap_or(APART));
        let apart = i64::try_from(apart.as_nanos()).unwrap_or(i64::MAX);
        let last = self.snapshot.map_or(began, |(last, _)| last);
        apart.saturating_sub(now.0.saturating_sub(last.0)).max(1)
    }

    /// Whether this time of the capture has come, by a skip or because telling took long.
    fn is_due(&self, until: Duration) -> bool {
        self.clock.as_ref().is_some_and(|clock| !clock.is_held() && clock.wait(until, Instant::now()).is_zero())
    }

    /// Whether there is no time to tell that nothing happened.
    const fn is_hurried(&self) -> bool {
        match &self.clock {
            Some(clock) => clock.is_max(),
            None => true,
        }
    }

    fn wait(&mut self, until: Duration, replay: &mut Replay) -> Result<(), Unheard> {
        loop {
            let now = Instant::now();
            let Some(clock) = &self.clock else { return Ok(()) };
            let wait = clock.wait(until, now);
            if wait.is_zero() && !clock.is_held() {
                return Ok(());
            }
            if clock.is_held() {
                thread::sleep(NAP);
            } else {
                thread::sleep(wait.min(NAP));
            }
            self.listen(replay)?;
            self.stand(replay)?;
            self.tick(replay)?;
        }
    }

    /// Tells where the replay stands.
    fn stand(&mut self, replay: &Replay) -> Result<(), Unheard> {
        let now = Instant::now();
        if self.stood.is_some_and(|stood| now.saturating_duration_since(stood) < STAND) {
            return Ok(());
        }
        let (Some(clock), Some((began, last))) = (&self.clock, replay.times()) else { return Ok(()) };
        let at = clock
            .now(now)
            .map_or(last, |played| Time(began.0.saturating_add(i64::try_from(played.as_nanos()).unwrap_or(i64::MAX))));
        let far = self.next.filter(|(_, until)| clock.wait(*until, now) >= LONG);
        // It stands between what was read last and what comes next, though its clock may be behind.
        let next = self.next.map_or(at, |(next, _)| next);
        let at = at.min(next).max(last);
        self.stood = Some(now);
        self.tell(News::Playing(Playing { at: at.timestamp(), until: far.map(|(until, _)| until.timestamp()) }))
    }

    /// A packet was taken.
    fn packet(&mut self, replay: &mut Replay) -> Result<(), Unheard> {
        if self.clock.is_none() {
            return self.as_it_comes(replay);
        }
        self.stand(replay)?;
        self.tick(replay)
    }

    /// Nothing comes.
    fn idle(&mut self, replay: &mut Replay) -> Result<(), Unheard> {
        self.listen(replay)?;
        if let Some((_, now)) = replay.times() {
            let since = i64::try_from(self.came.elapsed().as_nanos()).unwrap_or(i64::MAX);
            self.came = Instant::now();
            replay.at(Time(now.0.saturating_add(since)));
        }
        self.as_it_comes(replay)
    }

    fn as_it_comes(&mut self, replay: &mut Replay) -> Result<(), Unheard> {
        self.tick(replay)?;
        let due = self.snapshot.is_none_or(|(_, at)| at.elapsed() >= self.every);
        match replay.times() {
            Some((_, now)) if due => self.snapshot(now, replay),
            _ => Ok(()),
        }
    }

    /// Tells what is not to wait for the next snapshot.
    fn tick(&mut self, replay: &mut Replay) -> Result<(), Unheard> {
        if self.told.elapsed() < TICK {
            return Ok(());
        }
        self.tell_rest(replay)
    }

    fn tell_rest(&mut self, replay: &mut Replay) -> Result<(), Unheard> {
        self.told = Instant::now();
        let violations = replay.violations();
        if !violations.is_empty() {
            self.tell(News::Violations(violations))?;
        }
        match replay.frames() {
            Some(tail) => self.tell(News::Frames(tail)),
            None => Ok(()),
        }
    }

    fn snapshot(&mut self, time: Time, replay: &mut Replay) -> Result<(), Unheard> {
        let now = Instant::now();
        let is_early = self.snapshot.is_some_and(|(_, at)| now.saturating_duration_since(at) < LEAST);
        if is_early {
            // The next is due as if this had been told.
            self.snapshot = self.snapshot.map(|(_, at)| (time, at));
            return Ok(());
        }
        self.snapshot = Some((time, now));
        self.tell(News::Snapshot(Box::new(replay.snapshot())))?;
        self.tell_rest(replay)
    }

    /// Does what is wished.
    fn listen(&mut self, replay: &mut Replay) -> Result<(), Unheard> {
        loop {
            match self.wishes.try_recv() {
                Ok(Wish::Frames { connection }) => replay.follow(connection),
                Ok(Wish::Pace { every_ms }) => self.every = Duration::from_millis(every_ms.clamp(100, 3_600_000)),
                Ok(Wish::Skip) => {
                    if let (Some(clock), Some((_, until))) = (&mut self.clock, self.next) {
                        clock.skip(until, Instant::now());
                        self.stood = None;
                    }
                }
                Ok(Wish::Hold { hold }) => {
                    if let Some(clock) = &mut self.clock {
                        clock.hold(hold, Instant::now());
                    }
                }
                Err(TryRecvError::Empty) => return Ok(()),
                // Nobody is there who could have it go on.
                Err(TryRecvError::Disconnected) if self.news.is_closed() => return Err(Unheard),
                Err(TryRecvError::Disconnected) => {
                    if let Some(clock) = &mut self.clock {
                        clock.hold(false, Instant::now());
                    }
                    return Ok(());
                }
            }
        }
    }
}
