//! What applications make of a token that brings fewer permissions than the one before.

use std::time::Duration;

use serde_json::{Value, json};
use wslab::app::auth::Settings;
use wslab::app::chat::{Chat, ChatConfig};
use wslab::app::feed::Feed;
use wslab::app::host::{Application, Caller, Host, Malformed, Visit, Voice};
use wslab::proto::Message;

use crate::host_stage::{Guest, Served, auth, serve, token_for};

/// An application whose visits look at the token again when they are told `renewed`.
struct Renewing<A>(A);

impl<A: Application> Application for Renewing<A> {
    type Visit = RenewingVisit<A::Visit>;

    fn open(&self, caller: &Caller) -> Self::Visit {
        RenewingVisit(self.0.open(caller))
    }
}

struct RenewingVisit<V>(V);

impl<V: Visit> Visit for RenewingVisit<V> {
    fn message(&mut self, message: &Message<'_>, voice: &mut Voice<'_>) -> Result<(), Malformed> {
        if message.as_text() != Some("renewed") {
            return self.0.message(message, voice);
        }
        self.0.renewed(voice);
        voice.send(&json!({ "type": "looked" }));
        Ok(())
    }
}

fn serve_renewing<A: Application>(application: A) -> Served {
    serve(Host::new(Renewing(application)).guarded(auth(), Settings::default()))
}

/// Shows a token with these permissions, and hears what the application says to that.
async fn renew(guest: &mut Guest, permissions: &[&str]) -> Vec<Value> {
    let token = token_for("7", permissions, Duration::from_secs(60));
    assert_eq!(guest.asks(&json!({ "token": token })).await["type"], "auth_success");
    guest.says("renewed").await;
    let mut heard = Vec::new();
    loop {
        let said = guest.hears().await;
        if said["type"] == "looked" {
            return heard;
        }
        heard.push(said);
    }
}

fn denied() -> Value {
    json!({ "type": "error", "message": "Permission denied" })
}

#[tokio::test]
async fn subscribing_needs_its_permission() {
    let feed = Feed::new();
    feed.publish("news", &1).unwrap();
    let served = serve(Host::new(feed).guarded(auth(), Settings::default()));
    let mut guest = served.connect().await;
    let subscribe = json!({ "type": "subscribe", "streams": ["news"] });
    let with = |permissions: &[&str]| json!({ "token": token_for("7", permissions, Duration::from_secs(60)) });
    guest.asks(&with(&["join", "chat"])).await;
    assert_eq!(guest.asks(&subscribe).await, denied());
    assert_eq!(guest.asks(&json!({ "type": "streams" })).await, denied());
    guest.asks(&with(&["subscribe"])).await;
    assert_eq!(guest.asks(&subscribe).await, json!({ "type": "data", "stream": "news", "data": 1 }));
}

#[tokio::test]
async fn subscriptions_end_with_their_permission() {
    let feed = Feed::new();
    let news = feed.stream("news").unwrap();
    let served = serve_renewing(feed.clone());
    let mut guest = served.connect().await;
    assert_eq!(renew(&mut guest, &["subscribe"]).await, [] as [Value; 0]);
    guest.says(json!({ "type": "subscribe", "streams": ["news"] }).to_string()).await;
    assert_eq!(renew(&mut guest, &["subscribe", "chat"]).await, [] as [Value; 0]);
    assert_eq!(news.subscribers(), 1);
    assert_eq!(renew(&mut guest, &["chat"]).await, [denied()]);
    assert_eq!(news.subscribers(), 0);
    assert_eq!(renew(&mut guest, &[]).await, [] as [Value; 0], "there is nothing left to be denied");
}

#[tokio::test]
async fn a_room_is_left_with_the_permission_to_join() {
    let chat = Chat::new(ChatConfig::default());
    let served = serve_renewing(chat.clone());
    let mut guest = served.connect().await;
    assert_eq!(renew(&mut guest, &["join"]).await, [] as [Value; 0]);
    let join = json!({ "type": "join", "room": "r", "username": "ada" });
    assert_eq!(guest.asks(&join).await["type"], "joined");
    assert_eq!(renew(&mut guest, &["join", "chat"]).await, [] as [Value; 0]);
    assert_eq!(chat.rooms().len(), 1);
    assert_eq!(renew(&mut guest, &["chat"]).await, [denied()]);
    assert!(chat.rooms().is_empty());
    assert_eq!(guest.asks(&join).await, denied());
}
