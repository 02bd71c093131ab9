//! Attaching to a server, and staying attached while it is started anew.

use tokio::sync::mpsc;
use wslab::app::Echo;
use wslab::app::host::Host;
use wslab::app::limit::DoorLimits;
use wslab::net::{Client, Listen, Server, ServerConfig};
use wslab::watch::Snapshot;
use wslab::watch::feed::{AttachError, Remote};
use wslab::watch::live::{News, State, Wish};

use crate::served::{Served, echo, serve, serve_at, within};

/// A dashboard, as a server sees it.
struct Dashboard {
    news: mpsc::Receiver<News>,
    wishes: mpsc::Sender<Wish>,
}

impl Dashboard {
    async fn at(served: &Served) -> Self {
        let remote = within(Remote::attach(served.watching())).await.unwrap();
        let (telling, news) = mpsc::channel(4);
        let (wishes, wished) = mpsc::channel(4);
        tokio::spawn(remote.run(telling, wished));
        Self { news, wishes }
    }

    async fn hears(&mut self) -> News {
        within(self.news.recv()).await.expect("news")
    }

    async fn sees(&mut self, is: impl Fn(&Snapshot) -> bool) -> Snapshot {
        loop {
            if let News::Snapshot(snapshot) = self.hears().await
                && is(&snapshot)
            {
                return *snapshot;
            }
        }
    }

    async fn state(&mut self) -> State {
        loop {
            if let News::State(state) = self.hears().await {
                return state;
            }
        }
    }

    async fn wishes(&self, wish: Wish) {
        self.wishes.send(wish).await.unwrap();
    }
}

#[tokio::test]
async fn it_tells_what_the_server_tells_and_says_what_is_wished() {
    let served = serve(echo());
    let mut dashboard = Dashboard::at(&served).await;
    assert_eq!(dashboard.state().await, State::Live);
    let mut client = within(served.client().connect()).await.unwrap();
    dashboard.wishes(Wish::Pace { every_ms: 100 }).await;
    let snapshot = dashboard.sees(|snapshot| snapshot.open == 1).await;
    dashboard.wishes(Wish::Frames { connection: Some(snapshot.rows[0].id) }).await;
    dashboard.sees(|_| true).await;
    dashboard.sees(|_| true).await;
    dashboard.sees(|_| true).await;
    client.send("hello").await.unwrap();
    loop {
        if let News::Frames(tail) = dashboard.hears().await {
            assert_eq!(tail.frames[0].payload, b"hello");
            break;
        }
    }
}

#[tokio::test]
async fn a_server_that_is_started_anew_is_found_again() {
    let served = serve(echo());
    let address = served.address;
    let mut dashboard = Dashboard::at(&served).await;
    dashboard.wishes(Wish::Pace { every_ms: 100 }).await;
    let first = dashboard.sees(|_| true).await;
    dashboard.sees(|_| true).await;
    served.end().await;
    let State::Lost { why, retry_ms } = dashboard.state().await else { panic!("it is lost") };
    assert!(why.contains("1001"), "{why}");
    assert!((250..=500).contains(&retry_ms), "{retry_ms}");
    // Nobody listens: each time it is tried again later.
    let State::Lost { why, retry_ms } = dashboard.state().await else { panic!("it is lost") };
    assert!(why.contains("refused"), "{why}");
    assert!((500..=1000).contains(&retry_ms), "{retry_ms}");
    // What is wished now is wished of the server that comes.
    dashboard.wishes(Wish::Frames { connection: Some(wslab::proto::ConnectionId(0)) }).await;

    let served = serve_at(address, echo());
    let mut client = within(served.client().connect()).await.unwrap();
    while dashboard.state().await != State::Live {}
    let again = dashboard.sees(|snapshot| snapshot.open == 1).await;
    assert_ne!(again.began, first.began);
    assert!(again.since(&first).is_none());
    let before = dashboard.sees(|_| true).await;
    let after = dashboard.sees(|_| true).await;
    let apart = after.uptime - before.uptime;
    assert!(apart.as_millis() < 900, "the pace is as it was wished: {apart:?}");
    client.send("hello").await.unwrap();
    loop {
        if let News::Frames(tail) = dashboard.hears().await {
            assert_eq!(tail.frames[0].payload, b"hello");
            break;
        }
    }
}

#[tokio::test]
async fn when_nobody_listens_any_more_it_lets_go() {
    // There is a place for one.
    let served = serve(echo().doors(DoorLimits { connections: Some(1), ..DoorLimits::default() }));
    let Dashboard { mut news, wishes } = Dashboard::at(&served).await;
    while within(news.recv()).await.expect("news") != News::State(State::Live) {}
    assert!(within(served.watching().connect()).await.is_err());
    drop((news, wishes));
    within(async { while served.watching().connect().await.is_err() {} }).await;
}

#[tokio::test]
async fn what_is_no_server_that_can_be_watched_is_told() {
    // Agrees to no subprotocol.
    let server = Server::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), ServerConfig::default()).unwrap();
    let url = server.url();
    tokio::spawn(server.run(Host::new(Echo)));
    let attached = within(Remote::attach(Client::new(&url).unwrap())).await;
    assert!(matches!(attached, Err(AttachError::Subprotocol)), "{attached:?}");
    let nobody = serve(echo());
    let client = nobody.watching();
    nobody.end().await;
    assert!(matches!(within(Remote::attach(client)).await, Err(AttachError::Connect(_))));
}
