//! Servers in memory that echo, and that can be made to misbehave.

use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{DuplexStream, duplex};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::net::driver::{Driver, Session, Stop};
use crate::net::stream::Stream;
use crate::net::{Client, ConnectError, Connection, Pool, PoolConfig};
use crate::proto::opening::Policy;
use crate::proto::{Config, Endpoint, Event, Outbound};
use crate::wire::CloseCode;

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn client(host: &str) -> Client {
    Client::new(&format!("ws://{host}")).expect("a URL")
}

/// What all servers are up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Those there are do nothing at all, and newcomers are not answered.
    Frozen,
    /// Those there are vanish; newcomers are well.
    Gone,
    /// Those there are vanish, and newcomers are refused.
    Down,
    /// Newcomers are refused.
    Refusing,
    /// Those there are close; newcomers are well.
    Closing,
    /// Those there are send so many messages.
    Pushing(u32),
    /// Newcomers are accepted, and vanish.
    Flapping,
}

#[derive(Clone)]
pub(crate) struct World {
    mood: Arc<watch::Sender<Mood>>,
    diary: Arc<Mutex<Diary>>,
}

#[derive(Default)]
struct Diary {
    told: Vec<String>,
    dials: Vec<Instant>,
}

struct Echo(World);

impl Session for Echo {
    fn event(&mut self, event: Event<'_>, out: &mut Outbound) {
        match event {
            Event::Open(_) => self.0.tell("open"),
            Event::Message(message) => {
                // Fails only while it is closing.
                let _sent = out.send(message);
            }
            Event::Ping(_) => self.0.tell("ping"),
            Event::Close(code, reason) => self.0.tell(format!("close {} {reason}", code.map_or(0, |code| code.0))),
            _ => {}
        }
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self { mood: Arc::new(watch::Sender::new(Mood::Well)), diary: Arc::default() }
    }

    pub(crate) fn pool(&self, config: PoolConfig) -> Pool {
        let world = self.clone();
        Pool::dialling(config, move |client| world.clone().dial(client))
    }

    pub(crate) fn turn(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    pub(crate) fn told(&self) -> Vec<String> {
        self.diary.lock().expect("nobody panics").told.clone()
    }

    /// When somebody tried to connect.
    pub(crate) fn dials(&self) -> Vec<Instant> {
        self.diary.lock().expect("nobody panics").dials.clone()
    }

    pub(crate) fn opened(&self) -> usize {
        self.told().iter().filter(|words| *words == "open").count()
    }

    fn tell(&self, words: impl Into<String>) {
        self.diary.lock().expect("nobody panics").told.push(words.into());
    }

    async fn dial(self, client: Client) -> Result<Connection, ConnectError> {
        self.diary.lock().expect("nobody panics").dials.push(Instant::now());
        if matches!(*self.mood.borrow(), Mood::Down | Mood::Refusing) {
            let source = io::ErrorKind::ConnectionRefused.into();
            return Err(ConnectError::Io { target: client.target().clone(), source });
        }
        let (near, far) = duplex(1 << 16);
        tokio::spawn(self.serve(far));
        let connection = client.over(Stream::Memory(near), client.ask()?, Instant::now())?;
        client.opened(connection).await
    }

    async fn serve(self, stream: DuplexStream) {
        let mut mood = self.mood.subscribe();
        let mut driver = Driver::new(stream, Endpoint::server(Arc::new(Config::default()), Instant::now().into_std()));
        let mut session = Echo(self.clone());
        loop {
            let now = *mood.borrow_and_update();
            if now == Mood::Frozen {
                if mood.changed().await.is_err() {
                    return;
                }
                continue;
            }
            tokio::select! {
                biased;
                _ = mood.changed() => match *mood.borrow() {
                    Mood::Gone | Mood::Down => return,
                    Mood::Closing => {
                        driver.endpoint.outbound().close(CloseCode::GOING_AWAY, "").expect("it is open");
                        driver.queued();
                    }
                    Mood::Pushing(count) => {
                        for _ in 0..count {
                            driver.endpoint.outbound().send("push").expect("it is open");
                        }
                        driver.queued();
                    }
                    Mood::Well | Mood::Frozen | Mood::Refusing | Mood::Flapping => {}
                },
                stop = poll_fn(|cx| driver.poll(cx, &mut session)) => match stop {
                    Stop::Asked => {
                        let (_, asked) = driver.endpoint.asked().expect("a request");
                        driver.answer(Policy::default().answer(asked));
                        if now == Mood::Flapping {
                            poll_fn(|cx| driver.poll_flush(cx)).await;
                            driver.tick(&mut session);
                            poll_fn(|cx| driver.poll_flush(cx)).await;
                            return;
                        }
                    }
                    Stop::Over => return self.tell("gone"),
                },
            }
        }
    }
}
