//! Clients that get an answer which is no plain one, and the manners that we leave undone as server.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use wslab::conform::{Alternative, Case, Expected, Grade, Handshake, Manners, Offered, Options, Step, Verdict, Why};
use wslab::proto::{Role, Rule};
use wslab::watch::Outcome;
use wslab::wire::Opcode;

use crate::stage::{case, close, hears, ms, text};
use crate::street::{Client, Run, here, request, run};

/// A case that answers like this, and takes `expect` for OK.
fn answers(opening: Handshake, expect: &[Expected]) -> Case {
    Case { opening: Some(opening), target: Some(Role::Client), ..case([text("Hello")], expect) }
}

fn set(name: &str, value: &str) -> Handshake {
    Handshake { set: vec![(name.to_owned(), vec![value.to_owned()])], ..Handshake::default() }
}

/// An answer that every client has to refuse.
fn wrong() -> Handshake {
    set("Sec-WebSocket-Accept", "<accept-swapped>")
}

fn or(mut case: Case, verdict: Grade, events: &[Expected]) -> Case {
    case.expect.push(Alternative { verdict, events: events.to_vec() });
    case
}

/// Asks for the only case, and gives the head of the answer.
async fn asks(run: &Run, headers: &str) -> (DuplexStream, String) {
    let mut stream = run.street.knock();
    let request = request("/runCase?case=1&agent=a").replace("\r\n\r\n", &format!("\r\n{headers}\r\n"));
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (stream, String::from_utf8(head).unwrap())
}

async fn outcome(run: Run) -> Outcome {
    let (mut visitors, _) = run.stop().await;
    visitors.agents[0].conclusion.outcomes.remove(0)
}

fn words(outcome: &Outcome) -> (&'static str, &'static str) {
    (outcome.verdict.word(), outcome.close.word())
}

