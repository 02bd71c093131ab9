//! One case on one connection, in memory, against targets that are good, slow, broken and hostile.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::time::{sleep, timeout};
use wslab::conform::{
    Case, Expected, Judgement, Own, Pace, Patience, Payload, Terms, Then, Transcript, Transport, Wanted, Why, judge,
    play,
};
use wslab::proto::Rule;
use wslab::proto::opening::{Ask, Policy, answer};
use wslab::watch::{Ending, Timeout};
use wslab::wire::Opcode;
use wslab::wire::http::{Limits, Request};

use crate::stage::{self, Deed, Reader, Target, case, echo, failing, frame, hears, mute, once, text};

/// Answers the opening handshake as it should.
pub async fn accept(stream: &mut DuplexStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        // A connection that is only made and dropped, to see whether anybody is there, never gets further.
        if stream.read_buf(&mut bytes).await.unwrap() == 0 {
            std::future::pending::<()>().await;
        }
        if let Some((request, size)) = Request::parse(&bytes, &Limits::default()).unwrap() {
            let mut out = Vec::new();
            answer(&request, &Policy::default()).write(&mut out);
            stream.write_all(&out).await.unwrap();
            return bytes.split_off(size);
        }
    }
}

/// A target on a stream: accepts, then reacts to frames; its writes are cut to `cut` bytes.
pub async fn serve(mut stream: DuplexStream, target: Target, cut: usize) {
    let bytes = accept(&mut stream).await;
    react(stream, bytes, target, cut).await;
}

/// Reacts to frames, of which these bytes came already.
pub async fn react(mut stream: DuplexStream, mut bytes: Vec<u8>, mut target: Target, cut: usize) {
    let mut reader = Reader::new();
    loop {
        for (head, payload) in reader.read(&bytes) {
            for (after, deed) in target(&head, &payload) {
                if !after.is_zero() {
                    sleep(after).await;
                }
                match deed {
                    Deed::Send(bytes) => {
                        for piece in bytes.chunks(cut) {
                            if stream.write_all(piece).await.is_err() {
                                return;
                            }
                        }
                    }
                    Deed::End | Deed::Reset => return,
                }
            }
        }
        bytes.clear();
        if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
            return;
        }
    }
}

fn ask() -> Ask {
    Ask::new("localhost:9001", "/", [7; 16])
}

/// Plays the case on a stream of so many bytes' buffer. Nothing takes longer than an hour of virtual time.
pub async fn played_on(ours: impl Transport, case: &Case) -> (Transcript, Judgement) {
    let wanted = Arc::new(Wanted::of(case));
    let case = Arc::new(case.clone());
    let mut keys = || stage::KEY;
    let ask = ask();
    let played = play(ours, &ask, &case, &wanted, Pace::default(), &mut keys);
    let transcript = timeout(Duration::from_secs(3600), played).await.expect("the case hangs");
    let judgement = judge(&case, &transcript);
    (transcript, judgement)
}

pub async fn played(case: &Case, target: Target) -> (Transcript, Judgement) {
    let (ours, theirs) = duplex(64 * 1024);
    tokio::spawn(serve(theirs, target, usize::MAX));
    played_on(ours, case).await
}

/// The verdict when the target sends these bytes, whatever it is asked, and ends.
pub async fn answered_with(bytes: &'static [u8], case: &Case) -> (Transcript, Judgement) {
    let (ours, mut theirs) = duplex(4096);
    tokio::spawn(async move {
        let _ = theirs.write_all(bytes).await;
        let _ = theirs.shutdown().await;
        let mut all = Vec::new();
        let _ = theirs.read_to_end(&mut all).await;
    });
    played_on(ours, case).await
}

fn hello() -> Case {
    case([text("Hello")], &[hears("Hello")])
}

