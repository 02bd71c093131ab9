//! The gate that a connection stands at until its client is known.

use std::time::{Duration, Instant, SystemTime};

use proptest::prelude::*;
use serde_json::{Value, json, to_value};
use wslab::app::auth::{Ending, Gate, Passage, Reply, Settings, TokenError, User};
use wslab::wire::CloseCode;

/// A gate, its clocks, and which tokens are good: `USER` and `USER@SECONDS` until then.
struct Stage {
    gate: Gate,
    began: Instant,
    now: Instant,
}

impl Stage {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let now = Instant::now();
        Self { gate: Gate::new(now, settings), began: now, now }
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + (self.now - self.began)
    }

    fn wait(&mut self, seconds: f64) {
        self.now += Duration::from_secs_f64(seconds);
    }

    fn hear(&mut self, text: impl ToString) -> Passage {
        let (now, wall) = (self.now, self.wall());
        self.gate.hear(&text.to_string(), verified, now, wall)
    }

    /// Hears a token, and says what the client gets.
    fn token(&mut self, token: &str) -> Passage {
        self.hear(json!({ "token": token }))
    }

    /// In how many seconds from the beginning.
    fn deadline(&self) -> Option<f64> {
        self.gate.deadline().map(|deadline| (deadline - self.began).as_secs_f64())
    }

    fn user(&self) -> Option<&str> {
        self.gate.user().map(|user| user.id.as_str())
    }
}

fn verified(token: &str) -> Result<User, TokenError> {
    let (id, expires) = token.split_once('@').unwrap_or((token, ""));
    let expires = expires.parse().ok().map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    match id {
        "bad" => Err(TokenError::Signature),
        id => Ok(User { id: id.into(), name: None, permissions: Vec::new(), expires }),
    }
}

fn success(id: &str) -> Passage {
    Passage::Answered(Reply::Success { user_id: id.into() })
}

const FAILED: Passage = Passage::Answered(Reply::FAILED);
const ERROR: Passage = Passage::Answered(Reply::ERROR);

