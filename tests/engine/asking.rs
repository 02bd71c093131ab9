//! Opening handshakes that are no plain ones: what a server is asked, and what becomes of its answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, sleep};
use wslab::conform::{Alternative, Answer, Case, Expected, Grade, Handshake, Judgement, Transcript, Verdict, Why};
use wslab::proto::opening::accept_key;
use wslab::proto::{Role, Rule};
use wslab::watch::{Ending, Timeout};
use wslab::wire::Opcode;

use crate::peering::{answered_with, played_on, react};
use crate::stage::{Target, case, echo, hears, ms, text};

fn answers(status: u16) -> Expected {
    Expected::Answer(Answer { statuses: vec![status..=status], headers: Vec::new() })
}

/// Any status of a refusal.
fn refuses() -> Expected {
    Expected::Answer(Answer { statuses: vec![400..=499], headers: Vec::new() })
}

/// A case that asks like this, and takes `expect` for OK.
fn asks(opening: Handshake, expect: &[Expected]) -> Case {
    Case { opening: Some(opening), target: Some(Role::Server), ..case([], expect) }
}

/// A request that a server has to refuse.
fn wrong() -> Handshake {
    Handshake { drop: vec!["Host".to_owned()], ..Handshake::default() }
}

fn or(mut case: Case, verdict: Grade, events: &[Expected]) -> Case {
    case.expect.push(Alternative { verdict, events: events.to_vec() });
    case
}

fn whys(judgement: &Judgement) -> String {
    let Verdict::Failed(whys) = &judgement.verdict else { panic!("{judgement:?}") };
    whys.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn words(judgement: &Judgement) -> (&'static str, &'static str) {
    (judgement.verdict.word(), judgement.close.word())
}

/// What the server was sent, and when: it takes everything for a good request, and then is this target.
async fn blind(case: &Case, target: Target) -> ((Transcript, Judgement), Vec<(Duration, Vec<u8>)>) {
    let (ours, mut theirs) = duplex(64 * 1024);
    let came = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&came);
    let begun = Instant::now();
    tokio::spawn(async move {
        let mut all = Vec::new();
        let key = loop {
            let mut bytes = Vec::with_capacity(64 * 1024);
            if theirs.read_buf(&mut bytes).await.unwrap() == 0 {
                return;
            }
            all.extend_from_slice(&bytes);
            noted.lock().unwrap().push((begun.elapsed(), bytes));
            if let Some(end) = all.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = all.split_off(end + 4);
                let head = String::from_utf8(std::mem::replace(&mut all, rest)).unwrap();
                break head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ").map(str::to_owned));
            }
        };
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            accept_key(&key.unwrap())
        );
        theirs.write_all(answer.as_bytes()).await.unwrap();
        react(theirs, all, target, usize::MAX).await;
    });
    let played = played_on(ours, case).await;
    let came = came.lock().unwrap().clone();
    (played, came)
}