fn handshake_why(judgement: &Judgement) -> String {
    match &judgement.verdict {
        wslab::conform::Verdict::Failed(whys) => whys[0].to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_echo_passes() {
    let (transcript, judgement) = played(&hello(), echo()).await;
    assert_eq!((judgement.verdict.word(), judgement.close.word()), ("ok", "ok"));
    assert_eq!(transcript.opening.unwrap().status, Some(101));
}

#[tokio::test(start_paused = true)]
async fn a_message_of_16_mib_is_echoed_while_it_is_written() {
    // The target echoes each piece at once and reads no more until it is written: who only writes would hang.
    let payload = Payload::Fill { pattern: "0123456789abcdef".into(), len: 16 << 20 };
    let case =
        case([wslab::conform::Step::Frame(frame(Opcode::BINARY, payload.clone()))], &[Expected::Binary(payload)]);
    let case = Case { patience: Patience { time: Duration::from_secs(100), then: Then::Close }, ..case };
    let (ours, mut theirs) = duplex(64 * 1024);
    tokio::spawn(async move {
        let rest = accept(&mut theirs).await;
        let mut flow = wslab::proto::Flow::new(wslab::proto::Role::Client);
        let mut bytes = rest;
        loop {
            let mut out = Vec::new();
            for seen in flow.read(&mut bytes) {
                match seen {
                    wslab::proto::Seen::Head(head) => {
                        out.extend_from_slice(&wslab::wire::Head { mask: None, ..head }.encode());
                    }
                    wslab::proto::Seen::Data(data) => out.extend_from_slice(data),
                    _ => {}
                }
            }
            if theirs.write_all(&out).await.is_err() {
                return;
            }
            bytes.clear();
            if !matches!(theirs.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
        }
    });
    let (transcript, judgement) = played_on(ours, &case).await;
    assert_eq!(judgement.verdict.word(), "ok", "{judgement:?}");
    assert_eq!(transcript.heard.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_never_answers_the_handshake_is_given_five_seconds() {
    let (ours, _theirs) = duplex(4096);
    let (transcript, judgement) = played_on(ours, &hello()).await;
    insta::assert_snapshot!(handshake_why(&judgement), @"the opening handshake failed: the target did not answer in time");
    assert_eq!(transcript.opening.unwrap().duration, Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_closes_at_once_fails() {
    let (_, judgement) = answered_with(b"", &hello()).await;
    insta::assert_snapshot!(handshake_why(&judgement), @"the opening handshake failed: the target ended the connection without an answer");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_only_speaks_http_fails() {
    let (_, judgement) = answered_with(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", &hello()).await;
    insta::assert_snapshot!(handshake_why(&judgement), @"the opening handshake failed: status 200 OK: an HTTP server answers, but it does not speak WebSocket at this path");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_speaks_something_else_fails() {
    let (_, judgement) = answered_with(b"SSH-2.0-OpenSSH_9.2p1\r\n", &hello()).await;
    insta::assert_snapshot!(handshake_why(&judgement), @"the opening handshake failed: the response is not HTTP");
}

#[tokio::test(start_paused = true)]
async fn a_head_of_a_mebibyte_is_not_read() {
    let mut head = b"HTTP/1.1 101 Switching Protocols\r\nX: ".to_vec();
    head.resize(1 << 20, b'x');
    let (transcript, judgement) = answered_with(head.leak(), &hello()).await;
    assert!(judgement.verdict.is_failure());
    assert!(transcript.opening.unwrap().response.len() <= 16 * 1024);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_stops_reading_is_given_up() {
    let payload = Payload::Fill { pattern: "x".into(), len: 16 << 20 };
    let case =
        case([wslab::conform::Step::Frame(frame(Opcode::BINARY, payload.clone()))], &[Expected::Binary(payload)]);
    let (ours, mut theirs) = duplex(4096);
    tokio::spawn(async move {
        accept(&mut theirs).await;
        sleep(Duration::from_secs(10_000)).await;
    });
    let (transcript, judgement) = played_on(ours, &case).await;
    assert_eq!(transcript.closing.timeouts, [Timeout::Stall]);
    assert!(judgement.verdict.is_failure());
    assert_eq!(transcript.duration, Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_refuses_a_large_message_and_still_reads_gets_its_answer() {
    let payload = Payload::Fill { pattern: "x".into(), len: 4 << 20 };
    let case =
        case([wslab::conform::Step::Frame(frame(Opcode::BINARY, payload.clone()))], &[Expected::Binary(payload)]);
    let (ours, mut theirs) = duplex(4096);
    tokio::spawn(async move {
        accept(&mut theirs).await;
        let mut all = vec![0; 10_000];
        theirs.read_exact(&mut all).await.unwrap();
        theirs.write_all(&[0x88, 2, 0x03, 0xf1]).await.unwrap();
        let mut block = vec![0; 4096];
        while all.len() < (4 << 20) + 14 + 8 {
            let size = theirs.read(&mut block).await.unwrap();
            assert!(size > 0);
            all.extend_from_slice(&block[..size]);
        }
    });
    let (transcript, judgement) = played_on(ours, &case).await;
    assert!(
        matches!(&judgement.verdict, wslab::conform::Verdict::Failed(whys) if matches!(whys[0], Why::PolicyLimit { .. }))
    );
    assert!(transcript.closing.clean, "the frame was finished, and the close frame answered");
}

#[tokio::test(start_paused = true)]
async fn a_flood_ends() {
    let (ours, mut theirs) = duplex(64 * 1024);
    tokio::spawn(async move {
        accept(&mut theirs).await;
        let block = [0x82, 0].repeat(32 * 1024);
        while theirs.write_all(&block).await.is_ok() {}
    });
    let (transcript, judgement) = played_on(ours, &failing(hello(), 1002)).await;
    assert_eq!(transcript.closing.ending, Ending::Flooded);
    assert!(judgement.verdict.is_failure());
    assert!(transcript.heard.len() < 100 && transcript.log.iter().count() <= 160);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_inside_a_frame_is_recorded_as_that() {
    let (transcript, _) = played(&hello(), once(vec![(1, Deed::Send(vec![0x81, 5, b'H'])), (2, Deed::End)])).await;
    assert_eq!(transcript.faults[0].rule, Rule::TruncatedFrame);
    assert_eq!(transcript.closing.ending, Ending::ByPeer);
}

#[tokio::test(start_paused = true)]
async fn frames_behind_the_response_in_the_same_read_are_not_lost() {
    let (ours, mut theirs) = duplex(4096);
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        let request = loop {
            theirs.read_buf(&mut bytes).await.unwrap();
            if let Some((request, _)) = Request::parse(&bytes, &Limits::default()).unwrap() {
                break request;
            }
        };
        let mut out = Vec::new();
        answer(&request, &Policy::default()).write(&mut out);
        out.extend_from_slice(b"\x81\x05Hello");
        theirs.write_all(&out).await.unwrap();
        sleep(Duration::from_secs(1)).await;
    });
    let (transcript, _) = played_on(ours, &hello()).await;
    assert_eq!(transcript.heard.len(), 1);
}

/// What it comes to when the target agrees on this, in a case that offers compression with a window of 10 bits.
async fn agreeing_on(extensions: &'static str) -> (Transcript, Judgement) {
    let (ours, mut theirs) = duplex(64 * 1024);
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        let request = loop {
            theirs.read_buf(&mut bytes).await.unwrap();
            if let Some((request, _)) = Request::parse(&bytes, &Limits::default()).unwrap() {
                break request;
            }
        };
        let mut answer = answer(&request, &Policy::default());
        answer.response.headers.set("Sec-WebSocket-Extensions", extensions);
        let mut out = Vec::new();
        answer.write(&mut out);
        theirs.write_all(&out).await.unwrap();
        // The close frame of a case that cannot be played, and the answer to it.
        let mut close = [0; 8];
        if theirs.read_exact(&mut close).await.is_ok() {
            let _ = theirs.write_all(&[0x88, 2, 0x03, 0xe8]).await;
        }
    });
    let terms = vec![Terms { takeover: true, window: Some(10), own: Own::default() }];
    played_on(ours, &Case { deflate: terms, ..case([], &[]) }).await
}

#[tokio::test(start_paused = true)]
async fn what_is_agreed_is_recorded_and_has_to_be_what_was_offered() {
    let (transcript, _) = agreeing_on("permessage-deflate; server_max_window_bits=9").await;
    let opening = transcript.opening.unwrap();
    assert_eq!(opening.extensions, "permessage-deflate; server_max_window_bits=9");
    let asked = "permessage-deflate; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits";
    assert!(String::from_utf8(opening.request).unwrap().contains(asked));
    for (answer, rule) in [
        ("permessage-deflate; server_max_window_bits=11", Rule::ResponseDeflateUnoffered),
        ("permessage-deflate", Rule::ResponseDeflateUnoffered),
        ("permessage-deflate; server_max_window_bits=7", Rule::ResponseDeflateInvalid),
        ("permessage-deflate; server_max_window_bits=10; foo", Rule::ResponseDeflateInvalid),
        ("x-other", Rule::ResponseExtensionUnasked),
    ] {
        let (transcript, judgement) = agreeing_on(answer).await;
        assert_eq!(transcript.opening.unwrap().faults, [rule], "{answer}");
        assert_eq!(judgement.verdict.word(), "failed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_case_without_terms_offers_nothing() {
    let (transcript, _) = played(&hello(), echo()).await;
    let request = String::from_utf8(transcript.opening.unwrap().request).unwrap();
    assert!(!request.contains("Sec-WebSocket-Extensions"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_while_a_case_does_not_read() {
    let steps = [text("Hello"), wslab::conform::Step::Unread(Duration::from_secs(3))];
    let (transcript, judgement) = played(&case(steps, &[hears("Hello")]), echo()).await;
    assert_eq!((judgement.verdict.word(), judgement.close.word()), ("ok", "ok"));
    assert_eq!(transcript.heard[0].at, Duration::from_secs(3));
    // The steps go on meanwhile.
    let steps = [wslab::conform::Step::Unread(Duration::from_secs(3)), text("a"), text("b")];
    let (ours, theirs) = duplex(64);
    let begun = tokio::time::Instant::now();
    let came = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = Arc::clone(&came);
    let mut inner = echo();
    let target: Target = Box::new(move |head, payload| {
        noted.lock().unwrap().push(begun.elapsed());
        inner(head, payload)
    });
    tokio::spawn(serve(theirs, target, usize::MAX));
    let (_, judgement) = played_on(ours, &case(steps, &[hears("a"), hears("b")])).await;
    assert_eq!(judgement.verdict.word(), "ok");
    let times = came.lock().unwrap().clone();
    assert_eq!(times, [Duration::ZERO, Duration::ZERO, Duration::from_secs(3)], "two messages, and the close frame");
}

fn targets() -> Vec<fn() -> Target> {
    vec![
        echo,
        mute,
        || once(vec![(3, stage::closes(1002)), (4, Deed::End)]),
        || {
            once(vec![
                (3, stage::says(Opcode::TEXT, "Hello, wörld".as_bytes())),
                (9, stage::closes(1000)),
                (9, Deed::End),
            ])
        },
        || {
            once(vec![
                (1, stage::says(Opcode::PING, b"x")),
                (2, stage::says(Opcode::TEXT, b"\xce\xba\xff")),
                (9, Deed::End),
            ])
        },
        || once(vec![(1, Deed::Send(vec![0x83, 0x7e, 0, 1, 9])), (9, Deed::End)]),
    ]
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn cutting_what_the_target_sends_changes_no_verdict(cut in 1..40usize, size in 16..60usize) {
        runtime().block_on(async {
            for target in targets() {
                let case = hello();
                let (_, whole) = played(&case, target()).await;
                let (ours, theirs) = duplex(size);
                tokio::spawn(serve(theirs, target(), cut));
                let (_, chopped) = played_on(ours, &case).await;
                assert_eq!(whole, chopped);
            }
        });
    }

    #[test]
    fn no_bytes_of_a_target_make_us_panic_or_hang(
        open: bool,
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(vec![0x81, 0x88, 0x89, 0, 2, 0x80])], 0..600),
        end: bool,
    ) {
        runtime().block_on(async {
            let (ours, mut theirs) = duplex(64);
            tokio::spawn(async move {
                if open {
                    accept(&mut theirs).await;
                }
                let _ = theirs.write_all(&bytes).await;
                if !end {
                    sleep(Duration::from_secs(10_000)).await;
                }
            });
            let (transcript, judgement) = played_on(ours, &hello()).await;
            assert_eq!(transcript.is_open(), open);
            assert!(transcript.closing.ending != Ending::Open);
            let _ = judgement;
        });
    }
}

/// A stream that takes bytes and never hands them on once the opening handshake is through, as TLS does over a
/// connection that is stuck.
struct Hoarder {
    stream: DuplexStream,
    flushes: u32,
}

impl Transport for Hoarder {}

impl AsyncRead for Hoarder {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Hoarder {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flushes += 1;
        if self.flushes > 1 { Poll::Pending } else { Pin::new(&mut self.stream).poll_flush(cx) }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_keeps_bytes_back_holds_nothing_up() {
    let (ours, theirs) = duplex(1 << 16);
    tokio::spawn(serve(theirs, mute(), usize::MAX));
    let (transcript, judgement) =
        played_on(Hoarder { stream: ours, flushes: 0 }, &case([text("a")], &[hears("a")])).await;
    assert!(transcript.is_open());
    assert!(judgement.verdict.is_failure(), "{judgement:?}");
}