fn whys(outcome: &Outcome) -> String {
    outcome.why().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn start(case: Case) -> Run {
    run(vec![Arc::new(case)], Options::default())
}

#[test]
fn a_client_that_refuses_a_wrong_answer_is_right() {
    here(async {
        let run = start(answers(wrong(), &[Expected::End]));
        let (stream, head) = asks(&run, "").await;
        let (plain, accept) = head.split_once("Sec-WebSocket-Accept: ").expect("an accept");
        assert_eq!(plain, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
        assert_eq!(accept.trim_end().len(), 28, "as long as the right one: {accept}");
        drop(stream);
        let outcome = outcome(run).await;
        assert_eq!(words(&outcome), ("ok", "ok"));
        assert!(outcome.duration < ms(10), "nobody is waited for: {:?}", outcome.duration);
    });
}

#[test]
fn a_client_that_opens_a_connection_on_a_wrong_answer_fails() {
    here(async {
        for also in [None, Some(Grade::NonStrict)] {
            let case = answers(wrong(), &[Expected::End]);
            let run = start(match also {
                None => case,
                Some(grade) => or(case, grade, &[]),
            });
            let (stream, _) = asks(&run, "").await;
            Client::on(stream).echo().await;
            let outcome = outcome(run).await;
            assert!(outcome.verdict.is_failure() && !outcome.passes(false), "{also:?}: {outcome:?}");
        }
        let run = start(answers(wrong(), &[Expected::End]));
        let (stream, _) = asks(&run, "").await;
        let mut client = Client::on(stream);
        client.send(Opcode::TEXT, b"I am open").await;
        drop(client);
        let outcome = outcome(run).await;
        insta::assert_snapshot!(whys(&outcome), @r#"event 1: expected the end of the connection, got text of 9 bytes "I am open""#);
    });
}

#[test]
fn a_client_that_neither_opens_nor_ends_is_waited_for_as_long_as_the_case_says() {
    here(async {
        for (case, verdict) in [
            (answers(wrong(), &[Expected::End]), "failed"),
            (or(answers(wrong(), &[Expected::End]), Grade::NonStrict, &[]), "non-strict"),
        ] {
            let run = start(case);
            let (stream, _) = asks(&run, "").await;
            Client::on(stream).sulk().await;
            let outcome = outcome(run).await;
            assert_eq!(outcome.verdict.word(), verdict);
            assert!(outcome.duration >= ms(1000) && outcome.duration < ms(3000), "{:?}", outcome.duration);
        }
    });
}

#[test]
fn a_client_may_refuse_an_answer_that_we_find_legal() {
    here(async {
        let odd = || Handshake { add: vec!["X-Folded: a".to_owned()], ..set("X-Other", "b") };
        let case = || or(answers(odd(), &[hears("Hello")]), Grade::NonStrict, &[Expected::End]);
        let run = start(case());
        let (stream, head) = asks(&run, "").await;
        assert!(head.contains("X-Other: b\r\nX-Folded: a\r\n\r\n"), "{head}");
        drop(stream);
        assert_eq!(words(&outcome(run).await), ("non-strict", "ok"));
        let run = start(case());
        let (stream, _) = asks(&run, "").await;
        assert_eq!(Client::on(stream).echo().await, ["Hello"]);
        assert_eq!(words(&outcome(run).await), ("ok", "ok"));
        // Where no alternative has it, it is a connection that got lost.
        let run = start(answers(odd(), &[hears("Hello")]));
        drop(asks(&run, "").await);
        let outcome = outcome(run).await;
        assert!(outcome.verdict.is_failure());
        insta::assert_snapshot!(whys(&outcome), @r#"event 1: expected text of 5 bytes "Hello", got the end of the connection"#);
    });
}

/// The request is the client's own: what is wrong with it fails the case, whatever we would have answered.
#[test]
fn a_wrong_request_is_refused_whatever_the_case_answers() {
    here(async {
        let run = start(answers(wrong(), &[Expected::End]));
        let faulty = request("/runCase?case=1&agent=a").replace("Version: 13", "Version: 7");
        let mut stream = run.street.knock();
        stream.write_all(faulty.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
        let outcome = outcome(run).await;
        insta::assert_snapshot!(whys(&outcome), @"the opening handshake failed: the version of the request is not 13");
    });
}

#[test]
fn a_request_that_a_server_may_see_through_is_wrong_all_the_same() {
    here(async {
        let plain = request("/runCase?case=1&agent=a");
        let key = plain.split("Sec-WebSocket-Key: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
        let spare = format!("{}B==", &key[..21]);
        let mut told = Vec::new();
        for faulty in [plain.replace("\r\nUpgrade", "\nUpgrade"), plain.replace(key, &spare)] {
            assert_ne!(faulty, plain);
            let run = start(case([text("Hello")], &[hears("Hello")]));
            let mut stream = run.street.knock();
            stream.write_all(faulty.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
            told.push(whys(&outcome(run).await));
        }
        insta::assert_snapshot!(told.join("\n"), @"
        the opening handshake failed: the request is not HTTP
        the opening handshake failed: the Sec-WebSocket-Key header is not 16 bytes in base64
        ");
    });
}

#[test]
fn a_case_that_needs_an_offer_is_played_with_nobody_else() {
    here(async {
        let offer = |with: &[&str], without: &[&str]| {
            let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let offer = Offered { with: names(with), without: names(without) };
            let answer = Handshake { offer: Some(offer), ..set("Sec-WebSocket-Extensions", "permessage-deflate; x") };
            answers(answer, &[Expected::End])
        };
        let plain = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
        let limited = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
        for (case, headers, is_played) in [
            (offer(&[], &[]), "", false),
            (offer(&[], &[]), plain, true),
            (offer(&["client_max_window_bits"], &[]), plain, false),
            (offer(&["client_max_window_bits"], &[]), limited, true),
            (offer(&[], &["client_max_window_bits"]), limited, false),
            (offer(&[], &["client_max_window_bits"]), plain, true),
        ] {
            let run = start(case);
            let (stream, head) = asks(&run, headers).await;
            assert_eq!(head.contains("permessage-deflate; x"), is_played, "{headers}: {head}");
            if is_played {
                drop(stream);
                assert_eq!(words(&outcome(run).await), ("ok", "ok"), "{headers}");
            } else {
                assert!(Client::on(stream).echo().await.is_empty(), "nothing is sent but a close frame");
                let outcome = outcome(run).await;
                assert!(outcome.verdict == Verdict::Unimplemented && outcome.passes(true), "{outcome:?}");
            }
        }
    });
}

/// Plays a case in which so many messages are echoed, masked with these keys.
async fn masking_with(keys: impl Iterator<Item = u32>) -> Outcome {
    let steps: [Step; 8] = std::array::from_fn(|_| text("Hello"));
    let run = start(case(steps, &[Expected::Repeat(8, vec![hears("Hello")])]));
    let mut client = run.street.open("/runCase?case=1&agent=a").await;
    let mut keys = keys.map(u32::to_be_bytes);
    while let Some((opcode, payload)) = client.frame().await {
        client.send_with(opcode, &payload, keys.next().unwrap()).await;
        if opcode == Opcode::CLOSE {
            break;
        }
    }
    outcome(run).await
}

#[test]
fn masking_keys_that_can_be_foretold_fail_a_client() {
    here(async {
        let random =
            [0x9e37_79b9_u32, 7, 0x7f4a_7c15, 0xf39c_c060, 0x5ced_c834, 0x1082_276b, 99, 0xf3a2_7251, 0x0dd1_2c44];
        let outcome = masking_with(random.into_iter()).await;
        assert_eq!(words(&outcome), ("ok", "ok"));
        let counted = [
            masking_with(1..).await,
            masking_with((0..).map(|n| n * 12345)).await,
            masking_with((0..).map(|n: u32| n.swap_bytes())).await,
            masking_with((0_u32..).map(|n| u32::MAX - n)).await,
        ];
        for outcome in counted.iter().chain(&[masking_with(std::iter::repeat(5)).await]) {
            assert_eq!(outcome.broken(), [Rule::MaskingKeyRepeated], "{outcome:?}");
            assert!(outcome.verdict.is_failure());
        }
    });
}

#[test]
fn a_client_that_ends_tcp_where_we_do_not_is_heard() {
    here(async {
        let manners = Manners { end: false, ..Manners::default() };
        let ended = || {
            let steps = [text("Hello"), close(1000)];
            let waits = [Step::Await(wslab::conform::Await::Message)];
            let send = [&steps[..1], &waits, &steps[1..]].concat();
            Case { manners, send, ..case([], &[hears("Hello"), Expected::End]) }
        };
        let run = start(or(ended(), Grade::NonStrict, &[hears("Hello")]));
        let mut client = run.street.open("/runCase?case=1&agent=a").await;
        while let Some((opcode, payload)) = client.frame().await {
            client.send(opcode, &payload).await;
            if opcode == Opcode::CLOSE {
                break;
            }
        }
        drop(client);
        let ends = outcome(run).await;
        assert_eq!(words(&ends), ("ok", "ok"), "{}", whys(&ends));
        let run = start(or(ended(), Grade::NonStrict, &[hears("Hello")]));
        let mut client = run.street.open("/runCase?case=1&agent=a").await;
        while let Some((opcode, payload)) = client.frame().await {
            client.send(opcode, &payload).await;
            if opcode == Opcode::CLOSE {
                break;
            }
        }
        client.sulk().await;
        let stays = outcome(run).await;
        assert_eq!(stays.verdict.word(), "non-strict", "{}", whys(&stays));
        assert!(!stays.why().any(|why| matches!(why, Why::Handshake { .. })));
    });
}

#[test]
fn a_client_that_speaks_before_it_is_answered_fails() {
    here(async {
        let slow = |opening| Handshake { pause: Some(ms(300)), ..opening };
        let chopped = || Handshake { chop: Some(50), ..slow(set("X-Other", "b")) };
        for opening in [slow(set("X-Other", "b")), chopped()] {
            let run = start(answers(opening, &[hears("Hello")]));
            let mut stream = run.street.knock();
            stream.write_all(request("/runCase?case=1&agent=a").as_bytes()).await.unwrap();
            tokio::time::sleep(ms(100)).await;
            stream.write_all(&[0x89, 0x80, 1, 2, 3, 4]).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            Client::on(stream).echo().await;
            let outcome = outcome(run).await;
            insta::allow_duplicates! {
                insta::assert_snapshot!(whys(&outcome), @"the opening handshake failed: the client sends frames before the connection is open");
            }
        }
        // What comes when the head is complete, but not all that follows it, is in time.
        let opening = Handshake { behind: Some("".into()), ..chopped() };
        let run = start(answers(opening, &[hears("Hello")]));
        let (stream, _) = asks(&run, "").await;
        assert_eq!(Client::on(stream).echo().await, ["Hello"]);
        assert_eq!(words(&outcome(run).await), ("ok", "ok"));
    });
}

#[test]
fn what_comes_before_the_answer_keeps_nothing_from_being_opened() {
    here(async {
        let lines = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols";
        let interim = || Handshake { line: Some(lines.to_owned()), ..Handshake::default() };
        let run = start(answers(interim(), &[hears("Hello")]));
        let (mut stream, head) = asks(&run, "").await;
        assert!(head.starts_with("HTTP/1.1 103 "), "{head}");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert_eq!(Client::on(stream).echo().await, ["Hello"]);
        let outcome = outcome(run).await;
        assert_eq!(words(&outcome), ("ok", "ok"), "{}", whys(&outcome));
        assert!(outcome.transcript.is_none_or(|transcript| transcript.closing.clean));
    });
}

#[test]
fn a_client_that_goes_on_in_http_on_a_wrong_answer_is_non_strict() {
    here(async {
        let run = start(or(answers(wrong(), &[Expected::End]), Grade::NonStrict, &[Expected::Rest]));
        let (mut stream, _) = asks(&run, "").await;
        stream.write_all(b"GET /runCase?case=1&agent=a HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        drop(stream);
        assert_eq!(words(&outcome(run).await).0, "non-strict");
    });
}

#[test]
fn a_client_that_breaks_a_rule_on_an_odd_answer_fails() {
    here(async {
        let run = start(or(answers(wrong(), &[Expected::End]), Grade::NonStrict, &[Expected::Rest]));
        let (mut stream, _) = asks(&run, "").await;
        // Not masked.
        stream.write_all(&[0x81, 0x01, b'a']).await.unwrap();
        drop(stream);
        let outcome = outcome(run).await;
        assert!(outcome.verdict.is_failure(), "{outcome:?}");
        insta::assert_snapshot!(
            whys(&outcome),
            @"the target broke a rule: a frame of the client is not masked (RFC 6455, section 5.1)"
        );
    });
}
