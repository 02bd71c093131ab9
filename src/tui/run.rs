//! The loop: what happens goes into the model, what is to be done comes out of it, and the screen is drawn when it has
//! changed, at most thirty times a second.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ratatui::crossterm::event::{self, Event};
use ratatui::layout::Size;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::model::{Model, Options};
use super::screen::Screen;
use super::update::{Effect, Input};
use super::view;
use crate::watch::live::{News, Wish};

/// How a dashboard ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Somebody wanted it to, by a key.
    Quit,
    /// The process was told to end.
    Interrupted,
}

/// The least time between two frames.
const FRAME: Duration = Duration::from_millis(33);
/// How often time is told to the model.
const TICK: Duration = Duration::from_millis(250);
/// How long the thread that reads keys waits before it looks whether it is still wanted.
const PATIENCE: Duration = Duration::from_millis(100);

/// Runs a dashboard on the terminal until somebody ends it. Sources are told by `news`, and asked by `wishes`; when no more
/// news can come, what is known stays.
///
/// A source that takes no wishes for a while misses them; the dashboard never waits for it.
///
/// # Errors
/// If there is no terminal, or it fails.
pub async fn run(news: Receiver<News>, wishes: Sender<Wish>, options: Options) -> io::Result<Ended> {
    let mut screen = Screen::take(options.mouse)?;
    let size = screen.terminal.size()?;
    let mut events = Events::read();
    let mut signals = Signals::listen()?;
    let mut dashboard = Dashboard { model: Model::new(options, size), wishes, is_changed: true };
    let ended = dashboard.drive(&mut screen, news, &mut events, &mut signals).await;
    events.stop();
    ended
}

struct Dashboard {
    model: Model,
    wishes: Sender<Wish>,
    is_changed: bool,
}

impl Dashboard {
    async fn drive(
        &mut self,
        screen: &mut Screen,
        mut news: Receiver<News>,
        events: &mut Events,
        signals: &mut Signals,
    ) -> io::Result<Ended> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last_tick = Instant::now();
        let mut next_frame = Instant::now();
        let mut has_news = true;
        loop {
            let input = tokio::select! {
                biased;
                () = signals.any() => return Ok(Ended::Interrupted),
                () = sleep_until(next_frame), if self.is_changed => {
                    screen.terminal.draw(|frame| view::render(frame, &self.model))?;
                    self.is_changed = false;
                    next_frame = Instant::now() + FRAME;
                    continue;
                }
                event = events.receiver.recv() => match event {
                    Some(Ok(event)) => input(event),
                    Some(Err(error)) => return Err(error),
                    None => return Err(io::Error::other("the terminal tells no more keys")),
                },
                told = news.recv(), if has_news => match told {
                    Some(told) => Some(Input::News(told)),
                    None => {
                        has_news = false;
                        None
                    }
                },
                now = ticks.tick() => {
                    let passed = now.saturating_duration_since(last_tick);
                    last_tick = now;
                    Some(Input::Tick(passed))
                }
            };
            if let Some(input) = input
                && self.take_up(input)
            {
                return Ok(Ended::Quit);
            }
        }
    }

    /// `true` if that is the end.
    fn take_up(&mut self, input: Input) -> bool {
        let (effects, is_changed) = self.model.update(input);
        self.is_changed |= is_changed;
        for effect in effects {
            match effect {
                Effect::Quit => return true,
                Effect::Wish(wish) => {
                    if self.wishes.try_send(wish).is_err() && self.model.state.is_none() {
                        self.model.say("the source does not take wishes", true);
                    }
                }
                Effect::Export(export) => {
                    let written = export.write(Path::new("."));
                    let said = written.map_err(|error| error.to_string()).map(|paths| {
                        let here = std::env::current_dir().unwrap_or_default();
                        let names = paths.map(|path| {
                            path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
                        });
                        format!("{} in {}", names.join(" and "), here.display())
                    });
                    let (_, is_changed) = self.model.update(Input::Exported(said));
                    self.is_changed |= is_changed;
                }
            }
        }
        false
    }
}

fn input(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) => Some(Input::Key(key)),
        Event::Mouse(mouse) => Some(Input::Mouse(mouse)),
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::Resize(width, height) => Some(Input::Size(Size { width, height })),
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// What the terminal tells, read by a thread of its own because reading blocks.
struct Events {
    receiver: Receiver<io::Result<Event>>,
    is_over: Arc<AtomicBool>,
}

impl Events {
    fn read() -> Self {
        let (sender, receiver) = mpsc::channel(64);
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let event = match event::poll(PATIENCE) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(error) => Err(error),
                };
                let is_last = event.is_err();
                if sender.blocking_send(event).is_err() || is_last {
                    break;
                }
            }
        });
        Self { receiver, is_over }
    }

    fn stop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.receiver.close();
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The signals that end it.
#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let [interrupt, terminate, hangup] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        Ok(Self([interrupt?, terminate?, hangup?]))
    }

    async fn any(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "listening for signals can fail elsewhere")]
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn any(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