#[test]
fn replies_are_what_clients_wait_for() {
    let shown = |reply: Reply| serde_json::to_string(&reply).unwrap();
    assert_eq!(shown(Reply::Success { user_id: "7".into() }), r#"{"type":"auth_success","userId":"7"}"#);
    assert_eq!(shown(Reply::FAILED), r#"{"type":"auth_failed","message":"Invalid token"}"#);
    assert_eq!(shown(Reply::ERROR), r#"{"type":"auth_error","message":"Authentication error"}"#);
    let endings = [Ending::Timeout, Ending::Refused, Ending::Expired];
    assert_eq!(endings.map(Ending::reason), ["Authentication timeout", "Authentication failed", "Token expired"]);
    assert!(endings.iter().all(|ending| ending.code() == CloseCode::POLICY));
}

#[test]
fn a_good_token_opens_and_then_messages_go_through() {
    for first in
        [json!({"token": "ada"}), json!({"type": "auth", "token": "ada"}), json!({"token": "ada", "more": [1]})]
    {
        let mut stage = Stage::new();
        assert!(!stage.gate.is_open());
        assert_eq!(stage.hear(&first), success("ada"), "{first}");
        assert!(stage.gate.is_open());
        assert_eq!((stage.user(), stage.deadline()), (Some("ada"), None));
        for message in [r#"{"type":"chat","message":"hi"}"#, "", "not JSON", "[]", r#"{"type":"chat","token":"bad"}"#] {
            assert_eq!(stage.hear(message), Passage::Through, "{message}");
        }
    }
}

#[test]
fn nothing_goes_through_before() {
    for message in [
        "",
        "not JSON",
        "[]",
        "7",
        "{}",
        r#"{"type":"chat","message":"hi"}"#,
        r#"{"type":"chat","token":"ada"}"#,
        r#"{"type":"auth"}"#,
        r#"{"token":7}"#,
        r#"{"token":null}"#,
        r#"{"token":["ada"]}"#,
        r#"{"token":"ada","token":"bob"}"#,
        r#"{"type":7,"token":"ada"}"#,
        r#"{"token":"ada""#,
        &json!({"token": "ada", "more": "x".repeat(100_000)}).to_string(),
        &format!("{{\"token\":{}", "[".repeat(10_000)),
    ] {
        let mut stage = Stage::new();
        assert_eq!(stage.hear(message), ERROR, "{message:.60}");
        assert!(!stage.gate.is_open());
    }
}

#[test]
fn a_refused_client_may_try_again_a_few_times() {
    let mut stage = Stage::new();
    assert_eq!(stage.token("bad"), FAILED);
    assert_eq!(stage.hear("{}"), ERROR);
    assert_eq!(stage.token("ada"), success("ada"));

    let mut stage = Stage::new();
    assert_eq!(stage.token("bad"), FAILED);
    assert_eq!(stage.token("bad"), FAILED);
    assert_eq!(stage.token("bad"), Passage::Shut(Some(Reply::FAILED), Ending::Refused));
    // And nothing helps then.
    assert_eq!(stage.token("ada"), Passage::Shut(None, Ending::Refused));
    assert_eq!((stage.user(), stage.deadline()), (None, None));

    let mut stage = Stage::with(Settings { refusals: 1, ..Settings::default() });
    assert_eq!(stage.gate.malformed(stage.now), Passage::Shut(Some(Reply::ERROR), Ending::Refused));
}

#[test]
fn nobody_stays_unknown_for_long() {
    let mut stage = Stage::new();
    assert_eq!(stage.deadline(), Some(10.));
    stage.wait(9.);
    // Trying again gives no more time.
    assert_eq!(stage.token("bad"), FAILED);
    assert_eq!(stage.deadline(), Some(10.));
    stage.wait(0.999);
    assert_eq!(stage.gate.expire(stage.now), None);
    stage.wait(0.001);
    assert_eq!(stage.gate.expire(stage.now), Some(Ending::Timeout));
    assert_eq!(stage.gate.expire(stage.now), Some(Ending::Timeout));

    // Also if nobody asked at the deadline.
    let mut stage = Stage::new();
    stage.wait(10.);
    assert_eq!(stage.token("ada"), Passage::Shut(None, Ending::Timeout));

    let forever = Stage::with(Settings { patience: Duration::MAX, ..Settings::default() });
    assert_eq!(forever.deadline(), None);
}

#[test]
fn a_client_stays_until_its_token_expires() {
    let mut stage = Stage::new();
    stage.wait(5.);
    assert_eq!(stage.token("ada@30"), success("ada"));
    assert_eq!(stage.deadline(), Some(30.));
    stage.wait(24.9);
    assert_eq!(stage.hear("{}"), Passage::Through);
    stage.wait(0.1);
    assert_eq!(stage.gate.expire(stage.now), Some(Ending::Expired));
    assert!(!stage.gate.is_open());

    // No message goes through at the end, also if nobody asked.
    let mut stage = Stage::new();
    assert_eq!(stage.token("ada@30"), success("ada"));
    stage.wait(30.);
    assert_eq!(stage.hear("{}"), Passage::Shut(None, Ending::Expired));
    assert_eq!(stage.token("ada@90"), Passage::Shut(None, Ending::Expired));
}

#[test]
fn a_token_may_be_renewed_by_the_same_user() {
    let mut stage = Stage::new();
    assert_eq!(stage.token("ada@30"), success("ada"));
    stage.wait(20.);
    assert_eq!(stage.hear(json!({"type": "auth", "token": "ada@90"})), success("ada"));
    assert_eq!(stage.deadline(), Some(90.));
    // Nobody becomes another one.
    assert_eq!(stage.token("bob@900"), FAILED);
    assert_eq!((stage.user(), stage.deadline()), (Some("ada"), Some(90.)));
    assert_eq!(stage.hear(json!({"type": "auth"})), ERROR);
    // A good one between them, and they count anew.
    assert_eq!(stage.token("ada@60"), success("ada"));
    assert_eq!(stage.deadline(), Some(60.));
    assert_eq!(stage.token("bad"), FAILED);
    assert_eq!(stage.token("bad"), FAILED);
    assert_eq!(stage.hear(r#"{"type":"chat"}"#), Passage::Through);
    assert_eq!(stage.token("bad"), Passage::Shut(Some(Reply::FAILED), Ending::Refused));
}

#[test]
fn a_gate_may_be_open_from_the_beginning() {
    let now = Instant::now();
    let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
    let mut gate = Gate::opened(verified("ada@1030").unwrap(), now, wall, Settings::default());
    assert!(gate.is_open());
    assert_eq!(gate.deadline(), Some(now + Duration::from_secs(30)));
    assert_eq!(gate.expire(now), None);
    // One that expired on its way.
    let mut gate = Gate::opened(verified("ada@999").unwrap(), now, wall, Settings::default());
    assert_eq!(gate.expire(now), Some(Ending::Expired));
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u8),
    Hear(Value),
    Text(String),
    Expire,
}

fn step() -> impl Strategy<Value = Step> {
    let token = prop_oneof![Just("bad".to_owned()), "(ada|bob)@[1-9][0-9]?", Just("ada".to_owned())];
    prop_oneof![
        (0..20_u8).prop_map(Step::Wait),
        token.prop_map(|token| Step::Hear(json!({ "token": token }))),
        Just(Step::Hear(json!({"type": "chat"}))),
        ".{0,10}".prop_map(Step::Text),
        Just(Step::Expire),
    ]
}

proptest! {
    /// Nothing goes through but with a user whose token is good; a gate that is shut stays so; whoever is in stays who
    /// he is.
    #[test]
    fn whatever_happens_only_known_clients_are_through(steps in prop::collection::vec(step(), 0..40)) {
        let mut stage = Stage::new();
        let (mut known, mut shut): (Option<String>, _) = (None, false);
        for step in steps {
            let passage = match step {
                Step::Wait(seconds) => { stage.wait(seconds.into()); continue }
                Step::Expire => { shut |= stage.gate.expire(stage.now).is_some(); continue }
                Step::Hear(value) => stage.hear(to_value(value).unwrap()),
                Step::Text(text) => stage.hear(text),
            };
            let late = stage.deadline().is_some_and(|deadline| (stage.now - stage.began).as_secs_f64() >= deadline);
            match passage {
                Passage::Through => prop_assert!(stage.gate.is_open() && !late && !shut),
                Passage::Answered(Reply::Success { user_id }) => {
                    prop_assert!(!shut && known.as_ref().is_none_or(|known| *known == user_id));
                    known = Some(user_id);
                }
                Passage::Answered(_) => prop_assert!(!shut && stage.user() == known.as_deref()),
                Passage::Shut(..) => shut = true,
            }
            prop_assert!(!shut || !stage.gate.is_open());
        }
        stage.wait(1000.);
        let ended = stage.gate.expire(stage.now).is_some();
        prop_assert!(ended || stage.user() == Some("ada"), "only who has a token without an end stays");
    }
}
