//! `examples/autobahn_client.rs` against a small fuzzing server, and against the whole of the own one.

use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use wslab::conform::clients::{Door, listen};
use wslab::conform::{self, Corpus, Options, Selection};
use wslab::net::{Entry, Listen, Member, ServerConfig, Service, Session};
use wslab::proto::opening::{Answer, Asked};
use wslab::proto::{Event, Outbound, Role};
use wslab::wire::CloseCode;
use wslab::wire::http::Request;

use crate::stage::{serve, within};

#[path = "../../examples/autobahn_client.rs"]
#[expect(dead_code, reason = "only its `main` is not called")]
mod autobahn_client;

/// A server of four cases that notes what its clients do.
#[derive(Clone, Default)]
struct Fuzzing(Arc<Mutex<Vec<String>>>);

struct Case {
    resource: String,
    member: Member,
    notes: Fuzzing,
}

impl Fuzzing {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl Service for Fuzzing {
    type Session = Case;

    fn open(&self, _request: &Request, asked: &Asked, member: Member, _entry: Entry) -> Result<Case, Box<Answer>> {
        self.note(asked.resource.clone());
        Ok(Case { resource: asked.resource.clone(), member, notes: self.clone() })
    }
}

impl Session for Case {
    fn event(&mut self, event: Event<'_>, out: &mut Outbound) {
        let case = self.resource.strip_prefix("/runCase?case=").and_then(|rest| rest.split('&').next());
        match (event, case) {
            (Event::Open(_), None) => {
                if self.resource == "/getCaseCount" {
                    out.send("4").unwrap();
                }
                out.close(CloseCode::NORMAL, "").unwrap();
            }
            // Ends at once.
            (Event::Open(_), Some("3")) => out.close(CloseCode::NORMAL, "").unwrap(),
            // Ends without a word.
            (Event::Message(_), Some("4")) => self.member.connections.abort(self.member.id).unwrap(),
            (Event::Open(_), Some(number)) => {
                out.ping(b"a ping").unwrap();
                out.send("some text").unwrap();
                out.send(vec![0xff; if number == "1" { 3 } else { 1 << 20 }]).unwrap();
            }
            (Event::Message(message), _) => {
                self.notes.note(format!(
                    "    a message of {} bytes, text: {}",
                    message.payload.len(),
                    message.is_text()
                ));
                if !message.is_text() {
                    out.close(CloseCode::NORMAL, "").unwrap();
                }
            }
            (Event::Pong(..), _) => self.notes.note("    a pong".to_owned()),
            (Event::Close(code, _), Some(_)) => self.notes.note(format!("    close {}", code.unwrap().0)),
            _ => {}
        }
    }
}

#[tokio::test]
async fn all_cases_are_gone_through() {
    let fuzzing = Fuzzing::default();
    let server = serve(ServerConfig::default(), fuzzing.clone());
    let mut said = Vec::new();
    within(autobahn_client::drive(&server.url, "a client/1", |line| said.push(line))).await.unwrap();
    assert_snapshot!(said.join("\n"), @r"
    case 1 of 4: closed
    case 2 of 4: closed
    case 3 of 4: closed
    case 4 of 4: the peer ended the connection without a closing handshake
    the reports are written
    ");
    assert_snapshot!(fuzzing.0.lock().unwrap().join("\n"), @r"
    /getCaseCount
    /runCase?case=1&agent=a+client%2F1
        a pong
        a message of 9 bytes, text: true
        a message of 3 bytes, text: false
        close 1000
    /runCase?case=2&agent=a+client%2F1
        a pong
        a message of 9 bytes, text: true
        a message of 1048576 bytes, text: false
        close 1000
    /runCase?case=3&agent=a+client%2F1
        close 1000
    /runCase?case=4&agent=a+client%2F1
        a pong
    /updateReports?agent=a+client%2F1
    ");
}

#[tokio::test]
async fn a_server_that_is_none_is_said_to_be_none() {
    let server = serve(ServerConfig::default(), |_member: Member| {
        |event: Event<'_>, out: &mut Outbound| {
            if let Event::Open(_) = event {
                out.send("many").unwrap();
                out.close(CloseCode::NORMAL, "").unwrap();
            }
        }
    });
    let error = within(autobahn_client::drive(&server.url, "a", |_| {})).await.unwrap_err();
    assert_snapshot!(format!("{error:#}").replace(&server.url, "ws://server"), @"ws://server/getCaseCount does not say how many cases there are, but something else");
    server.task.abort();
    assert!(server.task.await.is_err());
    let error = within(autobahn_client::drive(&server.url, "a", |_| {})).await.unwrap_err();
    assert_snapshot!(format!("{error:#}").replace(&server.url, "ws://server"), @"ws://server/getCaseCount: cannot connect to ws://server/getCaseCount: Connection refused (os error 111)");
}

#[tokio::test]
async fn the_own_client_passes_the_cases_of_wslab_itself() {
    let corpus = Corpus::embedded();
    let quick = Selection { quick: true, ..Selection::default() };
    // A client that walks takes one after another; `conform --run` plays all of them.
    let cases: Vec<Arc<conform::Case>> =
        quick.of(&corpus.cases).into_iter().step_by(5).cloned().map(Arc::new).collect();
    let door = Door::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), None).unwrap();
    let url = door.url();
    let options = Options { target: Role::Client, ..Options::default() };
    let mut events = Vec::new();
    let driving = async {
        // Until it is stopped: it has been asked for everything by then.
        within(autobahn_client::drive(&url, "own", |_| {})).await.unwrap();
    };
    let visitors = listen(door, &cases, options, Vec::new(), &mut events, driving).await;
    let outcomes = &visitors.agents[0].conclusion.outcomes;
    let bad: Vec<_> = outcomes.iter().filter(|outcome| !outcome.passes(true)).map(|outcome| &outcome.case).collect();
    assert!(outcomes.len() > 200 && bad.is_empty(), "{bad:?}");
    assert!(visitors.agents[0].complete);
}