const REFUSAL: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn a_refusal_is_what_a_wrong_request_gets() {
    let (transcript, judgement) = answered_with(REFUSAL, &asks(wrong(), &[refuses()])).await;
    assert_eq!(words(&judgement), ("ok", "ok"));
    let request = String::from_utf8(transcript.opening.unwrap().request).unwrap();
    assert!(request.starts_with("GET / HTTP/1.1\r\n") && !request.contains("Host"), "{request}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_another_kind_is_told() {
    let (_, judgement) = answered_with(REFUSAL, &asks(wrong(), &[answers(426)])).await;
    insta::assert_snapshot!(whys(&judgement), @"event 1: expected an answer with status 426, got an answer with status 400");
    let (_, judgement) =
        answered_with(REFUSAL, &or(asks(wrong(), &[answers(426)]), Grade::NonStrict, &[refuses()])).await;
    assert_eq!(words(&judgement), ("non-strict", "ok"));
    insta::assert_snapshot!(judgement.short[0], @"event 1: expected an answer with status 426, got an answer with status 400");
}

#[tokio::test(start_paused = true)]
async fn the_headers_of_an_answer_count() {
    let answer = |name: &str, value: Option<&str>| {
        let headers = vec![(name.to_owned(), value.map(str::to_owned))];
        asks(wrong(), &[Expected::Answer(Answer { statuses: vec![426..=426], headers })])
    };
    const UPGRADE: &[u8] = b"HTTP/1.1 426 Upgrade Required\r\nsec-websocket-version: 8\r\n\
        Sec-WebSocket-Version: 7, 13\r\nContent-Length: 0\r\n\r\n";
    let version = "Sec-WebSocket-Version";
    for (case, verdict) in [
        (answer(version, Some("13")), "ok"),
        (answer(version, Some("8")), "ok"),
        (answer(version, Some("1")), "failed"),
        (answer(version, None), "failed"),
        (answer("Upgrade", None), "ok"),
        (answer("Upgrade", Some("websocket")), "failed"),
    ] {
        let (_, judgement) = answered_with(UPGRADE, &case).await;
        assert_eq!(judgement.verdict.word(), verdict, "{:?}", case.expect);
    }
    let (_, judgement) = answered_with(UPGRADE, &answer("Upgrade", Some("websocket"))).await;
    insta::assert_snapshot!(whys(&judgement), @r#"event 1: expected an answer with status 426, with Upgrade: websocket, got an answer with status 426, sec-websocket-version: "8", Sec-WebSocket-Version: "7, 13""#);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_drops_the_connection_gives_no_answer() {
    let case = or(asks(wrong(), &[refuses()]), Grade::NonStrict, &[Expected::End]);
    let (transcript, judgement) = answered_with(b"", &case).await;
    assert_eq!((words(&judgement), transcript.closing.ending), (("non-strict", "ok"), Ending::ByPeer));
    insta::assert_snapshot!(judgement.short[0], @"event 1: expected an answer with status 4xx, got the end of the connection");
    let (_, judgement) = answered_with(b"", &asks(wrong(), &[refuses()])).await;
    insta::assert_snapshot!(whys(&judgement), @"event 1: expected an answer with status 4xx, got the end of the connection");
}

#[tokio::test(start_paused = true)]
async fn half_an_answer_is_none() {
    let case = or(asks(wrong(), &[refuses()]), Grade::NonStrict, &[Expected::Rest]);
    let (_, judgement) = answered_with(b"HTTP/1.1 400 Bad", &case).await;
    let Verdict::Failed(whys) = &judgement.verdict else { panic!("{judgement:?}") };
    assert_eq!(whys[..], [Why::Broke(Rule::ResponseMalformed)]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_a_wrong_request_fails_at_once() {
    let case = Case { send: vec![text("Hello")], ..asks(wrong(), &[refuses()]) };
    let ((transcript, judgement), _) = blind(&case, echo()).await;
    assert_eq!(judgement.verdict.word(), "failed");
    insta::assert_snapshot!(whys(&judgement), @"event 1: expected an answer with status 4xx, got an answer with status 101");
    assert!(transcript.duration < ms(10), "{:?}", transcript.duration);
    assert!(transcript.closing.by_us && transcript.closing.clean);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_opens_an_odd_connection_is_played_with() {
    let odd = Handshake { set: vec![("X-Odd".to_owned(), vec!["<key>".to_owned(); 2])], ..Handshake::default() };
    let case = Case { send: vec![text("Hello")], ..asks(odd, &[answers(101), hears("Hello")]) };
    let ((transcript, judgement), came) = blind(&case, echo()).await;
    assert_eq!((words(&judgement), transcript.heard.len()), (("ok", "ok"), 2));
    let request = String::from_utf8(came[0].1.clone()).unwrap();
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    assert_eq!(request.matches(&format!("X-Odd: {key}\r\n")).count(), 2, "{request}");
    // What it did not echo is missing behind the answer.
    let missing = Case { send: vec![], ..case };
    let ((_, judgement), _) = blind(&missing, echo()).await;
    insta::assert_snapshot!(whys(&judgement), @r#"
    event 2: expected text of 5 bytes "Hello", got nothing
    our patience was over
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_waited_for_in_bounded_time() {
    let silence = async |case: &Case| {
        let (ours, mut theirs) = duplex(4096);
        tokio::spawn(async move {
            while theirs.read(&mut [0; 64]).await.is_ok_and(|size| size > 0) {}
            sleep(Duration::from_secs(10_000)).await;
        });
        played_on(ours, case).await
    };
    let unfinished = Handshake { unfinished: true, ..Handshake::default() };
    let (transcript, judgement) = silence(&asks(unfinished.clone(), &[answers(408)])).await;
    assert_eq!(transcript.opening.unwrap().duration, Duration::from_secs(5));
    let Verdict::Failed(whys) = &judgement.verdict else { panic!("{judgement:?}") };
    assert_eq!(whys.last(), Some(&Why::TimedOut(Timeout::Patience)));
    let case = or(asks(unfinished, &[answers(408)]), Grade::NonStrict, &[]);
    let (_, judgement) = silence(&case).await;
    assert_eq!(words(&judgement), ("non-strict", "ok"));
    // A case may be more patient than the handshake of others.
    let patience = wslab::conform::Patience { time: Duration::from_secs(20), ..case.patience };
    let (transcript, _) = silence(&Case { patience, ..case }).await;
    assert_eq!(transcript.opening.unwrap().duration, Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn a_request_is_written_as_the_case_says() {
    // Every key at once; what is chopped comes in pieces that are apart.
    let opening = Handshake {
        line: Some("POST <path>?x HTTP/1.1".to_owned()),
        set: vec![("Origin".to_owned(), vec!["<host>".to_owned()])],
        drop: vec!["Upgrade".to_owned()],
        add: vec!["Folded: a".to_owned(), "  b".to_owned()],
        behind: Some("body".into()),
        chop: Some(100),
        pause: Some(ms(30)),
        ..Handshake::default()
    };
    let (_, came) = blind(&asks(opening, &[refuses()]), echo()).await;
    let all = String::from_utf8(came.iter().flat_map(|(_, bytes)| bytes.clone()).collect()).unwrap();
    assert!(all.starts_with("POST /?x HTTP/1.1\r\nHost: localhost:9001\r\n"), "{all}");
    assert!(!all.contains("Upgrade:") && all.contains("Origin: localhost:9001\r\n"), "{all}");
    assert!(all.ends_with("\r\nFolded: a\r\n  b\r\n\r\nbody"), "{all}");
    let times: Vec<_> = came.iter().map(|(at, _)| *at).collect();
    let wanted: Vec<_> = (0..came.len() as u64).map(|index| ms(index * 30)).collect();
    assert_eq!(times, wanted);
    assert!(came.len() > 1 && came.iter().rev().skip(1).all(|(_, bytes)| bytes.len() == 100));
}

#[tokio::test(start_paused = true)]
async fn a_pause_without_pieces_comes_before_everything() {
    let opening = Handshake { pause: Some(ms(700)), ..Handshake::default() };
    let ((_, judgement), came) = blind(&asks(opening, &[answers(101)]), echo()).await;
    assert_eq!((words(&judgement), came.len(), came[0].0), (("ok", "ok"), 1, ms(700)));
}

/// A frame behind the request is the server's to answer, once it opened the connection.
#[tokio::test(start_paused = true)]
async fn a_frame_behind_the_request_is_part_of_the_connection() {
    let behind = [&[0x81, 0x82][..], &[0; 4], b"Hi"].concat();
    let opening = Handshake { behind: Some(wslab::conform::Payload::Bytes(behind.into())), ..Handshake::default() };
    let ((transcript, judgement), _) = blind(&asks(opening, &[answers(101), hears("Hi")]), echo()).await;
    assert_eq!(words(&judgement), ("ok", "ok"), "{judgement:?}");
    let first = transcript.log.first.iter().find_map(|entry| match &entry.item {
        wslab::watch::Item::Frame { head, .. } => Some(head.opcode),
        _ => None,
    });
    assert_eq!(first, Some(Opcode::TEXT), "it is in the log");
}

#[tokio::test(start_paused = true)]
async fn what_is_raw_need_not_be_http() {
    let raw = Handshake { raw: Some("\u{16}\u{3}\u{1} <path>".into()), ..Handshake::default() };
    let case = or(asks(raw, &[refuses()]), Grade::Ok, &[Expected::End]);
    let (transcript, judgement) = answered_with(b"", &case).await;
    assert_eq!((words(&judgement), &transcript.opening.unwrap().request[..]), (("ok", "ok"), &b"\x16\x03\x01 /"[..]));
    let (_, judgement) = answered_with(REFUSAL, &case).await;
    assert_eq!(words(&judgement), ("ok", "ok"));
}
